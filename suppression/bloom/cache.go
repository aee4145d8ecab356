package bloom

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// Cache is a suppression.Filter over a feed, and a suppression.Waker. It is safe for
// concurrent use. Make one with New, and call Run in the background: until it has a
// filter, and whenever it has none, Candidates says that it cannot tell.
type Cache struct {
	feed    suppression.Feed
	cfg     Config
	measure instruments
	// shared is nil without Redis.
	shared *shared
	// local is nil while there is no copy.
	local atomic.Pointer[local]
	woken chan struct{}
	// heard is the number that was announced last, or unknown.
	heard atomic.Int64

	following condition
	sharing   condition
	listening condition

	// turn is full while somebody does the upkeep. What stands below is theirs.
	turn chan struct{}
	// had says that there was a copy before.
	had bool
	// told and announced are the numbers of which Config.Wake and other processes know,
	// or unknown.
	told, announced int64
	// vouched is a position of which the feed said that it is of its history.
	vouched suppression.Position
}

var (
	_ suppression.Filter = (*Cache)(nil)
	_ suppression.Waker  = (*Cache)(nil)
)

// New returns a Cache over the feed of a list. It asks nobody anything yet.
func New(feed suppression.Feed, cfg Config) *Cache {
	cfg = cfg.WithDefaults()
	c := &Cache{
		feed: feed, cfg: cfg, measure: newInstruments(cfg.Meter, cfg.Logger),
		woken: make(chan struct{}, 1), turn: make(chan struct{}, 1),
	}
	if cfg.Redis != nil {
		c.shared = newShared(cfg)
	}
	return c
}

// Run keeps the filter until ctx ends, and returns nil then: it loads or builds it,
// follows the feed, shares the filter through Redis and builds it anew when the list
// outgrows it. What fails is tried again after Config.RefreshEvery. It returns once
// the Redis client has let go of what it is at, which the client's own timeouts bound.
func (c *Cache) Run(ctx context.Context) error {
	var tasks sync.WaitGroup
	defer tasks.Wait()
	if c.shared != nil {
		defer c.shared.settle()
		tasks.Go(func() { c.listen(ctx) })
	}
	ticker := c.cfg.Clock.Ticker(c.cfg.RefreshEvery)
	defer ticker.Stop()
	scheduled := true
	for ctx.Err() == nil {
		// What went wrong has been logged, and the ticker brings the next try.
		_ = c.upkeep(ctx, scheduled)
		select {
		case <-ctx.Done():
		case <-ticker.C:
			scheduled = true
		case <-c.woken:
			scheduled = false
		}
	}
	return nil
}

// Wake implements suppression.Waker: Run follows the feed now, and tells other
// processes.
func (c *Cache) Wake() {
	select {
	case c.woken <- struct{}{}:
	default:
	}
}

// Candidates implements suppression.Filter. It adds to the copy what the feed has
// behind the copy's position, which is everything that was committed by then and not
// in it, and tests the targets. So an entry that was committed before the call began
// is always among the candidates. It never waits for Redis.
func (c *Cache) Candidates(ctx context.Context, targets []suppression.Target) ([]int, bool) {
	copied := c.local.Load()
	if copied == nil {
		return c.cannotTell(ctx, fallbackNoFilter)
	}
	more, err := c.follow(ctx, copied)
	switch {
	case errors.Is(err, outdial.ErrConflict):
		return c.cannotTell(ctx, fallbackOtherHistory)
	case err != nil:
		return c.cannotTell(ctx, fallbackFeedFailed)
	case more:
		c.Wake()
		return c.cannotTell(ctx, fallbackBehind)
	}
	return copied.candidates(targets), true
}

func (c *Cache) cannotTell(ctx context.Context, cause fallbackCause) ([]int, bool) {
	count(ctx, c.measure.fallbacks, "cause", cause)
	return nil, false
}

// follow adds the next events to a copy, Config.MaxBehind at most, and says whether
// others follow. A copy of another history goes out of use.
func (c *Cache) follow(ctx context.Context, copied *local) (more bool, err error) {
	result, err := c.feed.FollowSuppressions(ctx, suppression.FollowParams{After: copied.position(), Limit: c.cfg.MaxBehind})
	if errors.Is(err, outdial.ErrConflict) && c.local.CompareAndSwap(copied, nil) {
		c.Wake()
	}
	if err != nil {
		return false, err
	}
	copied.take(result.Events)
	return result.More, nil
}

// Precheck says whether a target may be on the list as far as the copy goes, which may
// be seconds behind, and true when there is no copy. It asks nobody, so it is for
// sorting and for showing. Never decide by it who is called: use Candidates for that,
// or suppression.Service.
func (c *Cache) Precheck(target suppression.Target) bool {
	copied := c.local.Load()
	return copied == nil || copied.has(target.Key)
}

// Stats says how large the copy is. The zero value is no copy.
type Stats struct {
	// Position is the place in the feed up to which everything is in the copy.
	Position suppression.Position
	// Entries are the values in the filter, which is made for Capacity of them and has
	// that many Bytes.
	Entries  uint64
	Capacity uint64
	Bytes    int
}

// outgrown says that there are more entries than the filter is made for.
func (s Stats) outgrown() bool { return s.Entries > s.Capacity }

// Stats describes the copy of this process.
func (c *Cache) Stats() Stats {
	copied := c.local.Load()
	if copied == nil {
		return Stats{}
	}
	return copied.stats()
}
