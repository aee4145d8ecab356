package twilio_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/twilio"
)

const (
	token  = "12345"
	public = "https://dial.example.com"
)

var (
	campaignID = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000c")
	itemID     = uuid.MustParse("0190c6f4-0000-7000-8000-0000000000e1")
	ref        = dialer.Ref{CampaignID: campaignID, ItemID: itemID, LockVersion: 4}
)

// path is what a carrier calls about the attempt, as a server sees it.
var path = twilio.CallbackURL("/webhooks/twilio", ref)

func newAdapter(t require.TestingT) *twilio.Adapter {
	adapter, err := twilio.New(twilio.Config{AuthTokens: []string{token}, PublicBaseURL: public})
	require.NoError(t, err)
	return adapter
}

// status is a status callback as Twilio sends it, with more than is read of it.
func status(change ...func(url.Values)) url.Values {
	form := url.Values{
		"AccountSid": {"AC00000000000000000000000000000001"}, "ApiVersion": {"2010-04-01"},
		"CallSid": {"CA00000000000000000000000000000077"}, "CallStatus": {"ringing"},
		"CallbackSource": {"call-progress-events"}, "Direction": {"outbound-api"},
		"From": {"+15046218927"}, "To": {"+18102929388"}, "Caller": {"+15046218927"}, "Called": {"+18102929388"},
		"SequenceNumber": {"1"}, "Timestamp": {"Mon, 02 Mar 2026 18:00:00 +0000"},
	}
	for _, apply := range change {
		apply(form)
	}
	return form
}

func with(name string, values ...string) func(url.Values) {
	return func(form url.Values) { form[name] = values }
}

func without(names ...string) func(url.Values) {
	return func(form url.Values) {
		for _, name := range names {
			delete(form, name)
		}
	}
}

// detection is a callback of answering machine detection.
func detection(answeredBy string) url.Values {
	return url.Values{
		"AccountSid": {"AC00000000000000000000000000000001"}, "CallSid": {"CA00000000000000000000000000000077"},
		"AnsweredBy": {answeredBy}, "MachineDetectionDuration": {"2400"},
	}
}

// posted is a form with Twilio's signature.
func posted(path string, form url.Values) telephony.Delivery {
	return telephony.Delivery{
		URL: path,
		Header: map[string][]string{
			"Content-Type":       {"application/x-www-form-urlencoded; charset=UTF-8"},
			"X-Twilio-Signature": {twilio.Signature(token, public+path, form)},
		},
		Body: []byte(form.Encode()),
	}
}

// postedJSON is a JSON body with Twilio's signature.
func postedJSON(path string, body []byte) telephony.Delivery {
	sum := sha256.Sum256(body)
	path += "&bodySHA256=" + hex.EncodeToString(sum[:])
	return telephony.Delivery{
		URL: path,
		Header: map[string][]string{
			"Content-Type":       {"application/json"},
			"X-Twilio-Signature": {twilio.Signature(token, public+path, nil)},
		},
		Body: body,
	}
}

func requireOne(t testing.TB, events []telephony.Event, err error) telephony.Event {
	t.Helper()
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.True(t, json.Valid(events[0].Payload))
	return events[0]
}

// signedAsSent signs whatever it is given as Twilio would, if Twilio could send it.
func signedAsSent(path string, body []byte, asJSON bool) telephony.Delivery {
	if asJSON {
		return postedJSON(path, body)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		form = nil
	}
	delivery := posted(path, form)
	delivery.Body = body
	return delivery
}
