package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// roleVariable makes the test binary play another part, so that tests can
// start, signal and kill the program and the command it runs.
const roleVariable = "TESTSERVERS_TEST_ROLE"

const (
	roleProgram         = "program"           // testservers itself
	rolePanickingWriter = "panicking writer"  // testservers that panics at its first message
	roleProbe           = "probe"             // a command that uses both servers
	roleProbeTilSignal  = "probe until ended" // the same, and once more when signalled
	roleStubborn        = "stubborn"          // a command that SIGTERM doesn't end
)

// probedCode is how the probe ends when the servers still answered after the
// signal.
const probedCode = 3

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVariable); role {
	case "":
		goleak.VerifyTestMain(m)
	case roleProgram:
		main()
	case rolePanickingWriter:
		os.Exit(run(os.Args[1:], panickingWriter{}))
	case roleProbe, roleProbeTilSignal:
		os.Exit(probe(role == roleProbeTilSignal))
	case roleStubborn:
		ignored := make(chan os.Signal, 1)
		signal.Notify(ignored, syscall.SIGTERM)
		fmt.Println("ready")

		for range ignored {
		}
	default:
		panic("no role " + role)
	}
}

type panickingWriter struct{}

func (panickingWriter) Write([]byte) (int, error) { panic("nobody reads this") }

// probe prints both URLs once their servers have done some work.
func probe(untilSignal bool) int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)

	if err := useServers("probe_once"); err != nil {
		fmt.Println(err)
		return 1
	}

	fmt.Println(os.Getenv("TEST_DATABASE_URL"))
	fmt.Println(os.Getenv("TEST_REDIS_URL"))
	fmt.Println("ready")

	if !untilSignal {
		return 0
	}

	<-signals

	if err := useServers("probe_twice"); err != nil {
		fmt.Println(err)
		return 1
	}

	return probedCode
}

func useServers(database string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	db, err := sql.Open("postgres", os.Getenv("TEST_DATABASE_URL"))
	if err != nil {
		return err
	}
	defer db.Close()

	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+database); err != nil {
		return err
	}

	address, err := url.Parse(os.Getenv("TEST_REDIS_URL"))
	if err != nil {
		return err
	}

	conn, err := net.Dial("tcp", address.Host)
	if err != nil {
		return err
	}
	defer conn.Close()

	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return err
	}

	pong, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || strings.TrimSpace(pong) != "+PONG" {
		return fmt.Errorf("PING answered %q: %w", pong, err)
	}

	return nil
}

// program is testservers as a process of its own.
type program struct {
	cmd    *exec.Cmd
	out    *bufio.Reader
	stderr *bytes.Buffer
	tmp    string
}

// startProgram starts the test binary in a role. It finds no servers in its
// environment but those in env, and keeps its files below a directory of its
// own.
func startProgram(t *testing.T, role string, env []string, args ...string) *program {
	t.Helper()

	tmp := enterableDir(t)

	cmd := exec.Command(os.Args[0], args...)

	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TEST_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}

	// A race-enabled binary dawdles at its end, waiting for late reports.
	cmd.Env = append(cmd.Env, roleVariable+"="+role, "TMPDIR="+tmp, "GORACE=atexit_sleep_ms=0")
	cmd.Env = append(cmd.Env, env...)

	return start(t, cmd, tmp)
}

// enterableDir is a temporary directory that Postgres's user can enter too,
// as it can't enter t.TempDir.
func enterableDir(t *testing.T) string {
	t.Helper()

	dir, err := os.MkdirTemp(scratchParent(), "testservers-test-") //nolint:usetesting // see above
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { _ = os.RemoveAll(dir) })

	return dir
}

func start(t *testing.T, cmd *exec.Cmd, tmp string) *program {
	t.Helper()

	p := &program{cmd: cmd, stderr: &bytes.Buffer{}, tmp: tmp}
	cmd.Stderr = p.stderr

	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)

	p.out = bufio.NewReader(stdout)

	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		// Only a test that failed half-way leaves it running.
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})

	return p
}

// line returns the next line of the program's output.
func (p *program) line(t *testing.T) string {
	t.Helper()

	line, err := p.out.ReadString('\n')
	require.NoError(t, err, "standard error: %s", p.stderr)

	return strings.TrimSpace(line)
}

// addresses returns where the two servers that a probe printed listen.
func (p *program) addresses(t *testing.T) []string {
	t.Helper()

	hosts := make([]string, 0, 2)

	for range cap(hosts) {
		address, err := url.Parse(p.line(t))
		require.NoError(t, err)
		require.NotEmpty(t, address.Port())

		hosts = append(hosts, address.Host)
	}

	require.Equal(t, "ready", p.line(t))

	return hosts
}

// wait returns the rest of the output and the exit code.
func (p *program) wait(t *testing.T) (string, int) {
	t.Helper()

	rest, err := io.ReadAll(p.out)
	require.NoError(t, err)

	_ = p.cmd.Wait()

	return string(rest), p.cmd.ProcessState.ExitCode()
}

// as makes a command play role: the program hands its environment down, and
// its own role with it.
func as(role string) []string {
	return []string{"env", roleVariable + "=" + role, os.Args[0]}
}

func requireGone(t *testing.T, addresses []string) {
	t.Helper()

	for _, address := range addresses {
		require.False(t, listens(address), "%s still listens", address)
	}
}

func listens(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}

	_ = conn.Close()

	return true
}

func requireEmpty(t *testing.T, dir string) {
	t.Helper()

	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}
