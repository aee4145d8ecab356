package main

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/suppression"
)

func TestThePrintedCommandsOfTheListWork(t *testing.T) {
	t.Parallel()
	p := newShell(t).serve("-simulate=false")
	answers := p.runPrinted("KEEPER")
	require.Len(t, answers, 3)
	require.JSONEq(t, `{"added":1,"extended":0}`, answers[0])
	require.Contains(t, answers[1], `"suppressed":true`)
	require.Contains(t, answers[1], `"reason":"asked by letter"`)
	require.JSONEq(t, `{"removed":1}`, answers[2])
	parsed, err := outdial.ParsePhone(listedPhone, "US")
	require.NoError(t, err)
	waiting := map[outdial.Phone]bool{}
	for _, person := range powerPeople() {
		waiting[person.Contact.Phone] = person.Contact.Phone != "" && !person.Contact.Invalid && !person.Contact.OptedOut
	}
	require.True(t, waiting[parsed], "who is put on the list for a moment waits for a call")
}

// redisForTests is a Redis that other tests may be using, and emptying, meanwhile.
func redisForTests(t *testing.T) (string, *redis.Client) {
	t.Helper()
	given := os.Getenv("TEST_REDIS_URL")
	require.NotEmpty(t, given, "TEST_REDIS_URL is not set: run the tests with make test")
	options, err := redis.ParseURL(given)
	require.NoError(t, err)
	client := redis.NewClient(options)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return given, client
}

func TestANumberVanishesFromBothQueuesWithinASecond(t *testing.T) {
	t.Parallel()
	given, client := redisForTests(t)
	p := newShell(t).serve("-simulate=false", "-redis", given)
	require.Contains(t, p.welcome, "  redis     127.0.0.1:")
	require.Less(t, p.vanish(), time.Second)
	eventually(t, "the filter is there for other servers", func() bool {
		found, err := client.Exists(t.Context(), "outdial:suppression:filter").Result()
		require.NoError(t, err)
		return found == 1
	})
	series := p.metrics()
	require.InDelta(t, 3, series[`outdial_suppression_changes_total{action="add"}`], 0)
	require.InDelta(t, 3, series[`outdial_suppression_purged_total{queue="agent"}`], 0)
	require.InDelta(t, 3, series[`outdial_suppression_purged_total{queue="power"}`], 0)
	require.Positive(t, series[`outdial_suppression_purge_duration_seconds_count`])
	require.Positive(t, series[`outdial_suppression_checks_total{answered_by="filter",suppressed="false"}`])
	p.stop()
	require.NotContains(t, p.err.String(), "level=ERROR")
	require.NotContains(t, p.err.String(), "DATA RACE")
}

func TestARedisThatIsAwayKeepsNoServerFromItsWork(t *testing.T) {
	t.Parallel()
	p := newShell(t).serve("-simulate=false", "-redis", "redis://me:hunter2@127.0.0.1:1/3")
	require.Contains(t, p.welcome, "  redis     127.0.0.1:1, database 3, ")
	require.Less(t, p.vanish(), time.Second)
	p.await("sharing the suppression filter through redis fails")
	require.Positive(t, p.metrics()[`outdial_suppression_filter_redis_failures_total{operation="look"}`])
	p.stop()
	require.NotContains(t, p.out.String()+p.err.String(), "hunter2")
	require.NotContains(t, p.err.String(), "\nredis: ", "the client keeps no log of its own")
}

// vanish puts three people on the list, each of whom waits in both queues, and returns
// how long the quickest of them took to be out of both: the others may have met with a
// machine that had something else to do.
func (p *process) vanish() time.Duration {
	p.t.Helper()
	keeper := p.as(defaultDatabase, powerManagerID, "manager", "suppression:write queue:write dialer:control")
	spring := p.importSpring(powerPeople()[0].Contact.Phone, powerPeople()[1].Contact.Phone, powerPeople()[2].Contact.Phone)
	keeper.post(spring+"/queues/enqueue", "{}")
	quickest := patienceOfTests
	for _, person := range powerPeople()[:3] {
		phone := person.Contact.Phone.E164()
		asked := `{"phones":["` + phone + `","+18102929388"]}`
		eventually(p.t, "there is a filter", func() bool {
			keeper.post("/suppressions/check", asked)
			return p.metrics()[`outdial_suppression_checks_total{answered_by="filter",suppressed="false"}`] > 0
		})
		before := keeper.suppressedItems(spring)
		began := time.Now()
		require.InDelta(p.t, 1, keeper.post("/suppressions", `{"phone":"`+phone+`"}`)["added"], 0)
		eventually(p.t, "both items are gone", func() bool { return keeper.suppressedItems(spring) == before+2 })
		quickest = min(quickest, time.Since(began))
		answers, ok := keeper.post("/suppressions/check", asked)["items"].([]any)
		require.True(p.t, ok)
		for i, suppressed := range []bool{true, false} {
			item, ok := answers[i].(map[string]any)
			require.True(p.t, ok)
			require.Equal(p.t, suppressed, item["suppressed"])
		}
	}
	return quickest
}

// importSpring makes a campaign of people with these numbers and returns its path.
func (s *shell) importSpring(phones ...outdial.Phone) string {
	s.t.Helper()
	rows := "first_name,phone\n"
	for _, phone := range phones {
		rows += "Abel," + phone.E164() + "\n"
	}
	got := s.console("import", "-campaign", "Spring", s.write("spring.csv", rows))
	require.Zero(s.t, got.code, got.err)
	var imported struct {
		CampaignID string `json:"campaign_id"`
	}
	require.NoError(s.t, json.Unmarshal([]byte(got.out), &imported))
	return "/campaigns/" + imported.CampaignID
}

// suppressedItems counts those that have failed so, in the agent queue of a campaign and
// in the power queue of the demo.
func (c client) suppressedItems(campaign string) int {
	c.t.Helper()
	count := 0
	for _, path := range []string{campaign + "/queues?state=failed", "/campaigns/" + powerCampaignID + "/dialer/items?state=failed"} {
		listed, ok := c.call(http.StatusOK, http.MethodGet, path, "")["items"].([]any)
		require.True(c.t, ok)
		for _, each := range listed {
			item, ok := each.(map[string]any)
			require.True(c.t, ok)
			require.Equal(c.t, "suppressed", item["fail_reason"])
			count++
		}
	}
	return count
}

func TestAPurgeTakesOutWhoeverMustNotBeCalled(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	campaign := s.importSpring("+15046218927", "+18102929388")
	st := s.openStore(defaultDatabase)
	_, err := queue.New(st, queue.Config{}).Enqueue(t.Context(), outdial.System(), queue.EnqueueRequest{
		CampaignID: uuid.MustParse(strings.TrimPrefix(campaign, "/campaigns/")),
	})
	require.NoError(t, err)
	require.JSONEq(t, `{"agent_items":0,"power_items":0}`, s.console("purge").out)
	_, err = suppression.New(st, suppression.Config{}).Add(t.Context(), outdial.System(), suppression.NewPhone("+15046218927"))
	require.NoError(t, err)
	got := s.console("purge", "-db", defaultDatabase)
	require.Zero(t, got.code, got.err)
	require.Equal(t, `{"agent_items":1,"power_items":0}`+"\n", got.out)
	require.Empty(t, got.err)
	require.JSONEq(t, `{"agent_items":0,"power_items":0}`, s.console("purge").out)
	s.console("purge", "-db", "mistyped.db").fails(t, "mistyped.db: no such file")
}
