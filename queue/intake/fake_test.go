package intake_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
)

// memory is a Store in memory that keeps the contract of the interface. It refuses
// contacts with attributes that it does not know with a type that holds them, so
// that every test of an import proves that there are none.
type memory struct {
	mu        sync.Mutex
	campaigns []outdial.Campaign
	contacts  map[string]intake.NewContact
	members   map[uuid.UUID]map[string]bool
	order     []string
	batches   []int
	audits    []intake.RecordImportParams
	types     map[string]filter.Type
	// registered are the calls that made attributes known.
	registered []registration
	// onRegister, when set, runs before each such call and may refuse it.
	onRegister func() error
	// onBatch, when set, runs before each batch and may refuse it.
	onBatch func(n int) error
	// onAudit, when set, runs before each audit entry and may refuse it.
	onAudit func(ctx context.Context) error
}

var _ intake.Store = (*memory)(nil)

// registration is a call of RegisterAttributes, and how many batches came before it.
type registration struct {
	batches int
	intake.RegisterAttributesParams
}

func newMemory() *memory {
	return &memory{contacts: map[string]intake.NewContact{}, members: map[uuid.UUID]map[string]bool{}}
}

func (m *memory) EnsureCampaign(_ context.Context, p intake.EnsureCampaignParams) (intake.EnsureCampaignResult, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.campaigns {
		if c.ID == p.ID || p.ID == uuid.Nil && c.Name == p.Name {
			return intake.EnsureCampaignResult{Campaign: c}, nil
		}
	}
	if p.Name == "" {
		return intake.EnsureCampaignResult{}, outdial.NotFound("campaign")
	}
	c := outdial.Campaign{ID: p.ID, Name: p.Name, CreatedAt: p.Now}
	if c.ID == uuid.Nil {
		c.ID = uuid.New()
	}
	m.campaigns = append(m.campaigns, c)
	return intake.EnsureCampaignResult{Campaign: c, Created: true}, nil
}

func (m *memory) AddContacts(ctx context.Context, p intake.AddContactsParams) (intake.AddContactsResult, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return intake.AddContactsResult{}, err
	}
	m.batches = append(m.batches, len(p.Contacts))
	if m.onBatch != nil {
		if err := m.onBatch(len(m.batches)); err != nil {
			return intake.AddContactsResult{}, err
		}
	}
	members := m.members[p.CampaignID]
	if members == nil {
		members = map[string]bool{}
		m.members[p.CampaignID] = members
	}
	var res intake.AddContactsResult
	for _, c := range p.Contacts {
		if err := m.holds(c.Contact.Attributes); err != nil {
			return intake.AddContactsResult{}, err
		}
		if _, known := m.contacts[c.SourceKey]; !known {
			m.contacts[c.SourceKey] = c
			m.order = append(m.order, c.SourceKey)
		}
		if members[c.SourceKey] {
			res.Unchanged++
			continue
		}
		members[c.SourceKey] = true
		res.Added++
	}
	return res, nil
}

// noValue is what stands for no value, and belongs to every type and to none.
var noValue = map[string]bool{"-": true, "--": true, "null": true, "none": true, "nan": true, "n/a": true, "#n/a": true, `\n`: true}

// holds returns an error when there is an attribute that a filter would not find.
func (m *memory) holds(attributes json.RawMessage) error {
	var kept map[string]string
	if attributes != nil {
		if err := json.Unmarshal(attributes, &kept); err != nil {
			return err
		}
	}
	for key, value := range kept {
		if noValue[strings.ToLower(value)] {
			continue
		}
		known := m.types[key]
		if known == "" || known.Widen(filter.TypeOf(value)) != known {
			return fmt.Errorf("%q holds %q, and is registered as %q", key, value, known)
		}
	}
	return nil
}

func (m *memory) RegisterAttributes(ctx context.Context, p intake.RegisterAttributesParams) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.onRegister != nil {
		if err := m.onRegister(); err != nil {
			return err
		}
	}
	if m.types == nil {
		m.types = map[string]filter.Type{}
	}
	m.registered = append(m.registered, registration{batches: len(m.batches), RegisterAttributesParams: p})
	again := map[string]bool{}
	for _, attribute := range p.Attributes {
		if again[attribute.Key] || attribute.Key == "" || !slices.Contains(filter.Types(), attribute.Type) {
			return fmt.Errorf("%q cannot be registered as %q", attribute.Key, attribute.Type)
		}
		again[attribute.Key] = true
		m.types[attribute.Key] = m.types[attribute.Key].Widen(attribute.Type)
	}
	return nil
}

func (m *memory) RecordImport(ctx context.Context, p intake.RecordImportParams) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.onAudit != nil {
		if err := m.onAudit(ctx); err != nil {
			return err
		}
	}
	m.audits = append(m.audits, p)
	return nil
}

// list returns the contacts in the order in which they came.
func (m *memory) list() []intake.NewContact {
	contacts := make([]intake.NewContact, len(m.order))
	for i, key := range m.order {
		contacts[i] = m.contacts[key]
	}
	return contacts
}

// untouched says whether nothing was ever written.
func (m *memory) untouched() bool {
	return len(m.campaigns) == 0 && len(m.contacts) == 0 && len(m.audits) == 0 && len(m.batches) == 0 &&
		len(m.registered) == 0
}

// snapshot is what a later import must not have changed.
func (m *memory) snapshot() map[string]intake.NewContact { return maps.Clone(m.contacts) }

// manager is somebody who may import.
func manager() outdial.Actor {
	return outdial.Actor{
		ID:     uuid.MustParse("0198f2a4-7b5e-7c11-8d52-3f6a9b0c1d2e"),
		Role:   outdial.RoleManager,
		Scopes: []outdial.Scope{outdial.ScopeQueueWrite},
	}
}

// frozen is a clock that stands still.
func frozen() *clock.Mock {
	c := clock.NewMock()
	c.Set(time.Date(2026, 11, 21, 15, 4, 5, 123456789, time.UTC))
	return c
}

// bench is a Service over a fresh store, with what it reported.
type bench struct {
	store    *memory
	rejected []intake.Rejection
	progress []intake.Progress
	svc      *intake.Service
}

func newBench(cfg intake.Config) *bench {
	b := &bench{store: newMemory()}
	cfg.Clock = frozen()
	cfg.Rejected = func(r intake.Rejection) { b.rejected = append(b.rejected, r) }
	cfg.Progress = func(p intake.Progress) { b.progress = append(b.progress, p) }
	b.svc = intake.New(b.store, cfg)
	return b
}

func (b *bench) load(file string) (intake.Result, error) {
	return b.svc.Import(context.Background(), manager(), intake.ImportRequest{
		CampaignName: "Spring", Source: strings.NewReader(file),
	})
}

// one imports a file of one row and returns its contact.
func one(t *testing.T, header, row string) intake.NewContact {
	t.Helper()
	b := newBench(intake.Config{})
	res, err := b.load(header + "\n" + row + "\n")
	require.NoError(t, err)
	require.Empty(t, b.rejected)
	require.Equal(t, 1, res.Imported)
	return b.store.list()[0]
}

// rejects imports a file of one row and returns why it was kept out.
func rejects(t *testing.T, header, row string) intake.Rejection {
	t.Helper()
	b := newBench(intake.Config{})
	res, err := b.load(header + "\n" + row + "\n")
	require.NoError(t, err)
	require.Zero(t, res.Imported)
	require.Equal(t, 1, res.Rejected)
	require.Len(t, b.rejected, 1)
	require.Empty(t, b.store.list())
	return b.rejected[0]
}

// refused imports a file that is no list of contacts and returns the error.
func refused(t *testing.T, file string) error {
	t.Helper()
	b := newBench(intake.Config{})
	res, err := b.load(file)
	require.ErrorIs(t, err, outdial.ErrInvalid)
	require.Zero(t, res)
	require.True(t, b.store.untouched(), "a refused file must change nothing")
	return err
}

// phones returns the numbers of a store's contacts, in order.
func phones(m *memory) []string {
	var numbers []string
	for _, c := range m.list() {
		numbers = append(numbers, c.Contact.Phone.E164())
	}
	return slices.Clip(numbers)
}
