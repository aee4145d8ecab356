package storetest

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
)

// powerModelBehaviours compares the store with the reference model of the power queue
// after every step of random sequences of calls.
func powerModelBehaviours(g *group) {
	g.provesAlone("random calls answer and leave what the reference model of the power queue does", func(c *campaign) {
		checks, most, failed := int64(0), mostChecks(15), false
		for range effort(1) {
			rapid.Check(c.T, func(t *rapid.T) {
				checks++
				if checks > most && !failed {
					return
				}
				// A check that fails is made again and again to find a shorter one.
				passed := false
				defer func() { failed = failed || !passed }()
				m := newPowerMachine(c.Context(), t, c, checks)
				t.Repeat(m.steps(t))
				m.compareAudit(t)
				m.stop(t)
				passed = true
			})
		}
	})
}

// stop stops the campaigns, so that the checks that follow find fewer running.
func (m *powerMachine) stop(t *rapid.T) {
	for _, campaign := range m.campaigns {
		if slices.Contains(dialer.ControlStop.From(), m.power.statuses[campaign]) {
			m.controlTo(t, campaign, dialer.ControlStop)
		}
	}
	m.compareDialing(t)
}

// powerMachine is one sequence of random calls about the power queue, and of some
// about the agent queue, whose machine it is built on.
type powerMachine struct {
	*machine

	power   *powerModel
	policy  dialer.RetryPolicy
	holders []string
	leases  []dialer.Lease
	// withAgents says that the agent queue is used too.
	withAgents bool
}

func newPowerMachine(ctx context.Context, t *rapid.T, c *campaign, number int64) *powerMachine {
	m := &powerMachine{machine: newMachine(ctx, t, c, number), holders: []string{"one", "two"}}
	m.power = newPowerModel(m.model)
	m.policy = rapid.SampledFrom([]dialer.RetryPolicy{
		{}, {MaxAttempts: 1}, {MaxAttempts: 2, CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeBusy: 0, dialer.OutcomeVoicemail: time.Minute}},
	}).Draw(t, "policy")
	m.withAgents = rapid.Bool().Draw(t, "agents have queues")
	// What the checks before have left is not swept in this one.
	_, err := c.store.SweepCalls(ctx, dialer.SweepParams{UnplacedSince: m.now, StuckSince: m.now, TalkingSince: m.now, Now: m.now})
	require.NoError(t, err)
	_, err = c.store.ExpirePresence(ctx, presence.ExpireParams{Now: m.now})
	require.NoError(t, err)
	for _, campaign := range m.campaigns {
		m.controlTo(t, campaign, dialer.ControlStart)
		m.enqueueEverybody(t, campaign)
	}
	if rapid.Bool().Draw(t, "agents are ready") {
		for _, agent := range m.agents {
			m.choose(t, presence.SetParams{
				CampaignID: m.campaigns[0], AgentID: agent, State: presence.StateReady, ExpiresAt: m.now.Add(24 * time.Hour), Now: m.now,
			})
			m.now = m.now.Add(time.Microsecond)
		}
	}
	m.compare(t)
	return m
}

// steps returns what can happen next: a call's life, and of the rest about half,
// drawn anew for each check.
func (m *powerMachine) steps(t *rapid.T) map[string]func(*rapid.T) {
	steps := map[string]func(*rapid.T){
		"ClaimCalls":        m.claimCalls,
		"EnqueueCalls":      m.enqueueCalls,
		"PlaceCall":         m.placeCall,
		"PlaceCall again":   m.placeCall,
		"RecordCall":        m.recordCall,
		"RecordEvent":       m.recordEvent,
		"RecordEvent again": m.recordEvent,
		"a call ends":       m.endCall,
		"calls are made":    m.makeCalls,
		"time passes to":    m.waitUntil,
		"":                  m.compare,
	}
	optional := map[string]func(*rapid.T){
		"AcquireLease":    m.acquireLease,
		"AddContacts":     m.addContacts,
		"AddSuppressions": m.addSuppressions,
		"ControlCampaign": m.controlCampaign,
		"ExpirePresence":  m.expirePresence,
		"ReleaseAgent":    m.releaseAgent,
		"ReleaseLease":    m.releaseLease,
		"ReserveAgent":    m.reserveAgent,
		"RollbackCalls":   m.rollbackCalls,
		"SetPresence":     m.setPresence,
		"SweepCalls":      m.sweepCalls,
		"TouchPresence":   m.touchPresence,
		"replay":          m.replay,
		"time passes":     m.wait,
	}
	if m.withAgents {
		optional["EnqueueItems"], optional["MoveItem"], optional["PullItem"] = m.enqueue, m.move, m.pull
		optional["ReplaceQueue"] = m.replace
	}
	if m.campaign.suite.features.UpdateContact != nil {
		optional["a host updates a contact"] = m.updateContact
		optional["a host changes a number"] = m.changeNumber
	}
	for _, name := range slices.Sorted(maps.Keys(optional)) {
		if rapid.IntRange(0, 2).Draw(t, name+" happens unless 2") < 2 {
			steps[name] = optional[name]
		}
	}
	return steps
}

// compare checks every item, call and session, and the counts, of both campaigns.
func (m *powerMachine) compare(t *rapid.T) {
	if m.withAgents {
		m.machine.compare(t)
	}
	all := []dialer.Call{}
	for _, campaign := range m.campaigns {
		items, err := m.campaign.store.ListCallItems(m.ctx, dialer.ListItemsParams{CampaignID: campaign, Limit: everything})
		require.NoError(t, err)
		calls, err := m.campaign.store.ListCalls(m.ctx, dialer.ListCallsParams{CampaignID: campaign, Limit: everything})
		require.NoError(t, err)
		sessions, err := m.campaign.store.ListPresence(m.ctx, presence.ListParams{CampaignID: campaign})
		require.NoError(t, err)
		m.power.settleDoubts(campaign, items.Items, calls.Calls)
		m.power.compareItems(t, campaign, items.Items)
		m.power.compareCalls(t, campaign, calls.Calls)
		m.power.compareSessions(t, campaign, sessions)
		m.compareStats(t, campaign, items.Items, sessions)
		all = append(all, calls.Calls...)
	}
	require.Empty(t, incoherentCalls(all))
}

func (m *powerMachine) compareStats(t *rapid.T, campaign uuid.UUID, items []dialer.Item, sessions []presence.Session) {
	stats, err := m.campaign.store.DialerStats(m.ctx, dialer.StatsParams{CampaignID: campaign, Now: m.now})
	require.NoError(t, err)
	want := dialerStatsOf(m.power.statuses[campaign], items, sessions, m.now)
	if slices.ContainsFunc(sessions, func(session presence.Session) bool { return !session.ExpiresAt.After(m.now) }) {
		want.Agents, stats.Agents = nil, nil
	}
	requireSame(t, want, stats)
}

func (m *powerMachine) compareDialing(t *rapid.T) {
	dialing, err := m.campaign.store.ListDialing(m.ctx)
	require.NoError(t, err)
	for _, campaign := range m.campaigns {
		open := slices.ContainsFunc(m.power.calls, func(call *modelCall) bool {
			return call.Ref.CampaignID == campaign && call.SettledAt.IsZero()
		})
		require.Equal(t, open || m.power.statuses[campaign] == dialer.StatusRunning, slices.Contains(dialing, campaign))
	}
}

func (m *powerMachine) enqueueEverybody(t *rapid.T, campaign uuid.UUID) {
	m.queueCalls(t, dialer.EnqueueParams{
		CampaignID: campaign, ActorID: m.actors[0], LaunchID: m.launches[0], Now: m.now,
		Provenance: outdial.Provenance{By: "system", Reason: outdial.ReasonCampaignAudience},
	})
}

func (m *powerMachine) queueCalls(t *rapid.T, p dialer.EnqueueParams) {
	want, wantErr := m.power.enqueueCalls(p)
	got, err := m.campaign.store.EnqueueCalls(m.ctx, p)
	agree(t, want, wantErr, got, err)
	items, err := m.campaign.store.ListCallItems(m.ctx, dialer.ListItemsParams{CampaignID: p.CampaignID, Limit: everything})
	require.NoError(t, err)
	require.Empty(t, m.power.adoptCallItems(items.Items, m.now))
}

func (m *powerMachine) enqueueCalls(t *rapid.T) {
	p := dialer.EnqueueParams{
		CampaignID: m.drawCampaign(t), ActorID: m.drawActor(t), Now: m.now,
		LaunchID: rapid.SampledFrom(append(m.launches[:2:2], uuid.Nil)).Draw(t, "launch"),
		Provenance: outdial.Provenance{
			By: "someone", Reason: rapid.SampledFrom(append(outdial.Reasons(), outdial.ReasonCallback)).Draw(t, "reason"),
		},
	}
	if rapid.Bool().Draw(t, "named") {
		p.ContactIDs = rapid.SliceOfN(rapid.SampledFrom(m.contactIDs()), 0, 5).Draw(t, "contacts")
	} else {
		p.Filter = m.drawFilter(t)
	}
	if rapid.IntRange(0, 3).Draw(t, "priority when 3") == 3 {
		priority := rapid.IntRange(-1, 2).Draw(t, "priority")
		p.Priority = &priority
	}
	p.Idempotency = m.drawKey(t, p.ActorID, "enqueue calls")
	m.queueCalls(t, p)
}

func (m *powerMachine) claimCalls(t *rapid.T) {
	m.claim(t, dialer.ClaimParams{
		CampaignID: m.drawCampaign(t), Limit: rapid.SampledFrom([]int{1, 2, 2, 3, 20}).Draw(t, "limit"),
		Lease: m.drawLease(t), Limits: m.drawLimits(t), Now: m.now,
	})
}

// makeCalls claims something and places it, as happens most often, so that calls get
// old in a check.
func (m *powerMachine) makeCalls(t *rapid.T) {
	for _, call := range m.claim(t, dialer.ClaimParams{
		CampaignID: m.drawCampaign(t), Limit: rapid.IntRange(1, 3).Draw(t, "limit"), Limits: m.drawLimits(t), Now: m.now,
	}) {
		m.place(t, dialer.PlaceParams{
			CampaignID: call.Ref.CampaignID, CallID: call.ID, Limits: m.drawLimits(t), RetryAfter: time.Minute, Now: m.now,
		})
	}
}

func (m *powerMachine) claim(t *rapid.T, p dialer.ClaimParams) []dialer.Call {
	want, orFewer, wantErr := m.power.claimable(p)
	got, err := m.campaign.store.ClaimCalls(m.ctx, p)
	if wantErr != nil {
		require.ErrorIs(t, err, wantErr)
		return nil
	}
	require.NoError(t, err)
	if orFewer && len(got.Calls) < len(want) && len(got.Calls) > 0 {
		want = want[:len(got.Calls)]
	}
	require.Len(t, got.Calls, len(want))
	for i, call := range got.Calls {
		requireSame(t, m.power.claim(want[i], call.ID, m.now), call)
		if i > 0 {
			require.Negative(t, compareIDs(got.Calls[i-1].ID, call.ID))
		}
	}
	return got.Calls
}

// placeCall mostly places what was claimed.
func (m *powerMachine) placeCall(t *rapid.T) {
	call := m.drawCall(t, func(call *modelCall) bool { return call.PlacedAt.IsZero() && call.SettledAt.IsZero() })
	m.place(t, dialer.PlaceParams{
		CampaignID: call.Ref.CampaignID, CallID: call.ID, Lease: m.drawLease(t), Limits: m.drawLimits(t),
		RetryAfter: rapid.SampledFrom([]time.Duration{time.Minute, time.Hour}).Draw(t, "retry after"), Now: m.now,
	})
}

func (m *powerMachine) place(t *rapid.T, p dialer.PlaceParams) {
	want, wantErr := m.power.place(p)
	got, err := m.campaign.store.PlaceCall(m.ctx, p)
	agree(t, want, wantErr, got, err)
}

func (m *powerMachine) recordCall(t *rapid.T) {
	call := m.drawCall(t, func(call *modelCall) bool { return !call.PlacedAt.IsZero() })
	if call.PlacedAt.IsZero() && !call.SettledAt.IsZero() {
		t.Skip("nobody asks about a call that was refused")
	}
	p := dialer.RecordCallParams{CampaignID: call.Ref.CampaignID, CallID: call.ID, Policy: m.policy, Now: m.now}
	at := m.drawTime(t)
	switch what := rapid.IntRange(0, 5).Draw(t, "what"); {
	case call.PlacedAt.IsZero() || what == 0:
		p.Facts = dialer.Facts{NotPlacedAt: at}
	case what == 1 && (call.LostAt.IsZero() || call.Seen()):
		p.Lost = true
	case what < 4:
		p.CallSID = sidOf(call.Call)
	default:
		p.Facts = m.drawEvent(t, call).Facts(at)
	}
	want, wantErr := m.power.recordCall(p)
	got, err := m.campaign.store.RecordCall(m.ctx, p)
	m.agreeOnCall(&want.Call, &got.Call)
	agree(t, want, wantErr, got, err)
}

func (m *powerMachine) recordEvent(t *rapid.T) {
	call := m.drawCall(t, func(call *modelCall) bool { return !call.PlacedAt.IsZero() })
	if call.PlacedAt.IsZero() {
		t.Skip("no call was placed yet")
	}
	p := telephony.RecordParams{Event: m.drawEvent(t, call), At: m.drawTime(t), Policy: m.policy, Now: m.now}
	p.Event.At = p.At
	m.tellEvent(t, p)
}

// endCall ends a call that goes on, in one way or another.
func (m *powerMachine) endCall(t *rapid.T) {
	call := m.drawCall(t, func(call *modelCall) bool { return !call.PlacedAt.IsZero() && call.SettledAt.IsZero() })
	if call.PlacedAt.IsZero() {
		t.Skip("no call was placed yet")
	}
	event := telephony.Event{Ref: call.Ref, CallSID: sidOf(call.Call), Source: "webhook", At: m.now}
	tell := func(kind telephony.Type, cause dialer.Cause) {
		event.Type, event.Cause = kind, cause
		m.tellEvent(t, telephony.RecordParams{Event: event, At: m.now, Policy: m.policy, Now: m.now})
	}
	switch rapid.IntRange(0, 4).Draw(t, "how") {
	case 0, 1:
		tell(telephony.TypeEnded, dialer.CauseBusy)
	case 2:
		tell(telephony.TypeEnded, dialer.CauseNoAnswer)
	case 3:
		tell(telephony.TypeAbandoned, "")
		tell(telephony.TypeEnded, dialer.CauseCompleted)
	case 4:
		tell(telephony.TypeConnected, "")
		tell(telephony.TypeEnded, dialer.CauseCompleted)
	}
}

// tellEvent keeps an event, or merges it again. When orphans come with it, it is open
// whether the item was moved.
func (m *powerMachine) tellEvent(t *rapid.T, p telephony.RecordParams) {
	want := m.power.recordEvent(p)
	got, err := m.campaign.store.RecordEvent(m.ctx, p)
	m.agreeOnCall(&want.Call, &got.Call)
	if call := m.power.named(want.Call.Ref); call != nil && m.power.itemOf(call).slack > 0 {
		want.Moved = got.Moved
	}
	agree(t, want, nil, got, err)
}

// agreeOnCall takes from what a store answered what the model leaves open.
func (m *powerMachine) agreeOnCall(want, got *dialer.Call) {
	if call := m.power.named(want.Ref); call != nil {
		item := m.power.itemOf(call)
		m.power.settleDoubt(item, call, got.ItemVersion, got.SettledAt)
		*want = asOpen(call.Call)
	}
	*got = asOpen(*got)
}

// replay merges an event again that the store has kept.
func (m *powerMachine) replay(t *rapid.T) {
	call := m.drawCall(t, func(call *modelCall) bool { return call.CallSID != "" })
	kept, err := m.campaign.store.ListEvents(m.ctx, telephony.ListParams{CallSID: sidOf(call.Call), Limit: everything})
	require.NoError(t, err)
	if len(kept.Events) == 0 {
		t.Skip("nothing is kept of the call")
	}
	event := rapid.SampledFrom(kept.Events).Draw(t, "event")
	p := replayOf(event, m.now)
	p.Policy = m.policy
	m.tellEvent(t, p)
}

// changeNumber gives a contact another number between the claim and the call.
func (m *powerMachine) changeNumber(t *rapid.T) {
	call := m.drawCall(t, func(call *modelCall) bool { return call.PlacedAt.IsZero() && call.SettledAt.IsZero() })
	contact := m.model.contacts[call.ContactID]
	contact.Phone, contact.PhoneStatus = rapid.SampledFrom(m.phones).Draw(t, "phone"), outdial.PhoneValid
	m.model.contacts[contact.ID] = contact
	m.campaign.suite.features.UpdateContact(m.campaign, m.campaign.store, contact)
}

func (m *powerMachine) sweepCalls(t *rapid.T) {
	since := func(what string) time.Time {
		return m.now.Add(-rapid.SampledFrom([]time.Duration{0, time.Microsecond, time.Minute, 15 * time.Minute, time.Hour}).Draw(t, what))
	}
	p := dialer.SweepParams{
		UnplacedSince: since("unplaced"), StuckSince: since("stuck"), TalkingSince: since("talking"), Policy: m.policy, Now: m.now,
	}
	got, err := m.campaign.store.SweepCalls(m.ctx, p)
	require.NoError(t, err)
	want := m.power.sweep(p, func(call *modelCall) bool {
		listed, err := m.campaign.store.ListCalls(m.ctx, dialer.ListCallsParams{CampaignID: call.Ref.CampaignID, Limit: everything})
		require.NoError(t, err)
		return slices.ContainsFunc(listed.Calls, func(stored dialer.Call) bool { return stored.ID == call.ID && stored.LostAt.Equal(p.Now) })
	})
	require.Equal(t, want, got)
}

func (m *powerMachine) rollbackCalls(t *rapid.T) {
	p := dialer.RollbackParams{
		CampaignID: m.drawCampaign(t), ActorID: m.drawActor(t), Now: m.now,
		LaunchID: rapid.SampledFrom(append(m.launches[:2:2], uuid.New())).Draw(t, "launch"),
	}
	want, wantErr := m.power.rollbackCalls(p)
	got, err := m.campaign.store.RollbackCalls(m.ctx, p)
	agree(t, want, wantErr, got, err)
}

func (m *powerMachine) controlCampaign(t *rapid.T) {
	m.controlTo(t, m.drawCampaign(t), rapid.SampledFrom(append(dialer.Controls(), dialer.ControlStart, dialer.ControlResume)).Draw(t, "control"))
	m.compareDialing(t)
}

func (m *powerMachine) controlTo(t *rapid.T, campaign uuid.UUID, control dialer.Control) {
	p := dialer.ControlParams{CampaignID: campaign, Control: control, ActorID: m.actors[0], Now: m.now}
	want, wantErr := m.power.control(p)
	got, err := m.campaign.store.ControlCampaign(m.ctx, p)
	agree(t, want, wantErr, got, err)
}

// waitUntil moves the clock to a time at which something changes, or to just after
// it.
func (m *powerMachine) waitUntil(t *rapid.T) {
	instants := append(m.power.instants(m.now), m.model.instants(m.now)...)
	if len(instants) == 0 {
		t.Skip("nothing is going to change")
	}
	slices.SortFunc(instants, time.Time.Compare)
	next := instants[0]
	if rapid.IntRange(0, 3).Draw(t, "any when 3") == 3 {
		next = rapid.SampledFrom(instants).Draw(t, "until")
	}
	if just := next.Add(-time.Microsecond); just.After(m.now) && rapid.IntRange(0, 5).Draw(t, "just before when 5") == 5 {
		next = just
	}
	m.now = next
}

// wait moves the clock on.
func (m *powerMachine) wait(t *rapid.T) {
	m.now = m.now.Add(rapid.SampledFrom(slices.Clip(waits)).Draw(t, "wait"))
}
