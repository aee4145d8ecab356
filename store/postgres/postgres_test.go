package postgres_test

import (
	"context"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/internal/enginetest"
	"github.com/outdial/outdial/store"
	"github.com/outdial/outdial/store/postgres"
	"github.com/outdial/outdial/storetest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

func features() storetest.Features {
	return enginetest.Features(enginetest.Engine{
		Bind:       func(st store.Store, tx *sqlx.Tx) store.Store { return st.(*postgres.Store).WithTx(tx) },
		RowVersion: "xmin::text || ctid::text",
	})
}

// server is where the tests' databases are made. Without one the tests fail: a
// store that was not tested is not a store that works.
func server(t testing.TB) *url.URL {
	t.Helper()
	given := os.Getenv("TEST_DATABASE_URL")
	require.NotEmpty(t, given, "TEST_DATABASE_URL is not set: run the tests with make test")
	parsed, err := url.Parse(given)
	require.NoError(t, err)
	return parsed
}

// template is a migrated database that every test's database is a copy of.
var template = sync.OnceValues(func() (string, error) {
	admin, err := sqlx.Open("postgres", os.Getenv("TEST_DATABASE_URL"))
	if err != nil {
		return "", err
	}
	defer admin.Close() //nolint:errcheck // nothing was written through it that could be lost
	name, err := databaseName()
	if err != nil {
		return "", err
	}
	if _, err := admin.Exec("CREATE DATABASE " + name); err != nil {
		return "", err
	}
	address, err := url.Parse(os.Getenv("TEST_DATABASE_URL"))
	if err != nil {
		return "", err
	}
	address.Path = "/" + name
	st, err := postgres.Open(context.Background(), address.String())
	if err != nil {
		return "", err
	}
	defer st.Close() //nolint:errcheck // the migration below reports what matters
	return name, st.Migrate(context.Background())
})

func databaseName() (string, error) {
	id, err := outdial.NewID()
	if err != nil {
		return "", err
	}
	return "outdial_" + strings.ReplaceAll(id.String(), "-", ""), nil
}

// database makes a migrated and empty database for one test and returns its
// address.
func database(t testing.TB) *url.URL {
	t.Helper()
	address := server(t)
	from, err := template()
	require.NoError(t, err)
	return createDatabase(t, address, " TEMPLATE "+from)
}

// createDatabase makes a database that lives as long as the test.
func createDatabase(t testing.TB, address *url.URL, how string) *url.URL {
	t.Helper()
	name, err := databaseName()
	require.NoError(t, err)
	admin, err := sqlx.Open("postgres", address.String())
	require.NoError(t, err)
	_, err = admin.ExecContext(t.Context(), "CREATE DATABASE "+name+how)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		require.NoError(t, err)
		require.NoError(t, admin.Close())
	})
	created := *address
	created.Path = "/" + name
	return &created
}

func open(t testing.TB, address string) *postgres.Store {
	t.Helper()
	st, err := postgres.Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

func TestStoreOverLibPQKeepsTheContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) store.Store { return open(t, database(t).String()) }, features())
}

func TestStoreOverLibPQWithBinaryParametersKeepsTheContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) store.Store {
		address := database(t)
		query := address.Query()
		query.Set("binary_parameters", "yes")
		address.RawQuery = query.Encode()
		return open(t, address.String())
	}, features())
}

func TestStoreOverPgxKeepsTheContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) store.Store {
		db, err := sqlx.Open("pgx", database(t).String())
		require.NoError(t, err)
		db.SetMaxOpenConns(32)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		st, err := postgres.New(db, postgres.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, st.Close()) })
		return st
	}, features())
}

func TestASweepPutsBackWhatAnotherProgramLeft(t *testing.T) {
	t.Parallel()

	enginetest.ForeignItems(t, open(t, database(t).String()), func(at time.Time) any {
		if at.IsZero() {
			return nil
		}
		return at
	})
}
