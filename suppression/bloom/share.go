package bloom

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

var (
	// errMissing says that nothing is in Redis.
	errMissing = errors.New("bloom: no filter in redis")
	// errNoAnswer says that Redis did not say, which has been counted.
	errNoAnswer = errors.New("bloom: no answer from redis")
)

// load returns the filter that is in Redis, brought up to date, or nil when there is
// none that suits. It fails when the feed does.
func (c *Cache) load(ctx context.Context, wanted size) (*local, error) {
	loaded, err := c.fetch(ctx, wanted)
	if err == nil {
		err = c.followAll(ctx, loaded)
	}
	switch {
	case err == nil:
		count(ctx, c.measure.loads, "result", loadUsed)
		c.logFilter(ctx, "the suppression filter was loaded", string(loadUsed), loaded)
		return loaded, nil
	case errors.Is(err, errMissing):
		count(ctx, c.measure.loads, "result", loadMissing)
	case errors.Is(err, errUnusable), errors.Is(err, outdial.ErrConflict):
		count(ctx, c.measure.loads, "result", loadUnusable)
		c.cfg.Logger.WarnContext(ctx, "the suppression filter in redis is of no use", "cause", err.Error())
	case !errors.Is(err, errNoAnswer):
		return nil, err
	}
	return nil, nil
}

func (c *Cache) fetch(ctx context.Context, wanted size) (*local, error) {
	beginning, length, err := c.shared.look(ctx)
	if c.redisDid(ctx, opLook, err); err != nil {
		return nil, errNoAnswer
	}
	if length == 0 {
		return nil, errMissing
	}
	switch found, err := parseHeader(beginning, length); {
	case err != nil:
		return nil, err
	case !found.suits(wanted):
		return nil, fmt.Errorf("%w: it is too small", errUnusable)
	}
	value, err := c.shared.load(ctx, length)
	if c.redisDid(ctx, opLoad, err); err != nil {
		return nil, errNoAnswer
	}
	loaded, at, err := decode(value)
	if err != nil {
		return nil, err
	}
	if at == (suppression.Position{}) {
		return nil, fmt.Errorf("%w: it is of an empty list, and may be anybody's", errUnusable)
	}
	return &local{filter: loaded, at: at}, nil
}

// share sees to it that Redis has a filter that is of use to a process which starts,
// and that others know how far the list has come.
func (c *Cache) share(ctx context.Context, copied *local, scheduled bool) {
	if scheduled {
		beginning, length, err := c.shared.look(ctx)
		if c.redisDid(ctx, opLook, err); err == nil {
			if cause := c.lacking(ctx, beginning, length, copied.stats()); cause != "" {
				c.publishOnce(ctx, copied, cause)
			}
		}
	}
	if !c.sharing.failing.Load() {
		c.announce(ctx, copied.position().Number)
	}
}

// lacking says why what is in Redis should be replaced by the copy of this process, or
// nothing. A copy that is too small itself is of no use to others.
func (c *Cache) lacking(ctx context.Context, beginning []byte, length uint64, mine Stats) publishCause {
	switch {
	case mine.outgrown():
		return ""
	case length == 0:
		return publishMissing
	}
	wanted := size{capacity: mine.Entries, falsePositives: c.cfg.FalsePositives}
	theirs, err := parseHeader(beginning, length)
	switch {
	case err != nil, !theirs.suits(wanted), !c.ours(ctx, theirs.at, mine.Position):
		return publishUnusable
	case mine.Position.Number-theirs.at.Number > int64(c.cfg.MaxBehind):
		return publishBehind
	}
	return ""
}

// ours says whether a position may be of the feed's history. The beginning is in every
// history, and proves nothing unless the feed is there.
func (c *Cache) ours(ctx context.Context, at, mine suppression.Position) bool {
	switch at {
	case mine:
		return true
	case suppression.Position{}:
		return false
	case c.vouched:
		return true
	}
	_, err := c.feed.FollowSuppressions(ctx, suppression.FollowParams{After: at, Limit: 1})
	if err == nil {
		c.vouched = at
	}
	return !errors.Is(err, outdial.ErrConflict)
}

// publishOnce publishes the copy, unless another process is about to publish its own.
func (c *Cache) publishOnce(ctx context.Context, copied *local, cause publishCause) {
	release, mine := c.lock(ctx, 2*c.shared.patience(uint64(copied.stats().Bytes))) //nolint:gosec // it is positive
	if !mine {
		return
	}
	defer release()
	c.publish(ctx, copied, cause)
}

// publish puts the copy into Redis. Others must hear of it even if they know how far
// the list has come: some may be waiting for it.
func (c *Cache) publish(ctx context.Context, copied *local, cause publishCause) {
	err := c.shared.publish(ctx, copied.snapshot())
	if c.redisDid(ctx, opPublish, err); err != nil {
		return
	}
	c.announced = unknown
	count(ctx, c.measure.published, "cause", cause)
	c.logFilter(ctx, "the suppression filter was published", string(cause), copied)
}

// lock takes the lock, if Redis answers and nobody else has it.
func (c *Cache) lock(ctx context.Context, lasts time.Duration) (release func(), mine bool) {
	mine, err := c.shared.lock(ctx, lasts)
	c.redisDid(ctx, opLock, err)
	return func() { c.redisDid(ctx, opLock, c.shared.unlock(context.WithoutCancel(ctx))) }, mine
}

// unknown is the number of which others know when it is not known.
const unknown = -1

// announce tells other processes how far the list has come, unless they know it.
func (c *Cache) announce(ctx context.Context, number int64) {
	heard := c.heard.Swap(unknown)
	switch {
	case number == c.announced:
	case number == heard && c.announced != unknown:
		c.announced = number
	default:
		err := c.shared.announce(ctx, number)
		if c.redisDid(ctx, opAnnounce, err); err == nil {
			c.announced = number
		}
	}
}

// redisDid counts what Redis did not do.
func (c *Cache) redisDid(ctx context.Context, what operation, err error) {
	if err != nil && ctx.Err() == nil {
		count(ctx, c.measure.redisFailures, "operation", what)
	}
	c.sharing.report(ctx, c.cfg.Logger, "sharing the suppression filter through redis", err)
}
