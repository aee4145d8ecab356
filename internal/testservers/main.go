package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

const (
	exitFailed       = 125 // the servers could not be started
	exitNotRunnable  = 126 // the command exists and could not be run
	exitNotFound     = 127 // there is no such command
	exitSignalOffset = 128 // added to the number of the signal that ended the command
)

// options are the flags and what follows them.
type options struct {
	// durable keeps Postgres's promises about commits and gives it the
	// memory that a benchmark needs. Without it nothing reaches the disk.
	durable bool
	// cc makes sure of a C compiler, which the race detector needs.
	cc bool
	// grace is how long the command may take to end after a signal.
	grace   time.Duration
	command []string
}

func main() {
	// The kernel keeps the wish to die with the parent per thread.
	runtime.LockOSThread()
	dieWithParent()

	os.Exit(run(os.Args[1:], os.Stderr))
}

// run is main without the exit, so that deferred clean-up happens, on a panic
// too.
func run(args []string, stderr io.Writer) int {
	opts, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}

	if err != nil {
		fmt.Fprintln(stderr, "testservers:", err)
		return exitFailed
	}

	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	// While the servers start there is no command to pass a signal to: it
	// ends the start instead.
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer cancel()

	started, err := startServers(ctx, opts, stderr)
	defer started.stop()

	if ctx.Err() != nil {
		return exitSignalOffset + signalNumber(<-signals)
	}

	if err != nil {
		fmt.Fprintln(stderr, "testservers:", err)
		return exitFailed
	}

	code := runCommand(opts, started.env, signals, stderr)
	started.reportDeaths(stderr)

	return code
}

func parse(args []string, stderr io.Writer) (options, error) {
	var opts options

	flags := flag.NewFlagSet("testservers", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&opts.durable, "durable", false, "keep fsync on and give Postgres more memory, for benchmarks")
	flags.BoolVar(&opts.cc, "cc", false, "make sure of a C compiler and set CGO_ENABLED=1, for go test -race")
	flags.DurationVar(&opts.grace, "grace", 10*time.Second, "how long the command may take to end after a signal")

	if err := flags.Parse(args); err != nil {
		return options{}, fmt.Errorf("flags: %w", err)
	}

	opts.command = flags.Args()
	if len(opts.command) == 0 {
		return options{}, errors.New("no command: one follows --, as in testservers -- go test ./pkg")
	}

	return opts, nil
}
