package engine

import (
	"context"
	"log/slog"
	"time"

	"github.com/benbjohnson/clock"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/pacing"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
)

// Store is what the engine needs of a database.
type Store interface {
	dialer.Store
	presence.Store
}

// Events takes what the engine itself did to a call: it is telephony.Handler, so that
// an agent who joined is an event like those of the carrier.
type Events interface {
	Handle(ctx context.Context, event telephony.Event) (telephony.Result, error)
}

// Config adjusts an Engine. Events and Windows are required; what else is left out has
// its default.
type Config struct {
	// Clock tells the time. Defaults to the system's clock.
	Clock clock.Clock
	// Logger receives one record for each thing that went wrong, and one for each
	// campaign that was taken on or given up. It never receives a phone number.
	// Defaults to discarding them.
	Logger *slog.Logger
	// Meter makes the instruments that Metrics lists. Defaults to measuring nothing.
	Meter metric.Meter

	// Events takes the engine's own events. Its hook should call Connect.
	Events Events
	// Windows knows when people may be called.
	Windows callwindow.Windows
	// Caps knows how often a number may be tried. Defaults to no cap but that of
	// Policy.
	Caps callwindow.Caps
	// Law decides how many calls to place. Defaults to pacing.Progressive.
	Law pacing.Law
	// Policy decides whether and when a contact is dialed again. It must be that of
	// the telephony.Handler. Defaults to that of the zero RetryPolicy.
	Policy dialer.RetryPolicy
	// WithoutDetection turns answering machine detection off: who answers is a person.
	WithoutDetection bool

	// Holder names the process in leases. Two that run at once must not share a name; one
	// that starts again under its name has its campaigns back at once. Defaults to a
	// name of its own each time Run is called.
	Holder string
	// LeaseFor is how long a campaign is held without being renewed, and so how long
	// it stands still after its process died. It is renewed after a third of it.
	// Defaults to 15 seconds.
	LeaseFor time.Duration
	// TickEvery is the time from one look at a campaign to the next. A call that ends
	// brings the next one forward. Defaults to 500 milliseconds.
	TickEvery time.Duration
	// MaxPerTick is how many calls one look may place, and MaxPlacing how many the
	// process places at the same moment. Default to 20 and 50.
	MaxPerTick int
	MaxPlacing int
	// InFlightFor is how long after its placing a call of which nobody knows anything
	// may still take an agent. Defaults to 2 minutes.
	InFlightFor time.Duration
	// AbandonedHold is how long a number is not dialed after it was abandoned.
	// Defaults to 72 hours.
	AbandonedHold time.Duration
	// RefusedFor is how long an item waits that was refused for a reason that passes.
	// Defaults to 1 minute.
	RefusedFor time.Duration
	// TrunkPause is how long a campaign places nothing after the carrier had no line.
	// Defaults to 2 seconds.
	TrunkPause time.Duration

	// RingFor is how long to let it ring. Rules ask for 15 seconds at least. Defaults
	// to 25 seconds.
	RingFor time.Duration
	// OriginateTimeout is how long after PlaceCall the carrier may take to begin the
	// call. Defaults to 10 seconds.
	OriginateTimeout time.Duration
	// RequestTimeout is how long it may take for anything else. Defaults to 5 seconds.
	RequestTimeout time.Duration
	// RecordFor is how long the engine tries to write down what the carrier answered.
	// Defaults to 10 seconds.
	RecordFor time.Duration

	// AMDPatience is how long after the answer the engine waits for the detection's
	// verdict; then it was a person. Defaults to 4 seconds.
	AMDPatience time.Duration
	// ConnectWithin is how long a person may wait for an agent. Defaults to 2 seconds.
	ConnectWithin time.Duration
	// ReserveEvery is the pause between two looks for a free agent. Defaults to 100
	// milliseconds.
	ReserveEvery time.Duration
	// AnnounceFor is how long an announcement may take. Defaults to 30 seconds.
	AnnounceFor time.Duration

	// ReconcileEvery is how often the carrier is asked about calls of which nobody
	// knows. For one call the pause grows, up to ReconcilePause. Default to 10 seconds
	// and 5 minutes.
	ReconcileEvery time.Duration
	ReconcilePause time.Duration
	// ReconcileGrace is how long after OriginateTimeout a carrier is believed that it
	// knows no such call. Defaults to 30 seconds.
	ReconcileGrace time.Duration
	// NewsWithin is how long a call may go on before the carrier is asked, in case that
	// its reports were lost. Defaults to 1 minute.
	NewsWithin time.Duration

	// SweepEvery is how often lost calls are looked for, and ExpireEvery how often
	// agents who are gone. Default to 1 minute and 5 seconds.
	SweepEvery  time.Duration
	ExpireEvery time.Duration
	// UnplacedFor, StuckFor and TalkingFor are how long a call may be claimed and not
	// placed, dialing or ringing without news, and connected without news, before it
	// is lost. Default to 1 minute, 10 minutes and 4 hours.
	UnplacedFor time.Duration
	StuckFor    time.Duration
	TalkingFor  time.Duration

	// StopWithin is how long Run and Close wait for what is under way. Defaults to 20
	// seconds.
	StopWithin time.Duration
}

// WithDefaults returns a copy in which every field that was left out has its
// default, but for those that have none.
func (c Config) WithDefaults() Config {
	if c.Clock == nil {
		c.Clock = clock.New()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Meter == nil {
		c.Meter = noop.Meter{}
	}
	if c.Caps == nil {
		c.Caps = callwindow.FixedCaps{}
	}
	if c.Law == nil {
		c.Law = pacing.Progressive{}
	}
	if c.MaxPerTick <= 0 {
		c.MaxPerTick = 20
	}
	if c.MaxPlacing <= 0 {
		c.MaxPlacing = 50
	}
	for _, duration := range []struct {
		of        *time.Duration
		otherwise time.Duration
	}{
		{&c.LeaseFor, 15 * time.Second},
		{&c.TickEvery, 500 * time.Millisecond},
		{&c.InFlightFor, 2 * time.Minute},
		{&c.AbandonedHold, 72 * time.Hour},
		{&c.RefusedFor, time.Minute},
		{&c.TrunkPause, 2 * time.Second},
		{&c.RingFor, 25 * time.Second},
		{&c.OriginateTimeout, 10 * time.Second},
		{&c.RequestTimeout, 5 * time.Second},
		{&c.RecordFor, 10 * time.Second},
		{&c.AMDPatience, 4 * time.Second},
		{&c.ConnectWithin, 2 * time.Second},
		{&c.ReserveEvery, 100 * time.Millisecond},
		{&c.AnnounceFor, 30 * time.Second},
		{&c.ReconcileEvery, 10 * time.Second},
		{&c.ReconcilePause, 5 * time.Minute},
		{&c.ReconcileGrace, 30 * time.Second},
		{&c.NewsWithin, time.Minute},
		{&c.SweepEvery, time.Minute},
		{&c.ExpireEvery, 5 * time.Second},
		{&c.UnplacedFor, time.Minute},
		{&c.StuckFor, 10 * time.Minute},
		{&c.TalkingFor, 4 * time.Hour},
		{&c.StopWithin, 20 * time.Second},
	} {
		if *duration.of <= 0 {
			*duration.of = duration.otherwise
		}
	}
	return c
}
