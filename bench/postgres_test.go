package bench_test

import (
	"context"
	_ "embed"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/store/postgres"
)

var postgresEngine = engine{
	name:   "postgres",
	open:   openPostgres,
	schema: postgresSchema,
	// What the statistics say of a full queue stays: in use, they are of yesterday's
	// queues, and with none the seed's function takes minutes.
	reset:     []string{"TRUNCATE agent_queue, floor_queue, seed.agent_queue"},
	resetSeed: []string{"TRUNCATE seed.agent_queue"},
	settle:    []string{"VACUUM ANALYZE"},
	at:        func(t time.Time) any { return t },
	floors: floors{
		insert: postgresInsert + `
			SELECT CAST(:prefix || lpad(CAST(row_number() OVER (ORDER BY cc.priority DESC, cc.contact_id) AS text), 8, '0')
			            || :suffix AS uuid),` + postgresRow + `
			  FROM campaign_contacts cc
			 WHERE cc.campaign_id = :campaign
			 ORDER BY cc.priority DESC, cc.contact_id`,
		insertPlain: postgresInsert + `
			SELECT gen_random_uuid(),` + postgresRow + `
			  FROM campaign_contacts cc
			 WHERE cc.campaign_id = :campaign`,
		overlap: []string{`
			WITH gone AS (
				UPDATE floor_queue q SET queue_state = 'released'
				 WHERE q.campaign_id = :campaign AND q.agent_id = :agent AND q.queue_state IN ('queued', 'locked')
				   AND NOT EXISTS (SELECT FROM campaign_contacts cc JOIN contacts c ON c.id = cc.contact_id
				                    WHERE cc.campaign_id = :campaign AND cc.contact_id = q.contact_id
				                      AND c.is_valid AND NOT c.is_opted_out)
				RETURNING 1)` + postgresInsert + `
			SELECT gen_random_uuid(),` + postgresRow + `
			  FROM campaign_contacts cc
			  JOIN contacts c ON c.id = cc.contact_id
			 WHERE cc.campaign_id = :campaign AND c.is_valid AND NOT c.is_opted_out
			   AND NOT EXISTS (SELECT FROM floor_queue q
			                    WHERE q.campaign_id = :campaign AND q.contact_id = cc.contact_id
			                      AND q.queue_state IN ('queued', 'locked', 'in_progress'))`},
		filtered: postgresInsert + `
			SELECT CAST(:prefix || lpad(CAST(row_number() OVER (ORDER BY cc.priority DESC, cc.contact_id) AS text), 8, '0')
			            || :suffix AS uuid),` + postgresRow + `
			  FROM (SELECT cc.contact_id, cc.priority,
			               row_number() OVER (PARTITION BY c.account_id ORDER BY cc.priority DESC, cc.contact_id) AS account_rank
			          FROM campaign_contacts cc
			          JOIN contacts c ON c.id = cc.contact_id
			         WHERE cc.campaign_id = :campaign AND c.first_name ILIKE '%b%') cc
			 WHERE account_rank <= :cap
			 ORDER BY cc.priority DESC, cc.contact_id
			 LIMIT :bound`,
		preview: `
			SELECT count(*)
			  FROM campaign_contacts cc
			  JOIN contacts c ON c.id = cc.contact_id
			 WHERE cc.campaign_id = :campaign AND c.is_valid AND NOT c.is_opted_out
			   AND NOT EXISTS (SELECT FROM agent_queue q
			                    WHERE q.campaign_id = :campaign AND q.contact_id = cc.contact_id
			                      AND q.queue_state IN ('queued', 'locked', 'in_progress'))`,
		fill: `
			INSERT INTO %s (id, campaign_id, agent_id, contact_id, queue_state, priority,
			                queued_at, created_by, enqueued_by, enqueued_reason, pooled)
			SELECT CAST(:prefix || lpad(CAST(cc.number AS text), 8, '0') || :suffix AS uuid), CAST(:campaign AS uuid),
			       CASE WHEN NOT CAST(:pooled AS boolean)
			            THEN CAST('00000000-0000-7000-8000-' || lpad(CAST(cc.number %% CAST(:agents AS integer) AS text), 12, '0') AS uuid) END,
			       cc.contact_id, 'queued', cc.priority, CAST(:now AS timestamptz), CAST(:actor AS uuid), 'bench',
			       'campaign_audience', CAST(:pooled AS boolean)
			  FROM (SELECT contact_id, priority, row_number() OVER (ORDER BY contact_id) AS number
			          FROM campaign_contacts WHERE campaign_id = :campaign) cc
			 ORDER BY cc.number`,
		claimOwn: `
			UPDATE floor_queue
			   SET queue_state = 'locked', agent_id = ?, locked_at = ?, lock_expires_at = ?, lock_version = lock_version + 1
			 WHERE id = (SELECT id FROM floor_queue
			              WHERE campaign_id = ? AND agent_id = ? AND queue_state = 'queued' AND NOT pooled
			              ORDER BY priority DESC, scheduled_for, queued_at, id
			              LIMIT 1 FOR UPDATE SKIP LOCKED)
			RETURNING id, contact_id, lock_version`,
		claimPool: `
			UPDATE floor_queue
			   SET queue_state = 'locked', agent_id = ?, locked_at = ?, lock_expires_at = ?, lock_version = lock_version + 1
			 WHERE id = (SELECT id FROM floor_queue
			              WHERE campaign_id = ? AND queue_state = 'queued' AND pooled AND callback_at IS NULL
			              ORDER BY priority DESC, scheduled_for, queued_at, id
			              LIMIT 1 FOR UPDATE SKIP LOCKED)
			RETURNING id, contact_id, lock_version`,
		moveOn: moveOn,
	},
	seedTable: "seed.agent_queue",
	seedReplace: func(tb testing.TB, b *bed, p seedParams) (assigned int) {
		tb.Helper()
		values := b.values(tb)
		values["first_name"], values["cap"], values["bound"] = p.firstName(), p.cap, p.bound
		return b.count(tb, values, `SELECT CAST(seed.queue_replace(:campaign, :agent, :actor,
			CAST(:first_name AS text), CAST(:cap AS integer), CAST(:bound AS integer))->>'assigned' AS integer)`)
	},
}

const (
	postgresInsert = `
			INSERT INTO floor_queue (id, campaign_id, agent_id, contact_id, queue_state, priority,
			                         queued_at, created_by, enqueued_by, enqueued_reason)`
	postgresRow = `
			       CAST(:campaign AS uuid), CAST(:agent AS uuid), cc.contact_id, 'queued', cc.priority,
			       CAST(:now AS timestamptz), CAST(:actor AS uuid), CAST(CAST(:actor AS uuid) AS text), 'campaign_audience'`
	moveOn = `UPDATE %s SET queue_state = 'in_progress' WHERE campaign_id = :campaign AND queue_state = 'locked'`
)

// openPostgres makes a database on the tests' server.
func openPostgres(tb testing.TB) (pooled, func() error) {
	tb.Helper()
	given := os.Getenv("TEST_DATABASE_URL")
	require.NotEmpty(tb, given, "TEST_DATABASE_URL is not set: run make bench or make test")
	address, err := url.Parse(given)
	require.NoError(tb, err)
	id, err := outdial.NewID()
	require.NoError(tb, err)
	name := "outdial_bench_" + strings.ReplaceAll(id.String(), "-", "")
	admin, err := sqlx.Open("postgres", given)
	require.NoError(tb, err)
	_, err = admin.ExecContext(tb.Context(), "CREATE DATABASE "+name)
	require.NoError(tb, err)
	address.Path = "/" + name
	st, err := postgres.Open(tb.Context(), address.String())
	require.NoError(tb, err)
	return st, func() error {
		err := st.Close()
		_, dropErr := admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		return errors.Join(err, dropErr, admin.Close())
	}
}

//go:embed seed.sql
var seedSQL string

func postgresSchema(tb testing.TB, db *sqlx.DB) {
	tb.Helper()
	for _, statement := range []string{
		"CREATE TABLE floor_queue (LIKE agent_queue INCLUDING ALL)",
		seedSQL,
		// A vacuum in the middle of a turn would be somebody else's work.
		"ALTER TABLE agent_queue SET (autovacuum_enabled = off)",
		"ALTER TABLE floor_queue SET (autovacuum_enabled = off)",
		"ALTER TABLE seed.agent_queue SET (autovacuum_enabled = off)",
	} {
		_, err := db.ExecContext(tb.Context(), statement)
		require.NoError(tb, err, statement)
	}
}
