// Command console is outdial as a standalone server, with nothing to install: a
// database in a file, an HTTP API, demo campaigns, a simulated carrier.
//
//	FEATURE_FLAGS=queue_replace_v1 go run ./examples/console
//	go run ./examples/console token -sub UUID -role agent -scope "queue:pull queue:write"
//	go run ./examples/console import -campaign Spring contacts.csv
//
// It is an example of a host: everything it does it does through the library's
// public packages. Run it with -help for the commands, and with a command and
// -help for that command's flags.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/benbjohnson/clock"
	"github.com/redis/go-redis/v9/logging"
)

func main() {
	// What a Redis does not do is in the server's own log, once.
	logging.Disable()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The second signal ends the process whatever it is waiting for.
	context.AfterFunc(ctx, stop)
	code := run(os.Args[1:], &terminal{
		ctx: ctx, in: os.Stdin, out: os.Stdout, err: os.Stderr, clock: clock.New(), program: howToRun(os.Args[0]),
	})
	stop()
	os.Exit(code)
}
