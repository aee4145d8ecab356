package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldestPostgres is the oldest major version that outdial supports.
const oldestPostgres = 15

var (
	errNoPostgres = fmt.Errorf("found no PostgreSQL %d or newer", oldestPostgres)
	errNoRedis    = errors.New("found no redis-server")
	errNoCC       = errors.New("found no working C compiler, which go test -race needs")
)

var majorVersion = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// postgresDirs lists where Postgres's programs may be, best first: what the
// user put on the path, then the newest of the packages below root.
func postgresDirs(path, root string) []string {
	dirs := filepath.SplitList(path)

	for _, pattern := range []string{
		"usr/lib/postgresql/*/bin",
		"usr/pgsql-*/bin",
		"opt/homebrew/opt/postgresql@*/bin",
		"usr/local/opt/postgresql@*/bin",
		"home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
	} {
		// The patterns are well-formed, which is all that Glob complains about.
		matches, _ := filepath.Glob(filepath.Join(root, pattern))
		slices.SortFunc(matches, func(a, b string) int { return versionInPath(b) - versionInPath(a) })
		dirs = append(dirs, matches...)
	}

	return dirs
}

// versionInPath returns the major version that a package's path names, or 0.
func versionInPath(dir string) int {
	name := filepath.Base(filepath.Dir(dir))
	digits := strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyz@-")
	major, _, _ := strings.Cut(digits, ".")

	version, err := strconv.Atoi(major)
	if err != nil {
		return 0
	}

	return version
}

// findPostgres returns the first directory that holds both initdb and a
// postgres that is new enough.
func findPostgres(ctx context.Context, dirs []string) (string, error) {
	var tooOld []string

	for _, dir := range dirs {
		server := filepath.Join(dir, "postgres")
		if !executable(server) || !executable(filepath.Join(dir, "initdb")) {
			continue
		}

		version, err := postgresVersion(ctx, server)
		if err != nil {
			continue
		}

		if version >= oldestPostgres {
			return dir, nil
		}

		tooOld = append(tooOld, fmt.Sprintf("%s is version %d", server, version))
	}

	if len(tooOld) > 0 {
		return "", fmt.Errorf("%w (%s)", errNoPostgres, strings.Join(tooOld, ", "))
	}

	return "", errNoPostgres
}

func postgresVersion(ctx context.Context, server string) (int, error) {
	out, err := exec.CommandContext(ctx, server, "--version").Output()
	if err != nil {
		return 0, fmt.Errorf("%s --version: %w", server, err)
	}

	match := majorVersion.FindSubmatch(out)
	if match == nil {
		return 0, fmt.Errorf("%s --version: answered %q", server, out)
	}

	return strconv.Atoi(string(match[1]))
}

// redisDirs lists where redis-server may be. Debian's path for users other
// than root lacks none of these, brew's may.
func redisDirs(path string) []string {
	return append(filepath.SplitList(path),
		"/usr/bin", "/opt/homebrew/bin", "/usr/local/bin", "/home/linuxbrew/.linuxbrew/bin")
}

func findRedis(dirs []string) (string, error) {
	for _, dir := range dirs {
		if server := filepath.Join(dir, "redis-server"); executable(server) {
			return server, nil
		}
	}

	return "", errNoRedis
}

// compiles tries the C compiler that Go would call. A compiler without the C
// library's headers is of no use to it, so looking for the program is not
// enough.
func compiles(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "go", "env", "CC").Output()
	if err != nil {
		return fmt.Errorf("go env CC: %w", err)
	}

	cc := append(strings.Fields(string(out)), "-x", "c", "-", "-o", os.DevNull, "-lpthread")
	cmd := exec.CommandContext(ctx, cc[0], cc[1:]...)
	cmd.Stdin = strings.NewReader("#include <pthread.h>\n#include <stdlib.h>\nint main(void) { return 0; }\n")

	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %w %s", errNoCC, err, bytes.TrimSpace(out))
	}

	return nil
}

func executable(path string) bool {
	info, err := os.Stat(path)

	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

func onPath(name string) bool {
	_, err := exec.LookPath(name)

	return err == nil
}
