package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// everythingAtOnce checks what holds of the items at every moment and in the end,
// when everything happens at once.
func everythingAtOnce(c *campaign) {
	const workers = 12
	s := &storm{campaign: c, team: agents(6), launches: agents(4), steps: effort(40)}
	c.addCrowd(60, 12)
	var running atomic.Int64
	running.Store(workers)
	require.NoError(c, together(workers+1, func(i int) error {
		if i == workers {
			return s.watchWhile(func() bool { return running.Load() > 0 })
		}
		defer running.Add(-1)
		return s.work(i)
	}))

	items := c.items()
	requireCoherent(c, items)
	require.Equal(c, statsOf(items), c.stats())
	require.GreaterOrEqual(c, len(items), int(s.enqueued.Load()))
	require.LessOrEqual(c, len(items), int(s.enqueued.Load()+s.assigned.Load()), "each item was put there by a call that says so")

	c.now = s.time().Add(lockFor)
	c.sweep()
	for _, agent := range s.team {
		c.workOff(agent)
	}
	for _, item := range c.items() {
		require.NotEqual(c, queue.StateQueued, item.State, "nobody ever gets item %s", item.ID)
		require.NotEqual(c, queue.StateLocked, item.State)
	}
}

// storm is several workers who do anything to one campaign at once. Their common
// clock advances with each step, so that locks expire while it goes on.
type storm struct {
	*campaign

	team     []uuid.UUID
	launches []uuid.UUID
	steps    int

	ticks    atomic.Int64
	enqueued atomic.Int64
	assigned atomic.Int64
}

func (s *storm) time() time.Time {
	return s.now.Add(time.Duration(s.ticks.Load()) * 20 * time.Second)
}

// work does random things and returns the first error that no caller should see.
func (s *storm) work(seed int) error {
	random := choices(seed, 2)
	var mine *queue.Item
	for range s.steps {
		s.ticks.Add(1)
		var err error
		mine, err = s.step(random, mine)
		if err != nil {
			return err
		}
	}
	return nil
}

// step does one thing. It takes and returns the item that the worker knows of.
func (s *storm) step(random *rand.Rand, mine *queue.Item) (*queue.Item, error) {
	ctx, now := s.Context(), s.time()
	agent, launch := s.team[random.IntN(len(s.team))], s.launches[random.IntN(len(s.launches))]
	owner := agent
	if random.IntN(2) == 0 {
		owner = uuid.Nil
	}
	switch dice := random.IntN(100); {
	case dice < 15:
		result, err := s.store.ReplaceQueue(ctx, s.replaceParams(queue.ReplaceParams{
			AgentID: agent, PerAccountCap: random.IntN(3), MaxQueueSize: random.IntN(3) * 8,
			ReleaseInProgress: random.IntN(3) == 0, Now: now,
		}))
		s.assigned.Add(int64(result.Assigned - result.Unchanged))
		return mine, err
	case dice < 30:
		result, err := s.store.EnqueueItems(ctx, s.enqueueParams(queue.EnqueueParams{AgentID: owner, LaunchID: launch, Now: now}))
		s.enqueued.Add(int64(result.Enqueued))
		return mine, err
	case dice < 35:
		_, err := s.store.ClearQueue(ctx, queue.ClearParams{CampaignID: s.id, AgentID: owner, ActorID: s.actor, Now: now})
		return mine, err
	case dice < 40:
		_, err := s.store.SweepLocks(ctx, queue.SweepParams{Now: now})
		return mine, err
	case dice < 45:
		_, err := s.store.RollbackLaunch(ctx, queue.RollbackParams{CampaignID: s.id, LaunchID: launch, ActorID: s.actor, Now: now})
		if errors.Is(err, outdial.ErrNotFound) {
			err = nil
		}
		return mine, err
	case dice < 70 || mine == nil:
		p := s.pullParams(agent)
		p.Now = now
		result, err := s.store.PullItem(ctx, p)
		if result.Item != nil && result.Item.AgentID != agent {
			return nil, fmt.Errorf("agent %s pulled item %s of agent %s", agent, result.Item.ID, result.Item.AgentID)
		}
		return result.Item, err
	default:
		move := []queue.Move{queue.MoveStart, queue.MoveStart, queue.MoveHeartbeat, queue.MoveGiveBack}[random.IntN(4)]
		p := s.moveParams(*mine, move)
		p.Now = now
		result, err := s.store.MoveItem(ctx, p)
		if errors.Is(err, outdial.ErrConflict) {
			return nil, nil
		}
		return &result.Item, err
	}
}

// watchWhile looks at the items again and again.
func (s *storm) watchWhile(running func() bool) error {
	seen := map[uuid.UUID]queue.Item{}
	for running() {
		result, err := s.store.ListItems(s.Context(), queue.ListParams{CampaignID: s.id, Limit: everything})
		if err != nil {
			return err
		}
		if problem := incoherence(result.Items); problem != "" {
			return errors.New(problem)
		}
		for _, item := range result.Items {
			if before, known := seen[item.ID]; known {
				if problem := impossible(before, item); problem != "" {
					return fmt.Errorf("item %s %s", item.ID, problem)
				}
			}
			seen[item.ID] = item
		}
		if len(result.Items) < len(seen) {
			return fmt.Errorf("%d items are gone", len(seen)-len(result.Items))
		}
	}
	return nil
}

// impossible says what no item does between two looks at it, or "".
func impossible(before, after queue.Item) string {
	switch {
	case after.LockVersion < before.LockVersion:
		return fmt.Sprintf("went back from version %d to %d", before.LockVersion, after.LockVersion)
	case !before.State.Active() && after.State != before.State:
		return fmt.Sprintf("came back from %s to %s", before.State, after.State)
	case after.ContactID != before.ContactID, after.Provenance != before.Provenance:
		return "changed whom it is about or where it came from"
	}
	return ""
}
