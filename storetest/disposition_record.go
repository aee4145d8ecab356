package storetest

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
)

// recordDispositionBehaviours proves RecordDisposition, in parts.
func recordDispositionBehaviours(g *group) {
	dispositionTable(g)
	whoDisposesBehaviours(g)
	attemptBehaviours(g)
	leadBehaviours(g)
	repeatBehaviours(g)
	purgeBehaviours(g)
	purgedBehaviours(g)
	promiseBehaviours(g)
	correctionBehaviours(g)
	refusedCorrectionBehaviours(g)
	dispositionTransactionBehaviours(g)

	g.provesInBoth("it writes the disposition", func(c *campaign, in disposition.Queue) {
		s := c.reached(in, c.addCallable(1)[0])
		c.wait(time.Minute)
		metadata := json.RawMessage(`{"script": "b", "seconds": 12}`)
		result := c.dispose(s, disposition.CodeCallback, func(p *disposition.RecordParams) { p.Metadata = metadata })
		requireSame(c, []disposition.Record{{
			ID: result.ID, CampaignID: c.id, Queue: in, ItemID: s.itemID, LockVersion: s.version, ItemVersion: result.LockVersion,
			ContactID: s.contact.ID, CallID: s.call.ID, AgentID: s.agent, ActorID: c.actor,
			Code: disposition.CodeCallback, Effect: disposition.EffectCallback, Attempt: 1, CallbackAt: c.now.Add(callbackIn),
			Metadata: metadata, RecordedAt: c.now,
		}}, c.dispositions())
	})

	g.provesInBoth("it writes one audit entry", func(c *campaign, in disposition.Queue) {
		s := c.reached(in, c.addCallable(1)[0])
		c.wait(time.Minute)
		c.dispose(s, disposition.CodeDoNotCall)
		entries := auditOf(c, outdial.ActionDispositionRecord)
		require.Len(c, entries, 1)
		require.Equal(c, c.actor, entries[0].ActorID)
		require.Equal(c, "queue_item", entries[0].TargetType)
		require.Equal(c, s.itemID, entries[0].TargetID)
		require.True(c, entries[0].CreatedAt.Equal(c.now))
		requireMeta(c, entries[0], map[string]any{"campaign_id": c.id, "disposition": disposition.CodeDoNotCall, "queue": in})
	})

	g.proves("what becomes of a call after its disposition is kept, and moves its item no more", func(c *campaign) {
		s := c.talking(c.addCallable(1)[0])
		c.dispose(s, disposition.CodeNoAnswer)
		item := c.callItem(s.itemID)
		c.wait(time.Minute)
		result := c.learn(s.call, dialer.Facts{EndedAt: c.now, Cause: dialer.CauseCompleted})
		require.Equal(c, dialer.OutcomeConnected, result.Call.Outcome)
		requireItem(c, item, c.callItem(s.itemID))
		require.Equal(c, presence.StateWrapUp, c.session(s.agent).State)
		require.Equal(c, 1, c.skipped(c.now)[queue.SkipCoolingDown], "nor its contact")
		require.Zero(c, c.skipped(c.now.Add(24 * time.Hour))[queue.SkipFinished])
	})

	g.proves("a contact whom the end of a conversation had finished may be tried again when the agent says so", func(c *campaign) {
		s := c.hangUp(c.talking(c.addCallable(1)[0]))
		require.Equal(c, 1, c.skipped(c.now)[queue.SkipFinished])
		result := c.dispose(s, disposition.CodeBusy)
		c.now = *result.NextAttemptAt
		calls := c.claimCalls()
		require.Len(c, calls, 1)
		require.Equal(c, 2, c.place(calls[0]).Attempt)
	})

	g.provesInBoth("a number that is on the list by now does not wait for another attempt: the item fails", func(c *campaign, in disposition.Queue) {
		for _, code := range []disposition.Code{disposition.CodeNoAnswer, disposition.CodeCallback} {
			contact := c.addCallable(1)[0]
			s := c.reached(in, contact)
			if in == disposition.QueuePower {
				s = c.hangUp(s)
			}
			c.suppress(suppressedBy(contact))
			result := c.dispose(s, code)
			require.Equal(c, string(queue.StateFailed), result.State)
			require.Equal(c, disposition.FailSuppressed, result.FailReason)
			require.Nil(c, result.CallbackItemID)
			require.Empty(c, held(c.items()), "nor does a callback")
		}
	})
}

// whoDisposesBehaviours proves who may record something about which item.
func whoDisposesBehaviours(g *group) {
	g.provesInBoth("an item that the campaign has not is ErrNotFound", func(c *campaign, in disposition.Queue) {
		s := c.reached(in, c.addCallable(1)[0])
		p := c.disposeParams(s, disposition.CodeNoAnswer)
		p.CampaignID = c.another().id
		require.ErrorIs(c, c.recordError(p), outdial.ErrNotFound)
		p = c.disposeParams(s, disposition.CodeNoAnswer)
		p.ItemID = uuid.New()
		require.ErrorIs(c, c.recordError(p), outdial.ErrNotFound)
	})

	g.provesInBoth("an item that another agent has is ErrForbidden", func(c *campaign, in disposition.Queue) {
		s := c.reached(in, c.addCallable(1)[0])
		s.agent = uuid.New()
		for _, rule := range (disposition.Map{}).Rules() {
			require.ErrorIs(c, c.recordError(c.disposeParams(s, rule.Code)), outdial.ErrForbidden, rule.Code)
		}
	})

	g.provesInBoth("the nil agent may record for anyone, and the disposition says whose item it was", func(c *campaign, in disposition.Queue) {
		s := c.reached(in, c.addCallable(1)[0])
		agent := s.agent
		s.agent = uuid.Nil
		c.dispose(s, disposition.CodeNotInterested)
		require.Equal(c, agent, c.dispositions()[0].AgentID)
	})

	g.provesInBoth("a LockVersion that is not the item's is ErrConflict, and told before whose item it is", func(c *campaign, in disposition.Queue) {
		s := c.reached(in, c.addCallable(1)[0])
		for _, version := range []int{s.version + 1, s.version + 2, 0} {
			for _, agent := range []uuid.UUID{s.agent, uuid.New()} {
				stale := s
				stale.version, stale.agent = version, agent
				require.ErrorIs(c, c.recordError(c.disposeParams(stale, disposition.CodeDoNotCall)), outdial.ErrConflict, "version %d", version)
			}
		}
	})

	g.proves("agent queue: a version that the agent has moved on from is ErrConflict", func(c *campaign) {
		item := c.lock(uuid.New(), c.addCallable(1)[0], false)
		c.move(item, queue.MoveStart)
		require.ErrorIs(c, c.recordError(c.disposeParams(subjectOf(item, item.Contact), disposition.CodeNoAnswer)), outdial.ErrConflict)
	})

	g.proves("power queue: LockVersion may be any that the same call gave the item", func(c *campaign) {
		for later := range 3 {
			other := c.another()
			s := other.hangUp(other.talking(other.addCallable(1)[0]))
			require.Equal(c, s.version, s.call.Ref.LockVersion+2)
			s.version = s.call.Ref.LockVersion + later
			other.dispose(s, disposition.CodeNotInterested)
		}
	})

	g.proves("power queue: a version of the item's call before is ErrConflict", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		c.learn(call, dialer.Facts{EndedAt: c.now, Cause: dialer.CauseBusy})
		old := c.callItem(call.Ref.ItemID).LockVersion
		c.now = c.callItem(call.Ref.ItemID).NextAttemptAt
		next := c.place(c.claimCalls()[0])
		c.learn(next, dialer.Facts{ConnectedAt: c.now})
		for _, version := range []int{old, call.Ref.LockVersion} {
			s := subject{queue: disposition.QueuePower, itemID: call.Ref.ItemID, version: version}
			require.ErrorIs(c, c.recordError(c.disposeParams(s, disposition.CodeNotInterested)), outdial.ErrConflict)
		}
	})

	g.proves("power queue: a call has one disposition", func(c *campaign) {
		s := c.talking(c.addCallable(1)[0])
		first := c.dispose(s, disposition.CodeNoAnswer)
		for _, version := range []int{s.version, first.LockVersion, s.version - 1} {
			s.version = version
			require.ErrorIs(c, c.recordError(c.disposeParams(s, disposition.CodeDoNotCall)), outdial.ErrConflict, "version %d", version)
		}
	})

	g.proves("a late request is refused once somebody else has the item, and loses nothing of what they did", func(c *campaign) {
		contact := c.addCallable(1)[0]
		late := subjectOf(c.lock(uuid.New(), contact, true), contact)
		c.wait(lockFor)
		taken := c.take(uuid.New())
		require.Equal(c, late.itemID, taken.ID)
		for _, rule := range (disposition.Map{}).Rules() {
			require.ErrorIs(c, c.recordError(c.disposeParams(late, rule.Code)), outdial.ErrConflict, rule.Code)
		}
		c.dispose(subjectOf(taken, contact), disposition.CodeNotInterested)
		require.ErrorIs(c, c.recordError(c.disposeParams(late, disposition.CodeNoAnswer)), outdial.ErrConflict)
	})
}

// attemptBehaviours proves how attempts count.
func attemptBehaviours(g *group) {
	g.proves("agent queue: the attempt counts when something is recorded, for the item and for its contact", func(c *campaign) {
		contact := c.addCallable(1)[0]
		s := c.inHand(contact)
		require.Zero(c, c.item(s.itemID).Attempts)
		for want := 1; want <= 3; want++ {
			result := c.dispose(s, disposition.CodeBusy, under(dialer.RetryPolicy{MaxAttempts: 4}))
			require.Equal(c, want, result.Attempts)
			require.Equal(c, want, c.item(s.itemID).Attempts)
			require.Equal(c, want, c.dispositions()[want-1].Attempt)
			c.now = *result.NextAttemptAt
			s = subjectOf(c.take(s.agent), contact)
		}
	})

	g.proves("power queue: the attempt was counted when it was placed", func(c *campaign) {
		s := c.talking(c.addCallable(1)[0])
		require.Equal(c, 1, c.callItem(s.itemID).Attempts)
		require.Equal(c, 1, c.dispose(s, disposition.CodeBusy).Attempts)
		require.Equal(c, 1, c.callItem(s.itemID).Attempts)
		require.Equal(c, 1, c.dispositions()[0].Attempt)
	})

	g.proves("attempts of both queues count together, and when they are used up the contact is finished", func(c *campaign) {
		policy := under(dialer.RetryPolicy{MaxAttempts: 3})
		contact := c.addCallable(1)[0]
		s := c.inHand(contact)
		c.now = *c.dispose(s, disposition.CodeBusy, policy).NextAttemptAt
		c.clear(s.agent)
		dialed := c.talking(contact)
		require.Equal(c, 2, dialed.call.Attempt)
		result := c.dispose(dialed, disposition.CodeBusy, policy)
		require.Equal(c, 2, result.Attempts)
		c.hangUp(dialed)
		c.now = *result.NextAttemptAt
		c.readyAgents(1)
		call := c.place(c.claimCalls()[0])
		agent := c.reserve(call)
		call = c.learn(c.call(call.ID), dialer.Facts{ConnectedAt: c.now}).Call
		last := subject{queue: disposition.QueuePower, itemID: dialed.itemID, version: call.ItemVersion, agent: agent, contact: contact, call: call}
		result = c.dispose(last, disposition.CodeBusy, policy)
		require.Equal(c, 3, result.Attempts)
		require.Equal(c, string(dialer.StateFailed), result.State)
		require.Equal(c, dialer.FailMaxAttempts, result.FailReason)
		require.Equal(c, dialer.FailMaxAttempts, result.FinishReason)
		c.requireStanding(result)
		require.Equal(c, 1, c.enqueueCalls(dialer.EnqueueParams{}).Skipped[queue.SkipFinished])
	})

	g.proves("agent queue: an attempt that the host counted before counts too", func(c *campaign) {
		contact := c.add(person(coolingUntil(c.now)))[0]
		result := c.dispose(c.inHand(contact), disposition.CodeBusy, under(dialer.RetryPolicy{MaxAttempts: 2}))
		require.Equal(c, 2, result.Attempts)
		require.Equal(c, dialer.FailMaxAttempts, result.FinishReason)
	})
}

// leadBehaviours proves when a contact becomes a lead.
func leadBehaviours(g *group) {
	g.provesInBoth("it makes a lead where there is none yet", func(c *campaign, in disposition.Queue) {
		s := c.reached(in, c.addCallable(1)[0])
		c.wait(time.Minute)
		result := c.dispose(s, disposition.CodeConverted)
		require.True(c, result.LeadCreated)
		require.NotNil(c, result.LeadID)
		requireSame(c, []disposition.Lead{{
			ID: *result.LeadID, CampaignID: c.id, ContactID: s.contact.ID, DispositionID: result.ID, AgentID: s.agent, CreatedAt: c.now,
		}}, c.leads())
	})

	g.proves("nothing but a conversion makes a lead", func(c *campaign) {
		for _, rule := range (disposition.Map{}).Rules() {
			if rule.Effect != disposition.EffectConvert {
				result := c.dispose(c.inHand(c.addCallable(1)[0]), rule.Code)
				require.Nil(c, result.LeadID)
				require.False(c, result.LeadCreated)
			}
		}
		require.Empty(c, c.leads())
	})

	g.proves("a contact is a lead of each campaign that they convert in", func(c *campaign) {
		who, other := person(), c.another()
		contact := c.add(who)[0]
		other.add(who)
		one := c.dispose(c.inHand(contact), disposition.CodeConverted)
		two := other.dispose(other.inHand(contact), disposition.CodeConverted)
		require.NotEqual(c, *one.LeadID, *two.LeadID)
		require.Len(c, c.leads(), 1)
		require.Len(c, other.leads(), 1)
	})

	g.proves("a lead that was withdrawn comes back when its contact converts again, and is the same", func(c *campaign) {
		contact := c.addCallable(1)[0]
		s := c.inHand(contact)
		first := c.dispose(s, disposition.CodeConverted)
		c.wait(time.Minute)
		c.correct(s, first, disposition.CodeBusy)
		require.True(c, c.leads()[0].WithdrawnAt.Equal(c.now))
		c.wait(time.Hour)
		again := c.dispose(subjectOf(c.take(s.agent), contact), disposition.CodeConverted)
		require.Equal(c, *first.LeadID, *again.LeadID)
		require.Len(c, c.leads(), 1)
		require.Zero(c, c.leads()[0].WithdrawnAt)
	})
}
