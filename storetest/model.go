package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/suppression"
)

// model is the contract as a program: what a store must answer and keep, written
// for the reader and not for speed. It takes the parameters of the Store methods
// and returns their results, with one exception: it cannot know the ids that a
// store gives to new items, and learns them by adopt.
//
// Campaigns are known to the caller; the model does not ask whether they exist.
type model struct {
	contacts map[uuid.UUID]outdial.Contact
	// bySource finds the contact with a source key.
	bySource map[string]uuid.UUID
	// ledgers is what a campaign knows of each of its contacts.
	ledgers      map[uuid.UUID]map[uuid.UUID]ledger
	items        []*queue.Item
	suppressions map[suppressionKey]time.Time
	answers      map[answerKey]answer
	// audit counts entries by action.
	audit map[outdial.Action]int

	// dialed says whether a contact is active in the campaign's power queue, and
	// inCall whether a phone is in a call that is not settled.
	dialed func(campaignID, contactID uuid.UUID) bool
	inCall func(phone outdial.Phone) bool
}

// ledger is one contact in one campaign.
type ledger struct {
	priority      int
	attempts      int
	nextAttemptAt time.Time
	finished      bool
	// finishedByCall says that it was a call that finished it, so that late news of
	// the call may undo it.
	finishedByCall bool
}

// suppressionKey tells entries of the list apart; the value is when they expire,
// zero for never.
type suppressionKey struct {
	kind       suppression.Kind
	key        string
	campaignID uuid.UUID
}

type answerKey struct {
	actor uuid.UUID
	key   string
}

// answer is a result that was given under an idempotency key.
type answer struct {
	fingerprint string
	at          time.Time
	result      any
}

func newModel() *model {
	return &model{
		contacts: map[uuid.UUID]outdial.Contact{}, bySource: map[string]uuid.UUID{},
		ledgers:      map[uuid.UUID]map[uuid.UUID]ledger{},
		suppressions: map[suppressionKey]time.Time{}, answers: map[answerKey]answer{},
		audit:  map[outdial.Action]int{},
		dialed: func(uuid.UUID, uuid.UUID) bool { return false },
		inCall: func(outdial.Phone) bool { return false },
	}
}

// once does something under an idempotency key, or answers as it did before.
func once[Result any](m *model, key outdial.Idempotency, now time.Time, do func() Result) (Result, error) {
	if key == (outdial.Idempotency{}) {
		return do(), nil
	}
	name := answerKey{actor: key.ActorID, key: key.Key}
	if before, known := m.answers[name]; known {
		if before.fingerprint != key.Fingerprint {
			var nothing Result
			return nothing, outdial.ErrIdempotencyMismatch
		}
		return as[Result](before.result), nil
	}
	result := do()
	m.answers[name] = answer{fingerprint: key.Fingerprint, at: now, result: result}
	return result, nil
}

func (m *model) addContacts(p intake.AddContactsParams) intake.AddContactsResult {
	result := intake.AddContactsResult{}
	if m.ledgers[p.CampaignID] == nil {
		m.ledgers[p.CampaignID] = map[uuid.UUID]ledger{}
	}
	for _, who := range p.Contacts {
		id, known := m.bySource[who.SourceKey]
		if !known {
			id = who.Contact.ID
			m.bySource[who.SourceKey], m.contacts[id] = id, who.Contact
		}
		if contact := m.contacts[id]; who.Contact.OptedOut {
			contact.OptedOut = true
			m.contacts[id] = contact
		}
		if _, there := m.ledgers[p.CampaignID][id]; there {
			result.Unchanged++
			continue
		}
		result.Added++
		m.ledgers[p.CampaignID][id] = ledger{
			priority: who.Priority, attempts: who.Attempts,
			nextAttemptAt: who.NextAttemptAt, finished: !who.FinishedAt.IsZero(),
		}
	}
	return result
}

func (m *model) addSuppressions(p suppression.AddParams) suppression.AddResult {
	result := suppression.AddResult{}
	m.audit[outdial.ActionSuppressAdd]++
	for _, entry := range p.Entries {
		key := suppressionKey{kind: entry.Kind, key: entry.Key, campaignID: entry.CampaignID}
		until, known := m.suppressions[key]
		if !known || !lasts(until, p.Now) {
			result.Added++
			m.suppressions[key] = entry.ExpiresAt
			continue
		}
		if !until.IsZero() && (entry.ExpiresAt.IsZero() || entry.ExpiresAt.After(until)) {
			result.Extended++
			m.suppressions[key] = entry.ExpiresAt
		}
	}
	return result
}

// lasts says whether an entry that expires at that time, zero for never, still
// counts.
func lasts(until, now time.Time) bool { return until.IsZero() || until.After(now) }

func (m *model) suppressed(campaignID uuid.UUID, contact outdial.Contact, now time.Time) bool {
	for _, scope := range []uuid.UUID{uuid.Nil, campaignID} {
		for _, key := range []suppressionKey{
			{kind: suppression.KindPhone, key: contact.Phone.E164(), campaignID: scope},
			{kind: suppression.KindEmail, key: contact.Email.Key(), campaignID: scope},
		} {
			if until, known := m.suppressions[key]; known && lasts(until, now) {
				return true
			}
		}
	}
	return false
}

// uncallable says why a contact must not be called by this campaign now,
// whatever the campaign's own ledger says, or "".
func (m *model) uncallable(campaignID uuid.UUID, contact outdial.Contact, now time.Time) queue.SkipReason {
	switch {
	case contact.Invalid:
		return queue.SkipInvalid
	case contact.Phone == "" || contact.PhoneStatus == outdial.PhoneInvalid:
		return queue.SkipNoPhone
	case contact.OptedOut:
		return queue.SkipOptedOut
	case m.suppressed(campaignID, contact, now):
		return queue.SkipSuppressed
	}
	return ""
}

// uneligible says why a contact may not be queued now, or "".
func (m *model) uneligible(campaignID uuid.UUID, contact outdial.Contact, now time.Time, minusCooling bool) queue.SkipReason {
	entry := m.ledgers[campaignID][contact.ID]
	reason := m.uncallable(campaignID, contact, now)
	switch {
	case reason != "":
		return reason
	case entry.finished:
		return queue.SkipFinished
	case !minusCooling && entry.nextAttemptAt.After(now):
		return queue.SkipCoolingDown
	}
	return ""
}

// audience returns the campaign's contacts by priority descending, then id.
func (m *model) audience(campaignID uuid.UUID) []outdial.Contact {
	entries := m.ledgers[campaignID]
	contacts := []outdial.Contact{}
	for id := range entries {
		contacts = append(contacts, m.contacts[id])
	}
	slices.SortFunc(contacts, func(a, b outdial.Contact) int {
		if byPriority := entries[b.ID].priority - entries[a.ID].priority; byPriority != 0 {
			return byPriority
		}
		return compareIDs(a.ID, b.ID)
	})
	return contacts
}

// active returns the item that holds a contact, or nil.
func (m *model) active(campaignID, contactID uuid.UUID) *queue.Item {
	for _, item := range m.items {
		if item.CampaignID == campaignID && item.ContactID == contactID && item.State.Active() {
			return item
		}
	}
	return nil
}

// of returns the campaign's items in the order of their ids, each with its
// contact as it is now.
func (m *model) of(campaignID uuid.UUID) []queue.Item {
	items := []queue.Item{}
	for _, item := range m.items {
		if item.CampaignID == campaignID {
			items = append(items, m.whole(item))
		}
	}
	slices.SortFunc(items, func(a, b queue.Item) int { return compareIDs(a.ID, b.ID) })
	return items
}

func (m *model) whole(item *queue.Item) queue.Item {
	whole := *item
	whole.Contact = m.contacts[item.ContactID]
	return whole
}

// adopt learns the ids of new items from what a store has, and returns the new
// ones in the order in which the model made them.
func (m *model) adopt(stored []queue.Item) []uuid.UUID {
	known, byContact := map[uuid.UUID]bool{}, map[[2]uuid.UUID]uuid.UUID{}
	for _, item := range m.items {
		known[item.ID] = true
	}
	for _, item := range stored {
		if !known[item.ID] {
			byContact[[2]uuid.UUID{item.CampaignID, item.ContactID}] = item.ID
		}
	}
	adopted := []uuid.UUID{}
	for _, item := range m.items {
		if item.ID == uuid.Nil {
			item.ID = byContact[[2]uuid.UUID{item.CampaignID, item.ContactID}]
			adopted = append(adopted, item.ID)
		}
	}
	return adopted
}

// instants returns the times after now at which something changes by itself, in
// order: a lock ends, an item becomes due, a contact has cooled down, an entry of
// the list ends.
func (m *model) instants(now time.Time) []time.Time {
	instants := m.lockEnds(now)
	for _, item := range m.items {
		if item.State.Active() {
			instants = append(instants, item.ScheduledFor)
		}
	}
	for _, entries := range m.ledgers {
		for _, entry := range entries {
			instants = append(instants, entry.nextAttemptAt)
		}
	}
	for _, until := range m.suppressions {
		instants = append(instants, until)
	}
	return upcoming(instants, now)
}

// lockEnds returns the times after now at which a lock ends, in order.
func (m *model) lockEnds(now time.Time) []time.Time {
	ends := []time.Time{}
	for _, item := range m.items {
		if item.State == queue.StateLocked {
			ends = append(ends, item.LockExpiresAt)
		}
	}
	return upcoming(ends, now)
}

func upcoming(instants []time.Time, now time.Time) []time.Time {
	instants = slices.DeleteFunc(instants, func(at time.Time) bool { return !at.After(now) })
	slices.SortFunc(instants, time.Time.Compare)
	return slices.CompactFunc(instants, time.Time.Equal)
}
