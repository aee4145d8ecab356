package queue_test

import (
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
	"golang.org/x/time/rate"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

func TestConfigWithDefaults(t *testing.T) {
	t.Parallel()

	t.Run("the zero value works, with every flag off", func(t *testing.T) {
		t.Parallel()

		config := queue.Config{}.WithDefaults()
		require.WithinDuration(t, time.Now(), config.Clock.Now(), time.Minute)
		require.False(t, config.Flags.Enabled(t.Context(), outdial.FlagQueueReplace, outdial.System()))
		require.Nil(t, config.Agents)
		require.Nil(t, config.Fields, "which is the fields of a contact")
		require.False(t, config.Logger.Enabled(t.Context(), 100), "records are discarded")
		require.Equal(t, 15*time.Minute, config.LockFor)
		require.Equal(t, 15*time.Minute, config.CallbackGrace)
		require.InDelta(t, 1, float64(config.EnqueueRate), 0)
		require.Equal(t, 30, config.EnqueueBurst)
		require.Equal(t, 24*time.Hour, config.KeepKeys)

		_, err := queue.New(&fakeStore{}, queue.Config{}).Pull(t.Context(), agent(), queue.PullRequest{CampaignID: campaignID})
		require.NoError(t, err)
	})
	t.Run("what is given stays", func(t *testing.T) {
		t.Parallel()

		given := queue.Config{
			Clock: clock.NewMock(), Flags: outdial.StaticFlags{"a": true}, Agents: &directory{}, Logger: queue.Config{}.WithDefaults().Logger,
			LockFor: time.Second, CallbackGrace: time.Hour, EnqueueRate: rate.Inf, EnqueueBurst: 1, KeepKeys: time.Minute, Fields: &filter.Fields{},
		}
		require.Equal(t, given, given.WithDefaults())
	})
	t.Run("what makes no sense has its default", func(t *testing.T) {
		t.Parallel()

		config := queue.Config{LockFor: -1, CallbackGrace: -1, EnqueueRate: -1, EnqueueBurst: -1, KeepKeys: -1}.WithDefaults()
		require.Equal(t, 15*time.Minute, config.LockFor)
		require.Equal(t, 15*time.Minute, config.CallbackGrace)
		require.InDelta(t, 1, float64(config.EnqueueRate), 0)
		require.Equal(t, 30, config.EnqueueBurst)
		require.Equal(t, 24*time.Hour, config.KeepKeys)
	})
	t.Run("the original is left as it is", func(t *testing.T) {
		t.Parallel()

		var config queue.Config
		config.WithDefaults()
		require.Equal(t, queue.Config{}, config)
	})
}

// What the store receives is the whole of what it needs: who asked, what for, and
// when, in UTC and to the microsecond.
func TestStoreReceivesCheckedParams(t *testing.T) {
	t.Parallel()

	t.Run("Replace", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		_, err := service.Replace(t.Context(), manager(), queue.ReplaceRequest{
			CampaignID: campaignID, AgentID: agentID, Filter: bees(), PerAccountCap: 3, MaxQueueSize: 200, ReleaseInProgress: true,
		})
		require.NoError(t, err)
		require.Equal(t, queue.ReplaceParams{
			CampaignID: campaignID, AgentID: agentID, ActorID: managerID, Filter: resolved(t, bees(), nil), PerAccountCap: 3, MaxQueueSize: 200,
			ReleaseInProgress: true, Now: requestTime,
		}, lastCall[queue.ReplaceParams](t, bundle.store))
	})
	t.Run("Preview is the same and writes nothing", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		_, err := service.Preview(t.Context(), manager(), queue.ReplaceRequest{
			CampaignID: campaignID, AgentID: agentID, Filter: bees(), PerAccountCap: 3, MaxQueueSize: 200, ReleaseInProgress: true,
			IdempotencyKey: "monday",
		})
		require.NoError(t, err)
		require.Equal(t, queue.ReplaceParams{
			CampaignID: campaignID, AgentID: agentID, ActorID: managerID, Filter: resolved(t, bees(), nil), PerAccountCap: 3, MaxQueueSize: 200,
			ReleaseInProgress: true, DryRun: true, Now: requestTime,
		}, lastCall[queue.ReplaceParams](t, bundle.store))
	})
	t.Run("Clear", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		_, err := service.Clear(t.Context(), manager(), queue.ClearRequest{CampaignID: campaignID, AgentID: agentID})
		require.NoError(t, err)
		require.Equal(t, queue.ClearParams{CampaignID: campaignID, AgentID: agentID, ActorID: managerID, Now: requestTime},
			lastCall[queue.ClearParams](t, bundle.store))
	})
	t.Run("ClearAll is for no agent", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		_, err := service.ClearAll(t.Context(), admin(), queue.ClearAllRequest{CampaignID: campaignID})
		require.NoError(t, err)
		require.Equal(t, queue.ClearParams{CampaignID: campaignID, ActorID: managerID, Now: requestTime},
			lastCall[queue.ClearParams](t, bundle.store))
	})
	t.Run("Pull for the actor by default", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		_, err := service.Pull(t.Context(), agent(), queue.PullRequest{CampaignID: campaignID})
		require.NoError(t, err)
		require.Equal(t, queue.PullParams{
			CampaignID: campaignID, AgentID: agentID, LockFor: 15 * time.Minute,
			CallbacksSince: requestTime.Add(-15 * time.Minute), Now: requestTime,
		}, lastCall[queue.PullParams](t, bundle.store))
	})
	t.Run("Pull by a manager for an agent, under another lock and with another grace", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t, func(c *queue.Config) { c.LockFor, c.CallbackGrace = time.Minute, time.Hour })
		_, err := service.Pull(t.Context(), manager(), queue.PullRequest{CampaignID: campaignID, AgentID: agentID})
		require.NoError(t, err)
		require.Equal(t, queue.PullParams{
			CampaignID: campaignID, AgentID: agentID, LockFor: time.Minute,
			CallbacksSince: requestTime.Add(-time.Hour), Now: requestTime,
		}, lastCall[queue.PullParams](t, bundle.store))
	})
	t.Run("Sweep, with the age of the keys to forget", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t, func(c *queue.Config) { c.KeepKeys = time.Hour })
		_, err := service.Sweep(t.Context(), outdial.System())
		require.NoError(t, err)
		require.Equal(t, queue.SweepParams{KeysBefore: requestTime.Add(-time.Hour), Now: requestTime},
			lastCall[queue.SweepParams](t, bundle.store))
	})
	t.Run("RollbackLaunch", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		_, err := service.RollbackLaunch(t.Context(), manager(), queue.RollbackRequest{CampaignID: campaignID, LaunchID: launchID})
		require.NoError(t, err)
		require.Equal(t, queue.RollbackParams{CampaignID: campaignID, LaunchID: launchID, ActorID: managerID, Now: requestTime},
			lastCall[queue.RollbackParams](t, bundle.store))
	})
	t.Run("Stats", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		_, err := service.Stats(t.Context(), agent(), campaignID)
		require.NoError(t, err)
		require.Equal(t, queue.StatsParams{CampaignID: campaignID}, lastCall[queue.StatsParams](t, bundle.store))
	})
	t.Run("the time is that of each request", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.clock.Add(time.Hour + 500*time.Nanosecond)
		_, err := service.Pull(t.Context(), agent(), queue.PullRequest{CampaignID: campaignID})
		require.NoError(t, err)
		require.Equal(t, requestTime.Add(time.Hour+time.Microsecond), lastCall[queue.PullParams](t, bundle.store).Now)
	})
}

func TestMovesNameWhoMustHoldTheItem(t *testing.T) {
	t.Parallel()

	req := queue.ItemRequest{CampaignID: campaignID, ItemID: itemID, LockVersion: 3}
	moves := map[queue.Move]func(*queue.Service, context.Context, outdial.Actor, queue.ItemRequest) (queue.Item, error){
		queue.MoveStart:     (*queue.Service).Start,
		queue.MoveHeartbeat: (*queue.Service).Heartbeat,
		queue.MoveGiveBack:  (*queue.Service).Release,
	}
	for move, method := range moves {
		for name, test := range map[string]struct {
			actor  outdial.Actor
			holder uuid.UUID
		}{
			"an agent must hold it themselves":         {agent(), agentID},
			"a manager moves whoever's it is":          {manager(), uuid.Nil},
			"an admin moves whoever's it is":           {admin(), uuid.Nil},
			"the library itself moves whoever's it is": {outdial.System(), uuid.Nil},
		} {
			t.Run(string(move)+": "+name, func(t *testing.T) {
				t.Parallel()

				service, bundle := setup(t, func(c *queue.Config) { c.LockFor = time.Minute })
				bundle.store.move = queue.MoveResult{Item: queue.Item{ID: itemID, LockVersion: 4}}
				item, err := method(service, t.Context(), test.actor, req)
				require.NoError(t, err)
				require.Equal(t, bundle.store.move.Item, item)
				require.Equal(t, queue.MoveParams{
					CampaignID: campaignID, ItemID: itemID, AgentID: test.holder, LockVersion: 3,
					Move: move, LockFor: time.Minute, Now: requestTime,
				}, lastCall[queue.MoveParams](t, bundle.store))
			})
		}
	}
}

func TestResultsComeFromTheStore(t *testing.T) {
	t.Parallel()

	plan := queue.ReplaceResult{
		Released: 1, Assigned: 2, Unchanged: 3, KeptInProgress: 4, SkippedDueToCollision: 5, Matched: 6, MatchedKept: 7,
		Audience: 8, Skipped: queue.Skips{queue.SkipCollision: 5},
	}
	t.Run("Replace", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.replace = plan
		result, err := service.Replace(t.Context(), agent(), queue.ReplaceRequest{CampaignID: campaignID, AgentID: agentID})
		require.NoError(t, err)
		require.Equal(t, plan, result)
	})
	t.Run("Preview says the same in words of the future", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.replace = plan
		result, err := service.Preview(t.Context(), agent(), queue.ReplaceRequest{CampaignID: campaignID, AgentID: agentID})
		require.NoError(t, err)
		require.Equal(t, queue.Preview{
			Audience: 8, Matched: 6, Eligible: 6,
			ToRelease: 1, ToAssign: 2, Unchanged: 3, KeptInProgress: 4, SkippedDueToCollision: 5, MatchedKept: 7,
			ToSkip: queue.Skips{queue.SkipCollision: 5},
		}, result)
	})
	t.Run("Clear and ClearAll", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.clear = queue.ClearResult{Released: 9}
		result, err := service.Clear(t.Context(), agent(), queue.ClearRequest{CampaignID: campaignID, AgentID: agentID})
		require.NoError(t, err)
		require.Equal(t, 9, result.Released)
		result, err = service.ClearAll(t.Context(), admin(), queue.ClearAllRequest{CampaignID: campaignID})
		require.NoError(t, err)
		require.Equal(t, 9, result.Released)
	})
	t.Run("Pull of an item, new or held", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		for _, held := range []bool{false, true} {
			bundle.store.pull = queue.PullResult{Item: &queue.Item{ID: itemID}, Held: held}
			item, err := service.Pull(t.Context(), agent(), queue.PullRequest{CampaignID: campaignID})
			require.NoError(t, err)
			require.Equal(t, &queue.Item{ID: itemID}, item)
		}
	})
	t.Run("Pull of nothing is no error", func(t *testing.T) {
		t.Parallel()

		service, _ := setup(t)
		item, err := service.Pull(t.Context(), agent(), queue.PullRequest{CampaignID: campaignID})
		require.NoError(t, err)
		require.Nil(t, item)
	})
	t.Run("Sweep, RollbackLaunch, Stats and Campaigns", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.sweep = queue.SweepResult{ToAgents: 1, ToPool: 2, KeysForgotten: 3}
		bundle.store.rollback = queue.RollbackResult{Released: 4, Kept: 5}
		bundle.store.stats = queue.StatsResult{States: map[queue.State]int{queue.StateQueued: 6}}
		bundle.store.campaigns = []queue.CampaignSummary{{ID: campaignID, Name: "Spring", Contacts: 7}}

		swept, err := service.Sweep(t.Context(), admin())
		require.NoError(t, err)
		require.Equal(t, bundle.store.sweep, swept)
		rolledBack, err := service.RollbackLaunch(t.Context(), admin(), queue.RollbackRequest{CampaignID: campaignID, LaunchID: launchID})
		require.NoError(t, err)
		require.Equal(t, bundle.store.rollback, rolledBack)
		stats, err := service.Stats(t.Context(), admin(), campaignID)
		require.NoError(t, err)
		require.Equal(t, bundle.store.stats, stats)
		campaigns, err := service.Campaigns(t.Context(), admin())
		require.NoError(t, err)
		require.Equal(t, bundle.store.campaigns, campaigns)
	})
}

// The names in these are contracts with callers of the HTTP API.
func TestResultsInJSON(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		value any
		want  []string
	}{
		"ReplaceResult": {queue.ReplaceResult{}, []string{
			"assigned", "kept_in_progress", "matched", "matched_in_progress", "released", "skipped", "skipped_due_to_collision", "unchanged",
		}},
		"ReplaceResult of a dry run": {queue.ReplaceResult{Audience: 1}, []string{
			"assigned", "audience", "kept_in_progress", "matched", "matched_in_progress", "released", "skipped", "skipped_due_to_collision", "unchanged",
		}},
		"Preview": {queue.Preview{}, []string{
			"audience", "eligible", "kept_in_progress", "matched", "matched_in_progress", "skipped_due_to_collision", "to_assign", "to_release", "to_skip", "unchanged",
		}},
		"ClearResult":     {queue.ClearResult{}, []string{"released"}},
		"EnqueueResult":   {queue.EnqueueResult{}, []string{"enqueued", "launch_id", "matched", "skipped"}},
		"SweepResult":     {queue.SweepResult{}, []string{"idempotency_keys_forgotten", "returned_to_agents", "returned_to_pool"}},
		"RollbackResult":  {queue.RollbackResult{}, []string{"kept", "released"}},
		"CampaignSummary": {queue.CampaignSummary{}, []string{"contacts", "id", "name"}},
		"Skips": {queue.NewSkips(), []string{
			"account_cap", "collision", "cooling_down", "finished", "invalid", "no_phone", "opted_out", "queue_full", "suppressed",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			data, err := json.Marshal(test.value)
			require.NoError(t, err)
			var members map[string]any
			require.NoError(t, json.Unmarshal(data, &members))
			require.Equal(t, test.want, slices.Sorted(maps.Keys(members)))
		})
	}
}

func TestStoreErrorsReachTheCaller(t *testing.T) {
	t.Parallel()

	broken := errors.New("the disk is full")
	for _, op := range operations() {
		for name, err := range map[string]error{
			"a missing campaign":      outdial.NotFound("campaign"),
			"an item that moved on":   outdial.Conflict("the item has moved on"),
			"a reused key":            outdial.ErrIdempotencyMismatch,
			"an error nobody foresaw": broken,
		} {
			t.Run(op.name+": "+name, func(t *testing.T) {
				t.Parallel()

				service, bundle := setup(t)
				bundle.store.err = err
				require.ErrorIs(t, op.call(t.Context(), service, admin(), agentID), err)
				require.Empty(t, bundle.log.String(), "a change that did not happen is not logged")
			})
		}
		t.Run(op.name+": a caller who left", func(t *testing.T) {
			t.Parallel()

			service, _ := setup(t)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			require.ErrorIs(t, op.call(ctx, service, admin(), agentID), context.Canceled)
		})
	}
}

func TestAgentDirectory(t *testing.T) {
	t.Parallel()

	asking := []string{"Replace", "Preview", "Clear", "Pull", "Enqueue"}
	for _, op := range operations() {
		if !slices.Contains(asking, op.name) {
			t.Run(op.name+" asks for no agent", func(t *testing.T) {
				t.Parallel()

				agents := &directory{err: errors.New("must not be asked")}
				service, _ := setup(t, func(c *queue.Config) { c.Agents = agents })
				require.NoError(t, op.call(t.Context(), service, admin(), agentID))
				require.Empty(t, agents.asked)
			})
			continue
		}
		t.Run(op.name+" works for an agent the host knows", func(t *testing.T) {
			t.Parallel()

			agents := &directory{known: []uuid.UUID{agentID}}
			service, bundle := setup(t, func(c *queue.Config) { c.Agents = agents })
			require.NoError(t, op.call(t.Context(), service, manager(), agentID))
			require.Len(t, bundle.store.calls, 1)
			require.Equal(t, [][2]uuid.UUID{{campaignID, agentID}}, agents.asked)
		})
		t.Run(op.name+" is refused for an agent the host does not know", func(t *testing.T) {
			t.Parallel()

			service, bundle := setup(t, func(c *queue.Config) { c.Agents = &directory{known: []uuid.UUID{agentID}} })
			err := op.call(t.Context(), service, manager(), otherAgent)
			require.ErrorIs(t, err, outdial.ErrNotFound)
			require.EqualError(t, err, "agent_id: no such agent")
			require.Empty(t, bundle.store.calls)
		})
		t.Run(op.name+" fails when the host cannot say", func(t *testing.T) {
			t.Parallel()

			down := errors.New("directory down")
			service, bundle := setup(t, func(c *queue.Config) { c.Agents = &directory{known: []uuid.UUID{agentID}, err: down} })
			err := op.call(t.Context(), service, manager(), agentID)
			require.ErrorIs(t, err, down)
			require.EqualError(t, err, "look up agent: directory down")
			require.NotErrorIs(t, err, outdial.ErrNotFound)
			require.Empty(t, bundle.store.calls)
		})
	}

	t.Run("the pool is no agent", func(t *testing.T) {
		t.Parallel()

		agents := &directory{}
		service, _ := setup(t, func(c *queue.Config) { c.Agents = agents })
		require.NoError(t, enqueue(queue.EnqueueRequest{CampaignID: campaignID})(t.Context(), service))
		require.Empty(t, agents.asked)
	})
}

func TestWithStore(t *testing.T) {
	t.Parallel()

	t.Run("works on the other store and leaves the first alone", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		transaction := &fakeStore{}
		bound := service.WithStore(transaction)
		require.NoError(t, enqueue(queue.EnqueueRequest{CampaignID: campaignID})(t.Context(), bound))
		require.Len(t, transaction.calls, 1)
		require.Empty(t, bundle.store.calls)

		require.NoError(t, enqueue(queue.EnqueueRequest{CampaignID: campaignID})(t.Context(), service))
		require.Len(t, transaction.calls, 1)
		require.Len(t, bundle.store.calls, 1)
	})
	t.Run("shares the rate limits", func(t *testing.T) {
		t.Parallel()

		service, _ := setup(t, func(c *queue.Config) { c.EnqueueBurst = 1 })
		require.NoError(t, enqueue(queue.EnqueueRequest{CampaignID: campaignID})(t.Context(), service))
		transaction := &fakeStore{}
		err := enqueue(queue.EnqueueRequest{CampaignID: campaignID})(t.Context(), service.WithStore(transaction))
		require.ErrorIs(t, err, outdial.ErrRateLimited)
		require.Empty(t, transaction.calls)
	})
}
