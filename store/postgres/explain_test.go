package postgres_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/store/postgres"
)

// The campaigns of these tests. The large one is nearly all of the database, so
// that only the small one shows whether a statement keeps to its own campaign.
var (
	largeCampaign = uuid.MustParse("00000000-0000-7000-8000-00000000000a")
	smallCampaign = uuid.MustParse("00000000-0000-7000-8000-00000000000b")
	explainActor  = uuid.MustParse("00000000-0000-7000-8000-00000000000c")
	explainNow    = time.Date(2026, 11, 2, 15, 0, 0, 0, time.UTC)
)

const (
	largeSize = 100_000
	smallSize = 200
)

func explainAgent(number int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("00000000-0000-7000-8001-%012d", number))
}

// Contacts from first to last, all of them in the campaign.
const addContacts = `
	WITH people AS (
		INSERT INTO contacts (id, account_id, first_name, phone, phone_key, email_key, created_at)
		SELECT CAST(format('00000000-0000-7000-8002-%s', lpad(CAST(n AS text), 12, '0')) AS uuid),
		       CAST(format('00000000-0000-7000-8003-%s', lpad(CAST(n % ($3 / 4) AS text), 12, '0')) AS uuid),
		       (ARRAY['James', 'Mary', 'Robert', 'Patricia', 'John'])[1 + n % 5],
		       '+1504' || lpad(CAST(n AS text), 7, '0'), '+1504' || lpad(CAST(n AS text), 7, '0'),
		       'caller' || n || '@example.com', now()
		  FROM generate_series(CAST($2 AS integer), CAST($3 AS integer)) AS n
		RETURNING id)
	INSERT INTO campaign_contacts (campaign_id, contact_id) SELECT CAST($1 AS uuid), id FROM people`

// The campaign's first contacts, so many of them, in queues: one in ten in the pool, the rest with
// ten agents in turn. Ten others each hold one item whose lock has run out.
const addItems = `
	INSERT INTO agent_queue (id, campaign_id, agent_id, contact_id, queue_state, queued_at, pooled,
	                         locked_at, lock_expires_at, created_by)
	SELECT gen_random_uuid(), campaign_id,
	       CASE WHEN NOT pooled THEN
	           CAST(format('00000000-0000-7000-8001-%s', lpad(CAST(n / 10 % 10 + CASE WHEN locked THEN 900 ELSE 0 END AS text), 12, '0')) AS uuid)
	       END,
	       contact_id, CASE WHEN locked THEN 'locked' ELSE 'queued' END, $2, pooled,
	       CASE WHEN locked THEN CAST($2 AS timestamptz) - interval '1 hour' END,
	       CASE WHEN locked THEN CAST($2 AS timestamptz) - interval '1 minute' END, $3
	  FROM (SELECT campaign_id, contact_id, n, n % 10 = 0 AS pooled, n % 10 = 1 AND n <= 100 AS locked
	          FROM (SELECT campaign_id, contact_id, row_number() OVER (ORDER BY contact_id) AS n
	                  FROM campaign_contacts WHERE campaign_id = $1) AS numbered
	         WHERE n <= $4) AS drawn`

// Five hundred other campaigns, which share out the large one's contacts, all
// queued in the pool: the planner reckons with an average campaign.
const addOthers = `
	WITH others AS (
		INSERT INTO campaign_contacts (campaign_id, contact_id)
		SELECT CAST(format('00000000-0000-7000-8004-%s', lpad(CAST(n % 500 AS text), 12, '0')) AS uuid), contact_id
		  FROM (SELECT contact_id, row_number() OVER (ORDER BY contact_id) AS n
		          FROM campaign_contacts WHERE campaign_id = $1) AS numbered
		RETURNING campaign_id, contact_id)
	INSERT INTO agent_queue (id, campaign_id, contact_id, queue_state, queued_at, pooled)
	SELECT gen_random_uuid(), campaign_id, contact_id, 'queued', $2, true FROM others`

// explained is a database whose every statement tells how it was carried out.
type explained struct {
	store *postgres.Store
	db    *sqlx.DB
	// conn is where the store's statements run.
	conn  sqlx.ExecerContext
	plans []plan
}

// plan is one node of a plan, with what was read there.
type plan struct {
	Node      string  `json:"Node Type"`
	Relation  string  `json:"Relation Name"`
	Index     string  `json:"Index Name"`
	Rows      float64 `json:"Actual Rows"`
	Loops     float64 `json:"Actual Loops"`
	Removed   float64 `json:"Rows Removed by Filter"`
	Rechecked float64 `json:"Rows Removed by Index Recheck"`
	Plans     []plan  `json:"Plans"`
}

// explain opens a database in which every plan that is carried out, also inside
// functions, comes back to the client as a notice.
func explain(t *testing.T, address *url.URL) *explained {
	t.Helper()
	settings := address.Query()
	for name, value := range map[string]string{
		"session_preload_libraries":          "auto_explain",
		"auto_explain.log_min_duration":      "0",
		"auto_explain.log_nested_statements": "on",
		"auto_explain.log_analyze":           "on",
		"auto_explain.log_timing":            "off",
		"auto_explain.log_format":            "json",
		"client_min_messages":                "log",
	} {
		settings.Set(name, value)
	}
	with := *address
	with.RawQuery = settings.Encode()
	connector, err := pq.NewConnector(with.String())
	require.NoError(t, err)
	e := &explained{}
	e.db = sqlx.NewDb(sql.OpenDB(pq.ConnectorWithNoticeHandler(connector, e.note(t))), "postgres")
	// One connection, so that a prepared statement gets the plan that it keeps.
	e.db.SetMaxOpenConns(1)
	t.Cleanup(func() { require.NoError(t, e.db.Close()) })
	e.conn = e.db
	e.store, err = postgres.New(e.db, postgres.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.store.Close()) })
	return e
}

func (e *explained) note(t *testing.T) func(*pq.Error) {
	return func(notice *pq.Error) {
		_, encoded, found := strings.Cut(notice.Message, "plan:\n")
		if !found {
			return
		}
		var told struct{ Plan plan }
		if err := json.Unmarshal([]byte(encoded), &told); err != nil {
			t.Errorf("read a plan: %v\n%s", err, encoded)
		}
		e.plans = append(e.plans, told.Plan)
	}
}

// during returns the nodes of every plan that work made the server carry out.
func (e *explained) during(t *testing.T, work func(t *testing.T)) []plan {
	t.Helper()
	e.plans = nil
	work(t)
	// A plan is told when its statement is put away, which the next one does.
	_, err := e.conn.ExecContext(t.Context(), "SET client_min_messages = log")
	require.NoError(t, err)
	require.NotEmpty(t, e.plans, "the server told no plan")
	var nodes []plan
	var walk func(plans []plan)
	walk = func(plans []plan) {
		for _, node := range plans {
			nodes = append(nodes, node)
			walk(node.Plans)
		}
	}
	walk(e.plans)
	return nodes
}

// hot is a statement that must find its rows through an index.
type hot struct {
	// work runs it, for the first, the second … time.
	work func(t *testing.T, e *explained, time int)
	// times is how often it runs. The server plans a prepared statement anew for
	// each of the first five, and then may keep a plan.
	times int
	// index is the one that makes it fast.
	index string
	// rows is how many rows one scan may look at, and return or throw away.
	rows float64
	// without takes the index away, in SQL, and those that could stand in for it.
	without string
}

// faults says what is wrong with how a statement was carried out.
func (h hot) faults(t *testing.T, e *explained) []string {
	t.Helper()
	var found []string
	used := false
	nodes := e.during(t, func(t *testing.T) {
		for time := range max(h.times, 1) {
			h.work(t, e, time)
		}
	})
	for _, node := range nodes {
		looked := (node.Rows + node.Removed + node.Rechecked) * node.Loops
		if node.Relation != "" && looked > h.rows {
			found = append(found, fmt.Sprintf("%s on %s by %q looks at %.0f rows", node.Node, node.Relation, node.Index, looked))
		}
		used = used || node.Index == h.index
	}
	if !used {
		found = append(found, "no plan reads "+h.index)
	}
	return found
}

func pull(t *testing.T, e *explained, agent int) {
	t.Helper()
	result, err := e.store.PullItem(t.Context(), queue.PullParams{
		CampaignID: largeCampaign, AgentID: explainAgent(agent), LockFor: time.Minute, Now: explainNow,
	})
	require.NoError(t, err)
	require.NotNil(t, result.Item)
}

func replaceAs(agent int, campaign uuid.UUID, edits ...func(*queue.ReplaceParams)) func(*testing.T, *explained, int) {
	return func(t *testing.T, e *explained, _ int) {
		t.Helper()
		p := queue.ReplaceParams{CampaignID: campaign, AgentID: explainAgent(agent), ActorID: explainActor, Now: explainNow}
		for _, edit := range edits {
			edit(&p)
		}
		result, err := e.store.ReplaceQueue(t.Context(), p)
		require.NoError(t, err)
		require.Positive(t, result.Matched)
	}
}

func dryRun(p *queue.ReplaceParams) { p.DryRun = true }

func filtered(p *queue.ReplaceParams) {
	p.Filter, p.PerAccountCap, p.MaxQueueSize = filter.Text("first_name").Contains("B"), 3, 5000
}

// hotStatements are the ones that run all day.
func hotStatements() map[string]hot {
	const few = 3 * smallSize
	return map[string]hot{
		"a pull reads the agent's queue in its order": {
			index: "ix_agent_queue_pull", rows: few, times: 10,
			without: "DROP INDEX ix_agent_queue_pull",
			work: func(t *testing.T, e *explained, time int) {
				t.Helper()
				pull(t, e, time)
			},
		},
		"a pull reads the pool in its order": {
			index: "ix_agent_queue_pool", rows: few, times: 10,
			without: "DROP INDEX ix_agent_queue_pool",
			work: func(t *testing.T, e *explained, time int) {
				t.Helper()
				pull(t, e, 100+time)
			},
		},
		"a pull looks for callbacks among callbacks": {
			index: "ix_agent_queue_callbacks", rows: few, times: 10,
			without: "DROP INDEX ix_agent_queue_callbacks",
			work: func(t *testing.T, e *explained, time int) {
				t.Helper()
				pull(t, e, 50+time)
			},
		},
		"a replace reads its own campaign's contacts": {
			index: "uq_campaign_contacts", rows: few,
			without: "DROP INDEX uq_campaign_contacts",
			work:    replaceAs(200, smallCampaign),
		},
		"a filtered replace reads its own campaign's contacts": {
			index: "uq_campaign_contacts", rows: few,
			without: "DROP INDEX uq_campaign_contacts",
			work:    replaceAs(201, smallCampaign, filtered),
		},
		"a sweep reads expired locks": {
			index: "ix_agent_queue_expiry", rows: few,
			without: "DROP INDEX ix_agent_queue_expiry, uq_agent_queue_held",
			work: func(t *testing.T, e *explained, _ int) {
				t.Helper()
				_, err := e.store.SweepLocks(t.Context(), queue.SweepParams{Now: explainNow})
				require.NoError(t, err)
			},
		},
		"stats read their own campaign": {
			index: "ix_agent_queue_campaign_state", rows: few,
			without: "DROP INDEX ix_agent_queue_campaign_state, uq_agent_queue_active, ix_agent_queue_pull, ix_agent_queue_pool, ix_agent_queue_launch",
			work: func(t *testing.T, e *explained, _ int) {
				t.Helper()
				_, err := e.store.QueueStats(t.Context(), queue.StatsParams{CampaignID: smallCampaign})
				require.NoError(t, err)
			},
		},
		"a list reads as far as its page": {
			index: "agent_queue_pkey", rows: few,
			without: "ALTER TABLE agent_queue DROP CONSTRAINT agent_queue_pkey",
			work: func(t *testing.T, e *explained, _ int) {
				t.Helper()
				list, err := e.store.ListItems(t.Context(), queue.ListParams{CampaignID: largeCampaign, Limit: 50})
				require.NoError(t, err)
				require.True(t, list.More)
			},
		},
	}
}

// seedCampaigns makes both campaigns, and leaves the statistics as they were when
// there was only the small one. Nobody else vacuums or analyzes here.
func seedCampaigns(t *testing.T, db *sqlx.DB, queued int) {
	t.Helper()
	for _, table := range []string{"contacts", "campaign_contacts", "agent_queue"} {
		_, err := db.ExecContext(t.Context(), "ALTER TABLE "+table+" SET (autovacuum_enabled = off)")
		require.NoError(t, err)
	}
	_, err := db.ExecContext(t.Context(), addContacts, smallCampaign, 1, smallSize)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), addItems, smallCampaign, explainNow, explainActor, queued)
	require.NoError(t, err)
	analyze(t, db)
	_, err = db.ExecContext(t.Context(), addContacts, largeCampaign, smallSize+1, smallSize+largeSize)
	require.NoError(t, err)
}

func analyze(t *testing.T, db *sqlx.DB) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), "ANALYZE")
	require.NoError(t, err)
}

func TestHotStatementsUseTheirIndexes(t *testing.T) {
	t.Parallel()
	seeded := database(t)
	plain := open(t, seeded.String())
	seedCampaigns(t, plain.DB(), smallSize)
	_, err := plain.DB().ExecContext(t.Context(), addItems, largeCampaign, explainNow, explainActor, largeSize)
	require.NoError(t, err)
	_, err = plain.DB().ExecContext(t.Context(), addOthers, largeCampaign, explainNow)
	require.NoError(t, err)
	_, err = plain.DB().ExecContext(t.Context(), addHistory, largeCampaign, explainNow)
	require.NoError(t, err)
	_, err = plain.DB().ExecContext(t.Context(), addList, largeSize, explainActor, explainNow)
	require.NoError(t, err)
	analyze(t, plain.DB())
	statements := hotStatements()
	maps.Copy(statements, dispositionStatements())
	maps.Copy(statements, suppressionStatements())
	requireIndexes(t, explain(t, seeded), statements)
}

// requireIndexes holds every statement to its index, and shows that it would be found
// out without it.
func requireIndexes(t *testing.T, e *explained, statements map[string]hot) {
	t.Helper()
	for name, statement := range statements {
		t.Run(name, func(t *testing.T) {
			require.Empty(t, statement.faults(t, e))
		})
	}
	for name, statement := range statements {
		t.Run(name+", and would be found out without its index", func(t *testing.T) {
			pool := e.store
			defer func() { e.store, e.conn = pool, e.db }()
			tx, err := e.db.BeginTxx(t.Context(), nil)
			require.NoError(t, err)
			defer tx.Rollback() //nolint:errcheck // nothing of it is to stay
			_, err = tx.ExecContext(t.Context(), statement.without)
			require.NoError(t, err)
			e.store, e.conn = pool.WithTx(tx), tx
			statement.times = 1
			require.NotEmpty(t, statement.faults(t, e))
		})
	}
}

// The statistics of a campaign that has just been imported say that it is not
// there. A replace must not believe them so much that it looks at every contact for
// every contact.
func TestReplaceIsQuickBeforeStatisticsKnowTheCampaign(t *testing.T) {
	address := database(t)
	settings := address.Query()
	settings.Set("statement_timeout", "60s")
	address.RawQuery = settings.Encode()
	st := open(t, address.String())
	// Where queues are short, one index of the queue looks as good as another.
	seedCampaigns(t, st.DB(), 1)
	works := []string{"first", "repeated", "preview", "filtered"}
	took := func(settle func()) map[string]time.Duration {
		_, err := st.DB().ExecContext(t.Context(), "DELETE FROM agent_queue WHERE campaign_id = $1", largeCampaign)
		require.NoError(t, err)
		measured := map[string]time.Duration{}
		e := &explained{store: st}
		for _, work := range works {
			settle()
			begin := time.Now()
			switch work {
			case "preview":
				replaceAs(1, largeCampaign, dryRun)(t, e, 1)
			case "filtered":
				replaceAs(1, largeCampaign, filtered)(t, e, 1)
			default:
				replaceAs(1, largeCampaign)(t, e, 1)
			}
			measured[work] = time.Since(begin)
		}
		return measured
	}
	stale := took(func() {})
	fresh := took(func() { analyze(t, st.DB()) })
	for _, work := range works {
		t.Logf("%s: %v with statistics of another campaign, %v with its own", work, stale[work], fresh[work])
		// The second is for a machine that was busy at that moment. What this is
		// about takes minutes.
		require.Less(t, stale[work], 5*fresh[work]+time.Second, work)
	}
}
