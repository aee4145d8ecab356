package presence

import "slices"

// State is what an agent is doing.
type State string

// The states.
const (
	// StateReady waits for a call.
	StateReady State = "ready"
	// StateReserved is about to be connected to a person who has answered.
	StateReserved State = "reserved"
	// StateOnCall talks.
	StateOnCall State = "on_call"
	// StateWrapUp writes down what was said. Only the agent ends it.
	StateWrapUp State = "wrapup"
	// StatePaused is there and takes no calls.
	StatePaused State = "paused"
	// StateOffline is not there.
	StateOffline State = "offline"
)

// States lists every state there is, in a stable order.
func States() []State {
	return []State{StateReady, StateReserved, StateOnCall, StateWrapUp, StatePaused, StateOffline}
}

// Chosen says whether an agent may ask for the state. The others follow from calls.
func (s State) Chosen() bool { return s == StateReady || s == StatePaused || s == StateOffline }

// Busy says whether a call has the agent, who cannot choose another state then.
func (s State) Busy() bool { return s == StateReserved || s == StateOnCall }

// Move names a reason for which an agent's state changes.
type Move string

// The moves.
const (
	// MoveChoose is the agent's own wish: to be ready, to pause, to leave.
	MoveChoose Move = "choose"
	// MoveReserve takes a ready agent for a person who has answered.
	MoveReserve Move = "reserve"
	// MoveUnreserve frees an agent whose call ended before they were in it.
	MoveUnreserve Move = "unreserve"
	// MoveAnswer records that agent and person talk.
	MoveAnswer Move = "answer"
	// MoveWrapUp follows the end of the call. It may come from ready, when the news
	// that they talked comes after the news that the call ended.
	MoveWrapUp Move = "wrap_up"
	// MoveExpire is for an agent who has not been heard of for too long.
	MoveExpire Move = "expire"
)

// Transition is one row of the state machine.
type Transition struct {
	Move Move
	From []State
	To   []State
}

var transitions = []Transition{
	{MoveChoose, []State{StateReady, StateWrapUp, StatePaused, StateOffline}, []State{StateReady, StatePaused, StateOffline}},
	{MoveReserve, []State{StateReady}, []State{StateReserved}},
	{MoveUnreserve, []State{StateReserved}, []State{StateReady}},
	{MoveAnswer, []State{StateReserved}, []State{StateOnCall}},
	{MoveWrapUp, []State{StateReserved, StateOnCall, StateReady}, []State{StateWrapUp}},
	{MoveExpire, []State{StateReady, StateWrapUp, StatePaused}, []State{StateOffline}},
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

// Between returns the states that a move may start in and the one that it leads to.
// For MoveChoose, which leads to several, it returns the first.
func (m Move) Between() (from []State, to State) {
	for _, transition := range transitions {
		if transition.Move == m {
			return slices.Clone(transition.From), transition.To[0]
		}
	}
	return nil, ""
}
