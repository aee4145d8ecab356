package dialer

import "slices"

// Refusal is why a call that was claimed must not be placed after all.
type Refusal string

// The refusals, in the order in which they are tried. The first four are words of
// queue.SkipReason.
const (
	RefusalInvalid    Refusal = "invalid"
	RefusalNoPhone    Refusal = "no_phone"
	RefusalOptedOut   Refusal = "opted_out"
	RefusalSuppressed Refusal = "suppressed"
	// RefusalPhoneChanged is a contact whose number is another than when it was
	// claimed.
	RefusalPhoneChanged Refusal = "phone_changed"
	// RefusalNotRunning is a campaign that was paused or stopped in between.
	RefusalNotRunning Refusal = "not_running"
	// RefusalWindowClosed is a zone in which it is no time to call any more.
	RefusalWindowClosed Refusal = "window_closed"
	// RefusalAttemptCap is a phone that was called as often as it may be.
	RefusalAttemptCap Refusal = "attempt_cap"
	// RefusalAbandoned is a phone whose owner answered to silence not long ago.
	RefusalAbandoned Refusal = "recently_abandoned"
	// RefusalAgentCalling is a phone that an agent has in hand in the agent queue of
	// any campaign.
	RefusalAgentCalling Refusal = "agent_calling"
)

// Refusals lists every refusal there is, in the order in which they are tried.
func Refusals() []Refusal {
	return []Refusal{
		RefusalInvalid, RefusalNoPhone, RefusalOptedOut, RefusalSuppressed, RefusalPhoneChanged,
		RefusalNotRunning, RefusalWindowClosed, RefusalAttemptCap, RefusalAbandoned, RefusalAgentCalling,
	}
}

// Final says whether the item fails for it. After the others it waits for its next
// turn.
func (r Refusal) Final() bool {
	return slices.Contains([]Refusal{RefusalInvalid, RefusalNoPhone, RefusalOptedOut, RefusalSuppressed}, r)
}
