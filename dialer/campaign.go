package dialer

import "slices"

// Status says whether a campaign is being dialed.
type Status string

// The statuses. A campaign that nobody has started is stopped.
const (
	StatusStopped Status = "stopped"
	StatusRunning Status = "running"
	StatusPaused  Status = "paused"
)

// Statuses lists every status there is, in a stable order.
func Statuses() []Status { return []Status{StatusStopped, StatusRunning, StatusPaused} }

// Control is something that a person does to a campaign's dialing.
type Control string

// The controls. Once a pause or a stop has returned, no call is claimed any more and
// none that was claimed gets through PlaceCall; calls under way go on.
const (
	ControlStart  Control = "start"
	ControlPause  Control = "pause"
	ControlResume Control = "resume"
	ControlStop   Control = "stop"
)

// controls is the one table of what leads where.
var controls = map[Control]struct {
	from []Status
	to   Status
}{
	ControlStart:  {[]Status{StatusStopped}, StatusRunning},
	ControlPause:  {[]Status{StatusRunning}, StatusPaused},
	ControlResume: {[]Status{StatusPaused}, StatusRunning},
	ControlStop:   {[]Status{StatusRunning, StatusPaused}, StatusStopped},
}

// Controls lists every control there is, in a stable order.
func Controls() []Control { return []Control{ControlStart, ControlPause, ControlResume, ControlStop} }

// From returns the statuses in which the control does something, none for an unknown
// control.
func (c Control) From() []Status { return slices.Clone(controls[c].from) }

// To returns the status that the control leads to.
func (c Control) To() Status { return controls[c].to }
