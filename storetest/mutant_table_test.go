package storetest_test

import (
	"slices"

	"github.com/outdial/outdial/queue"
)

// mutants returns every mistake that the store of these tests can make.
func mutants() []mutant {
	return slices.Concat(replaceMutants(), queueMutants(), pullMutants(), moveMutants(), readMutants(), intakeMutants(), meetingMutants(),
		suppressionMutants())
}

func replaceMutants() []mutant {
	table := []mutant{
		{faultAlwaysKeeps, "ReplaceQueue/with ReleaseInProgress a running item is released and its contact comes back as a new one", true},
		{faultAnyScope, "ReplaceQueue/a contact whose phone is suppressed for another campaign is not", true},
		{faultBumps, "ReplaceQueue/a second identical call writes no queue row", true},
		{faultCampaignsCollide, "ReplaceQueue/it leaves other campaigns and other agents alone", true},
		{faultCapAfterSize, "ReplaceQueue/a contact that came after the queue was full counts against its account's cap first", true},
		{faultCapIgnoresKept, "ReplaceQueue/the cap counts kept items first", true},
		{faultCapUnderfills, "ReplaceQueue/the cap is filled from the contacts that can be had", true},
		{faultCapsNobody, "ReplaceQueue/contacts without an account are never capped", true},
		{faultContext, "Store/a call whose context has ended fails and changes nothing", false},
		{faultCoolingBoundary, "ReplaceQueue/a contact cools down until next_attempt_at and not longer", true},
		{faultDryAudits, "ReplaceQueue/with DryRun it computes the same plan and writes nothing", true},
		{faultDryWrites, "ReplaceQueue/with DryRun it computes the same plan and writes nothing", true},
		{faultEmailAsGiven, "ReplaceQueue/a contact whose e-mail is suppressed in other letters is suppressed", true},
		{faultEndKeepsLock, "ReplaceQueue/queued and locked rows that are not in the new queue are released", true},
		{faultExpiryBoundary, "ReplaceQueue/an entry suppresses no longer at the time when it expires", true},
		{faultFilterCase, "ReplaceQueue/a filter chooses the contacts it matches", true},
		{faultFilterIgnored, "ReplaceQueue/contacts that the filter does not match count nowhere", true},
		{faultFilterNull, "Filters/a negated condition keeps contacts that have no value", false},
		{faultNoAudience, "ReplaceQueue/only a dry run counts the audience, whether the filter matches it or not", true},
		{faultFilterWildcard, "ReplaceQueue/a filter chooses the contacts it matches", true},
		{faultFinished, "ReplaceQueue/a contact this campaign is done with counts under finished", true},
		{faultGlobalOnly, "ReplaceQueue/a contact whose phone is suppressed for this campaign is suppressed", true},
		{faultKindIgnored, "ReplaceQueue/an entry for an e-mail suppresses no phone of the same text", false},
		{faultNeverKeeps, "ReplaceQueue/items in progress are kept", true},
		{faultNoAudit, "ReplaceQueue/an audit entry is written with the change", true},
		{faultNoExpiry, "ReplaceQueue/an entry suppresses no longer at the time when it expires", true},
		{faultNoZeros, "ReplaceQueue/a campaign without contacts gives an empty queue", true},
		{faultPhoneOnly, "ReplaceQueue/a contact whose e-mail is suppressed globally is suppressed", true},
		{faultPlanIDs, "ReplaceQueue/the order is priority descending, then contact id", true},
		{faultPlanPriority, "ReplaceQueue/the order is priority descending, then contact id", true},
		{faultPoolNotShared, "ReplaceQueue/an item that waits in the pool is taken over with its id and provenance", true},
		{faultQueueSuppressed, "ReplaceQueue/a contact whose phone is suppressed globally is suppressed", true},
		{faultRandomIDs, "ReplaceQueue/the order is priority descending, then contact id", true},
		{faultReplaceTakesLive, "ReplaceQueue/a pool item that another agent holds is a collision", true},
		{faultReplaceTakesOwn, "ReplaceQueue/another agent's own item is a collision even when its lock has expired", true},
		{faultReplaceWaitsForSweep, "ReplaceQueue/a pool item whose lock has expired is taken over", true},
		{faultRewrites, "ReplaceQueue/a second identical call does not even write a row back as it was", false},
		{faultSizeIgnoresKept, "ReplaceQueue/the size counts kept items first", true},
		{faultStaysLocked, "ReplaceQueue/a locked row that is in both goes back to queued", true},
		{faultStaysPooled, "ReplaceQueue/a pool item that the agent holds becomes the agent's own when its contact is in the new queue", true},
		{faultSteals, "ReplaceQueue/a contact that another agent holds counts as a collision", true},
		{faultTakesAsNew, "ReplaceQueue/an item that waits in the pool is taken over with its id and provenance", true},
		{faultTakesProvenance, "ReplaceQueue/an item that waits in the pool is taken over with its id and provenance", true},
		{faultUnknownReplace, "ReplaceQueue/an unknown campaign is ErrNotFound", false},
		{faultWrongPhone, "ReplaceQueue/a contact with no number or a wrong one counts under no_phone", true},
	}
	// Collisions, caps and sizes are no flags of a contact: their places in the
	// order are proved by the mistakes above.
	for _, reason := range queue.SkipReasons()[:5] {
		table = append(table, mutant{
			fault("reasons swapped at " + string(reason)), "ReplaceQueue/a contact counts under the first reason that applies", true,
		})
	}
	return table
}

func queueMutants() []mutant {
	return []mutant{
		{faultCallbacksCool, "EnqueueItems/a callback or a retry does not wait until its contact has cooled down", true},
		{faultCallbacksFinished, "EnqueueItems/a callback to somebody the campaign is done with is skipped", true},
		{faultClearRunning, "ClearQueue/items in progress stay", true},
		{faultClearSkipsPool, "ClearQueue/of everybody, it releases the pool's items too", true},
		{faultEnqueueMine, "EnqueueItems/a contact that is active already counts as a collision, with whomever, and its row is not changed", true},
		{faultEnqueueTouches, "EnqueueItems/a contact that is active already counts as a collision, with whomever, and its row is not changed", true},
		{faultNobodyIsAll, "EnqueueItems/an empty list of contacts is nobody, not everybody", true},
		{faultPoolKeepsAgent, "ClearQueue/items that an agent holds from the pool go back to it", true},
		{faultPoolReleased, "ClearQueue/items that an agent holds from the pool go back to it", true},
		{faultPriorityZero, "EnqueueItems/Priority overrides the contacts' own", true},
		{faultRollbackAnywhere, "RollbackLaunch/it leaves other launches and other campaigns alone", true},
		{faultRollbackCountsEnded, "RollbackLaunch/items that have ended count nowhere", true},
		{faultRollbackTouched, "RollbackLaunch/items that somebody had touched stay as they are", true},
		{faultTwice, "EnqueueItems/a contact that is named twice counts once", true},
		{faultUnknownLaunch, "RollbackLaunch/an unknown launch is ErrNotFound", true},
	}
}

func pullMutants() []mutant {
	return []mutant{
		{faultDueBoundary, "PullItem/items that are scheduled for later are passed over until then", true},
		{faultExpiredHeld, "PullItem/an agent's own expired lock is returned and then pulled in its turn", true},
		{faultFailNamesState, "PullItem/an item that an agent holds is failed with the reason opted_out", true},
		{faultHeldRenews, "PullItem/an agent who holds a live lock gets the same item again, unchanged", true},
		{faultHeldSuppressed, "PullItem/an item that an agent holds is failed when its phone has been suppressed", true},
		{faultNewestFirst, "PullItem/the oldest come first", true},
		{faultOwnExpiredStays, "PullItem/an agent's expired lock makes way for an item that comes before", true},
		{faultPoolFirst, "PullItem/own items come before the pool's", true},
		{faultPoolMixed, "PullItem/own items come before the pool's", true},
		{faultPullCooling, "PullItem/a callback is given although its contact is cooling down", true},
		{faultPullFlags, "PullItem/an item whose contact opted out is passed over", true},
		{faultPullForgetsLock, "PullItem/an agent who holds a live lock gets the same item again, unchanged", true},
		{faultPullKeepsVersion, "PullItem/it gives the agent their next item and locks it", true},
		{faultPullNotDue, "PullItem/items that are scheduled for later are passed over until then", true},
		{faultPullOthers, "PullItem/it gives nothing of another agent or another campaign", true},
		{faultPullPriority, "PullItem/the order of the pool's items is priority descending", true},
		{faultPullSuppressed, "PullItem/an item whose phone is suppressed is passed over, in the pool", true},
		{faultPullTakesLive, "PullItem/a live lock keeps everybody else from a pool item", true},
		{faultPullTakesOwn, "PullItem/another agent's own item is not taken over when its lock has expired", true},
		{faultPullTakesRunning, "PullItem/a running item is not taken over after its lock would have expired", true},
		{faultStaleList, "PullItem/an item whose phone is suppressed is passed over", true},
		{faultPullWaitsForSweep, "PullItem/an expired lock counts as no lock: another agent takes the pool item over", true},
		{faultScheduleIgnored, "PullItem/of due ones the earliest comes first", true},
		{faultTiesByContact, "PullItem/of items that differ in nothing else the first id comes first", true},
		{faultUnknownPull, "PullItem/an unknown campaign is ErrNotFound", false},
		{faultUnscheduledFirst, "PullItem/due ones come first", true},
	}
}

func moveMutants() []mutant {
	return []mutant{
		{faultForgetsAll, "SweepLocks/it forgets idempotency keys older than KeysBefore", true},
		{faultForgetsBoundary, "SweepLocks/it forgets idempotency keys older than KeysBefore", true},
		{faultGiveBackDates, "MoveItem/MoveGiveBack returns the item to its agent's queue", true},
		{faultHeartbeatBumps, "MoveItem/MoveHeartbeat renews the lock and leaves lock_version as it is", true},
		{faultHolderFirst, "MoveItem/a version that differs is told before whose item it is", true},
		{faultHolderIgnored, "MoveItem/it is ErrForbidden when another agent holds the item", true},
		{faultLateRefused, "MoveItem/an agent whose lock has expired may go on while nobody has taken the item", true},
		{faultMoveAnywhere, "MoveItem/it is ErrNotFound when the item is another campaign's", false},
		{faultNobodyForbids, "MoveItem/an item that nobody holds is ErrConflict", true},
		{faultStartCounts, "MoveItem/MoveStart begins the call", true},
		{faultStartKeepsExpiry, "MoveItem/MoveStart begins the call", true},
		{faultStateFirst, "MoveItem/another holder is told before a state that does not allow the move", true},
		{faultStateIgnored, "MoveItem/each move starts in the states of the state machine and is ErrConflict in every other", true},
		{faultSweepBoundary, "SweepLocks/an item whose lock has expired returns to its agent's queue", true},
		{faultSweepLive, "SweepLocks/an item whose lock lives stays as it is", true},
		{faultSweepRunning, "SweepLocks/only locked items are returned", true},
		{faultSweepToAgent, "SweepLocks/a pool item whose lock has expired returns to the pool", true},
		{faultSweepToPool, "SweepLocks/an item whose lock has expired returns to its agent's queue", true},
		{faultVersionIgnored, "MoveItem/an agent who comes back late is refused once the item was taken over", true},
	}
}

func readMutants() []mutant {
	return []mutant{
		{faultAttributesUnsorted, "ListAttributes/it returns the attributes that imports have registered, in the order of their keys", false},
		{faultCampaignsUnsorted, "ListCampaigns/it returns every campaign with the number of its contacts, by name", false},
		{faultCountsAll, "CountValues/with more than Most different values only that is said", false},
		{faultCountsEmpty, "CountValues/contacts without a value are not counted", false},
		{faultCountsEverybody, "CountValues/it counts a campaign's contacts by what they have in a field", false},
		{faultListByContact, "ListItems/it returns items in the order of their ids", true},
		{faultListState, "ListItems/State restricts the page to one state", false},
		{faultMoreWhenFull, "ListItems/a page holds at most Limit items, and After continues it", false},
		{faultPageRepeats, "ListItems/a page holds at most Limit items, and After continues it", false},
		{faultStatsActive, "QueueStats/it counts items by state and by agent", true},
		{faultStatsNoZeros, "QueueStats/a campaign without items has a zero for every state and no agents", true},
		{faultStatsUnsorted, "QueueStats/agents are ordered by id, the pool first", true},
		{faultThinContact, "ListItems/items carry their contacts whole", true},
		{faultUnknownStats, "QueueStats/an unknown campaign is ErrNotFound", false},
	}
}

func intakeMutants() []mutant {
	return []mutant{
		{faultAddForgetsOptOut, "AddContacts/an opt-out is honoured, and never taken back", true},
		{faultAddOverwrites, "AddContacts/one that exists already is not changed, whatever its other fields say", true},
		{faultAddSkipsKnown, "AddContacts/a contact that the database has is put into another campaign as it is", true},
		{faultAttributeNarrows, "RegisterAttributes/one that is known already gets the type that holds both", false},
		{faultAttributeNarrows, "RegisterAttributes/a type is never narrowed, whatever the order", false},
		{faultAttributeNarrows, "RegisterAttributes/eight imports that register the same attributes at once leave types that hold what each had", false},
		{faultCommitForgets, "Transactions/a host transaction that commits keeps what was done in it", false},
		{faultEnsureNameless, "EnsureCampaign/an unknown id without a name is ErrNotFound", false},
		{faultEnsureRenames, "EnsureCampaign/it returns the campaign with that id whatever the name", false},
		{faultEventForOld, "AddSuppressions/one event is written for each entry that was not there yet", false},
		{faultExpiredStays, "AddSuppressions/an entry whose time is up can be added again", true},
		{faultFingerprint, "Idempotency/ReplaceQueue: a fingerprint that differs is ErrIdempotencyMismatch", true},
		{faultKeysFold, "Idempotency/keys are compared as they are", false},
		{faultKeysForgotten, "Idempotency/EnqueueItems: a second call with the same actor and key answers with the stored result", true},
		{faultKeysKeepErrors, "Idempotency/a call that failed is not remembered", false},
		{faultKeysShared, "Idempotency/ClearQueue: another actor's same key is another request", true},
		{faultMigrateDrops, "Store/running Migrate again is harmless", false},
		{faultMilliseconds, "Times/times are kept to the microsecond", true},
		{faultNamesFold, "EnsureCampaign/a name is compared as it is, in upper and lower case", false},
		{faultNanoseconds, "Times/what is finer than a microsecond does not come back", false},
		{faultNeverLonger, "AddSuppressions/an entry that is added again for longer lasts longer", true},
		{faultOneScope, "AddSuppressions/an entry for one campaign and one for all are two", true},
		{faultPoisons, "Transactions/a method that fails leaves the host's transaction usable", false},
		{faultRepeatAudits, "Idempotency/ReplaceQueue: a second call with the same actor and key answers with the stored result", true},
		{faultRollbackKeeps, "Transactions/a host transaction that rolls back leaves no trace", false},
		{faultShortens, "AddSuppressions/an entry that is added again for a shorter time does not end sooner", true},
		{faultSourcesFold, "AddContacts/a SourceKey is compared as it is", false},
		{faultWallClock, "Times/the same Now behaves the same in America New_York", false},
	}
}

// meetingMutants are mistakes that a single caller never sees.
func meetingMutants() []mutant {
	return []mutant{
		{faultAddNotAtomic, "Concurrency/each contact is added once when eight callers add one batch at once", false},
		{faultDeadlocks, "Concurrency/eight agents replace overlapping audiences at once: disjoint queues within their bounds, and no error", false},
		{faultEnqueueNotAtomic, "Concurrency/replaces and enqueues of the same contacts at once leave each contact with one item", false},
		{faultEnsureNotAtomic, "Concurrency/one campaign is made when eight callers ensure one name at once", false},
		{faultKeysNotAtomic, "Concurrency/ReplaceQueue: eight calls under one key at once have one effect and equal results", false},
		{faultMoveNotAtomic, "Concurrency/of several moves that name one version one is carried out", false},
		{faultMoveNotAtomic, "Concurrency/an expired lock is taken over once, or its first owner goes on, and never both", false},
		{faultMoveNotAtomic, "Histories/histories of pulls and moves on a few items are linearizable", false},
		{faultPullNotAtomic, "Concurrency/agents pull, renew, give back and start: every version of every item is somebody's move", false},
		{faultPullNotAtomic, "Concurrency/fifty agents pull until the pool is empty: every item is claimed once and none is lost", false},
		{faultPullNotAtomic, "Concurrency/one agent who clicks Pull eight times at once locks exactly one item of the pool", false},
		{faultPullNotAtomic, "Histories/histories of pulls and moves on a few items are linearizable", false},
		{faultReplaceNotAtomic, "Concurrency/eight agents replace overlapping audiences at once: disjoint queues within their bounds, and no error", false},
		{faultReplaceNotAtomic, "Concurrency/one agent who replaces eight times at once has one queue", false},
		{faultReplaceNotAtomic, "Concurrency/whatever runs at the same time, no contact is active twice and no item is lost", false},
		{faultRollbackNotAtomic, "Concurrency/a rollback and pulls at once: every item is released or claimed, and never both", false},
		{faultStaleList, "Concurrency/no pull that began after AddSuppressions returned yields who was suppressed", false},
		{faultSuppressNotAtomic, "Concurrency/an entry is new once when eight callers suppress it at once", false},
	}
}
