package suppression_test

import (
	"bytes"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/internal/metertest"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store/sqlite"
	"github.com/outdial/outdial/suppression"
)

var (
	noon       = time.Date(2026, time.March, 2, 17, 0, 0, 0, time.UTC)
	campaignID = uuid.MustParse("0190c6f4-0000-7000-8000-0000000000ca")
	powerID    = uuid.MustParse("0190c6f4-0000-7000-8000-0000000000cb")
	agentID    = uuid.MustParse("0190c6f4-0000-7000-8000-0000000000a1")
)

func manager() outdial.Actor {
	return outdial.Actor{ID: uuid.MustParse("0190c6f4-0000-7000-8000-0000000000b1"), Role: outdial.RoleManager, Scopes: outdial.Scopes()}
}

func agent(scopes ...outdial.Scope) outdial.Actor {
	if scopes == nil {
		scopes = []outdial.Scope{outdial.ScopeSuppressionWrite}
	}
	return outdial.Actor{ID: agentID, Role: outdial.RoleAgent, Scopes: scopes}
}

// centre is a call centre with a database in memory: a campaign whose contacts wait in
// the agent queue, and one whose contacts wait in the power queue.
type centre struct {
	store   *sqlite.Store
	service *suppression.Service
	clock   *clock.Mock
	meter   *metertest.Meter
	log     *journal
	woken   *bells
}

// setup opens the centre.
func setup(t *testing.T, edits ...func(*suppression.Config)) *centre {
	t.Helper()
	st, err := sqlite.Open(t.Context(), sqlite.Memory)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	require.NoError(t, st.Migrate(t.Context()))
	for id, name := range map[uuid.UUID]string{campaignID: "Agents", powerID: "Power"} {
		_, err = st.EnsureCampaign(t.Context(), intake.EnsureCampaignParams{ID: id, Name: name, Now: noon})
		require.NoError(t, err)
	}
	c := &centre{store: st, clock: clock.NewMock(), meter: &metertest.Meter{}, log: &journal{}, woken: &bells{}}
	c.clock.Set(noon)
	config := suppression.Config{
		Clock: c.clock, Meter: c.meter, Logger: slog.New(slog.NewTextHandler(c.log, nil)), Wake: []suppression.Waker{c.woken},
	}
	for _, edit := range edits {
		edit(&config)
	}
	c.service = suppression.New(st, config)
	return c
}

// journal is what was logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// bells count how often somebody was woken.
type bells struct {
	mu   sync.Mutex
	rung int
}

func (b *bells) Wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rung++
}

func (b *bells) times() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rung
}

const (
	annPhone = outdial.Phone("+15046218927")
	annEmail = outdial.Email("Ann@Example.com")
	bobPhone = outdial.Phone("+15046218928")
	bobEmail = outdial.Email("bob@example.com")
)

// add puts somebody into a campaign.
func (c *centre) add(t *testing.T, campaign uuid.UUID, contact outdial.Contact) uuid.UUID {
	t.Helper()
	if contact.ID == uuid.Nil {
		contact.ID = uuid.New()
	}
	contact.PhoneStatus, contact.Timezone = outdial.PhoneValid, "America/Chicago"
	_, err := c.store.AddContacts(t.Context(), intake.AddContactsParams{
		CampaignID: campaign, Now: noon,
		Contacts: []intake.NewContact{{SourceKey: contact.ID.String(), Contact: contact}},
	})
	require.NoError(t, err)
	return contact.ID
}

// queued puts Ann into the agent queue and into that of the dialer, and Bob too.
func (c *centre) queued(t *testing.T) {
	t.Helper()
	for _, campaign := range []uuid.UUID{campaignID, powerID} {
		c.add(t, campaign, outdial.Contact{FirstName: "Ann", Phone: annPhone, Email: annEmail})
		c.add(t, campaign, outdial.Contact{FirstName: "Bob", Phone: bobPhone, Email: bobEmail})
	}
	by := outdial.Provenance{By: "system", Reason: outdial.ReasonCampaignAudience}
	items, err := c.store.EnqueueItems(t.Context(), queue.EnqueueParams{CampaignID: campaignID, Provenance: by, Now: noon})
	require.NoError(t, err)
	require.Equal(t, 2, items.Enqueued)
	calls, err := c.store.EnqueueCalls(t.Context(), dialer.EnqueueParams{CampaignID: powerID, Provenance: by, Now: noon})
	require.NoError(t, err)
	require.Equal(t, 2, calls.Enqueued)
}

// states are those of the items of both queues, with the first names of their contacts.
func (c *centre) states(t *testing.T) []string {
	t.Helper()
	var states []string
	require.NoError(t, c.store.DB().SelectContext(t.Context(), &states, `
		SELECT 'agent ' || c.first_name || ' ' || q.queue_state || COALESCE(' ' || q.fail_reason, '')
		  FROM agent_queue q JOIN contacts c ON c.id = q.contact_id
		 UNION ALL
		SELECT 'power ' || c.first_name || ' ' || q.status || COALESCE(' ' || q.fail_reason, '')
		  FROM campaign_queue q JOIN contacts c ON c.id = q.contact_id
		 ORDER BY 1`))
	return states
}

// rows says how many rows the list, its events and the audit log have: what must not
// change when something is refused.
func (c *centre) rows(t *testing.T) [3]int {
	t.Helper()
	var rows [3]int
	for i, table := range []string{"suppressions", "suppression_events", "audit_log"} {
		require.NoError(t, c.store.DB().GetContext(t.Context(), &rows[i], "SELECT count(*) FROM "+table))
	}
	return rows
}

func requireFieldError(t *testing.T, err error, field, problem string) {
	t.Helper()
	require.ErrorIs(t, err, outdial.ErrInvalid)
	var invalid *outdial.FieldError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, field, invalid.Field)
	require.Contains(t, invalid.Problem, problem)
}
