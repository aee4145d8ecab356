// Package docpage keeps the generated pages in docs equal to the code: a test writes
// the page from the tables of its package, with the sentences of the comments there.
package docpage

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// Require fails the test when the file is not the page, and writes it before when
// update says so. The command is what a person runs for that.
func Require(t testing.TB, file, page, command string, update bool) {
	t.Helper()
	if update {
		require.NoError(t, os.WriteFile(file, []byte(page), 0o644)) //nolint:gosec // everybody reads the docs
	}
	got, err := os.ReadFile(file) //nolint:gosec // a page of ours, named by a test of ours
	require.NoError(t, err, "write it with: %s", command)
	require.Equal(t, page, string(got), "write it anew with: %s", command)
}

// Comments are those of the string constants in some files.
type Comments struct {
	t testing.TB
	// said holds the sentences by the constant's type and value.
	said map[[2]string]string
}

// Read reads the comments of the constants of one package's files.
func Read(t testing.TB, files ...string) Comments {
	t.Helper()
	comments := Comments{t: t, said: map[[2]string]string{}}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		ast.Inspect(parsed, func(node ast.Node) bool {
			if constant, ok := node.(*ast.ValueSpec); ok {
				comments.add(constant)
			}
			return true
		})
	}
	return comments
}

func (c Comments) add(constant *ast.ValueSpec) {
	c.t.Helper()
	if constant.Doc == nil || len(constant.Values) != 1 {
		return
	}
	kind, typed := constant.Type.(*ast.Ident)
	literal, ok := constant.Values[0].(*ast.BasicLit)
	if !typed || !ok || literal.Kind != token.STRING {
		return
	}
	value, err := strconv.Unquote(literal.Value)
	require.NoError(c.t, err)
	c.said[[2]string{kind.Name, value}] = Sentence(c.t, constant.Names[0].Name, constant.Doc.Text())
}

// Of returns what the comment of the constant that has this type and value says. A
// constant without a comment fails the test.
func (c Comments) Of(constant any) string {
	c.t.Helper()
	value := reflect.ValueOf(constant)
	sentence := c.said[[2]string{value.Type().Name(), value.String()}]
	require.NotEmpty(c.t, sentence, "%s has no comment", value)
	return sentence
}

// Sentence returns a comment without the name that it begins with, ready for a cell of
// a table: of "MovePull gives an item." it leaves "Gives an item.", with a capital.
func Sentence(t testing.TB, name, comment string) string {
	t.Helper()
	text, ok := strings.CutPrefix(strings.Join(strings.Fields(comment), " "), name+" ")
	require.True(t, ok, "the comment of %s begins with its name", name)
	text = strings.TrimPrefix(text, "is ")
	require.True(t, strings.HasSuffix(text, "."), "the comment of %s ends with a full stop", name)
	first := []rune(text)
	first[0] = unicode.ToUpper(first[0])
	return strings.ReplaceAll(string(first), "|", `\|`)
}

// Coded lists words the way code is written, or says "none".
func Coded[T ~string](words []T) string {
	if len(words) == 0 {
		return "none"
	}
	list := make([]string, len(words))
	for i, word := range words {
		list[i] = "`" + string(word) + "`"
	}
	return strings.Join(list, ", ")
}

// YesNo says so.
func YesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
