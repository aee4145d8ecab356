package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

const doNotCall = "504-621-8927\n# the office\nnobody\nBEA@example.com\n810,2929388\n"

// suppress imports a file as one version of a list and returns what the last line says.
func (s *shell) suppress(version, file string, args ...string) (listed, result) {
	s.t.Helper()
	got := s.console(append([]string{"suppress", "-list", "national", "-version", version, "-published", "2026-11-01"}, append(args, file)...)...)
	require.Zero(s.t, got.code, got.err)
	return got.listed(s.t), got
}

// listed reads the last line on standard output.
func (r result) listed(t testing.TB) listed {
	t.Helper()
	lines := r.lines()
	last := lines[len(lines)-1]
	require.Regexp(t, `^\{"import_id":"[0-9a-f-]{36}","lines":\d+,"added":\d+,"extended":\d+,"unchanged":\d+,"rejected":\d+\}$`, last)
	var counts listed
	require.NoError(t, json.Unmarshal([]byte(last), &counts))
	return counts
}

func TestADoNotCallFileIsImportedOnceForEachVersion(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	require.Zero(t, s.console("migrate").code)
	file := s.write("list.txt", doNotCall)
	first, got := s.suppress("2026-11", file)
	require.Equal(t, listed{ImportID: first.ImportID, Lines: 5, Added: 3, Rejected: 1}, first)
	require.Contains(t, got.err, "rejected: line 3: contains letters\n")
	require.Contains(t, got.err, "national 2026-11: 3 added, 0 extended, 0 unchanged, 1 rejected\n")
	require.NotContains(t, got.err, "msg=")
	again, _ := s.suppress("2026-11", file)
	require.Equal(t, first, again)
	next, _ := s.suppress("2026-12", file)
	require.Equal(t, listed{ImportID: next.ImportID, Lines: 5, Unchanged: 3, Rejected: 1}, next)
	require.NotEqual(t, first.ImportID, next.ImportID)

	st := s.openStore(defaultDatabase)
	found, err := suppression.New(st, suppression.Config{}).Check(t.Context(), outdial.System(), suppression.CheckRequest{Phone: "+18102929388"})
	require.NoError(t, err)
	require.Equal(t, "national 2026-11", found.Entries[0].Reason)

	old := s.console("suppress", "-list", "state", "-version", "1", "-published", "2020-01-01", file)
	require.Zero(t, old.code)
	require.Regexp(t, `warning: the list is \d+ days old; 31 are allowed\n`, old.err)
}

func TestADoNotCallFileMayBeForOneCampaign(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	id := strings.TrimPrefix(s.importSpring("+15046218927"), "/campaigns/")
	file := s.write("list.csv", "phone,note\n020 7946 0018,x\n")
	byName, _ := s.suppress("1", file, "-campaign", "Spring", "-region", "GB")
	byID, _ := s.suppress("1", file, "-campaign", strings.ToUpper(id), "-region", "GB")
	require.Equal(t, int64(1), byName.Added)
	require.Equal(t, byName, byID)
	everywhere, _ := s.suppress("1", file, "-region", "UK")
	require.Equal(t, int64(1), everywhere.Added, "another entry, for every campaign")
}

func TestADoNotCallFileThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	require.Zero(t, s.console("migrate").code)
	good := s.write("list.txt", doNotCall)
	s.write("empty.txt", "")
	s.write("names.csv", "first_name,city\nBea,Orleans\n")
	s.write("book.xlsx", "PK\x03\x04 and so on")
	flags := []string{"suppress", "-list", "national", "-version", "1", "-published", "2026-11-01"}
	for about, args := range map[string][]string{
		"file: is empty":                                append(flags, "empty.txt"),
		"header: names no column":                       append(flags, "names.csv"),
		"workbook":                                      append(flags, "book.xlsx"),
		"none.txt: no such file":                        append(flags, "none.txt"),
		"there is no campaign":                          append(flags, "-campaign", "Spring", good),
		"region: is not a country":                      append(flags, "-region", "Atlantis", good),
		"mistyped.db: no such file":                     append(flags, "-db", "mistyped.db", good),
		"missing flags: --list=NAME, --version=VERSION": {"suppress", "-published", "2026-11-01", good},
		"missing flags: --published=DATE":               {"suppress", "-list", "national", "-version", "1", good},
		"-published: is neither a date":                 {"suppress", "-list", "national", "-version", "1", "-published", "November", good},
		"published_at: is in the future":                {"suppress", "-list", "national", "-version", "1", "-published", "2100-01-01", good},
		"list: must be 1 to 100 letters":                {"suppress", "-list", "a/b", "-version", "1", "-published", "2026-11-01", good},
	} {
		t.Run(about, func(t *testing.T) {
			t.Parallel()
			s.console(args...).fails(t, about)
		})
	}
}

func TestAnInterruptedImportGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	const lines, numbers = 20_000, 20
	s := newShell(t)
	require.Zero(t, s.console("migrate").code)
	var content strings.Builder
	for i := range lines {
		if i%(lines/numbers) == 0 {
			fmt.Fprintf(&content, "504%07d\n", 6_210_000+i)
		} else {
			fmt.Fprintf(&content, "# line %d\n", i)
		}
	}
	file := s.write("list.txt", content.String())

	// The second half comes slowly, so that the interrupt comes before the end.
	reading, writing, err := os.Pipe()
	require.NoError(t, err)
	p := &process{shell: s, out: &buffer{}, err: &buffer{}, ended: make(chan struct{})}
	command := s.command(binary, "suppress", "-list", "national", "-version", "1", "-published", "2026-11-01", "-")
	command.Stdin, command.Stdout, command.Stderr = reading, p.out, p.err
	require.NoError(t, command.Start())
	require.NoError(t, reading.Close())
	_, err = writing.WriteString(content.String()[:content.Len()/2])
	require.NoError(t, err)
	st := s.openStore(defaultDatabase)
	eventually(t, "a part is imported", func() bool {
		imports, err := st.ListImports(t.Context())
		require.NoError(t, err)
		return len(imports) == 1 && imports[0].Lines >= lines/4
	})
	require.NoError(t, command.Process.Signal(os.Interrupt))
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for line := range strings.Lines(content.String()[content.Len()/2:]) {
		<-tick.C
		if _, err = writing.WriteString(line); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, syscall.EPIPE, "nobody reads on")
	require.NoError(t, writing.Close())
	require.Error(t, command.Wait())
	require.Equal(t, 1, command.ProcessState.ExitCode(), p.err.String())
	told := regexp.MustCompile(`console: suppress: interrupted after line (\d+); run it again to go on there\n`).FindStringSubmatch(p.err.String())
	require.NotNil(t, told, p.err.String())
	before := result{out: p.out.String()}.listed(t)
	require.Equal(t, told[1], fmt.Sprint(before.Lines))
	require.Less(t, before.Lines, int64(lines))

	after, _ := s.suppress("1", file)
	require.Equal(t, listed{ImportID: before.ImportID, Lines: lines, Added: numbers}, after)
}
