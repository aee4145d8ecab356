package main

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProcessesThatStartAtOnceAgreeOnOneSecret(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outdial.db.secret")
	keys, errs := make([]string, 20), make([]error, 20)
	var group sync.WaitGroup
	for i := range keys {
		group.Go(func() {
			if errs[i] = createSecret(path); errs[i] == nil {
				var found secret
				found, errs[i] = readSecret(path)
				keys[i] = string(found.key)
			}
		})
	}
	group.Wait()
	for i, key := range keys {
		require.NoError(t, errs[i])
		require.Equal(t, keys[0], key)
		require.Len(t, key, 64)
	}
}

func TestTheSecretLiesBesideTheDatabase(t *testing.T) {
	t.Parallel()
	for db, want := range map[string]string{
		"outdial.db":                   "outdial.db.secret",
		"file:data/x.db?mode=rwc":      "data/x.db.secret",
		":memory:":                     "outdial.secret",
		"postgres://me:pw@host/x":      "outdial.secret",
		"postgresql://host/x?a=b#frag": "outdial.secret",
	} {
		require.Equal(t, want, database{DB: db}.secretFile(), db)
	}
}

func TestADatabaseIsShownWithoutItsPassword(t *testing.T) {
	t.Parallel()
	for db, want := range map[string]string{
		"outdial.db":                              "outdial.db",
		"postgres://me:hunter2@host:5432/x":       "postgres://host:5432/x",
		"postgres://host/x?user=me&password=pass": "postgres://host/x",
		"postgres://me:hunter2@ho st/%zz":         "at an address that is not a URL",
	} {
		require.Equal(t, want, database{DB: db}.shown())
	}
}
