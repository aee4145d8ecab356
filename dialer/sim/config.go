package sim

import (
	"context"
	"log/slog"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/outdial/outdial/dialer/telephony"
)

// Config adjusts a Carrier. The zero value works; its calls go well and nobody hears
// of them.
type Config struct {
	// Seed decides everything that is left to chance.
	Seed uint64
	// Clock tells the time. Defaults to the system's clock.
	Clock clock.Clock
	// Logger receives one record for each report that could not be delivered.
	// Defaults to discarding them.
	Logger *slog.Logger
	// Deliver takes a report to the dialer: straight to a telephony.Handler, or by
	// HTTP. After an error it is called again, a few times, with growing pauses, as
	// providers do. Defaults to dropping reports.
	Deliver func(ctx context.Context, event telephony.Event) error
	// Source is the Source of the reports. Defaults to sim.
	Source string
	// Callees are who is called. Defaults to DefaultCallees, when all of it is zero.
	Callees Callees
	// Detection is how well machines are told from people. Defaults to
	// DefaultDetection, when all of it is zero.
	Detection Detection
	// Network is how requests and reports travel. The zero value takes no time and
	// loses nothing.
	Network Network
	// Lines is how many calls there can be at once; more are ErrTrunkBusy. Zero is no
	// limit.
	Lines int
	// AnnouncementFor is how long an announcement takes. Defaults to 6 seconds.
	AnnouncementFor time.Duration
}

// Callees are the people and machines that are called. Shares are between 0 and 1.
type Callees struct {
	// Answered, Busy, Failed and Rejected are the shares of numbers that are picked up
	// in time, that are engaged, that cannot be reached and that the carrier refuses.
	// The others ring until the dialer has enough.
	Answered, Busy, Failed, Rejected float64
	// Machines is the share of machines among who picks up.
	Machines float64
	// Setup is the time from dialing to the first ring, or to the engaged tone, and
	// PickUp how long it rings before somebody picks up.
	Setup  Span
	PickUp Span
	// Patience is how long a person stays on a silent line.
	Patience Span
	// Talk is how long people talk with an agent on average; some talk much longer.
	Talk time.Duration
	// Recording is how long a machine stays on the line.
	Recording Span
}

// DefaultCallees are households in the afternoon.
func DefaultCallees() Callees {
	return Callees{
		Answered: 0.35, Busy: 0.05, Failed: 0.02, Rejected: 0.01, Machines: 0.3,
		Setup:  Span{500 * time.Millisecond, 2 * time.Second},
		PickUp: Span{4 * time.Second, 16 * time.Second}, Patience: Span{4 * time.Second, 10 * time.Second},
		Talk: 2 * time.Minute, Recording: Span{15 * time.Second, 45 * time.Second},
	}
}

// Detection is answering machine detection. Shares are between 0 and 1.
type Detection struct {
	// Delay is the time from the answer to the verdict.
	Delay Span
	// PersonAsMachine is the share of people taken for a machine, MachineAsPerson that
	// of machines taken for a person.
	PersonAsMachine, MachineAsPerson float64
	// Unknown is the share of calls for which it gives up, Silent that for which it
	// never says anything.
	Unknown, Silent float64
}

// DefaultDetection is a detection that errs as often as usual.
func DefaultDetection() Detection {
	return Detection{
		Delay:           Span{time.Second, 3 * time.Second},
		PersonAsMachine: 0.02, MachineAsPerson: 0.05, Unknown: 0.02, Silent: 0.01,
	}
}

// Network is what happens between the dialer and the carrier. Shares are between 0
// and 1.
type Network struct {
	// Latency is how long the carrier takes to answer a request. A call is placed some
	// time within it, so that reports about it may arrive before the answer.
	Latency Span
	// LostPlaced is the share of calls whose placing is never confirmed, LostUnplaced
	// that of requests which are lost before a call was placed.
	LostPlaced, LostUnplaced float64
	// BridgeBusy is the share of bridges for which no line to the agent is free, and
	// BridgeLost that of bridges which are never confirmed; half of them are made.
	BridgeBusy, BridgeLost float64
	// LookupLost is the share of lookups that are not answered.
	LookupLost float64
	// Delay is how long a report travels.
	Delay Span
	// Reordered is the share of reports that are held back for another HoldBack.
	Reordered float64
	HoldBack  Span
	// Duplicated is the share of reports that are delivered twice, Missing that of
	// reports which never arrive, and Unreferenced that of reports which do not carry
	// the call's Ref.
	Duplicated, Missing, Unreferenced float64
}

// Span is a range of durations, all of them equally likely.
type Span struct{ From, To time.Duration }

// Between is the span from one duration to another.
func Between(from, to time.Duration) Span { return Span{from, to} }

// Exactly is the span of one duration.
func Exactly(d time.Duration) Span { return Span{d, d} }

// WithDefaults returns a copy in which every field that was left out has its
// default.
func (c Config) WithDefaults() Config {
	if c.Clock == nil {
		c.Clock = clock.New()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Deliver == nil {
		c.Deliver = func(context.Context, telephony.Event) error { return nil }
	}
	if c.Source == "" {
		c.Source = "sim"
	}
	if c.Callees == (Callees{}) {
		c.Callees = DefaultCallees()
	}
	if c.Detection == (Detection{}) {
		c.Detection = DefaultDetection()
	}
	if c.AnnouncementFor <= 0 {
		c.AnnouncementFor = 6 * time.Second
	}
	return c
}
