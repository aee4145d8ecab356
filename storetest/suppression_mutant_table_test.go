package storetest_test

// suppressionMutants are the mistakes that a store can make with the list, its feed, its
// imports and its purges. No model knows of them.
func suppressionMutants() []mutant {
	return []mutant{
		{faultExtensionUntold, "AddSuppressions/one event is written for each entry that lasts longer", false},
		{faultListsForNobody, "AddSuppressions/to add to a campaign that does not exist is ErrNotFound, and adds nothing", false},
		{faultListsForNobody, "ImportSuppressions/to begin an import for a campaign that does not exist is ErrNotFound, and begins none", false},
		{faultExtensionRewrites, "AddSuppressions/what is there already stays as it is, except that it lasts until the later of the two ends", false},
		{faultAnewStaysOld, "AddSuppressions/an entry that has run out counts as not there: what is added is all new", false},

		{faultRemovesEverywhere, "RemoveSuppressions/those go that stand in exactly these places", false},
		{faultRemovesExpired, "RemoveSuppressions/what is not there is passed over", false},
		{faultRemovalUntold, "RemoveSuppressions/one event is written for each entry that is gone", false},
		{faultRemovalUnaudited, "RemoveSuppressions/one audit entry is written for the call", false},

		{faultRevokesPhoneOnly, "RevokeConsent/it puts the phone and the e-mail address of the contact on the list", false},
		{faultFlagsNobody, "RevokeConsent/it marks as opted out the contact and all contacts that have a target that is named", false},
		{faultFlagsOne, "RevokeConsent/it marks as opted out the contact and all contacts that have a target that is named", false},
		{faultFlagsForOne, "RevokeConsent/for one campaign only it marks nobody, and holds in no other", false},
		{faultRestoresImported, "RestoreConsent/an entry that came from an import stays", false},
		{faultRestoreKeepsMark, "RestoreConsent/it takes back what RevokeConsent with the same parameters does", false},

		{faultFindsAnywhere, "FindSuppressions/entries hold in their campaign, or in all", false},
		{faultFindsExpired, "FindSuppressions/an entry whose ExpiresAt is not after Now is not on the list", false},
		{faultFindsNoFlag, "FindSuppressions/it says whether the contact has opted out", false},
		{faultFindsLatestFirst, "FindSuppressions/entries are ordered by their ids", false},
		{faultFindsAnywhere, "MatchSuppressions/entries hold in their campaign, or in all", false},
		{faultFindsExpired, "MatchSuppressions/an entry whose ExpiresAt is not after Now is not on the list", false},
		{faultMatchesKinds, "MatchSuppressions/the kinds are not mixed up", false},
		{faultMatchesOnce, "MatchSuppressions/a target that is asked about twice is answered twice", false},

		{faultListsCampaigns, "ListSuppressions/CampaignID is one campaign's own entries, the nil UUID those that hold in every campaign, and AllCampaigns both", false},
		{faultListsKinds, "ListSuppressions/Kind and Source restrict it, and are empty for all", false},
		{faultListsSources, "ListSuppressions/Kind and Source restrict it, and are empty for all", false},
		{faultListsExpired, "ListSuppressions/what has run out or was removed is left out, and takes no place in a page", false},
		{faultListPageRepeats, "ListSuppressions/a page holds at most Limit entries, After continues it, and More says that another follows", false},

		{faultFeedSkips, "SuppressionFeed/events are numbered from 1, without gaps, in the order in which they were committed", false},
		{faultFollowRepeats, "SuppressionFeed/a part holds the next events behind the position, at most Limit, and More says that others follow", false},
		{faultFollowEndsEarly, "SuppressionFeed/a part holds the next events behind the position, at most Limit, and More says that others follow", false},
		{faultRollbackKeeps, "SuppressionFeed/a host transaction that is rolled back leaves no event and no gap", false},
		{faultCommitForgets, "SuppressionFeed/a host transaction that is committed has its events in the feed", false},
		{faultFollowsAnyHistory, "SuppressionFeed/a position with another event's id is ErrConflict: it is of another history", false},
		{faultFollowsFromStart, "SuppressionFeed/a number beyond the end of the feed is ErrConflict", false},
		{faultScanSkipsExpired, "SuppressionFeed/entries that have run out are among what a scan returns, and those that were removed are not", false},
		{faultScanRepeats, "SuppressionFeed/a scan returns the targets of all entries in the order of their ids, and More says that others follow", false},

		{faultImportStays, "ImportSuppressions/it adds entries as AddSuppressions does, and keeps how far the import has come", false},
		{faultImportUncounted, "ImportSuppressions/Added, Extended and Unchanged count entries over all parts", false},
		{faultImportsStale, "ImportSuppressions/it is ErrConflict when the import is not where the caller believes it to be", false},
		{faultImportsComplete, "ImportSuppressions/Complete says that the file ends there: from then on it is ErrConflict", false},
		{faultImportsAnew, "ImportSuppressions/to begin an import that was begun returns it as it is", false},
		{faultImportsOldestFirst, "ImportSuppressions/ListImports returns all imports, the one that began last first", false},

		{faultPurgesPhonesOnly, "PurgeSuppressed/it fails items of both queues whose contact is on the list by one of the next events", false},
		{faultPurgeSparesPower, "PurgeSuppressed/it fails items of both queues whose contact is on the list by one of the next events", false},
		{faultPurgeStays, "PurgeSuppressed/a step looks at so many events at most", false},
		{faultPurgeSparesHeld, "PurgeSuppressed/it fails items whoever has them, and their next move is a conflict", false},
		{faultPurgeUnversioned, "PurgeSuppressed/it fails items whoever has them, and their next move is a conflict", false},
		{faultPurgeSparesDialing, "PurgeSuppressed/it fails items that are being dialed, and news of their calls move them no more", false},
		{faultPurgesAnyScope, "PurgeSuppressed/it spares items of other campaigns than the entry's", false},
		{faultPurgesRemoved, "PurgeSuppressed/it spares whom no entry holds for any more", false},
		{faultPurgesExpired, "PurgeSuppressed/it spares whom no entry holds for any more", false},
		{faultPurgesEnded, "PurgeSuppressed/it leaves items alone that have ended", false},
		{faultPurgesUnbounded, "PurgeSuppressed/a step fails so many items at most, and the cursor moves on once none is left", false},
		{faultPurgeMovesOn, "PurgeSuppressed/a step fails so many items at most, and the cursor moves on once none is left", false},
		{faultPurgesEarly, "PurgeSuppressed/events that were recorded too late are left for later, and what comes after them", false},
		{faultCursorShared, "PurgeSuppressed/each cursor has its own place", false},
		{faultSweepSparesOptedOut, "SweepSuppressed/it fails active items whose contact is on the list or has opted out, by whatever way that came about", false},
		{faultSweepsEverybody, "SweepSuppressed/it leaves alone whom nothing keeps from being called, and what has ended", false},
		{faultPurgesAnyScope, "SweepSuppressed/it leaves alone whom nothing keeps from being called, and what has ended", false},
		{faultPurgesExpired, "SweepSuppressed/it leaves alone whom nothing keeps from being called, and what has ended", false},
		{faultSweepEndsEarly, "SweepSuppressed/it goes on behind the last item that it looked at", false},

		{faultPullSuppressed, "SuppressionGuarantee/" + guaranteed, false},
		{faultQueueSuppressed, "SuppressionGuarantee/" + guaranteed, false},
		{faultStaleList, "SuppressionGuarantee/" + guaranteed, false},
	}
}

// guaranteed is what package suppression promises first of all.
const guaranteed = "no item is pulled, replaced in, enqueued or dialed whose phone or e-mail was suppressed by a transaction that committed before the claim began"
