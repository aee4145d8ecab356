package dialer

import (
	"maps"
	"slices"
	"time"
)

// Why a contact's attempts are at an end: the fail_reason of the item and the
// finish_reason of the contact.
const (
	// FailMaxAttempts has been tried as often as the policy allows.
	FailMaxAttempts = "max_attempts"
	// FailMaxVoicemails has reached a machine as often as the policy allows.
	FailMaxVoicemails = "max_voicemails"
)

// DefaultMaxAttempts is how often a contact is tried in a campaign at most.
const DefaultMaxAttempts = 3

// day is what RetryPolicy.MaxPerDay looks back.
const day = 24 * time.Hour

// RetryPolicy decides whether and when a contact is tried again, in both queues. The
// zero value has the defaults. A campaign's own policy, kept in campaign_settings,
// overrides that of the process field by field: see Override.
type RetryPolicy struct {
	// MaxAttempts is how often a contact is tried in a campaign at most, in both
	// queues together. Defaults to DefaultMaxAttempts.
	MaxAttempts int
	// CoolDowns override the table's, by outcome. A zero overrides too. A disposition
	// that asks for another attempt and is no outcome of a call has its own code here.
	CoolDowns map[Outcome]time.Duration
	// MaxVoicemails is how many attempts may reach a machine before the contact is left
	// alone. Negative lifts the cap. Defaults to none.
	MaxVoicemails int
	// MaxPerDay is how many attempts may fall within any 24 hours. A retry that would
	// come sooner waits. Negative lifts the cap. Defaults to none.
	MaxPerDay int
}

// Override returns the policy with every field replaced that the other one sets.
// Cool-downs are replaced one by one.
func (p RetryPolicy) Override(by RetryPolicy) RetryPolicy {
	if by.MaxAttempts != 0 {
		p.MaxAttempts = by.MaxAttempts
	}
	if by.MaxVoicemails != 0 {
		p.MaxVoicemails = by.MaxVoicemails
	}
	if by.MaxPerDay != 0 {
		p.MaxPerDay = by.MaxPerDay
	}
	if len(by.CoolDowns) > 0 {
		merged := make(map[Outcome]time.Duration, len(p.CoolDowns)+len(by.CoolDowns))
		maps.Copy(merged, p.CoolDowns)
		maps.Copy(merged, by.CoolDowns)
		p.CoolDowns = merged
	}
	return p
}

// AsksHistory says whether Next looks at a History, so that nobody need read one in
// vain.
func (p RetryPolicy) AsksHistory() bool { return p.MaxVoicemails > 0 || p.MaxPerDay > 0 }

// CoolDown is the least time from the end of an attempt to the next.
func (p RetryPolicy) CoolDown(outcome Outcome, otherwise time.Duration) time.Duration {
	if coolDown, overridden := p.CoolDowns[outcome]; overridden {
		return coolDown
	}
	if rule := ruleOf(outcome); rule.Outcome != "" {
		return rule.CoolDown
	}
	return otherwise
}

// Attempt is an attempt that is over and did not reach whom it was for.
type Attempt struct {
	// Outcome is what came of it.
	Outcome Outcome
	// CoolDown is that of an outcome which is not in the table.
	CoolDown time.Duration
	// Number counts the contact's attempts in the campaign, this one included; zero is
	// one that counts for nothing.
	Number int
	// PlacedAt is when it was made. Defaults to EndedAt.
	PlacedAt time.Time
	// EndedAt is when it was over.
	EndedAt time.Time
}

// History is what a contact has been through in a campaign besides the attempt at
// hand.
type History struct {
	// Voicemails counts the attempts that reached a machine.
	Voicemails int
	// Recent are the times of attempts of the last 24 hours, in any order.
	Recent []time.Time
}

// Next says when the contact may be tried again, or why never: FailMaxAttempts or
// FailMaxVoicemails.
func (p RetryPolicy) Next(a Attempt, h History) (at time.Time, exhausted string) {
	if a.Number > 0 && a.Number >= p.maxAttempts() {
		return time.Time{}, FailMaxAttempts
	}
	if p.MaxVoicemails > 0 && a.Outcome == OutcomeVoicemail && h.Voicemails+1 >= p.MaxVoicemails {
		return time.Time{}, FailMaxVoicemails
	}
	at = a.EndedAt.Add(p.CoolDown(a.Outcome, a.CoolDown))
	if p.MaxPerDay <= 0 {
		return at, ""
	}
	recent := slices.Clone(h.Recent)
	if a.Number > 0 {
		if a.PlacedAt.IsZero() {
			a.PlacedAt = a.EndedAt
		}
		recent = append(recent, a.PlacedAt)
	}
	if len(recent) < p.MaxPerDay {
		return at, ""
	}
	slices.SortFunc(recent, time.Time.Compare)
	if free := recent[len(recent)-p.MaxPerDay].Add(day); free.After(at) {
		at = free
	}
	return at, ""
}

func (p RetryPolicy) maxAttempts() int {
	if p.MaxAttempts <= 0 {
		return DefaultMaxAttempts
	}
	return p.MaxAttempts
}
