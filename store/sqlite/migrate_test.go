package sqlite_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/store/sqlite"
	"github.com/outdial/outdial/suppression"
)

// unmigrated opens a file in which nothing has been done yet, or is shared.
func unmigrated(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	st, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

func exec(t require.TestingT, db *sqlx.DB, query string, args ...any) {
	_, err := db.ExecContext(context.Background(), query, args...)
	require.NoError(t, err, query)
}

func text(t require.TestingT, db *sqlx.DB, query string, args ...any) string {
	var text *string
	require.NoError(t, db.GetContext(context.Background(), &text, query, args...), query)
	if text == nil {
		return ""
	}
	return *text
}

// schema is what a database is made of. The tables in which versions are counted
// are left out.
func schema(t testing.TB, db *sqlx.DB) string {
	t.Helper()
	var lines []string
	require.NoError(t, db.SelectContext(t.Context(), &lines, `SELECT sql FROM sqlite_master
		WHERE sql IS NOT NULL AND tbl_name NOT LIKE 'outdial_schema%' AND tbl_name <> 'sqlite_sequence' ORDER BY type, name`))
	require.NotEmpty(t, lines)
	return strings.Join(lines, "\n")
}

// requireWorking checks that an audience can be queued, pulled and cleared.
func requireWorking(t *testing.T, st *sqlite.Store) {
	t.Helper()
	campaignID := uuid.New()
	for range 3 {
		id := uuid.New()
		exec(t, st.DB(), "INSERT INTO contacts (id, phone) VALUES (?, '+15046218927')", id)
		exec(t, st.DB(), "INSERT INTO campaign_contacts (campaign_id, contact_id) VALUES (?, ?)", campaignID, id)
	}
	actor := outdial.Actor{ID: uuid.New(), Role: outdial.RoleAdmin, Scopes: outdial.Scopes()}
	service := queue.New(st, queue.Config{Flags: outdial.StaticFlags{outdial.FlagQueueReplace: true}})
	result, err := service.Replace(t.Context(), actor, queue.ReplaceRequest{CampaignID: campaignID, AgentID: actor.ID})
	require.NoError(t, err)
	require.Equal(t, 3, result.Assigned)
	item, err := service.Pull(t.Context(), actor, queue.PullRequest{CampaignID: campaignID, AgentID: actor.ID})
	require.NoError(t, err)
	require.Equal(t, outdial.Phone("+15046218927"), item.Contact.Phone)
	cleared, err := service.ClearAll(t.Context(), actor, queue.ClearAllRequest{CampaignID: campaignID})
	require.NoError(t, err)
	require.Equal(t, 3, cleared.Released)
}

func TestMigrateTwiceChangesNothing(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "outdial.db")
	st := unmigrated(t, path)
	require.NoError(t, st.Migrate(t.Context()))
	before := schema(t, st.DB())
	require.NoError(t, st.Migrate(t.Context()))
	require.NoError(t, unmigrated(t, path).Migrate(t.Context()), "nor from another process")
	require.Equal(t, before, schema(t, st.DB()))
	requireWorking(t, st)
}

func TestMigrateByManyAtOnceIsOneMigration(t *testing.T) {
	t.Parallel()

	const rounds, processes = 5, 4
	want := schema(t, open(t, sqlite.Memory).DB())
	for range rounds {
		path := filepath.Join(t.TempDir(), "outdial.db")
		stores := make([]*sqlite.Store, processes)
		for i := range stores {
			stores[i] = unmigrated(t, path)
		}
		done := make(chan error, processes)
		for _, st := range stores {
			go func() { done <- st.Migrate(t.Context()) }()
		}
		for range stores {
			require.NoError(t, <-done)
		}
		require.Equal(t, want, schema(t, stores[0].DB()))
		requireWorking(t, stores[processes-1])
	}
}

func TestMigrateByManyAtOnceAddsAHostsColumnsOnce(t *testing.T) {
	t.Parallel()

	const processes = 4
	path := filepath.Join(t.TempDir(), "outdial.db")
	stores := make([]*sqlite.Store, processes)
	for i := range stores {
		stores[i] = unmigrated(t, path)
	}
	exec(t, stores[0].DB(), "CREATE TABLE contacts (id TEXT PRIMARY KEY, shoe_size INTEGER)")
	exec(t, stores[0].DB(), "CREATE TABLE campaign_contacts (campaign_id TEXT, contact_id TEXT)")
	done := make(chan error, processes)
	for _, st := range stores {
		go func() { done <- st.Migrate(t.Context()) }()
	}
	for range stores {
		require.NoError(t, <-done)
	}
	requireWorking(t, stores[0])
}

func TestMigrateKeepsWhatAHostHas(t *testing.T) {
	t.Parallel()

	for name, tables := range map[string]string{
		"tables with nothing in common but their keys": `
			CREATE TABLE contacts (id TEXT PRIMARY KEY, shoe_size INTEGER NOT NULL DEFAULT 42);
			CREATE TABLE campaign_contacts (campaign_id TEXT, contact_id TEXT, since TEXT DEFAULT '2025-05-05');
			INSERT INTO contacts (id) VALUES ('a'), ('b');
			INSERT INTO campaign_contacts (campaign_id, contact_id) VALUES ('x', 'a')`,
		"tables with some of the columns, in another case and of other types": `
			CREATE TABLE contacts (id TEXT PRIMARY KEY, First_Name VARCHAR(80), PHONE VARCHAR(40), email TEXT COLLATE NOCASE,
				is_valid INTEGER NOT NULL DEFAULT 1, shoe_size INTEGER DEFAULT 42);
			CREATE TABLE campaign_contacts (campaign_id TEXT, contact_id TEXT, priority INTEGER, since TEXT DEFAULT '2025-05-05',
				PRIMARY KEY (campaign_id, contact_id)) WITHOUT ROWID;
			INSERT INTO contacts (id, first_name, phone, email) VALUES ('a', 'Bette', '+15046218927', 'B@X.org'), ('b', 'James', '(504) 621-8928', NULL);
			INSERT INTO campaign_contacts (campaign_id, contact_id, priority) VALUES ('x', 'a', 5)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			st := unmigrated(t, filepath.Join(t.TempDir(), "host.db"))
			exec(t, st.DB(), tables)
			for _, when := range []string{"the first time", "the second time"} {
				require.NoError(t, st.Migrate(t.Context()), when)
				require.Equal(t, "a 42, b 42", text(t, st.DB(), "SELECT group_concat(id || ' ' || shoe_size, ', ') FROM contacts"), when)
				require.Equal(t, "x a 2025-05-05", text(t, st.DB(),
					"SELECT campaign_id || ' ' || contact_id || ' ' || since FROM campaign_contacts"), when)
			}
			var columns []string
			require.NoError(t, st.DB().Select(&columns, "SELECT lower(name) FROM pragma_table_info('contacts')"))
			for _, column := range []string{
				"account_id", "first_name", "last_name", "company", "phone", "phone_key", "phone_status", "email", "email_key", "country",
				"region", "postal_code", "timezone", "is_valid", "is_opted_out", "attributes", "source_key", "created_at",
			} {
				require.Contains(t, columns, column)
			}
			exec(t, st.DB(), "DELETE FROM campaign_contacts")
			requireWorking(t, st)
		})
	}

	t.Run("contacts of before get their keys", func(t *testing.T) {
		t.Parallel()

		st := unmigrated(t, sqlite.Memory)
		exec(t, st.DB(), `CREATE TABLE contacts (id TEXT PRIMARY KEY, phone TEXT, email TEXT);
			INSERT INTO contacts VALUES ('a', '+15046218927', ' JButt@Gmail.com '), ('b', '(504) 621-8927', NULL)`)
		require.NoError(t, st.Migrate(t.Context()))
		require.Equal(t, "a +15046218927 jbutt@gmail.com, b - -", text(t, st.DB(),
			`SELECT group_concat(id || ' ' || COALESCE(phone_key, '-') || ' ' || COALESCE(email_key, '-'), ', ') FROM contacts`))
	})
	t.Run("at every version on the way", func(t *testing.T) {
		t.Parallel()

		st := open(t, filepath.Join(t.TempDir(), "outdial.db"))
		fresh := unmigrated(t, filepath.Join(t.TempDir(), "stepwise.db"))
		provider, err := goose.NewProvider(goose.DialectSQLite3, fresh.DB().DB, os.DirFS("migrations"),
			goose.WithTableName("outdial_schema_version"), goose.WithDisableGlobalRegistry(true))
		require.NoError(t, err)
		for i, source := range provider.ListSources() {
			_, err := provider.ApplyVersion(t.Context(), source.Version, true)
			require.NoError(t, err, source.Path)
			exec(t, fresh.DB(), "INSERT INTO contacts (id) VALUES (?)", uuid.New())
			require.Equal(t, strconv.Itoa(i+1), text(t, fresh.DB(), "SELECT count(*) FROM contacts"))
		}
		require.NoError(t, fresh.Migrate(t.Context()), "and Migrate goes on from there")
		require.Equal(t, schema(t, st.DB()), schema(t, fresh.DB()))
		requireWorking(t, fresh)
	})
}

func TestMigrationsRunByHandMakeTheSchemaThatMigrateMakes(t *testing.T) {
	t.Parallel()

	migrations, err := sqlite.Migrations()
	require.NoError(t, err)
	st := unmigrated(t, filepath.Join(t.TempDir(), "by_hand.db"))
	for _, migration := range migrations {
		require.NotContains(t, migration.SQL, "+goose", "it is plain SQL")
		require.False(t, migration.NoTransaction)
		exec(t, st.DB(), migration.SQL)
	}
	want := schema(t, open(t, sqlite.Memory).DB())
	require.Equal(t, want, schema(t, st.DB()))
	requireWorking(t, st)
	for _, migration := range migrations {
		exec(t, st.DB(), migration.SQL)
	}
	require.NoError(t, st.Migrate(t.Context()), "and a host that lets the library migrate from now on may")
	require.Equal(t, want, schema(t, st.DB()))
}

func TestMigrationsBeginWithTheColumnsThatAHostMayLack(t *testing.T) {
	t.Parallel()

	migrations, err := sqlite.Migrations()
	require.NoError(t, err)
	columns := migrations[0]
	require.Zero(t, columns.Version)
	require.Equal(t, "columns", columns.Name)
	st := unmigrated(t, sqlite.Memory)
	exec(t, st.DB(), "CREATE TABLE contacts (id TEXT PRIMARY KEY)")
	exec(t, st.DB(), "CREATE TABLE campaign_contacts (campaign_id TEXT, contact_id TEXT)")
	exec(t, st.DB(), "CREATE TABLE campaign_settings (campaign_id TEXT PRIMARY KEY, name TEXT NOT NULL DEFAULT '', created_at INTEGER NOT NULL)")
	exec(t, st.DB(), "CREATE TABLE campaign_queue (id TEXT PRIMARY KEY, campaign_id TEXT, contact_id TEXT, status TEXT)")
	exec(t, st.DB(), "CREATE TABLE telephony_events (id TEXT PRIMARY KEY, call_sid TEXT, event_type TEXT, event_seq INTEGER, payload TEXT, created_at INTEGER)")
	exec(t, st.DB(), "CREATE TABLE agent_queue (id TEXT PRIMARY KEY, campaign_id TEXT, agent_id TEXT, contact_id TEXT, queue_state TEXT, queued_at INTEGER, "+
		"released_at INTEGER, created_by TEXT, released_by TEXT, priority INTEGER NOT NULL DEFAULT 0, scheduled_for INTEGER, locked_at INTEGER, lock_expires_at INTEGER, "+
		"lock_version INTEGER NOT NULL DEFAULT 0, enqueued_by TEXT, enqueued_reason TEXT, attempts INTEGER NOT NULL DEFAULT 0, "+
		"fail_reason TEXT, pooled BOOLEAN NOT NULL DEFAULT FALSE, launch_id TEXT)")
	exec(t, st.DB(), "CREATE TABLE dispositions (id TEXT PRIMARY KEY, campaign_id TEXT, contact_id TEXT)")
	exec(t, st.DB(), "CREATE TABLE leads (id TEXT PRIMARY KEY, campaign_id TEXT, contact_id TEXT)")
	exec(t, st.DB(), "CREATE TABLE suppressions (id TEXT PRIMARY KEY, kind TEXT, value TEXT, value_key TEXT, campaign_id TEXT, source TEXT, "+
		"reason TEXT, created_by TEXT, created_at INTEGER, expires_at INTEGER)")
	exec(t, st.DB(), "CREATE TABLE suppression_events (id TEXT PRIMARY KEY, kind TEXT, value TEXT, source TEXT, created_at INTEGER)")
	added := 0
	for line := range strings.Lines(columns.SQL) {
		require.True(t, strings.HasPrefix(line, "-- "), "a host picks from it")
		if statement, ok := strings.CutPrefix(line, "-- ALTER"); ok {
			exec(t, st.DB(), "ALTER"+statement)
			added++
		}
	}
	require.Equal(t, 86, added)
	for _, migration := range migrations[1:] {
		exec(t, st.DB(), migration.SQL)
	}
	requireWorking(t, st)
}

func TestMigrateNumbersTheSuppressionEventsFromBefore(t *testing.T) {
	t.Parallel()

	st := unmigrated(t, sqlite.Memory)
	exec(t, st.DB(), "CREATE TABLE suppression_events (id TEXT PRIMARY KEY, kind TEXT, value TEXT, source TEXT, created_at INTEGER, "+
		"value_key TEXT, campaign_id TEXT, action TEXT NOT NULL DEFAULT 'add')")
	exec(t, st.DB(), `INSERT INTO suppression_events (id, kind, value, source, created_at, value_key, campaign_id) VALUES
		('00000000-0000-7000-8000-000000000001', 'phone', '+15046218927', 'manual', 3, '+15046218927', '00000000-0000-0000-0000-000000000000'),
		('00000000-0000-7000-8000-000000000002', 'phone', '+15046218928', 'manual', 1, '+15046218928', '00000000-0000-0000-0000-000000000000'),
		('00000000-0000-7000-8000-000000000003', 'phone', '+15046218929', 'manual', 2, NULL, NULL)`)
	for range 2 {
		require.NoError(t, st.Migrate(t.Context()))
		followed, err := st.FollowSuppressions(t.Context(), suppression.FollowParams{Limit: 10})
		require.NoError(t, err)
		require.Len(t, followed.Events, 2, "an event that says nobody is not followed")
		require.Equal(t, []string{"+15046218928", "+15046218927"}, []string{followed.Events[0].Key, followed.Events[1].Key})
		require.EqualValues(t, 2, followed.Events[1].Position.Number)
	}
	_, err := st.AddSuppressions(t.Context(), suppression.AddParams{
		Entries: []suppression.Entry{suppression.NewPhone("+15046218930")}, Now: time.UnixMicro(4),
	})
	require.NoError(t, err)
	head, err := st.SuppressionHead(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 3, head.Number, "the next one has the next number")
}
