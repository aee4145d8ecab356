package twilio_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/twilio"
)

func TestEachCallStatusIsAnEvent(t *testing.T) {
	t.Parallel()

	for said, want := range map[string]telephony.Event{
		"queued":      {Type: telephony.TypeQueued},
		"initiated":   {Type: telephony.TypeInitiated},
		"ringing":     {Type: telephony.TypeRinging},
		"in-progress": {Type: telephony.TypeAnswered},
		"completed":   {Type: telephony.TypeEnded, Cause: dialer.CauseCompleted},
		"busy":        {Type: telephony.TypeEnded, Cause: dialer.CauseBusy},
		"no-answer":   {Type: telephony.TypeEnded, Cause: dialer.CauseNoAnswer},
		"canceled":    {Type: telephony.TypeEnded, Cause: dialer.CauseCanceled},
		"failed":      {Type: telephony.TypeEnded, Cause: dialer.CauseFailed},
	} {
		t.Run(said, func(t *testing.T) {
			t.Parallel()

			form := status(with("CallStatus", said), with("SequenceNumber", "3"))
			events, err := newAdapter(t).Events(posted(path, form))
			got := requireOne(t, events, err)
			var payload map[string]string
			require.NoError(t, json.Unmarshal(got.Payload, &payload))
			for name, values := range form {
				require.Equal(t, values[0], payload[name], "the payload has all of it")
			}
			want.Ref, want.CallSID, want.Seq = ref, "CA00000000000000000000000000000077", 3
			want.At = time.Date(2026, time.March, 2, 18, 0, 0, 0, time.UTC)
			want.Source, want.Payload = telephony.SourceTwilio, got.Payload
			require.Equal(t, want, got)
		})
	}
}

func TestEachAnsweredByIsAVerdict(t *testing.T) {
	t.Parallel()

	for said, want := range map[string]dialer.AMD{
		"human":               dialer.AMDHuman,
		"machine_start":       dialer.AMDMachine,
		"machine_end_beep":    dialer.AMDMachine,
		"machine_end_silence": dialer.AMDMachine,
		"machine_end_other":   dialer.AMDMachine,
		"fax":                 dialer.AMDFax,
		"unknown":             dialer.AMDUnknown,
	} {
		t.Run(said, func(t *testing.T) {
			t.Parallel()

			events, err := newAdapter(t).Events(posted(path, detection(said)))
			got := requireOne(t, events, err)
			require.Equal(t, telephony.Event{
				Ref: ref, CallSID: "CA00000000000000000000000000000077", Type: telephony.TypeAMD, AMD: want,
				Source: telephony.SourceTwilio, Payload: got.Payload,
			}, got, "it has no number and no time")
		})
	}
}

func TestAStatusBesideAVerdictIsTwoEvents(t *testing.T) {
	t.Parallel()

	events, err := newAdapter(t).Events(posted(path, status(
		with("CallStatus", "completed"), with("AnsweredBy", "machine_start"), with("SequenceNumber", "3"))))
	require.NoError(t, err)
	require.Len(t, events, 2)
	verdict, end := events[0], events[1]
	require.Equal(t, telephony.TypeAMD, verdict.Type)
	require.Equal(t, dialer.AMDMachine, verdict.AMD)
	require.Empty(t, verdict.Cause)
	require.Equal(t, telephony.TypeEnded, end.Type)
	require.Equal(t, dialer.CauseCompleted, end.Cause)
	require.Empty(t, end.AMD)
	for _, event := range events {
		require.Equal(t, ref, event.Ref)
		require.Equal(t, 3, event.Seq)
		require.False(t, event.At.IsZero())
	}

	t.Run("and one when nobody knows the verdict", func(t *testing.T) {
		t.Parallel()

		for _, said := range []string{"", "robot"} {
			events, err := newAdapter(t).Events(posted(path, status(with("AnsweredBy", said))))
			require.Equal(t, telephony.TypeRinging, requireOne(t, events, err).Type)
		}
	})
}

func TestAReportInJSONSaysTheSame(t *testing.T) {
	t.Parallel()

	for name, body := range map[string]string{
		"texts":   `{"CallSid":"CA1","CallStatus":"ringing","SequenceNumber":"1","Timestamp":"Mon, 02 Mar 2026 18:00:00 +0000"}`,
		"numbers": `{"CallSid":"CA1","CallStatus":"ringing","SequenceNumber":1,"Timestamp":"Mon, 02 Mar 2026 18:00:00 +0000","Price":-0.5}`,
		"null":    `{"CallSid":"CA1","CallStatus":"ringing","SequenceNumber":1,"Timestamp":"Mon, 02 Mar 2026 18:00:00 +0000","AnsweredBy":null}`,
		"nested":  ` {"CallSid":"CA1","CallStatus":"ringing","SequenceNumber":1,"Timestamp":"Mon, 02 Mar 2026 18:00:00 +0000","a":{"CallSid":"CA2"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			events, err := newAdapter(t).Events(postedJSON(path, []byte(body)))
			require.Equal(t, telephony.Event{
				Ref: ref, CallSID: "CA1", Type: telephony.TypeRinging, Seq: 1,
				At: time.Date(2026, time.March, 2, 18, 0, 0, 0, time.UTC), Source: telephony.SourceTwilio, Payload: json.RawMessage(body),
			}, requireOne(t, events, err))
		})
	}
}

func TestTheFirstNumberIsZero(t *testing.T) {
	t.Parallel()

	for _, form := range []url.Values{status(with("SequenceNumber", "0")), status(without("SequenceNumber"))} {
		events, err := newAdapter(t).Events(posted(path, form))
		require.Zero(t, requireOne(t, events, err).Seq)
	}
}

func TestATimestampIsReadInItsZone(t *testing.T) {
	t.Parallel()

	six := time.Date(2026, time.March, 2, 18, 0, 0, 0, time.UTC)
	for said, want := range map[string]time.Time{
		"Mon, 02 Mar 2026 18:00:00 +0000": six,
		"Mon, 02 Mar 2026 12:00:00 -0600": six,
		"Mon, 02 Mar 2026 18:00:00 GMT":   six,
		"Thu, 02 Mar 1926 18:00:00 +0000": six.AddDate(-100, 0, 0),
		"":                                {},
	} {
		events, err := newAdapter(t).Events(posted(path, status(with("Timestamp", said))))
		require.Equal(t, want, requireOne(t, events, err).At, said)
	}
}

func TestAReportThatCanNotBeReadIsRefusedByName(t *testing.T) {
	t.Parallel()

	const (
		number = "must be a whole number from 0 to 2147483647"
		zone   = "must be a time such as Mon, 02 Jan 2006 15:04:05 +0000"
		form   = "must be application/x-www-form-urlencoded or application/json"
	)
	at := func(query string) string { return "/webhooks/twilio?" + query }
	c, i := "campaign_id="+campaignID.String(), "item_id="+itemID.String()
	for _, test := range []struct {
		name           string
		delivery       telephony.Delivery
		kind           error
		field, problem string
	}{
		{"no call", posted(path, status(without("CallSid"))), telephony.ErrMalformed, "CallSid", "is required"},
		{"an empty call", posted(path, status(with("CallSid", ""))), telephony.ErrMalformed, "CallSid", "is required"},
		{"a call twice", posted(path, status(with("CallSid", "CA1", "CA2"))), telephony.ErrRepeated, "CallSid", "is given twice"},
		{"the same call twice", posted(path, status(with("CallSid", "CA1", "CA1"))), telephony.ErrRepeated, "CallSid", "is given twice"},
		{"no status", posted(path, status(without("CallStatus"))), telephony.ErrMalformed, "CallStatus", "is required, or AnsweredBy"},
		{"an unknown status", posted(path, status(with("CallStatus", "Ringing"))), telephony.ErrMalformed, "CallStatus", "is not a status of a call"},
		{"a status twice", posted(path, status(with("CallStatus", "ringing", "busy"))), telephony.ErrRepeated, "CallStatus", "is given twice"},
		{"an unknown verdict", posted(path, detection("robot")), telephony.ErrMalformed, "AnsweredBy", "is not a verdict"},
		{"a verdict twice", posted(path, status(with("AnsweredBy", "human", "fax"))), telephony.ErrRepeated, "AnsweredBy", "is given twice"},
		{"a number in words", posted(path, status(with("SequenceNumber", "one"))), telephony.ErrMalformed, "SequenceNumber", number},
		{"a negative number", posted(path, status(with("SequenceNumber", "-1"))), telephony.ErrMalformed, "SequenceNumber", number},
		{"a large number", posted(path, status(with("SequenceNumber", "2147483648"))), telephony.ErrMalformed, "SequenceNumber", number},
		{"a number twice", posted(path, status(with("SequenceNumber", "1", "2"))), telephony.ErrRepeated, "SequenceNumber", "is given twice"},
		{"a time of another form", posted(path, status(with("Timestamp", "2026-03-02T18:00:00Z"))), telephony.ErrMalformed, "Timestamp", zone},
		{"a time in a zone by name", posted(path, status(with("Timestamp", "Mon, 02 Mar 2026 12:00:00 CST"))), telephony.ErrMalformed, "Timestamp", zone},
		{"a time twice", posted(path, status(with("Timestamp", "", ""))), telephony.ErrRepeated, "Timestamp", "is given twice"},
		{"a call not in UTF-8", posted(path, status(with("CallSid", "CA\xff"))), telephony.ErrNotUTF8, "body", "is not UTF-8"},
		{"a name not in UTF-8", posted(path, status(with("\xff", "a"))), telephony.ErrNotUTF8, "body", "is not UTF-8"},
		{"something else not in UTF-8", posted(path, status(with("CallerName", "M\xfcller"))), telephony.ErrNotUTF8, "body", "is not UTF-8"},
		{"a campaign alone", posted(at(c), status()), telephony.ErrMalformed, "item_id", "is required"},
		{"an item alone", posted(at(i), status()), telephony.ErrMalformed, "campaign_id", "is required"},
		{"a version alone", posted(at("lock_version=4"), status()), telephony.ErrMalformed, "campaign_id", "is required"},
		{"no version", posted(at(c+"&"+i), status()), telephony.ErrMalformed, "lock_version", "is required"},
		{"a negative version", posted(at(c+"&"+i+"&lock_version=-4"), status()), telephony.ErrMalformed, "lock_version", number},
		{"a campaign that is no UUID", posted(at("campaign_id=spring&"+i+"&lock_version=4"), status()), telephony.ErrMalformed, "campaign_id", "is not a UUID"},
		{"an item that is no UUID", posted(at(c+"&item_id=7&lock_version=4"), status()), telephony.ErrMalformed, "item_id", "is not a UUID"},
		{"the nil UUID", posted(at("campaign_id=00000000-0000-0000-0000-000000000000&"+i+"&lock_version=4"), status()), telephony.ErrMalformed, "campaign_id", "must not be the nil UUID"},
		{"a campaign twice", posted(at(c+"&"+c+"&"+i+"&lock_version=4"), status()), telephony.ErrRepeated, "campaign_id", "is given twice"},
		{"an item twice", posted(at(c+"&"+i+"&"+i+"&lock_version=4"), status()), telephony.ErrRepeated, "item_id", "is given twice"},
		{"a version twice", posted(at(c+"&"+i+"&lock_version=4&lock_version=5"), status()), telephony.ErrRepeated, "lock_version", "is given twice"},
		{"an item not in UTF-8", posted(at(c+"&item_id=%ff&lock_version=4"), status()), telephony.ErrNotUTF8, "item_id", "is not UTF-8"},
		{"a query that is none", posted("/webhooks/twilio?%zz", status()), telephony.ErrMalformed, "query", "is malformed"},
		{"a body that is no form", telephony.Delivery{
			URL: path, Header: posted(path, status()).Header, Body: []byte("CallSid=%zz"),
		}, telephony.ErrMalformed, "body", "is not a form"},
		{"another type", telephony.Delivery{URL: path, Header: map[string][]string{"Content-Type": {"text/plain"}}}, telephony.ErrMalformed, "Content-Type", form},
		{"no type", telephony.Delivery{URL: path}, telephony.ErrMalformed, "Content-Type", form},
		{"JSON with a call twice", postedJSON(path, []byte(`{"CallSid":"CA1","CallStatus":"busy","CallSid":"CA2"}`)), telephony.ErrRepeated, "CallSid", "is given twice"},
		{"JSON with a call twice, once escaped", postedJSON(path, []byte(`{"CallSid":"CA1","CallStatus":"busy","Call\u0053id":"CA2"}`)), telephony.ErrRepeated, "CallSid", "is given twice"},
		{"JSON not in UTF-8", postedJSON(path, []byte("{\"CallSid\":\"\xff\"}")), telephony.ErrNotUTF8, "body", "is not UTF-8"},
		{"JSON of another kind", postedJSON(path, []byte(`[1]`)), telephony.ErrMalformed, "body", "must be a JSON object"},
		{"no JSON", postedJSON(path, []byte(`CallSid=CA1`)), telephony.ErrMalformed, "body", "must be a JSON object"},
		{"an empty JSON body", postedJSON(path, nil), telephony.ErrMalformed, "body", "must be a JSON object"},
		{"JSON with an object for a status", postedJSON(path, []byte(`{"CallSid":"CA1","CallStatus":{"a":1}}`)), telephony.ErrMalformed, "CallStatus", "is not a status of a call"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			events, err := newAdapter(t).Events(test.delivery)
			require.ErrorIs(t, err, test.kind)
			require.ErrorIs(t, err, outdial.ErrInvalid)
			require.Empty(t, events)
			var fieldError *outdial.FieldError
			require.ErrorAs(t, err, &fieldError)
			require.Equal(t, test.field, fieldError.Field)
			require.Equal(t, test.problem, fieldError.Problem)
			require.NotContains(t, err.Error(), "810292")
		})
	}
}

func TestAParameterThatNobodyReadsMayBeRepeated(t *testing.T) {
	t.Parallel()

	events, err := newAdapter(t).Events(posted(path+"&a=1&a=2", status(with("StirVerstat", "B", "A", "A"))))
	got := requireOne(t, events, err)
	var payload map[string]any
	require.NoError(t, json.Unmarshal(got.Payload, &payload))
	require.Equal(t, []any{"B", "A", "A"}, payload["StirVerstat"])
}

func TestACallbackURLNamesTheAttempt(t *testing.T) {
	t.Parallel()

	attempt := "campaign_id=" + campaignID.String() + "&item_id=" + itemID.String() + "&lock_version=4"
	for base, want := range map[string]string{
		"https://dial.example.com/webhooks/twilio":             "https://dial.example.com/webhooks/twilio?" + attempt,
		"https://dial.example.com/webhooks/twilio?a=b":         "https://dial.example.com/webhooks/twilio?a=b&" + attempt,
		"https://dial.example.com/webhooks/twilio#rc=5&rp=all": "https://dial.example.com/webhooks/twilio?" + attempt + "#rc=5&rp=all",
	} {
		address := twilio.CallbackURL(base, ref)
		require.Equal(t, want, address)
		called, _, _ := strings.Cut(strings.TrimPrefix(address, public), "#")
		events, err := newAdapter(t).Events(posted(called, status()))
		require.Equal(t, ref, requireOne(t, events, err).Ref, "and it is read back")
	}

	t.Run("one that names none has none", func(t *testing.T) {
		t.Parallel()

		for _, path := range []string{"/webhooks/twilio", "/webhooks/twilio?", "/webhooks/twilio?a=b", "/?campaign_id=&item_id=&lock_version="} {
			events, err := newAdapter(t).Events(posted(path, status()))
			require.Zero(t, requireOne(t, events, err).Ref)
		}
	})
}
