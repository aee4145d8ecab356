package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/store/postgres"
)

// patience is how long a test waits for what must happen soon.
const patience = 20 * time.Second

// site is a store with a campaign, and a host beside it that gets in its way.
type site struct {
	host

	store      *postgres.Store
	campaignID uuid.UUID
	agentID    uuid.UUID
	people     []person
}

// newSite returns a campaign in which the agent holds Bette, and James is free.
func newSite(t *testing.T, parameters ...string) *site {
	t.Helper()
	address := database(t)
	h := newHost(t, address.String())
	query := address.Query()
	query.Set("application_name", "outdial")
	for i := 0; i < len(parameters); i += 2 {
		query.Set(parameters[i], parameters[i+1])
	}
	address.RawQuery = query.Encode()
	s := &site{host: h, store: open(t, address.String()), campaignID: uuid.New(), agentID: uuid.New()}
	s.people = []person{newPerson("Bette"), newPerson("James")}
	h.add(t, s.people, s.campaignID)
	_, err := s.store.ReplaceQueue(t.Context(), s.replaceParams("Bette"))
	require.NoError(t, err)
	return s
}

func (s *site) replaceParams(text string) queue.ReplaceParams {
	return queue.ReplaceParams{
		CampaignID: s.campaignID, AgentID: s.agentID, ActorID: s.agentID,
		Filter: filter.Text("first_name").Contains(text), Now: time.Now().UTC(),
	}
}

// replaceOther swaps Bette for James: one row is released, one is added.
func (s *site) replaceOther(ctx context.Context) error {
	_, err := s.store.ReplaceQueue(ctx, s.replaceParams("James"))
	return err
}

func (s *site) replaceOtherUnderKey(ctx context.Context) error {
	params := s.replaceParams("James")
	params.Idempotency = outdial.Idempotency{ActorID: s.agentID, Key: "once", Fingerprint: "swap"}
	_, err := s.store.ReplaceQueue(ctx, params)
	return err
}

func (s *site) pull(ctx context.Context) error {
	_, err := s.store.PullItem(ctx, queue.PullParams{
		CampaignID: s.campaignID, AgentID: s.agentID, LockFor: time.Minute, Now: time.Now().UTC(),
	})
	return err
}

func (s *site) clear(ctx context.Context) error {
	_, err := s.store.ClearQueue(ctx, queue.ClearParams{
		CampaignID: s.campaignID, AgentID: s.agentID, ActorID: s.agentID, Now: time.Now().UTC(),
	})
	return err
}

func (s *site) enqueue(ctx context.Context) error {
	_, err := s.store.EnqueueItems(ctx, queue.EnqueueParams{
		CampaignID: s.campaignID, AgentID: s.agentID, ActorID: s.agentID, LaunchID: uuid.New(),
		ContactIDs: []uuid.UUID{s.people[1].ID}, Now: time.Now().UTC(),
		Provenance: outdial.Provenance{By: "system", Reason: outdial.ReasonManualAdd},
	})
	return err
}

// blocked begins a transaction of the host's that is in the store's way, starts a
// call of the store, and returns when the store waits.
func (s *site) blocked(t *testing.T, lock string, call func() error) (tx *sqlx.Tx, done chan error) {
	t.Helper()
	tx, err := s.Beginx()
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback() })
	_, err = tx.Exec(lock)
	require.NoError(t, err)
	done = make(chan error, 1)
	go func() { done <- call() }()
	s.awaitWaiting(t, 1)
	return tx, done
}

// await returns when something has happened, which the test's goroutine asks again
// and again.
func await(t *testing.T, happened func() bool) {
	t.Helper()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(patience); !happened(); <-again.C {
		require.True(t, time.Now().Before(deadline), "it did not happen")
	}
}

// awaitWaiting returns when so many of the store's sessions wait for a lock.
func (s *site) awaitWaiting(t *testing.T, sessions int) {
	t.Helper()
	await(t, func() bool {
		return s.number(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
			AND application_name = 'outdial' AND wait_event_type = 'Lock'`) == sessions
	})
}

// killUntil ends every session in which the store waits, until the call gives up:
// a call of one statement is tried again on another connection first.
func (s *site) killUntil(t *testing.T, done <-chan error) {
	t.Helper()
	await(t, func() bool {
		select {
		case err := <-done:
			require.Error(t, err)
			return true
		default:
			s.number(t, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
				WHERE datname = current_database() AND application_name = 'outdial' AND wait_event_type = 'Lock'`)
			return false
		}
	})
}

// awaitIdle returns when no session of the store is at work.
func (s *site) awaitIdle(t *testing.T) {
	t.Helper()
	await(t, func() bool {
		return s.number(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
			AND application_name = 'outdial' AND state <> 'idle'`) == 0 && s.store.DB().Stats().InUse == 0
	})
}

// In the middle is where a call has done nearly all: the audit entry, or the row,
// is what it waits to write.
const (
	beforeTheAudit = "LOCK TABLE audit_log IN ACCESS EXCLUSIVE MODE"
	beforeTheQueue = "LOCK TABLE agent_queue IN ACCESS EXCLUSIVE MODE"
)

// interrupted are calls that stop in the middle.
func interrupted() map[string]struct {
	lock string
	call func(*site, context.Context) error
} {
	return map[string]struct {
		lock string
		call func(*site, context.Context) error
	}{
		"Replace":             {beforeTheAudit, (*site).replaceOther},
		"Replace under a key": {beforeTheAudit, (*site).replaceOtherUnderKey},
		"Clear":               {beforeTheAudit, (*site).clear},
		"Enqueue":             {beforeTheAudit, (*site).enqueue},
		"Pull":                {beforeTheQueue, (*site).pull},
	}
}

func TestCallWhoseBackendIsKilledLeavesNothingBehind(t *testing.T) {
	t.Parallel()

	for name, test := range interrupted() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newSite(t)
			before, written := s.queue(t, s.campaignID), s.written(t)
			tx, done := s.blocked(t, test.lock, func() error { return test.call(s, t.Context()) })
			s.killUntil(t, done)
			require.NoError(t, tx.Rollback())
			require.Equal(t, before, s.queue(t, s.campaignID))
			require.Equal(t, written, s.written(t))

			require.NoError(t, test.call(s, t.Context()), "the next call works")
			require.NotEqual(t, before, s.queue(t, s.campaignID))
		})
	}
}

func TestCallWhoseContextIsCancelledLeavesNothingBehind(t *testing.T) {
	t.Parallel()

	for name, test := range interrupted() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newSite(t)
			before, written := s.queue(t, s.campaignID), s.written(t)
			ctx, cancel := context.WithCancel(t.Context())
			tx, done := s.blocked(t, test.lock, func() error { return test.call(s, ctx) })
			cancel()
			require.ErrorIs(t, <-done, context.Canceled)
			s.awaitIdle(t)
			require.NoError(t, tx.Rollback())
			require.Equal(t, before, s.queue(t, s.campaignID))
			require.Equal(t, written, s.written(t))

			require.NoError(t, test.call(s, t.Context()), "the next call works")
			require.NotEqual(t, before, s.queue(t, s.campaignID))
		})
	}

	t.Run("as often as it happens, every connection comes back", func(t *testing.T) {
		t.Parallel()

		s := newSite(t)
		ctx, cancel := context.WithCancel(t.Context())
		// More calls than connections, and not one of them cancelled before it waits:
		// lib/pq's request to stop is lost on a server that has not begun.
		connections := s.store.DB().Stats().MaxOpenConnections
		calls := connections + 8
		tx, done := s.blocked(t, beforeTheQueue, func() error { return s.replaceOther(ctx) })
		results := make(chan error, calls)
		for range calls {
			go func() { results <- s.pull(ctx) }()
		}
		s.awaitWaiting(t, connections)
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
		for range calls {
			require.ErrorIs(t, <-results, context.Canceled)
		}
		s.awaitIdle(t)
		require.NoError(t, tx.Rollback())
		require.NoError(t, s.replaceOther(t.Context()))
		s.awaitIdle(t)
	})
}

func TestCallWhoseContextHasEndedDoesNothing(t *testing.T) {
	t.Parallel()

	s := newSite(t)
	before, written := s.queue(t, s.campaignID), s.written(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range interrupted() {
		require.ErrorIs(t, test.call(s, ctx), context.Canceled, name)
	}
	require.Equal(t, before, s.queue(t, s.campaignID))
	require.Equal(t, written, s.written(t))
}

// A deadlock with the host is nobody's fault: each locked one row first and then
// wants the other's.
func TestDeadlockWithAHostIsRetriedAndReachesNoCaller(t *testing.T) {
	t.Parallel()

	// Who has waited for longer is the one that Postgres ends, which is the store,
	// unless the machine was so busy that the host's wait began too late.
	const tries = 5
	s := newSite(t)
	for range tries {
		_, err := s.store.ReplaceQueue(t.Context(), s.replaceParams("Bette"))
		require.NoError(t, err)
		tx, done := s.blocked(t, "SELECT FROM agent_queue WHERE queue_state = 'queued' FOR UPDATE",
			func() error { return s.replaceOther(t.Context()) })
		_, hostErr := tx.Exec("SELECT FROM campaign_settings FOR UPDATE")
		require.NoError(t, tx.Rollback())
		require.NoError(t, <-done)
		require.Equal(t, []uuid.UUID{s.people[1].ID}, s.holds(t, s.campaignID, s.agentID))
		if hostErr == nil {
			return
		}
	}
	require.Fail(t, "the store was never the one that Postgres ended")
}

func TestItemThatIsStartedWhileItIsReplacedIsKept(t *testing.T) {
	t.Parallel()

	for name, replace := range map[string]func(*site, host) (counts, error){
		"by the store": func(s *site, _ host) (counts, error) {
			result, err := s.store.ReplaceQueue(context.Background(), s.replaceParams("James"))
			return counts{Released: result.Released, Assigned: result.Assigned, Skipped: result.SkippedDueToCollision}, err
		},
		"by the function": func(s *site, beside host) (counts, error) {
			return beside.tryReplace(s.campaignID, s.agentID, s.agentID, "James")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newSite(t)
			beside := newHost(t, s.address(t))
			var got counts
			tx, done := s.blocked(t, "UPDATE agent_queue SET queue_state = 'in_progress' WHERE queue_state = 'queued'",
				func() (err error) { got, err = replace(s, beside); return err })
			require.NoError(t, tx.Commit())
			require.NoError(t, <-done)
			require.Equal(t, counts{Assigned: 1}, got, "the one in progress was not released, and is not counted")
			require.Len(t, s.holds(t, s.campaignID, s.agentID), 2)
		})
	}
}

// address is how to connect as the store does.
func (s *site) address(t *testing.T) string {
	t.Helper()
	address := server(t)
	query := address.Query()
	query.Set("application_name", "outdial")
	address.RawQuery = query.Encode()
	address.Path = "/" + s.text(t, "SELECT current_database()")
	return address.String()
}

// Under a stricter isolation, which a host may have as its default, Postgres ends
// transactions that it would otherwise let wait.
func TestSerializationFailuresReachNoCaller(t *testing.T) {
	t.Parallel()

	for _, isolation := range []string{"repeatable read", "serializable"} {
		t.Run(isolation, func(t *testing.T) {
			t.Parallel()

			s := newSite(t, "default_transaction_isolation", isolation)
			require.Equal(t, isolation, func() (is string) {
				require.NoError(t, s.store.DB().Get(&is, "SHOW transaction_isolation"))
				return is
			}())
			people := newPeople(30, "Bette")
			s.add(t, people, s.campaignID)
			const agents, rounds = 6, 5
			done := make(chan error, agents)
			for range agents {
				go func() {
					agentID := uuid.New()
					for range rounds {
						if _, err := s.store.ReplaceQueue(t.Context(), queue.ReplaceParams{
							CampaignID: s.campaignID, AgentID: agentID, ActorID: agentID, MaxQueueSize: 10, Now: time.Now().UTC(),
						}); err != nil {
							done <- err
							return
						}
						if _, err := s.store.PullItem(t.Context(), queue.PullParams{
							CampaignID: s.campaignID, AgentID: agentID, LockFor: time.Minute, Now: time.Now().UTC(),
						}); err != nil {
							done <- err
							return
						}
					}
					done <- nil
				}()
			}
			for range agents {
				require.NoError(t, <-done)
			}
		})
	}
}
