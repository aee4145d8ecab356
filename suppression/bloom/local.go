package bloom

import (
	"runtime"
	"slices"
	"sync"

	"github.com/outdial/outdial/suppression"
)

// local is the copy of the filter that answers in this process. Every entry that was
// on the list when the feed was at the copy's position is in it; others may be.
type local struct {
	mu     sync.RWMutex
	filter *filter
	at     suppression.Position
}

// together is how many targets are tested under one lock, so that whoever wants to add
// something need not wait for the end of a long list.
const together = 1024

// take adds events that come right behind a position which the copy has had. It held
// everything up to there, so it now holds everything up to the last of them, and may
// take that for its position, whatever others have added in between. A copy that others
// have brought further stays there.
//
// They are added even if the copy is beyond them by its number: that may be a number
// of another history, when the database was restored in between.
func (l *local) take(events []suppression.Event) {
	if len(events) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, event := range events {
		if event.Action != suppression.EventRemove {
			l.filter.add(event.Key)
		}
	}
	if last := events[len(events)-1].Position; last.Number > l.at.Number {
		l.at = last
	}
}

// enough is how many targets are worth another processor.
const enough = 16 * together

// candidates are the indexes of the targets that may be in the filter. Many are tested
// by several processors, each a part.
func (l *local) candidates(targets []suppression.Target) []int {
	parts := max(1, min(runtime.GOMAXPROCS(0), len(targets)/enough))
	if parts == 1 {
		return l.part(targets, 0, len(targets))
	}
	found := make([][]int, parts)
	var tasks sync.WaitGroup
	for i := range parts {
		tasks.Go(func() { found[i] = l.part(targets, len(targets)*i/parts, len(targets)*(i+1)/parts) })
	}
	tasks.Wait()
	return slices.Concat(found...)
}

// part tests the targets from one index to before another.
func (l *local) part(targets []suppression.Target, from, to int) []int {
	var indexes []int
	for begin := from; begin < to; begin += together {
		l.mu.RLock()
		for i := begin; i < min(begin+together, to); i++ {
			if l.filter.has(targets[i].Key) {
				indexes = append(indexes, i)
			}
		}
		l.mu.RUnlock()
	}
	return indexes
}

func (l *local) has(key string) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.filter.has(key)
}

func (l *local) position() suppression.Position {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.at
}

func (l *local) snapshot() []byte {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return encode(l.filter, l.at)
}

func (l *local) stats() Stats {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return Stats{
		Position: l.at, Entries: l.filter.entries, Capacity: l.filter.capacity, Bytes: 8 * len(l.filter.words()),
	}
}
