package sqlite_test

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/outdial/outdial/internal/enginetest"
	"github.com/outdial/outdial/store/sqlite"
)

func TestFiltersOnAHostsOwnColumnsSelectWhomMatchSelects(t *testing.T) {
	t.Parallel()
	enginetest.FilterHostColumns(t, open(t, filepath.Join(t.TempDir(), "outdial.db")), enginetest.HostColumns{
		Every: (told + 3) / 4,
		Schema: []string{
			`ALTER TABLE contacts ADD COLUMN tier TEXT CHECK (tier IN ('gold', 'silver'))`,
			`ALTER TABLE contacts ADD COLUMN stage TEXT`,
			`ALTER TABLE contacts ADD COLUMN "staffCount" INTEGER`,
			`ALTER TABLE contacts ADD COLUMN balance REAL`,
			`ALTER TABLE contacts ADD COLUMN annual_revenue_min INTEGER`,
			`ALTER TABLE contacts ADD COLUMN annual_revenue_max INTEGER`,
			`ALTER TABLE contacts ADD COLUMN vip BOOLEAN`,
			`ALTER TABLE contacts ADD COLUMN signed_at INTEGER`,
			`ALTER TABLE contacts ADD COLUMN owner_id TEXT`,
			`ALTER TABLE contacts ADD COLUMN tags TEXT`,
			`ALTER TABLE contacts ADD COLUMN nickname TEXT`,
		},
		Time: func(at time.Time) any { return at.UnixMicro() },
		List: func(list []string) any {
			encoded, err := json.Marshal(list)
			if err != nil {
				panic(err) // of texts
			}
			return string(encoded)
		},
	})
}

func FuzzFilters(f *testing.F) {
	enginetest.FuzzFilters(f, open(f, sqlite.Memory))
}
