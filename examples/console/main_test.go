package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// binary is the program, built once for all tests.
var binary string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "outdial-console-")
	if err == nil {
		binary, err = build(folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"),
		goleak.Cleanup(func(code int) {
			_ = os.RemoveAll(folder)
			os.Exit(code)
		}))
}

// build builds the program, with the race detector if the tests have it.
func build(folder string) (string, error) {
	path := filepath.Join(folder, "console")
	args := []string{"build", "-o", path}
	if raceDetector {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, ".")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the console: %w\n%s", err, out)
	}
	return path, nil
}

// shell is a place to run the program in: a working directory and an
// environment.
type shell struct {
	t   testing.TB
	dir string
	env []string
}

// newShell returns a shell in a new folder. Of this process's environment it has
// what no program can do without.
func newShell(t testing.TB, env ...string) *shell {
	t.Helper()
	kept := []string{"FEATURE_FLAGS=queue_replace_v1"}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "GOCACHE", "GOMODCACHE", "GOPATH", "GOFLAGS", "GOPROXY"} {
		if value, set := os.LookupEnv(name); set {
			kept = append(kept, name+"="+value)
		}
	}
	return &shell{t: t, dir: t.TempDir(), env: append(kept, env...)}
}

func (s *shell) command(name string, args ...string) *exec.Cmd {
	// Not bound to the test's context, which ends before the server is stopped.
	command := exec.Command(name, args...)
	command.Dir, command.Env = s.dir, s.env
	return command
}

// write puts a file into the working directory and returns its name.
func (s *shell) write(name, content string) string {
	s.t.Helper()
	require.NoError(s.t, os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600))
	return name
}

// result is what one run of the program came to.
type result struct {
	code     int
	out, err string
}

// lines are the lines on standard output.
func (r result) lines() []string { return strings.Split(strings.TrimSuffix(r.out, "\n"), "\n") }

// console runs the program to its end.
func (s *shell) console(args ...string) result {
	s.t.Helper()
	return s.consoleReading("", args...)
}

func (s *shell) consoleReading(input string, args ...string) result {
	s.t.Helper()
	var out, errs bytes.Buffer
	command := s.command(binary, args...)
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(input), &out, &errs
	err := command.Run()
	if err != nil {
		var ended *exec.ExitError
		require.ErrorAs(s.t, err, &ended)
	}
	return result{code: command.ProcessState.ExitCode(), out: out.String(), err: errs.String()}
}

// fails requires that a run ended with one clear line and exit code 1.
func (r result) fails(t testing.TB, about string) {
	t.Helper()
	require.Equal(t, 1, r.code, "%s%s", r.out, r.err)
	require.Equal(t, 1, strings.Count(r.err, "\n"), r.err)
	require.True(t, strings.HasPrefix(r.err, "console: "), r.err)
	require.Contains(t, r.err, about)
	require.Empty(t, r.out)
}

// buffer is a bytes.Buffer that a process may still be writing to.
type buffer struct {
	mu      sync.Mutex
	content bytes.Buffer
}

// Write implements io.Writer.
func (b *buffer) Write(content []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content.Write(content)
}

// String returns what has been written so far.
func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content.String()
}

// process is the server while it runs.
type process struct {
	*shell

	running  *exec.Cmd
	out, err *buffer
	// base is the server's address, welcome all that it printed when it started.
	base, welcome string
	ended         chan struct{}
	// signal tells it to stop.
	signal func()
}

const patienceOfTests = 30 * time.Second

// serve starts the server on a free port and waits until it has said that it
// listens. It ends with the test.
func (s *shell) serve(args ...string) *process {
	s.t.Helper()
	return s.start(s.command(binary, append([]string{"-addr", "127.0.0.1:0"}, args...)...))
}

func (s *shell) start(command *exec.Cmd) *process {
	s.t.Helper()
	p := &process{shell: s, running: command, out: &buffer{}, err: &buffer{}, ended: make(chan struct{})}
	p.signal = func() { require.NoError(s.t, command.Process.Signal(syscall.SIGTERM)) }
	if command.SysProcAttr != nil {
		// As Ctrl-C does: to all that the shell started.
		p.signal = func() { require.NoError(s.t, syscall.Kill(-command.Process.Pid, syscall.SIGINT)) }
	}
	command.Stdout, command.Stderr = p.out, p.err
	require.NoError(s.t, command.Start())
	go func() {
		defer close(p.ended)
		_ = command.Wait() // stop and the tests look at the exit code
	}()
	s.t.Cleanup(p.stop)
	p.await("Ctrl-C stops the server.\n")
	p.welcome = p.out.String()
	found := regexp.MustCompile(`listening on (\S+)\n`).FindStringSubmatch(p.welcome)
	require.NotNil(s.t, found, p.welcome)
	p.base = found[1]
	return p
}

// await waits until the server has printed the text.
func (p *process) await(text string) {
	p.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patienceOfTests)
	for !strings.Contains(p.out.String()+p.err.String(), text) {
		select {
		case <-tick.C:
		case <-p.ended:
			require.Contains(p.t, p.out.String()+p.err.String(), text, "the server has ended")
			return
		case <-deadline:
			require.Fail(p.t, "the server did not print "+text, p.out.String()+p.err.String())
		}
	}
}

// stop tells the server to stop, as init systems do, and requires that it does so
// in order.
func (p *process) stop() {
	p.t.Helper()
	select {
	case <-p.ended:
		return
	default:
	}
	p.signal()
	select {
	case <-p.ended:
	case <-time.After(patienceOfTests):
		require.NoError(p.t, p.running.Process.Kill())
		<-p.ended
		require.Fail(p.t, "the server did not stop", p.err.String())
	}
	// go run fails when it was interrupted, however its program ended.
	if p.running.SysProcAttr == nil {
		require.Zero(p.t, p.running.ProcessState.ExitCode(), p.err.String())
	}
	require.Contains(p.t, p.err.String(), "msg=stopped")
}
