package filter_test

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/queue/filter"
)

// compiled is what the test's engine makes of an expression over host's fields.
func compiled(t require.TestingT, expr filter.Expr) filter.Fragment {
	fragment, err := filter.Compile(resolved(t, expr), dialect, now)
	require.NoError(t, err)
	return fragment
}

func list(values ...any) []any { return values }

func TestCompile(t *testing.T) {
	t.Parallel()

	type args = map[string]any
	name, tier, owner := filter.Text("nickname"), filter.Enum("tier"), filter.UUID("owner_id")
	staff, score, customer := filter.Int("staff_count"), filter.Decimal("score"), filter.Bool("is_customer")
	signed, tags, revenue, contract := filter.Time("signed_at"), filter.List("tags"), filter.Decimal("annual_revenue"), filter.Time("contract")
	const when = "2026-11-02T15:04:05Z"
	tests := []struct {
		name string
		expr filter.Expr
		sql  string
		args args
	}{
		{"no filter is always true", nil, "1 = 1", args{}},

		{"text equals", name.Equals("B"), "matches(text(c.nickname), :filter_0)", args{"filter_0": "[Bb]"}},
		{"text contains", name.Contains("B"), "matches(text(c.nickname), :filter_0)", args{"filter_0": "*[Bb]*"}},
		{"text starts with", name.StartsWith("B"), "matches(text(c.nickname), :filter_0)", args{"filter_0": "[Bb]*"}},
		{"text ends with", name.EndsWith("B"), "matches(text(c.nickname), :filter_0)", args{"filter_0": "*[Bb]"}},
		{"text does not equal", name.NotEquals("B"), "(matches(text(c.nickname), :filter_0)) IS NOT TRUE", args{"filter_0": "[Bb]"}},
		{"text does not contain", name.NotContains("B"), "(matches(text(c.nickname), :filter_0)) IS NOT TRUE", args{"filter_0": "*[Bb]*"}},
		{"text is empty", name.IsEmpty(), "empty_text(text(c.nickname))", args{}},
		{"text is not empty", name.IsNotEmpty(), "(empty_text(text(c.nickname))) IS NOT TRUE", args{}},
		{
			"text in a list is compared as capitals", name.In("b", "a"),
			"in_text(upper(text(c.nickname)), :filter_0)", args{"filter_0": list("A", "B")},
		},
		{
			"text not in a list", name.NotIn("b"),
			"(in_text(upper(text(c.nickname)), :filter_0)) IS NOT TRUE", args{"filter_0": list("B")},
		},
		{
			"a list with letters beyond ASCII replaces them in the column", name.In("é"),
			"in_text(replace(upper(text(c.nickname)), :filter_0, :filter_1), :filter_2)",
			args{"filter_0": "é", "filter_1": "É", "filter_2": list("É")},
		},
		{
			"a letter that ASCII has too is replaced by that", name.In("s"),
			"in_text(replace(upper(text(c.nickname)), :filter_0, :filter_1), :filter_2)",
			args{"filter_0": "ſ", "filter_1": "S", "filter_2": list("S")},
		},
		{
			"a letter is bound once, however many lists it is in", filter.Or(name.In("é"), name.In("Éa")),
			"(in_text(replace(upper(text(c.nickname)), :filter_0, :filter_1), :filter_2)" +
				" OR in_text(replace(upper(text(c.nickname)), :filter_0, :filter_1), :filter_3))",
			args{"filter_0": "é", "filter_1": "É", "filter_2": list("É"), "filter_3": list("ÉA")},
		},
		{"a phone number is compared as it is", filter.Text("phone").Equals("+15046218927"), "text(c.phone_key) = text(:filter_0)", args{"filter_0": "+15046218927"}},
		{"an e-mail address as its key", filter.Text("email").In("K@X.org"), "in_text(text(c.email_key), :filter_0)", args{"filter_0": list("k@x.org")}},

		{"a word equals", tier.Equals("gold"), "enum(c.tier) = enum(:filter_0)", args{"filter_0": "gold"}},
		{"a word does not equal", tier.NotEquals("gold"), "(enum(c.tier) = enum(:filter_0)) IS NOT TRUE", args{"filter_0": "gold"}},
		{"a word in a list stays as it is", tier.In("gold", "Gold"), "in_enum(enum(c.tier), :filter_0)", args{"filter_0": list("Gold", "gold")}},
		{"a word is empty", tier.IsEmpty(), "empty_enum(enum(c.tier))", args{}},

		{"a number equals", staff.Equals(5), "int(c.staff_count) = int(:filter_0)", args{"filter_0": "5"}},
		{"a number does not equal", staff.NotEquals(5), "(int(c.staff_count) = int(:filter_0)) IS NOT TRUE", args{"filter_0": "5"}},
		{"more", staff.Greater(5), "int(c.staff_count) > int(:filter_0)", args{"filter_0": "5"}},
		{"at least", staff.AtLeast(5), "int(c.staff_count) >= int(:filter_0)", args{"filter_0": "5"}},
		{"less", staff.Less(-5), "int(c.staff_count) < int(:filter_0)", args{"filter_0": "-5"}},
		{"at most", staff.AtMost(5), "int(c.staff_count) <= int(:filter_0)", args{"filter_0": "5"}},
		{"between", staff.Between(5, 6), "int(c.staff_count) BETWEEN int(:filter_0) AND int(:filter_1)", args{"filter_0": "5", "filter_1": "6"}},
		{"numbers in a list are there once, in order", staff.In(10, 9, 10), "in_int(int(c.staff_count), :filter_0)", args{"filter_0": list("9", "10")}},
		{"however they are spelled", score.In("1e1", "10.0", "9.5"), "in_decimal(decimal(c.score), :filter_0)", args{"filter_0": list("19/2", "10")}},
		{"a decimal is handed over exactly", score.Greater("0.1"), "decimal(c.score) > decimal(:filter_0)", args{"filter_0": "1/10"}},

		{"a truth value", customer.Equals(true), "bool(c.is_customer) = bool(:filter_0)", args{"filter_0": true}},
		{"a truth value that is not", customer.NotEquals(false), "(bool(c.is_customer) = bool(:filter_0)) IS NOT TRUE", args{"filter_0": false}},

		{"before", signed.Before(now), "time(c.signed_at) < time(:filter_0)", args{"filter_0": when}},
		{"after", signed.After(now), "time(c.signed_at) > time(:filter_0)", args{"filter_0": when}},
		{"at an instant or later", signed.AtLeast(now), "time(c.signed_at) >= time(:filter_0)", args{"filter_0": when}},
		{"at an instant or earlier", signed.AtMost(now), "time(c.signed_at) <= time(:filter_0)", args{"filter_0": when}},
		{"between instants", signed.Between(now, now), "time(c.signed_at) BETWEEN time(:filter_0) AND time(:filter_1)", args{"filter_0": when, "filter_1": when}},
		{
			"the last days end now", signed.WithinLastDays(2),
			"time(c.signed_at) BETWEEN time(:filter_0) AND time(:filter_1)", args{"filter_0": "2026-10-31T15:04:05Z", "filter_1": when},
		},

		{"an id", owner.Equals(ann), "uuid(c.owner_id) = uuid(:filter_0)", args{"filter_0": ann.String()}},
		{"ids", owner.NotIn(bob, ann), "(in_uuid(uuid(c.owner_id), :filter_0)) IS NOT TRUE", args{"filter_0": list(ann.String(), bob.String())}},
		{"the contact's id has another column", filter.UUID("contact_id").Equals(ann), "uuid(c.id) = uuid(:filter_0)", args{"filter_0": ann.String()}},

		{"any of a list", tags.AnyOf("b", "a"), "has_any(list(c.tags), upper(member), :filter_0)", args{"filter_0": list("A", "B")}},
		{
			"all of a list", tags.AllOf("b", "a", "B"), "has_all(list(c.tags), upper(member), :filter_0, :filter_1)",
			args{"filter_0": list("A", "B"), "filter_1": 2},
		},
		{"none of a list", tags.NoneOf("a"), "(has_any(list(c.tags), upper(member), :filter_0)) IS NOT TRUE", args{"filter_0": list("A")}},
		{"a list is empty", tags.IsEmpty(), "empty_list(list(c.tags))", args{}},

		{
			"a range overlaps", revenue.Between("4", "9"),
			"(open(decimal(c.annual_revenue_min), decimal(c.annual_revenue_min) <= decimal(:filter_0))" +
				" AND open(decimal(c.annual_revenue_max), decimal(c.annual_revenue_max) >= decimal(:filter_1))" +
				" AND (no_range(decimal(c.annual_revenue_min), decimal(c.annual_revenue_max))) IS NOT TRUE)",
			args{"filter_0": "9", "filter_1": "4"},
		},
		{
			"a range that is more", revenue.Greater("4"),
			"(open(decimal(c.annual_revenue_max), decimal(c.annual_revenue_max) > decimal(:filter_0))" +
				" AND (no_range(decimal(c.annual_revenue_min), decimal(c.annual_revenue_max))) IS NOT TRUE)",
			args{"filter_0": "4"},
		},
		{
			"a range that is before", contract.Before(now),
			"(open(time(c.contract_from), time(c.contract_from) < time(:filter_0))" +
				" AND (no_range(time(c.contract_from), time(c.contract_to))) IS NOT TRUE)",
			args{"filter_0": when},
		},
		{"a range is empty", revenue.IsEmpty(), "no_range(decimal(c.annual_revenue_min), decimal(c.annual_revenue_max))", args{}},

		{
			"the key of an attribute is a value too", filter.Int("Shoe size").Equals(42),
			"int(c.attributes, :filter_0) = int(:filter_1)", args{"filter_0": "$.Shoe size", "filter_1": "42"},
		},
		{
			"an attribute of a contact's own name", filter.Text("attributes.first_name").IsEmpty(),
			"empty_text(text(c.attributes, :filter_0))", args{"filter_0": "$.first_name"},
		},

		{
			"AND stands in brackets", filter.And(name.IsEmpty(), tier.IsEmpty()),
			"(empty_text(text(c.nickname)) AND empty_enum(enum(c.tier)))", args{},
		},
		{
			"so does OR", filter.And(name.IsEmpty(), filter.Or(tier.IsEmpty(), staff.IsEmpty())),
			"(empty_text(text(c.nickname)) AND (empty_enum(enum(c.tier)) OR empty_int(int(c.staff_count))))", args{},
		},
		{"a group of one is that one", filter.And(name.IsEmpty()), "(empty_text(text(c.nickname)))", args{}},
		{"NOT is what must not be true", filter.Not(staff.Equals(5)), "(int(c.staff_count) = int(:filter_0)) IS NOT TRUE", args{"filter_0": "5"}},
		{"NOT of a not is nothing", filter.Not(staff.NotEquals(5)), "int(c.staff_count) = int(:filter_0)", args{"filter_0": "5"}},
		{"NOT twice is nothing", filter.Not(filter.Not(name.IsEmpty())), "empty_text(text(c.nickname))", args{}},
		{
			"NOT goes down to the conditions", filter.Not(filter.And(name.IsEmpty(), filter.Or(tier.IsEmpty(), staff.IsNotEmpty()))),
			"((empty_text(text(c.nickname))) IS NOT TRUE OR ((empty_enum(enum(c.tier))) IS NOT TRUE AND empty_int(int(c.staff_count))))",
			args{},
		},
		{
			"values are numbered from the left", filter.Or(staff.Equals(1), filter.Not(staff.Between(2, 3))),
			"(int(c.staff_count) = int(:filter_0) OR (int(c.staff_count) BETWEEN int(:filter_1) AND int(:filter_2)) IS NOT TRUE)",
			args{"filter_0": "1", "filter_1": "2", "filter_2": "3"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, filter.Fragment{SQL: test.sql, Args: test.args}, compiled(t, test.expr))
		})
	}

	t.Run("what was not resolved has the fields of a contact", func(t *testing.T) {
		t.Parallel()

		fragment, err := filter.Compile(filter.Text("first_name").IsEmpty(), dialect, now)
		require.NoError(t, err)
		require.Equal(t, "empty_text(text(c.first_name))", fragment.SQL)
		fragment, err = filter.Compile(staff.Equals(5), dialect, now)
		requireFieldError(t, err, "filters.staff_count", "is not a field that can be filtered on")
		require.Zero(t, fragment)
	})
	t.Run("compiling twice gives the same, so that a plan can be reused", func(t *testing.T) {
		t.Parallel()

		expr := filter.Text("first_name").Contains("B")
		first, second := compiled(t, expr), compiled(t, expr)
		require.Equal(t, first, second)
		first.Args["filter_0"] = "changed"
		require.Equal(t, "*[Bb]*", second.Args["filter_0"])
	})
}

// alphabet is everything that the test's engine can be made to say: its templates,
// the columns of host, and placeholders.
var alphabet = regexp.MustCompile(`^(?:` + strings.Join([]string{
	`(?:text|enum|int|decimal|bool|time|uuid|list)\(`,
	`(?:empty|in)_(?:text|enum|int|decimal|bool|time|uuid|list)\(`,
	`(?:matches|upper|replace|has_any|has_all|open|no_range|joined)\(`,
	`c\.(?:` + columns() + `)\b`,
	`:filter_[0-9]+\b`, `filter_list_[0-9]+\b`, `member\b`,
	`\nJOIN (?:texts|numbers) `, ` ON `, ` AND `, ` OR `, ` IS NOT TRUE`, ` BETWEEN `, ` (?:=|<|>|<=|>=) `, `1 = 1`,
	`, `, `\(`, `\)`,
}, "|") + `)*$`)

func columns() string {
	names := []string{"attributes", "id", "phone_key", "email_key", "annual_revenue_min", "annual_revenue_max", "contract_from", "contract_to"}
	for _, field := range host.All() {
		if !field.IsRange() && !field.IsAttribute() {
			names = append(names, field.Name)
		}
	}
	return strings.Join(names, "|")
}

// injections are texts that would do harm if any of them got into the SQL.
var injections = []string{
	"' OR '1'='1", "'; DROP TABLE contacts; --", `" OR ""="`, "1) OR (1=1", "1; DELETE FROM contacts", "\\'; --", "/* */", "--", "#",
	"' UNION SELECT * FROM pg_user --", "$1", "$$", "?", ":filter_0", ":x", "@x", "%s%d%!", "{{x}}", "{{value}}", "{{filter_matches}}",
	"c.id", "(SELECT 1)", "pg_sleep(10)", "\u02bc OR 1=1", "＇ OR 1=1", "%27%20OR%201=1", "\r\n--", "x' AND 1=(SELECT COUNT(*) FROM t) --",
	`first_name" = "first_name`, "first_name) OR (TRUE", "first_name--", "contacts.first_name", "NULL", "TRUE",
}

func TestCompileBindsValues(t *testing.T) {
	t.Parallel()

	t.Run("the SQL of a condition is the same whatever its value", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			value := rapid.OneOf(text(), rapid.SampledFrom(injections)).Draw(t, "value")
			for sql, exprs := range map[string][]filter.Expr{
				"matches(text(c.nickname), :filter_0)": {
					filter.Text("nickname").Contains(value), filter.Text("nickname").Equals(value),
					filter.Text("nickname").StartsWith(value), filter.Text("nickname").EndsWith(value),
				},
				"enum(c.source) = enum(:filter_0)":   {filter.Enum("source").Equals(value)},
				"in_enum(enum(c.source), :filter_0)": {filter.Enum("source").In(value), filter.Enum("source").In(value, value)},
			} {
				for _, expr := range exprs {
					fragment := compiled(t, expr)
					require.Equal(t, sql, fragment.SQL)
					require.Len(t, fragment.Args, 1)
				}
			}
		})
	})
	t.Run("no expression says anything that is not in the templates", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			fragment := compiled(t, expression(4).Draw(t, "expr"))
			require.Regexp(t, alphabet, fragment.SQL)
			require.Regexp(t, alphabet, fragment.Joins)
		})
	})
	for _, injection := range injections {
		t.Run("a value never shows up in the SQL: "+injection, func(t *testing.T) {
			t.Parallel()

			many := make([]string, 10)
			for i := range many {
				many[i] = fmt.Sprint(injection, i)
			}
			for _, expr := range []filter.Expr{
				filter.Text("nickname").Contains(injection), filter.Text("note").EndsWith(injection), filter.Text("email").Equals(injection),
				filter.Text("nickname").In(injection), filter.Text("nickname").NotIn(many...), filter.Enum("source").In(many...),
				filter.List("tags").AllOf(injection, "a"), filter.List("topics").NoneOf(many...),
			} {
				fragment := compiled(t, filter.Not(filter.And(expr)))
				require.Regexp(t, alphabet, fragment.SQL)
				require.Regexp(t, alphabet, fragment.Joins)
			}
		})
		t.Run("nor does it name a field: "+injection, func(t *testing.T) {
			t.Parallel()

			for _, expr := range []filter.Expr{
				filter.Text(injection).Contains("B"),
				filter.Condition{Field: "nickname", Operator: filter.Operator(injection), Values: list("B")},
				filter.Group{Logic: filter.Logic(injection), Conditions: []filter.Expr{filter.Text("nickname").IsEmpty()}},
			} {
				fragment, err := filter.Compile(expr, dialect, now)
				require.Error(t, err)
				require.Zero(t, fragment)
			}
		})
		t.Run("and the key of an attribute is a value: "+injection, func(t *testing.T) {
			t.Parallel()

			fields := host.WithAttributes(filter.ImportedAttribute{Key: injection, Type: filter.TypeText})
			expr, err := filter.Resolve(filter.Text(injection).Equals("B"), fields)
			if err != nil {
				require.ErrorContains(t, err, ": is not a field that can be filtered on")
				require.Regexp(t, `[\x00-\x1f"\\]`, injection, "only a key that cannot be looked up is left out")
				return
			}
			fragment, err := filter.Compile(expr, dialect, now)
			require.NoError(t, err)
			require.Equal(t, "matches(text(c.attributes, :filter_0), :filter_1)", fragment.SQL)
			require.Equal(t, "$."+injection, fragment.Args["filter_0"])
		})
	}
}

func TestCompileJoinsLongLists(t *testing.T) {
	t.Parallel()

	staff, name := filter.Int("staff_count"), filter.Text("nickname")
	t.Run("a list as long as the engine likes stays a value", func(t *testing.T) {
		t.Parallel()

		fragment := compiled(t, staff.In(4, 3, 2, 1))
		require.Empty(t, fragment.Joins)
		require.Empty(t, fragment.Lists)
	})
	t.Run("a longer one is joined", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, filter.Fragment{
			SQL:   "joined(filter_list_0)",
			Joins: "\nJOIN numbers filter_list_0 ON :filter_0, int(c.staff_count)",
			Args:  map[string]any{"filter_0": 0},
			Lists: []filter.LongList{{Number: 0, Numbers: rationals(1, 2, 3, 4, 5)}},
		}, compiled(t, staff.In(5, 4, 3, 2, 1)))
	})
	t.Run("what is there twice counts once", func(t *testing.T) {
		t.Parallel()

		require.Empty(t, compiled(t, staff.In(1, 2, 3, 4, 1, 2, 3, 4)).Lists)
		require.Equal(t, rationals(1, 2, 3, 4, 5), compiled(t, staff.In(5, 1, 2, 3, 4, 1, 5)).Lists[0].Numbers)
	})
	t.Run("texts are folded, and there once in whichever case", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, filter.Fragment{
			SQL:   "joined(filter_list_0)",
			Joins: "\nJOIN texts filter_list_0 ON :filter_2, replace(upper(text(c.nickname)), :filter_0, :filter_1)",
			Args:  map[string]any{"filter_0": "é", "filter_1": "É", "filter_2": 0},
			Lists: []filter.LongList{{Number: 0, Texts: []string{"A", "B", "C", "D", "É"}}},
		}, compiled(t, name.In("é", "d", "D", "c", "b", "a", "É")))
	})
	t.Run("words stay as they are", func(t *testing.T) {
		t.Parallel()

		fragment := compiled(t, filter.Enum("source").In("e", "E", "d", "c", "b"))
		require.Equal(t, []filter.LongList{{Texts: []string{"E", "b", "c", "d", "e"}}}, fragment.Lists)
		require.Equal(t, "\nJOIN texts filter_list_0 ON :filter_0, enum(c.source)", fragment.Joins)
	})
	t.Run("a list that is not to be found is a join that finds nothing", func(t *testing.T) {
		t.Parallel()

		fragment := compiled(t, filter.Or(staff.NotIn(1, 2, 3, 4, 5), filter.Not(name.In("a", "b", "c", "d", "e"))))
		require.Equal(t, "((joined(filter_list_0)) IS NOT TRUE OR (joined(filter_list_1)) IS NOT TRUE)", fragment.SQL)
		require.Equal(t, "\nJOIN numbers filter_list_0 ON :filter_0, int(c.staff_count)"+
			"\nJOIN texts filter_list_1 ON :filter_1, upper(text(c.nickname))", fragment.Joins)
		require.Equal(t, []int{0, 1}, []int{fragment.Lists[0].Number, fragment.Lists[1].Number})
	})
	t.Run("no list is long for an engine that joins none", func(t *testing.T) {
		t.Parallel()

		bound := dialect
		bound.LongList = 0
		numbers := make([]int64, 50_000)
		for i := range numbers {
			numbers[i] = int64(i)
		}
		fragment, err := filter.Compile(resolved(t, staff.In(numbers...)), bound, now)
		require.NoError(t, err)
		require.Empty(t, fragment.Lists)
		require.Empty(t, fragment.Joins)
	})
	t.Run("any list is there once each, in order", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			values := rapid.SliceOfN(text(), 5, 40).Draw(t, "values")
			for _, list := range compiled(t, name.In(values...)).Lists {
				require.IsIncreasing(t, list.Texts)
				for _, value := range values {
					held := filter.Row{Columns: map[string]any{"nickname": value}}
					require.True(t, matches(t, name.In(list.Texts...), held), "%q is still in %q", value, list.Texts)
				}
			}
		})
	})
}

func rationals(numbers ...int64) []*big.Rat {
	list := make([]*big.Rat, len(numbers))
	for i, number := range numbers {
		list[i] = new(big.Rat).SetInt64(number)
	}
	return list
}

func TestCompileField(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, field, sql string
		args             map[string]any
	}{
		{"a column is cast to text", "staff_count", "NULLIF(CAST(int(c.staff_count) AS TEXT), '')", map[string]any{}},
		{"an attribute is too", "note", "NULLIF(CAST(text(c.attributes, :filter_0) AS TEXT), '')", map[string]any{"filter_0": "$.note"}},
		{
			"a truth value is a word, the same on every engine", "is_customer",
			"NULLIF(CAST(CASE WHEN bool(c.is_customer) THEN 'true' WHEN NOT bool(c.is_customer) THEN 'false' END AS TEXT), '')", map[string]any{},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			field, ok := host.Lookup(test.field)
			require.True(t, ok)
			require.Equal(t, filter.Fragment{SQL: test.sql, Args: test.args}, filter.CompileField(field, dialect))
		})
	}
}
