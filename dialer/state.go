package dialer

import "slices"

// State is where an item of the power queue is in its life.
type State string

// The states.
const (
	// StateQueued waits for its turn, or for next_attempt_at.
	StateQueued State = "queued"
	// StateDialing was claimed: the call is about to be placed, or was and has not
	// rung yet.
	StateDialing State = "dialing"
	// StateRinging rings at the callee's, or was answered and waits for the word of
	// the answering machine detection and for an agent.
	StateRinging State = "ringing"
	// StateConnected has an agent and a person in one call.
	StateConnected State = "connected"
	// StateUnknown may be in a call: the carrier's answer was lost, or no news has
	// come for too long. It is never dialed again until an event or the carrier says
	// what became of the call.
	StateUnknown State = "unknown"
	// StateCompleted had its conversation.
	StateCompleted State = "completed"
	// StateFailed ended without one, for the reason in fail_reason.
	StateFailed State = "failed"
)

// States lists every state there is, in the order of an item's life.
func States() []State {
	return []State{
		StateQueued, StateDialing, StateRinging, StateConnected,
		StateUnknown, StateCompleted, StateFailed,
	}
}

// Active says whether an item in this state holds its contact: the contact can be
// queued nowhere else in the campaign.
func (s State) Active() bool { return s != StateCompleted && s != StateFailed }

// Live says whether an item in this state may be in a call, so that nobody may dial
// its number.
func (s State) Live() bool {
	return s == StateDialing || s == StateRinging || s == StateConnected || s == StateUnknown
}

// Move names a reason for which an item changes state.
type Move string

// The moves.
const (
	// MoveClaim takes an item whose turn it is, to be dialed.
	MoveClaim Move = "claim"
	// MoveReturn puts an item back whose call was certainly not placed.
	MoveReturn Move = "return"
	// MoveRing records that the callee's phone rings.
	MoveRing Move = "ring"
	// MoveConnect records that an agent and a person talk.
	MoveConnect Move = "connect"
	// MoveLose records that nobody knows what became of the call.
	MoveLose Move = "lose"
	// MoveFind records news of a call that was lost and has not rung yet.
	MoveFind Move = "find"
	// MoveRetry puts an item back for another attempt, at next_attempt_at.
	MoveRetry Move = "retry"
	// MoveComplete ends an item that had its conversation.
	MoveComplete Move = "complete"
	// MoveFail ends an item that must not or need not be dialed any more.
	MoveFail Move = "fail"
	// MoveRollback ends an item whose launch is rolled back before it was dialed.
	MoveRollback Move = "rollback"
	// MoveRevise corrects an item that a call had settled too early, because a fact
	// about that call came late. It happens only while nobody has touched the item
	// since.
	MoveRevise Move = "revise"
	// MoveDispose follows the disposition that an agent has recorded for a
	// conversation, whether it goes on, has ended, or nobody knows.
	MoveDispose Move = "dispose"
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

// transitions is the state machine of the power queue.
var transitions = []Transition{
	{MoveClaim, []State{StateQueued}, []State{StateDialing}},
	{MoveReturn, []State{StateDialing, StateUnknown}, []State{StateQueued}},
	{MoveRing, []State{StateDialing, StateUnknown}, []State{StateRinging}},
	{MoveConnect, []State{StateDialing, StateRinging, StateUnknown}, []State{StateConnected}},
	{MoveLose, []State{StateDialing, StateRinging, StateConnected}, []State{StateUnknown}},
	{MoveFind, []State{StateUnknown}, []State{StateDialing}},
	{MoveRetry, []State{StateDialing, StateRinging, StateConnected, StateUnknown}, []State{StateQueued}},
	{MoveComplete, []State{StateDialing, StateRinging, StateConnected, StateUnknown}, []State{StateCompleted}},
	{MoveFail, []State{StateQueued, StateDialing, StateRinging, StateConnected, StateUnknown}, []State{StateFailed}},
	{MoveRollback, []State{StateQueued}, []State{StateFailed}},
	{MoveRevise, []State{StateQueued, StateCompleted, StateFailed}, []State{StateDialing, StateRinging, StateConnected, StateQueued, StateCompleted, StateFailed}},
	{MoveDispose, []State{StateConnected, StateUnknown, StateCompleted}, []State{StateQueued, StateCompleted, StateFailed}},
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

// Allowed says whether the move may lead from one state to the other.
func (m Move) Allowed(from, to State) bool {
	for _, transition := range transitions {
		if transition.Move == m {
			return slices.Contains(transition.From, from) && slices.Contains(transition.To, to)
		}
	}
	return false
}
