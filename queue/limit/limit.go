// Package limit bounds how often each of many may ask.
package limit

import (
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"github.com/outdial/outdial"
)

// ByID is one rate limiter for each actor or campaign. Those that have filled up
// again are forgotten, so that ids that never come back cost nothing. It is safe for
// concurrent use.
type ByID struct {
	kind  string
	rate  rate.Limit
	burst int

	mu   sync.Mutex
	byID map[uuid.UUID]*rate.Limiter
	// pruneAt is the size at which the next full limiters are dropped.
	pruneAt int
}

const pruneFrom = 1024

// New returns limiters that let each id pass perSecond times a second in the long run,
// and burst times at once. Kind is what the ids are, for the error.
func New(kind string, perSecond rate.Limit, burst int) *ByID {
	return &ByID{
		kind: kind, rate: perSecond, burst: burst,
		byID: map[uuid.UUID]*rate.Limiter{}, pruneAt: pruneFrom,
	}
}

// Allow takes one request from the id's share, or returns a
// *outdial.RateLimitError and takes nothing.
func (l *ByID) Allow(id uuid.UUID, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter, ok := l.byID[id]
	if !ok {
		l.prune(now)
		limiter = rate.NewLimiter(l.rate, l.burst)
		l.byID[id] = limiter
	}
	reservation := limiter.ReserveN(now, 1)
	// Less than a microsecond is a rounding error: whoever waits as told passes.
	if wait := reservation.DelayFrom(now).Round(time.Microsecond); wait > 0 {
		reservation.CancelAt(now)
		return &outdial.RateLimitError{Key: l.kind, RetryAfter: wait}
	}
	return nil
}

func (l *ByID) prune(now time.Time) {
	if len(l.byID) < l.pruneAt {
		return
	}
	for id, limiter := range l.byID {
		if limiter.TokensAt(now) >= float64(l.burst) {
			delete(l.byID, id)
		}
	}
	l.pruneAt = max(pruneFrom, 2*len(l.byID))
}
