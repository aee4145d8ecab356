package filter

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/outdial/outdial"
)

// The members of the JSON form.
const (
	memberLogic      = "logic"
	memberConditions = "conditions"
	memberField      = "field"
	memberOperator   = "operator"
	memberValue      = "value"
	// memberFirstName is the one condition of the older form.
	memberFirstName = "first_name_contains"
)

// Parse reads a filter as callers send it: a group, a condition, or the older form.
//
//	{"logic": "AND", "conditions": [
//		{"field": "region", "operator": "in", "value": ["LA", "TX"]},
//		{"logic": "NOT", "conditions": [{"field": "timezone", "operator": "is_empty"}]}
//	]}
//	{"first_name_contains": "B"}
//
// Nothing at all, null and the empty object match everybody. Unknown members,
// repeated ones, values of the wrong shape, groups deeper than MaxDepth and text
// that is no UTF-8, or half a character, are errors matching outdial.ErrInvalid that
// name the field. Which fields there are, and of which type, is for Check to say.
func Parse(data []byte) (Expr, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	if !utf8.Valid(data) {
		return nil, outdial.Invalid("filters", "is not UTF-8")
	}
	// The syntax is checked as a whole first, with a stack of its own.
	if !json.Valid(data) {
		return nil, outdial.Invalid("filters", "must be a JSON object")
	}
	p := &parser{data: data, decoder: json.NewDecoder(bytes.NewReader(data))}
	p.decoder.UseNumber()
	switch start := p.next(); start {
	case nil:
		return nil, nil
	case json.Delim('{'):
		return p.object(1, true)
	default:
		return nil, outdial.Invalid("filters", "must be a JSON object")
	}
}

// parser reads valid JSON once, from the beginning to the end.
type parser struct {
	data    []byte
	decoder *json.Decoder
	// from and to are where the last token stands.
	from, to int64
	// groups, conditions and values count what there was so far.
	groups, conditions, values int
}

func (p *parser) next() json.Token {
	p.from = p.decoder.InputOffset()
	token, err := p.decoder.Token()
	p.to = p.decoder.InputOffset()
	if err != nil {
		return nil // not in valid JSON
	}
	return token
}

// brokenText says whether the last token is a string with half a character in it.
func (p *parser) brokenText() bool { return halfCharacter(p.data[p.from:p.to]) }

// node is an object of the JSON form on its way to an expression.
type node struct {
	seen            map[string]bool
	logic           string
	field, operator string
	conditions      []Expr
	values          []any
	isList          bool
	// older is the value of the older form.
	older *string
}

// object reads an object whose brace has been read. Depth is that of the group it
// turns out to be.
func (p *parser) object(depth int, whole bool) (Expr, error) {
	n := node{seen: map[string]bool{}}
	for p.decoder.More() {
		name, _ := p.next().(string)
		if n.seen[name] {
			return nil, outdial.Invalid("filters", fmt.Sprintf("member %q is there twice", printable(name)))
		}
		n.seen[name] = true
		if err := p.member(&n, name, depth, whole); err != nil {
			return nil, err
		}
	}
	p.next()
	expr, err := n.expr(whole)
	if err != nil {
		return nil, err
	}
	// What can be said is counted as it comes: it costs memory before it is checked.
	switch expr.(type) {
	case Condition:
		if p.conditions++; p.conditions > MaxConditions {
			return nil, tooMany("conditions")
		}
	case Group, Negation:
		if p.groups++; p.groups > MaxConditions {
			return nil, tooMany("groups")
		}
	}
	return expr, nil
}

func (p *parser) member(n *node, name string, depth int, whole bool) (err error) {
	switch {
	case name == memberConditions:
		n.conditions, err = p.group(depth)
		return err
	case name == memberValue:
		n.values, n.isList, err = p.value(n)
		return err
	case name == memberFirstName && whole:
		text, err := p.text("filters." + name)
		n.older = &text
		return err
	case name == memberLogic:
		n.logic, err = p.text("filters." + name)
		return err
	case name == memberField:
		n.field, err = p.text("filters." + name)
		return err
	case name == memberOperator:
		n.operator, err = p.text("filters." + name)
		return err
	}
	return outdial.Invalid("filters", fmt.Sprintf("unknown member %q", printable(name)))
}

// text reads a string; null is empty.
func (p *parser) text(label string) (string, error) {
	token := p.next()
	if token == nil {
		return "", nil
	}
	text, ok := token.(string)
	if !ok {
		return "", outdial.Invalid(label, "must be a string")
	}
	if p.brokenText() {
		return "", outdial.Invalid(label, "contains half a character")
	}
	return text, nil
}

func (p *parser) group(depth int) ([]Expr, error) {
	const label = "filters." + memberConditions
	if p.next() != json.Delim('[') {
		return nil, outdial.Invalid(label, "must be a list of conditions")
	}
	if depth > MaxDepth {
		return nil, tooDeep()
	}
	conditions := []Expr{}
	for p.decoder.More() {
		if p.next() != json.Delim('{') {
			return nil, outdial.Invalid(label, "must be a list of conditions")
		}
		expr, err := p.object(depth+1, false)
		if err != nil {
			return nil, err
		}
		conditions = append(conditions, expr)
	}
	p.next()
	return conditions, nil
}

// value reads a scalar or a list of them.
func (p *parser) value(n *node) (values []any, isList bool, err error) {
	label := "filters"
	if n.field != "" {
		label = Condition{Field: n.field}.label()
	}
	first := p.next()
	if first != json.Delim('[') {
		if first == nil {
			return nil, false, nil
		}
		if err := p.scalar(first, label); err != nil {
			return nil, false, err
		}
		return []any{first}, false, nil
	}
	values = []any{}
	for p.decoder.More() {
		value := p.next()
		if err := p.scalar(value, label); err != nil {
			return nil, false, err
		}
		if p.values++; p.values > MaxValues {
			return nil, false, outdial.Invalid(label, fmt.Sprintf("has more than %d values, with those of the other lists", MaxValues))
		}
		values = append(values, value)
	}
	p.next()
	return values, true, nil
}

func (p *parser) scalar(token json.Token, label string) error {
	switch token.(type) {
	case string:
		if p.brokenText() {
			return outdial.Invalid(label, "contains half a character")
		}
		return nil
	case json.Number, bool:
		return nil
	}
	return outdial.Invalid(label, "must be text, a number, true or false, or a list of such")
}

// expr makes an expression of what an object had in it.
func (n node) expr(whole bool) (Expr, error) {
	isGroup := n.seen[memberLogic] || n.seen[memberConditions]
	isCondition := n.seen[memberField] || n.seen[memberOperator] || n.seen[memberValue]
	switch {
	case n.older != nil && (isGroup || isCondition):
		return nil, outdial.Invalid("filters."+memberFirstName, "cannot be combined with other members")
	case isGroup && isCondition:
		return nil, outdial.Invalid("filters", "has an object that is a group and a condition at once")
	case isGroup:
		return n.groupExpr()
	case isCondition:
		return n.condition()
	case !whole:
		return nil, outdial.Invalid("filters."+memberConditions, "contains an empty object")
	case n.older == nil || *n.older == "":
		return nil, nil
	}
	if problem := checkText(*n.older); problem != "" {
		return nil, outdial.Invalid("filters."+memberFirstName, problem)
	}
	return Text("first_name").Contains(*n.older), nil
}

func (n node) groupExpr() (Expr, error) {
	switch Logic(n.logic) {
	case LogicNot:
		if len(n.conditions) != 1 {
			return nil, outdial.Invalid("filters.conditions", "must hold exactly one condition below NOT")
		}
		return Not(n.conditions[0]), nil
	case LogicAnd, LogicOr:
		if len(n.conditions) == 0 {
			return nil, outdial.Invalid("filters.conditions", "is empty; leave filters out to match everybody")
		}
		return Group{Logic: Logic(n.logic), Conditions: n.conditions}, nil
	}
	return nil, outdial.Invalid("filters.logic", "must be AND, OR or NOT")
}

func (n node) condition() (Expr, error) {
	operator := Operator(n.operator)
	condition := Condition{Field: n.field, Operator: operator, Values: n.values}
	switch {
	case n.field == "":
		return nil, outdial.Invalid("filters.field", "is missing in a condition")
	case operator.Takes() == "":
		return nil, outdial.Invalid(condition.label(), fmt.Sprintf("cannot be asked %q: there is no such operator", printable(n.operator)))
	case n.isList != (operator.Takes() == TakesList || operator.Takes() == TakesTwo) && n.values != nil:
		if n.isList {
			return nil, outdial.Invalid(condition.label(), fmt.Sprintf("must have no list with %q", n.operator))
		}
		return nil, outdial.Invalid(condition.label(), fmt.Sprintf("must have a list with %q", n.operator))
	}
	if problem := condition.arity(); problem != "" {
		return nil, outdial.Invalid(condition.label(), problem)
	}
	return condition, nil
}

// halfCharacter says whether a JSON string has an escape for one half of a
// surrogate pair without the other. encoding/json would read a replacement
// character, which is not what anybody looks for.
func halfCharacter(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++
		first, ok := escaped(raw[i:])
		if !ok || !utf16.IsSurrogate(first) {
			continue
		}
		const escape = len("uXXXX")
		rest, follows := bytes.CutPrefix(raw[i+escape:], []byte(`\`))
		second, ok := escaped(rest)
		if !follows || !ok || utf16.DecodeRune(first, second) == unicode.ReplacementChar {
			return true
		}
		i += 2 * escape
	}
	return false
}

// escaped reads the four digits of a \u escape, from the u on.
func escaped(raw []byte) (rune, bool) {
	const digits = 4
	if len(raw) <= digits || raw[0] != 'u' {
		return 0, false
	}
	code, err := strconv.ParseUint(string(raw[1:1+digits]), 16, 16)
	return rune(code), err == nil
}

// Describe returns the expression in the form Parse reads: the same bytes for equal
// expressions, for fingerprints. The nil Expr is null, and what the older form can
// say is said in it.
func Describe(expr Expr) json.RawMessage {
	return describe(expr, func(c Condition) (any, bool) { return c.encode() })
}

// Summarize is Describe for people and logs: of a list too long to read it gives
// how many values there are and what tells the list from others.
func Summarize(expr Expr) json.RawMessage {
	return describe(expr, func(c Condition) (any, bool) {
		const readable = 100
		if len(c.Values) <= readable {
			return c.encode()
		}
		encoded, ok := c.encode()
		digest := sha256.Sum256(marshal(encoded))
		return conditionSummary{c.Field, c.Operator, len(c.Values), hex.EncodeToString(digest[:8])}, ok
	})
}

func describe(expr Expr, leaf func(Condition) (any, bool)) json.RawMessage {
	if condition, ok := expr.(Condition); ok && condition.Field == "first_name" && condition.Operator == Contains &&
		len(condition.Values) == 1 {
		return marshal(map[string]any{memberFirstName: condition.Values[0]})
	}
	form, ok := formOf(expr, leaf)
	if !ok {
		return json.RawMessage("null")
	}
	return marshal(form)
}

// groupForm and conditionForm are the JSON form of an expression.
type groupForm struct {
	Logic      Logic `json:"logic"`
	Conditions []any `json:"conditions"`
}

type conditionForm struct {
	Field    string   `json:"field"`
	Operator Operator `json:"operator"`
	Value    any      `json:"value,omitempty"`
}

type conditionSummary struct {
	Field    string   `json:"field"`
	Operator Operator `json:"operator"`
	Values   int      `json:"values"`
	Digest   string   `json:"sha256"`
}

func formOf(expr Expr, leaf func(Condition) (any, bool)) (any, bool) {
	switch e := expr.(type) {
	case Condition:
		return leaf(e)
	case Negation:
		inner, ok := formOf(e.Expr, leaf)
		return groupForm{LogicNot, []any{inner}}, ok
	case Group:
		form := groupForm{e.Logic, make([]any, len(e.Conditions))}
		for i, condition := range e.Conditions {
			inner, ok := formOf(condition, leaf)
			if !ok {
				return nil, false
			}
			form.Conditions[i] = inner
		}
		return form, true
	}
	return nil, false
}

func (c Condition) encode() (any, bool) {
	form := conditionForm{Field: c.Field, Operator: c.Operator}
	switch c.Operator.Takes() {
	case TakesNothing:
	case TakesList, TakesTwo:
		form.Value = slices.Clone(c.Values)
	default:
		if len(c.Values) != 1 {
			return nil, false
		}
		form.Value = c.Values[0]
	}
	return form, true
}

// marshal encodes without the escapes that HTML needs, so that a name reads as it
// was given.
func marshal(form any) json.RawMessage {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(form) != nil {
		return json.RawMessage("null")
	}
	return json.RawMessage(strings.TrimSuffix(out.String(), "\n"))
}
