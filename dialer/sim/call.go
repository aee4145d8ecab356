package sim

import (
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
)

// call is one call under way, or over. The carrier's mutex guards it.
type call struct {
	fate

	chance  chance
	request dialer.OriginateRequest
	sid     string
	facts   dialer.Facts
	agentID uuid.UUID
	// announced says that an announcement was begun.
	announced bool
	// next is what happens unless something else does before, detection the word of the
	// machine detection.
	next, detection *entry
	// reports counts what was reported, which numbers it.
	reports int
	over    chan struct{}
}

// defaultRingFor is how long it rings when nobody says.
const defaultRingFor = 25 * time.Second

// place begins a call.
func (c *Carrier) place(k *call) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.byToken[k.request.Token] != nil:
		return nil
	case k.rejected:
		c.books.Rejected++
		return dialer.ErrNumberRejected
	case c.cfg.Lines > 0 && c.lines >= c.cfg.Lines:
		c.books.TrunkBusy++
		return dialer.ErrTrunkBusy
	}
	c.byToken[k.request.Token], c.bySID[k.sid] = k, k
	c.lines++
	c.live[k.request.To]++
	c.books.Placed++
	c.books.MostLines = max(c.books.MostLines, c.lines)
	c.books.MostAtOnce = max(c.books.MostAtOnce, c.live[k.request.To])
	k.facts.InitiatedAt = c.agenda.now()
	c.report(k, telephony.TypeInitiated)
	c.then(k, k.setup, func() { c.ring(k) })
	return nil
}

// then says what happens to a call after d, instead of what would have.
func (c *Carrier) then(k *call, d time.Duration, do func()) {
	c.agenda.stop(k.next)
	var mine *entry
	mine = c.agenda.after(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		// Something else may have come between the clock and the lock.
		if k.next == mine {
			do()
		}
	})
	k.next = mine
}

func (c *Carrier) ring(k *call) {
	if k.cause == dialer.CauseBusy || k.cause == dialer.CauseFailed {
		c.end(k, k.cause)
		return
	}
	k.facts.RingingAt = c.agenda.now()
	c.report(k, telephony.TypeRinging)
	ringFor := k.request.RingFor
	if ringFor <= 0 {
		ringFor = defaultRingFor
	}
	if k.picksUp && k.pickUp < ringFor {
		c.then(k, k.pickUp, func() { c.answer(k) })
		return
	}
	c.then(k, ringFor, func() { c.end(k, dialer.CauseNoAnswer) })
}

func (c *Carrier) answer(k *call) {
	k.facts.AnsweredAt = c.agenda.now()
	c.books.Answered++
	c.report(k, telephony.TypeAnswered)
	if k.request.DetectMachine && k.verdict != "" {
		k.detection = c.agenda.after(k.verdictAfter, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.judge(k)
		})
	}
	c.then(k, k.stays, func() { c.end(k, dialer.CauseCompleted) })
}

func (c *Carrier) judge(k *call) {
	if !k.facts.EndedAt.IsZero() {
		return
	}
	k.facts.AMD, k.facts.AMDAt = k.verdict, c.agenda.now()
	c.report(k, telephony.TypeAMD)
}

func (c *Carrier) bridge(k *call, agentID uuid.UUID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.books.Bridges++
	switch {
	case !k.facts.EndedAt.IsZero():
		return dialer.ErrCallNotFound
	case !k.facts.ConnectedAt.IsZero():
		if k.agentID != agentID {
			c.books.TwoAgents++
			return dialer.ErrTrunkBusy
		}
		return nil
	}
	draw := k.chance.Float64()
	busy, lost := c.cfg.Network.BridgeBusy, c.cfg.Network.BridgeLost
	switch {
	case draw < busy:
		return dialer.ErrTrunkBusy
	case draw < busy+lost && k.chance.happens(0.5):
		return dialer.ErrCarrierTimeout
	}
	k.agentID, k.facts.ConnectedAt = agentID, c.agenda.now()
	c.books.Connected++
	c.report(k, telephony.TypeConnected)
	c.then(k, k.talks, func() { c.end(k, dialer.CauseCompleted) })
	if draw < busy+lost {
		return dialer.ErrCarrierTimeout
	}
	return nil
}

// listen begins an announcement, unless there is nobody to hear it.
func (c *Carrier) listen(k *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !k.facts.EndedAt.IsZero() {
		return false
	}
	c.books.Announced++
	k.announced = true
	c.agenda.stop(k.next)
	k.next = nil
	return true
}

// fallSilent ends an announcement: who is left on the line waits again.
func (c *Carrier) fallSilent(k *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k.facts.EndedAt.IsZero() {
		c.then(k, k.stays, func() { c.end(k, dialer.CauseCompleted) })
	}
}

func (c *Carrier) end(k *call, cause dialer.Cause) {
	if !k.facts.EndedAt.IsZero() {
		return
	}
	c.agenda.stop(k.next)
	c.agenda.stop(k.detection)
	k.next = nil
	k.facts.EndedAt, k.facts.Cause = c.agenda.now(), cause
	c.lines--
	c.live[k.request.To]--
	c.books.Ended++
	c.report(k, telephony.TypeEnded)
	close(k.over)
}
