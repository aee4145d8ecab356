package httpapi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

func TestSetPassesTheWholeRequestOnAndAnswersWithTheSeedsFields(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.store.replace = queue.ReplaceResult{
		Released: 4, Assigned: 3, Unchanged: 1, KeptInProgress: 1, SkippedDueToCollision: 2, Matched: 6,
		Skipped: queue.NewSkips(),
	}
	got := s.send(http.MethodPost, campaignPath("/queues/set"), `{
		"agent_id": "478095da-e25f-4ba3-88bc-367db36f41d3",
		"filters": {"first_name_contains":"B"},
		"per_account_cap": 3,
		"max_queue_size": 5000,
		"keep_in_progress": false
	}`, s.as(agent()), header("Idempotency-Key", "set-1")).object(t)
	require.EqualValues(t, 4, got["released"])
	require.EqualValues(t, 3, got["assigned"])
	require.EqualValues(t, 2, got["skipped_due_to_collision"])
	require.NotContains(t, got, "audience", "only a preview counts it")

	require.Len(t, s.store.called(), 1)
	asked, ok := s.store.called()[0].(queue.ReplaceParams)
	require.True(t, ok)
	require.Equal(t, "set-1", asked.Idempotency.Key)
	require.NotEmpty(t, asked.Idempotency.Fingerprint)
	asked.Idempotency = outdial.Idempotency{}
	require.Equal(t, queue.ReplaceParams{
		CampaignID: campaignID, AgentID: agentID, ActorID: agentID,
		Filter:        resolved(t, filter.Text("first_name").Contains("B"), nil),
		PerAccountCap: 3, MaxQueueSize: 5000, ReleaseInProgress: true, Now: s.clock.Now(),
	}, asked)
}

func TestSetKeepsRunningItemsAndHasNoCapsUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"agent_id":"478095da-e25f-4ba3-88bc-367db36f41d3"}`,
		`{"agent_id":"478095da-e25f-4ba3-88bc-367db36f41d3","filters":null,"per_account_cap":null,
		  "max_queue_size":null,"keep_in_progress":null,"dry_run":null}`,
		`{"agent_id":"478095DA-E25F-4BA3-88BC-367DB36F41D3","filters":{},"keep_in_progress":true,"dry_run":false}`,
	} {
		s := newServer(t)
		s.send(http.MethodPost, campaignPath("/queues/set"), body, s.as(agent())).object(t)
		require.Equal(t, []any{queue.ReplaceParams{
			CampaignID: campaignID, AgentID: agentID, ActorID: agentID, Now: s.clock.Now(),
		}}, s.store.called())
	}
}

func TestADryRunAndAPreviewAnswerWithThePlanAndWriteNothing(t *testing.T) {
	t.Parallel()
	for path, body := range map[string]string{
		"/queues/set":     `{"agent_id":"478095da-e25f-4ba3-88bc-367db36f41d3","dry_run":true}`,
		"/queues/preview": `{"agent_id":"478095da-e25f-4ba3-88bc-367db36f41d3","dry_run":false}`,
	} {
		s := newServer(t)
		skips := queue.NewSkips()
		skips[queue.SkipCollision], skips[queue.SkipOptedOut] = 2, 1
		s.store.replace = queue.ReplaceResult{
			Released: 4, Assigned: 3, Unchanged: 1, SkippedDueToCollision: 2, Matched: 6, Audience: 40, Skipped: skips,
		}
		got := s.send(http.MethodPost, campaignPath(path), body, s.as(manager()), header("Idempotency-Key", "once")).object(t)
		require.EqualValues(t, 40, got["audience"])
		require.EqualValues(t, 6, got["matched"])
		require.EqualValues(t, 5, got["eligible"], "the one who opted out is not")
		require.EqualValues(t, 4, got["to_release"])
		require.EqualValues(t, 3, got["to_assign"])
		require.Equal(t, map[string]any{
			"invalid": 0.0, "no_phone": 0.0, "opted_out": 1.0, "suppressed": 0.0, "finished": 0.0,
			"cooling_down": 0.0, "collision": 2.0, "account_cap": 0.0, "queue_full": 0.0,
		}, got["to_skip"])
		asked, ok := s.store.called()[0].(queue.ReplaceParams)
		require.True(t, ok)
		require.True(t, asked.DryRun)
		require.Empty(t, asked.Idempotency)
	}
}

func TestClearAnswersWithWhatWasReleased(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.store.clear = queue.ClearResult{Released: 9}
	got := s.send(http.MethodPost, campaignPath("/queues/clear"), `{"agent_id":"`+agentID.String()+`"}`,
		s.as(agent()), header("Idempotency-Key", "k"))
	require.JSONEq(t, `{"released":9}`, got.Body.String())
	asked, ok := s.store.called()[0].(queue.ClearParams)
	require.True(t, ok)
	require.Equal(t, agentID, asked.AgentID)
	require.Equal(t, "k", asked.Idempotency.Key)
}

func TestClearAllNeedsNoBodyAndAnAdmin(t *testing.T) {
	t.Parallel()
	for name, changes := range map[string][]change{
		"no body":                       nil,
		"an empty object":               {body(`{}`), header("Content-Type", "application/json")},
		"blanks":                        {body(" \n"), header("Content-Type", "application/x-www-form-urlencoded")},
		"no body with curl's form type": {header("Content-Type", "application/x-www-form-urlencoded")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.store.clear = queue.ClearResult{Released: 2}
			got := s.send(http.MethodPost, campaignPath("/queues/clear_all"), "",
				append(changes, s.as(admin()), header("Idempotency-Key", "k"))...)
			require.JSONEq(t, `{"released":2}`, got.Body.String())
			asked, ok := s.store.called()[0].(queue.ClearParams)
			require.True(t, ok)
			require.Equal(t, uuid.Nil, asked.AgentID)
			require.Equal(t, "k", asked.Idempotency.Key)

			refused := s.send(http.MethodPost, campaignPath("/queues/clear_all"), "", s.as(manager()))
			require.Equal(t, http.StatusForbidden, refused.Code)
			require.Equal(t, "only an admin clears all queues", refused.problem.Detail)
			require.Len(t, s.store.called(), 1)
		})
	}
}

func TestStatsListEveryStateAndNullForThePool(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.store.stats = queue.StatsResult{
		States: map[queue.State]int{queue.StateQueued: 5, queue.StateReleased: 1},
		Agents: []queue.AgentStats{
			{States: map[queue.State]int{queue.StateQueued: 3}},
			{AgentID: agentID, States: map[queue.State]int{queue.StateQueued: 2, queue.StateReleased: 1}},
		},
	}
	got := s.send(http.MethodGet, campaignPath("/queues/stats"), "", s.as(agent()))
	require.JSONEq(t, `{
		"states": {"queued":5,"locked":0,"in_progress":0,"completed":0,"released":1,"failed":0},
		"agents": [
			{"agent_id":null,"queued":3,"locked":0,"in_progress":0,"completed":0,"released":0,"failed":0},
			{"agent_id":"478095da-e25f-4ba3-88bc-367db36f41d3","queued":2,"locked":0,"in_progress":0,"completed":0,"released":1,"failed":0}
		]}`, got.Body.String())
}

func TestStatsOfAnEmptyCampaignHaveAListOfNoAgents(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.send(http.MethodGet, campaignPath("/queues/stats"), "", s.as(agent()))
	require.Equal(t, []any{}, got.object(t)["agents"])
}

func TestEnqueuePassesTheWholeRequestOn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.send(http.MethodPost, campaignPath("/queues/enqueue"), `{
		"agent_id": "478095da-e25f-4ba3-88bc-367db36f41d3",
		"contact_ids": ["01939d8e-3a2b-7c3d-8e4f-5a6b7c8d9e0f"],
		"reason": "callback",
		"priority": -2,
		"scheduled_for": "2026-11-22T09:30:00+01:00",
		"launch_id": "01939d8e-2a2b-7c3d-8e4f-5a6b7c8d9e0f"
	}`, s.as(manager()), header("Idempotency-Key", "k")).object(t)
	require.Equal(t, launchID.String(), got["launch_id"])

	asked, ok := s.store.called()[0].(queue.EnqueueParams)
	require.True(t, ok)
	require.Equal(t, "k", asked.Idempotency.Key)
	asked.Idempotency = outdial.Idempotency{}
	priority := -2
	require.Equal(t, queue.EnqueueParams{
		CampaignID: campaignID, AgentID: agentID, ActorID: managerID, ContactIDs: []uuid.UUID{contactID},
		Priority: &priority, ScheduledFor: time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC), LaunchID: launchID,
		Provenance: outdial.Provenance{By: managerID.String(), Reason: outdial.ReasonCallback}, Now: s.clock.Now(),
	}, asked)
}

func TestEnqueueWithoutAnAgentIsForThePool(t *testing.T) {
	t.Parallel()
	for _, sent := range []string{``, `{}`, `{"agent_id":null,"contact_ids":null,"filters":null}`} {
		s := newServer(t)
		s.send(http.MethodPost, campaignPath("/queues/enqueue"), sent, s.as(manager())).object(t)
		asked, ok := s.store.called()[0].(queue.EnqueueParams)
		require.True(t, ok)
		require.Equal(t, uuid.Nil, asked.AgentID)
		require.Nil(t, asked.ContactIDs)
		require.Equal(t, outdial.ReasonCampaignAudience, asked.Provenance.Reason)
	}
}

func TestAnEmptyListOfContactsIsNotTheWholeCampaign(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.send(http.MethodPost, campaignPath("/queues/enqueue"), `{"contact_ids":[]}`, s.as(manager())).object(t)
	asked, ok := s.store.called()[0].(queue.EnqueueParams)
	require.True(t, ok)
	require.NotNil(t, asked.ContactIDs)
	require.Empty(t, asked.ContactIDs)
}

func TestEnqueueIsLimitedInRateAndSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(with *setup) { with.queue.EnqueueRate, with.queue.EnqueueBurst = 0.4, 1 })
	s.send(http.MethodPost, campaignPath("/queues/enqueue"), "", s.as(manager())).object(t)
	got := s.send(http.MethodPost, campaignPath("/queues/enqueue"), "", s.as(manager()))
	require.Equal(t, http.StatusTooManyRequests, got.Code)
	require.Equal(t, "rate_limited", got.problem.Error)
	require.Equal(t, "3", got.Header().Get("Retry-After"), "2.5 s are rounded up")
	require.Equal(t, "too many requests per actor; try again in 3 s", got.problem.Detail)
	require.Len(t, s.store.called(), 1)
}

func TestSweepAndRollbackAnswerWithTheirCounts(t *testing.T) {
	t.Parallel()
	s := newServer(t, agentQueueOnly)
	s.store.sweep = queue.SweepResult{ToAgents: 1, ToPool: 2, KeysForgotten: 3}
	got := s.send(http.MethodPost, "/ops/sweep", "", s.as(manager()))
	require.JSONEq(t, `{"returned_to_agents":1,"returned_to_pool":2,"idempotency_keys_forgotten":3}`, got.Body.String())

	s.store.rollback = queue.RollbackResult{Released: 7, Kept: 1}
	got = s.send(http.MethodPost, "/ops/rollback",
		`{"campaign_id":"`+campaignID.String()+`","launch_id":"`+launchID.String()+`"}`, s.as(manager()))
	require.JSONEq(t, `{"released":7,"kept":1}`, got.Body.String())
	require.Equal(t, queue.RollbackParams{
		CampaignID: campaignID, LaunchID: launchID, ActorID: managerID, Now: s.clock.Now(),
	}, s.store.called()[1])
}

func TestCampaignsAreAList(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.send(http.MethodGet, "/campaigns", "", s.as(agent()))
	require.JSONEq(t, `{"items":[],"next_cursor":""}`, got.Body.String())

	s.store.listed = []queue.CampaignSummary{{ID: campaignID, Name: "Spring", Contacts: 500}}
	got = s.send(http.MethodGet, "/campaigns", "", s.as(agent()))
	require.JSONEq(t, `{"items":[{"id":"6c1f17c9-6f8b-43d8-8af2-fa27ad84379a","name":"Spring","contacts":500}],"next_cursor":""}`,
		got.Body.String())
}

func TestAFeatureThatIsOffDoesNotExist(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/queues/set", "/queues/preview", "/queues/clear", "/queues/clear_all"} {
		for _, sent := range []string{"", `{"agent_id":"478095da-e25f-4ba3-88bc-367db36f41d3"}`, `{"nonsense"`, strings.Repeat(" ", 2000)} {
			for _, actor := range []outdial.Actor{admin(), {ID: agentID, Role: outdial.RoleAgent}} {
				s := newServer(t, flagOff, func(with *setup) { with.http.MaxBody = 1000 })
				got := s.send(http.MethodPost, campaignPath(path), sent, s.as(actor))
				require.Equal(t, http.StatusNotFound, got.Code)
				require.Equal(t, "not_found", got.problem.Error)
				require.Empty(t, s.store.called())

				unknown := s.send(http.MethodPost, campaignPath("/queues/unknown"), sent, s.as(actor))
				require.Equal(t, unknown.Body.String(), got.Body.String())
			}
		}
	}
	t.Run("but only for those who are known", func(t *testing.T) {
		t.Parallel()
		s := newServer(t, flagOff)
		got := s.send(http.MethodPost, campaignPath("/queues/set"), "{}")
		require.Equal(t, http.StatusUnauthorized, got.Code)
	})
}

func TestTheFlagLeavesTheOtherRoutesAlone(t *testing.T) {
	t.Parallel()
	s := newServer(t, flagOff)
	s.send(http.MethodPost, campaignPath("/queues/enqueue"), "", s.as(manager())).object(t)
	s.send(http.MethodGet, campaignPath("/queues/stats"), "", s.as(manager())).object(t)
}

// directory is a host that knows one agent.
type directory struct{}

func (directory) AgentExists(_ context.Context, _, agent uuid.UUID) (bool, error) {
	return agent == agentID, nil
}

func TestAnAgentWhomTheHostDoesNotKnowIsNotFound(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(with *setup) { with.queue.Agents = directory{} })
	for _, path := range []string{"/queues/set", "/queues/preview", "/queues/clear", "/queues/enqueue", "/queues/pull"} {
		got := s.send(http.MethodPost, campaignPath(path), `{"agent_id":"`+managerID.String()+`"}`, s.as(admin()))
		require.Equal(t, http.StatusNotFound, got.Code, path)
		require.Equal(t, "agent_not_found", got.problem.Error)
		require.Equal(t, "agent_id", got.problem.Field)
	}
	require.Empty(t, s.store.called())
}

func TestAnAgentChangesTheirOwnQueueOnly(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, path := range []string{"/queues/set", "/queues/preview", "/queues/clear", "/queues/enqueue", "/queues/pull"} {
		got := s.send(http.MethodPost, campaignPath(path), `{"agent_id":"`+managerID.String()+`"}`, s.as(agent()))
		require.Equal(t, http.StatusForbidden, got.Code, path)
		require.Equal(t, "an agent acts on their own queue only", got.problem.Detail)
	}
	got := s.send(http.MethodGet, campaignPath("/queues?agent_id="+managerID.String()), "", s.as(agent()))
	require.Equal(t, http.StatusForbidden, got.Code)
	require.Empty(t, s.store.called())
}
