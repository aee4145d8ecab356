package outdial

// Reason says why an item is in a queue. It is set when the row is written and
// never changes.
type Reason string

// The reasons an item can be queued for.
const (
	ReasonCampaignAudience Reason = "campaign_audience"
	ReasonRetry            Reason = "retry"
	ReasonCallback         Reason = "callback"
	ReasonDVEnrollment     Reason = "dv_enrollment"
	ReasonManualAdd        Reason = "manual_add"
)

// Reasons lists every reason there is, in a stable order.
func Reasons() []Reason {
	return []Reason{
		ReasonCampaignAudience, ReasonRetry, ReasonCallback,
		ReasonDVEnrollment, ReasonManualAdd,
	}
}

// Provenance is where a queue row came from. Both parts are immutable: a report
// that asks months later why somebody was called gets the answer of that day.
type Provenance struct {
	// By is "system", the id of a user, or the id of a verification project.
	By string
	// Reason is why.
	Reason Reason
}
