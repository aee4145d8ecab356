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

// presentFor is how long agents in the suite count as present after they were heard
// of.
const presentFor = 5000 * time.Hour

func (c *campaign) presenceParams(agent uuid.UUID, state presence.State) presence.SetParams {
	return presence.SetParams{CampaignID: c.id, AgentID: agent, State: state, ExpiresAt: c.now.Add(presentFor), Now: c.now}
}

// choose puts an agent into a state of their own choice.
func (c *campaign) choose(agent uuid.UUID, state presence.State) presence.Session {
	c.Helper()
	session, err := c.store.SetPresence(c.Context(), c.presenceParams(agent, state))
	require.NoError(c, err)
	requireSession(c, session, c.session(agent))
	return session
}

// chooseError asks for a state that the agent must not get, and checks that nothing
// changed.
func (c *campaign) chooseError(agent uuid.UUID, state presence.State) error {
	c.Helper()
	before := c.sessions()
	_, err := c.store.SetPresence(c.Context(), c.presenceParams(agent, state))
	require.Error(c, err)
	requireSame(c, before, c.sessions())
	return err
}

// readyAgents returns n agents who wait for a call, each a microsecond less long than
// the one before.
func (c *campaign) readyAgents(n int) []uuid.UUID {
	c.Helper()
	team := agents(n)
	now := c.now
	for i, agent := range team {
		c.now = now.Add(time.Duration(i) * time.Microsecond)
		c.choose(agent, presence.StateReady)
	}
	c.now = now.Add(time.Duration(n) * time.Microsecond)
	return team
}

// sessions returns the campaign's agents in the order of their ids.
func (c *campaign) sessions() []presence.Session {
	c.Helper()
	sessions, err := c.store.ListPresence(c.Context(), presence.ListParams{CampaignID: c.id})
	require.NoError(c, err)
	return sessions
}

// session returns what an agent of the campaign is doing.
func (c *campaign) session(agent uuid.UUID) presence.Session {
	c.Helper()
	sessions := c.sessions()
	at := slices.IndexFunc(sessions, func(session presence.Session) bool { return session.AgentID == agent })
	require.GreaterOrEqual(c, at, 0, "agent %s is in another campaign", agent)
	return sessions[at]
}

// reserve takes an agent for the call, and there must be one.
func (c *campaign) reserve(call dialer.Call) uuid.UUID {
	c.Helper()
	result := c.reserveAny(call)
	require.NotEqual(c, uuid.Nil, result.AgentID, "somebody is free")
	require.False(c, result.Held)
	require.False(c, result.Gone)
	return result.AgentID
}

func (c *campaign) reserveAny(call dialer.Call) presence.ReserveResult {
	c.Helper()
	result, err := c.store.ReserveAgent(c.Context(), c.reserveParams(call))
	require.NoError(c, err)
	return result
}

func (c *campaign) reserveParams(call dialer.Call) presence.ReserveParams {
	return presence.ReserveParams{CampaignID: c.id, CallID: call.ID, Now: c.now}
}

func (c *campaign) unreserve(call dialer.Call, agent uuid.UUID) {
	c.Helper()
	require.NoError(c, c.store.ReleaseAgent(c.Context(), presence.ReleaseParams{
		CampaignID: c.id, CallID: call.ID, AgentID: agent, Now: c.now,
	}))
}

// asAtWork is a session without what the contract leaves open: which call somebody
// was last in who waits for one.
func asAtWork(session presence.Session) presence.Session {
	if session.State == presence.StateReady {
		session.CallID = uuid.Nil
	}
	return session
}

func requireSession(t require.TestingT, want, got presence.Session) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	requireSame(t, asAtWork(want), asAtWork(got))
}

// inEachState returns an agent in every state that there is, of a campaign in which
// nobody is ready yet.
func (c *campaign) inEachState() map[presence.State]uuid.UUID {
	c.Helper()
	in := map[presence.State]uuid.UUID{}
	people := c.addCallable(3)
	for i, state := range []presence.State{presence.StateReserved, presence.StateOnCall, presence.StateWrapUp} {
		in[state] = c.readyAgents(1)[0]
		call := c.dial(people[i])
		c.reserve(call)
		if state != presence.StateReserved {
			c.tell(call, telephony.TypeConnected)
		}
		if state == presence.StateWrapUp {
			c.tell(call, telephony.TypeEnded)
		}
	}
	for _, state := range []presence.State{presence.StateReady, presence.StatePaused, presence.StateOffline} {
		in[state] = uuid.New()
		c.choose(in[state], state)
	}
	for state, agent := range in {
		require.Equal(c, state, c.session(agent).State)
	}
	require.Len(c, in, len(presence.States()))
	return in
}

// setPresenceBehaviours proves SetPresence and TouchPresence.
func setPresenceBehaviours(g *group) {
	g.proves("it puts an agent into a state of their own choice, in a campaign, and says that they were heard of", func(c *campaign) {
		for _, state := range presence.States() {
			if !state.Chosen() {
				continue
			}
			agent := uuid.New()
			requireSame(c, presence.Session{
				AgentID: agent, CampaignID: c.id, State: state, Since: c.now, ExpiresAt: c.now.Add(presentFor),
			}, c.choose(agent, state))
		}
	})

	g.proves("an agent whom a call has is ErrConflict, in whatever campaign", func(c *campaign) {
		other := c.another()
		in := c.running().inEachState()
		for _, state := range presence.States() {
			for _, chosen := range presence.States() {
				if state.Busy() && chosen.Chosen() {
					require.ErrorIs(c, c.chooseError(in[state], chosen), outdial.ErrConflict, "%s from %s", chosen, state)
					require.ErrorIs(c, other.chooseError(in[state], chosen), outdial.ErrConflict, "%s from %s", chosen, state)
				}
			}
		}
	})

	g.proves("an agent whom no call has chooses anything, from any state", chooseFromEachState)

	g.proves("to choose the state that one is in changes nothing but the expiry, and does not begin the idle time anew", func(c *campaign) {
		team := c.running().readyAgents(2)
		paused := uuid.New()
		c.choose(paused, presence.StatePaused)
		before := c.session(paused)
		c.wait(time.Minute)
		before.ExpiresAt = c.now.Add(presentFor)
		requireSame(c, before, c.choose(paused, presence.StatePaused))
		c.choose(team[0], presence.StateReady)
		require.Equal(c, team[0], c.reserve(c.dial(c.addCallable(1)[0])), "nobody has been ready longer")
	})

	g.proves("an agent works in one campaign at a time", func(c *campaign) {
		other := c.another()
		agent := c.running().readyAgents(1)[0]
		c.wait(time.Minute)
		other.now = c.now
		session := other.choose(agent, presence.StateReady)
		require.True(c, session.Since.Equal(c.now), "the idle time begins anew")
		require.Empty(c, c.sessions())
		require.Equal(c, presence.ReserveResult{}, c.reserveAny(c.dial(c.addCallable(1)[0])))
	})

	g.proves("an agent who chose again is behind the call they were in", func(c *campaign) {
		c.running()
		agent := c.inEachState()[presence.StateWrapUp]
		require.NotEqual(c, uuid.Nil, c.session(agent).CallID)
		require.Equal(c, uuid.Nil, c.choose(agent, presence.StateReady).CallID)
	})
}

func chooseFromEachState(c *campaign) {
	for _, chosen := range []presence.State{presence.StateReady, presence.StatePaused, presence.StateOffline} {
		here := c.another().running()
		for state, agent := range here.inEachState() {
			if state.Busy() {
				continue
			}
			here.wait(time.Second)
			session := here.choose(agent, chosen)
			require.Equal(c, chosen, session.State)
			if state != chosen {
				require.True(c, session.Since.Equal(here.now), "%s began now, after %s", chosen, state)
				require.Equal(c, uuid.Nil, session.CallID, "the call is behind them")
			}
		}
	}
}

func touchPresenceBehaviours(g *group) {
	touch := func(c *campaign, agent uuid.UUID, lasts time.Duration) (presence.Session, error) {
		return c.store.TouchPresence(c.Context(), presence.TouchParams{AgentID: agent, ExpiresAt: c.now.Add(lasts), Now: c.now})
	}

	g.proves("it says that an agent was heard of, and changes nothing else", func(c *campaign) {
		for state, agent := range c.running().inEachState() {
			if state == presence.StateOffline {
				continue
			}
			want := c.session(agent)
			c.wait(time.Second)
			want.ExpiresAt = c.now.Add(time.Hour)
			session, err := touch(c, agent, time.Hour)
			require.NoError(c, err)
			requireSame(c, want, session)
			requireSame(c, want, c.session(agent))
		}
	})

	g.proves("an agent with no session, or who is offline, is ErrNotFound", func(c *campaign) {
		offline := c.running().inEachState()[presence.StateOffline]
		before := c.sessions()
		for _, agent := range []uuid.UUID{uuid.New(), offline} {
			_, err := touch(c, agent, time.Hour)
			require.ErrorIs(c, err, outdial.ErrNotFound)
		}
		requireSame(c, before, c.sessions())
	})

	g.proves("an agent who is heard of again before anybody took them for gone goes on", func(c *campaign) {
		agent := c.running().readyAgents(1)[0]
		c.wait(presentFor)
		call := c.dial(c.addCallable(1)[0])
		require.Equal(c, presence.ReserveResult{}, c.reserveAny(call), "they count as gone")
		_, err := touch(c, agent, time.Hour)
		require.NoError(c, err)
		require.Equal(c, agent, c.reserve(call))
	})
}

func listPresenceBehaviours(g *group) {
	g.proves("it returns the sessions of a campaign in the order of agent ids", func(c *campaign) {
		require.Empty(c, c.sessions())
		other := c.another()
		other.readyAgents(2)
		team := c.readyAgents(3)
		slices.Reverse(team)
		for _, agent := range team {
			c.choose(agent, presence.StatePaused)
		}
		listed := c.sessions()
		require.Len(c, listed, 3)
		for i, session := range listed {
			require.Equal(c, team[2-i], session.AgentID)
			require.Equal(c, c.id, session.CampaignID)
		}
	})

	g.proves("agents who are offline are listed too", func(c *campaign) {
		agent := uuid.New()
		c.choose(agent, presence.StateOffline)
		require.Len(c, c.sessions(), 1)
	})
}

func expirePresenceBehaviours(g *group) {
	g.provesAlone("it makes everybody offline who has expired and is in no call, and returns how many it changed", func(c *campaign) {
		in := c.running().inEachState()
		before := map[presence.State]presence.Session{}
		for state, agent := range in {
			before[state] = c.session(agent)
		}
		expire := func() int {
			changed, err := c.store.ExpirePresence(c.Context(), presence.ExpireParams{Now: c.now})
			require.NoError(c, err)
			return changed
		}
		c.now = before[presence.StateReserved].ExpiresAt.Add(-time.Microsecond)
		require.Zero(c, expire())
		c.wait(time.Hour)
		require.Equal(c, 3, expire(), "those who are ready, paused or in wrap-up")
		for state, session := range before {
			if !state.Busy() && state != presence.StateOffline {
				session.State, session.Since = presence.StateOffline, c.now
				session.CallID = c.session(session.AgentID).CallID
			}
			requireSession(c, session, c.session(session.AgentID))
		}
		require.Zero(c, expire())
	})

	g.provesAlone("an agent expires at their time and not before", func(c *campaign) {
		agent := c.readyAgents(1)[0]
		ends := c.session(agent).ExpiresAt
		for _, test := range []struct {
			at   time.Time
			want presence.State
		}{{ends.Add(-time.Microsecond), presence.StateReady}, {ends, presence.StateOffline}} {
			_, err := c.store.ExpirePresence(c.Context(), presence.ExpireParams{Now: test.at})
			require.NoError(c, err)
			require.Equal(c, test.want, c.session(agent).State)
		}
	})

	g.provesAlone("an agent who was gone is reserved no more, and may come back", func(c *campaign) {
		agent := c.running().readyAgents(1)[0]
		c.wait(presentFor)
		_, err := c.store.ExpirePresence(c.Context(), presence.ExpireParams{Now: c.now})
		require.NoError(c, err)
		call := c.dial(c.addCallable(1)[0])
		require.Equal(c, presence.ReserveResult{}, c.reserveAny(call))
		c.choose(agent, presence.StateReady)
		require.Equal(c, agent, c.reserve(call))
	})
}
