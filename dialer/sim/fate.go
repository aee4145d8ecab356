package sim

import (
	"time"

	"github.com/outdial/outdial/dialer"
)

// fate is everything that chance decides about one call, drawn before it begins.
type fate struct {
	rejected bool
	latency  time.Duration
	// placedAfter is when within the latency the call is placed.
	placedAfter  time.Duration
	lostPlaced   bool
	lostUnplaced bool
	// hangs says that a lost answer does not fail: nothing comes at all.
	hangs bool

	// cause is why a call that nobody picks up ends.
	cause   dialer.Cause
	setup   time.Duration
	picksUp bool
	pickUp  time.Duration
	machine bool
	// stays is how long who picked up stays on a line where nothing happens.
	stays time.Duration
	// talks is how long a call goes on once an agent is in it.
	talks time.Duration

	verdict dialer.AMD
	// verdictAfter is the time from the answer to the verdict, if there is one.
	verdictAfter time.Duration
}

// agentAtMachine is how long an agent listens to a machine.
var agentAtMachine = Span{3 * time.Second, 8 * time.Second}

func drawFate(c chance, cfg Config) fate {
	f := fate{latency: c.within(cfg.Network.Latency)}
	f.placedAfter = c.within(Span{0, f.latency})
	lost := c.Float64()
	f.lostPlaced = lost < cfg.Network.LostPlaced
	f.lostUnplaced = !f.lostPlaced && lost < cfg.Network.LostPlaced+cfg.Network.LostUnplaced
	f.hangs = c.happens(0.5)
	f.drawCallee(c, cfg.Callees)
	f.drawVerdict(c, cfg.Detection)
	return f
}

func (f *fate) drawCallee(c chance, callees Callees) {
	f.setup, f.pickUp = c.within(callees.Setup), c.within(callees.PickUp)
	f.machine = c.happens(callees.Machines)
	f.stays, f.talks = c.within(callees.Patience), c.around(callees.Talk)
	if f.machine {
		f.stays, f.talks = c.within(callees.Recording), c.within(agentAtMachine)
	}
	draw := c.Float64()
	for _, share := range []struct {
		of  float64
		set func()
	}{
		{callees.Answered, func() { f.picksUp = true }},
		{callees.Busy, func() { f.cause = dialer.CauseBusy }},
		{callees.Failed, func() { f.cause = dialer.CauseFailed }},
		{callees.Rejected, func() { f.rejected = true }},
	} {
		if draw < share.of {
			share.set()
			return
		}
		draw -= share.of
	}
	f.cause = dialer.CauseNoAnswer
}

func (f *fate) drawVerdict(c chance, detection Detection) {
	f.verdictAfter = c.within(detection.Delay)
	right, wrong, errs := dialer.AMDHuman, dialer.AMDMachine, detection.PersonAsMachine
	if f.machine {
		right, wrong, errs = dialer.AMDMachine, dialer.AMDHuman, detection.MachineAsPerson
	}
	draw := c.Float64()
	switch {
	case draw < detection.Silent:
	case draw < detection.Silent+detection.Unknown:
		f.verdict = dialer.AMDUnknown
	case draw < detection.Silent+detection.Unknown+errs:
		f.verdict = wrong
	default:
		f.verdict = right
	}
}
