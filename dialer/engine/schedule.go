package engine

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial/dialer"
)

// schedule is when the carrier is asked about which call: less and less often.
type schedule struct {
	first, most time.Duration

	mu    sync.Mutex
	calls map[uuid.UUID]turn
}

type turn struct {
	at    time.Time
	pause time.Duration
}

func newSchedule(first, most time.Duration) *schedule {
	return &schedule{first: first, most: max(first, most), calls: map[uuid.UUID]turn{}}
}

// due returns those of the calls whose turn has come, and sets their next. A call that
// is new has its turn when begins says; the zero time is not now. Calls that are not
// among them any more are forgotten.
func (s *schedule) due(calls []dialer.Call, now time.Time, begins func(dialer.Call) time.Time) []dialer.Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := make(map[uuid.UUID]turn, len(s.calls))
	var found []dialer.Call
	for _, call := range calls {
		mine, known := s.calls[call.ID]
		if !known {
			mine = turn{begins(call), s.first}
		}
		switch {
		case mine.at.IsZero():
			continue
		case !mine.at.After(now):
			found = append(found, call)
			mine = turn{now.Add(mine.pause), min(2*mine.pause, s.most)}
			next[call.ID] = mine
		case known:
			next[call.ID] = mine
		}
	}
	s.calls = next
	return found
}

// again sets the next turn of a call.
func (s *schedule) again(id uuid.UUID, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if mine, known := s.calls[id]; known {
		mine.at = at
		s.calls[id] = mine
	}
}
