package presence_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer/presence"
)

func TestConfigWithDefaults(t *testing.T) {
	t.Parallel()

	t.Run("the zero value works", func(t *testing.T) {
		t.Parallel()

		config := presence.Config{}.WithDefaults()
		require.WithinDuration(t, time.Now(), config.Clock.Now(), time.Minute)
		require.Nil(t, config.Agents)
		require.False(t, config.Logger.Enabled(t.Context(), 100), "records are discarded")
		require.Equal(t, 30*time.Second, config.ExpireAfter)
		require.Equal(t, 30*time.Second, presence.Config{ExpireAfter: -1}.WithDefaults().ExpireAfter, "what makes no sense has its default")
	})
	t.Run("what is given stays", func(t *testing.T) {
		t.Parallel()

		given := presence.Config{
			Clock: clock.NewMock(), ExpireAfter: time.Minute, Agents: &directory{}, Logger: presence.Config{}.WithDefaults().Logger,
		}
		require.Equal(t, given, given.WithDefaults())
	})
}

// What the store receives is the whole of what it needs, in UTC and to the microsecond.
func TestStoreReceivesCheckedParams(t *testing.T) {
	t.Parallel()

	t.Run("Set for the actor by default", func(t *testing.T) {
		t.Parallel()

		for _, state := range []presence.State{presence.StateReady, presence.StatePaused, presence.StateOffline} {
			service, bundle := setup(t)
			_, err := service.Set(t.Context(), agent(), presence.SetRequest{CampaignID: campaignID, State: state})
			require.NoError(t, err)
			require.Equal(t, []any{presence.SetParams{
				CampaignID: campaignID, AgentID: agentID, State: state, ExpiresAt: requestTime.Add(30 * time.Second), Now: requestTime,
			}}, bundle.store.calls)
		}
	})
	t.Run("Set by a manager for an agent, who expires later", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t, func(c *presence.Config) { c.ExpireAfter = time.Minute })
		_, err := service.Set(t.Context(), manager(), presence.SetRequest{CampaignID: campaignID, AgentID: agentID, State: presence.StatePaused})
		require.NoError(t, err)
		require.Equal(t, []any{presence.SetParams{
			CampaignID: campaignID, AgentID: agentID, State: presence.StatePaused, ExpiresAt: requestTime.Add(time.Minute), Now: requestTime,
		}}, bundle.store.calls)
	})
	t.Run("Heartbeat for the actor by default", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		_, err := service.Heartbeat(t.Context(), agent(), presence.HeartbeatRequest{})
		require.NoError(t, err)
		bundle.clock.Add(10 * time.Second)
		_, err = service.Heartbeat(t.Context(), manager(), presence.HeartbeatRequest{AgentID: otherAgent})
		require.NoError(t, err)
		require.Equal(t, []any{
			presence.TouchParams{AgentID: agentID, ExpiresAt: requestTime.Add(30 * time.Second), Now: requestTime},
			presence.TouchParams{AgentID: otherAgent, ExpiresAt: requestTime.Add(40 * time.Second), Now: requestTime.Add(10 * time.Second)},
		}, bundle.store.calls)
	})
	t.Run("List and Expire", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		_, err := service.List(t.Context(), manager(), campaignID)
		require.NoError(t, err)
		_, err = service.Expire(t.Context(), outdial.System())
		require.NoError(t, err)
		require.Equal(t, []any{presence.ListParams{CampaignID: campaignID}, presence.ExpireParams{Now: requestTime}}, bundle.store.calls)
	})
}

func TestResultsComeFromTheStore(t *testing.T) {
	t.Parallel()

	service, bundle := setup(t)
	bundle.store.session = presence.Session{AgentID: agentID, CampaignID: campaignID, State: presence.StateOnCall, CallID: uuid.New()}
	bundle.store.listed = []presence.Session{bundle.store.session}
	bundle.store.expired = 3

	session, err := service.Set(t.Context(), agent(), presence.SetRequest{CampaignID: campaignID, State: presence.StateReady})
	require.NoError(t, err)
	require.Equal(t, bundle.store.session, session)
	session, err = service.Heartbeat(t.Context(), agent(), presence.HeartbeatRequest{})
	require.NoError(t, err)
	require.Equal(t, bundle.store.session, session, "a heartbeat tells what has become of the agent")
	sessions, err := service.List(t.Context(), manager(), campaignID)
	require.NoError(t, err)
	require.Equal(t, bundle.store.listed, sessions)
	expired, err := service.Expire(t.Context(), manager())
	require.NoError(t, err)
	require.Equal(t, 3, expired)
}

func TestWhoHasExpiredIsListedAsOffline(t *testing.T) {
	t.Parallel()

	service, bundle := setup(t)
	session := func(state presence.State, expires time.Duration) presence.Session {
		return presence.Session{
			AgentID: agentID, CampaignID: campaignID, State: state, Since: requestTime.Add(-time.Hour), ExpiresAt: requestTime.Add(expires),
		}
	}
	bundle.store.listed = []presence.Session{
		session(presence.StateReady, time.Second), session(presence.StateReady, -time.Second),
		session(presence.StateOnCall, -time.Second), session(presence.StateOffline, -time.Minute),
	}
	gone := session(presence.StateOffline, -time.Second)
	gone.Since = gone.ExpiresAt
	want := []presence.Session{bundle.store.listed[0], gone, bundle.store.listed[2], bundle.store.listed[3]}
	got, err := service.List(t.Context(), manager(), campaignID)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestBadInputNamesItsFieldAndReachesNoStore(t *testing.T) {
	t.Parallel()

	set := func(actor outdial.Actor, req presence.SetRequest) func(*presence.Service) error {
		return func(s *presence.Service) error {
			_, err := s.Set(context.Background(), actor, req)
			return err
		}
	}
	tests := map[string]struct {
		call           func(*presence.Service) error
		field, problem string
	}{
		"Set with no campaign":       {set(agent(), presence.SetRequest{State: presence.StateReady}), "campaign_id", "is required"},
		"Set with no state":          {set(agent(), presence.SetRequest{CampaignID: campaignID}), "state", "must be ready, paused or offline"},
		"Set to a state in capitals": {set(agent(), presence.SetRequest{CampaignID: campaignID, State: "READY"}), "state", "must be ready, paused or offline"},
		"Set by nobody for nobody":   {set(outdial.System(), presence.SetRequest{CampaignID: campaignID, State: presence.StateReady}), "agent_id", "is required"},
		"Heartbeat of nobody for nobody": {func(s *presence.Service) error {
			_, err := s.Heartbeat(context.Background(), outdial.System(), presence.HeartbeatRequest{})
			return err
		}, "agent_id", "is required"},
		"List with no campaign": {func(s *presence.Service) error {
			_, err := s.List(context.Background(), manager(), uuid.Nil)
			return err
		}, "campaign_id", "is required"},
	}
	for _, state := range presence.States() {
		if !state.Chosen() {
			tests["Set to "+string(state)+", which follows from calls"] = struct {
				call           func(*presence.Service) error
				field, problem string
			}{set(manager(), presence.SetRequest{CampaignID: campaignID, AgentID: agentID, State: state}), "state", "must be ready, paused or offline"}
		}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			agents := &directory{}
			service, bundle := setup(t, func(c *presence.Config) { c.Agents = agents })
			requireFieldError(t, test.call(service), test.field, test.problem)
			require.Empty(t, bundle.store.calls)
			require.Empty(t, agents.asked)
			require.Empty(t, bundle.log.String())
		})
	}
}

func TestAgentDirectory(t *testing.T) {
	t.Parallel()

	ready := presence.SetRequest{CampaignID: campaignID, AgentID: agentID, State: presence.StateReady}
	t.Run("lets those through whom the host knows", func(t *testing.T) {
		t.Parallel()

		agents := &directory{known: []uuid.UUID{agentID}}
		service, _ := setup(t, func(c *presence.Config) { c.Agents = agents })
		_, err := service.Set(t.Context(), manager(), ready)
		require.NoError(t, err)
		require.Equal(t, [][2]uuid.UUID{{campaignID, agentID}}, agents.asked)
	})
	t.Run("keeps others out", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t, func(c *presence.Config) { c.Agents = &directory{} })
		_, err := service.Set(t.Context(), agent(), ready)
		require.ErrorIs(t, err, outdial.ErrNotFound)
		require.EqualError(t, err, "agent_id: no such agent")
		require.Empty(t, bundle.store.calls)
	})
	t.Run("that cannot say is an error", func(t *testing.T) {
		t.Parallel()

		down := errors.New("directory down")
		service, bundle := setup(t, func(c *presence.Config) { c.Agents = &directory{err: down} })
		_, err := service.Set(t.Context(), agent(), ready)
		require.ErrorIs(t, err, down)
		require.Empty(t, bundle.store.calls)
	})
	t.Run("is asked by Set alone", func(t *testing.T) {
		t.Parallel()

		agents := &directory{err: errors.New("must not be asked")}
		service, _ := setup(t, func(c *presence.Config) { c.Agents = agents })
		for _, op := range operations() {
			if op.name != "Set" {
				require.NoError(t, op.call(t.Context(), service, manager(), agentID), op.name)
			}
		}
		require.Empty(t, agents.asked)
	})
}

func TestStoreErrorsReachTheCaller(t *testing.T) {
	t.Parallel()

	for _, op := range operations() {
		for name, err := range map[string]error{
			"a missing campaign":       outdial.NotFound("campaign"),
			"an agent whom a call has": outdial.Conflict("a call has the agent"),
			"an error nobody foresaw":  errors.New("the disk is full"),
		} {
			t.Run(op.name+": "+name, func(t *testing.T) {
				t.Parallel()

				service, bundle := setup(t)
				bundle.store.err = err
				require.ErrorIs(t, op.call(t.Context(), service, manager(), agentID), err)
				require.Empty(t, bundle.log.String(), "a change that did not happen is not logged")
			})
		}
		t.Run(op.name+": a caller who left", func(t *testing.T) {
			t.Parallel()

			service, _ := setup(t)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			require.ErrorIs(t, op.call(ctx, service, manager(), agentID), context.Canceled)
		})
	}
}

func TestLog(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		message string
		members []string
	}{
		"Set":    {"presence set", []string{"campaign_id", "agent_id", "actor_id", "state"}},
		"Expire": {"presence expired", []string{"expired"}},
		// One every ten seconds from every agent would hide all others.
		"Heartbeat": {},
		"List":      {},
	} {
		what := " is one record"
		if test.message == "" {
			what = " is no record"
		}
		t.Run(name+what, func(t *testing.T) {
			t.Parallel()

			service, bundle := setup(t)
			bundle.store.session = presence.Session{AgentID: agentID, CampaignID: campaignID, State: presence.StateReady}
			bundle.store.expired = 1
			at := slices.IndexFunc(operations(), func(op operation) bool { return op.name == name })
			require.NoError(t, operations()[at].call(t.Context(), service, manager(), agentID))
			var records []map[string]any
			for lines := bufio.NewScanner(bundle.log); lines.Scan(); {
				var record map[string]any
				require.NoError(t, json.Unmarshal(lines.Bytes(), &record))
				records = append(records, record)
			}
			if test.message == "" {
				require.Empty(t, records)
				return
			}
			require.Len(t, records, 1)
			require.Equal(t, test.message, records[0]["msg"])
			require.ElementsMatch(t, append([]string{"time", "level", "msg"}, test.members...), slices.Collect(maps.Keys(records[0])))
		})
	}
	t.Run("Expire of nobody is no record", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		_, err := service.Expire(t.Context(), manager())
		require.NoError(t, err)
		require.Empty(t, bundle.log.String())
	})
}

func TestWithStore(t *testing.T) {
	t.Parallel()

	service, bundle := setup(t)
	transaction := &fakeStore{}
	bound := service.WithStore(transaction)
	for _, op := range operations() {
		require.NoError(t, op.call(t.Context(), bound, manager(), agentID))
	}
	require.Len(t, transaction.calls, len(operations()))
	require.Empty(t, bundle.store.calls)
}
