// Package filter is the audience language: which of a campaign's contacts a
// request is about. An expression is built in Go or parsed from JSON, checked
// before any SQL exists, and compiled to a fragment in which every value is bound
// and every identifier comes from the package's own table of fields.
//
// Today the language has one condition, "first_name contains". Everything that
// uses filters takes an Expr, so that the language grows here and nowhere else.
package filter

import (
	"strings"

	"github.com/outdial/outdial"
)

// Expr is an audience filter. The nil Expr matches every contact. Expressions
// are immutable and come from this package only: a store may rely on knowing
// each kind.
type Expr interface {
	// Match says whether the contact satisfies the expression. It is the
	// specification that compiled SQL is tested against.
	Match(contact outdial.Contact) bool
	// check returns an error naming the field when the expression can never be
	// compiled.
	check() error
	compile(c *compiler)
}

// maxText is the longest text value a condition takes, in bytes. A name is never
// longer, and a pattern that is would cost more than any answer is worth.
const maxText = 256

// TextField is a field whose conditions compare text.
type TextField struct{ name string }

// Text starts a condition on a text field, such as first_name. Whether the field
// exists is checked when the expression is used, so that a condition can be
// written as one chain.
func Text(field string) TextField { return TextField{name: field} }

// Contains matches when the field has value anywhere in it, in upper or lower
// case. Percent signs, underscores and quotes in value are just characters, and a
// value must have at least one. An empty field contains nothing.
//
// Postgres compares by the rules of the database's locale: in one that was made
// with locale C, only ASCII letters have two cases.
func (f TextField) Contains(value string) Expr { return textContains{field: f.name, value: value} }

type textContains struct{ field, value string }

func (e textContains) Match(contact outdial.Contact) bool {
	field, ok := textFields[e.field]
	if !ok {
		return false
	}
	return strings.Contains(folded(field.of(contact)), folded(e.value))
}

func (e textContains) check() error {
	name := "filters." + e.field + "_contains"
	if _, ok := textFields[e.field]; !ok {
		return outdial.Invalid("filters."+e.field, "is not a field that can be filtered on")
	}
	return checkText(name, e.value)
}

func (e textContains) compile(c *compiler) {
	c.containsText(textFields[e.field].column, e.value)
}

// textField is one row of the field table: the only place where a name from a
// request becomes an identifier in SQL.
type textField struct {
	column string
	of     func(outdial.Contact) string
}

var textFields = map[string]textField{
	"first_name": {column: "c.first_name", of: func(c outdial.Contact) string { return c.FirstName }},
}

// Check returns an error matching outdial.ErrInvalid, naming the field, when the
// expression cannot be used. The nil Expr is fine.
func Check(expr Expr) error {
	if expr == nil {
		return nil
	}
	return expr.check()
}

// Match says whether the contact satisfies the expression; the nil Expr matches
// everybody.
func Match(expr Expr, contact outdial.Contact) bool {
	return expr == nil || expr.Match(contact)
}
