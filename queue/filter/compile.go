package filter

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Fragment is a compiled filter.
type Fragment struct {
	// SQL is a condition over the alias c of the contacts table, Joins what has to
	// stand behind that table for it: one left join for each long list, which adds
	// and drops no row.
	SQL   string
	Joins string
	// Args are the values of the named parameters, filter_0 and so on.
	Args map[string]any
	// Lists are the lists that the joins look into. They must be in the engine's
	// table before the statement runs.
	Lists []LongList
}

// LongList is a list of values that an engine keeps in a table, each there once.
// Either Texts or Numbers is set.
type LongList struct {
	// Number tells the lists of one statement apart.
	Number  int
	Texts   []string
	Numbers []*big.Rat
}

// Compile turns an expression into SQL. The nil Expr compiles to a condition that
// is always true. The condition is true for the rows that Match selects; for others
// it is false or NULL.
//
// A condition that was not resolved has the fields of a contact.
func Compile(expr Expr, dialect Dialect, now time.Time) (Fragment, error) {
	if err := Check(expr, nil); err != nil {
		return Fragment{}, err
	}
	c := compiler{dialect: dialect, now: now, fragment: Fragment{Args: map[string]any{}}}
	if expr == nil {
		c.sql.WriteString("1 = 1")
	} else {
		expr.compile(&c, false)
	}
	c.fragment.SQL = c.sql.String()
	return c.fragment, nil
}

type compiler struct {
	dialect  Dialect
	now      time.Time
	sql      strings.Builder
	fragment Fragment
	// letters are the parameters of letters that are bound already.
	letters map[rune]string
}

// letter binds a letter once, however many texts it is in.
func (c *compiler) letter(r rune) string {
	bound, ok := c.letters[r]
	if !ok {
		if c.letters == nil {
			c.letters = map[rune]string{}
		}
		bound = c.bind(string(r))
		c.letters[r] = bound
	}
	return bound
}

// bind names a value and returns the placeholder for it.
func (c *compiler) bind(value any) string {
	name := fmt.Sprintf("filter_%d", len(c.fragment.Args))
	c.fragment.Args[name] = value
	return ":" + name
}

// fill returns a template with its words filled in, given as word, text, word, text.
func (c *compiler) fill(template string, words ...string) string {
	for i := 0; i < len(words); i += 2 {
		words[i] = "{{" + words[i] + "}}"
	}
	return strings.NewReplacer(words...).Replace(strings.TrimSpace(c.dialect.Templates[template]))
}

// Negation goes down to the conditions, so that NULL never decides anything: a
// condition below a NOT is one that must not be true.
func (n Negation) compile(c *compiler, negated bool) { n.Expr.compile(c, !negated) }

func (g Group) compile(c *compiler, negated bool) {
	joint := " AND "
	if (g.Logic == LogicOr) != negated {
		joint = " OR "
	}
	c.sql.WriteByte('(')
	for i, expr := range g.Conditions {
		if i > 0 {
			c.sql.WriteString(joint)
		}
		expr.compile(c, negated)
	}
	c.sql.WriteByte(')')
}

func (cond Condition) compile(c *compiler, negated bool) {
	t, err := cond.read(nil)
	if err != nil {
		// Compile has checked it.
		c.sql.WriteString("1 = 0")
		return
	}
	sql := c.test(t)
	if t.negated != negated {
		sql = "(" + sql + ") IS NOT TRUE"
	}
	c.sql.WriteString(sql)
}

// place is a place of the field as the engine reads it.
func (c *compiler) place(f Field, from source) string {
	if from.attribute != "" {
		return c.fill(attributeTemplate(f.Type), "key", c.bind(c.dialect.Key(from.attribute)))
	}
	return c.fill(columnTemplate(f.Type), "column", from.column)
}

// value is an operand as the engine compares it with the field.
func (c *compiler) value(f Field, o operand) string {
	var bound any
	switch f.Type {
	case TypeInt, TypeDecimal:
		bound = c.dialect.Number(o.number)
	case TypeBool:
		bound = o.flag
	case TypeTime:
		bound = c.dialect.Time(o.at)
	default:
		bound = o.text
	}
	return c.fill(valueTemplate(f.Type), "value", c.bind(bound))
}

func (c *compiler) test(t *test) string {
	f := t.field
	low := c.place(f, f.low)
	if f.IsRange() {
		return c.overlap(t, low, c.place(f, f.high))
	}
	switch t.operator {
	case IsEmpty:
		return c.fill(emptyTemplate(f.Type), "x", low)
	case Contains:
		return c.pattern(low, t.operands[0].text, Anywhere)
	case StartsWith:
		return c.pattern(low, t.operands[0].text, AtStart)
	case EndsWith:
		return c.pattern(low, t.operands[0].text, AtEnd)
	case Equals:
		if f.folds() {
			return c.pattern(low, t.operands[0].text, Whole)
		}
		return low + " = " + c.value(f, t.operands[0])
	case In:
		return c.in(f, low, t.operands)
	case AnyOf:
		return c.has(templateHasAny, low, t.operands)
	case AllOf:
		return c.has(templateHasAll, low, t.operands)
	case Between:
		return low + " BETWEEN " + c.value(f, t.operands[0]) + " AND " + c.value(f, t.operands[1])
	case WithinLastDays:
		from, to := t.span(c.now)
		return low + " BETWEEN " + c.value(f, operand{at: from}) + " AND " + c.value(f, operand{at: to})
	default:
		return low + comparison[t.operator] + c.value(f, t.operands[0])
	}
}

var comparison = map[Operator]string{
	Greater: " > ", AtLeast: " >= ", Less: " < ", AtMost: " <= ", Before: " < ", After: " > ",
}

// overlap is a comparison with the range from low to high.
func (c *compiler) overlap(t *test, low, high string) string {
	f := t.field
	var begins, ends string
	switch t.operator {
	case IsEmpty:
		return c.fill(templateNoRange, "low", low, "high", high)
	case Equals, Between:
		begins = low + " <= " + c.value(f, t.operands[len(t.operands)-1])
		ends = high + " >= " + c.value(f, t.operands[0])
	case Greater, AtLeast, After:
		ends = high + comparison[t.operator] + c.value(f, t.operands[0])
	default:
		begins = low + comparison[t.operator] + c.value(f, t.operands[0])
	}
	// An end that is not there is open, as long as the other one is.
	var both []string
	if begins != "" {
		both = append(both, c.fill(templateOpen, "end", low, "condition", begins))
	}
	if ends != "" {
		both = append(both, c.fill(templateOpen, "end", high, "condition", ends))
	}
	both = append(both, "("+c.fill(templateNoRange, "low", low, "high", high)+") IS NOT TRUE")
	return "(" + strings.Join(both, " AND ") + ")"
}

func (c *compiler) pattern(x, text string, place Place) string {
	return c.fill(templateMatches, "x", x, "value", c.bind(c.dialect.Pattern(text, place)))
}

// folded is an expression in the case that folded texts are in, as far as those
// texts can tell.
func (c *compiler) folded(x string, texts []string) string {
	x = c.fill(templateUpper, "x", x)
	for _, letter := range foldings(texts) {
		x = c.fill(templateReplace, "x", x, "from", c.letter(letter.from), "to", c.letter(letter.to))
	}
	return x
}

func (c *compiler) in(f Field, x string, operands []operand) string {
	if f.number() {
		numbers := distinctNumbers(operands)
		if c.dialect.LongList > 0 && len(numbers) > c.dialect.LongList {
			return c.joined(templateNumberJoin, x, LongList{Numbers: numbers})
		}
		return c.fill(inTemplate(f.Type), "x", x, "value", c.bind(c.dialect.List(each(numbers, c.dialect.Number))))
	}
	texts := distinctTexts(f.folds(), operands)
	if f.folds() {
		x = c.folded(x, texts)
	}
	if c.dialect.LongList > 0 && len(texts) > c.dialect.LongList {
		return c.joined(templateTextJoin, x, LongList{Texts: texts})
	}
	return c.fill(inTemplate(f.Type), "x", x, "value", c.bind(c.dialect.List(anyTexts(texts))))
}

// has says whether the list x has one of the texts, or all.
func (c *compiler) has(template, x string, operands []operand) string {
	texts := distinctTexts(true, operands)
	member := c.folded(strings.TrimSpace(c.dialect.Templates[templateMember]), texts)
	words := []string{"x", x, "member", member, "value", c.bind(c.dialect.List(anyTexts(texts)))}
	if template == templateHasAll {
		words = append(words, "count", c.bind(len(texts)))
	}
	return c.fill(template, words...)
}

// joined puts the values aside for the engine's table and looks them up there.
func (c *compiler) joined(template, x string, list LongList) string {
	list.Number = len(c.fragment.Lists)
	alias := fmt.Sprintf("filter_list_%d", list.Number)
	c.fragment.Joins += "\n" + c.fill(template, "x", x, "alias", alias, "number", c.bind(list.Number))
	c.fragment.Lists = append(c.fragment.Lists, list)
	return c.fill(templateJoined, "alias", alias)
}

func anyTexts(texts []string) []any {
	return each(texts, func(text string) any { return text })
}

// distinctTexts returns each text once, in order: folded ones when case does not
// count.
func distinctTexts(fold bool, operands []operand) []string {
	texts := make([]string, len(operands))
	for i, o := range operands {
		texts[i] = o.text
		if fold {
			texts[i] = folded(o.text)
		}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

func distinctNumbers(operands []operand) []*big.Rat {
	numbers := make([]*big.Rat, len(operands))
	for i, o := range operands {
		numbers[i] = o.number
	}
	slices.SortFunc(numbers, func(a, b *big.Rat) int { return a.Cmp(b) })
	return slices.CompactFunc(numbers, func(a, b *big.Rat) bool { return a.Cmp(b) == 0 })
}

// CompileField returns what the field holds as text, NULL when it is empty. The SQL
// is an expression over the alias c. The field must not be a range or a list.
func CompileField(field Field, dialect Dialect) Fragment {
	c := compiler{dialect: dialect, fragment: Fragment{Args: map[string]any{}}}
	x := c.place(field, field.low)
	if field.Type == TypeBool {
		x = "CASE WHEN " + x + " THEN 'true' WHEN NOT " + x + " THEN 'false' END"
	}
	c.fragment.SQL = "NULLIF(CAST(" + x + " AS TEXT), '')"
	return c.fragment
}
