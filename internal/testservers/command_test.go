package main

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// given are URLs that nobody dials: with both set, nothing is started.
func given() []string {
	return []string{"TEST_DATABASE_URL=postgres://given", "TEST_REDIS_URL=redis://given"}
}

func TestExitCode(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		command []string
		code    int
	}{
		"is 0 when the command succeeds":           {[]string{"true"}, 0},
		"is the command's own":                     {[]string{"sh", "-c", "exit 7"}, 7},
		"is 128+n when signal n ended the command": {[]string{"sh", "-c", "kill -KILL $$"}, 137},
		"is 127 when there is no such command":     {[]string{"no-such-command"}, exitNotFound},
		"is 127 when there is no such file":        {[]string{"/no/such/file"}, exitNotFound},
		"is 126 when the command can't be run":     {[]string{"/dev/null"}, exitNotRunnable},
		"is 125 without a command":                 {nil, exitFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			p := startProgram(t, roleProgram, given(), append([]string{"--"}, test.command...)...)
			_, code := p.wait(t)
			require.Equal(t, test.code, code, "standard error: %s", p.stderr)
		})
	}
}

func TestGivenURLsArePassedOnAndNothingIsStarted(t *testing.T) {
	t.Parallel()

	// With an empty path no server could be found, let alone installed.
	env := append(given(), "PATH=/nowhere")
	p := startProgram(t, roleProgram, env, "--", "/bin/sh", "-c", "echo $TEST_DATABASE_URL $TEST_REDIS_URL")

	require.Equal(t, "postgres://given redis://given", p.line(t))

	_, code := p.wait(t)
	require.Zero(t, code)
	require.Empty(t, p.stderr.String())
	requireEmpty(t, p.tmp)
}

func TestCommandIsKilledWhenItOutlivesTheGracePeriod(t *testing.T) {
	t.Parallel()

	args := append([]string{"-grace", "50ms", "--"}, as(roleStubborn)...)
	p := startProgram(t, roleProgram, given(), args...)
	require.Equal(t, "ready", p.line(t))
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))

	_, code := p.wait(t)
	require.Equal(t, exitSignalOffset+int(syscall.SIGKILL), code)
	require.Contains(t, p.stderr.String(), "did not end within 50ms")
}
