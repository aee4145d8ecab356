// Package longlists measures conditions with long lists on an SQL engine, beside the
// same conditions over a permanent table.
package longlists

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store/internal/sqlstore"
)

// Engine is what differs between the engines.
type Engine struct {
	// Joins says that the engine joins long lists from a table.
	Joins bool
	// Schema makes permanent_values, with the columns list and value.
	Schema string
	// Permanent turns the engine's condition into one over permanent_values.
	Permanent func(sql string) string
}

// Bed is a campaign whose contacts each work for a company that goes by its domain.
type Bed struct {
	Engine

	store    *sqlstore.Store
	campaign uuid.UUID
}

var start = time.Date(2026, 11, 2, 15, 0, 0, 0, time.UTC)

// New fills a migrated store.
func New(tb testing.TB, store *sqlstore.Store, engine Engine, contacts int) *Bed {
	tb.Helper()
	_, err := store.DB().ExecContext(tb.Context(), engine.Schema)
	require.NoError(tb, err)
	ensured, err := store.EnsureCampaign(tb.Context(), intake.EnsureCampaignParams{Name: "domains", Now: start})
	require.NoError(tb, err)
	b := &Bed{engine, store, ensured.Campaign.ID}
	people := make([]intake.NewContact, contacts)
	for i := range people {
		id, err := outdial.NewID()
		require.NoError(tb, err)
		people[i] = intake.NewContact{SourceKey: id.String(), Contact: outdial.Contact{
			ID: id, FirstName: "Ann", LastName: "Smith", Company: domain(i % (contacts * 4 / 5)),
			Phone: outdial.Phone(fmt.Sprintf("+1%d621%04d", 504+i/10_000, i%10_000)), PhoneStatus: outdial.PhoneValid,
		}}
	}
	for batch := range slices.Chunk(people, 5000) {
		_, err := store.AddContacts(tb.Context(), intake.AddContactsParams{CampaignID: b.campaign, Contacts: batch, Now: start})
		require.NoError(tb, err)
	}
	_, err = store.DB().ExecContext(tb.Context(), "ANALYZE")
	require.NoError(tb, err)
	return b
}

func domain(number int) string { return fmt.Sprintf("company%d.example.com", number) }

// Domains are so many domains, of which every other one belongs to somebody.
func Domains(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = domain(i)
		if i%2 == 1 {
			list[i] = fmt.Sprintf("stranger%d.example.org", i)
		}
	}
	return list
}

// The lengths from which lists are joined: always, and not at all.
const (
	Joined = 1
	Bound  = math.MaxInt
)

// Over returns the bed with another length from which lists are joined.
func (b *Bed) Over(length int) *Bed {
	other := *b
	other.store = b.store.WithLongLists(length)
	return &other
}

// Count selects the contacts whose company is in the list as the store selects them
// for a bulk change, and counts them.
func (b *Bed) Count(ctx context.Context, domains []string) (int, error) {
	return b.count(ctx, domains, false)
}

// Keep puts the list into permanent_values, for CountPermanent.
func (b *Bed) Keep(tb testing.TB, domains []string) {
	tb.Helper()
	db := b.store.DB()
	_, err := db.ExecContext(tb.Context(), "DELETE FROM permanent_values")
	require.NoError(tb, err)
	tx, err := db.BeginTxx(tb.Context(), nil)
	require.NoError(tb, err)
	for _, domain := range domains {
		_, err := tx.ExecContext(tb.Context(), db.Rebind("INSERT INTO permanent_values (list, value) VALUES (0, ?)"), strings.ToUpper(domain))
		require.NoError(tb, err)
	}
	require.NoError(tb, tx.Commit())
	_, err = db.ExecContext(tb.Context(), "ANALYZE")
	require.NoError(tb, err)
}

// CountPermanent is Count over the list that Keep has put aside.
func (b *Bed) CountPermanent(ctx context.Context, domains []string) (int, error) {
	length := Bound
	if b.Joins {
		length = Joined
	}
	return b.Over(length).count(ctx, domains, true)
}

func (b *Bed) audience(domains []string, args sqlstore.Args) (sqlstore.Audience, error) {
	return b.store.NewAudience(filter.Text("company").In(domains...), nil, start, args)
}

func (b *Bed) count(ctx context.Context, domains []string, permanent bool) (contacts int, err error) {
	args := sqlstore.Args{"campaign_id": b.campaign, "sample": math.MaxInt32, "most": 1}
	audience, err := b.audience(domains, args)
	if err != nil {
		return 0, err
	}
	from := "campaign_contacts cc JOIN contacts c ON c.id = cc.contact_id " + audience.Fragments["filter_joins"] +
		" WHERE cc.campaign_id = :campaign_id AND " + audience.Fragments["filter"]
	if permanent {
		from, audience.Lists = b.Permanent(from), nil
	}
	err = b.store.Write(ctx, func(c *sqlstore.Conn) error {
		if err := b.store.FillLists(ctx, c, audience); err != nil {
			return err
		}
		var rows []struct {
			Value    string `db:"value"`
			Contacts int    `db:"contacts"`
		}
		err := c.SelectText(ctx, &rows, "count_values", map[string]string{"field": "'one'", "audience": from}, args)
		if len(rows) > 0 {
			contacts = rows[0].Contacts
		}
		return err
	})
	return contacts, err
}

// Rounds is how often each side of a comparison works.
const Rounds = 9

// Compare lets both work in turn and returns the median of each, and of their
// quotient.
func Compare(tb testing.TB, ours, theirs func() error) (mine, other time.Duration, ratio float64) {
	tb.Helper()
	var times [2][]time.Duration
	var ratios []float64
	for round := range Rounds {
		var took [2]time.Duration
		for i := range 2 {
			side := (round + i) % 2
			runtime.GC()
			begin := time.Now()
			require.NoError(tb, []func() error{ours, theirs}[side]())
			took[side] = time.Since(begin)
			times[side] = append(times[side], took[side])
		}
		ratios = append(ratios, float64(took[0])/float64(took[1]))
	}
	slices.Sort(times[0])
	slices.Sort(times[1])
	slices.Sort(ratios)
	return times[0][Rounds/2], times[1][Rounds/2], ratios[Rounds/2]
}

// Run benchmarks lists of several lengths: each way in which the engine can look a
// list up beside the same condition over a permanent table.
func Run(b *testing.B, bed *Bed) {
	b.Helper()
	for _, length := range []int{100, 1000, 2000, 5000, 10_000, 20_000, 50_000} {
		domains := Domains(length)
		b.Run(fmt.Sprint(length), func(b *testing.B) {
			bed.Keep(b, domains)
			want, err := bed.CountPermanent(b.Context(), domains)
			require.NoError(b, err)
			require.Positive(b, want)
			counted := func(count func(context.Context, []string) (int, error)) func() error {
				return func() error {
					got, err := count(b.Context(), domains)
					if err == nil && got != want {
						err = fmt.Errorf("%d contacts instead of %d", got, want)
					}
					return err
				}
			}
			for b.Loop() {
				b.ReportMetric(0, "ns/op")
				for name, over := range bed.ways() {
					took, permanent, ratio := Compare(b, counted(bed.Over(over).Count), counted(bed.CountPermanent))
					b.ReportMetric(ratio, name+"-x-permanent")
					b.ReportMetric(took.Seconds()*1000, name+"-ms")
					b.ReportMetric(permanent.Seconds()*1000, "permanent-ms")
				}
			}
		})
	}
}

// ways are how the engine can look a list up.
func (b *Bed) ways() map[string]int {
	if b.Joins {
		return map[string]int{"joined": Joined, "bound": Bound}
	}
	return map[string]int{"bound": Bound}
}

// Agree requires that a list selects the same contacts however it is looked up, so
// that the benchmark compares the same work.
func Agree(t *testing.T, bed *Bed) {
	t.Helper()
	domains := Domains(400)
	bed.Keep(t, domains)
	permanent, err := bed.CountPermanent(t.Context(), domains)
	require.NoError(t, err)
	require.Positive(t, permanent)
	for name, over := range bed.ways() {
		got, err := bed.Over(over).Count(t.Context(), domains)
		require.NoError(t, err)
		require.Equal(t, permanent, got, name)
	}
}

// Flat requires that lists of that length leave no memory behind, however many there
// have been.
func Flat(t *testing.T, bed *Bed, length int) {
	t.Helper()
	const rounds, allowed = 12, 4 << 20
	domains := Domains(length)
	held := func() uint64 {
		for range rounds {
			_, err := bed.Count(t.Context(), domains)
			require.NoError(t, err)
		}
		runtime.GC()
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		return memory.HeapAlloc
	}
	before := held()
	after := held()
	require.Less(t, after, before+allowed)
}
