package filter_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/queue/filter"
)

func TestFields(t *testing.T) {
	t.Parallel()

	names := func(fields *filter.Fields) []string {
		var list []string
		for _, field := range fields.All() {
			list = append(list, field.Name)
		}
		return list
	}
	own := names(nil)
	t.Run("no fields are those of a contact", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, []string{
			"first_name", "last_name", "company", "country", "region", "postal_code", "timezone", "phone", "phone_status", "email",
			"contact_id", "account_id", "is_valid", "is_opted_out", "created_at",
		}, own)
		none, err := filter.NewFields()
		require.NoError(t, err)
		require.Equal(t, own, names(none))
		_, ok := (*filter.Fields)(nil).Lookup("first_name")
		require.True(t, ok)
		_, ok = none.Lookup("attributes")
		require.False(t, ok)
	})
	t.Run("a host adds a column of its own in one line", func(t *testing.T) {
		t.Parallel()

		fields, err := filter.NewFields(filter.Column("staff_count", filter.TypeInt))
		require.NoError(t, err)
		require.Equal(t, append(slices.Clone(own), "staff_count"), names(fields))
		field, ok := fields.Lookup("staff_count")
		require.True(t, ok)
		require.Equal(t, filter.TypeInt, field.Type)
		require.False(t, field.IsAttribute())
		require.False(t, field.IsRange())
		require.Equal(t, filter.IndexNone, field.Index)
		require.Equal(t, own, names(nil), "a contact's own fields stay what they are")
	})
	t.Run("a host's field replaces the contact's of the same name, in its place", func(t *testing.T) {
		t.Parallel()

		fields, err := filter.NewFields(
			filter.Column("company", filter.TypeUUID).From("company_id"), filter.Column("x", filter.TypeInt), filter.Column("x", filter.TypeBool),
		)
		require.NoError(t, err)
		require.Equal(t, append(slices.Clone(own), "x"), names(fields))
		company, _ := fields.Lookup("company")
		require.Equal(t, filter.TypeUUID, company.Type)
		x, _ := fields.Lookup("x")
		require.Equal(t, filter.TypeBool, x.Type, "the last one counts")
	})
	t.Run("a field may have another column or key than its name", func(t *testing.T) {
		t.Parallel()

		fields, err := filter.NewFields(
			filter.Column("staff", filter.TypeInt).From("StaffCount"), filter.Attribute("size", filter.TypeInt).From("Shoe size (EU)"),
			filter.ColumnRange("revenue", "x", "revenue_max", filter.TypeInt).From("revenue_min"),
		)
		require.NoError(t, err)
		row := imported(`{"Shoe size (EU)": 42}`)
		row.Columns = map[string]any{"StaffCount": 5, "revenue_min": 1, "revenue_max": 2}
		expr, err := filter.Resolve(filter.And(
			filter.Int("staff").Equals(5), filter.Int("size").Equals(42), filter.Int("revenue").Equals(1), filter.Int("revenue").Less(2),
		), fields)
		require.NoError(t, err)
		require.True(t, filter.Match(expr, row, now))
	})
	t.Run("users are offered the values of enums and truth values, and of fields that say so", func(t *testing.T) {
		t.Parallel()

		for _, kind := range filter.Types() {
			require.Equal(t, kind == filter.TypeEnum || kind == filter.TypeBool, filter.Column("x", kind).Listed)
			require.Equal(t, kind == filter.TypeEnum || kind == filter.TypeBool, filter.Attribute("x", kind).Listed)
		}
		require.True(t, filter.Column("x", filter.TypeText).WithList().Listed)
	})
	t.Run("an index is a hint", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, filter.IndexTrigram, filter.Column("x", filter.TypeText).WithIndex(filter.IndexTrigram).Index)
	})
	t.Run("making a field of another leaves that as it was", func(t *testing.T) {
		t.Parallel()

		column := filter.Column("x", filter.TypeEnum)
		_ = column.From("y").OneOf("a").WithIndex(filter.IndexOrdered)
		require.Equal(t, filter.Column("x", filter.TypeEnum), column)
	})
}

func TestNewFieldsRefuses(t *testing.T) {
	t.Parallel()

	column := func(place string) filter.Field { return filter.Column("x", filter.TypeInt).From(place) }
	long := strings.Repeat("x", 64)
	const (
		noPlace  = "lacks a column or an attribute"
		unlisted = "cannot be listed: it does not hold one word, number or id"
	)
	tests := []struct {
		name           string
		made           filter.Field
		field, problem string
	}{
		{"no name", filter.Column("", filter.TypeInt), "field", `cannot be called ""`},
		{"capitals in a name", filter.Column("StaffCount", filter.TypeInt), "field", `cannot be called "StaffCount"`},
		{"a blank in a name", filter.Column("staff count", filter.TypeInt), "field", `cannot be called "staff count"`},
		{"a digit at the beginning", filter.Column("1st", filter.TypeInt), "field", `cannot be called "1st"`},
		{"an underscore at the beginning", filter.Column("_x", filter.TypeInt), "field", `cannot be called "_x"`},
		{"a full stop in a name", filter.Column("attributes.x", filter.TypeInt), "field", `cannot be called "attributes.x"`},
		{"a line break after a name", filter.Column("x\n", filter.TypeInt), "field", `cannot be called "x\n"`},
		{"letters beyond ASCII in a name", filter.Column("größe", filter.TypeInt), "field", `cannot be called "größe"`},
		{"SQL in a name", filter.Column("x) OR (1=1", filter.TypeInt), "field", `cannot be called "x) OR (1=1"`},
		{"a name of 64 characters", filter.Column(long, filter.TypeInt), "field", `cannot be called "` + long[:40] + `…"`},
		{"an attribute that is called like no field", filter.Attribute("Shoe size", filter.TypeInt), "field", `cannot be called "Shoe size"`},

		{"a type that there is not", filter.Column("x", "money"), "x", `has no type "money"`},
		{"no type", filter.Column("x", ""), "x", `has no type ""`},
		{"a field without a place", filter.Field{Name: "x", Type: filter.TypeInt}, "x", noPlace},
		{"a column without a name", column(""), "x", noPlace},
		{"a blank in a column", column("staff count"), "x", `cannot be kept in a column called "staff count"`},
		{"a quote in a column", column(`x"`), "x", `cannot be kept in a column called "x\""`},
		{"a full stop in a column", column("c.x"), "x", `cannot be kept in a column called "c.x"`},
		{"a line break after a column", column("x\n"), "x", `cannot be kept in a column called "x\n"`},
		{"an expression for a column", column("lower(x)"), "x", `cannot be kept in a column called "lower(x)"`},
		{"SQL for a column", column("x; DROP TABLE contacts"), "x", `cannot be kept in a column called "x; DROP TABLE contacts"`},
		{"a column of 64 characters", column(long), "x", `cannot be kept in a column called "` + long[:40] + `…"`},
		{
			"a second column that is none", filter.ColumnRange("x", "low", "high--", filter.TypeInt),
			"x", `cannot be kept in a column called "high--"`,
		},
		{
			"a quote in a key", filter.Attribute("x", filter.TypeInt).From(`x"`),
			"x", `cannot be kept under the key "x\""`,
		},
		{
			"a backslash in the second key", filter.AttributeRange("x", "low", `\`, filter.TypeInt),
			"x", `cannot be kept under the key "\\"`,
		},
		{"a range of texts", filter.ColumnRange("x", "low", "high", filter.TypeText), "x", "is a range, which only numbers and times can be"},
		{"a range of words", filter.AttributeRange("x", "low", "high", filter.TypeEnum), "x", "is a range, which only numbers and times can be"},
		{"words for a text", filter.Column("x", filter.TypeText).OneOf("a"), "x", "has a list of words, which only an enum has"},

		{"a range without an end", filter.ColumnRange("x", "low", "", filter.TypeInt), "x", noPlace},
		{"a range without a beginning", filter.ColumnRange("x", "", "high", filter.TypeInt), "x", noPlace},
		{"a range with neither", filter.ColumnRange("x", "", "", filter.TypeTime), "x", noPlace},
		{"a range of attributes without an end", filter.AttributeRange("x", "low", "", filter.TypeInt), "x", noPlace},
		{"a range of attributes without a beginning", filter.AttributeRange("x", "", "high", filter.TypeInt), "x", noPlace},

		{"the values of a range for a choice", filter.ColumnRange("x", "low", "high", filter.TypeInt).WithList(), "x", unlisted},
		{"those of a range of attributes", filter.AttributeRange("x", "low", "high", filter.TypeTime).WithList(), "x", unlisted},
		{"those of a list", filter.Column("x", filter.TypeList).WithList(), "x", unlisted},
		{"times for a choice", filter.Column("x", filter.TypeTime).WithList(), "x", unlisted},
		{"decimals for a choice", filter.Column("x", filter.TypeDecimal).WithList(), "x", unlisted},
		{"those of a list in an attribute", filter.Attribute("x", filter.TypeList).WithList(), "x", unlisted},
		{"decimals in an attribute", filter.Attribute("x", filter.TypeDecimal).WithList(), "x", unlisted},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			fields, err := filter.NewFields(filter.Column("fine", filter.TypeInt), test.made)
			requireFieldError(t, err, test.field, test.problem)
			require.Nil(t, fields)
		})
	}

	t.Run("words, whole numbers and ids can be listed", func(t *testing.T) {
		t.Parallel()

		for _, kind := range []filter.Type{filter.TypeText, filter.TypeEnum, filter.TypeInt, filter.TypeBool, filter.TypeUUID} {
			fields, err := filter.NewFields(filter.Column("x", kind).WithList(), filter.Attribute("y", kind).WithList())
			require.NoError(t, err)
			for _, name := range []string{"x", "y"} {
				field, ok := fields.Lookup(name)
				require.True(t, ok)
				require.True(t, field.Listed)
			}
		}
	})
	t.Run("a name of 63 characters is fine", func(t *testing.T) {
		t.Parallel()

		_, err := filter.NewFields(filter.Column(long[:63], filter.TypeInt), filter.Column("x", filter.TypeInt).From("_X9"))
		require.NoError(t, err)
	})
}

func TestWithAttributes(t *testing.T) {
	t.Parallel()

	with := func(keys ...string) *filter.Fields {
		var attributes []filter.ImportedAttribute
		for _, key := range keys {
			attributes = append(attributes, filter.ImportedAttribute{Key: key, Type: filter.TypeText})
		}
		return (*filter.Fields)(nil).WithAttributes(attributes...)
	}
	requireFinds := func(t *testing.T, fields *filter.Fields, name, attributes string) {
		t.Helper()
		expr, err := filter.Resolve(filter.Text(name).Equals("found"), fields)
		require.NoError(t, err)
		require.True(t, filter.Match(expr, imported(attributes), now))
	}
	t.Run("an attribute goes by its key, whatever is in it", func(t *testing.T) {
		t.Parallel()

		for _, key := range []string{"note", "Note", "Shoe size (EU)", "größe", "a.b", "a[0]", "$", "'", "--", "note ", strings.Repeat("x", 256)} {
			fields := with(key)
			field, ok := fields.Lookup(key)
			require.True(t, ok)
			require.True(t, field.IsAttribute())
			requireFinds(t, fields, key, `{"`+key+`": "found"}`)
		}
	})
	t.Run("one that is called like another field has attributes. before it", func(t *testing.T) {
		t.Parallel()

		fields := with("first_name")
		field, _ := fields.Lookup("first_name")
		require.False(t, field.IsAttribute(), "the contact's own stays")
		field, ok := fields.Lookup("attributes.first_name")
		require.True(t, ok)
		require.True(t, field.IsAttribute())
		requireFinds(t, fields, "attributes.first_name", `{"first_name": "found"}`)
	})
	t.Run("so has one that is called like a host's", func(t *testing.T) {
		t.Parallel()

		fields := host.WithAttributes(filter.ImportedAttribute{Key: "staff_count", Type: filter.TypeText})
		requireFinds(t, fields, "attributes.staff_count", `{"staff_count": "found"}`)
	})
	t.Run("no attribute hides another: where both names are taken it is left out", func(t *testing.T) {
		t.Parallel()

		fields := with("attributes.first_name", "first_name")
		require.Len(t, fields.All(), len((*filter.Fields)(nil).All())+1)
		requireFinds(t, fields, "attributes.first_name", `{"first_name": "x", "attributes.first_name": "found"}`)
	})
	t.Run("where only the longer name is taken, by an attribute before it, it has attributes. once more", func(t *testing.T) {
		t.Parallel()

		fields := with("account_id", "attributes.account_id")
		require.Len(t, fields.All(), len((*filter.Fields)(nil).All())+2)
		requireFinds(t, fields, "attributes.account_id", `{"account_id": "found", "attributes.account_id": "x"}`)
		requireFinds(t, fields, "attributes.attributes.account_id", `{"account_id": "x", "attributes.account_id": "found"}`)
	})
	t.Run("one that cannot be looked up is left out", func(t *testing.T) {
		t.Parallel()

		for _, key := range []string{"", `"`, `a\b`, "a\x00", "a\nb", "a\x7f", "a\xff", "\ufffd", strings.Repeat("x", 257)} {
			require.Len(t, with(key).All(), len((*filter.Fields)(nil).All()), "%q", key)
		}
	})
	t.Run("so is one of a type that there is not", func(t *testing.T) {
		t.Parallel()

		fields := host.WithAttributes(filter.ImportedAttribute{Key: "odd", Type: "money"})
		require.Len(t, fields.All(), len(host.All()))
	})
	t.Run("they come last and change nobody else's fields", func(t *testing.T) {
		t.Parallel()

		before := len(host.All())
		fields := host.WithAttributes(filter.ImportedAttribute{Key: "new", Type: filter.TypeInt})
		require.Len(t, host.All(), before)
		all := fields.All()
		require.Equal(t, "new", all[len(all)-1].Name)
	})
	t.Run("their values are offered where there may be few", func(t *testing.T) {
		t.Parallel()

		for kind, listed := range map[filter.Type]bool{
			filter.TypeText: true, filter.TypeInt: true, filter.TypeBool: true, filter.TypeDecimal: false, filter.TypeTime: false,
		} {
			fields := (*filter.Fields)(nil).WithAttributes(filter.ImportedAttribute{Key: "x", Type: kind})
			field, _ := fields.Lookup("x")
			require.Equal(t, listed, field.Listed, kind)
		}
	})
}

func TestTypeOf(t *testing.T) {
	t.Parallel()

	for value, want := range map[string]filter.Type{
		"0": filter.TypeInt, "-0": filter.TypeInt, "42": filter.TypeInt, "-42": filter.TypeInt,
		"9223372036854775807": filter.TypeInt, "-9223372036854775808": filter.TypeInt,
		"9223372036854775808": filter.TypeText, "-9223372036854775809": filter.TypeText,
		"007": filter.TypeText, "-007": filter.TypeText, "00": filter.TypeText, "02134": filter.TypeText, "00.5": filter.TypeText,
		"+42": filter.TypeText, "42 ": filter.TypeText, "1,000": filter.TypeText, "4e1": filter.TypeText, "0x10": filter.TypeText,
		"1_000": filter.TypeText, "٤٢": filter.TypeText, "-": filter.TypeText, "5%": filter.TypeText, "+15046218927": filter.TypeText,
		"0.5": filter.TypeDecimal, "-0.5": filter.TypeDecimal, "1.0": filter.TypeDecimal, "12345678901234567.5": filter.TypeDecimal,
		".5": filter.TypeText, "5.": filter.TypeText, "1.2.3": filter.TypeText, "NaN": filter.TypeText, "Infinity": filter.TypeText,
		strings.Repeat("9", 401): filter.TypeText,
		"true":                   filter.TypeBool, "false": filter.TypeBool, "TRUE": filter.TypeBool, "True": filter.TypeBool, "False": filter.TypeBool, "FALSE": filter.TypeBool,
		" true": filter.TypeText, "truе": filter.TypeText, "yes": filter.TypeText, "t": filter.TypeText,
		"2026-11-02": filter.TypeTime, "2026-11-02T15:04:05Z": filter.TypeTime, "2026-11-02T15:04:05.123+05:30": filter.TypeTime,
		"2024-02-29": filter.TypeTime, "2026-02-29": filter.TypeText, "2026-11-02T15:04:05": filter.TypeText,
		"2026-11-02 15:04:05": filter.TypeText, "11/02/2026": filter.TypeText, "20261102": filter.TypeInt, "0000-01-01": filter.TypeText,
		"": "", " ": filter.TypeText, "Bette": filter.TypeText, "null": filter.TypeText,
	} {
		t.Run(value+" is "+string(want), func(t *testing.T) {
			t.Parallel()

			require.Equal(t, want, filter.TypeOf(value))
		})
	}

	t.Run("a long s makes no truth value that nobody reads", func(t *testing.T) {
		t.Parallel()

		fields := (*filter.Fields)(nil).WithAttributes(filter.ImportedAttribute{Key: "x", Type: filter.TypeOf("falſe")})
		expr, err := filter.Resolve(filter.Text("x").IsNotEmpty(), fields)
		require.NoError(t, err)
		require.True(t, filter.Match(expr, imported(`{"x": "falſe"}`), now), "as %s", filter.TypeOf("falſe"))
	})
	t.Run("what has a type is read as that type", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			value := rapid.OneOf(
				rapid.StringMatching(`-?[0-9]{1,20}(\.[0-9]{1,3})?`),
				rapid.StringMatching(`20[0-9]{2}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z)?`),
				rapid.SampledFrom([]string{"true", "false", "TRUE", "False", "fAlSe", "yes"}),
			).Draw(t, "value")
			kind := filter.TypeOf(value)
			fields := (*filter.Fields)(nil).WithAttributes(filter.ImportedAttribute{Key: "x", Type: kind})
			expr, err := filter.Resolve(filter.Text("x").IsNotEmpty(), fields)
			require.NoError(t, err)
			require.True(t, filter.Match(expr, imported(`{"x": "`+value+`"}`), now), "%q as %s", value, kind)
		})
	})
}

func TestWiden(t *testing.T) {
	t.Parallel()

	tests := []struct{ one, other, want filter.Type }{
		{"", "", ""},
		{"", filter.TypeBool, filter.TypeBool},
		{filter.TypeInt, filter.TypeInt, filter.TypeInt},
		{filter.TypeInt, filter.TypeDecimal, filter.TypeDecimal},
		{filter.TypeInt, filter.TypeBool, filter.TypeText},
		{filter.TypeInt, filter.TypeTime, filter.TypeText},
		{filter.TypeDecimal, filter.TypeBool, filter.TypeText},
		{filter.TypeDecimal, filter.TypeTime, filter.TypeText},
		{filter.TypeBool, filter.TypeTime, filter.TypeText},
		{filter.TypeText, filter.TypeInt, filter.TypeText},
		{filter.TypeText, filter.TypeTime, filter.TypeText},
		{filter.TypeTime, filter.TypeTime, filter.TypeTime},
	}
	for _, test := range tests {
		t.Run(string(test.one)+" and "+string(test.other)+" are "+string(test.want), func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, test.one.Widen(test.other))
			require.Equal(t, test.want, test.other.Widen(test.one), "in whichever order they come")
		})
	}

	t.Run("the order of many values does not matter", func(t *testing.T) {
		t.Parallel()

		kinds := rapid.SampledFrom([]filter.Type{"", filter.TypeInt, filter.TypeDecimal, filter.TypeBool, filter.TypeTime, filter.TypeText})
		rapid.Check(t, func(t *rapid.T) {
			a, b, c := kinds.Draw(t, "a"), kinds.Draw(t, "b"), kinds.Draw(t, "c")
			require.Equal(t, a.Widen(b).Widen(c), a.Widen(b.Widen(c)))
			require.Equal(t, a.Widen(b), a.Widen(b).Widen(a), "a type that has been widened stays wide")
		})
	})
}
