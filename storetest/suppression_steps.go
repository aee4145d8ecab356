package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// addEntries puts entries on the list and returns what is new.
func (c *campaign) addEntries(entries ...suppression.Entry) suppression.AddResult {
	c.Helper()
	result, err := c.store.AddSuppressions(c.Context(), suppression.AddParams{Entries: entries, ActorID: c.actor, Now: c.now})
	require.NoError(c, err)
	return result
}

// removeEntries takes what stands in the entries' places off the list, and returns how
// many that were.
func (c *campaign) removeEntries(entries ...suppression.Entry) int {
	c.Helper()
	places := make([]suppression.Place, len(entries))
	for i, entry := range entries {
		places[i] = entry.Place()
	}
	result, err := c.store.RemoveSuppressions(c.Context(), suppression.RemoveParams{
		Places: places, Reason: "a mistake", ActorID: c.actor, Now: c.now,
	})
	require.NoError(c, err)
	return result.Removed
}

// findParams asks about everybody whom the entries are about, in the campaign.
func (c *campaign) findParams(entries ...suppression.Entry) suppression.FindParams {
	return suppression.FindParams{Targets: targetsOf(entries...), CampaignID: c.id, Now: c.now}
}

func targetsOf(entries ...suppression.Entry) []suppression.Target {
	targets := make([]suppression.Target, len(entries))
	for i, entry := range entries {
		targets[i] = entry.Target()
	}
	return targets
}

// find asks the list about a few.
func (c *campaign) find(p suppression.FindParams) suppression.FindResult {
	c.Helper()
	result, err := c.store.FindSuppressions(c.Context(), p)
	require.NoError(c, err)
	return result
}

// found returns the entries that hold in the campaign for whom the entries are about,
// as they were added.
func (c *campaign) found(entries ...suppression.Entry) []suppression.Entry {
	c.Helper()
	return asAdded(c.find(c.findParams(entries...)).Entries)
}

func asAdded(listed []suppression.Listed) []suppression.Entry {
	entries := []suppression.Entry{}
	for _, entry := range listed {
		entries = append(entries, entry.Entry)
	}
	return entries
}

// optedOut says whether the contact has opted out.
func (c *campaign) optedOut(contact outdial.Contact) bool {
	c.Helper()
	return c.find(suppression.FindParams{ContactID: contact.ID, Now: c.now}).OptedOut
}

// match returns the indexes of those targets that an entry holds for, in the campaign.
func (c *campaign) match(targets ...suppression.Target) []int {
	c.Helper()
	return c.matchIn(c.id, targets...)
}

func (c *campaign) matchIn(campaignID uuid.UUID, targets ...suppression.Target) []int {
	c.Helper()
	result, err := c.store.MatchSuppressions(c.Context(), suppression.MatchParams{
		Targets: targets, CampaignID: campaignID, Now: c.now,
	})
	require.NoError(c, err)
	return result.Indexes
}

// head returns where the feed ends.
func (c *campaign) head() suppression.Position {
	c.Helper()
	head, err := c.store.SuppressionHead(c.Context())
	require.NoError(c, err)
	return head
}

// follow returns the feed behind a position, in parts of a few events.
func (c *campaign) follow(after suppression.Position) []suppression.Event {
	c.Helper()
	const part = 100
	events := []suppression.Event{}
	for more := true; more; {
		result, err := c.store.FollowSuppressions(c.Context(), suppression.FollowParams{After: after, Limit: part})
		require.NoError(c, err)
		events, more = append(events, result.Events...), result.More
		if more {
			require.Len(c, result.Events, part)
			after = events[len(events)-1].Position
		}
	}
	return events
}

// followed returns the events behind a position that are about the entries' targets.
func (c *campaign) followed(after suppression.Position, entries ...suppression.Entry) []suppression.Event {
	c.Helper()
	targets := targetsOf(entries...)
	return slices.DeleteFunc(c.follow(after), func(event suppression.Event) bool {
		return !slices.Contains(targets, event.Target)
	})
}

// done are the actions of events, in their order.
func done(events []suppression.Event) []suppression.EventAction {
	actions := []suppression.EventAction{}
	for _, event := range events {
		actions = append(actions, event.Action)
	}
	return actions
}

// anEntry returns a phone entry for every campaign that nobody else uses, as edited.
func anEntry(edits ...func(*suppression.Entry)) suppression.Entry {
	return suppressedBy(outdial.Contact{Phone: nextPhone()}, edits...)
}

// anAddress returns an e-mail entry that nobody else uses, as edited.
func anAddress(edits ...func(*suppression.Entry)) suppression.Entry {
	entry := suppression.NewEmail(person().Contact.Email)
	for _, edit := range edits {
		edit(&entry)
	}
	return entry
}

func fromSource(source suppression.Source) func(*suppression.Entry) {
	return func(entry *suppression.Entry) { entry.Source = source }
}

func because(reason string) func(*suppression.Entry) {
	return func(entry *suppression.Entry) { entry.Reason = reason }
}

func receivedAt(at time.Time) func(*suppression.Entry) {
	return func(entry *suppression.Entry) { entry.ReceivedAt = at }
}
