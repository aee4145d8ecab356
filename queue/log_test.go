package queue_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

func TestLog(t *testing.T) {
	t.Parallel()

	ids := func(more ...string) []string { return append([]string{"campaign_id", "agent_id", "actor_id"}, more...) }
	item := []string{"campaign_id", "queue_id", "contact_id", "agent_id", "lock_version", "queue_state"}
	for name, test := range map[string]struct {
		message string
		members []string
	}{
		"Replace":        {"queue replaced", ids("released", "assigned", "unchanged", "skipped", "took")},
		"Clear":          {"queue cleared", ids("action", "released")},
		"ClearAll":       {"queue cleared", ids("action", "released")},
		"Pull":           {"item pulled", item},
		"Start":          {"item moved by start", item},
		"Heartbeat":      {"item moved by heartbeat", item},
		"Release":        {"item moved by give_back", item},
		"Enqueue":        {"contacts enqueued", ids("launch_id", "enqueued", "skipped")},
		"Sweep":          {"expired locks returned", []string{"to_agents", "to_pool"}},
		"RollbackLaunch": {"launch rolled back", []string{"campaign_id", "launch_id", "actor_id", "released", "kept"}},
		"Preview":        {},
		"List":           {},
		"Stats":          {},
		"Campaigns":      {},
		"FilterFields":   {},
	} {
		what := " is one record with its ids and no phone number"
		if test.message == "" {
			what = " changes nothing and is no record"
		}
		t.Run(name+what, func(t *testing.T) {
			t.Parallel()

			service, bundle := setup(t)
			fill(bundle.store)
			require.NoError(t, named(t, name)[0].call(t.Context(), service, admin(), agentID))
			records := logRecords(t, bundle)
			if test.message == "" {
				require.Empty(t, records)
				return
			}
			require.Len(t, records, 1)
			require.Equal(t, test.message, records[0]["msg"])
			require.Equal(t, "INFO", records[0]["level"])
			require.ElementsMatch(t, append([]string{"time", "level", "msg"}, test.members...), slices.Collect(maps.Keys(records[0])))
			if slices.Contains(test.members, "campaign_id") {
				require.Equal(t, campaignID.String(), records[0]["campaign_id"], "an id is written as people read it")
			}
		})
	}

	t.Run("Replace takes as long as the service's clock says", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		require.NoError(t, replace(queue.ReplaceRequest{CampaignID: campaignID, AgentID: agentID})(t.Context(), service))
		require.Zero(t, logRecords(t, bundle)[0]["took"], "the clock has not moved")
	})
	t.Run("Pull of nothing, or of what the agent holds, is no record", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		pullNext := pull(queue.PullRequest{CampaignID: campaignID})
		require.NoError(t, pullNext(t.Context(), service))
		fill(bundle.store)
		bundle.store.pull.Held = true
		require.NoError(t, pullNext(t.Context(), service))
		require.Empty(t, logRecords(t, bundle))
	})
	t.Run("Sweep that returns nothing is no record", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.sweep = queue.SweepResult{KeysForgotten: 5}
		_, err := service.Sweep(t.Context(), admin())
		require.NoError(t, err)
		require.Empty(t, logRecords(t, bundle))
	})
}

func TestItemIsRedactedWhereverItIsPrinted(t *testing.T) {
	t.Parallel()

	_, bundle := setup(t)
	fill(bundle.store)
	item := bundle.store.move.Item
	for name, printed := range map[string]string{
		"fmt %v":  fmt.Sprintf("%v", item),
		"fmt %+v": fmt.Sprintf("%+v", &item),
		"fmt %#v": fmt.Sprintf("%#v", item),
		"slog as text": loggedBy(item, func(w io.Writer) slog.Handler {
			return slog.NewTextHandler(w, nil)
		}),
		"slog as JSON": loggedBy(item, func(w io.Writer) slog.Handler {
			return slog.NewJSONHandler(w, nil)
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			require.NotContains(t, printed, "810292")
			require.NotContains(t, printed, "josephine_darakjy")
		})
	}

	t.Run("slog as text is the item's ids and state", func(t *testing.T) {
		t.Parallel()

		record := loggedBy(item, func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) })
		require.Contains(t, record, fmt.Sprintf("item.campaign_id=%s item.queue_id=%s item.contact_id=%s item.agent_id=%s "+
			"item.lock_version=4 item.queue_state=locked\n", campaignID, itemID, contactID, agentID))
	})
}

func loggedBy(item queue.Item, handler func(io.Writer) slog.Handler) string {
	var log bytes.Buffer
	slog.New(handler(&log)).Info("a record", slog.Any("item", item))
	return log.String()
}

// fill gives the store answers about a contact whose number must not be written.
func fill(store *fakeStore) {
	item := queue.Item{
		ID: itemID, CampaignID: campaignID, AgentID: agentID, ContactID: contactID, State: queue.StateLocked, LockVersion: 4,
		Provenance: outdial.Provenance{By: managerID.String(), Reason: outdial.ReasonCampaignAudience},
		Contact: outdial.Contact{
			ID: contactID, AccountID: uuid.New(), FirstName: "Josephine", LastName: "Darakjy", Company: "Chanay",
			Phone: "+18102929388", PhoneStatus: outdial.PhoneValid, Email: "josephine_darakjy@darakjy.org",
		},
	}
	store.replace = queue.ReplaceResult{Released: 1, Assigned: 2, Skipped: queue.Skips{queue.SkipSuppressed: 3}}
	store.clear = queue.ClearResult{Released: 1}
	store.pull = queue.PullResult{Item: &item}
	store.move = queue.MoveResult{Item: item}
	store.enqueue = queue.EnqueueResult{LaunchID: launchID, Enqueued: 1, Matched: 1}
	store.sweep = queue.SweepResult{ToAgents: 1, ToPool: 1}
	store.rollback = queue.RollbackResult{Released: 1}
	store.list = queue.ListResult{Items: []queue.Item{item}}
}

// logRecords reads what was logged, and checks that none of it says who was
// called.
func logRecords(t *testing.T, bundle *testBundle) []map[string]any {
	t.Helper()
	for _, secret := range []string{"810292", "2929388", "darakjy", "Darakjy", "Josephine"} {
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
