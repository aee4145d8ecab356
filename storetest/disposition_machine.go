package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
)

// dispositionModelBehaviours proves what holds of contacts whatever is recorded about
// them: no model says what must happen, and after every step of a random sequence the
// books are balanced.
func dispositionModelBehaviours(g *group) {
	g.provesAlone("no contact exceeds their caps, nothing suppressed is queued, who is finished never comes back, and every attempt is accounted for", func(c *campaign) {
		checks, most, failed := int64(0), mostChecks(10), false
		for range effort(1) {
			rapid.Check(c.T, func(t *rapid.T) {
				checks++
				if checks > most && !failed {
					return
				}
				// A check that fails is made again and again to find a shorter one.
				passed := false
				defer func() { failed = failed || !passed }()
				m := newDispositionMachine(c.Context(), t, c, checks)
				t.Repeat(m.steps())
				m.stop(t)
				passed = true
			})
		}
	})
}

// dispositionMachine is one sequence of random calls, with the books that it keeps.
type dispositionMachine struct {
	ctx      context.Context //nolint:containedctx // the test's, for calls made from actions whose signature rapid sets
	campaign *campaign
	now      time.Time

	campaigns []uuid.UUID
	agents    []uuid.UUID
	contacts  map[uuid.UUID]outdial.Contact
	accounts  []*account
	// policy is what holds in every campaign. The process says so in every request, or
	// the campaigns do.
	policy, process dialer.RetryPolicy

	// listed are the numbers that do_not_call was recorded for, wrong those that are
	// invalid now.
	listed, wrong map[outdial.Phone]bool
	recorded      []*entry
	// disposed are the calls about which somebody wanted to record something.
	disposed map[uuid.UUID]bool
}

// account is what one contact has been through in one campaign.
type account struct {
	campaign uuid.UUID
	contact  outdial.Contact
	attempts []attempt
	// machines counts the calls that ended at a machine.
	machines int
	finished bool
	// promised says that the contact's next attempt is a callback that somebody promised.
	promised bool
	// putRight says that the number was wrong for a while, and items that were taken out
	// of the queues meanwhile have left the campaign's own book open: the caps are not
	// looked at any more.
	putRight bool
}

// attempt is one that counts: a call that was placed, or an item of the agent queue
// about which something was recorded.
type attempt struct {
	call     uuid.UUID
	at       time.Time
	promised bool
}

// entry is a disposition that was recorded.
type entry struct {
	asked      disposition.RecordParams
	result     disposition.Result
	of         *account
	phone      outdial.Phone
	superseded bool
	// marked says that it made a number wrong which was not.
	marked bool
}

func newDispositionMachine(ctx context.Context, t *rapid.T, c *campaign, number int64) *dispositionMachine {
	const daysApart = 84
	m := &dispositionMachine{
		ctx: ctx, campaign: c, now: startOfDay.AddDate(0, 0, int(number)*daysApart), agents: agents(3),
		contacts: map[uuid.UUID]outdial.Contact{}, listed: map[outdial.Phone]bool{}, wrong: map[outdial.Phone]bool{}, disposed: map[uuid.UUID]bool{},
	}
	// What the checks before have left is not swept in this one.
	m.sweepLocks(t)
	_, err := c.store.SweepCalls(ctx, dialer.SweepParams{UnplacedSince: m.now, StuckSince: m.now, TalkingSince: m.now, Now: m.now})
	require.NoError(t, err)
	m.policy = dialer.RetryPolicy{
		MaxAttempts:   rapid.IntRange(2, 3).Draw(t, "most attempts"),
		MaxVoicemails: rapid.IntRange(0, 2).Draw(t, "most voicemails"),
		MaxPerDay:     rapid.IntRange(0, 2).Draw(t, "most attempts in a day"),
		CoolDowns:     rapid.SampledFrom([]map[dialer.Outcome]time.Duration{nil, {dialer.OutcomeBusy: 0, dialer.OutcomeVoicemail: time.Minute}}).Draw(t, "cool-downs"),
	}
	byCampaign := rapid.Bool().Draw(t, "the campaigns have the policy")
	if !byCampaign {
		m.process = m.policy
	}
	// The ids are in the order of the people, so that a seed leads to the same order.
	const some = 4
	ids, phones := sortedIDs(some), []outdial.Phone{nextPhone(), nextPhone()}
	shared := person(withID(ids[0]), withPhone(phones[0]))
	for i := range 2 {
		id := uuid.New()
		m.campaigns = append(m.campaigns, id)
		_, err := c.store.EnsureCampaign(ctx, intake.EnsureCampaignParams{ID: id, Name: fmt.Sprintf("books %d.%d %s", number, i, id), Now: m.now})
		require.NoError(t, err)
		people := []intake.NewContact{shared, person(withID(ids[i+1]), withPhone(phones[i]))}
		if i == 0 {
			people = append(people, person(withID(ids[3]), withPhone(phones[1])))
		}
		_, err = c.store.AddContacts(ctx, intake.AddContactsParams{CampaignID: id, Contacts: people, Now: m.now})
		require.NoError(t, err)
		for _, who := range people {
			m.contacts[who.Contact.ID] = who.Contact
			m.accounts = append(m.accounts, &account{campaign: id, contact: who.Contact})
		}
		if byCampaign {
			require.NoError(t, c.store.SetCampaignPolicy(ctx, disposition.SetPolicyParams{CampaignID: id, ActorID: c.actor, Policy: m.policy, Now: m.now}))
		}
		_, err = c.store.ControlCampaign(ctx, dialer.ControlParams{CampaignID: id, Control: dialer.ControlStart, ActorID: c.actor, Now: m.now})
		require.NoError(t, err)
	}
	for _, id := range m.campaigns {
		if rapid.Bool().Draw(t, "everybody is dialed") {
			_, err := c.store.EnqueueCalls(ctx, dialer.EnqueueParams{CampaignID: id, ActorID: c.actor, Provenance: m.provenance(), Now: m.now})
			require.NoError(t, err)
		} else {
			_, err := c.store.EnqueueItems(ctx, queue.EnqueueParams{CampaignID: id, ActorID: c.actor, Provenance: m.provenance(), Now: m.now})
			require.NoError(t, err)
		}
	}
	m.balance(t)
	return m
}

// stop looks at the leads, and stops the campaigns, so that the checks that follow find
// fewer running.
func (m *dispositionMachine) stop(t *rapid.T) {
	for _, id := range m.campaigns {
		made, err := m.campaign.store.ListLeads(m.ctx, disposition.ListLeadsParams{CampaignID: id, Limit: everything})
		require.NoError(t, err)
		leads := map[uuid.UUID]bool{}
		for _, lead := range made.Leads {
			require.False(t, leads[lead.ContactID], "the contact is a lead twice")
			leads[lead.ContactID] = true
		}
		_, err = m.campaign.store.ControlCampaign(m.ctx, dialer.ControlParams{CampaignID: id, Control: dialer.ControlStop, ActorID: m.campaign.actor, Now: m.now})
		require.NoError(t, err)
	}
}

func (m *dispositionMachine) steps() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"an agent works":          m.work,
		"an agent works on":       m.work,
		"a conversation":          m.talk,
		"another conversation":    m.talk,
		"EnqueueItems":            m.enqueueItems,
		"EnqueueCalls":            m.enqueueCalls,
		"ReplaceQueue":            m.replace,
		"PullItem":                m.pull,
		"PullItem again":          m.pull,
		"MoveItem":                m.move,
		"RecordDisposition":       m.dispose,
		"RecordDisposition again": m.dispose,
		"a correction":            m.correct,
		"a repeated request":      m.repeat,
		"calls are placed":        m.dial,
		"a call is connected":     m.connect,
		"a call ends":             m.endCall,
		"SweepLocks":              m.sweepLocks,
		"SweepCalls":              m.sweepCalls,
		"time passes":             m.wait,
		"time passes to":          m.waitUntil,
		"":                        m.balance,
	}
}

func (m *dispositionMachine) account(campaign, contact uuid.UUID) *account {
	at := slices.IndexFunc(m.accounts, func(a *account) bool { return a.campaign == campaign && a.contact.ID == contact })
	return m.accounts[at]
}

// items returns what the campaign has, of both queues.
func (m *dispositionMachine) items(t *rapid.T, campaign uuid.UUID) ([]queue.Item, []dialer.Item, []dialer.Call) {
	items, err := m.campaign.store.ListItems(m.ctx, queue.ListParams{CampaignID: campaign, Limit: everything})
	require.NoError(t, err)
	dialed, err := m.campaign.store.ListCallItems(m.ctx, dialer.ListItemsParams{CampaignID: campaign, Limit: everything})
	require.NoError(t, err)
	calls, err := m.campaign.store.ListCalls(m.ctx, dialer.ListCallsParams{CampaignID: campaign, Limit: everything})
	require.NoError(t, err)
	return items.Items, dialed.Items, calls.Calls
}

// skips counts why contacts of an account must not be queued, whatever the hour: the
// reasons that do not pass.
func (m *dispositionMachine) skips(among func(*account) bool) map[queue.SkipReason]int {
	counts := map[queue.SkipReason]int{queue.SkipNoPhone: 0, queue.SkipSuppressed: 0, queue.SkipFinished: 0}
	for _, who := range m.accounts {
		switch {
		case !among(who):
		case m.wrong[who.contact.Phone]:
			counts[queue.SkipNoPhone]++
		case m.listed[who.contact.Phone]:
			counts[queue.SkipSuppressed]++
		case who.finished:
			counts[queue.SkipFinished]++
		}
	}
	return counts
}

func (m *dispositionMachine) requireSkips(t *rapid.T, among func(*account) bool, got queue.Skips) {
	for reason, want := range m.skips(among) {
		require.Equal(t, want, got[reason], "%s", reason)
	}
}

// ofCampaign is everybody in a campaign.
func ofCampaign(campaign uuid.UUID) func(*account) bool {
	return func(who *account) bool { return who.campaign == campaign }
}

// balance checks, after every step, what holds of every contact: nobody is active twice;
// nobody is active whose number is on the list, or who is finished; and who must not be
// queued again is told so.
func (m *dispositionMachine) balance(t *rapid.T) {
	for _, campaign := range m.campaigns {
		items, dialed, calls := m.items(t, campaign)
		require.Empty(t, incoherence(items))
		require.Empty(t, incoherentDialing(dialed))
		require.Empty(t, incoherentCalls(calls))
		active := map[uuid.UUID]int{}
		for _, item := range items {
			if item.State.Active() {
				active[item.ContactID]++
			}
		}
		for _, item := range dialed {
			if item.State.Active() {
				active[item.ContactID]++
			}
		}
		for _, id := range slices.SortedFunc(maps.Keys(active), compareIDs) {
			who := m.account(campaign, id)
			require.Equal(t, 1, active[id], "the contact is active twice")
			require.False(t, m.listed[who.contact.Phone], "the contact's number is on the list, and they are active")
			require.False(t, who.finished, "the contact is finished, and active")
		}
		agent := uuid.New()
		result, err := m.campaign.store.ReplaceQueue(m.ctx, queue.ReplaceParams{
			CampaignID: campaign, AgentID: agent, ActorID: agent, DryRun: true, Now: m.now,
		})
		require.NoError(t, err)
		m.requireSkips(t, ofCampaign(campaign), result.Skipped)
	}
}

// attempted enters an attempt into the books, and checks the caps: one beyond
// MaxAttempts, or beyond MaxPerDay within 24 hours, is a callback that was promised.
func (m *dispositionMachine) attempted(t *rapid.T, who *account, call uuid.UUID) {
	lately := 0
	for _, earlier := range who.attempts {
		if earlier.at.After(m.now.Add(-24 * time.Hour)) {
			lately++
		}
	}
	if !who.promised && !who.putRight {
		require.Less(t, len(who.attempts), m.policy.MaxAttempts, "the contact has been tried often enough")
		if m.policy.MaxPerDay > 0 {
			require.Less(t, lately, m.policy.MaxPerDay, "the contact has been tried often enough within a day")
		}
	}
	who.attempts = append(who.attempts, attempt{call: call, at: m.now, promised: who.promised})
	who.promised = false
}

// notPlaced takes a call out of the books that certainly never was.
func (m *dispositionMachine) notPlaced(who *account, call uuid.UUID) {
	at := slices.IndexFunc(who.attempts, func(earlier attempt) bool { return earlier.call == call })
	if at >= 0 {
		who.promised = who.promised || who.attempts[at].promised
		who.attempts = slices.Delete(who.attempts, at, at+1)
	}
}

// checkVoicemails checks that nobody has heard more machines than the policy allows.
func (m *dispositionMachine) checkVoicemails(t *rapid.T, who *account) {
	heard := who.machines
	for _, kept := range m.recorded {
		if kept.of == who && !kept.superseded && kept.asked.Rule.Outcome == dialer.OutcomeVoicemail {
			heard++
		}
	}
	if m.policy.MaxVoicemails > 0 && !who.putRight {
		require.LessOrEqual(t, heard, m.policy.MaxVoicemails, "the contact's machine has been reached often enough")
	}
}

// ready has an agent wait for a call, unless a call has them.
func (m *dispositionMachine) ready(t *rapid.T, campaign, agent uuid.UUID) {
	_, err := m.campaign.store.SetPresence(m.ctx, presence.SetParams{
		CampaignID: campaign, AgentID: agent, State: presence.StateReady, ExpiresAt: m.now.Add(presentFor), Now: m.now,
	})
	if err != nil {
		require.ErrorIs(t, err, outdial.ErrConflict)
	}
}
