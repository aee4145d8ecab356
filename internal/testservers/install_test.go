package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInstallSteps(t *testing.T) {
	t.Parallel()

	all := needs{postgres: true, redis: true, cc: true}

	t.Run("on Debian as root uses apt-get once for everything", func(t *testing.T) {
		t.Parallel()

		lines := plan(t, all, host{os: "linux", root: true, has: only("apt-get")})
		require.Len(t, lines, 4)
		require.True(t, strings.HasSuffix(lines[0], " update"), lines[0])
		require.Contains(t, lines[1], "create_main_cluster = false")
		require.True(t, strings.HasPrefix(lines[2], "env DEBIAN_FRONTEND=noninteractive apt-get "), lines[2])
		require.True(t, strings.HasSuffix(lines[2],
			" install -y --no-install-recommends redis-server gcc libc6-dev postgresql"), lines[2])
		require.Equal(t, "rm -f "+noMainCluster, lines[3])
	})

	t.Run("on Debian installs nothing that is there", func(t *testing.T) {
		t.Parallel()

		lines := plan(t, needs{redis: true}, host{os: "linux", root: true, has: only("apt-get")})
		require.Len(t, lines, 2)
		require.True(t, strings.HasSuffix(lines[1], " redis-server"), lines[1])
	})

	t.Run("on Debian without root every step goes through sudo", func(t *testing.T) {
		t.Parallel()

		for _, line := range plan(t, all, host{os: "linux", has: only("apt-get", "sudo")}) {
			require.True(t, strings.HasPrefix(line, "sudo "), line)
		}
	})

	t.Run("on Debian without root and sudo says so", func(t *testing.T) {
		t.Parallel()

		_, err := installSteps(all, host{os: "linux", has: only("apt-get")})
		require.ErrorIs(t, err, errNoRights)
	})

	t.Run("on macOS uses brew", func(t *testing.T) {
		t.Parallel()

		lines := plan(t, needs{postgres: true, redis: true}, host{os: "darwin", has: only("brew")})
		require.Equal(t, []string{"brew install --quiet postgresql@17 redis"}, lines)
	})

	t.Run("on macOS the compiler is Xcode's", func(t *testing.T) {
		t.Parallel()

		_, err := installSteps(all, host{os: "darwin", has: only("brew")})
		require.ErrorIs(t, err, errNoXcode)
	})

	t.Run("elsewhere names the variables to set", func(t *testing.T) {
		t.Parallel()

		_, err := installSteps(all, host{os: "linux", root: true, has: only()})
		require.ErrorIs(t, err, errNoInstaller)
		require.ErrorContains(t, err, "TEST_DATABASE_URL")
	})
}

func TestRunStepsAfterAFailureOnlyUndoes(t *testing.T) {
	t.Parallel()

	skipped := filepath.Join(t.TempDir(), "skipped")
	undone := filepath.Join(t.TempDir(), "undone")

	var messages bytes.Buffer

	err := runSteps(t.Context(), []step{
		{argv: []string{"false"}},
		{argv: []string{"touch", skipped}},
		{argv: []string{"touch", undone}, always: true},
	}, &messages)
	require.ErrorContains(t, err, "false: exit status 1")
	require.NoFileExists(t, skipped)
	require.FileExists(t, undone)
	require.Contains(t, messages.String(), "testservers: false\n")
}

// plan returns the steps as command lines.
func plan(t *testing.T, missing needs, h host) []string {
	t.Helper()

	steps, err := installSteps(missing, h)
	require.NoError(t, err)

	lines := make([]string, 0, len(steps))
	for _, s := range steps {
		lines = append(lines, strings.Join(s.argv, " "))
	}

	return lines
}

func only(programs ...string) func(string) bool {
	return func(name string) bool { return slices.Contains(programs, name) }
}
