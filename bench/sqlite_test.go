package bench_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/store/sqlite"
)

var sqliteEngine = engine{
	name:   "sqlite",
	open:   openSQLite,
	schema: sqliteSchema,
	reset: []string{
		"DELETE FROM agent_queue", "DELETE FROM floor_queue", "DELETE FROM seed_queue", "PRAGMA wal_checkpoint(TRUNCATE)",
	},
	resetSeed: []string{"DELETE FROM seed_queue"},
	settle:    []string{"PRAGMA wal_checkpoint(TRUNCATE)"},
	at:        func(t time.Time) any { return t.UnixMicro() },
	oneWriter: true,
	floors: floors{
		insert: sqliteInsert + `
			SELECT :head || substr(counter, 1, 3) || '-' || substr(counter, 4) || :suffix,` + sqliteRow + `
			  FROM (SELECT contact_id, priority,
			               printf('%08d', row_number() OVER (ORDER BY priority DESC, contact_id)) AS counter
			          FROM campaign_contacts
			         WHERE campaign_id = :campaign
			         ORDER BY priority DESC, contact_id) cc`,
		insertPlain: sqliteInsert + `
			SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-' || hex(randomblob(2)) || '-'
			       || hex(randomblob(2)) || '-' || hex(randomblob(6))),` + sqliteRow + `
			  FROM campaign_contacts cc
			 WHERE cc.campaign_id = :campaign`,
		overlap: []string{`
			UPDATE floor_queue AS q SET queue_state = 'released'
			 WHERE q.campaign_id = :campaign AND q.agent_id = :agent AND q.queue_state IN ('queued', 'locked')
			   AND NOT EXISTS (SELECT 1 FROM campaign_contacts cc JOIN contacts c ON c.id = cc.contact_id
			                    WHERE cc.campaign_id = :campaign AND cc.contact_id = q.contact_id
			                      AND c.is_valid AND NOT c.is_opted_out)`,
			sqliteInsert + `
			SELECT hex(randomblob(16)),` + sqliteRow + `
			  FROM campaign_contacts cc
			  JOIN contacts c ON c.id = cc.contact_id
			 WHERE cc.campaign_id = :campaign AND c.is_valid AND NOT c.is_opted_out
			   AND NOT EXISTS (SELECT 1 FROM floor_queue q
			                    WHERE q.campaign_id = :campaign AND q.contact_id = cc.contact_id
			                      AND q.queue_state IN ('queued', 'locked', 'in_progress'))`},
		filtered: sqliteInsert + `
			SELECT :head || substr(counter, 1, 3) || '-' || substr(counter, 4) || :suffix,` + sqliteRow + `
			  FROM (SELECT contact_id, priority,
			               printf('%08d', row_number() OVER (ORDER BY priority DESC, contact_id)) AS counter
			          FROM (SELECT cc.contact_id, cc.priority,
			                       row_number() OVER (PARTITION BY c.account_id ORDER BY cc.priority DESC, cc.contact_id) AS account_rank
			                  FROM campaign_contacts cc
			                  JOIN contacts c ON c.id = cc.contact_id
			                 WHERE cc.campaign_id = :campaign AND c.first_name GLOB '*[bB]*')
			         WHERE account_rank <= :cap
			         ORDER BY priority DESC, contact_id
			         LIMIT :bound) cc`,
		preview: `
			SELECT count(*)
			  FROM campaign_contacts cc
			  JOIN contacts c ON c.id = cc.contact_id
			 WHERE cc.campaign_id = :campaign AND c.is_valid AND NOT c.is_opted_out
			   AND NOT EXISTS (SELECT 1 FROM agent_queue q
			                    WHERE q.campaign_id = :campaign AND q.contact_id = cc.contact_id
			                      AND q.queue_state IN ('queued', 'locked', 'in_progress'))`,
		fill: `
			INSERT INTO %s (id, campaign_id, agent_id, contact_id, queue_state, priority,
			                queued_at, created_by, enqueued_by, enqueued_reason, pooled)
			SELECT :head || substr(cc.counter, 1, 3) || '-' || substr(cc.counter, 4) || :suffix, :campaign,
			       CASE WHEN NOT :pooled
			            THEN printf('00000000-0000-7000-8000-%%012d', cc.number %% :agents) END,
			       cc.contact_id, 'queued', cc.priority, :now, :actor, 'bench', 'campaign_audience', :pooled
			  FROM (SELECT contact_id, priority, number, printf('%%08d', number) AS counter
			          FROM (SELECT contact_id, priority, row_number() OVER (ORDER BY contact_id) AS number
			                  FROM campaign_contacts WHERE campaign_id = :campaign)
			         ORDER BY number) cc`,
		claimOwn: `
			UPDATE floor_queue
			   SET queue_state = 'locked', agent_id = ?, locked_at = ?, lock_expires_at = ?, lock_version = lock_version + 1
			 WHERE id = (SELECT id FROM floor_queue
			              WHERE campaign_id = ? AND agent_id = ? AND queue_state = 'queued' AND NOT pooled
			              ORDER BY priority DESC, scheduled_for, queued_at, id
			              LIMIT 1)
			RETURNING id, contact_id, lock_version`,
		claimPool: `
			UPDATE floor_queue
			   SET queue_state = 'locked', agent_id = ?, locked_at = ?, lock_expires_at = ?, lock_version = lock_version + 1
			 WHERE id = (SELECT id FROM floor_queue
			              WHERE campaign_id = ? AND queue_state IN ('queued', 'locked') AND queue_state = 'queued' AND pooled AND callback_at IS NULL
			              ORDER BY priority DESC, scheduled_for, queued_at, id
			              LIMIT 1)
			RETURNING id, contact_id, lock_version`,
		moveOn: moveOn,
	},
	seedTable:   "seed_queue",
	seedReplace: sqliteSeedReplace,
}

const (
	sqliteInsert = `
			INSERT INTO floor_queue (id, campaign_id, agent_id, contact_id, queue_state, priority,
			                         queued_at, created_by, enqueued_by, enqueued_reason)`
	sqliteRow = `
			       :campaign, :agent, cc.contact_id, 'queued', cc.priority, :now, :actor, :actor, 'campaign_audience'`
)

func openSQLite(tb testing.TB) (pooled, func() error) {
	tb.Helper()
	// Not the benchmark's own folder: the database outlives the one that asks first.
	folder, err := os.MkdirTemp("", "outdial-bench-") //nolint:usetesting // as said
	require.NoError(tb, err)
	st, err := sqlite.Open(tb.Context(), filepath.Join(folder, "outdial.db"))
	require.NoError(tb, err)
	return st, func() error { return errors.Join(st.Close(), os.RemoveAll(folder)) }
}

// sqliteSchema gives the floors a table with the columns and indexes of the queue.
func sqliteSchema(tb testing.TB, db *sqlx.DB) {
	tb.Helper()
	var statements []string
	require.NoError(tb, db.SelectContext(tb.Context(), &statements,
		"SELECT sql FROM sqlite_master WHERE tbl_name = 'agent_queue' AND type IN ('table', 'index') AND sql IS NOT NULL ORDER BY type DESC"))
	rename := strings.NewReplacer("agent_queue", "floor_queue")
	for i := range statements {
		statements[i] = rename.Replace(statements[i])
	}
	statements = append(statements, `
		CREATE TABLE seed_queue (
			id TEXT PRIMARY KEY,
			campaign_id TEXT NOT NULL,
			agent_id TEXT NOT NULL,
			contact_id TEXT NOT NULL,
			queue_state TEXT NOT NULL CHECK (queue_state IN ('queued','locked','in_progress','released')),
			queued_at INTEGER,
			released_at INTEGER,
			created_by TEXT,
			released_by TEXT
		)`, `
		CREATE UNIQUE INDEX uq_seed_queue_active ON seed_queue (campaign_id, contact_id)
		 WHERE queue_state IN ('queued','locked','in_progress')`, `
		CREATE INDEX ix_seed_queue_campaign_state ON seed_queue (campaign_id, queue_state)`)
	for _, statement := range statements {
		_, err := db.ExecContext(tb.Context(), statement)
		require.NoError(tb, err, statement)
	}
}

// sqliteSeedReplace is the first specification's queue_replace, statement by
// statement, without its audit entry.
func sqliteSeedReplace(tb testing.TB, b *bed, p seedParams) (assigned int) {
	tb.Helper()
	const matching = `
		  FROM campaign_contacts cc
		  JOIN contacts c ON c.id = cc.contact_id
		 WHERE cc.campaign_id = :campaign
		   AND c.is_valid IS TRUE
		   AND (c.is_opted_out IS FALSE OR c.is_opted_out IS NULL)
		   AND (:first_name IS NULL OR c.first_name LIKE '%' || :first_name || '%')`
	values := b.values(tb)
	values["first_name"], values["cap"], values["bound"] = p.firstName(), p.cap, p.bound
	tx, err := b.db.BeginTxx(tb.Context(), nil)
	require.NoError(tb, err)
	defer tx.Rollback() //nolint:errcheck // committed below
	_, err = tx.NamedExecContext(tb.Context(), `
		UPDATE seed_queue SET queue_state = 'released', released_at = :now, released_by = :actor
		 WHERE campaign_id = :campaign AND agent_id = :agent AND queue_state IN ('queued', 'locked')`, values)
	require.NoError(tb, err)
	added, err := tx.NamedExecContext(tb.Context(), `
		INSERT INTO seed_queue (id, campaign_id, agent_id, contact_id, queue_state, queued_at, created_by)
		SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-' || hex(randomblob(2)) || '-'
		       || hex(randomblob(2)) || '-' || hex(randomblob(6))),
		       :campaign, :agent, capped.contact_id, 'queued', :now, :actor
		  FROM (SELECT contact_id
		          FROM (SELECT c.id AS contact_id, row_number() OVER (PARTITION BY c.account_id ORDER BY c.id) AS rn`+matching+`)
		         WHERE :cap IS NULL OR rn <= :cap) capped
		  LEFT JOIN seed_queue q
		    ON q.contact_id = capped.contact_id AND q.campaign_id = :campaign
		   AND q.queue_state IN ('queued', 'locked', 'in_progress')
		 WHERE q.contact_id IS NULL
		 LIMIT COALESCE(:bound, 2147483647)
		ON CONFLICT DO NOTHING`, values)
	require.NoError(tb, err)
	query, args, err := sqlx.Named(`
		SELECT count(*)
		  FROM (SELECT c.id AS contact_id`+matching+`) candidates
		  JOIN seed_queue q ON q.contact_id = candidates.contact_id AND q.campaign_id = :campaign
		   AND q.queue_state IN ('queued', 'locked', 'in_progress')`, values)
	require.NoError(tb, err)
	var skipped int
	require.NoError(tb, tx.GetContext(tb.Context(), &skipped, query, args...))
	require.NoError(tb, tx.Commit())
	rows, err := added.RowsAffected()
	require.NoError(tb, err)
	return int(rows)
}
