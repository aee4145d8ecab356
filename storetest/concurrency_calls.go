package storetest

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/suppression"
)

// callConcurrencyBehaviours proves what holds of the power queue when many callers
// work at once. They run one after another, as those of the agent queue do.
func callConcurrencyBehaviours(g *group) {
	g.provesAlone("several dialers of two campaigns claim while others queue and suppress: as many claims as items, none twice, no phone in two calls", dialAtOnce)
	g.provesAlone("of several that place one call one does", placeOnce)
	g.provesAlone("of an agent and a dialer who want one phone at most one calls", wantOnePhone)
	g.provesAlone("one contact is queued once when agents and dialers queue it at once", queueOnce)
	g.provesAlone("after a pause has returned nothing is claimed and nothing placed", pauseWhileDialing)
	g.provesAlone("of several controls at once each is carried out in its turn or refused", controlAtOnce)

	g.provesAlone("twenty deliveries of one event at once have one effect", deliverOneEvent)
	g.provesAlone("everything about one call, delivered at once and several times, has one effect", deliverOneCall)
	g.provesAlone("orphans and the answer that names their call, at once: none is left, at the latest after a sweep", nameWhileReporting)

	g.provesAlone("fifty calls want fewer agents at once: no agent is taken twice, none is left, and as many calls have one as there are agents", reserveAtOnce)
	g.provesAlone("one call that asks for an agent twenty times at once gets one", reserveOnce)
	g.provesAlone("agents who leave while calls ask for them are reserved or gone, and never both", leaveWhileReserved)

	g.provesAlone("many want one lease: one has it at any time, tokens grow, and an old one is refused", contendForLease)
}

// rounds scales how often something is tried at once: less with the race detector,
// which makes each dear, unless that soaks.
func rounds(n int) int {
	const dearer = 10
	if raceDetector {
		n = max(1, n/dearer)
	}
	return effort(n)
}

// dialers is what several dialers do in two campaigns whose contacts share phones.
type dialers struct {
	campaigns []*campaign

	clock      atomic.Int64
	suppressed suppressedTimes
	queuing    atomic.Int64

	mu     sync.Mutex
	inCall map[outdial.Phone]uuid.UUID
	claims map[uuid.UUID]int
}

// dialAtOnce counts what several dialers claimed in three ways, and looks at every
// claim whether its phone is in a call already.
func dialAtOnce(c *campaign) {
	const team = 8
	d := &dialers{
		campaigns: []*campaign{c, c.another()}, suppressed: suppressedTimes{at: map[uuid.UUID]int64{}},
		inCall: map[outdial.Phone]uuid.UUID{}, claims: map[uuid.UUID]int{},
	}
	people := make([][]outdial.Contact, len(d.campaigns))
	phones := make([]outdial.Phone, effort(120))
	for i := range phones {
		phones[i] = nextPhone()
	}
	for i, campaign := range d.campaigns {
		campaign.running()
		crowd := make([]intake.NewContact, len(phones))
		for j := range crowd {
			crowd[j] = person(withPhone(phones[j]))
		}
		people[i] = campaign.add(crowd...)
	}
	d.queuing.Store(int64(len(d.campaigns)) + 1)
	require.NoError(c, together(len(d.campaigns)+1+team, func(i int) error {
		switch {
		case i < len(d.campaigns):
			defer d.queuing.Add(-1)
			return d.queue(d.campaigns[i], people[i])
		case i == len(d.campaigns):
			defer d.queuing.Add(-1)
			return d.suppress(people[0])
		default:
			return d.dial()
		}
	}))
	require.NoError(c, d.dial(), "what two dialers had kept from one another is there for the next")

	claims := 0
	for i, campaign := range d.campaigns {
		items := campaign.callItems()
		require.Empty(c, incoherentCalls(campaign.calls()))
		ended := 0
		for _, item := range items {
			if item.State == dialer.StateCompleted {
				require.Equal(c, 1, d.claims[item.ID], "item %s", item.ID)
				ended++
				continue
			}
			require.Contains(c, d.suppressed.at, item.ContactID, "nobody ever calls %s, who is %s", item.ContactID, item.State)
		}
		require.Len(c, campaign.calls(), d.claimsOf(items))
		require.LessOrEqual(c, len(items), len(people[i]))
		claims += d.claimsOf(items)
		require.Positive(c, ended)
	}
	require.Len(c, d.claims, claims, "as many claims as items that were claimed")
	require.Empty(c, d.inCall)
}

// claimsOf counts the claims of a campaign's items.
func (d *dialers) claimsOf(items []dialer.Item) int {
	claims := 0
	for _, item := range items {
		claims += d.claims[item.ID]
	}
	return claims
}

// queue puts people into the power queue, a few at a time.
func (d *dialers) queue(c *campaign, people []outdial.Contact) error {
	const few = 7
	for some := range slices.Chunk(people, few) {
		if _, err := c.store.EnqueueCalls(c.Context(), c.enqueueCallsParams(dialer.EnqueueParams{ContactIDs: contactIDs(some)})); err != nil {
			return err
		}
	}
	return nil
}

// suppress suppresses every fourth, and notes when that had returned.
func (d *dialers) suppress(people []outdial.Contact) error {
	c := d.campaigns[0]
	for i, contact := range people {
		if i%4 > 0 {
			continue
		}
		_, err := c.store.AddSuppressions(c.Context(), suppression.AddParams{
			Entries: []suppression.Entry{suppressedBy(contact, onlyIn(c.id))}, ActorID: c.actor, Now: c.now,
		})
		if err != nil {
			return err
		}
		d.suppressed.note(contact.ID, d.clock.Add(1))
	}
	return nil
}

// dial claims and calls, in both campaigns, until nothing is left to queue or to
// claim: whoever still has a phone then finds what waited for it.
func (d *dialers) dial() error {
	for {
		last, calls := d.queuing.Load() == 0, 0
		for _, campaign := range d.campaigns {
			made, err := d.claim(campaign)
			if err != nil {
				return err
			}
			calls += made
		}
		if last && calls == 0 {
			return nil
		}
	}
}

// claim claims a few items and makes their calls. It returns how many.
func (d *dialers) claim(c *campaign) (int, error) {
	began := d.clock.Add(1)
	claimed, err := c.store.ClaimCalls(c.Context(), c.claimParams(3))
	for _, call := range claimed.Calls {
		if d.suppressed.before(call.ContactID, began) {
			return 0, fmt.Errorf("contact %s was claimed after they had been suppressed", call.ContactID)
		}
		if err := d.call(c, call); err != nil {
			return 0, err
		}
	}
	return len(claimed.Calls), err
}

// hold notes that a call has a phone, until free says that the store may give it to
// another, and lets the others work meanwhile.
func (d *dialers) hold(call dialer.Call) error {
	d.mu.Lock()
	other, twice := d.inCall[call.Phone]
	d.inCall[call.Phone] = call.ID
	d.mu.Unlock()
	if twice {
		return fmt.Errorf("calls %s and %s have one phone", call.ID, other)
	}
	for range len(d.campaigns) * 4 {
		runtime.Gosched()
	}
	return nil
}

func (d *dialers) free(call dialer.Call) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.inCall, call.Phone)
}

// call places a call, talks and hangs up. A refusal frees the phone, and so does the
// end.
func (d *dialers) call(c *campaign, call dialer.Call) error {
	if err := d.hold(call); err != nil {
		return err
	}
	d.mu.Lock()
	d.claims[call.Ref.ItemID]++
	d.mu.Unlock()
	d.free(call)
	placed, err := c.store.PlaceCall(c.Context(), c.placeParams(call))
	if err != nil || placed.Refusal != "" {
		return err
	}
	if err := d.hold(call); err != nil {
		return err
	}
	d.free(call)
	_, err = c.store.RecordCall(c.Context(), c.recordParams(call, dialer.Facts{
		ConnectedAt: c.now, EndedAt: c.now.Add(time.Minute), Cause: dialer.CauseCompleted,
	}))
	return err
}

// placeOnce has eight dialers place one call.
func placeOnce(c *campaign) {
	c.running()
	for range rounds(40) {
		call := c.claimed(c.addCallable(1)[0])
		var placed, refused atomic.Int64
		require.NoError(c, together(8, func(int) error {
			_, err := c.store.PlaceCall(c.Context(), c.placeParams(call))
			switch {
			case errors.Is(err, outdial.ErrConflict):
				refused.Add(1)
				return nil
			case err == nil:
				placed.Add(1)
			}
			return err
		}))
		require.Equal(c, []int64{1, 7}, []int64{placed.Load(), refused.Load()})
		require.Equal(c, 1, c.call(call.ID).Attempt)
		require.Equal(c, 1, c.callItem(call.Ref.ItemID).Attempts)
	}
}

// wantOnePhone has an agent pull and start, and a dialer of another campaign claim and
// place, a call to one phone.
func wantOnePhone(c *campaign) {
	other := c.another().running()
	agent, dialed := 0, 0
	for round := range rounds(100) {
		phone, hand := nextPhone(), uuid.New()
		c.give(hand, c.add(person(withPhone(phone)))...)
		other.queueCalls(other.add(person(withPhone(phone)))...)
		var started, placed bool
		require.NoError(c, together(2, func(i int) (err error) {
			if i == round%2 {
				started, err = c.pullAndStart(hand)
			} else {
				placed, err = other.claimAndPlace(phone)
			}
			return err
		}))
		require.False(c, started && placed, "both call")
		if started {
			agent++
		}
		if placed {
			dialed++
		}
	}
	require.Positive(c, agent+dialed)
}

// pullAndStart says whether the agent began a call.
func (c *campaign) pullAndStart(agent uuid.UUID) (bool, error) {
	pulled, err := c.store.PullItem(c.Context(), c.pullParams(agent))
	if err != nil || pulled.Item == nil {
		return false, err
	}
	_, err = c.store.MoveItem(c.Context(), c.moveParams(*pulled.Item, queue.MoveStart))
	if errors.Is(err, outdial.ErrConflict) {
		return false, nil
	}
	return err == nil, err
}

// claimAndPlace says whether a call to the phone may be placed.
func (c *campaign) claimAndPlace(phone outdial.Phone) (bool, error) {
	claimed, err := c.store.ClaimCalls(c.Context(), c.claimParams(everything))
	if err != nil {
		return false, err
	}
	for _, call := range claimed.Calls {
		if call.Phone == phone {
			placed, err := c.store.PlaceCall(c.Context(), c.placeParams(call))
			return err == nil && placed.Refusal == "", err
		}
	}
	return false, nil
}

// queueOnce has agents' queues, the pool and the power queue filled with the same
// people at once.
func queueOnce(c *campaign) {
	for range rounds(20) {
		here := c.another()
		here.addCallable(30)
		require.NoError(c, together(8, func(i int) error {
			var err error
			switch i % 4 {
			case 0:
				_, err = here.store.EnqueueItems(here.Context(), here.enqueueParams(queue.EnqueueParams{}))
			case 1:
				_, err = here.store.ReplaceQueue(here.Context(), here.replaceParams(queue.ReplaceParams{AgentID: uuid.New(), MaxQueueSize: 9}))
			default:
				_, err = here.store.EnqueueCalls(here.Context(), here.enqueueCallsParams(dialer.EnqueueParams{}))
			}
			return err
		}))
		active := held(here.items())
		for _, item := range here.callItems() {
			active = append(active, item.ContactID)
		}
		slices.SortFunc(active, compareIDs)
		require.Len(c, active, 30, "everybody is queued")
		require.Len(c, slices.Compact(active), 30, "nobody is queued twice")
	}
}

// pauseWhileDialing pauses a campaign while dialers claim and place, with one call that
// was claimed before and is to be placed after.
func pauseWhileDialing(c *campaign) {
	const team = 4
	for range rounds(20) {
		p := &pausing{campaign: c.another().running(), paused: make(chan struct{})}
		early := p.claimed(p.addCallable(1)[0])
		p.queueCalls(p.addCallable(30)...)
		require.NoError(c, together(team+2, func(i int) error {
			switch i {
			case 0:
				return p.pause()
			case 1:
				<-p.paused
				return p.place(early)
			}
			defer p.clock.Add(team * team)
			for {
				more, err := p.dial()
				if err != nil || !more {
					return err
				}
			}
		}))
		require.Equal(c, dialer.StatusPaused, p.dialerStats().Status)
	}
}

// pausing is a campaign that is paused while others dial, and a clock that tells what
// began after the pause had returned.
type pausing struct {
	*campaign

	clock    atomic.Int64
	pausedAt atomic.Int64
	paused   chan struct{}
}

func (p *pausing) pause() error {
	const busy = 12
	defer close(p.paused)
	for p.clock.Load() < busy {
		runtime.Gosched()
	}
	_, err := p.store.ControlCampaign(p.Context(), p.controlParams(dialer.ControlPause))
	p.pausedAt.Store(p.clock.Add(1))
	return err
}

// after says whether the pause had returned by then.
func (p *pausing) after(began int64) bool {
	at := p.pausedAt.Load()
	return at > 0 && at < began
}

// dial claims one item and places its call. It says whether there may be more.
func (p *pausing) dial() (bool, error) {
	began := p.clock.Add(1)
	claimed, err := p.store.ClaimCalls(p.Context(), p.claimParams(1))
	if err != nil || len(claimed.Calls) == 0 {
		return false, err
	}
	if p.after(began) {
		return false, errors.New("a call was claimed after the pause")
	}
	err = p.place(claimed.Calls[0])
	return err == nil, err
}

// place asks to place a call, which must be refused when the pause has returned.
func (p *pausing) place(call dialer.Call) error {
	began := p.clock.Add(1)
	placed, err := p.store.PlaceCall(p.Context(), p.placeParams(call))
	if err == nil && p.after(began) && placed.Refusal == "" {
		err = errors.New("a call was placed after the pause")
	}
	return err
}

// controlAtOnce starts, pauses and stops at once, and finds an order of those that
// were carried out.
func controlAtOnce(c *campaign) {
	for range rounds(30) {
		here := c.another()
		carried := make([]int, len(dialer.Controls()))
		var mu sync.Mutex
		require.NoError(c, together(8, func(i int) error {
			control := dialer.Controls()[i%len(carried)]
			result, err := here.store.ControlCampaign(here.Context(), here.controlParams(control))
			if errors.Is(err, outdial.ErrConflict) {
				return nil
			}
			if err == nil && result.Status != control.To() {
				return fmt.Errorf("%s led to %s", control, result.Status)
			}
			mu.Lock()
			defer mu.Unlock()
			carried[i%len(carried)]++
			return err
		}))
		starts, pauses, resumes, stops := carried[0], carried[1], carried[2], carried[3]
		require.Contains(c, []int{0, 1}, starts-stops, "each start follows a stop")
		require.LessOrEqual(c, resumes, pauses, "each resume follows a pause")
		require.Equal(c, starts > stops, here.dialerStats().Status != dialer.StatusStopped)
	}
}
