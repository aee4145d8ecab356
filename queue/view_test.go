package queue_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

func TestList(t *testing.T) {
	t.Parallel()

	params := func(t *testing.T, actor outdial.Actor, req queue.ListRequest) queue.ListParams {
		t.Helper()
		service, bundle := setup(t)
		req.CampaignID = campaignID
		_, err := service.List(t.Context(), actor, req)
		require.NoError(t, err)
		return lastCall[queue.ListParams](t, bundle.store)
	}

	t.Run("an agent who names no agent sees their own items", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, queue.ListParams{CampaignID: campaignID, AgentID: agentID, Limit: queue.DefaultPage},
			params(t, agent(), queue.ListRequest{}))
	})
	t.Run("a manager who names no agent sees everybody's items", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, queue.ListParams{CampaignID: campaignID, Limit: queue.DefaultPage}, params(t, manager(), queue.ListRequest{}))
	})
	t.Run("an agent, a state and a limit are passed on", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, queue.ListParams{CampaignID: campaignID, AgentID: agentID, State: queue.StateLocked, Limit: 7},
			params(t, manager(), queue.ListRequest{AgentID: agentID, State: queue.StateLocked, Limit: 7}))
	})
	t.Run("the pages follow one another", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.list = queue.ListResult{Items: []queue.Item{{ID: contactID}, {ID: itemID}}, More: true}
		page, err := service.List(t.Context(), manager(), queue.ListRequest{CampaignID: campaignID})
		require.NoError(t, err)
		require.Equal(t, bundle.store.list.Items, page.Items)
		require.NotEmpty(t, page.NextCursor)
		require.Equal(t, uuid.Nil, lastCall[queue.ListParams](t, bundle.store).After)

		_, err = service.List(t.Context(), manager(), queue.ListRequest{CampaignID: campaignID, Cursor: page.NextCursor})
		require.NoError(t, err)
		require.Equal(t, itemID, lastCall[queue.ListParams](t, bundle.store).After)
	})
	t.Run("the last page has no cursor", func(t *testing.T) {
		t.Parallel()

		for _, last := range []queue.ListResult{{}, {Items: []queue.Item{{ID: itemID}}}, {More: true}} {
			service, bundle := setup(t)
			bundle.store.list = last
			page, err := service.List(t.Context(), manager(), queue.ListRequest{CampaignID: campaignID})
			require.NoError(t, err)
			require.Equal(t, queue.Page{Items: last.Items}, page)
		}
	})
	t.Run("a cursor leads behind any item and fits into a URL", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		rapid.Check(t, func(t *rapid.T) {
			id := uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
			bundle.store.list = queue.ListResult{Items: []queue.Item{{ID: id}}, More: true}
			page, err := service.List(t.Context(), manager(), queue.ListRequest{CampaignID: campaignID})
			require.NoError(t, err)
			require.Regexp(t, `^[A-Za-z0-9_-]{22}$`, page.NextCursor)
			_, err = service.List(t.Context(), manager(), queue.ListRequest{CampaignID: campaignID, Cursor: page.NextCursor})
			require.NoError(t, err)
			require.Equal(t, id, lastCall[queue.ListParams](t, bundle.store).After)
		})
	})
}
