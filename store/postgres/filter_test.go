package postgres_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/internal/enginetest"
	"github.com/outdial/outdial/queue/filter"
)

// hostColumns are columns as hosts have them: one enum is native and the other a
// text with a CHECK, and a list may be an array.
var hostColumns = enginetest.HostColumns{
	Schema: []string{
		`CREATE TYPE contact_tier AS ENUM ('gold', 'silver')`,
		`ALTER TABLE contacts
			ADD COLUMN tier contact_tier,
			ADD COLUMN stage text CHECK (stage IN ('new', 'won')),
			ADD COLUMN "staffCount" integer,
			ADD COLUMN balance numeric(20, 4),
			ADD COLUMN annual_revenue_min bigint,
			ADD COLUMN annual_revenue_max bigint,
			ADD COLUMN vip boolean,
			ADD COLUMN signed_at timestamptz,
			ADD COLUMN owner_id uuid,
			ADD COLUMN tags text[],
			ADD COLUMN nickname varchar(40)`,
	},
	Time: func(at time.Time) any { return at },
	List: func(list []string) any { return pq.Array(list) },
}

func TestFiltersOnAHostsOwnColumns(t *testing.T) {
	t.Parallel()

	t.Run("select whom Match selects", func(t *testing.T) {
		t.Parallel()
		enginetest.FilterHostColumns(t, open(t, database(t).String()), hostColumns)
	})
	t.Run("may have lists in jsonb and enums in a domain", func(t *testing.T) {
		t.Parallel()
		columns := hostColumns
		columns.Schema = []string{
			`CREATE DOMAIN contact_tier AS text CHECK (VALUE IN ('gold', 'silver'))`,
			strings.NewReplacer("tags text[]", "tags jsonb", "varchar(40)", "char varying").Replace(hostColumns.Schema[1]),
		}
		columns.List = func(list []string) any {
			encoded, err := json.Marshal(list)
			require.NoError(t, err)
			return encoded
		}
		enginetest.FilterHostColumns(t, open(t, database(t).String()), columns)
	})
	t.Run("read a native enum as text on both sides, so that a word it does not have is no error", func(t *testing.T) {
		t.Parallel()
		st := open(t, database(t).String())
		for _, statement := range hostColumns.Schema {
			_, err := st.DB().ExecContext(t.Context(), statement)
			require.NoError(t, err)
		}
		fields, err := filter.NewFields(filter.Column("tier", filter.TypeEnum))
		require.NoError(t, err)
		counted, err := st.CountValues(t.Context(), filter.CountValuesParams{Field: field(t, fields, "tier"), Most: 5})
		require.NoError(t, err)
		require.Empty(t, counted.Values)
		for _, expr := range []filter.Expr{
			filter.Enum("tier").Equals("bronze"), filter.Enum("tier").In("gold", "bronze"), filter.Enum("tier").NotEquals("bronze"),
		} {
			resolved, err := filter.Resolve(expr, fields)
			require.NoError(t, err)
			require.NoError(t, enginetest.Previews(t, st, resolved), "%s", filter.Describe(expr))
		}
	})
}

func field(t *testing.T, fields *filter.Fields, name string) filter.Field {
	t.Helper()
	found, ok := fields.Lookup(name)
	require.True(t, ok)
	return found
}

func FuzzFilters(f *testing.F) {
	enginetest.FuzzFilters(f, open(f, database(f).String()))
}
