package bloom

import (
	"context"
	"errors"
	"log/slog"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// ErrBuilding says that there is no copy yet, because another process is building the
// filter and will publish it.
var ErrBuilding = errors.New("bloom: another process is building the filter")

// Refresh does once what Run does again and again: when it returns nil, there is a copy
// that has everything which was committed before, and Redis has been told, if it could
// be. It is ErrBuilding while another process builds the first one. A host that wants the
// filter from its first check on calls it before Run.
func (c *Cache) Refresh(ctx context.Context) error { return c.upkeep(ctx, true) }

// upkeep brings the copy up to date and tells whom it concerns. Only what is scheduled
// looks at what is in Redis, or asks a Redis that did not answer the last time.
func (c *Cache) upkeep(ctx context.Context, scheduled bool) error {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	err := c.catchUp(ctx)
	if !errors.Is(err, ErrBuilding) {
		c.following.report(ctx, c.cfg.Logger, "following the suppression list", err)
	}
	if err != nil {
		return err
	}
	if copied := c.local.Load(); copied != nil {
		c.wakeOthers(copied.position().Number)
		if c.shared != nil {
			c.share(ctx, copied, scheduled)
		}
	}
	return nil
}

// catchUp has a copy that is up to date when it returns nil. It may be too small while
// another process builds a larger one.
func (c *Cache) catchUp(ctx context.Context) error {
	copied, cause := c.local.Load(), buildFirst
	if c.had {
		cause = buildOtherHistory
	}
	var err error
	if copied != nil {
		if err = c.followAll(ctx, copied); errors.Is(err, outdial.ErrConflict) {
			copied, err = nil, nil
		}
	}
	if err == nil && copied == nil {
		copied, err = c.replace(ctx, cause, 0)
	}
	if err != nil {
		return err
	}
	if stats := copied.stats(); stats.outgrown() {
		if _, err = c.replace(ctx, buildOutgrown, stats.Entries); errors.Is(err, ErrBuilding) {
			return nil
		}
	}
	return err
}

// followAll adds everything behind the copy's position.
func (c *Cache) followAll(ctx context.Context, copied *local) error {
	for {
		if more, err := c.follow(ctx, copied); err != nil || !more {
			return err
		}
	}
}

// replace takes another filter into use, which is made for that many entries at least:
// the one in Redis, or one that it builds and publishes.
func (c *Cache) replace(ctx context.Context, cause buildCause, entries uint64) (*local, error) {
	if c.shared != nil {
		// Who has the lock and then finds nothing has not just missed what another process
		// published.
		release, mine := c.lock(ctx, c.cfg.BuildWithin)
		if mine {
			defer release()
		}
		loaded, err := c.load(ctx, size{capacity: entries, falsePositives: c.cfg.FalsePositives})
		if err != nil || loaded != nil {
			return c.use(loaded), err
		}
		if !mine && !c.sharing.failing.Load() {
			return nil, ErrBuilding
		}
	}
	built, err := c.build(ctx, entries)
	if err == nil {
		err = c.followAll(ctx, built)
	}
	if err != nil {
		return nil, err
	}
	count(ctx, c.measure.builds, "cause", cause)
	c.logFilter(ctx, "the suppression filter was built", string(cause), c.use(built))
	if c.shared != nil {
		c.publish(ctx, built, publishBuilt)
	}
	return built, nil
}

// use takes a copy into use, unless it is none.
func (c *Cache) use(copied *local) *local {
	if copied != nil {
		c.local.Store(copied)
		c.had, c.vouched = true, suppression.Position{}
	}
	return copied
}

// build reads the whole list. What is committed while it does is in the feed behind the
// position that it had before.
func (c *Cache) build(ctx context.Context, entries uint64) (*local, error) {
	for {
		at, err := c.feed.SuppressionHead(ctx)
		if err != nil {
			return nil, err
		}
		built := newFilter(size{capacity: c.cfg.capacityFor(entries), falsePositives: c.cfg.FalsePositives})
		if entries, err = c.scan(ctx, built); err != nil {
			return nil, err
		}
		if !built.outgrown() {
			return &local{filter: built, at: at}, nil
		}
	}
}

// scan adds every entry to a filter. Once the filter is too small, it only counts them.
func (c *Cache) scan(ctx context.Context, into *filter) (entries uint64, err error) {
	beyond := uint64(0)
	for after := (uuid.UUID{}); ; {
		part, err := c.feed.ScanSuppressions(ctx, suppression.ScanParams{After: after, Limit: c.cfg.ScanLimit})
		if err != nil {
			return 0, err
		}
		for _, target := range part.Targets {
			if into.outgrown() {
				beyond++
				continue
			}
			into.add(target.Key)
		}
		if !part.More {
			return into.entries + beyond, nil
		}
		after = part.Last
	}
}

// wakeOthers tells this process that the list has changed.
func (c *Cache) wakeOthers(number int64) {
	if number == c.told {
		return
	}
	c.told = number
	for _, waker := range c.cfg.Wake {
		waker.Wake()
	}
}

func (c *Cache) logFilter(ctx context.Context, what, cause string, copied *local) {
	stats := copied.stats()
	c.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, what, slog.String("cause", cause),
		slog.Int64("position", stats.Position.Number), slog.Uint64("entries", stats.Entries),
		slog.Uint64("capacity", stats.Capacity), slog.Int("bytes", stats.Bytes))
}
