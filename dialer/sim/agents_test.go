package sim_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/sim"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store/sqlite"
)

// office is a campaign with agents.
type office struct {
	*testing.T

	store      *sqlite.Store
	campaignID uuid.UUID
}

// officeTest runs a test in a bubble in which time passes by itself.
func officeTest(t *testing.T, test func(o *office)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(newOffice(t)) })
}

func newOffice(t *testing.T) *office {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Memory)
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	require.NoError(t, store.Migrate(t.Context()))
	o := &office{T: t, store: store, campaignID: uuid.New()}
	_, err = store.EnsureCampaign(t.Context(), intake.EnsureCampaignParams{ID: o.campaignID, Name: "Spring", Now: time.Now()})
	require.NoError(t, err)
	return o
}

func (o *office) start(agents int) *sim.Agents {
	ids := make([]uuid.UUID, agents)
	for i := range ids {
		ids[i] = token(i)
	}
	return sim.StartAgents(o.store, sim.AgentsConfig{CampaignID: o.campaignID, IDs: ids})
}

// states counts the agents by what they are doing.
func (o *office) states(now time.Time) map[presence.State]int {
	o.Helper()
	sessions, err := o.store.ListPresence(o.Context(), presence.ListParams{CampaignID: o.campaignID})
	require.NoError(o, err)
	counts := map[presence.State]int{}
	for _, session := range sessions {
		counts[session.StateAt(now)]++
	}
	return counts
}

// wrappingUp is presence whose agents write down what was said in a call, until they
// choose another state.
type wrappingUp struct {
	sim.Presence

	since time.Time
	chose chan time.Time
}

func (w *wrappingUp) TouchPresence(_ context.Context, p presence.TouchParams) (presence.Session, error) {
	return presence.Session{AgentID: p.AgentID, State: presence.StateWrapUp, Since: w.since, CallID: token(9)}, nil
}

func (w *wrappingUp) SetPresence(_ context.Context, p presence.SetParams) (presence.Session, error) {
	w.chose <- p.Now
	return presence.Session{}, nil
}

// refusing is presence that takes nobody.
type refusing struct{}

func (refusing) TouchPresence(context.Context, presence.TouchParams) (presence.Session, error) {
	return presence.Session{}, outdial.NotFound("agent")
}

func (refusing) SetPresence(context.Context, presence.SetParams) (presence.Session, error) {
	return presence.Session{}, outdial.Conflict("a call has the agent")
}

func TestAgents(t *testing.T) {
	t.Parallel()

	t.Run("sign in within a heartbeat, and stay for as long as they are not closed", func(t *testing.T) {
		t.Parallel()

		officeTest(t, func(o *office) {
			agents := o.start(10)
			pass(5 * time.Second)
			require.Equal(o, map[presence.State]int{presence.StateReady: 10}, o.states(time.Now()))
			pass(time.Hour)
			require.Equal(o, map[presence.State]int{presence.StateReady: 10}, o.states(time.Now()))
			agents.Close()
			pass(31 * time.Second)
			require.Equal(o, map[presence.State]int{presence.StateOffline: 10}, o.states(time.Now()))
		})
	})
	t.Run("sign in again when they were taken for gone", func(t *testing.T) {
		t.Parallel()

		officeTest(t, func(o *office) {
			agents := o.start(1)
			defer agents.Close()
			pass(7 * time.Second)
			_, err := o.store.SetPresence(o.Context(), presence.SetParams{
				CampaignID: o.campaignID, AgentID: token(0), State: presence.StateOffline,
				ExpiresAt: time.Now(), Now: time.Now(),
			})
			require.NoError(o, err)
			pass(5 * time.Second)
			require.Equal(o, map[presence.State]int{presence.StateReady: 1}, o.states(time.Now()))
		})
	})
	t.Run("leave alone who has paused", func(t *testing.T) {
		t.Parallel()

		officeTest(t, func(o *office) {
			agents := o.start(1)
			defer agents.Close()
			pass(7 * time.Second)
			_, err := o.store.SetPresence(o.Context(), presence.SetParams{
				CampaignID: o.campaignID, AgentID: token(0), State: presence.StatePaused,
				ExpiresAt: time.Now().Add(30 * time.Second), Now: time.Now(),
			})
			require.NoError(o, err)
			pass(time.Minute)
			require.Equal(o, map[presence.State]int{presence.StatePaused: 1}, o.states(time.Now()))
		})
	})
	t.Run("are ready again once they have written down what was said", func(t *testing.T) {
		t.Parallel()

		synctest.Test(t, func(t *testing.T) {
			desk := &wrappingUp{since: time.Now().UTC(), chose: make(chan time.Time, 1)}
			agents := sim.StartAgents(desk, sim.AgentsConfig{IDs: []uuid.UUID{token(0)}, WrapUp: sim.Exactly(12 * time.Second)})
			defer agents.Close()
			require.Equal(t, 12*time.Second, (<-desk.chose).Sub(desk.since))
			synctest.Wait()
			require.Equal(t, 1, agents.Calls())
		})
	})
	t.Run("count no call from which they could not become ready", func(t *testing.T) {
		t.Parallel()

		synctest.Test(t, func(t *testing.T) {
			agents := sim.StartAgents(refusing{}, sim.AgentsConfig{IDs: []uuid.UUID{token(0)}})
			pass(time.Minute)
			agents.Close()
			require.Zero(t, agents.Calls())
		})
	})
	t.Run("follow a mock clock", func(t *testing.T) {
		t.Parallel()

		mock, o := clock.NewMock(), newOffice(t)
		agents := sim.StartAgents(o.store, sim.AgentsConfig{Clock: mock, CampaignID: o.campaignID, IDs: []uuid.UUID{token(0), token(1)}})
		defer agents.Close()
		require.Eventually(t, func() bool {
			mock.Add(time.Second)
			return o.states(mock.Now())[presence.StateReady] == 2
		}, 10*time.Second, time.Millisecond)
	})
}
