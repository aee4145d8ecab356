package dialer_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
)

func TestList(t *testing.T) {
	t.Parallel()

	service, bundle := setup(t)
	bundle.store.items = dialer.ListItemsResult{Items: []dialer.Item{{ID: contactID}, {ID: itemID}}, More: true}
	page, err := service.List(t.Context(), manager(), dialer.ListRequest{CampaignID: campaignID})
	require.NoError(t, err)
	require.Equal(t, bundle.store.items.Items, page.Items)
	require.Equal(t, dialer.ListItemsParams{CampaignID: campaignID, Limit: outdial.DefaultPage}, lastCall[dialer.ListItemsParams](t, bundle.store))

	bundle.store.items = dialer.ListItemsResult{Items: []dialer.Item{{ID: launchID}}}
	page, err = service.List(t.Context(), manager(), dialer.ListRequest{
		CampaignID: campaignID, State: dialer.StateRinging, Cursor: page.NextCursor, Limit: 2,
	})
	require.NoError(t, err)
	require.Equal(t, dialer.ListItemsParams{CampaignID: campaignID, State: dialer.StateRinging, After: itemID, Limit: 2},
		lastCall[dialer.ListItemsParams](t, bundle.store))
	require.Equal(t, dialer.Page{Items: bundle.store.items.Items}, page, "the last page has no cursor")

	bundle.store.items = dialer.ListItemsResult{More: true}
	page, err = service.List(t.Context(), manager(), dialer.ListRequest{CampaignID: campaignID})
	require.NoError(t, err)
	require.Empty(t, page.NextCursor, "nothing leads nowhere")
}

func TestCall(t *testing.T) {
	t.Parallel()

	agent := outdial.Actor{ID: uuid.New(), Role: outdial.RoleAgent, Scopes: []outdial.Scope{outdial.ScopeQueuePull}}
	asked := dialer.CallRequest{CampaignID: campaignID, CallID: uuid.MustParse("01a212e7-d952-77b1-9a22-a11ebf1a0000")}
	own := dialer.Call{ID: asked.CallID, AgentID: agent.ID, Ref: dialer.Ref{CampaignID: campaignID, ItemID: itemID, LockVersion: 3}}
	serve := func(t *testing.T, calls ...dialer.Call) (*dialer.Service, *fakeStore) {
		t.Helper()
		service, bundle := setup(t)
		bundle.store.listed = dialer.ListCallsResult{Calls: calls}
		return service, bundle.store
	}

	t.Run("the agent in a call sees what it is about", func(t *testing.T) {
		t.Parallel()
		service, store := serve(t, own)
		call, err := service.Call(t.Context(), agent, asked)
		require.NoError(t, err)
		require.Equal(t, own, call)
		require.Equal(t, dialer.ListCallsParams{
			CampaignID: campaignID, After: uuid.MustParse("01a212e7-d952-77b1-9a22-a11ebf19ffff"), Limit: 1,
		}, lastCall[dialer.ListCallsParams](t, store), "the page begins with the call")
	})
	t.Run("a manager sees anyone's", func(t *testing.T) {
		t.Parallel()
		service, _ := serve(t, own)
		call, err := service.Call(t.Context(), manager(), asked)
		require.NoError(t, err)
		require.Equal(t, own, call)
	})
	t.Run("another agent's call is ErrForbidden", func(t *testing.T) {
		t.Parallel()
		others := own
		others.AgentID = uuid.New()
		service, _ := serve(t, others)
		_, err := service.Call(t.Context(), agent, asked)
		require.ErrorIs(t, err, outdial.ErrForbidden)
	})
	t.Run("a call that is not there is ErrNotFound, though others follow", func(t *testing.T) {
		t.Parallel()
		for _, calls := range [][]dialer.Call{nil, {{ID: uuid.Max, AgentID: agent.ID}}} {
			service, _ := serve(t, calls...)
			_, err := service.Call(t.Context(), agent, asked)
			require.ErrorIs(t, err, outdial.ErrNotFound)
		}
	})
	t.Run("ids are required, and a scope", func(t *testing.T) {
		t.Parallel()
		service, _ := serve(t, own)
		for _, req := range []dialer.CallRequest{{CampaignID: campaignID}, {CallID: asked.CallID}} {
			_, err := service.Call(t.Context(), agent, req)
			require.ErrorIs(t, err, outdial.ErrInvalid)
		}
		agent := agent
		agent.Scopes = []outdial.Scope{outdial.ScopeQueueWrite}
		_, err := service.Call(t.Context(), agent, asked)
		require.ErrorIs(t, err, outdial.ErrForbidden)
	})
}

func TestCalls(t *testing.T) {
	t.Parallel()

	service, bundle := setup(t)
	bundle.store.listed = dialer.ListCallsResult{Calls: []dialer.Call{{ID: contactID}, {ID: itemID}}, More: true}
	page, err := service.Calls(t.Context(), manager(), dialer.CallsRequest{})
	require.NoError(t, err)
	require.Equal(t, bundle.store.listed.Calls, page.Calls)
	require.Equal(t, dialer.ListCallsParams{Limit: outdial.DefaultPage}, lastCall[dialer.ListCallsParams](t, bundle.store))

	bundle.store.listed = dialer.ListCallsResult{Calls: []dialer.Call{{ID: launchID}}}
	page, err = service.Calls(t.Context(), manager(), dialer.CallsRequest{
		CampaignID: campaignID, Unsettled: true, States: []dialer.State{dialer.StateUnknown}, Cursor: page.NextCursor, Limit: 2,
	})
	require.NoError(t, err)
	require.Equal(t, dialer.ListCallsParams{
		CampaignID: campaignID, Unsettled: true, States: []dialer.State{dialer.StateUnknown}, After: itemID, Limit: 2,
	}, lastCall[dialer.ListCallsParams](t, bundle.store))
	require.Equal(t, dialer.CallPage{Calls: bundle.store.listed.Calls}, page, "the last page has no cursor")

	bundle.store.listed = dialer.ListCallsResult{More: true}
	page, err = service.Calls(t.Context(), manager(), dialer.CallsRequest{})
	require.NoError(t, err)
	require.Empty(t, page.NextCursor, "nothing leads nowhere")
}

func TestStats(t *testing.T) {
	t.Parallel()

	service, bundle := setup(t)
	bundle.store.stats = dialer.StatsResult{Status: dialer.StatusRunning, States: map[dialer.State]int{dialer.StateQueued: 3}, Due: 2}
	for _, actor := range []outdial.Actor{agent(), manager()} {
		got, err := service.Stats(t.Context(), actor, campaignID)
		require.NoError(t, err)
		require.Equal(t, bundle.store.stats, got)
		require.Equal(t, dialer.StatsParams{CampaignID: campaignID, Now: requestTime}, lastCall[dialer.StatsParams](t, bundle.store))
	}
	_, err := service.Stats(t.Context(), manager(), uuid.Nil)
	requireFieldError(t, err, "campaign_id", "is required")
}
