package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
)

// needs are the things that a run can't do without.
type needs struct {
	postgres bool
	redis    bool
	cc       bool
}

func (n needs) any() bool {
	return n.postgres || n.redis || n.cc
}

// programs are where the needed programs were found.
type programs struct {
	postgres string // directory of initdb and postgres
	redis    string // the redis-server program
}

// provide finds the programs that are needed and installs those that are
// missing.
func provide(ctx context.Context, wanted needs, stderr io.Writer) (programs, error) {
	found, missing, reason := find(ctx, wanted)
	if !missing.any() {
		return found, nil
	}

	steps, err := installSteps(missing, thisHost())
	if err != nil {
		return programs{}, fmt.Errorf("%w: %w", reason, err)
	}

	if err := runSteps(ctx, steps, stderr); err != nil {
		return programs{}, fmt.Errorf("%w: %w", reason, err)
	}

	found, missing, reason = find(ctx, wanted)
	if missing.any() {
		return programs{}, fmt.Errorf("after installing it: %w", reason)
	}

	return found, nil
}

// find returns what is there, what is not, and why not.
func find(ctx context.Context, wanted needs) (found programs, missing needs, reason error) {
	var reasons []error

	if wanted.postgres {
		var err error
		if found.postgres, err = findPostgres(ctx, postgresDirs(os.Getenv("PATH"), "/")); err != nil {
			missing.postgres = true
			reasons = append(reasons, err)
		}
	}

	if wanted.redis {
		var err error
		if found.redis, err = findRedis(redisDirs(os.Getenv("PATH"))); err != nil {
			missing.redis = true
			reasons = append(reasons, err)
		}
	}

	if wanted.cc {
		if err := compiles(ctx); err != nil {
			missing.cc = true
			reasons = append(reasons, err)
		}
	}

	return found, missing, errors.Join(reasons...)
}

func thisHost() host {
	return host{os: runtime.GOOS, root: os.Geteuid() == 0, has: onPath}
}
