package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
)

// correctionBehaviours proves what a disposition does that takes the place of another.
func correctionBehaviours(g *group) {
	for _, mistake := range (disposition.Map{}).Rules() {
		if mistake.Effect == disposition.EffectSuppress {
			continue
		}
		g.provesInBoth("whatever follows "+string(mistake.Code)+" is what would have followed without it", func(c *campaign, in disposition.Queue) {
			for _, rule := range (disposition.Map{}).Rules() {
				correctInPlace(c, in, mistake.Code, rule.Code)
			}
		})
	}

	g.provesInBoth("who is on the list stays there, and so do the item and what the campaign knows of the contact", func(c *campaign, in disposition.Queue) {
		for _, rule := range (disposition.Map{}).Rules() {
			at, phone := c.another(), nextPhone()
			others := at.give(uuid.Nil, at.add(person(withPhone(phone)))...)
			s := at.reached(in, at.add(person(withPhone(phone)))[0])
			first := at.dispose(s, disposition.CodeDoNotCall)
			require.Equal(c, 1, first.Purged)
			items, dialed := at.items(), at.callItems()
			at.wait(time.Minute)
			result := at.correct(s, first, rule.Code)
			require.ElementsMatch(c, []disposition.Remain{disposition.RemainSuppression, disposition.RemainPurged}, result.Remains, rule.Code)
			require.Equal(c, string(queue.StateFailed), result.State)
			require.Equal(c, disposition.FailSuppressed, result.FailReason)
			require.Equal(c, string(disposition.CodeDoNotCall), result.FinishReason)
			require.Nil(c, result.CallbackItemID)
			if rule.Effect != disposition.EffectInvalidate {
				requireSame(c, items, at.items())
			}
			requireSame(c, dialed, at.callItems())
			require.Equal(c, queue.StateFailed, at.item(others[0].ID).State)
			require.Equal(c, 1, c.another().enqueueOf(person(withPhone(phone)))[queue.SkipSuppressed])
			require.Equal(c, rule.Effect == disposition.EffectConvert, len(at.leads()) == 1)
			require.Equal(c, result.ID, at.dispositions()[0].SupersededBy)
		}
	})

	g.provesInBoth("items of other contacts that were failed with a wrong number stay failed, and the result says so", func(c *campaign, in disposition.Queue) {
		phone := nextPhone()
		others := c.give(uuid.Nil, c.add(person(withPhone(phone)))...)
		s := c.reached(in, c.add(person(withPhone(phone)))[0])
		first := c.dispose(s, disposition.CodeInvalidNumber)
		result := c.correct(s, first, disposition.CodeNotInterested)
		require.Equal(c, []disposition.Remain{disposition.RemainPurged}, result.Remains)
		require.Equal(c, queue.StateFailed, c.item(others[0].ID).State)
		require.Equal(c, outdial.PhoneValid, c.item(others[0].ID).Contact.PhoneStatus, "the number is as good as before")
		c.give(uuid.Nil, others[0].Contact)
	})

	g.provesInBoth("the disposition says what it took the place of, and that one by what", func(c *campaign, in disposition.Queue) {
		s := c.reached(in, c.addCallable(1)[0])
		first := c.dispose(s, disposition.CodeNotInterested)
		c.wait(time.Minute)
		second := c.correct(s, first, disposition.CodeConverted)
		require.Equal(c, first.ID, *second.Supersedes)
		require.Empty(c, second.Remains)
		kept := c.dispositions()
		require.Equal(c, second.ID, kept[0].SupersededBy)
		requireSame(c, disposition.Record{
			ID: second.ID, CampaignID: c.id, Queue: in, ItemID: s.itemID, LockVersion: first.LockVersion, ItemVersion: second.LockVersion,
			ContactID: s.contact.ID, CallID: s.call.ID, AgentID: s.agent, ActorID: c.actor,
			Code: disposition.CodeConverted, Effect: disposition.EffectConvert, Attempt: 1, Supersedes: first.ID, RecordedAt: c.now,
		}, kept[1])
		require.Contains(c, []int{2, -1}, c.auditCount(outdial.ActionDispositionRecord), "unless nobody can look")
	})

	g.provesInBoth("a correction may be corrected, and repeated", func(c *campaign, in disposition.Queue) {
		s := c.reached(in, c.addCallable(1)[0])
		result := c.dispose(s, disposition.CodeNotInterested)
		for _, code := range []disposition.Code{disposition.CodeBusy, disposition.CodeConverted, disposition.CodeNotInterested, disposition.CodeNoAnswer} {
			p := c.correctParams(s, result, code)
			result = c.record(p)
			require.Equal(c, 1, result.Attempts)
			before := c.standing()
			again, err := c.store.RecordDisposition(c.Context(), p)
			require.NoError(c, err)
			requireSame(c, result, again)
			requireSame(c, before, c.standing())
		}
		c.requireStanding(result)
		require.NotZero(c, c.leads()[0].WithdrawnAt)
	})

	g.proves("an attempt that used up the last one does so after a correction too, and no other does", func(c *campaign) {
		policy := under(dialer.RetryPolicy{MaxAttempts: 1})
		s := c.inHand(c.addCallable(1)[0])
		first := c.dispose(s, disposition.CodeBusy, policy)
		require.Equal(c, dialer.FailMaxAttempts, first.FinishReason)
		second := c.correct(s, first, disposition.CodeCallback, policy)
		require.Empty(c, second.FinishReason)
		require.Equal(c, string(queue.StateQueued), second.State)
		third := c.correct(s, second, disposition.CodeNoAnswer, policy)
		require.Equal(c, dialer.FailMaxAttempts, third.FinishReason)
		require.Equal(c, 1, third.Attempts)
	})

	g.provesInBoth("a correction that would queue somebody whose number is on the list by now fails the item", func(c *campaign, in disposition.Queue) {
		contact := c.addCallable(1)[0]
		s := c.reached(in, contact)
		first := c.dispose(s, disposition.CodeNotInterested)
		c.suppress(suppressedBy(contact))
		result := c.correct(s, first, disposition.CodeBusy)
		require.Equal(c, disposition.FailSuppressed, result.FailReason)
		require.Equal(c, string(queue.StateFailed), result.State)
	})
}

// enqueueOf says why somebody new is not put into the agent queue.
func (c *campaign) enqueueOf(who intake.NewContact) queue.Skips {
	c.Helper()
	return c.enqueue(queue.EnqueueParams{ContactIDs: contactIDs(c.add(who))}).Skipped
}

// correctInPlace records a mistake and corrects it at once, and compares what is left of
// both with what the right code alone leaves.
func correctInPlace(all *campaign, in disposition.Queue, mistake, code disposition.Code) {
	all.Helper()
	right, c := all.another(), all.another()
	want := right.dispose(right.reached(in, right.addCallable(1)[0]), code)
	s := c.reached(in, c.addCallable(1)[0])
	first := c.dispose(s, mistake)
	got := c.correct(s, first, code)

	const format = "%s instead of %s"
	require.Equal(c, want.State, got.State, format, code, mistake)
	require.Equal(c, first.LockVersion+1, got.LockVersion, format, code, mistake)
	require.Equal(c, want.FailReason, got.FailReason, format, code, mistake)
	require.Equal(c, want.Attempts, got.Attempts, format, code, mistake)
	require.Equal(c, want.FinishReason, got.FinishReason, format, code, mistake)
	require.Equal(c, want.Suppressed, got.Suppressed, format, code, mistake)
	require.Equal(c, want.CallbackItemID == nil, got.CallbackItemID == nil, format, code, mistake)
	require.Equal(c, want.LeadID == nil, got.LeadID == nil, format, code, mistake)
	require.Equal(c, want.NextAttemptAt == nil, got.NextAttemptAt == nil, format, code, mistake)
	if want.NextAttemptAt != nil {
		require.Equal(c, want.NextAttemptAt.Sub(right.now), got.NextAttemptAt.Sub(c.now), format, code, mistake)
	}
	require.Equal(c, right.skipped(right.now), c.skipped(c.now), format, code, mistake)
	c.requireStanding(got)
	standing := 0
	for _, lead := range c.leads() {
		if lead.WithdrawnAt.IsZero() {
			standing++
		}
	}
	require.Len(c, right.leads(), standing, format, code, mistake)

	wanted, left := right.items(), c.items()
	if mistake == disposition.CodeCallback && in == disposition.QueuePower {
		require.Equal(c, queue.StateReleased, left[0].State, "nobody need keep the promise")
		left = left[1:]
	}
	require.Len(c, left, len(wanted), format, code, mistake)
	for i, item := range left {
		require.Equal(c, wanted[i].State, item.State, format, code, mistake)
		require.Equal(c, wanted[i].Attempts, item.Attempts, format, code, mistake)
		require.Equal(c, wanted[i].Pooled, item.Pooled, format, code, mistake)
		require.Equal(c, wanted[i].AgentID == uuid.Nil, item.AgentID == uuid.Nil, format, code, mistake)
		require.Equal(c, wanted[i].CallbackAgentID == uuid.Nil, item.CallbackAgentID == uuid.Nil, format, code, mistake)
		if item.State.Active() {
			require.Equal(c, wanted[i].CallbackAt.IsZero(), item.CallbackAt.IsZero(), format, code, mistake)
		}
	}
	for i, item := range c.callItems() {
		require.Equal(c, right.callItems()[i].State, item.State, format, code, mistake)
		require.Equal(c, right.callItems()[i].Priority, item.Priority, format, code, mistake)
	}
}

// refusedCorrectionBehaviours proves which corrections come too late.
func refusedCorrectionBehaviours(g *group) {
	g.provesInBoth("a disposition that is older than CorrectWithin is corrected no more", func(c *campaign, in disposition.Queue) {
		people := c.addCallable(2)
		early := c.reached(in, people[0])
		first := c.dispose(early, disposition.CodeNotInterested)
		c.wait(correctWithin)
		c.correct(early, first, disposition.CodeBusy)
		if in == disposition.QueuePower {
			c.hangUp(early)
		}
		late := c.reached(in, people[1])
		first = c.dispose(late, disposition.CodeNotInterested)
		c.wait(correctWithin + time.Microsecond)
		require.ErrorIs(c, c.recordError(c.correctParams(late, first, disposition.CodeBusy)), outdial.ErrConflict)
	})

	g.proves("an item that somebody has touched since is corrected no more", func(c *campaign) {
		contact := c.addCallable(1)[0]
		s := c.inHand(contact)
		policy := under(dialer.RetryPolicy{CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeBusy: 0}})
		first := c.dispose(s, disposition.CodeBusy, policy)
		c.take(s.agent)
		require.ErrorIs(c, c.recordError(c.correctParams(s, first, disposition.CodeNotInterested)), outdial.ErrConflict)

		dialed := c.talking(c.addCallable(1)[0])
		first = c.dispose(dialed, disposition.CodeBusy, policy)
		c.hangUp(dialed)
		require.Len(c, c.claimCalls(), 1)
		require.ErrorIs(c, c.recordError(c.correctParams(dialed, first, disposition.CodeNotInterested)), outdial.ErrConflict)
	})

	g.proves("an item that a purge has failed since is corrected no more", func(c *campaign) {
		phone := nextPhone()
		people := c.add(person(withPhone(phone)), person(withPhone(phone)))
		s := c.inHand(people[0])
		first := c.dispose(s, disposition.CodeBusy)
		c.dispose(c.inHand(people[1]), disposition.CodeDoNotCall)
		require.ErrorIs(c, c.recordError(c.correctParams(s, first, disposition.CodeNoAnswer)), outdial.ErrConflict)
	})

	g.proves("a callback of the power queue whose item the agent has pulled is corrected no more", func(c *campaign) {
		s := c.talking(c.addCallable(1)[0])
		first := c.dispose(s, disposition.CodeCallback, calledBackAt(c.now.Add(time.Second)))
		c.hangUp(s)
		c.wait(time.Second)
		c.take(s.agent)
		require.ErrorIs(c, c.recordError(c.correctParams(s, first, disposition.CodeBusy)), outdial.ErrConflict)
	})

	g.provesInBoth("a disposition is corrected once, and the item's last one only", func(c *campaign, in disposition.Queue) {
		s := c.reached(in, c.addCallable(1)[0])
		first := c.dispose(s, disposition.CodeNotInterested)
		second := c.correct(s, first, disposition.CodeBusy)
		require.ErrorIs(c, c.recordError(c.correctParams(s, first, disposition.CodeNoAnswer)), outdial.ErrConflict)
		p := c.correctParams(s, first, disposition.CodeNoAnswer)
		p.LockVersion = second.LockVersion
		require.ErrorIs(c, c.recordError(p), outdial.ErrConflict)
	})

	g.provesInBoth("the version must be the one that the earlier disposition left", func(c *campaign, in disposition.Queue) {
		s := c.reached(in, c.addCallable(1)[0])
		first := c.dispose(s, disposition.CodeNotInterested)
		for _, version := range []int{first.LockVersion - 1, first.LockVersion + 1} {
			p := c.correctParams(s, first, disposition.CodeBusy)
			p.LockVersion = version
			require.ErrorIs(c, c.recordError(p), outdial.ErrConflict)
		}
	})

	g.provesInBoth("another agent's disposition is ErrForbidden, and the nil agent corrects anyone's", func(c *campaign, in disposition.Queue) {
		s := c.reached(in, c.addCallable(1)[0])
		first := c.dispose(s, disposition.CodeNotInterested)
		agent := s.agent
		s.agent = uuid.New()
		require.ErrorIs(c, c.recordError(c.correctParams(s, first, disposition.CodeBusy)), outdial.ErrForbidden)
		s.agent = uuid.Nil
		c.correct(s, first, disposition.CodeBusy)
		require.Equal(c, agent, c.dispositions()[1].AgentID)
	})

	g.provesInBoth("a disposition that the item has not is ErrNotFound", func(c *campaign, in disposition.Queue) {
		people := c.addCallable(2)
		s := c.reached(in, people[0])
		other := c.dispose(c.inHand(people[1]), disposition.CodeNotInterested)
		first := c.dispose(s, disposition.CodeNotInterested)
		for _, id := range []uuid.UUID{uuid.New(), other.ID} {
			p := c.correctParams(s, first, disposition.CodeBusy)
			p.Supersedes = id
			require.ErrorIs(c, c.recordError(p), outdial.ErrNotFound)
		}
	})

	g.provesInBoth("a correction that would make a contact active twice is ErrConflict", func(c *campaign, in disposition.Queue) {
		contact := c.addCallable(1)[0]
		s := c.reached(in, contact)
		first := c.dispose(s, disposition.CodeInvalidNumber)
		contact.Phone = nextPhone()
		c.updateContact(contact)
		c.give(uuid.Nil, contact)
		for _, code := range []disposition.Code{disposition.CodeBusy, disposition.CodeCallback} {
			require.ErrorIs(c, c.recordError(c.correctParams(s, first, code)), outdial.ErrConflict)
		}
		c.correct(s, first, disposition.CodeNotInterested)
	})
}
