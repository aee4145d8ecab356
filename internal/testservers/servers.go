package main

import (
	"context"
	"fmt"
	"io"
	"os"
)

// servers are the servers that this run started, and the environment that
// leads a command to them. Its methods accept nil.
type servers struct {
	env     []string
	running []*server
	scratch *scratch
}

// startServers finds or installs what is needed and starts it. On an error it
// has already stopped what it had started.
func startServers(ctx context.Context, opts options, stderr io.Writer) (_ *servers, err error) {
	databaseURL, redisURL := os.Getenv("TEST_DATABASE_URL"), os.Getenv("TEST_REDIS_URL")
	wanted := needs{postgres: databaseURL == "", redis: redisURL == "", cc: opts.cc}

	found, err := provide(ctx, wanted, stderr)
	if err != nil {
		return nil, err
	}

	s := &servers{env: os.Environ()}

	// A panic while starting must stop the servers as an error does.
	complete := false
	defer func() {
		if !complete {
			s.stop()
		}
	}()

	if opts.cc {
		s.env = append(s.env, "CGO_ENABLED=1")
	}

	if wanted.postgres || wanted.redis {
		if s.scratch, err = newScratch(scratchParent()); err != nil {
			return nil, err
		}
	}

	if wanted.postgres {
		postgres, err := startPostgres(ctx, postgresConfig{
			bin:     found.postgres,
			scratch: s.scratch.dir,
			durable: opts.durable,
			pick:    freePort,
		})
		if err != nil {
			return nil, err
		}

		s.running = append(s.running, postgres)
		s.env = append(s.env, "TEST_DATABASE_URL="+postgres.url)
	}

	if wanted.redis {
		redis, err := startRedis(ctx, redisConfig{
			bin:     found.redis,
			scratch: s.scratch.dir,
			pick:    freePort,
		})
		if err != nil {
			return nil, err
		}

		s.running = append(s.running, redis)
		s.env = append(s.env, "TEST_REDIS_URL="+redis.url)
	}

	complete = true

	return s, nil
}

// stop ends every server and removes their files.
func (s *servers) stop() {
	if s == nil {
		return
	}

	for _, server := range s.running {
		server.stop()
	}

	s.running = nil
	s.scratch.remove()
}

// reportDeaths says which server ended before it was asked to: it explains
// the failures that its clients saw.
func (s *servers) reportDeaths(w io.Writer) {
	for _, server := range s.running {
		if server.process.ended() {
			fmt.Fprintf(w, "testservers: %s ended while the command ran\n%s", server.name, logTail(server.logPath))
		}
	}
}
