package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
)

// reserveAgentBehaviours proves ReserveAgent.
func reserveAgentBehaviours(g *group) {
	g.proves("it takes the agent of the campaign who has been ready longest, for the call", func(c *campaign) {
		c.another().readyAgents(1)
		team := c.running().readyAgents(2)
		calls := c.dialEverybody(c.addCallable(2)...)
		item := c.callItem(calls[0].Ref.ItemID)
		c.wait(time.Second)
		require.Equal(c, presence.ReserveResult{AgentID: team[0]}, c.reserveAny(calls[0]))
		requireSame(c, presence.Session{
			AgentID: team[0], CampaignID: c.id, State: presence.StateReserved, Since: c.now,
			ExpiresAt: c.session(team[0]).ExpiresAt, CallID: calls[0].ID,
		}, c.session(team[0]))
		calls[0].AgentID = team[0]
		requireSame(c, calls[0], c.call(calls[0].ID))
		item.AgentID = team[0]
		requireItem(c, item, c.callItem(item.ID))
		require.Equal(c, team[1], c.reserve(calls[1]))
	})

	g.proves("nobody is reserved when nobody is free", func(c *campaign) {
		c.running().inEachState()
		calls := c.dialEverybody(c.addCallable(2)...)
		c.reserve(calls[0])
		require.Equal(c, presence.ReserveResult{}, c.reserveAny(calls[1]))
		require.Equal(c, uuid.Nil, c.call(calls[1].ID).AgentID)
	})

	g.proves("an agent who has expired is passed over", func(c *campaign) {
		team := c.running().readyAgents(2)
		p := c.presenceParams(team[0], presence.StateReady)
		p.ExpiresAt = c.now.Add(time.Hour)
		_, err := c.store.SetPresence(c.Context(), p)
		require.NoError(c, err)
		calls := c.dialEverybody(c.addCallable(2)...)
		for i, test := range []struct {
			after time.Duration
			want  uuid.UUID
		}{{time.Hour, team[1]}, {time.Hour - time.Microsecond, team[0]}} {
			p := c.reserveParams(calls[i])
			p.Now = c.now.Add(test.after)
			result, err := c.store.ReserveAgent(c.Context(), p)
			require.NoError(c, err)
			require.Equal(c, presence.ReserveResult{AgentID: test.want}, result)
		}
	})

	g.proves("a call that has an agent gets the same one again", func(c *campaign) {
		c.running().readyAgents(2)
		call := c.dial(c.addCallable(1)[0])
		agent := c.reserve(call)
		before := c.sessions()
		c.wait(time.Minute)
		require.Equal(c, presence.ReserveResult{AgentID: agent, Held: true}, c.reserveAny(call))
		requireSame(c, before, c.sessions())
	})

	g.proves("a call that ended, was connected or was abandoned gets none, and Gone says so", func(c *campaign) {
		c.running().readyAgents(1)
		kinds := []telephony.Type{telephony.TypeEnded, telephony.TypeConnected, telephony.TypeAbandoned}
		calls := c.dialEverybody(c.addCallable(len(kinds) + 1)...)
		for i, kind := range kinds {
			c.tell(calls[i], kind)
			require.Equal(c, presence.ReserveResult{Gone: true}, c.reserveAny(calls[i]), "%s", kind)
		}
		c.learn(calls[3], dialer.Facts{NotPlacedAt: c.now})
		require.Equal(c, presence.ReserveResult{Gone: true}, c.reserveAny(calls[3]), "it was never placed")
	})

	g.proves("a call that had an agent gets none once it is over, or they talk", func(c *campaign) {
		c.running().readyAgents(3)
		for i, call := range c.dialEverybody(c.addCallable(2)...) {
			c.reserve(call)
			c.tell(call, []telephony.Type{telephony.TypeEnded, telephony.TypeConnected}[i])
			require.Equal(c, presence.ReserveResult{Gone: true}, c.reserveAny(call))
		}
	})

	g.proves("an unknown call, or one of another campaign, is ErrNotFound", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		other := c.another()
		other.readyAgents(1)
		for _, p := range []presence.ReserveParams{other.reserveParams(call), c.reserveParams(dialer.Call{ID: uuid.New()})} {
			_, err := c.store.ReserveAgent(c.Context(), p)
			require.ErrorIs(c, err, outdial.ErrNotFound)
		}
	})

	g.proves("the longest idle are reserved in their order", func(c *campaign) {
		team := c.running().readyAgents(5)
		slices.Reverse(team)
		for i, agent := range team {
			c.now = c.now.Add(time.Duration(i+1) * time.Minute)
			c.choose(agent, presence.StatePaused)
			c.choose(agent, presence.StateReady)
		}
		for i, call := range c.dialEverybody(c.addCallable(5)...) {
			require.Equal(c, team[i], c.reserve(call))
		}
	})
}

// releaseAgentBehaviours proves ReleaseAgent.
func releaseAgentBehaviours(g *group) {
	g.proves("it frees the agent who was reserved for a call and did not get into it", func(c *campaign) {
		c.running().readyAgents(1)
		call := c.dial(c.addCallable(1)[0])
		agent := c.reserve(call)
		session := c.session(agent)
		c.wait(time.Minute)
		c.unreserve(call, agent)
		session.State, session.Since = presence.StateReady, c.now
		requireSession(c, session, c.session(agent))
		requireSame(c, call, c.call(call.ID))
		require.Equal(c, uuid.Nil, c.callItem(call.Ref.ItemID).AgentID)
	})

	g.proves("the call may have another", func(c *campaign) {
		team := c.running().readyAgents(2)
		call := c.dial(c.addCallable(1)[0])
		require.Equal(c, team[0], c.reserve(call))
		c.wait(time.Minute)
		c.unreserve(call, team[0])
		require.Equal(c, team[1], c.reserve(call))
		c.tell(call, telephony.TypeConnected)
		require.Equal(c, presence.StateReady, c.session(team[0]).State)
		require.Equal(c, presence.StateOnCall, c.session(team[1]).State)
	})

	g.proves("any other agent stays as they are", func(c *campaign) {
		in := c.running().inEachState()
		other := c.dial(c.addCallable(1)[0])
		before, calls := c.sessions(), c.calls()
		for state, agent := range in {
			if session := c.session(agent); state != presence.StateReserved {
				c.unreserve(dialer.Call{ID: session.CallID}, agent)
			}
			c.unreserve(other, agent)
			c.unreserve(dialer.Call{ID: uuid.New()}, agent)
		}
		c.unreserve(other, uuid.New())
		requireSame(c, before, c.sessions())
		requireSame(c, calls, c.calls())
	})
}
