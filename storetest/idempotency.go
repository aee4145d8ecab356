package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
)

// idempotencyBehaviours proves outdial.Idempotency for each method that takes
// one.
func idempotencyBehaviours(g *group) {
	for _, call := range idempotentCalls() {
		g.proves(call.name+": a second call with the same actor and key answers with the stored result", func(c *campaign) {
			agent := uuid.New()
			call.prepare(c, agent)
			key := c.key("k")
			first, err := call.do(c, agent, key)
			require.NoError(c, err)
			require.NotZero(c, call.count(first))

			call.prepare(c, agent)
			c.addCallable(2)
			before, dialed, entries := c.items(), c.callItems(), c.auditCount(call.action)
			c.wait(time.Hour)
			second, err := call.do(c, agent, key)
			require.NoError(c, err)
			require.Equal(c, first, second)
			requireSame(c, before, c.items())
			requireSame(c, dialed, c.callItems())
			require.Equal(c, entries, c.auditCount(call.action), "not even an audit entry is written")
		})

		g.proves(call.name+": a fingerprint that differs is ErrIdempotencyMismatch", func(c *campaign) {
			agent := uuid.New()
			call.prepare(c, agent)
			key := c.key("k")
			_, err := call.do(c, agent, key)
			require.NoError(c, err)

			call.prepare(c, agent)
			before, dialed, entries := c.items(), c.callItems(), c.auditCount(call.action)
			key.Fingerprint = "another request"
			_, err = call.do(c, agent, key)
			require.ErrorIs(c, err, outdial.ErrIdempotencyMismatch)
			requireSame(c, before, c.items())
			requireSame(c, dialed, c.callItems())
			require.Equal(c, entries, c.auditCount(call.action))
		})

		g.proves(call.name+": another actor's same key is another request", func(c *campaign) {
			agent := uuid.New()
			call.prepare(c, agent)
			key := c.key("k")
			_, err := call.do(c, agent, key)
			require.NoError(c, err)

			call.prepare(c, agent)
			key.ActorID, key.Fingerprint = uuid.New(), "another request"
			second, err := call.do(c, agent, key)
			require.NoError(c, err)
			require.NotZero(c, call.count(second))
		})

		g.proves(call.name+": without a key nothing is remembered", func(c *campaign) {
			agent := uuid.New()
			for range 2 {
				call.prepare(c, agent)
				result, err := call.do(c, agent, outdial.Idempotency{})
				require.NoError(c, err)
				require.NotZero(c, call.count(result))
			}
		})
	}

	g.proves("one key cannot answer for two kinds of request", func(c *campaign) {
		agent := uuid.New()
		c.addCallable(1)
		replace := c.key("k")
		replace.Fingerprint = "replace"
		p := c.replaceParams(queue.ReplaceParams{AgentID: agent, Idempotency: replace})
		c.replace(p)
		clearing := replace
		clearing.Fingerprint = "clear"
		_, err := c.store.ClearQueue(c.Context(), queue.ClearParams{
			CampaignID: c.id, AgentID: agent, ActorID: c.actor, Now: c.now, Idempotency: clearing,
		})
		require.ErrorIs(c, err, outdial.ErrIdempotencyMismatch)
		require.Len(c, c.queueOf(agent), 1)
	})

	g.proves("keys are compared as they are", func(c *campaign) {
		agent := uuid.New()
		c.addCallable(1)
		for _, key := range []string{"key", "KEY", "key ", "ke_", `k'"%`, "ключ"} {
			result := c.replace(queue.ReplaceParams{AgentID: agent, Idempotency: c.key(key)})
			require.Equal(c, 1, result.Assigned)
			require.Equal(c, 1, c.clear(agent), "key %q is no other", key)
		}
	})

	g.proves("a call that failed is not remembered", func(c *campaign) {
		agent, id := uuid.New(), uuid.New()
		p := c.replaceParams(queue.ReplaceParams{CampaignID: id, AgentID: agent, Idempotency: c.key("k")})
		_, err := c.store.ReplaceQueue(c.Context(), p)
		require.ErrorIs(c, err, outdial.ErrNotFound)

		_, err = c.store.EnsureCampaign(c.Context(), intake.EnsureCampaignParams{ID: id, Name: "late " + id.String(), Now: c.now})
		require.NoError(c, err)
		there := *c
		there.id = id
		there.addCallable(1)
		require.Equal(c, 1, there.replace(p).Assigned)
	})

	g.proves("a stored result keeps every count", func(c *campaign) {
		p := everyKindOfReplace(c, uuid.New())
		p.Idempotency = c.key("k")
		first := c.replace(p)
		require.Positive(c, first.Released*first.Assigned*first.Unchanged*first.KeptInProgress*first.MatchedKept*first.Skipped.Total())
		require.Equal(c, first, c.replace(p))
	})
}

// key is the protection of one request of the campaign's actor.
func (c *campaign) key(name string) outdial.Idempotency {
	return outdial.Idempotency{ActorID: c.actor, Key: name, Fingerprint: "request"}
}

// idempotentCall is a method that can be called under a key. Its result is
// compared whole; count is the part of it that says that something was done.
type idempotentCall struct {
	name    string
	action  outdial.Action
	prepare func(c *campaign, agent uuid.UUID)
	do      func(c *campaign, agent uuid.UUID, key outdial.Idempotency) (any, error)
	count   func(result any) int
}

// idempotentCalls returns the methods, each with a way to give it something to
// do again.
func idempotentCalls() []idempotentCall {
	launch := uuid.New()
	return []idempotentCall{
		{
			name: "ReplaceQueue", action: outdial.ActionQueueReplace,
			prepare: func(c *campaign, agent uuid.UUID) {
				c.clear(agent)
				c.addCallable(2)
			},
			do: func(c *campaign, agent uuid.UUID, key outdial.Idempotency) (any, error) {
				return c.store.ReplaceQueue(c.Context(), c.replaceParams(queue.ReplaceParams{AgentID: agent, Idempotency: key}))
			},
			count: func(result any) int { return as[queue.ReplaceResult](result).Assigned },
		},
		{
			name: "ClearQueue", action: outdial.ActionQueueClear,
			prepare: func(c *campaign, agent uuid.UUID) { c.give(agent, c.addCallable(2)...) },
			do: func(c *campaign, agent uuid.UUID, key outdial.Idempotency) (any, error) {
				return c.store.ClearQueue(c.Context(), queue.ClearParams{
					CampaignID: c.id, AgentID: agent, ActorID: c.actor, Now: c.now, Idempotency: key,
				})
			},
			count: func(result any) int { return as[queue.ClearResult](result).Released },
		},
		{
			name: "ClearQueue of everybody", action: outdial.ActionQueueClearAll,
			prepare: func(c *campaign, agent uuid.UUID) { c.give(agent, c.addCallable(2)...) },
			do: func(c *campaign, _ uuid.UUID, key outdial.Idempotency) (any, error) {
				return c.store.ClearQueue(c.Context(), queue.ClearParams{
					CampaignID: c.id, ActorID: c.actor, Now: c.now, Idempotency: key,
				})
			},
			count: func(result any) int { return as[queue.ClearResult](result).Released },
		},
		{
			name: "EnqueueItems", action: outdial.ActionQueueEnqueue,
			prepare: func(c *campaign, _ uuid.UUID) { c.addCallable(2) },
			do: func(c *campaign, agent uuid.UUID, key outdial.Idempotency) (any, error) {
				return c.store.EnqueueItems(c.Context(), c.enqueueParams(queue.EnqueueParams{
					AgentID: agent, LaunchID: launch, Idempotency: key,
				}))
			},
			count: func(result any) int { return as[queue.EnqueueResult](result).Enqueued },
		},
		{
			name: "EnqueueCalls", action: outdial.ActionDialerEnqueue,
			prepare: func(c *campaign, _ uuid.UUID) { c.addCallable(2) },
			do: func(c *campaign, _ uuid.UUID, key outdial.Idempotency) (any, error) {
				return c.store.EnqueueCalls(c.Context(), c.enqueueCallsParams(dialer.EnqueueParams{LaunchID: launch, Idempotency: key}))
			},
			count: func(result any) int { return as[queue.EnqueueResult](result).Enqueued },
		},
	}
}
