package filter_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue/filter"
)

func TestParseRefusesWhatIsNoFilter(t *testing.T) {
	t.Parallel()

	const (
		noObject = "must be a JSON object"
		noString = "must be a string"
		contains = "filters.first_name_contains"
		half     = "contains half a character"
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
		{"null and more", `null {}`, "filters", noObject},
		{"single quotes", `{'first_name_contains': 'B'}`, "filters", noObject},
		{"a comma too many", `{"first_name_contains": "B",}`, "filters", noObject},
		{"a comment", `{} // everybody`, "filters", noObject},
		{"a byte order mark", "\ufeff{}", "filters", noObject},
		{"NUL bytes", "\x00\x00", "filters", noObject},
		{"a raw NUL in a text", "{\"first_name_contains\": \"\x00\"}", "filters", noObject},
		{"a number that is no JSON", number("x", "+1"), "filters", noObject},
		{"a hexadecimal number", number("x", "0x1"), "filters", noObject},
		{"a number with a zero in front", number("x", "01"), "filters", noObject},
		{"no number", number("x", "NaN"), "filters", noObject},
		{"XML", `<filters/>`, "filters", noObject},
		{"bytes that are no text", "{\"first_name_contains\": \"\xff\"}", "filters", "is not UTF-8"},
		{"half a character in UTF-8", "{\"first_name_contains\": \"\xed\xa0\x80\"}", "filters", "is not UTF-8"},
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
		{"the first of several unknown members", `{"zebra": 1, "ant": 1}`, "filters", `unknown member "zebra"`},
		{"an unknown member that is null", `{"shoe_size": null}`, "filters", `unknown member "shoe_size"`},
		{"another field in the older form", `{"phone_contains": "504"}`, "filters", `unknown member "phone_contains"`},
		{"another operator in the older form", `{"first_name_equals": "B"}`, "filters", `unknown member "first_name_equals"`},
		{"a field as a member", `{"first_name": "B"}`, "filters", `unknown member "first_name"`},
		{"an operator without a field", `{"_contains": "B"}`, "filters", `unknown member "_contains"`},
		{"another case", `{"First_Name_Contains": "B"}`, "filters", `unknown member "First_Name_Contains"`},
		{"a member that is there twice", `{"first_name_contains": "B", "first_name_contains": "C"}`, "filters", `member "first_name_contains" is there twice`},
		{"a member that is there twice and says the same", `{"first_name_contains": "B", "first_name_contains": "B"}`, "filters", `member "first_name_contains" is there twice`},
		{"a member that is there twice, once as null", `{"first_name_contains": null, "first_name_contains": "B"}`, "filters", `member "first_name_contains" is there twice`},
		{"a member that is there twice, once escaped", `{"first_name_contains": "B", "\u0066irst_name_contains": "C"}`, "filters", `member "first_name_contains" is there twice`},
		{"the first half of a character", `{"first_name_contains": "\ud83d"}`, contains, half},
		{"the second half of a character", `{"first_name_contains": "B\ude00"}`, contains, half},
		{"the halves of a character in the wrong order", `{"first_name_contains": "\ude00\ud83d"}`, contains, half},
		{"a character and half of another", `{"first_name_contains": "\ud83d\ude00\ud83d"}`, contains, half},
		{"half a character and what looks like the other half", `{"first_name_contains": "\ud83dude00"}`, contains, half},
		{"half a character before another escape", `{"first_name_contains": "\ud83d\n\ude00"}`, contains, half},
		{"no name", `{"": "B"}`, "filters", `unknown member ""`},
		{"a name with a quote and a NUL is quoted", `{"a\"\u0000": 1}`, "filters", `unknown member "a\"\x00"`},
		{"a name that is half a character", `{"\ud800": 1}`, "filters", `unknown member "�"`},
		{
			"a name of a million characters is cut", `{"` + strings.Repeat("a", 1_000_000) + `": 1}`,
			"filters", `unknown member "` + strings.Repeat("a", 40) + `…"`,
		},
		{
			"a name is cut between characters", `{"` + strings.Repeat("大", 30) + `": 1}`,
			"filters", `unknown member "` + strings.Repeat("大", 13) + `…"`,
		},
		{
			"a name of forty NULs", `{"` + strings.Repeat(`\u0000`, 50) + `": 1}`,
			"filters", `unknown member "` + strings.Repeat(`\x00`, 40) + `…"`,
		},
		{"the older form beside a condition", `{"first_name_contains": "B", "field": "x", "operator": "is_empty"}`, contains, "cannot be combined with other members"},
		{"the older form beside a group", `{"logic": "AND", "conditions": [` + emptyRegion + `], "first_name_contains": null}`, contains, "cannot be combined with other members"},
		{"the older form in a group", groupOf(1, `{"first_name_contains": "B"}`), "filters", `unknown member "first_name_contains"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			requireUnread(t, test.json, test.field, test.problem)
		})
	}
}

func requireUnread(t require.TestingT, text, field, problem string) {
	expr, err := filter.Parse([]byte(text))
	requireFieldError(t, err, field, problem)
	require.Nil(t, expr, "what is refused is not returned for use by mistake")
}

func TestParseRefusesBadConditions(t *testing.T) {
	t.Parallel()

	const noScalar = "must be text, a number, true or false, or a list of such"
	tests := []struct {
		name, json, field, problem string
	}{
		{"an unknown operator", `{"field": "x", "operator": "like", "value": "B"}`, "filters.x", `cannot be asked "like": there is no such operator`},
		{"an operator in capitals", `{"field": "x", "operator": "EQUALS", "value": "B"}`, "filters.x", `cannot be asked "EQUALS": there is no such operator`},
		{"an operator of SQL", `{"field": "x", "operator": "= 1 OR 1 =", "value": 1}`, "filters.x", `cannot be asked "= 1 OR 1 =": there is no such operator`},
		{"no operator", `{"field": "x", "value": "B"}`, "filters.x", `cannot be asked "": there is no such operator`},
		{"an operator that is null", `{"field": "x", "operator": null}`, "filters.x", `cannot be asked "": there is no such operator`},
		{
			"an operator of a million characters is cut", `{"field": "x", "operator": "` + strings.Repeat("a", 1_000_000) + `"}`,
			"filters.x", `cannot be asked "` + strings.Repeat("a", 40) + `…": there is no such operator`,
		},
		{"an operator that is a number", `{"field": "x", "operator": 1}`, "filters.operator", "must be a string"},
		{"an operator with half a character", `{"field": "x", "operator": "\ud800"}`, "filters.operator", "contains half a character"},
		{"no field", `{"operator": "equals", "value": "B"}`, "filters.field", "is missing in a condition"},
		{"a field without a name", `{"field": "", "operator": "is_empty"}`, "filters.field", "is missing in a condition"},
		{"a field that is null", `{"field": null, "operator": "is_empty"}`, "filters.field", "is missing in a condition"},
		{"a field that is a list", `{"field": ["x"], "operator": "is_empty"}`, "filters.field", "must be a string"},
		{"a field with half a character", `{"field": "x\udc00", "operator": "is_empty"}`, "filters.field", "contains half a character"},
		{"a value alone", `{"value": "B"}`, "filters.field", "is missing in a condition"},
		{"a member that no condition has", `{"field": "x", "operator": "is_empty", "not": true}`, "filters", `unknown member "not"`},
		{"a field that is there twice", `{"field": "x", "field": "y", "operator": "is_empty"}`, "filters", `member "field" is there twice`},
		{"a value that is there twice", `{"field": "x", "operator": "equals", "value": 1, "value": 1}`, "filters", `member "value" is there twice`},

		{"a list where one value belongs", `{"field": "x", "operator": "equals", "value": ["B"]}`, "filters.x", `must have no list with "equals"`},
		{"a list of days", `{"field": "x", "operator": "within_last_days", "value": [1]}`, "filters.x", `must have no list with "within_last_days"`},
		{"a list where nothing belongs", `{"field": "x", "operator": "is_empty", "value": []}`, "filters.x", `must have no list with "is_empty"`},
		{"one value where a list belongs", `{"field": "x", "operator": "in", "value": "B"}`, "filters.x", `must have a list with "in"`},
		{"one value where two belong", `{"field": "x", "operator": "between", "value": 5}`, "filters.x", `must have a list with "between"`},
		{"one tag where a list belongs", `{"field": "x", "operator": "any_of", "value": "vip"}`, "filters.x", `must have a list with "any_of"`},
		{"an empty list", `{"field": "x", "operator": "in", "value": []}`, "filters.x", `must have a list of values with "in", and not an empty one`},
		{"null where a list belongs", `{"field": "x", "operator": "in", "value": null}`, "filters.x", `must have a list of values with "in", and not an empty one`},
		{"null where a value belongs", `{"field": "x", "operator": "equals", "value": null}`, "filters.x", `must have one value with "equals"`},
		{"no value where one belongs", `{"field": "x", "operator": "equals"}`, "filters.x", `must have one value with "equals"`},
		{"three values where two belong", `{"field": "x", "operator": "between", "value": [1, 2, 3]}`, "filters.x", `must have a list of two values with "between"`},
		{"one value in the list where two belong", `{"field": "x", "operator": "between", "value": [1]}`, "filters.x", `must have a list of two values with "between"`},
		{"a value where nothing belongs", `{"field": "x", "operator": "is_not_empty", "value": false}`, "filters.x", `must have no value with "is_not_empty"`},
		{
			"more values than a list may be asked for", `{"field": "x", "operator": "all_of", "value": [` + strings.Repeat(`"a",`, 100) + `"a"]}`,
			"filters.x", `has more than 100 values with "all_of"`,
		},
		{"null in a list", `{"field": "x", "operator": "in", "value": ["a", null]}`, "filters.x", noScalar},
		{"a list in a list", `{"field": "x", "operator": "in", "value": [["a"]]}`, "filters.x", noScalar},
		{"an object in a list", `{"field": "x", "operator": "in", "value": ["a", {"b": 1}]}`, "filters.x", noScalar},
		{"an object as a value", `{"field": "x", "operator": "equals", "value": {"$gt": ""}}`, "filters.x", noScalar},
		{"an object as a value before its field", `{"value": {"$gt": ""}, "field": "x", "operator": "equals"}`, "filters", noScalar},
		{"half a character in a value", `{"field": "x", "operator": "equals", "value": "\ud83d"}`, "filters.x", "contains half a character"},
		{"half a character in a list", `{"field": "x", "operator": "in", "value": ["a", "b\udc00", "c"]}`, "filters.x", "contains half a character"},
		{
			"two halves in two texts", `{"field": "x", "operator": "in", "value": ["\ud83d", "\ude00"]}`,
			"filters.x", "contains half a character",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			requireUnread(t, test.json, test.field, test.problem)
			requireUnread(t, groupOf(1, test.json), test.field, test.problem)
			requireUnread(t, `{"logic": "NOT", "conditions": [`+groupOf(2, test.json)+`]}`, test.field, test.problem)
		})
	}
}

func TestParseRefusesBadGroups(t *testing.T) {
	t.Parallel()

	const (
		noLogic = "must be AND, OR or NOT"
		noList  = "must be a list of conditions"
		oneOnly = "must hold exactly one condition below NOT"
		nobody  = "is empty; leave filters out to match everybody"
	)
	group := func(logic, conditions string) string {
		return `{"logic": ` + logic + `, "conditions": ` + conditions + `}`
	}
	few := `[` + emptyRegion + `]`
	tests := []struct {
		name, json, field, problem string
	}{
		{"a logic in lower case", group(`"and"`, few), "filters.logic", noLogic},
		{"a logic that there is not", group(`"XOR"`, few), "filters.logic", noLogic},
		{"a logic that is null", group(`null`, few), "filters.logic", noLogic},
		{"a logic that is a list", group(`["AND"]`, few), "filters.logic", "must be a string"},
		{"a logic with half a character", group(`"\ud800"`, few), "filters.logic", "contains half a character"},
		{"no logic", `{"conditions": ` + few + `}`, "filters.logic", noLogic},
		{"no conditions", `{"logic": "AND"}`, "filters.conditions", nobody},
		{"an empty list of conditions", group(`"AND"`, `[]`), "filters.conditions", nobody},
		{"an empty list of alternatives", group(`"OR"`, `[]`), "filters.conditions", nobody},
		{"conditions that are null", group(`"AND"`, `null`), "filters.conditions", noList},
		{"conditions that are one condition", group(`"AND"`, emptyRegion), "filters.conditions", noList},
		{"conditions that are a text", group(`"AND"`, `"all"`), "filters.conditions", noList},
		{"a condition that is null", group(`"AND"`, `[null]`), "filters.conditions", noList},
		{"a condition that is a list", group(`"AND"`, `[`+few+`]`), "filters.conditions", noList},
		{"a condition that is a text", group(`"AND"`, `["all"]`), "filters.conditions", noList},
		{"a condition with nothing in it", group(`"AND"`, `[{}]`), "filters.conditions", "contains an empty object"},
		{"a NOT of nothing", group(`"NOT"`, `[]`), "filters.conditions", oneOnly},
		{"a NOT without conditions", `{"logic": "NOT"}`, "filters.conditions", oneOnly},
		{"a NOT of two", group(`"NOT"`, `[`+emptyRegion+`,`+emptyRegion+`]`), "filters.conditions", oneOnly},
		{
			"a group that is a condition too", `{"logic": "AND", "conditions": ` + few + `, "field": "x"}`,
			"filters", "has an object that is a group and a condition at once",
		},
		{
			"a condition that has a logic", `{"field": "x", "operator": "is_empty", "logic": "NOT"}`,
			"filters", "has an object that is a group and a condition at once",
		},
		{"a logic that is there twice", `{"logic": "AND", "logic": "OR", "conditions": ` + few + `}`, "filters", `member "logic" is there twice`},
		{"conditions that are there twice", `{"logic": "AND", "conditions": ` + few + `, "conditions": ` + few + `}`, "filters", `member "conditions" is there twice`},
		{"an unknown member in a group", `{"logic": "AND", "name": "x", "conditions": ` + few + `}`, "filters", `unknown member "name"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			requireUnread(t, test.json, test.field, test.problem)
			requireUnread(t, groupOf(1, test.json), test.field, test.problem)
			requireUnread(t, groupOf(1, groupOf(1, test.json)), test.field, test.problem)
		})
	}
}

func TestParseRefusesQuicklyWhatIsTooMuch(t *testing.T) {
	t.Parallel()

	const (
		noObject = "must be a JSON object"
		tooDeep  = "is nested deeper than 20 groups"
	)
	tests := []struct {
		name, json, field, problem string
	}{
		{"21 groups", nestedGroups(21, "AND"), "filters", tooDeep},
		{"21 times NOT", nestedGroups(21, "NOT"), "filters", tooDeep},
		{"a thousand groups", nestedGroups(1000, "OR"), "filters", tooDeep},
		{"a hundred thousand groups", nestedGroups(100_000, "AND"), "filters", noObject},
		{"arrays nested a million deep", strings.Repeat("[", 1_000_000), "filters", noObject},
		{
			"a value nested a hundred thousand deep",
			`{"first_name_contains": ` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, "filters", noObject,
		},
		{
			"a value nested a thousand deep",
			`{"first_name_contains": ` + strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000) + `}`,
			"filters.first_name_contains", "must be a string",
		},
		{"more conditions than may be read", groupOf(100_000, emptyRegion), "filters", "has more than 500 conditions"},
		{"more groups than may be read", groupOf(100_000, groupOf(1, emptyRegion)), "filters", "has more than 500 conditions"},
		{
			"100,001 values", `{"field": "region", "operator": "in", "value": [` + strings.Repeat(`"x",`, 100_000) + `"x"]}`,
			"filters.region", "has more than 100000 values, with those of the other lists",
		},
		{
			"100,001 values in many lists",
			groupOf(101, `{"field": "region", "operator": "in", "value": [`+strings.Repeat(`1,`, 999)+`1]}`),
			"filters.region", "has more than 100000 values, with those of the other lists",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			began := time.Now()
			requireUnread(t, test.json, test.field, test.problem)
			require.Less(t, time.Since(began), 5*time.Second, "also under the race detector")
		})
	}

	t.Run("the 501st condition ends the reading", func(t *testing.T) {
		t.Parallel()

		requireUnread(t, groupOf(501, emptyRegion), "filters", "has more than 500 conditions")
	})
	t.Run("and so does the 501st group", func(t *testing.T) {
		t.Parallel()

		requireUnread(t, groupOf(500, `{"logic":"NOT","conditions":[{"logic":"NOT","conditions":[`+emptyRegion+`]}]}`),
			"filters", "has more than 500 groups")
	})
	t.Run("the two values of between count towards those of lists", func(t *testing.T) {
		t.Parallel()

		list := `{"field": "region", "operator": "in", "value": [` + strings.Repeat(`"x",`, 99_998) + `"x"]}`
		requireUnread(t, `{"logic": "AND", "conditions": [`+list+`, {"field": "x", "operator": "between", "value": [1, 2]}]}`,
			"filters.x", "has more than 100000 values, with those of the other lists")
	})
}

func TestErrorsFitOnALine(t *testing.T) {
	t.Parallel()

	const noScalar = "must be text, a number, true or false, or a list of such"
	names := map[string]string{
		`a\nb`: "a\ufffdb", `a\rb`: "a\ufffdb", `a\u001b[31mb`: "a\ufffd[31mb", `a\u2028b`: "a\ufffdb", `a\u0000`: "a\ufffd",
	}
	for name, shown := range names {
		t.Run("a control character in the name of a field is replaced: "+name, func(t *testing.T) {
			t.Parallel()

			expr := parse(t, fmt.Sprintf(`{"field": "%s", "operator": "is_empty"}`, name))
			requireRefused(t, expr, nil, "filters."+shown, "is not a field that can be filtered on")
			for rest, problem := range map[string]string{
				`"operator": "like"`:                `cannot be asked "like": there is no such operator`,
				`"operator": "in", "value": []`:     `must have a list of values with "in", and not an empty one`,
				`"operator": "in", "value": 1`:      `must have a list with "in"`,
				`"operator": "equals", "value": []`: `must have no list with "equals"`,
			} {
				requireUnread(t, fmt.Sprintf(`{"field": "%s", %s}`, name, rest), "filters."+shown, problem)
			}
		})
		t.Run("also where a value is none: "+name, func(t *testing.T) {
			t.Parallel()

			for value, problem := range map[string]string{
				`{}`: noScalar, `[null]`: noScalar, `[[]]`: noScalar,
				`"\ud800"`: "contains half a character", `["\ud800"]`: "contains half a character",
			} {
				requireUnread(t, fmt.Sprintf(`{"field": "%s", "operator": "in", "value": %s}`, name, value), "filters."+shown, problem)
			}
		})
	}
}
