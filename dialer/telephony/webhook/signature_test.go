package webhook_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/webhook"
)

const (
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	other  = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

func newVerifier(t require.TestingT, adjust ...func(*webhook.Config)) *webhook.Verifier {
	mock := clock.NewMock()
	mock.Set(noon)
	config := webhook.Config{Secrets: []string{secret}, Clock: mock}
	for _, change := range adjust {
		change(&config)
	}
	verifier, err := webhook.New(config)
	require.NoError(t, err)
	return verifier
}

// signed is a message as it arrives.
func signed(t require.TestingT, secret string, message webhook.Message) telephony.Delivery {
	signer, err := webhook.NewSigner(secret)
	require.NoError(t, err)
	headers, err := signer.Sign(message)
	require.NoError(t, err)
	delivery := telephony.Delivery{URL: "/webhooks/telephony", Header: map[string][]string{}, Body: message.Body}
	for name, value := range headers {
		delivery.Header[name] = []string{value}
	}
	return delivery
}

// good is a message about a call that is busy.
func good() webhook.Message {
	return webhook.Message{ID: "msg_1", At: noon, Body: []byte(`{"call_sid":"c-77","type":"ended","cause":"busy"}`)}
}

func TestSignaturesAreThoseOfStandardWebhooks(t *testing.T) {
	t.Parallel()

	signer, err := webhook.NewSigner("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	headers, err := signer.Sign(webhook.Message{
		ID: "msg_p5jXN8AQM9LWM0D4loKWxJek", At: time.Unix(1614265330, 999), Body: []byte(`{"test": 2432232314}`),
	})
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "Webhook-Timestamp": "1614265330",
		"Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
	}, headers)
}

func TestASignedMessageIsTaken(t *testing.T) {
	t.Parallel()

	message := good()
	for name, change := range map[string]func(*telephony.Delivery){
		"as it is": func(*telephony.Delivery) {},
		"with headers in lower case": func(d *telephony.Delivery) {
			lower := map[string][]string{}
			for name, values := range d.Header {
				lower[strings.ToLower(name)] = values
			}
			d.Header = lower
		},
		"with several signatures": func(d *telephony.Delivery) {
			d.Header[webhook.HeaderSignature][0] = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v1a,x v2,y  " +
				d.Header[webhook.HeaderSignature][0] + " v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			delivery := signed(t, secret, message)
			change(&delivery)
			event, err := newVerifier(t).Event(delivery)
			require.NoError(t, err)
			require.Equal(t, "c-77", event.CallSID)
		})
	}

	t.Run("with either secret while one takes the place of the other", func(t *testing.T) {
		t.Parallel()

		verifier := newVerifier(t, func(c *webhook.Config) { c.Secrets = []string{other, secret} })
		for _, key := range []string{secret, other} {
			_, err := verifier.Event(signed(t, key, message))
			require.NoError(t, err)
		}
		_, err := verifier.Event(signed(t, webhook.NewSecret(), message))
		require.ErrorIs(t, err, telephony.ErrSignature)
	})
}

func TestAMessageFromSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()

	set := func(name string, values ...string) func(*telephony.Delivery) {
		return func(d *telephony.Delivery) { d.Header[name] = values }
	}
	for name, spoil := range map[string]func(*telephony.Delivery){
		"another secret":        func(d *telephony.Delivery) { *d = signed(t, other, good()) },
		"another body":          func(d *telephony.Delivery) { d.Body = append(d.Body, ' ') },
		"no body":               func(d *telephony.Delivery) { d.Body = nil },
		"no id":                 set(webhook.HeaderID),
		"an empty id":           set(webhook.HeaderID, ""),
		"another id":            set(webhook.HeaderID, "msg_2"),
		"two ids":               set(webhook.HeaderID, "msg_1", "msg_1"),
		"no timestamp":          set(webhook.HeaderTimestamp),
		"another timestamp":     set(webhook.HeaderTimestamp, strconv.FormatInt(noon.Unix()+1, 10)),
		"the timestamp in full": set(webhook.HeaderTimestamp, "+"+strconv.FormatInt(noon.Unix(), 10)),
		"a timestamp in words":  set(webhook.HeaderTimestamp, "noon"),
		"no signature":          set(webhook.HeaderSignature),
		"an empty signature":    set(webhook.HeaderSignature, ""),
		"no version":            func(d *telephony.Delivery) { trim(d, "v1,", "") },
		"a later version":       func(d *telephony.Delivery) { trim(d, "v1,", "v2,") },
		"no padding":            func(d *telephony.Delivery) { trim(d, "=", "") },
		"two headers": func(d *telephony.Delivery) {
			d.Header[webhook.HeaderSignature] = append(d.Header[webhook.HeaderSignature], "v1,x")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			delivery := signed(t, secret, good())
			spoil(&delivery)
			event, err := newVerifier(t).Event(delivery)
			require.ErrorIs(t, err, telephony.ErrSignature)
			require.NotErrorIs(t, err, telephony.ErrStale)
			require.Zero(t, event)
		})
	}
}

func trim(d *telephony.Delivery, part, by string) {
	d.Header[webhook.HeaderSignature][0] = strings.Replace(d.Header[webhook.HeaderSignature][0], part, by, 1)
}

func TestAMessageIsGoodForAFewMinutes(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		apart, tolerance time.Duration
		good             bool
	}{
		{0, 0, true},
		{-5 * time.Minute, 0, true},
		{5 * time.Minute, 0, true},
		{-5*time.Minute - time.Second, 0, false},
		{5*time.Minute + time.Second, 0, false},
		{-time.Hour, time.Hour, true},
		{-time.Hour - time.Second, time.Hour, false},
		{-200 * 365 * 24 * time.Hour, 0, false},
		{200 * 365 * 24 * time.Hour, 0, false},
	} {
		verifier := newVerifier(t, func(c *webhook.Config) { c.Tolerance = test.tolerance })
		message := good()
		message.At = noon.Add(test.apart)
		event, err := verifier.Event(signed(t, secret, message))
		if test.good {
			require.NoError(t, err, test.apart)
			continue
		}
		require.ErrorIs(t, err, telephony.ErrStale, test.apart)
		require.NotErrorIs(t, err, telephony.ErrSignature)
		require.Zero(t, event)
		message.Body = nil
		forged := signed(t, other, message)
		_, err = verifier.Event(forged)
		require.ErrorIs(t, err, telephony.ErrSignature, "who has no secret is not told")
	}
}

// TestAnyChangeOfASignedMessageIsNoticed changes one byte of what is signed, or of the
// signature.
func TestAnyChangeOfASignedMessageIsNoticed(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		verifier := newVerifier(t)
		message := webhook.Message{
			ID:   rapid.StringMatching(`[!-\-/-~]{1,40}`).Draw(t, "id"),
			At:   noon.Add(time.Duration(rapid.IntRange(-300, 300).Draw(t, "seconds")) * time.Second),
			Body: []byte(`{"call_sid":"` + rapid.StringMatching(`[A-Za-z0-9]{1,20}`).Draw(t, "call") + `","type":"ringing"}`),
		}
		delivery := signed(t, secret, message)
		_, err := verifier.Event(delivery)
		require.NoError(t, err)

		part := rapid.SampledFrom([]string{webhook.HeaderID, webhook.HeaderTimestamp, webhook.HeaderSignature, "body"}).Draw(t, "part")
		if part == "body" {
			delivery.Body = changed(t, delivery.Body)
		} else {
			delivery.Header[part] = []string{string(changed(t, []byte(delivery.Header[part][0])))}
		}
		_, err = verifier.Event(delivery)
		require.ErrorIs(t, err, telephony.ErrSignature)
	})
}

// changed returns the text with one byte replaced by another.
func changed(t *rapid.T, text []byte) []byte {
	text = slices.Clone(text)
	at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
	text[at] ^= rapid.ByteRange(1, 255).Draw(t, "by")
	return text
}

func TestAnIDThatCouldStandForAnotherMessageIsNotSigned(t *testing.T) {
	t.Parallel()

	signer, err := webhook.NewSigner(secret)
	require.NoError(t, err)
	for _, id := range []string{"", "a.b", "a b", "a\n", "é", "\x00", strings.Repeat("x", 201)} {
		headers, err := signer.Sign(webhook.Message{ID: id, At: noon})
		require.ErrorContains(t, err, "id", "%q", id)
		require.Empty(t, headers)
	}
	headers, err := signer.Sign(webhook.Message{ID: strings.Repeat("x", 200), At: noon})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"}, slices.Collect(maps.Keys(headers)))
}

func TestASecretThatIsNoneIsRefusedAndNotRepeated(t *testing.T) {
	t.Parallel()

	short := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 23))
	for _, bad := range []string{"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!", short} {
		_, err := webhook.NewSigner(bad)
		require.ErrorContains(t, err, "whsec_")
		require.NotContains(t, err.Error(), "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS")
		_, err = webhook.New(webhook.Config{Secrets: []string{secret, bad}})
		require.Error(t, err)
	}
	_, err := webhook.New(webhook.Config{})
	require.ErrorContains(t, err, "Secrets")
}

func TestANewSecretIsGoodAndLikeNoOther(t *testing.T) {
	t.Parallel()

	seen := map[string]bool{}
	for range 100 {
		fresh := webhook.NewSecret()
		require.False(t, seen[fresh])
		seen[fresh] = true
		verifier := newVerifier(t, func(c *webhook.Config) { c.Secrets = []string{fresh} })
		_, err := verifier.Event(signed(t, fresh, good()))
		require.NoError(t, err)
	}
}

func TestTheSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()

	signer, err := webhook.NewSigner(secret)
	require.NoError(t, err)
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		printed := fmt.Sprintf(verb, *newVerifier(t)) + fmt.Sprintf(verb, *signer)
		require.NotContains(t, printed, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
		require.NotContains(t, printed, strings.Trim(fmt.Sprintf("%d", key), "[]"))
	}
}

func TestConfigWithDefaults(t *testing.T) {
	t.Parallel()

	config := webhook.Config{}.WithDefaults()
	require.Equal(t, 5*time.Minute, config.Tolerance)
	require.NotNil(t, config.Clock)
	mock := clock.NewMock()
	config = webhook.Config{Tolerance: time.Hour, Clock: mock}.WithDefaults()
	require.Equal(t, time.Hour, config.Tolerance)
	require.Equal(t, mock, config.Clock)
}
