package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
)

func TestAWorkingDayOnSQLite(t *testing.T) {
	t.Parallel()
	workingDay(t, newShell(t), defaultDatabase)
}

func TestAWorkingDayOnPostgres(t *testing.T) {
	t.Parallel()
	workingDay(t, newShell(t), postgresDatabase(t))
}

// postgresDatabase makes an empty database that lives as long as the test.
// Without a server the test fails: what was not tried is not known to work.
func postgresDatabase(t *testing.T) string {
	t.Helper()
	given := os.Getenv("TEST_DATABASE_URL")
	require.NotEmpty(t, given, "TEST_DATABASE_URL is not set: run the tests with make test")
	address, err := url.Parse(given)
	require.NoError(t, err)
	id, err := outdial.NewID()
	require.NoError(t, err)
	name := "console_" + strings.ReplaceAll(id.String(), "-", "")
	admin, err := sqlx.Open("postgres", given)
	require.NoError(t, err)
	_, err = admin.ExecContext(t.Context(), "CREATE DATABASE "+name)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		require.NoError(t, err)
		require.NoError(t, admin.Close())
	})
	address.Path = "/" + name
	return address.String()
}

// client sends requests with one token.
type client struct {
	*process

	token string
}

// as returns a client with a token from the token command.
func (p *process) as(db, id, role, scope string) client {
	p.t.Helper()
	got := p.console("token", "-db", db, "-sub", id, "-role", role, "-scope", scope)
	require.Zero(p.t, got.code, got.err)
	return client{p, got.lines()[0]}
}

// call sends a JSON body and requires the status of the answer.
func (c client) call(status int, method, path, body string) map[string]any {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, strings.NewReader(body))
	require.NoError(c.t, err)
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", "application/json")
	got, text := c.send(request)
	require.Equal(c.t, status, got, text)
	if text == "" {
		return nil
	}
	var answer map[string]any
	require.NoError(c.t, json.Unmarshal([]byte(text), &answer), text)
	return answer
}

func (c client) post(path, body string) map[string]any {
	c.t.Helper()
	return c.call(http.StatusOK, http.MethodPost, path, body)
}

// workingDay goes through all that a call centre does in a day: the list comes in
// from a file, an agent's queue is set, calls are made, the queues are cleared.
func workingDay(t *testing.T, s *shell, db string) {
	t.Helper()
	const bob, eve = "01900000-0000-7000-8000-00000000000a", "01900000-0000-7000-8000-00000000000b"
	migrated := s.console("migrate", "-db", db)
	require.Zero(t, migrated.code, migrated.err)
	imported := lastLine(t, s.console("import", "-db", db, "-campaign", "Spring", s.write("spring.csv", spring)))
	require.Equal(t, 3, imported.Imported)

	p := s.serve("-db", db, "-demo=false")
	require.Contains(t, p.welcome, "Spring, 3 contacts")
	agent := p.as(db, bob, "agent", "queue:pull queue:write")
	other := p.as(db, eve, "agent", "queue:pull queue:write")
	admin := p.as(db, eve, "admin", "queue:pull queue:write ops:run")
	manager := p.as(db, eve, "manager", "dialer:control")
	campaign := "/campaigns/" + imported.CampaignID.String()

	require.Equal(t, []any{map[string]any{"id": imported.CampaignID.String(), "name": "Spring", "contacts": 3.0}},
		agent.call(http.StatusOK, http.MethodGet, "/campaigns", "")["items"])

	set := agent.post(campaign+"/queues/set", `{"agent_id":"`+bob+`","filters":{"first_name_contains":"B"}}`)
	require.InDelta(t, 3, set["assigned"], 0, "Bea, Barbara and Abel have a b")
	require.InDelta(t, 3, other.post(campaign+"/queues/set", `{"agent_id":"`+eve+`"}`)["skipped_due_to_collision"], 0)

	item := agent.post(campaign+"/queues/pull", "{}")
	require.Equal(t, "locked", item["queue_state"])
	require.Equal(t, item, agent.post(campaign+"/queues/pull", "{}"), "a double click takes nothing")
	require.Nil(t, other.call(http.StatusNoContent, http.MethodPost, campaign+"/queues/pull", "{}"))
	id, ok := item["id"].(string)
	require.True(t, ok)
	path := campaign + "/queue_items/" + id
	require.Equal(t, "in_progress", agent.post(path+"/start", `{"lock_version":1}`)["queue_state"])
	beat := agent.post(path+"/heartbeat", `{"lock_version":2}`)
	require.InDelta(t, 2, beat["lock_version"], 0)
	require.Equal(t, "conflict", agent.call(http.StatusConflict, http.MethodPost, path+"/start", `{"lock_version":1}`)["error"])

	stats := agent.call(http.StatusOK, http.MethodGet, campaign+"/queues/stats", "")
	require.Equal(t, map[string]any{
		"queued": 2.0, "locked": 0.0, "in_progress": 1.0, "completed": 0.0, "released": 0.0, "failed": 0.0,
	}, stats["states"])

	sold := agent.post(path+"/disposition", `{"lock_version":2,"disposition":"converted_to_lead","metadata":{"plan":"gold"}}`)
	require.Equal(t, []any{"completed", true}, []any{sold["state"], sold["lead_created"]})
	require.Equal(t, sold, agent.post(path+"/disposition", `{"lock_version":2,"disposition":"converted_to_lead","metadata":{"plan":"gold"}}`))
	require.Len(t, agent.call(http.StatusOK, http.MethodGet, campaign+"/dispositions", "")["items"], 1)
	require.Len(t, admin.call(http.StatusOK, http.MethodGet, campaign+"/leads", "")["items"], 1)
	policy := manager.call(http.StatusOK, http.MethodPut, campaign+"/retry_policy", `{"max_attempts":5,"vm_cooldown_hours":12}`)
	require.Equal(t, policy, admin.call(http.StatusOK, http.MethodGet, campaign+"/retry_policy", ""))

	require.InDelta(t, 2, agent.post(campaign+"/queues/clear", `{"agent_id":"`+bob+`"}`)["released"], 0)
	launch := admin.post(campaign+"/queues/enqueue", `{"filters":{}}`)
	require.InDelta(t, 2, launch["enqueued"], 0)
	launchID, ok := launch["launch_id"].(string)
	require.True(t, ok)
	rolled := s.console("rollback", "-db", db, "-campaign", imported.CampaignID.String(), "-launch", launchID)
	require.JSONEq(t, `{"released":2,"failed":0,"kept":0}`, rolled.out, rolled.err)
	dialed := admin.post(campaign+"/dialer/enqueue", `{"filters":{}}`)
	require.InDelta(t, 2, dialed["enqueued"], 0)
	launchID, ok = dialed["launch_id"].(string)
	require.True(t, ok)
	rolled = s.console("rollback", "-db", db, "-campaign", imported.CampaignID.String(), "-launch", launchID)
	require.JSONEq(t, `{"released":0,"failed":2,"kept":0}`, rolled.out, rolled.err)
	admin.post(campaign+"/queues/enqueue", `{"agent_id":"`+eve+`"}`)
	require.Equal(t, "forbidden", agent.call(http.StatusForbidden, http.MethodPost, campaign+"/queues/clear_all", "{}")["error"])
	require.InDelta(t, 2, admin.post(campaign+"/queues/clear_all", "{}")["released"], 0)

	swept := s.console("sweep", "-db", db)
	require.JSONEq(t, `{"returned_to_agents":0,"returned_to_pool":0,"idempotency_keys_forgotten":0,
		"returned":0,"lost":0,"matched_events":0,"agents_expired":0}`, swept.out, swept.err)
	replayed := s.console("replay", "-db", db)
	require.JSONEq(t, `{"replayed":0,"changed":0,"orphans":0}`, replayed.out, replayed.err)
	s.console("rollback", "-db", db, "-campaign", imported.CampaignID.String(), "-launch", bob).fails(t, "launch")
	s.console("rollback", "-db", db, "-campaign", "Spring", "-launch", bob).fails(t, "-campaign: is not a UUID")
	p.stop()
}
