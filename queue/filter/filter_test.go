package filter_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
)

func TestMatch(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name      string
		value     string
		firstName string
		want      bool
	}{
		{"the whole name", "Bette", "Bette", true},
		{"the beginning", "B", "Bette", true},
		{"the middle", "ett", "Bette", true},
		{"the end", "te", "Bette", true},
		{"another name", "B", "Josephine", false},
		{"lower case finds upper case", "b", "Bette", true},
		{"upper case finds lower case", "ETTE", "Bette", true},
		{"upper and lower case beyond ASCII are one too", "é", "ÉLODIE", true},
		{"Greek has two cases, and sigma three forms", "ΣΊΣΥΦΟΣ", "σίσυφος", true},
		{"Cyrillic has two cases", "ЖЕНЯ", "Евженя", true},
		{"a sign that folds to a letter is that letter", "\u212A", "kim", true},
		{"a long s is an s", "S", "Luiſe", true},
		{"a sharp s is no double s", "ss", "Weiß", false},
		{"a sharp s has a capital", "ẞ", "Weiß", true},
		{"a dotted capital I is no plain i", "i", "İ", false},
		{"a dotless i is no plain I", "I", "Yıldız", false},
		{"an accent that stands by itself is another text", "é", "e\u0301", false},
		{"more than the name", "Bettes", "Bette", false},
		{"a percent sign is itself", "%", "100%", true},
		{"a percent sign is no wildcard", "B%e", "Bette", false},
		{"an underscore is itself", "_", "a_b", true},
		{"an underscore is no wildcard", "B_tte", "Bette", false},
		{"a backslash is itself", `\`, `a\b`, true},
		{"a backslash escapes nothing", `\B`, "Bette", false},
		{"a quote is itself", "'", "D'Angelo", true},
		{"SQL is text", "' OR '1'='1", "Bette", false},
		{"a blank is a character", " ", "Bette", false},
		{"an empty field contains nothing", "B", "", false},
		{"an empty value is in every field", "", "Bette", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			expr := filter.Text("first_name").Contains(test.value)
			contact := outdial.Contact{FirstName: test.firstName, LastName: test.value, Company: test.value}
			require.Equal(t, test.want, expr.Match(contact))
			require.Equal(t, test.want, filter.Match(expr, contact))
		})
	}

	t.Run("no filter matches everybody", func(t *testing.T) {
		t.Parallel()

		require.True(t, filter.Match(nil, outdial.Contact{}))
		require.True(t, filter.Match(nil, outdial.Contact{FirstName: "Bette"}))
	})
	t.Run("an unknown field matches nobody", func(t *testing.T) {
		t.Parallel()

		require.False(t, filter.Match(filter.Text("shoe_size").Contains("4"), outdial.Contact{FirstName: "4"}))
	})
	t.Run("a name contains every part of itself, in any case", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			name := rapid.StringMatching(`[A-Za-z%_'\\ -]{1,20}`).Draw(t, "name")
			from := rapid.IntRange(0, len(name)).Draw(t, "from")
			to := rapid.IntRange(from, len(name)).Draw(t, "to")
			for _, part := range []string{name[from:to], strings.ToUpper(name[from:to]), strings.ToLower(name[from:to])} {
				require.True(t, filter.Match(filter.Text("first_name").Contains(part), outdial.Contact{FirstName: name}))
			}
		})
	})
}

func TestCheck(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name string
		expr filter.Expr
		// field and problem are what the error says; no field is no error.
		field, problem string
	}{
		{name: "no filter is fine", expr: nil},
		{
			name: "an empty text is refused", expr: filter.Text("first_name").Contains(""),
			field: "filters.first_name_contains", problem: "is empty",
		},
		{name: "a known field is fine", expr: filter.Text("first_name").Contains("B")},
		{name: "any script is fine", expr: filter.Text("first_name").Contains("Ωμέγα 大")},
		{name: "256 bytes are fine", expr: filter.Text("first_name").Contains(strings.Repeat("B", 256))},
		{
			name: "257 bytes are too long", expr: filter.Text("first_name").Contains(strings.Repeat("B", 257)),
			field: "filters.first_name_contains", problem: "is longer than 256 bytes",
		},
		{
			name: "bytes count, not characters", expr: filter.Text("first_name").Contains(strings.Repeat("é", 129)),
			field: "filters.first_name_contains", problem: "is longer than 256 bytes",
		},
		{
			name: "a million characters are too long", expr: filter.Text("first_name").Contains(strings.Repeat("B", 1_000_000)),
			field: "filters.first_name_contains", problem: "is longer than 256 bytes",
		},
		{
			name: "bytes that are no text are refused", expr: filter.Text("first_name").Contains("B\xff"),
			field: "filters.first_name_contains", problem: "is not UTF-8",
		},
		{
			name: "a NUL is refused", expr: filter.Text("first_name").Contains("B\x00"),
			field: "filters.first_name_contains", problem: "contains a NUL character",
		},
		{
			name: "an unknown field is named", expr: filter.Text("shoe_size").Contains("4"),
			field: "filters.shoe_size", problem: "is not a field that can be filtered on",
		},
		{
			name: "a column of the table that is no field is refused", expr: filter.Text("phone").Contains("504"),
			field: "filters.phone", problem: "is not a field that can be filtered on",
		},
		{
			name: "SQL is no field", expr: filter.Text("first_name OR 1=1").Contains("B"),
			field: "filters.first_name OR 1=1", problem: "is not a field that can be filtered on",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			err := filter.Check(test.expr)
			fragment, compileErr := filter.Compile(test.expr, postgres)
			if test.field == "" {
				require.NoError(t, err)
				require.NoError(t, compileErr)
				return
			}
			requireFieldError(t, err, test.field, test.problem)
			requireFieldError(t, compileErr, test.field, test.problem)
			require.Zero(t, fragment, "nothing is compiled")
		})
	}
}

func requireFieldError(t require.TestingT, err error, field, problem string) {
	require.ErrorIs(t, err, outdial.ErrInvalid)
	var fieldError *outdial.FieldError
	require.ErrorAs(t, err, &fieldError)
	require.Equal(t, field, fieldError.Field)
	require.Equal(t, problem, fieldError.Problem)
}
