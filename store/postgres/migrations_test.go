package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/store"
	"github.com/outdial/outdial/store/postgres"
	"github.com/outdial/outdial/suppression"
)

func TestMigrationsRunByHandMakeTheSchemaThatMigrateMakes(t *testing.T) {
	t.Parallel()

	address := emptyDatabase(t).String()
	h := newHost(t, address)
	runByHand(t, h)
	require.Equal(t, migratedSchema(t), schema(t, h))
	requireWorking(t, h, open(t, address))

	before := schema(t, h)
	runByHand(t, h)
	require.Equal(t, before, schema(t, h), "a second time changes nothing")
	st := open(t, address)
	require.NoError(t, st.Migrate(t.Context()), "and a host that lets the library migrate from now on may")
	require.Equal(t, before, schema(t, h))
}

// runByHand does with the printed SQL what a host's own tool does: each version in
// one go, or statement by statement where it must not be in a transaction.
func runByHand(t *testing.T, h host) {
	t.Helper()
	migrations, err := postgres.Migrations()
	require.NoError(t, err)
	require.NotEmpty(t, migrations)
	runVersions(t, h, migrations)
}

func runVersions(t *testing.T, h host, migrations []store.Migration) {
	t.Helper()
	for _, migration := range migrations {
		statements := []string{migration.SQL}
		if migration.NoTransaction {
			statements = strings.SplitAfter(migration.SQL, ";\n")
		}
		for _, statement := range statements {
			if strings.TrimSpace(statement) != "" {
				h.exec(t, statement)
			}
		}
	}
}

func TestMigrateNumbersTheSuppressionEventsFromBefore(t *testing.T) {
	t.Parallel()

	address := emptyDatabase(t).String()
	h := newHost(t, address)
	migrations, err := postgres.Migrations()
	require.NoError(t, err)
	const before = 11
	runVersions(t, h, migrations[:before])
	h.exec(t, `INSERT INTO suppression_events (kind, value, source, created_at, value_key, campaign_id) VALUES
		('phone', '+15046218927', 'manual', '2026-03-03', '+15046218927', '00000000-0000-0000-0000-000000000000'),
		('phone', '+15046218928', 'manual', '2026-03-01', '+15046218928', '00000000-0000-0000-0000-000000000000'),
		('phone', '+15046218929', 'manual', '2026-03-02', NULL, NULL)`)
	st := open(t, address)
	for range 2 {
		runVersions(t, h, migrations[before:])
		followed, err := st.FollowSuppressions(t.Context(), suppression.FollowParams{Limit: 10})
		require.NoError(t, err)
		require.Len(t, followed.Events, 2, "an event that says nobody is not followed")
		require.Equal(t, []string{"+15046218928", "+15046218927"}, []string{followed.Events[0].Key, followed.Events[1].Key})
		require.EqualValues(t, 2, followed.Events[1].Position.Number)
	}
	_, err = st.AddSuppressions(t.Context(), suppression.AddParams{
		Entries: []suppression.Entry{suppression.NewPhone("+15046218930")}, Now: time.Now(),
	})
	require.NoError(t, err)
	head, err := st.SuppressionHead(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 3, head.Number, "the next one has the next number")
}

func TestMigrationsAreNumberedFromOneAndNamed(t *testing.T) {
	t.Parallel()

	migrations, err := postgres.Migrations()
	require.NoError(t, err)
	for i, migration := range migrations {
		require.EqualValues(t, i+1, migration.Version)
		require.Regexp(t, `^[a-z_]+$`, migration.Name)
		require.NotContains(t, migration.SQL, "+goose", "it is plain SQL")
		require.True(t, strings.HasSuffix(migration.SQL, "\n"))
		require.Equal(t, strings.Contains(migration.SQL, "CONCURRENTLY"), migration.NoTransaction,
			"an index is built beside writers outside a transaction only")
	}
}

// A migration runs while the host does. These statements are the ones that would
// stop it, or lose its data.
func TestMigrationsAreAdditive(t *testing.T) {
	t.Parallel()

	migrations, err := postgres.Migrations()
	require.NoError(t, err)
	for _, migration := range migrations {
		upper := strings.ToUpper(migration.SQL)
		for _, statement := range []string{"DROP TABLE", "DROP COLUMN", "TRUNCATE", "DELETE FROM", "ALTER COLUMN TYPE", "RENAME", "SET NOT NULL", "CASCADE"} {
			require.NotContains(t, upper, statement, migration.Name)
		}
		for line := range strings.Lines(upper) {
			if strings.HasPrefix(line, "CREATE ") {
				require.Regexp(t, "IF NOT EXISTS|OR REPLACE", line, migration.Name)
			}
		}
	}
}
