// Package filter is the audience language: which of a campaign's contacts a
// request is about. An expression is built in Go or parsed from JSON, checked
// against the fields that exist before any SQL does, and compiled to a condition
// in which every value is bound and every identifier comes from the fields.
//
//	filter.And(
//		filter.Text("first_name").Contains("B"),
//		filter.Int("staff_count").Between(50, 500),
//	)
//
// Match is the specification: compiled SQL selects the rows that Match selects, on
// every engine.
package filter

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/outdial/outdial"
)

// The bounds of an expression. They are far beyond what a person writes, and keep
// what a program writes within what a database answers.
const (
	// MaxDepth is how deep groups may stand inside each other; a condition by
	// itself, or in one group, is at depth 1.
	MaxDepth = 20
	// MaxConditions is how many conditions an expression may have in all, and how
	// many groups.
	MaxConditions = 500
	// MaxValues is how many values the lists of an expression may have in all.
	MaxValues = 100_000
	// MaxLetters is how many different letters beyond a to z the lists of texts in an
	// expression may have in all, and MaxListLetters how many each of them: engines
	// have to be told the two cases of every one. Greek, Cyrillic and the Latin of
	// Europe together have fewer.
	MaxLetters     = 2000
	MaxListLetters = 250
	// MaxListValues is how many values AnyOf, AllOf and NoneOf take.
	MaxListValues = 100
	// MaxText is how long a text value may be, in bytes. A name is never longer,
	// and a pattern that is would cost more than any answer is worth.
	MaxText = 256
	// MaxDays is how far back WithinLastDays reaches: a century.
	MaxDays = 36_525
)

// Expr is an audience filter: a Condition, a Group of expressions, or a Negation.
// The nil Expr matches every contact. An expression is not changed once it is in
// use; copies may share parts.
type Expr interface {
	// check returns an error when the expression cannot be used with the fields.
	check(scope *scope, depth int) error
	// resolve returns a copy in which each condition knows its field.
	resolve(fields *Fields) Expr
	match(row Row, at time.Time) bool
	compile(c *compiler, negated bool)
}

// Logic is how a group combines what is in it.
type Logic string

// The logics. LogicNot stands for a Negation in the JSON form.
const (
	LogicAnd Logic = "AND"
	LogicOr  Logic = "OR"
	LogicNot Logic = "NOT"
)

// Group combines expressions, of which it needs at least one: a group without any
// would be everybody or nobody, depending on who reads it.
type Group struct {
	Logic      Logic
	Conditions []Expr
}

// Negation matches exactly whom its expression does not match. That includes
// contacts about whom nothing is known: a value that is not there equals nothing.
type Negation struct{ Expr Expr }

// Condition asks something of one field.
type Condition struct {
	// Field is the name of a field.
	Field string
	// Operator must be one that the field's type has.
	Operator Operator
	// Values are what stands beside the operator, as JSON has them: string,
	// json.Number or bool. An operator that takes a list has any number of them,
	// Between two, IsEmpty none and the others one. Times are in RFC 3339.
	Values []any

	// test is set once the condition has been resolved.
	test *test
}

// And matches who satisfies every one of the expressions.
func And(exprs ...Expr) Expr { return Group{Logic: LogicAnd, Conditions: exprs} }

// Or matches who satisfies at least one of the expressions.
func Or(exprs ...Expr) Expr { return Group{Logic: LogicOr, Conditions: exprs} }

// Not matches who does not satisfy the expression.
func Not(expr Expr) Expr { return Negation{Expr: expr} }

// Check returns an error matching outdial.ErrInvalid, naming the field, when the
// expression cannot be used with the fields: there is no such field, it has no such
// operator, a value is of the wrong type, or the expression is out of bounds. The
// nil Expr is fine; nil fields are those of a contact.
func Check(expr Expr, fields *Fields) error {
	if expr == nil {
		return nil
	}
	return check(expr, &scope{fields: fields}, 1)
}

// check refuses what is no expression of this package: a pointer to one has its
// methods, and would go unnoticed wherever expressions are told apart.
func check(expr Expr, s *scope, depth int) error {
	switch expr.(type) {
	case Condition, Group, Negation:
		return expr.check(s, depth)
	case nil:
		return outdial.Invalid("filters.conditions", "contains nothing where a condition should be")
	}
	return outdial.Invalid("filters.conditions", "contains something that is no Condition, Group or Negation")
}

// Resolve checks the expression and returns a copy that knows its fields, so that
// whoever compiles it or matches by it needs no Fields. A store gets such a copy;
// what it gets unresolved has the fields of a contact and no others.
func Resolve(expr Expr, fields *Fields) (Expr, error) {
	if err := Check(expr, fields); err != nil || expr == nil {
		return nil, err
	}
	return expr.resolve(fields), nil
}

// scope is what a check knows of the whole expression.
type scope struct {
	fields                              *Fields
	groups, conditions, values, letters int
}

// group counts a group or a negation.
func (s *scope) group(depth int) error {
	if depth > MaxDepth {
		return tooDeep()
	}
	if s.groups++; s.groups > MaxConditions {
		return tooMany("groups")
	}
	return nil
}

func (g Group) check(s *scope, depth int) error {
	if err := s.group(depth); err != nil {
		return err
	}
	if g.Logic != LogicAnd && g.Logic != LogicOr {
		return outdial.Invalid("filters.logic", "must be AND, OR or NOT")
	}
	if len(g.Conditions) == 0 {
		return outdial.Invalid("filters.conditions", "is empty; leave filters out to match everybody")
	}
	for _, expr := range g.Conditions {
		next := depth
		if _, leaf := expr.(Condition); !leaf {
			next++
		}
		if err := check(expr, s, next); err != nil {
			return err
		}
	}
	return nil
}

func (n Negation) check(s *scope, depth int) error {
	if err := s.group(depth); err != nil {
		return err
	}
	if _, leaf := n.Expr.(Condition); !leaf {
		depth++
	}
	return check(n.Expr, s, depth)
}

func (c Condition) check(s *scope, _ int) error {
	if s.conditions++; s.conditions > MaxConditions {
		return tooMany("conditions")
	}
	takes := c.Operator.Takes()
	if takes == TakesList || takes == TakesTwo {
		if s.values += len(c.Values); s.values > MaxValues {
			return outdial.Invalid(c.label(), fmt.Sprintf("has more than %d values, with those of the other lists", MaxValues))
		}
	}
	t, err := c.read(s.fields)
	if err != nil || takes != TakesList || !t.field.folds() {
		return err
	}
	letters := lettersOf(t.operands)
	if s.letters += letters; letters > MaxListLetters || s.letters > MaxLetters {
		return outdial.Invalid(c.label(), fmt.Sprintf("has more than %d different letters beyond a to z, or more than %d with the other lists",
			MaxListLetters, MaxLetters))
	}
	return nil
}

func (g Group) resolve(fields *Fields) Expr {
	conditions := make([]Expr, len(g.Conditions))
	for i, expr := range g.Conditions {
		conditions[i] = expr.resolve(fields)
	}
	return Group{Logic: g.Logic, Conditions: conditions}
}

func (n Negation) resolve(fields *Fields) Expr { return Negation{Expr: n.Expr.resolve(fields)} }

func (c Condition) resolve(fields *Fields) Expr {
	if t, err := c.read(fields); err == nil {
		c.test = t
	}
	return c
}

// label is how an error names the condition's field.
func (c Condition) label() string {
	return "filters." + strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, printable(c.Field))
}

func tooMany(what string) error {
	return outdial.Invalid("filters", fmt.Sprintf("has more than %d %s", MaxConditions, what))
}

func tooDeep() error {
	return outdial.Invalid("filters", fmt.Sprintf("is nested deeper than %d groups", MaxDepth))
}

// FieldNames lists the fields that an expression is about, each once.
func FieldNames(expr Expr) []string {
	var names []string
	seen := map[string]bool{}
	var walk func(Expr)
	walk = func(expr Expr) {
		switch e := expr.(type) {
		case Group:
			for _, inner := range e.Conditions {
				walk(inner)
			}
		case Negation:
			walk(e.Expr)
		case Condition:
			if !seen[e.Field] {
				seen[e.Field] = true
				names = append(names, e.Field)
			}
		}
	}
	walk(expr)
	return names
}
