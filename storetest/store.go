package storetest

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue"
)

// storeBehaviours proves what a store offers beside its domains.
func storeBehaviours(g *group) {
	g.proves("running Migrate again is harmless", func(t *testing.T, c *campaign) {
		c.give(uuid.New(), c.addCallable(2)...)
		before := c.items()
		require.NoError(t, c.store.Migrate(t.Context()))
		requireSame(t, before, c.items())
	})

	g.proves("running Migrate in several places at once is harmless", func(t *testing.T, c *campaign) {
		c.give(uuid.New(), c.addCallable(2)...)
		before := c.items()
		require.NoError(t, together(4, func(int) error { return c.store.Migrate(t.Context()) }))
		requireSame(t, before, c.items())
	})

	g.proves("Ping says whether the database answers", func(t *testing.T, c *campaign) {
		require.NoError(t, c.store.Ping(t.Context()))
	})

	g.proves("a call whose context has ended fails and changes nothing", func(t *testing.T, c *campaign) {
		c.addCallable(1)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := c.store.ReplaceQueue(ended, c.replaceParams(queue.ReplaceParams{AgentID: uuid.New()}))
		require.Error(t, err)
		_, err = c.store.EnqueueItems(ended, c.enqueueParams(queue.EnqueueParams{}))
		require.Error(t, err)
		require.Empty(t, c.items())
	})
}
