package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"math/big"
	"time"

	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/store/internal/sqlstore"
)

// longList is how many values are read from JSON in less time than a table takes to
// fill; see docs/decisions/009-long-lists-are-joined.md.
const longList = 1000

func dialect() filter.Dialect {
	return filter.Dialect{
		Pattern:  filter.GlobPattern,
		Time:     func(t time.Time) any { return t.UnixMicro() },
		Number:   number,
		Key:      func(key string) any { return `$."` + key + `"` },
		List:     list,
		LongList: longList,
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
	encoded, err := json.Marshal(values)
	if err != nil {
		return "[]" // of texts and finite numbers, which JSON can always say
	}
	return string(encoded)
}

// fillLists brings long lists in with one prepared insert.
func fillLists(ctx context.Context, c *sqlstore.Conn, lists []filter.LongList) (err error) {
	for _, statement := range []string{"create_filter_values", "clear_filter_values"} {
		if _, err := c.ExecText(ctx, statement, nil, sqlstore.Args{}); err != nil {
			return err
		}
	}
	insert, err := c.PrepareText(ctx, "add_filter_value")
	if err != nil {
		return err
	}
	defer func() {
		if closed := insert.Close(); err == nil {
			err = closed
		}
	}()
	add := func(number int, value any) error {
		return insert.Row(ctx, sql.Named("list", number), sql.Named("value", value))
	}
	for _, list := range lists {
		for _, text := range list.Texts {
			if err := add(list.Number, text); err != nil {
				return err
			}
		}
		for _, value := range list.Numbers {
			if err := add(list.Number, number(value)); err != nil {
				return err
			}
		}
	}
	return nil
}
