package queue

// SkipReason says why a contact that a filter matched is not in the new queue.
type SkipReason string

// The reasons, in the order in which they are tried: a contact counts under the
// first that applies.
const (
	// SkipInvalid is a contact marked invalid.
	SkipInvalid SkipReason = "invalid"
	// SkipNoPhone is a contact without a number that can be dialed.
	SkipNoPhone SkipReason = "no_phone"
	// SkipOptedOut is a contact who opted out.
	SkipOptedOut SkipReason = "opted_out"
	// SkipSuppressed is a contact whose phone or e-mail is suppressed, globally
	// or for this campaign.
	SkipSuppressed SkipReason = "suppressed"
	// SkipFinished is a contact this campaign is done with.
	SkipFinished SkipReason = "finished"
	// SkipCoolingDown is a contact who must not be tried again yet.
	SkipCoolingDown SkipReason = "cooling_down"
	// SkipCollision is a contact that another agent holds, or that is in the power
	// queue.
	SkipCollision SkipReason = "collision"
	// SkipAccountCap is a contact whose account already has its share of the
	// queue.
	SkipAccountCap SkipReason = "account_cap"
	// SkipQueueFull is a contact that came after the queue had reached its size.
	SkipQueueFull SkipReason = "queue_full"
)

// SkipReasons lists every reason there is, in the order in which they apply.
func SkipReasons() []SkipReason {
	return []SkipReason{
		SkipInvalid, SkipNoPhone, SkipOptedOut, SkipSuppressed, SkipFinished,
		SkipCoolingDown, SkipCollision, SkipAccountCap, SkipQueueFull,
	}
}

// Skips counts contacts by the reason they were skipped for. Stores fill in every
// reason, with zero where nothing was skipped.
type Skips map[SkipReason]int

// Total is the number of contacts skipped for any reason.
func (s Skips) Total() int {
	total := 0
	for _, count := range s {
		total += count
	}
	return total
}

// ineligible is the number of contacts who may not be called, whoever asks.
func (s Skips) ineligible() int {
	total := 0
	for _, reason := range SkipReasons() {
		if reason == SkipCollision {
			break
		}
		total += s[reason]
	}
	return total
}

// NewSkips returns counts of zero for every reason.
func NewSkips() Skips {
	skips := make(Skips, len(SkipReasons()))
	for _, reason := range SkipReasons() {
		skips[reason] = 0
	}
	return skips
}
