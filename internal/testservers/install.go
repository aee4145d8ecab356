package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// host is what decides how to install something.
type host struct {
	os   string
	root bool
	has  func(program string) bool
}

// step is one command of an installation.
type step struct {
	argv []string
	// always steps run after a failure too: they undo something.
	always bool
}

var (
	errNoInstaller = fmt.Errorf("install it, or set TEST_DATABASE_URL (PostgreSQL %d or newer) "+
		"and TEST_REDIS_URL to servers that tests may fill", oldestPostgres)
	errNoRights = errors.New("installing it takes root or sudo")
	errNoXcode  = errors.New("install one with xcode-select --install")
)

// noMainCluster keeps Debian's package from making a cluster of its own and
// starting it on port 5432: nobody asked for one by running tests.
const noMainCluster = "/etc/postgresql-common/createcluster.d/no-main-cluster-for-tests.conf"

// installSteps plans the installation of what is missing.
func installSteps(missing needs, h host) ([]step, error) {
	switch {
	case h.os == "linux" && h.has("apt-get"):
		return aptSteps(missing, h)
	case h.has("brew"):
		return brewSteps(missing)
	default:
		return nil, errNoInstaller
	}
}

func aptSteps(missing needs, h host) ([]step, error) {
	var sudo []string

	if !h.root {
		if !h.has("sudo") {
			return nil, errNoRights
		}

		sudo = []string{"sudo"}
	}

	as := func(argv ...string) []string { return append(append([]string{}, sudo...), argv...) }

	apt := as("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq",
		"-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0")
	install := append(append([]string{}, apt...), "install", "-y", "--no-install-recommends")
	steps := []step{{argv: append(append([]string{}, apt...), "update")}}

	if missing.redis {
		install = append(install, "redis-server")
	}

	if missing.cc {
		install = append(install, "gcc", "libc6-dev")
	}

	if !missing.postgres {
		return append(steps, step{argv: install}), nil
	}

	install = append(install, "postgresql")

	return append(steps,
		step{argv: as("sh", "-c", "mkdir -p $(dirname "+noMainCluster+") && echo 'create_main_cluster = false' > "+noMainCluster)},
		step{argv: install},
		step{argv: as("rm", "-f", noMainCluster), always: true},
	), nil
}

func brewSteps(missing needs) ([]step, error) {
	if missing.cc {
		return nil, errNoXcode
	}

	install := []string{"brew", "install", "--quiet"}

	if missing.postgres {
		install = append(install, "postgresql@17")
	}

	if missing.redis {
		install = append(install, "redis")
	}

	return []step{{argv: install}}, nil
}

// runSteps runs the steps in order, and after a failure only those that undo.
func runSteps(ctx context.Context, steps []step, stderr io.Writer) error {
	var failed error

	for _, s := range steps {
		if failed != nil && !s.always {
			continue
		}

		running := ctx
		if s.always {
			running = context.WithoutCancel(ctx)
		}

		fmt.Fprintln(stderr, "testservers:", strings.Join(s.argv, " "))

		cmd := exec.CommandContext(running, s.argv[0], s.argv[1:]...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, stderr, stderr
		// A package manager must not be killed half-way through a package.
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }

		if err := cmd.Run(); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", strings.Join(s.argv, " "), err))
		}
	}

	return failed
}
