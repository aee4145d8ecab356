package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
)

func (m *dispositionMachine) drawCampaign(t *rapid.T) uuid.UUID {
	return m.campaigns[rapid.IntRange(0, len(m.campaigns)-1).Draw(t, "campaign")]
}

func (m *dispositionMachine) drawAgent(t *rapid.T) uuid.UUID {
	return m.agents[rapid.IntRange(0, len(m.agents)-1).Draw(t, "agent")]
}

// drawContacts draws one contact of the campaign, or nil for all.
func (m *dispositionMachine) drawContacts(t *rapid.T, campaign uuid.UUID) ([]uuid.UUID, func(*account) bool) {
	if rapid.Bool().Draw(t, "everybody") {
		return nil, ofCampaign(campaign)
	}
	some := slices.DeleteFunc(slices.Clone(m.accounts), func(who *account) bool { return who.campaign != campaign })
	one := some[rapid.IntRange(0, len(some)-1).Draw(t, "contact")]
	return []uuid.UUID{one.contact.ID}, func(who *account) bool { return who == one }
}

func (m *dispositionMachine) provenance() outdial.Provenance {
	return outdial.Provenance{By: "someone", Reason: outdial.ReasonManualAdd}
}

func (m *dispositionMachine) enqueueItems(t *rapid.T) {
	p := queue.EnqueueParams{CampaignID: m.drawCampaign(t), ActorID: m.campaign.actor, Provenance: m.provenance(), Now: m.now}
	if rapid.Bool().Draw(t, "for an agent") {
		p.AgentID = m.drawAgent(t)
	}
	ids, among := m.drawContacts(t, p.CampaignID)
	p.ContactIDs = ids
	result, err := m.campaign.store.EnqueueItems(m.ctx, p)
	require.NoError(t, err)
	m.requireSkips(t, among, result.Skipped)
}

func (m *dispositionMachine) enqueueCalls(t *rapid.T) {
	p := dialer.EnqueueParams{CampaignID: m.drawCampaign(t), ActorID: m.campaign.actor, Provenance: m.provenance(), Now: m.now}
	ids, among := m.drawContacts(t, p.CampaignID)
	p.ContactIDs = ids
	result, err := m.campaign.store.EnqueueCalls(m.ctx, p)
	require.NoError(t, err)
	m.requireSkips(t, among, result.Skipped)
}

func (m *dispositionMachine) replace(t *rapid.T) {
	p := queue.ReplaceParams{CampaignID: m.drawCampaign(t), AgentID: m.drawAgent(t), ActorID: m.campaign.actor, Now: m.now}
	p.MaxQueueSize = rapid.IntRange(0, 2).Draw(t, "size")
	running := map[uuid.UUID]bool{}
	items, _, _ := m.items(t, p.CampaignID)
	for _, item := range items {
		running[item.ContactID] = running[item.ContactID] || item.State == queue.StateInProgress && item.AgentID == p.AgentID
	}
	result, err := m.campaign.store.ReplaceQueue(m.ctx, p)
	require.NoError(t, err)
	m.requireSkips(t, func(who *account) bool { return who.campaign == p.CampaignID && !running[who.contact.ID] }, result.Skipped)
}

func (m *dispositionMachine) pull(t *rapid.T) {
	p := queue.PullParams{CampaignID: m.drawCampaign(t), AgentID: m.drawAgent(t), LockFor: lockFor, Now: m.now}
	if rapid.Bool().Draw(t, "callbacks are everybody's") {
		p.CallbacksSince = m.now
	}
	result, err := m.campaign.store.PullItem(m.ctx, p)
	require.NoError(t, err)
	if result.Item == nil {
		return
	}
	who := m.account(p.CampaignID, result.Item.ContactID)
	require.False(t, m.listed[who.contact.Phone] || m.wrong[who.contact.Phone] || who.finished, "somebody is pulled who must not be called")
}

// held returns the items that agents have in hand.
func (m *dispositionMachine) held(t *rapid.T) []queue.Item {
	held := []queue.Item{}
	for _, campaign := range m.campaigns {
		items, _, _ := m.items(t, campaign)
		for _, item := range items {
			if item.State == queue.StateLocked || item.State == queue.StateInProgress || purged(item) {
				held = append(held, item)
			}
		}
	}
	return held
}

// drawHeld draws one of them, the latest most often.
func (m *dispositionMachine) drawHeld(t *rapid.T) queue.Item {
	held := m.held(t)
	if len(held) == 0 {
		t.Skip("nobody has anything in hand")
	}
	slices.Reverse(held)
	return held[rapid.IntRange(0, len(held)-1).Draw(t, "item")]
}

func (m *dispositionMachine) move(t *rapid.T) {
	item := m.drawHeld(t)
	_, err := m.campaign.store.MoveItem(m.ctx, queue.MoveParams{
		CampaignID: item.CampaignID, ItemID: item.ID, LockVersion: item.LockVersion, LockFor: lockFor, Now: m.now,
		Move: rapid.SampledFrom([]queue.Move{queue.MoveStart, queue.MoveStart, queue.MoveHeartbeat, queue.MoveGiveBack}).Draw(t, "move"),
	})
	if err != nil {
		require.ErrorIs(t, err, outdial.ErrConflict)
	}
}

// drawParams draws what is recorded about an item.
func (m *dispositionMachine) drawParams(t *rapid.T, campaign, item uuid.UUID, version int) disposition.RecordParams {
	codes := []disposition.Code{disposition.CodeNoAnswer, disposition.CodeBusy, disposition.CodeVoicemail, disposition.CodeCallback, disposition.CodeDoNotCall}
	for _, rule := range (disposition.Map{}).Rules() {
		codes = append(codes, rule.Code)
	}
	there := *m.campaign
	there.id, there.now = campaign, m.now
	return there.disposeParams(
		subject{itemID: item, version: version}, rapid.SampledFrom(codes).Draw(t, "code"), under(m.process),
		func(p *disposition.RecordParams) {
			if p.Rule.Effect != disposition.EffectCallback {
				return
			}
			p.CallbackAt = m.now.Add(rapid.SampledFrom([]time.Duration{time.Second, time.Hour, 30 * time.Hour}).Draw(t, "callback in"))
			p.CallbackFor = rapid.SampledFrom([]disposition.Recipient{disposition.RecipientAgent, disposition.RecipientAnyone}).Draw(t, "callback for")
		},
	)
}

func (m *dispositionMachine) dispose(t *rapid.T) {
	var (
		campaign, id uuid.UUID
		version      int
		who          *account
		call         dialer.Call
	)
	anyCall := rapid.IntRange(0, 7).Draw(t, "any when 7") == 7
	if talked := m.callsThat(t, func(call dialer.Call) bool { return !call.ConnectedAt.IsZero() && (anyCall || !m.disposed[call.ID]) }); len(talked) > 0 && rapid.Bool().Draw(t, "about a call") {
		call = talked[rapid.IntRange(0, len(talked)-1).Draw(t, "call")]
		campaign, id, version = call.Ref.CampaignID, call.Ref.ItemID, call.ItemVersion
		who = m.account(campaign, call.ContactID)
	} else {
		item := m.drawHeld(t)
		campaign, id, version = item.CampaignID, item.ID, item.LockVersion
		if item.State == queue.StateFailed {
			version--
		}
		who = m.account(campaign, item.ContactID)
	}
	if rapid.IntRange(0, 7).Draw(t, "stale when 7") == 7 {
		version--
	}
	m.disposed[call.ID] = true
	m.record(t, m.drawParams(t, campaign, id, version), who)
}

// work is what agents do all day: they pull, call and record, and wait for what is due.
func (m *dispositionMachine) work(t *rapid.T) {
	if rapid.IntRange(0, 2).Draw(t, "late when 2") == 2 {
		m.waitUntil(t)
	}
	p := queue.PullParams{CampaignID: m.drawCampaign(t), AgentID: m.drawAgent(t), LockFor: lockFor, CallbacksSince: m.now, Now: m.now}
	result, err := m.campaign.store.PullItem(m.ctx, p)
	require.NoError(t, err)
	if result.Item == nil {
		t.Skip("there is nothing to do")
	}
	item := result.Item
	m.record(t, m.drawParams(t, p.CampaignID, item.ID, item.LockVersion), m.account(p.CampaignID, item.ContactID))
}

// talk brings a dialer's call to a conversation, which may end before anything is
// recorded.
func (m *dispositionMachine) talk(t *rapid.T) {
	if rapid.IntRange(0, 2).Draw(t, "late when 2") == 2 {
		m.waitUntil(t)
	}
	m.dial(t)
	m.connect(t)
	if rapid.Bool().Draw(t, "it ends") {
		call := m.drawCall(t, func(call dialer.Call) bool { return underWay(call) && !call.ConnectedAt.IsZero() })
		m.learn(t, call, dialer.Facts{EndedAt: m.now, Cause: dialer.CauseCompleted})
	}
}

// record records something, and enters it into the books unless it is refused.
func (m *dispositionMachine) record(t *rapid.T, p disposition.RecordParams, who *account) {
	if slices.ContainsFunc(m.recorded, func(kept *entry) bool { return kept.asked.Fingerprint == p.Fingerprint }) {
		t.Skip("it was recorded before")
	}
	wasWrong := m.wrong[who.contact.Phone]
	result, err := m.campaign.store.RecordDisposition(m.ctx, p)
	if err != nil {
		require.ErrorIs(t, err, outdial.ErrConflict)
		return
	}
	kept := &entry{asked: p, result: result, of: who, phone: who.contact.Phone}
	if p.Supersedes == uuid.Nil {
		if result.Queue == disposition.QueueAgent {
			m.attempted(t, who, uuid.Nil)
		}
	} else {
		m.supersede(t, p.Supersedes)
		wasWrong = m.wrong[who.contact.Phone]
	}
	require.Len(t, who.attempts, result.Attempts, "every attempt is accounted for")
	who.promised = p.Rule.Effect == disposition.EffectCallback
	who.finished = result.FinishReason != ""
	switch p.Rule.Effect {
	case disposition.EffectSuppress:
		m.listed[who.contact.Phone] = true
	case disposition.EffectInvalidate:
		m.wrong[who.contact.Phone], kept.marked = true, !wasWrong
	}
	m.recorded = append(m.recorded, kept)
	m.checkVoicemails(t, who)
}

// supersede takes a mistake out of the books.
func (m *dispositionMachine) supersede(t *rapid.T, id uuid.UUID) {
	at := slices.IndexFunc(m.recorded, func(kept *entry) bool { return kept.result.ID == id })
	kept := m.recorded[at]
	require.False(t, kept.superseded, "it was corrected before")
	kept.superseded = true
	if !kept.marked {
		return
	}
	m.wrong[kept.phone] = false
	for _, who := range m.accounts {
		who.putRight = who.putRight || who.contact.Phone == kept.phone
	}
}

func (m *dispositionMachine) correct(t *rapid.T) {
	// What was recorded about a number that had to stay on the list, or was wrong before,
	// leaves open what else follows; see correctionBehaviours.
	may := slices.DeleteFunc(slices.Clone(m.recorded), func(kept *entry) bool {
		return kept.asked.Rule.Effect == disposition.EffectInvalidate && !kept.marked || m.now.Sub(kept.asked.Now) > correctWithin && !kept.superseded
	})
	if len(may) == 0 {
		t.Skip("nothing was recorded lately")
	}
	slices.Reverse(may)
	kept := may[rapid.IntRange(0, min(3, len(may)-1)).Draw(t, "mistake")]
	p := m.drawParams(t, kept.asked.CampaignID, kept.asked.ItemID, kept.result.LockVersion)
	if p.Rule.Effect == disposition.EffectInvalidate && m.listed[kept.phone] {
		t.Skip("whether a number on the list is marked as wrong is left open")
	}
	p.Supersedes = kept.result.ID
	p.Fingerprint += " instead of " + kept.result.ID.String()
	m.record(t, p, kept.of)
}

func (m *dispositionMachine) repeat(t *rapid.T) {
	if len(m.recorded) == 0 {
		t.Skip("nothing was recorded yet")
	}
	kept := m.recorded[len(m.recorded)-1-rapid.IntRange(0, min(3, len(m.recorded)-1)).Draw(t, "back")]
	p := kept.asked
	p.Now = m.now
	result, err := m.campaign.store.RecordDisposition(m.ctx, p)
	require.NoError(t, err)
	requireSame(t, kept.result, result)
}

// callsThat returns calls of both campaigns, the latest first.
func (m *dispositionMachine) callsThat(t *rapid.T, are func(dialer.Call) bool) []dialer.Call {
	some := []dialer.Call{}
	for _, campaign := range m.campaigns {
		_, _, calls := m.items(t, campaign)
		for _, call := range calls {
			if are(call) {
				some = append(some, call)
			}
		}
	}
	slices.Reverse(some)
	return some
}

func (m *dispositionMachine) drawCall(t *rapid.T, are func(dialer.Call) bool) dialer.Call {
	some := m.callsThat(t, are)
	if len(some) == 0 {
		t.Skip("there is no such call")
	}
	return some[rapid.IntRange(0, len(some)-1).Draw(t, "call")]
}

func (m *dispositionMachine) dial(t *rapid.T) {
	campaign := m.drawCampaign(t)
	result, err := m.campaign.store.ClaimCalls(m.ctx, dialer.ClaimParams{CampaignID: campaign, Limit: 2, Limits: anytime, Now: m.now})
	require.NoError(t, err)
	for _, call := range result.Calls {
		who := m.account(campaign, call.ContactID)
		require.False(t, m.listed[call.Phone] || m.wrong[call.Phone] || who.finished, "somebody is dialed who must not be called")
		if rapid.IntRange(0, 7).Draw(t, "forgotten when 7") == 7 {
			continue
		}
		placed, err := m.campaign.store.PlaceCall(m.ctx, dialer.PlaceParams{
			CampaignID: campaign, CallID: call.ID, Limits: anytime, RetryAfter: retryAfter, Now: m.now,
		})
		require.NoError(t, err)
		require.Empty(t, placed.Refusal)
		m.attempted(t, who, call.ID)
		require.Len(t, who.attempts, placed.Call.Attempt, "every attempt is accounted for")
	}
}

func underWay(call dialer.Call) bool {
	return !call.PlacedAt.IsZero() && call.SettledAt.IsZero()
}

func (m *dispositionMachine) connect(t *rapid.T) {
	call := m.drawCall(t, func(call dialer.Call) bool { return underWay(call) && call.ConnectedAt.IsZero() })
	m.ready(t, call.Ref.CampaignID, m.drawAgent(t))
	reserved, err := m.campaign.store.ReserveAgent(m.ctx, presence.ReserveParams{CampaignID: call.Ref.CampaignID, CallID: call.ID, Now: m.now})
	require.NoError(t, err)
	if reserved.AgentID == uuid.Nil {
		t.Skip("nobody is free")
	}
	m.learn(t, call, dialer.Facts{ConnectedAt: m.now})
}

func (m *dispositionMachine) endCall(t *rapid.T) {
	call := m.drawCall(t, underWay)
	outcome := dialer.OutcomeConnected
	if call.ConnectedAt.IsZero() {
		outcomes := []dialer.Outcome{
			dialer.OutcomeBusy, dialer.OutcomeNoAnswer, dialer.OutcomeVoicemail, dialer.OutcomeVoicemail, dialer.OutcomeAbandoned, dialer.OutcomeRejected,
		}
		if !call.Seen() {
			outcomes = append(outcomes, dialer.OutcomeNotPlaced)
		}
		outcome = rapid.SampledFrom(outcomes).Draw(t, "outcome")
	}
	if outcome == dialer.OutcomeConnected {
		m.learn(t, call, dialer.Facts{EndedAt: m.now, Cause: dialer.CauseCompleted})
		return
	}
	if cause := map[dialer.Outcome]dialer.Cause{dialer.OutcomeBusy: dialer.CauseBusy, dialer.OutcomeNoAnswer: dialer.CauseNoAnswer}[outcome]; cause != "" {
		if rapid.Bool().Draw(t, "by an event") {
			m.report(t, call, cause)
			return
		}
	}
	m.learn(t, call, factsOf(outcome, m.now))
}

// learn records facts about a call, and enters what follows into the books.
func (m *dispositionMachine) learn(t *rapid.T, call dialer.Call, facts dialer.Facts) {
	result, err := m.campaign.store.RecordCall(m.ctx, dialer.RecordCallParams{
		CampaignID: call.Ref.CampaignID, CallID: call.ID, Facts: facts, Policy: m.process, Now: m.now,
	})
	require.NoError(t, err)
	m.follow(t, result.Call)
}

func (m *dispositionMachine) report(t *rapid.T, call dialer.Call, cause dialer.Cause) {
	result, err := m.campaign.store.RecordEvent(m.ctx, telephony.RecordParams{
		Event: telephony.Event{
			Ref: call.Ref, CallSID: sidOf(call), Type: telephony.TypeEnded, At: m.now, Source: "webhook", Cause: cause, Payload: []byte(`{}`),
		},
		At: m.now, Policy: m.process, Now: m.now,
	})
	require.NoError(t, err)
	m.follow(t, result.Call)
}

// follow enters into the books what became of a call: the contact is finished when the
// call still had its item, and has ended that.
func (m *dispositionMachine) follow(t *rapid.T, call dialer.Call) {
	who := m.account(call.Ref.CampaignID, call.ContactID)
	if call.Outcome == dialer.OutcomeNotPlaced {
		m.notPlaced(who, call.ID)
	}
	if call.Outcome == dialer.OutcomeVoicemail {
		who.machines++
	}
	_, dialed, _ := m.items(t, call.Ref.CampaignID)
	at := slices.IndexFunc(dialed, func(item dialer.Item) bool { return item.ID == call.Ref.ItemID })
	if dialed[at].LockVersion == call.ItemVersion && call.Outcome != "" {
		who.finished = !dialed[at].State.Active()
	}
	m.checkVoicemails(t, who)
}

func (m *dispositionMachine) sweepLocks(t *rapid.T) {
	_, err := m.campaign.store.SweepLocks(m.ctx, queue.SweepParams{Now: m.now})
	require.NoError(t, err)
}

func (m *dispositionMachine) sweepCalls(t *rapid.T) {
	old := m.now.Add(-time.Minute)
	_, err := m.campaign.store.SweepCalls(m.ctx, dialer.SweepParams{
		UnplacedSince: old, StuckSince: old, TalkingSince: old, Policy: m.process, Now: m.now,
	})
	require.NoError(t, err)
}

func (m *dispositionMachine) wait(t *rapid.T) {
	m.now = m.now.Add(rapid.SampledFrom([]time.Duration{
		time.Second, time.Minute, correctWithin, lockFor, 2 * time.Hour, 25 * time.Hour,
	}).Draw(t, "time"))
}

// waitUntil waits for the next item that is due.
func (m *dispositionMachine) waitUntil(t *rapid.T) {
	next := time.Time{}
	for _, campaign := range m.campaigns {
		items, dialed, _ := m.items(t, campaign)
		for _, item := range items {
			if item.State == queue.StateQueued && item.ScheduledFor.After(m.now) && (next.IsZero() || item.ScheduledFor.Before(next)) {
				next = item.ScheduledFor
			}
		}
		for _, item := range dialed {
			if item.State == dialer.StateQueued && item.NextAttemptAt.After(m.now) && (next.IsZero() || item.NextAttemptAt.Before(next)) {
				next = item.NextAttemptAt
			}
		}
	}
	if next.IsZero() {
		t.Skip("nothing waits")
	}
	m.now = next
}
