package dialer_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/dialer"
)

// attempt is an attempt that began when it was placed and took a minute.
func attempt(outcome dialer.Outcome, number int, placed time.Time) dialer.Attempt {
	return dialer.Attempt{Outcome: outcome, Number: number, PlacedAt: placed, EndedAt: placed.Add(time.Minute)}
}

func TestOverride(t *testing.T) {
	t.Parallel()

	process := dialer.RetryPolicy{
		MaxAttempts: 5, MaxVoicemails: 2, MaxPerDay: 3,
		CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeBusy: time.Minute, dialer.OutcomeNoAnswer: time.Hour},
	}
	for name, test := range map[string]struct {
		by, want dialer.RetryPolicy
	}{
		"nothing changes nothing": {dialer.RetryPolicy{}, process},
		"no cool-downs change none": {
			dialer.RetryPolicy{CoolDowns: map[dialer.Outcome]time.Duration{}}, process,
		},
		"the number of attempts alone": {
			dialer.RetryPolicy{MaxAttempts: 7},
			dialer.RetryPolicy{MaxAttempts: 7, MaxVoicemails: 2, MaxPerDay: 3, CoolDowns: process.CoolDowns},
		},
		"a cap that is lifted": {
			dialer.RetryPolicy{MaxVoicemails: -1, MaxPerDay: -1},
			dialer.RetryPolicy{MaxAttempts: 5, MaxVoicemails: -1, MaxPerDay: -1, CoolDowns: process.CoolDowns},
		},
		"one cool-down, of none, and a new one": {
			dialer.RetryPolicy{CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeBusy: 0, "left_message": time.Second}},
			dialer.RetryPolicy{MaxAttempts: 5, MaxVoicemails: 2, MaxPerDay: 3, CoolDowns: map[dialer.Outcome]time.Duration{
				dialer.OutcomeBusy: 0, dialer.OutcomeNoAnswer: time.Hour, "left_message": time.Second,
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, process.Override(test.by))
		})
	}
	t.Run("leaves both policies as they were", func(t *testing.T) {
		t.Parallel()

		own := dialer.RetryPolicy{CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeBusy: time.Minute}}
		by := dialer.RetryPolicy{CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeBusy: time.Hour}}
		merged := own.Override(by)
		merged.CoolDowns[dialer.OutcomeBusy] = time.Second
		merged.CoolDowns[dialer.OutcomeNoAnswer] = time.Second
		require.Equal(t, map[dialer.Outcome]time.Duration{dialer.OutcomeBusy: time.Minute}, own.CoolDowns)
		require.Equal(t, map[dialer.Outcome]time.Duration{dialer.OutcomeBusy: time.Hour}, by.CoolDowns)
	})
	t.Run("over the zero policy is the other one", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, process, dialer.RetryPolicy{}.Override(process))
		require.Equal(t, dialer.RetryPolicy{}, dialer.RetryPolicy{}.Override(dialer.RetryPolicy{}))
	})
}

func TestCoolDown(t *testing.T) {
	t.Parallel()

	for _, rule := range dialer.Rules() {
		require.Equal(t, rule.CoolDown, dialer.RetryPolicy{}.CoolDown(rule.Outcome, time.Minute), "the table knows %s", rule.Outcome)
	}
	require.Equal(t, time.Minute, dialer.RetryPolicy{}.CoolDown("left_message", time.Minute), "what it does not know has its own")
	policy := dialer.RetryPolicy{CoolDowns: map[dialer.Outcome]time.Duration{"left_message": time.Hour, dialer.OutcomeBusy: 0}}
	require.Equal(t, time.Hour, policy.CoolDown("left_message", time.Minute), "the policy goes before it")
	require.Zero(t, policy.CoolDown(dialer.OutcomeBusy, time.Minute), "and before the table, with none too")
	require.Equal(t, 2*time.Hour, policy.CoolDown(dialer.OutcomeNoAnswer, time.Minute))
}

func TestAHistoryIsAskedForOnlyByCaps(t *testing.T) {
	t.Parallel()

	for policy, want := range map[*dialer.RetryPolicy]bool{
		{}:                                 false,
		{MaxAttempts: 9}:                   false,
		{MaxVoicemails: -1, MaxPerDay: -1}: false,
		{MaxVoicemails: 1}:                 true,
		{MaxPerDay: 1}:                     true,
	} {
		require.Equal(t, want, policy.AsksHistory(), "%+v", *policy)
		if want {
			continue
		}
		full := dialer.History{Voicemails: 100, Recent: slices.Repeat([]time.Time{noon}, 100)}
		for _, rule := range dialer.Rules() {
			at, exhausted := policy.Next(attempt(rule.Outcome, 1, noon), dialer.History{})
			gotAt, gotExhausted := policy.Next(attempt(rule.Outcome, 1, noon), full)
			require.Equal(t, at, gotAt)
			require.Equal(t, exhausted, gotExhausted)
		}
	}
}

func TestNextEndsWithTheLastAttempt(t *testing.T) {
	t.Parallel()

	for most, last := range map[int]int{-1: dialer.DefaultMaxAttempts, 0: dialer.DefaultMaxAttempts, 1: 1, 4: 4} {
		for number := range last + 2 {
			t.Run(fmt.Sprintf("attempt %d of %d at most", number, most), func(t *testing.T) {
				t.Parallel()

				at, exhausted := dialer.RetryPolicy{MaxAttempts: most}.Next(attempt(dialer.OutcomeBusy, number, noon), dialer.History{})
				if number >= last {
					require.Equal(t, dialer.FailMaxAttempts, exhausted)
					require.Zero(t, at)
					return
				}
				require.Empty(t, exhausted)
				require.Equal(t, noon.Add(time.Minute+15*time.Minute), at)
			})
		}
	}
}

func TestNextCountsVoicemails(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		most, before int
		outcome      dialer.Outcome
		exhausted    string
	}{
		"the first of one at most":              {1, 0, dialer.OutcomeVoicemail, dialer.FailMaxVoicemails},
		"the first of two":                      {2, 0, dialer.OutcomeVoicemail, ""},
		"the second of two":                     {2, 1, dialer.OutcomeVoicemail, dialer.FailMaxVoicemails},
		"one beyond, after the cap was lowered": {2, 5, dialer.OutcomeVoicemail, dialer.FailMaxVoicemails},
		"no cap":                                {0, 50, dialer.OutcomeVoicemail, ""},
		"a cap that is lifted":                  {-1, 50, dialer.OutcomeVoicemail, ""},
		"what is no voicemail":                  {1, 5, dialer.OutcomeNoAnswer, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			policy := dialer.RetryPolicy{MaxAttempts: 100, MaxVoicemails: test.most}
			at, exhausted := policy.Next(attempt(test.outcome, 1, noon), dialer.History{Voicemails: test.before})
			require.Equal(t, test.exhausted, exhausted)
			require.Equal(t, test.exhausted != "", at.IsZero())
		})
	}
	t.Run("the last attempt outweighs the last voicemail", func(t *testing.T) {
		t.Parallel()

		_, exhausted := dialer.RetryPolicy{MaxVoicemails: 1}.Next(attempt(dialer.OutcomeVoicemail, 3, noon), dialer.History{})
		require.Equal(t, dialer.FailMaxAttempts, exhausted)
	})
}

func TestNextWaitsForTheCapOfADay(t *testing.T) {
	t.Parallel()

	ago := func(hours ...int) []time.Time {
		var times []time.Time
		for _, h := range hours {
			times = append(times, noon.Add(-time.Duration(h)*time.Hour))
		}
		return times
	}
	coolDown := noon.Add(time.Minute + 15*time.Minute)
	for name, test := range map[string]struct {
		perDay int
		number int
		recent []time.Time
		want   time.Time
	}{
		"no cap":                              {0, 1, ago(1, 2, 3), coolDown},
		"a cap that is lifted":                {-1, 1, ago(1, 2, 3), coolDown},
		"fewer than the cap":                  {3, 1, ago(1), coolDown},
		"this one fills it":                   {1, 1, nil, noon.Add(24 * time.Hour)},
		"the oldest has to be a day old":      {3, 1, ago(5, 20), noon.Add(-20 * time.Hour).Add(24 * time.Hour)},
		"in any order":                        {3, 1, ago(20, 5), noon.Add(-20 * time.Hour).Add(24 * time.Hour)},
		"more than the cap, after callbacks":  {2, 1, ago(20, 10, 5), noon.Add(-5 * time.Hour).Add(24 * time.Hour)},
		"the oldest is a day old before then": {2, 1, ago(24), coolDown},
		"one that counts for nothing":         {2, 0, ago(20), coolDown},
		"beside those that fill it":           {2, 0, ago(20, 5), noon.Add(-20 * time.Hour).Add(24 * time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			recent := slices.Clone(test.recent)
			at, exhausted := dialer.RetryPolicy{MaxPerDay: test.perDay}.Next(
				attempt(dialer.OutcomeBusy, test.number, noon), dialer.History{Recent: recent})
			require.Empty(t, exhausted)
			require.Equal(t, test.want, at)
			require.Equal(t, test.recent, recent, "the history is left as it was")
		})
	}
	t.Run("an attempt of which only the end is known counts from then", func(t *testing.T) {
		t.Parallel()

		at, _ := dialer.RetryPolicy{MaxPerDay: 1}.Next(dialer.Attempt{Outcome: dialer.OutcomeBusy, Number: 1, EndedAt: noon}, dialer.History{})
		require.Equal(t, noon.Add(24*time.Hour), at)
	})
	t.Run("a longer cool-down is not cut short", func(t *testing.T) {
		t.Parallel()

		at, _ := dialer.RetryPolicy{MaxPerDay: 1}.Next(attempt(dialer.OutcomeAbandoned, 1, noon), dialer.History{})
		require.Equal(t, noon.Add(time.Minute+72*time.Hour), at)
	})
}

// Whatever a contact has been through, the time that Next names is no sooner than the
// cool-down, has room for one more attempt in the 24 hours before it, and is the
// earliest such time.
func TestNextKeepsToEveryCap(t *testing.T) {
	t.Parallel()

	outcomes := []dialer.Outcome{dialer.OutcomeVoicemail}
	for _, rule := range dialer.Rules() {
		outcomes = append(outcomes, rule.Outcome)
	}
	waited, exhaustedBy := 0, map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		policy := dialer.RetryPolicy{
			MaxAttempts:   rapid.SampledFrom([]int{100, 0, 1, 2}).Draw(t, "max_attempts"),
			MaxVoicemails: rapid.SampledFrom([]int{2, 1, 4, 0, -1}).Draw(t, "max_voicemails"),
			MaxPerDay:     rapid.SampledFrom([]int{2, 1, 5, 0, -1}).Draw(t, "max_per_day"),
		}
		minutes := rapid.IntRange(0, 24*60)
		tried := dialer.Attempt{
			Outcome: rapid.SampledFrom(outcomes).Draw(t, "outcome"), Number: rapid.IntRange(1, 4).Draw(t, "number"), EndedAt: noon,
			PlacedAt: noon.Add(-time.Duration(rapid.IntRange(0, 60).Draw(t, "took")) * time.Minute),
		}
		history := dialer.History{Voicemails: rapid.IntRange(0, 5).Draw(t, "voicemails")}
		for _, ago := range rapid.SliceOfN(minutes, 0, 10).Draw(t, "recent") {
			history.Recent = append(history.Recent, noon.Add(-time.Duration(ago)*time.Minute))
		}

		at, exhausted := policy.Next(tried, history)
		most := policy.MaxAttempts
		if most == 0 {
			most = dialer.DefaultMaxAttempts
		}
		machines := policy.MaxVoicemails > 0 && tried.Outcome == dialer.OutcomeVoicemail && history.Voicemails >= policy.MaxVoicemails-1
		exhaustedBy[exhausted]++
		if tried.Number >= most || machines {
			require.NotEmpty(t, exhausted)
			require.Zero(t, at)
			return
		}
		require.Empty(t, exhausted)
		soonest := tried.EndedAt.Add(policy.CoolDown(tried.Outcome, 0))
		require.False(t, at.Before(soonest), "sooner than the cool-down")
		if policy.MaxPerDay <= 0 {
			require.Equal(t, soonest, at)
			return
		}
		all := append(slices.Clone(history.Recent), tried.PlacedAt)
		require.Less(t, within(24*time.Hour, at, all), policy.MaxPerDay)
		if at.After(soonest) {
			waited++
			require.GreaterOrEqual(t, within(24*time.Hour, at.Add(-time.Microsecond), all), policy.MaxPerDay, "a moment sooner would do")
		}
	})
	require.Positive(t, waited, "the cap of a day was never met")
	require.Positive(t, exhaustedBy[dialer.FailMaxAttempts])
	require.Positive(t, exhaustedBy[dialer.FailMaxVoicemails])
}

// within counts the times that are less than span before at.
func within(span time.Duration, at time.Time, times []time.Time) int {
	count := 0
	for _, each := range times {
		if each.After(at.Add(-span)) {
			count++
		}
	}
	return count
}

func TestProgressPassesTheHistoryOn(t *testing.T) {
	t.Parallel()

	placed := func(outcome dialer.Outcome) dialer.Call {
		call := callWith(t, outcome, 1)
		call.PlacedAt = second(0)
		return call
	}
	t.Run("a machine too many fails the item", func(t *testing.T) {
		t.Parallel()

		policy := dialer.RetryPolicy{MaxVoicemails: 2}
		require.Equal(t, dialer.StateQueued, policy.Progress(placed(dialer.OutcomeVoicemail), dialer.History{}).State)
		require.Equal(t,
			dialer.Progress{State: dialer.StateFailed, Outcome: dialer.OutcomeVoicemail, FailReason: dialer.FailMaxVoicemails},
			policy.Progress(placed(dialer.OutcomeVoicemail), dialer.History{Voicemails: 1}))
		require.Equal(t, dialer.StateQueued, policy.Progress(placed(dialer.OutcomeBusy), dialer.History{Voicemails: 9}).State)
	})
	t.Run("one too many of a day waits, from when it was placed", func(t *testing.T) {
		t.Parallel()

		policy := dialer.RetryPolicy{MaxPerDay: 2}
		got := policy.Progress(placed(dialer.OutcomeBusy), dialer.History{Recent: []time.Time{second(-3600)}})
		require.Equal(t, dialer.StateQueued, got.State)
		require.Equal(t, second(-3600).Add(24*time.Hour), got.NextAttemptAt)
		got = policy.Progress(placed(dialer.OutcomeBusy), dialer.History{Recent: []time.Time{second(-3600), second(-60)}})
		require.Equal(t, second(-60).Add(24*time.Hour), got.NextAttemptAt)
		got = dialer.RetryPolicy{MaxPerDay: 1}.Progress(placed(dialer.OutcomeBusy), dialer.History{})
		require.Equal(t, second(0).Add(24*time.Hour), got.NextAttemptAt)
	})
	t.Run("a call that never was is none of those that are capped", func(t *testing.T) {
		t.Parallel()

		got := dialer.RetryPolicy{MaxAttempts: 1, MaxPerDay: 1, MaxVoicemails: 1}.Progress(placed(dialer.OutcomeNotPlaced), dialer.History{})
		require.Equal(t, dialer.StateQueued, got.State)
		require.Equal(t, second(30).Add(5*time.Second), got.NextAttemptAt)
	})
	t.Run("a conversation has no use for it", func(t *testing.T) {
		t.Parallel()

		full := dialer.History{Voicemails: 9, Recent: slices.Repeat([]time.Time{noon}, 9)}
		policy := dialer.RetryPolicy{MaxAttempts: 1, MaxPerDay: 1, MaxVoicemails: 1}
		require.Equal(t, dialer.Progress{State: dialer.StateCompleted, Outcome: dialer.OutcomeConnected},
			policy.Progress(placed(dialer.OutcomeConnected), full))
	})
}

// A contact who was called twice today is left alone until the first of the two calls
// is a day old.
func ExampleRetryPolicy_Next() {
	policy := dialer.RetryPolicy{MaxAttempts: 5, MaxPerDay: 2}
	morning := time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC)
	noon := morning.Add(3 * time.Hour)

	at, _ := policy.Next(
		dialer.Attempt{Outcome: dialer.OutcomeNoAnswer, Number: 2, PlacedAt: noon, EndedAt: noon.Add(30 * time.Second)},
		dialer.History{Recent: []time.Time{morning}})
	fmt.Println(at.Format(time.DateTime))

	_, exhausted := policy.Next(dialer.Attempt{Outcome: dialer.OutcomeNoAnswer, Number: 5, EndedAt: noon}, dialer.History{})
	fmt.Println(exhausted)
	// Output:
	// 2026-11-24 09:00:00
	// max_attempts
}
