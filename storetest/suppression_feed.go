package storetest

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/suppression"
)

// followPart asks for one part of the feed.
func (c *campaign) followPart(after suppression.Position, limit int) suppression.FollowResult {
	c.Helper()
	result, err := c.store.FollowSuppressions(c.Context(), suppression.FollowParams{After: after, Limit: limit})
	require.NoError(c, err)
	return result
}

// requireGapless checks that events come one after another behind a position.
func requireGapless(t require.TestingT, after suppression.Position, events []suppression.Event) {
	seen := map[uuid.UUID]bool{after.EventID: true, uuid.Nil: true}
	for i, event := range events {
		require.Equal(t, after.Number+int64(i)+1, event.Position.Number)
		require.NotContains(t, seen, event.Position.EventID, "an id is one event's")
		seen[event.Position.EventID] = true
	}
}

func requireNoMore(t require.TestingT, part suppression.FollowResult) {
	require.Empty(t, part.Events)
	require.False(t, part.More)
}

// suppressionFeedBehaviours proves the feed of changes of the list.
func suppressionFeedBehaviours(g *group) {
	wholeFeedBehaviours(g)
	scanSuppressionsBehaviours(g)

	g.proves("an event says what happened to whom, for which campaign, by whom, and when", func(c *campaign) {
		before := c.head()
		entry := anEntry(onlyIn(c.id), fromSource(suppression.SourceQA), until(c.now.Add(time.Hour)), receivedAt(c.now.Add(-24*time.Hour)))
		want := suppression.Event{
			Target: entry.Target(), CampaignID: c.id, Source: suppression.SourceQA, ReceivedAt: entry.ReceivedAt,
		}
		longer := entry
		longer.ExpiresAt = time.Time{}
		for i, change := range []struct {
			action suppression.EventAction
			make   func()
		}{
			{suppression.EventAdd, func() { c.addEntries(entry) }},
			{suppression.EventExtend, func() { c.addEntries(longer) }},
			{suppression.EventRemove, func() { c.removeEntries(entry) }},
			{suppression.EventAdd, func() { c.addEntries(entry) }},
		} {
			c.wait(time.Minute)
			change.make()
			events := c.followed(before, entry)
			require.Len(c, events, i+1)
			got := events[i]
			want.Action, want.CreatedAt, want.Position = change.action, c.now, got.Position
			if change.action == suppression.EventRemove {
				got.ReceivedAt = want.ReceivedAt
			}
			requireSame(c, want, got)
		}
	})

	g.proves("what do_not_call puts on the list is in the feed", func(c *campaign) {
		for _, in := range queues() {
			there := c.another()
			before, contact := there.head(), there.addCallable(1)[0]
			require.True(c, there.dispose(there.reached(in, contact), disposition.CodeDoNotCall).Suppressed)
			events := there.followed(before, suppressedBy(contact))
			require.Len(c, events, 1)
			require.Equal(c, suppression.EventAdd, events[0].Action)
			require.Equal(c, uuid.Nil, events[0].CampaignID)
			require.True(c, events[0].CreatedAt.Equal(there.now))
		}
	})

	g.proves("a position with another event's id is ErrConflict: it is of another history", func(c *campaign) {
		c.addEntries(anEntry())
		at := c.head()
		at.EventID = uuid.New()
		_, err := c.store.FollowSuppressions(c.Context(), suppression.FollowParams{After: at, Limit: 1})
		require.ErrorIs(c, err, outdial.ErrConflict)
	})

	g.proves("a number beyond the end of the feed is ErrConflict", func(c *campaign) {
		c.addEntries(anEntry())
		at := c.head()
		at.Number += everything
		_, err := c.store.FollowSuppressions(c.Context(), suppression.FollowParams{After: at, Limit: 1})
		require.ErrorIs(c, err, outdial.ErrConflict)
	})
}

// wholeFeedBehaviours proves what shows when nobody else changes the list.
func wholeFeedBehaviours(g *group) {
	g.provesAlone("the end of a feed that nothing has been written to is its beginning, the zero position", func(c *campaign) {
		require.Equal(c, suppression.Position{}, c.head())
		requireNoMore(c, c.followPart(suppression.Position{}, 1))
	})

	g.provesAlone("events are numbered from 1, without gaps, in the order in which they were committed", func(c *campaign) {
		first, second, third := anEntry(), anEntry(), anAddress()
		c.addEntries(first)
		c.addEntries(second, third)
		c.addEntries(first)
		c.removeEntries(second)
		events := c.follow(suppression.Position{})
		requireGapless(c, suppression.Position{}, events)
		require.Equal(c, first.Target(), events[len(events)-4].Target)
		last := events[len(events)-1]
		require.Equal(c, second.Target(), last.Target)
		require.Equal(c, suppression.EventRemove, last.Action)
		require.Equal(c, last.Position, c.head(), "it is the position of the last event")
	})

	g.provesAlone("a part holds the next events behind the position, at most Limit, and More says that others follow", func(c *campaign) {
		before := c.head()
		c.addEntries(anEntry(), anEntry(), anEntry())
		all := c.followPart(before, 3)
		require.Len(c, all.Events, 3)
		require.False(c, all.More)
		requireGapless(c, before, all.Events)
		part := c.followPart(before, 2)
		requireSame(c, all.Events[:2], part.Events)
		require.True(c, part.More)
		rest := c.followPart(part.Events[1].Position, 2)
		requireSame(c, all.Events[2:], rest.Events)
		require.False(c, rest.More)
		requireNoMore(c, c.followPart(c.head(), 2))
	})

	g.provesAlone("what changes nothing, or fails, leaves no event and no gap", func(c *campaign) {
		there := anEntry()
		c.addEntries(there)
		before := c.head()
		c.addEntries(there)
		c.removeEntries(anEntry())
		_, err := c.store.AddSuppressions(c.Context(), suppression.AddParams{
			Entries: []suppression.Entry{anEntry(), anEntry(onlyIn(uuid.New()))}, ActorID: c.actor, Now: c.now,
		})
		require.ErrorIs(c, err, outdial.ErrNotFound)
		require.Equal(c, before, c.head())
		c.addEntries(anEntry())
		requireGapless(c, before, c.follow(before))
	})

	g.provesAlone("a host transaction that is rolled back leaves no event and no gap", func(c *campaign) {
		before, kept := c.head(), anEntry()
		bound, _, rollback := c.begin()
		bound.addEntries(anEntry(), anEntry())
		require.Equal(c, before.Number+2, bound.head().Number, "the transaction sees its own")
		rollback()
		require.Equal(c, before, c.head())
		c.addEntries(kept)
		events := c.follow(before)
		require.Len(c, events, 1)
		require.Equal(c, kept.Target(), events[0].Target)
		requireGapless(c, before, events)
	})

	g.provesAlone("a host transaction that is committed has its events in the feed", func(c *campaign) {
		before, entry := c.head(), anEntry()
		bound, commit, _ := c.begin()
		bound.addEntries(entry)
		commit()
		events := c.follow(before)
		require.Len(c, events, 1)
		require.Equal(c, entry.Target(), events[0].Target)
		require.Equal(c, events[0].Position, c.head())
	})

	g.provesAlone("who follows while many change the list sees each number after all that come before, and everything that was committed before they asked", func(c *campaign) {
		const writers, each = 4, 6
		before := c.head()
		var committed atomic.Int64
		var ended atomic.Int64
		require.NoError(c, together(writers+1, func(i int) error {
			if i < writers {
				defer ended.Add(1)
				for range each {
					if _, err := c.store.AddSuppressions(c.Context(), suppression.AddParams{
						Entries: []suppression.Entry{anEntry(), anEntry()}, ActorID: c.actor, Now: c.now,
					}); err != nil {
						return err
					}
					committed.Add(2)
				}
				return nil
			}
			after := before
			for last := false; !last; {
				last = ended.Load() == writers
				least := committed.Load()
				result, err := c.store.FollowSuppressions(c.Context(), suppression.FollowParams{After: after, Limit: everything})
				if err != nil {
					return err
				}
				for _, event := range result.Events {
					if event.Position.Number != after.Number+1 {
						return fmt.Errorf("%d follows %d", event.Position.Number, after.Number)
					}
					after = event.Position
				}
				if after.Number-before.Number < least {
					return fmt.Errorf("%d events were committed, and %d are in the feed", least, after.Number-before.Number)
				}
			}
			return nil
		}))
		require.Equal(c, before.Number+2*writers*each, c.head().Number)
	})
}

// scanSuppressionsBehaviours proves ScanSuppressions.
func scanSuppressionsBehaviours(g *group) {
	scan := func(c *campaign, after uuid.UUID, limit int) suppression.ScanResult {
		c.Helper()
		result, err := c.store.ScanSuppressions(c.Context(), suppression.ScanParams{After: after, Limit: limit})
		require.NoError(c, err)
		return result
	}

	g.provesAlone("a scan returns the targets of all entries in the order of their ids, and More says that others follow", func(c *campaign) {
		c.addEntries(anEntry())
		last := scan(c, uuid.Nil, everything).Last
		entries := []suppression.Entry{anEntry(onlyIn(c.id)), anAddress(), anEntry()}
		c.addEntries(entries...)
		want := targetsOf(entries...)
		all := scan(c, last, 3)
		require.Equal(c, want, all.Targets)
		require.False(c, all.More)
		part := scan(c, last, 2)
		require.Equal(c, want[:2], part.Targets)
		require.True(c, part.More)
		rest := scan(c, part.Last, 2)
		require.Equal(c, want[2:], rest.Targets)
		require.False(c, rest.More)
		require.Equal(c, all.Last, rest.Last)
		ended := scan(c, rest.Last, 2)
		require.Empty(c, ended.Targets)
		require.Equal(c, rest.Last, ended.Last, "who asks again begins where they ended")
	})

	g.provesAlone("entries that have run out are among what a scan returns, and those that were removed are not", func(c *campaign) {
		ended, gone := anEntry(until(c.now.Add(time.Microsecond))), anEntry()
		c.addEntries(ended, gone)
		c.removeEntries(gone)
		c.wait(time.Hour)
		require.Empty(c, c.found(ended))
		targets := scan(c, uuid.Nil, everything).Targets
		require.Contains(c, targets, ended.Target())
		require.NotContains(c, targets, gone.Target())
	})
}
