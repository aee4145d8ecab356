package callwindow_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer/callwindow"
)

func TestAlwaysIsOpenEverywhereAtAnyHour(t *testing.T) {
	t.Parallel()

	var windows callwindow.Windows = callwindow.Always{}
	for hour := range 24 {
		open, err := windows.Open(t.Context(), uuid.New(), time.Date(2026, time.March, 2, hour, 0, 0, 0, time.UTC))
		require.NoError(t, err)
		require.Equal(t, callwindow.Open{Everywhere: true}, open)
	}
}

func TestTheZeroOpenIsNowhere(t *testing.T) {
	t.Parallel()

	var open callwindow.Open
	require.False(t, open.Everywhere)
	require.Empty(t, open.Zones)
}

func TestFixedCapsAreTheSameForEveryCampaign(t *testing.T) {
	t.Parallel()

	fixed := callwindow.FixedCaps{{Attempts: 3, Within: 24 * time.Hour}, {Attempts: 7, Within: 7 * 24 * time.Hour}}
	for range 2 {
		caps, err := fixed.Caps(t.Context(), uuid.New())
		require.NoError(t, err)
		require.Equal(t, []callwindow.Cap(fixed), caps)
	}
	none, err := callwindow.FixedCaps{}.Caps(t.Context(), uuid.New())
	require.NoError(t, err)
	require.Empty(t, none)
}

// Three calls a day to one phone, and seven a week.
func ExampleFixedCaps() {
	var caps callwindow.Caps = callwindow.FixedCaps{
		{Attempts: 3, Within: 24 * time.Hour},
		{Attempts: 7, Within: 7 * 24 * time.Hour},
	}
	all, err := caps.Caps(context.Background(), uuid.New())
	fmt.Println(len(all), err)
	// Output:
	// 2 <nil>
}
