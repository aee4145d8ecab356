// Package engine is the loop that dials: for each campaign that is running it looks
// at who waits for a call, asks the pacing law how many to place, claims them, and
// asks the carrier. When a person answers it finds them an agent, or lets them go
// with an announcement when there is none.
//
// Any number of processes may run an Engine over one store. Each campaign is dialed
// by one of them, who holds its lease; another takes over when it is released or
// expires. What the carrier reports comes through telephony.Handler, in whatever
// process; its hook calls Engine.Connect.
//
// Where it is not certain that a call may be placed, it is not: when the windows or
// the caps cannot be read, when the lease is in doubt, when the process slept between
// two steps. Where it is not certain that a call was placed, it counts as one that
// was until the carrier says otherwise.
package engine
