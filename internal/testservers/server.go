package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// startPatience is how long a server may take to answer. Recovery is no
	// part of it, since the servers begin empty.
	startPatience = time.Minute
	// stopPatience is how long a server may take to end when asked.
	stopPatience = 10 * time.Second
	// pollEvery is how often a starting server is asked.
	pollEvery = 20 * time.Millisecond
)

// errPortTaken says that somebody bound the port between its choice and its
// use.
var errPortTaken = errors.New("the port was taken by another process")

// server is one running server and the URL that reaches it.
type server struct {
	name    string
	url     string
	logPath string
	process *process
	quit    syscall.Signal
}

// launch describes a server to start.
type launch struct {
	name    string
	url     string
	cmd     *exec.Cmd
	logPath string
	// quit is the signal that ends the server fastest while it still cleans
	// up after itself.
	quit syscall.Signal
	// ready asks the server something that only this one can answer, so that
	// a stranger on the same port is not mistaken for it.
	ready func(ctx context.Context, pid int) error
}

// start returns once the server answers.
func (l launch) start(ctx context.Context) (*server, error) {
	log, err := os.Create(l.logPath)
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", l.name, err)
	}
	defer func() { _ = log.Close() }()

	l.cmd.Stdout, l.cmd.Stderr = log, log

	process, err := startProcess(l.cmd)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", l.name, err)
	}

	s := &server{name: l.name, url: l.url, logPath: l.logPath, process: process, quit: l.quit}

	answers := false
	defer func() {
		if !answers {
			s.stop()
		}
	}()

	if err := l.await(ctx, process); err != nil {
		return nil, err
	}

	answers = true

	return s, nil
}

func (l launch) await(ctx context.Context, p *process) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()

	// A stranger on our port may take the question and never answer, while
	// our own server has long given up.
	go func() {
		select {
		case <-p.done:
			cancel()
		case <-ctx.Done():
		}
	}()

	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()

	for {
		err := l.ready(ctx, p.cmd.Process.Pid)
		if err == nil {
			return nil
		}

		if p.ended() {
			return l.diagnose()
		}

		select {
		case <-p.done:
			return l.diagnose()
		case <-ctx.Done():
			if p.ended() {
				return l.diagnose()
			}

			return fmt.Errorf("%s did not answer: %w\n%s", l.name, err, logTail(l.logPath))
		case <-ticker.C:
		}
	}
}

// diagnose explains why a server ended before it answered.
func (l launch) diagnose() error {
	log, err := os.ReadFile(l.logPath)
	if err != nil {
		return fmt.Errorf("log of %s: %w", l.name, err)
	}

	if strings.Contains(string(log), "Address already in use") {
		return errPortTaken
	}

	return fmt.Errorf("%s ended at once\n%s", l.name, logTail(l.logPath))
}

func (s *server) stop() {
	s.process.stop(s.quit, stopPatience)
}

// logTail returns the last lines of a log, indented, or why there are none.
func logTail(path string) string {
	const lines = 20

	log, err := os.ReadFile(path)
	if err != nil {
		return fmt.Sprintf("  (no %s: %v)\n", filepath.Base(path), err)
	}

	all := strings.Split(strings.TrimSpace(string(log)), "\n")

	return "  " + strings.Join(all[max(0, len(all)-lines):], "\n  ") + "\n"
}
