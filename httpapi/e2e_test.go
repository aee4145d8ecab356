package httpapi_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/httpapi"
	"github.com/outdial/outdial/internal/metertest"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store/sqlite"
	"github.com/outdial/outdial/suppression"
)

// spring is a list of seven contacts, three of one account, that a campaign can
// call.
const spring = "first_name,last_name,company_name,phone1,email\n" +
	"Bea,Butt,Benton Inc,504-621-8927,bea@example.com\n" +
	"Barbara,Darakjy,Benton Inc,810-292-9388,barbara@example.com\n" +
	"Bob,Venere,Benton Inc,856-636-8749,bob@example.com\n" +
	"Abel,Paprocki,Feltz Printing,907-385-4412,abel@example.com\n" +
	"Donette,Foller,Printing Dimensions,513-570-1893,donette@example.com\n" +
	"Sabra,Morasca,Chapman Ross,419-503-2484,sabra@example.com\n" +
	"Leota,Dilliard,Commercial Press,408-752-3500,leota@example.com\n"

// realServer is a server over a database, with the campaign of the list.
type realServer struct {
	*server

	campaign string
	store    *sqlite.Store
}

func newRealServer(t *testing.T) *realServer {
	t.Helper()
	ctx := t.Context()
	store, err := sqlite.Open(ctx, ":memory:")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	require.NoError(t, store.Migrate(ctx))

	mock := clock.NewMock()
	mock.Set(time.Date(2026, 11, 21, 15, 4, 5, 0, time.UTC))
	log, meter := &logBuffer{}, &metertest.Meter{}
	logger := slog.New(slog.NewJSONHandler(log, nil))
	signer, err := httpapi.NewJWT(httpapi.JWTConfig{Secret: []byte(secret), Clock: mock})
	require.NoError(t, err)
	importer := intake.New(store, intake.Config{Clock: mock, Logger: logger})
	handler, err := httpapi.New(httpapi.Config{
		Queue: queue.New(store, queue.Config{
			Clock: mock, Logger: logger, Flags: outdial.StaticFlags{outdial.FlagQueueReplace: true},
		}),
		Intake: importer, Authenticator: signer, Ready: store.Ping, Logger: logger,
		Dialer:   dialer.New(store, dialer.Config{Clock: mock, Logger: logger}),
		Presence: presence.New(store, presence.Config{Clock: mock, Logger: logger}),
		Dispositions: disposition.New(store, disposition.Config{
			Clock: mock, Logger: logger, Meter: meter, Windows: officeHours{""}, // the list says nobody's zone
		}),
		Suppressions: suppression.New(store, suppression.Config{Clock: mock, Logger: logger, Meter: meter}),
		Telephony:    telephony.New(store, telephony.Config{Clock: mock, Logger: logger, Meter: meter}),
		Twilio:       newTwilio(t), Webhook: newWebhook(t, mock),
	})
	require.NoError(t, err)
	imported, err := importer.Import(ctx, outdial.System(), intake.ImportRequest{
		CampaignName: "Spring", Source: strings.NewReader(spring),
	})
	require.NoError(t, err)
	require.Equal(t, 7, imported.Imported)
	return &realServer{
		server:   &server{t: t, handler: handler, jwt: signer, clock: mock, log: log, meter: meter},
		campaign: imported.CampaignID.String(), store: store,
	}
}

func (s *realServer) path(rest string) string { return "/campaigns/" + s.campaign + rest }

// post sends a body and returns the response's.
func (s *realServer) post(actor outdial.Actor, path, body string, changes ...change) map[string]any {
	s.t.Helper()
	return s.send(http.MethodPost, path, body, append(changes, s.as(actor))...).object(s.t)
}

func (s *realServer) get(actor outdial.Actor, path string) map[string]any {
	s.t.Helper()
	return s.send(http.MethodGet, path, "", s.as(actor)).object(s.t)
}

// counts picks numbers out of a response.
func counts(t *testing.T, body map[string]any, names ...string) []int {
	t.Helper()
	var found []int
	for _, name := range names {
		number, ok := body[name].(float64)
		require.True(t, ok, "%s in %v", name, body)
		found = append(found, int(number))
	}
	return found
}

func second() outdial.Actor {
	return outdial.Actor{
		ID: uuid.MustParse("8d3c1c1a-2f43-4d0f-9b43-0a5f2c7f6f10"), Role: outdial.RoleAgent, Scopes: outdial.Scopes(),
	}
}

func TestSettingAQueueReadsAsTheSeedSays(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	filtered := `{"agent_id":"` + agentID.String() + `","filters":{"first_name_contains":"B"},"per_account_cap":2,"max_queue_size":5000,"keep_in_progress":true}`

	preview := s.post(agent(), s.path("/queues/preview"), filtered)
	// Bea, Barbara, Bob and Abel have a b, and so has Sabra; one of Benton's three
	// is over the cap.
	require.Equal(t, []int{0, 4, 0}, counts(t, preview, "to_release", "to_assign", "skipped_due_to_collision"))
	require.Equal(t, []int{7, 5, 5}, counts(t, preview, "audience", "matched", "eligible"))
	dry := s.post(agent(), s.path("/queues/set"), strings.Replace(filtered, "{", `{"dry_run":true,`, 1))
	require.Equal(t, preview, dry)

	key := header("Idempotency-Key", "first")
	first := s.post(agent(), s.path("/queues/set"), filtered, key)
	require.Equal(t, []int{0, 4, 0, 0}, counts(t, first, "released", "assigned", "skipped_due_to_collision", "unchanged"))
	require.Equal(t, preview["to_skip"], first["skipped"])
	require.Equal(t, first, s.post(agent(), s.path("/queues/set"), filtered, key), "a repeat returns the stored response")
	mismatch := s.send(http.MethodPost, s.path("/queues/set"), `{"agent_id":"`+agentID.String()+`"}`, s.as(agent()), key)
	require.Equal(t, http.StatusUnprocessableEntity, mismatch.Code)
	require.Equal(t, "idempotency_mismatch", mismatch.problem.Error)

	again := s.post(agent(), s.path("/queues/set"), filtered)
	require.Equal(t, []int{4, 4, 0, 4}, counts(t, again, "released", "assigned", "skipped_due_to_collision", "unchanged"))

	all := s.post(manager(), s.path("/queues/set"), `{"agent_id":"`+second().ID.String()+`"}`)
	require.Equal(t, []int{0, 3, 4}, counts(t, all, "released", "assigned", "skipped_due_to_collision"))

	stats := s.get(agent(), s.path("/queues/stats"))
	require.Equal(t, map[string]any{
		"queued": 7.0, "locked": 0.0, "in_progress": 0.0, "completed": 0.0, "released": 0.0, "failed": 0.0,
	}, stats["states"])
	require.Len(t, stats["agents"], 2)

	campaigns := s.get(agent(), "/campaigns")
	require.Equal(t, []any{map[string]any{"id": s.campaign, "name": "Spring", "contacts": 7.0}}, campaigns["items"])

	cleared := s.post(agent(), s.path("/queues/clear"), `{"agent_id":"`+agentID.String()+`"}`)
	require.Equal(t, []int{4}, counts(t, cleared, "released"))
	cleared = s.post(admin(), s.path("/queues/clear_all"), "")
	require.Equal(t, []int{3}, counts(t, cleared, "released"))
}

func TestAListIsReadPageByPage(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	s.post(agent(), s.path("/queues/set"), `{"agent_id":"`+agentID.String()+`"}`)
	seen := map[string]bool{}
	cursor := ""
	for range 4 {
		page := s.get(manager(), s.path("/queues?limit=2&state=queued&cursor="+cursor))
		items, ok := page["items"].([]any)
		require.True(t, ok)
		for _, each := range items {
			item, ok := each.(map[string]any)
			require.True(t, ok)
			id, ok := item["id"].(string)
			require.True(t, ok)
			require.False(t, seen[id])
			seen[id] = true
			require.True(t, strings.HasPrefix(phoneOf(t, item), "••••"))
		}
		cursor, ok = page["next_cursor"].(string)
		require.True(t, ok)
	}
	require.Empty(t, cursor)
	require.Len(t, seen, 7)
	require.Empty(t, s.get(second(), s.path("/queues"))["items"], "agents see their own items only")
}

func TestAnItemGoesFromThePullToTheCall(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	require.Equal(t, http.StatusNoContent, s.send(http.MethodPost, s.path("/queues/pull"), "", s.as(agent())).Code)
	s.post(agent(), s.path("/queues/set"), `{"agent_id":"`+agentID.String()+`","filters":{"first_name_contains":"Bob"}}`)

	pulled := s.post(agent(), s.path("/queues/pull"), "")
	require.Equal(t, "+18566368749", phoneOf(t, pulled))
	require.Equal(t, "locked", pulled["queue_state"])
	require.Equal(t, "2026-11-21T15:19:05Z", pulled["lock_expires_at"])
	require.Equal(t, pulled, s.post(agent(), s.path("/queues/pull"), "{}"), "a double click takes nothing")

	id, ok := pulled["id"].(string)
	require.True(t, ok)
	item := s.path("/queue_items/" + id)
	foreign := s.send(http.MethodPost, item+"/start", `{"lock_version":1}`, s.as(second()))
	require.Equal(t, http.StatusForbidden, foreign.Code)
	stale := s.send(http.MethodPost, item+"/start", `{"lock_version":0}`, s.as(agent()))
	require.Equal(t, http.StatusConflict, stale.Code)
	require.Equal(t, "conflict", stale.problem.Error)

	s.clock.Add(time.Minute)
	beat := s.post(agent(), item+"/heartbeat", `{"lock_version":1}`)
	require.Equal(t, "2026-11-21T15:20:05Z", beat["lock_expires_at"])
	require.InDelta(t, 1, beat["lock_version"], 0)
	started := s.post(agent(), item+"/start", `{"lock_version":1}`)
	require.Equal(t, "in_progress", started["queue_state"])
	require.Equal(t, "+18566368749", phoneOf(t, started))
	require.InDelta(t, 2, started["lock_version"], 0)
	late := s.send(http.MethodPost, item+"/release", `{"lock_version":1}`, s.as(agent()))
	require.Equal(t, http.StatusConflict, late.Code)

	missing := s.send(http.MethodPost, s.path("/queue_items/"+itemID.String()+"/start"), `{"lock_version":0}`, s.as(agent()))
	require.Equal(t, http.StatusNotFound, missing.Code)
	require.Equal(t, "queue_item_not_found", missing.problem.Error)
	require.Equal(t, "id", missing.problem.Field)
}

func TestAnItemOfThePoolGoesBackToIt(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	added := s.post(manager(), s.path("/queues/enqueue"), `{"filters":{"first_name_contains":"Leota"},"priority":9}`)
	require.Equal(t, []int{1, 1}, counts(t, added, "enqueued", "matched"))

	pulled := s.post(second(), s.path("/queues/pull"), "")
	require.Equal(t, []any{true, 9.0, second().ID.String()}, []any{pulled["pooled"], pulled["priority"], pulled["agent_id"]})
	require.Equal(t, "campaign_audience", pulled["enqueued_reason"])
	require.Equal(t, added["launch_id"], pulled["launch_id"])
	id, ok := pulled["id"].(string)
	require.True(t, ok)
	back := s.post(second(), s.path("/queue_items/"+id+"/release"), `{"lock_version":1}`)
	require.Equal(t, []any{"queued", nil, "••••00"}, []any{back["queue_state"], back["agent_id"], phoneOf(t, back)})

	s.post(second(), s.path("/queues/pull"), "")
	s.clock.Add(16 * time.Minute)
	swept := s.post(manager(), "/ops/sweep", "")
	require.Equal(t, []int{0, 1}, counts(t, swept, "returned_to_agents", "returned_to_pool"))
}

func TestALaunchIsRolledBack(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	added := s.post(manager(), s.path("/queues/enqueue"), "")
	require.Equal(t, []int{7}, counts(t, added, "enqueued"))
	repeated := s.post(manager(), s.path("/queues/enqueue"), "")
	require.Equal(t, []int{0}, counts(t, repeated, "enqueued"))
	s.post(agent(), s.path("/queues/pull"), "")
	launch, ok := added["launch_id"].(string)
	require.True(t, ok)
	result := s.post(manager(), "/ops/rollback", `{"campaign_id":"`+s.campaign+`","launch_id":"`+launch+`"}`)
	require.Equal(t, []int{6, 1}, counts(t, result, "released", "kept"))
	unknown := s.send(http.MethodPost, "/ops/rollback", `{"campaign_id":"`+s.campaign+`","launch_id":"`+launchID.String()+`"}`, s.as(manager()))
	require.Equal(t, http.StatusNotFound, unknown.Code)
	require.Equal(t, "launch_not_found", unknown.problem.Error)
}

func TestASecondUploadChangesNothing(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	again := s.post(manager(), s.path("/contacts"), spring, header("Content-Type", "text/csv"))
	require.Equal(t, []int{0, 7, 0}, counts(t, again, "imported", "unchanged", "rejected"))
	// A byte order mark, CRLF, a quoted newline, and a row that is no UTF-8.
	odd := "\xEF\xBB\xBFfirst_name,company_name,phone1\r\n\"Mi\nnna\",Acme,410-655-8723\r\nKris\xff,Acme,215-874-1229\r\n"
	got := s.post(manager(), s.path("/contacts"), odd, header("Content-Type", "text/csv"))
	require.Equal(t, []int{1, 0, 1}, counts(t, got, "imported", "unchanged", "rejected"))
	require.Equal(t, []any{map[string]any{"line": 4.0, "column": "first_name", "problem": "is not UTF-8"}}, got["rejections"])
}

func TestReadinessIsTheDatabasesOwn(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	require.Equal(t, http.StatusOK, s.send(http.MethodGet, "/readyz", "").Code)
}

func TestBadInputIsRefusedByNameAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	me := `"agent_id":"` + agentID.String() + `"`
	s.post(agent(), s.path("/queues/set"), `{`+me+`,"max_queue_size":3}`)
	s.post(agent(), s.path("/queues/pull"), "")
	state := func() []any {
		return []any{
			s.get(admin(), "/campaigns"), s.get(admin(), s.path("/queues/stats")), s.get(admin(), s.path("/queues")),
		}
	}
	before := state()
	unknown := "/campaigns/" + campaignID.String()
	expired := s.token(agent())
	s.clock.Add(2 * time.Hour)
	csv := header("Content-Type", "text/csv")
	columns := strings.TrimSuffix(strings.Repeat("c,", 10_000), ",")

	for _, test := range []struct {
		name       string
		path, body string
		touch      []change
		status     int
		code       string
		field      string
	}{
		{"unknown campaign, set", unknown + "/queues/set", `{` + me + `}`, nil, 404, "campaign_not_found", "campaign_id"},
		{"unknown campaign, preview", unknown + "/queues/preview", `{` + me + `}`, nil, 404, "campaign_not_found", "campaign_id"},
		{"unknown campaign, clear", unknown + "/queues/clear", `{` + me + `}`, nil, 404, "campaign_not_found", "campaign_id"},
		{"unknown campaign, clear all", unknown + "/queues/clear_all", ``, nil, 404, "campaign_not_found", "campaign_id"},
		{"unknown campaign, pull", unknown + "/queues/pull", ``, nil, 404, "campaign_not_found", "campaign_id"},
		{"unknown campaign, enqueue", unknown + "/queues/enqueue", ``, nil, 404, "campaign_not_found", "campaign_id"},
		{"unknown campaign, contacts", unknown + "/contacts", spring, []change{csv}, 404, "campaign_not_found", "campaign_id"},
		{"unknown campaign, rollback", "/ops/rollback", `{"campaign_id":"` + campaignID.String() + `","launch_id":"` + launchID.String() + `"}`, nil, 404, "campaign_not_found", "campaign_id"},
		{"negative cap", s.path("/queues/set"), `{` + me + `,"per_account_cap":-1}`, nil, 400, "invalid_request", "per_account_cap"},
		{"cap of zero", s.path("/queues/set"), `{` + me + `,"per_account_cap":0}`, nil, 400, "invalid_request", "per_account_cap"},
		{"size of zero", s.path("/queues/set"), `{` + me + `,"max_queue_size":0}`, nil, 400, "invalid_request", "max_queue_size"},
		{"a million characters", s.path("/queues/set"), `{` + me + `,"filters":{"first_name_contains":"` + strings.Repeat("B", 1_000_000) + `"}}`, nil, 400, "invalid_request", "filters.first_name_contains"},
		{"malformed campaign", "/campaigns/spring/queues/set", `{` + me + `}`, nil, 400, "invalid_request", "campaign_id"},
		{"malformed agent", s.path("/queues/set"), `{"agent_id":"bob"}`, nil, 400, "invalid_request", "agent_id"},
		{"malformed item", s.path("/queue_items/7/start"), `{"lock_version":1}`, nil, 400, "invalid_request", "id"},
		{"unknown field", s.path("/queues/set"), `{` + me + `,"max":3}`, nil, 400, "invalid_request", "max"},
		{"another's queue", s.path("/queues/set"), `{` + me + `}`, []change{s.as(second())}, 403, "forbidden", ""},
		{"another's queue, clear", s.path("/queues/clear"), `{` + me + `}`, []change{s.as(second())}, 403, "forbidden", ""},
		{"expired token", s.path("/queues/set"), `{` + me + `}`, []change{header("Authorization", "Bearer "+expired)}, 401, "unauthorized", ""},
		{"unsigned token", s.path("/queues/set"), `{` + me + `}`, []change{header("Authorization", "Bearer eyJhbGciOiJub25lIn0.e30.")}, 401, "unauthorized", ""},
		{"no CSV", s.path("/contacts"), `{"first_name":"Bea"}`, []change{csv}, 400, "invalid_request", "file"},
		{"10,000 columns", s.path("/contacts"), columns + "\n" + columns + "\n", []change{csv}, 400, "invalid_request", "header"},
		{"invalid UTF-8", s.path("/contacts"), "first_\xff,phone\n1,2\n", []change{csv}, 400, "invalid_request", "file"},
	} {
		got := s.send(http.MethodPost, test.path, test.body, append([]change{s.as(admin())}, test.touch...)...)
		require.Equal(t, test.status, got.Code, "%s: %s", test.name, got.Body)
		require.Equal(t, test.code, got.problem.Error, test.name)
		require.Equal(t, test.field, got.problem.Field, test.name)
		require.Equal(t, before, state(), test.name)
	}
}

func TestAFilterOfManyConditionsChoosesItsContacts(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	for filters, matched := range map[string]int{
		everyForm: 7,
		`{"field":"company","operator":"equals","value":"BENTON INC"}`:                                 3,
		`{"logic":"NOT","conditions":[{"field":"company","operator":"starts_with","value":"Benton"}]}`: 4,
		`{"logic":"AND","conditions":[{"field":"first_name","operator":"contains","value":"B"},
			{"logic":"OR","conditions":[{"field":"phone","operator":"in","value":["+19073854412","+14195032484"]},
			{"field":"email","operator":"equals","value":"BOB@example.com"}]}]}`: 3,
		`{"field":"created_at","operator":"within_last_days","value":1}`:  7,
		`{"field":"created_at","operator":"before","value":"2026-11-21"}`: 0,
		listFilter(t, 1_500, 24): 0,
	} {
		got := s.post(agent(), s.path("/queues/preview"), filtered(filters))
		require.Equal(t, []int{7, matched, matched}, counts(t, got, "audience", "matched", "eligible"), filters)
	}
}

func TestAFilterIsNoPattern(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	for _, text := range []string{"%", "_", "B%b", "'", `\"`, `\\`} {
		got := s.post(agent(), s.path("/queues/preview"), `{"agent_id":"`+agentID.String()+`","filters":{"first_name_contains":"`+text+`"}}`)
		require.Equal(t, []int{0}, counts(t, got, "matched"), text)
	}
}
