// Package pacing decides how many calls to place. It is pure: a Law looks at a
// Snapshot and answers with a number.
package pacing

// Snapshot is a campaign at one moment.
type Snapshot struct {
	// ReadyAgents are waiting for a call.
	ReadyAgents int
	// CallsInFlight were placed, or may have been, and have neither an agent yet nor
	// an end. A call that a machine answered is not among them.
	CallsInFlight int
}

// Law decides how many calls to place.
type Law interface {
	// Calls returns how many more calls to place now. A negative number is none.
	Calls(s Snapshot) int
}

// Progressive places one call for each agent who waits and has no call on the way to
// them. Nobody who answers is without an agent, but for agents who leave in between.
type Progressive struct{}

// Calls implements Law.
func (Progressive) Calls(s Snapshot) int { return max(0, s.ReadyAgents-s.CallsInFlight) }
