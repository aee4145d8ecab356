package storetest_test

import "slices"

// dispositionMutants returns every mistake about dispositions, each with whether the
// books of the random sequences show it.
func dispositionMutants() []mutant {
	return slices.Concat(recordMutants(), purgeMutants(), correctionMutants(), promiseMutants(), callbackMutants(), policyMutants(), recordListMutants())
}

func recordMutants() []mutant {
	const stays = ": an item that a purge took out of the agent's hands stays as it is: the attempt counts, and what was recorded is kept"
	return []mutant{
		{faultDisposeCountsCalls, "RecordDisposition/power queue: the attempt was counted when it was placed", true},
		{faultDisposeHolderFirst, "RecordDisposition/agent queue: a LockVersion that is not the item's is ErrConflict, and told before whose item it is", false},
		{faultDisposeLedger, "RecordDisposition/agent queue: no_answer leads from every state to where Decide says, or is ErrConflict and changes nothing", true},
		{faultDisposeWritesBack, "DispositionConcurrency/two agents record for one phone at once: no do_not_call is lost", false},
		{faultDisposeNotAtomic, "DispositionConcurrency/agent queue: twenty identical requests at once are one", false},
		{faultDisposeQueuesSuppressed, "RecordDisposition/power queue: a number that is on the list by now does not wait for another attempt: the item fails", true},
		{faultDisposeQueuesSuppressed, "RecordDisposition/agent queue: a correction that would queue somebody whose number is on the list by now fails the item", true},
		{faultDisposeUnaudited, "RecordDisposition/power queue: it writes one audit entry", false},
		{faultDisposeUncounted, "RecordDisposition/agent queue: the attempt counts when something is recorded, for the item and for its contact", true},
		{faultDisposesAnywhere, "RecordDisposition/agent queue: an item that the campaign has not is ErrNotFound", false},
		{faultDisposesEnded, "RecordDisposition/agent queue: busy leads from every state to where Decide says, or is ErrConflict and changes nothing", false},
		{faultDisposesOthers, "RecordDisposition/power queue: an item that another agent has is ErrForbidden", false},
		{faultDisposesQueued, "RecordDisposition/agent queue: do_not_call leads from every state to where Decide says, or is ErrConflict and changes nothing", false},
		{faultDisposesStale, "RecordDisposition/a late request is refused once somebody else has the item, and loses nothing of what they did", false},
		{faultDisposesUnanswered, "RecordDisposition/power queue: converted_to_lead leads from every state to where Decide says, or is ErrConflict and changes nothing", false},
		{faultLeadForgotten, "RecordDisposition/agent queue: it makes a lead where there is none yet", false},
		{faultLeadStays, "RecordDisposition/a lead that was withdrawn comes back when its contact converts again, and is the same", false},
		{faultLeadsAnew, "RecordDisposition/a lead that was withdrawn comes back when its contact converts again, and is the same", false},
		{faultPurgedFinishes, "RecordDisposition/what is late about an item that a purge took does not finish a contact who is active again, unless it is do_not_call", false},
		{faultPurgedRefused, "RecordDisposition/agent queue" + stays, false},
		{faultPurgedRequeues, "RecordDisposition/power queue" + stays, true},
		{faultPurgedUncounted, "RecordDisposition/agent queue" + stays, true},
		{faultRepeatAuditsDisposition, "RecordDisposition/power queue: a request with the fingerprint of one that was recorded for the same item and LockVersion has the same result", false},
		{faultRepeatWrites, "RecordDisposition/a repeated request writes no row of the queue", false},
		{faultRepeatsAnew, "RecordDisposition/a repeated request has the same result though the item has moved on", true},
		{faultRepeatsAny, "RecordDisposition/agent queue: another disposition of the same LockVersion is ErrConflict", true},
		{faultRepeatsToAnyone, "RecordDisposition/agent queue: a repeated request of another agent is ErrForbidden", false},
	}
}

func purgeMutants() []mutant {
	const all = " fails every active item with the number, of every campaign and of both queues"
	return []mutant{
		{faultInvalidatesOne, "RecordDisposition/agent queue: EffectInvalidate marks the number as wrong wherever it stands", true},
		{faultPurgesAgentsOnly, "RecordDisposition/agent queue: do_not_call" + all, true},
		{faultPurgesDialedOnly, "RecordDisposition/power queue: invalid_number" + all, true},
		{faultPurgesHereOnly, "RecordDisposition/power queue: do_not_call" + all, true},
		{faultPurgesWaitingOnly, "RecordDisposition/do_not_call fails items that other agents work on", true},
		{faultPurgesWaitingOnly, "RecordDisposition/invalid_number fails an item that is being dialed, and news of its call move it no more", true},
		{faultSuppressHere, "RecordDisposition/agent queue: EffectSuppress puts the number that was called on the list for every campaign", true},
		{faultSuppressOwnNumber, "RecordDisposition/power queue: the number is the one that was called, whatever the contact has by now", false},
	}
}

func correctionMutants() []mutant {
	const after, same = ": whatever follows ", " is what would have followed without it"
	return []mutant{
		{faultCorrectCounts, "RecordDisposition/agent queue" + after + "busy" + same, true},
		{faultCorrectKeepsCallback, "RecordDisposition/power queue" + after + "callback_requested" + same, false},
		{faultCorrectKeepsLedger, "RecordDisposition/agent queue: a correction may be corrected, and repeated", true},
		{faultCorrectKeepsWrong, "RecordDisposition/agent queue: items of other contacts that were failed with a wrong number stay failed, and the result says so", true},
		{faultCorrectLiftsSuppression, "RecordDisposition/power queue: who is on the list stays there, and so do the item and what the campaign knows of the contact", true},
		{faultCorrectSilent, "RecordDisposition/agent queue: who is on the list stays there, and so do the item and what the campaign knows of the contact", false},
		{faultCorrectsAnyItem, "RecordDisposition/power queue: a disposition that the item has not is ErrNotFound", false},
		{faultCorrectsBoundary, "RecordDisposition/agent queue: a disposition that is older than CorrectWithin is corrected no more", false},
		{faultCorrectsLate, "RecordDisposition/power queue: a disposition that is older than CorrectWithin is corrected no more", false},
		{faultCorrectsOthers, "RecordDisposition/agent queue: another agent's disposition is ErrForbidden, and the nil agent corrects anyone's", false},
		{faultCorrectsPulled, "RecordDisposition/a callback of the power queue whose item the agent has pulled is corrected no more", false},
		{faultCorrectsStale, "RecordDisposition/power queue: the version must be the one that the earlier disposition left", false},
		{faultCorrectsTouched, "RecordDisposition/an item that somebody has touched since is corrected no more", false},
		{faultCorrectsTwice, "RecordDisposition/agent queue: a correction that would make a contact active twice is ErrConflict", false},
	}
}

func promiseMutants() []mutant {
	return []mutant{
		{faultCallbackAnyones, "RecordDisposition/power queue: a callback that one agent promised is made by that agent, who finds it in their list", false},
		{faultCallbackAnytime, "RecordDisposition/agent queue: a callback time must pass CheckCallback", false},
		{faultCallbackClosed, "RecordDisposition/power queue: a contact's zone must be among Open, or it is a WindowClosedError", false},
		{faultCallbackStaysDialed, "RecordDisposition/power queue: a callback that one agent promised is made by that agent, who finds it in their list", false},
		{faultCallbackUnhurried, "RecordDisposition/power queue: a callback for anyone waits there, before everything that was queued", false},
		{faultCallbackUnmarked, "RecordDisposition/agent queue: a callback for anyone waits in the pool", false},
		{faultKeptPromisePooled, "RecordDisposition/a callback that was kept and reached nobody is its agent's own from then on", false},
		{faultRetryStaysCallback, "RecordDisposition/a callback that another agent made, or that was anyone's, goes back to the pool when it reaches nobody", false},
		{faultRetryStaysCallback, "DispositionPull/a callback that reached nobody has no precedence any more", false},
	}
}

func callbackMutants() []mutant {
	return []mutant{
		{faultCallbackGraceBoundary, "DispositionPull/a callback that waits for another agent is passed over unless it was promised for CallbacksSince or before", false},
		{faultCallbacksByPriority, "DispositionPull/the earliest callback comes before the others, of the pool or the agent's own, and of one time the oldest item", false},
		{faultCallbacksForAll, "DispositionPull/a callback whose lock has expired, or that was given back, waits in the pool as before", false},
		{faultCallbacksForever, "DispositionPull/a callback that waits for another agent is passed over unless it was promised for CallbacksSince or before", false},
		{faultCallbacksLast, "DispositionPull/callbacks that are due come before own items and the pool's, whatever their priority", false},
		{faultEnqueueNoCallback, "DispositionPull/EnqueueItems: items with ReasonCallback are callbacks at the time that they are scheduled for", false},
		{faultListsNoAwaited, "DispositionPull/ListItems: an agent's are those that the agent has and the callbacks that wait for them", false},
		{faultOwnCallbacksWait, "DispositionPull/callbacks that are due come before own items and the pool's, whatever their priority", false},
		{faultPullNotDue, "DispositionPull/a callback is not pulled before it is due", false},
		{faultPullsWhileDialed, "DispositionPull/callbacks to whom nobody may call are passed over", false},
	}
}

func policyMutants() []mutant {
	const over = ": the campaign's policy goes over that of the process"
	return []mutant{
		{faultCallPolicy, "CampaignPolicy/RecordCall" + over, true},
		{faultCallPolicy, "CampaignPolicy/RecordEvent" + over, true},
		{faultCallPolicy, "CampaignPolicy/SweepCalls" + over, true},
		{faultDisposePolicy, "CampaignPolicy/no_answer loops until max_attempts and honors vm_cooldown_hours", true},
		{faultDisposePolicy, "CampaignPolicy/power queue: RecordDisposition" + over + ", field by field", true},
		{faultHistoryAnywhere, "CampaignPolicy/attempts of another campaign count against no cap", false},
		{faultHistorySuperseded, "CampaignPolicy/a voicemail that was a mistake counts against nothing, and the one at hand counts once", false},
		{faultHistoryWithoutAgents, "CampaignPolicy/voicemails that agents reached count against MaxVoicemails of a call", true},
		{faultHistoryWithoutAgents, "CampaignPolicy/agents' attempts count against MaxPerDay of a call", true},
		{faultHistoryWithoutCalls, "CampaignPolicy/calls that reached a machine count against MaxVoicemails of an agent's attempt", false},
		{faultPolicyDropsZeros, "CampaignPolicy/CampaignPolicy returns what the campaign overrides, zero fields where nothing", false},
		{faultPolicyEverywhere, "CampaignPolicy/CampaignPolicy returns what the campaign overrides, zero fields where nothing", false},
		{faultPolicyMerges, "CampaignPolicy/CampaignPolicy returns what the campaign overrides, zero fields where nothing", false},
		{faultPolicyOfNobody, "CampaignPolicy/an unknown campaign is ErrNotFound", false},
		{faultPolicyUnaudited, "CampaignPolicy/SetCampaignPolicy writes one audit entry", false},
	}
}

func recordListMutants() []mutant {
	return []mutant{
		{faultDispositionPageRepeats, "ListDispositions/a page holds at most Limit dispositions, and After continues it", false},
		{faultDispositionsLatestFirst, "ListDispositions/it returns what was recorded in a campaign, in the order of the ids, which is that of recording", false},
		{faultDispositionsThin, "RecordDisposition/agent queue: it writes the disposition", false},
		{faultLeadsLatestFirst, "ListLeads/it returns the leads of a campaign in the order of their ids", false},
		{faultListsAllContacts, "ListDispositions/ContactID restricts the page to one contact", false},
		{faultListsAllDispositions, "ListDispositions/it returns what was recorded in a campaign, in the order of the ids, which is that of recording", false},
		{faultListsAllLeads, "ListLeads/it returns the leads of a campaign in the order of their ids", false},
	}
}
