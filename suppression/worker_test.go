package suppression_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// run lets the worker work until the test ends.
func run(t *testing.T, worker *suppression.Worker) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- worker.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
}

func TestAWorkerClearsTheQueuesWithinASecond(t *testing.T) {
	t.Parallel()
	for name, woken := range map[string]bool{"when it is woken": true, "when it looks by itself": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var worker *suppression.Worker
			c := setup(t, func(config *suppression.Config) {
				config.Clock = nil
				if !woken {
					config.Wake = nil
				}
			})
			config := suppression.WorkerConfig{Meter: c.meter}
			if woken {
				config.PollEvery = time.Hour
			}
			worker = suppression.NewWorker(c.store, config)
			run(t, worker)
			c.queued(t)
			service := c.service
			if woken {
				service = suppression.New(c.store, suppression.Config{Wake: []suppression.Waker{worker}})
			}
			begun := time.Now()
			_, err := service.Add(t.Context(), agent(), suppression.NewPhone(annPhone))
			require.NoError(t, err)
			require.Eventually(t, func() bool {
				return c.states(t)[0] == "agent Ann failed suppressed" && c.states(t)[2] == "power Ann failed suppressed"
			},
				10*time.Second, time.Millisecond)
			require.Less(t, time.Since(begun), time.Second)
			require.Equal(t, []string{
				"agent Ann failed suppressed", "agent Bob queued", "power Ann failed suppressed", "power Bob queued",
			}, c.states(t), "and nobody else went")
			require.Eventually(t, func() bool { return len(c.meter.Measurements("outdial.suppression.purge.duration")) == 1 }, 5*time.Second, time.Millisecond)
			require.Less(t, c.meter.Measurements("outdial.suppression.purge.duration")[0].Value, 1.0)
			for _, queue := range []string{"agent", "power"} {
				require.Equal(t, 1, c.meter.Count("outdial.suppression.purged", map[string]string{"queue": queue}))
			}
		})
	}
}

func TestAWorkerLooksASecondTime(t *testing.T) {
	t.Parallel()
	c := setup(t)
	worker := suppression.NewWorker(c.store, suppression.WorkerConfig{Clock: c.clock})
	_, err := c.service.Add(t.Context(), agent(), suppression.NewPhone(annPhone))
	require.NoError(t, err)
	purged, err := worker.Step(t.Context())
	require.NoError(t, err)
	require.Zero(t, purged)

	// As if a transaction had queued Ann that began before the list changed.
	ann := c.add(t, campaignID, outdial.Contact{FirstName: "Ann", Phone: annPhone})
	_, err = c.store.DB().Exec(`INSERT INTO agent_queue (id, campaign_id, contact_id, queue_state, pooled) VALUES (?, ?, ?, 'queued', TRUE)`,
		uuid.New(), campaignID, ann)
	require.NoError(t, err)
	c.clock.Add(time.Minute)
	purged, err = worker.Step(t.Context())
	require.NoError(t, err)
	require.Zero(t, purged, "not before the time has passed")
	c.clock.Add(time.Microsecond)
	purged, err = worker.Step(t.Context())
	require.NoError(t, err)
	require.Equal(t, suppression.Purged{AgentItems: 1}, purged)
}

func TestAWorkerTakesManyInSteps(t *testing.T) {
	t.Parallel()
	c := setup(t)
	const people = 25
	for i := range people {
		id := c.add(t, campaignID, outdial.Contact{FirstName: "Ann", Phone: annPhone, AccountID: uuid.New()})
		_, err := c.store.DB().Exec(`INSERT INTO agent_queue (id, campaign_id, contact_id, queue_state, pooled) VALUES (?, ?, ?, 'queued', TRUE)`,
			uuid.New(), campaignID, id)
		require.NoError(t, err)
		_, err = c.service.Add(t.Context(), agent(), suppression.NewPhone(outdial.Phone("+1212621"+string(rune('1'+i/9))+"00"+string(rune('1'+i%9)))))
		require.NoError(t, err)
	}
	_, err := c.service.Add(t.Context(), agent(), suppression.NewPhone(annPhone))
	require.NoError(t, err)
	store := &countedSteps{WorkerStore: c.store}
	purged, err := suppression.NewWorker(store, suppression.WorkerConfig{Clock: c.clock, Events: 10, Items: 7}).Step(t.Context())
	require.NoError(t, err)
	require.Equal(t, suppression.Purged{AgentItems: people}, purged)
	require.Equal(t, []int{0, 0, 7, 7, 7, 4}, store.items)
}

type countedSteps struct {
	suppression.WorkerStore

	items  []int
	broken atomic.Int32
	asked  atomic.Int32
}

func (s *countedSteps) PurgeSuppressed(ctx context.Context, p suppression.PurgeParams) (suppression.PurgeResult, error) {
	s.asked.Add(1)
	if s.broken.Add(-1) >= 0 {
		return suppression.PurgeResult{}, errBroken
	}
	result, err := s.WorkerStore.PurgeSuppressed(ctx, p)
	if p.Cursor == "purge" {
		s.items = append(s.items, result.AgentItems)
	}
	return result, err
}

func TestAWorkerGoesOnWhenTheDatabaseIsBack(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.queued(t)
	_, err := c.service.Add(t.Context(), agent(), suppression.NewPhone(annPhone))
	require.NoError(t, err)
	store := &countedSteps{WorkerStore: c.store}
	store.broken.Store(2)
	worker := suppression.NewWorker(store, suppression.WorkerConfig{
		Clock: c.clock, PollEvery: time.Second, Logger: slog.New(slog.NewTextHandler(c.log, nil)),
	})
	run(t, worker)
	require.Eventually(t, func() bool { return store.asked.Load() >= 1 }, 5*time.Second, time.Millisecond)
	require.Eventually(t, func() bool {
		c.clock.Add(time.Second)
		return c.states(t)[0] == "agent Ann failed suppressed"
	}, 5*time.Second, time.Millisecond)
	require.Contains(t, c.log.String(), "suppressed items could not be purged")
}

func TestWorkerConfigWithDefaults(t *testing.T) {
	t.Parallel()
	config := suppression.WorkerConfig{PollEvery: -1, Events: -1}.WithDefaults()
	require.Equal(t, 250*time.Millisecond, config.PollEvery)
	require.Equal(t, time.Minute, config.LookAgainAfter)
	require.Equal(t, []int{2000, 1000}, []int{config.Events, config.Items})
	require.Equal(t, []time.Duration{31 * 24 * time.Hour, 24 * time.Hour}, []time.Duration{config.StaleAfter, config.CheckListsEvery})
	require.Equal(t, 31*24*time.Hour, suppression.Config{}.WithDefaults().StaleAfter)
}

func TestPurge(t *testing.T) {
	t.Parallel()

	t.Run("it finds whoever must not be called, by whatever way that came about", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		c.queued(t)
		_, err := c.service.Add(t.Context(), agent(), suppression.NewPhone("+15046218929"))
		require.NoError(t, err)
		for statement, campaign := range map[string]uuid.UUID{
			"UPDATE contacts SET phone = '+15046218929' WHERE first_name = 'Ann' AND id IN (SELECT contact_id FROM campaign_contacts WHERE campaign_id = ?)": campaignID,
			"UPDATE contacts SET is_opted_out = TRUE WHERE first_name = 'Bob' AND id IN (SELECT contact_id FROM campaign_contacts WHERE campaign_id = ?)":    powerID,
		} {
			_, err := c.store.DB().Exec(statement, campaign)
			require.NoError(t, err)
		}
		for _, want := range []suppression.Purged{{AgentItems: 1, PowerItems: 1}, {}} {
			purged, err := c.service.Purge(t.Context(), outdial.System())
			require.NoError(t, err)
			require.Equal(t, want, purged)
		}
		require.Equal(t, []string{
			"agent Ann failed suppressed", "agent Bob queued", "power Ann queued", "power Bob failed suppressed",
		}, c.states(t))
	})
	t.Run("it needs the scope ops:run", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		_, err := c.service.Purge(t.Context(), agent())
		require.ErrorIs(t, err, outdial.ErrForbidden)
	})
}
