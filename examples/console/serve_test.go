package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

const secretForTests = "thirty-two bytes from a secret store"

func TestThePrintedCurlWorksWhenPasted(t *testing.T) {
	t.Parallel()
	_, err := exec.LookPath("curl")
	pasted := newShell(t).serve()
	if err != nil {
		t.Log("there is no curl: the request that it would send is sent from here")
		require.Contains(t, pasted.sendPrinted("queues/set"), `"assigned":50`)
		return
	}
	script := printed.FindAllString(pasted.welcome, -1)
	require.Len(t, script, 9)
	out, err := pasted.command("sh", "-ec", strings.Join(script, "\n")).Output()
	require.NoError(t, err)
	answers := strings.Split(strings.TrimSpace(string(out)), "\n")
	for i, want := range []string{
		`"assigned":50`, `"queue_state":"locked"`, `"queue_state":"in_progress"`, `"disposition":"do_not_call"`,
		`"finish_reason":"not_interested_this_campaign"`,
	} {
		require.Contains(t, answers[i], want)
	}
	require.Len(t, answers, 5, "%s", out)

	t.Log("and all of it again, for the next contact, though setting the queue moves the items")
	out, err = pasted.command("sh", "-ec", strings.Join(append(script, script[1]), "\n")+"\n"+strings.Join(script[3:], "\n")).Output()
	require.NoError(t, err)
	again := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Len(t, again, 9, "%s", out)
	for _, i := range []int{4, 8} {
		require.Contains(t, again[i], `"finish_reason":"not_interested_this_campaign"`)
	}
}

// printed are the lines about the agent queue that are there to be pasted.
var printed = regexp.MustCompile(`(?m)^([A-Z]+=.*|curl .*)$`)

func TestTheReadmeShowsWhatTheServerPrints(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	p := newShell(t).serve()
	for _, line := range printed.FindAllString(p.welcome, -1) {
		line = strings.ReplaceAll(line, p.base, "http://127.0.0.1:8080")
		require.Contains(t, string(readme), strings.Replace(line, quote(binary), "go run ./examples/console", 1)+"\n")
	}
}

func TestThePrintedRequestsWorkFromAnyClient(t *testing.T) {
	t.Parallel()
	p := newShell(t).serve("-db", "with space & 'quote'.db")
	require.Contains(t, p.sendPrinted("queues/set"), `"assigned":50`)
	require.Contains(t, p.sendPrinted("queues/pull"), `"queue_state":"locked"`)
}

// sendPrinted sends the request that the printed curl to a path would send, with
// a token from the printed command, and returns the answer.
func (p *process) sendPrinted(path string) string {
	p.t.Helper()
	line := regexp.MustCompile(`(?m)^curl -sS -X POST (\S+/` + path + `) .* -d '(.*)'$`).FindStringSubmatch(p.welcome)
	require.NotNil(p.t, line, p.welcome)
	makeToken := regexp.MustCompile(`(?m)^TOKEN=\$\((.*)\)$`).FindStringSubmatch(p.welcome)
	require.NotNil(p.t, makeToken, p.welcome)
	token, err := p.command("sh", "-c", makeToken[1]).Output()
	require.NoError(p.t, err)
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, line[1], strings.NewReader(line[2]))
	require.NoError(p.t, err)
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	request.Header.Set("Content-Type", "application/json")
	_, body := p.send(request)
	return body
}

// send sends a request and returns the status and the body of the answer.
func (p *process) send(request *http.Request) (int, string) {
	p.t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Do(request)
	require.NoError(p.t, err)
	defer func() { require.NoError(p.t, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	return response.StatusCode, string(body)
}

func TestStartedByGoRunItPrintsGoRunAndStopsOnControlC(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	s := newShell(t)
	db := filepath.Join(s.dir, "outdial.db")
	s.dir = root
	args := []string{"run", "./examples/console", "-addr", "127.0.0.1:0", "-db", db}
	if raceDetector {
		args = append([]string{"run", "-race"}, args[1:]...)
	}
	command := s.command("go", args...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p := s.start(command)
	require.Contains(t, p.welcome, "TOKEN=$(go run ./examples/console token -db "+quote(db))
	p.welcome = strings.Replace(p.welcome, "go run ./examples/console", binary, 1)
	require.Contains(t, p.sendPrinted("queues/set"), `"assigned":50`)
	p.stop()
}

func TestAProgramThatGoRunBuiltIsCalledByThatCommand(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/tmp/go-build4132/b001/exe/console":                              "go run ./examples/console",
		"/home/me/.cache/go-build/0a/" + strings.Repeat("f", 64) + "-d/c": "go run ./examples/console",
		"/cache/0a/" + strings.Repeat("f", 64) + "-d/console":             "go run ./examples/console",
		"./console":             "./console",
		"/opt/out dial/console": "'/opt/out dial/console'",
	} {
		require.Equal(t, want, howToRun(path))
	}
}

func TestWithoutTheFlagTheFeatureIsNotThere(t *testing.T) {
	t.Parallel()
	p := newShell(t, "FEATURE_FLAGS=").serve()
	require.Contains(t, p.welcome, "queue_replace_v1 is off")
	require.Contains(t, p.welcome, "FEATURE_FLAGS=queue_replace_v1")
	body := p.sendPrinted("queues/set")
	require.Contains(t, body, `"status":404`)
	require.Contains(t, body, `"error":"not_found"`)
}

func TestTheServerStopsOnASignal(t *testing.T) {
	t.Parallel()
	p := newShell(t).serve()
	p.stop()
	require.Contains(t, p.err.String(), "msg=stopping")
	require.NotContains(t, p.err.String(), "DATA RACE")
	_, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
	require.Error(t, err)
	require.NoFileExists(t, filepath.Join(p.dir, "outdial.db-wal"), "the database was closed")
}

func TestTheDemoIsMadeOnce(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	first := s.serve()
	first.stop()
	second := s.serve()
	require.Contains(t, second.welcome, "Demo, 320 contacts")

	t.Run("not where there is a campaign already", func(t *testing.T) {
		t.Parallel()
		s := newShell(t)
		file := s.write("list.csv", "first_name,phone\nAbel,504-621-8927\n")
		require.Zero(t, s.console("import", "-campaign", "Spring", file).code)
		require.Contains(t, s.serve().welcome, "Spring, 1 contacts")
	})
	t.Run("not when told not to", func(t *testing.T) {
		t.Parallel()
		welcome := newShell(t).serve("-demo=false").welcome
		require.Contains(t, welcome, "There are no contacts yet")
		require.Contains(t, welcome, " import -campaign Spring contacts.csv")
	})
	t.Run("not when a file is given", func(t *testing.T) {
		t.Parallel()
		s := newShell(t)
		file := s.write("list.csv", "first_name,phone\nAbel,504-621-8927\nBea,nobody\n")
		p := s.serve("-contacts", file, "-campaign", "Spring", "-db", ":memory:")
		require.Contains(t, p.welcome, "Spring, 1 contacts")
		require.Contains(t, p.err.String(), "rejected: line 3: phone: contains letters")
	})
}

func TestOnlyNamedAgentsHaveAQueue(t *testing.T) {
	t.Parallel()
	const known, unknown = "01900000-0000-7000-8000-00000000000a", "01900000-0000-7000-8000-00000000000b"
	s := newShell(t)
	file := s.write("agents.txt", "# the morning shift\n"+known+" # at the window\n\n")
	for _, given := range []string{file, known + ", 01900000-0000-7000-8000-00000000000c"} {
		p := s.serve("-agents", given)
		require.Contains(t, p.sendPrinted("queues/set"), `"assigned":50`)
		p.welcome = strings.ReplaceAll(p.welcome, known, unknown)
		require.Contains(t, p.sendPrinted("queues/set"), `"error":"agent_not_found"`)
		p.stop()
	}
	s.console("serve", "-agents", "nobody.txt").fails(t, "-agents: neither UUIDs nor a file")
	s.console("serve", "-agents", known+",bob").fails(t, `"bob": -agents: is not a UUID`)
	s.console("serve", "-agents", s.write("empty.txt", "# nobody yet\n")).fails(t, "the file names nobody")
}

func TestWhatCannotWorkIsToldInOneLine(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) })
	s.write("text.db", strings.Repeat("no database, for all its length\n", 100))
	require.NoError(t, os.Mkdir(filepath.Join(s.dir, "folder.db"), 0o700))
	for name, test := range map[string]struct {
		args  []string
		about string
	}{
		"a port in use":           {[]string{"-addr", taken.Addr().String(), "-db", "unused.db"}, "address already in use"},
		"an address that is none": {[]string{"-addr", "nowhere"}, "nowhere"},
		"a file that is no database": {
			[]string{"-addr", "127.0.0.1:0", "-db", "text.db"}, "database text.db: ",
		},
		"a folder for a database": {[]string{"-addr", "127.0.0.1:0", "-db", "folder.db"}, "database folder.db: "},
		"a folder that is not there": {
			[]string{"-addr", "127.0.0.1:0", "-db", filepath.Join("none", "x.db")}, "no such file or directory",
		},
		"another kind of database": {
			[]string{"-addr", "127.0.0.1:0", "-db", "mysql://root:hunter2@localhost/x"}, "mysql://localhost/x is neither",
		},
		"a server that is not there": {
			[]string{"-addr", "127.0.0.1:0", "-db", "postgres://me:hunter2@127.0.0.1:1/x?sslmode=disable"}, "postgres://127.0.0.1:1/x: ",
		},
		"a Redis that is none":         {[]string{"-addr", "127.0.0.1:0", "-redis", "127.0.0.1:6379"}, "-redis: is not the URL of a Redis"},
		"another kind of cache":        {[]string{"-addr", "127.0.0.1:0", "-redis", "memcached://hunter2@127.0.0.1"}, "-redis: is not the URL of a Redis"},
		"a Redis without a database":   {[]string{"-addr", "127.0.0.1:0", "-redis", "redis://:1/hunter2"}, "-redis: is not the URL of a Redis"},
		"a flag that is none":          {[]string{"-bogus"}, "unknown flag --bogus"},
		"a flag without its value":     {[]string{"-addr"}, "addr"},
		"a command that is none":       {[]string{"srve"}, "srve"},
		"contacts for nowhere":         {[]string{"-contacts", "x.csv"}, "-contacts and -campaign need each other"},
		"a campaign with no contacts":  {[]string{"-campaign", "Spring"}, "-contacts and -campaign need each other"},
		"contacts that are not there":  {[]string{"-addr", "127.0.0.1:0", "-contacts", "x.csv", "-campaign", "Spring"}, "x.csv: no such file"},
		"a flag of another command":    {[]string{"sweep", "-campaign", "Spring"}, "unknown flag"},
		"a database that is not there": {[]string{"sweep", "-db", "mistyped.db"}, "mistyped.db: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.console(test.args...)
			got.fails(t, test.about)
			require.NotContains(t, got.err, "hunter2")
		})
	}
	t.Cleanup(func() { require.NoFileExists(t, filepath.Join(s.dir, "unused.db")) })
}

func TestTheSecretIsMadeOnceAndForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	file := filepath.Join(s.dir, "outdial.db.secret")
	token := s.console("token", "-sub", demoAgentID)
	require.Contains(t, token.err, "outdial.db.secret")
	first, err := os.ReadFile(file)
	require.NoError(t, err)
	p := s.serve()
	require.Contains(t, p.sendPrinted("queues/set"), `"assigned":50`)
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, first, after)
	require.NotContains(t, p.out.String()+p.err.String(), strings.TrimSpace(string(first)))
	left, err := filepath.Glob(file + ".*")
	require.NoError(t, err)
	require.Empty(t, left)

	other := newShell(t)
	require.Zero(t, other.console("token", "-sub", demoAgentID).code)
	theirs, err := os.ReadFile(filepath.Join(other.dir, "outdial.db.secret"))
	require.NoError(t, err)
	require.NotEqual(t, first, theirs, "no secret is built in")

	if runtime.GOOS != "windows" {
		info, err := os.Stat(file)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		require.NoError(t, os.Chmod(file, 0o644))
		s.console("token", "-sub", demoAgentID).fails(t, "others may read it")
		require.NoError(t, os.Chmod(file, 0o600))
	}
	require.NoError(t, os.WriteFile(file, []byte("short\n"), 0o600))
	s.console("token", "-sub", demoAgentID).fails(t, "must have at least 32 bytes")
}

func TestASecretFromTheEnvironmentLeavesNoFile(t *testing.T) {
	t.Parallel()
	s := newShell(t, secretVariable+"="+secretForTests)
	p := s.serve()
	require.Contains(t, p.welcome, "signed with the secret in "+secretVariable)
	require.Contains(t, p.sendPrinted("queues/set"), `"assigned":50`)
	require.NoFileExists(t, filepath.Join(s.dir, "outdial.db.secret"))

	newShell(t, secretVariable+"=short").console("serve").fails(t, secretVariable+": must have at least 32 bytes")
}
