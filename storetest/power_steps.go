package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
)

// retryAfter is how long refused items wait in the suite.
const retryAfter = 7 * time.Minute

// anytime is limits that hold nothing back.
var anytime = dialer.Limits{Open: callwindow.Open{Everywhere: true}}

// control changes whether the campaign is dialed, and must succeed.
func (c *campaign) control(control dialer.Control) {
	c.Helper()
	result, err := c.store.ControlCampaign(c.Context(), c.controlParams(control))
	require.NoError(c, err)
	require.Equal(c, control.To(), result.Status)
}

func (c *campaign) controlParams(control dialer.Control) dialer.ControlParams {
	return dialer.ControlParams{CampaignID: c.id, Control: control, ActorID: c.actor, Now: c.now}
}

// running starts the campaign and returns it.
func (c *campaign) running() *campaign {
	c.Helper()
	c.control(dialer.ControlStart)
	return c
}

// enqueueCalls calls EnqueueCalls and checks what holds of every result.
func (c *campaign) enqueueCalls(p dialer.EnqueueParams) queue.EnqueueResult {
	c.Helper()
	result, err := c.store.EnqueueCalls(c.Context(), c.enqueueCallsParams(p))
	require.NoError(c, err)
	requireConsistentEnqueue(c, result)
	return result
}

func (c *campaign) enqueueCallsParams(p dialer.EnqueueParams) dialer.EnqueueParams {
	p.CampaignID, p.ActorID = or(p.CampaignID, c.id), or(p.ActorID, c.actor)
	if p.Now.IsZero() {
		p.Now = c.now
	}
	if p.Provenance == (outdial.Provenance{}) {
		p.Provenance = outdial.Provenance{By: c.actor.String(), Reason: outdial.ReasonCampaignAudience}
	}
	return p
}

// queueCalls puts contacts into the power queue and returns their items in the order
// of the contacts.
func (c *campaign) queueCalls(contacts ...outdial.Contact) []dialer.Item {
	c.Helper()
	result := c.enqueueCalls(dialer.EnqueueParams{ContactIDs: contactIDs(contacts)})
	require.Equal(c, len(contacts), result.Enqueued)
	items := make([]dialer.Item, len(contacts))
	for i, contact := range contacts {
		items[i] = c.callItemOf(contact)
	}
	return items
}

func (c *campaign) claimParams(limit int) dialer.ClaimParams {
	return dialer.ClaimParams{CampaignID: c.id, Limit: limit, Limits: anytime, Now: c.now}
}

// claimCalls claims everything that is due.
func (c *campaign) claimCalls() []dialer.Call {
	c.Helper()
	return c.claimUnder(anytime)
}

// claimUnder claims everything that is due and that the limits allow.
func (c *campaign) claimUnder(limits dialer.Limits) []dialer.Call {
	c.Helper()
	p := c.claimParams(everything)
	p.Limits = limits
	result, err := c.store.ClaimCalls(c.Context(), p)
	require.NoError(c, err)
	return result.Calls
}

// claimNothing checks that nothing can be claimed now.
func (c *campaign) claimNothing() {
	c.Helper()
	require.Empty(c, c.claimCalls(), "there is nothing to claim")
}

// claimed puts a contact into the power queue and claims it.
func (c *campaign) claimed(contact outdial.Contact) dialer.Call {
	c.Helper()
	c.queueCalls(contact)
	calls := c.claimCalls()
	require.Len(c, calls, 1)
	require.Equal(c, contact.ID, calls[0].ContactID)
	return calls[0]
}

func (c *campaign) placeParams(call dialer.Call) dialer.PlaceParams {
	return dialer.PlaceParams{CampaignID: c.id, CallID: call.ID, Limits: anytime, RetryAfter: retryAfter, Now: c.now}
}

// place keeps that a call is about to be placed, and must not be refused.
func (c *campaign) place(call dialer.Call) dialer.Call {
	c.Helper()
	result, err := c.store.PlaceCall(c.Context(), c.placeParams(call))
	require.NoError(c, err)
	require.Empty(c, result.Refusal)
	return result.Call
}

// refused asks to place a call that must be refused, and returns why and the call.
func (c *campaign) refused(p dialer.PlaceParams) (dialer.Refusal, dialer.Call) {
	c.Helper()
	result, err := c.store.PlaceCall(c.Context(), p)
	require.NoError(c, err)
	require.NotEmpty(c, result.Refusal, "the call may be placed")
	return result.Refusal, result.Call
}

// placeError asks to place a call, which must fail, and checks that nothing changed.
func (c *campaign) placeError(p dialer.PlaceParams) error {
	c.Helper()
	items, calls := c.callItems(), c.calls()
	_, err := c.store.PlaceCall(c.Context(), p)
	require.Error(c, err)
	requireSame(c, items, c.callItems())
	requireSame(c, calls, c.calls())
	return err
}

// dial puts a contact into the power queue, claims it and places the call.
func (c *campaign) dial(contact outdial.Contact) dialer.Call {
	c.Helper()
	return c.place(c.claimed(contact))
}

// dialEverybody does so with several, and returns their calls in the order of the
// contacts.
func (c *campaign) dialEverybody(contacts ...outdial.Contact) []dialer.Call {
	c.Helper()
	c.queueCalls(contacts...)
	byContact := map[uuid.UUID]dialer.Call{}
	for _, call := range c.claimCalls() {
		byContact[call.ContactID] = c.place(call)
	}
	require.Len(c, byContact, len(contacts))
	calls := make([]dialer.Call, len(contacts))
	for i, contact := range contacts {
		calls[i] = byContact[contact.ID]
	}
	return calls
}

func (c *campaign) recordParams(call dialer.Call, facts dialer.Facts) dialer.RecordCallParams {
	return dialer.RecordCallParams{CampaignID: c.id, CallID: call.ID, Facts: facts, Now: c.now}
}

// recordCall calls RecordCall, and checks that what it returns is what is kept.
func (c *campaign) recordCall(p dialer.RecordCallParams) dialer.RecordCallResult {
	c.Helper()
	result, err := c.store.RecordCall(c.Context(), p)
	require.NoError(c, err)
	requireSame(c, result.Call, c.call(p.CallID))
	require.Equal(c, result.State, c.callItem(result.Call.Ref.ItemID).State)
	return result
}

// learn records facts about a call.
func (c *campaign) learn(call dialer.Call, facts dialer.Facts) dialer.RecordCallResult {
	c.Helper()
	return c.recordCall(c.recordParams(call, facts))
}

// originated records the carrier's name for a call.
func (c *campaign) originated(call dialer.Call, sid string) dialer.RecordCallResult {
	c.Helper()
	p := c.recordParams(call, dialer.Facts{})
	p.CallSID = sid
	return c.recordCall(p)
}

// lose records that nobody knows what became of a call.
func (c *campaign) lose(call dialer.Call) dialer.RecordCallResult {
	c.Helper()
	p := c.recordParams(call, dialer.Facts{})
	p.Lost = true
	return c.recordCall(p)
}

func withPhone(phone outdial.Phone) func(*intake.NewContact) {
	return func(who *intake.NewContact) { who.Contact.Phone = phone }
}

// newSID returns a name for a call that no other has.
func newSID() string { return "CA" + uuid.NewString() }

// event is a report about a call, by its Ref, that came as soon as it happened.
func (c *campaign) event(call dialer.Call, kind telephony.Type, edits ...func(*telephony.Event)) telephony.RecordParams {
	event := telephony.Event{
		Ref: call.Ref, CallSID: call.CallSID, Type: kind, At: c.now, Source: "webhook", Payload: []byte(`{"from":"a carrier"}`),
	}
	switch kind {
	case telephony.TypeAMD:
		event.AMD = dialer.AMDHuman
	case telephony.TypeEnded:
		event.Cause = dialer.CauseCompleted
	}
	for _, edit := range edits {
		edit(&event)
	}
	return telephony.RecordParams{Event: event, At: event.At, Now: c.now}
}

func withVerdict(verdict dialer.AMD) func(*telephony.Event) {
	return func(event *telephony.Event) { event.AMD = verdict }
}

func withCause(cause dialer.Cause) func(*telephony.Event) {
	return func(event *telephony.Event) { event.Cause = cause }
}

func withSID(sid string) func(*telephony.Event) {
	return func(event *telephony.Event) { event.CallSID = sid }
}

func withSeq(seq int) func(*telephony.Event) {
	return func(event *telephony.Event) { event.Seq = seq }
}

func withRef(ref dialer.Ref) func(*telephony.Event) {
	return func(event *telephony.Event) { event.Ref = ref }
}

func happenedAt(at time.Time) func(*telephony.Event) {
	return func(event *telephony.Event) { event.At = at }
}

// report keeps an event.
func (c *campaign) report(p telephony.RecordParams) telephony.RecordResult {
	c.Helper()
	result, err := c.store.RecordEvent(c.Context(), p)
	require.NoError(c, err)
	return result
}

// tell keeps an event of a call that is known, new and of some consequence, and
// checks that what it returns is what is kept.
func (c *campaign) tell(call dialer.Call, kind telephony.Type, edits ...func(*telephony.Event)) telephony.RecordResult {
	c.Helper()
	if call.CallSID == "" {
		call.CallSID = "CA" + call.ID.String()
	}
	result := c.report(c.event(call, kind, edits...))
	require.False(c, result.Duplicate, "the event is new")
	require.False(c, result.Orphan, "the event has a call")
	requireSame(c, result.Call, c.call(call.ID))
	require.Equal(c, result.State, c.callItem(call.Ref.ItemID).State)
	return result
}

// callItems returns every item of the power queue that the campaign has or had.
func (c *campaign) callItems() []dialer.Item {
	c.Helper()
	result, err := c.store.ListCallItems(c.Context(), dialer.ListItemsParams{CampaignID: c.id, Limit: everything})
	require.NoError(c, err)
	require.False(c, result.More)
	requireCoherentDialing(c, result.Items)
	return result.Items
}

// callItem returns the item with that id as it is now.
func (c *campaign) callItem(id uuid.UUID) dialer.Item {
	c.Helper()
	items := c.callItems()
	at := slices.IndexFunc(items, func(item dialer.Item) bool { return item.ID == id })
	require.GreaterOrEqual(c, at, 0, "no item %s", id)
	return items[at]
}

// callItemOf returns the item that holds the contact in the power queue.
func (c *campaign) callItemOf(contact outdial.Contact) dialer.Item {
	c.Helper()
	items := slices.DeleteFunc(c.callItems(), func(item dialer.Item) bool {
		return item.ContactID != contact.ID || !item.State.Active()
	})
	require.Len(c, items, 1, "active items of contact %s", contact.ID)
	return items[0]
}

// calls returns every call of the campaign.
func (c *campaign) calls() []dialer.Call {
	c.Helper()
	return c.listCalls(dialer.ListCallsParams{})
}

func (c *campaign) listCalls(p dialer.ListCallsParams) []dialer.Call {
	c.Helper()
	p.CampaignID, p.Limit = c.id, everything
	result, err := c.store.ListCalls(c.Context(), p)
	require.NoError(c, err)
	require.False(c, result.More)
	return result.Calls
}

// call returns the call with that id as it is now.
func (c *campaign) call(id uuid.UUID) dialer.Call {
	c.Helper()
	calls := c.calls()
	at := slices.IndexFunc(calls, func(call dialer.Call) bool { return call.ID == id })
	require.GreaterOrEqual(c, at, 0, "no call %s", id)
	return calls[at]
}

// called returns whom the calls are for, in their order.
func called(calls []dialer.Call) []uuid.UUID {
	ids := make([]uuid.UUID, len(calls))
	for i, call := range calls {
		ids[i] = call.ContactID
	}
	return ids
}

// sweepParams asks to sweep what has had no news for the durations.
func (c *campaign) sweepParams(unplaced, stuck, talking time.Duration) dialer.SweepParams {
	return dialer.SweepParams{
		UnplacedSince: c.now.Add(-unplaced), StuckSince: c.now.Add(-stuck), TalkingSince: c.now.Add(-talking), Now: c.now,
	}
}

func (c *campaign) sweepCalls(p dialer.SweepParams) dialer.SweepResult {
	c.Helper()
	result, err := c.store.SweepCalls(c.Context(), p)
	require.NoError(c, err)
	return result
}

func (c *campaign) rollbackCalls(launch uuid.UUID) dialer.RollbackResult {
	c.Helper()
	result, err := c.store.RollbackCalls(c.Context(), dialer.RollbackParams{
		CampaignID: c.id, LaunchID: launch, ActorID: c.actor, Now: c.now,
	})
	require.NoError(c, err)
	return result
}

func (c *campaign) dialerStats() dialer.StatsResult {
	c.Helper()
	result, err := c.store.DialerStats(c.Context(), dialer.StatsParams{CampaignID: c.id, Now: c.now})
	require.NoError(c, err)
	return result
}

// skipped counts, for a campaign whose contacts nobody's agent holds, why they may
// not be queued now. It is the window on what the campaign knows of each of them.
func (c *campaign) skipped(at time.Time) queue.Skips {
	c.Helper()
	return c.replace(queue.ReplaceParams{AgentID: uuid.New(), DryRun: true, Now: at}).Skipped
}
