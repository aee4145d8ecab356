package sqlite_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/store/internal/sqlstore"
	"github.com/outdial/outdial/store/sqlite"
)

// The campaigns of these tests. The large one is nearly all of the database, so
// that a statement about the small one must keep to it.
const (
	largeCampaign = "00000000-0000-7000-8000-00000000000a"
	smallCampaign = "00000000-0000-7000-8000-00000000000b"
	// The planner never looks at the rows: it reads statistics, which say that there
	// are told times as many.
	largeSize = 100_000 / told
	smallSize = 100
)

var explainNow = time.Date(2026, 11, 2, 15, 0, 0, 0, time.UTC)

func explainAgent(number int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("00000000-0000-7000-8001-%012d", number))
}

// Contacts from first to last, all of them in the campaign and in a queue: one in
// ten in the pool, the rest with ten agents in turn.
var addCampaign = []string{`
	WITH RECURSIVE numbers (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)
	INSERT INTO contacts (id, account_id, first_name, phone, phone_key, email_key, created_at)
	SELECT printf('00000000-0000-7000-8002-%012d', n), printf('00000000-0000-7000-8003-%012d', n % (:last / 4)),
	       CASE n % 5 WHEN 0 THEN 'Robert' ELSE 'James' END,
	       printf('+1504%07d', n), printf('+1504%07d', n), printf('caller%d@example.com', n), :now
	  FROM numbers`, `
	WITH RECURSIVE numbers (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)
	INSERT INTO campaign_contacts (campaign_id, contact_id)
	SELECT :campaign, printf('00000000-0000-7000-8002-%012d', n) FROM numbers`, `
	WITH RECURSIVE numbers (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)
	INSERT INTO agent_queue (id, campaign_id, agent_id, contact_id, queue_state, queued_at, pooled)
	SELECT printf('00000000-0000-7000-8004-%012d', n), :campaign,
	       CASE WHEN n % 10 > 0 THEN printf('00000000-0000-7000-8001-%012d', n / 10 % 10) END,
	       printf('00000000-0000-7000-8002-%012d', n), 'queued', :now, n % 10 = 0
	  FROM numbers`}

func seedCampaigns(t *testing.T, db *sqlx.DB) {
	t.Helper()
	for campaign, span := range map[string][2]int{smallCampaign: {1, smallSize}, largeCampaign: {smallSize + 1, smallSize + largeSize}} {
		for _, statement := range addCampaign {
			_, err := db.NamedExecContext(t.Context(), statement, map[string]any{
				"campaign": campaign, "first": span[0], "last": span[1], "now": explainNow.UnixMicro(),
			})
			require.NoError(t, err)
		}
	}
}

// hot is a statement that must find its rows through an index.
type hot struct {
	query string
	// searches are the indexes through which it must look for rows.
	searches []string
	// dropped are the indexes whose loss must show.
	dropped []string
	// sorts says that the statement may sort what it found.
	sorts bool
}

// pullIndexes are those of an agent's items, of the pool's, and of callbacks.
var pullIndexes = []string{"ix_agent_queue_pull", "ix_agent_queue_pool", "ix_agent_queue_callbacks"}

// hotStatements are the ones that run all day, and those that touch a whole
// campaign.
var hotStatements = []hot{
	{query: "claim_item", searches: pullIndexes, dropped: []string{"ix_agent_queue_pull"}},
	{query: "claim_item", searches: pullIndexes, dropped: []string{"ix_agent_queue_pool"}},
	{query: "claim_item", searches: pullIndexes, dropped: []string{"ix_agent_queue_callbacks"}},
	// Whichever index it takes, an agent's lock is one row of few.
	{query: "find_held"},
	{
		query: "plan_replace", searches: []string{"uq_campaign_contacts", "uq_agent_queue_active"},
		dropped: []string{"uq_campaign_contacts"},
	},
	{
		query: "plan_replace", searches: []string{"uq_campaign_contacts", "uq_agent_queue_active"},
		dropped: []string{"uq_agent_queue_active"},
	},
	{query: "count_own", searches: []string{"ix_agent_queue_campaign_state"}, dropped: []string{"ix_agent_queue_campaign_state"}},
	{query: "release_leaving", searches: []string{"ix_agent_queue_campaign_state"}, dropped: []string{"ix_agent_queue_campaign_state"}},
	{query: "sweep_locks", searches: []string{"ix_agent_queue_expiry"}, dropped: []string{"ix_agent_queue_expiry"}},
	{
		query: "queue_stats", searches: []string{"ix_agent_queue_campaign_state"}, sorts: true,
		dropped: []string{"ix_agent_queue_campaign_state"},
	},
	{query: "purge_items", searches: []string{"ix_contacts_phone_key", "ix_agent_queue_contact"}, dropped: []string{"ix_agent_queue_contact"}, sorts: true},
	{query: "purge_call_items", searches: []string{"ix_contacts_phone_key", "ix_campaign_queue_contact"}, dropped: []string{"ix_campaign_queue_contact"}, sorts: true},
	{query: "count_voicemails", searches: []string{"ix_call_attempts_contact", "ix_dispositions_contact"}, dropped: []string{"ix_call_attempts_contact"}},
	{query: "recent_attempts", searches: []string{"ix_call_attempts_contact", "ix_dispositions_contact"}, dropped: []string{"ix_dispositions_contact"}},
	{query: "get_recorded", searches: []string{"uq_dispositions_item"}, dropped: []string{"uq_dispositions_item"}},
	{query: "pending_events", searches: []string{"uq_suppression_events_number"}, dropped: []string{"uq_suppression_events_number"}},
	{query: "follow_feed", searches: []string{"uq_suppression_events_number"}, dropped: []string{"uq_suppression_events_number"}},
	{query: "feed_head", searches: []string{"uq_suppression_events_number"}, dropped: []string{"uq_suppression_events_number"}},
	{query: "match_phones", searches: []string{"uq_suppressions"}, dropped: []string{"uq_suppressions"}},
	{query: "match_emails", searches: []string{"uq_suppressions"}, dropped: []string{"uq_suppressions"}},
	{query: "find_suppressions", searches: []string{"uq_suppressions"}, dropped: []string{"uq_suppressions"}, sorts: true},
	{query: "struck_items", searches: []string{"ix_contacts_phone_key", "ix_contacts_email_key", "ix_agent_queue_contact", "uq_suppressions"}, dropped: []string{"ix_contacts_phone_key", "ix_contacts_email_key", "ix_agent_queue_contact", "uq_suppressions"}, sorts: true},
	{query: "struck_call_items", searches: []string{"ix_contacts_phone_key", "ix_contacts_email_key", "ix_campaign_queue_contact", "uq_suppressions"}, dropped: []string{"ix_contacts_phone_key", "ix_contacts_email_key", "ix_campaign_queue_contact", "uq_suppressions"}, sorts: true},
	{query: "remove_suppressions", searches: []string{"uq_suppressions"}, dropped: []string{"uq_suppressions"}, sorts: true},
	{query: "extend_suppressions", searches: []string{"uq_suppressions"}, dropped: []string{"uq_suppressions"}, sorts: true},
	{query: "fail_items", searches: []string{"sqlite_autoindex_agent_queue_1"}, sorts: true},
	{query: "fail_call_items", searches: []string{"sqlite_autoindex_campaign_queue_1"}, sorts: true},
	// The page is read in the order of the key, so that it ends with its limit.
	{query: "scan_suppressions", searches: []string{"sqlite_autoindex_suppressions_1"}},
	{query: "active_items", searches: []string{"sqlite_autoindex_agent_queue_1"}},
	{query: "active_call_items", searches: []string{"sqlite_autoindex_campaign_queue_1"}},
	{query: "list_items", searches: []string{"sqlite_autoindex_agent_queue_1"}},
}

// planner tells how the store's own statements would be carried out.
type planner struct {
	db      *sqlx.DB
	library *sqlstore.Library
}

func newPlanner(t *testing.T, path string) *planner {
	t.Helper()
	library, err := sqlstore.LoadLibrary(os.DirFS("../internal/sqlstore/sql"), os.DirFS("sql"))
	require.NoError(t, err)
	db, err := sqlx.Open("sqlite", path)
	require.NoError(t, err)
	// The plan of a bulk change is in a temporary table, which is a connection's own.
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	p := &planner{db: db, library: library}
	_, err = db.ExecContext(t.Context(), p.text(t, "create_plan"))
	require.NoError(t, err)
	return p
}

func (p *planner) text(t *testing.T, query string) string {
	t.Helper()
	text, err := p.library.Query(query, map[string]string{"filter": "1 = 1", "filter_joins": "", "of_campaign": "{{of_every_campaign}}"})
	require.NoError(t, err)
	return text
}

// analyze makes the statistics of a database in which there are told times as many
// rows: wherever more than one row shares a key, so many more do.
func (p *planner) analyze(t *testing.T) {
	t.Helper()
	_, err := p.db.ExecContext(t.Context(), "ANALYZE")
	require.NoError(t, err)
	var indexes []struct {
		Index sql.NullString `db:"idx"`
		Table string         `db:"tbl"`
		Stat  string         `db:"stat"`
	}
	require.NoError(t, p.db.SelectContext(t.Context(), &indexes, "SELECT tbl, idx, stat FROM sqlite_stat1"))
	require.NotEmpty(t, indexes)
	for _, index := range indexes {
		_, err := p.db.ExecContext(t.Context(), "UPDATE sqlite_stat1 SET stat = ? WHERE tbl = ? AND idx IS ?",
			manyTimes(index.Stat), index.Table, index.Index)
		require.NoError(t, err)
	}
	var samples []struct {
		ID    int    `db:"rowid"`
		Equal string `db:"neq"`
		Less  string `db:"nlt"`
		Kinds string `db:"ndlt"`
	}
	require.NoError(t, p.db.SelectContext(t.Context(), &samples, "SELECT rowid, neq, nlt, ndlt FROM sqlite_stat4"))
	for _, sample := range samples {
		_, err := p.db.ExecContext(t.Context(), "UPDATE sqlite_stat4 SET neq = ?, nlt = ?, ndlt = ? WHERE rowid = ?",
			manyTimes(sample.Equal), manyTimes(sample.Less), manyTimes(sample.Kinds), sample.ID)
		require.NoError(t, err)
	}
	_, err = p.db.ExecContext(t.Context(), "ANALYZE sqlite_schema")
	require.NoError(t, err)
}

// manyTimes is a row of statistics, of told times as many rows.
func manyTimes(stat string) string {
	numbers := strings.Fields(stat)
	for i, number := range numbers {
		if rows, err := strconv.Atoi(number); err == nil && rows > 1 {
			numbers[i] = strconv.Itoa(told * rows)
		}
	}
	return strings.Join(numbers, " ")
}

var parameter = regexp.MustCompile(`:[a-z_]+`)

// steps are the lines of EXPLAIN QUERY PLAN.
func (p *planner) steps(t *testing.T, query string) []string {
	t.Helper()
	text := p.text(t, query)
	var values []any
	for _, name := range slices.Compact(slices.Sorted(slices.Values(parameter.FindAllString(text, -1)))) {
		values = append(values, sql.Named(name[1:], 1))
	}
	rows, err := p.db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, values...)
	require.NoError(t, err)
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
		steps = append(steps, detail)
	}
	require.NoError(t, rows.Err())
	require.NotEmpty(t, steps)
	return steps
}

// The tables by the names that the statements give them. Whoever scans one of
// these looks at every campaign.
var tables = map[string]bool{
	"agent_queue": true, "q": true, "campaign_contacts": true, "cc": true, "contacts": true, "c": true,
	"suppressions": true, "s": true, "campaign_queue": true, "call_attempts": true, "telephony_events": true,
	"dispositions": true, "d": true, "leads": true, "e": true, "a": true, "h": true, "i": true, "same": true,
}

// faults says what is wrong with a statement's plan.
func (h hot) faults(t *testing.T, p *planner) []string {
	t.Helper()
	var found []string
	steps := p.steps(t, h.query)
	for _, step := range steps {
		words := strings.Fields(step)
		switch {
		case words[0] == "SCAN" && tables[words[1]]:
			found = append(found, step)
		case !h.sorts && strings.Contains(step, "TEMP B-TREE"):
			found = append(found, step)
		}
	}
	for _, index := range h.searches {
		if !slices.ContainsFunc(steps, func(step string) bool {
			return strings.HasPrefix(step, "SEARCH") && strings.Contains(step+" ", "INDEX "+index+" ")
		}) {
			found = append(found, "nothing is looked for in "+index)
		}
	}
	return found
}

func TestHotStatementsUseTheirIndexes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outdial.db")
	st := open(t, path)
	seedCampaigns(t, st.DB())
	p := newPlanner(t, path)

	requireIndexes(t, p, hotStatements)
}

// requireIndexes holds every statement to its indexes, and shows that it would be found
// out without them.
func requireIndexes(t *testing.T, p *planner, statements []hot) {
	t.Helper()
	// A host may keep statistics or not.
	for _, statistics := range []string{"without statistics", "with statistics"} {
		t.Run(statistics, func(t *testing.T) {
			if statistics == "with statistics" {
				p.analyze(t)
			}
			for _, statement := range statements {
				t.Run(statement.query+" looks for its rows", func(t *testing.T) {
					require.Empty(t, statement.faults(t, p), "%s", strings.Join(p.steps(t, statement.query), "\n"))
				})
			}
		})
	}
	for _, statement := range statements {
		for _, index := range statement.dropped {
			t.Run(statement.query+" without "+index+" would be found out", func(t *testing.T) {
				_, err := p.db.ExecContext(t.Context(), "SAVEPOINT whole")
				require.NoError(t, err)
				defer func() {
					_, err := p.db.ExecContext(t.Context(), "ROLLBACK TO whole; RELEASE whole")
					require.NoError(t, err)
				}()
				_, err = p.db.ExecContext(t.Context(), "DROP INDEX "+index)
				require.NoError(t, err)
				require.NotEmpty(t, statement.faults(t, p))
			})
		}
	}
}

// A pull costs the same in a campaign a hundred times as large. Ten times as much is
// for a machine that is busy.
func TestPullCostsTheSameInALargeCampaign(t *testing.T) {
	st := open(t, filepath.Join(t.TempDir(), "outdial.db"))
	seedCampaigns(t, st.DB())
	small, large := pulls(t, st, smallCampaign), pulls(t, st, largeCampaign)
	t.Logf("the middle one of 20 pulls: %v in a small campaign, %v in a large one", small, large)
	require.Less(t, large, 10*small)
}

// pulls is the median duration of a pull, for agents with queues and without.
func pulls(t *testing.T, st *sqlite.Store, campaign string) time.Duration {
	t.Helper()
	var took []time.Duration
	for number := range 20 {
		start := time.Now()
		result, err := st.PullItem(t.Context(), queue.PullParams{
			CampaignID: uuid.MustParse(campaign), AgentID: explainAgent(number),
			LockFor: time.Minute, Now: explainNow,
		})
		took = append(took, time.Since(start))
		require.NoError(t, err)
		require.NotNil(t, result.Item)
	}
	slices.Sort(took)
	return took[len(took)/2]
}
