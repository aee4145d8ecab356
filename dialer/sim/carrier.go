package sim

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
)

// Carrier is a dialer.Carrier that places no calls and behaves as if it did. It is
// safe for concurrent use. Make one with NewCarrier and end it with Close.
type Carrier struct {
	cfg    Config
	agenda *agenda

	mu      sync.Mutex
	byToken map[uuid.UUID]*call
	bySID   map[string]*call
	// dialed counts the requests for each number, live its calls under way.
	dialed map[outdial.Phone]int
	live   map[outdial.Phone]int
	lines  int
	asked  map[uuid.UUID]int
	books  Books
}

var _ dialer.Carrier = (*Carrier)(nil)

// NewCarrier returns a carrier that goes by the configuration.
func NewCarrier(cfg Config) *Carrier {
	cfg = cfg.WithDefaults()
	return &Carrier{
		cfg:     cfg,
		agenda:  newAgenda(cfg.Clock),
		byToken: map[uuid.UUID]*call{},
		bySID:   map[string]*call{},
		dialed:  map[outdial.Phone]int{},
		live:    map[outdial.Phone]int{},
		asked:   map[uuid.UUID]int{},
	}
}

// Close ends everything that goes on, without a report, and waits for reports that
// are being delivered.
func (c *Carrier) Close() { c.agenda.close() }

// Originate implements dialer.Carrier. A token that was placed before gets the same
// call again.
func (c *Carrier) Originate(ctx context.Context, req dialer.OriginateRequest) (dialer.OriginateResult, error) {
	k := c.begin(req)
	if k == nil {
		return c.again(req.Token)
	}
	if err := c.agenda.wait(ctx, k.placedAfter); err != nil {
		return c.timedOut("originate")
	}
	if k.lostUnplaced {
		c.count(func(b *Books) { b.LostUnplaced++ })
		return c.lose(ctx, k)
	}
	if err := c.place(k); err != nil {
		return dialer.OriginateResult{}, fmt.Errorf("originate: %w", err)
	}
	if k.lostPlaced {
		c.count(func(b *Books) { b.LostPlaced++ })
		return c.lose(ctx, k)
	}
	if err := c.agenda.wait(ctx, k.latency-k.placedAfter); err != nil {
		return c.timedOut("originate")
	}
	return dialer.OriginateResult{CallSID: k.sid}, nil
}

// begin notes the request and draws the call's fate, or returns nil when the token is
// known.
func (c *Carrier) begin(req dialer.OriginateRequest) *call {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.books.Requests++
	c.asked[req.Token]++
	if c.asked[req.Token] > 1 {
		c.books.AskedAgain++
		if c.byToken[req.Token] != nil {
			return nil
		}
	}
	c.dialed[req.To]++
	chance := newChance(c.cfg.Seed, req.To.E164(), c.dialed[req.To])
	return &call{
		fate: drawFate(chance, c.cfg), chance: chance, request: req,
		sid: "SIM-" + req.Token.String(), over: make(chan struct{}),
	}
}

func (c *Carrier) again(token uuid.UUID) (dialer.OriginateResult, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return dialer.OriginateResult{CallSID: c.byToken[token].sid}, nil
}

// lose lets the dialer wait for an answer, or breaks the connection at once.
func (c *Carrier) lose(ctx context.Context, k *call) (dialer.OriginateResult, error) {
	if k.hangs {
		select {
		case <-ctx.Done():
		case <-c.agenda.ctx.Done():
		}
	}
	return c.timedOut("originate")
}

func (c *Carrier) timedOut(what string) (dialer.OriginateResult, error) {
	return dialer.OriginateResult{}, fmt.Errorf("%s: %w", what, dialer.ErrCarrierTimeout)
}

// Bridge implements dialer.Carrier. To put the agent in who is in already is no
// error.
func (c *Carrier) Bridge(ctx context.Context, req dialer.BridgeRequest) error {
	k, err := c.reach(ctx, req.Token, req.CallSID)
	if err != nil {
		return fmt.Errorf("bridge: %w", err)
	}
	if err := c.bridge(k, req.AgentID); err != nil {
		return fmt.Errorf("bridge: %w", err)
	}
	return nil
}

// Play implements dialer.Carrier.
func (c *Carrier) Play(ctx context.Context, req dialer.PlayRequest) error {
	k, err := c.reach(ctx, req.Token, req.CallSID)
	if err != nil {
		return fmt.Errorf("play: %w", err)
	}
	if !c.listen(k) {
		return nil
	}
	defer c.fallSilent(k)
	heard, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		defer stop()
		select {
		case <-k.over:
		case <-heard.Done():
		}
	}()
	if err := c.agenda.wait(heard, c.cfg.AnnouncementFor); err != nil && ctx.Err() != nil {
		return fmt.Errorf("play: %w", dialer.ErrCarrierTimeout)
	}
	return nil
}

// Hangup implements dialer.Carrier.
func (c *Carrier) Hangup(ctx context.Context, req dialer.HangupRequest) error {
	k, err := c.reach(ctx, req.Token, req.CallSID)
	if err != nil {
		return fmt.Errorf("hang up: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.books.Hangups++
	if k.facts.AnsweredAt.IsZero() {
		c.end(k, dialer.CauseCanceled)
	} else {
		c.end(k, dialer.CauseCompleted)
	}
	return nil
}

// Lookup implements dialer.Carrier. What it says is true.
func (c *Carrier) Lookup(ctx context.Context, req dialer.LookupRequest) (dialer.LookupResult, error) {
	k, err := c.reach(ctx, req.Token, req.CallSID)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.books.Lookups++
	chance := newChance(c.cfg.Seed, "lookup "+req.Token.String(), c.books.Lookups)
	switch {
	case chance.happens(c.cfg.Network.LookupLost):
		return dialer.LookupResult{}, fmt.Errorf("look up: %w", dialer.ErrCarrierTimeout)
	case err != nil:
		return dialer.LookupResult{}, fmt.Errorf("look up: %w", err)
	}
	return dialer.LookupResult{CallSID: k.sid, Facts: k.facts}, nil
}

// reach finds a call, by its token or its name, and takes the time that a request
// takes.
func (c *Carrier) reach(ctx context.Context, token uuid.UUID, sid string) (*call, error) {
	c.mu.Lock()
	k := c.byToken[token]
	if k == nil {
		k = c.bySID[sid]
	}
	var latency = c.cfg.Network.Latency.From
	if k != nil {
		latency = k.chance.within(c.cfg.Network.Latency)
	}
	c.mu.Unlock()
	if err := c.agenda.wait(ctx, latency); err != nil {
		return nil, dialer.ErrCarrierTimeout
	}
	if k == nil {
		return nil, dialer.ErrCallNotFound
	}
	return k, nil
}
