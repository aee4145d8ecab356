package bench_test

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store"
)

// engine is a database under measurement, and how it spells the floors.
type engine struct {
	name string
	// open makes an empty database. close gives it up.
	open func(tb testing.TB) (st pooled, close func() error)
	// schema makes the tables of the floors and of the seed, beside a migrated
	// schema.
	schema func(tb testing.TB, db *sqlx.DB)
	// reset empties the queues, so that every turn starts from the same state, and
	// resetSeed the seed's alone. settle brings statistics up to date, where the
	// engine keeps any.
	reset, resetSeed, settle []string
	// at is a time as the engine stores it.
	at func(time.Time) any
	// oneWriter is set where two writers would only wait for each other.
	oneWriter bool
	floors
	seedTable   string
	seedReplace func(tb testing.TB, b *bed, p seedParams) (assigned int)
}

// floors are the barest statements that do what the library does.
type floors struct {
	// insert and insertPlain fill floor_queue with the whole campaign.
	insert, insertPlain string
	// overlap finds out that floor_queue is up to date.
	overlap []string
	// filtered inserts what the filter, cap and bound leave.
	filtered string
	// preview counts whom a first replace would queue.
	preview string
	// fill puts the whole campaign into the named table, in turn for so many
	// agents, or into the pool.
	fill string
	// claimOwn and claimPool take an agent's next item.
	claimOwn, claimPool string
	// moveOn ends everybody's work on what they hold.
	moveOn string
}

// pooled is a store whose pool the floors use too.
type pooled interface {
	store.Store
	DB() *sqlx.DB
}

var engines = []engine{postgresEngine, sqliteEngine}

// bed is one engine's database with a campaign in it.
type bed struct {
	engine
	store    pooled
	db       *sqlx.DB
	close    func() error
	campaign uuid.UUID
	contacts int
}

// start is the time at which everything happens.
var start = time.Date(2026, 11, 2, 15, 0, 0, 0, time.UTC)

const (
	smallestCampaign = 1000
	perAccount       = 4
	lockFor          = 15 * time.Minute
)

// actor asks for every change.
var actor = agent(1_000_000)

// agent is the id of an agent by number, as the floors compose it too.
func agent(number int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("00000000-0000-7000-8000-%012d", number))
}

func newBed(tb testing.TB, e engine, contacts int) *bed {
	tb.Helper()
	st, closeDatabase := e.open(tb)
	require.NoError(tb, st.Migrate(tb.Context()))
	e.schema(tb, st.DB())
	campaign, err := outdial.NewID()
	require.NoError(tb, err)
	b := &bed{engine: e, store: st, db: st.DB(), close: closeDatabase, campaign: campaign, contacts: contacts}
	_, err = st.EnsureCampaign(tb.Context(), intake.EnsureCampaignParams{ID: campaign, Name: "Bench", Now: start})
	require.NoError(tb, err)
	const batch = 5000
	people := audience(contacts)
	for from := 0; from < contacts; from += batch {
		_, err := st.AddContacts(tb.Context(), intake.AddContactsParams{
			CampaignID: campaign, Contacts: people[from:min(from+batch, contacts)], Now: start,
		})
		require.NoError(tb, err)
	}
	b.exec(tb, b.values(tb), b.insert)
	b.fillQueue(tb, "agent_queue", 1)
	b.seedReplace(tb, b, seedParams{})
	b.run(tb, e.settle)
	return b
}

// audience makes the contacts of a campaign, the same ones every time.
func audience(n int) []intake.NewContact {
	firstNames := []string{
		"James", "Mary", "Robert", "Patricia", "John", "Jennifer", "Michael", "Linda", "David", "Barbara",
		"Richard", "Susan", "Joseph", "Elizabeth", "Thomas", "Karen", "Bill", "Nancy", "Daniel", "Lisa",
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same every time
	accounts := random.Perm(n)
	people := make([]intake.NewContact, n)
	for i := range people {
		people[i] = intake.NewContact{
			SourceKey: fmt.Sprintf("bench:%d", i),
			Contact: outdial.Contact{
				ID:          timeOrdered(random, i),
				AccountID:   agent(2_000_000 + accounts[i]/perAccount),
				FirstName:   firstNames[random.IntN(len(firstNames))],
				LastName:    fmt.Sprintf("Caller%d", i),
				Company:     fmt.Sprintf("Company %d", accounts[i]/perAccount),
				Phone:       outdial.Phone(fmt.Sprintf("+1%d621%04d", 504+i/10_000, i%10_000)),
				PhoneStatus: outdial.PhoneValid,
				Email:       outdial.Email(fmt.Sprintf("caller%d@example.com", i)),
				Country:     "US", Region: "LA", PostalCode: "70116", Timezone: "America/Chicago",
			},
		}
	}
	return people
}

// timeOrdered is an id of version 7 as an import makes them: ten in a millisecond.
func timeOrdered(random *rand.Rand, number int) (id uuid.UUID) {
	millis := start.UnixMilli() + int64(number/10)
	for i := range 6 {
		id[i] = byte(millis >> (40 - 8*i))
	}
	for i := 6; i < len(id); i++ {
		id[i] = byte(random.UintN(256))
	}
	// Within a millisecond the counter keeps the order.
	id[6], id[7] = 0x70, byte(number%10)
	id[8] = id[8]&0x3f | 0x80
	return id
}

// values are the named parameters that every floor may use.
func (b *bed) values(tb testing.TB) map[string]any {
	tb.Helper()
	id, err := outdial.NewID()
	require.NoError(tb, err)
	digits := hex.EncodeToString(id[:])
	return map[string]any{
		"campaign": b.campaign, "agent": agent(1), "actor": actor, "now": b.at(start),
		"expires": b.at(start.Add(lockFor)),
		"prefix":  digits[:17], "suffix": digits[25:],
		"head": digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:17],
	}
}

// run executes statements without parameters.
func (b *bed) run(tb testing.TB, statements []string) {
	tb.Helper()
	for _, statement := range statements {
		_, err := b.db.ExecContext(tb.Context(), statement)
		require.NoError(tb, err, statement)
	}
}

// exec executes a statement in a transaction of its own, and returns how many rows
// it wrote.
func (b *bed) exec(tb testing.TB, values map[string]any, statement string) int {
	tb.Helper()
	result, err := b.db.NamedExecContext(tb.Context(), statement, values)
	require.NoError(tb, err, statement)
	rows, err := result.RowsAffected()
	require.NoError(tb, err)
	return int(rows)
}

// count reads one number.
func (b *bed) count(tb testing.TB, values map[string]any, statement string) int {
	tb.Helper()
	query, args, err := sqlx.Named(statement, values)
	require.NoError(tb, err)
	var n int
	require.NoError(tb, b.db.GetContext(tb.Context(), &n, b.db.Rebind(query), args...), statement)
	return n
}

// fillQueue puts the whole campaign into a table, in turn for so many agents; none
// is the pool.
func (b *bed) fillQueue(tb testing.TB, table string, agents int) {
	tb.Helper()
	values := b.values(tb)
	values["agents"], values["pooled"] = max(agents, 1), agents == 0
	require.Equal(tb, b.contacts, b.exec(tb, values, fmt.Sprintf(b.fill, table)))
}

// requireSameQueues says that the library and the floor did the same work.
func (b *bed) requireSameQueues(tb testing.TB) {
	tb.Helper()
	const columns = "campaign_id, agent_id, contact_id, queue_state, priority, created_by, enqueued_by, enqueued_reason, pooled"
	for _, sides := range [][2]string{{"agent_queue", "floor_queue"}, {"floor_queue", "agent_queue"}} {
		require.Zero(tb, b.count(tb, nil, fmt.Sprintf(
			"SELECT count(*) FROM (SELECT %[1]s FROM %[2]s EXCEPT SELECT %[1]s FROM %[3]s) AS different",
			columns, sides[0], sides[1])), "%s has rows that %s has not", sides[0], sides[1])
	}
}
