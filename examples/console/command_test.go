package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/store/postgres"
	"github.com/outdial/outdial/store/sqlite"
)

func TestOneDashIsAsGoodAsTwo(t *testing.T) {
	t.Parallel()
	require.Equal(t,
		[]string{"import", "--db=-x", "--campaign", "Spring", "-", "-h", "-5", "--two", "--demo=false", "--", "-file.csv"},
		doubleDashes([]string{"import", "-db=-x", "-campaign", "Spring", "-", "-h", "-5", "--two", "-demo=false", "--", "-file.csv"}))
}

func TestAnErrorIsOneLine(t *testing.T) {
	t.Parallel()
	require.Equal(t, "one; two", oneLine(errors.Join(errors.New("one"), fmt.Errorf("two%s", "\r\n"))))
}

func TestHelpNamesEveryCommand(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, flag := range []string{"-h", "-help", "--help"} {
		got := s.console(flag)
		require.Zero(t, got.code)
		for _, command := range []string{"serve", "token", "migrate", "import", "suppress", "purge", "sweep", "rollback", "replay"} {
			require.Contains(t, got.out, "\n  "+command)
		}
	}
	require.Contains(t, s.console("serve", "-help").out, "--agents")
}

func TestMigrationsArePrintedAndNotRun(t *testing.T) {
	t.Parallel()
	for db, versions := range map[string]func() (int, string){
		"outdial.db": func() (int, string) {
			all, err := sqlite.Migrations()
			require.NoError(t, err)
			return len(all), all[1].SQL
		},
		"postgres://nowhere/x": func() (int, string) {
			all, err := postgres.Migrations()
			require.NoError(t, err)
			return len(all), all[0].SQL
		},
	} {
		s := newShell(t)
		got := s.console("migrate", "-print", "-db", db)
		require.Zero(t, got.code, got.err)
		count, text := versions()
		require.Equal(t, count, strings.Count(got.out, "-- version "))
		require.Contains(t, got.out, text)
		require.NoFileExists(t, s.dir+"/outdial.db")
	}
}

func TestTextIsQuotedForTheShell(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, text := range []string{"plain.db", "with space", "it's", "$HOME", "`x`", "a\\b", "", "*", "日本"} {
		out, err := s.command("sh", "-c", "printf %s "+quote(text)).Output()
		require.NoError(t, err)
		require.Equal(t, text, string(out))
	}
	require.Equal(t, "plain.db", quote("plain.db"))
}
