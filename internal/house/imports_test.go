package house_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestImportsFollowTheArrows(t *testing.T) {
	t.Parallel()

	require.Empty(t, brokenArrows(arrows, packages(t)))
}

func TestTestLibrariesReachNoProgram(t *testing.T) {
	t.Parallel()

	require.Empty(t, linked(testLibraries, testSupport, packages(t)))
}

func TestExampleLibrariesStayInTheExamples(t *testing.T) {
	t.Parallel()

	require.Empty(t, linked(exampleLibraries, []string{"examples/..."}, packages(t)))
}

func TestBrokenArrowsAreFound(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		pkg   pkg
		found string
	}{
		"the root imports no other package of ours": {
			pkg{path: ".", imports: []string{module + "/queue"}}, ". imports queue",
		},
		"a domain imports no store": {
			pkg{path: "queue", imports: []string{"time", module + "/store"}}, "queue imports store",
		},
		"a domain imports no database": {
			pkg{path: "dialer/telephony", imports: []string{"database/sql"}}, "dialer/telephony imports database/sql",
		},
		"a domain imports no driver, whatever its version": {
			pkg{path: "suppression", imports: []string{"github.com/jackc/pgx/v5/stdlib"}},
			"suppression imports github.com/jackc/pgx/v5/stdlib",
		},
		"a domain imports no web": {
			pkg{path: "disposition", imports: []string{"net/http"}}, "disposition imports net/http",
		},
		"a pure package imports no other domain": {
			pkg{path: "dialer/pacing", imports: []string{module + "/queue"}}, "dialer/pacing imports queue",
		},
		"a domain imports nothing internal to the module": {
			pkg{path: "queue", imports: []string{module + "/internal/x"}}, "queue imports internal/x",
		},
		"the store imports no engine": {
			pkg{path: "store", imports: []string{module + "/store/sqlite"}}, "store imports store/sqlite",
		},
		"an engine imports no other engine": {
			pkg{path: "store/postgres", imports: []string{module + "/store/sqlite"}}, "store/postgres imports store/sqlite",
		},
		"the suite imports no engine": {
			pkg{path: "storetest", imports: []string{module + "/store/postgres"}}, "storetest imports store/postgres",
		},
		"the API imports no engine": {
			pkg{path: "httpapi", imports: []string{module + "/store/sqlite"}}, "httpapi imports store/sqlite",
		},
		"nobody imports an example": {
			pkg{path: "httpapi", imports: []string{module + "/examples/console"}}, "httpapi imports examples/console",
		},
		"a package without a row has no place": {
			pkg{path: "common"}, "common has no row in arrows",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, []string{test.found}, brokenArrows(arrows, []pkg{test.pkg}))
		})
	}
}

func TestKeptArrowsAreLeftAlone(t *testing.T) {
	t.Parallel()

	require.Empty(t, brokenArrows(arrows, []pkg{
		{path: ".", imports: []string{"time", "github.com/google/uuid"}},
		{path: "queue", imports: []string{module, module + "/queue/filter", module + "/dialer/callwindow"}},
		{path: "queue/filter", imports: []string{module, module + "/queue/filter/internal/parse"}},
		{path: "store/sqlite", imports: []string{"github.com/jmoiron/sqlx", module + "/store/internal/sqlstore"}},
		{path: "examples/console", imports: []string{module + "/store/sqlite", "net/http"}},
		{path: "internal/house"},
	}))
}

func TestLinkedLibrariesAreFound(t *testing.T) {
	t.Parallel()

	found := linked([]string{"pgregory.net/rapid/..."}, []string{"storetest/..."}, []pkg{
		{path: "queue", deps: []string{"time", "pgregory.net/rapid"}},
		{path: "storetest", deps: []string{"pgregory.net/rapid"}},
		{path: "httpapi", deps: []string{"pgregory.net/rapidly"}},
	})
	require.Equal(t, []string{"queue links pgregory.net/rapid"}, found)
}

// pkg is a package of the module without its tests.
type pkg struct {
	path    string // below the module, "." for its root
	imports []string
	deps    []string // imports, and theirs, and so on
}

// packages lists the module's packages. One that does not compile yet is
// listed all the same: what it imports is known.
func packages(t *testing.T) []pkg {
	t.Helper()

	list := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,GoFiles,Imports,Deps", "./...")
	list.Dir = moduleRoot(t)

	var stderr strings.Builder
	list.Stderr = &stderr

	out, err := list.Output()
	require.NoError(t, err, "go list: %s", &stderr)

	var all []pkg

	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var listed struct {
			ImportPath string   `json:"ImportPath"`
			GoFiles    []string `json:"GoFiles"`
			Imports    []string `json:"Imports"`
			Deps       []string `json:"Deps"`
		}

		err := decoder.Decode(&listed)
		if errors.Is(err, io.EOF) {
			break
		}

		require.NoError(t, err)

		if len(listed.GoFiles) > 0 {
			all = append(all, pkg{path: inModule(listed.ImportPath), imports: listed.Imports, deps: listed.Deps})
		}
	}

	require.NotEmpty(t, all)

	return all
}

// brokenArrows returns every import that no row allows, and every package
// that has no row.
func brokenArrows(rows []arrow, packages []pkg) []string {
	var broken []string

	for _, p := range packages {
		at := slices.IndexFunc(rows, func(row arrow) bool { return matches(row.from, p.path) })
		if at < 0 {
			broken = append(broken, p.path+" has no row in arrows")
			continue
		}

		for _, imported := range p.imports {
			if !allowed(rows[at], imported) {
				broken = append(broken, fmt.Sprintf("%s imports %s", p.path, inModule(imported)))
			}
		}
	}

	return broken
}

func allowed(row arrow, imported string) bool {
	path := inModule(imported)
	if path == imported {
		return !matchesAny(row.not, imported)
	}

	return matches(row.from, path) || matchesAny(row.to, path)
}

// linked returns who outside the exempt packages links one of the libraries.
func linked(libraries, exempt []string, packages []pkg) []string {
	var found []string

	for _, p := range packages {
		if matchesAny(exempt, p.path) {
			continue
		}

		for _, dependency := range p.deps {
			if matchesAny(libraries, dependency) {
				found = append(found, fmt.Sprintf("%s links %s", p.path, dependency))
			}
		}
	}

	return found
}

// inModule shortens the path of one of our packages, and no other's.
func inModule(path string) string {
	if path == module {
		return "."
	}

	return strings.TrimPrefix(path, module+"/")
}

func matchesAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, path) })
}

func matches(pattern, path string) bool {
	subtree, below := strings.CutSuffix(pattern, "...")
	if !below {
		return path == pattern
	}

	return strings.HasPrefix(path+"/", subtree)
}
