package outdial_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
)

func TestParseDate(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]time.Time{
		"2026-11-01":                       time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		"2026-11-01T08:30:00Z":             time.Date(2026, 11, 1, 8, 30, 0, 0, time.UTC),
		"2026-11-01T08:30:00.123456+01:00": time.Date(2026, 11, 1, 7, 30, 0, 123456000, time.UTC),
	} {
		at, ok := outdial.ParseDate(text)
		require.True(t, ok, text)
		require.True(t, want.Equal(at), text)
	}
	for _, text := range []string{"", "yesterday", "2026-11", "2026-02-30", "2026-11-01 08:30:00", "2026-11-01T08:30:00", "1793520000"} {
		at, ok := outdial.ParseDate(text)
		require.False(t, ok, text)
		require.Zero(t, at)
	}
}
