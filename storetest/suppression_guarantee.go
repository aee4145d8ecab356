package storetest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// suppressionGuaranteeBehaviours proves what package suppression promises first of
// all, and what its feed and its purge promise when many work at once. They run one
// after another: whoever follows the feed sees what all of them add.
func suppressionGuaranteeBehaviours(g *group) {
	g.provesAlone("no item is pulled, replaced in, enqueued or dialed whose phone or e-mail was suppressed by a transaction that committed before the claim began", claimWhileSuppressing)

	g.provesAlone("whoever follows the feed by position sees every entry that was committed, however many add at once", func(c *campaign) {
		followWhileAdding(c, false)
	})
	g.provesAlone("whoever follows the feed sees what host transactions committed, however late, and nothing that they rolled back", func(c *campaign) {
		followWhileAdding(c, true)
	})

	g.provesAlone("workers that share a cursor do the work once", purgeWithOneCursor)
	g.provesAlone("a purge that is interrupted is done by the next", interruptPurge)
}

// span is when a call was made, by a clock that moves with every beginning and every
// return.
type span struct{ began, returned int64 }

// bar is what keeps somebody from being called: an entry in a place, or that a contact
// has opted out.
type bar struct {
	place    suppression.Place
	optedOut uuid.UUID
}

// String names the bar, the value of an entry redacted.
func (b bar) String() string {
	switch {
	case b.optedOut != uuid.Nil:
		return fmt.Sprintf("contact %s opted out", b.optedOut)
	case b.place.CampaignID == uuid.Nil:
		return fmt.Sprintf("%s in every campaign", b.place.Target)
	}
	return fmt.Sprintf("%s in campaign %s", b.place.Target, b.place.CampaignID)
}

// barsOf returns what keeps a contact from being called in a campaign.
func barsOf(contact outdial.Contact, campaignID uuid.UUID) []bar {
	bars := []bar{{optedOut: contact.ID}}
	for _, target := range []suppression.Target{suppression.PhoneTarget(contact.Phone), suppression.EmailTarget(contact.Email)} {
		for _, id := range []uuid.UUID{uuid.Nil, campaignID} {
			bars = append(bars, bar{place: suppression.Place{Target: target, CampaignID: id}})
		}
	}
	return bars
}

// change is a call that put up a bar or took it away.
type change struct {
	span

	what string
}

// claim is a call that took a contact to be called.
type claim struct {
	span

	what       string
	campaignID uuid.UUID
	contactID  uuid.UUID
}

// chronicle is everything that concurrent callers did to the list, and what they
// claimed.
type chronicle struct {
	clock atomic.Int64

	mu             sync.Mutex
	raised, lifted map[bar][]change
	claims         []claim
}

func newChronicle() *chronicle {
	return &chronicle{raised: map[bar][]change{}, lifted: map[bar][]change{}}
}

// timed makes a call.
func (h *chronicle) timed(call func() error) (span, error) {
	began := h.clock.Add(1)
	err := call()
	return span{began: began, returned: h.clock.Add(1)}, err
}

// raise makes a call that puts up bars. One that fails puts up none.
func (h *chronicle) raise(what string, bars []bar, call func() error) error {
	return h.change(h.raised, what, bars, call)
}

// lift makes a call that may take bars away.
func (h *chronicle) lift(what string, bars []bar, call func() error) error {
	return h.change(h.lifted, what, bars, call)
}

func (h *chronicle) change(into map[bar][]change, what string, bars []bar, call func() error) error {
	made, err := h.timed(call)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range bars {
		into[b] = append(into[b], change{span: made, what: what})
	}
	return nil
}

// note keeps a claim.
func (h *chronicle) note(c claim) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.claims = append(h.claims, c)
}

// contradiction describes a claim of somebody who certainly was not to be called, or
// is "": one call had put up a bar when the claim began, and no call that takes it away
// was made between them or beside either.
func (h *chronicle) contradiction(contacts map[uuid.UUID]outdial.Contact) string {
	for _, claimed := range h.claims {
		for _, b := range barsOf(contacts[claimed.contactID], claimed.campaignID) {
			for _, raised := range h.raised[b] {
				if raised.returned < claimed.began && !h.mayBeGone(b, raised, claimed) {
					return fmt.Sprintf("%s: %s at %d-%d, and yet %s at %d-%d took contact %s of campaign %s",
						b, raised.what, raised.began, raised.returned,
						claimed.what, claimed.began, claimed.returned, claimed.contactID, claimed.campaignID)
				}
			}
		}
	}
	return ""
}

// mayBeGone says whether a bar may have been taken away between a change and a claim.
func (h *chronicle) mayBeGone(b bar, raised change, claimed claim) bool {
	return slices.ContainsFunc(h.lifted[b], func(lifted change) bool {
		return lifted.returned > raised.began && lifted.began < claimed.returned
	})
}

// everBarred says whether something may ever have kept a contact from being called.
func (h *chronicle) everBarred(contact outdial.Contact, campaignID uuid.UUID) bool {
	return slices.ContainsFunc(barsOf(contact, campaignID), func(b bar) bool { return len(h.raised[b]) > 0 })
}
