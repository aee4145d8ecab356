package presence_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer/presence"
)

// step is one arrow of the state machine.
type step struct {
	move     presence.Move
	from, to presence.State
}

// steps are all its arrows, as the table has them.
func steps() []step {
	var all []step
	for _, transition := range presence.Transitions() {
		for _, from := range transition.From {
			for _, to := range transition.To {
				all = append(all, step{transition.Move, from, to})
			}
		}
	}
	return all
}

func TestStates(t *testing.T) {
	t.Parallel()

	t.Run("are listed once each", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, []presence.State{"ready", "reserved", "on_call", "wrapup", "paused", "offline"}, presence.States())
		presence.States()[0] = "changed"
		require.Equal(t, presence.StateReady, presence.States()[0])
	})
	t.Run("are all in the table and the table has no others", func(t *testing.T) {
		t.Parallel()

		seen := map[presence.State]struct{}{}
		for _, step := range steps() {
			require.Contains(t, presence.States(), step.from)
			require.Contains(t, presence.States(), step.to)
			seen[step.from], seen[step.to] = struct{}{}, struct{}{}
		}
		require.Len(t, seen, len(presence.States()))
	})
	t.Run("that an agent may choose are exactly those that choosing leads to", func(t *testing.T) {
		t.Parallel()

		for _, state := range presence.States() {
			chosen := slices.ContainsFunc(steps(), func(s step) bool { return s.move == presence.MoveChoose && s.to == state })
			require.Equal(t, state.Chosen(), chosen, state)
		}
		require.False(t, presence.State("").Chosen())
		require.False(t, presence.State("READY").Chosen())
	})
	t.Run("in which a call has the agent are left by the call alone", func(t *testing.T) {
		t.Parallel()

		for _, state := range presence.States() {
			require.False(t, state.Busy() && state.Chosen(), state)
			for _, move := range []presence.Move{presence.MoveChoose, presence.MoveExpire} {
				if state.Busy() {
					require.False(t, slices.ContainsFunc(steps(), func(s step) bool { return s.move == move && s.from == state }), "%s from %s", move, state)
				}
			}
			if !state.Busy() {
				require.True(t, slices.ContainsFunc(steps(), func(s step) bool { return s.move == presence.MoveChoose && s.from == state }), state)
			}
		}
	})
	t.Run("lead to a call from ready only, and from a call to wrap-up or back", func(t *testing.T) {
		t.Parallel()

		for _, step := range steps() {
			if step.to.Busy() && !step.from.Busy() {
				require.Equal(t, presence.StateReady, step.from)
			}
			if step.from.Busy() && !step.to.Busy() {
				require.Contains(t, []presence.State{presence.StateReady, presence.StateWrapUp}, step.to)
			}
		}
	})
}

func TestMoves(t *testing.T) {
	t.Parallel()

	t.Run("are in the table once each", func(t *testing.T) {
		t.Parallel()

		var all []presence.Move
		for _, transition := range presence.Transitions() {
			all = append(all, transition.Move)
		}
		slices.Sort(all)
		require.Equal(t, slices.Compact(slices.Clone(all)), all)
	})
	t.Run("are between what the table says, and nothing for one that nobody knows", func(t *testing.T) {
		t.Parallel()

		for _, transition := range presence.Transitions() {
			from, to := transition.Move.Between()
			require.Equal(t, transition.From, from)
			require.Equal(t, transition.To[0], to)
			from[0] = "changed"
			again, _ := transition.Move.Between()
			require.Equal(t, transition.From, again, "the table is a copy")
		}
		from, to := presence.Move("vanish").Between()
		require.Empty(t, from)
		require.Empty(t, to)
	})
	t.Run("are a copy", func(t *testing.T) {
		t.Parallel()

		table := presence.Transitions()
		for i := range table {
			table[i].Move = "changed"
			table[i].From[0], table[i].To[0] = "changed", "changed"
		}
		for _, step := range steps() {
			require.NotEqual(t, presence.Move("changed"), step.move)
			require.NotEqual(t, presence.State("changed"), step.from)
			require.NotEqual(t, presence.State("changed"), step.to)
		}
	})
}

func TestStateAt(t *testing.T) {
	t.Parallel()

	for _, state := range presence.States() {
		session := presence.Session{State: state, ExpiresAt: noon}
		require.Equal(t, state, session.StateAt(noon.Add(-time.Microsecond)), "until then they are heard of")
		want := presence.StateOffline
		if state.Busy() {
			want = state
		}
		require.Equal(t, want, session.StateAt(noon), state)
		require.Equal(t, want, session.StateAt(noon.Add(time.Hour)), state)
	}
}
