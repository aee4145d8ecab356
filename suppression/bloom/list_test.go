package bloom_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// list is a suppression list with its feed, in memory. A test makes it fail, restores
// it to what it was, and changes it while somebody is reading.
type list struct {
	mu      sync.Mutex
	entries []listed
	events  []suppression.Event
	// serial is what ids are made of. It goes on when the list is restored, as ids of
	// another history are others.
	serial uint64
	err    error
	calls  map[string]int
	// before and after are told of a call before it reads, and when it has read.
	before, after func(call string)
}

// listed is an entry, with its place in the order of ids.
type listed struct {
	id     uuid.UUID
	target suppression.Target
}

// pending is a transaction that has given its entry an id and is not committed.
type pending struct {
	list  *list
	entry listed
}

func newList(keys ...string) *list {
	l := &list{calls: map[string]int{}}
	l.add(keys...)
	return l
}

// newListOf is a list of many, none of which is there twice.
func newListOf(keys []string) *list {
	l := newList()
	l.fill(keys)
	return l
}

func target(key string) suppression.Target {
	return suppression.Target{Kind: suppression.KindPhone, Key: key}
}

func targets(keys ...string) []suppression.Target {
	all := make([]suppression.Target, len(keys))
	for i, key := range keys {
		all[i] = target(key)
	}
	return all
}

// id returns the next one in order.
func (l *list) id() uuid.UUID {
	l.serial++
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[8:], l.serial)
	return id
}

// begin gives an entry its id.
func (l *list) begin(key string) pending {
	l.mu.Lock()
	defer l.mu.Unlock()
	return pending{l, listed{l.id(), target(key)}}
}

// commit puts the entry on the list, unless it is there already.
func (p pending) commit() {
	l := p.list
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.ContainsFunc(l.entries, func(e listed) bool { return e.target == p.entry.target }) {
		return
	}
	place, _ := slices.BinarySearchFunc(l.entries, p.entry.id, compareID)
	l.entries = slices.Insert(l.entries, place, p.entry)
	l.event(suppression.EventAdd, p.entry.target)
}

func (l *list) add(keys ...string) {
	for _, key := range keys {
		l.begin(key).commit()
	}
}

// fill adds many entries at once, none of which is on the list.
func (l *list) fill(keys []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, key := range keys {
		l.entries = append(l.entries, listed{l.id(), target(key)})
		l.event(suppression.EventAdd, target(key))
	}
}

func (l *list) remove(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	place := slices.IndexFunc(l.entries, func(e listed) bool { return e.target.Key == key })
	if place < 0 {
		return
	}
	l.entries = slices.Delete(l.entries, place, place+1)
	l.event(suppression.EventRemove, target(key))
}

func (l *list) event(action suppression.EventAction, of suppression.Target) {
	l.events = append(l.events, suppression.Event{
		Position: suppression.Position{Number: int64(len(l.events)) + 1, EventID: l.id()}, Target: of, Action: action,
	})
}

// restore makes the list what it was after so many events.
func (l *list) restore(events int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events, l.entries = slices.Clone(l.events[:events]), nil
	for _, event := range l.events {
		switch event.Action {
		case suppression.EventRemove:
			l.entries = slices.DeleteFunc(l.entries, func(e listed) bool { return e.target == event.Target })
		default:
			l.entries = append(l.entries, listed{l.id(), event.Target})
		}
	}
}

// keys are what is on the list now.
func (l *list) keys() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	keys := make([]string, len(l.entries))
	for i, entry := range l.entries {
		keys[i] = entry.target.Key
	}
	return keys
}

// length is how many events there are.
func (l *list) length() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.events)
}

func (l *list) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// called is how often a method was called.
func (l *list) called(method string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls[method]
}

// on sets what is told of calls.
func (l *list) on(before, after func(call string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.before, l.after = before, after
}

// read answers a call.
func read[Result any](ctx context.Context, l *list, call string, answer func() (Result, error)) (Result, error) {
	tell := func(hook func(string)) {
		if hook != nil {
			hook(call)
		}
	}
	l.mu.Lock()
	before, after := l.before, l.after
	l.calls[call]++
	l.mu.Unlock()
	tell(before)
	defer tell(after)
	l.mu.Lock()
	defer l.mu.Unlock()
	var none Result
	if err := ctx.Err(); err != nil {
		return none, err
	}
	if l.err != nil {
		return none, l.err
	}
	return answer()
}

// SuppressionHead implements suppression.Feed.
func (l *list) SuppressionHead(ctx context.Context) (suppression.Position, error) {
	return read(ctx, l, "SuppressionHead", func() (suppression.Position, error) {
		if len(l.events) == 0 {
			return suppression.Position{}, nil
		}
		return l.events[len(l.events)-1].Position, nil
	})
}

// FollowSuppressions implements suppression.Feed.
func (l *list) FollowSuppressions(ctx context.Context, p suppression.FollowParams) (suppression.FollowResult, error) {
	return read(ctx, l, "FollowSuppressions", func() (suppression.FollowResult, error) {
		n := int(p.After.Number)
		if n > 0 && (n > len(l.events) || l.events[n-1].Position != p.After) {
			return suppression.FollowResult{}, outdial.Conflict("the feed has another history")
		}
		rest := l.events[n:]
		part := rest[:min(p.Limit, len(rest))]
		return suppression.FollowResult{Events: slices.Clone(part), More: len(part) < len(rest)}, nil
	})
}

// ScanSuppressions implements suppression.Feed.
func (l *list) ScanSuppressions(ctx context.Context, p suppression.ScanParams) (suppression.ScanResult, error) {
	return read(ctx, l, "ScanSuppressions", func() (suppression.ScanResult, error) {
		place, found := slices.BinarySearchFunc(l.entries, p.After, compareID)
		if found {
			place++
		}
		rest := l.entries[place:]
		part := rest[:min(p.Limit, len(rest))]
		result := suppression.ScanResult{Last: p.After, More: len(part) < len(rest)}
		for _, entry := range part {
			result.Targets, result.Last = append(result.Targets, entry.target), entry.id
		}
		return result, nil
	})
}

func compareID(entry listed, id uuid.UUID) int { return bytes.Compare(entry.id[:], id[:]) }
