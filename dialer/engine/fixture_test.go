package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/engine"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/sim"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/internal/metertest"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store/sqlite"
)

// floor is a campaign with its database, its carrier and the processes that dial it,
// in a bubble in which time passes by itself.
type floor struct {
	*testing.T

	store      *sqlite.Store
	campaignID uuid.UUID
	carrier    *sim.Carrier
	handler    *telephony.Handler
	policy     dialer.RetryPolicy
	// hold is AbandonedHold, when it is not the default.
	hold  time.Duration
	log   *journal
	meter *metertest.Meter

	// deaf says that no report of the carrier arrives any more.
	deaf atomic.Bool

	mu        sync.Mutex
	processes []*process
}

// journal is a log that many may write to.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// onFloor runs a test on a floor whose campaign is running and has that many contacts
// to call.
func onFloor(t *testing.T, contacts int, cfg sim.Config, test func(f *floor)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newFloor(t, cfg, dialer.RetryPolicy{})
		f.enqueue(contacts)
		f.control(dialer.ControlStart)
		test(f)
	})
}

func newFloor(t *testing.T, cfg sim.Config, policy dialer.RetryPolicy) *floor {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Memory)
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	require.NoError(t, store.Migrate(t.Context()))
	f := &floor{T: t, store: store, log: &journal{}, meter: &metertest.Meter{}, policy: policy}
	f.handler = telephony.New(store, telephony.Config{Policy: policy, Recorded: f.recorded})
	cfg.Deliver = func(ctx context.Context, event telephony.Event) error {
		if f.deaf.Load() {
			return nil
		}
		_, err := f.handler.Handle(ctx, event)
		return err
	}
	f.carrier = sim.NewCarrier(cfg)
	t.Cleanup(f.carrier.Close)
	f.campaignID = f.newCampaign("Spring")
	return f
}

func (f *floor) newCampaign(name string) uuid.UUID {
	f.Helper()
	added, err := f.store.EnsureCampaign(f.Context(), intake.EnsureCampaignParams{ID: uuid.New(), Name: name, Now: time.Now()})
	require.NoError(f, err)
	return added.Campaign.ID
}

// another returns the floor as people of a second campaign see it.
func (f *floor) another() *floor {
	f.Helper()
	return &floor{T: f.T, store: f.store, campaignID: f.newCampaign("Autumn"), carrier: f.carrier}
}

// recorded tells every process that is alive of an event, all at once.
func (f *floor) recorded(ctx context.Context, result telephony.RecordResult) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.processes {
		if !p.died() {
			p.Connect(ctx, result.Call)
		}
	}
}

// tell has events from now on told to these processes alone.
func (f *floor) tell(processes ...*process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.processes = processes
}

// phone is the number of the nth contact.
func phone(n int) outdial.Phone { return outdial.Phone(fmt.Sprintf("+1504%07d", 200_0000+n)) }

// agentID is the id of the nth agent.
func agentID(n int) uuid.UUID { return uuid.NewSHA1(uuid.Nil, fmt.Appendf(nil, "agent %d", n)) }

func (f *floor) enqueue(contacts int) {
	f.Helper()
	params := intake.AddContactsParams{CampaignID: f.campaignID, Now: time.Now()}
	for n := range contacts {
		params.Contacts = append(params.Contacts, intake.NewContact{
			SourceKey: f.campaignID.String() + phone(n).E164(), Priority: contacts - n,
			Contact: outdial.Contact{ID: uuid.New(), Phone: phone(n), PhoneStatus: outdial.PhoneValid},
		})
	}
	_, err := f.store.AddContacts(f.Context(), params)
	require.NoError(f, err)
	enqueued, err := f.store.EnqueueCalls(f.Context(), dialer.EnqueueParams{
		CampaignID: f.campaignID, LaunchID: uuid.New(), Now: time.Now(),
		Provenance: outdial.Provenance{By: "system", Reason: outdial.ReasonCampaignAudience},
	})
	require.NoError(f, err)
	require.Equal(f, contacts, enqueued.Enqueued)
}

func (f *floor) control(control dialer.Control) {
	f.Helper()
	_, err := f.store.ControlCampaign(f.Context(), dialer.ControlParams{
		CampaignID: f.campaignID, Control: control, Now: time.Now(),
	})
	require.NoError(f, err)
}

// ready has the first n agents wait for a call, for hours if need be.
func (f *floor) ready(agents int) {
	f.Helper()
	for n := range agents {
		_, err := f.store.SetPresence(f.Context(), presence.SetParams{
			CampaignID: f.campaignID, AgentID: agentID(n), State: presence.StateReady,
			ExpiresAt: time.Now().Add(24 * time.Hour), Now: time.Now(),
		})
		require.NoError(f, err)
	}
}

// staff has that many agents work, until the test ends.
func (f *floor) staff(agents int) *sim.Agents {
	return f.staffFrom(0, agents)
}

func (f *floor) staffFrom(first, agents int) *sim.Agents {
	ids := make([]uuid.UUID, agents)
	for n := range ids {
		ids[n] = agentID(first + n)
	}
	staff := sim.StartAgents(f.store, sim.AgentsConfig{CampaignID: f.campaignID, IDs: ids})
	f.Cleanup(staff.Close)
	return staff
}

// record returns what the carrier knows of a call.
func (f *floor) record(callID uuid.UUID) sim.Record {
	f.Helper()
	for _, record := range f.carrier.Records() {
		if record.Token == callID {
			return record
		}
	}
	require.Fail(f, "the carrier knows no such call")
	return sim.Record{}
}

// requireNoNumbers requires that nobody's number was logged.
func (f *floor) requireNoNumbers() {
	f.Helper()
	require.NotContains(f, f.log.String(), phone(0).E164()[1:8])
}

// pass lets time pass, and everybody do what they do at its end.
func (f *floor) pass(d time.Duration) {
	sleep(d)
	synctest.Wait()
}

// sleep takes time, in a goroutine that is not the test's.
func sleep(d time.Duration) { clock.New().Sleep(d) }

// calls returns every call of the campaign.
func (f *floor) calls() []dialer.Call {
	f.Helper()
	listed, err := f.store.ListCalls(f.Context(), dialer.ListCallsParams{CampaignID: f.campaignID, Limit: 10_000})
	require.NoError(f, err)
	require.False(f, listed.More)
	return listed.Calls
}

// call returns the only call of the campaign.
func (f *floor) call() dialer.Call {
	f.Helper()
	calls := f.calls()
	require.Len(f, calls, 1)
	return calls[0]
}

func (f *floor) items() []dialer.Item {
	f.Helper()
	listed, err := f.store.ListCallItems(f.Context(), dialer.ListItemsParams{CampaignID: f.campaignID, Limit: 10_000})
	require.NoError(f, err)
	require.False(f, listed.More)
	return listed.Items
}

// states counts the campaign's items by state, those that there are.
func (f *floor) states() map[dialer.State]int {
	f.Helper()
	counts := map[dialer.State]int{}
	for _, item := range f.items() {
		counts[item.State]++
	}
	return counts
}

// agents returns what the agents are doing, by their number.
func (f *floor) agents() []presence.State {
	f.Helper()
	sessions, err := f.store.ListPresence(f.Context(), presence.ListParams{CampaignID: f.campaignID})
	require.NoError(f, err)
	states := make([]presence.State, len(sessions))
	for n := range states {
		at := slices.IndexFunc(sessions, func(session presence.Session) bool { return session.AgentID == agentID(n) })
		require.GreaterOrEqual(f, at, 0)
		states[n] = sessions[at].State
	}
	return states
}

// process is an engine with its own way to the store, to the carrier and to events.
type process struct {
	*engine.Engine
	*gate

	cancel context.CancelFunc
	done   chan error
}

// process returns an engine that does not run yet.
func (f *floor) process(adjust ...func(*engine.Config)) *process {
	p := &process{gate: &gate{
		passed: map[string]int{}, allowed: map[string]time.Duration{},
		before: map[string]func() error{}, after: map[string]func(error){},
	}}
	cfg := engine.Config{
		Logger: slog.New(slog.NewJSONHandler(f.log, nil)), Meter: f.meter,
		Events: gatedEvents{f.handler, p.gate}, Windows: callwindow.Always{}, Policy: f.policy,
		AbandonedHold: f.hold,
	}
	for _, change := range adjust {
		change(&cfg)
	}
	p.Engine = engine.New(gatedStore{f.store, p.gate}, gatedCarrier{f.carrier, p.gate}, cfg)
	f.Cleanup(p.Close)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.processes = append(f.processes, p)
	return p
}

// calm looks at campaigns less often: for tests that last hours.
func calm(c *engine.Config) { c.TickEvery = 5 * time.Second }

// run runs an engine until the test ends, or until it is stopped.
func (f *floor) run(p *process) *process {
	f.Helper()
	ctx, cancel := context.WithCancel(f.Context())
	p.cancel, p.done = cancel, make(chan error, 1)
	go func() { p.done <- p.Run(ctx) }()
	f.Cleanup(func() { p.stop(f.T) })
	return p
}

// start runs a new engine.
func (f *floor) start(adjust ...func(*engine.Config)) *process {
	f.Helper()
	return f.run(f.process(adjust...))
}

// stop stops an engine cleanly, and requires that it does.
func (p *process) stop(t testing.TB) {
	t.Helper()
	if p.cancel == nil {
		return
	}
	p.cancel()
	require.NoError(t, <-p.done)
	p.cancel = nil
}

// gate is what stands between a process and the world: a test may look through it,
// hold it up or close it for good.
type gate struct {
	mu     sync.Mutex
	dead   bool
	thaws  time.Time
	passed map[string]int
	// allowed is how long the last request to the carrier might take, by method.
	allowed map[string]time.Duration
	before  map[string]func() error
	after   map[string]func(error)
}

var errDead = errors.New("the process is dead")

// die closes the gate, as when the process is killed: whatever it tries, nobody hears
// of it.
func (g *gate) die() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dead = true
}

// freeze lets nothing through for a while, and then what has piled up, as when the
// machine slept.
func (g *gate) freeze(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.thaws = time.Now().Add(d)
}

func (g *gate) died() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.dead
}

// onCall does something before each call of a method, and returns its error instead
// when there is one. Nil does nothing any more.
func (g *gate) onCall(method string, do func() error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.before[method] = do
}

// onReturn does something after each call of a method, with its error.
func (g *gate) onReturn(method string, do func(error)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.after[method] = do
}

// count says how many calls of a method have gone through.
func (g *gate) count(method string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.passed[method]
}

// until notes how long a request may take.
func (g *gate) until(ctx context.Context, method string) *gate {
	g.mu.Lock()
	defer g.mu.Unlock()
	if deadline, ok := ctx.Deadline(); ok {
		g.allowed[method] = time.Until(deadline)
	} else {
		g.allowed[method] = -1
	}
	return g
}

// deadlines says how long the last request to the carrier might take, by method.
func (g *gate) deadlines() map[string]time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.allowed)
}

func (g *gate) enter(method string) error {
	g.mu.Lock()
	before := g.before[method]
	g.mu.Unlock()
	if before != nil {
		if err := before(); err != nil {
			return err
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for left := time.Until(g.thaws); left > 0; left = time.Until(g.thaws) {
		g.mu.Unlock()
		sleep(left)
		g.mu.Lock()
	}
	if g.dead {
		return errDead
	}
	g.passed[method]++
	return nil
}

func (g *gate) leave(method string, err error) {
	g.mu.Lock()
	after := g.after[method]
	g.mu.Unlock()
	if after != nil {
		after(err)
	}
}

// through does something at the other side of the gate.
func through[R any](g *gate, method string, do func() (R, error)) (R, error) {
	var result R
	err := g.enter(method)
	if err != nil {
		return result, err
	}
	result, err = do()
	g.leave(method, err)
	return result, err
}

// throughOnly is through for what has no result.
func throughOnly(g *gate, method string, do func() error) error {
	_, err := through(g, method, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

type gatedStore struct {
	engine.Store

	gate *gate
}

func (s gatedStore) ListDialing(ctx context.Context) ([]uuid.UUID, error) {
	return through(s.gate, "ListDialing", func() ([]uuid.UUID, error) { return s.Store.ListDialing(ctx) })
}

func (s gatedStore) AcquireLease(ctx context.Context, p dialer.LeaseParams) (dialer.Lease, error) {
	return through(s.gate, "AcquireLease", func() (dialer.Lease, error) { return s.Store.AcquireLease(ctx, p) })
}

func (s gatedStore) ReleaseLease(ctx context.Context, p dialer.ReleaseLeaseParams) error {
	return throughOnly(s.gate, "ReleaseLease", func() error { return s.Store.ReleaseLease(ctx, p) })
}

func (s gatedStore) ListCalls(ctx context.Context, p dialer.ListCallsParams) (dialer.ListCallsResult, error) {
	return through(s.gate, "ListCalls", func() (dialer.ListCallsResult, error) { return s.Store.ListCalls(ctx, p) })
}

func (s gatedStore) ListPresence(ctx context.Context, p presence.ListParams) ([]presence.Session, error) {
	return through(s.gate, "ListPresence", func() ([]presence.Session, error) { return s.Store.ListPresence(ctx, p) })
}

// ClaimCalls arrives however late it is, and so does PlaceCall.
func (s gatedStore) ClaimCalls(ctx context.Context, p dialer.ClaimParams) (dialer.ClaimResult, error) {
	ctx = context.WithoutCancel(ctx)
	return through(s.gate, "ClaimCalls", func() (dialer.ClaimResult, error) { return s.Store.ClaimCalls(ctx, p) })
}

func (s gatedStore) PlaceCall(ctx context.Context, p dialer.PlaceParams) (dialer.PlaceResult, error) {
	ctx = context.WithoutCancel(ctx)
	return through(s.gate, "PlaceCall", func() (dialer.PlaceResult, error) { return s.Store.PlaceCall(ctx, p) })
}

func (s gatedStore) RecordCall(ctx context.Context, p dialer.RecordCallParams) (dialer.RecordCallResult, error) {
	return through(s.gate, "RecordCall", func() (dialer.RecordCallResult, error) { return s.Store.RecordCall(ctx, p) })
}

func (s gatedStore) SweepCalls(ctx context.Context, p dialer.SweepParams) (dialer.SweepResult, error) {
	return through(s.gate, "SweepCalls", func() (dialer.SweepResult, error) { return s.Store.SweepCalls(ctx, p) })
}

func (s gatedStore) ReserveAgent(ctx context.Context, p presence.ReserveParams) (presence.ReserveResult, error) {
	return through(s.gate, "ReserveAgent", func() (presence.ReserveResult, error) { return s.Store.ReserveAgent(ctx, p) })
}

func (s gatedStore) ReleaseAgent(ctx context.Context, p presence.ReleaseParams) error {
	return throughOnly(s.gate, "ReleaseAgent", func() error { return s.Store.ReleaseAgent(ctx, p) })
}

func (s gatedStore) ExpirePresence(ctx context.Context, p presence.ExpireParams) (int, error) {
	return through(s.gate, "ExpirePresence", func() (int, error) { return s.Store.ExpirePresence(ctx, p) })
}

type gatedEvents struct {
	engine.Events

	gate *gate
}

func (e gatedEvents) Handle(ctx context.Context, event telephony.Event) (telephony.Result, error) {
	return through(e.gate, "Handle "+string(event.Type), func() (telephony.Result, error) { return e.Events.Handle(ctx, event) })
}

type gatedCarrier struct {
	dialer.Carrier

	gate *gate
}

func (c gatedCarrier) Originate(ctx context.Context, req dialer.OriginateRequest) (dialer.OriginateResult, error) {
	return through(c.gate.until(ctx, "Originate"), "Originate", func() (dialer.OriginateResult, error) { return c.Carrier.Originate(ctx, req) })
}

func (c gatedCarrier) Bridge(ctx context.Context, req dialer.BridgeRequest) error {
	return throughOnly(c.gate.until(ctx, "Bridge"), "Bridge", func() error { return c.Carrier.Bridge(ctx, req) })
}

func (c gatedCarrier) Play(ctx context.Context, req dialer.PlayRequest) error {
	return throughOnly(c.gate.until(ctx, "Play"), "Play", func() error { return c.Carrier.Play(ctx, req) })
}

func (c gatedCarrier) Hangup(ctx context.Context, req dialer.HangupRequest) error {
	return throughOnly(c.gate.until(ctx, "Hangup"), "Hangup", func() error { return c.Carrier.Hangup(ctx, req) })
}

func (c gatedCarrier) Lookup(ctx context.Context, req dialer.LookupRequest) (dialer.LookupResult, error) {
	return through(c.gate.until(ctx, "Lookup"), "Lookup", func() (dialer.LookupResult, error) { return c.Carrier.Lookup(ctx, req) })
}

// people pick up after five seconds, wait ten on a silent line, and talk for a minute
// on average.
func people() sim.Callees {
	return sim.Callees{
		Answered: 1, Setup: sim.Exactly(time.Second), PickUp: sim.Exactly(5 * time.Second),
		Patience: sim.Exactly(10 * time.Second), Talk: time.Minute,
	}
}

// nobody picks up.
func nobody() sim.Callees { return sim.Callees{Setup: sim.Exactly(time.Second)} }

func machines() sim.Callees {
	callees := people()
	callees.Machines, callees.Recording = 1, sim.Exactly(time.Minute)
	return callees
}

// sure is a detection that is right after a second.
func sure() sim.Detection { return sim.Detection{Delay: sim.Exactly(time.Second)} }
