package disposition

import (
	"time"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
)

// MaxCallbackAhead is how far ahead somebody may ask to be called.
const MaxCallbackAhead = 366 * 24 * time.Hour

// Step is what becomes of an item.
type Step string

// The steps.
const (
	// StepAgain waits for Decision.At and is tried again.
	StepAgain Step = "again"
	// StepCallback waits for Decision.At, which somebody asked for.
	StepCallback Step = "callback"
	// StepComplete ends the item.
	StepComplete Step = "complete"
	// StepFail ends the item, for the reason in Decision.FailReason.
	StepFail Step = "fail"
)

// Queues says whether the step has the contact wait for another call.
func (s Step) Queues() bool { return s == StepAgain || s == StepCallback }

// The fail_reason of items whose number must not, or cannot, be called.
const (
	FailSuppressed    = "suppressed"
	FailInvalidNumber = "invalid_number"
)

// Decision is what a disposition means for one attempt.
type Decision struct {
	Step Step
	// At is when the contact may, or is to be, called next.
	At         time.Time
	FailReason string
	// FinishReason is why the campaign is done with the contact; empty when it is not.
	FinishReason string
}

// Tried is the attempt that a disposition is about.
type Tried struct {
	// Number counts the contact's attempts in the campaign, in both queues, this one
	// included.
	Number int
	// PlacedAt is when it was made, and EndedAt when it was over.
	PlacedAt, EndedAt time.Time
	History           dialer.History
}

// Decide says what a disposition means. It looks at its arguments and at nothing else.
// The callback time must have passed CheckCallback.
//
// A callback is a promise to somebody: neither the number of attempts nor the cap of a
// day breaks it. The attempt counts all the same, so that a callback that reaches
// nobody is followed by another attempt only while there are attempts left.
//
// A wrong number does not finish the contact, since the number may be put right.
func Decide(rule Rule, policy dialer.RetryPolicy, tried Tried, callbackAt time.Time) Decision {
	rule = rule.filled()
	switch rule.Effect {
	case EffectRetry:
		at, exhausted := policy.Next(dialer.Attempt{
			Outcome: rule.Outcome, CoolDown: rule.CoolDown,
			Number: tried.Number, PlacedAt: tried.PlacedAt, EndedAt: tried.EndedAt,
		}, tried.History)
		if exhausted != "" {
			return Decision{Step: StepFail, FailReason: exhausted, FinishReason: exhausted}
		}
		return Decision{Step: StepAgain, At: at}
	case EffectCallback:
		return Decision{Step: StepCallback, At: callbackAt}
	case EffectSuppress:
		return Decision{Step: StepFail, FailReason: FailSuppressed, FinishReason: string(rule.Code)}
	case EffectInvalidate:
		return Decision{Step: StepFail, FailReason: FailInvalidNumber}
	default:
		return Decision{Step: StepComplete, FinishReason: string(rule.Code)}
	}
}

// AboutPhone says whether the effect concerns everybody who has the number.
func (e Effect) AboutPhone() bool { return e == EffectSuppress || e == EffectInvalidate }

// FailReason is the fail_reason of every item with the number of an effect that is
// about a phone.
func (e Effect) FailReason() string {
	return Decide(Rule{Effect: e}, dialer.RetryPolicy{}, Tried{}, time.Time{}).FailReason
}

// CheckCallback says whether somebody can be called at a time: it must be ahead, and
// not by more than MaxCallbackAhead. The error matches outdial.ErrInvalid.
func CheckCallback(at, now time.Time) error {
	switch {
	case !at.After(now):
		return outdial.Invalid("callback_at", "is not in the future")
	case at.After(now.Add(MaxCallbackAhead)):
		return outdial.Invalid("callback_at", "is more than a year ahead")
	}
	return nil
}
