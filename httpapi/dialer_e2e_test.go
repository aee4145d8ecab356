package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
)

func TestACampaignIsFilledStartedAndStopped(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	key := header("Idempotency-Key", "fill")
	added := s.post(manager(), s.path("/dialer/enqueue"), `{"filters":{"first_name_contains":"B"},"priority":9}`, key)
	require.Equal(t, []int{5, 5}, counts(t, added, "enqueued", "matched"))
	require.Equal(t, added, s.post(manager(), s.path("/dialer/enqueue"), `{"filters":{"first_name_contains":"B"},"priority":9}`, key))
	again := s.post(manager(), s.path("/dialer/enqueue"), "")
	require.Equal(t, []int{2, 7}, counts(t, again, "enqueued", "matched"), "who is queued is left alone")

	early := s.send(http.MethodPost, s.path("/dialer/pause"), "", s.as(manager()))
	require.Equal(t, http.StatusConflict, early.Code, "a campaign that was never started cannot pause")
	for _, step := range [][2]string{{"start", "running"}, {"pause", "paused"}, {"resume", "running"}, {"stop", "stopped"}} {
		require.Equal(t, step[1], s.post(manager(), s.path("/dialer/"+step[0]), "")["status"])
		stats := s.get(agent(), s.path("/dialer"))
		require.Equal(t, step[1], stats["status"])
		require.Equal(t, []int{7}, counts(t, stats, "due"))
	}
	unknown := s.send(http.MethodPost, "/campaigns/"+campaignID.String()+"/dialer/start", "", s.as(manager()))
	require.Equal(t, "campaign_not_found", unknown.problem.Error)

	seen, cursor := map[any]bool{}, ""
	for range 4 {
		page := s.send(http.MethodGet, s.path("/dialer/items?limit=2&state=queued&cursor="+cursor), "", s.as(manager()))
		require.NotContains(t, page.Body.String(), "+1", "the list has no phone numbers")
		body := page.object(t)
		items, ok := body["items"].([]any)
		require.True(t, ok)
		for _, each := range items {
			item, ok := each.(map[string]any)
			require.True(t, ok)
			require.False(t, seen[item["id"]])
			seen[item["id"]] = true
			require.Equal(t, []any{"queued", "campaign_audience", managerID.String()},
				[]any{item["status"], item["enqueued_reason"], item["enqueued_by"]})
		}
		cursor, ok = body["next_cursor"].(string)
		require.True(t, ok)
	}
	require.Empty(t, cursor)
	require.Len(t, seen, 7)
}

func TestALaunchOfEitherQueueIsRolledBack(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	rollback := `{"campaign_id":"` + s.campaign + `","launch_id":"` + launchID.String() + `"}`
	missing := s.send(http.MethodPost, "/ops/rollback", rollback, s.as(manager()))
	require.Equal(t, "launch_not_found", missing.problem.Error)

	s.post(manager(), s.path("/dialer/enqueue"), `{"filters":{"first_name_contains":"B"},"launch_id":"`+launchID.String()+`"}`)
	s.post(manager(), s.path("/queues/enqueue"), `{"launch_id":"`+launchID.String()+`"}`)
	require.Equal(t, []int{2, 5, 0}, counts(t, s.post(manager(), "/ops/rollback", rollback), "released", "failed", "kept"))
	require.Equal(t, []int{0, 0, 0}, counts(t, s.post(manager(), "/ops/rollback", rollback), "released", "failed", "kept"), "asking again is harmless")
	stats := s.get(manager(), s.path("/dialer"))
	states, ok := stats["states"].(map[string]any)
	require.True(t, ok)
	require.Equal(t, []int{0, 5}, counts(t, states, "queued", "failed"))
}

func TestAnAgentComesAndIsGoneWhenNothingIsHeardOfThem(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	set := func(actor outdial.Actor, body string) response {
		return s.send(http.MethodPut, s.path("/presence"), body, s.as(actor))
	}
	early := s.send(http.MethodPost, "/presence/heartbeat", "", s.as(agent()))
	require.Equal(t, http.StatusNotFound, early.Code)
	require.Equal(t, "ready", set(agent(), `{"state":"ready"}`).object(t)["state"])
	s.clock.Add(20 * time.Second)
	again := set(agent(), `{"state":"ready"}`).object(t)
	require.Equal(t, "2026-11-21T15:04:05Z", again["since"], "a double click takes nobody's turn away")
	require.Equal(t, "2026-11-21T15:04:55Z", again["expires_at"])
	require.Equal(t, "paused", set(manager(), `{"agent_id":"`+second().ID.String()+`","state":"paused"}`).object(t)["state"])

	stats := s.get(agent(), s.path("/dialer"))
	agents, ok := stats["agents"].(map[string]any)
	require.True(t, ok)
	require.Equal(t, []int{1, 1, 0}, counts(t, agents, "ready", "paused", "offline"))
	listed, ok := s.get(manager(), s.path("/presence"))["items"].([]any)
	require.True(t, ok)
	require.Len(t, listed, 2)

	s.clock.Add(20 * time.Second)
	beat := s.post(agent(), "/presence/heartbeat", "")
	require.Equal(t, "2026-11-21T15:05:15Z", beat["expires_at"])
	s.clock.Add(20 * time.Second)
	require.Equal(t, []int{1}, counts(t, s.post(manager(), "/ops/sweep", ""), "agents_expired"))
	s.clock.Add(time.Hour)
	s.post(manager(), "/ops/sweep", "")
	late := s.send(http.MethodPost, "/presence/heartbeat", "", s.as(agent()))
	require.Equal(t, http.StatusNotFound, late.Code)
	require.True(t, strings.HasSuffix(late.problem.Error, "_not_found"), late.problem.Error)
}
