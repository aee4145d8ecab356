package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// replaceBehaviours proves ReplaceQueue in four parts: who is chosen, how many,
// what is written, and what is only computed.
func replaceBehaviours(g *group) {
	replaceCandidateBehaviours(g)
	replaceLimitBehaviours(g)
	replaceDifferenceBehaviours(g)
	replacePoolBehaviours(g)

	g.proves("an unknown campaign is ErrNotFound", func(c *campaign) {
		_, err := c.store.ReplaceQueue(c.Context(), c.replaceParams(queue.ReplaceParams{
			CampaignID: uuid.New(), AgentID: uuid.New(),
		}))
		require.ErrorIs(c, err, outdial.ErrNotFound)
		require.Zero(c, countAuditIfKept(c, outdial.ActionQueueReplace), "when it returns an error nothing has changed")
	})

	g.proves("with DryRun it computes the same plan and writes nothing", func(c *campaign) {
		agent := uuid.New()
		p := everyKindOfReplace(c, agent)
		before, entries := c.items(), c.auditCount(outdial.ActionQueueReplace)

		p.DryRun = true
		preview := c.replace(p)
		requireSame(c, before, c.items())
		require.Equal(c, entries, c.auditCount(outdial.ActionQueueReplace))

		p.DryRun, preview.Audience = false, 0
		require.Equal(c, preview, c.replace(p))
	})

	g.proves("with DryRun and ReleaseInProgress it computes the same plan and writes nothing", func(c *campaign) {
		p := everyKindOfReplace(c, uuid.New())
		before := c.items()

		p.DryRun, p.ReleaseInProgress = true, true
		preview := c.replace(p)
		requireSame(c, before, c.items())

		p.DryRun, preview.Audience = false, 0
		require.Equal(c, preview, c.replace(p))
	})

	g.proves("only a dry run counts the audience, whether the filter matches it or not", func(c *campaign) {
		c.add(person(named("Bob")), person(named("Zoe")), person(named("Zoe"), invalid))
		c.another().addCallable(2)
		p := queue.ReplaceParams{AgentID: uuid.New(), Filter: contains("b"), DryRun: true}
		require.Equal(c, queue.ReplaceResult{Assigned: 1, Matched: 1, Audience: 3, Skipped: queue.NewSkips()}, c.replace(p))
		p.Filter = nil
		require.Equal(c, 3, c.replace(p).Audience)
		p.DryRun = false
		require.Zero(c, c.replace(p).Audience)
	})

	g.proves("with DryRun an unknown campaign is ErrNotFound too", func(c *campaign) {
		_, err := c.store.ReplaceQueue(c.Context(), c.replaceParams(queue.ReplaceParams{
			CampaignID: uuid.New(), AgentID: uuid.New(), DryRun: true,
		}))
		require.ErrorIs(c, err, outdial.ErrNotFound)
	})

	g.proves("the same inputs give the same queue", func(c *campaign) {
		agent, account := uuid.New(), uuid.New()
		c.addCallable(20, inAccount(account))
		c.addCallable(20)
		p := queue.ReplaceParams{AgentID: agent, PerAccountCap: 3, MaxQueueSize: 11}
		c.replace(p)
		first := c.queueOf(agent)
		c.clear(agent)
		c.replace(p)
		require.Equal(c, first, c.queueOf(agent))
	})

	g.proves("an audit entry is written with the change", func(c *campaign) {
		agent := uuid.New()
		held := c.addCallable(1)
		c.addCallable(2)
		c.give(uuid.New(), held...)
		c.replace(queue.ReplaceParams{AgentID: agent, PerAccountCap: 7, MaxQueueSize: 9})

		entries := auditOf(c, outdial.ActionQueueReplace)
		require.Len(c, entries, 1)
		requireAudit(c, entries[0], map[string]any{
			"agent_id": agent.String(), "per_account_cap": 7, "max_queue_size": 9, "keep_in_progress": true,
			"assigned": 2, "released": 0, "skipped_due_to_collision": 1,
		})

		c.wait(time.Second)
		c.replace(queue.ReplaceParams{AgentID: agent, ReleaseInProgress: true})
		entries = auditOf(c, outdial.ActionQueueReplace)
		require.Len(c, entries, 2, "a replace that changes nothing is somebody's act all the same")
		requireAudit(c, entries[1], map[string]any{"keep_in_progress": false, "assigned": 2, "released": 2})
	})

	g.proves("it leaves other campaigns and other agents alone", func(c *campaign) {
		agent, colleague, other := uuid.New(), uuid.New(), c.another()
		people := []outdial.Contact{}
		for range 4 {
			who := person()
			people = append(people, c.add(who)...)
			other.add(who)
		}
		other.give(agent, people...)
		c.give(colleague, people[:2]...)
		elsewhere, theirs := other.items(), c.itemsOf(colleague)

		c.replace(queue.ReplaceParams{AgentID: agent})
		require.ElementsMatch(c, contactIDs(people[2:]), c.queueOf(agent), "another campaign holds nobody here")
		requireSame(c, elsewhere, other.items())
		requireSame(c, theirs, c.itemsOf(colleague))
	})
}

// everyKindOfReplace builds a campaign in which a replace for the agent has
// something of every kind to do, and returns what to ask for.
func everyKindOfReplace(c *campaign, agent uuid.UUID) queue.ReplaceParams {
	c.Helper()
	account := uuid.New()
	colleague := uuid.New()
	c.add(person(invalid), person(optedOut), person(withoutPhone), person(finished(c.now)), person(coolingUntil(c.now.Add(lockFor))))
	suppressed := c.addCallable(1)
	c.suppress(suppressedBy(suppressed[0]))

	c.start(agent, c.addCallable(1, inAccount(account))[0], false)
	c.lock(agent, c.addCallable(1, withPriority(5))[0], true)
	c.give(agent, c.addCallable(2, withPriority(4))...)
	c.give(agent, c.addCallable(2, named("Zoe"))...)
	c.give(colleague, c.addCallable(2)...)
	c.give(uuid.Nil, c.addCallable(2, withPriority(3))...)
	c.addCallable(4, inAccount(account), withPriority(2))
	c.addCallable(6)
	return queue.ReplaceParams{AgentID: agent, Filter: contains("an"), PerAccountCap: 3, MaxQueueSize: 10}
}

// countAuditIfKept is the number of entries, or zero when the log cannot be read.
func countAuditIfKept(c *campaign, action outdial.Action) int { return max(0, c.auditCount(action)) }
