package storetest

import (
	"context"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/queue"
)

// storeBehaviours proves what a store offers beside its domains.
func storeBehaviours(g *group) {
	g.proves("running Migrate again is harmless", func(c *campaign) {
		c.give(uuid.New(), c.addCallable(2)...)
		before := c.items()
		require.NoError(c, c.store.Migrate(c.Context()))
		requireSame(c, before, c.items())
	})

	g.proves("running Migrate in several places at once is harmless", func(c *campaign) {
		c.give(uuid.New(), c.addCallable(2)...)
		before := c.items()
		require.NoError(c, together(4, func(int) error { return c.store.Migrate(c.Context()) }))
		requireSame(c, before, c.items())
	})

	g.proves("Ping says whether the database answers", func(c *campaign) {
		require.NoError(c, c.store.Ping(c.Context()))
	})

	g.proves("a call whose context has ended fails and changes nothing", func(c *campaign) {
		c.addCallable(1)
		ended, cancel := context.WithCancel(c.Context())
		cancel()
		_, err := c.store.ReplaceQueue(ended, c.replaceParams(queue.ReplaceParams{AgentID: uuid.New()}))
		require.Error(c, err)
		_, err = c.store.EnqueueItems(ended, c.enqueueParams(queue.EnqueueParams{}))
		require.Error(c, err)
		_, err = c.store.EnqueueCalls(ended, c.enqueueCallsParams(dialer.EnqueueParams{}))
		require.Error(c, err)
		require.Empty(c, c.items())
		require.Empty(c, c.callItems())
	})
}
