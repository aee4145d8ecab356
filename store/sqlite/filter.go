package sqlite

import (
	"math/big"
	"time"

	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/store/internal/sqlstore"
)

func dialect() filter.Dialect {
	return filter.Dialect{
		Pattern: filter.GlobPattern,
		Time:    func(t time.Time) any { return t.UnixMicro() },
		Number:  number,
		Key:     func(key string) any { return `$."` + key + `"` },
		List:    list,
	}
}

// number is a number as SQLite has it: whole ones of 64 bits are kept exactly.
func number(value *big.Rat) any {
	if value.IsInt() && value.Num().IsInt64() {
		return value.Num().Int64()
	}
	nearest, _ := value.Float64()
	return nearest
}

// list is a list as JSON.
func list(values []any) any {
	encoded, err := sqlstore.EncodeJSON(values)
	if err != nil {
		return "[]" // of texts and finite numbers, which JSON can always say
	}
	return encoded
}
