package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue/intake"
)

const spring = "first_name,last_name,company_name,phone1,state\n" +
	"Bea,Butt,Benton Inc,504-621-8927,LA\n" +
	"Barbara,Darakjy,Benton Inc,810-292-9388,MI\n" +
	"Bob,Venere,Benton Inc,12,NJ\n" +
	"Abel,Paprocki,Feltz Printing,907-385-4412,AK\n"

// lastLine reads the result of an import from the last line on standard output.
func lastLine(t *testing.T, got result) intake.Result {
	t.Helper()
	require.Zero(t, got.code, got.err)
	lines := got.lines()
	last := lines[len(lines)-1]
	var counts intake.Result
	require.NoError(t, json.Unmarshal([]byte(last), &counts), last)
	require.NotEqual(t, uuid.Nil, counts.CampaignID)
	require.Regexp(t, `^\{"campaign_id":"[0-9a-f-]{36}","imported":\d+,"unchanged":\d+,"rejected":\d+\}$`, last)
	return counts
}

func TestASecondImportChangesNothing(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	file := s.write("spring.csv", spring)

	got := s.console("import", "-campaign", "Spring", file)
	first := lastLine(t, got)
	require.Equal(t, []int{3, 0, 1}, []int{first.Imported, first.Unchanged, first.Rejected})
	require.Contains(t, got.err, "rejected: line 4: phone1: is not a number of its country's numbering plan\n")
	require.Contains(t, got.err, "Spring: 3 imported, 0 unchanged, 1 rejected\n")
	require.NotContains(t, got.err, "msg=")

	second := lastLine(t, s.console("import", "--db=outdial.db", "--campaign=Spring", file))
	require.Equal(t, intake.Result{CampaignID: first.CampaignID, Unchanged: 3, Rejected: 1}, second)

	third := lastLine(t, s.consoleReading(spring, "import", "-campaign", "Spring", "-"))
	require.Equal(t, second, third)
}

func TestNumbersAreReadAsThoseOfTheRegion(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	file := s.write("list.csv", "first_name,phone\nAda,020 7946 0958\n")
	require.Equal(t, 1, lastLine(t, s.console("import", "-campaign", "A", "-region", "GB", file)).Imported)
	require.Equal(t, 1, lastLine(t, s.console("import", "-campaign", "B", file)).Rejected)
	s.console("import", "-campaign", "C", "-region", "Atlantis", file).fails(t, "default_region: is not a country")
}

func TestTheSameIDInTwoListsIsTwoPeople(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	file := s.write("list.csv", "id,first_name,phone\n7,Ada,504-621-8927\n")
	other := s.write("other.csv", "id,first_name,phone\n7,Bob,810-292-9388\n")
	require.Equal(t, 1, lastLine(t, s.console("import", "-campaign", "A", "-list", "crm", file)).Imported)
	require.Equal(t, 1, lastLine(t, s.console("import", "-campaign", "A", "-list", "crm", other)).Unchanged)
	require.Equal(t, 1, lastLine(t, s.console("import", "-campaign", "A", "-list", "web", other)).Imported)
}

func TestAFileThatIsNoListIsRefused(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for name, test := range map[string]struct{ content, about string }{
		"empty.csv":  {"", "file: is empty"},
		"header.csv": {"first_name,phone\n", "has a header but no rows"},
		"json.csv":   {`{"first_name":"Bea"}`, "not a CSV file but JSON"},
		"zip.csv":    {"PK\x03\x04 and so on", "workbook or a zip"},
		"phones.csv": {"first_name,city\nBea,Orleans\n", "no column holds phone numbers"},
	} {
		s.console("import", "-campaign", "Spring", s.write(name, test.content)).fails(t, test.about)
	}
	s.console("import", "-campaign", "Spring", "none.csv").fails(t, "none.csv: no such file or directory")
	s.console("import", "-campaign", "Spring", ".").fails(t, ". is a directory")
	s.console("import", "-campaign", " ", s.write("good.csv", spring)).fails(t, "campaign_id: is required")
	s.console("import", "good.csv").fails(t, "missing flags: --campaign")
	s.console("import", "-campaign", "Spring").fails(t, "<file>")
	require.Contains(t, s.serve("-demo=false").welcome, "There are no contacts yet", "nothing was written")
}

func TestAFileThatBreaksOffKeepsWhatCameBefore(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	file := s.write("list.csv", "first_name,phone\nBea,504-621-8927\n"+strings.Repeat("x", 2<<20))
	got := s.console("import", "-campaign", "Spring", file)
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "console: import: file: line 3 is longer than")
	require.Contains(t, got.out, `"imported":1,"unchanged":0,"rejected":0}`)
}

// endless is a list that does not end.
type endless struct{ rows int }

// Read implements io.Reader.
func (e *endless) Read(into []byte) (int, error) {
	e.rows++
	if e.rows == 1 {
		return copy(into, "first_name,phone\n"), nil
	}
	return copy(into, fmt.Sprintf("Bea %d,504-621-8927\n", e.rows)), nil
}

func TestAnImportThatIsInterruptedKeepsWhatItDid(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	p := &process{shell: s, out: &buffer{}, err: &buffer{}, ended: make(chan struct{})}
	command := s.command(binary, "import", "-campaign", "Spring", "-")
	command.Stdin, command.Stdout, command.Stderr = &endless{}, p.out, p.err
	require.NoError(t, command.Start())
	p.await(" rows: ")
	require.NoError(t, command.Process.Signal(os.Interrupt))
	require.Error(t, command.Wait())
	require.Equal(t, 1, command.ProcessState.ExitCode(), p.err.String())
	told := regexp.MustCompile(`interrupted after (\d+) new contacts; run it again`).FindStringSubmatch(p.err.String())
	require.NotNil(t, told, p.err.String())
	require.NotEqual(t, "0", told[1])
	require.Contains(t, p.out.String(), `"imported":`+told[1]+`,"unchanged":0,"rejected":0}`)
}
