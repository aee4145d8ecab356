package filter_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue/filter"
)

func TestMatchReadsAttributes(t *testing.T) {
	t.Parallel()

	shoe, discount, note := filter.Int("Shoe size"), filter.Decimal("discount"), filter.Text("note")
	vip, renewed, badge, referrer := filter.Bool("vip"), filter.Time("renewed"), filter.Enum("badge"), filter.UUID("referrer_id")
	tests := []struct {
		name       string
		expr       filter.Expr
		attributes string
		want       bool
	}{
		{"text is text", note.Contains("golf"), `{"note": "Plays GOLF"}`, true},
		{"text has escapes", note.Equals("É\n\""), `{"note": "\u00e9\n\""}`, true},
		{"a number is no text", note.IsEmpty(), `{"note": 4}`, true},
		{"a number is not found as text", note.Contains("4"), `{"note": 4}`, false},
		{"a truth value is no text", note.IsEmpty(), `{"note": true}`, true},
		{"a list is no text", note.IsEmpty(), `{"note": ["golf"]}`, true},
		{"an object is no text", note.IsEmpty(), `{"note": {"golf": "golf"}}`, true},
		{"null is no text", note.IsEmpty(), `{"note": null}`, true},
		{"the word null is", note.Equals("null"), `{"note": "null"}`, true},
		{"an empty text is none", note.IsEmpty(), `{"note": ""}`, true},
		{"a blank is text", note.IsEmpty(), `{"note": " "}`, false},
		{"what is not there is empty", note.IsEmpty(), `{"other": "golf"}`, true},
		{"the key counts in its case", note.IsEmpty(), `{"Note": "golf"}`, true},
		{"the last of two members counts", note.Equals("b"), `{"note": "a", "note": "b"}`, true},
		{"a member of a member does not count", note.IsEmpty(), `{"x": {"note": "golf"}}`, true},
		{"an attribute of a contact's own name has its own name", filter.Text("attributes.first_name").Equals("Al"), `{"first_name": "Al"}`, true},
		{"and is not the contact's", filter.Text("first_name").IsEmpty(), `{"first_name": "Al"}`, true},

		{"a number is a number", shoe.Equals(42), `{"Shoe size": 42}`, true},
		{"so is one with an exponent", shoe.Equals(4200), `{"Shoe size": 4.2e3}`, true},
		{"or a fraction of nothing", shoe.Equals(42), `{"Shoe size": 42.000}`, true},
		{"a number is read from text", shoe.Between(40, 45), `{"Shoe size": "42"}`, true},
		{"a negative one too", shoe.Less(0), `{"Shoe size": "-42"}`, true},
		{"half sizes are between whole ones", shoe.Greater(42), `{"Shoe size": "42.5"}`, true},
		{"zeros in front do not count", shoe.Equals(42), `{"Shoe size": "0042"}`, true},
		{"a plus sign is no number", shoe.IsEmpty(), `{"Shoe size": "+42"}`, true},
		{"blanks around it are no number", shoe.IsEmpty(), `{"Shoe size": " 42"}`, true},
		{"an exponent in text is no number", shoe.IsEmpty(), `{"Shoe size": "4e1"}`, true},
		{"a comma is no number", discount.IsEmpty(), `{"discount": "1,5"}`, true},
		{"half a number is none", discount.IsEmpty(), `{"discount": "1."}`, true},
		{"the other half is none", discount.IsEmpty(), `{"discount": ".5"}`, true},
		{"a unit makes it text", discount.IsEmpty(), `{"discount": "5%"}`, true},
		{"digits of other alphabets are none", discount.IsEmpty(), `{"discount": "٤٢"}`, true},
		{"an empty text is no number", discount.IsEmpty(), `{"discount": ""}`, true},
		{"a truth value is no number", shoe.IsEmpty(), `{"Shoe size": true}`, true},
		{"null is no number", shoe.IsEmpty(), `{"Shoe size": null}`, true},
		{"a list is no number", shoe.IsEmpty(), `{"Shoe size": [42]}`, true},
		{"decimals compare digit for digit", discount.Equals("0.1"), `{"discount": 0.10}`, true},
		{"in text too", discount.Equals("-12.5"), `{"discount": "-12.50"}`, true},
		{"a huge number is more than any", discount.Greater("1e300"), `{"discount": 1e400}`, true},
		{"one with an exponent that no column can hold is none", discount.IsEmpty(), `{"discount": 1e999999999}`, true},
		{"nor one with a negative one", discount.IsEmpty(), `{"discount": 1e-999999999}`, true},
		{"400 digits are a number", discount.Greater("1e300"), `{"discount": "` + strings.Repeat("9", 400) + `"}`, true},
		{"401 digits are text", discount.IsEmpty(), `{"discount": "` + strings.Repeat("9", 401) + `"}`, true},

		{"true is true", vip.Equals(true), `{"vip": true}`, true},
		{"whatever stands around it", vip.Equals(true), `{"vip" :  true  }`, true},
		{"false is false", vip.Equals(false), `{"vip": false}`, true},
		{"true is read from text", vip.Equals(true), `{"vip": "true"}`, true},
		{"false is read from text", vip.Equals(false), `{"vip": "false"}`, true},
		{"truth may have capitals", vip.Equals(true), `{"vip": "True"}`, true},
		{"falsehood may be in capitals", vip.Equals(false), `{"vip": "FALSE"}`, true},
		{"truth may be in capitals", vip.Equals(true), `{"vip": "TRUE"}`, true},
		{"falsehood may have one", vip.Equals(false), `{"vip": "False"}`, true},
		{"blanks around truth are no truth value", vip.IsEmpty(), `{"vip": " true"}`, true},
		{"yes is no truth value", vip.IsEmpty(), `{"vip": "yes"}`, true},
		{"one is no truth value", vip.IsEmpty(), `{"vip": 1}`, true},
		{"null is neither true nor false", vip.NotEquals(true), `{"vip": null}`, true},

		{"a time is read from text", renewed.Between(now, now), `{"renewed": "2026-11-02T15:04:05Z"}`, true},
		{"with its zone", renewed.Between(now, now), `{"renewed": "2026-11-02T20:34:05+05:30"}`, true},
		{"a date begins at midnight in Greenwich", renewed.AtMost(instant("2026-11-02T00:00:00Z")), `{"renewed": "2026-11-02"}`, true},
		{"digits beyond the microsecond are dropped", renewed.AtMost(now), `{"renewed": "2026-11-02T15:04:05.000000999Z"}`, true},
		{"a time without a zone is none", renewed.IsEmpty(), `{"renewed": "2026-11-02T15:04:05"}`, true},
		{"a day that there is not is none", renewed.IsEmpty(), `{"renewed": "2026-02-29"}`, true},
		{"a leap day is one", renewed.IsNotEmpty(), `{"renewed": "2024-02-29"}`, true},
		{"the year zero is none", renewed.IsEmpty(), `{"renewed": "0000-12-31"}`, true},
		{"an offset has no 60 minutes", renewed.IsEmpty(), `{"renewed": "2026-11-02T15:04:05+05:60"}`, true},
		{"an offset further than any there is, is none", renewed.IsEmpty(), `{"renewed": "2026-11-02T15:04:05+15:00"}`, true},
		{"a number is no time", renewed.IsEmpty(), `{"renewed": 1793631845}`, true},
		{"a local way to write dates is text", renewed.IsEmpty(), `{"renewed": "11/02/2026"}`, true},

		{"a word is its letters", badge.Equals("Gold"), `{"badge": "Gold"}`, true},
		{"in another case it is another", badge.Equals("gold"), `{"badge": "Gold"}`, false},
		{"a number is no word", badge.IsEmpty(), `{"badge": 1}`, true},

		{"an id is read from text", referrer.Equals(ann), `{"referrer_id": "` + ann.String() + `"}`, true},
		{"in capitals too", referrer.Equals(ann), `{"referrer_id": "` + strings.ToUpper(ann.String()) + `"}`, true},
		{"one without hyphens is text", referrer.IsEmpty(), `{"referrer_id": "` + strings.ReplaceAll(ann.String(), "-", "") + `"}`, true},
		{"a number is no id", referrer.IsEmpty(), `{"referrer_id": 4}`, true},

		{"no attributes have nothing", note.IsEmpty(), ``, true},
		{"null has nothing", note.IsEmpty(), `null`, true},
		{"a list has nothing", note.IsEmpty(), `["note"]`, true},
		{"what is no JSON has nothing", note.IsEmpty(), `{"note": `, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, matches(t, test.expr, imported(test.attributes)))
			require.Equal(t, !test.want, matches(t, filter.Not(test.expr), imported(test.attributes)), "NOT turns it around")
		})
	}
}
