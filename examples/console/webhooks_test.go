package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/webhook"
)

func TestACarrierReportsWithTheSecretOfTheEnvironment(t *testing.T) {
	t.Parallel()
	secret := webhook.NewSecret()
	s := newShell(t, webhookVariable+"="+secret)
	for _, simulate := range []string{"-simulate=false", "-simulate"} {
		p := s.serve(simulate)
		require.Contains(t, p.welcome, telephonyWebhook+" takes what is signed with the secret in "+webhookVariable)
		require.NotContains(t, p.welcome+p.err.String(), secret)
		signer, err := webhook.NewSigner(secret)
		require.NoError(t, err)
		body := []byte(`{"call_sid":"c-1` + simulate + `","type":"ringing"}`)
		signed, err := signer.Sign(webhook.Message{ID: "m-1", At: time.Now(), Body: body})
		require.NoError(t, err)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.base+telephonyWebhook, strings.NewReader(string(body)))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		for name, value := range signed {
			request.Header.Set(name, value)
		}
		status, answer := p.send(request)
		require.Equal(t, http.StatusNoContent, status, answer)
		require.Len(t, eventsIn(t, s.openStore(defaultDatabase), telephony.ListParams{CallSID: "c-1" + simulate}), 1)
		p.stop()
	}
}

func TestTwilioReportsOnceThereIsAToken(t *testing.T) {
	t.Parallel()
	const token, public = "12345", "https://dial.example.com"
	report := func(p *process, signature string) int {
		t.Helper()
		form := url.Values{"CallSid": {"CA1234"}, "CallStatus": {"ringing"}}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.base+twilioWebhook, strings.NewReader(form.Encode()))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("X-Twilio-Signature", signature)
		status, _ := p.send(request)
		return status
	}
	sum := hmac.New(sha1.New, []byte(token))
	sum.Write([]byte(public + twilioWebhook + "CallSidCA1234CallStatusringing"))
	signature := base64.StdEncoding.EncodeToString(sum.Sum(nil))

	without := newShell(t).serve("-simulate=false")
	require.Equal(t, http.StatusNotFound, report(without, signature))
	require.NotContains(t, without.welcome, twilioWebhook)

	s := newShell(t, twilioVariable+"="+token, publicURLVariable+"="+public)
	p := s.serve("-simulate=false")
	require.Contains(t, p.welcome, twilioWebhook+" takes what is signed with the token in "+twilioVariable)
	require.Equal(t, http.StatusUnauthorized, report(p, "forged"))
	require.Equal(t, http.StatusNoContent, report(p, signature))
	require.Len(t, eventsIn(t, s.openStore(defaultDatabase), telephony.ListParams{CallSID: "CA1234"}), 1)
}

func TestCarriersThatCannotReportAreToldInOneLine(t *testing.T) {
	t.Parallel()
	for about, env := range map[string][]string{
		webhookVariable + ": webhook: a secret must be": {webhookVariable + "=hunter2"},
		twilioVariable + " needs " + publicURLVariable:  {twilioVariable + "=hunter2"},
		publicURLVariable + ": twilio: PublicBaseURL":   {twilioVariable + "=hunter2", publicURLVariable + "=dial.example.com"},
	} {
		got := newShell(t, env...).console("serve", "-addr", "127.0.0.1:0")
		got.fails(t, about)
		require.NotContains(t, got.err, "hunter2")
	}
	for _, speed := range []string{"0", "-1", "51", "NaN"} {
		newShell(t).console("serve", "-addr", "127.0.0.1:0", "-speed="+speed).fails(t, "-speed: must be from 0.1 to 50")
	}
}
