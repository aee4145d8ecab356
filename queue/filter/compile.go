package filter

import (
	"fmt"
	"strings"
)

// Dialect says how an engine spells what engines spell differently.
type Dialect struct {
	// ContainsText is the condition that a column matches a pattern in any case.
	// Its two %s verbs are the column and the parameter.
	ContainsText string
	// Pattern turns the text that is looked for into the pattern bound to that
	// parameter: LikePattern or GlobPattern.
	Pattern func(text string) string
}

// Fragment is a compiled filter: a condition over the alias c of the contacts
// table, and the values of its named parameters.
type Fragment struct {
	SQL  string
	Args map[string]any
}

// Compile turns an expression into SQL. The nil Expr compiles to a condition
// that is always true. Parameters are named filter_0, filter_1 and so on.
func Compile(expr Expr, dialect Dialect) (Fragment, error) {
	if err := Check(expr); err != nil {
		return Fragment{}, err
	}
	c := compiler{dialect: dialect, args: map[string]any{}}
	if expr == nil {
		c.sql.WriteString("1 = 1")
	} else {
		expr.compile(&c)
	}
	return Fragment{SQL: c.sql.String(), Args: c.args}, nil
}

type compiler struct {
	dialect Dialect
	sql     strings.Builder
	args    map[string]any
}

// bind names a value and returns the placeholder for it.
func (c *compiler) bind(value any) string {
	name := fmt.Sprintf("filter_%d", len(c.args))
	c.args[name] = value
	return ":" + name
}

func (c *compiler) containsText(column, value string) {
	fmt.Fprintf(&c.sql, c.dialect.ContainsText, column, c.bind(c.dialect.Pattern(value)))
}
