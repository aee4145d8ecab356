package twilio_test

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/twilio"
)

func TestSignaturesAreTwiliosOwn(t *testing.T) {
	t.Parallel()

	call := url.Values{
		"Digits": {"1234"}, "CallSid": {"CA1234567890ABCDE"}, "To": {"+18005551212"},
		"Caller": {"+14158675309"}, "From": {"+14158675309"},
	}
	conference := url.Values{"ReasonConferenceEnded": {"test"}, "Reason": {"Participant"}}
	maps.Copy(conference, call)
	for _, test := range []struct {
		name, address string
		form          url.Values
		signature     string
	}{
		{"a form", "https://mycompany.com/myapp.php?foo=1&bar=2", call, "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
		{"names of which one begins another", "https://mycompany.com/myapp.php?foo=1&bar=2", conference, "vOEb5UThFn24KEfnOFLQY2AE5FY="},
		{"the port of https", "https://mycompany.com:443/myapp.php?foo=1&bar=2", call, "kvajT1Ptam85bY51eRf/AJRuM3w="},
		{"the port of http", "http://mycompany.com:80/myapp.php?foo=1&bar=2", call, "0ZXoZLH/DfblKGATFgpif+LLRf4="},
		{"another port", "http://mycompany.com:1234/myapp.php?foo=1&bar=2", call, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="},
		{
			"a repeated parameter", "https://mycompany.com/myapp.php?foo=1&bar=2",
			url.Values{"Sid": {"CA123"}, "SidAccount": {"AC123"}, "Digits": {"5678", "1234", "1234"}}, "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
		},
		{
			"a JSON body", "https://mycompany.com/myapp.php?bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620",
			nil, "y77kIzt2vzLz71DgmJGsen2scGs=",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.signature, twilio.Signature("12345", test.address, test.form))
		})
	}

	t.Run("and taken by the adapter", func(t *testing.T) {
		t.Parallel()

		adapter, err := twilio.New(twilio.Config{AuthTokens: []string{"12345"}, PublicBaseURL: "https://mycompany.com"})
		require.NoError(t, err)
		delivery := telephony.Delivery{
			URL: "/myapp.php?foo=1&bar=2",
			Header: map[string][]string{
				"Content-Type":       {"application/x-www-form-urlencoded"},
				"X-Twilio-Signature": {"vOEb5UThFn24KEfnOFLQY2AE5FY="},
			},
			Body: []byte(conference.Encode()),
		}
		_, err = adapter.Events(delivery)
		require.ErrorIs(t, err, telephony.ErrMalformed, "it is Twilio's, and not about a call's status")

		body := []byte(`{"property": "value", "boolean": true}`)
		delivery = telephony.Delivery{
			URL: "/myapp.php?foo=1&bar=2&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620",
			Header: map[string][]string{
				"Content-Type": {"application/json"}, "X-Twilio-Signature": {"a9nBmqA0ju/hNViExpshrM61xv4="},
			},
			Body: body,
		}
		_, err = adapter.Events(delivery)
		require.ErrorIs(t, err, telephony.ErrMalformed)
		delivery.Body = []byte(`{"property": "value", "boolean": false}`)
		_, err = adapter.Events(delivery)
		require.ErrorIs(t, err, telephony.ErrSignature)
	})
}

func TestTheAddressMayBeWrittenWithAPortOrWithout(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		configured string
		good, bad  []string
	}{
		{
			"https://dial.example.com", []string{"https://dial.example.com", "https://dial.example.com:443"},
			[]string{"https://dial.example.com:8443", "http://dial.example.com", "https://dial.example.org", "https://dial.example.com/api"},
		},
		{"https://dial.example.com/", []string{"https://dial.example.com", "https://dial.example.com:443"}, []string{"https://dial.example.com/"}},
		{"https://dial.example.com:443", []string{"https://dial.example.com", "https://dial.example.com:443"}, nil},
		{"https://dial.example.com:8443", []string{"https://dial.example.com:8443", "https://dial.example.com"}, []string{"https://dial.example.com:443"}},
		{"http://localhost", []string{"http://localhost", "http://localhost:80"}, []string{"http://localhost:443"}},
		{"http://[::1]", []string{"http://[::1]", "http://[::1]:80"}, nil},
		{"http://[::1]:8080/api/", []string{"http://[::1]:8080/api", "http://[::1]/api"}, []string{"http://[::1]:8080"}},
	} {
		t.Run(test.configured, func(t *testing.T) {
			t.Parallel()

			adapter, err := twilio.New(twilio.Config{AuthTokens: []string{token}, PublicBaseURL: test.configured})
			require.NoError(t, err)
			for _, base := range slices.Concat(test.good, test.bad) {
				delivery := posted(path, status())
				delivery.Header["X-Twilio-Signature"] = []string{twilio.Signature(token, base+path, status())}
				_, err := adapter.Events(delivery)
				if slices.Contains(test.good, base) {
					require.NoError(t, err, base)
				} else {
					require.ErrorIs(t, err, telephony.ErrSignature, base)
				}
			}
		})
	}
}

func TestASignatureOfAnyTokenIsGood(t *testing.T) {
	t.Parallel()

	adapter, err := twilio.New(twilio.Config{AuthTokens: []string{"new", token}, PublicBaseURL: public})
	require.NoError(t, err)
	for _, key := range []string{"new", token} {
		delivery := posted(path, status())
		delivery.Header["X-Twilio-Signature"] = []string{twilio.Signature(key, public+path, status())}
		_, err := adapter.Events(delivery)
		require.NoError(t, err)
	}
	delivery := posted(path, status())
	delivery.Header["X-Twilio-Signature"] = []string{twilio.Signature("newer", public+path, status())}
	_, err = adapter.Events(delivery)
	require.ErrorIs(t, err, telephony.ErrSignature)
}

func TestADeliveryThatIsNotTwiliosIsRefused(t *testing.T) {
	t.Parallel()

	adapter := newAdapter(t)
	for name, spoil := range map[string]func(*telephony.Delivery){
		"no signature": func(d *telephony.Delivery) { delete(d.Header, "X-Twilio-Signature") },
		"an empty one": func(d *telephony.Delivery) { d.Header["X-Twilio-Signature"] = []string{""} },
		"another one":  func(d *telephony.Delivery) { d.Header["X-Twilio-Signature"] = []string{"RSOYDt4T1cUTdK1PDd93/VVr8B8="} },
		"a good one and one more": func(d *telephony.Delivery) {
			d.Header["X-Twilio-Signature"] = append(d.Header["X-Twilio-Signature"], "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
		},
		"a good one in two cases": func(d *telephony.Delivery) {
			d.Header["x-twilio-signature"] = d.Header["X-Twilio-Signature"]
		},
		"one without padding": func(d *telephony.Delivery) {
			d.Header["X-Twilio-Signature"][0] = strings.TrimRight(d.Header["X-Twilio-Signature"][0], "=")
		},
		"a parameter more": func(d *telephony.Delivery) { d.Body = append(d.Body, "&a=b"...) },
		"no body":          func(d *telephony.Delivery) { d.Body = nil },
		"another attempt":  func(d *telephony.Delivery) { d.URL = strings.Replace(d.URL, "lock_version=4", "lock_version=5", 1) },
		"another path":     func(d *telephony.Delivery) { d.URL = "/x" + d.URL },
		"a JSON body without a digest": func(d *telephony.Delivery) {
			d.Header["Content-Type"] = []string{"application/json"}
			d.Header["X-Twilio-Signature"] = []string{twilio.Signature(token, public+path, nil)}
			d.Body = []byte(`{"CallSid":"CA1","CallStatus":"ringing"}`)
		},
		"a JSON body with two digests": func(d *telephony.Delivery) {
			*d = postedJSON(path, []byte(`{"CallSid":"CA1","CallStatus":"ringing"}`))
			d.URL += d.URL[strings.LastIndex(d.URL, "&"):]
			d.Header["X-Twilio-Signature"] = []string{twilio.Signature(token, public+d.URL, nil)}
		},
		"a form sent as JSON": func(d *telephony.Delivery) { d.Header["Content-Type"] = []string{"application/json"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			delivery := posted(path, status())
			_, err := adapter.Events(delivery)
			require.NoError(t, err)
			spoil(&delivery)
			events, err := adapter.Events(delivery)
			require.ErrorIs(t, err, telephony.ErrSignature)
			require.Empty(t, events)
		})
	}
}

// TestAnyChangeOfASignedDeliveryIsNoticed changes one byte of what is signed, or of
// the signature.
func TestAnyChangeOfASignedDeliveryIsNoticed(t *testing.T) {
	t.Parallel()

	adapter := newAdapter(t)
	rapid.Check(t, func(t *rapid.T) {
		form := status()
		name := rapid.StringMatching(`[A-Za-z]{1,8}`).Draw(t, "name")
		form["X"+name] = rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "values")
		delivery := posted(path, form)
		asJSON := rapid.Bool().Draw(t, "JSON")
		if asJSON {
			delivery = postedJSON(path, []byte(`{"CallSid":"CA1","CallStatus":"busy"}`))
		}
		_, err := adapter.Events(delivery)
		require.NoError(t, err)

		part := rapid.SampledFrom([]string{"URL", "body", "signature"}).Draw(t, "part")
		switch part {
		case "URL":
			delivery.URL = string(changed(t, []byte(delivery.URL)))
		case "body":
			delivery.Body = changed(t, delivery.Body)
			before, _ := url.ParseQuery(form.Encode())
			after, err := url.ParseQuery(string(delivery.Body))
			if !asJSON && err == nil && signs(before) == signs(after) {
				t.Skip("another way to write the same form")
			}
		case "signature":
			delivery.Header["X-Twilio-Signature"][0] = string(changed(t, []byte(delivery.Header["X-Twilio-Signature"][0])))
		}
		events, err := adapter.Events(delivery)
		require.Empty(t, events)
		require.True(t, errors.Is(err, telephony.ErrSignature) || errors.Is(err, telephony.ErrMalformed), "%v", err)
	})
}

// signs is what the signature of a form covers, which names and values share.
func signs(form url.Values) string { return twilio.Signature(token, "", form) }

// changed returns the text with one byte replaced by another.
func changed(t *rapid.T, text []byte) []byte {
	text = slices.Clone(text)
	at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
	by := rapid.ByteRange(1, 255).Draw(t, "by")
	text[at] ^= by
	return text
}

func TestNewNamesWhatCanNotBeUsed(t *testing.T) {
	t.Parallel()

	for _, base := range []string{
		"", "dial.example.com", "ftp://dial.example.com", "https://", "https:///path", "https://dial.example.com?a=b",
		"https://dial.example.com?", "https://dial.example.com#rc=5", "https://dial .example.com",
	} {
		_, err := twilio.New(twilio.Config{AuthTokens: []string{token}, PublicBaseURL: base})
		require.ErrorContains(t, err, "PublicBaseURL", base)
	}
	_, err := twilio.New(twilio.Config{PublicBaseURL: public})
	require.ErrorContains(t, err, "AuthTokens")
	_, err = twilio.New(twilio.Config{AuthTokens: []string{token, ""}, PublicBaseURL: public})
	require.ErrorContains(t, err, "empty")
}

func TestTheTokensAreNotPrinted(t *testing.T) {
	t.Parallel()

	adapter, err := twilio.New(twilio.Config{AuthTokens: []string{"f00dfeed"}, PublicBaseURL: public})
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		printed := fmt.Sprintf(verb, *adapter)
		require.NotContains(t, printed, "f00dfeed")
		require.NotContains(t, printed, strings.Trim(fmt.Sprintf("%d", []byte("f00dfeed")), "[]"))
	}
}
