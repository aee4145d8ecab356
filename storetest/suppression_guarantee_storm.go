package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/suppression"
)

// trial is everything at once that claims contacts or changes the list, in two
// campaigns of agents and one that is dialed. Their contacts share phones and e-mail
// addresses.
type trial struct {
	*campaign
	*chronicle

	seed     int
	agents   []*campaign
	dialed   *campaign
	crowds   map[uuid.UUID][]outdial.Contact
	contacts map[uuid.UUID]outdial.Contact
	cursor   string

	// over is closed when the agents have done their work, and wake tells those who
	// purge that the list has changed.
	over   chan struct{}
	wake   chan struct{}
	purged atomic.Int64

	// fillings are the calls that queued somebody, by whom the items say they came from.
	filled   sync.Mutex
	fillings map[string]claim
}

// claimWhileSuppressing records what everybody claims while the list changes, and looks
// for a claim of somebody who was on it.
func claimWhileSuppressing(c *campaign) {
	// A short trial on a busy machine may pass without one of the things that there must
	// be for it to prove anything.
	const tries = 30
	missing := []string{
		"PullItem", "ReplaceQueue", "EnqueueItems", "EnqueueCalls", "ClaimCalls", "PlaceCall",
		purgedMeanwhile, failedIn(0), failedIn(1), failedIn(2),
	}
	for try := 0; try < tries && len(missing) > 0; try++ {
		happened := tryClaims(c.another())
		missing = slices.DeleteFunc(missing, func(what string) bool { return happened[what] })
	}
	require.Empty(c, missing, "none of it happened in %d trials", tries)
}

// purgedMeanwhile says that a worker failed items while others claimed.
const purgedMeanwhile = "a purge"

// failedIn says that somebody had to go from one of the campaigns.
func failedIn(campaign int) string { return fmt.Sprintf("somebody goes from campaign %d", campaign) }

// tryClaims is one trial. It returns what happened in it.
func tryClaims(c *campaign) (happened map[string]bool) {
	c.Helper()
	const team, people, fewest = 20, 30, 5
	const writers, fillers, dialers, purgers = 4, 2, 3, 2
	t := newTrial(c, people)
	var working atomic.Int64
	working.Store(team)
	require.NoError(c, together(team+writers+fillers+dialers+purgers, func(i int) error {
		random := choices(t.seed, i)
		switch i -= team; {
		case i < 0:
			defer func() {
				if working.Add(-1) == 0 {
					close(t.over)
				}
			}()
			return t.work(t.agents[-i%2], random, max(fewest, rounds(40)))
		case i < writers:
			return t.write(random)
		case i < writers+fillers:
			return t.fill(random)
		case i < writers+fillers+dialers:
			return t.dial(random)
		}
		return t.purge()
	}), t.about())
	happened = t.judge()
	t.cleanUp(happened)
	return happened
}

func newTrial(c *campaign, people int) *trial {
	c.Helper()
	t := &trial{
		campaign: c, chronicle: newChronicle(),
		seed:   rand.IntN(1_000_000), //nolint:gosec // a test's choices need no secrecy
		agents: []*campaign{c, c.another()}, dialed: c.another().running(),
		crowds: map[uuid.UUID][]outdial.Contact{}, contacts: map[uuid.UUID]outdial.Contact{}, cursor: uuid.NewString(),
		over: make(chan struct{}), wake: make(chan struct{}, 1), fillings: map[string]claim{},
	}
	// Whoever purges has nothing to catch up with from earlier trials.
	t.purgeAll(t.cursor)
	// A call that was not placed is tried again at once, so that there is always
	// something to dial.
	t.dialed.setPolicy(dialer.RetryPolicy{CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeNotPlaced: 0}})
	phones := make([]outdial.Phone, people)
	for i := range phones {
		phones[i] = nextPhone()
	}
	for j, there := range t.campaigns() {
		crowd := make([]intake.NewContact, people)
		for i, phone := range phones {
			crowd[i] = person(withPhone(phone), func(who *intake.NewContact) {
				who.Contact.Email = outdial.Email([]string{"Shared", "shared", "SHARED"}[j] + phone.E164() + "@Example.com")
			})
		}
		t.crowds[there.id] = there.add(crowd...)
		for _, contact := range t.crowds[there.id] {
			t.contacts[contact.ID] = contact
		}
	}
	return t
}

func (t *trial) campaigns() []*campaign { return append(t.agents[:2:2], t.dialed) }

func (t *trial) about() string { return fmt.Sprintf("seed %d", t.seed) }

// isOver says whether the agents have done their work.
func (t *trial) isOver() bool {
	select {
	case <-t.over:
		return true
	default:
		return false
	}
}

// some returns one contact of a campaign in four.
func (t *trial) some(random *rand.Rand, c *campaign) []uuid.UUID {
	ids := []uuid.UUID{}
	for _, contact := range t.crowds[c.id] {
		if random.IntN(4) == 0 {
			ids = append(ids, contact.ID)
		}
	}
	return ids
}

// work is an agent's.
func (t *trial) work(c *campaign, random *rand.Rand, steps int) error {
	agent := uuid.New()
	for range steps {
		var err error
		switch dice := random.IntN(100); {
		case dice < 60:
			err = t.pull(c, agent, random)
		case dice < 90:
			err = t.replace(c, agent, random)
		default:
			_, err = c.store.ClearQueue(c.Context(), queue.ClearParams{CampaignID: c.id, AgentID: agent, ActorID: c.actor, Now: c.now})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pull pulls an item, and gives it back, starts it or keeps it. Whoever loses it to a
// purge or may not start it goes on.
func (t *trial) pull(c *campaign, agent uuid.UUID, random *rand.Rand) error {
	var pulled queue.PullResult
	made, err := t.timed(func() (err error) {
		pulled, err = c.store.PullItem(c.Context(), c.pullParams(agent))
		return err
	})
	if err != nil || pulled.Item == nil {
		return err
	}
	if !pulled.Held {
		t.note(claim{span: made, what: "PullItem", campaignID: c.id, contactID: pulled.Item.ContactID})
	}
	move, rarely := queue.MoveGiveBack, random.IntN(8) == 0
	switch random.IntN(4) {
	case 0:
		return nil
	case 1:
		move = queue.MoveStart
	}
	moved, err := c.store.MoveItem(c.Context(), c.moveParams(*pulled.Item, move))
	if errors.Is(err, outdial.ErrConflict) {
		return nil
	}
	if err != nil || move != queue.MoveStart || !rarely {
		return err
	}
	contact := t.contacts[moved.Item.ContactID]
	phone := bar{place: suppression.Place{Target: suppression.PhoneTarget(contact.Phone)}}
	err = t.raise("do_not_call", []bar{phone}, func() error {
		_, err := c.store.RecordDisposition(c.Context(), c.disposeParams(subjectOf(moved.Item, contact), disposition.CodeDoNotCall))
		return err
	})
	if errors.Is(err, outdial.ErrConflict) {
		return nil
	}
	return err
}

// replace replaces an agent's queue. Everybody who is in it afterwards was taken in,
// whether they are new or have stayed; the agent alone changes what is queued there.
func (t *trial) replace(c *campaign, agent uuid.UUID, random *rand.Rand) error {
	by := uuid.New()
	p := c.replaceParams(queue.ReplaceParams{
		AgentID: agent, ActorID: by, MaxQueueSize: 1 + random.IntN(4), ReleaseInProgress: random.IntN(2) == 0,
	})
	made, err := t.filling("ReplaceQueue", by, c, func() error {
		_, err := c.store.ReplaceQueue(c.Context(), p)
		return err
	})
	if err != nil {
		return err
	}
	listed, err := c.store.ListItems(c.Context(), queue.ListParams{
		CampaignID: c.id, AgentID: agent, State: queue.StateQueued, Limit: everything,
	})
	for _, item := range listed.Items {
		t.note(claim{span: made, what: "ReplaceQueue", campaignID: c.id, contactID: item.ContactID})
	}
	return err
}

// filling makes a call that queues contacts under a name of its own, by which their
// items are recognized in the end.
func (t *trial) filling(what string, by uuid.UUID, c *campaign, call func() error) (span, error) {
	made, err := t.timed(call)
	t.filled.Lock()
	defer t.filled.Unlock()
	t.fillings[by.String()] = claim{span: made, what: what, campaignID: c.id}
	return made, err
}

// fill puts people into the pools and into the power queue.
func (t *trial) fill(random *rand.Rand) error {
	for !t.isOver() {
		for _, c := range t.campaigns() {
			by, some := uuid.New(), t.some(random, c)
			from := outdial.Provenance{By: by.String(), Reason: outdial.ReasonManualAdd}
			var err error
			if c == t.dialed {
				_, err = t.filling("EnqueueCalls", by, c, func() error {
					_, err := c.store.EnqueueCalls(c.Context(), c.enqueueCallsParams(dialer.EnqueueParams{ContactIDs: some, Provenance: from}))
					return err
				})
			} else {
				_, err = t.filling("EnqueueItems", by, c, func() error {
					_, err := c.store.EnqueueItems(c.Context(), c.enqueueParams(queue.EnqueueParams{ContactIDs: some, Provenance: from}))
					return err
				})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// dial claims a few items, and places their calls when it has claimed others: much can
// happen to the list meanwhile.
func (t *trial) dial(random *rand.Rand) error {
	var waiting []dialer.Call
	for !t.isOver() {
		calls, err := t.claimCalls(1 + random.IntN(4))
		if err != nil {
			return err
		}
		if err := t.placeAll(waiting); err != nil {
			return err
		}
		waiting = calls
	}
	return t.placeAll(waiting)
}

func (t *trial) claimCalls(most int) ([]dialer.Call, error) {
	c := t.dialed
	var claimed dialer.ClaimResult
	made, err := t.timed(func() (err error) {
		claimed, err = c.store.ClaimCalls(c.Context(), c.claimParams(most))
		return err
	})
	for _, call := range claimed.Calls {
		t.note(claim{span: made, what: "ClaimCalls", campaignID: c.id, contactID: call.ContactID})
	}
	return claimed.Calls, err
}

func (t *trial) placeAll(calls []dialer.Call) error {
	for _, call := range calls {
		if err := t.place(call); err != nil {
			return err
		}
	}
	return nil
}

// place asks to place a call, which then is not placed after all, so that its item
// waits for the next.
func (t *trial) place(call dialer.Call) error {
	c := t.dialed
	var placed dialer.PlaceResult
	made, err := t.timed(func() (err error) {
		placed, err = c.store.PlaceCall(c.Context(), c.placeParams(call))
		return err
	})
	if err != nil && !errors.Is(err, outdial.ErrConflict) || placed.Refusal != "" {
		return err
	}
	if err == nil {
		t.note(claim{span: made, what: "PlaceCall", campaignID: c.id, contactID: call.ContactID})
	}
	_, err = c.store.RecordCall(c.Context(), c.recordParams(call, dialer.Facts{NotPlacedAt: c.now}))
	return err
}

// purge fails items as long as the agents work, whenever the list has changed.
func (t *trial) purge() error {
	for {
		select {
		case <-t.over:
			return nil
		case <-t.wake:
		}
		for more := true; more && !t.isOver(); {
			result, err := t.store.PurgeSuppressed(t.Context(), suppression.PurgeParams{Cursor: t.cursor, Events: 7, Items: 2, Now: t.now})
			if err != nil {
				return err
			}
			t.purged.Add(int64(result.AgentItems + result.PowerItems))
			more = result.More
		}
	}
}

// judge looks for a claim that breaks the guarantee, and says what there was.
func (t *trial) judge() (happened map[string]bool) {
	t.Helper()
	for _, c := range t.agents {
		for _, item := range c.items() {
			t.queued(item.Provenance, item.ContactID)
		}
	}
	for _, item := range t.dialed.callItems() {
		t.queued(item.Provenance, item.ContactID)
	}
	claims := map[string]int{}
	for _, claimed := range t.claims {
		claims[claimed.what]++
	}
	require.Empty(t, t.contradiction(t.contacts), t.about())
	happened = map[string]bool{purgedMeanwhile: t.purged.Load() > 0}
	for what, count := range claims {
		happened[what] = count > 0
	}
	t.Logf("seed %d: %v claims, %d purged, %d calls", t.seed, claims, t.purged.Load(), t.clock.Load()/2)
	return happened
}

// queued notes the claim by which an item came to be.
func (t *trial) queued(from outdial.Provenance, contactID uuid.UUID) {
	t.Helper()
	require.Contains(t, t.fillings, from.By, t.about())
	filling := t.fillings[from.By]
	filling.contactID = contactID
	t.note(filling)
}

// cleanUp purges to the end, checks who is left in the queues and who went, and says
// from where somebody did.
func (t *trial) cleanUp(happened map[string]bool) {
	t.Helper()
	t.purgeAll(t.cursor)
	t.sweepAll()
	for number, c := range t.campaigns() {
		barred := map[uuid.UUID]bool{}
		for _, contact := range t.crowds[c.id] {
			found, err := c.store.FindSuppressions(c.Context(), suppression.FindParams{ContactID: contact.ID, CampaignID: c.id, Now: c.now})
			require.NoError(c, err)
			barred[contact.ID] = found.OptedOut || len(found.Entries) > 0
		}
		failed := []uuid.UUID{}
		for _, item := range c.items() {
			require.False(c, item.State.Active() && barred[item.ContactID], "%s: item %s is left, %s", t.about(), item.ID, item.State)
			if item.FailReason == disposition.FailSuppressed {
				failed = append(failed, item.ContactID)
			}
		}
		for _, item := range c.callItems() {
			require.False(c, item.State.Active() && barred[item.ContactID], "%s: item %s is left, %s", t.about(), item.ID, item.State)
			if item.FailReason == disposition.FailSuppressed {
				failed = append(failed, item.ContactID)
			}
		}
		happened[failedIn(number)] = len(failed) > 0
		for _, id := range failed {
			require.True(c, t.everBarred(t.contacts[id], c.id), "%s: contact %s was never suppressed", t.about(), id)
		}
	}
}
