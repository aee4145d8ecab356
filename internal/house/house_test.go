package house_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

const module = "github.com/outdial/outdial"

// A pattern names packages: "." is the root, "queue" is that package alone,
// "queue/..." is queue and all below it.

// arrow says what a package may import, in files that are not tests. Its own
// subtree it may always import.
type arrow struct {
	from string
	to   []string // packages of this module
	not  []string // packages from outside
}

var (
	domain    = []string{"queue/...", "dialer/...", "disposition/...", "suppression/..."}
	databases = []string{
		"database/sql/...",
		"github.com/jackc/pgx/...",
		"github.com/jmoiron/sqlx/...",
		"github.com/lib/pq/...",
		"github.com/mattn/go-sqlite3/...",
		"github.com/pressly/goose/...",
		"modernc.org/sqlite/...",
	}
	web = []string{"net/http/..."}
)

// arrows are the rows of the house, in the order in which they stand on one
// another; the first that covers a package decides.
var arrows = []arrow{
	{from: ".", not: join(databases, web)},

	// These decide by their arguments alone and know no other domain.
	{from: "queue/filter/...", to: []string{"."}, not: join(databases, web)},
	{from: "dialer/pacing/...", to: []string{"."}, not: join(databases, web)},
	{from: "dialer/callwindow/...", to: []string{"."}, not: join(databases, web)},

	// A filter of suppression's, which knows Redis; suppression knows neither.
	{from: "suppression/bloom/...", to: []string{".", "suppression"}, not: join(databases, web)},
	{from: "queue/...", to: join(root, domain), not: join(databases, web)},
	{from: "dialer/...", to: join(root, domain), not: join(databases, web)},
	{from: "disposition/...", to: join(root, domain), not: join(databases, web)},
	{from: "suppression/...", to: join(root, domain), not: join(databases, web)},

	{from: "store/seal/...", to: root, not: join(databases, web)},
	{from: "store", to: join(root, domain), not: join(databases, web)},
	{from: "store/internal/...", to: join(root, domain, []string{"store", "store/seal/...", "store/internal/..."}), not: web},
	{from: "store/postgres/...", to: join(root, domain, []string{"store", "store/seal/...", "store/internal/..."}), not: web},
	{from: "store/sqlite/...", to: join(root, domain, []string{"store", "store/seal/...", "store/internal/..."}), not: web},

	// Neither knows an engine: the caller brings one.
	{from: "storetest/...", to: join(root, domain, []string{"store"}), not: web},
	{from: "httpapi/...", to: join(root, domain, []string{"store"}), not: databases},

	{from: "examples/...", to: []string{"..."}},
	{from: "bench/...", to: []string{"..."}},
	{from: "internal/...", to: []string{"..."}},
}

var root = []string{"."}

// testLibraries reach no program that a host builds: not directly and not
// through another library.
var testLibraries = []string{
	"github.com/Shopify/toxiproxy/...",
	"github.com/alicebob/miniredis/...",
	"github.com/anishathalye/porcupine/...",
	"github.com/chromedp/...",
	"github.com/getkin/kin-openapi/...",
	"github.com/google/go-cmp/...",
	"github.com/stretchr/testify/...",
	"go.uber.org/goleak/...",
	"pgregory.net/rapid/...",
}

// testSupport are the packages that exist for tests and may link the above.
var testSupport = []string{"storetest/...", "bench/...", "internal/...", "store/internal/longlists/..."}

// exampleLibraries are linked by the examples alone.
var exampleLibraries = []string{
	"github.com/alecthomas/kong/...",
	"github.com/prometheus/...",
	"go.opentelemetry.io/otel/exporters/...",
	"go.opentelemetry.io/otel/sdk/...",
}

// skips are the files that may skip a test, each with its reason. Discarding
// an input of a property or of a fuzz target skips no test and needs no entry.
var skips = map[string]string{
	"storetest/mutation_test.go": "a mutant's own run is not held against the mutants",
	"storetest/storetest.go":     "a store may declare that it lacks a feature; the suite counts what it left out and prints it",
}

// longestFile is how many lines a file may have before it must be about more
// than one thing. Tests and generated files are exempt.
const longestFile = 500

func join(lists ...[]string) []string {
	var all []string
	for _, list := range lists {
		all = append(all, list...)
	}

	return all
}
