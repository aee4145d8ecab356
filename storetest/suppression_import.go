package storetest

import (
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// importOf names an import of a list that nobody else has.
func (c *campaign) importOf(list string) suppression.BeginImportParams {
	return suppression.BeginImportParams{
		List: list, Version: "2026-03", PublishedAt: c.now.Add(-48 * time.Hour), ActorID: c.actor, Now: c.now,
	}
}

func (c *campaign) beginImport(p suppression.BeginImportParams) suppression.Import {
	c.Helper()
	begun, err := c.store.BeginImport(c.Context(), p)
	require.NoError(c, err)
	return begun
}

// nextPart asks for the part of an import that has these entries, a line for each.
func (c *campaign) nextPart(from suppression.Import, entries ...suppression.Entry) suppression.ImportParams {
	const perLine = 13
	to := from.Checkpoint
	to.Lines += int64(len(entries))
	to.Bytes += int64(perLine * len(entries))
	to.Digest = uuid.NewString()
	return suppression.ImportParams{
		ImportID: from.ID, Entries: entries, From: from.Checkpoint, To: to, ActorID: c.actor, Now: c.now,
	}
}

// takePart carries a part out, and checks that what it returns is what is kept.
func (c *campaign) takePart(p suppression.ImportParams) suppression.Import {
	c.Helper()
	after, err := c.store.ImportSuppressions(c.Context(), p)
	require.NoError(c, err)
	requireSame(c, after, c.kept(p.ImportID))
	return after
}

// partError carries a part out that must fail, and checks that nothing changed.
func (c *campaign) partError(p suppression.ImportParams) error {
	c.Helper()
	head := c.head()
	before := c.imports()
	_, err := c.store.ImportSuppressions(c.Context(), p)
	require.Error(c, err)
	requireSame(c, c.only(before, p.ImportID), c.only(c.imports(), p.ImportID))
	require.Empty(c, c.followed(head, p.Entries...))
	require.Empty(c, c.found(p.Entries...))
	return err
}

func (c *campaign) imports() []suppression.Import {
	c.Helper()
	imports, err := c.store.ListImports(c.Context())
	require.NoError(c, err)
	return imports
}

// only are those imports that have one of the ids, in their order.
func (c *campaign) only(imports []suppression.Import, ids ...uuid.UUID) []suppression.Import {
	return slices.DeleteFunc(slices.Clone(imports), func(i suppression.Import) bool { return !slices.Contains(ids, i.ID) })
}

// kept returns an import as it is now.
func (c *campaign) kept(id uuid.UUID) suppression.Import {
	c.Helper()
	found := c.only(c.imports(), id)
	require.Len(c, found, 1)
	return found[0]
}

// imported returns n phone entries as a file has them.
func imported(n int) []suppression.Entry {
	entries := make([]suppression.Entry, n)
	for i := range entries {
		entries[i] = anEntry(fromSource(suppression.SourceImport))
	}
	return entries
}

// importSuppressionsBehaviours proves imports of lists.
func importSuppressionsBehaviours(g *group) {
	beginImportBehaviours(g)

	g.proves("it adds entries as AddSuppressions does, and keeps how far the import has come", func(c *campaign) {
		before, begun := c.head(), c.beginImport(c.importOf(c.name))
		entries := imported(3)
		entries[1].ExpiresAt, entries[2].Kind = c.now.Add(time.Hour), suppression.KindEmail
		c.wait(time.Minute)
		p := c.nextPart(begun, entries...)
		p.To.Rejected = 2
		after := c.takePart(p)
		want := begun
		want.Checkpoint, want.Added, want.UpdatedAt = p.To, 3, c.now
		requireSame(c, want, after)
		requireSame(c, entries, c.found(entries...))
		events := c.followed(before, entries...)
		require.Len(c, events, 3)
		for _, event := range events {
			require.Equal(c, suppression.EventAdd, event.Action)
			require.Equal(c, suppression.SourceImport, event.Source)
		}
	})

	g.proves("Added, Extended and Unchanged count entries over all parts", func(c *campaign) {
		entries := imported(4)
		short := entries[0]
		short.ExpiresAt = c.now.Add(time.Hour)
		c.addEntries(short, entries[1])
		after := c.takePart(c.nextPart(c.beginImport(c.importOf(c.name)), entries[:3]...))
		require.Equal(c, []int64{1, 1, 1}, []int64{after.Added, after.Extended, after.Unchanged})
		after = c.takePart(c.nextPart(after, entries[2], entries[3], entries[3]))
		require.Equal(c, []int64{2, 1, 3}, []int64{after.Added, after.Extended, after.Unchanged})
		after = c.takePart(c.nextPart(after))
		require.Equal(c, []int64{2, 1, 3}, []int64{after.Added, after.Extended, after.Unchanged})
	})

	g.proves("it is ErrConflict when the import is not where the caller believes it to be", func(c *campaign) {
		begun := c.beginImport(c.importOf(c.name))
		after := c.takePart(c.nextPart(begun, imported(2)...))
		require.ErrorIs(c, c.partError(c.nextPart(begun, imported(1)...)), outdial.ErrConflict)
		ahead := after
		ahead.Bytes++
		require.ErrorIs(c, c.partError(c.nextPart(ahead, imported(1)...)), outdial.ErrConflict)
	})

	g.proves("only the Bytes of From are compared", func(c *campaign) {
		after := c.takePart(c.nextPart(c.beginImport(c.importOf(c.name)), imported(2)...))
		p := c.nextPart(after, imported(1)...)
		p.From = suppression.Checkpoint{Bytes: after.Bytes}
		require.Equal(c, p.To, c.takePart(p).Checkpoint)
	})

	g.proves("Complete says that the file ends there: from then on it is ErrConflict", func(c *campaign) {
		begun := c.beginImport(c.importOf(c.name))
		require.True(c, begun.CompletedAt.IsZero())
		c.wait(time.Minute)
		p := c.nextPart(begun, imported(1)...)
		p.Complete = true
		after := c.takePart(p)
		require.True(c, after.CompletedAt.Equal(c.now))
		require.ErrorIs(c, c.partError(c.nextPart(after, imported(1)...)), outdial.ErrConflict)
	})

	g.proves("an unknown import is ErrNotFound", func(c *campaign) {
		require.ErrorIs(c, c.partError(c.nextPart(suppression.Import{ID: uuid.New()}, imported(1)...)), outdial.ErrNotFound)
	})

	g.proves("entries of a campaign that does not exist are ErrNotFound, and the import stays where it is", func(c *campaign) {
		begun := c.beginImport(c.importOf(c.name))
		entries := imported(2)
		entries[1].CampaignID = uuid.New()
		require.ErrorIs(c, c.partError(c.nextPart(begun, entries...)), outdial.ErrNotFound)
	})

	g.proves("of several who go on with an import at once one does, and the others are told ErrConflict", func(c *campaign) {
		const n = 4
		begun, entries := c.beginImport(c.importOf(c.name)), imported(3)
		before := c.head()
		var refused atomic.Int64
		require.NoError(c, together(n, func(int) error {
			_, err := c.store.ImportSuppressions(c.Context(), c.nextPart(begun, entries...))
			if errors.Is(err, outdial.ErrConflict) {
				refused.Add(1)
				return nil
			}
			return err
		}))
		require.Equal(c, int64(n-1), refused.Load())
		require.Equal(c, int64(len(entries)), c.kept(begun.ID).Added)
		require.Zero(c, c.kept(begun.ID).Unchanged)
		require.Len(c, c.followed(before, entries...), len(entries))
	})

	g.proves("one audit entry is written for each part", func(c *campaign) {
		begun := c.beginImport(c.importOf(c.name))
		c.wait(time.Minute)
		c.takePart(c.nextPart(begun, imported(2)...))
		entries := auditOf(c, outdial.ActionSuppressImport)
		require.Len(c, entries, 1)
		require.True(c, entries[0].CreatedAt.Equal(c.now))
		requireMeta(c, entries[0], map[string]any{"added": 2})
	})

	g.proves("ListImports returns all imports, the one that began last first", func(c *campaign) {
		ids := []uuid.UUID{}
		for _, list := range []string{"b ", "a ", "c "} {
			ids = append([]uuid.UUID{c.beginImport(c.importOf(list + c.name)).ID}, ids...)
			c.wait(time.Second)
		}
		c.takePart(c.nextPart(c.kept(ids[2]), imported(1)...))
		got := []uuid.UUID{}
		for _, one := range c.only(c.imports(), ids...) {
			got = append(got, one.ID)
		}
		require.Equal(c, ids, got)
	})
}

// beginImportBehaviours proves BeginImport.
func beginImportBehaviours(g *group) {
	g.proves("an import begins at the beginning of its file", func(c *campaign) {
		p := c.importOf(c.name)
		p.CampaignID = c.id
		begun := c.beginImport(p)
		require.NotEqual(c, uuid.Nil, begun.ID)
		requireSame(c, suppression.Import{
			ID: begun.ID, List: p.List, Version: p.Version, CampaignID: c.id, PublishedAt: p.PublishedAt,
			StartedBy: c.actor, StartedAt: c.now, UpdatedAt: c.now,
		}, begun)
		requireSame(c, begun, c.kept(begun.ID))
	})

	g.proves("to begin an import that was begun returns it as it is", func(c *campaign) {
		p := c.importOf(c.name)
		after := c.takePart(c.nextPart(c.beginImport(p), imported(2)...))
		c.wait(time.Hour)
		again := c.importOf(c.name)
		again.ActorID = uuid.New()
		requireSame(c, after, c.beginImport(again))
		last := c.nextPart(after)
		last.Complete = true
		requireSame(c, c.takePart(last), c.beginImport(again))
	})

	g.proves("another version, another list and another campaign are other imports", func(c *campaign) {
		first := c.importOf(c.name)
		version, list, campaign := first, first, first
		version.Version, list.List, campaign.CampaignID = "2026-04", "another "+c.name, c.id
		ids := map[uuid.UUID]bool{}
		for _, p := range []suppression.BeginImportParams{first, version, list, campaign} {
			begun := c.beginImport(p)
			require.Equal(c, []any{p.List, p.Version, p.CampaignID}, []any{begun.List, begun.Version, begun.CampaignID})
			ids[begun.ID] = true
		}
		require.Len(c, ids, 4)
	})

	g.proves("several who begin an import at once begin one", func(c *campaign) {
		const n = 4
		ids := make([]uuid.UUID, n)
		require.NoError(c, together(n, func(i int) error {
			begun, err := c.store.BeginImport(c.Context(), c.importOf(c.name))
			ids[i] = begun.ID
			return err
		}))
		for _, id := range ids {
			require.Equal(c, ids[0], id)
		}
	})

	g.proves("to begin an import for a campaign that does not exist is ErrNotFound, and begins none", func(c *campaign) {
		p := c.importOf(c.name)
		p.CampaignID = uuid.New()
		_, err := c.store.BeginImport(c.Context(), p)
		require.ErrorIs(c, err, outdial.ErrNotFound)
		require.False(c, slices.ContainsFunc(c.imports(), func(i suppression.Import) bool { return i.List == p.List }))
	})
}
