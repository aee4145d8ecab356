package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
)

// repeatBehaviours proves what becomes of a request that comes again.
func repeatBehaviours(g *group) {
	g.provesInBoth("a request with the fingerprint of one that was recorded for the same item and LockVersion has the same result", func(c *campaign, in disposition.Queue) {
		for _, rule := range (disposition.Map{}).Rules() {
			there := c.another()
			p := there.disposeParams(there.reached(in, there.addCallable(1)[0]), rule.Code)
			first := there.record(p)
			there.wait(time.Hour)
			before := there.standing()
			p.Now = there.now
			again, err := c.store.RecordDisposition(c.Context(), p)
			require.NoError(c, err)
			requireSame(c, first, again)
			requireSame(c, before, there.standing())
		}
	})

	g.proves("a repeated request writes no row of the queue", func(c *campaign) {
		for _, code := range []disposition.Code{disposition.CodeBusy, disposition.CodeDoNotCall} {
			p := c.disposeParams(c.inHand(c.addCallable(1)[0]), code)
			first := c.record(p)
			before := c.rowVersions()
			again, err := c.store.RecordDisposition(c.Context(), p)
			require.NoError(c, err)
			requireSame(c, first, again)
			require.Equal(c, before, c.rowVersions())
		}
	})

	g.proves("a repeated request has the same result though the item has moved on", func(c *campaign) {
		contact := c.addCallable(1)[0]
		s := c.inHand(contact)
		p := c.disposeParams(s, disposition.CodeBusy)
		first := c.record(p)
		c.now = *first.NextAttemptAt
		taken := subjectOf(c.take(s.agent), contact)
		c.dispose(taken, disposition.CodeNotInterested)
		before := c.standing()
		p.Now = c.now
		again, err := c.store.RecordDisposition(c.Context(), p)
		require.NoError(c, err)
		requireSame(c, first, again)
		requireSame(c, before, c.standing())
	})

	g.provesInBoth("another disposition of the same LockVersion is ErrConflict", func(c *campaign, in disposition.Queue) {
		s := c.reached(in, c.addCallable(1)[0])
		c.dispose(s, disposition.CodeNoAnswer)
		for _, rule := range (disposition.Map{}).Rules() {
			if rule.Code != disposition.CodeNoAnswer {
				require.ErrorIs(c, c.recordError(c.disposeParams(s, rule.Code)), outdial.ErrConflict, rule.Code)
			}
		}
	})

	g.provesInBoth("a repeated request of another agent is ErrForbidden", func(c *campaign, in disposition.Queue) {
		p := c.disposeParams(c.reached(in, c.addCallable(1)[0]), disposition.CodeNoAnswer)
		c.record(p)
		p.AgentID = uuid.New()
		require.ErrorIs(c, c.recordError(p), outdial.ErrForbidden)
	})

	g.proves("a second call with the same actor and key answers with the stored result", func(c *campaign) {
		contact := c.addCallable(1)[0]
		s := c.inHand(contact)
		p := c.disposeParams(s, disposition.CodeBusy)
		p.Idempotency = c.key("k")
		first := c.record(p)
		c.now = *first.NextAttemptAt
		taken := c.take(s.agent)
		before := c.standing()
		p.Now, p.LockVersion = c.now, taken.LockVersion
		again, err := c.store.RecordDisposition(c.Context(), p)
		require.NoError(c, err)
		requireSame(c, first, again)
		requireSame(c, before, c.standing())
	})

	g.proves("a key that comes with another fingerprint is ErrIdempotencyMismatch", func(c *campaign) {
		people := c.addCallable(2)
		p := c.disposeParams(c.inHand(people[0]), disposition.CodeBusy)
		p.Idempotency = c.key("k")
		c.record(p)
		p = c.disposeParams(c.inHand(people[1]), disposition.CodeBusy)
		p.Idempotency = c.key("k")
		p.Idempotency.Fingerprint = "another request"
		require.ErrorIs(c, c.recordError(p), outdial.ErrIdempotencyMismatch)
	})

	g.proves("what was refused is not remembered under its key", func(c *campaign) {
		contact := c.addCallable(1)[0]
		item := c.give(uuid.New(), contact)[0]
		p := c.disposeParams(subjectOf(item, contact), disposition.CodeBusy)
		p.Idempotency = c.key("k")
		require.ErrorIs(c, c.recordError(p), outdial.ErrConflict)
		p.LockVersion = c.take(item.AgentID).LockVersion
		require.Equal(c, string(queue.StateQueued), c.record(p).State)
	})
}

// dispositionTransactionBehaviours proves dispositions in a store that is bound to a
// host's transaction. They run one after another, as the other transactions do.
func dispositionTransactionBehaviours(g *group) {
	g.provesAlone("a host transaction that commits keeps what was recorded in it", func(c *campaign) {
		s := c.inHand(c.addCallable(1)[0])
		bound, commit, _ := c.begin()
		result := bound.dispose(s, disposition.CodeConverted)
		want := bound.unaudited()
		commit()
		requireSame(c, want, c.unaudited())
		require.Equal(c, result.ID, c.dispositions()[0].ID)
	})

	g.provesAlone("a host transaction that rolls back leaves nothing of a disposition", func(c *campaign) {
		phone := nextPhone()
		people := c.add(person(withPhone(phone)), person(withPhone(phone)), person(), person())
		s, dialed := c.inHand(people[0]), c.talking(people[2])
		converts := c.inHand(people[3])
		c.give(uuid.Nil, people[1])
		before := c.standing()
		for _, code := range []disposition.Code{disposition.CodeDoNotCall, disposition.CodeInvalidNumber, disposition.CodeCallback} {
			bound, _, rollback := c.begin()
			bound.dispose(s, code)
			bound.dispose(dialed, disposition.CodeCallback)
			bound.dispose(converts, disposition.CodeConverted)
			rollback()
			requireSame(c, before, c.standing())
		}
		if count := c.suite.features.SuppressionEvents; count != nil {
			require.Zero(c, count(c, c.store, phone.E164()))
		}
		require.Equal(c, 1, c.dispose(s, disposition.CodeDoNotCall).Purged, "and it can be recorded again")
	})

	g.provesAlone("a disposition that is refused leaves the host's transaction usable", func(c *campaign) {
		contact := c.addCallable(1)[0]
		s := c.inHand(contact)
		unknown, stale, others := s, s, s
		unknown.itemID, stale.version, others.agent = uuid.New(), s.version+1, uuid.New()
		bound, commit, _ := c.begin()
		for _, refused := range []struct {
			subject subject
			err     error
		}{{unknown, outdial.ErrNotFound}, {stale, outdial.ErrConflict}, {others, outdial.ErrForbidden}} {
			_, err := bound.store.RecordDisposition(c.Context(), bound.disposeParams(refused.subject, disposition.CodeDoNotCall))
			require.ErrorIs(c, err, refused.err)
		}
		past := bound.disposeParams(s, disposition.CodeCallback, calledBackAt(c.now))
		_, err := bound.store.RecordDisposition(c.Context(), past)
		require.ErrorIs(c, err, outdial.ErrInvalid)
		_, err = bound.store.CampaignPolicy(c.Context(), uuid.New())
		require.ErrorIs(c, err, outdial.ErrNotFound)
		err = bound.store.SetCampaignPolicy(c.Context(), disposition.SetPolicyParams{CampaignID: uuid.New(), ActorID: c.actor, Now: c.now})
		require.ErrorIs(c, err, outdial.ErrNotFound)
		bound.dispose(s, disposition.CodeNotInterested)
		commit()
		require.Len(c, c.dispositions(), 1)
	})
}
