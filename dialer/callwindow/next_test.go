package callwindow_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/dialer/callwindow"
)

var campaignID = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000c")

// daily are Windows that are open every day in some zones, from one time of day there
// to another.
type daily struct {
	from, to time.Duration
	zones    []string
	// unless closes a date, written as year, month and day.
	unless []string
	// err, when not nil, is the answer after that many others.
	err   error
	after int
	asked []time.Time
}

func (d *daily) Open(_ context.Context, id uuid.UUID, now time.Time) (callwindow.Open, error) {
	if id != campaignID {
		return callwindow.Open{}, errors.New("another campaign was asked about")
	}
	d.asked = append(d.asked, now)
	if d.err != nil && len(d.asked) > d.after {
		return callwindow.Open{}, d.err
	}
	var open callwindow.Open
	for _, name := range d.zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			return callwindow.Open{}, err
		}
		there := now.In(zone)
		hour, minute, second := there.Clock()
		clock := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
		if clock >= d.from && clock < d.to && !slices.Contains(d.unless, there.Format(time.DateOnly)) {
			open.Zones = append(open.Zones, name)
		}
	}
	return open, nil
}

// at is a time in a zone.
func at(t require.TestingT, zone, text string) time.Time {
	location, err := time.LoadLocation(zone)
	require.NoError(t, err)
	when, err := time.ParseInLocation("2006-01-02 15:04:05", text, location)
	require.NoError(t, err)
	return when
}

const (
	eight     = 8 * time.Hour
	halfPast2 = 2*time.Hour + 30*time.Minute
	nine      = 21 * time.Hour
)

func TestCovers(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		open callwindow.Open
		zone string
		want bool
	}{
		"everywhere is everywhere":        {callwindow.Open{Everywhere: true}, "Asia/Tokyo", true},
		"and where nobody knows the zone": {callwindow.Open{Everywhere: true}, "", true},
		"nowhere is nowhere":              {callwindow.Open{}, "Asia/Tokyo", false},
		"an unknown zone of nowhere":      {callwindow.Open{}, "", false},
		"a zone that is open":             {callwindow.Open{Zones: []string{"Europe/Paris", "Asia/Tokyo"}}, "Asia/Tokyo", true},
		"a zone that is not":              {callwindow.Open{Zones: []string{"Europe/Paris"}}, "Asia/Tokyo", false},
		"an unknown zone that is named":   {callwindow.Open{Zones: []string{""}}, "", true},
		"an unknown zone that is not":     {callwindow.Open{Zones: []string{"Europe/Paris"}}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, test.open.Covers(test.zone))
		})
	}
}

func TestNext(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		windows          daily
		zone, from, want string
	}{
		"inside of the hours it is the time itself": {
			daily{from: eight, to: nine}, "America/Chicago", "2026-03-02 12:07:31", "2026-03-02 12:07:31",
		},
		"at the first moment too": {
			daily{from: eight, to: nine}, "America/Chicago", "2026-03-02 08:00:00", "2026-03-02 08:00:00",
		},
		"the last moment is over": {
			daily{from: eight, to: nine}, "America/Chicago", "2026-03-02 21:00:00", "2026-03-03 08:00:00",
		},
		"before the hours": {
			daily{from: eight, to: nine}, "America/Chicago", "2026-03-02 03:00:00", "2026-03-02 08:00:00",
		},
		"off the quarter": {
			daily{from: eight, to: nine}, "America/Chicago", "2026-03-02 07:59:59", "2026-03-02 08:00:00",
		},
		"hours from a quarter on": {
			daily{from: eight + 15*time.Minute, to: nine}, "America/Chicago", "2026-03-02 08:01:00", "2026-03-02 08:15:00",
		},
		"half an hour off": {
			daily{from: eight, to: nine}, "Asia/Kolkata", "2026-03-02 22:10:00", "2026-03-03 08:00:00",
		},
		"three quarters off": {
			daily{from: eight, to: nine}, "Asia/Kathmandu", "2026-03-02 22:10:00", "2026-03-03 08:00:00",
		},
		"half an hour off, to the west": {
			daily{from: eight, to: nine}, "America/St_Johns", "2026-07-01 23:59:59", "2026-07-02 08:00:00",
		},
		"three quarters off, beyond the date line": {
			daily{from: eight, to: nine}, "Pacific/Chatham", "2026-06-01 00:00:01", "2026-06-01 08:00:00",
		},
		"the night in which clocks are put forward": {
			daily{from: eight, to: nine}, "America/New_York", "2026-03-07 22:00:00", "2026-03-08 08:00:00",
		},
		"the night in which clocks are put back": {
			daily{from: eight, to: nine}, "America/New_York", "2026-10-31 22:00:00", "2026-11-01 08:00:00",
		},
		"clocks that are put back by half an hour": {
			daily{from: eight, to: nine}, "Australia/Lord_Howe", "2026-04-04 22:00:00", "2026-04-05 08:00:00",
		},
		"hours that begin in the hour that is left out": {
			daily{from: halfPast2, to: nine}, "America/New_York", "2026-03-08 01:00:00", "2026-03-08 03:00:00",
		},
		"a closed day is passed over": {
			daily{from: eight, to: nine, unless: []string{"2026-12-24", "2026-12-25", "2026-12-26"}},
			"America/New_York", "2026-12-24 10:00:00", "2026-12-27 08:00:00",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			test.windows.zones = []string{"Europe/Paris", test.zone}
			for _, in := range []string{test.zone, "UTC"} {
				location, err := time.LoadLocation(in)
				require.NoError(t, err)
				got, err := callwindow.Next(t.Context(), &test.windows, campaignID, test.zone, at(t, test.zone, test.from).In(location))
				require.NoError(t, err)
				require.Equal(t, test.want, got.In(at(t, test.zone, test.want).Location()).Format(time.DateTime))
			}
		})
	}
	t.Run("the first half past two of the night in which it comes twice", func(t *testing.T) {
		t.Parallel()

		windows := &daily{from: time.Hour + 30*time.Minute, to: eight, zones: []string{"America/New_York"}}
		from := time.Date(2026, time.November, 1, 4, 0, 0, 0, time.UTC)
		got, err := callwindow.Next(t.Context(), windows, campaignID, "America/New_York", from)
		require.NoError(t, err)
		require.True(t, got.Equal(time.Date(2026, time.November, 1, 5, 30, 0, 0, time.UTC)), "%s", got)
	})
	t.Run("of Windows that never close is at once", func(t *testing.T) {
		t.Parallel()

		from := at(t, "America/Chicago", "2026-03-02 03:00:07")
		for _, zone := range []string{"America/Chicago", ""} {
			got, err := callwindow.Next(t.Context(), callwindow.Always{}, campaignID, zone, from)
			require.NoError(t, err)
			require.Equal(t, from, got)
		}
	})
	t.Run("of a zone that never opens is no time, after two weeks", func(t *testing.T) {
		t.Parallel()

		from := at(t, "America/Chicago", "2026-03-02 03:00:07")
		for _, zone := range []string{"America/Chicago", "", "Nowhere/Land"} {
			windows := &daily{from: eight, to: nine, zones: []string{"Europe/Paris"}}
			got, err := callwindow.Next(t.Context(), windows, campaignID, zone, from)
			require.NoError(t, err)
			require.Zero(t, got)
			last := windows.asked[len(windows.asked)-1]
			require.True(t, last.Before(from.Add(14*24*time.Hour)), "%s", last)
			require.True(t, last.After(from.Add(14*24*time.Hour-16*time.Minute)), "%s", last)
		}
	})
	t.Run("passes the error of the Windows on, whenever it comes", func(t *testing.T) {
		t.Parallel()

		broken := errors.New("no rules")
		for _, after := range []int{0, 1, 7} {
			windows := &daily{from: eight, to: nine, zones: []string{"America/Chicago"}, err: broken, after: after}
			got, err := callwindow.Next(t.Context(), windows, campaignID, "America/Chicago", at(t, "America/Chicago", "2026-03-02 03:00:00"))
			require.ErrorIs(t, err, broken)
			require.Zero(t, got)
			require.Len(t, windows.asked, after+1)
		}
	})
}

// Whatever the zone, the hours and the moment: the time that Next names is inside of
// the hours, not before the moment, and every full quarter between the two is outside.
func TestNextIsTheFirstPossibleQuarter(t *testing.T) {
	t.Parallel()

	zones := []string{
		"America/New_York", "America/Phoenix", "America/St_Johns", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Adelaide",
		"Australia/Lord_Howe", "Europe/London", "Pacific/Chatham", "Pacific/Kiritimati", "UTC",
	}
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		opens := rapid.IntRange(0, 90).Draw(t, "opens")
		closes := rapid.IntRange(opens+4, 96).Draw(t, "closes")
		windows := &daily{from: time.Duration(opens) * 15 * time.Minute, to: time.Duration(closes) * 15 * time.Minute, zones: []string{zone}}
		from := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 365*24*60*60).Draw(t, "second")) * time.Second)

		got, err := callwindow.Next(context.Background(), windows, campaignID, zone, from)
		require.NoError(t, err)
		require.False(t, got.IsZero())
		require.False(t, got.Before(from))
		require.True(t, got.Before(from.Add(49*time.Hour)), "a day without the hours has a next one with them")
		open, err := windows.Open(context.Background(), campaignID, got)
		require.NoError(t, err)
		require.True(t, open.Covers(zone))
		if got.Equal(from) {
			return
		}
		require.True(t, got.Equal(got.Truncate(15*time.Minute)), "a full quarter: %s", got)
		for before := got.Add(-15 * time.Minute); !before.Before(from); before = before.Add(-15 * time.Minute) {
			closed, err := windows.Open(context.Background(), campaignID, before)
			require.NoError(t, err)
			require.False(t, closed.Covers(zone), "%s was open", before)
		}
	})
}

// Somebody in India asks to be called in the night; the next possible time is the next
// morning at eight.
func ExampleNext() {
	kolkata, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		fmt.Println(err)
		return
	}
	windows := &daily{from: 8 * time.Hour, to: 21 * time.Hour, zones: []string{"Asia/Kolkata"}}
	asked := time.Date(2026, time.November, 23, 23, 20, 0, 0, kolkata)
	next, err := callwindow.Next(context.Background(), windows, campaignID, "Asia/Kolkata", asked)
	fmt.Println(next.Format(time.DateTime), err)
	// Output:
	// 2026-11-24 08:00:00 <nil>
}
