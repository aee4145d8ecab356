package storetest_test

import (
	"testing"

	"github.com/outdial/outdial/store"
	"github.com/outdial/outdial/storetest"
)

// The test of a store that is not ours. A real open would connect to an empty
// database, migrate it, and close it again by t.Cleanup.
func ExampleRun() {
	open := func(t testing.TB) store.Store {
		t.Helper()
		return openMemory("")(t)
	}

	TestStore := func(t *testing.T) {
		t.Helper()
		storetest.Run(t, open, storetest.Features{
			Audit: memoryFeatures().Audit, // what this store lets a test see
		})
	}

	_ = TestStore // package testing calls it
	// Output:
}
