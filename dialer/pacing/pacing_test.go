package pacing_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/dialer/pacing"
)

func TestProgressive(t *testing.T) {
	t.Parallel()

	t.Run("places a call for each agent who has none on the way", func(t *testing.T) {
		t.Parallel()

		for s, want := range map[pacing.Snapshot]int{
			{}:                                 0,
			{ReadyAgents: 5}:                   5,
			{ReadyAgents: 5, CallsInFlight: 2}: 3,
			{ReadyAgents: 5, CallsInFlight: 5}: 0,
			{ReadyAgents: 1, CallsInFlight: 4}: 0,
			{CallsInFlight: 4}:                 0,
		} {
			require.Equal(t, want, pacing.Progressive{}.Calls(s), "%+v", s)
		}
	})
	t.Run("never brings about more calls than agents who are ready, and leaves none without", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			s := pacing.Snapshot{
				ReadyAgents:   rapid.IntRange(0, 1000).Draw(t, "ready"),
				CallsInFlight: rapid.IntRange(0, 1000).Draw(t, "in flight"),
			}
			calls := pacing.Progressive{}.Calls(s)
			require.GreaterOrEqual(t, calls, 0)
			require.Equal(t, max(s.ReadyAgents, s.CallsInFlight), calls+s.CallsInFlight)
		})
	})
}

func ExampleProgressive() {
	fmt.Println(pacing.Progressive{}.Calls(pacing.Snapshot{ReadyAgents: 5, CallsInFlight: 3}))
	// Output:
	// 2
}
