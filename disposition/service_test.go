package disposition_test

import (
	"bufio"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/internal/metertest"
)

func TestConfigWithDefaults(t *testing.T) {
	t.Parallel()

	t.Run("the zero value works, and promises nobody a callback", func(t *testing.T) {
		t.Parallel()

		config := disposition.Config{}.WithDefaults()
		require.WithinDuration(t, time.Now(), config.Clock.Now(), time.Minute)
		require.False(t, config.Logger.Enabled(t.Context(), 100), "records are discarded")
		require.Equal(t, disposition.Map{}, config.Map, "which is the canonical one")
		require.Equal(t, dialer.RetryPolicy{}, config.Policy)
		require.Equal(t, 2*time.Minute, config.CorrectWithin)
		open, err := config.Windows.Open(t.Context(), campaignID, noon)
		require.ErrorIs(t, err, dialer.ErrNoWindows)
		require.Zero(t, open, "nowhere")

		_, err = disposition.New(&fakeStore{}, disposition.Config{}).Record(t.Context(), agent(), request("busy"))
		require.NoError(t, err)
	})
	t.Run("what is given stays", func(t *testing.T) {
		t.Parallel()

		given := disposition.Config{
			Map: requireMap(t, disposition.MapConfig{Aliases: map[string]string{"dnc": "do_not_call"}}), Policy: dialer.RetryPolicy{MaxAttempts: 9},
			Windows: callwindow.Always{}, CorrectWithin: time.Second, Clock: clock.NewMock(), Meter: &metertest.Meter{},
			Logger: disposition.Config{}.WithDefaults().Logger,
		}
		require.Equal(t, given, given.WithDefaults())
	})
	t.Run("what makes no sense has its default", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, 2*time.Minute, disposition.Config{CorrectWithin: -1}.WithDefaults().CorrectWithin)
	})
	t.Run("the original is left as it is", func(t *testing.T) {
		t.Parallel()

		var config disposition.Config
		config.WithDefaults()
		require.Equal(t, disposition.Config{}, config)
	})
}

func TestTheMapOfAServiceIsThatOfItsConfig(t *testing.T) {
	t.Parallel()

	m := requireMap(t, disposition.MapConfig{Aliases: map[string]string{"dnc": "do_not_call"}})
	service, _ := setup(t, func(c *disposition.Config) { c.Map = m })
	require.Equal(t, m.String(), service.Map().String())
	_, err := service.Record(t.Context(), agent(), request("dnc"))
	require.NoError(t, err)

	plain, _ := setup(t)
	require.Equal(t, disposition.Map{}.String(), plain.Map().String())
	_, err = plain.Record(t.Context(), agent(), request("dnc"))
	requireFieldError(t, err, "disposition", "is not known")
}

func TestWithStoreWorksOnTheOtherStoreAndLeavesTheFirstAlone(t *testing.T) {
	t.Parallel()

	for name, call := range operations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			service, bundle := setup(t)
			transaction := &fakeStore{}
			require.NoError(t, call(t.Context(), service.WithStore(transaction), manager()))
			require.Len(t, transaction.calls, 1)
			require.Empty(t, bundle.store.calls)

			require.NoError(t, call(t.Context(), service, manager()))
			require.Len(t, transaction.calls, 1)
			require.Equal(t, transaction.calls, bundle.store.calls, "under the same config")
		})
	}
}

func TestACallerWhoLeftIsToldSo(t *testing.T) {
	t.Parallel()

	for name, call := range operations() {
		service, _ := setup(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, call(ctx, service, manager()), context.Canceled, name)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		message string
		members []string
	}{
		"Record": {"disposition recorded", []string{
			"campaign_id", "queue_id", "actor_id", "disposition", "queue", "queue_state", "lock_version", "purged",
		}},
		"SetPolicy": {"retry policy changed", []string{"campaign_id", "actor_id"}},
		"Policy":    {},
		"List":      {},
		"Leads":     {},
	} {
		what := " is one record with its ids and no word of the agent's"
		if test.message == "" {
			what = " changes nothing and is no record"
		}
		t.Run(name+what, func(t *testing.T) {
			t.Parallel()

			service, bundle := setup(t)
			bundle.store.record = full()
			bundle.store.list = disposition.ListResult{Records: []disposition.Record{{ID: dispositionID, Metadata: json.RawMessage(secret)}}}
			require.NoError(t, operations()[name](t.Context(), service, manager()))
			records := logRecords(t, bundle)
			if test.message == "" {
				require.Empty(t, records)
				return
			}
			require.Len(t, records, 1)
			require.Equal(t, test.message, records[0]["msg"])
			require.Equal(t, "INFO", records[0]["level"])
			require.ElementsMatch(t, append([]string{"time", "level", "msg"}, test.members...), slices.Collect(maps.Keys(records[0])))
			require.Equal(t, campaignID.String(), records[0]["campaign_id"], "an id is written as people read it")
		})
	}
	t.Run("of a request that says a number and a name, in metadata and key", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.record = full()
		_, err := service.Record(t.Context(), agent(), request("do_not_call", func(r *disposition.Request) {
			r.Metadata, r.IdempotencyKey = json.RawMessage(secret), "+18102929388"
		}))
		require.NoError(t, err)
		records := logRecords(t, bundle)
		require.Len(t, records, 1)
		require.Equal(t, "do_not_call", records[0]["disposition"])
		require.Equal(t, itemID.String(), records[0]["queue_id"])
	})
	t.Run("of an alias has the code", func(t *testing.T) {
		t.Parallel()

		m := requireMap(t, disposition.MapConfig{Aliases: map[string]string{"+18102929388": "do_not_call"}})
		service, bundle := setup(t, func(c *disposition.Config) { c.Map = m })
		bundle.store.record = full()
		_, err := service.Record(t.Context(), agent(), request("+18102929388"))
		require.NoError(t, err)
		require.Equal(t, "do_not_call", logRecords(t, bundle)[0]["disposition"])
	})
}

const secret = `{"note":"Josephine is at +18102929388"}`

// logRecords reads what was logged, and checks that none of it says who was called, nor
// what an agent wrote.
func logRecords(t *testing.T, bundle *testBundle) []map[string]any {
	t.Helper()
	for _, secret := range []string{"810292", "2929388", "Josephine", "note"} {
		require.NotContains(t, bundle.log.String(), secret)
	}
	var records []map[string]any
	for lines := bufio.NewScanner(bundle.log); lines.Scan(); {
		var record map[string]any
		require.NoError(t, json.Unmarshal(lines.Bytes(), &record))
		records = append(records, record)
	}
	return records
}

func TestMetrics(t *testing.T) {
	t.Parallel()

	t.Run("are those of the table", func(t *testing.T) {
		t.Parallel()

		_, bundle := setup(t)
		var described []outdial.Metric
		for _, each := range disposition.Metrics() {
			each.Attributes = nil
			described = append(described, each)
		}
		require.Equal(t, described, bundle.meter.Made())
	})
	t.Run("count what the store has recorded, in which queue", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		described := disposition.Metrics()[0]
		for _, rule := range (disposition.Map{}).Rules() {
			for _, queue := range []disposition.Queue{disposition.QueueAgent, disposition.QueuePower} {
				bundle.store.record = disposition.Result{Code: rule.Code, Queue: queue}
				require.NoError(t, record(rule.Code)(t.Context(), service, agent()))
				labels := map[string]string{"disposition": string(rule.Code), "queue": string(queue)}
				require.Equal(t, 1, bundle.meter.Count(described.Name, labels))
				for _, attribute := range described.Attributes {
					require.Contains(t, attribute.Values, labels[attribute.Name])
				}
			}
		}
		require.Len(t, bundle.meter.Measurements(described.Name), 2*len(disposition.Map{}.Rules()))
	})
}

func TestPolicy(t *testing.T) {
	t.Parallel()

	process := dialer.RetryPolicy{MaxAttempts: 5, MaxPerDay: 2, CoolDowns: map[dialer.Outcome]time.Duration{"busy": time.Minute}}
	t.Run("says what the campaign overrides, and what holds in all", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t, func(c *disposition.Config) { c.Policy = process })
		bundle.store.policy = dialer.RetryPolicy{MaxPerDay: -1, CoolDowns: map[dialer.Outcome]time.Duration{"no_answer": time.Hour}}
		own, effective, err := service.Policy(t.Context(), agent(), campaignID)
		require.NoError(t, err)
		require.Equal(t, bundle.store.policy, own)
		require.Equal(t, dialer.RetryPolicy{
			MaxAttempts: 5, MaxPerDay: -1, CoolDowns: map[dialer.Outcome]time.Duration{"busy": time.Minute, "no_answer": time.Hour},
		}, effective)
		require.Equal(t, policyOf(campaignID), lastCall[policyOf](t, bundle.store))
	})
	t.Run("is the process's where the campaign says nothing", func(t *testing.T) {
		t.Parallel()

		service, _ := setup(t, func(c *disposition.Config) { c.Policy = process })
		own, effective, err := service.Policy(t.Context(), agent(), campaignID)
		require.NoError(t, err)
		require.Zero(t, own)
		require.Equal(t, process, effective)
	})
	t.Run("is set as it is given", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		require.NoError(t, service.SetPolicy(t.Context(), manager(), campaignID, process))
		require.Equal(t, disposition.SetPolicyParams{CampaignID: campaignID, ActorID: managerID, Policy: process, Now: requestTime},
			lastCall[disposition.SetPolicyParams](t, bundle.store))
	})
	t.Run("has cool-downs of every outcome and code that is tried again", func(t *testing.T) {
		t.Parallel()

		m := requireMap(t, disposition.MapConfig{Rules: []disposition.Rule{
			{Code: "gatekeeper", Effect: disposition.EffectRetry},
			{Code: "left_message", Effect: disposition.EffectRetry, Outcome: dialer.OutcomeVoicemail},
			{Code: "sold", Effect: disposition.EffectFinish},
		}})
		service, _ := setup(t, func(c *disposition.Config) { c.Map = m })
		set := func(outcome dialer.Outcome) error {
			return service.SetPolicy(t.Context(), manager(), campaignID,
				dialer.RetryPolicy{CoolDowns: map[dialer.Outcome]time.Duration{outcome: time.Minute}})
		}
		for _, rule := range dialer.Rules() {
			if rule.State == dialer.StateQueued {
				require.NoError(t, set(rule.Outcome), rule.Outcome)
			} else {
				requireFieldError(t, set(rule.Outcome), "cool_downs", "names what is not tried again")
			}
		}
		require.NoError(t, set("gatekeeper"))
		requireFieldError(t, set("left_message"), "cool_downs", "names what is not tried again")
		requireFieldError(t, set("sold"), "cool_downs", "names what is not tried again")
	})
	t.Run("is not an agent's to set", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		err := service.SetPolicy(t.Context(), agent(), campaignID, process)
		require.ErrorIs(t, err, outdial.ErrForbidden)
		require.EqualError(t, err, "forbidden: only managers and admins change a retry policy")
		require.Empty(t, bundle.store.calls)
	})
}

func TestList(t *testing.T) {
	t.Parallel()

	service, bundle := setup(t)
	bundle.store.list = disposition.ListResult{Records: []disposition.Record{{ID: dispositionID}, {ID: itemID}}, More: true}
	page, err := service.List(t.Context(), manager(), disposition.ListRequest{CampaignID: campaignID})
	require.NoError(t, err)
	require.Equal(t, bundle.store.list.Records, page.Records)
	require.Equal(t, disposition.ListParams{CampaignID: campaignID, Limit: outdial.DefaultPage}, lastCall[disposition.ListParams](t, bundle.store))

	bundle.store.list = disposition.ListResult{Records: []disposition.Record{{ID: leadID}}}
	page, err = service.List(t.Context(), manager(), disposition.ListRequest{
		CampaignID: campaignID, ContactID: contactID, Cursor: page.NextCursor, Limit: 2,
	})
	require.NoError(t, err)
	require.Equal(t, disposition.ListParams{CampaignID: campaignID, ContactID: contactID, After: itemID, Limit: 2},
		lastCall[disposition.ListParams](t, bundle.store))
	require.Equal(t, disposition.Page{Records: bundle.store.list.Records}, page, "the last page has no cursor")

	bundle.store.list = disposition.ListResult{More: true}
	page, err = service.List(t.Context(), manager(), disposition.ListRequest{CampaignID: campaignID})
	require.NoError(t, err)
	require.Empty(t, page.NextCursor, "nothing leads nowhere")
}

func TestLeads(t *testing.T) {
	t.Parallel()

	service, bundle := setup(t)
	bundle.store.leads = disposition.ListLeadsResult{Leads: []disposition.Lead{{ID: dispositionID}, {ID: leadID}}, More: true}
	page, err := service.Leads(t.Context(), manager(), disposition.ListRequest{CampaignID: campaignID, ContactID: contactID})
	require.NoError(t, err)
	require.Equal(t, bundle.store.leads.Leads, page.Leads)
	require.Equal(t, disposition.ListLeadsParams{CampaignID: campaignID, Limit: outdial.DefaultPage},
		lastCall[disposition.ListLeadsParams](t, bundle.store))

	bundle.store.leads = disposition.ListLeadsResult{Leads: []disposition.Lead{{ID: itemID}}}
	page, err = service.Leads(t.Context(), manager(), disposition.ListRequest{CampaignID: campaignID, Cursor: page.NextCursor, Limit: 2})
	require.NoError(t, err)
	require.Equal(t, disposition.ListLeadsParams{CampaignID: campaignID, After: leadID, Limit: 2},
		lastCall[disposition.ListLeadsParams](t, bundle.store))
	require.Equal(t, disposition.LeadPage{Leads: bundle.store.leads.Leads}, page, "the last page has no cursor")

	bundle.store.leads = disposition.ListLeadsResult{More: true}
	page, err = service.Leads(t.Context(), manager(), disposition.ListRequest{CampaignID: campaignID})
	require.NoError(t, err)
	require.Empty(t, page.NextCursor, "nothing leads nowhere")
}

// The names in these are contracts with callers of the HTTP API.
func TestListedInJSON(t *testing.T) {
	t.Parallel()

	members := func(value any) []string {
		data, err := json.Marshal(value)
		require.NoError(t, err)
		var found map[string]any
		require.NoError(t, json.Unmarshal(data, &found))
		return slices.Sorted(maps.Keys(found))
	}
	require.Equal(t, []string{
		"actor_id", "agent_id", "attempt", "call_id", "callback_at", "campaign_id", "contact_id", "disposition", "effect", "id",
		"item_id", "item_version", "lock_version", "metadata", "queue", "recorded_at", "superseded_by", "supersedes",
	}, members(disposition.Record{CallbackAt: noon, Metadata: json.RawMessage(`{}`)}))
	require.NotContains(t, members(disposition.Record{}), "callback_at", "no time is no member")
	require.Equal(t, []string{"agent_id", "campaign_id", "contact_id", "created_at", "disposition_id", "id", "withdrawn_at"},
		members(disposition.Lead{WithdrawnAt: noon}))
	require.Equal(t, []string{"agent_id", "campaign_id", "contact_id", "created_at", "disposition_id", "id"}, members(disposition.Lead{ID: uuid.New()}))
}
