package outdial

import (
	"context"
	"os"
	"strings"
)

// Flag names a behaviour that a host turns on when it is ready.
type Flag string

// FlagQueueReplace gates Replace, Preview, Clear and ClearAll. It is off by
// default, so that shipping the library changes nothing until a host decides.
const FlagQueueReplace Flag = "queue_replace_v1"

// Flags answers whether a flag is on for an actor. The actor is there for
// targeting ("internal users first"); an adapter over a host's own flag service
// needs no more than this one method. A nil Flags in a Config means that every
// flag is off.
type Flags interface {
	Enabled(ctx context.Context, flag Flag, actor Actor) bool
}

// StaticFlags is a set of flags that are on for everybody. The zero value has
// every flag off.
type StaticFlags map[Flag]bool

// Enabled implements Flags.
func (f StaticFlags) Enabled(_ context.Context, flag Flag, _ Actor) bool { return f[flag] }

// EnvFlags returns the flags that the environment variable FEATURE_FLAGS lists,
// separated by commas. It reads the variable once, when it is called: turning a
// flag off means restarting the process. Names it does not know are kept, since
// a host may share the variable with its own flags.
func EnvFlags() StaticFlags {
	flags := StaticFlags{}
	for name := range strings.SplitSeq(os.Getenv("FEATURE_FLAGS"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			flags[Flag(name)] = true
		}
	}
	return flags
}
