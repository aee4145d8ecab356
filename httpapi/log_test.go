package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/httpapi"
	"github.com/outdial/outdial/queue"
)

func TestEachRequestIsLoggedOnceByItsPattern(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.send(http.MethodGet, campaignPath("/queues?agent_id="+agentID.String()+"&limit=7"), "", s.as(agent()))
	s.send(http.MethodGet, "/call/+15046218927", "", s.as(agent()))
	s.send(http.MethodDelete, "/campaigns", "")

	records := s.log.records(t, "request")
	require.Len(t, records, 3)
	require.Equal(t, "GET", records[0]["method"])
	require.Equal(t, "/campaigns/{campaignId}/queues", records[0]["route"])
	require.EqualValues(t, http.StatusOK, records[0]["status"])
	require.Equal(t, agentID.String(), records[0]["actor_id"])
	require.NotEmpty(t, records[0]["request_id"])
	require.Contains(t, records[0], "duration")
	require.Empty(t, records[1]["route"])
	require.EqualValues(t, http.StatusNotFound, records[1]["status"])
	require.Equal(t, "/campaigns", records[2]["route"])
	require.NotContains(t, records[2], "actor_id")
	require.NotContains(t, s.log.String(), "limit=7")
	require.NotContains(t, s.log.String(), "5046218927")
}

func TestNoLogHasAPhoneNumberOrAnAddress(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	held := lockedItem()
	s.store.pull = queue.PullResult{Item: &held}
	s.store.list = queue.ListResult{Items: []queue.Item{held}}
	for _, rt := range httpapi.Routes() {
		s.try(rt, s.as(agent()))
		s.try(rt, s.as(admin()))
	}
	s.send(http.MethodPost, campaignPath("/contacts"), "phone,email\n504-621-8927,bea@example.com\n+1504,bea@\n",
		s.as(admin()), header("Content-Type", "text/csv"))
	for _, private := range []string{"5046218927", "504-621-8927", "bea@example.com", "Bea", "O'Neil"} {
		require.NotContains(t, s.log.String(), private)
	}
}

func TestARequestIDIsTakenOverWhenItIsShortAndPrintable(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, good := range []string{"a", "7f3c-12", "trace:00-4bf92f3577b34da6a3ce929d0e0e4736", strings.Repeat("x", 64)} {
		got := s.send(http.MethodGet, "/healthz", "", header("X-Request-ID", good))
		require.Equal(t, good, got.Header().Get("X-Request-ID"))
	}
	seen := map[string]bool{}
	for _, bad := range [][]string{nil, {""}, {"two words"}, {"naïve"}, {"line\nbreak"}, {"tab\t"}, {"call+15046218927"}, {strings.Repeat("x", 65)}, {"a", "b"}} {
		got := s.send(http.MethodGet, "/healthz", "", header("X-Request-ID", bad...))
		id := got.Header().Get("X-Request-ID")
		require.NotContains(t, bad, id)
		require.False(t, seen[id])
		seen[id] = true
	}
}

func TestRedactHidesNumbersAndNothingElse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                               "",
		"+15046218927":                   "••••",
		"a +15046218927, b +4930123456.": "a ••••, b ••••.",
		"1 + 2, +5, ++, 2026-11-21T15:04:05+01:00": "1 + 2, +5, ++, 2026-11-21T15:04:05+01:00",
		"id 01939d8e-1a2b-7c3d-8e4f-5a6b7c8d9e0f":  "id 01939d8e-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
	} {
		require.Equal(t, want, httpapi.Redact(text))
	}
}
