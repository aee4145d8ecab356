package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFindPostgres(t *testing.T) {
	t.Parallel()

	t.Run("takes the path before packages, and the newest package", func(t *testing.T) {
		t.Parallel()

		root := t.TempDir()
		for _, version := range []string{"9.6", "15", "16"} {
			require.NoError(t, os.MkdirAll(filepath.Join(root, "usr/lib/postgresql", version, "bin"), 0o700))
		}

		dirs := postgresDirs("/first:/second", root)
		for i, dir := range dirs {
			dirs[i] = strings.TrimPrefix(dir, root)
		}

		require.Equal(t, []string{
			"/first",
			"/second",
			"/usr/lib/postgresql/16/bin",
			"/usr/lib/postgresql/15/bin",
			"/usr/lib/postgresql/9.6/bin",
		}, dirs)
	})

	t.Run("passes over clients, broken servers and old ones", func(t *testing.T) {
		t.Parallel()

		client, broken := t.TempDir(), t.TempDir()
		writeProgram(t, client, "initdb", "true")
		writeProgram(t, broken, "initdb", "true")
		writeProgram(t, broken, "postgres", "exit 1")

		good := postgresDir(t, "15.18 (Debian 15.18-0+deb12u1)")
		found, err := findPostgres(t.Context(), []string{client, broken, postgresDir(t, "14.2"), good})
		require.NoError(t, err)
		require.Equal(t, good, found)
	})

	t.Run("says which old version it found", func(t *testing.T) {
		t.Parallel()

		_, err := findPostgres(t.Context(), []string{postgresDir(t, "14.2")})
		require.ErrorIs(t, err, errNoPostgres)
		require.ErrorContains(t, err, "is version 14")
	})

	t.Run("fails when there is none", func(t *testing.T) {
		t.Parallel()

		_, err := findPostgres(t.Context(), []string{t.TempDir()})
		require.ErrorIs(t, err, errNoPostgres)
	})
}

func TestVersionInPathReadsEveryPackagersNames(t *testing.T) {
	t.Parallel()

	for dir, version := range map[string]int{
		"/usr/lib/postgresql/15/bin":           15,
		"/usr/lib/postgresql/9.6/bin":          9,
		"/usr/pgsql-17/bin":                    17,
		"/opt/homebrew/opt/postgresql@16/bin":  16,
		"/opt/homebrew/opt/postgresql@old/bin": 0,
	} {
		require.Equal(t, version, versionInPath(dir), dir)
	}
}

func TestFindRedis(t *testing.T) {
	t.Parallel()

	t.Run("passes over what can't be run", func(t *testing.T) {
		t.Parallel()

		folder, good := t.TempDir(), t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(folder, "redis-server"), 0o700))
		writeProgram(t, good, "redis-server", "true")

		found, err := findRedis([]string{folder, good})
		require.NoError(t, err)
		require.Equal(t, filepath.Join(good, "redis-server"), found)
	})

	t.Run("fails when there is none", func(t *testing.T) {
		t.Parallel()

		_, err := findRedis([]string{t.TempDir()})
		require.ErrorIs(t, err, errNoRedis)
	})
}

func postgresDir(t *testing.T, version string) string {
	t.Helper()

	dir := t.TempDir()
	writeProgram(t, dir, "initdb", "true")
	writeProgram(t, dir, "postgres", fmt.Sprintf("echo 'postgres (PostgreSQL) %s'", version))

	return dir
}

func writeProgram(t *testing.T, dir, name, script string) {
	t.Helper()

	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
}
