package storetest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/suppression"
)

// modelBehaviours compares the store with the reference model after every step
// of random sequences of calls.
func modelBehaviours(g *group) {
	g.provesAlone("random calls answer and leave what the reference model does", func(c *campaign) {
		checks, most, failed := int64(0), mostChecks(40), false
		for range effort(1) {
			rapid.Check(c.T, func(t *rapid.T) {
				checks++
				if checks > most && !failed {
					return
				}
				// A check that fails is made again and again to find a shorter one.
				passed := false
				defer func() { failed = failed || !passed }()
				m := newMachine(c.Context(), t, c, checks)
				t.Repeat(m.steps(t))
				m.compareAudit(t)
				passed = true
			})
		}
	})
}

// mostChecks bounds the checks of a run with the race detector, which looks for
// other mistakes than the model does, unless the caller has said how many to make.
func mostChecks(few int64) int64 {
	asked := os.Getenv("OUTDIAL_SOAK") == "1"
	flag.Visit(func(given *flag.Flag) { asked = asked || given.Name == "rapid.checks" })
	if raceDetector && !asked {
		return few
	}
	return math.MaxInt64
}

// machine is one sequence of random calls to a store and to the model. A check
// shares the store with those before it, so everything it makes carries its
// number, and it begins at a time when nothing that they left is locked.
type machine struct {
	ctx      context.Context //nolint:containedctx // the test's, for calls made from actions whose signature rapid sets
	campaign *campaign
	number   int64
	now      time.Time
	model    *model

	campaigns []uuid.UUID
	agents    []uuid.UUID
	actors    []uuid.UUID
	accounts  []uuid.UUID
	launches  []uuid.UUID
	phones    []outdial.Phone
	emails    []outdial.Email
	people    []intake.NewContact
}

func newMachine(ctx context.Context, t *rapid.T, c *campaign, number int64) *machine {
	const daysApart = 84
	m := &machine{
		ctx: ctx, campaign: c, number: number, model: newModel(),
		now: startOfDay.AddDate(0, 0, int(number)*daysApart), agents: agents(3), actors: agents(2), launches: agents(2),
		accounts: append([]uuid.UUID{uuid.Nil}, agents(2)...),
	}
	for i := range 9 {
		m.phones = append(m.phones, nextPhone())
		m.emails = append(m.emails, outdial.Email(fmt.Sprintf("Ann%d.%d@Example.com", i, number)))
	}
	for i := range 2 {
		id := uuid.New()
		_, err := c.store.EnsureCampaign(ctx, intake.EnsureCampaignParams{ID: id, Name: fmt.Sprintf("model %d.%d %s", number, i, id), Now: m.now})
		require.NoError(t, err)
		m.campaigns = append(m.campaigns, id)
	}
	_, err := c.store.SweepLocks(ctx, queue.SweepParams{Now: m.now, KeysBefore: m.now})
	require.NoError(t, err)
	m.addContactsTo(t, m.campaigns[0], 6, 14)
	m.addContactsTo(t, m.campaigns[1], 0, 4)
	m.compare(t)
	return m
}

// steps returns what can happen next: pulls, enqueues and moves, and of the rest
// about half, drawn anew for each check. Were everything possible in every check,
// replaces and clears would never let a queue grow old.
func (m *machine) steps(t *rapid.T) map[string]func(*rapid.T) {
	steps := map[string]func(*rapid.T){
		"EnqueueItems":   m.enqueue,
		"MoveItem":       m.move,
		"PullItem":       m.pull,
		"PullItem again": m.pull,
		"":               m.compare,
	}
	optional := map[string]func(*rapid.T){
		"AddContacts":     m.addContacts,
		"AddSuppressions": m.addSuppressions,
		"ClearQueue":      m.clear,
		"ReplaceQueue":    m.replace,
		"RollbackLaunch":  m.rollback,
		"SweepLocks":      m.sweep,
		"time passes":     m.wait,
		"time passes to":  m.waitUntil,
	}
	if m.campaign.suite.features.UpdateContact != nil {
		optional["a host updates a contact"] = m.updateContact
	}
	for _, name := range slices.Sorted(maps.Keys(optional)) {
		if rapid.Bool().Draw(t, name+" happens") {
			steps[name] = optional[name]
		}
	}
	return steps
}

// compare checks every item, and the counts, of both campaigns.
func (m *machine) compare(t *rapid.T) {
	for _, campaign := range m.campaigns {
		listed, err := m.campaign.store.ListItems(m.ctx, queue.ListParams{CampaignID: campaign, Limit: everything})
		require.NoError(t, err)
		want := m.model.of(campaign)
		requireSame(t, want, listed.Items)
		requireCoherent(t, listed.Items)
		stats, err := m.campaign.store.QueueStats(m.ctx, queue.StatsParams{CampaignID: campaign})
		require.NoError(t, err)
		requireSame(t, statsOf(want), stats)
	}
}

// adopt tells the model the ids of new items, and returns them in the order in
// which the model made them.
func (m *machine) adopt(t *rapid.T, campaign uuid.UUID) []uuid.UUID {
	listed, err := m.campaign.store.ListItems(m.ctx, queue.ListParams{CampaignID: campaign, Limit: everything})
	require.NoError(t, err)
	return m.model.adopt(listed.Items)
}

// agree checks that store and model answered alike.
func agree[Result any](t *rapid.T, want Result, wantErr error, got Result, err error) {
	if wantErr != nil {
		require.ErrorIs(t, err, wantErr)
		return
	}
	require.NoError(t, err)
	requireSame(t, want, got)
}

// compareAudit checks that each change left its entry, and nothing else did.
func (m *machine) compareAudit(t *rapid.T) {
	read := m.campaign.suite.features.Audit
	if read == nil {
		return
	}
	got := map[outdial.Action]int{}
	for _, actor := range m.actors {
		for _, entry := range read(m.campaign, m.campaign.store, actor) {
			got[entry.Action]++
		}
	}
	requireSame(t, m.model.audit, got)
}

// replace sometimes happens just when a lock ends.
func (m *machine) replace(t *rapid.T) {
	m.perhapsWhenALockEnds(t)
	p := queue.ReplaceParams{
		CampaignID: m.drawCampaign(t), AgentID: m.drawAgent(t), ActorID: m.drawActor(t),
		Filter: m.drawFilter(t), PerAccountCap: rapid.SampledFrom([]int{0, 1, 1, 2}).Draw(t, "cap"),
		MaxQueueSize: rapid.IntRange(0, 6).Draw(t, "size"), ReleaseInProgress: rapid.Bool().Draw(t, "release running"),
		DryRun: rapid.IntRange(0, 3).Draw(t, "dry when 3") == 3, Now: m.now,
	}
	if holders := m.holders(p.CampaignID); len(holders) > 0 && rapid.Bool().Draw(t, "for one who holds something") {
		p.AgentID = rapid.SampledFrom(holders).Draw(t, "holder")
	}
	if !p.DryRun {
		p.Idempotency = m.drawKey(t, p.ActorID, "replace")
	}
	want, wantErr := m.model.replace(p)
	got, err := m.campaign.store.ReplaceQueue(m.ctx, p)
	agree(t, want, wantErr, got, err)
	adopted := m.adopt(t, p.CampaignID)
	for i := 1; i < len(adopted); i++ {
		require.Negative(t, compareIDs(adopted[i-1], adopted[i]), "the ids of new items follow the queue's order")
	}
}

func (m *machine) enqueue(t *rapid.T) {
	p := queue.EnqueueParams{
		CampaignID: m.drawCampaign(t), ActorID: m.drawActor(t), Now: m.now,
		AgentID:  m.drawOwner(t),
		LaunchID: rapid.SampledFrom(append(m.launches[:2:2], uuid.Nil)).Draw(t, "launch"),
		Provenance: outdial.Provenance{
			By: "someone", Reason: rapid.SampledFrom(append(outdial.Reasons(), outdial.ReasonCallback)).Draw(t, "reason"),
		},
	}
	if rapid.Bool().Draw(t, "named") {
		p.ContactIDs = rapid.SliceOfN(rapid.SampledFrom(m.contactIDs()), 0, 5).Draw(t, "contacts")
	} else {
		p.Filter = m.drawFilter(t)
	}
	if rapid.IntRange(0, 3).Draw(t, "priority when 3") == 3 {
		priority := rapid.IntRange(-1, 2).Draw(t, "priority")
		p.Priority = &priority
	}
	if rapid.Bool().Draw(t, "scheduled") {
		p.ScheduledFor = m.now.Add(rapid.SampledFrom(waits).Draw(t, "in"))
	}
	p.Idempotency = m.drawKey(t, p.ActorID, "enqueue")
	want, wantErr := m.model.enqueue(p)
	got, err := m.campaign.store.EnqueueItems(m.ctx, p)
	agree(t, want, wantErr, got, err)
	m.adopt(t, p.CampaignID)
}

func (m *machine) clear(t *rapid.T) {
	p := queue.ClearParams{
		CampaignID: m.drawCampaign(t), ActorID: m.drawActor(t), Now: m.now,
		AgentID: rapid.SampledFrom(append(m.agents[:3:3], uuid.Nil)).Draw(t, "agent"),
	}
	p.Idempotency = m.drawKey(t, p.ActorID, "clear")
	want, wantErr := m.model.clear(p)
	got, err := m.campaign.store.ClearQueue(m.ctx, p)
	agree(t, want, wantErr, got, err)
}

// pull sometimes happens just when a lock ends.
func (m *machine) pull(t *rapid.T) {
	m.perhapsWhenALockEnds(t)
	p := queue.PullParams{CampaignID: m.drawCampaign(t), AgentID: m.drawAgent(t), LockFor: lockFor, Now: m.now}
	want := m.model.pull(p)
	got, err := m.campaign.store.PullItem(m.ctx, p)
	agree(t, want, nil, got, err)
}

// move mostly names an item as it is, by the agent who holds it.
func (m *machine) move(t *rapid.T) {
	p := queue.MoveParams{
		CampaignID: m.drawCampaign(t), ItemID: uuid.New(), LockFor: lockFor, Now: m.now,
		Move: rapid.SampledFrom([]queue.Move{queue.MoveStart, queue.MoveStart, queue.MoveGiveBack, queue.MoveHeartbeat}).Draw(t, "move"),
	}
	items := m.model.of(p.CampaignID)
	locked := inState(items, queue.StateLocked)
	if len(locked) > 0 && rapid.IntRange(0, 3).Draw(t, "any when 3") < 3 {
		items = locked
	}
	if len(items) > 0 {
		item := items[rapid.IntRange(0, len(items)-1).Draw(t, "item")]
		p.ItemID, p.AgentID = item.ID, item.AgentID
		p.LockVersion = item.LockVersion + rapid.SampledFrom([]int{0, 0, 0, 0, 0, -1, 1}).Draw(t, "version off by")
	}
	if rapid.IntRange(0, 5).Draw(t, "another agent when 5") == 5 {
		p.AgentID = rapid.SampledFrom(append(m.agents[:3:3], uuid.Nil)).Draw(t, "agent")
	}
	want, wantErr := m.model.move(p)
	got, err := m.campaign.store.MoveItem(m.ctx, p)
	agree(t, want, wantErr, got, err)
}

func (m *machine) sweep(t *rapid.T) {
	p := queue.SweepParams{Now: m.now}
	if rapid.Bool().Draw(t, "keys too") {
		p.KeysBefore = m.now.Add(-rapid.SampledFrom(waits).Draw(t, "older than"))
	}
	want := m.model.sweep(p)
	got, err := m.campaign.store.SweepLocks(m.ctx, p)
	agree(t, want, nil, got, err)
}

func (m *machine) rollback(t *rapid.T) {
	p := queue.RollbackParams{
		CampaignID: m.drawCampaign(t), ActorID: m.drawActor(t), Now: m.now,
		LaunchID: rapid.SampledFrom(m.launches).Draw(t, "launch"),
	}
	want, wantErr := m.model.rollback(p)
	got, err := m.campaign.store.RollbackLaunch(m.ctx, p)
	agree(t, want, wantErr, got, err)
	if errors.Is(wantErr, outdial.ErrNotFound) {
		require.Equal(t, queue.RollbackResult{}, got)
	}
}

func (m *machine) addSuppressions(t *rapid.T) {
	p := suppression.AddParams{ActorID: m.drawActor(t), Now: m.now}
	for range rapid.IntRange(1, 2).Draw(t, "entries") {
		entry := suppression.NewPhone(rapid.SampledFrom(m.phones[:6]).Draw(t, "phone"))
		if rapid.IntRange(0, 2).Draw(t, "e-mail when 2") == 2 {
			entry = suppression.NewEmail(rapid.SampledFrom(m.emails[:6]).Draw(t, "e-mail"))
		}
		if locked := m.lockedContacts(); len(locked) > 0 && rapid.Bool().Draw(t, "of a locked item") {
			entry = suppressedBy(rapid.SampledFrom(locked).Draw(t, "whose"))
		}
		entry.CampaignID = rapid.SampledFrom(append(m.campaigns[:2:2], uuid.Nil)).Draw(t, "campaign")
		if rapid.IntRange(0, 3).Draw(t, "for good when 3") < 3 {
			entry.ExpiresAt = m.now.Add(rapid.SampledFrom(waits).Draw(t, "lasts"))
		}
		p.Entries = append(p.Entries, entry)
	}
	want := m.model.addSuppressions(p)
	got, err := m.campaign.store.AddSuppressions(m.ctx, p)
	agree(t, want, nil, got, err)
}

// wait moves the clock, now and then back.
func (m *machine) wait(t *rapid.T) {
	m.now = m.now.Add(rapid.SampledFrom(append(slices.Clip(waits), -5*time.Minute)).Draw(t, "wait"))
}

// waitUntil moves the clock to a time at which something changes, or to just
// before or after it.
func (m *machine) waitUntil(t *rapid.T) {
	instants := m.model.instants(m.now)
	if len(instants) == 0 {
		t.Skip("nothing is going to change")
	}
	m.waitAround(t, instants)
}

func (m *machine) perhapsWhenALockEnds(t *rapid.T) {
	ends := m.model.lockEnds(m.now)
	if len(ends) > 0 && rapid.IntRange(0, 3).Draw(t, "when a lock ends when 3") == 3 {
		m.waitAround(t, ends)
	}
}

func (m *machine) waitAround(t *rapid.T, instants []time.Time) {
	around := []time.Duration{0, -time.Microsecond, time.Microsecond}
	m.now = rapid.SampledFrom(instants).Draw(t, "until").Add(rapid.SampledFrom(around).Draw(t, "and"))
}
