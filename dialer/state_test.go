package dialer_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/dialer"
)

// step is one arrow of the state machine.
type step struct {
	move     dialer.Move
	from, to dialer.State
}

// steps are all its arrows, as the table has them.
func steps() []step {
	var all []step
	for _, transition := range dialer.Transitions() {
		for _, from := range transition.From {
			for _, to := range transition.To {
				all = append(all, step{transition.Move, from, to})
			}
		}
	}
	return all
}

func moves() []dialer.Move {
	var all []dialer.Move
	for _, transition := range dialer.Transitions() {
		all = append(all, transition.Move)
	}
	return all
}

func TestStates(t *testing.T) {
	t.Parallel()

	t.Run("are listed once each, in the order of an item's life", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, []dialer.State{
			"queued", "dialing", "ringing", "connected", "unknown", "completed", "failed",
		}, dialer.States())
		dialer.States()[0] = "changed"
		require.Equal(t, dialer.StateQueued, dialer.States()[0])
	})
	t.Run("are all in the table and the table has no others", func(t *testing.T) {
		t.Parallel()

		seen := map[dialer.State]struct{}{}
		for _, step := range steps() {
			require.Contains(t, dialer.States(), step.from)
			require.Contains(t, dialer.States(), step.to)
			seen[step.from], seen[step.to] = struct{}{}, struct{}{}
		}
		require.Len(t, seen, len(dialer.States()))
	})
	t.Run("are live while there may be a call, and active until the item has ended", func(t *testing.T) {
		t.Parallel()

		for _, state := range dialer.States() {
			if state.Live() {
				require.True(t, state.Active(), state)
			}
		}
		active := slices.DeleteFunc(dialer.States(), func(s dialer.State) bool { return !s.Active() })
		require.Equal(t, []dialer.State{
			dialer.StateQueued, dialer.StateDialing, dialer.StateRinging, dialer.StateConnected, dialer.StateUnknown,
		}, active)
		live := slices.DeleteFunc(dialer.States(), func(s dialer.State) bool { return !s.Live() })
		require.Equal(t, active[1:], live, "a queued item is in no call")
	})
	t.Run("that have ended are left by a correction, or for what an agent records of the conversation", func(t *testing.T) {
		t.Parallel()

		for _, step := range steps() {
			if !step.from.Active() {
				require.Contains(t, []dialer.Move{dialer.MoveRevise, dialer.MoveDispose, dialer.MoveCorrect}, step.move)
			}
		}
	})
	t.Run("that are live are entered from queued by a claim or a correction only", func(t *testing.T) {
		t.Parallel()

		for _, step := range steps() {
			if step.from == dialer.StateQueued && step.to.Live() {
				require.Contains(t, []dialer.Move{dialer.MoveClaim, dialer.MoveRevise}, step.move)
			}
		}
	})
	t.Run("that are live all have a way to every end", func(t *testing.T) {
		t.Parallel()

		for _, from := range dialer.States() {
			if !from.Live() {
				continue
			}
			for _, to := range []dialer.State{dialer.StateQueued, dialer.StateCompleted, dialer.StateFailed} {
				require.True(t, slices.ContainsFunc(steps(), func(s step) bool { return s.from == from && s.to == to }), "%s to %s", from, to)
			}
		}
	})
}

func TestMoves(t *testing.T) {
	t.Parallel()

	t.Run("are in the table once each", func(t *testing.T) {
		t.Parallel()

		all := moves()
		slices.Sort(all)
		require.Equal(t, slices.Compact(slices.Clone(all)), all)
	})
	t.Run("are allowed exactly where the table has an arrow", func(t *testing.T) {
		t.Parallel()

		for _, move := range moves() {
			for _, from := range append(dialer.States(), "", "QUEUED") {
				for _, to := range append(dialer.States(), "", "QUEUED") {
					require.Equal(t, slices.Contains(steps(), step{move, from, to}), move.Allowed(from, to), "%s from %s to %s", move, from, to)
				}
			}
		}
	})
	t.Run("that nobody knows are allowed nowhere", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			move := dialer.Move(rapid.String().Draw(t, "move"))
			if slices.Contains(moves(), move) {
				t.Skip("known")
			}
			require.False(t, move.Allowed(rapid.SampledFrom(dialer.States()).Draw(t, "from"), rapid.SampledFrom(dialer.States()).Draw(t, "to")))
		})
	})
	t.Run("are a copy", func(t *testing.T) {
		t.Parallel()

		table := dialer.Transitions()
		for i := range table {
			table[i].Move = "changed"
			table[i].From[0], table[i].To[0] = "changed", "changed"
		}
		require.NotContains(t, moves(), dialer.Move("changed"))
		for _, step := range steps() {
			require.NotEqual(t, dialer.State("changed"), step.from)
			require.NotEqual(t, dialer.State("changed"), step.to)
		}
	})
}

func TestMovesOfDispositions(t *testing.T) {
	t.Parallel()

	ends := []dialer.State{dialer.StateQueued, dialer.StateCompleted, dialer.StateFailed}
	t.Run("are made where there was a conversation, or may have been", func(t *testing.T) {
		t.Parallel()

		for _, from := range dialer.States() {
			talked := slices.Contains([]dialer.State{dialer.StateConnected, dialer.StateUnknown, dialer.StateCompleted}, from)
			for _, to := range dialer.States() {
				require.Equal(t, talked && slices.Contains(ends, to), dialer.MoveDispose.Allowed(from, to), "%s to %s", from, to)
			}
		}
	})
	t.Run("are corrected from and to wherever they lead", func(t *testing.T) {
		t.Parallel()

		for _, from := range dialer.States() {
			for _, to := range dialer.States() {
				corrected := slices.Contains(ends, from) && slices.Contains(ends, to)
				require.Equal(t, corrected, dialer.MoveCorrect.Allowed(from, to), "%s to %s", from, to)
			}
		}
	})
	t.Run("bring no item into a call", func(t *testing.T) {
		t.Parallel()

		for _, step := range steps() {
			if step.move == dialer.MoveDispose || step.move == dialer.MoveCorrect {
				require.False(t, step.to.Live(), step)
			}
		}
	})
}

// moveOf names the move that brings an item from where a call had it to where the call
// has it now.
func moveOf(from dialer.State, to dialer.Progress) dialer.Move {
	switch {
	case !from.Live():
		return dialer.MoveRevise
	case to.Outcome == dialer.OutcomeNotPlaced:
		return dialer.MoveReturn
	}
	return map[dialer.State]dialer.Move{
		dialer.StateDialing:   dialer.MoveFind,
		dialer.StateRinging:   dialer.MoveRing,
		dialer.StateConnected: dialer.MoveConnect,
		dialer.StateUnknown:   dialer.MoveLose,
		dialer.StateQueued:    dialer.MoveRetry,
		dialer.StateCompleted: dialer.MoveComplete,
		dialer.StateFailed:    dialer.MoveFail,
	}[to.State]
}

// Whatever becomes known of whatever call, its item has a way in the table to where the
// facts say.
func TestProgressKeepsToTheStateMachine(t *testing.T) {
	t.Parallel()

	taken := map[step]int{}
	take := func(before, after dialer.Call) {
		from, to := dialer.RetryPolicy{}.Progress(before, dialer.History{}), dialer.RetryPolicy{}.Progress(after, dialer.History{})
		if from.State == to.State && from.State.Live() {
			return
		}
		move := moveOf(from.State, to)
		if !move.Allowed(from.State, to.State) {
			require.Fail(t, "no such arrow", "%s from %s to %s:\n%+v\n%+v", move, from.State, to.State, before, after)
		}
		taken[step{move, from.State, to.State}]++
	}
	news := slices.Concat(reports(second(9)), reports(second(10)), reports(second(11)))
	everyCall(func(before dialer.Call) {
		if (dialer.RetryPolicy{}).Progress(before, dialer.History{}).Outcome == "" {
			lost := before
			lost.LostAt = second(600)
			take(before, lost)
		}
		for _, report := range news {
			after := before
			after.Facts = before.Merge(report)
			if report.Seen() {
				after.LostAt = time.Time{}
			}
			take(before, after)
		}
	})
	for _, step := range steps() {
		if slices.Contains([]dialer.Move{dialer.MoveRing, dialer.MoveConnect, dialer.MoveLose, dialer.MoveFind}, step.move) {
			require.Positive(t, taken[step], "no call ever makes the step %v", step)
		}
	}
}
