package httpapi_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/twilio"
	"github.com/outdial/outdial/dialer/telephony/webhook"
)

// reporting is what the fake store answers about events.
type reporting struct {
	recorded telephony.RecordResult
	events   []telephony.Kept
}

var _ telephony.Store = (*fakeStore)(nil)

func (f *fakeStore) RecordEvent(ctx context.Context, p telephony.RecordParams) (telephony.RecordResult, error) {
	return f.recorded, f.call(ctx, p)
}

func (f *fakeStore) ListEvents(ctx context.Context, p telephony.ListParams) (telephony.ListResult, error) {
	return telephony.ListResult{Events: f.events}, f.call(ctx, p)
}

const (
	twilioToken   = "12345"
	twilioPublic  = "https://dial.example.com"
	webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	// report is a good report of a call that rings.
	report = `{"campaign_id":"6c1f17c9-6f8b-43d8-8af2-fa27ad84379a","item_id":"01939d8e-1a2b-7c3d-8e4f-5a6b7c8d9e0f","lock_version":4,` +
		`"call_sid":"CA77","type":"ringing","seq":1,"at":"2026-11-21T15:04:03.5Z"}`
)

func newTwilio(t testing.TB) *twilio.Adapter {
	t.Helper()
	adapter, err := twilio.New(twilio.Config{AuthTokens: []string{twilioToken}, PublicBaseURL: twilioPublic})
	require.NoError(t, err)
	return adapter
}

func newWebhook(t testing.TB, at clock.Clock) *webhook.Verifier {
	t.Helper()
	verifier, err := webhook.New(webhook.Config{Secrets: []string{webhookSecret}, Clock: at})
	require.NoError(t, err)
	return verifier
}

// attempt is what the events are about.
var attempt = dialer.Ref{CampaignID: campaignID, ItemID: itemID, LockVersion: 4}

var twilioPath = twilio.CallbackURL("/webhooks/twilio", attempt)

// twilioForm is what Twilio says of a call that rings.
func twilioForm() url.Values {
	return url.Values{
		"AccountSid": {"AC00000000000000000000000000000001"}, "CallSid": {"CA77"}, "CallStatus": {"ringing"},
		"To": {"+15046218927"}, "From": {"+18102929388"}, "SequenceNumber": {"1"},
		"Timestamp": {"Sat, 21 Nov 2026 15:04:03 +0000"},
	}
}

func twilioExample() example {
	return example{
		path: twilioPath, body: twilioForm().Encode(), contentType: "application/x-www-form-urlencoded",
		signature: twilioSignature(twilioPublic+twilioPath, twilioForm()),
	}
}

// twilioSignature is what Twilio sends with a form.
func twilioSignature(address string, form url.Values) string {
	text := strings.Builder{}
	text.WriteString(address)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range slices.Compact(slices.Sorted(slices.Values(form[name]))) {
			text.WriteString(name + value)
		}
	}
	mac := hmac.New(sha1.New, []byte(twilioToken))
	mac.Write([]byte(text.String()))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// sendTwilio sends a form with Twilio's signature.
func (s *server) sendTwilio(path string, form url.Values, changes ...change) response {
	s.t.Helper()
	signed := []change{
		header("Content-Type", "application/x-www-form-urlencoded"),
		header("X-Twilio-Signature", twilioSignature(twilioPublic+path, form)),
	}
	return s.send(http.MethodPost, path, form.Encode(), append(signed, changes...)...)
}

// sendReport sends a report with a signature of now.
func (s *server) sendReport(text string, changes ...change) response {
	s.t.Helper()
	return s.send(http.MethodPost, "/webhooks/telephony", text, append([]change{s.signed(webhook.Message{
		ID: "msg_1", At: s.clock.Now(), Body: []byte(text),
	})}, changes...)...)
}

// signed adds the headers of a signed message.
func (s *server) signed(message webhook.Message) change {
	s.t.Helper()
	signer, err := webhook.NewSigner(webhookSecret)
	require.NoError(s.t, err)
	headers, err := signer.Sign(message)
	require.NoError(s.t, err)
	return func(r *http.Request) {
		for name, value := range headers {
			r.Header.Set(name, value)
		}
	}
}

// without takes a header away.
func without(name string) change {
	return func(r *http.Request) { r.Header.Del(name) }
}

// rejected counts the reports that were refused for a reason.
func (s *server) rejected(source string, reason telephony.Reason) int {
	return s.meter.Count("outdial.telephony.rejected", map[string]string{"source": source, "reason": string(reason)})
}
