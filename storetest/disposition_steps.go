package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
)

const (
	// correctWithin is how long the suite's dispositions may be corrected.
	correctWithin = 2 * time.Minute
	// callbackIn is when the suite's callbacks are due, from now.
	callbackIn = 3 * time.Hour
)

// subject is what an agent records something about: an item of either queue, as the
// agent has seen it.
type subject struct {
	queue   disposition.Queue
	itemID  uuid.UUID
	version int
	// agent is who must have the item; the nil UUID is anyone.
	agent   uuid.UUID
	contact outdial.Contact
	// call is that of an item of the power queue.
	call dialer.Call
}

func subjectOf(item queue.Item, contact outdial.Contact) subject {
	return subject{queue: disposition.QueueAgent, itemID: item.ID, version: item.LockVersion, agent: item.AgentID, contact: contact}
}

// inHand gives a contact to a new agent, who begins the call.
func (c *campaign) inHand(contact outdial.Contact) subject {
	c.Helper()
	return subjectOf(c.start(uuid.New(), contact, false), contact)
}

// talking dials a contact and connects the call to a new agent.
func (c *campaign) talking(contact outdial.Contact) subject {
	c.Helper()
	if c.dialerStats().Status != dialer.StatusRunning {
		c.running()
	}
	c.readyAgents(1)
	call := c.dial(contact)
	agent := c.reserve(call)
	call = c.learn(c.call(call.ID), dialer.Facts{ConnectedAt: c.now}).Call
	return subject{
		queue: disposition.QueuePower, itemID: call.Ref.ItemID, version: call.ItemVersion, agent: agent, contact: contact, call: call,
	}
}

// reached gets a contact to where there is something to record, in either queue.
func (c *campaign) reached(in disposition.Queue, contact outdial.Contact) subject {
	c.Helper()
	if in == disposition.QueuePower {
		return c.talking(contact)
	}
	return c.inHand(contact)
}

// hangUp ends the conversation of an item of the power queue, and returns it as it is
// then.
func (c *campaign) hangUp(s subject) subject {
	c.Helper()
	s.call = c.learn(s.call, dialer.Facts{EndedAt: c.now, Cause: dialer.CauseCompleted}).Call
	s.version = s.call.ItemVersion
	return s
}

// queues are both queues.
func queues() []disposition.Queue {
	return []disposition.Queue{disposition.QueueAgent, disposition.QueuePower}
}

// provesInBoth runs one behaviour for each of the two queues.
func (g *group) provesInBoth(sentence string, behaviour func(c *campaign, in disposition.Queue)) {
	g.t.Helper()
	for _, in := range queues() {
		g.proves(string(in)+" queue: "+sentence, func(c *campaign) { behaviour(c, in) })
	}
}

// ruleOf is the canonical rule of a code.
func ruleOf(code disposition.Code) disposition.Rule {
	rules := (disposition.Map{}).Rules()
	return rules[slices.IndexFunc(rules, func(rule disposition.Rule) bool { return rule.Code == code })]
}

// disposeParams records a code about what the agent has, as edited. A callback is the
// agent's own, at an hour at which everybody may be called.
func (c *campaign) disposeParams(s subject, code disposition.Code, edits ...func(*disposition.RecordParams)) disposition.RecordParams {
	p := disposition.RecordParams{
		CampaignID: c.id, ItemID: s.itemID, LockVersion: s.version, AgentID: s.agent, ActorID: c.actor,
		Rule: ruleOf(code), CorrectWithin: correctWithin, Now: c.now,
	}
	if p.Rule.Effect == disposition.EffectCallback {
		p.CallbackAt, p.CallbackFor = c.now.Add(callbackIn), disposition.RecipientAgent
		p.Open = callwindow.Open{Everywhere: true}
	}
	for _, edit := range edits {
		edit(&p)
	}
	p.Fingerprint = fmt.Sprint(p.ItemID, p.LockVersion, p.Rule.Code, p.CallbackAt, p.CallbackFor, string(p.Metadata), p.Supersedes)
	return p
}

// forAnyone makes a callback anyone's.
func forAnyone(p *disposition.RecordParams) { p.CallbackFor = disposition.RecipientAnyone }

// under puts a request under a policy of the process.
func under(policy dialer.RetryPolicy) func(*disposition.RecordParams) {
	return func(p *disposition.RecordParams) { p.Policy = policy }
}

func calledBackAt(at time.Time) func(*disposition.RecordParams) {
	return func(p *disposition.RecordParams) { p.CallbackAt = at }
}

// dispose records a code.
func (c *campaign) dispose(s subject, code disposition.Code, edits ...func(*disposition.RecordParams)) disposition.Result {
	c.Helper()
	return c.record(c.disposeParams(s, code, edits...))
}

// correct records a code in the place of an earlier disposition.
func (c *campaign) correct(
	s subject, earlier disposition.Result, code disposition.Code, edits ...func(*disposition.RecordParams),
) disposition.Result {
	c.Helper()
	return c.record(c.correctParams(s, earlier, code, edits...))
}

func (c *campaign) correctParams(
	s subject, earlier disposition.Result, code disposition.Code, edits ...func(*disposition.RecordParams),
) disposition.RecordParams {
	s.version = earlier.LockVersion
	supersedes := func(p *disposition.RecordParams) { p.Supersedes = earlier.ID }
	return c.disposeParams(s, code, append(edits, supersedes)...)
}

// record records what is new, and checks that what it returns is what is kept.
func (c *campaign) record(p disposition.RecordParams) disposition.Result {
	c.Helper()
	before := len(c.dispositions())
	result, err := c.store.RecordDisposition(c.Context(), p)
	require.NoError(c, err)
	require.Equal(c, p.Rule.Code, result.Code)
	require.Equal(c, p.Rule.Effect, result.Effect)
	require.Equal(c, p.ItemID, result.ItemID)
	if result.Queue == disposition.QueueAgent {
		item := c.item(p.ItemID)
		require.Equal(c, []any{string(item.State), item.LockVersion, item.FailReason}, []any{result.State, result.LockVersion, result.FailReason})
	} else {
		item := c.callItem(p.ItemID)
		require.Equal(c, []any{string(item.State), item.LockVersion, item.FailReason}, []any{result.State, result.LockVersion, result.FailReason})
	}
	kept := c.dispositions()
	require.Len(c, kept, before+1)
	require.Equal(c, result.ID, kept[before].ID)
	return result
}

// recordError records something that must be refused, and checks that nothing changed.
func (c *campaign) recordError(p disposition.RecordParams) error {
	c.Helper()
	before := c.standing()
	_, err := c.store.RecordDisposition(c.Context(), p)
	require.Error(c, err)
	requireSame(c, before, c.standing())
	return err
}

// standing is everything that dispositions change in a campaign.
type standing struct {
	Items        []queue.Item
	Dialed       []dialer.Item
	Calls        []dialer.Call
	Dispositions []disposition.Record
	Leads        []disposition.Lead
	// Now and Later say why contacts may not be queued, now and after every cool-down.
	Now, Later queue.Skips
	Audited    int
}

func (c *campaign) standing() standing {
	c.Helper()
	all := c.unaudited()
	all.Audited = c.auditCount(outdial.ActionDispositionRecord)
	return all
}

// unaudited is all of it but the audit log, which nobody may look into while a
// transaction is open.
func (c *campaign) unaudited() standing {
	c.Helper()
	const late = 10_000 * time.Hour
	return standing{
		Items: c.items(), Dialed: c.callItems(), Calls: c.calls(), Dispositions: c.dispositions(), Leads: c.leads(),
		Now: c.skipped(c.now), Later: c.skipped(c.now.Add(late)),
	}
}

// dispositions returns everything that was recorded in the campaign.
func (c *campaign) dispositions() []disposition.Record {
	c.Helper()
	result, err := c.store.ListDispositions(c.Context(), disposition.ListParams{CampaignID: c.id, Limit: everything})
	require.NoError(c, err)
	require.False(c, result.More)
	return result.Records
}

// leads returns the campaign's leads.
func (c *campaign) leads() []disposition.Lead {
	c.Helper()
	result, err := c.store.ListLeads(c.Context(), disposition.ListLeadsParams{CampaignID: c.id, Limit: everything})
	require.NoError(c, err)
	require.False(c, result.More)
	return result.Leads
}

// setPolicy replaces what the campaign overrides.
func (c *campaign) setPolicy(policy dialer.RetryPolicy) {
	c.Helper()
	require.NoError(c, c.store.SetCampaignPolicy(c.Context(), disposition.SetPolicyParams{
		CampaignID: c.id, ActorID: c.actor, Policy: policy, Now: c.now,
	}))
}

// asDisposed is an item without what the contract leaves open: what an item that has
// ended waited for, and since when somebody had one that a purge took.
func asDisposed(item queue.Item) queue.Item {
	if !item.State.Active() {
		item.ScheduledFor, item.CallbackAt, item.CallbackAgentID = time.Time{}, time.Time{}, uuid.Nil
	}
	if purged(item) {
		item.LockedAt, item.LockExpiresAt = time.Time{}, time.Time{}
	}
	return item
}

// requireDisposed compares an item of the agent queue with what was meant.
func requireDisposed(t require.TestingT, want, got queue.Item) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	requireSame(t, asDisposed(want), asDisposed(got))
}

// requireStanding checks what the campaign, whose only contact it is, knows of the
// contact after a disposition: why they may not be queued just before and at the time
// of the next attempt, or never.
func (c *campaign) requireStanding(result disposition.Result) {
	c.Helper()
	reason := queue.SkipReason("")
	switch {
	case result.Effect == disposition.EffectSuppress:
		reason = queue.SkipSuppressed
	case result.Effect == disposition.EffectInvalidate:
		reason = queue.SkipNoPhone
	case result.FinishReason != "":
		reason = queue.SkipFinished
	}
	if reason != "" {
		require.Nil(c, result.NextAttemptAt)
		const late = 10_000 * time.Hour
		require.Equal(c, 1, c.skipped(c.now)[reason])
		require.Equal(c, 1, c.skipped(c.now.Add(late))[reason])
		return
	}
	require.NotNil(c, result.NextAttemptAt)
	require.Equal(c, 1, c.skipped(result.NextAttemptAt.Add(-time.Microsecond))[queue.SkipCoolingDown])
	require.Zero(c, c.skipped(*result.NextAttemptAt)[queue.SkipCoolingDown])
}
