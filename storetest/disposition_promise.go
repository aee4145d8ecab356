package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
)

// promiseBehaviours proves which callbacks may be promised, and where they wait.
func promiseBehaviours(g *group) {
	g.provesInBoth("a callback time must pass CheckCallback", func(c *campaign, in disposition.Queue) {
		s := c.reached(in, c.addCallable(1)[0])
		for _, at := range []time.Time{
			c.now, c.now.Add(-time.Microsecond), c.now.Add(-time.Hour), c.now.Add(disposition.MaxCallbackAhead + time.Microsecond),
		} {
			want := disposition.CheckCallback(at, c.now)
			require.Error(c, want)
			err := c.recordError(c.disposeParams(s, disposition.CodeCallback, calledBackAt(at)))
			require.ErrorIs(c, err, outdial.ErrInvalid)
			field := (*outdial.FieldError)(nil)
			require.ErrorAs(c, err, &field)
			require.Equal(c, "callback_at", field.Field)
		}
		c.dispose(s, disposition.CodeCallback, calledBackAt(c.now.Add(disposition.MaxCallbackAhead)))
	})

	g.provesInBoth("a contact's zone must be among Open, or it is a WindowClosedError", func(c *campaign, in disposition.Queue) {
		for _, zone := range []string{"America/Chicago", "Europe/Paris", ""} {
			there := c.another()
			s := there.reached(in, there.add(person(func(who *intake.NewContact) { who.Contact.Timezone = zone }))[0])
			for _, open := range []callwindow.Open{{}, {Zones: []string{"Asia/Tokyo"}}} {
				err := there.recordError(there.disposeParams(s, disposition.CodeCallback, func(p *disposition.RecordParams) { p.Open = open }))
				closed := (*disposition.WindowClosedError)(nil)
				require.ErrorAs(c, err, &closed)
				require.Equal(c, zone, closed.Zone)
				require.ErrorIs(c, err, outdial.ErrInvalid)
			}
			there.dispose(s, disposition.CodeCallback, func(p *disposition.RecordParams) {
				p.Open = callwindow.Open{Zones: []string{"Asia/Tokyo", zone}}
			})
		}
	})

	g.provesInBoth("what is not a callback asks for no hour", func(c *campaign, in disposition.Queue) {
		for _, rule := range (disposition.Map{}).Rules() {
			there := c.another()
			if rule.Effect != disposition.EffectCallback {
				there.dispose(there.reached(in, there.addCallable(1)[0]), rule.Code)
			}
		}
	})

	g.provesInBoth("the time is looked at after the item: an item that has moved on is ErrConflict", func(c *campaign, in disposition.Queue) {
		s := c.reached(in, c.addCallable(1)[0])
		s.version++
		err := c.recordError(c.disposeParams(s, disposition.CodeCallback, calledBackAt(c.now)))
		require.ErrorIs(c, err, outdial.ErrConflict)
		require.NotErrorIs(c, err, outdial.ErrInvalid)
	})

	g.proves("agent queue: a callback for anyone waits in the pool", func(c *campaign) {
		contact := c.addCallable(1)[0]
		for _, fromPool := range []bool{true, false} {
			item := c.start(uuid.New(), contact, fromPool)
			p := c.disposeParams(subjectOf(item, contact), disposition.CodeCallback, forAnyone)
			want := disposedAs(item, disposition.Decision{Step: disposition.StepCallback, At: p.CallbackAt}, p)
			require.Zero(c, want.CallbackAgentID)
			c.record(p)
			requireSame(c, want, c.item(item.ID))
			c.wait(callbackIn)
			c.dispose(subjectOf(c.take(uuid.New()), contact), disposition.CodeCallback, under(dialer.RetryPolicy{MaxAttempts: 9}))
			c.clear(uuid.Nil)
			c.wait(callbackIn)
		}
	})

	g.proves("power queue: a callback for anyone waits there, before everything that was queued", func(c *campaign) {
		s := c.talking(c.addCallable(1)[0])
		item := c.callItem(s.itemID)
		p := c.disposeParams(s, disposition.CodeCallback, forAnyone)
		result := c.record(p)
		requireDialedOn(c, item, disposition.Decision{Step: disposition.StepCallback, At: p.CallbackAt}, p, result)
		c.hangUp(s)
		highest := 1 << 30
		c.enqueueCalls(dialer.EnqueueParams{ContactIDs: contactIDs(c.addCallable(1)), Priority: &highest})
		c.now = p.CallbackAt.Add(-time.Microsecond)
		require.Len(c, c.claimCalls(), 1, "it is not due")
		c.enqueueCalls(dialer.EnqueueParams{ContactIDs: contactIDs(c.addCallable(1)), Priority: &highest})
		c.now = p.CallbackAt
		require.Equal(c, s.contact.ID, c.claimCalls()[0].ContactID)
	})

	g.provesInBoth("a callback is a promise: neither the attempts nor the cap of a day break it, and the attempt after it is the last", func(c *campaign, in disposition.Queue) {
		policy := under(dialer.RetryPolicy{MaxAttempts: 1, MaxPerDay: 1})
		s := c.reached(in, c.addCallable(1)[0])
		result := c.dispose(s, disposition.CodeCallback, policy)
		require.True(c, result.NextAttemptAt.Equal(c.now.Add(callbackIn)))
		if in == disposition.QueuePower {
			c.hangUp(s)
		}
		c.now = *result.NextAttemptAt
		item := c.take(s.agent)
		result = c.dispose(subjectOf(item, item.Contact), disposition.CodeNoAnswer, policy)
		require.Equal(c, 2, result.Attempts)
		require.Equal(c, dialer.FailMaxAttempts, result.FinishReason)
	})

	g.proves("a callback that was kept and reached nobody is its agent's own from then on", func(c *campaign) {
		contact := c.addCallable(1)[0]
		s := c.inHand(contact)
		c.dispose(s, disposition.CodeCallback)
		c.wait(callbackIn)
		result := c.dispose(subjectOf(c.take(s.agent), contact), disposition.CodeBusy)
		item := c.item(s.itemID)
		require.Equal(c, s.agent, item.AgentID)
		require.False(c, item.Pooled)
		require.Zero(c, item.CallbackAt, "it is none any more")
		require.Equal(c, uuid.Nil, item.CallbackAgentID)
		require.True(c, item.ScheduledFor.Equal(*result.NextAttemptAt))
	})

	g.proves("a callback that another agent made, or that was anyone's, goes back to the pool when it reaches nobody", func(c *campaign) {
		for _, edit := range []func(*disposition.RecordParams){forAnyone, func(*disposition.RecordParams) {}} {
			there := c.another()
			contact := there.addCallable(1)[0]
			s := there.inHand(contact)
			there.dispose(s, disposition.CodeCallback, edit)
			there.wait(callbackIn + time.Hour)
			other := uuid.New()
			item := there.takeAfter(other, there.now)
			there.dispose(subjectOf(item, contact), disposition.CodeBusy)
			item = there.item(s.itemID)
			require.Equal(c, uuid.Nil, item.AgentID)
			require.True(c, item.Pooled)
			require.Zero(c, item.CallbackAt)
			require.Equal(c, uuid.Nil, item.CallbackAgentID)
			require.Equal(c, queue.StateQueued, item.State)
		}
	})

	g.proves("power queue: a callback that one agent promised is made by that agent, who finds it in their list", func(c *campaign) {
		s := c.talking(c.addCallable(1)[0])
		result := c.dispose(s, disposition.CodeCallback)
		require.NotNil(c, result.CallbackItemID)
		require.Equal(c, *result.CallbackItemID, c.itemsOf(s.agent)[0].ID)
		c.hangUp(s)
		c.wait(callbackIn)
		c.claimNothing()
		c.takeNothing(uuid.New())
		require.Equal(c, *result.CallbackItemID, c.take(s.agent).ID)
	})
}

// takeAfter pulls an item that the agent did not hold, where callbacks up to that time
// are everybody's.
func (c *campaign) takeAfter(agent uuid.UUID, since time.Time) queue.Item {
	c.Helper()
	p := c.pullParams(agent)
	p.CallbacksSince = since
	result, err := c.store.PullItem(c.Context(), p)
	require.NoError(c, err)
	require.NotNil(c, result.Item, "there is something to do")
	require.False(c, result.Held)
	return *result.Item
}
