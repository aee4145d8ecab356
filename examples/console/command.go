package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/benbjohnson/clock"
)

// terminal is what a command works with: where it reads and prints, and when it
// has to stop.
type terminal struct {
	ctx   context.Context //nolint:containedctx // it lasts as long as the one command that a process runs
	in    io.Reader
	out   io.Writer
	err   io.Writer
	clock clock.Clock
	// program is how to run this program again, as a shell reads it.
	program string
}

// notef prints a line for people. Results go to out, everything else here.
func (t *terminal) notef(format string, values ...any) {
	fmt.Fprintf(t.err, format+"\n", values...)
}

// commands are the commands and their flags.
type commands struct {
	Serve    serveCommand    `cmd:"" default:"withargs"                                           help:"Start the server (the default)."`
	Token    tokenCommand    `cmd:"" help:"Print a token for the server, and nothing else."`
	Migrate  migrateCommand  `cmd:"" help:"Bring the database to the newest schema."`
	Import   importCommand   `cmd:"" help:"Import contacts from a CSV file."`
	Suppress suppressCommand `cmd:"" help:"Import a do-not-call file."`
	Purge    purgeCommand    `cmd:"" help:"Take out of the queues who must not be called."`
	Sweep    sweepCommand    `cmd:"" help:"Clean up what agents and calls left behind."`
	Rollback rollbackCommand `cmd:"" help:"Take out what a launch queued and nobody has touched."`
	Replay   replayCommand   `cmd:"" help:"Run the carrier's reports again, as they were kept."`
}

// run carries out one command line and returns the exit code: 0, or 1 after an
// error, of which it prints one line.
func run(args []string, t *terminal) int {
	if err := parseAndRun(args, t); err != nil {
		fmt.Fprintf(t.err, "console: %s\n", oneLine(err))
		return 1
	}
	return 0
}

func parseAndRun(args []string, t *terminal) error {
	parser, err := kong.New(&commands{},
		kong.Name("console"),
		kong.Description("Outbound calling queues over HTTP. Flags are taken with one dash or two."),
		kong.Writers(t.out, t.err),
		kong.Vars{"db": defaultDatabase},
	)
	if err != nil {
		return fmt.Errorf("build the command line: %w", err)
	}
	parsed, err := parser.Parse(doubleDashes(args))
	if err != nil {
		return fmt.Errorf("%w; see -help", err)
	}
	return parsed.Run(t)
}

// doubleDashes gives flags written with one dash, as Go programs take them, the
// second one that the parser wants. -h stays, as do a lone dash, negative numbers
// and whatever comes after a double dash.
func doubleDashes(args []string) []string {
	longFlag := regexp.MustCompile(`^-[A-Za-z][A-Za-z-]+(=|$)`)
	doubled := make([]string, len(args))
	for i, arg := range args {
		if arg == "--" {
			copy(doubled[i:], args[i:])
			break
		}
		if longFlag.MatchString(arg) {
			arg = "-" + arg
		}
		doubled[i] = arg
	}
	return doubled
}

// oneLine is an error as one line: joined errors stand on several.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
