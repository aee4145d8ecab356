package postgres

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"

	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/store/internal/sqlstore"
)

// longList is from where on a table is never much slower than an array, and may be
// very much faster: the planner weighs every value of an array against every common
// one of its column. See docs/decisions/009-long-lists-are-joined.md.
const longList = 10_000

func dialect() filter.Dialect {
	return filter.Dialect{
		Pattern:  filter.RegexPattern,
		Time:     func(t time.Time) any { return t.UTC() },
		Number:   func(number *big.Rat) any { return decimalText(number) },
		Key:      func(key string) any { return key },
		List:     func(values []any) any { return arrayText(values) },
		LongList: longList,
	}
}

// decimalText is a number with all of its digits.
func decimalText(number *big.Rat) string {
	digits, _ := number.FloatPrec()
	return number.FloatString(digits)
}

// arrayText is an array of texts as Postgres reads it.
func arrayText[T any](values []T) string {
	var array strings.Builder
	array.WriteByte('{')
	for i, value := range values {
		if i > 0 {
			array.WriteByte(',')
		}
		array.WriteByte('"')
		array.WriteString(arrayEscapes.Replace(fmt.Sprint(value)))
		array.WriteByte('"')
	}
	array.WriteByte('}')
	return array.String()
}

var arrayEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// fillLists brings long lists in by COPY where the driver is lib/pq, and in batches
// of arrays where it is another.
func fillLists(ctx context.Context, c *sqlstore.Conn, lists []filter.LongList) error {
	for _, statement := range []string{"create_filter_values", "clear_filter_values"} {
		if _, err := c.ExecText(ctx, statement, nil, sqlstore.Args{}); err != nil {
			return err
		}
	}
	if _, ok := c.Driver().(*pq.Driver); ok {
		return copyLists(ctx, c, lists)
	}
	for _, list := range lists {
		if err := addList(ctx, c, list); err != nil {
			return err
		}
	}
	return nil
}

func copyLists(ctx context.Context, c *sqlstore.Conn, lists []filter.LongList) (err error) {
	copying, err := c.PrepareText(ctx, "copy_filter_values")
	if err != nil {
		return err
	}
	defer func() {
		if closed := copying.Close(); err == nil {
			err = closed
		}
	}()
	for _, list := range lists {
		for _, value := range valuesOf(list) {
			if err := copying.Row(ctx, list.Number, value); err != nil {
				return err
			}
		}
	}
	return copying.Row(ctx)
}

// addList adds a list in batches: one array with all of it would be held three times
// over.
func addList(ctx context.Context, c *sqlstore.Conn, list filter.LongList) error {
	const batch = 10_000
	for values := range slices.Chunk(valuesOf(list), batch) {
		_, err := c.ExecText(ctx, "add_filter_values", nil, sqlstore.Args{
			"list": list.Number, "values": arrayText(values),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// valuesOf is a list as the table keeps it.
func valuesOf(list filter.LongList) []string {
	if list.Numbers == nil {
		return list.Texts
	}
	values := make([]string, len(list.Numbers))
	for i, number := range list.Numbers {
		values[i] = decimalText(number)
	}
	return values
}
