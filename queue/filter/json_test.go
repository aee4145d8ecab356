package filter_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
)

func TestParse(t *testing.T) {
	t.Parallel()

	contains := func(value string) filter.Expr { return filter.Text("first_name").Contains(value) }
	tests := []struct {
		name string
		json string
		want filter.Expr
	}{
		{"nothing matches everybody", "", nil},
		{"blanks match everybody", " \t\r\n", nil},
		{"null matches everybody", "null", nil},
		{"the empty object matches everybody", "{}", nil},
		{"a member that is null is as if it were not there", `{"first_name_contains": null}`, nil},
		{"an empty text matches everybody", `{"first_name_contains": ""}`, nil},
		{"a text is a condition", `{"first_name_contains": "B"}`, contains("B")},
		{"blanks around it do not matter", "\n { \"first_name_contains\" : \"B\" } \t", contains("B")},
		{"blanks inside it do", `{"first_name_contains": " B "}`, contains(" B ")},
		{"escapes are read", `{"first_name_contains": "\u00c9\"\\\n"}`, contains("É\"\\\n")},
		{"a character beyond 16 bits is read", `{"first_name_contains": "\ud83d\ude00"}`, contains("😀")},
		{"characters beyond 16 bits follow one another", `{"first_name_contains": "\uD83D\uDE00\ud83d\ude00"}`, contains("😀😀")},
		{"what looks like an escape is none behind a backslash", `{"first_name_contains": "\\ud83d"}`, contains(`\ud83d`)},
		{"a replacement character that was meant is read", `{"first_name_contains": "\ufffd"}`, contains("\ufffd")},
		{"a text that looks like an object is a text", `{"first_name_contains": "{\"first_name_contains\": 1}"}`, contains(`{"first_name_contains": 1}`)},
		{"percent signs, underscores and quotes stay", `{"first_name_contains": "%_'"}`, contains("%_'")},
		{"256 bytes are read", `{"first_name_contains": "` + strings.Repeat("B", 256) + `"}`, contains(strings.Repeat("B", 256))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			expr, err := filter.Parse([]byte(test.json))
			require.NoError(t, err)
			require.Equal(t, test.want, expr)
		})
	}
}

func TestParseRefusesBadInput(t *testing.T) {
	t.Parallel()

	const (
		noObject = "must be a JSON object"
		noString = "must be a string"
		contains = "filters.first_name_contains"
	)
	tests := []struct {
		name, json, field, problem string
	}{
		{"an array", `[]`, "filters", noObject},
		{"an array of filters", `[{"first_name_contains": "B"}]`, "filters", noObject},
		{"a number", `42`, "filters", noObject},
		{"a string", `"B"`, "filters", noObject},
		{"a truth value", `true`, "filters", noObject},
		{"half an object", `{"first_name_contains": "B"`, "filters", noObject},
		{"two objects", `{} {}`, "filters", noObject},
		{"an object and more", `{}x`, "filters", noObject},
		{"single quotes", `{'first_name_contains': 'B'}`, "filters", noObject},
		{"a comma too many", `{"first_name_contains": "B",}`, "filters", noObject},
		{"a comment", `{} // everybody`, "filters", noObject},
		{"a byte order mark", "\ufeff{}", "filters", noObject},
		{"NUL bytes", "\x00\x00", "filters", noObject},
		{"a raw NUL in a text", "{\"first_name_contains\": \"\x00\"}", "filters", noObject},
		{"XML", `<filters/>`, "filters", noObject},
		{"bytes that are no text", "{\"first_name_contains\": \"\xff\"}", "filters", "is not UTF-8"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "filters", "is not UTF-8"},
		{"a member that is a number", `{"first_name_contains": 4}`, contains, noString},
		{"a member that is a truth value", `{"first_name_contains": false}`, contains, noString},
		{"a member that is an array", `{"first_name_contains": ["B"]}`, contains, noString},
		{"a member that is an object", `{"first_name_contains": {"$ne": ""}}`, contains, noString},
		{"an escaped NUL", `{"first_name_contains": "B\u0000"}`, contains, "contains a NUL character"},
		{"257 bytes", `{"first_name_contains": "` + strings.Repeat("B", 257) + `"}`, contains, "is longer than 256 bytes"},
		{"a million characters", `{"first_name_contains": "` + strings.Repeat("B", 1_000_000) + `"}`, contains, "is longer than 256 bytes"},
		{"an unknown member is named", `{"shoe_size": 42}`, "filters", `unknown member "shoe_size"`},
		{"an unknown member beside a known one", `{"first_name_contains": "B", "shoe_size": 42}`, "filters", `unknown member "shoe_size"`},
		{"the first of several unknown members, by name", `{"zebra": 1, "ant": 1}`, "filters", `unknown member "ant"`},
		{"an unknown member that is null", `{"shoe_size": null}`, "filters", `unknown member "shoe_size"`},
		{"an unknown field with a known operator", `{"phone_contains": "504"}`, "filters", `unknown member "phone_contains"`},
		{"a known field with an unknown operator", `{"first_name_equals": "B"}`, "filters", `unknown member "first_name_equals"`},
		{"a field without an operator", `{"first_name": "B"}`, "filters", `unknown member "first_name"`},
		{"an operator without a field", `{"_contains": "B"}`, "filters", `unknown member "_contains"`},
		{"another case", `{"First_Name_Contains": "B"}`, "filters", `unknown member "First_Name_Contains"`},
		{"a member that is there twice", `{"first_name_contains": "B", "first_name_contains": "C"}`, "filters", `member "first_name_contains" is there twice`},
		{"a member that is there twice and says the same", `{"first_name_contains": "B", "first_name_contains": "B"}`, "filters", `member "first_name_contains" is there twice`},
		{"a member that is there twice, once as null", `{"first_name_contains": null, "first_name_contains": "B"}`, "filters", `member "first_name_contains" is there twice`},
		{"a member that is there twice, once escaped", `{"first_name_contains": "B", "\u0066irst_name_contains": "C"}`, "filters", `member "first_name_contains" is there twice`},
		{"an unknown member that is there twice", `{"shoe_size": {}, "shoe_size": [1]}`, "filters", `member "shoe_size" is there twice`},
		{"the first half of a character", `{"first_name_contains": "\ud83d"}`, contains, "contains half a character"},
		{"the second half of a character", `{"first_name_contains": "B\ude00"}`, contains, "contains half a character"},
		{"the halves of a character in the wrong order", `{"first_name_contains": "\ude00\ud83d"}`, contains, "contains half a character"},
		{"a character and half of another", `{"first_name_contains": "\ud83d\ude00\ud83d"}`, contains, "contains half a character"},
		{"half a character and what looks like the other half", `{"first_name_contains": "\ud83dude00"}`, contains, "contains half a character"},
		{"half a character before another escape", `{"first_name_contains": "\ud83d\n\ude00"}`, contains, "contains half a character"},
		{"no name", `{"": "B"}`, "filters", `unknown member ""`},
		{"a name with a quote and a NUL is quoted", `{"a\"\u0000": 1}`, "filters", `unknown member "a\"\x00"`},
		{
			"a name of a million characters is cut", `{"` + strings.Repeat("a", 1_000_000) + `": 1}`,
			"filters", `unknown member "` + strings.Repeat("a", 40) + `…"`,
		},
		{
			"a name is cut between characters", `{"` + strings.Repeat("大", 30) + `": 1}`,
			"filters", `unknown member "` + strings.Repeat("大", 13) + `…"`,
		},
		{"arrays nested a million deep", strings.Repeat("[", 1_000_000), "filters", noObject},
		{
			"a value nested a hundred thousand deep",
			`{"first_name_contains": ` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, "filters", noObject,
		},
		{
			"a value nested a thousand deep",
			`{"first_name_contains": ` + strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000) + `}`, contains, noString,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			expr, err := filter.Parse([]byte(test.json))
			requireFieldError(t, err, test.field, test.problem)
			require.LessOrEqual(t, len(err.Error()), 200, "an error fits on a line")
			require.Nil(t, expr, "what is refused is not returned for use by mistake")
		})
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()

	t.Run("no filter is null", func(t *testing.T) {
		t.Parallel()

		require.JSONEq(t, "null", string(filter.Describe(nil)))
	})
	t.Run("a condition is what a caller would have sent", func(t *testing.T) {
		t.Parallel()

		require.JSONEq(t, `{"first_name_contains": "B"}`, string(filter.Describe(filter.Text("first_name").Contains("B"))))
	})
	t.Run("equal filters are described byte for byte alike", func(t *testing.T) {
		t.Parallel()

		one, err := filter.Parse([]byte(`{"first_name_contains":"\u0042<"}`))
		require.NoError(t, err)
		two, err := filter.Parse([]byte(` { "first_name_contains" : "B<" } `))
		require.NoError(t, err)
		require.Equal(t, string(filter.Describe(one)), string(filter.Describe(two)))
	})
	t.Run("what is described parses back to itself", func(t *testing.T) {
		t.Parallel()

		require.Nil(t, parse(t, filter.Describe(nil)))
		rapid.Check(t, func(t *rapid.T) {
			expr := filter.Text("first_name").Contains(text().Draw(t, "value"))
			require.Equal(t, expr, parse(t, filter.Describe(expr)))
		})
	})
	t.Run("different filters are described differently", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			one, two := text().Draw(t, "one"), text().Draw(t, "two")
			require.Equal(t, one == two,
				string(filter.Describe(filter.Text("first_name").Contains(one))) ==
					string(filter.Describe(filter.Text("first_name").Contains(two))))
		})
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "null", "{}", `{"first_name_contains": "B"}`, `{"first_name_contains": null}`, `{"first_name_contains": "%_\\'"}`,
		`{"first_name_contains": "\u0000"}`, `{"first_name_contains": "\ud800"}`, `{"shoe_size": 42}`, `[]`, `42`,
		`{"first_name_contains": "B", "first_name_contains": 1}`, "\xff", strings.Repeat("[", 20_000),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		expr, err := filter.Parse(data)
		if err != nil {
			require.ErrorIs(t, err, outdial.ErrInvalid)
			require.LessOrEqual(t, len(err.Error()), 400)
			return
		}
		for _, dialect := range []filter.Dialect{postgres, sqlite} {
			fragment, err := filter.Compile(expr, dialect)
			require.NoError(t, err)
			require.NotEmpty(t, fragment.SQL)
			require.NotNil(t, fragment.Args)
		}
		described := filter.Describe(expr)
		require.True(t, json.Valid(described))
		require.Equal(t, expr, parse(t, described))
		require.Equal(t, expr == nil, filter.Match(expr, outdial.Contact{}), "only no filter matches a contact without a name")
	})
}

func parse(t require.TestingT, data []byte) filter.Expr {
	expr, err := filter.Parse(data)
	require.NoError(t, err)
	return expr
}

// text draws a value that a condition accepts, with more than its share of what
// SQL and JSON treat in a special way.
func text() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-zA-Z]{1,10}`),
		rapid.StringMatching(`[%_\\'"<>&:?$;/* -]{1,20}`),
		rapid.StringN(1, 40, 256),
	).Filter(func(value string) bool { return !strings.ContainsRune(value, 0) })
}
