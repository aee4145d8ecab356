package storetest_test

import "slices"

// powerMutants returns every mistake about the power queue, presence and events, each
// with whether the comparison with the model of the power queue sees it.
func powerMutants() []mutant {
	return slices.Concat(dialMutants(), eventMutants(), presenceMutants(), dialMeetingMutants())
}

func dialMutants() []mutant {
	return []mutant{
		{faultAbandonedBoundary, "ClaimCalls/an item whose phone was abandoned since AbandonedSince is passed over, in whatever campaign", true},
		{faultAbandonedForgotten, "ClaimCalls/an item whose phone was abandoned since AbandonedSince is passed over, in whatever campaign", true},
		{faultAbandonedPerCampaign, "ClaimCalls/an item whose phone was abandoned since AbandonedSince is passed over, in whatever campaign", false},
		{faultAgentsTakeDialed, "Exclusion/a contact that is active in the power queue is a collision for an agent's queue", true},
		{faultCapsBoundary, "ClaimCalls/an item whose phone has had as many calls as a cap allows is passed over until the first of them is out of time", true},
		{faultCapsClaims, "ClaimCalls/a call that was certainly not placed counts against no cap", true},
		{faultCapsFirstOnly, "ClaimCalls/each of several caps holds", false},
		{faultCapsForever, "ClaimCalls/an item whose phone has had as many calls as a cap allows is passed over until the first of them is out of time", true},
		{faultCapsPerCampaign, "ClaimCalls/the calls of all campaigns to a phone count against a cap", false},
		{faultCapsUnplaced, "ClaimCalls/a call that was certainly not placed counts against no cap", true},
		{faultClaimsEarly, "ClaimCalls/an item is not claimed before it is due", true},
		{faultClaimsFlagged, "ClaimCalls/an item whose contact opted out is passed over", true},
		{faultClaimsHeld, "ClaimCalls/an item whose phone is held by another call is passed over, in whatever campaign, until that call is settled", true},
		{faultClaimsIgnorePriority, "ClaimCalls/the order is priority descending", true},
		{faultClaimsIgnoreTime, "ClaimCalls/an item that waits for another attempt has its place by the time when it is due", true},
		{faultClaimsLate, "ClaimCalls/an item is not claimed before it is due", true},
		{faultClaimsLatestFirst, "ClaimCalls/of one priority the earliest comes first", true},
		{faultClaimsLost, "ClaimCalls/a call that was lost is never claimed again until an event or the carrier says what became of it", true},
		{faultClaimsPaused, "ClaimCalls/nothing is claimed unless the campaign is running", true},
		{faultClaimsPhoneTwice, "ClaimCalls/of several items with one phone a claim takes one, the first", true},
		{faultClaimsSuppressed, "ClaimCalls/an item whose contact has a suppressed phone is passed over", true},
		{faultControlsAnyway, "ControlCampaign/start changes whether the campaign is dialed where its status allows it, and is ErrConflict where not", true},
		{faultDialingRunningOnly, "ListDialing/it returns the campaigns that have calls which are not settled", true},
		{faultDialsAgents, "EnqueueCalls/it skips those who are active in the agent queue of the campaign", true},
		{faultDialsTwice, "EnqueueCalls/it never changes an existing item", true},
		{faultDueIsQueued, "DialerStats/Due counts the queued items whose time has come", true},
		{faultHandsForever, "ClaimCalls/an item whose phone is in an agent's hands is passed over, in whatever campaign", false},
		{faultHandsIgnored, "PlaceCall/when an agent has the phone in hand by now the item waits for RetryAfter", true},
		{faultListsSettled, "ListCalls/Unsettled restricts them to calls that are not settled", false},
		{faultListsSucceeded, "ListCalls/States restrict them to calls whose item is in one of them and still theirs", false},
		{faultPlacesBlindly, "PlaceCall/when the contact has a suppressed phone in between the item fails", true},
		{faultPlacesOldNumber, "PlaceCall/when the contact's number is another by now the item waits for RetryAfter and is dialed at the new one", true},
		{faultPlacesPaused, "PlaceCall/when the campaign was paused the item waits for RetryAfter", true},
		{faultPlacesSeen, "PlaceCall/a call of which the carrier has reported already is ErrConflict", false},
		{faultPlacesSettled, "PlaceCall/a call that a sweep has settled is ErrConflict", true},
		{faultPlacesTwice, "PlaceCall/a call that was placed before is ErrConflict", true},
		{faultPlacesUncounted, "PlaceCall/it keeps that the call is about to be placed and counts the attempt", true},
		{faultPlacesWithoutLease, "PlaceCall/a lost lease is ErrConflict", true},
		{faultPowerKeepsVersion, "RecordCall/it merges what is known of a call into its facts and brings its item to where they say", true},
		{faultPowerNoZeros, "DialerStats/a state with nothing in it has a zero", true},
		{faultPowerPriority, "EnqueueCalls/Priority overrides the contacts' own", true},
		{faultPowerUnknownCampaign, "EnqueueCalls/an unknown campaign is ErrNotFound", false},
		{faultPowerZoneLost, "EnqueueCalls/the zone in which the contact may be called is the contact's, and empty when nobody knows", true},
		{faultPullsWhileDialed, "Exclusion/an agent does not get an item whose phone is in a call that is not settled, in whatever campaign", true},
		{faultRefusalsReversed, "PlaceCall/of several refusals the first is told", true},
		{faultRefusedAtOnce, "PlaceCall/when the campaign was paused the item waits for RetryAfter", true},
		{faultRefusedUnsettled, "PlaceCall/a refusal frees the phone and the agent, and counts no attempt", true},
		{faultRefusedWait, "PlaceCall/when the contact opted out in between the item fails", true},
		{faultRollsBackClaimed, "RollbackCalls/active items of the launch that had been claimed before stay as they are", true},
		{faultStartsWhileDialed, "Exclusion/beginning a call with a phone that is in one already is ErrConflict", false},
		{faultUnknownZoneOpen, "ClaimCalls/an item whose zone is closed is passed over", true},
		{faultZonesIgnored, "ClaimCalls/an item whose zone is closed is passed over", true},
	}
}

func eventMutants() []mutant {
	const inAnyOrder = ": every order and repetition has one end"
	return []mutant{
		{faultAbandonsReserved, "RecordEvent/an event that says abandoned is kept and changes nothing once an agent was reserved for the call", true},
		{faultEventsIgnoreSeq, "RecordEvent/it keeps the event once for each call_sid, type and seq", true},
		{faultEventsIgnoreType, "RecordEvent/it keeps the event once for each call_sid, type and seq", true},
		{faultEventsThin, "ListEvents/it returns kept events as they came, in the order of their ids, which is that in which they came", false},
		{faultEventsTwice, "RecordEvent/an event that was there before changes nothing", true},
		{faultEventsUntil, "ListEvents/Since and Until restrict them to those that came in that time, Until excluded", false},
		{faultFinishedForever, "RecordCall/a fact that comes late corrects an item that nobody has touched since, and its contact", false},
		{faultLatestWins, "EventOrders/two answers are reported" + inAnyOrder, true},
		{faultLatestWins, "EventOrders/two ends are reported that differ" + inAnyOrder, false},
		{faultLedgerForgotten, "RecordCall/a call that ends as busy settles, and its item, phone and contact follow", true},
		{faultLosesSeen, "RecordCall/Lost changes nothing once a carrier has reported anything of the call", true},
		{faultLostRetried, "RecordCall/Lost says that nobody knows whether the call was placed: its item is unknown and its phone held", true},
		{faultLostStays, "RecordEvent/news find a call that was lost", true},
		{faultMachineDisconnects, "RecordEvent/AMD says machine after connect fired", true},
		{faultMachineDisconnects, "EventOrders/detection says machine after an agent had joined" + inAnyOrder, false},
		{faultMachineEnds, "RecordEvent/a machine verdict while nobody talks changes nothing before the call has ended", true},
		{faultMergesOtherSID, "RecordEvent/an event whose CallSID is not the call's is kept as an orphan", true},
		{faultMovesSuccessor, "RecordEvent/what comes late of a call whose item has another moves neither", true},
		{faultNeverFinished, "RecordCall/when the attempts are used up the item fails, and the contact is finished", true},
		{faultNothingMoves, "RecordCall/what says nothing new moves nothing: an item that was refused for good stays failed", false},
		{faultOrphansStay, "RecordEvent/an orphan is merged when its call appears: in another event's Ref", true},
		{faultOrphansStay, "EventOrders/events come before anybody knows whose they are" + inAnyOrder, false},
		{faultRefsIgnored, "RecordEvent/the call is found by the event's Ref, and takes its CallSID when it has none", true},
		{faultRefsIgnoreVersion, "RecordEvent/a Ref names the attempt, not only the item", true},
		{faultReopensHeld, "RecordCall/a call is not opened again while another has its phone", true},
		{faultReopensNever, "RecordEvent/what comes late of a call that was settled as not placed opens it again", true},
		{faultSIDOverwritten, "RecordCall/CallSID is kept unless the call has one already", false},
		{faultSettledHolds, "RecordCall/a call that ends as no_answer settles, and its item, phone and contact follow", true},
		{faultSweepsBoundary, "SweepCalls/it settles as not placed the calls that were claimed before UnplacedSince and never placed", true},
		{faultSweepsByPlacing, "SweepCalls/news put the end of patience off", true},
		{faultSweepsPlaced, "SweepCalls/a call that was placed is never taken for one that was not, however long nothing is heard of it", true},
		{faultSweepsTalking, "SweepCalls/more patience with what rings than with conversations is for what rings", false},
		{faultSweepsUnplacedLost, "SweepCalls/it settles as not placed the calls that were claimed before UnplacedSince and never placed", true},
		{faultUnplacedCounts, "RecordCall/attempts that were not placed use up none of those that are allowed", true},
	}
}

func presenceMutants() []mutant {
	return []mutant{
		{faultBusyChoose, "SetPresence/an agent whom a call has is ErrConflict, in whatever campaign", true},
		{faultExpiresBusy, "ExpirePresence/it makes everybody offline who has expired and is in no call, and returns how many it changed", true},
		{faultIdleAnew, "SetPresence/to choose the state that one is in changes nothing but the expiry, and does not begin the idle time anew", true},
		{faultLateTalkReady, "RecordEvent/an agent goes to wrap-up when the news that they talked comes after the news that the call ended", true},
		{faultLeaseAnywhere, "ClaimCalls/the lease of another campaign is ErrConflict, even under the same token", true},
		{faultLeaseExpiryUnchecked, "ClaimCalls/a lease that another holder has taken is ErrConflict, and so is one that has expired", true},
		{faultLeaseForgotten, "ReleaseLease/whoever gave it up gets it again under a higher token", true},
		{faultLeaseHolderOnly, "PowerConcurrency/many want one lease: one has it at any time, tokens grow, and an old one is refused", true},
		{faultLeaseKeepsToken, "AcquireLease/a lease that has expired is given under a higher token, even to who had it", true},
		{faultLeaseReleasesAny, "ReleaseLease/one that has changed hands is left alone", true},
		{faultLeaseRenewsToken, "AcquireLease/the holder of a lease that has not expired gets it prolonged, under the same token", true},
		{faultLeaseStolen, "AcquireLease/when another has it, it is ErrConflict", true},
		{faultLeaseUnchecked, "ClaimCalls/a lease that another holder has taken is ErrConflict, and so is one that has expired", true},
		{faultReleaseKeepsAgent, "ReleaseAgent/it frees the agent who was reserved for a call and did not get into it", true},
		{faultReleasesOthers, "ReleaseAgent/any other agent stays as they are", true},
		{faultReleasesTalking, "ReleaseAgent/any other agent stays as they are", true},
		{faultReservesAnother, "ReserveAgent/a call that has an agent gets the same one again", true},
		{faultReservesAnywhere, "ReserveAgent/it takes the agent of the campaign who has been ready longest, for the call", true},
		{faultReservesExpired, "ReserveAgent/an agent who has expired is passed over", true},
		{faultReservesGone, "ReserveAgent/a call that ended, was connected or was abandoned gets none, and Gone says so", true},
		{faultReservesShortest, "ReserveAgent/the longest idle are reserved in their order", true},
		{faultSettledAgentStays, "RecordCall/the agent of a settled call goes to wrap-up if they talked and is ready otherwise", true},
		{faultTalkedReady, "RecordEvent/when the call is settled its agent goes to wrap-up if they talked", true},
		{faultTouchBeginsAnew, "TouchPresence/it says that an agent was heard of, and changes nothing else", true},
		{faultTouchesOffline, "TouchPresence/an agent with no session, or who is offline, is ErrNotFound", true},
		{faultUntalkedWrapUp, "RecordEvent/when the call is settled its agent is ready if they did not talk", true},
	}
}

// dialMeetingMutants are mistakes that a single caller never sees.
func dialMeetingMutants() []mutant {
	const inBothCampaigns = "PowerConcurrency/several dialers of two campaigns claim while others queue and suppress: as many claims as items, none twice, no phone in two calls"
	return []mutant{
		{faultClaimNotAtomic, inBothCampaigns, false},
		{faultClaimsHeld, inBothCampaigns, false},
		{faultControlNotAtomic, "PowerConcurrency/of several controls at once each is carried out in its turn or refused", false},
		{faultEnqueueCallsNotAtomic, "PowerConcurrency/one contact is queued once when agents and dialers queue it at once", false},
		{faultEventNotAtomic, "PowerConcurrency/twenty deliveries of one event at once have one effect", false},
		{faultHandsIgnored, "PowerConcurrency/of an agent and a dialer who want one phone at most one calls", false},
		{faultLeaseNotAtomic, "PowerConcurrency/many want one lease: one has it at any time, tokens grow, and an old one is refused", false},
		{faultMergeNotAtomic, "PowerConcurrency/everything about one call, delivered at once and several times, has one effect", false},
		{faultOrphansStay, "PowerConcurrency/orphans and the answer that names their call, at once: none is left, at the latest after a sweep", false},
		{faultPlaceNotAtomic, "PowerConcurrency/of several that place one call one does", false},
		{faultPlacesPaused, "PowerConcurrency/after a pause has returned nothing is claimed and nothing placed", false},
		{faultPresenceNotAtomic, "PowerConcurrency/agents who leave while calls ask for them are reserved or gone, and never both", false},
		{faultReserveNotAtomic, "PowerConcurrency/fifty calls want fewer agents at once: no agent is taken twice, none is left, and as many calls have one as there are agents", false},
		{faultReserveNotAtomic, "PowerConcurrency/one call that asks for an agent twenty times at once gets one", false},
	}
}

// The mistakes of the power queue: filling it, claiming, placing.
const (
	faultAbandonedForgotten    fault = "a phone that was abandoned is called again at once"
	faultAbandonedPerCampaign  fault = "only the campaign's own abandoned calls hold a phone back"
	faultAgentsTakeDialed      fault = "agents' queues take who is active in the power queue"
	faultAbandonedBoundary     fault = "an abandoned phone is free a moment too soon"
	faultCapsBoundary          fault = "a call counts against a cap a moment too short"
	faultCapsClaims            fault = "caps count calls that were claimed and not placed"
	faultCapsFirstOnly         fault = "only the first cap is asked"
	faultCapsForever           fault = "caps have no time"
	faultCapsUnplaced          fault = "caps count calls that were never placed"
	faultCapsPerCampaign       fault = "caps count the campaign's own calls"
	faultClaimNotAtomic        fault = "a claim is not atomic"
	faultClaimsEarly           fault = "a claim takes items before their time"
	faultClaimsFlagged         fault = "a claim ignores what the contact is"
	faultClaimsHeld            fault = "a claim ignores the calls of other campaigns"
	faultClaimsIgnorePriority  fault = "a claim ignores priority"
	faultClaimsIgnoreTime      fault = "a claim ignores which item was due first"
	faultClaimsLate            fault = "an item is due a moment too late"
	faultClaimsLatestFirst     fault = "a claim takes the latest first"
	faultClaimsLost            fault = "a lost call is claimed again"
	faultClaimsPaused          fault = "a claim ignores that the campaign is paused"
	faultClaimsPhoneTwice      fault = "one claim takes a phone twice"
	faultClaimsSuppressed      fault = "a claim ignores suppression"
	faultControlNotAtomic      fault = "a control is not atomic"
	faultControlsAnyway        fault = "a control works in every status"
	faultDialingRunningOnly    fault = "a paused campaign with calls under way is forgotten"
	faultDialsAgents           fault = "the power queue takes who is active in an agent's"
	faultDialsTwice            fault = "the power queue takes who is active in it already"
	faultDueIsQueued           fault = "every queued item counts as due"
	faultEnqueueCallsNotAtomic fault = "filling the power queue is not atomic"
	faultHandsForever          fault = "a lock that has expired keeps a phone from being dialed"
	faultHandsIgnored          fault = "a claim ignores what agents have in hand"
	faultListsSettled          fault = "settled calls are listed as unsettled"
	faultListsSucceeded        fault = "calls whose item has moved on are listed by its state"
	faultPlaceNotAtomic        fault = "placing is not atomic"
	faultPlacesBlindly         fault = "placing looks at nothing once more"
	faultPlacesOldNumber       fault = "a number is dialed that the contact has no more"
	faultPlacesPaused          fault = "placing ignores that the campaign was paused"
	faultPlacesSeen            fault = "a call is placed of which the carrier has reported already"
	faultPlacesSettled         fault = "a call is placed that a sweep has settled"
	faultPlacesTwice           fault = "a call is placed twice"
	faultPlacesUncounted       fault = "placing does not count the attempt"
	faultPlacesWithoutLease    fault = "placing asks for no lease"
	faultPowerKeepsVersion     fault = "ringing does not count as a change"
	faultPowerNoZeros          fault = "states without items are left out of the power queue's counts"
	faultPowerPriority         fault = "the power queue ignores the priority that was asked for"
	faultPowerUnknownCampaign  fault = "the power queue of an unknown campaign is filled"
	faultPowerZoneLost         fault = "the power queue forgets the contact's zone"
	faultPullsWhileDialed      fault = "agents pull who is being dialed"
	faultRefusalsReversed      fault = "the last refusal that applies is told"
	faultRefusedAtOnce         fault = "a refused item is due at once"
	faultRefusedUnsettled      fault = "a refused call is not settled"
	faultRefusedWait           fault = "an item whose contact must not be called waits for another turn"
	faultRollsBackClaimed      fault = "a rollback fails items that were claimed before"
	faultStartsWhileDialed     fault = "agents start a call with who is being dialed"
	faultUnknownZoneOpen       fault = "a contact of unknown zone is called at any time"
	faultZonesIgnored          fault = "items are dialed where it is no time to call"
)

// The mistakes of what follows from events.
const (
	faultAbandonsReserved   fault = "a person is abandoned although an agent is reserved"
	faultEventNotAtomic     fault = "keeping an event is not atomic"
	faultEventsIgnoreSeq    fault = "events that differ in their number are one"
	faultEventsIgnoreType   fault = "events that differ in their type are one"
	faultEventsThin         fault = "payloads are not kept"
	faultEventsTwice        fault = "an event is kept as often as it comes"
	faultEventsUntil        fault = "Until is included"
	faultFinishedForever    fault = "a contact stays finished although its item is not"
	faultLatestWins         fault = "the latest report wins"
	faultLedgerForgotten    fault = "a settled call leaves nothing in the ledger"
	faultLosesSeen          fault = "a call is lost of which the carrier has reported"
	faultLostRetried        fault = "a lost call is taken for one that was not placed"
	faultLostStays          fault = "news of a lost call do not find it"
	faultMachineDisconnects fault = "a machine verdict undoes a conversation"
	faultMachineEnds        fault = "a machine verdict ends a call"
	faultMergeNotAtomic     fault = "merging is not atomic"
	faultMergesOtherSID     fault = "an event is merged into a call of another call_sid"
	faultMovesSuccessor     fault = "late news of a call move the item of the next"
	faultNothingMoves       fault = "news that say nothing new move an item"
	faultNeverFinished      fault = "a contact whose item failed is not finished"
	faultOrphansStay        fault = "orphans are not merged when their call appears"
	faultRefsIgnored        fault = "events are matched by their call_sid alone"
	faultRefsIgnoreVersion  fault = "events are matched by their item alone"
	faultReopensHeld        fault = "a call is opened again while another has its phone"
	faultReopensNever       fault = "a call that was settled as not placed stays so, whatever is reported"
	faultSIDOverwritten     fault = "a call's call_sid is overwritten"
	faultSettledHolds       fault = "a settled call holds its phone"
	faultSweepsBoundary     fault = "a sweep takes calls a moment too early"
	faultSweepsByPlacing    fault = "a sweep ignores news"
	faultSweepsPlaced       fault = "a sweep takes calls that were placed for calls that were not"
	faultSweepsTalking      fault = "a sweep has no more patience with conversations than with ringing"
	faultSweepsUnplacedLost fault = "a sweep loses calls that were never placed"
	faultUnplacedCounts     fault = "an attempt that was never placed counts"
)

// The mistakes of presence and leases.
const (
	faultBusyChoose           fault = "an agent in a call chooses another state"
	faultExpiresBusy          fault = "an agent in a call is put offline"
	faultIdleAnew             fault = "choosing the same state begins the idle time anew"
	faultLateTalkReady        fault = "an agent whose conversation is reported late stays ready"
	faultLeaseAnywhere        fault = "the lease of one campaign is good for another"
	faultLeaseExpiryUnchecked fault = "an expired lease is good until somebody takes it"
	faultLeaseForgotten       fault = "tokens begin anew when a lease is released"
	faultLeaseHolderOnly      fault = "a lease is known by its holder's name"
	faultLeaseKeepsToken      fault = "an expired lease is given again under its token"
	faultLeaseNotAtomic       fault = "taking a lease is not atomic"
	faultLeaseReleasesAny     fault = "a former holder releases the lease of another"
	faultLeaseRenewsToken     fault = "a prolonged lease gets another token"
	faultLeaseStolen          fault = "a lease is taken from a live holder"
	faultLeaseUnchecked       fault = "leases are not checked"
	faultPresenceNotAtomic    fault = "choosing a state is not atomic"
	faultReleaseKeepsAgent    fault = "a call keeps the agent who was released from it"
	faultReleasesOthers       fault = "an agent is released from another call"
	faultReleasesTalking      fault = "an agent who talks is released"
	faultReserveNotAtomic     fault = "reserving is not atomic"
	faultReservesAnother      fault = "a call gets another agent each time"
	faultReservesAnywhere     fault = "agents of other campaigns are reserved"
	faultReservesExpired      fault = "agents who are gone are reserved"
	faultReservesGone         fault = "agents are reserved for calls that are over"
	faultReservesShortest     fault = "the agent who became ready last is reserved"
	faultSettledAgentStays    fault = "agents stay in calls that are over"
	faultTalkedReady          fault = "an agent who talked is ready at once"
	faultTouchBeginsAnew      fault = "a heartbeat begins the idle time anew"
	faultTouchesOffline       fault = "a heartbeat of who is offline passes"
	faultUntalkedWrapUp       fault = "an agent who did not talk goes to wrap-up"
)
