package queue_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/queue"
)

// step is one arrow of the state machine.
type step struct {
	move     queue.Move
	from, to queue.State
}

// steps are all its arrows, as the table has them, but those of corrections: where one
// leads its disposition says, and it leads out of what has ended too.
func steps() []step {
	var all []step
	for _, transition := range queue.Transitions() {
		if transition.Move == queue.MoveCorrect {
			continue
		}
		for _, from := range transition.From {
			to := transition.To[0]
			if slices.Contains(transition.To, from) {
				to = from
			}
			all = append(all, step{transition.Move, from, to})
		}
	}
	return all
}

// moves are all moves but the correction.
func moves() []queue.Move {
	var all []queue.Move
	for _, transition := range queue.Transitions() {
		if transition.Move != queue.MoveCorrect {
			all = append(all, transition.Move)
		}
	}
	return all
}

func TestStateMachineHasTheseArrowsAndNoOthers(t *testing.T) {
	t.Parallel()

	const (
		queued     = queue.StateQueued
		locked     = queue.StateLocked
		inProgress = queue.StateInProgress
		completed  = queue.StateCompleted
		released   = queue.StateReleased
		failed     = queue.StateFailed
	)
	require.ElementsMatch(t, []step{
		{queue.MovePull, queued, locked},
		{queue.MoveTakeOver, locked, locked},
		{queue.MoveStart, locked, inProgress},
		{queue.MoveHeartbeat, locked, locked},
		{queue.MoveHeartbeat, inProgress, inProgress},
		{queue.MoveExpire, locked, queued},
		{queue.MoveGiveBack, locked, queued},
		{queue.MoveRetry, locked, queued},
		{queue.MoveRetry, inProgress, queued},
		{queue.MoveComplete, locked, completed},
		{queue.MoveComplete, inProgress, completed},
		{queue.MoveRelease, queued, released},
		{queue.MoveRelease, locked, released},
		{queue.MoveForceRelease, inProgress, released},
		{queue.MoveFail, queued, failed},
		{queue.MoveFail, locked, failed},
		{queue.MoveFail, inProgress, failed},
	}, steps())
}

func TestStates(t *testing.T) {
	t.Parallel()

	t.Run("are listed once each, in the order of an item's life", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, []queue.State{"queued", "locked", "in_progress", "completed", "released", "failed"}, queue.States())
		queue.States()[0] = "changed"
		require.Equal(t, queue.StateQueued, queue.States()[0])
	})
	t.Run("are all in the table and the table has no others", func(t *testing.T) {
		t.Parallel()

		seen := map[queue.State]struct{}{}
		for _, step := range steps() {
			seen[step.from], seen[step.to] = struct{}{}, struct{}{}
		}
		require.Len(t, seen, len(queue.States()))
		for _, state := range queue.States() {
			require.Contains(t, seen, state)
		}
	})
	t.Run("are active exactly while there is a way out", func(t *testing.T) {
		t.Parallel()

		for _, state := range queue.States() {
			out := slices.ContainsFunc(steps(), func(s step) bool { return s.from == state })
			require.Equal(t, state.Active(), out, state)
		}
		require.False(t, queue.State("").Active())
		require.False(t, queue.State("waiting").Active())
	})
	t.Run("lead from queued to every other", func(t *testing.T) {
		t.Parallel()

		require.ElementsMatch(t, queue.States(), reachable(queue.StateQueued))
	})
	t.Run("lead from every active one to every end", func(t *testing.T) {
		t.Parallel()

		for _, state := range queue.States() {
			if !state.Active() {
				require.Equal(t, []queue.State{state}, reachable(state), "an end is an end, but for corrections")
				continue
			}
			for _, end := range []queue.State{queue.StateCompleted, queue.StateReleased, queue.StateFailed} {
				require.Contains(t, reachable(state), end, "from %s", state)
			}
		}
	})
	t.Run("that are active can be failed and released at once", func(t *testing.T) {
		t.Parallel()

		for _, state := range queue.States() {
			require.Equal(t, state.Active(), queue.MoveFail.Allowed(state), state)
			released := queue.MoveRelease.Allowed(state) || queue.MoveForceRelease.Allowed(state)
			require.Equal(t, state.Active(), released, state)
		}
		require.False(t, queue.MoveRelease.Allowed(queue.StateInProgress), "a running item stays unless a replace asks for it")
	})
	t.Run("that are ended were with an agent, unless the item was taken out", func(t *testing.T) {
		t.Parallel()

		require.False(t, queue.MoveComplete.Allowed(queue.StateQueued), "nobody has called")
	})
}

// reachable returns the state and all that can follow it.
func reachable(from queue.State) []queue.State {
	found := []queue.State{from}
	for i := 0; i < len(found); i++ {
		for _, step := range steps() {
			if step.from == found[i] && !slices.Contains(found, step.to) {
				found = append(found, step.to)
			}
		}
	}
	return found
}

func TestMoves(t *testing.T) {
	t.Parallel()

	t.Run("are in the table once each", func(t *testing.T) {
		t.Parallel()

		all := append(moves(), queue.MoveCorrect)
		require.Len(t, queue.Transitions(), len(all))
		slices.Sort(all)
		require.Equal(t, slices.Compact(slices.Clone(all)), all)
	})
	t.Run("From, Allowed and To agree with the table", func(t *testing.T) {
		t.Parallel()

		for _, move := range moves() {
			for _, from := range queue.States() {
				want := slices.IndexFunc(steps(), func(s step) bool { return s.move == move && s.from == from })
				require.Equal(t, want >= 0, move.Allowed(from), "%s from %s", move, from)
				require.Equal(t, want >= 0, slices.Contains(move.From(), from), "%s from %s", move, from)
				to, ok := move.To(from)
				require.Equal(t, want >= 0, ok, "%s from %s", move, from)
				if want >= 0 {
					require.Equal(t, steps()[want].to, to, "%s from %s", move, from)
				} else {
					require.Empty(t, to, "%s from %s", move, from)
				}
			}
		}
	})
	t.Run("a heartbeat changes no state", func(t *testing.T) {
		t.Parallel()

		for _, from := range queue.MoveHeartbeat.From() {
			to, ok := queue.MoveHeartbeat.To(from)
			require.True(t, ok)
			require.Equal(t, from, to)
		}
	})
	t.Run("a retry and a completion start wherever an agent has the item", func(t *testing.T) {
		t.Parallel()

		for _, from := range queue.States() {
			held := from == queue.StateLocked || from == queue.StateInProgress
			require.Equal(t, held, queue.MoveRetry.Allowed(from), from)
			require.Equal(t, held, queue.MoveComplete.Allowed(from), from)
		}
		to, ok := queue.MoveRetry.To(queue.StateLocked)
		require.True(t, ok)
		require.Equal(t, queue.StateQueued, to)
	})
	t.Run("a correction starts where a disposition leads, and leads there too", func(t *testing.T) {
		t.Parallel()

		left := []queue.State{}
		for _, move := range []queue.Move{queue.MoveRetry, queue.MoveComplete, queue.MoveFail} {
			to, ok := move.To(queue.StateInProgress)
			require.True(t, ok, move)
			left = append(left, to)
		}
		require.ElementsMatch(t, left, queue.MoveCorrect.From())
		require.Contains(t, queue.Transitions(), queue.Transition{Move: queue.MoveCorrect, From: left, To: left})
		for _, state := range queue.States() {
			require.Equal(t, slices.Contains(left, state), queue.MoveCorrect.Allowed(state), state)
		}
		require.False(t, queue.MoveCorrect.Allowed(queue.StateReleased), "no disposition has released an item")
	})
	t.Run("an unknown move is allowed nowhere", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			move := queue.Move(rapid.String().Draw(t, "move"))
			if move == queue.MoveCorrect || slices.Contains(moves(), move) {
				t.Skip("known")
			}
			state := rapid.SampledFrom(append(queue.States(), "", "waiting")).Draw(t, "state")
			require.Nil(t, move.From())
			require.False(t, move.Allowed(state))
			to, ok := move.To(state)
			require.False(t, ok)
			require.Empty(t, to)
		})
	})
	t.Run("no move is allowed in an unknown state", func(t *testing.T) {
		t.Parallel()

		for _, move := range append(moves(), queue.MoveCorrect) {
			require.False(t, move.Allowed(""), move)
			require.False(t, move.Allowed("QUEUED"), move)
		}
	})
	t.Run("any walk keeps to the table until it ends", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			state := queue.StateQueued
			for range rapid.IntRange(1, 30).Draw(t, "steps") {
				move := rapid.SampledFrom(moves()).Draw(t, "move")
				next, ok := move.To(state)
				require.Equal(t, move.Allowed(state), ok)
				if !ok {
					continue
				}
				require.True(t, state.Active(), "nothing leaves %s", state)
				require.Contains(t, queue.States(), next)
				state = next
			}
		})
	})
}

func TestTransitionsAreCopies(t *testing.T) {
	t.Parallel()

	table := queue.Transitions()
	for i := range table {
		table[i].Move = "changed"
		table[i].From[0], table[i].To[0] = "changed", "changed"
	}
	require.NotContains(t, moves(), queue.Move("changed"))
	for _, step := range steps() {
		require.NotEqual(t, queue.State("changed"), step.from)
		require.NotEqual(t, queue.State("changed"), step.to)
	}
	require.NotContains(t, queue.MoveCorrect.From(), queue.State("changed"))
	queue.MovePull.From()[0] = "changed"
	require.Equal(t, []queue.State{queue.StateQueued}, queue.MovePull.From())
}
