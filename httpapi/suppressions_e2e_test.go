package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
)

// remove sends a removal and returns how many entries are gone.
func (s *realServer) remove(actor outdial.Actor, body string) int {
	s.t.Helper()
	removed, ok := s.send(http.MethodDelete, "/suppressions", body, s.as(actor)).object(s.t)["removed"].(float64)
	require.True(s.t, ok)
	return int(removed)
}

// check asks about one value and returns what is known about it.
func (s *realServer) check(t *testing.T, actor outdial.Actor, body string) map[string]any {
	t.Helper()
	answered := items(t, s.post(actor, "/suppressions/check", body))
	require.Len(t, answered, 1)
	return answered[0]
}

func TestWhoIsOnTheListIsGivenToNobodyUntilTheyAreTakenOff(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	s.post(manager(), s.path("/queues/enqueue"), `{"filters":{"first_name_contains":"Bea"}}`)
	s.post(manager(), s.path("/dialer/enqueue"), `{"filters":{"first_name_contains":"Donette"}}`)
	const sent = `{"entries":[{"phone":"(504) 621-8927","reason":"asked by letter","received_at":"2026-11-18T00:00:00Z"},{"email":"DONETTE@example.com","source":"qa"}]}`
	require.Equal(t, []int{2, 0}, counts(t, s.post(agent(), "/suppressions", sent), "added", "extended"))
	require.Equal(t, []int{0, 0}, counts(t, s.post(agent(), "/suppressions", sent), "added", "extended"), "twice is once")
	require.Equal(t, http.StatusNoContent, s.send(http.MethodPost, s.path("/queues/pull"), "", s.as(agent())).Code)

	purged := s.post(admin(), "/ops/purge", "")
	require.Equal(t, []int{1, 1}, counts(t, purged, "agent_items", "power_items"))
	require.Equal(t, []int{0, 0}, counts(t, s.post(admin(), "/ops/purge", ""), "agent_items", "power_items"))
	for _, item := range append(items(t, s.get(manager(), s.path("/queues"))), items(t, s.get(manager(), s.path("/dialer/items")))...) {
		require.Equal(t, "suppressed", item["fail_reason"])
	}

	listed := items(t, s.get(manager(), "/suppressions"))
	require.Len(t, listed, 2)
	require.Equal(t, []any{"phone", "+15046218927", nil, "manual", "asked by letter", agentID.String(), "2026-11-21T15:04:05Z", "2026-11-18T00:00:00Z", nil},
		[]any{
			listed[0]["kind"], listed[0]["value"], listed[0]["campaign_id"], listed[0]["source"], listed[0]["reason"], listed[0]["created_by"],
			listed[0]["created_at"], listed[0]["received_at"], listed[0]["expires_at"],
		})
	require.Equal(t, []any{"DONETTE@example.com", "qa"}, []any{listed[1]["value"], listed[1]["source"]})
	require.Equal(t, listed[1:], items(t, s.get(manager(), "/suppressions?kind=email&source=qa")))
	first := s.get(manager(), "/suppressions?limit=1")
	require.Equal(t, listed[:1], items(t, first))
	rest := s.get(manager(), "/suppressions?limit=1&cursor="+text(t, first, "next_cursor"))
	require.Equal(t, listed[1:], items(t, rest))
	require.Empty(t, rest["next_cursor"])

	require.Equal(t, map[string]any{"phone": "5046218927", "suppressed": true, "entries": []any{listed[0]}}, s.check(t, manager(), `{"phones":["5046218927"]}`))
	require.Equal(t, 1, s.remove(manager(), `{"phones":["5046218927","8102929388"],"reason":"asked to be called again"}`))
	require.Equal(t, 0, s.remove(manager(), `{"phones":["5046218927"],"reason":"asked to be called again"}`))
	require.Equal(t, false, s.check(t, agent(), `{"phones":["504 621 8927"]}`)["suppressed"])
	s.post(manager(), s.path("/queues/enqueue"), `{"filters":{"first_name_contains":"Bea"}}`)
	require.Equal(t, "+15046218927", phoneOf(t, s.post(agent(), s.path("/queues/pull"), "")))
	requireNobodyIn(t, s.log.String())
}

func TestAnEntryOfOneCampaignHoldsThereAndUntilItsEnd(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	entry := func(ends string) string {
		return `{"phone":"504-621-8927","campaign_id":"` + s.campaign + `","expires_at":"` + ends + `"}`
	}
	require.Equal(t, []int{1, 0}, counts(t, s.post(agent(), "/suppressions", entry("2026-11-21T16:00:00Z")), "added", "extended"))
	require.Equal(t, []int{0, 1}, counts(t, s.post(agent(), "/suppressions", entry("2026-11-21T17:00:00Z")), "added", "extended"))
	require.Equal(t, []int{0, 0}, counts(t, s.post(agent(), "/suppressions", entry("2026-11-21T16:30:00Z")), "added", "extended"))

	require.Empty(t, items(t, s.get(manager(), "/suppressions")), "it holds in one campaign")
	own := items(t, s.get(manager(), "/suppressions?campaign_id="+s.campaign))
	require.Len(t, own, 1)
	require.Equal(t, []any{s.campaign, "2026-11-21T17:00:00Z"}, []any{own[0]["campaign_id"], own[0]["expires_at"]})
	require.Equal(t, own, items(t, s.get(manager(), "/suppressions?all_campaigns=true")))
	require.Empty(t, items(t, s.get(manager(), "/suppressions?campaign_id="+campaignID.String())))
	inCampaign := `{"phones":["504-621-8927"],"campaign_id":"` + s.campaign + `"}`
	require.Equal(t, true, s.check(t, agent(), inCampaign)["suppressed"])
	require.Equal(t, false, s.check(t, agent(), `{"phones":["504-621-8927"]}`)["suppressed"])
	require.Equal(t, 0, s.remove(manager(), `{"phones":["504-621-8927"],"reason":"x"}`), "which is about all campaigns")

	s.clock.Set(time.Date(2026, 11, 21, 17, 0, 0, 0, time.UTC))
	require.Equal(t, false, s.check(t, agent(), inCampaign)["suppressed"])
	require.Empty(t, items(t, s.get(manager(), "/suppressions?all_campaigns=true")))
}

func TestConsentThatIsTakenBackIsHonouredEverywhereAndCanBeGivenAgain(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	bea := s.post(manager(), s.path("/queues/enqueue"), `{"filters":{"first_name_contains":"Bea"}}`)
	require.Equal(t, []int{1}, counts(t, bea, "enqueued"))
	contact, ok := items(t, s.get(manager(), s.path("/queues")))[0]["contact_id"].(string)
	require.True(t, ok)
	const said = `"received_at":"2026-11-20T18:30:00Z","source":"webhook","reason":"STOP by text"}`
	revoked := s.post(agent(), "/suppressions/revoke", `{"phone":"504-621-8927",`+said)
	require.Equal(t, []int{1, 1, 0}, counts(t, revoked, "contacts", "added", "removed"))
	require.Equal(t, []any{"2026-11-20T18:30:00Z", "2026-11-21T15:04:05Z"}, []any{revoked["received_at"], revoked["effective_at"]})
	require.Equal(t, []int{0, 1, 0}, counts(t, s.post(agent(), "/suppressions/revoke", `{"contact_id":"`+contact+`",`+said), "contacts", "added", "removed"),
		"the contact's address comes onto the list, too")
	require.Equal(t, http.StatusNoContent, s.send(http.MethodPost, s.path("/queues/pull"), "", s.as(agent())).Code)
	verdict := s.check(t, manager(), `{"contact_id":"`+contact+`"}`)
	require.Equal(t, []any{true, true}, []any{verdict["suppressed"], verdict["opted_out"]})
	require.Len(t, verdict["entries"], 2)
	masked := s.send(http.MethodPost, "/suppressions/check", `{"contact_id":"`+contact+`"}`, s.as(agent()))
	require.Contains(t, masked.Body.String(), "••••27")
	requireNobodyIn(t, masked.Body.String())

	restored := s.post(manager(), "/suppressions/restore", `{"contact_id":"`+contact+`","reason":"signed a new form"}`)
	require.Equal(t, []int{1, 0, 2}, counts(t, restored, "contacts", "added", "removed"))
	require.Equal(t, contact, s.post(agent(), s.path("/queues/pull"), "")["contact_id"])
	requireNobodyIn(t, s.log.String())
}

func TestABadChangeOfTheListChangesNothing(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	s.post(manager(), s.path("/queues/enqueue"), "")
	s.post(agent(), "/suppressions", `{"phone":"907-385-4412"}`)
	state := func() []any {
		return []any{s.get(admin(), "/suppressions?all_campaigns=true"), s.get(admin(), s.path("/queues"))}
	}
	before := state()
	const (
		add, drop       = "POST /suppressions", "DELETE /suppressions"
		revoke, restore = "POST /suppressions/revoke", "POST /suppressions/restore"
		phone           = `"phone":"504-621-8927"`
		other           = `"phone":"907-385-4412"`
	)
	unscoped := admin()
	unscoped.Scopes = []outdial.Scope{outdial.ScopeQueueWrite, outdial.ScopeQueuePull, outdial.ScopeDialerControl, outdial.ScopeOpsRun}
	nobody := outdial.Actor{ID: agentID, Role: outdial.RoleAgent}
	for _, test := range []struct {
		name, route string
		actor       outdial.Actor
		body        string
		status      int
		code, field string
	}{
		{"no scope", add, unscoped, `{` + phone + `}`, 403, "forbidden", ""},
		{"no scope", drop, unscoped, `{"phones":["907-385-4412"],"reason":"x"}`, 403, "forbidden", ""},
		{"no scope", revoke, unscoped, `{` + phone + `}`, 403, "forbidden", ""},
		{"no scope", restore, unscoped, `{` + other + `,"reason":"x"}`, 403, "forbidden", ""},
		{"no scope", "POST /suppressions/check", nobody, `{"phones":["504-621-8927"]}`, 403, "forbidden", ""},
		{"no scope", "GET /suppressions", unscoped, ``, 403, "forbidden", ""},
		{"no scope", "POST /ops/purge", nobody, ``, 403, "forbidden", ""},
		{"an agent", drop, agent(), `{"phones":["907-385-4412"],"reason":"x"}`, 403, "forbidden", ""},
		{"an agent", restore, agent(), `{` + other + `,"reason":"x"}`, 403, "forbidden", ""},
		{"an agent", "GET /suppressions", agent(), ``, 403, "forbidden", ""},
		{"an unknown field", add, admin(), `{` + phone + `,"note":"x"}`, 400, "invalid_request", "note"},
		{"an unknown field", drop, admin(), `{"phones":["907-385-4412"],"reason":"x","note":"x"}`, 400, "invalid_request", "note"},
		{"an unknown field", revoke, admin(), `{` + phone + `,"note":"x"}`, 400, "invalid_request", "note"},
		{"both", add, admin(), `{` + phone + `,"email":"bea@example.com"}`, 400, "invalid_request", "email"},
		{"one bad of two", add, admin(), `{"entries":[{` + phone + `},{"phone":"504-621"}]}`, 400, "invalid_request", "entries[1].phone"},
		{"one bad of two", drop, admin(), `{"phones":["907-385-4412","504-621"],"reason":"x"}`, 400, "invalid_request", "phones[1]"},
		{"one end in the past", add, admin(), `{"entries":[{` + phone + `},{` + phone + `,"expires_at":"2020-01-01T00:00:00Z"}]}`, 400, "invalid_request", "entries[1].expires_at"},
		{"received tomorrow", revoke, admin(), `{` + phone + `,"received_at":"2026-11-22T15:04:05Z"}`, 400, "invalid_request", "received_at"},
		{"no reason", drop, admin(), `{"phones":["907-385-4412"]}`, 400, "invalid_request", "reason"},
		{"no reason", restore, admin(), `{` + other + `}`, 400, "invalid_request", "reason"},
		{"an unknown source", add, admin(), `{` + phone + `,"source":"gossip"}`, 400, "invalid_request", "source"},
		{"an unknown campaign", add, admin(), `{` + phone + `,"campaign_id":"` + campaignID.String() + `"}`, 404, "campaign_not_found", "campaign_id"},
		{"an unknown campaign", revoke, admin(), `{` + phone + `,"campaign_id":"` + campaignID.String() + `"}`, 404, "campaign_not_found", "campaign_id"},
		{"an unknown contact", revoke, admin(), `{"contact_id":"` + contactID.String() + `",` + phone + `}`, 404, "contact_not_found", "contact_id"},
		{"an unknown contact", restore, admin(), `{"contact_id":"` + contactID.String() + `","reason":"x"}`, 404, "contact_not_found", "contact_id"},
		{"an unknown contact", "POST /suppressions/check", agent(), `{"contact_id":"` + contactID.String() + `"}`, 404, "contact_not_found", "contact_id"},
	} {
		method, path, _ := strings.Cut(test.route, " ")
		got := s.send(method, path, test.body, s.as(test.actor))
		require.Equal(t, test.status, got.Code, "%s, %s: %s", test.route, test.name, got.Body)
		require.Equal(t, test.code, got.problem.Error, "%s, %s", test.route, test.name)
		require.Equal(t, test.field, got.problem.Field, "%s, %s", test.route, test.name)
		requireNobodyIn(t, got.Body.String())
		require.Equal(t, before, state(), "%s, %s", test.route, test.name)
	}
	requireNobodyIn(t, s.log.String())
}
