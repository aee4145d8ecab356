package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store"
	"github.com/outdial/outdial/suppression"
)

// lockFor is how long the suite's locks last.
const lockFor = 15 * time.Minute

// startOfDay is when most behaviours begin. Its microseconds are there to be
// lost by a store that keeps less.
var startOfDay = time.Date(2026, time.March, 2, 15, 4, 5, 123456000, time.UTC)

// campaign is one behaviour's test, with its own corner of a store and a clock.
// Its methods fill in what parameters leave out, fail the test on an error, and
// must be called from the test's goroutine.
type campaign struct {
	*testing.T

	suite *suite
	store store.Store
	id    uuid.UUID
	name  string
	actor uuid.UUID
	now   time.Time
}

func newCampaign(t *testing.T, s *suite, st store.Store) *campaign {
	t.Helper()
	c := &campaign{
		T: t, suite: s, store: st,
		id: uuid.New(), name: "campaign " + uuid.NewString(), actor: uuid.New(), now: startOfDay,
	}
	_, err := st.EnsureCampaign(t.Context(), intake.EnsureCampaignParams{ID: c.id, Name: c.name, Now: c.now})
	require.NoError(t, err)
	return c
}

// another returns a second campaign in the same store.
func (c *campaign) another() *campaign {
	c.Helper()
	other := newCampaign(c.T, c.suite, c.store)
	other.now = c.now
	return other
}

// on returns the same campaign seen through another store, such as one bound to
// a transaction.
func (c *campaign) on(st store.Store) *campaign {
	bound := *c
	bound.store = st
	return &bound
}

// wait moves the campaign's clock.
func (c *campaign) wait(d time.Duration) { c.now = c.now.Add(d) }

// agents returns n new agents in the order of their ids.
func agents(n int) []uuid.UUID { return sortedIDs(n) }

// sortedIDs returns n random ids in byte order.
func sortedIDs(n int) []uuid.UUID {
	ids := make([]uuid.UUID, n)
	for i := range ids {
		ids[i] = uuid.New()
	}
	slices.SortFunc(ids, compareIDs)
	return ids
}

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

// lastNumber makes every contact's phone its own, since suppression is global.
var lastNumber atomic.Int64

func nextPhone() outdial.Phone {
	const firstExchange = 200_0000
	return outdial.Phone(fmt.Sprintf("+1504%07d", firstExchange+lastNumber.Add(1)))
}

// person returns a contact who may be called, edited as asked.
func person(edits ...func(*intake.NewContact)) intake.NewContact {
	id := uuid.New()
	phone := nextPhone()
	who := intake.NewContact{
		SourceKey: "key " + id.String(),
		Contact: outdial.Contact{
			ID: id, FirstName: "Ann", LastName: "Smith", Company: "Acme",
			Phone: phone, PhoneStatus: outdial.PhoneValid,
			Email:   outdial.Email("Ann" + phone.E164() + "@Example.com"),
			Country: "US", Region: "LA", PostalCode: "70112", Timezone: "America/Chicago",
		},
	}
	for _, edit := range edits {
		edit(&who)
	}
	return who
}

func withID(id uuid.UUID) func(*intake.NewContact) {
	return func(who *intake.NewContact) { who.Contact.ID = id }
}

func withPriority(priority int) func(*intake.NewContact) {
	return func(who *intake.NewContact) { who.Priority = priority }
}

func inAccount(account uuid.UUID) func(*intake.NewContact) {
	return func(who *intake.NewContact) { who.Contact.AccountID = account }
}

func named(firstName string) func(*intake.NewContact) {
	return func(who *intake.NewContact) { who.Contact.FirstName = firstName }
}

func invalid(who *intake.NewContact) { who.Contact.Invalid = true }

func optedOut(who *intake.NewContact) { who.Contact.OptedOut = true }

func withoutPhone(who *intake.NewContact) {
	who.Contact.Phone, who.Contact.PhoneStatus = "", outdial.PhoneUnknown
}

func withWrongPhone(who *intake.NewContact) {
	who.Contact.Phone, who.Contact.PhoneStatus = "call me", outdial.PhoneInvalid
}

func finished(at time.Time) func(*intake.NewContact) {
	return func(who *intake.NewContact) { who.FinishedAt, who.FinishReason = at, "not_interested_this_campaign" }
}

func coolingUntil(at time.Time) func(*intake.NewContact) {
	return func(who *intake.NewContact) { who.NextAttemptAt, who.Attempts = at, 1 }
}

// add puts people into the campaign and returns them as contacts.
func (c *campaign) add(people ...intake.NewContact) []outdial.Contact {
	c.Helper()
	const batch = 1000
	for some := range slices.Chunk(people, batch) {
		result, err := c.store.AddContacts(c.Context(), intake.AddContactsParams{
			CampaignID: c.id, Contacts: some, Now: c.now,
		})
		require.NoError(c, err)
		require.Equal(c, intake.AddContactsResult{Added: len(some)}, result)
	}
	contacts := make([]outdial.Contact, len(people))
	for i, who := range people {
		contacts[i] = who.Contact
	}
	return contacts
}

// addCallable adds n people who differ in nothing but who they are, and returns
// them in the order of their ids.
func (c *campaign) addCallable(n int, edits ...func(*intake.NewContact)) []outdial.Contact {
	c.Helper()
	people := make([]intake.NewContact, n)
	for i, id := range sortedIDs(n) {
		people[i] = person(append([]func(*intake.NewContact){withID(id)}, edits...)...)
	}
	return c.add(people...)
}

func (c *campaign) suppress(entries ...suppression.Entry) {
	c.Helper()
	_, err := c.store.AddSuppressions(c.Context(), suppression.AddParams{
		Entries: entries, ActorID: c.actor, Now: c.now,
	})
	require.NoError(c, err)
}

// suppressedBy returns a phone entry as edited.
func suppressedBy(contact outdial.Contact, edits ...func(*suppression.Entry)) suppression.Entry {
	entry := suppression.NewPhone(contact.Phone)
	for _, edit := range edits {
		edit(&entry)
	}
	return entry
}

func onlyIn(campaignID uuid.UUID) func(*suppression.Entry) {
	return func(entry *suppression.Entry) { entry.CampaignID = campaignID }
}

func until(at time.Time) func(*suppression.Entry) {
	return func(entry *suppression.Entry) { entry.ExpiresAt = at }
}

// updateContact changes a contact behind the store's back, as a host does. It
// skips the test when the store declares no way.
func (c *campaign) updateContact(contact outdial.Contact) {
	c.Helper()
	if c.suite.features.UpdateContact == nil {
		c.suite.skip(c, "UpdateContact")
	}
	c.suite.features.UpdateContact(c, c.store, contact)
}

// audit returns what the campaign's actor did, oldest first. It skips the test
// when the store declares no way to read the log.
func (c *campaign) audit() []outdial.AuditEntry {
	c.Helper()
	if c.suite.features.Audit == nil {
		c.suite.skip(c, "Audit")
	}
	entries := c.suite.features.Audit(c, c.store, c.actor)
	slices.SortStableFunc(entries, func(a, b outdial.AuditEntry) int {
		if byTime := a.CreatedAt.Compare(b.CreatedAt); byTime != 0 {
			return byTime
		}
		return compareIDs(a.ID, b.ID)
	})
	return entries
}

// auditCount is how many entries of one action the campaign's actor has, or -1
// when the store declares no way to read the log: two calls compare equal then.
func (c *campaign) auditCount(action outdial.Action) int {
	c.Helper()
	if c.suite.features.Audit == nil {
		return -1
	}
	return countAudit(c.audit(), action)
}

func countAudit(entries []outdial.AuditEntry, action outdial.Action) int {
	count := 0
	for _, entry := range entries {
		if entry.Action == action {
			count++
		}
	}
	return count
}

// moveParams asks for a move of an item as the caller last saw it.
func (c *campaign) moveParams(item queue.Item, move queue.Move) queue.MoveParams {
	return queue.MoveParams{
		CampaignID: c.id, ItemID: item.ID, AgentID: item.AgentID, LockVersion: item.LockVersion,
		Move: move, LockFor: lockFor, Now: c.now,
	}
}
