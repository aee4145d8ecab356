// Package presence keeps what the agents of the power queue are doing: who waits for
// a call, who talks, who is gone.
//
// An agent chooses to be ready, to pause or to leave; everything else follows from
// calls. Each agent must be heard of again and again, by Heartbeat, and counts as
// gone otherwise: a browser that crashed takes no calls.
package presence
