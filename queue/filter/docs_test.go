package filter_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/internal/docpage"
	"github.com/outdial/outdial/queue/filter"
)

var update = flag.Bool("update", false, "rewrite the generated pages in docs")

// TestDocs keeps the page about filters equal to the tables in the code, and its
// sentences equal to the comments there.
func TestDocs(t *testing.T) {
	t.Parallel()

	docpage.Require(t, filepath.Join("..", "..", "docs", "filters.md"), filtersPage(t),
		"go test ./queue/filter -run TestDocs -update", *update)
}

// takes says what stands beside an operator, as a person would.
var takes = map[filter.Takes]string{
	filter.TakesNothing: "nothing", filter.TakesValue: "a value", filter.TakesTwo: "a list of two values",
	filter.TakesList: "a list of values", filter.TakesDays: "a number of days",
}

// jsonOf is what a value of each type is in JSON.
var jsonOf = map[filter.Type]string{
	filter.TypeText: "string", filter.TypeEnum: "string", filter.TypeInt: "number", filter.TypeDecimal: "number",
	filter.TypeBool: "`true` or `false`", filter.TypeTime: "string: `2026-11-02T15:04:05Z`, or `2026-11-02` for midnight UTC",
	filter.TypeUUID: "string", filter.TypeList: "string",
}

// filtersPage is the page; what a table of the code says is not said a second time.
func filtersPage(t *testing.T) string {
	t.Helper()
	said, words := comments(t)
	sentence := func(name string) string {
		require.NotEmpty(t, said[name], "%s has no comment", name)
		return words.Replace(said[name])
	}
	var page strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&page, format+"\n", args...) }
	heading := func(text string) { line("\n## %s\n", text) }
	paragraph := func(format string, args ...any) { line("%s", wrapped(fmt.Sprintf(format, args...))) }

	line("# Audience filters\n")
	line("<!-- Generated from the tables and comments in package queue/filter. Do not edit: change the code, then run")
	line("     go test ./queue/filter -run TestDocs -update -->\n")
	paragraph("A filter says which of a campaign's contacts a request is about. It is one JSON object: a condition, or a " +
		"group of conditions and groups. Nothing at all, `null` and `{}` match everybody.")
	line("\n```json\n%s\n```\n", parsed(t, `{"logic": "AND", "conditions": [
  {"field": "first_name", "operator": "contains", "value": "B"},
  {"field": "region", "operator": "in", "value": ["LA", "TX"]},
  {"logic": "NOT", "conditions": [
    {"logic": "OR", "conditions": [
      {"field": "timezone", "operator": "is_empty"},
      {"field": "created_at", "operator": "within_last_days", "value": 30}
    ]}
  ]}
]}`))
	paragraph("A group has `logic`, which is `%s`, `%s` or `%s`, and `conditions`, at least one; `%s` has exactly one. A "+
		"condition has `field`, `operator` and, where the operator takes something, `value`. Members that are unknown or there "+
		"twice are refused. The older form `%s` still means the condition `%s`.",
		filter.LogicAnd, filter.LogicOr, filter.LogicNot, filter.LogicNot, parsed(t, `{"first_name_contains": "B"}`),
		parsed(t, `{"field": "first_name", "operator": "contains", "value": "B"}`))
	line("\nIn Go a filter is built of the same words:\n\n```go\n%s\n```", firstStatement(t, "ExampleAnd"))

	heading("Types")
	line("| type | what it is | value in JSON | operators |\n|---|---|---|---|")
	for _, kind := range filter.Types() {
		line("| `%s` | %s | %s | %s |", kind, sentence(string(kind)), jsonOf[kind], docpage.Coded(kind.Operators()))
	}

	heading("Operators")
	line("| operator | takes | types | satisfied | by an empty field |\n|---|---|---|---|---|")
	for _, operator := range filter.Operators() {
		var kinds []filter.Type
		for _, kind := range filter.Types() {
			if slices.Contains(kind.Operators(), operator) {
				kinds = append(kinds, kind)
			}
		}
		meaning, ok := strings.CutPrefix(sentence(string(operator)), "Satisfied ")
		require.True(t, ok, "the comment of %s says what satisfies it", operator)
		line("| `%s` | %s | %s | %s | %s |", operator, takes[operator.Takes()], docpage.Coded(kinds),
			strings.TrimSuffix(meaning, "."), onEmpty(t, operator, kinds))
	}

	heading("Empty fields")
	paragraph("A field is empty when it is NULL in the database, an empty text, or a list with nothing in it. Of an empty "+
		"field too a condition is either true or false, as the table says: what is not there equals nothing, contains nothing "+
		"and is neither more nor less than anything, so the operators that say \"not\" are satisfied. `%s` %s",
		filter.LogicNot, uncapitalized(sentence("Negation")))

	heading("A contact's own fields")
	line("| field | type | operators | index |\n|---|---|---|---|")
	var own *filter.Fields
	for _, field := range own.All() {
		operators, kind, index := "all of `"+string(field.Type)+"`", "`"+string(field.Type)+"`", "none"
		if !slices.Equal(field.Operators(), field.Type.Operators()) {
			operators = docpage.Coded(field.Operators())
		}
		if len(field.Values) > 0 {
			kind += ": " + docpage.Coded(field.Values)
		}
		if field.Index != filter.IndexNone {
			index = "`" + string(field.Index) + "`"
		}
		line("| `%s` | %s | %s | %s |", field.Name, kind, operators, index)
	}
	line("")
	paragraph("A phone number and an e-mail address are found whole or not at all; a phone number is given in E.164 form.")
	line("\nThe index says which conditions are quick:\n")
	line("| index | what is quick |\n|---|---|")
	line("| none | %s |", sentence("index:"))
	for _, index := range []filter.Index{filter.IndexOrdered, filter.IndexTrigram} {
		line("| `%s` | %s |", index, sentence("index:"+string(index)))
	}

	heading("A host's own columns")
	line("Each takes one line:\n\n```go\n%s\n```\n", firstStatement(t, "ExampleNewFields"))
	paragraph("%s A field's name has lower-case letters, digits and underscores; a column must be a plain identifier. A host's "+
		"field replaces a contact's own of the same name.", lastParagraph(sentence("Column")))

	heading("Ranges")
	paragraph("`ColumnRange` and `AttributeRange` make one field of two columns or two attributes. %s A range has no `%s`, `%s` "+
		"or `%s`.", afterFirst(t, sentence("ColumnRange")), filter.In, filter.NotIn, filter.WithinLastDays)

	heading("Attributes")
	paragraph("%s", afterFirst(t, sentence("Attribute")))
	line("")
	paragraph("Imports register the attributes that they bring, with the narrowest type that all of their values have: `%s`, "+
		"`%s`, `%s`, `%s` or `%s`. %s %s", filter.TypeInt, filter.TypeDecimal, filter.TypeBool, filter.TypeTime, filter.TypeText,
		afterFirst(t, sentence("TypeOf")), afterFirst(t, sentence("WithAttributes")))

	heading("Limits")
	line("| | at most | |\n|---|---|---|")
	for _, limit := range []struct {
		name string
		size int
	}{
		{"MaxDepth", filter.MaxDepth},
		{"MaxConditions", filter.MaxConditions},
		{"MaxValues", filter.MaxValues},
		{"MaxLetters", filter.MaxLetters},
		{"MaxListLetters", filter.MaxListLetters},
		{"MaxListValues", filter.MaxListValues},
		{"MaxText", filter.MaxText},
		{"MaxDays", filter.MaxDays},
	} {
		meaning := "See `MaxLetters`."
		if limit.name != "MaxListLetters" {
			meaning = sentence(limit.name)
		}
		line("| `%s` | %d | %s |", limit.name, limit.size, meaning)
	}

	heading("Errors")
	line("A filter is refused before there is any SQL, with an error that names the field:\n")
	line("| filter | error |\n|---|---|")
	for _, bad := range []string{
		`{"field": "shoe_size", "operator": "equals", "value": 42}`,
		`{"field": "created_at", "operator": "contains", "value": "2026"}`,
		`{"field": "is_valid", "operator": "equals", "value": "yes"}`,
		`{"field": "region", "operator": "in", "value": "LA"}`,
		`{"field": "region", "operator": "like", "value": "L%"}`,
		`{"logic": "and", "conditions": [{"field": "region", "operator": "is_empty"}]}`,
		`{"logic": "AND", "conditions": []}`,
		`{"shoe_size": 42}`,
	} {
		line("| `%s` | %s |", bad, refusal(t, bad))
	}
	return page.String()
}

func refusal(t *testing.T, text string) error {
	t.Helper()
	expr, err := filter.Parse([]byte(text))
	if err == nil {
		err = filter.Check(expr, nil)
	}
	require.Error(t, err, text)
	return err
}

// parsed is JSON that the page shows, which must be a filter.
func parsed(t *testing.T, text string) string {
	t.Helper()
	require.NoError(t, filter.Check(parse(t, text), nil))
	return text
}

// onEmpty asks the evaluator whether an empty field satisfies the operator.
func onEmpty(t *testing.T, operator filter.Operator, kinds []filter.Type) string {
	t.Helper()
	answers := map[bool]bool{}
	for _, kind := range kinds {
		field, ok := host.Lookup(fieldOf[kind])
		require.True(t, ok)
		answers[matches(t, condition(field, operator), filter.Row{})] = true
	}
	require.Len(t, answers, 1, "%s is the same of every type", operator)
	if answers[true] {
		return "yes"
	}
	return "no"
}

// comments returns the comments of the package's constants, functions and types
// without the name at their beginning: a string constant's under its value, any
// other under its name, an Index under index: and its value. The replacer puts what
// a constant is in JSON for the name that it has in Go.
func comments(t *testing.T) (said map[string]string, words *strings.Replacer) {
	t.Helper()
	said = map[string]string{}
	var names []string
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, declaration := range parsed.Decls {
			switch declared := declaration.(type) {
			case *ast.FuncDecl:
				if declared.Doc != nil && declared.Name.IsExported() {
					said[declared.Name.Name] = withoutName(declared.Name.Name, declared.Doc.Text())
				}
			case *ast.GenDecl:
				for _, spec := range declared.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						if declared.Doc != nil {
							said[spec.Name.Name] = withoutName(spec.Name.Name, declared.Doc.Text())
						}
					case *ast.ValueSpec:
						if value := constantComment(t, said, spec); value != "" {
							names = append(names, spec.Names[0].Name, "`"+value+"`")
						}
					}
				}
			}
		}
	}
	return said, strings.NewReplacer(names...)
}

// constantComment returns the word that a type or an operator is in JSON, if its name
// is one that no sentence has by itself: two words in one, such as AnyOf.
func constantComment(t *testing.T, said map[string]string, constant *ast.ValueSpec) (word string) {
	t.Helper()
	if constant.Doc == nil || len(constant.Values) != 1 || !constant.Names[0].IsExported() {
		return ""
	}
	name := constant.Names[0].Name
	comment := withoutName(name, constant.Doc.Text())
	require.NotEmpty(t, comment, "the comment of %s begins with its name", name)
	require.True(t, strings.HasSuffix(comment, "."), "the comment of %s ends with a full stop", name)
	literal, ok := constant.Values[0].(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		said[name] = comment
		return ""
	}
	value, err := strconv.Unquote(literal.Value)
	require.NoError(t, err)
	if of, ok := constant.Type.(*ast.Ident); ok && of.Name == "Index" {
		said["index:"+value] = comment
		return ""
	}
	said[value] = comment
	if strings.ContainsFunc(name[1:], unicode.IsUpper) {
		return value
	}
	return ""
}

// withoutName makes a sentence of "TypeTime is an instant.": "An instant." Only the
// last of several paragraphs may have lines of its own.
func withoutName(name, comment string) string {
	paragraphs := strings.Split(strings.TrimSpace(comment), "\n\n")
	for i, paragraph := range paragraphs {
		paragraphs[i] = strings.Join(strings.Fields(paragraph), " ")
	}
	text, ok := strings.CutPrefix(paragraphs[0], name+" ")
	if !ok {
		return ""
	}
	paragraphs[0] = capitalized(strings.TrimPrefix(text, "is "))
	return strings.ReplaceAll(strings.Join(paragraphs, "\n\n"), "|", `\|`)
}

func capitalized(text string) string {
	letters := []rune(text)
	letters[0] = unicode.ToUpper(letters[0])
	return string(letters)
}

func uncapitalized(text string) string {
	letters := []rune(text)
	letters[0] = unicode.ToLower(letters[0])
	return string(letters)
}

// wrapped breaks a paragraph into lines that are read easily.
func wrapped(text string) string {
	const width = 118
	var lines strings.Builder
	length := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i > 0 && length+len(word) >= width:
			lines.WriteByte('\n')
			length = 0
		case i > 0:
			lines.WriteByte(' ')
			length++
		}
		lines.WriteString(word)
		length += len(word)
	}
	return lines.String()
}

// afterFirst is what a comment says behind its first sentence, which in the code
// says what the thing is.
func afterFirst(t *testing.T, comment string) string {
	t.Helper()
	_, rest, ok := strings.Cut(comment, ". ")
	require.True(t, ok, "%q has a second sentence", comment)
	return rest
}

func lastParagraph(comment string) string {
	return comment[strings.LastIndex(comment, "\n\n")+len("\n\n"):]
}

// firstStatement is the source of the first statement of an example, without its
// indentation, so that what the page shows compiles.
func firstStatement(t *testing.T, example string) string {
	t.Helper()
	const file = "example_test.go"
	source, err := os.ReadFile(file)
	require.NoError(t, err)
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, source, 0)
	require.NoError(t, err)
	for _, declaration := range parsed.Decls {
		if function, ok := declaration.(*ast.FuncDecl); ok && function.Name.Name == example {
			statement := function.Body.List[0]
			text := string(source[set.Position(statement.Pos()).Offset:set.Position(statement.End()).Offset])
			return strings.ReplaceAll(text, "\n\t", "\n")
		}
	}
	require.Fail(t, "no example", example)
	return ""
}
