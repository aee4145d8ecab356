package dialer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
)

func requireProgress(t require.TestingT, want, got dialer.Progress) {
	require.True(t, want.NextAttemptAt.Equal(got.NextAttemptAt), "%s and %s", want.NextAttemptAt, got.NextAttemptAt)
	want.NextAttemptAt, got.NextAttemptAt = time.Time{}, time.Time{}
	require.Equal(t, want, got)
}

// everyCall calls visit with every call there can be, as far as Progress looks at it:
// each thing is known or not, each verdict, each cause, lost or not, the first attempt
// or the last.
func everyCall(visit func(dialer.Call)) {
	known := func(at *time.Time, next func()) {
		for _, when := range []time.Time{{}, second(10)} {
			*at = when
			next()
		}
	}
	var c dialer.Call
	for c.Attempt = 1; c.Attempt <= dialer.DefaultMaxAttempts; c.Attempt += dialer.DefaultMaxAttempts - 1 {
		for _, c.AMD = range append(dialer.AMDVerdicts(), "") {
			c.AMDAt = time.Time{}
			if c.AMD != "" {
				c.AMDAt = second(10)
			}
			for _, c.Cause = range append(dialer.Causes(), "") {
				c.EndedAt = time.Time{}
				if c.Cause != "" {
					c.EndedAt = second(10)
				}
				known(&c.InitiatedAt, func() {
					known(&c.RingingAt, func() {
						known(&c.AnsweredAt, func() {
							known(&c.ConnectedAt, func() {
								known(&c.AbandonedAt, func() {
									known(&c.NotPlacedAt, func() { known(&c.LostAt, func() { visit(c) }) })
								})
							})
						})
					})
				})
			}
		}
	}
}

func ended(cause dialer.Cause, more ...dialer.Facts) dialer.Call {
	facts := dialer.Facts{EndedAt: second(30), Cause: cause}
	for _, other := range more {
		facts = facts.Merge(other)
	}
	return dialer.Call{Attempt: 1, Facts: facts}
}

var (
	ringing   = dialer.Facts{RingingAt: second(2)}
	answered  = dialer.Facts{AnsweredAt: second(9)}
	human     = dialer.Facts{AMD: dialer.AMDHuman, AMDAt: second(11)}
	machine   = dialer.Facts{AMD: dialer.AMDMachine, AMDAt: second(11)}
	fax       = dialer.Facts{AMD: dialer.AMDFax, AMDAt: second(11)}
	undecided = dialer.Facts{AMD: dialer.AMDUnknown, AMDAt: second(13)}
	connected = dialer.Facts{ConnectedAt: second(12)}
	abandoned = dialer.Facts{AbandonedAt: second(14)}
)

func TestProgressOfACallThatIsOver(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		call dialer.Call
		want dialer.Progress
	}{
		"a conversation completes the item": {
			ended(dialer.CauseCompleted, answered, human, connected), dialer.Progress{State: dialer.StateCompleted, Outcome: dialer.OutcomeConnected},
		},
		"somebody let go is called again three days later": {
			ended(dialer.CauseCompleted, answered, human, abandoned),
			dialer.Progress{State: dialer.StateQueued, Outcome: dialer.OutcomeAbandoned, NextAttemptAt: second(30).Add(72 * time.Hour)},
		},
		"a machine is called again a day later": {
			ended(dialer.CauseCompleted, answered, machine),
			dialer.Progress{State: dialer.StateQueued, Outcome: dialer.OutcomeVoicemail, NextAttemptAt: second(30).Add(24 * time.Hour)},
		},
		"a fax is a machine": {
			ended(dialer.CauseCompleted, answered, fax),
			dialer.Progress{State: dialer.StateQueued, Outcome: dialer.OutcomeVoicemail, NextAttemptAt: second(30).Add(24 * time.Hour)},
		},
		"somebody who hung up before an agent was there": {
			ended(dialer.CauseCompleted, answered, human),
			dialer.Progress{State: dialer.StateQueued, Outcome: dialer.OutcomeHungUp, NextAttemptAt: second(30).Add(2 * time.Hour)},
		},
		"a verdict that gave up is a person": {
			ended(dialer.CauseCompleted, answered, undecided),
			dialer.Progress{State: dialer.StateQueued, Outcome: dialer.OutcomeHungUp, NextAttemptAt: second(30).Add(2 * time.Hour)},
		},
		"an end of an answered call whose answer nobody reported": {
			ended(dialer.CauseCompleted),
			dialer.Progress{State: dialer.StateQueued, Outcome: dialer.OutcomeHungUp, NextAttemptAt: second(30).Add(2 * time.Hour)},
		},
		"nobody took it": {
			ended(dialer.CauseNoAnswer, ringing),
			dialer.Progress{State: dialer.StateQueued, Outcome: dialer.OutcomeNoAnswer, NextAttemptAt: second(30).Add(2 * time.Hour)},
		},
		"nobody knows why it ended": {
			ended("", ringing),
			dialer.Progress{State: dialer.StateQueued, Outcome: dialer.OutcomeNoAnswer, NextAttemptAt: second(30).Add(2 * time.Hour)},
		},
		"the line was taken": {
			ended(dialer.CauseBusy),
			dialer.Progress{State: dialer.StateQueued, Outcome: dialer.OutcomeBusy, NextAttemptAt: second(30).Add(15 * time.Minute)},
		},
		"it was called off": {
			ended(dialer.CauseCanceled, ringing),
			dialer.Progress{State: dialer.StateQueued, Outcome: dialer.OutcomeCanceled, NextAttemptAt: second(30).Add(15 * time.Minute)},
		},
		"it could not be carried": {
			ended(dialer.CauseFailed),
			dialer.Progress{State: dialer.StateQueued, Outcome: dialer.OutcomeFailed, NextAttemptAt: second(30).Add(2 * time.Hour)},
		},
		"a number that the carrier will not dial fails at once": {
			ended(dialer.CauseRejected),
			dialer.Progress{State: dialer.StateFailed, Outcome: dialer.OutcomeRejected, FailReason: "rejected_number"},
		},
		"a call that never was waits for a moment": {
			dialer.Call{Attempt: 1, Facts: dialer.Facts{NotPlacedAt: second(1)}},
			dialer.Progress{State: dialer.StateQueued, Outcome: dialer.OutcomeNotPlaced, NextAttemptAt: second(1).Add(5 * time.Second)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			requireProgress(t, test.want, dialer.RetryPolicy{}.Progress(test.call, dialer.History{}))
			test.call.LostAt = noon
			requireProgress(t, test.want, dialer.RetryPolicy{}.Progress(test.call, dialer.History{}))
		})
	}
}

func TestProgressOfACallThatGoesOn(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		facts []dialer.Facts
		want  dialer.State
	}{
		"was claimed, and no more":        {nil, dialer.StateDialing},
		"was initiated":                   {[]dialer.Facts{{InitiatedAt: noon}}, dialer.StateDialing},
		"rings":                           {[]dialer.Facts{ringing}, dialer.StateRinging},
		"was answered":                    {[]dialer.Facts{answered}, dialer.StateRinging},
		"was answered by a person":        {[]dialer.Facts{answered, human}, dialer.StateRinging},
		"was answered by a machine":       {[]dialer.Facts{answered, machine}, dialer.StateRinging},
		"has a verdict and nothing else":  {[]dialer.Facts{human}, dialer.StateRinging},
		"was abandoned":                   {[]dialer.Facts{answered, abandoned}, dialer.StateRinging},
		"has an agent":                    {[]dialer.Facts{answered, connected}, dialer.StateConnected},
		"has an agent and nothing before": {[]dialer.Facts{connected}, dialer.StateConnected},
		"exists although it was not placed": {
			[]dialer.Facts{{NotPlacedAt: noon}, {InitiatedAt: second(1)}}, dialer.StateDialing,
		},
		"rings although it was not placed": {[]dialer.Facts{{NotPlacedAt: noon}, ringing}, dialer.StateRinging},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var call dialer.Call
			for _, facts := range test.facts {
				call.Facts = call.Merge(facts)
			}
			require.Equal(t, dialer.Progress{State: test.want}, dialer.RetryPolicy{}.Progress(call, dialer.History{}))
			call.LostAt = second(60)
			require.Equal(t, dialer.Progress{State: dialer.StateUnknown}, dialer.RetryPolicy{}.Progress(call, dialer.History{}), "of a lost call nobody knows")
		})
	}
}

// The carrier detects a machine only after an agent was put into the call: somebody is
// talking to somebody, whatever the detection believes.
func TestAMDSaysMachineAfterConnectFired(t *testing.T) {
	t.Parallel()

	call := dialer.Call{Attempt: 1, Facts: ringing.Merge(answered).Merge(connected)}
	before := dialer.RetryPolicy{}.Progress(call, dialer.History{})
	require.Equal(t, dialer.StateConnected, before.State)

	late := call
	late.Facts = late.Merge(dialer.Facts{AMD: dialer.AMDMachine, AMDAt: second(13)})
	require.Equal(t, dialer.AMDMachine, late.AMD, "the verdict is recorded")
	require.Equal(t, before, dialer.RetryPolicy{}.Progress(late, dialer.History{}), "and changes nothing")
	require.False(t, late.AtMachine(), "nobody hangs up on the agent")
	require.False(t, late.AwaitsAgent(true), "and no second agent comes")

	late.Facts = late.Merge(dialer.Facts{EndedAt: second(300), Cause: dialer.CauseCompleted})
	require.Equal(t, dialer.Progress{State: dialer.StateCompleted, Outcome: dialer.OutcomeConnected}, dialer.RetryPolicy{}.Progress(late, dialer.History{}))
}

func TestAConversationOutweighsEverything(t *testing.T) {
	t.Parallel()

	everyCall(func(c dialer.Call) {
		if c.ConnectedAt.IsZero() {
			return
		}
		got := dialer.RetryPolicy{}.Progress(c, dialer.History{})
		switch {
		case !c.EndedAt.IsZero():
			require.Equal(t, dialer.Progress{State: dialer.StateCompleted, Outcome: dialer.OutcomeConnected}, got, "%+v", c)
		case !c.LostAt.IsZero():
			require.Equal(t, dialer.Progress{State: dialer.StateUnknown}, got, "%+v", c)
		default:
			require.Equal(t, dialer.Progress{State: dialer.StateConnected}, got, "%+v", c)
		}
	})
}

func TestWhileACallGoesOnAMachineVerdictChangesNothing(t *testing.T) {
	t.Parallel()

	everyCall(func(c dialer.Call) {
		if c.AMD != dialer.AMDHuman || !c.EndedAt.IsZero() {
			return
		}
		byMachine := c
		byMachine.AMD = dialer.AMDMachine
		require.Equal(t, dialer.RetryPolicy{}.Progress(c, dialer.History{}), dialer.RetryPolicy{}.Progress(byMachine, dialer.History{}), "%+v", c)
	})
}

func TestProgressLooksAtTheFactsAndNothingElse(t *testing.T) {
	t.Parallel()

	everyCall(func(c dialer.Call) {
		other := dialer.Call{Attempt: c.Attempt, LostAt: c.LostAt, Facts: inUTC(c.Facts)}
		other.ID, other.ContactID, other.AgentID, other.ItemVersion = contactID, contactID, agentID, 7
		other.Ref = dialer.Ref{CampaignID: campaignID, ItemID: itemID, LockVersion: 3}
		other.Phone, other.CallSID = "+15046218927", "CA1"
		other.ClaimedAt, other.PlacedAt = second(-2), second(-1)
		other.Outcome, other.SettledAt = dialer.OutcomeBusy, second(99)
		requireProgress(t, dialer.RetryPolicy{}.Progress(c, dialer.History{}), dialer.RetryPolicy{}.Progress(other, dialer.History{}))
	})
}

func TestEveryOutcomeHasExactlyOneRule(t *testing.T) {
	t.Parallel()

	counted := map[dialer.Outcome]int{}
	for _, rule := range dialer.Rules() {
		counted[rule.Outcome]++
		require.Contains(t, []dialer.State{dialer.StateQueued, dialer.StateCompleted, dialer.StateFailed}, rule.State, rule.Outcome)
		require.GreaterOrEqual(t, rule.CoolDown, time.Duration(0), rule.Outcome)
		require.Equal(t, rule.State == dialer.StateQueued, rule.CoolDown > 0, "who is called again is not called at once: %s", rule.Outcome)
		require.Equal(t, rule.Outcome != dialer.OutcomeNotPlaced, rule.Counts, "a call that was placed counts, and no other: %s", rule.Outcome)
	}
	met := map[dialer.Outcome]bool{}
	everyCall(func(c dialer.Call) {
		if outcome := (dialer.RetryPolicy{}).Progress(c, dialer.History{}).Outcome; outcome != "" {
			met[outcome] = true
		}
	})
	require.Len(t, met, len(counted), "every outcome can be met")
	for outcome := range met {
		require.Equal(t, 1, counted[outcome], outcome)
	}

	dialer.Rules()[0].Outcome = "changed"
	require.Equal(t, dialer.OutcomeConnected, dialer.Rules()[0].Outcome, "the table is a copy")
}

// callWith is a call that ended in the outcome.
func callWith(t *testing.T, outcome dialer.Outcome, attempt int) dialer.Call {
	t.Helper()
	calls := map[dialer.Outcome]dialer.Call{
		dialer.OutcomeConnected: ended(dialer.CauseCompleted, connected),
		dialer.OutcomeAbandoned: ended(dialer.CauseCompleted, abandoned),
		dialer.OutcomeVoicemail: ended(dialer.CauseCompleted, machine),
		dialer.OutcomeHungUp:    ended(dialer.CauseCompleted, answered),
		dialer.OutcomeNoAnswer:  ended(dialer.CauseNoAnswer),
		dialer.OutcomeBusy:      ended(dialer.CauseBusy),
		dialer.OutcomeCanceled:  ended(dialer.CauseCanceled),
		dialer.OutcomeFailed:    ended(dialer.CauseFailed),
		dialer.OutcomeRejected:  ended(dialer.CauseRejected),
		dialer.OutcomeNotPlaced: {Facts: dialer.Facts{NotPlacedAt: second(30)}},
	}
	call, ok := calls[outcome]
	require.True(t, ok, outcome)
	call.Attempt = attempt
	return call
}

func TestAttemptsAreUsedUp(t *testing.T) {
	t.Parallel()

	for _, rule := range dialer.Rules() {
		for _, most := range []int{0, 1, 2, 5} {
			t.Run(fmt.Sprintf("%s with %d attempts at most", rule.Outcome, most), func(t *testing.T) {
				t.Parallel()

				policy := dialer.RetryPolicy{MaxAttempts: most}
				if most == 0 {
					most = dialer.DefaultMaxAttempts
				}
				for attempt := 1; attempt <= most+1; attempt++ {
					got := policy.Progress(callWith(t, rule.Outcome, attempt), dialer.History{})
					require.Equal(t, rule.Outcome, got.Outcome)
					if rule.State == dialer.StateQueued && rule.Counts && attempt >= most {
						require.Equal(t, dialer.Progress{State: dialer.StateFailed, Outcome: rule.Outcome, FailReason: dialer.FailMaxAttempts}, got)
						continue
					}
					require.Equal(t, rule.State, got.State, "attempt %d", attempt)
					if rule.State == dialer.StateQueued {
						require.Equal(t, second(30).Add(rule.CoolDown), got.NextAttemptAt)
					}
				}
			})
		}
	}
}

func TestCoolDownsAreOverridden(t *testing.T) {
	t.Parallel()

	for _, rule := range dialer.Rules() {
		for _, coolDown := range []time.Duration{0, time.Minute, 100 * time.Hour} {
			t.Run(fmt.Sprintf("%s by %s", rule.Outcome, coolDown), func(t *testing.T) {
				t.Parallel()

				call := callWith(t, rule.Outcome, 1)
				overridden := dialer.RetryPolicy{CoolDowns: map[dialer.Outcome]time.Duration{rule.Outcome: coolDown}}.Progress(call, dialer.History{})
				want := dialer.RetryPolicy{}.Progress(call, dialer.History{})
				if rule.State == dialer.StateQueued {
					want.NextAttemptAt = second(30).Add(coolDown)
				}
				require.Equal(t, want, overridden)
			})
		}
	}
	t.Run("by outcome, and the others keep theirs", func(t *testing.T) {
		t.Parallel()

		policy := dialer.RetryPolicy{CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeBusy: time.Second}}
		require.Equal(t, second(31), policy.Progress(ended(dialer.CauseBusy), dialer.History{}).NextAttemptAt)
		require.Equal(t, second(30).Add(2*time.Hour), policy.Progress(ended(dialer.CauseNoAnswer), dialer.History{}).NextAttemptAt)
	})
}

func TestWhoAwaitsAnAgentIsAtNoMachine(t *testing.T) {
	t.Parallel()

	awaiting, atMachine := 0, 0
	everyCall(func(c dialer.Call) {
		for _, detects := range []bool{true, false} {
			if !c.AwaitsAgent(detects) {
				continue
			}
			awaiting++
			require.False(t, c.AtMachine(), "%+v", c)
			require.True(t, c.Answered())
			require.Empty(t, dialer.RetryPolicy{}.Progress(c, dialer.History{}).Outcome, "the call goes on")
			require.True(t, c.ConnectedAt.IsZero() && c.AbandonedAt.IsZero() && c.EndedAt.IsZero(), "%+v", c)
		}
		if c.AtMachine() {
			atMachine++
			require.True(t, c.ConnectedAt.IsZero() && c.AbandonedAt.IsZero() && c.EndedAt.IsZero(), "%+v", c)
		}
	})
	require.Positive(t, awaiting)
	require.Positive(t, atMachine)

	for name, test := range map[string]struct {
		facts             []dialer.Facts
		detected, guessed bool
	}{
		"rings":                                 {[]dialer.Facts{ringing}, false, false},
		"was answered":                          {[]dialer.Facts{answered}, false, true},
		"was answered by a person":              {[]dialer.Facts{answered, human}, true, true},
		"was answered by nobody knows whom":     {[]dialer.Facts{answered, undecided}, true, true},
		"was answered by a machine":             {[]dialer.Facts{answered, machine}, false, false},
		"has an agent already":                  {[]dialer.Facts{answered, human, connected}, false, false},
		"was let go":                            {[]dialer.Facts{answered, human, abandoned}, false, false},
		"is over":                               {[]dialer.Facts{answered, human, {EndedAt: noon, Cause: dialer.CauseCompleted}}, false, false},
		"has a verdict whose answer is to come": {[]dialer.Facts{human}, true, true},
	} {
		var call dialer.Call
		for _, facts := range test.facts {
			call.Facts = call.Merge(facts)
		}
		require.Equal(t, test.detected, call.AwaitsAgent(true), "a call that %s, with detection", name)
		require.Equal(t, test.guessed, call.AwaitsAgent(false), "a call that %s, without", name)
	}
}
