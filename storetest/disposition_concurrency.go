package storetest

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
)

// dispositionConcurrencyBehaviours proves what holds when several record at once. They
// run one after another, so that each has the machine for itself.
func dispositionConcurrencyBehaviours(g *group) {
	g.provesAlone("two agents record for one phone at once: no do_not_call is lost", recordForOnePhone)
	for _, in := range queues() {
		g.provesAlone(string(in)+" queue: twenty identical requests at once are one", func(c *campaign) { recordOneAtOnce(c, in) })
		g.provesAlone(string(in)+" queue: of several dispositions of one version one is recorded", func(c *campaign) { recordSeveralAtOnce(c, in) })
	}
	g.provesAlone("an agent whose lock has expired records, or another takes the item, and never both", recordOrTakeOver)
}

// recordForOnePhone lets two agents in two campaigns record something about two contacts
// with one number: both of the agent queue, or one of the power queue whose conversation
// goes on or has just ended.
func recordForOnePhone(c *campaign) {
	codes := []disposition.Code{
		disposition.CodeDoNotCall, disposition.CodeDoNotCall, disposition.CodeNoAnswer, disposition.CodeInvalidNumber, disposition.CodeCallback,
	}
	random := choices(8, 50)
	for round := range rounds(200) {
		phone, first, second := nextPhone(), c.another(), c.another()
		contacts := []outdial.Contact{first.add(person(withPhone(phone)))[0], second.add(person(withPhone(phone)))[0]}
		bystander := first.give(uuid.New(), first.add(person(withPhone(phone)))...)[0]
		subjects := []subject{first.inHand(contacts[0])}
		if round%3 == 0 {
			subjects = append(subjects, second.inHand(contacts[1]))
		} else {
			// The dialer may call the number of whom an agent has had in hand too long.
			first.wait(2 * lockFor)
			second.now = first.now
			s := second.talking(contacts[1])
			if round%3 == 2 {
				s = second.hangUp(s)
			}
			subjects = append(subjects, s)
		}
		campaigns := []*campaign{first, second}
		asked := make([]disposition.RecordParams, len(subjects))
		for i, s := range subjects {
			code := codes[random.IntN(len(codes))]
			asked[i] = campaigns[i].disposeParams(s, code)
			if random.IntN(2) == 0 && code == disposition.CodeCallback {
				asked[i] = campaigns[i].disposeParams(s, code, forAnyone)
			}
		}
		refused := make([]bool, len(asked))
		require.NoError(c, together(len(asked), func(i int) error {
			_, err := c.store.RecordDisposition(c.Context(), asked[i])
			if refused[i] = errors.Is(err, outdial.ErrConflict); refused[i] {
				return nil
			}
			return err
		}), "round %d", round)

		heard := false
		for i, p := range asked {
			heard = heard || p.Rule.Effect == disposition.EffectSuppress && !refused[i]
		}
		if heard {
			about := fmt.Sprintf("round %d: %s and %s", round, asked[0].Rule.Code, asked[1].Rule.Code)
			require.Equal(c, 1, c.enqueueOf(person(withPhone(phone)))[queue.SkipSuppressed], about)
			for i, campaign := range campaigns {
				requireNobodyActive(campaign, append(contacts[i:i+1:i+1], bystander.Contact), about)
			}
		}
	}
}

// requireNobodyActive checks that no item of either queue holds one of the contacts.
func requireNobodyActive(c *campaign, contacts []outdial.Contact, about string) {
	c.Helper()
	ids := contactIDs(contacts)
	for _, item := range c.items() {
		if item.State.Active() {
			require.NotContains(c, ids, item.ContactID, about)
		}
	}
	for _, item := range c.callItems() {
		if item.State.Active() {
			require.NotContains(c, ids, item.ContactID, about)
		}
	}
}

// recordOneAtOnce is an agent who presses one button twenty times.
func recordOneAtOnce(c *campaign, in disposition.Queue) {
	const requests = 20
	for round := range effort(10) {
		rule := (disposition.Map{}).Rules()[round%len((disposition.Map{}).Rules())]
		s := c.reached(in, c.addCallable(1)[0])
		p := c.disposeParams(s, rule.Code)
		before, audited := len(c.dispositions()), c.auditCount(outdial.ActionDispositionRecord)
		results := make([]disposition.Result, requests)
		require.NoError(c, together(requests, func(i int) (err error) {
			results[i], err = c.store.RecordDisposition(c.Context(), p)
			return err
		}), rule.Code)
		for _, result := range results {
			requireSame(c, results[0], result)
		}
		require.Equal(c, 1, results[0].Attempts)
		require.Equal(c, s.version+1, results[0].LockVersion)
		require.Len(c, c.dispositions(), before+1)
		if audited >= 0 {
			require.Equal(c, audited+1, c.auditCount(outdial.ActionDispositionRecord))
		}
		if in == disposition.QueuePower {
			c.hangUp(s)
		}
	}
}

// recordSeveralAtOnce is an agent, and whoever helps them, who press other buttons at
// once.
func recordSeveralAtOnce(c *campaign, in disposition.Queue) {
	rules := (disposition.Map{}).Rules()
	for range effort(10) {
		s := c.reached(in, c.addCallable(1)[0])
		before := len(c.dispositions())
		asked := make([]disposition.RecordParams, len(rules))
		for i, rule := range rules {
			asked[i] = c.disposeParams(s, rule.Code)
		}
		recorded := make([]bool, len(rules))
		require.NoError(c, together(len(rules), func(i int) error {
			_, err := c.store.RecordDisposition(c.Context(), asked[i])
			recorded[i] = err == nil
			if errors.Is(err, outdial.ErrConflict) {
				return nil
			}
			return err
		}))
		count := 0
		for i := range recorded {
			if recorded[i] {
				count++
				require.Equal(c, rules[i].Code, c.dispositions()[before].Code)
			}
		}
		require.Equal(c, 1, count)
		require.Len(c, c.dispositions(), before+1)
		if in == disposition.QueuePower {
			c.hangUp(s)
		}
	}
}

// recordOrTakeOver lets an agent record late while another pulls.
func recordOrTakeOver(c *campaign) {
	for range rounds(40) {
		contact, next := c.addCallable(1)[0], uuid.New()
		item := c.lock(uuid.New(), contact, true)
		c.wait(lockFor)
		p := c.disposeParams(subjectOf(item, contact), disposition.CodeNotInterested)
		recorded, taken := false, false
		require.NoError(c, together(2, func(i int) error {
			if i == 0 {
				_, err := c.store.RecordDisposition(c.Context(), p)
				recorded = err == nil
				if errors.Is(err, outdial.ErrConflict) {
					return nil
				}
				return err
			}
			result, err := c.store.PullItem(c.Context(), c.pullParams(next))
			taken = err == nil && result.Item != nil
			return err
		}))
		require.NotEqual(c, recorded, taken, "the agent recorded: %t, another took it: %t", recorded, taken)
		if taken {
			c.dispose(subjectOf(c.item(item.ID), contact), disposition.CodeNotInterested)
		}
	}
}
