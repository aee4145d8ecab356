package disposition_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/disposition"
)

// tried is an attempt that was made at noon and took five minutes.
func tried(number int, history dialer.History) disposition.Tried {
	return disposition.Tried{Number: number, PlacedAt: noon, EndedAt: noon.Add(5 * time.Minute), History: history}
}

// TestDecide is every canonical code at every attempt, with and without caps.
func TestDecide(t *testing.T) {
	t.Parallel()

	ended := noon.Add(5 * time.Minute)
	promised := noon.Add(30 * time.Hour)
	exhausted := func(reason string) disposition.Decision {
		return disposition.Decision{Step: disposition.StepFail, FailReason: reason, FinishReason: reason}
	}
	again := func(at time.Time) disposition.Decision {
		return disposition.Decision{Step: disposition.StepAgain, At: at}
	}
	always := func(decision disposition.Decision) func(dialer.RetryPolicy, int, dialer.History) disposition.Decision {
		return func(dialer.RetryPolicy, int, dialer.History) disposition.Decision { return decision }
	}
	// after says what becomes of a retry with a cool-down, in words that are not Next's:
	// the last attempt ends it, then the last voicemail, then the day has its share.
	after := func(coolDown time.Duration, machine bool) func(dialer.RetryPolicy, int, dialer.History) disposition.Decision {
		return func(policy dialer.RetryPolicy, number int, history dialer.History) disposition.Decision {
			most := 3
			if policy.MaxAttempts > 0 {
				most = policy.MaxAttempts
			}
			switch {
			case number >= most:
				return exhausted("max_attempts")
			case machine && policy.MaxVoicemails > 0 && history.Voicemails+1 >= policy.MaxVoicemails:
				return exhausted("max_voicemails")
			case policy.MaxPerDay == 1 && coolDown < 24*time.Hour:
				return again(noon.Add(24 * time.Hour))
			}
			return again(ended.Add(coolDown))
		}
	}
	wants := map[disposition.Code]func(dialer.RetryPolicy, int, dialer.History) disposition.Decision{
		disposition.CodeNoAnswer:      after(2*time.Hour, false),
		disposition.CodeBusy:          after(15*time.Minute, false),
		disposition.CodeVoicemail:     after(24*time.Hour, true),
		disposition.CodeCallback:      always(disposition.Decision{Step: disposition.StepCallback, At: promised}),
		disposition.CodeNotInterested: always(disposition.Decision{Step: disposition.StepComplete, FinishReason: "not_interested_this_campaign"}),
		disposition.CodeDoNotCall: always(disposition.Decision{
			Step: disposition.StepFail, FailReason: "suppressed", FinishReason: "do_not_call",
		}),
		disposition.CodeInvalidNumber: always(disposition.Decision{Step: disposition.StepFail, FailReason: "invalid_number"}),
		disposition.CodeConverted:     always(disposition.Decision{Step: disposition.StepComplete, FinishReason: "converted_to_lead"}),
	}
	policies := map[string]dialer.RetryPolicy{
		"no caps":              {},
		"one attempt":          {MaxAttempts: 1},
		"five attempts":        {MaxAttempts: 5},
		"one voicemail":        {MaxVoicemails: 1},
		"two voicemails":       {MaxAttempts: 9, MaxVoicemails: 2},
		"one a day":            {MaxAttempts: 9, MaxPerDay: 1},
		"caps that are lifted": {MaxVoicemails: -1, MaxPerDay: -1},
	}
	rules := disposition.Map{}.Rules()
	require.Len(t, wants, len(rules), "every code has its row")
	for _, rule := range rules {
		for name, policy := range policies {
			t.Run(fmt.Sprintf("%s with %s", rule.Code, name), func(t *testing.T) {
				t.Parallel()

				for number := 1; number <= 10; number++ {
					for voicemails := range 3 {
						history := dialer.History{Voicemails: voicemails}
						want := wants[rule.Code](policy, number, history)
						got := disposition.Decide(rule, policy, tried(number, history), promised)
						require.Equal(t, want, got, "attempt %d after %d voicemails", number, voicemails)
					}
				}
			})
		}
	}
}

func TestDecideAboutCodesOfAHost(t *testing.T) {
	t.Parallel()

	ended := noon.Add(5 * time.Minute)
	left := disposition.Rule{Code: "left_message", Effect: disposition.EffectRetry, Outcome: dialer.OutcomeVoicemail, CoolDown: time.Minute}
	t.Run("a retry that counts as an outcome has its cool-down and its cap", func(t *testing.T) {
		t.Parallel()

		got := disposition.Decide(left, dialer.RetryPolicy{}, tried(1, dialer.History{}), time.Time{})
		require.Equal(t, ended.Add(24*time.Hour), got.At)
		got = disposition.Decide(left, dialer.RetryPolicy{MaxVoicemails: 2}, tried(1, dialer.History{Voicemails: 1}), time.Time{})
		require.Equal(t, dialer.FailMaxVoicemails, got.FailReason)
	})
	t.Run("a retry of its own has its own cool-down, unless the campaign says another", func(t *testing.T) {
		t.Parallel()

		gatekeeper := disposition.Rule{Code: "gatekeeper", Effect: disposition.EffectRetry, CoolDown: time.Hour}
		got := disposition.Decide(gatekeeper, dialer.RetryPolicy{}, tried(1, dialer.History{}), time.Time{})
		require.Equal(t, ended.Add(time.Hour), got.At)
		policy := dialer.RetryPolicy{CoolDowns: map[dialer.Outcome]time.Duration{"gatekeeper": time.Minute}}
		got = disposition.Decide(gatekeeper, policy, tried(1, dialer.History{}), time.Time{})
		require.Equal(t, ended.Add(time.Minute), got.At)
	})
	t.Run("a rule that leaves its outcome out has that of its code", func(t *testing.T) {
		t.Parallel()

		got := disposition.Decide(disposition.Rule{Code: disposition.CodeBusy, Effect: disposition.EffectRetry},
			dialer.RetryPolicy{}, tried(1, dialer.History{}), time.Time{})
		require.Equal(t, ended.Add(15*time.Minute), got.At)
	})
	t.Run("an end has the code as its reason", func(t *testing.T) {
		t.Parallel()

		got := disposition.Decide(disposition.Rule{Code: "moved_away", Effect: disposition.EffectFinish},
			dialer.RetryPolicy{}, tried(1, dialer.History{}), time.Time{})
		require.Equal(t, disposition.Decision{Step: disposition.StepComplete, FinishReason: "moved_away"}, got)
		got = disposition.Decide(disposition.Rule{Code: "remove_me", Effect: disposition.EffectSuppress},
			dialer.RetryPolicy{}, tried(1, dialer.History{}), time.Time{})
		require.Equal(t, disposition.Decision{
			Step: disposition.StepFail, FailReason: disposition.FailSuppressed, FinishReason: "remove_me",
		}, got)
	})
}

func TestACallbackIsAPromise(t *testing.T) {
	t.Parallel()

	callback, err := disposition.Map{}.Resolve("callback_requested")
	require.NoError(t, err)
	tight := dialer.RetryPolicy{MaxAttempts: 1, MaxVoicemails: 1, MaxPerDay: 1}
	soon := noon.Add(10 * time.Minute)
	got := disposition.Decide(callback, tight, tried(7, dialer.History{Voicemails: 9, Recent: []time.Time{noon, noon}}), soon)
	require.Equal(t, disposition.Decision{Step: disposition.StepCallback, At: soon}, got, "whatever the caps say")

	busy, err := disposition.Map{}.Resolve("busy")
	require.NoError(t, err)
	got = disposition.Decide(busy, tight, tried(2, dialer.History{}), time.Time{})
	require.Equal(t, dialer.FailMaxAttempts, got.FinishReason, "a callback that reaches nobody is not tried for ever")
}

// A contact who is called again and again by what Decide says: the attempts end, none
// comes before its cool-down, and no 24 hours have more than the cap.
func TestFollowingDecideKeepsToEveryCap(t *testing.T) {
	t.Parallel()

	waited, ends := 0, map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		policy := dialer.RetryPolicy{
			MaxAttempts:   rapid.SampledFrom([]int{30, 5, 0, 1}).Draw(t, "max_attempts"),
			MaxVoicemails: rapid.SampledFrom([]int{3, 0, 1, -1}).Draw(t, "max_voicemails"),
			MaxPerDay:     rapid.SampledFrom([]int{2, 1, 4, 0}).Draw(t, "max_per_day"),
		}
		most := policy.MaxAttempts
		if most == 0 {
			most = dialer.DefaultMaxAttempts
		}
		if rapid.Bool().Draw(t, "overridden") {
			policy.CoolDowns = map[dialer.Outcome]time.Duration{
				dialer.OutcomeBusy:      time.Duration(rapid.IntRange(0, 60).Draw(t, "busy")) * time.Minute,
				dialer.OutcomeVoicemail: time.Duration(rapid.IntRange(0, 30).Draw(t, "voicemail")) * time.Hour,
			}
		}
		var retries []disposition.Rule
		for _, rule := range (disposition.Map{}).Rules() {
			if rule.Effect == disposition.EffectRetry {
				retries = append(retries, rule)
			}
		}

		var placed []time.Time
		voicemails := 0
		for at := noon; ; {
			placed = append(placed, at)
			require.LessOrEqual(t, len(placed), most, "one attempt too many")
			if policy.MaxPerDay > 0 {
				require.LessOrEqual(t, lastDay(at, placed), policy.MaxPerDay, "one attempt too many in a day")
			}
			ended := at.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "took")) * time.Minute)
			rule := rapid.SampledFrom(retries).Draw(t, "rule")
			history := dialer.History{Voicemails: voicemails}
			for _, earlier := range placed[:len(placed)-1] {
				if earlier.After(ended.Add(-24 * time.Hour)) {
					history.Recent = append(history.Recent, earlier)
				}
			}
			got := disposition.Decide(rule, policy, disposition.Tried{
				Number: len(placed), PlacedAt: at, EndedAt: ended, History: history,
			}, time.Time{})
			if rule.Outcome == dialer.OutcomeVoicemail {
				voicemails++
			}
			tooMany := policy.MaxVoicemails > 0 && rule.Outcome == dialer.OutcomeVoicemail && voicemails >= policy.MaxVoicemails
			if got.Step == disposition.StepFail {
				require.Equal(t, got.FailReason, got.FinishReason)
				require.Zero(t, got.At)
				require.True(t, len(placed) == most || tooMany, "given up too soon: %s", got.FailReason)
				ends[got.FailReason]++
				return
			}
			require.Equal(t, disposition.StepAgain, got.Step)
			require.False(t, tooMany, "one machine too many")
			require.Less(t, len(placed), most)
			soonest := ended.Add(policy.CoolDown(rule.Outcome, 0))
			require.False(t, got.At.Before(soonest), "sooner than the cool-down")
			if got.At.After(soonest) {
				waited++
			}
			at = got.At.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "late")) * time.Minute)
		}
	})
	require.Positive(t, waited, "the cap of a day was never met")
	require.Positive(t, ends[dialer.FailMaxAttempts])
	require.Positive(t, ends[dialer.FailMaxVoicemails])
}

// lastDay counts the times in the 24 hours that end at a time.
func lastDay(at time.Time, times []time.Time) int {
	count := 0
	for _, each := range times {
		if each.After(at.Add(-24*time.Hour)) && !each.After(at) {
			count++
		}
	}
	return count
}

// The scenario of a campaign: no answer loops until the attempts are used up, and a
// machine is left alone for as long as the campaign says.
func TestNoAnswerLoopsUntilMaxAttemptsAndHonorsTheVoicemailCoolDown(t *testing.T) {
	t.Parallel()

	policy := dialer.RetryPolicy{
		MaxAttempts: 4, CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeVoicemail: 48 * time.Hour},
	}
	at := noon
	for i, test := range []struct {
		code disposition.Code
		wait time.Duration
	}{
		{disposition.CodeNoAnswer, 2 * time.Hour},
		{disposition.CodeVoicemail, 48 * time.Hour},
		{disposition.CodeNoAnswer, 2 * time.Hour},
	} {
		rule, err := disposition.Map{}.Resolve(string(test.code))
		require.NoError(t, err)
		got := disposition.Decide(rule, policy, disposition.Tried{Number: i + 1, PlacedAt: at, EndedAt: at}, time.Time{})
		require.Equal(t, disposition.Decision{Step: disposition.StepAgain, At: at.Add(test.wait)}, got)
		at = got.At
	}
	rule, err := disposition.Map{}.Resolve(string(disposition.CodeNoAnswer))
	require.NoError(t, err)
	got := disposition.Decide(rule, policy, disposition.Tried{Number: 4, PlacedAt: at, EndedAt: at}, time.Time{})
	require.Equal(t, disposition.Decision{Step: disposition.StepFail, FailReason: "max_attempts", FinishReason: "max_attempts"}, got)
}

func TestEffectsAboutAPhone(t *testing.T) {
	t.Parallel()

	want := map[disposition.Effect]string{disposition.EffectSuppress: "suppressed", disposition.EffectInvalidate: "invalid_number"}
	for _, effect := range disposition.Effects() {
		require.Equal(t, want[effect] != "", effect.AboutPhone(), effect)
		require.Equal(t, want[effect], effect.FailReason(), effect)
	}
}

func TestCheckCallback(t *testing.T) {
	t.Parallel()

	year := disposition.MaxCallbackAhead
	for name, test := range map[string]struct {
		at      time.Time
		problem string
	}{
		"a moment ahead":                {noon.Add(1), ""},
		"a year ahead":                  {noon.Add(year), ""},
		"in another zone":               {noon.Add(time.Minute).UTC(), ""},
		"now":                           {noon, "is not in the future"},
		"now, in another zone":          {noon.UTC(), "is not in the future"},
		"a moment ago":                  {noon.Add(-1), "is not in the future"},
		"no time at all":                {time.Time{}, "is not in the future"},
		"a moment more than a year off": {noon.Add(year + 1), "is more than a year ahead"},
		"in another age":                {time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC), "is more than a year ahead"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			err := disposition.CheckCallback(test.at, noon)
			if test.problem == "" {
				require.NoError(t, err)
				return
			}
			requireFieldError(t, err, "callback_at", test.problem)
		})
	}
}
