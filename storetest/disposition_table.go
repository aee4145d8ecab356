package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
)

// situation is one that an item may be in when somebody records something about it.
type situation struct {
	name string
	// allowed says that a disposition is possible.
	allowed bool
	begin   func(c *campaign, contact outdial.Contact) subject
}

// dispositionTable proves every code in every state of both queues.
func dispositionTable(g *group) {
	for _, rule := range (disposition.Map{}).Rules() {
		const sentence = " leads from every state to where Decide says, or is ErrConflict and changes nothing"
		g.proves("agent queue: "+string(rule.Code)+sentence, func(c *campaign) {
			for _, situation := range agentSituations() {
				disposeInSituation(c, situation, rule.Code)
			}
		})
		g.proves("power queue: "+string(rule.Code)+sentence, func(c *campaign) {
			for _, situation := range powerSituations() {
				disposeInSituation(c, situation, rule.Code)
			}
		})
	}
	for _, rule := range (disposition.Map{}).Rules() {
		g.provesAlone("power queue: "+string(rule.Code)+" may be recorded for a conversation of which nobody knows what became", func(c *campaign) {
			disposeInSituation(c, situation{"unknown", true, func(c *campaign, contact outdial.Contact) subject {
				s := c.talking(contact)
				c.wait(time.Hour)
				c.sweepCalls(c.sweepParams(time.Hour, time.Hour, time.Minute))
				item := c.callItem(s.itemID)
				require.Equal(c, dialer.StateUnknown, item.State)
				s.call, s.version = c.call(s.call.ID), item.LockVersion
				return s
			}}, rule.Code)
		})
	}
}

func agentSituations() []situation {
	held := func(move queue.Move, fromPool bool) func(c *campaign, contact outdial.Contact) subject {
		return func(c *campaign, contact outdial.Contact) subject {
			item := c.lock(uuid.New(), contact, fromPool)
			if move != "" {
				item = c.move(item, move)
			}
			return subjectOf(item, contact)
		}
	}
	return []situation{
		{"locked", true, held("", false)},
		{"locked, of the pool", true, held("", true)},
		{"in progress", true, held(queue.MoveStart, false)},
		{"in progress, of the pool", true, held(queue.MoveStart, true)},
		{"locked, and the lock has expired", true, func(c *campaign, contact outdial.Contact) subject {
			item := c.lock(uuid.New(), contact, true)
			c.wait(2 * lockFor)
			return subjectOf(item, contact)
		}},
		{"queued", false, func(c *campaign, contact outdial.Contact) subject {
			return subjectOf(c.give(uuid.New(), contact)[0], contact)
		}},
		{"queued in the pool", false, func(c *campaign, contact outdial.Contact) subject {
			return subjectOf(c.give(uuid.Nil, contact)[0], contact)
		}},
		{"given back", false, held(queue.MoveGiveBack, false)},
		{"released", false, func(c *campaign, contact outdial.Contact) subject {
			agent := uuid.New()
			item := c.give(agent, contact)[0]
			c.clear(agent)
			return subjectOf(c.item(item.ID), contact)
		}},
		{"completed", false, func(c *campaign, contact outdial.Contact) subject {
			s := c.inHand(contact)
			s.version = c.dispose(s, disposition.CodeNotInterested).LockVersion
			return s
		}},
		{"failed", false, func(c *campaign, contact outdial.Contact) subject {
			item := c.lock(uuid.New(), contact, false)
			c.suppress(suppressedBy(contact))
			c.takeNothing(item.AgentID)
			return subjectOf(c.item(item.ID), contact)
		}},
		{"failed since the agent saw it, and by no purge", false, func(c *campaign, contact outdial.Contact) subject {
			item := c.lock(uuid.New(), contact, false)
			c.suppress(suppressedBy(contact))
			c.takeNothing(item.AgentID)
			return subjectOf(item, contact)
		}},
	}
}

func powerSituations() []situation {
	after := func(do func(c *campaign, call dialer.Call)) func(c *campaign, contact outdial.Contact) subject {
		return func(c *campaign, contact outdial.Contact) subject {
			call := c.running().dial(contact)
			do(c, call)
			call = c.call(call.ID)
			item := c.callItem(call.Ref.ItemID)
			return subject{queue: disposition.QueuePower, itemID: item.ID, version: item.LockVersion, contact: contact, call: call}
		}
	}
	ended := func(facts dialer.Facts) func(c *campaign, call dialer.Call) {
		return func(c *campaign, call dialer.Call) {
			facts.EndedAt = c.now
			c.learn(call, facts)
		}
	}
	return []situation{
		{"connected", true, (*campaign).talking},
		{"completed", true, func(c *campaign, contact outdial.Contact) subject {
			s := c.talking(contact)
			c.wait(time.Minute)
			return c.hangUp(s)
		}},
		{"queued", false, func(c *campaign, contact outdial.Contact) subject {
			item := c.queueCalls(contact)[0]
			return subject{queue: disposition.QueuePower, itemID: item.ID, version: item.LockVersion, contact: contact}
		}},
		{"claimed", false, func(c *campaign, contact outdial.Contact) subject {
			call := c.running().claimed(contact)
			return subject{queue: disposition.QueuePower, itemID: call.Ref.ItemID, version: call.ItemVersion, contact: contact, call: call}
		}},
		{"dialing", false, after(func(*campaign, dialer.Call) {})},
		{"ringing", false, after(func(c *campaign, call dialer.Call) { c.tell(call, telephony.TypeRinging) })},
		{"unknown", false, after(func(c *campaign, call dialer.Call) { c.lose(call) })},
		{"queued again", false, after(ended(dialer.Facts{Cause: dialer.CauseBusy}))},
		{"failed", false, after(ended(dialer.Facts{Cause: dialer.CauseRejected}))},
		{"abandoned", false, after(func(c *campaign, call dialer.Call) {
			ended(dialer.Facts{AbandonedAt: c.now, Cause: dialer.CauseCompleted})(c, call)
		})},
		{"disposed of", false, func(c *campaign, contact outdial.Contact) subject {
			s := c.talking(contact)
			s.version = c.dispose(s, disposition.CodeBusy).LockVersion
			return s
		}},
	}
}

// disposeInSituation records a code in a campaign of its own, and compares what became
// of item and ledger with what Decide says.
func disposeInSituation(all *campaign, in situation, code disposition.Code) {
	all.Helper()
	c := all.another()
	contact := c.addCallable(1)[0]
	s := in.begin(c, contact)
	p := c.disposeParams(s, code)
	if !in.allowed {
		require.ErrorIs(c, c.recordError(p), outdial.ErrConflict, "%s: %s", in.name, code)
		return
	}
	c.wait(time.Second)
	p = c.disposeParams(s, code)
	decision := disposition.Decide(p.Rule, p.Policy, disposition.Tried{Number: 1, PlacedAt: c.now, EndedAt: c.now}, p.CallbackAt)
	before, audited := c.standing(), c.auditCount(outdial.ActionDispositionRecord)
	result := c.record(p)

	require.Equal(c, s.queue, result.Queue, in.name)
	require.Equal(c, 1, result.Attempts, "%s: %s", in.name, code)
	require.Equal(c, decision.FinishReason, result.FinishReason, "%s: %s", in.name, code)
	require.Equal(c, s.version+1, result.LockVersion, "%s: %s", in.name, code)
	require.Equal(c, decision.FailReason, result.FailReason, "%s: %s", in.name, code)
	if decision.At.IsZero() {
		require.Nil(c, result.NextAttemptAt)
	} else {
		require.NotNil(c, result.NextAttemptAt)
		require.True(c, result.NextAttemptAt.Equal(decision.At), "%s: %s: next at %s", in.name, code, result.NextAttemptAt)
	}
	if s.queue == disposition.QueueAgent {
		requireSame(c, []queue.Item{asDisposed(disposedAs(before.Items[0], decision, p))}, []queue.Item{asDisposed(c.items()[0])})
		require.Len(c, c.items(), 1)
	} else {
		requireDialedOn(c, before.Dialed[0], decision, p, result)
	}
	if audited >= 0 {
		require.Equal(c, audited+1, c.auditCount(outdial.ActionDispositionRecord))
	}
	c.requireStanding(result)
}

// disposedAs is an item of the agent queue after its disposition.
func disposedAs(item queue.Item, decision disposition.Decision, p disposition.RecordParams) queue.Item {
	agent := item.AgentID
	item = unlocked(item)
	item.Attempts++
	switch decision.Step {
	case disposition.StepAgain:
		item.State, item.ScheduledFor = queue.StateQueued, decision.At
		if item.Pooled {
			item.AgentID = uuid.Nil
		}
	case disposition.StepCallback:
		item.State, item.ScheduledFor, item.CallbackAt = queue.StateQueued, decision.At, decision.At
		item.Pooled, item.AgentID = true, uuid.Nil
		if p.CallbackFor == disposition.RecipientAgent {
			item.CallbackAgentID = agent
		}
	case disposition.StepComplete:
		item.State = queue.StateCompleted
	case disposition.StepFail:
		item.State, item.FailReason = queue.StateFailed, decision.FailReason
	}
	if p.Rule.Effect == disposition.EffectInvalidate {
		item.Contact.PhoneStatus = outdial.PhoneInvalid
	}
	return item
}

// requireDialedOn checks an item of the power queue after its disposition, and the item
// of the agent queue that waits for a callback.
func requireDialedOn(c *campaign, item dialer.Item, decision disposition.Decision, p disposition.RecordParams, result disposition.Result) {
	c.Helper()
	personal := decision.Step == disposition.StepCallback && p.CallbackFor == disposition.RecipientAgent
	switch {
	case personal, decision.Step == disposition.StepComplete:
		item = movedTo(item, dialer.StateCompleted)
	case decision.Step == disposition.StepFail:
		item = movedTo(item, dialer.StateFailed)
		item.FailReason = decision.FailReason
	default:
		item = movedTo(item, dialer.StateQueued)
		item.NextAttemptAt = decision.At
	}
	const first = 1 << 30
	got := c.callItem(item.ID)
	if decision.Step == disposition.StepCallback && !personal {
		require.Greater(c, got.Priority, first, "it comes before everything that was queued with a priority of its own")
		item.Priority = got.Priority
	}
	requireItem(c, item, got)
	require.Len(c, c.callItems(), 1)
	if !personal {
		require.Nil(c, result.CallbackItemID)
		require.Empty(c, c.items())
		return
	}
	require.NotNil(c, result.CallbackItemID)
	contact := outdial.Contact{}
	for _, waiting := range c.items() {
		contact = waiting.Contact
	}
	requireSame(c, []queue.Item{{
		ID: *result.CallbackItemID, CampaignID: c.id, ContactID: item.ContactID, State: queue.StateQueued, Priority: item.Priority,
		Pooled: true, ScheduledFor: decision.At, CallbackAt: decision.At, CallbackAgentID: p.AgentID, QueuedAt: c.now,
		Provenance: outdial.Provenance{By: c.actor.String(), Reason: outdial.ReasonCallback}, Contact: contact,
	}}, c.items())
}
