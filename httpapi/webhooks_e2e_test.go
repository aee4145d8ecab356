package httpapi_test

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/twilio"
	"github.com/outdial/outdial/dialer/telephony/webhook"
)

// place starts the campaign and places one call.
func (s *realServer) place() dialer.Call {
	s.t.Helper()
	s.post(manager(), s.path("/dialer/enqueue"), `{"filters":{"first_name_contains":"Leota"}}`)
	s.post(manager(), s.path("/dialer/start"), "")
	calls := dialer.New(s.store, dialer.Config{Clock: s.clock, Windows: callwindow.Always{}})
	campaign := uuid.MustParse(s.campaign)
	claimed, err := calls.NextDials(s.t.Context(), outdial.System(), dialer.NextDialsRequest{CampaignID: campaign, Limit: 1})
	require.NoError(s.t, err)
	require.Len(s.t, claimed, 1)
	placed, err := s.store.PlaceCall(s.t.Context(), dialer.PlaceParams{
		CampaignID: campaign, CallID: claimed[0].ID, Limits: dialer.Limits{Open: callwindow.Open{Everywhere: true}}, Now: s.clock.Now(),
	})
	require.NoError(s.t, err)
	require.Empty(s.t, placed.Refusal)
	return placed.Call
}

// item is the campaign's one item that is queued or being dialed.
func (s *realServer) item() map[string]any {
	s.t.Helper()
	items, ok := s.get(manager(), s.path("/dialer/items"))["items"].([]any)
	require.True(s.t, ok)
	require.Len(s.t, items, 1)
	item, ok := items[0].(map[string]any)
	require.True(s.t, ok)
	return item
}

func TestACallEndsTheSameInWhateverOrderItsReportsCome(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 21, 15, 4, 6, 0, time.UTC)
	said := func(status string, seq int) url.Values {
		form := twilioForm()
		form.Set("CallStatus", status)
		form.Set("SequenceNumber", strconv.Itoa(seq))
		form.Set("Timestamp", began.Add(time.Duration(seq)*time.Second).Format(time.RFC1123Z))
		return form
	}
	verdict := url.Values{"AccountSid": {"AC1"}, "CallSid": {"CA77"}, "AnsweredBy": {"machine_start"}}
	reports := []url.Values{said("initiated", 0), said("ringing", 1), said("in-progress", 2), verdict, said("completed", 3)}
	for name, order := range map[string][]int{
		"in order":           {0, 1, 2, 3, 4},
		"the other way":      {4, 3, 2, 1, 0},
		"twice, and mixed":   {3, 4, 4, 0, 2, 3, 1, 0, 4},
		"the verdict late":   {0, 1, 2, 4, 3},
		"the first one last": {1, 2, 4, 3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newRealServer(t)
			call := s.place()
			s.clock.Set(began.Add(10 * time.Second))
			path := twilio.CallbackURL("/webhooks/twilio", call.Ref)
			for _, i := range order {
				require.Equal(t, http.StatusNoContent, s.sendTwilio(path, reports[i]).Code)
			}
			item := s.item()
			require.Equal(t, []any{"queued", "CA77", float64(1)}, []any{item["status"], item["call_sid"], item["attempts"]})
			require.Equal(t, began.Add(3*time.Second+24*time.Hour).Format(time.RFC3339), item["next_attempt_at"],
				"a day after the end of a call that a machine took")

			replayed := s.post(manager(), "/ops/replay", `{"campaign_id":"`+s.campaign+`"}`)
			require.Equal(t, []int{5, 0, 0}, counts(t, replayed, "replayed", "changed", "orphans"))
			require.Equal(t, item, s.item())
		})
	}
}

func TestAReportThatComesBeforeItsCallIsKeptForIt(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	text := `{"call_sid":"c-77","type":"ringing","at":"` + s.clock.Now().Format(time.RFC3339) + `"}`
	require.Equal(t, http.StatusNoContent, s.sendReport(text).Code)
	require.Equal(t, 1, s.meter.Count("outdial.telephony.events", map[string]string{"type": "ringing", "result": "orphan"}))
	require.Equal(t, []int{1, 0, 1}, counts(t, s.post(manager(), "/ops/replay", `{"orphans":true}`), "replayed", "changed", "orphans"))

	call := s.place()
	answered, err := webhook.Encode(telephony.Event{
		Ref: call.Ref, CallSID: "c-77", Type: telephony.TypeAnswered, At: s.clock.Now(),
	})
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, s.sendReport(string(answered)).Code)
	require.Equal(t, "ringing", s.item()["status"])
	require.Equal(t, []int{0, 0, 0}, counts(t, s.post(manager(), "/ops/replay", `{"orphans":true}`), "replayed", "changed", "orphans"),
		"it has found its call")
}
