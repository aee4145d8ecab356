package queue_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue"
)

var update = flag.Bool("update", false, "rewrite the generated pages in docs")

// TestDocs keeps the page about the queue equal to the tables in the code, and
// its sentences equal to the comments there.
func TestDocs(t *testing.T) {
	t.Parallel()

	path := filepath.Join("..", "docs", "queue.md")
	want := queuePage(t)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err, "write it with: go test ./queue -run TestDocs -update")
	require.Equal(t, want, string(got), "write it anew with: go test ./queue -run TestDocs -update")
}

func queuePage(t *testing.T) string {
	t.Helper()
	comments := constantComments(t, "state.go", "skip.go")
	sentence := func(value string) string {
		require.NotEmpty(t, comments[value], "%s has no comment", value)
		return comments[value]
	}
	var page strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&page, format+"\n", args...) }

	line("# The agent queue")
	line("")
	line("<!-- Generated from the tables in package queue. Do not edit: change the code, then run")
	line("     go test ./queue -run TestDocs -update -->")
	line("")
	line("An item of the agent queue is one contact who is, or was, to be called in a campaign. While an item is active,")
	line("no other agent of the campaign can have its contact. An item that has ended never changes again: whoever is to be")
	line("called once more gets a new item.")
	line("")
	line("## States")
	line("")
	line("```mermaid")
	line("stateDiagram-v2")
	line("    [*] --> %s", queue.StateQueued)
	for _, from := range queue.States() {
		for _, to := range queue.States() {
			if moves := movesBetween(from, to); len(moves) > 0 {
				line("    %s --> %s: %s", from, to, strings.Join(moves, ", "))
			}
		}
	}
	for _, state := range queue.States() {
		if !state.Active() {
			line("    %s --> [*]", state)
		}
	}
	line("```")
	line("")
	line("| state | active | moves that may start here |")
	line("|---|---|---|")
	for _, state := range queue.States() {
		active, out := "no", "none"
		if state.Active() {
			active = "yes"
		}
		var moves []string
		for _, transition := range queue.Transitions() {
			if transition.Move.Allowed(state) {
				moves = append(moves, "`"+string(transition.Move)+"`")
			}
		}
		if len(moves) > 0 {
			out = strings.Join(moves, ", ")
		}
		line("| `%s` | %s | %s |", state, active, out)
	}
	line("")
	line("## Moves")
	line("")
	line("Every move but `%s` counts `lock_version` up. A request names the version it has seen and is refused when the", queue.MoveHeartbeat)
	line("item has moved on since.")
	line("")
	line("| move | from | to | what it does |")
	line("|---|---|---|---|")
	for _, transition := range queue.Transitions() {
		line("| `%s` | %s | %s | %s |", transition.Move, listed(transition.From), listed(transition.To), sentence(string(transition.Move)))
	}
	line("")
	line("A move with several target states keeps the one the item is in.")
	line("")
	line("## Reasons for leaving a contact out")
	line("")
	line("Replace, Preview and Enqueue count every contact they leave out under one reason: the first that applies, in this")
	line("order.")
	line("")
	line("| | reason | who is left out |")
	line("|---|---|---|")
	for i, reason := range queue.SkipReasons() {
		line("| %d | `%s` | %s |", i+1, reason, sentence(string(reason)))
	}
	return page.String()
}

func movesBetween(from, to queue.State) []string {
	var moves []string
	for _, transition := range queue.Transitions() {
		if target, ok := transition.Move.To(from); ok && target == to {
			moves = append(moves, string(transition.Move))
		}
	}
	return moves
}

func listed(states []queue.State) string {
	names := make([]string, len(states))
	for i, state := range states {
		names[i] = "`" + string(state) + "`"
	}
	return strings.Join(names, ", ")
}

// constantComments returns the comment of each string constant in the files,
// under the constant's value and without the constant's name, so that
// "MovePull gives an item." reads "Gives an item." there.
func constantComments(t *testing.T, files ...string) map[string]string {
	t.Helper()
	comments := map[string]string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		ast.Inspect(parsed, func(node ast.Node) bool {
			constant, ok := node.(*ast.ValueSpec)
			if !ok || constant.Doc == nil || len(constant.Values) != 1 {
				return true
			}
			literal, ok := constant.Values[0].(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			value, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			comments[value] = withoutName(t, constant.Names[0].Name, constant.Doc.Text())
			return true
		})
	}
	return comments
}

func withoutName(t *testing.T, name, comment string) string {
	t.Helper()
	text, ok := strings.CutPrefix(strings.Join(strings.Fields(comment), " "), name+" ")
	require.True(t, ok, "the comment of %s begins with its name", name)
	text = strings.TrimPrefix(text, "is ")
	require.True(t, strings.HasSuffix(text, "."), "the comment of %s ends with a full stop", name)
	first := []rune(text)
	first[0] = unicode.ToUpper(first[0])
	return strings.ReplaceAll(string(first), "|", `\|`)
}
