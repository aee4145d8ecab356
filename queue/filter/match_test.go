package filter_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
)

func TestMatchFindsText(t *testing.T) {
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
		{"a Kelvin sign is no k", "\u212A", "kim", false},
		{"nor is a k a Kelvin sign", "k", "\u212Aim", false},
		{"an old print of a letter is not that letter", "в", "\u1C80", false},
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
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			row := filter.Row{Contact: outdial.Contact{FirstName: test.firstName, LastName: test.value, Company: test.value}}
			require.Equal(t, test.want, filter.Match(filter.Text("first_name").Contains(test.value), row, now))
			require.Equal(t, !test.want, filter.Match(filter.Text("first_name").NotContains(test.value), row, now))
		})
	}

	t.Run("no filter matches everybody", func(t *testing.T) {
		t.Parallel()

		require.True(t, filter.Match(nil, filter.Row{}, now))
		require.True(t, filter.Match(nil, named("Bette"), now))
	})
	t.Run("an unknown field matches nobody", func(t *testing.T) {
		t.Parallel()

		require.False(t, filter.Match(filter.Text("shoe_size").Contains("4"), named("4"), now))
	})
	t.Run("an empty value, which is refused, matches nobody", func(t *testing.T) {
		t.Parallel()

		require.False(t, filter.Match(filter.Text("first_name").Contains(""), named("Bette"), now))
	})
	t.Run("nothing where a condition should be, which is refused, matches nobody", func(t *testing.T) {
		t.Parallel()

		bette := filter.Text("first_name").Equals("Bette")
		for _, nobody := range []filter.Expr{
			filter.Not(nil), filter.And(nil), filter.Or(nil), filter.And(bette, nil), filter.And(nil, bette), filter.And(bette, filter.Not(nil)),
			filter.Or(nil, filter.Not(nil)),
		} {
			require.False(t, filter.Match(nobody, named("Bette"), now), "%#v", nobody)
		}
		for _, somebody := range []filter.Expr{filter.Or(nil, bette), filter.Or(bette, nil), filter.Not(filter.Or(nil))} {
			require.True(t, filter.Match(somebody, named("Bette"), now), "%#v", somebody)
		}
	})
	t.Run("a row that holds another type than its column's has no value there", func(t *testing.T) {
		t.Parallel()

		for _, field := range host.All() {
			for _, operator := range field.Operators() {
				expr := resolved(t, condition(field, operator))
				for _, odd := range oddValues(field.Type) {
					row := filter.Row{Columns: map[string]any{
						field.Name: odd, "annual_revenue_min": odd, "annual_revenue_max": odd, "contract_from": odd, "contract_to": odd,
					}}
					require.Equal(t, filter.Match(expr, filter.Row{}, now), filter.Match(expr, row, now), "%s of %T", filter.Describe(expr), odd)
				}
			}
		}
	})
	t.Run("a name contains every part of itself, in any case", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			name := rapid.StringMatching(`[A-Za-z%_'\\ -]{1,20}`).Draw(t, "name")
			from := rapid.IntRange(0, len(name)-1).Draw(t, "from")
			to := rapid.IntRange(from+1, len(name)).Draw(t, "to")
			for _, part := range []string{name[from:to], strings.ToUpper(name[from:to]), strings.ToLower(name[from:to])} {
				require.True(t, filter.Match(filter.Text("first_name").Contains(part), named(name), now))
			}
		})
	})
}

// oddValues are what a column of the type does not hold.
func oddValues(kind filter.Type) []any {
	odd := []any{
		'x', uint(4), float32(4), struct{}{}, []byte("B"), []any{"B"}, map[string]any{"B": 1}, new(string), (*string)(nil),
		json.Number("B"), json.Number(""), errors.New("B"),
	}
	number := kind == filter.TypeInt || kind == filter.TypeDecimal
	for value, fits := range map[any]bool{
		"B": kind == filter.TypeText || kind == filter.TypeEnum, 42: number, int64(42): number, 4.5: number, json.Number("4.5"): number,
		true: kind == filter.TypeBool, now: kind == filter.TypeTime, ann: kind == filter.TypeUUID,
	} {
		if !fits {
			odd = append(odd, value)
		}
	}
	if kind != filter.TypeList {
		odd = append(odd, []string{"B"})
	}
	return odd
}

func TestMatchComparesWords(t *testing.T) {
	t.Parallel()

	first, status, tier, source := filter.Text("first_name"), filter.Enum("phone_status"), filter.Enum("tier"), filter.Enum("source")
	phone, email := filter.Text("phone"), filter.Text("email")
	reachable := filter.Row{Contact: outdial.Contact{Phone: "+15046218927", Email: " Ann@Example.COM "}}
	id, owner := filter.UUID("contact_id"), filter.UUID("owner_id")
	tests := []struct {
		name string
		expr filter.Expr
		row  filter.Row
		want bool
	}{
		{"text equals itself", first.Equals("Bette"), named("Bette"), true},
		{"text equals itself in any case", first.Equals("bETTE"), named("Bette"), true},
		{"text equals itself in any alphabet", first.Equals("ΣΊΣΥΦΟΣ"), named("σίσυφος"), true},
		{"text does not equal a part of itself", first.Equals("Bett"), named("Bette"), false},
		{"blanks count", first.Equals("Bette "), named("Bette"), false},
		{"other text is not equal", first.NotEquals("Bette"), named("Ann"), true},
		{"the same text in another case is equal", first.NotEquals("BETTE"), named("Bette"), false},
		{"no text is not equal", first.NotEquals("Bette"), named(""), true},
		{"no text is not equal to text", first.Equals("Bette"), named(""), false},

		{"text starts with its beginning", first.StartsWith("bet"), named("Bette"), true},
		{"text starts with all of itself", first.StartsWith("Bette"), named("Bette"), true},
		{"text does not start with its middle", first.StartsWith("ett"), named("Bette"), false},
		{"no text starts with nothing", first.StartsWith("B"), named(""), false},
		{"text ends with its end", first.EndsWith("TTE"), named("Bette"), true},
		{"text does not end with its middle", first.EndsWith("ett"), named("Bette"), false},
		{"text ends with an accent in any case", first.EndsWith("É"), named("José"), true},

		{"one of several texts is enough", first.In("Ann", "bette"), named("Bette"), true},
		{"none of several texts is not", first.In("Ann", "Bet"), named("Bette"), false},
		{"a text may be there twice", first.In("Ann", "ann", "Ann"), named("ANN"), true},
		{"no text is in no list", first.In("Ann"), named(""), false},
		{"text that is in the list is not out of it", first.NotIn("Ann", "BETTE"), named("Bette"), false},
		{"text that is not in the list is out of it", first.NotIn("Ann"), named("Bette"), true},
		{"no text is out of every list", first.NotIn("Ann"), named(""), true},

		{"a word is its letters", tier.Equals("gold"), holding("tier", "gold"), true},
		{"a word in another case is another word", tier.Equals("gold"), holding("tier", "Gold"), false},
		{"and not equal", tier.NotEquals("gold"), holding("tier", "Gold"), true},
		{"no word is not equal", tier.NotEquals("gold"), holding("tier", nil), true},
		{"a word is in a list, letter for letter", tier.In("silver", "gold"), holding("tier", "gold"), true},
		{"in another case it is not", tier.In("silver", "gold"), holding("tier", "Gold"), false},
		{"no word is out of every list", tier.NotIn("silver", "gold"), filter.Row{}, true},
		{"any word can be asked for where there is no list of words", source.Equals("Fair 2026"), holding("source", "Fair 2026"), true},
		{"a number that nobody has checked is of unknown status", status.Equals("unknown"), filter.Row{}, true},
		{"a number of another status is not", status.Equals("unknown"), filter.Row{Contact: outdial.Contact{PhoneStatus: outdial.PhoneValid}}, false},
		{"a status is never empty", status.IsEmpty(), filter.Row{}, false},

		{"a phone number is found whole", phone.Equals("+15046218927"), reachable, true},
		{"another one is not", phone.Equals("+15046218928"), reachable, false},
		{"a phone number is found in a list", phone.In("+15046218928", "+15046218927"), reachable, true},
		{"what is no phone number is none", phone.IsEmpty(), filter.Row{Contact: outdial.Contact{Phone: "504"}}, true},
		{"and equals none", phone.NotEquals("+15046218927"), filter.Row{Contact: outdial.Contact{Phone: "504"}}, true},
		{"an e-mail address is found in any case", email.Equals("ANN@example.com"), reachable, true},
		{"blanks around it do not count", email.In(" ann@example.com"), reachable, true},
		{"a part of it is not found", email.Equals("ann@example"), reachable, false},
		{"no address is none", email.IsEmpty(), filter.Row{}, true},

		{"an id is itself", id.Equals(ann), filter.Row{Contact: outdial.Contact{ID: ann}}, true},
		{"an id is no other", id.Equals(ann), filter.Row{Contact: outdial.Contact{ID: bob}}, false},
		{"an id is in a list", id.In(bob, ann), filter.Row{Contact: outdial.Contact{ID: ann}}, true},
		{"an id is out of a list", id.NotIn(bob), filter.Row{Contact: outdial.Contact{ID: ann}}, true},
		{"an account is an id", filter.UUID("account_id").Equals(bob), filter.Row{Contact: outdial.Contact{AccountID: bob}}, true},
		{"an account that is not there is none", filter.UUID("account_id").IsEmpty(), filter.Row{}, true},
		{"an id of the host's is one", owner.NotEquals(ann), holding("owner_id", bob), true},
		{"no id is not equal", owner.NotEquals(ann), holding("owner_id", nil), true},
		{
			"an id is itself in capitals", filter.Condition{Field: "owner_id", Operator: filter.Equals, Values: []any{strings.ToUpper(ann.String())}},
			holding("owner_id", ann), true,
		},

		{"true is true", filter.Bool("is_opted_out").Equals(true), filter.Row{Contact: outdial.Contact{OptedOut: true}}, true},
		{"false is false", filter.Bool("is_opted_out").Equals(false), filter.Row{}, true},
		{"a contact is valid unless it is marked", filter.Bool("is_valid").Equals(true), filter.Row{}, true},
		{"a marked one is not", filter.Bool("is_valid").Equals(true), filter.Row{Contact: outdial.Contact{Invalid: true}}, false},
		{"no truth value is not true", filter.Bool("is_customer").Equals(true), holding("is_customer", nil), false},
		{"nor false", filter.Bool("is_customer").Equals(false), holding("is_customer", nil), false},
		{"so it is not equal to either", filter.Bool("is_customer").NotEquals(false), holding("is_customer", nil), true},
		{"false is not empty", filter.Bool("is_customer").IsNotEmpty(), holding("is_customer", false), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, matches(t, test.expr, test.row))
			require.Equal(t, !test.want, matches(t, filter.Not(test.expr), test.row), "NOT turns it around")
		})
	}
}

func TestMatchLooksIntoLists(t *testing.T) {
	t.Parallel()

	tags, topics := filter.List("tags"), filter.List("topics")
	vip := holding("tags", []string{"VIP", "École", ""})
	tests := []struct {
		name string
		expr filter.Expr
		row  filter.Row
		want bool
	}{
		{"one of the values is enough for any of them", tags.AnyOf("new", "vip"), vip, true},
		{"in any case, in any alphabet", tags.AnyOf("ÉCOLE"), vip, true},
		{"a part of a text is not enough", tags.AnyOf("vi"), vip, false},
		{"all of them must be there", tags.AllOf("école", "vip"), vip, true},
		{"one that is not there is too few", tags.AllOf("vip", "new"), vip, false},
		{"a value asked for twice need be there once", tags.AllOf("vip", "VIP"), vip, true},
		{"none of them must be there", tags.NoneOf("new", "old"), vip, true},
		{"one that is there is too many", tags.NoneOf("new", "vip"), vip, false},
		{"an empty list has none", tags.NoneOf("vip"), holding("tags", []string{}), true},
		{"no list has none", tags.NoneOf("vip"), filter.Row{}, true},
		{"an empty list has not any", tags.AnyOf("vip"), holding("tags", []string{}), false},
		{"no list has not all", tags.AllOf("vip"), filter.Row{}, false},
		{"an empty list is empty", tags.IsEmpty(), holding("tags", []string{}), true},
		{"no list is empty", tags.IsEmpty(), filter.Row{}, true},
		{"a list with an empty text in it is not", tags.IsEmpty(), holding("tags", []string{""}), false},

		{"an attribute is a list when it is an array", topics.AnyOf("golf"), imported(`{"topics": ["Golf"]}`), true},
		{"a text is no list", topics.AnyOf("golf"), imported(`{"topics": "golf"}`), false},
		{"so the field is empty", topics.IsEmpty(), imported(`{"topics": "golf"}`), true},
		{"an object is no list", topics.IsEmpty(), imported(`{"topics": {"golf": true}}`), true},
		{"null is no list", topics.IsEmpty(), imported(`{"topics": null}`), true},
		{"an empty array is empty", topics.IsEmpty(), imported(`{"topics": []}`), true},
		{"what is no text in it equals nothing", topics.AnyOf("4", "true", "null"), imported(`{"topics": [4, true, null]}`), false},
		{"but counts towards its length", topics.IsNotEmpty(), imported(`{"topics": [null]}`), true},
		{"and does not hide the texts beside it", topics.AllOf("golf", "chess"), imported(`{"topics": [4, "chess", null, "golf"]}`), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, matches(t, test.expr, test.row))
		})
	}
}

func TestMatchTakesEmptyFieldsForNothing(t *testing.T) {
	t.Parallel()

	for _, field := range host.All() {
		if field.Name == "is_valid" || field.Name == "is_opted_out" || field.Name == "phone_status" {
			continue // these always have a value
		}
		for _, operator := range field.Operators() {
			expr := condition(field, operator)
			switch operator {
			case filter.NotEquals, filter.NotContains, filter.NotIn, filter.NoneOf, filter.IsEmpty:
				t.Run(field.Name+" without a value satisfies "+string(operator), func(t *testing.T) {
					t.Parallel()

					require.True(t, matches(t, expr, filter.Row{}))
				})
			default:
				t.Run(field.Name+" without a value does not satisfy "+string(operator), func(t *testing.T) {
					t.Parallel()

					require.False(t, matches(t, expr, filter.Row{}))
					require.True(t, matches(t, filter.Not(expr), filter.Row{}), "and satisfies its NOT")
				})
			}
		}
	}
}

func TestMatchCombines(t *testing.T) {
	t.Parallel()

	yes, no := filter.Text("first_name").Equals("Ann"), filter.Text("first_name").Equals("Bob")
	tests := []struct {
		name string
		expr filter.Expr
		want bool
	}{
		{"AND is true when all are", filter.And(yes, yes, yes), true},
		{"AND is false when one is not", filter.And(yes, yes, no), false},
		{"AND of one is that one", filter.And(no), false},
		{"OR is true when one is", filter.Or(no, no, yes), true},
		{"OR is false when none is", filter.Or(no, no), false},
		{"OR of one is that one", filter.Or(yes), true},
		{"NOT turns around", filter.Not(yes), false},
		{"NOT twice is nothing", filter.Not(filter.Not(yes)), true},
		{"NOT turns a group around", filter.Not(filter.Or(no, filter.And(yes, no))), true},
		{"groups stand inside each other", filter.And(filter.Or(no, yes), filter.Not(filter.And(no, yes))), true},
		{"a field that is not there matches nobody", filter.Or(no, filter.Int("shoe_size").Equals(4)), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, filter.Match(test.expr, named("Ann"), now))
		})
	}
}
