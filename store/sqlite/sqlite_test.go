package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/outdial/outdial/internal/enginetest"
	"github.com/outdial/outdial/store"
	"github.com/outdial/outdial/store/sqlite"
	"github.com/outdial/outdial/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func features() storetest.Features {
	return enginetest.Features(enginetest.Engine{
		Bind: func(st store.Store, tx *sqlx.Tx) store.Store { return st.(*sqlite.Store).WithTx(tx) },
		// A rowid table keeps no version of a row: a trigger counts the writes.
		RowVersion: `COALESCE((SELECT writes FROM agent_queue_writes w WHERE w.id = agent_queue.id), 0)`,
		PrepareVersions: `
			CREATE TABLE IF NOT EXISTS agent_queue_writes (id TEXT PRIMARY KEY, writes INTEGER NOT NULL);
			CREATE TRIGGER IF NOT EXISTS agent_queue_count_writes AFTER UPDATE ON agent_queue BEGIN
				INSERT INTO agent_queue_writes VALUES (NEW.id, 1)
				ON CONFLICT (id) DO UPDATE SET writes = writes + 1;
			END`,
	})
}

func open(t testing.TB, dsn string) *sqlite.Store {
	t.Helper()
	st, err := sqlite.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	require.NoError(t, st.Migrate(t.Context()))
	return st
}

func TestFileStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) store.Store {
		return open(t, filepath.Join(t.TempDir(), "outdial.db"))
	}, features())
}

func TestASweepPutsBackWhatAnotherProgramLeft(t *testing.T) {
	t.Parallel()

	enginetest.ForeignItems(t, open(t, sqlite.Memory), func(at time.Time) any {
		if at.IsZero() {
			return nil
		}
		return at.UnixMicro()
	})
}
