package outdial_test

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	return string(text)
}

// blocks are the fenced blocks of a language.
func blocks(text, language string) []string {
	var found []string
	for _, match := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

func TestTheExampleInTheReadmeIsTheOneThatIsTested(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("examples/embed/main.go")
	require.NoError(t, err)
	found := blocks(readme(t), "go")
	require.Len(t, found, 1)
	require.Contains(t, string(example), found[0])
	require.LessOrEqual(t, strings.Count(found[0], "\n"), 20)
}

func TestWhatTheReadmeNamesIsThere(t *testing.T) {
	t.Parallel()
	names := named(readme(t))
	require.Greater(t, len(names), 15)
	for _, name := range names {
		_, err := os.Stat(name)
		require.NoError(t, err, "the README names %s", name)
	}
}

func TestTheTargetsInTheReadmeAreInTheMakefile(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile("Makefile")
	require.NoError(t, err)
	found := regexp.MustCompile(`(?m)^make (\S+)`).FindAllStringSubmatch(strings.Join(blocks(readme(t), "sh"), "\n"), -1)
	require.NotEmpty(t, found)
	for _, target := range found {
		require.Contains(t, string(makefile), "\n"+target[1]+": ")
	}
}

func TestPathsAreFound(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"a/b", "doc.go", "LICENSE", "docs/x.md", "./examples/y"}, named(
		"Look into `a/b` and `doc.go`, not `/openapi.yaml`, `text`, `github.com/x/y`, `contacts.csv`.\n"+
			"```sh\ngo run ./examples/y -db /tmp/z\n```\n[LICENSE]: LICENSE\n[x]: docs/x.md\n[far]: https://example.com/a\n"))
}

// named are the paths below the module's root that a text names: in code with a
// slash in it or as a Go or Markdown file, as the target of a link, and behind ./
// in a command.
func named(text string) []string {
	var found []string
	for _, match := range regexp.MustCompile("`([\\w.-]+(?:/[\\w.-]+)*)`").FindAllStringSubmatch(text, -1) {
		name := match[1]
		ours := strings.Contains(name, "/") && !strings.HasPrefix(name, "github.com/")
		if ours || path.Ext(name) == ".go" || path.Ext(name) == ".md" {
			found = append(found, name)
		}
	}
	for _, match := range regexp.MustCompile(`(?m)^\[[^]]+\]: (\S+)$`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(match[1], "://") {
			found = append(found, match[1])
		}
	}
	for _, command := range blocks(text, "sh") {
		found = append(found, regexp.MustCompile(`\./[\w./-]+`).FindAllString(command, -1)...)
	}
	return found
}
