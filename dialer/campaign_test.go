package dialer_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
)

func TestControls(t *testing.T) {
	t.Parallel()

	t.Run("lead where the table says", func(t *testing.T) {
		t.Parallel()

		type effect struct {
			from []dialer.Status
			to   dialer.Status
		}
		got := map[dialer.Control]effect{}
		for _, control := range dialer.Controls() {
			got[control] = effect{control.From(), control.To()}
		}
		require.Equal(t, map[dialer.Control]effect{
			dialer.ControlStart:  {[]dialer.Status{dialer.StatusStopped}, dialer.StatusRunning},
			dialer.ControlPause:  {[]dialer.Status{dialer.StatusRunning}, dialer.StatusPaused},
			dialer.ControlResume: {[]dialer.Status{dialer.StatusPaused}, dialer.StatusRunning},
			dialer.ControlStop:   {[]dialer.Status{dialer.StatusRunning, dialer.StatusPaused}, dialer.StatusStopped},
		}, got)
	})
	t.Run("know no statuses but those that are listed, and lead from each to every other", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, []dialer.Status{"stopped", "running", "paused"}, dialer.Statuses())
		leads := map[dialer.Status]map[dialer.Status]bool{}
		for _, control := range dialer.Controls() {
			require.Contains(t, dialer.Statuses(), control.To())
			for _, from := range control.From() {
				require.Contains(t, dialer.Statuses(), from)
				require.NotEqual(t, from, control.To(), "%s does something", control)
				if leads[from] == nil {
					leads[from] = map[dialer.Status]bool{}
				}
				leads[from][control.To()] = true
			}
		}
		require.Len(t, leads, len(dialer.Statuses()), "no status is a dead end")
	})
	t.Run("that nobody knows do nothing", func(t *testing.T) {
		t.Parallel()

		require.Empty(t, dialer.Control("halt").From())
		require.Empty(t, dialer.Control("halt").To())
	})
	t.Run("are a copy", func(t *testing.T) {
		t.Parallel()

		dialer.ControlStop.From()[0] = "changed"
		require.Equal(t, dialer.StatusRunning, dialer.ControlStop.From()[0])
		dialer.Controls()[0] = "changed"
		require.Equal(t, dialer.ControlStart, dialer.Controls()[0])
	})
}
