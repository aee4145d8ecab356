package webhook_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/webhook"
)

var (
	campaignID = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000c")
	itemID     = uuid.MustParse("0190c6f4-0000-7000-8000-0000000000e1")
	ref        = dialer.Ref{CampaignID: campaignID, ItemID: itemID, LockVersion: 4}
)

const attempt = `"campaign_id":"0190c6f4-0000-7000-8000-00000000000c","item_id":"0190c6f4-0000-7000-8000-0000000000e1","lock_version":4`

func TestAReportIsAnEvent(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, time.March, 2, 18, 0, 0, 250_000_000, time.UTC)
	for _, test := range []struct {
		name, body string
		want       telephony.Event
	}{
		{
			"in full", `{` + attempt + `,"call_sid":"c-77","type":"ended","seq":3,"at":"2026-03-02T18:00:00.25Z","cause":"busy"}`,
			telephony.Event{Ref: ref, CallSID: "c-77", Type: telephony.TypeEnded, Seq: 3, At: at, Cause: dialer.CauseBusy},
		},
		{
			"a verdict", `{"type":"amd","amd":"fax","call_sid":"c-77"}`,
			telephony.Event{CallSID: "c-77", Type: telephony.TypeAMD, AMD: dialer.AMDFax},
		},
		{
			"in another zone", `{"call_sid":"c-77","type":"ringing","at":"2026-03-02T12:00:00.25-06:00"}`,
			telephony.Event{CallSID: "c-77", Type: telephony.TypeRinging, At: at},
		},
		{
			"with null", ` {"campaign_id":null,"item_id":null,"lock_version":null,"call_sid":"c-77","type":"ringing","seq":null,"at":null,"amd":null,"cause":null}`,
			telephony.Event{CallSID: "c-77", Type: telephony.TypeRinging},
		},
		{"with what only the handler refuses", `{"type":"hold","amd":"robot","cause":"sun"}`, telephony.Event{Type: "hold", AMD: "robot", Cause: "sun"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			got, err := webhook.Decode([]byte(test.body))
			require.NoError(t, err)
			test.want.Source, test.want.Payload = telephony.SourceWebhook, json.RawMessage(test.body)
			require.Equal(t, test.want, got)
		})
	}
}

func TestAReportThatCanNotBeReadIsRefusedByName(t *testing.T) {
	t.Parallel()

	const (
		number = "must be a whole number from 0 to 2147483647"
		object = "must be a JSON object"
		text   = "must be a string"
		zone   = "must be an RFC 3339 time, such as 2006-01-02T15:04:05Z"
		names  = "has a member that is none of campaign_id, item_id, lock_version, call_sid, type, seq, at, amd, cause"
	)
	for _, test := range []struct {
		name, body     string
		kind           error
		field, problem string
	}{
		{"nothing", ``, telephony.ErrMalformed, "body", object},
		{"null", `null`, telephony.ErrMalformed, "body", object},
		{"a list", `[{}]`, telephony.ErrMalformed, "body", object},
		{"half an object", `{"call_sid":`, telephony.ErrMalformed, "body", object},
		{"two objects", `{}{}`, telephony.ErrMalformed, "body", object},
		{"a byte order mark", "\xEF\xBB\xBF{}", telephony.ErrMalformed, "body", object},
		{"deep", strings.Repeat(`{"a":`, 30_000), telephony.ErrMalformed, "body", object},
		{"another encoding", "{\"call_sid\":\"M\xfcller\"}", telephony.ErrNotUTF8, "body", "is not UTF-8"},
		{"an unknown member", `{"phone":"+18102929388"}`, telephony.ErrMalformed, "body", names},
		{"a member that is a number", `{"+18102929388":1}`, telephony.ErrMalformed, "body", names},
		{"a member in capitals", `{"CALL_SID":"c-77"}`, telephony.ErrMalformed, "body", names},
		{"a member twice", `{"call_sid":"c-77","call_sid":"c-78"}`, telephony.ErrRepeated, "call_sid", "is given twice"},
		{"a member twice, once null", `{"call_sid":null,"call_sid":"c-78"}`, telephony.ErrRepeated, "call_sid", "is given twice"},
		{"a member twice, once escaped", `{"call_sid":"c-77","call\u005fsid":"c-78"}`, telephony.ErrRepeated, "call_sid", "is given twice"},
		{"a call that is a number", `{"call_sid":77}`, telephony.ErrMalformed, "call_sid", text},
		{"a type that is a list", `{"type":["ringing"]}`, telephony.ErrMalformed, "type", text},
		{"a verdict that is true", `{"amd":true}`, telephony.ErrMalformed, "amd", text},
		{"a cause that is an object", `{"cause":{}}`, telephony.ErrMalformed, "cause", text},
		{"a seq as text", `{"seq":"1"}`, telephony.ErrMalformed, "seq", number},
		{"a fraction", `{"seq":1.0}`, telephony.ErrMalformed, "seq", number},
		{"an exponent", `{"seq":1e2}`, telephony.ErrMalformed, "seq", number},
		{"a negative seq", `{"seq":-1}`, telephony.ErrMalformed, "seq", number},
		{"a large seq", `{"seq":2147483648}`, telephony.ErrMalformed, "seq", number},
		{"a date", `{"at":"2026-03-02"}`, telephony.ErrMalformed, "at", zone},
		{"a time without a zone", `{"at":"2026-03-02T18:00:00"}`, telephony.ErrMalformed, "at", zone},
		{"a time in seconds", `{"at":1772474400}`, telephony.ErrMalformed, "at", zone},
		{"a campaign alone", `{"campaign_id":"0190c6f4-0000-7000-8000-00000000000c"}`, telephony.ErrMalformed, "item_id", "is required"},
		{"an item alone", `{"item_id":"0190c6f4-0000-7000-8000-0000000000e1"}`, telephony.ErrMalformed, "campaign_id", "is required"},
		{"a version alone", `{"lock_version":4}`, telephony.ErrMalformed, "campaign_id", "is required"},
		{"no version", `{` + strings.TrimSuffix(attempt, `,"lock_version":4`) + `}`, telephony.ErrMalformed, "lock_version", "is required"},
		{"a version as text", `{` + strings.Replace(attempt, `:4`, `:"4"`, 1) + `}`, telephony.ErrMalformed, "lock_version", number},
		{"a campaign that is no UUID", `{"campaign_id":"spring"}`, telephony.ErrMalformed, "campaign_id", "is not a UUID"},
		{"a campaign that is a number", `{"campaign_id":7}`, telephony.ErrMalformed, "campaign_id", text},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			for _, read := range []func() (telephony.Event, error){
				func() (telephony.Event, error) { return webhook.Decode([]byte(test.body)) },
				func() (telephony.Event, error) {
					return newVerifier(t).Event(signed(t, secret, webhook.Message{ID: "a", At: noon, Body: []byte(test.body)}))
				},
			} {
				event, err := read()
				require.Zero(t, event)
				require.ErrorIs(t, err, test.kind)
				require.ErrorIs(t, err, outdial.ErrInvalid)
				var fieldError *outdial.FieldError
				require.ErrorAs(t, err, &fieldError)
				require.Equal(t, test.field, fieldError.Field)
				require.Equal(t, test.problem, fieldError.Problem)
				require.NotContains(t, err.Error(), "810292")
			}
		})
	}
}

func TestWhatIsEncodedAndSignedIsReadBack(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		event := anyEvent(t)
		body, err := webhook.Encode(event)
		require.NoError(t, err)
		got, err := newVerifier(t).Event(signed(t, secret, webhook.Message{ID: "a", At: noon, Body: body}))
		require.NoError(t, err)
		event.Source, event.Payload = telephony.SourceWebhook, body
		require.Equal(t, event, got)
	})
}

func anyEvent(t *rapid.T) telephony.Event {
	event := telephony.Event{
		CallSID: rapid.StringMatching(`[!-~]{1,200}`).Draw(t, "call"),
		Type:    rapid.SampledFrom(telephony.Types()).Draw(t, "type"),
		Seq:     rapid.IntRange(0, 1<<31-1).Draw(t, "seq"),
	}
	if rapid.Bool().Draw(t, "has a ref") {
		event.Ref = dialer.Ref{CampaignID: campaignID, ItemID: itemID, LockVersion: rapid.IntRange(0, 1<<31-1).Draw(t, "version")}
	}
	if rapid.Bool().Draw(t, "has a time") {
		event.At = time.UnixMicro(rapid.Int64Range(0, noon.UnixMicro()*2).Draw(t, "at")).UTC()
	}
	switch event.Type {
	case telephony.TypeAMD:
		event.AMD = rapid.SampledFrom(dialer.AMDVerdicts()).Draw(t, "verdict")
	case telephony.TypeEnded:
		event.Cause = rapid.SampledFrom(dialer.Causes()).Draw(t, "cause")
	}
	return event
}

func TestEncodeSaysNoMoreThanItKnows(t *testing.T) {
	t.Parallel()

	body, err := webhook.Encode(telephony.Event{
		CallSID: "c-77", Type: telephony.TypeRinging, Source: "switch", Payload: json.RawMessage(`{"To":"+18102929388"}`),
	})
	require.NoError(t, err)
	require.JSONEq(t, `{"call_sid":"c-77","type":"ringing","seq":0}`, string(body))

	_, err = webhook.Encode(telephony.Event{At: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)})
	require.Error(t, err, "JSON has no such year")
}

// FuzzDecode proves that any body is refused with a reason or becomes an event that
// encodes to a report of the same event.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `{"call_sid":"c-77","type":"ringing"}`,
		`{` + attempt + `,"call_sid":"c-77","type":"ended","seq":3,"at":"2026-03-02T18:00:00.25Z","cause":"busy"}`,
		`{"call_sid":"\ud800","type":"amd","amd":"human"}`, `{"at":"2026-03-02T18:00:00+23:59"}`, `{"seq":00}`, `{"":1}`, "{\"type\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		event, err := webhook.Decode(body)
		if err != nil {
			require.ErrorIs(t, err, outdial.ErrInvalid)
			require.Zero(t, event)
			return
		}
		require.Equal(t, telephony.SourceWebhook, event.Source)
		require.True(t, json.Valid(event.Payload))
		again, err := webhook.Encode(event)
		if err != nil {
			require.True(t, event.At.Year() > 9999 || event.At.Year() < 0, "%v", err)
			return
		}
		same, err := webhook.Decode(again)
		require.NoError(t, err)
		event.Payload, same.Payload = nil, nil
		require.Equal(t, event, same)
	})
}
