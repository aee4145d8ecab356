package storetest_test

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/suppression"
)

// listing is the list, its feed, and who follows it.
type listing struct {
	entries []suppression.Listed
	feed    []suppression.Event
	cursors map[string]int64
	imports []suppression.Import
}

func (l listing) clone() listing {
	return listing{
		entries: slices.Clone(l.entries), feed: slices.Clone(l.feed), cursors: maps.Clone(l.cursors), imports: slices.Clone(l.imports),
	}
}

// change is what a call does to the list.
type change struct {
	actor uuid.UUID
	now   time.Time
}

func (m *memory) tell(c change, action suppression.EventAction, entry suppression.Entry) {
	number := int64(len(m.data.listing.feed) + 1)
	if m.fault == faultFeedSkips {
		number = int64(2*len(m.data.listing.feed) + 1)
	}
	m.data.listing.feed = append(m.data.listing.feed, suppression.Event{
		Position: suppression.Position{Number: number, EventID: newID()}, Target: entry.Target(), CampaignID: entry.CampaignID,
		Action: action, Source: entry.Source, CreatedAt: m.kept(c.now), ReceivedAt: m.kept(entry.ReceivedAt),
	})
}

// addSuppression puts one entry on the list and tells of it.
func (m *memory) addSuppression(c change, entry suppression.Entry) (result suppression.AddResult) {
	entry.ExpiresAt, entry.ReceivedAt = m.kept(entry.ExpiresAt), m.kept(entry.ReceivedAt)
	for i, old := range m.data.listing.entries {
		if old.Target() != entry.Target() || old.CampaignID != entry.CampaignID && m.fault != faultOneScope {
			continue
		}
		expired := !old.ExpiresAt.IsZero() && !old.ExpiresAt.After(c.now)
		longer := !old.ExpiresAt.IsZero() && (entry.ExpiresAt.IsZero() || entry.ExpiresAt.After(old.ExpiresAt))
		switch {
		case m.fault == faultExpiredStays && expired, m.fault == faultNeverLonger && !expired:
		case expired:
			anew := suppression.Listed{Entry: entry, ID: old.ID, CreatedBy: c.actor, CreatedAt: m.kept(c.now)}
			if m.fault == faultAnewStaysOld {
				anew.Reason, anew.CreatedAt = old.Reason, old.CreatedAt
			}
			m.data.listing.entries[i] = anew
			m.tell(c, suppression.EventAdd, entry)
			result.Added++
		case longer || m.fault == faultShortens:
			m.data.listing.entries[i].ExpiresAt = entry.ExpiresAt
			if m.fault == faultExtensionRewrites {
				m.data.listing.entries[i].Entry = entry
			}
			if m.fault != faultExtensionUntold {
				m.tell(c, suppression.EventExtend, entry)
			}
			result.Extended++
		case m.fault == faultEventForOld:
			m.tell(c, suppression.EventAdd, entry)
		}
		return result
	}
	m.breathe(faultSuppressNotAtomic)
	m.data.listing.entries = append(m.data.listing.entries, suppression.Listed{Entry: entry, ID: newID(), CreatedBy: c.actor, CreatedAt: m.kept(c.now)})
	m.tell(c, suppression.EventAdd, entry)
	return suppression.AddResult{Added: 1}
}

// addSuppressions adds all or none.
func (m *memory) addSuppressions(c change, entries []suppression.Entry) (suppression.AddResult, error) {
	var result suppression.AddResult
	for _, entry := range entries {
		if entry.CampaignID != uuid.Nil && !m.known(entry.CampaignID) && m.fault != faultListsForNobody {
			return suppression.AddResult{}, outdial.NotFound("campaign")
		}
	}
	for _, entry := range entries {
		one := m.addSuppression(c, entry)
		result.Added += one.Added
		result.Extended += one.Extended
	}
	return result, nil
}

func (m *memory) AddSuppressions(_ context.Context, p suppression.AddParams) (suppression.AddResult, error) {
	defer m.lock()()
	result, err := m.addSuppressions(change{p.ActorID, p.Now}, p.Entries)
	if err != nil {
		return result, m.spoil(err)
	}
	m.recordOf("suppressions", uuid.Nil, p.ActorID, outdial.ActionSuppressAdd, p.Now, map[string]any{"added": result.Added, "extended": result.Extended})
	return result, nil
}

// removeSuppressions takes entries off the list that stand in these places.
func (m *memory) removeSuppressions(c change, places []suppression.Place, imported bool) int {
	removed := 0
	m.data.listing.entries = slices.DeleteFunc(slices.Clone(m.data.listing.entries), func(entry suppression.Listed) bool {
		here := slices.ContainsFunc(places, func(place suppression.Place) bool {
			return place == entry.Place() || m.fault == faultRemovesEverywhere && place.Target == entry.Target()
		})
		live := entry.ExpiresAt.IsZero() || entry.ExpiresAt.After(c.now) || m.fault == faultRemovesExpired
		if !here || !live || !imported && entry.Source == suppression.SourceImport {
			return false
		}
		removed++
		if m.fault != faultRemovalUntold {
			m.tell(c, suppression.EventRemove, entry.Entry)
		}
		return true
	})
	return removed
}

func (m *memory) RemoveSuppressions(_ context.Context, p suppression.RemoveParams) (suppression.RemoveResult, error) {
	defer m.lock()()
	removed := m.removeSuppressions(change{p.ActorID, p.Now}, p.Places, true)
	if m.fault == faultRemovalUnaudited {
		return suppression.RemoveResult{Removed: removed}, nil
	}
	m.recordOf("suppressions", uuid.Nil, p.ActorID, outdial.ActionSuppressRemove, p.Now, map[string]any{"removed": removed})
	return suppression.RemoveResult{Removed: removed}, nil
}

func (m *memory) RevokeConsent(_ context.Context, p suppression.ConsentParams) (suppression.ConsentResult, error) {
	return m.setConsent(p, true)
}

func (m *memory) RestoreConsent(_ context.Context, p suppression.ConsentParams) (suppression.ConsentResult, error) {
	return m.setConsent(p, false)
}

func (m *memory) setConsent(p suppression.ConsentParams, revoked bool) (suppression.ConsentResult, error) {
	defer m.lock()()
	var result suppression.ConsentResult
	entries := slices.Clone(p.Entries)
	if p.ContactID != uuid.Nil {
		contact, ok := m.data.contacts[p.ContactID]
		if !ok {
			return result, m.spoil(outdial.NotFound("contact"))
		}
		for _, target := range targetsOf(contact) {
			if target.Kind == suppression.KindEmail && m.fault == faultRevokesPhoneOnly {
				continue
			}
			entry := suppression.Entry{
				Kind: target.Kind, Value: target.Key, Key: target.Key, CampaignID: p.CampaignID,
				Source: p.Source, Reason: p.Reason, ReceivedAt: p.ReceivedAt,
			}
			if target.Kind == suppression.KindEmail {
				entry.Value = contact.Email.Address()
			}
			entries = append(entries, entry)
		}
	}
	c := change{p.ActorID, p.Now}
	action := outdial.ActionConsentRestore
	if revoked {
		action = outdial.ActionConsentRevoke
		added, err := m.addSuppressions(c, entries)
		if err != nil {
			return result, m.spoil(err)
		}
		result.Added = added.Added
	} else {
		places := make([]suppression.Place, len(entries))
		for i, entry := range entries {
			places[i] = entry.Place()
		}
		result.Removed = m.removeSuppressions(c, places, m.fault == faultRestoresImported)
	}
	if p.CampaignID == uuid.Nil || m.fault == faultFlagsForOne {
		result.Contacts = m.flag(p, revoked)
	}
	m.recordOf("contact", p.ContactID, p.ActorID, action, p.Now, map[string]any{
		"contacts": result.Contacts, "added": result.Added, "removed": result.Removed,
	})
	return result, nil
}

// flag marks the contacts whom a revocation is about, or takes the mark off.
func (m *memory) flag(p suppression.ConsentParams, optedOut bool) int {
	flagged := 0
	for id, contact := range m.data.contacts {
		named := slices.ContainsFunc(p.Entries, func(entry suppression.Entry) bool {
			return slices.Contains(targetsOf(contact), entry.Target())
		})
		if !optedOut && m.fault == faultRestoreKeepsMark || contact.OptedOut == optedOut || id != p.ContactID && (!named || m.fault == faultFlagsOne) || m.fault == faultFlagsNobody {
			continue
		}
		contact.OptedOut = optedOut
		m.data.contacts[id] = contact
		flagged++
	}
	return flagged
}

func targetsOf(contact outdial.Contact) []suppression.Target {
	var targets []suppression.Target
	if contact.Phone.IsE164() {
		targets = append(targets, suppression.PhoneTarget(contact.Phone))
	}
	if contact.Email != "" {
		targets = append(targets, suppression.EmailTarget(contact.Email))
	}
	return targets
}

// holds says whether an entry counts in a campaign.
func (m *memory) holds(entry suppression.Listed, campaignID uuid.UUID, now time.Time) bool {
	live := entry.ExpiresAt.IsZero() || entry.ExpiresAt.After(now) || m.fault == faultFindsExpired
	return live && (entry.CampaignID == uuid.Nil || entry.CampaignID == campaignID || m.fault == faultFindsAnywhere)
}

func (m *memory) FindSuppressions(_ context.Context, p suppression.FindParams) (suppression.FindResult, error) {
	defer m.lock()()
	targets := slices.Clone(p.Targets)
	var result suppression.FindResult
	if p.ContactID != uuid.Nil {
		contact, ok := m.data.contacts[p.ContactID]
		if !ok {
			return result, m.spoil(outdial.NotFound("contact"))
		}
		targets = append(targets, targetsOf(contact)...)
		result.OptedOut = contact.OptedOut && m.fault != faultFindsNoFlag
	}
	listed := m.sorted()
	if m.fault == faultFindsLatestFirst {
		slices.Reverse(listed)
	}
	for _, entry := range listed {
		if slices.Contains(targets, entry.Target()) && m.holds(entry, p.CampaignID, p.Now) {
			result.Entries = append(result.Entries, entry)
		}
	}
	return result, nil
}

// sorted are the entries in the order of their ids.
func (m *memory) sorted() []suppression.Listed {
	return slices.SortedFunc(slices.Values(m.data.listing.entries), func(a, b suppression.Listed) int { return bytes.Compare(a.ID[:], b.ID[:]) })
}

func (m *memory) MatchSuppressions(_ context.Context, p suppression.MatchParams) (suppression.MatchResult, error) {
	defer m.lock()()
	on := map[suppression.Target]bool{}
	for _, entry := range m.data.listing.entries {
		if m.holds(entry, p.CampaignID, p.Now) {
			on[entry.Target()] = true
		}
	}
	var result suppression.MatchResult
	for i, target := range p.Targets {
		other := suppression.Target{Kind: suppression.KindEmail, Key: target.Key}
		if on[target] || m.fault == faultMatchesKinds && on[other] {
			result.Indexes = append(result.Indexes, i)
			delete(on, map[bool]suppression.Target{true: target}[m.fault == faultMatchesOnce])
		}
	}
	return result, nil
}

func (m *memory) ListSuppressions(_ context.Context, p suppression.ListParams) (suppression.ListResult, error) {
	defer m.lock()()
	var result suppression.ListResult
	for _, entry := range m.sorted() {
		campaign := p.AllCampaigns || entry.CampaignID == p.CampaignID || m.fault == faultListsCampaigns
		kind := p.Kind == "" || entry.Kind == p.Kind || m.fault == faultListsKinds
		source := p.Source == "" || entry.Source == p.Source || m.fault == faultListsSources
		live := entry.ExpiresAt.IsZero() || entry.ExpiresAt.After(p.Now) || m.fault == faultListsExpired
		passed := bytes.Compare(entry.ID[:], p.After[:]) <= 0 && (entry.ID != p.After || m.fault != faultListPageRepeats)
		if !campaign || !kind || !source || !live || passed {
			continue
		}
		if result.More = len(result.Entries) == p.Limit; result.More {
			break
		}
		result.Entries = append(result.Entries, entry)
	}
	return result, nil
}

func (m *memory) BeginImport(_ context.Context, p suppression.BeginImportParams) (suppression.Import, error) {
	defer m.lock()()
	if p.CampaignID != uuid.Nil && !m.known(p.CampaignID) && m.fault != faultListsForNobody {
		return suppression.Import{}, m.spoil(outdial.NotFound("campaign"))
	}
	for _, begun := range m.data.listing.imports {
		if begun.List == p.List && begun.Version == p.Version && begun.CampaignID == p.CampaignID && m.fault != faultImportsAnew {
			return begun, nil
		}
	}
	begun := suppression.Import{
		ID: newID(), List: p.List, Version: p.Version, CampaignID: p.CampaignID, PublishedAt: m.kept(p.PublishedAt),
		StartedBy: p.ActorID, StartedAt: m.kept(p.Now), UpdatedAt: m.kept(p.Now),
	}
	m.data.listing.imports = append(m.data.listing.imports, begun)
	return begun, nil
}

func (m *memory) ImportSuppressions(_ context.Context, p suppression.ImportParams) (suppression.Import, error) {
	defer m.lock()()
	at := slices.IndexFunc(m.data.listing.imports, func(i suppression.Import) bool { return i.ID == p.ImportID })
	if at < 0 {
		return suppression.Import{}, m.spoil(outdial.NotFound("import"))
	}
	row := m.data.listing.imports[at]
	stale := row.Bytes != p.From.Bytes && m.fault != faultImportsStale
	if stale || !row.CompletedAt.IsZero() && m.fault != faultImportsComplete {
		return suppression.Import{}, m.spoil(outdial.Conflict("the import has moved on"))
	}
	result, err := m.addSuppressions(change{p.ActorID, p.Now}, p.Entries)
	if err != nil {
		return suppression.Import{}, m.spoil(err)
	}
	row.Checkpoint = p.To
	if m.fault == faultImportStays {
		row.Checkpoint = p.From
	}
	row.Added += int64(result.Added)
	row.Extended += int64(result.Extended)
	if m.fault != faultImportUncounted {
		row.Unchanged += int64(len(p.Entries) - result.Added - result.Extended)
	}
	row.UpdatedAt = m.kept(p.Now)
	if p.Complete {
		row.CompletedAt = row.UpdatedAt
	}
	m.data.listing.imports[at] = row
	m.recordOf("suppressions", uuid.Nil, p.ActorID, outdial.ActionSuppressImport, p.Now, map[string]any{"added": result.Added})
	return row, nil
}

func (m *memory) ListImports(context.Context) ([]suppression.Import, error) {
	defer m.lock()()
	imports := slices.Clone(m.data.listing.imports)
	slices.SortFunc(imports, func(a, b suppression.Import) int {
		if later := b.StartedAt.Compare(a.StartedAt); later != 0 {
			return later
		}
		return bytes.Compare(b.ID[:], a.ID[:])
	})
	if m.fault == faultImportsOldestFirst {
		slices.Reverse(imports)
	}
	return imports, nil
}

func (m *memory) SuppressionHead(context.Context) (suppression.Position, error) {
	defer m.lock()()
	if len(m.data.listing.feed) == 0 {
		return suppression.Position{}, nil
	}
	return m.data.listing.feed[len(m.data.listing.feed)-1].Position, nil
}

func (m *memory) FollowSuppressions(_ context.Context, p suppression.FollowParams) (suppression.FollowResult, error) {
	defer m.lock()()
	from := 0
	if p.After.Number > 0 {
		from = 1 + slices.IndexFunc(m.data.listing.feed, func(event suppression.Event) bool {
			return event.Position == p.After || event.Position.Number == p.After.Number && m.fault == faultFollowsAnyHistory
		})
		if from == 0 && m.fault != faultFollowsFromStart {
			return suppression.FollowResult{}, m.spoil(outdial.Conflict("the feed has another history"))
		}
	}
	if m.fault == faultFollowRepeats && from > 0 {
		from--
	}
	rest := m.data.listing.feed[from:]
	more := len(rest) > p.Limit && m.fault != faultFollowEndsEarly
	return suppression.FollowResult{Events: slices.Clone(rest[:min(len(rest), p.Limit)]), More: more}, nil
}

func (m *memory) ScanSuppressions(_ context.Context, p suppression.ScanParams) (suppression.ScanResult, error) {
	defer m.lock()()
	result := suppression.ScanResult{Last: p.After}
	for _, entry := range m.sorted() {
		passed := bytes.Compare(entry.ID[:], p.After[:]) <= 0 && (entry.ID != p.After || m.fault != faultScanRepeats)
		if passed || m.fault == faultScanSkipsExpired && !entry.ExpiresAt.IsZero() {
			continue
		}
		if result.More = len(result.Targets) == p.Limit; result.More {
			break
		}
		result.Targets, result.Last = append(result.Targets, entry.Target()), entry.ID
	}
	return result, nil
}

func (m *memory) PurgeSuppressed(_ context.Context, p suppression.PurgeParams) (suppression.PurgeResult, error) {
	defer m.lock()()
	var result suppression.PurgeResult
	pending := m.data.listing.feed[m.data.listing.cursors[p.Cursor]:]
	var events []suppression.Event
	for _, event := range pending {
		if !p.Before.IsZero() && !event.CreatedAt.Before(p.Before) && m.fault != faultPurgesEarly {
			break
		}
		if result.More = len(events) == p.Events; result.More {
			break
		}
		events = append(events, event)
	}
	if len(events) == 0 {
		return suppression.PurgeResult{}, nil
	}
	var targets []suppression.Target
	for _, event := range events {
		if event.Action != suppression.EventRemove {
			targets = append(targets, event.Target)
		}
	}
	struck := func(campaignID, contactID uuid.UUID) bool {
		contact := m.data.contacts[contactID]
		about := slices.ContainsFunc(targetsOf(contact), func(target suppression.Target) bool {
			return slices.Contains(targets, target) && (target.Kind == suppression.KindPhone || m.fault != faultPurgesPhonesOnly)
		})
		return about && (m.listed(campaignID, contact, p.Now) || m.fault == faultPurgesRemoved)
	}
	left := p.Items
	if m.fault == faultPurgesUnbounded {
		left = 1 << 30
	}
	var more bool
	result.AgentItems, more = m.failItems(struck, left, p.Now)
	calls, moreCalls := m.failCallItems(struck, left-result.AgentItems, p.Now)
	result.PowerItems = calls
	if (more || moreCalls) && m.fault != faultPurgeMovesOn {
		return suppression.PurgeResult{AgentItems: result.AgentItems, PowerItems: result.PowerItems, More: true}, nil
	}
	result.Events, result.Since = len(events), events[0].CreatedAt
	if m.fault != faultPurgeStays {
		m.data.listing.cursors[p.Cursor] += int64(len(events))
	}
	if m.fault == faultCursorShared {
		for name := range m.data.listing.cursors {
			m.data.listing.cursors[name] = m.data.listing.cursors[p.Cursor]
		}
	}
	return result, nil
}

// listed says whether the contact is on the list, whatever the claims believe.
func (m *memory) listed(campaignID uuid.UUID, contact outdial.Contact, now time.Time) bool {
	return slices.ContainsFunc(m.data.listing.entries, func(entry suppression.Listed) bool {
		live := entry.ExpiresAt.IsZero() || entry.ExpiresAt.After(now) || m.fault == faultPurgesExpired
		scope := entry.CampaignID == uuid.Nil || entry.CampaignID == campaignID || m.fault == faultPurgesAnyScope
		return live && scope && slices.Contains(targetsOf(contact), entry.Target())
	})
}

// failItems fails items of the agent queue, and says whether it left any.
func (m *memory) failItems(struck func(campaignID, contactID uuid.UUID) bool, limit int, _ time.Time) (failed int, more bool) {
	for campaignID, items := range m.data.items {
		for _, item := range slices.Clone(items) {
			if !item.State.Active() && m.fault != faultPurgesEnded || !struck(campaignID, item.ContactID) ||
				m.fault == faultPurgeSparesHeld && item.State != queue.StateQueued {
				continue
			}
			if failed == limit {
				return failed, true
			}
			m.failItem(item)
			failed++
		}
	}
	return failed, false
}

func (m *memory) failItem(item queue.Item) {
	item.State, item.FailReason, item.LockExpiresAt = queue.StateFailed, "suppressed", time.Time{}
	if m.fault != faultPurgeUnversioned {
		item.LockVersion++
	}
	m.write(item)
}

// failCallItems does so in the power queue.
func (m *memory) failCallItems(struck func(campaignID, contactID uuid.UUID) bool, limit int, now time.Time) (failed int, more bool) {
	for campaignID, items := range m.data.power.items {
		for _, item := range maps.Clone(items) {
			if !item.State.Active() || !struck(campaignID, item.ContactID) || m.fault == faultPurgeSparesPower ||
				m.fault == faultPurgeSparesDialing && item.State != dialer.StateQueued {
				continue
			}
			if failed == limit {
				return failed, true
			}
			item = m.moveItemTo(item, dialer.StateFailed)
			item.FailReason = "suppressed"
			m.writeItem(item, now)
			failed++
		}
	}
	return failed, false
}

func (m *memory) SweepSuppressed(_ context.Context, p suppression.SweepParams) (suppression.SweepResult, error) {
	defer m.lock()()
	type place struct{ id, campaignID, contactID uuid.UUID }
	var places []place
	if p.Queue == suppression.QueueAgent {
		for campaignID, items := range m.data.items {
			for _, item := range items {
				if item.State.Active() {
					places = append(places, place{item.ID, campaignID, item.ContactID})
				}
			}
		}
	} else {
		for campaignID, items := range m.data.power.items {
			for _, item := range items {
				if item.State.Active() {
					places = append(places, place{item.ID, campaignID, item.ContactID})
				}
			}
		}
	}
	slices.SortFunc(places, func(a, b place) int { return bytes.Compare(a.id[:], b.id[:]) })
	result := suppression.SweepResult{Last: p.After}
	looked := 0
	for _, at := range places {
		if bytes.Compare(at.id[:], p.After[:]) <= 0 {
			continue
		}
		contact := m.data.contacts[at.contactID]
		struck := m.listed(at.campaignID, contact, p.Now) || contact.OptedOut && m.fault != faultSweepSparesOptedOut
		if m.fault == faultSweepsEverybody {
			struck = true
		}
		only := func(campaignID, contactID uuid.UUID) bool {
			return campaignID == at.campaignID && contactID == at.contactID
		}
		if struck {
			fail := m.failItems
			if p.Queue == suppression.QueuePower {
				fail = m.failCallItems
			}
			failed, _ := fail(only, 1, p.Now)
			result.Failed += failed
		}
		result.Last = at.id
		if looked++; looked == p.Limit {
			result.More = m.fault != faultSweepEndsEarly
			break
		}
	}
	return result, nil
}
