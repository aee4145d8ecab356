package main

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestServersDieWhenTheProgramIsKilled(t *testing.T) {
	t.Parallel()

	p := startProgram(t, roleProgram, nil, append([]string{"--"}, as(roleProbeTilSignal)...)...)
	addresses := p.addresses(t)

	require.NoError(t, p.cmd.Process.Kill())

	// The output ends when the command, which holds it open, is dead too.
	_, code := p.wait(t)
	require.Equal(t, -1, code)

	require.Eventually(t, func() bool {
		return !listens(addresses[0]) && !listens(addresses[1])
	}, 30*time.Second, 20*time.Millisecond)

	// Nobody was left to remove the files. Postgres may still be at it.
	require.Eventually(t, func() bool { return os.RemoveAll(p.tmp) == nil }, 30*time.Second, 20*time.Millisecond)
}

// `go run` is such a parent: it dies of SIGTERM and passes it on to nobody.
func TestServersStopWhenTheParentDies(t *testing.T) {
	t.Parallel()

	tmp := enterableDir(t)
	args := append([]string{"-c", `"$@" & wait`, "sh", os.Args[0], "--"}, as(roleProbeTilSignal)...)
	parent := exec.Command("sh", args...)
	parent.Env = append(os.Environ(), roleVariable+"="+roleProgram, "TMPDIR="+tmp, "TEST_DATABASE_URL=", "TEST_REDIS_URL=")

	p := start(t, parent, tmp)
	addresses := p.addresses(t)

	require.NoError(t, parent.Process.Signal(syscall.SIGTERM))

	// The output is open as long as the program and the command live.
	_, code := p.wait(t)
	require.Equal(t, -1, code)
	requireGone(t, addresses)
	requireEmpty(t, tmp)
}
