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

// campaignPolicyBehaviours proves CampaignPolicy and SetCampaignPolicy, and what a
// campaign's policy and a contact's history mean for everything that asks for them.
func campaignPolicyBehaviours(g *group) {
	policyBehaviours(g)
	overlayBehaviours(g)
	capBehaviours(g)

	g.proves("no_answer loops until max_attempts and honors vm_cooldown_hours", func(c *campaign) {
		const attempts = 4
		voicemail := 36 * time.Hour
		c.setPolicy(dialer.RetryPolicy{MaxAttempts: attempts, CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeVoicemail: voicemail}})
		contact := c.addCallable(1)[0]
		s := c.inHand(contact)
		for attempt := 1; attempt < attempts; attempt++ {
			code, coolDown := disposition.CodeNoAnswer, 2*time.Hour
			if attempt == 2 {
				code, coolDown = disposition.CodeVoicemail, voicemail
			}
			result := c.dispose(s, code)
			require.Equal(c, attempt, result.Attempts)
			require.Equal(c, string(queue.StateQueued), result.State)
			require.True(c, result.NextAttemptAt.Equal(c.now.Add(coolDown)), "attempt %d", attempt)
			c.now = result.NextAttemptAt.Add(-time.Microsecond)
			c.takeNothing(s.agent)
			c.wait(time.Microsecond)
			s = subjectOf(c.take(s.agent), contact)
		}
		result := c.dispose(s, disposition.CodeNoAnswer)
		require.Equal(c, attempts, result.Attempts)
		require.Equal(c, string(queue.StateFailed), result.State)
		require.Equal(c, dialer.FailMaxAttempts, result.FailReason)
		require.Equal(c, dialer.FailMaxAttempts, result.FinishReason)
		c.requireStanding(result)
		c.wait(10_000 * time.Hour)
		c.takeNothing(s.agent)
	})
}

// policyOf is what a campaign overrides.
func (c *campaign) policyOf(id uuid.UUID) dialer.RetryPolicy {
	c.Helper()
	policy, err := c.store.CampaignPolicy(c.Context(), id)
	require.NoError(c, err)
	if len(policy.CoolDowns) == 0 {
		policy.CoolDowns = nil
	}
	return policy
}

func policyBehaviours(g *group) {
	g.proves("CampaignPolicy returns what the campaign overrides, zero fields where nothing", func(c *campaign) {
		other := c.another()
		require.Equal(c, dialer.RetryPolicy{}, c.policyOf(c.id))
		for _, policy := range []dialer.RetryPolicy{
			{MaxAttempts: 7}, {MaxVoicemails: 2}, {MaxVoicemails: -1}, {MaxPerDay: 3}, {MaxPerDay: -1},
			{CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeVoicemail: 36 * time.Hour}},
			{CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeVoicemail: 100 * time.Second, dialer.OutcomeBusy: time.Second}},
			{CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeVoicemail: 0, dialer.OutcomeNoAnswer: 0, "somebody else": time.Hour}},
			{MaxAttempts: 5, MaxVoicemails: 1, MaxPerDay: 2, CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeNoAnswer: 90 * time.Minute}},
			{},
		} {
			c.setPolicy(policy)
			require.Equal(c, policy, c.policyOf(c.id), "it replaces what was there")
			require.Equal(c, dialer.RetryPolicy{}, c.policyOf(other.id), "and no other campaign's")
		}
	})

	g.proves("SetCampaignPolicy writes one audit entry", func(c *campaign) {
		c.wait(time.Minute)
		c.setPolicy(dialer.RetryPolicy{MaxAttempts: 7})
		entries := auditOf(c, outdial.ActionPolicySet)
		require.Len(c, entries, 1)
		requireAudit(c, entries[0], map[string]any{"max_attempts": 7})
	})

	g.proves("an unknown campaign is ErrNotFound", func(c *campaign) {
		_, err := c.store.CampaignPolicy(c.Context(), uuid.New())
		require.ErrorIs(c, err, outdial.ErrNotFound)
		err = c.store.SetCampaignPolicy(c.Context(), disposition.SetPolicyParams{CampaignID: uuid.New(), ActorID: c.actor, Now: c.now})
		require.ErrorIs(c, err, outdial.ErrNotFound)
		require.Zero(c, max(0, c.auditCount(outdial.ActionPolicySet)))
	})

	g.proves("a campaign's policy does not change whether it is dialed, nor its name", func(c *campaign) {
		c.running()
		c.setPolicy(dialer.RetryPolicy{MaxAttempts: 7})
		require.Equal(c, dialer.StatusRunning, c.dialerStats().Status)
		c.control(dialer.ControlPause)
		require.Equal(c, 7, c.policyOf(c.id).MaxAttempts)
	})
}

// overlayBehaviours proves that a campaign's policy goes over that of the process
// wherever one is asked for.
func overlayBehaviours(g *group) {
	process := dialer.RetryPolicy{MaxAttempts: 5, CoolDowns: map[dialer.Outcome]time.Duration{
		dialer.OutcomeBusy: time.Hour, dialer.OutcomeNoAnswer: 3 * time.Hour, dialer.OutcomeNotPlaced: time.Hour,
	}}
	own := dialer.RetryPolicy{CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeBusy: 7 * time.Minute, dialer.OutcomeNotPlaced: 0}}

	g.provesInBoth("RecordDisposition: the campaign's policy goes over that of the process, field by field", func(c *campaign, in disposition.Queue) {
		c.setPolicy(own)
		s := c.reached(in, c.addCallable(1)[0])
		first := c.dispose(s, disposition.CodeBusy, under(process))
		require.True(c, first.NextAttemptAt.Equal(c.now.Add(7*time.Minute)))
		second := c.correct(s, first, disposition.CodeNoAnswer, under(process))
		require.True(c, second.NextAttemptAt.Equal(c.now.Add(3*time.Hour)))
		c.setPolicy(dialer.RetryPolicy{MaxAttempts: 1})
		third := c.correct(s, second, disposition.CodeBusy, under(process))
		require.Equal(c, dialer.FailMaxAttempts, third.FinishReason)
	})

	g.proves("RecordCall: the campaign's policy goes over that of the process", func(c *campaign) {
		c.setPolicy(own)
		c.running()
		for outcome, coolDown := range map[dialer.Outcome]time.Duration{dialer.OutcomeBusy: 7 * time.Minute, dialer.OutcomeNoAnswer: 3 * time.Hour} {
			call := c.dial(c.addCallable(1)[0])
			p := c.recordParams(call, factsOf(outcome, c.now))
			p.Policy = process
			c.recordCall(p)
			require.True(c, c.callItem(call.Ref.ItemID).NextAttemptAt.Equal(c.now.Add(coolDown)), outcome)
		}
		c.setPolicy(dialer.RetryPolicy{MaxAttempts: 1})
		call := c.dial(c.addCallable(1)[0])
		p := c.recordParams(call, factsOf(dialer.OutcomeBusy, c.now))
		p.Policy = process
		require.Equal(c, dialer.StateFailed, c.recordCall(p).State)
	})

	g.proves("RecordEvent: the campaign's policy goes over that of the process", func(c *campaign) {
		c.setPolicy(own)
		call := c.running().dial(c.addCallable(1)[0])
		p := c.event(call, telephony.TypeEnded, withSID(newSID()), withCause(dialer.CauseBusy))
		p.Policy = process
		c.report(p)
		require.True(c, c.callItem(call.Ref.ItemID).NextAttemptAt.Equal(c.now.Add(7*time.Minute)))
	})

	g.provesAlone("SweepCalls: the campaign's policy goes over that of the process", func(c *campaign) {
		c.setPolicy(own)
		call := c.running().claimed(c.addCallable(1)[0])
		other := c.another().running()
		others := other.claimed(other.addCallable(1)[0])
		c.wait(time.Minute)
		p := c.sweepParams(time.Second, time.Hour, time.Hour)
		p.Policy = process
		c.sweepCalls(p)
		require.True(c, c.callItem(call.Ref.ItemID).NextAttemptAt.Equal(c.now))
		require.True(c, other.callItem(others.Ref.ItemID).NextAttemptAt.Equal(c.now.Add(time.Hour)))
	})
}

// capBehaviours proves what counts against the caps of a policy: attempts of the
// contact in the campaign, in both queues.
func capBehaviours(g *group) {
	// again records a code about a contact's next attempt, in the agent queue.
	again := func(c *campaign, contact outdial.Contact, code disposition.Code, policy dialer.RetryPolicy) disposition.Result {
		c.Helper()
		item := c.lock(uuid.New(), contact, false)
		result := c.dispose(subjectOf(item, contact), code, under(policy))
		c.clear(item.AgentID)
		if result.NextAttemptAt != nil {
			c.now = *result.NextAttemptAt
		}
		return result
	}
	// machine lets a call reach a machine.
	machine := func(c *campaign, contact outdial.Contact, policy dialer.RetryPolicy) dialer.RecordCallResult {
		c.Helper()
		if c.dialerStats().Status != dialer.StatusRunning {
			c.running()
		}
		call := c.dial(contact)
		p := c.recordParams(call, factsOf(dialer.OutcomeVoicemail, c.now))
		p.Policy = policy
		return c.recordCall(p)
	}
	voicemails := dialer.RetryPolicy{MaxAttempts: 9, MaxVoicemails: 2}

	g.proves("voicemails that agents reached count against MaxVoicemails", func(c *campaign) {
		contact := c.addCallable(1)[0]
		require.Empty(c, again(c, contact, disposition.CodeVoicemail, voicemails).FinishReason)
		require.Empty(c, again(c, contact, disposition.CodeNoAnswer, voicemails).FinishReason)
		result := again(c, contact, disposition.CodeVoicemail, voicemails)
		require.Equal(c, dialer.FailMaxVoicemails, result.FinishReason)
		require.Equal(c, dialer.FailMaxVoicemails, result.FailReason)
		c.requireStanding(result)
	})

	g.proves("a contact whom machines finished is not finished when a person turns out to have answered", func(c *campaign) {
		contact := c.addCallable(1)[0]
		policy := dialer.RetryPolicy{MaxAttempts: 9, MaxVoicemails: 1}
		ended := machine(c, contact, policy)
		require.Equal(c, dialer.FailMaxVoicemails, c.callItem(ended.Call.Ref.ItemID).FailReason)
		require.Equal(c, 1, c.enqueue(queue.EnqueueParams{ContactIDs: []uuid.UUID{contact.ID}}).Skipped[queue.SkipFinished])

		late := c.recordParams(ended.Call, dialer.Facts{AMD: dialer.AMDHuman, AMDAt: ended.Call.AMDAt.Add(-time.Second)})
		late.Policy = policy
		require.Equal(c, dialer.StateQueued, c.recordCall(late).State)
		skipped := c.enqueue(queue.EnqueueParams{ContactIDs: []uuid.UUID{contact.ID}}).Skipped
		require.Zero(c, skipped[queue.SkipFinished])
	})

	g.proves("calls that reached a machine count against MaxVoicemails of an agent's attempt", func(c *campaign) {
		contact := c.addCallable(1)[0]
		call := machine(c, contact, voicemails)
		require.Equal(c, dialer.StateQueued, call.State)
		c.now = c.callItem(call.Call.Ref.ItemID).NextAttemptAt
		call.Call = c.place(c.claimCalls()[0])
		c.readyAgents(1)
		s := subject{queue: disposition.QueuePower, itemID: call.Call.Ref.ItemID, agent: c.reserve(call.Call), contact: contact}
		s.version = c.learn(c.call(call.Call.ID), dialer.Facts{ConnectedAt: c.now}).Call.ItemVersion
		require.Equal(c, dialer.FailMaxVoicemails, c.dispose(s, disposition.CodeVoicemail, under(voicemails)).FinishReason)
	})

	g.proves("voicemails that agents reached count against MaxVoicemails of a call", func(c *campaign) {
		contact := c.addCallable(1)[0]
		again(c, contact, disposition.CodeVoicemail, voicemails)
		result := machine(c, contact, voicemails)
		require.Equal(c, dialer.StateFailed, result.State)
		require.Equal(c, dialer.FailMaxVoicemails, c.callItem(result.Call.Ref.ItemID).FailReason)
	})

	g.proves("a voicemail that was a mistake counts against nothing, and the one at hand counts once", func(c *campaign) {
		s := c.inHand(c.addCallable(1)[0])
		first := c.dispose(s, disposition.CodeVoicemail, under(voicemails))
		second := c.correct(s, first, disposition.CodeBusy, under(voicemails))
		require.Empty(c, second.FinishReason)
		third := c.correct(s, second, disposition.CodeVoicemail, under(voicemails))
		require.Empty(c, third.FinishReason, "it is the first one still")
		c.now = *third.NextAttemptAt
		item := c.take(s.agent)
		require.Equal(c, dialer.FailMaxVoicemails, c.dispose(subjectOf(item, s.contact), disposition.CodeVoicemail, under(voicemails)).FinishReason)

		s = c.inHand(c.addCallable(1)[0])
		first = c.dispose(s, disposition.CodeVoicemail, under(voicemails))
		second = c.correct(s, first, disposition.CodeBusy, under(voicemails))
		c.now = *second.NextAttemptAt
		item = c.take(s.agent)
		require.Empty(c, c.dispose(subjectOf(item, s.contact), disposition.CodeVoicemail, under(voicemails)).FinishReason)
	})

	g.proves("attempts of another campaign count against no cap", func(c *campaign) {
		who, other := person(), c.another()
		contact := c.add(who)[0]
		other.add(who)
		policy := dialer.RetryPolicy{MaxAttempts: 9, MaxVoicemails: 2, MaxPerDay: 2, CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeVoicemail: time.Hour}}
		again(other, contact, disposition.CodeVoicemail, policy)
		machine(other, contact, policy)
		other.wait(time.Hour)
		began := other.now
		c.now = began
		result := again(c, contact, disposition.CodeVoicemail, policy)
		require.Empty(c, result.FinishReason)
		require.Equal(c, time.Hour, result.NextAttemptAt.Sub(began))
	})

	daily := dialer.RetryPolicy{MaxAttempts: 9, MaxPerDay: 2}

	g.proves("attempts of both queues count against MaxPerDay: one more waits until the first is a day ago", func(c *campaign) {
		contact := c.addCallable(1)[0]
		began := c.now
		result := again(c, contact, disposition.CodeBusy, daily)
		require.True(c, result.NextAttemptAt.Equal(began.Add(15*time.Minute)))
		s := c.talking(contact)
		result = c.dispose(s, disposition.CodeBusy, under(daily))
		require.True(c, result.NextAttemptAt.Equal(began.Add(24*time.Hour)), "%s", result.NextAttemptAt)
	})

	g.proves("agents' attempts count against MaxPerDay of a call", func(c *campaign) {
		contact := c.addCallable(1)[0]
		began := c.now
		again(c, contact, disposition.CodeBusy, daily)
		call := c.running().dial(contact)
		p := c.recordParams(call, factsOf(dialer.OutcomeBusy, c.now))
		p.Policy = daily
		c.recordCall(p)
		require.True(c, c.callItem(call.Ref.ItemID).NextAttemptAt.Equal(began.Add(24*time.Hour)))
	})

	g.proves("an attempt that was corrected counts once against MaxPerDay", func(c *campaign) {
		s := c.inHand(c.addCallable(1)[0])
		first := c.dispose(s, disposition.CodeNoAnswer, under(daily))
		second := c.correct(s, first, disposition.CodeBusy, under(daily))
		require.True(c, second.NextAttemptAt.Equal(c.now.Add(15*time.Minute)))
		began := c.now
		c.now = *second.NextAttemptAt
		result := c.dispose(subjectOf(c.take(s.agent), s.contact), disposition.CodeBusy, under(daily))
		require.True(c, result.NextAttemptAt.Equal(began.Add(24*time.Hour)))
	})

	g.proves("an attempt that was not placed counts against no cap", func(c *campaign) {
		contact := c.addCallable(1)[0]
		call := c.running().dial(contact)
		c.learn(call, dialer.Facts{NotPlacedAt: c.now})
		c.now = c.callItem(call.Ref.ItemID).NextAttemptAt
		call = c.place(c.claimCalls()[0])
		p := c.recordParams(call, factsOf(dialer.OutcomeBusy, c.now))
		p.Policy = daily
		c.recordCall(p)
		require.True(c, c.callItem(call.Ref.ItemID).NextAttemptAt.Equal(c.now.Add(15*time.Minute)))
	})
}
