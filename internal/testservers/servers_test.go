package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestServersAnswerAndAreGoneAfter(t *testing.T) {
	t.Parallel()

	// Two at once, since two checkouts are tested on one machine.
	first := startProgram(t, roleProgram, nil, append([]string{"--"}, as(roleProbe)...)...)
	second := startProgram(t, roleProgram, nil, append([]string{"-durable", "--"}, as(roleProbe)...)...)

	addresses := append(first.addresses(t), second.addresses(t)...)

	for _, p := range []*program{first, second} {
		_, code := p.wait(t)
		require.Zero(t, code, "standard error: %s", p.stderr)
		requireEmpty(t, p.tmp)
	}

	requireGone(t, addresses)
}

func TestSignalReachesTheCommandBeforeTheServersStop(t *testing.T) {
	t.Parallel()

	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()

			// The shell turns any of the signals into the one that the probe
			// waits for, and hands its exit code on.
			args := append([]string{
				"--", "sh", "-c",
				`trap 'kill -TERM $probe' INT TERM; "$@" & probe=$!; wait $probe; wait $probe`, "sh",
			}, as(roleProbeTilSignal)...)

			p := startProgram(t, roleProgram, nil, args...)
			addresses := p.addresses(t)

			require.NoError(t, p.cmd.Process.Signal(sig))

			out, code := p.wait(t)
			require.Equal(t, probedCode, code, "output: %s", out)
			requireGone(t, addresses)
			requireEmpty(t, p.tmp)
		})
	}
}

func TestOnlyTheMissingServerIsStarted(t *testing.T) {
	t.Parallel()

	p := startProgram(t, roleProgram, []string{"TEST_DATABASE_URL=postgres://given"},
		"--", "sh", "-c", `echo $TEST_DATABASE_URL; ls "$TMPDIR"/*`)

	require.Equal(t, "postgres://given", p.line(t))

	out, code := p.wait(t)
	require.Zero(t, code, "standard error: %s", p.stderr)
	require.Contains(t, out, "redis.log")
	require.NotContains(t, out, "postgres.log")
	requireEmpty(t, p.tmp)
}

func TestPanicStopsTheServers(t *testing.T) {
	t.Parallel()

	// The first message comes after the servers are up: the command is missing.
	p := startProgram(t, rolePanickingWriter, nil, "--", "/no/such/file")

	_, code := p.wait(t)
	require.Equal(t, 2, code)
	require.Contains(t, p.stderr.String(), "nobody reads this")
	requireEmpty(t, p.tmp)
}

func TestServerThatCannotStart(t *testing.T) {
	t.Parallel()

	scratch := serverScratch(t)

	// A program that is there and is no Redis.
	notRedis := filepath.Join(scratch, "redis-server")
	require.NoError(t, os.WriteFile(notRedis, []byte("#!/bin/sh\necho out of order\nexit 1\n"), 0o700))

	_, err := startRedis(t.Context(), redisConfig{bin: notRedis, scratch: scratch, pick: freePort})
	require.ErrorContains(t, err, "redis-server ended at once")
	require.ErrorContains(t, err, "out of order", "the error shows the end of the log")
}

// serverScratch is a directory that Postgres's user can enter.
func serverScratch(t *testing.T) string {
	t.Helper()

	s, err := newScratch(scratchParent())
	require.NoError(t, err)
	t.Cleanup(s.remove)

	return s.dir
}
