package dialer_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

func TestConfigWithDefaults(t *testing.T) {
	t.Parallel()

	t.Run("the zero value works, and calls nobody", func(t *testing.T) {
		t.Parallel()

		config := dialer.Config{}.WithDefaults()
		require.WithinDuration(t, time.Now(), config.Clock.Now(), time.Minute)
		require.False(t, config.Logger.Enabled(t.Context(), 100), "records are discarded")
		require.Nil(t, config.Fields, "which is the fields of a contact")
		open, err := config.Windows.Open(t.Context(), campaignID, noon)
		require.ErrorIs(t, err, dialer.ErrNoWindows)
		require.Zero(t, open, "nowhere")
		caps, err := config.Caps.Caps(t.Context(), campaignID)
		require.NoError(t, err)
		require.Empty(t, caps)
		require.Equal(t, 72*time.Hour, config.AbandonedHold)
		require.InDelta(t, 1, float64(config.EnqueueRate), 0)
		require.Equal(t, 30, config.EnqueueBurst)
		require.Equal(t, time.Minute, config.UnplacedAfter)
		require.Equal(t, 10*time.Minute, config.StuckAfter)
		require.Equal(t, 4*time.Hour, config.TalkAtMost)

		_, err = dialer.New(&fakeStore{}, dialer.Config{}).Stats(t.Context(), agent(), campaignID)
		require.NoError(t, err)
	})
	t.Run("what is given stays", func(t *testing.T) {
		t.Parallel()

		given := dialer.Config{
			Clock: clock.NewMock(), Fields: &filter.Fields{}, Logger: dialer.Config{}.WithDefaults().Logger, Windows: callwindow.Always{},
			Caps: callwindow.FixedCaps{{Attempts: 1, Within: time.Hour}}, AbandonedHold: -1, Policy: dialer.RetryPolicy{MaxAttempts: 5},
			EnqueueRate: rate.Inf, EnqueueBurst: 1, UnplacedAfter: time.Second, StuckAfter: time.Minute, TalkAtMost: time.Hour,
		}
		require.Equal(t, given, given.WithDefaults())
	})
	t.Run("what makes no sense has its default", func(t *testing.T) {
		t.Parallel()

		config := dialer.Config{EnqueueRate: -1, EnqueueBurst: -1, UnplacedAfter: -1, StuckAfter: -1, TalkAtMost: -1}.WithDefaults()
		require.InDelta(t, 1, float64(config.EnqueueRate), 0)
		require.Equal(t, 30, config.EnqueueBurst)
		require.Equal(t, time.Minute, config.UnplacedAfter)
		require.Equal(t, 10*time.Minute, config.StuckAfter)
		require.Equal(t, 4*time.Hour, config.TalkAtMost)
	})
}

// What the store receives is the whole of what it needs: who asked, what for, and when,
// in UTC and to the microsecond.
func TestStoreReceivesCheckedParams(t *testing.T) {
	t.Parallel()

	t.Run("the controls", func(t *testing.T) {
		t.Parallel()

		for name, control := range map[string]dialer.Control{
			"Start": dialer.ControlStart, "Pause": dialer.ControlPause, "Resume": dialer.ControlResume, "Stop": dialer.ControlStop,
		} {
			service, bundle := setup(t)
			require.NoError(t, operations()[name](t.Context(), service, manager()))
			require.Equal(t, []any{dialer.ControlParams{CampaignID: campaignID, Control: control, ActorID: managerID, Now: requestTime}},
				bundle.store.calls)
		}
	})
	t.Run("Sweep, with the age of what is stuck", func(t *testing.T) {
		t.Parallel()

		policy := dialer.RetryPolicy{MaxAttempts: 5}
		service, bundle := setup(t, func(c *dialer.Config) { c.Policy = policy })
		require.NoError(t, sweep(t.Context(), service, outdial.System()))
		require.Equal(t, []any{dialer.SweepParams{
			UnplacedSince: requestTime.Add(-time.Minute), StuckSince: requestTime.Add(-10 * time.Minute),
			TalkingSince: requestTime.Add(-4 * time.Hour), Policy: policy, Now: requestTime,
		}}, bundle.store.calls)
	})
	t.Run("RollbackLaunch", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		require.NoError(t, operations()["RollbackLaunch"](t.Context(), service, manager()))
		require.Equal(t, []any{dialer.RollbackParams{CampaignID: campaignID, LaunchID: launchID, ActorID: managerID, Now: requestTime}},
			bundle.store.calls)
	})
	t.Run("the time is that of each request", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.clock.Add(time.Hour + 500*time.Nanosecond)
		require.NoError(t, stats(campaignID)(t.Context(), service, agent()))
		require.Equal(t, requestTime.Add(time.Hour+time.Microsecond), lastCall[dialer.StatsParams](t, bundle.store).Now)
	})
}

func TestResultsComeFromTheStore(t *testing.T) {
	t.Parallel()

	service, bundle := setup(t)
	bundle.store.control = dialer.ControlResult{Status: dialer.StatusPaused}
	bundle.store.sweep = dialer.SweepResult{Returned: 1, Lost: 2, Matched: 3}
	bundle.store.rollback = dialer.RollbackResult{Failed: 4, Kept: 5}

	for _, method := range []func(*dialer.Service, context.Context, outdial.Actor, uuid.UUID) (dialer.ControlResult, error){
		(*dialer.Service).Start, (*dialer.Service).Pause, (*dialer.Service).Resume, (*dialer.Service).Stop,
	} {
		got, err := method(service, t.Context(), manager(), campaignID)
		require.NoError(t, err)
		require.Equal(t, bundle.store.control, got)
	}
	swept, err := service.Sweep(t.Context(), manager())
	require.NoError(t, err)
	require.Equal(t, bundle.store.sweep, swept)
	rolledBack, err := service.RollbackLaunch(t.Context(), manager(), dialer.RollbackRequest{CampaignID: campaignID, LaunchID: launchID})
	require.NoError(t, err)
	require.Equal(t, bundle.store.rollback, rolledBack)
}

// The names in these are contracts with callers of the HTTP API.
func TestResultsInJSON(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		value any
		want  string
	}{
		"ControlResult":  {dialer.ControlResult{Status: dialer.StatusRunning}, `{"status":"running"}`},
		"SweepResult":    {dialer.SweepResult{Returned: 1, Lost: 2, Matched: 3}, `{"returned":1,"lost":2,"matched_events":3}`},
		"RollbackResult": {dialer.RollbackResult{Failed: 4, Kept: 5}, `{"failed":4,"kept":5}`},
		"StatsResult": {
			dialer.StatsResult{Status: dialer.StatusStopped, States: map[dialer.State]int{"queued": 6}, Due: 7, Agents: map[string]int{"ready": 8}},
			`{"status":"stopped","states":{"queued":6},"due":7,"agents":{"ready":8}}`,
		},
	} {
		data, err := json.Marshal(test.value)
		require.NoError(t, err)
		require.JSONEq(t, test.want, string(data), name)
	}
}

func TestStoreErrorsReachTheCaller(t *testing.T) {
	t.Parallel()

	for name, call := range operations() {
		for what, err := range map[string]error{
			"a missing campaign":              outdial.NotFound("campaign"),
			"a status that does not allow it": outdial.Conflict("the campaign is stopped"),
			"a reused key":                    outdial.ErrIdempotencyMismatch,
			"an error nobody foresaw":         errors.New("the disk is full"),
		} {
			t.Run(name+": "+what, func(t *testing.T) {
				t.Parallel()

				service, bundle := setup(t)
				bundle.store.err = err
				require.ErrorIs(t, call(t.Context(), service, manager()), err)
				require.Empty(t, bundle.log.String(), "a change that did not happen is not logged")
			})
		}
		t.Run(name+": a caller who left", func(t *testing.T) {
			t.Parallel()

			service, _ := setup(t)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			require.ErrorIs(t, call(ctx, service, manager()), context.Canceled)
		})
	}
}

func TestWithStore(t *testing.T) {
	t.Parallel()

	service, bundle := setup(t)
	transaction := &fakeStore{}
	bound := service.WithStore(transaction)
	for name, call := range operations() {
		require.NoError(t, call(t.Context(), bound, manager()), name)
	}
	require.Len(t, transaction.calls, len(operations()))
	require.Empty(t, bundle.store.calls)
}

func TestLog(t *testing.T) {
	t.Parallel()

	who := func(more ...string) []string { return append([]string{"campaign_id", "actor_id"}, more...) }
	for name, test := range map[string]struct {
		message string
		members []string
	}{
		"Enqueue":        {"contacts enqueued to be dialed", who("launch_id", "enqueued", "skipped")},
		"NextDials":      {"calls claimed", who("claimed")},
		"Start":          {"dialing controlled", who("control", "status")},
		"Pause":          {"dialing controlled", who("control", "status")},
		"Resume":         {"dialing controlled", who("control", "status")},
		"Stop":           {"dialing controlled", who("control", "status")},
		"Sweep":          {"stuck calls swept", []string{"returned", "lost", "matched_events"}},
		"RollbackLaunch": {"launch rolled back before it was dialed", who("launch_id", "failed", "kept")},
		"List":           {},
		"Calls":          {},
		"Stats":          {},
	} {
		what := " is one record with its ids and no phone number"
		if test.message == "" {
			what = " changes nothing and is no record"
		}
		t.Run(name+what, func(t *testing.T) {
			t.Parallel()

			service, bundle := setup(t)
			fill(bundle.store)
			require.NoError(t, operations()[name](t.Context(), service, manager()))
			require.NotContains(t, bundle.log.String(), "5046218927")
			var records []map[string]any
			for lines := bufio.NewScanner(bundle.log); lines.Scan(); {
				var record map[string]any
				require.NoError(t, json.Unmarshal(lines.Bytes(), &record))
				records = append(records, record)
			}
			if test.message == "" {
				require.Empty(t, records)
				return
			}
			require.Len(t, records, 1)
			require.Equal(t, test.message, records[0]["msg"])
			require.Equal(t, "INFO", records[0]["level"])
			require.ElementsMatch(t, append([]string{"time", "level", "msg"}, test.members...), slices.Collect(maps.Keys(records[0])))
		})
	}
	t.Run("NextDials of none and Sweep of nothing are no record", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		require.NoError(t, operations()["NextDials"](t.Context(), service, manager()))
		require.NoError(t, sweep(t.Context(), service, manager()))
		require.Empty(t, bundle.log.String())
	})
}

// fill gives the store answers about a contact whose number must not be written.
func fill(store *fakeStore) {
	call := claimedCall()
	store.enqueue = queue.EnqueueResult{LaunchID: launchID, Enqueued: 1, Matched: 1}
	store.claim = dialer.ClaimResult{Calls: []dialer.Call{call}}
	store.control = dialer.ControlResult{Status: dialer.StatusRunning}
	store.sweep = dialer.SweepResult{Matched: 1}
	store.rollback = dialer.RollbackResult{Failed: 1}
	store.listed = dialer.ListCallsResult{Calls: []dialer.Call{call}}
	store.items = dialer.ListItemsResult{Items: []dialer.Item{{ID: itemID}}}
}

func claimedCall() dialer.Call {
	return dialer.Call{
		ID: launchID, Ref: dialer.Ref{CampaignID: campaignID, ItemID: itemID, LockVersion: 3}, ItemVersion: 4, ContactID: contactID,
		Phone: "+15046218927", Attempt: 1, ClaimedAt: noon, CallSID: "CA1", AgentID: agentID,
	}
}

func TestACallIsRedactedWhereverItIsPrinted(t *testing.T) {
	t.Parallel()

	call := claimedCall()
	var text bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("a record", slog.Any("call", call))
	require.Contains(t, text.String(), fmt.Sprintf("call.campaign_id=%s call.queue_id=%s call.contact_id=%s call.agent_id=%s "+
		"call.call_id=%s call.call_sid=CA1 call.lock_version=4 call.phone=••••27\n", campaignID, itemID, contactID, agentID, launchID))
	var object bytes.Buffer
	slog.New(slog.NewJSONHandler(&object, nil)).Info("a record", slog.Any("call", call))
	for _, printed := range []string{
		text.String(), object.String(), fmt.Sprintf("%v", call), fmt.Sprintf("%+v", &call), fmt.Sprintf("%#v", call),
	} {
		require.NotContains(t, printed, "504621")
	}
}
