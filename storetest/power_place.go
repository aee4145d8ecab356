package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/suppression"
)

// placeBehaviours proves PlaceCall.
func placeBehaviours(g *group) {
	placeRefusalBehaviours(g)
	placeConflictBehaviours(g)

	g.proves("it keeps that the call is about to be placed and counts the attempt", func(c *campaign) {
		call := c.running().claimed(c.addCallable(1)[0])
		item := c.callItem(call.Ref.ItemID)
		c.wait(time.Second)
		call.PlacedAt, call.Attempt = c.now, 1
		requireSame(c, call, c.place(call))
		requireSame(c, call, c.call(call.ID))
		item.Attempts = 1
		requireItem(c, item, c.callItem(item.ID))
	})

	g.proves("attempts are counted for the contact in the campaign, those before the item included", func(c *campaign) {
		c.running()
		contact := c.add(person(coolingUntil(c.now)))[0]
		call := c.dial(contact)
		require.Equal(c, 2, call.Attempt, "somebody had tried once before")
		require.Equal(c, 1, c.callItem(call.Ref.ItemID).Attempts)
		c.tell(call, telephony.TypeEnded, withCause(dialer.CauseBusy))
		c.now = c.callItem(call.Ref.ItemID).NextAttemptAt
		again := c.place(c.claimCalls()[0])
		require.Equal(c, 3, again.Attempt)
		require.Equal(c, 2, c.callItem(call.Ref.ItemID).Attempts)
	})

	g.proves("attempts of one contact in two campaigns are counted apart", func(c *campaign) {
		who, other := person(), c.another().running()
		c.running().add(who)
		other.add(who)
		other.tell(other.dial(who.Contact), telephony.TypeEnded, withCause(dialer.CauseBusy))
		require.Equal(c, 1, c.dial(who.Contact).Attempt)
	})
}

// placeRefusalBehaviours proves what PlaceCall looks at once more, and what becomes
// of a call that must not be placed.
func placeRefusalBehaviours(g *group) {
	for _, mayNot := range uncallables() {
		g.proves("when the contact "+mayNot.how+" in between the item fails", func(c *campaign) {
			contact := c.running().addCallable(1)[0]
			call := c.claimed(contact)
			item := c.callItem(call.Ref.ItemID)
			mayNot.happens(c, contact)
			c.wait(time.Second)
			refusal, settled := c.refused(c.placeParams(call))
			require.Equal(c, mayNot.refusal, refusal)
			want := movedTo(item, dialer.StateFailed)
			want.FailReason = string(refusal)
			requireItem(c, want, c.callItem(item.ID))
			c.requireNotPlaced(call, settled, want)
			c.wait(1000 * time.Hour)
			c.claimNothing()
		})
	}

	waits := []struct {
		when    string
		refusal dialer.Refusal
		happens func(c *campaign, p *dialer.PlaceParams)
	}{
		{"the campaign was paused", dialer.RefusalNotRunning, func(c *campaign, _ *dialer.PlaceParams) { c.control(dialer.ControlPause) }},
		{"the campaign was stopped", dialer.RefusalNotRunning, func(c *campaign, _ *dialer.PlaceParams) { c.control(dialer.ControlStop) }},
		{"the zone was closed", dialer.RefusalWindowClosed, func(_ *campaign, p *dialer.PlaceParams) {
			p.Limits.Open = callwindow.Open{Zones: []string{"", "Asia/Kathmandu"}}
		}},
		{"the phone has had as many calls as a cap allows", dialer.RefusalAttemptCap, func(_ *campaign, p *dialer.PlaceParams) {
			p.Limits.Caps = []callwindow.Cap{{Attempts: 9, Within: time.Hour}, {Attempts: 1, Within: 1000 * time.Hour}}
		}},
		{"the phone was abandoned", dialer.RefusalAbandoned, func(c *campaign, p *dialer.PlaceParams) {
			p.Limits.AbandonedSince = c.now.Add(-1000 * time.Hour)
		}},
	}
	for _, test := range waits {
		g.proves("when "+test.when+" the item waits for RetryAfter", func(c *campaign) {
			contact := c.running().addCallable(1)[0]
			before := c.dial(contact)
			c.tell(before, telephony.TypeAbandoned)
			c.tell(before, telephony.TypeEnded)
			c.now = c.callItem(before.Ref.ItemID).NextAttemptAt
			call := c.claimCalls()[0]
			item := c.callItem(call.Ref.ItemID)
			c.wait(time.Second)
			p := c.placeParams(call)
			test.happens(c, &p)
			refusal, settled := c.refused(p)
			require.Equal(c, test.refusal, refusal)
			c.requireWaits(call, settled, item)
		})
	}

	g.proves("when the contact's number is another by now the item waits for RetryAfter and is dialed at the new one", func(c *campaign) {
		contact := c.running().addCallable(1)[0]
		call := c.claimed(contact)
		item := c.callItem(call.Ref.ItemID)
		contact.Phone = nextPhone()
		c.updateContact(contact)
		refusal, settled := c.refused(c.placeParams(call))
		require.Equal(c, dialer.RefusalPhoneChanged, refusal)
		c.requireWaits(call, settled, item)
		next := c.listCalls(dialer.ListCallsParams{Unsettled: true})
		require.Len(c, next, 1)
		require.Equal(c, contact.Phone, next[0].Phone)
	})

	g.proves("when an agent has the phone in hand by now the item waits for RetryAfter", func(c *campaign) {
		agents, phone := c.another(), nextPhone()
		locked := agents.lock(uuid.New(), agents.add(person(withPhone(phone)))[0], true)
		c.wait(lockFor)
		call := c.running().claimed(c.add(person(withPhone(phone)))[0])
		item := c.callItem(call.Ref.ItemID)
		agents.now = c.now
		locked = agents.move(locked, queue.MoveHeartbeat)
		refusal, settled := c.refused(c.placeParams(call))
		agents.move(locked, queue.MoveGiveBack)
		require.Equal(c, dialer.RefusalAgentCalling, refusal)
		c.requireWaits(call, settled, item)
	})

	g.proves("of several refusals the first is told", refuseInOrder)

	g.proves("a refusal frees the phone and the agent, and counts no attempt", func(c *campaign) {
		phone, other := nextPhone(), c.another().running()
		c.running()
		agent := c.readyAgents(1)[0]
		call := c.claimed(c.add(person(withPhone(phone)))[0])
		c.reserve(call)
		c.control(dialer.ControlPause)
		c.refused(c.placeParams(call))
		require.Equal(c, presence.StateReady, c.session(agent).State)
		require.Zero(c, c.callItem(call.Ref.ItemID).Attempts)
		require.Equal(c, 1, other.dial(other.add(person(withPhone(phone)))[0]).Attempt)
		c.control(dialer.ControlResume)
		c.wait(retryAfter)
		c.claimNothing() // the other campaign has the phone
	})

	g.proves("a contact whose item waits after a refusal may not be tried before the item may", func(c *campaign) {
		call := c.running().claimed(c.addCallable(1)[0])
		c.control(dialer.ControlPause)
		c.refused(c.placeParams(call))
		c.wait(retryAfter)
		require.Equal(c, 1, c.skipped(c.now.Add(-time.Microsecond))[queue.SkipCoolingDown])
		require.Equal(c, 1, c.skipped(c.now)[queue.SkipCollision])
	})
}

// requireNotPlaced checks a call that was refused now, whose item has become that.
func (c *campaign) requireNotPlaced(before, call dialer.Call, item dialer.Item) {
	c.Helper()
	before.ItemVersion, before.NotPlacedAt = item.LockVersion, c.now
	before.Outcome, before.SettledAt = dialer.OutcomeNotPlaced, c.now
	requireSame(c, before, call)
	requireSame(c, call, c.call(call.ID))
}

// requireWaits checks a call that was refused now, and that its item can be claimed
// again after retryAfter and no sooner.
func (c *campaign) requireWaits(before, call dialer.Call, item dialer.Item) {
	c.Helper()
	want := movedTo(item, dialer.StateQueued)
	want.NextAttemptAt = c.now.Add(retryAfter)
	requireItem(c, want, c.callItem(item.ID))
	c.requireNotPlaced(before, call, want)
	switch c.dialerStats().Status {
	case dialer.StatusPaused:
		c.control(dialer.ControlResume)
	case dialer.StatusStopped:
		c.control(dialer.ControlStart)
	}
	c.wait(retryAfter - time.Microsecond)
	c.claimNothing()
	c.wait(time.Microsecond)
	require.Equal(c, []uuid.UUID{item.ContactID}, called(c.claimCalls()))
}

// refuseInOrder has a call refused for each two reasons that stand next to each
// other.
func refuseInOrder(c *campaign) {
	reasons := map[dialer.Refusal]func(c *campaign, contact *outdial.Contact, p *dialer.PlaceParams){
		dialer.RefusalInvalid: func(_ *campaign, contact *outdial.Contact, _ *dialer.PlaceParams) { contact.Invalid = true },
		dialer.RefusalNoPhone: func(_ *campaign, contact *outdial.Contact, _ *dialer.PlaceParams) {
			contact.PhoneStatus = outdial.PhoneInvalid
		},
		dialer.RefusalOptedOut: func(_ *campaign, contact *outdial.Contact, _ *dialer.PlaceParams) { contact.OptedOut = true },
		dialer.RefusalSuppressed: func(c *campaign, contact *outdial.Contact, _ *dialer.PlaceParams) {
			c.suppress(suppression.NewEmail(contact.Email))
		},
		dialer.RefusalPhoneChanged: func(_ *campaign, contact *outdial.Contact, _ *dialer.PlaceParams) { contact.Phone = nextPhone() },
		dialer.RefusalNotRunning:   func(c *campaign, _ *outdial.Contact, _ *dialer.PlaceParams) { c.control(dialer.ControlPause) },
		dialer.RefusalWindowClosed: func(_ *campaign, _ *outdial.Contact, p *dialer.PlaceParams) { p.Limits.Open = callwindow.Open{} },
		dialer.RefusalAttemptCap: func(_ *campaign, _ *outdial.Contact, p *dialer.PlaceParams) {
			p.Limits.Caps = []callwindow.Cap{{Within: time.Hour}}
		},
		dialer.RefusalAbandoned: func(c *campaign, _ *outdial.Contact, p *dialer.PlaceParams) {
			// Of the contact's own call, before the one that is to be placed.
			p.Limits.AbandonedSince = c.now.Add(-1000 * time.Hour)
		},
	}
	order := dialer.Refusals()
	for i, first := range order[:len(order)-1] {
		second := order[i+1]
		if reasons[second] == nil {
			continue
		}
		here := c.another().running()
		contact := here.addCallable(1)[0]
		before := here.dial(contact)
		here.tell(before, telephony.TypeAbandoned)
		here.tell(before, telephony.TypeEnded)
		here.now = here.callItem(before.Ref.ItemID).NextAttemptAt
		p := here.placeParams(here.claimCalls()[0])
		reasons[first](here, &contact, &p)
		reasons[second](here, &contact, &p)
		if first.Final() || first == dialer.RefusalPhoneChanged || second == dialer.RefusalPhoneChanged {
			here.updateContact(contact)
		}
		refusal, _ := here.refused(p)
		require.Equal(c, first, refusal, "and not %s", second)
	}
}

// placeConflictBehaviours proves when PlaceCall is too late.
func placeConflictBehaviours(g *group) {
	g.proves("a call that was placed before is ErrConflict", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		require.ErrorIs(c, c.placeError(c.placeParams(call)), outdial.ErrConflict)
		c.lose(call)
		require.ErrorIs(c, c.placeError(c.placeParams(call)), outdial.ErrConflict, "it may have been placed")
	})

	g.proves("a call that was refused before is ErrConflict", func(c *campaign) {
		call := c.running().claimed(c.addCallable(1)[0])
		c.control(dialer.ControlPause)
		c.refused(c.placeParams(call))
		c.control(dialer.ControlResume)
		require.ErrorIs(c, c.placeError(c.placeParams(call)), outdial.ErrConflict)
		c.wait(retryAfter)
		next := c.claimCalls()[0]
		require.ErrorIs(c, c.placeError(c.placeParams(call)), outdial.ErrConflict, "the item has another call")
		c.place(next)
	})

	g.proves("a call of which the carrier has reported already is ErrConflict", func(c *campaign) {
		c.running()
		people := c.addCallable(len(telephony.Types()))
		for i, kind := range telephony.Types() {
			call := c.claimed(people[i])
			c.tell(call, kind)
			require.ErrorIs(c, c.placeError(c.placeParams(call)), outdial.ErrConflict, "%s", kind)
		}
	})

	g.provesAlone("a call that a sweep has settled is ErrConflict", func(c *campaign) {
		call := c.running().claimed(c.addCallable(1)[0])
		c.wait(time.Hour)
		require.Positive(c, c.sweepCalls(c.sweepParams(time.Minute, 1000*time.Hour, 1000*time.Hour)).Returned)
		require.ErrorIs(c, c.placeError(c.placeParams(call)), outdial.ErrConflict)
	})

	g.proves("a lost lease is ErrConflict", func(c *campaign) {
		call := c.running().claimed(c.addCallable(1)[0])
		for name, lease := range c.badLeases() {
			p := c.placeParams(call)
			p.Lease = lease
			require.ErrorIs(c, c.placeError(p), outdial.ErrConflict, name)
		}
		lease := c.acquire("four", time.Minute)
		p := c.placeParams(call)
		p.Lease = lease
		result, err := c.store.PlaceCall(c.Context(), p)
		require.NoError(c, err)
		require.Empty(c, result.Refusal)
	})

	g.proves("a lost lease is told before a reason to refuse, and the item stays as it is", func(c *campaign) {
		contact := c.running().addCallable(1)[0]
		call := c.claimed(contact)
		lease := c.acquire("one", time.Minute)
		c.wait(time.Minute)
		c.suppress(suppressedBy(contact))
		p := c.placeParams(call)
		p.Lease = lease
		require.ErrorIs(c, c.placeError(p), outdial.ErrConflict)
	})

	g.proves("an unknown call, or one of another campaign, is ErrNotFound", func(c *campaign) {
		call := c.running().claimed(c.addCallable(1)[0])
		for _, edit := range []func(p *dialer.PlaceParams){
			func(p *dialer.PlaceParams) { p.CallID = uuid.New() },
			func(p *dialer.PlaceParams) { p.CampaignID = c.another().id },
		} {
			p := c.placeParams(call)
			edit(&p)
			require.ErrorIs(c, c.placeError(p), outdial.ErrNotFound)
		}
		c.place(call)
	})
}
