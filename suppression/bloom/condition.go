package bloom

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// condition is whether something works. It is logged when that changes, and not each
// time that it is tried.
type condition struct {
	failing atomic.Bool
}

// report takes note of how a try has ended. What fails because ctx is over has not
// failed.
func (c *condition) report(ctx context.Context, logger *slog.Logger, what string, err error) {
	switch {
	case err == nil:
		if c.failing.Swap(false) {
			logger.LogAttrs(ctx, slog.LevelInfo, what+" works again")
		}
	case ctx.Err() == nil:
		if !c.failing.Swap(true) {
			logger.LogAttrs(ctx, slog.LevelWarn, what+" fails", slog.String("cause", err.Error()))
		}
	}
}
