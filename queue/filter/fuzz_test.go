package filter_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
)

func FuzzParse(f *testing.F) {
	for _, seed := range fuzzSeeds() {
		f.Add([]byte(seed))
	}
	row := filter.Row{
		Contact:   outdial.Contact{ID: ann, FirstName: "Bette", Phone: "+15046218927", Attributes: json.RawMessage(`{"Shoe size": "42", "vip": true, "topics": ["a", 1]}`)},
		CreatedAt: now,
		Columns:   map[string]any{"staff_count": int64(5), "score": 1.5, "tags": []string{"vip"}, "annual_revenue_min": 5, "owner_id": bob},
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		expr, err := filter.Parse(data)
		if err != nil {
			requireOneLine(t, err)
			require.Nil(t, expr)
			return
		}
		described := filter.Describe(expr)
		require.True(t, json.Valid(described))
		again := parse(t, string(described))
		require.Equal(t, expr, again)
		require.Equal(t, string(described), string(filter.Describe(again)))
		require.True(t, json.Valid(filter.Summarize(expr)))

		if err := filter.Check(expr, host); err != nil {
			requireOneLine(t, err)
			_, err = filter.Compile(expr, dialect, now)
			requireOneLine(t, err)
			filter.Match(expr, row, now)
			return
		}
		fragment := compiled(t, expr)
		require.NotEmpty(t, fragment.SQL)
		require.NotNil(t, fragment.Args)
		require.Regexp(t, alphabet, fragment.SQL)
		require.Regexp(t, alphabet, fragment.Joins)
		require.Equal(t, strings.Count(fragment.Joins, "\n"), len(fragment.Lists))
		known := resolved(t, expr)
		require.Equal(t, filter.Match(known, row, now), filter.Match(known, row, now))
	})
}

func requireOneLine(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, outdial.ErrInvalid)
	var fieldError *outdial.FieldError
	require.ErrorAs(t, err, &fieldError)
	require.Regexp(t, `^filters\b`, fieldError.Field)
	require.LessOrEqual(t, len(err.Error()), 300)
}

// fuzzSeeds are filters of every kind, broken ones, and harmful texts wherever a
// caller can put one.
func fuzzSeeds() []string {
	seeds := []string{
		"", "null", "{}", "[]", "42", "\xff", strings.Repeat("[", 20_000), `{"first_name_contains": null}`,
		`{"first_name_contains": "B"}`, `{"first_name_contains": "%_\\'"}`, `{"first_name_contains": "\u0000"}`,
		`{"first_name_contains": "\ud800"}`, `{"first_name_contains": "B", "first_name_contains": 1}`, `{"shoe_size": 42}`,
		nestedGroups(3, "NOT"), nestedGroups(20, "OR"), nestedGroups(21, "AND"), groupOf(3, emptyRegion),
		`{"logic": "NOT", "conditions": []}`, `{"logic": "AND", "conditions": [{}]}`, `{"logic": "AND", "field": "x"}`,
		number("score", "1e999999999"), number("score", "-0"), number("score", "1.0"), number("staff_count", "1e2"),
		`{"field": "phone", "operator": "in", "value": ["+15046218927"]}`, `{"field": "email", "operator": "equals", "value": "A@b.org"}`,
		`{"field": "nickname", "operator": "in", "value": ["é", "ς", "\u212a", "e", "f", "g"]}`,
	}
	for _, field := range host.All() {
		for _, operator := range field.Operators() {
			seeds = append(seeds, string(filter.Describe(condition(field, operator))))
		}
	}
	for _, injection := range injections {
		quoted, _ := json.Marshal(injection)
		for _, form := range []string{
			`{"first_name_contains": %s}`,
			`{%s: "B"}`,
			`{"field": %s, "operator": "contains", "value": "B"}`,
			`{"field": "nickname", "operator": %s, "value": "B"}`,
			`{"field": "nickname", "operator": "contains", "value": %s}`,
			`{"field": "source", "operator": "not_in", "value": [%[1]s, "b", "c", "d", "e", %[1]s]}`,
			`{"field": "tags", "operator": "all_of", "value": ["a", %s]}`,
			`{"field": "signed_at", "operator": "between", "value": ["2026-11-02", %s]}`,
			`{"logic": %s, "conditions": [{"field": "nickname", "operator": "is_empty"}]}`,
			`{"logic": "NOT", "conditions": [{"field": "note", "operator": "ends_with", "value": %s}]}`,
		} {
			seeds = append(seeds, fmt.Sprintf(form, quoted))
		}
	}
	return seeds
}
