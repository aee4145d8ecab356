package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
)

// dialing is everything that the power queue keeps of a campaign.
type dialing struct {
	Items    []dialer.Item
	Calls    []dialer.Call
	Sessions []presence.Session
	Events   []telephony.Kept
	Stats    dialer.StatsResult
}

func (c *campaign) dialing() dialing {
	c.Helper()
	return dialing{
		Items: c.callItems(), Calls: c.calls(), Sessions: c.sessions(),
		Events: c.listEvents(telephony.ListParams{CampaignID: c.id}), Stats: c.dialerStats(),
	}
}

// callTransactionBehaviours proves the power queue, presence and events in a store
// that is bound to a host's transaction. They run one after another and ask the store
// nothing while a transaction is open: an engine may have one writer only.
func callTransactionBehaviours(g *group) {
	g.provesAlone("a host transaction that commits keeps what was done in the power queue", func(c *campaign) {
		bound, commit, _ := c.begin()
		want := bound.everyDialingMethod()
		commit()
		requireSame(c, want, c.dialing())
	})

	g.provesAlone("a host transaction that rolls back leaves no trace in the power queue", func(c *campaign) {
		phone := nextPhone()
		people := c.add(person(withPhone(phone)), person())
		c.running()
		call := c.dial(people[1])
		before := c.dialing()

		bound, _, rollback := c.begin()
		bound.everyDialingMethod()
		bound.tell(call, telephony.TypeEnded, withCause(dialer.CauseRejected))
		bound.control(dialer.ControlPause)
		lease := bound.acquire("one", time.Hour)
		rollback()

		requireSame(c, before, c.dialing())
		require.Zero(c, countAuditIfKept(c, outdial.ActionDialerPause))
		p := c.claimParams(1)
		p.Lease = lease
		_, err := c.store.ClaimCalls(c.Context(), p)
		require.ErrorIs(c, err, outdial.ErrConflict, "no lease is left")
		require.Equal(c, people[0].ID, c.claimed(people[0]).ContactID, "and no phone is held")
		result := c.tell(call, telephony.TypeEnded, withCause(dialer.CauseRejected))
		require.Equal(c, dialer.StateFailed, result.State, "the event is new")
	})

	g.provesAlone("a method of the power queue that fails leaves the host's transaction usable", func(c *campaign) {
		call := c.running().dial(c.addCallable(1)[0])
		agent := c.readyAgents(1)[0]
		c.reserve(call)
		unknown := dialer.Call{ID: uuid.New(), Ref: call.Ref}

		bound, commit, _ := c.begin()
		_, err := bound.store.PlaceCall(c.Context(), bound.placeParams(call))
		require.ErrorIs(c, err, outdial.ErrConflict)
		_, err = bound.store.PlaceCall(c.Context(), bound.placeParams(unknown))
		require.ErrorIs(c, err, outdial.ErrNotFound)
		_, err = bound.store.RecordCall(c.Context(), bound.recordParams(unknown, dialer.Facts{}))
		require.ErrorIs(c, err, outdial.ErrNotFound)
		_, err = bound.store.ControlCampaign(c.Context(), bound.controlParams(dialer.ControlStart))
		require.ErrorIs(c, err, outdial.ErrConflict)
		_, err = bound.store.SetPresence(c.Context(), bound.presenceParams(agent, presence.StatePaused))
		require.ErrorIs(c, err, outdial.ErrConflict)
		_, err = bound.store.TouchPresence(c.Context(), presence.TouchParams{AgentID: uuid.New(), ExpiresAt: c.now, Now: c.now})
		require.ErrorIs(c, err, outdial.ErrNotFound)
		_, err = bound.store.RollbackCalls(c.Context(), dialer.RollbackParams{CampaignID: c.id, LaunchID: uuid.New(), ActorID: c.actor, Now: c.now})
		require.ErrorIs(c, err, outdial.ErrNotFound)
		event := bound.event(call, telephony.TypeRinging, withSID(sidOf(call)))
		bound.report(event)
		require.True(c, bound.report(event).Duplicate)
		ringing := bound.call(call.ID)
		commit()

		requireSame(c, ringing, c.call(call.ID))
		require.Equal(c, dialer.StateRinging, c.callItem(call.Ref.ItemID).State)
		require.Equal(c, presence.StateReserved, c.session(agent).State)
	})
}

// everyDialingMethod calls each method of the power queue, of presence and of events
// that changes something, in a campaign that runs or that nobody has started, and
// returns what there is then.
func (c *campaign) everyDialingMethod() dialing {
	c.Helper()
	launch := uuid.New()
	if c.dialerStats().Status == dialer.StatusStopped {
		c.control(dialer.ControlStart)
	}
	lease := c.acquire("one", time.Minute)
	team := c.readyAgents(3)
	c.choose(team[2], presence.StatePaused)
	_, err := c.store.TouchPresence(c.Context(), presence.TouchParams{AgentID: team[2], ExpiresAt: c.now.Add(presentFor), Now: c.now})
	require.NoError(c, err)
	people := c.addCallable(6)
	calls := c.dialEverybody(people[:4]...)
	c.reserve(calls[0])
	c.reserve(calls[1])
	c.unreserve(calls[1], team[1])
	c.tell(calls[0], telephony.TypeConnected)
	c.tell(calls[0], telephony.TypeEnded)
	c.originated(calls[1], newSID())
	c.lose(calls[2])
	c.report(c.event(calls[3], telephony.TypeRinging, withSID(newSID()), withRef(dialer.Ref{CampaignID: c.id, ItemID: uuid.New(), LockVersion: 1})))
	c.enqueueCalls(dialer.EnqueueParams{ContactIDs: contactIDs(people[4:]), LaunchID: launch})
	c.rollbackCalls(launch)
	c.release(lease)
	_, err = c.store.SweepCalls(c.Context(), dialer.SweepParams{Now: c.now})
	require.NoError(c, err)
	_, err = c.store.ExpirePresence(c.Context(), presence.ExpireParams{Now: c.now})
	require.NoError(c, err)
	return c.dialing()
}
