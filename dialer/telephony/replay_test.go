package telephony_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
)

// keptEvents are n events as a store returns them, the first ones orphans.
func keptEvents(n, orphans int) []telephony.Kept {
	events := make([]telephony.Kept, n)
	for i := range events {
		events[i] = telephony.Kept{
			ID: uuid.Must(uuid.NewV7()), Event: ringing(), OccurredAt: requestTime.Add(time.Duration(-i) * time.Second),
			CreatedAt: requestTime,
		}
		events[i].Seq = i
		if i >= orphans {
			events[i].CallID = callID
		}
	}
	return events
}

func TestReplayRecordsEachEventAgainPageByPage(t *testing.T) {
	t.Parallel()

	policy := dialer.RetryPolicy{MaxAttempts: 7}
	handler, bundle := setup(t, func(c *telephony.Config) { c.Policy = policy })
	events := keptEvents(5, 0)
	bundle.store.pages = []telephony.ListResult{{Events: events[:2], More: true}, {Events: events[2:4], More: true}, {Events: events[4:]}}
	bundle.store.result.Moved = false
	result, err := handler.Replay(t.Context(), operator(outdial.ScopeOpsRun), telephony.Selection{})
	require.NoError(t, err)
	require.Equal(t, telephony.ReplayResult{Replayed: 5}, result)

	var want []telephony.RecordParams
	for _, event := range events {
		want = append(want, telephony.RecordParams{
			Event: event.Event, At: event.OccurredAt, Kept: event.ID, Policy: policy, Now: requestTime,
		})
	}
	require.Equal(t, want, bundle.store.recorded)
	require.Equal(t, []uuid.UUID{uuid.Nil, events[1].ID, events[3].ID}, []uuid.UUID{
		bundle.store.listed[0].After, bundle.store.listed[1].After, bundle.store.listed[2].After,
	})
	require.Empty(t, bundle.told, "nobody is told of what changed nothing")
	require.Empty(t, bundle.meter.Measurements("outdial.telephony.events"), "nothing came in")
	require.Equal(t, 5, bundle.meter.Count("outdial.telephony.replayed", map[string]string{"result": "unchanged"}))
}

func TestReplayCountsWhatItChanged(t *testing.T) {
	t.Parallel()

	handler, bundle := setup(t)
	events := keptEvents(4, 2)
	bundle.store.pages = []telephony.ListResult{{Events: events}}
	bundle.store.record = func(p telephony.RecordParams) (telephony.RecordResult, error) {
		return map[uuid.UUID]telephony.RecordResult{
			events[0].ID: {Orphan: true},
			events[1].ID: {Call: call(), State: dialer.StateRinging},
			events[2].ID: {Call: call(), State: dialer.StateRinging, Moved: true},
			events[3].ID: {Call: call(), State: dialer.StateRinging},
		}[p.Kept], nil
	}
	result, err := handler.Replay(t.Context(), operator(outdial.ScopeOpsRun), telephony.Selection{})
	require.NoError(t, err)
	require.Equal(t, telephony.ReplayResult{Replayed: 4, Changed: 2, Orphans: 1}, result)
	require.Len(t, bundle.told, 2)
	for effect, n := range map[telephony.ReplayEffect]int{
		telephony.ReplayOrphan: 1, telephony.ReplayChanged: 2, telephony.ReplayUnchanged: 1,
	} {
		require.Equal(t, n, bundle.meter.Count("outdial.telephony.replayed", map[string]string{"result": string(effect)}))
	}

	records := logRecords(t, bundle)
	require.Len(t, records, 3)
	summary := records[2]
	require.Equal(t, "events replayed", summary["msg"])
	require.ElementsMatch(t, []string{
		"time", "level", "msg", "campaign_id", "queue_id", "call_sid", "actor_id", "replayed", "changed", "orphans", "complete",
	}, slices.Collect(maps.Keys(summary)))
	require.Equal(t, true, summary["complete"])
}

func TestReplayAsksForWhatIsSelected(t *testing.T) {
	t.Parallel()

	since := noon.Add(-time.Hour)
	end := requestTime.Add(5 * time.Minute)
	for name, test := range map[string]struct {
		selection telephony.Selection
		want      telephony.ListParams
	}{
		"everything": {telephony.Selection{}, telephony.ListParams{Until: end}},
		"a campaign": {telephony.Selection{CampaignID: campaignID}, telephony.ListParams{CampaignID: campaignID, Until: end}},
		"an item": {
			telephony.Selection{CampaignID: campaignID, ItemID: itemID},
			telephony.ListParams{CampaignID: campaignID, ItemID: itemID, Until: end},
		},
		"a call":  {telephony.Selection{CallSID: "CA77"}, telephony.ListParams{CallSID: "CA77", Until: end}},
		"orphans": {telephony.Selection{Orphans: true}, telephony.ListParams{Orphans: true, Until: end}},
		"a time": {
			telephony.Selection{Since: since, Until: noon},
			telephony.ListParams{Since: requestTime.Add(-time.Hour), Until: requestTime},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			handler, bundle := setup(t)
			result, err := handler.Replay(t.Context(), operator(outdial.ScopeOpsRun), test.selection)
			require.NoError(t, err)
			require.Zero(t, result)
			require.Len(t, bundle.store.listed, 1)
			got := bundle.store.listed[0]
			require.Positive(t, got.Limit)
			got.Limit = 0
			require.Equal(t, test.want, got)
		})
	}
}

func TestReplayRefuses(t *testing.T) {
	t.Parallel()

	t.Run("who may not run it", func(t *testing.T) {
		t.Parallel()

		handler, bundle := setup(t)
		others := slices.DeleteFunc(outdial.Scopes(), func(s outdial.Scope) bool { return s == outdial.ScopeOpsRun })
		for _, actor := range []outdial.Actor{{}, operator(), operator(others...)} {
			_, err := handler.Replay(t.Context(), actor, telephony.Selection{})
			require.ErrorIs(t, err, outdial.ErrForbidden)
		}
		require.Empty(t, bundle.store.listed)
	})
	for name, test := range map[string]struct {
		selection      telephony.Selection
		field, problem string
	}{
		"an item without its campaign": {telephony.Selection{ItemID: itemID}, "campaign_id", "is required beside item_id"},
		"a call that can not be":       {telephony.Selection{CallSID: "a b"}, "call_sid", "is not the name of a call"},
		"a time that ends before it begins": {
			telephony.Selection{Since: noon, Until: noon}, "until", "must be after since",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			handler, bundle := setup(t)
			_, err := handler.Replay(t.Context(), operator(outdial.ScopeOpsRun), test.selection)
			requireFieldError(t, err, test.field, test.problem)
			require.Empty(t, bundle.store.listed)
		})
	}
}

func TestReplayStopsWhereItIs(t *testing.T) {
	t.Parallel()

	t.Run("when the context ends", func(t *testing.T) {
		t.Parallel()

		handler, bundle := setup(t)
		ctx, cancel := context.WithCancel(t.Context())
		bundle.store.pages = []telephony.ListResult{{Events: keptEvents(3, 0), More: true}}
		bundle.store.record = func(p telephony.RecordParams) (telephony.RecordResult, error) {
			if p.Event.Seq == 1 {
				cancel()
			}
			return bundle.store.result, nil
		}
		result, err := handler.Replay(ctx, operator(outdial.ScopeOpsRun), telephony.Selection{})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, telephony.ReplayResult{Replayed: 2, Changed: 2}, result)
		require.Len(t, bundle.store.recorded, 2)
		records := logRecords(t, bundle)
		require.Equal(t, false, records[len(records)-1]["complete"])
	})
	t.Run("when an event can not be recorded", func(t *testing.T) {
		t.Parallel()

		handler, bundle := setup(t)
		failure := errors.New("no connection")
		events := keptEvents(3, 0)
		bundle.store.pages = []telephony.ListResult{{Events: events}}
		bundle.store.record = func(p telephony.RecordParams) (telephony.RecordResult, error) {
			if p.Event.Seq == 1 {
				return telephony.RecordResult{}, failure
			}
			return bundle.store.result, nil
		}
		result, err := handler.Replay(t.Context(), operator(outdial.ScopeOpsRun), telephony.Selection{})
		require.ErrorIs(t, err, failure)
		require.ErrorContains(t, err, events[1].ID.String())
		require.Equal(t, telephony.ReplayResult{Replayed: 1, Changed: 1}, result)
	})
	t.Run("when events can not be listed", func(t *testing.T) {
		t.Parallel()

		handler, bundle := setup(t)
		bundle.store.err = errors.New("no connection")
		_, err := handler.Replay(t.Context(), operator(outdial.ScopeOpsRun), telephony.Selection{})
		require.ErrorIs(t, err, bundle.store.err)
	})
}
