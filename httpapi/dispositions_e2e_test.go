package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/webhook"
	"github.com/outdial/outdial/queue/intake"
)

// text picks a text out of a response.
func text(t *testing.T, body map[string]any, name string) string {
	t.Helper()
	value, ok := body[name].(string)
	require.True(t, ok, "%s in %v", name, body)
	return value
}

// items are those of a page.
func items(t *testing.T, page map[string]any) []map[string]any {
	t.Helper()
	listed, ok := page["items"].([]any)
	require.True(t, ok)
	all := make([]map[string]any, len(listed))
	for i, each := range listed {
		all[i], ok = each.(map[string]any)
		require.True(t, ok)
	}
	return all
}

// pulled queues a contact for the pool, by the first name, has the agent take it and
// returns the path of the item and the contact's id.
func (s *realServer) pulled(name string) (path, contact string) {
	s.t.Helper()
	s.post(manager(), s.path("/queues/enqueue"), `{"filters":{"first_name_contains":"`+name+`"}}`)
	item := s.post(agent(), s.path("/queues/pull"), "")
	id, ok := item["id"].(string)
	require.True(s.t, ok)
	contact, ok = item["contact_id"].(string)
	require.True(s.t, ok)
	return s.path("/queue_items/" + id), contact
}

// refused sends a disposition that is not taken.
func (s *realServer) refused(status int, actor outdial.Actor, path, body string, changes ...change) problem {
	s.t.Helper()
	got := s.send(http.MethodPost, path+"/disposition", body, append(changes, s.as(actor))...)
	require.Equal(s.t, status, got.Code, got.Body)
	return got.problem
}

func TestACallIsDisposedOfOnceHoweverOftenItIsSaid(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	item, contact := s.pulled("Leota")
	s.post(agent(), item+"/start", `{"lock_version":1}`)
	const sold = `{"lock_version":2,"disposition":"converted_to_lead","metadata":{"plan":"gold"}}`
	s.refused(http.StatusConflict, agent(), item, `{"lock_version":1,"disposition":"converted_to_lead"}`)
	s.refused(http.StatusForbidden, second(), item, sold)

	key := header("Idempotency-Key", "sold")
	first := s.post(agent(), item+"/disposition", sold, key)
	require.Equal(t, []any{"converted_to_lead", "convert", "agent", "completed", "converted_to_lead", true},
		[]any{first["disposition"], first["effect"], first["queue"], first["state"], first["finish_reason"], first["lead_created"]})
	require.Equal(t, []int{3, 1, 0}, counts(t, first, "lock_version", "attempts", "purged"))
	require.Equal(t, first, s.post(agent(), item+"/disposition", sold, key), "with its key")
	require.Equal(t, first, s.post(agent(), item+"/disposition", sold), "and without")
	s.refused(http.StatusUnprocessableEntity, agent(), item, `{"lock_version":2,"disposition":"busy"}`, key)
	s.refused(http.StatusConflict, agent(), item, `{"lock_version":2,"disposition":"busy"}`)
	s.refused(http.StatusConflict, agent(), item, `{"lock_version":3,"disposition":"busy"}`)
	require.Equal(t, 3, s.meter.Count("outdial.disposition.recorded", map[string]string{"disposition": "converted_to_lead", "queue": "agent"}))

	recorded := items(t, s.get(manager(), s.path("/dispositions?contact_id="+contact)))
	require.Len(t, recorded, 1)
	require.Equal(t, []any{first["id"], agentID.String(), map[string]any{"plan": "gold"}, "2026-11-21T15:04:05Z", nil},
		[]any{recorded[0]["id"], recorded[0]["agent_id"], recorded[0]["metadata"], recorded[0]["recorded_at"], recorded[0]["call_id"]})
	leads := items(t, s.get(manager(), s.path("/leads")))
	require.Len(t, leads, 1)
	require.Equal(t, []any{first["lead_id"], contact, first["id"], nil},
		[]any{leads[0]["id"], leads[0]["contact_id"], leads[0]["disposition_id"], leads[0]["withdrawn_at"]})

	again := s.post(manager(), s.path("/queues/enqueue"), `{"contact_ids":["`+contact+`"]}`)
	require.Equal(t, []int{0, 1}, counts(t, again, "enqueued", "matched"), "the campaign is done with them")
}

func TestACallbackComesBackToWhoPromisedIt(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	item, contact := s.pulled("Leota")
	const late = `{"lock_version":1,"disposition":"callback_requested","callback_at":"2026-11-21T23:30:00-00:00"}`
	closed := s.send(http.MethodPost, item+"/disposition", late, s.as(agent()))
	require.Equal(t, http.StatusBadRequest, closed.Code)
	require.Equal(t, "callback_at", closed.problem.Field)
	var members map[string]any
	require.NoError(t, json.Unmarshal(closed.Body.Bytes(), &members))
	next, ok := members["next_possible_at"].(string)
	require.True(t, ok)
	require.Equal(t, "2026-11-22T15:00:00Z", next)

	promised := s.post(agent(), item+"/disposition", strings.Replace(late, "2026-11-21T23:30:00-00:00", next, 1))
	require.Equal(t, []any{"queued", next, nil}, []any{promised["state"], promised["next_attempt_at"], promised["callback_item_id"]})
	require.Equal(t, http.StatusNoContent, s.send(http.MethodPost, s.path("/queues/pull"), "", s.as(agent())).Code, "it is not due")
	s.clock.Set(time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC))
	require.Equal(t, http.StatusNoContent, s.send(http.MethodPost, s.path("/queues/pull"), "", s.as(second())).Code, "it waits for the agent")
	s.post(manager(), s.path("/queues/enqueue"), `{"filters":{"first_name_contains":"Bob"},"priority":1000000000}`)
	due := s.post(agent(), s.path("/queues/pull"), "")
	require.Equal(t, []any{contact, next, agentID.String()}, []any{due["contact_id"], due["callback_at"], due["callback_agent_id"]},
		"before whatever has the highest priority")
}

func TestAWrongButtonIsPutRight(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	item, contact := s.pulled("Leota")
	wrong := s.post(agent(), item+"/disposition", `{"lock_version":1,"disposition":"not_interested_this_campaign"}`)
	correction := `{"lock_version":2,"disposition":"do_not_call","supersedes":"` + text(t, wrong, "id") + `"}`
	require.Equal(t, "supersedes",
		s.refused(http.StatusNotFound, agent(), item, strings.Replace(correction, text(t, wrong, "id"), launchID.String(), 1)).Field)
	s.refused(http.StatusForbidden, second(), item, correction)
	right := s.post(agent(), item+"/disposition", correction)
	require.Equal(t, []any{"failed", "suppressed", "do_not_call", true, wrong["id"]},
		[]any{right["state"], right["fail_reason"], right["finish_reason"], right["suppressed"], right["supersedes"]})
	require.Equal(t, []int{1}, counts(t, right, "attempts"), "it was one attempt")

	undone := s.post(agent(), item+"/disposition",
		`{"lock_version":3,"disposition":"busy","supersedes":"`+text(t, right, "id")+`"}`)
	require.Equal(t, []any{[]any{"suppression"}, "failed"}, []any{undone["remains"], undone["state"]}, "nobody is taken off the list this way")
	recorded := items(t, s.get(manager(), s.path("/dispositions?contact_id="+contact)))
	require.Len(t, recorded, 3)
	require.Equal(t, []any{right["id"], undone["id"], nil},
		[]any{recorded[0]["superseded_by"], recorded[1]["superseded_by"], recorded[2]["superseded_by"]})

	item, _ = s.pulled("Bob")
	wrong = s.post(agent(), item+"/disposition", `{"lock_version":1,"disposition":"no_answer"}`)
	s.clock.Add(2*time.Minute + time.Second)
	s.refused(http.StatusConflict, agent(), item, `{"lock_version":2,"disposition":"busy","supersedes":"`+text(t, wrong, "id")+`"}`)
}

func TestWhoMustNotBeCalledIsGoneFromEveryCampaignAndBothQueues(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	// The same number elsewhere, in the power queue there.
	other, err := intake.New(s.store, intake.Config{Clock: s.clock}).Import(t.Context(), outdial.System(), intake.ImportRequest{
		CampaignName: "Autumn", Source: strings.NewReader("first_name,phone1\nLeo,408-752-3500\n"),
	})
	require.NoError(t, err)
	autumn := "/campaigns/" + other.CampaignID.String()
	require.Equal(t, []int{1}, counts(t, s.post(manager(), autumn+"/dialer/enqueue", ""), "enqueued"))
	item, contact := s.pulled("Leota")
	result := s.post(agent(), item+"/disposition", `{"lock_version":1,"disposition":"DO_NOT_CALL"}`)
	require.Equal(t, []int{1}, counts(t, result, "purged"))
	left := items(t, s.get(manager(), autumn+"/dialer/items"))
	require.Len(t, left, 1)
	require.Equal(t, []any{"failed", "suppressed"}, []any{left[0]["status"], left[0]["fail_reason"]})
	for _, path := range []string{s.path("/queues/enqueue"), s.path("/dialer/enqueue")} {
		require.Equal(t, []int{0}, counts(t, s.post(manager(), path, `{"contact_ids":["`+contact+`"]}`), "enqueued"))
	}
	require.Equal(t, []int{0}, counts(t, s.post(manager(), autumn+"/dialer/enqueue", ""), "enqueued"))
	for _, path := range []string{s.path("/dispositions"), s.path("/leads"), autumn + "/dispositions", autumn + "/dialer/items"} {
		require.NotContains(t, s.send(http.MethodGet, path, "", s.as(manager())).Body.String(), "7523500", path)
	}
	require.NotContains(t, s.log.String(), "7523500")
}

// talk brings the one call of the campaign to a conversation with the agent.
func (s *realServer) talk() dialer.Call {
	s.t.Helper()
	call := s.place()
	require.Equal(s.t, http.StatusOK, s.send(http.MethodPut, s.path("/presence"), `{"state":"ready"}`, s.as(agent())).Code)
	reserved, err := s.store.ReserveAgent(s.t.Context(), presence.ReserveParams{
		CampaignID: call.Ref.CampaignID, CallID: call.ID, Now: s.clock.Now(),
	})
	require.NoError(s.t, err)
	require.Equal(s.t, agentID, reserved.AgentID)
	s.hear(call, telephony.Event{Type: telephony.TypeAnswered})
	s.hear(call, telephony.Event{Type: telephony.TypeConnected})
	require.Equal(s.t, "connected", s.item()["status"])
	return call
}

// hear takes what somebody reports of a call.
func (s *realServer) hear(call dialer.Call, what telephony.Event) {
	s.t.Helper()
	what.Ref, what.CallSID, what.At = call.Ref, "c-77", s.clock.Now()
	text, err := webhook.Encode(what)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusNoContent, s.sendReport(string(text)).Code)
}

func TestAConversationOfThePowerQueueIsDisposedOf(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	call := s.talk()
	path := s.path("/queue_items/" + call.Ref.ItemID.String())
	sent := fmt.Sprintf(`{"lock_version":%d,"disposition":"callback_requested","callback_at":"2026-11-21T16:00:00Z"}`,
		counts(t, s.item(), "lock_version")[0])
	s.refused(http.StatusForbidden, second(), path, sent)
	promised := s.post(agent(), path+"/disposition", sent)
	require.Equal(t, []any{"power", "completed", "2026-11-21T16:00:00Z"},
		[]any{promised["queue"], promised["state"], promised["next_attempt_at"]})
	s.hear(call, telephony.Event{Type: telephony.TypeEnded, Cause: dialer.CauseCompleted})
	require.Equal(t, "completed", s.item()["status"])
	s.clock.Set(time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC))
	due := s.post(agent(), s.path("/queues/pull"), "")
	require.Equal(t, []any{promised["callback_item_id"], call.ContactID.String(), "callback"},
		[]any{due["id"], due["contact_id"], due["enqueued_reason"]}, "a promise of one's own is kept in one's own queue")

	recorded := items(t, s.get(manager(), s.path("/dispositions")))
	require.Equal(t, []any{call.ID.String(), "power", "2026-11-21T16:00:00Z"},
		[]any{recorded[0]["call_id"], recorded[0]["queue"], recorded[0]["callback_at"]})
}

func TestACampaignsRetryPolicyDecides(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	policy := s.path("/retry_policy")
	put := s.send(http.MethodPut, policy, `{"max_attempts":2,"vm_cooldown_hours":3,"cool_downs":{"busy":60}}`, s.as(manager())).object(t)
	require.Equal(t, put, s.get(manager(), policy))
	own, ok := put["own"].(map[string]any)
	require.True(t, ok)
	require.Equal(t, map[string]any{
		"max_attempts": 2.0, "max_voicemails": nil, "max_attempts_per_day": nil, "vm_cooldown_hours": 3.0,
		"cool_downs": map[string]any{"busy": 60.0},
	}, own)

	item, _ := s.pulled("Leota")
	machine := s.post(agent(), item+"/disposition", `{"lock_version":1,"disposition":"voicemail_detected"}`)
	require.Equal(t, []any{"queued", "2026-11-21T18:04:05Z"}, []any{machine["state"], machine["next_attempt_at"]})
	s.clock.Add(3 * time.Hour)
	s.post(agent(), s.path("/queues/pull"), "")
	last := s.post(agent(), item+"/disposition", `{"lock_version":3,"disposition":"busy"}`)
	require.Equal(t, []any{"failed", "max_attempts", "max_attempts"}, []any{last["state"], last["fail_reason"], last["finish_reason"]})

	emptied := s.send(http.MethodPut, policy, ``, s.as(manager())).object(t)
	require.Equal(t, s.get(manager(), policy), emptied)
	own, ok = emptied["own"].(map[string]any)
	require.True(t, ok)
	require.Nil(t, own["max_attempts"])
	require.Empty(t, own["cool_downs"])
	for _, method := range []string{http.MethodGet, http.MethodPut} {
		unknown := s.send(method, "/campaigns/"+campaignID.String()+"/retry_policy", "", s.as(manager()))
		require.Equal(t, "campaign_not_found", unknown.problem.Error)
	}
}

func TestDispositionsAndLeadsAreReadPageByPage(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	for _, name := range []string{"Leota", "Donette", "Abel"} {
		item, _ := s.pulled(name)
		s.post(agent(), item+"/disposition", `{"lock_version":1,"disposition":"converted_to_lead"}`)
		s.clock.Add(time.Second)
	}
	for _, path := range []string{"/dispositions", "/leads"} {
		first := s.get(manager(), s.path(path+"?limit=2"))
		second := s.get(manager(), s.path(path+"?limit=2&cursor="+text(t, first, "next_cursor")))
		require.Empty(t, second["next_cursor"])
		seen := map[any]bool{}
		for _, each := range append(items(t, first), items(t, second)...) {
			seen[each["id"]] = true
		}
		require.Len(t, seen, 3, path)
	}
}

func TestABadDispositionChangesNothing(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	item, contact := s.pulled("Leota")
	s.post(manager(), s.path("/queues/enqueue"), `{"agent_id":"`+second().ID.String()+`","filters":{"first_name_contains":"Bob"}}`)
	bob := s.post(second(), s.path("/queues/pull"), "")
	done := s.path("/queue_items/" + text(t, bob, "id"))
	s.post(second(), done+"/disposition", `{"lock_version":1,"disposition":"not_interested_this_campaign"}`)
	s.post(manager(), s.path("/dialer/enqueue"), `{"filters":{"first_name_contains":"Donette"}}`)
	queued := s.path("/queue_items/" + text(t, s.item(), "id"))
	other, err := intake.New(s.store, intake.Config{Clock: s.clock}).Import(t.Context(), outdial.System(), intake.ImportRequest{
		CampaignName: "Autumn", Source: strings.NewReader("first_name,phone1\nLeo,408-752-3501\n"),
	})
	require.NoError(t, err)
	autumn := "/campaigns/" + other.CampaignID.String()
	state := func() []any {
		return []any{
			s.get(admin(), s.path("/queues")), s.get(admin(), s.path("/queues/stats")), s.get(admin(), s.path("/dialer/items")),
			s.get(admin(), s.path("/dispositions")), s.get(admin(), s.path("/leads")), s.get(admin(), s.path("/retry_policy")),
			s.get(admin(), autumn+"/queues"), s.get(admin(), autumn+"/dispositions"),
		}
	}
	before := state()
	const callback = `{"lock_version":1,"disposition":"callback_requested","callback_at":`
	for _, test := range []struct {
		name       string
		actor      outdial.Actor
		path, body string
		status     int
		code       string
		field      string
	}{
		{"unknown code", agent(), item, `{"lock_version":1,"disposition":"interested"}`, 400, "invalid_request", "disposition"},
		{"no code", agent(), item, `{"lock_version":1}`, 400, "invalid_request", "disposition"},
		{"no callback_at", agent(), item, `{"lock_version":1,"disposition":"callback_requested"}`, 400, "invalid_request", "callback_at"},
		{"callback_at now", agent(), item, callback + `"2026-11-21T15:04:05Z"}`, 400, "invalid_request", "callback_at"},
		{"past callback_at", agent(), item, callback + `"2026-11-20T16:00:00Z"}`, 400, "invalid_request", "callback_at"},
		{"callback_at in two years", agent(), item, callback + `"2028-11-21T16:00:00Z"}`, 400, "invalid_request", "callback_at"},
		{"callback_at at night", agent(), item, callback + `"2026-11-22T06:00:00Z"}`, 400, "invalid_request", "callback_at"},
		{"callback_for nobody", agent(), item, callback + `"2026-11-21T16:00:00Z","callback_for":"nobody"}`, 400, "invalid_request", "callback_for"},
		{"metadata over 16 KB", agent(), item, `{"lock_version":1,"disposition":"busy","metadata":{"a":"` + strings.Repeat("x", 16<<10) + `"}}`, 400, "invalid_request", "metadata"},
		{"metadata a list", agent(), item, `{"lock_version":1,"disposition":"busy","metadata":[1]}`, 400, "invalid_request", "metadata"},
		{"metadata no JSON", agent(), item, `{"lock_version":1,"disposition":"busy","metadata":{x}}`, 400, "invalid_request", "body"},
		{"another agent's item", second(), item, `{"lock_version":1,"disposition":"busy"}`, 403, "forbidden", ""},
		{"no scope", outdial.Actor{ID: agentID, Role: outdial.RoleAgent, Scopes: []outdial.Scope{outdial.ScopeQueueWrite}}, item, `{"lock_version":1,"disposition":"busy"}`, 403, "forbidden", ""},
		{"an item of another campaign", agent(), strings.Replace(item, s.path(""), autumn, 1), `{"lock_version":1,"disposition":"busy"}`, 404, "queue_item_not_found", "id"},
		{"an item of no campaign", agent(), strings.Replace(item, s.campaign, campaignID.String(), 1), `{"lock_version":1,"disposition":"busy"}`, 404, "queue_item_not_found", "id"},
		{"no item", agent(), s.path("/queue_items/" + itemID.String()), `{"lock_version":1,"disposition":"busy"}`, 404, "queue_item_not_found", "id"},
		{"a contact for an item", agent(), s.path("/queue_items/" + contact), `{"lock_version":1,"disposition":"busy"}`, 404, "queue_item_not_found", "id"},
		{"a finished item", second(), done, `{"lock_version":2,"disposition":"busy"}`, 409, "conflict", ""},
		{"a stale version", agent(), item, `{"lock_version":0,"disposition":"busy"}`, 409, "conflict", ""},
		{"a version to come", agent(), item, `{"lock_version":2,"disposition":"busy"}`, 409, "conflict", ""},
		{"an item that was not dialed", manager(), queued, `{"lock_version":0,"disposition":"busy"}`, 409, "conflict", ""},
		{"nothing to supersede", agent(), item, `{"lock_version":1,"disposition":"busy","supersedes":"` + uuid.NewString() + `"}`, 404, "disposition_not_found", "supersedes"},
	} {
		got := s.refused(test.status, test.actor, test.path, test.body)
		require.Equal(t, test.code, got.Error, test.name)
		require.Equal(t, test.field, got.Field, test.name)
		require.Equal(t, before, state(), test.name)
	}
	for _, body := range []string{
		`{"max_attempts":-1}`, `{"cool_downs":{"do_not_call":1}}`, `{"vm_cooldown_hours":1,"cool_downs":{"voicemail_detected":1}}`, `{"cool_downs":7}`,
	} {
		require.Equal(t, http.StatusBadRequest, s.send(http.MethodPut, s.path("/retry_policy"), body, s.as(admin())).Code, body)
		require.Equal(t, before, state(), body)
	}
	require.Equal(t, http.StatusForbidden, s.send(http.MethodPut, s.path("/retry_policy"), `{}`, s.as(agent())).Code)
	require.Equal(t, before, state())
}
