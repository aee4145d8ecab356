package queue

import "slices"

// State is where an item of the agent queue is in its life.
type State string

// The states. Released rows are history: the same contact may be queued again.
const (
	StateQueued     State = "queued"
	StateLocked     State = "locked"
	StateInProgress State = "in_progress"
	StateCompleted  State = "completed"
	StateReleased   State = "released"
	StateFailed     State = "failed"
)

// States lists every state there is, in the order of an item's life.
func States() []State {
	return []State{
		StateQueued, StateLocked, StateInProgress,
		StateCompleted, StateReleased, StateFailed,
	}
}

// Active says whether an item in this state holds its contact: no other agent of
// the campaign can have it.
func (s State) Active() bool {
	return s == StateQueued || s == StateLocked || s == StateInProgress
}

// Move names a reason for which an item changes state.
type Move string

// The moves.
const (
	// MovePull gives a queued item to an agent.
	MovePull Move = "pull"
	// MoveTakeOver gives an item whose lock has expired to the agent who asks,
	// without waiting for a sweep.
	MoveTakeOver Move = "take_over"
	// MoveStart begins the call.
	MoveStart Move = "start"
	// MoveHeartbeat renews a lock. It is no change of state and the only move
	// that leaves lock_version as it is, so that a repeated heartbeat is
	// harmless.
	MoveHeartbeat Move = "heartbeat"
	// MoveExpire returns an item whose lock has run out.
	MoveExpire Move = "expire"
	// MoveGiveBack returns an item the agent does not want to call now.
	MoveGiveBack Move = "give_back"
	// MoveRetry schedules another attempt or a callback.
	MoveRetry Move = "retry"
	// MoveComplete ends an item with a disposition.
	MoveComplete Move = "complete"
	// MoveRelease takes an item out of a queue: replace, clear, rollback.
	MoveRelease Move = "release"
	// MoveForceRelease takes even a running item out, when a replace asks so.
	MoveForceRelease Move = "force_release"
	// MoveFail ends an item that must not be called: suppressed, invalid.
	MoveFail Move = "fail"
	// MoveCorrect follows a disposition that takes the place of a mistaken one. It
	// happens only while nobody has touched the item since.
	MoveCorrect Move = "correct"
)

// Transition is one row of the state machine.
type Transition struct {
	Move Move
	From []State
	To   []State
}

// transitions is the state machine of the agent queue. A heartbeat keeps the state
// that the item is in; a correction leads where its disposition says.
var transitions = []Transition{
	{MovePull, []State{StateQueued}, []State{StateLocked}},
	{MoveTakeOver, []State{StateLocked}, []State{StateLocked}},
	{MoveStart, []State{StateLocked}, []State{StateInProgress}},
	{MoveHeartbeat, []State{StateLocked, StateInProgress}, []State{StateLocked, StateInProgress}},
	{MoveExpire, []State{StateLocked}, []State{StateQueued}},
	{MoveGiveBack, []State{StateLocked}, []State{StateQueued}},
	{MoveRetry, []State{StateLocked, StateInProgress}, []State{StateQueued}},
	{MoveComplete, []State{StateLocked, StateInProgress}, []State{StateCompleted}},
	{MoveRelease, []State{StateQueued, StateLocked}, []State{StateReleased}},
	{MoveForceRelease, []State{StateInProgress}, []State{StateReleased}},
	{MoveFail, []State{StateQueued, StateLocked, StateInProgress}, []State{StateFailed}},
	{MoveCorrect, []State{StateQueued, StateCompleted, StateFailed}, []State{StateQueued, StateCompleted, StateFailed}},
}

// Transitions returns the state machine, for documentation, models and tests.
func Transitions() []Transition {
	table := slices.Clone(transitions)
	for i := range table {
		table[i].From = slices.Clone(table[i].From)
		table[i].To = slices.Clone(table[i].To)
	}
	return table
}

// From returns the states that a move may start in, none for an unknown move.
func (m Move) From() []State {
	for _, transition := range transitions {
		if transition.Move == m {
			return slices.Clone(transition.From)
		}
	}
	return nil
}

// Allowed says whether the move may start in the state.
func (m Move) Allowed(from State) bool { return slices.Contains(m.From(), from) }

// To returns the state that the move leads to from the given one, and false when
// the move is not allowed there.
func (m Move) To(from State) (State, bool) {
	for _, transition := range transitions {
		if transition.Move != m || !slices.Contains(transition.From, from) {
			continue
		}
		if slices.Contains(transition.To, from) {
			return from, true
		}
		return transition.To[0], true
	}
	return "", false
}
