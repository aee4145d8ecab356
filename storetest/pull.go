package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// pullBehaviours proves PullItem in three parts: which item comes next, who is
// passed over, and what a lock is worth.
func pullBehaviours(g *group) {
	pullOrderBehaviours(g)
	pullPassedOverBehaviours(g)
	pullLockBehaviours(g)

	g.proves("an unknown campaign is ErrNotFound", func(c *campaign) {
		p := c.pullParams(uuid.New())
		p.CampaignID = uuid.New()
		_, err := c.store.PullItem(c.Context(), p)
		require.ErrorIs(c, err, outdial.ErrNotFound)
	})

	g.proves("the item is nil when there is nothing to do", func(c *campaign) {
		c.addCallable(1)
		c.takeNothing(uuid.New())
	})

	g.proves("it gives the agent their next item and locks it", func(c *campaign) {
		agent := uuid.New()
		item := c.give(agent, c.addCallable(1)...)[0]
		c.wait(time.Minute)
		want := lockedBy(item, agent, c.now)
		requireSame(c, want, c.take(agent))
		requireSame(c, []queue.Item{want}, c.items())
	})

	g.proves("it gives an item of the pool to the agent and locks it", func(c *campaign) {
		agent := uuid.New()
		item := c.give(uuid.Nil, c.addCallable(1)...)[0]
		c.wait(time.Minute)
		want := lockedBy(item, agent, c.now)
		requireSame(c, want, c.take(agent))
		requireSame(c, []queue.Item{want}, c.items())
	})

	g.proves("the item carries its contact whole", func(c *campaign) {
		agent := uuid.New()
		contact := c.add(person(fullContact))[0]
		c.give(agent, contact)
		requireSame(c, contact, c.take(agent).Contact)
	})

	g.proves("it gives nothing of another agent or another campaign", func(c *campaign) {
		agent, other := uuid.New(), c.another()
		other.give(agent, other.addCallable(1)...)
		other.give(uuid.Nil, other.addCallable(1)...)
		c.give(uuid.New(), c.addCallable(1)...)
		before := c.items()
		c.takeNothing(agent)
		requireSame(c, before, c.items())
	})

	g.proves("an agent may hold a lock in each of two campaigns", func(c *campaign) {
		agent, other := uuid.New(), c.another()
		c.give(agent, c.addCallable(1)...)
		other.give(agent, other.addCallable(1)...)
		require.Equal(c, c.id, c.take(agent).CampaignID)
		require.Equal(c, other.id, other.take(agent).CampaignID)
		require.Equal(c, c.id, c.takeAgain(agent).CampaignID)
	})

	g.proves("an agent with an item in progress gets the next one", func(c *campaign) {
		agent := uuid.New()
		people := c.addCallable(2)
		running := c.start(agent, people[0], false)
		c.give(agent, people[1])
		require.Equal(c, people[1].ID, c.take(agent).ContactID)
		requireSame(c, running, c.item(running.ID))
	})
}

// lockedBy is an item after an agent pulled it.
func lockedBy(item queue.Item, agent uuid.UUID, now time.Time) queue.Item {
	item.State, item.AgentID = queue.StateLocked, agent
	item.LockedAt, item.LockExpiresAt = now, now.Add(lockFor)
	item.LockVersion++
	return item
}

// pullOrderBehaviours proves in which order items come.
func pullOrderBehaviours(g *group) {
	type entry struct {
		pool      bool
		priority  int
		scheduled time.Duration
		later     time.Duration
	}
	cases := []struct {
		sentence string
		entries  []entry
		want     []int
	}{
		{"own items come before the pool's", []entry{{pool: true, priority: 9}, {priority: 1}, {pool: true, priority: 5}, {}}, []int{1, 3, 0, 2}},
		{"the order of own items is priority descending", []entry{{priority: -1}, {priority: 3}, {}, {priority: 2}}, []int{1, 3, 2, 0}},
		{"the order of the pool's items is priority descending", []entry{
			{pool: true, priority: -1}, {pool: true, priority: 3}, {pool: true}, {pool: true, priority: 2},
		}, []int{1, 3, 2, 0}},
		{"due ones come first", []entry{{}, {scheduled: time.Minute}, {priority: 1}, {priority: 1, scheduled: time.Minute}}, []int{3, 2, 1, 0}},
		{"due ones of the pool come first", []entry{
			{pool: true}, {pool: true, scheduled: time.Minute}, {pool: true, priority: 1}, {pool: true, priority: 1, scheduled: time.Minute},
		}, []int{3, 2, 1, 0}},
		{"of due ones the earliest comes first", []entry{
			{scheduled: 3 * time.Minute}, {scheduled: time.Minute, later: time.Minute}, {scheduled: 2 * time.Minute},
		}, []int{1, 2, 0}},
		{"the oldest come first", []entry{{later: 2 * time.Minute}, {}, {later: time.Minute}}, []int{1, 2, 0}},
		{"the oldest of the pool come first", []entry{
			{pool: true, later: 2 * time.Minute}, {pool: true}, {pool: true, later: time.Minute},
		}, []int{1, 2, 0}},
		{"of due ones of one time the oldest comes first", []entry{
			{scheduled: time.Minute, later: time.Second}, {scheduled: time.Minute},
		}, []int{1, 0}},
	}
	for _, test := range cases {
		g.proves(test.sentence, func(c *campaign) {
			agent := uuid.New()
			people := c.addCallable(len(test.entries))
			for i, entry := range test.entries {
				p := queue.EnqueueParams{
					AgentID: agent, ContactIDs: []uuid.UUID{people[i].ID}, Priority: &entry.priority, Now: c.now.Add(entry.later),
				}
				if entry.pool {
					p.AgentID = uuid.Nil
				}
				if entry.scheduled != 0 {
					p.ScheduledFor = c.now.Add(entry.scheduled)
				}
				c.enqueue(p)
			}
			c.wait(time.Hour)
			want := make([]uuid.UUID, len(test.want))
			for i, at := range test.want {
				want[i] = people[at].ID
			}
			require.Equal(c, want, c.workOff(agent))
		})
	}

	g.proves("of items that differ in nothing else the first id comes first", func(c *campaign) {
		people := c.addCallable(5)
		slices.Reverse(people)
		for _, contact := range people {
			c.give(uuid.Nil, contact)
		}
		require.Equal(c, held(c.items()), c.workOff(uuid.New()))
	})

	g.proves("an item that was given back takes its old place", func(c *campaign) {
		agent := uuid.New()
		c.give(agent, c.addCallable(3)...)
		want := held(c.items())
		c.move(c.take(agent), queue.MoveGiveBack)
		require.Equal(c, want, c.workOff(agent))
	})
}

// workOff pulls and starts until there is nothing to do, and returns the
// contacts in the order in which they came.
func (c *campaign) workOff(agent uuid.UUID) []uuid.UUID {
	c.Helper()
	order := []uuid.UUID{}
	for item := c.pull(agent).Item; item != nil; item = c.pull(agent).Item {
		order = append(order, item.ContactID)
		c.move(*item, queue.MoveStart)
		require.LessOrEqual(c, len(order), everything, "it never ends")
	}
	return order
}
