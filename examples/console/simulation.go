package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel/metric"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/engine"
	"github.com/outdial/outdial/dialer/sim"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/store"
)

// simulation is the engine at work in a world that does not exist: a carrier, people
// and machines who are called, and a few agents. Nobody's phone rings.
type simulation struct {
	simulationConfig

	courier *courier
	carrier *sim.Carrier
	engine  *engine.Engine
	desk    *desk
	agents  *sim.Agents

	cancel context.CancelFunc
	dials  sync.WaitGroup
}

// simulationConfig says how the world is and what it is attached to.
type simulationConfig struct {
	store  store.Store
	clock  clock.Clock
	log    *slog.Logger
	meter  metric.Meter
	events *telephony.Handler
	// dispositions is what the agents say what came of their calls to.
	dispositions *disposition.Service
	// webhook is the address that the carrier reports to, and secret what it signs
	// with.
	webhook, secret string
	pace            pace
	// staffed says whether there are agents, who work in the demo's campaign.
	staffed bool
}

// pace is how many times faster than life people are.
type pace float64

// of is how long something takes that takes d in life.
func (p pace) of(d time.Duration) time.Duration { return time.Duration(float64(d) / float64(p)) }

func (p pace) between(from, to time.Duration) sim.Span { return sim.Between(p.of(from), p.of(to)) }

// The simulation has few agents who talk for half a minute, so that there is always
// something to see and a small machine hardly notices.
const (
	simulatedAgents = 5
	simulatedSeed   = 1
)

func newSimulation(cfg simulationConfig) (*simulation, error) {
	s := &simulation{simulationConfig: cfg}
	var err error
	if s.courier, err = newCourier(cfg.webhook, cfg.secret, cfg.clock); err != nil {
		return nil, err
	}
	s.carrier = sim.NewCarrier(s.world())
	s.desk = newDesk(cfg, simulatedAgentIDs())
	s.engine = engine.New(cfg.store, forgetful{s.carrier, cfg.clock}, engine.Config{
		Clock: cfg.clock, Logger: cfg.log, Meter: cfg.meter, Events: cfg.events,
		Policy: retryPolicy(),
		// At any hour, since nobody is called. A host with a real carrier must not do
		// this: calling people at night breaks the law nearly everywhere.
		Windows: callwindow.Always{},

		RingFor: cfg.pace.of(15 * time.Second), //nolint:mnd // the least that rules ask for
		// The carrier answers in a moment or never, and what it does not report is worth a
		// question soon.
		OriginateTimeout: max(time.Second, cfg.pace.of(5*time.Second)),
		TickEvery:        max(50*time.Millisecond, cfg.pace.of(500*time.Millisecond)),
		ReconcileEvery:   cfg.pace.of(5 * time.Second),
		ReconcileGrace:   cfg.pace.of(5 * time.Second),
		NewsWithin:       cfg.pace.of(20 * time.Second),
		StopWithin:       patienceWithCalls,
	})
	return s, nil
}

// world is who is called and what goes wrong on the way.
func (s *simulation) world() sim.Config {
	detection := sim.DefaultDetection()
	detection.Delay = s.pace.between(500*time.Millisecond, 1500*time.Millisecond)
	return sim.Config{
		Seed: simulatedSeed, Clock: s.clock, Logger: s.log, Deliver: s.courier.deliver,
		Callees: sim.Callees{
			Answered: 0.5, Busy: 0.08, Failed: 0.02, Rejected: 0.01, Machines: 0.25,
			Setup:     s.pace.between(300*time.Millisecond, time.Second),
			PickUp:    s.pace.between(time.Second, 5*time.Second),
			Patience:  s.pace.between(4*time.Second, 10*time.Second),
			Talk:      s.pace.of(35 * time.Second),
			Recording: s.pace.between(5*time.Second, 15*time.Second),
		},
		Detection: detection,
		Network: sim.Network{
			Latency:    s.pace.between(50*time.Millisecond, 300*time.Millisecond),
			LostPlaced: 0.01, LostUnplaced: 0.01, BridgeBusy: 0.01, BridgeLost: 0.01, LookupLost: 0.02,
			Delay:     s.pace.between(20*time.Millisecond, 400*time.Millisecond),
			Reordered: 0.1, HoldBack: s.pace.between(500*time.Millisecond, 3*time.Second),
			Duplicated: 0.1, Missing: 0.01, Unreferenced: 0.05,
		},
		AnnouncementFor: s.pace.of(6 * time.Second),
	}
}

// simulatedAgentIDs are the agents of the demo of the power queue.
func simulatedAgentIDs() []uuid.UUID {
	ids := make([]uuid.UUID, simulatedAgents)
	for i := range ids {
		ids[i] = uuid.MustParse(fmt.Sprintf(powerAgentIDs, i+1))
	}
	return ids
}

// hear takes what was recorded of a call: an agent may be needed in it, or have
// something to say about it.
func (s *simulation) hear(ctx context.Context, call dialer.Call) {
	s.desk.hear(call)
	s.engine.Connect(ctx, call)
}

// start begins to dial and has the agents sign in. The server takes reports already.
func (s *simulation) start() {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.dials.Go(func() {
		if err := s.engine.Run(ctx); err != nil {
			s.log.Error("nothing is dialed", slog.String("error", err.Error()))
		}
	})
	if !s.staffed {
		return
	}
	s.agents = sim.StartAgents(s.desk, sim.AgentsConfig{
		Seed: simulatedSeed, Clock: s.clock, Logger: s.log, CampaignID: uuid.MustParse(powerCampaignID), IDs: simulatedAgentIDs(),
		WrapUp:         s.pace.between(5*time.Second, 15*time.Second),
		HeartbeatEvery: s.pace.of(5 * time.Second),
	})
}

// stop ends everything in the opposite order. The agents go first, then the engine,
// which claims and places nothing any more and writes down what the carrier still
// answers, then the carrier with the calls under way, and the connections last.
func (s *simulation) stop() {
	if s.agents != nil {
		s.agents.Close()
	}
	s.cancel()
	s.dials.Wait()
	s.carrier.Close()
	s.courier.close()
}

// forgetful is the simulated carrier as the engine sees it. A real one remembers calls
// while a dialer starts again. This one ends with the process, and all its calls do:
// of a call that another process heard of, it says that it is over.
type forgetful struct {
	*sim.Carrier

	clock clock.Clock
}

// Lookup implements dialer.Carrier.
func (f forgetful) Lookup(ctx context.Context, req dialer.LookupRequest) (dialer.LookupResult, error) {
	found, err := f.Carrier.Lookup(ctx, req)
	// So begins every name that a simulated carrier gives to a call.
	const simulated = "SIM-"
	if !errors.Is(err, dialer.ErrCallNotFound) || !strings.HasPrefix(req.CallSID, simulated) {
		return found, err
	}
	return dialer.LookupResult{
		CallSID: req.CallSID, Facts: dialer.Facts{EndedAt: f.clock.Now(), Cause: dialer.CauseCanceled},
	}, nil
}
