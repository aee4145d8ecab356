package storetest

import (
	"slices"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/suppression"
)

// ensureAtOnce has eight callers ask for a campaign that is not there.
func ensureAtOnce(c *campaign) {
	for range effort(10) {
		name := "at once " + uuid.NewString()
		results := make([]intake.EnsureCampaignResult, 8)
		require.NoError(c, together(len(results), func(i int) (err error) {
			results[i], err = c.store.EnsureCampaign(c.Context(), intake.EnsureCampaignParams{Name: name, Now: c.now})
			return err
		}))
		created := 0
		for _, result := range results {
			requireSame(c, results[0].Campaign, result.Campaign)
			if result.Created {
				created++
			}
		}
		require.Equal(c, 1, created)
	}
}

// addAtOnce has eight imports of one file, each with ids of its own making and
// each in another order.
func addAtOnce(c *campaign) {
	for range effort(5) {
		here := c.another()
		batch := make([]intake.NewContact, 50)
		for i := range batch {
			batch[i] = person()
		}
		results := make([]intake.AddContactsResult, 8)
		require.NoError(c, together(len(results), func(i int) (err error) {
			mine := slices.Concat(batch[i:], batch[:i])
			for j := range mine {
				mine[j].Contact.ID = uuid.New()
			}
			results[i], err = here.store.AddContacts(c.Context(), intake.AddContactsParams{
				CampaignID: here.id, Contacts: mine, Now: here.now,
			})
			return err
		}))
		added := 0
		for _, result := range results {
			require.Equal(c, len(batch), result.Added+result.Unchanged)
			added += result.Added
		}
		require.Equal(c, len(batch), added)
		require.Equal(c, len(batch), here.enqueue(queue.EnqueueParams{}).Enqueued)
	}
}

// suppressAtOnce has eight callers add two entries, in either order.
func suppressAtOnce(c *campaign) {
	for range effort(10) {
		entries := []suppression.Entry{suppressedBy(person().Contact), suppressedBy(person().Contact)}
		var added atomic.Int64
		require.NoError(c, together(8, func(i int) error {
			mine := []suppression.Entry{entries[i%2], entries[1-i%2]}
			result, err := c.store.AddSuppressions(c.Context(), suppression.AddParams{Entries: mine, ActorID: c.actor, Now: c.now})
			added.Add(int64(result.Added))
			return err
		}))
		require.Equal(c, int64(len(entries)), added.Load())
	}
}
