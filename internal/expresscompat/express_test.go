//go:build express

package expresscompat_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store/postgres"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// enabled is the environment in which the host has turned the feature on.
const enabled = "FEATURE_FLAGS=other_feature,queue_replace_v1"

// answer is what a route said.
type answer struct {
	status int
	body   string
}

func TestRoutesWorkUnchanged(t *testing.T) {
	t.Parallel()

	app := installed(t)
	database := migrated(t)
	st, err := postgres.Open(t.Context(), database)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	on := start(t, app, "DATABASE_URL="+database, enabled)
	off := start(t, app, "DATABASE_URL="+database)

	agentID, other, actorID := uuid.New(), uuid.New(), uuid.New()
	campaign := func(t *testing.T) string {
		t.Helper()
		return imported(t, st, 4, 8).String()
	}

	t.Run("a queue is set from filters and caps, and set again", func(t *testing.T) {
		t.Parallel()

		id := campaign(t)
		body := fmt.Sprintf(`{"agent_id": %q, "filters": {"first_name_contains": "b"}, "per_account_cap": 3,
			"max_queue_size": 5000, "keep_in_progress": true}`, agentID)
		require.Equal(t, answer{200, `{"assigned":3,"released":0,"skipped_due_to_collision":0}`},
			on.post(t, "/campaigns/"+id+"/queues/set", actorID, body))
		require.Equal(t, answer{200, `{"assigned":3,"released":3,"skipped_due_to_collision":0}`},
			on.post(t, "/campaigns/"+id+"/queues/set", actorID, body))
	})
	t.Run("a queue is set to everybody, but for whom another agent holds", func(t *testing.T) {
		t.Parallel()

		id := campaign(t)
		require.Equal(t, answer{200, `{"assigned":4,"released":0,"skipped_due_to_collision":0}`}, on.post(t,
			"/campaigns/"+id+"/queues/set", actorID, fmt.Sprintf(`{"agent_id": %q, "filters": {"first_name_contains": "B"}}`, other)))
		require.Equal(t, answer{200, `{"assigned":8,"released":0,"skipped_due_to_collision":4}`},
			on.post(t, "/campaigns/"+id+"/queues/set", actorID, fmt.Sprintf(`{"agent_id": %q}`, agentID)))
	})
	t.Run("keep_in_progress says what becomes of the item in progress", func(t *testing.T) {
		t.Parallel()

		id := campaign(t)
		set := func(more string) answer {
			return on.post(t, "/campaigns/"+id+"/queues/set", actorID, fmt.Sprintf(`{"agent_id": %q%s}`, agentID, more))
		}
		require.Equal(t, 200, set("").status)
		startItem(t, st, id, agentID)
		require.Equal(t, answer{200, `{"assigned":11,"released":11,"skipped_due_to_collision":0}`}, set(""))
		require.Equal(t, answer{200, `{"assigned":12,"released":12,"skipped_due_to_collision":0}`}, set(`, "keep_in_progress": false`))
	})
	t.Run("a dry run writes nothing", func(t *testing.T) {
		t.Parallel()

		id := campaign(t)
		got := on.post(t, "/campaigns/"+id+"/queues/set", actorID, fmt.Sprintf(`{"agent_id": %q, "dry_run": true}`, agentID))
		require.Equal(t, 200, got.status)
		require.Contains(t, got.body, `"preview_only":true`)
		require.Equal(t, answer{200, `{"released":0}`}, on.post(t, "/campaigns/"+id+"/queues/clear_all", actorID, ""))
	})
	t.Run("one queue is cleared, and all of them", func(t *testing.T) {
		t.Parallel()

		id := campaign(t)
		for _, who := range []uuid.UUID{agentID, other} {
			require.Equal(t, 200, on.post(t, "/campaigns/"+id+"/queues/set", actorID,
				fmt.Sprintf(`{"agent_id": %q, "max_queue_size": 5}`, who)).status)
		}
		clearMine := fmt.Sprintf(`{"agent_id": %q}`, agentID)
		require.Equal(t, answer{200, `{"released":5}`}, on.post(t, "/campaigns/"+id+"/queues/clear", actorID, clearMine))
		require.Equal(t, answer{200, `{"released":0}`}, on.post(t, "/campaigns/"+id+"/queues/clear", actorID, clearMine))
		require.Equal(t, answer{200, `{"released":5}`}, on.post(t, "/campaigns/"+id+"/queues/clear_all", actorID, ""))
		require.Equal(t, []string{"queue.clear.all", "queue.clear.mine", "queue.clear.mine", "queue.replace", "queue.replace"},
			actions(t, st, id, actorID))
	})
	t.Run("an unknown campaign has nothing in it", func(t *testing.T) {
		t.Parallel()

		id := uuid.NewString()
		require.Equal(t, answer{200, `{"assigned":0,"released":0,"skipped_due_to_collision":0}`},
			on.post(t, "/campaigns/"+id+"/queues/set", actorID, fmt.Sprintf(`{"agent_id": %q}`, agentID)))
		require.Equal(t, answer{200, `{"released":0}`}, on.post(t, "/campaigns/"+id+"/queues/clear_all", actorID, ""))
	})
	t.Run("what is refused is an error that names the parameter", func(t *testing.T) {
		t.Parallel()

		id := campaign(t)
		for body, problem := range map[string]string{
			fmt.Sprintf(`{"agent_id": %q, "per_account_cap": 0}`, agentID): "p_per_account_cap",
			fmt.Sprintf(`{"agent_id": %q, "max_queue_size": -1}`, agentID): "p_max_queue_size",
			`{}`:                         "p_agent_id",
			`{"agent_id": "not a uuid"}`: "uuid",
		} {
			got := on.post(t, "/campaigns/"+id+"/queues/set", actorID, body)
			require.Equal(t, 500, got.status, body)
			require.Contains(t, got.body, `"error":"queue_replace_failed"`)
			require.Contains(t, got.body, problem)
		}
		require.Equal(t, answer{200, `{"released":0}`}, on.post(t, "/campaigns/"+id+"/queues/clear_all", actorID, ""))
	})
	t.Run("while the feature is off, nothing is there", func(t *testing.T) {
		t.Parallel()

		id := campaign(t)
		for _, route := range []string{"set", "clear", "clear_all"} {
			require.Equal(t, answer{404, `{"error":"not_found"}`},
				off.post(t, "/campaigns/"+id+"/queues/"+route, actorID, fmt.Sprintf(`{"agent_id": %q}`, agentID)))
		}
		require.Empty(t, actions(t, st, id, actorID))
	})
}

// installed is a folder with the host's program and what it depends on.
func installed(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS("testdata")))
	command := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	command.Dir = folder
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return folder
}

// migrated is a database of this test's own, with the library's schema in it.
func migrated(t *testing.T) string {
	t.Helper()
	given := os.Getenv("TEST_DATABASE_URL")
	require.NotEmpty(t, given, "TEST_DATABASE_URL is not set: run the tests with make test-express")
	address, err := url.Parse(given)
	require.NoError(t, err)
	admin, err := sqlx.Open("postgres", given)
	require.NoError(t, err)
	name := "outdial_express_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	_, err = admin.Exec("CREATE DATABASE " + name)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := admin.Exec("DROP DATABASE " + name + " WITH (FORCE)")
		require.NoError(t, err)
		require.NoError(t, admin.Close())
	})
	address.Path = "/" + name
	st, err := postgres.Open(t.Context(), address.String())
	require.NoError(t, err)
	require.NoError(t, st.Migrate(t.Context()))
	require.NoError(t, st.Close())
	return address.String()
}

// imported is a new campaign of so many called Bette, who share an account, and so
// many called James, who have none.
func imported(t *testing.T, st *postgres.Store, bettes, jameses int) uuid.UUID {
	t.Helper()
	var list strings.Builder
	list.WriteString("company,first_name,phone\n")
	for i := range bettes {
		fmt.Fprintf(&list, "Benton,Bette,504-621-%04d\n", 8000+i)
	}
	for i := range jameses {
		fmt.Fprintf(&list, ",James,504-621-%04d\n", 9000+i)
	}
	importer := intake.New(st, intake.Config{})
	actor := outdial.Actor{ID: uuid.New(), Role: outdial.RoleAdmin, Scopes: outdial.Scopes()}
	result, err := importer.Import(t.Context(), actor, intake.ImportRequest{
		CampaignName: uuid.NewString(), Source: strings.NewReader(list.String()),
	})
	require.NoError(t, err)
	require.Equal(t, bettes+jameses, result.Imported)
	return result.CampaignID
}

// startItem puts one of the agent's items into progress.
func startItem(t *testing.T, st *postgres.Store, campaignID string, agentID uuid.UUID) {
	t.Helper()
	service := queue.New(st, queue.Config{})
	agent := outdial.Actor{ID: agentID, Role: outdial.RoleAgent, Scopes: outdial.Scopes()}
	campaign := uuid.MustParse(campaignID)
	item, err := service.Pull(t.Context(), agent, queue.PullRequest{CampaignID: campaign})
	require.NoError(t, err)
	_, err = service.Start(t.Context(), agent, queue.ItemRequest{CampaignID: campaign, ItemID: item.ID, LockVersion: item.LockVersion})
	require.NoError(t, err)
}

func actions(t *testing.T, st *postgres.Store, campaignID string, actorID uuid.UUID) []string {
	t.Helper()
	var actions []string
	require.NoError(t, st.DB().Select(&actions,
		"SELECT action FROM audit_log WHERE target_id = $1 AND actor_id = $2 ORDER BY action", campaignID, actorID))
	return actions
}

// program is the host's program, running.
type program struct{ address string }

// start runs the host's program until the test ends.
func start(t *testing.T, folder string, environment ...string) program {
	t.Helper()
	command := exec.Command("node", "app.js")
	command.Dir = folder
	command.Env = append(os.Environ(), environment...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		require.NoError(t, command.Process.Kill())
		_ = command.Wait() // it was killed
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err, "%s", &stderr)
	port, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	require.True(t, ok, line)
	return program{address: "http://127.0.0.1:" + port}
}

func (p program) post(t *testing.T, path string, actorID uuid.UUID, body string) answer {
	t.Helper()
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.address+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("X-User-Id", actorID.String())
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return answer{status: response.StatusCode, body: sortedJSON(t, data)}
}

// sortedJSON is an object with its members in the order of their names: jsonb has
// an order of its own.
func sortedJSON(t *testing.T, data []byte) string {
	t.Helper()
	var members map[string]any
	require.NoError(t, json.Unmarshal(data, &members), "%s", data)
	sorted, err := json.Marshal(members)
	require.NoError(t, err)
	return string(sorted)
}
