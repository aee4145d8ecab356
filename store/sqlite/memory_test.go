//go:build !race

package sqlite_test

import (
	"testing"

	"github.com/outdial/outdial/store"
	"github.com/outdial/outdial/store/sqlite"
	"github.com/outdial/outdial/storetest"
)

// The race detector makes SQLite, which is written in Go here, ten times as slow. With
// it the store in a file is held to the contract, which has several connections; the one
// in memory is the same code over one connection.
func TestMemoryStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) store.Store { return open(t, sqlite.Memory) }, features())
}
