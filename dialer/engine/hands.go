package engine

import (
	"cmp"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial/dialer"
)

// hands are the calls that the process is doing something about, so that it does one
// thing at a time about each. It knows the latest about them.
type hands struct {
	mu    sync.Mutex
	calls map[uuid.UUID]*hand
}

type hand struct {
	call dialer.Call
	// news says that something was heard of the call since something was last begun
	// about it.
	news bool
}

func newHands() *hands { return &hands{calls: map[uuid.UUID]*hand{}} }

// take takes a call in hand and returns true, or tells whoever has it.
func (h *hands) take(call dialer.Call) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.calls[call.ID] == nil {
		h.calls[call.ID] = &hand{call: call}
		return true
	}
	h.calls[call.ID].hear(call)
	return false
}

// tell tells whoever has the call in hand, if anybody has.
func (h *hands) tell(call dialer.Call) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if held := h.calls[call.ID]; held != nil {
		held.hear(call)
	}
}

// hear takes the word of who has read the call later, and forgets no fact.
func (h *hand) hear(call dialer.Call) {
	known := h.call.Facts
	call.Facts, call.CallSID = known.Merge(call.Facts), cmp.Or(call.CallSID, h.call.CallSID)
	h.call = call
	h.news = h.news || !call.Equal(known)
}

// begin returns the latest about a call in hand, to do something about it.
func (h *hands) begin(id uuid.UUID) dialer.Call {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[id].news = false
	return h.calls[id].call
}

// look returns the latest about a call in hand.
func (h *hands) look(id uuid.UUID) dialer.Call {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls[id].call
}

// leave lets go of a call and returns true, unless there is news of it.
func (h *hands) leave(id uuid.UUID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.calls[id].news {
		return false
	}
	delete(h.calls, id)
	return true
}

// drop lets go of a call, whatever was heard of it.
func (h *hands) drop(id uuid.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.calls, id)
}

// recent remembers calls for some time.
type recent struct {
	mu   sync.Mutex
	span time.Duration
	at   map[uuid.UUID]time.Time
	// pruneAt is the size at which what has passed is forgotten.
	pruneAt int
}

const pruneRecentAt = 256

func newRecent(span time.Duration) *recent {
	return &recent{span: span, at: map[uuid.UUID]time.Time{}, pruneAt: pruneRecentAt}
}

func (r *recent) add(id uuid.UUID, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.at) >= r.pruneAt {
		for old, at := range r.at {
			if now.Sub(at) >= r.span {
				delete(r.at, old)
			}
		}
		r.pruneAt = max(pruneRecentAt, 2*len(r.at))
	}
	r.at[id] = now
}

func (r *recent) has(id uuid.UUID, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, ok := r.at[id]
	return ok && now.Sub(at) < r.span
}
