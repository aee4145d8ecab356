package storetest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/queue"
)

// permutationBehaviours proves for each script that everything that can become known
// of a call leads to one end, in whatever order and however often it comes.
func permutationBehaviours(g *group) {
	for _, s := range scripts() {
		g.proves(s.name+": every order and repetition has one end", func(c *campaign) { c.permute(s) })
	}
}

// permute plays a script once for each order of its news, each with a call, a phone
// and an agent of its own, several at the same time.
func (c *campaign) permute(s script) {
	seed := soughtSeed()
	orders := ordersOf(len(s.news), seed)
	calls, team := c.cast(s, len(orders))
	const stages = 4
	require.NoError(c, together(stages, func(stage int) error {
		for i := stage; i < len(orders); i += stages {
			if err := c.play(s, calls[i], orders[i], choices(int(seed), i)); err != nil { //nolint:gosec // any number is a seed
				return fmt.Errorf("in the order %v (seed %d): %w", orders[i], seed, err)
			}
		}
		return nil
	}))
	c.requireEnd(s, calls, team, func(i int) string { return fmt.Sprintf("in the order %v (-rapid.seed=%d)", orders[i], seed) })
}

// cast returns n calls that were placed now, and the agents who were reserved for
// them.
func (c *campaign) cast(s script, n int) (calls []dialer.Call, team []uuid.UUID) {
	c.Helper()
	c.running()
	calls = c.dialEverybody(c.addCallable(n)...)
	if !s.agent {
		return calls, nil
	}
	c.readyAgents(n)
	team = make([]uuid.UUID, n)
	for i, call := range calls {
		team[i] = c.reserve(call)
	}
	return calls, team
}

// play tells the store a call's news in that order, one second after the other, and
// some of it again. It is called from goroutines that are not the test's.
func (c *campaign) play(s script, call dialer.Call, order []int, random *rand.Rand) error {
	now := call.PlacedAt.Add(time.Hour)
	for done, at := range order {
		now = now.Add(time.Second)
		if err := c.say(s, call, s.news[at], now, false); err != nil {
			return err
		}
		for random.IntN(4) == 0 {
			now = now.Add(time.Second)
			if err := c.say(s, call, s.news[order[random.IntN(done+1)]], now, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// say tells the store one piece of news, for the first time or again.
func (c *campaign) say(s script, call dialer.Call, n news, now time.Time, repeated bool) error {
	if n.event == "" {
		_, err := c.store.RecordCall(c.Context(), s.recordParams(call, n, now))
		return err
	}
	result, err := c.store.RecordEvent(c.Context(), s.eventParams(call, n, now))
	if err == nil && result.Duplicate != repeated {
		return fmt.Errorf("the event %s is told to be a duplicate: %t", n.event, result.Duplicate)
	}
	return err
}

func (s script) recordParams(call dialer.Call, n news, now time.Time) dialer.RecordCallParams {
	p := dialer.RecordCallParams{CampaignID: call.Ref.CampaignID, CallID: call.ID, Lost: n.lost, Now: now}
	if n.answers {
		p.CallSID = sidOf(call)
	}
	if n.notPlaced {
		p.Facts = n.facts(call.PlacedAt)
	}
	return p
}

func (s script) eventParams(call dialer.Call, n news, now time.Time) telephony.RecordParams {
	event := telephony.Event{
		Ref: call.Ref, CallSID: sidOf(call), Type: n.event, Seq: n.seq, At: call.PlacedAt.Add(n.after),
		AMD: n.verdict, Cause: n.cause, Source: "webhook", Payload: []byte(`{}`),
	}
	if s.nameless {
		event.Ref = dialer.Ref{}
	}
	return telephony.RecordParams{Event: event, At: event.At, Now: now}
}

// sidOf is the carrier's name for a call in a script.
func sidOf(call dialer.Call) string { return "CA" + call.ID.String() }

// requireEnd checks that every call of a script has come to its end.
func (c *campaign) requireEnd(s script, calls []dialer.Call, team []uuid.UUID, how func(i int) string) {
	c.Helper()
	after, items := map[uuid.UUID]dialer.Call{}, map[uuid.UUID]dialer.Item{}
	for _, call := range c.calls() {
		after[call.ID] = call
	}
	for _, item := range c.callItems() {
		items[item.ID] = item
	}
	sessions := map[uuid.UUID]presence.Session{}
	for _, session := range c.sessions() {
		sessions[session.AgentID] = session
	}
	for i, before := range calls {
		call, item := after[before.ID], items[before.Ref.ItemID]
		want := s.end(before)
		if team != nil {
			want.AgentID = team[i]
			session := sessions[team[i]]
			require.Equal(c, s.presence, session.State, "%s", how(i))
			require.Equal(c, call.ID, session.CallID, "%s", how(i))
		}
		require.False(c, call.SettledAt.IsZero(), "%s", how(i))
		require.Equal(c, item.LockVersion, call.ItemVersion, "%s", how(i))
		requireSame(titled{c, how(i)}, want, asEnded(call))
		requireSame(titled{c, how(i)}, s.endOfItem(want), asEndedItem(item))
	}
	c.requireEndOfContacts(s, calls)
}

// end is a call of the script when all is known.
func (s script) end(call dialer.Call) dialer.Call {
	call = asEnded(call)
	call.Facts, call.Outcome = s.facts(call.PlacedAt), s.outcome
	for _, n := range s.news {
		if n.event != "" || n.answers {
			call.CallSID = sidOf(call)
		}
	}
	return call
}

// asEnded is a call without the times at which the store came to know what it knows,
// and without the count of its changes: those depend on the order.
func asEnded(call dialer.Call) dialer.Call {
	call.ItemVersion, call.LostAt, call.SettledAt = 0, time.Time{}, time.Time{}
	return call
}

// endOfItem is the item of a call of the script when all is known.
func (s script) endOfItem(call dialer.Call) dialer.Item {
	progress := dialer.RetryPolicy{}.Progress(call, dialer.History{})
	item := dialer.Item{
		ID: call.Ref.ItemID, CampaignID: call.Ref.CampaignID, ContactID: call.ContactID, State: s.state,
		NextAttemptAt: progress.NextAttemptAt, FailReason: progress.FailReason, CallSID: call.CallSID, AgentID: call.AgentID,
	}
	if s.outcome != dialer.OutcomeNotPlaced {
		item.Attempts = 1
	}
	return item
}

// asEndedItem is an item without what it was queued with and without the count of its
// changes.
func asEndedItem(item dialer.Item) dialer.Item {
	item = asQueued(item)
	item.LockVersion, item.CallZone, item.QueuedAt, item.Provenance = 0, "", time.Time{}, outdial.Provenance{}
	return item
}

// requireEndOfContacts checks what the campaign knows of its contacts: finished, or
// not to be tried before their items may.
func (c *campaign) requireEndOfContacts(s script, calls []dialer.Call) {
	c.Helper()
	progress := dialer.RetryPolicy{}.Progress(s.end(calls[0]), dialer.History{})
	if !s.state.Active() {
		require.Equal(c, len(calls), c.skipped(c.now.Add(10_000 * time.Hour))[queue.SkipFinished])
		return
	}
	require.Equal(c, len(calls), c.skipped(progress.NextAttemptAt.Add(-time.Microsecond))[queue.SkipCoolingDown])
	require.Equal(c, len(calls), c.skipped(progress.NextAttemptAt)[queue.SkipCollision])
}

// titled is a test that says of which of many cases it fails.
type titled struct {
	require.TestingT

	name string
}

func (n titled) Errorf(format string, args ...any) {
	n.TestingT.Errorf("%s: "+format, append([]any{n.name}, args...)...)
}

// soughtSeed is the seed that was asked for under the model's flag, or any.
func soughtSeed() uint64 {
	if given := flag.Lookup("rapid.seed"); given != nil {
		if seed, err := strconv.ParseUint(given.Value.String(), 10, 64); err == nil && seed != 0 {
			return seed
		}
	}
	return rand.Uint64() >> 1 //nolint:gosec // a test's choices need no secrecy
}

// ordersOf returns every order of n things as long as there are few of them, and
// otherwise as many as make sense, drawn at random. It is few in a short run and with
// the race detector, unless that soaks.
func ordersOf(n int, seed uint64) [][]int {
	most := 720
	switch {
	case os.Getenv("OUTDIAL_SOAK") == "1":
	case raceDetector:
		most = 24
	case testing.Short():
		most = 60
	}
	first := make([]int, n)
	for i := range first {
		first[i] = i
	}
	if orders := permutations(first, most); orders != nil {
		return orders
	}
	random := rand.New(rand.NewPCG(seed, uint64(n))) //nolint:gosec // a test's choices need no secrecy
	last := make([]int, n)
	for i := range last {
		last[i] = n - 1 - i
	}
	orders := [][]int{first, last}
	for len(orders) < most/2 {
		orders = append(orders, random.Perm(n))
	}
	return orders
}

// permutations returns every order of the things, or nil when there are more than
// most.
func permutations(things []int, most int) [][]int {
	count := 1
	for i := range things {
		if count *= i + 1; count > most {
			return nil
		}
	}
	orders := [][]int{{}}
	for _, thing := range things {
		var longer [][]int
		for _, order := range orders {
			for at := range len(order) + 1 {
				longer = append(longer, append(append(append([]int{}, order[:at]...), thing), order[at:]...))
			}
		}
		orders = longer
	}
	return orders
}
