package queue

import (
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"github.com/outdial/outdial"
)

// limiters is one rate limiter for each actor or campaign. Those that have filled
// up again are forgotten, so that ids that never come back cost nothing.
type limiters struct {
	kind  string
	rate  rate.Limit
	burst int

	mu   sync.Mutex
	byID map[uuid.UUID]*rate.Limiter
	// pruneAt is the size at which the next full limiters are dropped.
	pruneAt int
}

const pruneLimitersAt = 1024

func newLimiters(kind string, perSecond rate.Limit, burst int) *limiters {
	return &limiters{
		kind: kind, rate: perSecond, burst: burst,
		byID: map[uuid.UUID]*rate.Limiter{}, pruneAt: pruneLimitersAt,
	}
}

// allow takes one request from the id's share, or returns a
// *outdial.RateLimitError and takes nothing.
func (l *limiters) allow(id uuid.UUID, now time.Time) error {
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

func (l *limiters) prune(now time.Time) {
	if len(l.byID) < l.pruneAt {
		return
	}
	for id, limiter := range l.byID {
		if limiter.TokensAt(now) >= float64(l.burst) {
			delete(l.byID, id)
		}
	}
	l.pruneAt = max(pruneLimitersAt, 2*len(l.byID))
}
