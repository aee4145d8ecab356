package httpapi_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer/presence"
)

func TestAnAgentSaysWhatTheyDo(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	since := time.Date(2026, 11, 21, 9, 4, 5, 123456000, time.FixedZone("CST", -6*60*60))
	s.store.session = presence.Session{
		AgentID: agentID, CampaignID: campaignID, State: presence.StateReady, Since: since, ExpiresAt: since.Add(30 * time.Second),
	}
	got := s.send(http.MethodPut, campaignPath("/presence"), `{"state":"ready"}`, s.as(agent()))
	require.JSONEq(t, `{
		"agent_id": "478095da-e25f-4ba3-88bc-367db36f41d3",
		"campaign_id": "6c1f17c9-6f8b-43d8-8af2-fa27ad84379a",
		"state": "ready",
		"since": "2026-11-21T15:04:05.123456Z",
		"expires_at": "2026-11-21T15:04:35.123456Z",
		"call_id": null
	}`, got.Body.String())
	s.send(http.MethodPut, campaignPath("/presence"), `{"agent_id":"`+agentID.String()+`","state":"offline"}`, s.as(manager())).object(t)
	now := s.clock.Now()
	require.Equal(t, []any{
		presence.SetParams{CampaignID: campaignID, AgentID: agentID, State: presence.StateReady, ExpiresAt: now.Add(30 * time.Second), Now: now},
		presence.SetParams{CampaignID: campaignID, AgentID: agentID, State: presence.StateOffline, ExpiresAt: now.Add(30 * time.Second), Now: now},
	}, s.store.called())
}

func TestAnAgentChoosesOnlyWhatMayBeChosen(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, sent := range []string{
		``, `{}`, `{"state":null}`, `{"state":""}`, `{"state":"on_call"}`, `{"state":"reserved"}`, `{"state":"wrapup"}`, `{"state":"READY"}`, `{"state":1}`,
	} {
		got := s.send(http.MethodPut, campaignPath("/presence"), sent, s.as(agent()))
		require.Equal(t, http.StatusBadRequest, got.Code, sent)
		require.Equal(t, "state", got.problem.Field, sent)
	}
	got := s.send(http.MethodPut, campaignPath("/presence"), `{"state":"ready","campaign_id":"x"}`, s.as(agent()))
	require.Equal(t, "campaign_id", got.problem.Field)
	require.Empty(t, s.store.called())
}

func TestAnAgentSpeaksForThemselvesOnly(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	other := `"agent_id":"` + managerID.String() + `"`
	got := s.send(http.MethodPut, campaignPath("/presence"), `{`+other+`,"state":"ready"}`, s.as(agent()))
	require.Equal(t, http.StatusForbidden, got.Code)
	got = s.send(http.MethodPost, "/presence/heartbeat", `{`+other+`}`, s.as(agent()))
	require.Equal(t, http.StatusForbidden, got.Code)
	steering := agent()
	steering.Scopes = []outdial.Scope{outdial.ScopeDialerControl}
	got = s.send(http.MethodPut, campaignPath("/presence"), `{"state":"ready"}`, s.as(steering))
	require.Equal(t, http.StatusForbidden, got.Code)
	require.Equal(t, "needs scope queue:pull", got.problem.Detail)
	pulling := agent()
	pulling.Scopes = []outdial.Scope{outdial.ScopeQueuePull}
	got = s.send(http.MethodGet, campaignPath("/presence"), "", s.as(pulling))
	require.Equal(t, http.StatusForbidden, got.Code)
	require.Equal(t, "needs scope dialer:control", got.problem.Detail)
	require.Empty(t, s.store.called())
}

func TestPresenceSaysWhyItCannotBeSet(t *testing.T) {
	t.Parallel()
	for code, err := range map[string]error{
		"conflict": outdial.Conflict("a call has the agent"), "campaign_not_found": outdial.NotFound("campaign"),
	} {
		s := newServer(t)
		s.store.err = err
		got := s.send(http.MethodPut, campaignPath("/presence"), `{"state":"paused"}`, s.as(agent()))
		require.Equal(t, code, got.problem.Error)
	}
	s := newServer(t, func(with *setup) { with.presence.Agents = nobodyKnown{} })
	got := s.send(http.MethodPut, campaignPath("/presence"), `{"state":"paused"}`, s.as(agent()))
	require.Equal(t, "agent_not_found", got.problem.Error)
	require.Empty(t, s.store.called())
}

// nobodyKnown is a host without agents.
type nobodyKnown struct{}

func (nobodyKnown) AgentExists(context.Context, uuid.UUID, uuid.UUID) (bool, error) {
	return false, nil
}

func TestAHeartbeatTellsWhatHasBecomeOfTheAgent(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.store.session = presence.Session{AgentID: agentID, CampaignID: campaignID, State: presence.StateOnCall, CallID: itemID}
	for _, sent := range []string{"", "{}", `{"agent_id":null}`, `{"agent_id":"` + agentID.String() + `"}`} {
		got := s.send(http.MethodPost, "/presence/heartbeat", sent, s.as(agent())).object(t)
		require.Equal(t, "on_call", got["state"])
		require.Equal(t, itemID.String(), got["call_id"])
	}
	now := s.clock.Now()
	for _, asked := range s.store.called() {
		require.Equal(t, presence.TouchParams{AgentID: agentID, ExpiresAt: now.Add(30 * time.Second), Now: now}, asked)
	}
	s.store.err = outdial.NotFound("agent")
	got := s.send(http.MethodPost, "/presence/heartbeat", "", s.as(agent()))
	require.Equal(t, "agent_not_found", got.problem.Error)
}

func TestACampaignsAgentsAreListed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.send(http.MethodGet, campaignPath("/presence"), "", s.as(manager()))
	require.JSONEq(t, `{"items":[],"next_cursor":""}`, got.Body.String())
	for _, state := range presence.States() {
		s.store.sessions = append(s.store.sessions, presence.Session{
			AgentID: agentID, CampaignID: campaignID, State: state, ExpiresAt: s.clock.Now().Add(time.Second),
		})
	}
	items, ok := s.send(http.MethodGet, campaignPath("/presence"), "", s.as(manager())).object(t)["items"].([]any)
	require.True(t, ok)
	for i, state := range presence.States() {
		item, ok := items[i].(map[string]any)
		require.True(t, ok)
		require.Equal(t, string(state), item["state"])
		require.Nil(t, item["since"])
	}
	require.Equal(t, []any{presence.ListParams{CampaignID: campaignID}, presence.ListParams{CampaignID: campaignID}}, s.store.called())
}
