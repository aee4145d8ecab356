package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/queue"
)

// reach are the controls that lead a new campaign to each status.
var reach = map[dialer.Status][]dialer.Control{
	dialer.StatusStopped: nil,
	dialer.StatusRunning: {dialer.ControlStart},
	dialer.StatusPaused:  {dialer.ControlStart, dialer.ControlPause},
}

// controlActions are the audit log's names of the controls.
var controlActions = map[dialer.Control]outdial.Action{
	dialer.ControlStart:  outdial.ActionDialerStart,
	dialer.ControlPause:  outdial.ActionDialerPause,
	dialer.ControlResume: outdial.ActionDialerResume,
	dialer.ControlStop:   outdial.ActionDialerStop,
}

// controlBehaviours proves ControlCampaign.
func controlBehaviours(g *group) {
	g.proves("a campaign that nobody has started is stopped", func(c *campaign) {
		require.Equal(c, dialer.StatusStopped, c.dialerStats().Status)
	})

	for _, control := range dialer.Controls() {
		g.proves(string(control)+" changes whether the campaign is dialed where its status allows it, and is ErrConflict where not", func(c *campaign) {
			for _, status := range dialer.Statuses() {
				here := c.another()
				for _, step := range reach[status] {
					here.control(step)
				}
				result, err := here.store.ControlCampaign(c.Context(), here.controlParams(control))
				if !slices.Contains(control.From(), status) {
					require.ErrorIs(c, err, outdial.ErrConflict, "from %s", status)
					require.Equal(c, status, here.dialerStats().Status)
					continue
				}
				require.NoError(c, err)
				require.Equal(c, dialer.ControlResult{Status: control.To()}, result)
				require.Equal(c, control.To(), here.dialerStats().Status)
			}
		})
	}

	g.proves("it leaves other campaigns, items and calls alone", func(c *campaign) {
		other := c.another().running()
		c.running().dial(c.addCallable(1)[0])
		c.queueCalls(c.addCallable(1)...)
		items, calls := c.callItems(), c.calls()
		c.control(dialer.ControlPause)
		c.control(dialer.ControlStop)
		requireSame(c, items, c.callItems())
		requireSame(c, calls, c.calls())
		require.Equal(c, dialer.StatusRunning, other.dialerStats().Status)
	})

	g.proves("calls under way go on after a stop", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		c.control(dialer.ControlStop)
		c.tell(call, "connected")
		require.Equal(c, dialer.StateCompleted, c.tell(call, "ended").State)
	})

	g.proves("an unknown campaign is ErrNotFound", func(c *campaign) {
		p := c.controlParams(dialer.ControlStart)
		p.CampaignID = uuid.New()
		_, err := c.store.ControlCampaign(c.Context(), p)
		require.ErrorIs(c, err, outdial.ErrNotFound)
	})

	g.proves("an audit entry is written with each change, and none without", func(c *campaign) {
		for i, control := range []dialer.Control{dialer.ControlStart, dialer.ControlPause, dialer.ControlResume, dialer.ControlStop} {
			c.wait(time.Second)
			c.control(control)
			entries := c.audit()
			require.Len(c, entries, i+1)
			require.Equal(c, controlActions[control], entries[i].Action)
			requireAudit(c, entries[i], nil)
			_, err := c.store.ControlCampaign(c.Context(), c.controlParams(control))
			require.ErrorIs(c, err, outdial.ErrConflict)
			require.Len(c, c.audit(), i+1)
		}
	})
}

// rollbackCallsBehaviours proves RollbackCalls.
func rollbackCallsBehaviours(g *group) {
	launch := func(c *campaign, n int) (uuid.UUID, []outdial.Contact) {
		id, people := uuid.New(), c.addCallable(n)
		c.enqueueCalls(dialer.EnqueueParams{ContactIDs: contactIDs(people), LaunchID: id})
		return id, people
	}

	g.proves("it fails the items of a launch that are still queued and were never claimed", func(c *campaign) {
		id, _ := launch(c, 2)
		before := c.callItems()
		c.wait(time.Minute)
		require.Equal(c, dialer.RollbackResult{Failed: 2}, c.rollbackCalls(id))
		for _, item := range before {
			want := movedTo(item, dialer.StateFailed)
			want.FailReason = dialer.FailRolledBack
			requireItem(c, want, c.callItem(item.ID))
		}
		c.running().claimNothing()
	})

	g.proves("active items of the launch that had been claimed before stay as they are", func(c *campaign) {
		id, people := launch(c, 4)
		calls := c.running().claimCalls()
		c.place(calls[0])
		c.learn(calls[1], dialer.Facts{NotPlacedAt: c.now})
		c.lose(c.place(calls[2]))
		more := c.addCallable(1)
		c.enqueueCalls(dialer.EnqueueParams{ContactIDs: contactIDs(more), LaunchID: id})
		fresh, before := c.callItemOf(more[0]), c.callItems()
		require.Equal(c, dialer.RollbackResult{Failed: 1, Kept: len(people)}, c.rollbackCalls(id))
		for _, item := range before {
			if item.ID != fresh.ID {
				requireSame(c, item, c.callItem(item.ID))
			}
		}
	})

	g.proves("items that have ended count nowhere", func(c *campaign) {
		id, _ := launch(c, 1)
		call := c.place(c.running().claimCalls()[0])
		c.tell(call, "connected")
		c.tell(call, "ended")
		require.Equal(c, dialer.RollbackResult{}, c.rollbackCalls(id))
	})

	g.proves("it leaves other launches, other campaigns and the agent queue alone", func(c *campaign) {
		other := c.another()
		id, _ := launch(c, 1)
		_, theirs := launch(c, 1)
		other.enqueueCalls(dialer.EnqueueParams{ContactIDs: contactIDs(other.addCallable(1)), LaunchID: id})
		c.enqueue(queue.EnqueueParams{ContactIDs: contactIDs(c.addCallable(1)), LaunchID: id})
		elsewhere, launched, agents := other.callItems(), c.callItemOf(theirs[0]), c.items()
		require.Equal(c, dialer.RollbackResult{Failed: 1}, c.rollbackCalls(id))
		requireSame(c, elsewhere, other.callItems())
		requireSame(c, launched, c.callItem(launched.ID))
		requireSame(c, agents, c.items())
	})

	g.proves("a contact whose item was rolled back may be queued again", func(c *campaign) {
		id, people := launch(c, 2)
		c.rollbackCalls(id)
		c.queueCalls(people[0])
		c.give(uuid.New(), people[1])
	})

	g.proves("an unknown launch is ErrNotFound", func(c *campaign) {
		elsewhere, _ := launch(c.another(), 1)
		c.enqueue(queue.EnqueueParams{ContactIDs: contactIDs(c.addCallable(1)), LaunchID: elsewhere})
		launch(c, 1)
		before := c.callItems()
		for _, id := range []uuid.UUID{uuid.New(), elsewhere} {
			_, err := c.store.RollbackCalls(c.Context(), dialer.RollbackParams{CampaignID: c.id, LaunchID: id, ActorID: c.actor, Now: c.now})
			require.ErrorIs(c, err, outdial.ErrNotFound)
		}
		requireSame(c, before, c.callItems())
		require.Zero(c, countAuditIfKept(c, outdial.ActionDialerRollback))
	})

	g.proves("an audit entry is written with the change", func(c *campaign) {
		id, _ := launch(c, 2)
		p := c.running().claimParams(1)
		_, err := c.store.ClaimCalls(c.Context(), p)
		require.NoError(c, err)
		c.rollbackCalls(id)
		entries := auditOf(c, outdial.ActionDialerRollback)
		require.Len(c, entries, 1)
		requireAudit(c, entries[0], map[string]any{"launch_id": id.String(), "failed": 1, "kept": 1})
	})
}
