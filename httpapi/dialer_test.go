package httpapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/httpapi"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

func TestContactsAreEnqueuedToBeDialed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.store.enqueuedCalls = queue.EnqueueResult{Enqueued: 1, Matched: 3, Skipped: queue.NewSkips()}
	s.store.enqueuedCalls.Skipped[queue.SkipSuppressed] = 2
	got := s.send(http.MethodPost, campaignPath("/dialer/enqueue"), `{
		"contact_ids": ["01939d8e-3a2b-7c3d-8e4f-5a6b7c8d9e0f"],
		"reason": "retry",
		"priority": -2,
		"launch_id": "01939d8e-2a2b-7c3d-8e4f-5a6b7c8d9e0f"
	}`, s.as(manager()), header("Idempotency-Key", "k"))
	require.JSONEq(t, `{"launch_id":"01939d8e-2a2b-7c3d-8e4f-5a6b7c8d9e0f","enqueued":1,"matched":3,"skipped":{"invalid":0,"no_phone":0,
		"opted_out":0,"suppressed":2,"finished":0,"cooling_down":0,"collision":0,"account_cap":0,"queue_full":0}}`, got.Body.String())

	asked, ok := s.store.called()[0].(dialer.EnqueueParams)
	require.True(t, ok)
	require.Equal(t, "k", asked.Idempotency.Key)
	require.NotEmpty(t, asked.Idempotency.Fingerprint)
	asked.Idempotency = outdial.Idempotency{}
	require.Equal(t, dialer.EnqueueParams{
		CampaignID: campaignID, ActorID: managerID, ContactIDs: []uuid.UUID{contactID}, Priority: new(-2), LaunchID: launchID,
		Provenance: outdial.Provenance{By: managerID.String(), Reason: outdial.ReasonRetry}, Now: s.clock.Now(),
	}, asked)
}

func TestAnAudienceIsEnqueuedToBeDialed(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]filter.Expr{
		``: nil, `{}`: nil, `{"contact_ids":null,"filters":null,"launch_id":null}`: nil,
		`{"filters":{"first_name_contains":"B"}}`: resolved(t, filter.Text("first_name").Contains("B"), nil),
	} {
		s := newServer(t)
		s.send(http.MethodPost, campaignPath("/dialer/enqueue"), sent, s.as(manager())).object(t)
		asked, ok := s.store.called()[0].(dialer.EnqueueParams)
		require.True(t, ok)
		require.Nil(t, asked.ContactIDs)
		require.Equal(t, want, asked.Filter)
		require.Equal(t, outdial.ReasonCampaignAudience, asked.Provenance.Reason)
	}
}

func TestAnEnqueueToBeDialedTakesNoAgentAndNoTime(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for field, sent := range map[string]string{
		"agent_id":      `{"agent_id":"` + agentID.String() + `"}`,
		"scheduled_for": `{"scheduled_for":"2026-11-22T09:30:00Z"}`,
		"by":            `{"by":"system"}`,
		"priority":      `{"priority":1.5}`,
		"contact_ids":   `{"contact_ids":["bob"]}`,
		"filters":       `{"filters":{"first_name_contains":"B"},"contact_ids":[]}`,
	} {
		got := s.send(http.MethodPost, campaignPath("/dialer/enqueue"), sent, s.as(manager()))
		require.Equal(t, http.StatusBadRequest, got.Code, field)
		require.True(t, strings.HasPrefix(got.problem.Field, field), got.problem.Field)
	}
	require.Empty(t, s.store.called())
}

func TestACampaignIsControlled(t *testing.T) {
	t.Parallel()
	for verb, want := range map[string]dialer.Control{
		"start": dialer.ControlStart, "pause": dialer.ControlPause, "resume": dialer.ControlResume, "stop": dialer.ControlStop,
	} {
		s := newServer(t)
		s.store.controlled = dialer.ControlResult{Status: want.To()}
		for _, sent := range []string{"", "{}"} {
			got := s.send(http.MethodPost, campaignPath("/dialer/"+verb), sent, s.as(manager()))
			require.JSONEq(t, `{"status":"`+string(want.To())+`"}`, got.Body.String())
		}
		asked := dialer.ControlParams{CampaignID: campaignID, Control: want, ActorID: managerID, Now: s.clock.Now()}
		require.Equal(t, []any{asked, asked}, s.store.called())

		refused := s.send(http.MethodPost, campaignPath("/dialer/"+verb), `{"status":"running"}`, s.as(manager()))
		require.Equal(t, http.StatusBadRequest, refused.Code)
		require.Equal(t, "status", refused.problem.Field)

		s.store.err = outdial.Conflict("the campaign is stopped")
		conflict := s.send(http.MethodPost, campaignPath("/dialer/"+verb), "", s.as(manager()))
		require.Equal(t, http.StatusConflict, conflict.Code)
		require.Equal(t, "the campaign is stopped", conflict.problem.Detail)
		s.store.err = outdial.NotFound("campaign")
		missing := s.send(http.MethodPost, campaignPath("/dialer/"+verb), "", s.as(manager()))
		require.Equal(t, "campaign_not_found", missing.problem.Error)
	}
}

func TestAnAgentControlsNoDialing(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, path := range []string{"/dialer/enqueue", "/dialer/start", "/dialer/pause", "/dialer/resume", "/dialer/stop"} {
		got := s.send(http.MethodPost, campaignPath(path), "", s.as(agent()))
		require.Equal(t, http.StatusForbidden, got.Code, path)
		require.Contains(t, got.problem.Detail, "only managers and admins")
	}
	require.Equal(t, http.StatusForbidden, s.send(http.MethodGet, campaignPath("/dialer/items"), "", s.as(agent())).Code)
	require.Empty(t, s.store.called())
	s.send(http.MethodGet, campaignPath("/dialer"), "", s.as(agent())).object(t)
}

func TestACallIsShownToWhoIsInIt(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	shown := func(as outdial.Actor) map[string]any {
		return s.send(http.MethodGet, campaignPath("/dialer/calls/"+itemID.String()), "", s.as(as)).object(t)
	}
	got := shown(agent())
	require.Equal(t, s.store.shownCall().Ref.ItemID.String(), got["item_id"])
	require.InDelta(t, s.store.shownCall().Ref.LockVersion, got["lock_version"], 0)
	require.Equal(t, "+15042000001", got["phone"])
	require.Nil(t, got["ended_at"])
	require.Nil(t, got["outcome"])
	require.NotContains(t, shown(manager())["phone"], "2000001", "to nobody else in full")

	missing := s.send(http.MethodGet, campaignPath("/dialer/calls/"+uuid.NewString()), "", s.as(agent()))
	require.Equal(t, http.StatusNotFound, missing.Code)
	require.Equal(t, "call_not_found", missing.problem.Error)
	wrong := s.send(http.MethodGet, campaignPath("/dialer/calls/one"), "", s.as(agent()))
	require.Equal(t, http.StatusBadRequest, wrong.Code)
	require.Equal(t, "id", wrong.problem.Field)
}

func TestDialerStatsNameEveryState(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.store.dialerStats = dialer.StatsResult{
		Status: dialer.StatusRunning, States: map[dialer.State]int{dialer.StateQueued: 5, dialer.StateUnknown: 1}, Due: 4,
		Agents: map[string]int{"ready": 2},
	}
	got := s.send(http.MethodGet, campaignPath("/dialer"), "", s.as(agent()))
	require.JSONEq(t, `{
		"status": "running",
		"states": {"queued":5,"dialing":0,"ringing":0,"connected":0,"unknown":1,"completed":0,"failed":0},
		"due": 4,
		"agents": {"ready":2,"reserved":0,"on_call":0,"wrapup":0,"paused":0,"offline":0}
	}`, got.Body.String())
	require.Equal(t, []any{dialer.StatsParams{CampaignID: campaignID, Now: s.clock.Now()}}, s.store.called())
}

func TestThePowerQueueIsListedInTheTablesWords(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	at := time.Date(2026, 11, 21, 9, 4, 5, 123456000, time.FixedZone("CST", -6*60*60))
	s.store.callItems = dialer.ListItemsResult{More: true, Items: []dialer.Item{
		{
			ID: itemID, CampaignID: campaignID, ContactID: contactID, State: dialer.StateQueued, Priority: 7, NextAttemptAt: at,
			Attempts: 1, CallZone: "America/Chicago", CallSID: "CA1", AgentID: agentID, LockVersion: 3, FailReason: "max_attempts",
			LaunchID: launchID, Provenance: outdial.Provenance{By: "system", Reason: outdial.ReasonCampaignAudience},
			QueuedAt: at, UpdatedAt: at,
		},
		{ID: launchID, CampaignID: campaignID, ContactID: contactID, State: dialer.StateQueued},
	}}
	got := s.send(http.MethodGet, campaignPath("/dialer/items?state=queued&limit=2&cursor="), "", s.as(manager()))
	cursor, ok := got.object(t)["next_cursor"].(string)
	require.True(t, ok)
	require.JSONEq(t, `{"next_cursor": "`+cursor+`", "items": [{
		"id": "01939d8e-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"campaign_id": "6c1f17c9-6f8b-43d8-8af2-fa27ad84379a",
		"contact_id": "01939d8e-3a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"status": "queued",
		"priority": 7,
		"next_attempt_at": "2026-11-21T15:04:05.123456Z",
		"attempts": 1,
		"call_zone": "America/Chicago",
		"call_sid": "CA1",
		"agent_id": "478095da-e25f-4ba3-88bc-367db36f41d3",
		"lock_version": 3,
		"fail_reason": "max_attempts",
		"launch_id": "01939d8e-2a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"enqueued_by": "system",
		"enqueued_reason": "campaign_audience",
		"created_at": "2026-11-21T15:04:05.123456Z",
		"updated_at": "2026-11-21T15:04:05.123456Z"
	}, {
		"id": "01939d8e-2a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"campaign_id": "6c1f17c9-6f8b-43d8-8af2-fa27ad84379a",
		"contact_id": "01939d8e-3a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"status": "queued", "priority": 0, "next_attempt_at": null, "attempts": 0, "call_zone": null, "call_sid": null,
		"agent_id": null, "lock_version": 0, "fail_reason": null, "launch_id": null, "enqueued_by": null,
		"enqueued_reason": null, "created_at": null, "updated_at": null
	}]}`, got.Body.String())

	s.store.callItems = dialer.ListItemsResult{}
	got = s.send(http.MethodGet, campaignPath("/dialer/items?cursor="+cursor), "", s.as(manager()))
	require.JSONEq(t, `{"items":[],"next_cursor":""}`, got.Body.String())
	require.Equal(t, []any{
		dialer.ListItemsParams{CampaignID: campaignID, State: dialer.StateQueued, Limit: 2},
		dialer.ListItemsParams{CampaignID: campaignID, After: launchID, Limit: outdial.DefaultPage},
	}, s.store.called())
}

func TestAListOfThePowerQueueIsAskedForInItsOwnWords(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for query, field := range map[string]string{
		"?state=locked": "state", "?limit=0": "limit", "?limit=501": "limit", "?cursor=spring": "cursor",
		"?agent_id=" + agentID.String(): "agent_id", "?state=queued&state=failed": "state",
	} {
		got := s.send(http.MethodGet, campaignPath("/dialer/items"+query), "", s.as(manager()))
		require.Equal(t, http.StatusBadRequest, got.Code, query)
		require.Equal(t, field, got.problem.Field, query)
	}
	require.Empty(t, s.store.called())
}

func TestAPowerQueueThatIsNotConfiguredDoesNotExist(t *testing.T) {
	t.Parallel()
	optional := 0
	for _, rt := range httpapi.Routes() {
		if !strings.Contains(rt.Pattern, "/dialer") && !strings.Contains(rt.Pattern, "presence") {
			continue
		}
		optional++
		for _, sent := range []string{exampleOf(t, rt).body, `{"nonsense"`} {
			for _, actor := range []outdial.Actor{admin(), {ID: agentID, Role: outdial.RoleAgent}} {
				s := newServer(t, agentQueueOnly)
				got := s.send(rt.Method, exampleOf(t, rt).path, sent, s.as(actor))
				require.Equal(t, http.StatusNotFound, got.Code, rt.Pattern)
				unknown := s.send(rt.Method, campaignPath("/unknown"), sent, s.as(actor))
				require.Equal(t, unknown.Body.String(), got.Body.String())
				require.Empty(t, s.store.called())
			}
		}
		s := newServer(t, agentQueueOnly)
		require.Equal(t, http.StatusUnauthorized, s.try(rt).Code, "only those who are known are told")
	}
	require.Equal(t, 11, optional)
}

func TestEachServiceIsOptionalByItself(t *testing.T) {
	t.Parallel()
	onlyDialer := newServer(t, func(with *setup) { with.presence = nil })
	onlyDialer.send(http.MethodGet, campaignPath("/dialer"), "", onlyDialer.as(manager())).object(t)
	require.Equal(t, http.StatusNotFound, onlyDialer.send(http.MethodGet, campaignPath("/presence"), "", onlyDialer.as(manager())).Code)
	onlyPresence := newServer(t, func(with *setup) { with.dialer = nil })
	onlyPresence.send(http.MethodGet, campaignPath("/presence"), "", onlyPresence.as(manager())).object(t)
	require.Equal(t, http.StatusNotFound, onlyPresence.send(http.MethodGet, campaignPath("/dialer"), "", onlyPresence.as(manager())).Code)
}

func TestASweepCleansUpAllThatThereIs(t *testing.T) {
	t.Parallel()
	agentQueue := `"returned_to_agents":1,"returned_to_pool":2,"idempotency_keys_forgotten":3`
	calls := `"returned":4,"lost":5,"matched_events":6`
	for name, test := range map[string]struct {
		adjust func(*setup)
		want   string
	}{
		"everything":  {func(*setup) {}, `{` + agentQueue + `,` + calls + `,"agents_expired":7}`},
		"no presence": {func(with *setup) { with.presence = nil }, `{` + agentQueue + `,` + calls + `}`},
		"no dialer":   {func(with *setup) { with.dialer = nil }, `{` + agentQueue + `,"agents_expired":7}`},
		"neither":     {agentQueueOnly, `{` + agentQueue + `}`},
	} {
		s := newServer(t, test.adjust)
		s.store.sweep = queue.SweepResult{ToAgents: 1, ToPool: 2, KeysForgotten: 3}
		s.store.sweptCalls = dialer.SweepResult{Returned: 4, Lost: 5, Matched: 6}
		s.store.expired = 7
		got := s.send(http.MethodPost, "/ops/sweep", "", s.as(manager()))
		require.JSONEq(t, test.want, got.Body.String(), name)
	}
	t.Run("and says so when there was nothing", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		got := s.send(http.MethodPost, "/ops/sweep", "", s.as(manager()))
		require.JSONEq(t, `{"returned_to_agents":0,"returned_to_pool":0,"idempotency_keys_forgotten":0,
			"returned":0,"lost":0,"matched_events":0,"agents_expired":0}`, got.Body.String())
	})
}

func TestARollbackTakesALaunchOutOfWhicheverQueueItFilled(t *testing.T) {
	t.Parallel()
	unknown := outdial.NotFound("launch")
	for name, test := range map[string]struct {
		items, calls error
		status       int
		want         string
	}{
		"both":                            {nil, nil, http.StatusOK, `{"released":7,"failed":4,"kept":3}`},
		"the agent queue":                 {nil, unknown, http.StatusOK, `{"released":7,"failed":0,"kept":1}`},
		"the power queue":                 {unknown, nil, http.StatusOK, `{"released":0,"failed":4,"kept":2}`},
		"neither":                         {unknown, unknown, http.StatusNotFound, ""},
		"no campaign":                     {outdial.NotFound("campaign"), outdial.NotFound("campaign"), http.StatusNotFound, ""},
		"nobody knows":                    {errors.New("the disk is full"), nil, http.StatusInternalServerError, ""},
		"nobody knows of the power queue": {nil, errors.New("the disk is full"), http.StatusInternalServerError, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.store.unknownLaunch, s.store.unknownCalls = test.items, test.calls
			if test.items == nil {
				s.store.rollback = queue.RollbackResult{Released: 7, Kept: 1}
			}
			if test.calls == nil {
				s.store.failedCalls = dialer.RollbackResult{Failed: 4, Kept: 2}
			}
			got := s.send(http.MethodPost, "/ops/rollback",
				`{"campaign_id":"`+campaignID.String()+`","launch_id":"`+launchID.String()+`"}`, s.as(manager()))
			require.Equal(t, test.status, got.Code)
			if test.want != "" {
				require.JSONEq(t, test.want, got.Body.String())
				require.Equal(t, []any{
					queue.RollbackParams{CampaignID: campaignID, LaunchID: launchID, ActorID: managerID, Now: s.clock.Now()},
					dialer.RollbackParams{CampaignID: campaignID, LaunchID: launchID, ActorID: managerID, Now: s.clock.Now()},
				}, s.store.called())
			}
			if test.status == http.StatusNotFound {
				require.Equal(t, map[string]string{"neither": "launch_not_found", "no campaign": "campaign_not_found"}[name], got.problem.Error)
			}
		})
	}
}
