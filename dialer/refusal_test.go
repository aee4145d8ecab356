package dialer_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/queue"
)

func TestRefusals(t *testing.T) {
	t.Parallel()

	t.Run("are in the order in which they are tried", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, []dialer.Refusal{
			"invalid", "no_phone", "opted_out", "suppressed", "phone_changed",
			"not_running", "window_closed", "attempt_cap", "recently_abandoned", "agent_calling",
		}, dialer.Refusals())
		dialer.Refusals()[0] = "changed"
		require.Equal(t, dialer.RefusalInvalid, dialer.Refusals()[0])
	})
	t.Run("begin with the reasons that keep a contact out of a queue, and those are final", func(t *testing.T) {
		t.Parallel()

		shared := []queue.SkipReason{queue.SkipInvalid, queue.SkipNoPhone, queue.SkipOptedOut, queue.SkipSuppressed}
		require.Equal(t, shared, queue.SkipReasons()[:len(shared)])
		for i, refusal := range dialer.Refusals() {
			require.Equal(t, i < len(shared), refusal.Final(), refusal)
			if i < len(shared) {
				require.Equal(t, string(shared[i]), string(refusal))
			}
		}
		require.False(t, dialer.Refusal("").Final())
	})
}
