package sqlstore

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// Args are the values of a query's named parameters.
type Args map[string]any

// BindStyle is how an engine's drivers take parameters.
type BindStyle int

const (
	// BindNumbered passes values by position: $1, $2. A name that appears twice
	// is one parameter.
	BindNumbered BindStyle = iota
	// BindNamed passes values by name: :name.
	BindNamed
)

// compiled is a query in the form its engine takes.
type compiled struct {
	text  string
	names []string
	style BindStyle
}

// compileQuery finds the named parameters of a query. Text in quotes, and the
// double colon of a cast, are left alone.
func compileQuery(text string, style BindStyle) compiled {
	query := compiled{style: style}
	number := map[string]int{}
	var out strings.Builder
	for i := 0; i < len(text); {
		switch {
		case text[i] == '\'':
			end := i + 1 + strings.IndexByte(text[i+1:]+"'", '\'')
			end = min(end+1, len(text))
			out.WriteString(text[i:end])
			i = end
		case strings.HasPrefix(text[i:], "::"):
			out.WriteString("::")
			i += 2
		case text[i] == ':' && i+1 < len(text) && isNameByte(text[i+1]):
			end := i + 1
			for end < len(text) && isNameByte(text[end]) {
				end++
			}
			name := text[i+1 : end]
			if _, seen := number[name]; !seen {
				query.names = append(query.names, name)
				number[name] = len(query.names)
			}
			if style == BindNumbered {
				out.WriteString("$" + strconv.Itoa(number[name]))
			} else {
				out.WriteString(text[i:end])
			}
			i = end
		default:
			out.WriteByte(text[i])
			i++
		}
	}
	query.text = out.String()
	return query
}

func isNameByte(b byte) bool {
	return b == '_' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

// bind puts the values in the order that the query wants.
func (c compiled) bind(args Args) ([]any, error) {
	values := make([]any, len(c.names))
	for i, name := range c.names {
		value, ok := args[name]
		if !ok {
			return nil, fmt.Errorf("no value for parameter %q", name)
		}
		if c.style == BindNamed {
			value = sql.Named(name, value)
		}
		values[i] = value
	}
	return values, nil
}
