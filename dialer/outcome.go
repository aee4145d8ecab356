package dialer

import (
	"slices"
	"time"
)

// Outcome is what came of a call that is over. The empty one is that it goes on.
type Outcome string

// The outcomes. Where a disposition says the same, they share its code.
const (
	// OutcomeConnected is a conversation with an agent.
	OutcomeConnected Outcome = "connected"
	// OutcomeAbandoned is a person who answered while no agent was free.
	OutcomeAbandoned Outcome = "abandoned"
	// OutcomeVoicemail is a call that a machine answered.
	OutcomeVoicemail Outcome = "voicemail_detected"
	// OutcomeHungUp is a person who hung up before an agent was there.
	OutcomeHungUp Outcome = "hung_up"
	// OutcomeNoAnswer is a call that nobody took.
	OutcomeNoAnswer Outcome = "no_answer"
	// OutcomeBusy is a line that was taken.
	OutcomeBusy Outcome = "busy"
	// OutcomeCanceled is a call that was called off while it rang.
	OutcomeCanceled Outcome = "canceled"
	// OutcomeFailed is a call that the carrier could not carry to the callee.
	OutcomeFailed Outcome = "call_failed"
	// OutcomeRejected is a number that the carrier will not dial.
	OutcomeRejected Outcome = "rejected_number"
	// OutcomeNotPlaced is a call that certainly never was.
	OutcomeNotPlaced Outcome = "not_placed"
)

// Rule says what an outcome does to its item.
type Rule struct {
	Outcome Outcome
	// State is what the item becomes. StateQueued is another attempt, after the
	// cool-down, while there are attempts left.
	State State
	// CoolDown is the least time from the end of the call to the next attempt.
	CoolDown time.Duration
	// Counts says whether the attempt counts against the most that are allowed.
	Counts bool
}

// rules is the one table of what outcomes do. The cool-downs are the defaults of
// RetryPolicy. That of an abandoned call is the 72 hours for which a British rule
// of 2006 forbade calling somebody again who had heard silence.
var rules = []Rule{
	{OutcomeConnected, StateCompleted, 0, true},
	{OutcomeAbandoned, StateQueued, 72 * time.Hour, true},
	{OutcomeVoicemail, StateQueued, 24 * time.Hour, true},
	{OutcomeHungUp, StateQueued, 2 * time.Hour, true},
	{OutcomeNoAnswer, StateQueued, 2 * time.Hour, true},
	{OutcomeBusy, StateQueued, 15 * time.Minute, true},
	{OutcomeCanceled, StateQueued, 15 * time.Minute, true},
	{OutcomeFailed, StateQueued, 2 * time.Hour, true},
	{OutcomeRejected, StateFailed, 0, true},
	{OutcomeNotPlaced, StateQueued, 5 * time.Second, false},
}

// Rules returns what each outcome does, for documentation, models and tests.
func Rules() []Rule { return slices.Clone(rules) }

// FailRolledBack is the fail_reason of an item whose launch was rolled back.
const FailRolledBack = "rolled_back"

// Progress is where a call has brought its item.
type Progress struct {
	State State
	// Outcome is what came of the call, empty while it goes on.
	Outcome Outcome
	// NextAttemptAt is when a queued item may be dialed again.
	NextAttemptAt time.Time
	// FailReason is why a failed item failed.
	FailReason string
}

// Progress says where a call has brought its item. It looks at the facts, at whether
// the call is lost and at the number of the attempt, and at nothing else, so that
// equal facts give equal progress, in whatever order they became known.
//
// A conversation outweighs everything: a machine verdict or a busy signal that is
// reported beside it changes nothing. While a call goes on, a machine verdict
// changes nothing either, since the agent may already be on the line. A call that
// was lost is unknown, whatever was known of it before.
//
// What else the contact has been through in the campaign is in h: it matters to caps
// alone, and so does when the call was placed.
func (p RetryPolicy) Progress(c Call, h History) Progress {
	outcome := c.outcome()
	switch {
	case outcome != "":
		return p.settle(c, outcome, h)
	case !c.LostAt.IsZero():
		return Progress{State: StateUnknown}
	case !c.ConnectedAt.IsZero():
		return Progress{State: StateConnected}
	case c.Answered() || !c.RingingAt.IsZero():
		return Progress{State: StateRinging}
	default:
		return Progress{State: StateDialing}
	}
}

// outcome is what came of the call, empty while it goes on.
func (c Call) outcome() Outcome {
	if c.EndedAt.IsZero() {
		if !c.NotPlacedAt.IsZero() && !c.Seen() {
			return OutcomeNotPlaced
		}
		return ""
	}
	switch {
	case !c.ConnectedAt.IsZero():
		return OutcomeConnected
	case !c.AbandonedAt.IsZero():
		return OutcomeAbandoned
	case c.AMD.Machine():
		return OutcomeVoicemail
	case c.Answered():
		return OutcomeHungUp
	}
	switch c.Cause {
	case CauseBusy:
		return OutcomeBusy
	case CauseCanceled:
		return OutcomeCanceled
	case CauseFailed:
		return OutcomeFailed
	case CauseRejected:
		return OutcomeRejected
	default:
		return OutcomeNoAnswer
	}
}

func (p RetryPolicy) settle(c Call, outcome Outcome, h History) Progress {
	rule := ruleOf(outcome)
	progress := Progress{State: rule.State, Outcome: outcome}
	switch rule.State {
	case StateFailed:
		progress.FailReason = string(outcome)
	case StateQueued:
		attempt := Attempt{Outcome: outcome, PlacedAt: c.PlacedAt, EndedAt: c.EndedAt}
		if rule.Counts {
			attempt.Number = c.Attempt
		}
		if outcome == OutcomeNotPlaced {
			attempt.EndedAt = c.NotPlacedAt
		}
		next, exhausted := p.Next(attempt, h)
		if exhausted != "" {
			return Progress{State: StateFailed, Outcome: outcome, FailReason: exhausted}
		}
		progress.NextAttemptAt = next
	}
	return progress
}

// ruleOf returns an outcome's rule, the zero Rule for one that is not in the table.
func ruleOf(outcome Outcome) Rule {
	at := slices.IndexFunc(rules, func(rule Rule) bool { return rule.Outcome == outcome })
	if at < 0 {
		return Rule{}
	}
	return rules[at]
}
