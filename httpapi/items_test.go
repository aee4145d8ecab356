package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

func TestPullAnswersWithTheItemInTheTablesWords(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	held := lockedItem()
	s.store.pull = queue.PullResult{Item: &held}
	got := s.send(http.MethodPost, campaignPath("/queues/pull"), "", s.as(agent()))
	require.Equal(t, http.StatusOK, got.Code)
	require.JSONEq(t, `{
		"id": "01939d8e-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"campaign_id": "6c1f17c9-6f8b-43d8-8af2-fa27ad84379a",
		"agent_id": "478095da-e25f-4ba3-88bc-367db36f41d3",
		"contact_id": "01939d8e-3a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"queue_state": "locked",
		"priority": 7,
		"pooled": true,
		"scheduled_for": null,
		"callback_at": null,
		"callback_agent_id": null,
		"queued_at": "2026-11-21T14:04:05.123456Z",
		"released_at": null,
		"locked_at": "2026-11-21T15:04:05.123456Z",
		"lock_expires_at": "2026-11-21T15:19:05.123456Z",
		"lock_version": 3,
		"attempts": 1,
		"fail_reason": null,
		"launch_id": "01939d8e-2a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"enqueued_by": "system",
		"enqueued_reason": "campaign_audience",
		"contact": {
			"id": "01939d8e-3a2b-7c3d-8e4f-5a6b7c8d9e0f",
			"account_id": "01939d8e-4a2b-7c3d-8e4f-5a6b7c8d9e0f",
			"first_name": "Bea",
			"last_name": "O'Neil",
			"company": "Chanay, Jeffrey",
			"phone": "+15046218927",
			"timezone": "America/Chicago"
		}
	}`, got.Body.String())
	asked, ok := s.store.called()[0].(queue.PullParams)
	require.True(t, ok)
	require.Equal(t, agentID, asked.AgentID)
}

func TestACallbackSaysWhenAndWhoPromisedIt(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	held := lockedItem()
	held.CallbackAt = time.Date(2026, 11, 21, 9, 4, 5, 0, time.FixedZone("CST", -6*60*60))
	held.ScheduledFor, held.CallbackAgentID = held.CallbackAt, managerID
	s.store.pull = queue.PullResult{Item: &held}
	got := s.send(http.MethodPost, campaignPath("/queues/pull"), "", s.as(agent())).object(t)
	require.Equal(t, []any{"2026-11-21T15:04:05Z", "2026-11-21T15:04:05Z", managerID.String()},
		[]any{got["callback_at"], got["scheduled_for"], got["callback_agent_id"]})
}

func TestPullAnswers204WhenThereIsNothingToCall(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.send(http.MethodPost, campaignPath("/queues/pull"), "{}", s.as(agent()))
	require.Equal(t, http.StatusNoContent, got.Code)
	require.Empty(t, got.Body.String())
	require.Empty(t, got.Header().Get("Content-Type"))
}

func TestAManagerPullsForAnAgentAndDoesNotSeeTheNumber(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	held := lockedItem()
	s.store.pull = queue.PullResult{Item: &held}
	got := s.send(http.MethodPost, campaignPath("/queues/pull"), `{"agent_id":"`+agentID.String()+`"}`, s.as(manager()))
	require.Equal(t, "••••27", phoneOf(t, got.object(t)))
	asked, ok := s.store.called()[0].(queue.PullParams)
	require.True(t, ok)
	require.Equal(t, agentID, asked.AgentID)
}

func phoneOf(t *testing.T, item map[string]any) string {
	t.Helper()
	contact, ok := item["contact"].(map[string]any)
	require.True(t, ok)
	phone, ok := contact["phone"].(string)
	require.True(t, ok)
	return phone
}

func TestAPhoneIsInFullOnlyForTheAgentWhoHoldsTheItem(t *testing.T) {
	t.Parallel()
	for _, state := range queue.States() {
		for name, viewer := range map[string]outdial.Actor{
			"holder": {ID: agentID, Role: outdial.RoleManager, Scopes: outdial.Scopes()},
			"other":  manager(),
		} {
			held := lockedItem()
			held.State = state
			s := newServer(t)
			s.store.list = queue.ListResult{Items: []queue.Item{held}}
			got := s.send(http.MethodGet, campaignPath("/queues"), "", s.as(viewer)).object(t)
			items, ok := got["items"].([]any)
			require.True(t, ok)
			item, ok := items[0].(map[string]any)
			require.True(t, ok)
			want := "••••27"
			if name == "holder" && (state == queue.StateLocked || state == queue.StateInProgress) {
				want = "+15046218927"
			}
			require.Equal(t, want, phoneOf(t, item), "%s %s", name, state)
		}
	}
}

func TestAnItemOfThePoolBelongsToNobody(t *testing.T) {
	t.Parallel()
	nobody := authenticatorFunc(func(*http.Request) (outdial.Actor, error) { return outdial.System(), nil })
	s := newServer(t, func(with *setup) { with.http.Authenticator = nobody })
	s.store.list = queue.ListResult{Items: []queue.Item{{
		ID: itemID, CampaignID: campaignID, ContactID: contactID, State: queue.StateLocked,
		Contact: outdial.Contact{ID: contactID, Phone: "+15046218927"},
	}}}
	got := s.send(http.MethodGet, campaignPath("/queues"), "")
	require.JSONEq(t, `{"items":[{
		"id": "01939d8e-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"campaign_id": "6c1f17c9-6f8b-43d8-8af2-fa27ad84379a",
		"agent_id": null,
		"contact_id": "01939d8e-3a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"queue_state": "locked", "priority": 0, "pooled": false,
		"scheduled_for": null, "callback_at": null, "callback_agent_id": null, "queued_at": null, "released_at": null, "locked_at": null, "lock_expires_at": null,
		"lock_version": 0, "attempts": 0, "fail_reason": null, "launch_id": null,
		"enqueued_by": null, "enqueued_reason": null,
		"contact": {"id": "01939d8e-3a2b-7c3d-8e4f-5a6b7c8d9e0f", "account_id": null, "first_name": "", "last_name": "",
			"company": "", "phone": "••••27", "timezone": ""}
	}],"next_cursor":""}`, got.Body.String())
}

func TestAListGoesOnWhereItsCursorSays(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.store.list = queue.ListResult{Items: []queue.Item{lockedItem()}, More: true}
	got := s.send(http.MethodGet, campaignPath("/queues?agent_id="+agentID.String()+"&state=locked&limit=1&cursor="), "", s.as(manager()))
	cursor, ok := got.object(t)["next_cursor"].(string)
	require.True(t, ok)
	require.NotEmpty(t, cursor)

	s.store.list = queue.ListResult{}
	got = s.send(http.MethodGet, campaignPath("/queues?cursor="+cursor), "", s.as(manager()))
	require.JSONEq(t, `{"items":[],"next_cursor":""}`, got.Body.String())
	require.Equal(t, []any{
		queue.ListParams{CampaignID: campaignID, AgentID: agentID, State: queue.StateLocked, Limit: 1},
		queue.ListParams{CampaignID: campaignID, After: itemID, Limit: queue.DefaultPage},
	}, s.store.called())
}

func TestMovesNameTheVersionAndAnswerWithTheItem(t *testing.T) {
	t.Parallel()
	for verb, want := range map[string]queue.Move{
		"start": queue.MoveStart, "heartbeat": queue.MoveHeartbeat, "release": queue.MoveGiveBack,
	} {
		s := newServer(t)
		got := s.send(http.MethodPost, itemPath(verb), `{"lock_version":3}`, s.as(agent())).object(t)
		require.Equal(t, itemID.String(), got["id"])
		asked, ok := s.store.called()[0].(queue.MoveParams)
		require.True(t, ok)
		require.Equal(t, want, asked.Move)
		require.Equal(t, 3, asked.LockVersion)
		require.Equal(t, itemID, asked.ItemID)
		require.Equal(t, agentID, asked.AgentID)
	}
}

func TestAnItemThatIsNotThereIsNamedAsThePathNamesIt(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.store.err = &outdial.NotFoundError{What: "queue_item", Field: "id"}
	got := s.send(http.MethodPost, itemPath("start"), `{"lock_version":3}`, s.as(agent()))
	require.Equal(t, http.StatusNotFound, got.Code)
	require.Equal(t, "queue_item_not_found", got.problem.Error)
	require.Equal(t, "id", got.problem.Field)
	require.Equal(t, "id: no such queue_item", got.problem.Detail)
}
