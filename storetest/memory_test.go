package storetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store"
	"github.com/outdial/outdial/storetest"
	"github.com/outdial/outdial/suppression"
)

// memory is a store in maps under one mutex: slow, forgetful and right, unless
// it was told to make a mistake. It shares no code with the suite's reference
// model, so that each checks the other.
type memory struct {
	mu    *sync.Mutex
	data  *database
	fault fault

	bound, poisoned bool
	pulls           int
	oldList         []suppression.Listed
}

var _ store.Store = (*memory)(nil)

// database is what there is. Rows are replaced whole and never changed in place,
// so that a transaction can work on a shallow copy.
type database struct {
	campaigns  []outdial.Campaign
	contacts   map[uuid.UUID]outdial.Contact
	created    map[uuid.UUID]time.Time
	attributes map[string]filter.Type
	sources    map[string]uuid.UUID
	members    map[uuid.UUID]map[uuid.UUID]member
	items      map[uuid.UUID][]queue.Item
	writes     map[uuid.UUID]int
	listing    listing
	audit      []outdial.AuditEntry
	answers    map[[2]string]remembered
	power      power
	recorded   recorded
}

// member is a row of campaign_contacts.
type member struct {
	priority   int
	attempts   int
	next       time.Time
	finishedAt time.Time
	// finishReason says why; a call's outcome is that of its item.
	finishReason string
	// finishedByCall says that it was a call's outcome that ended it.
	finishedByCall bool
}

type remembered struct {
	fingerprint string
	at          time.Time
	result      any
}

func openMemory(fault fault) func(testing.TB) store.Store {
	return func(testing.TB) store.Store {
		return &memory{mu: &sync.Mutex{}, fault: fault, data: &database{
			contacts: map[uuid.UUID]outdial.Contact{}, created: map[uuid.UUID]time.Time{}, attributes: map[string]filter.Type{}, sources: map[string]uuid.UUID{},
			members: map[uuid.UUID]map[uuid.UUID]member{}, items: map[uuid.UUID][]queue.Item{},
			writes: map[uuid.UUID]int{}, answers: map[[2]string]remembered{}, power: newPower(),
			recorded: recorded{policies: map[uuid.UUID]dialer.RetryPolicy{}}, listing: listing{cursors: map[string]int64{}},
		}}
	}
}

// memoryFeatures declares everything that a store can.
func memoryFeatures() storetest.Features {
	return storetest.Features{
		Transaction: func(t testing.TB, st store.Store) (store.Store, func() error, func() error) {
			t.Helper()
			return asMemory(t, st).begin()
		},
		Audit: func(t testing.TB, st store.Store, actorID uuid.UUID) []outdial.AuditEntry {
			t.Helper()
			m := asMemory(t, st)
			defer m.lock()()
			return slices.DeleteFunc(slices.Clone(m.data.audit), func(entry outdial.AuditEntry) bool {
				return entry.ActorID != actorID
			})
		},
		QueueRowVersions: func(t testing.TB, st store.Store, campaignID uuid.UUID) map[uuid.UUID]string {
			t.Helper()
			m := asMemory(t, st)
			defer m.lock()()
			versions := map[uuid.UUID]string{}
			for _, item := range m.data.items[campaignID] {
				versions[item.ID] = strings.Repeat("I", m.data.writes[item.ID])
			}
			return versions
		},
		SuppressionEvents: func(t testing.TB, st store.Store, key string) int {
			t.Helper()
			m := asMemory(t, st)
			defer m.lock()()
			return len(slices.DeleteFunc(slices.Clone(m.data.listing.feed), func(event suppression.Event) bool { return event.Key != key }))
		},
		UpdateContact: func(t testing.TB, st store.Store, contact outdial.Contact) {
			t.Helper()
			m := asMemory(t, st)
			defer m.lock()()
			m.data.contacts[contact.ID] = contact
		},
	}
}

func asMemory(t testing.TB, st store.Store) *memory {
	t.Helper()
	m, ok := st.(*memory)
	require.True(t, ok, "it is a %T", st)
	return m
}

func (m *memory) lock() (unlock func()) {
	m.mu.Lock()
	return m.mu.Unlock
}

// breathe lets others in, where a store with this mistake is not atomic.
func (m *memory) breathe(mistake fault) {
	if m.fault == mistake {
		m.mu.Unlock()
		const turns = 10
		for range turns {
			runtime.Gosched()
		}
		m.mu.Lock()
	}
}

// spoil ends a bound store's usefulness after an error, where it has this
// mistake, as an engine does that lets a statement fail.
func (m *memory) spoil(err error) error {
	m.poisoned = m.poisoned || err != nil && m.bound && m.fault == faultPoisons
	if m.poisoned {
		return errPoisoned
	}
	return err
}

var (
	errPoisoned = errors.New("the transaction is aborted")
	errDeadlock = errors.New("deadlock detected")
)

// begin has the store to itself until the transaction ends: it has one writer.
func (m *memory) begin() (store.Store, func() error, func() error) {
	unlock := m.lock()
	if m.fault == faultRollbackKeeps {
		unlock()
		nothing := func() error { return nil }
		return m, nothing, nothing
	}
	bound := &memory{mu: &sync.Mutex{}, data: m.data.clone(), fault: m.fault, bound: true}
	commit := func() error {
		defer unlock()
		if m.fault != faultCommitForgets {
			m.data = bound.data
		}
		return nil
	}
	rollback := func() error {
		unlock()
		return nil
	}
	return bound, commit, rollback
}

func (d *database) clone() *database {
	copied := *d
	copied.campaigns, copied.listing = slices.Clone(d.campaigns), d.listing.clone()
	copied.audit = slices.Clone(d.audit)
	copied.contacts, copied.sources = maps.Clone(d.contacts), maps.Clone(d.sources)
	copied.created, copied.attributes = maps.Clone(d.created), maps.Clone(d.attributes)
	copied.writes, copied.answers = maps.Clone(d.writes), maps.Clone(d.answers)
	copied.power = d.power.clone()
	copied.recorded = d.recorded.clone()
	copied.members, copied.items = map[uuid.UUID]map[uuid.UUID]member{}, map[uuid.UUID][]queue.Item{}
	for id, members := range d.members {
		copied.members[id] = maps.Clone(members)
	}
	for id, items := range d.items {
		copied.items[id] = slices.Clone(items)
	}
	return &copied
}

func (m *memory) Migrate(context.Context) error {
	defer m.lock()()
	if m.fault == faultMigrateDrops {
		m.data.items = map[uuid.UUID][]queue.Item{}
	}
	return nil
}

func (m *memory) Ping(context.Context) error { return nil }

func (m *memory) Close() error { return nil }

// kept is a time as the store keeps it.
func (m *memory) kept(at time.Time) time.Time {
	switch {
	case at.IsZero():
		return time.Time{}
	case m.fault == faultMilliseconds:
		return at.Truncate(time.Millisecond).UTC()
	case m.fault == faultNanoseconds:
		return at.UTC()
	case m.fault == faultWallClock:
		return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(),
			at.Nanosecond()/1000*1000, time.UTC)
	}
	return at.Truncate(time.Microsecond).UTC()
}

// record writes an audit entry about a campaign.
func (m *memory) record(actor uuid.UUID, action outdial.Action, target uuid.UUID, now time.Time, meta map[string]any) {
	m.recordOf("campaign", target, actor, action, now, meta)
}

// recordOf writes one about something else.
func (m *memory) recordOf(kind string, target, actor uuid.UUID, action outdial.Action, now time.Time, meta map[string]any) {
	if m.fault == faultNoAudit {
		return
	}
	data, err := json.Marshal(meta)
	if err != nil {
		panic(err)
	}
	meta = map[string]any{}
	if err := json.Unmarshal(data, &meta); err != nil {
		panic(err)
	}
	m.data.audit = append(m.data.audit, outdial.AuditEntry{
		ID: newID(), ActorID: actor, Action: action, TargetType: kind, TargetID: target, Meta: meta, CreatedAt: m.kept(now),
	})
}

func newID() uuid.UUID {
	id, err := outdial.NewID()
	if err != nil {
		panic(err)
	}
	return id
}

func (m *memory) known(campaignID uuid.UUID) bool {
	return slices.ContainsFunc(m.data.campaigns, func(c outdial.Campaign) bool { return c.ID == campaignID })
}

func (m *memory) EnsureCampaign(_ context.Context, p intake.EnsureCampaignParams) (intake.EnsureCampaignResult, error) {
	defer m.lock()()
	for _, campaign := range m.data.campaigns {
		byName := campaign.Name == p.Name || m.fault == faultNamesFold && strings.EqualFold(campaign.Name, p.Name)
		if campaign.ID == p.ID || p.ID == uuid.Nil && byName {
			if m.fault == faultEnsureRenames && p.Name != "" {
				campaign.Name = p.Name
			}
			return intake.EnsureCampaignResult{Campaign: campaign}, nil
		}
	}
	if p.Name == "" && m.fault != faultEnsureNameless {
		return intake.EnsureCampaignResult{}, outdial.NotFound("campaign")
	}
	m.breathe(faultEnsureNotAtomic)
	campaign := outdial.Campaign{ID: p.ID, Name: p.Name, CreatedAt: m.kept(p.Now)}
	if campaign.ID == uuid.Nil {
		campaign.ID = newID()
	}
	m.data.campaigns = append(m.data.campaigns, campaign)
	return intake.EnsureCampaignResult{Campaign: campaign, Created: true}, nil
}

func (m *memory) AddContacts(_ context.Context, p intake.AddContactsParams) (intake.AddContactsResult, error) {
	defer m.lock()()
	result := intake.AddContactsResult{}
	members := m.data.members[p.CampaignID]
	if members == nil {
		members = map[uuid.UUID]member{}
		m.data.members[p.CampaignID] = members
	}
	for _, who := range p.Contacts {
		source := who.SourceKey
		if m.fault == faultSourcesFold {
			source = strings.TrimSpace(strings.ToLower(source))
		}
		id, ok := m.data.sources[source]
		if m.fault == faultAddNotAtomic {
			m.breathe(faultAddNotAtomic)
		}
		if !ok || m.fault == faultAddOverwrites {
			if !ok {
				id = who.Contact.ID
			}
			who.Contact.ID = id
			m.data.sources[source], m.data.contacts[id] = id, who.Contact
			m.data.created[id] = m.kept(p.Now)
		}
		if contact := m.data.contacts[id]; ok && who.Contact.OptedOut && m.fault != faultAddForgetsOptOut {
			contact.OptedOut = true
			m.data.contacts[id] = contact
		}
		if _, there := members[id]; there {
			result.Unchanged++
			continue
		}
		if ok && m.fault == faultAddSkipsKnown {
			result.Unchanged++
			continue
		}
		members[id] = member{
			priority: who.Priority, attempts: who.Attempts, next: m.kept(who.NextAttemptAt), finishedAt: m.kept(who.FinishedAt), finishReason: who.FinishReason,
		}
		result.Added++
	}
	return result, nil
}

func (m *memory) RecordImport(_ context.Context, p intake.RecordImportParams) error {
	defer m.lock()()
	m.record(p.ActorID, outdial.ActionContactImport, p.CampaignID, p.Now, map[string]any{
		"imported": p.Result.Imported, "unchanged": p.Result.Unchanged, "rejected": p.Result.Rejected,
	})
	return nil
}
