package sim

import (
	"cmp"
	"slices"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
)

// Books is what a Carrier has counted.
type Books struct {
	// Requests counts calls of Originate, and AskedAgain those whose token had been
	// asked for before.
	Requests, AskedAgain int
	// Placed counts calls that were begun, Rejected and TrunkBusy those that were not,
	// for that reason.
	Placed, Rejected, TrunkBusy int
	// LostPlaced and LostUnplaced count requests whose answer was lost, after the call
	// was begun and before.
	LostPlaced, LostUnplaced int
	// Answered, Connected and Ended count calls with which that happened.
	Answered, Connected, Ended int
	// Bridges, Hangups and Lookups count requests, Announced announcements that
	// somebody was there to hear.
	Bridges, Hangups, Lookups, Announced int
	// Delivered counts reports that arrived, Duplicated those that were sent twice and
	// Missing those that never arrived.
	Delivered, Duplicated, Missing int
	// MostAtOnce is the largest number of calls that one phone was in at once. A
	// dialer never lets it exceed one.
	MostAtOnce int
	// MostLines is the largest number of calls that there were at once.
	MostLines int
	// TwoAgents counts the times when a second agent was to be put into a call.
	TwoAgents int
}

// Record is one call as the carrier knows it.
type Record struct {
	Token   uuid.UUID
	CallSID string
	To      outdial.Phone
	Ref     dialer.Ref
	AgentID uuid.UUID
	// Announced says that an announcement was begun.
	Announced bool
	Facts     dialer.Facts
}

// Books returns what has been counted so far.
func (c *Carrier) Books() Books {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.books
}

// Records returns every call that was placed, in the order of their beginning.
func (c *Carrier) Records() []Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	records := make([]Record, 0, len(c.byToken))
	for _, k := range c.byToken {
		records = append(records, Record{
			Token: k.request.Token, CallSID: k.sid, To: k.request.To, Ref: k.request.Ref,
			AgentID: k.agentID, Announced: k.announced, Facts: k.facts,
		})
	}
	slices.SortFunc(records, func(a, b Record) int {
		return cmp.Or(a.Facts.InitiatedAt.Compare(b.Facts.InitiatedAt), cmp.Compare(a.CallSID, b.CallSID))
	})
	return records
}

func (c *Carrier) count(change func(*Books)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.books)
}
