package telephony_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
)

func TestConfigWithDefaults(t *testing.T) {
	t.Parallel()

	t.Run("the zero value works", func(t *testing.T) {
		t.Parallel()

		config := telephony.Config{}.WithDefaults()
		require.NotNil(t, config.Clock)
		require.Equal(t, 24*time.Hour, config.MaxAge)
		require.Equal(t, 5*time.Minute, config.MaxAhead)
		require.NotNil(t, config.Recorded)
		require.False(t, config.Logger.Enabled(t.Context(), 100), "records are discarded")
		require.Equal(t, noop.Meter{}, config.Meter)
	})
	t.Run("what is given stays", func(t *testing.T) {
		t.Parallel()

		given := telephony.Config{
			Clock: clock.NewMock(), MaxAge: time.Hour, MaxAhead: time.Second, Logger: slog.Default(), Meter: noop.Meter{},
			Policy: dialer.RetryPolicy{MaxAttempts: 7},
		}
		config := given.WithDefaults()
		require.Equal(t, given.Clock, config.Clock)
		require.Equal(t, time.Hour, config.MaxAge)
		require.Equal(t, time.Second, config.MaxAhead)
		require.Equal(t, slog.Default(), config.Logger)
		require.Equal(t, 7, config.Policy.MaxAttempts)
	})
}

func TestHandleStoresTheEventAsItIs(t *testing.T) {
	t.Parallel()

	policy := dialer.RetryPolicy{MaxAttempts: 7}
	handler, bundle := setup(t, func(c *telephony.Config) { c.Policy = policy })
	event := ringing()
	result, err := handler.Handle(t.Context(), event)
	require.NoError(t, err)
	require.Equal(t, bundle.store.result, result.RecordResult)
	require.Equal(t, requestTime.Add(-3*time.Second), result.At)
	require.False(t, result.Implausible)

	event.At = requestTime.Add(-3 * time.Second)
	require.Equal(t, []telephony.RecordParams{{
		Event: event, At: event.At, Policy: policy, Now: requestTime,
	}}, bundle.store.recorded)
}

func TestHandleTakesTheTimeOfAnEventWhenItCanBeTrue(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name     string
		reported time.Time
		believed bool
		storable bool
	}{
		{"a moment ago", noon.Add(-time.Second), true, true},
		{"the last moment of the oldest", noon.Add(-24 * time.Hour), true, true},
		{"older than that", noon.Add(-24*time.Hour - time.Microsecond), false, true},
		{"years old", noon.AddDate(-7, 0, 0), false, true},
		{"before the Christian era", time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), false, false},
		{"beyond the calendar", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), false, false},
		{"a clock that is ahead", noon.Add(5 * time.Minute), true, true},
		{"further ahead", noon.Add(5*time.Minute + time.Microsecond), false, true},
		{"years ahead", noon.AddDate(100, 0, 0), false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			handler, bundle := setup(t)
			event := ringing()
			event.At = test.reported
			result, err := handler.Handle(t.Context(), event)
			require.NoError(t, err, "it is taken in any case")
			require.Equal(t, !test.believed, result.Implausible)

			params := bundle.store.recorded[0]
			require.Equal(t, result.At, params.At)
			require.Equal(t, time.UTC, params.At.Location())
			if test.storable {
				require.Equal(t, test.reported.UTC().Truncate(time.Microsecond), params.Event.At, "what was reported is kept too")
			} else {
				require.Zero(t, params.Event.At)
			}
			counted := bundle.meter.Count("outdial.telephony.rejected",
				map[string]string{"source": "twilio", "reason": "implausible_time"})
			delays := bundle.meter.Measurements("outdial.telephony.event_delay.duration")
			if test.believed {
				require.Equal(t, params.Event.At, params.At)
				require.Zero(t, counted)
				require.Len(t, delays, 1)
				require.InDelta(t, max(0, noon.Sub(test.reported).Seconds()), delays[0].Value, 0.001)
				require.Equal(t, map[string]string{"type": "ringing"}, delays[0].Attributes)
				return
			}
			require.Equal(t, requestTime, params.At)
			require.Equal(t, 1, counted)
			require.Empty(t, delays)
			warning := logRecords(t, bundle)[0]
			require.Equal(t, "WARN", warning["level"])
			require.Equal(t, "time of event not believed", warning["msg"])
			require.Equal(t, "CA77", warning["call_sid"])
		})
	}

	t.Run("no time is now, and nothing to complain of", func(t *testing.T) {
		t.Parallel()

		handler, bundle := setup(t)
		event := ringing()
		event.At = time.Time{}
		result, err := handler.Handle(t.Context(), event)
		require.NoError(t, err)
		require.Equal(t, requestTime, result.At)
		require.False(t, result.Implausible)
		require.Equal(t, requestTime, bundle.store.recorded[0].At)
		require.True(t, bundle.store.recorded[0].Event.At.IsZero())
		require.Empty(t, bundle.meter.Measurements("outdial.telephony.rejected"))
		require.Empty(t, bundle.meter.Measurements("outdial.telephony.event_delay.duration"))
	})
	t.Run("how old and how far ahead is the host's choice", func(t *testing.T) {
		t.Parallel()

		handler, bundle := setup(t, func(c *telephony.Config) { c.MaxAge, c.MaxAhead = time.Hour, time.Hour })
		event := ringing()
		for _, at := range []time.Time{noon.Add(-time.Hour), noon.Add(time.Hour), noon.Add(-2 * time.Hour), noon.Add(2 * time.Hour)} {
			event.At = at
			_, err := handler.Handle(t.Context(), event)
			require.NoError(t, err)
		}
		require.Equal(t, 2, bundle.meter.Count("outdial.telephony.rejected",
			map[string]string{"source": "twilio", "reason": "implausible_time"}))
	})
}

func TestHandleRefusesAnEventThatCanNotBe(t *testing.T) {
	t.Parallel()

	const number = "must be a whole number from 0 to 2147483647"
	for _, test := range []struct {
		name           string
		spoil          func(*telephony.Event)
		field, problem string
		reason         telephony.Reason
	}{
		{"no type", func(e *telephony.Event) { e.Type = "" }, "type", "is not a type of event", "malformed"},
		{"a type of another's", func(e *telephony.Event) { e.Type = "in-progress" }, "type", "is not a type of event", "malformed"},
		{"no call", func(e *telephony.Event) { e.CallSID = "" }, "call_sid", "is required", "malformed"},
		{"a long call", func(e *telephony.Event) { e.CallSID = strings.Repeat("x", 201) }, "call_sid", "is longer than 200 bytes", "malformed"},
		{"a call in two words", func(e *telephony.Event) { e.CallSID = "a b" }, "call_sid", "must be visible ASCII characters without spaces", "malformed"},
		{"a call with NUL", func(e *telephony.Event) { e.CallSID = "a\x00" }, "call_sid", "must be visible ASCII characters without spaces", "malformed"},
		{"a call not in UTF-8", func(e *telephony.Event) { e.CallSID = "a\xff" }, "call_sid", "must be visible ASCII characters without spaces", "malformed"},
		{"a negative seq", func(e *telephony.Event) { e.Seq = -1 }, "seq", number, "malformed"},
		{"a large seq", func(e *telephony.Event) { e.Seq = math.MaxInt32 + 1 }, "seq", number, "malformed"},
		{"no source", func(e *telephony.Event) { e.Source = "" }, "source", "must be a word", "malformed"},
		{"a campaign alone", func(e *telephony.Event) { e.Ref.ItemID = uuid.Nil }, "item_id", "is required beside campaign_id and lock_version", "malformed"},
		{"an item alone", func(e *telephony.Event) { e.Ref.CampaignID = uuid.Nil }, "campaign_id", "is required beside item_id and lock_version", "malformed"},
		{"a version alone", func(e *telephony.Event) { e.Ref = dialer.Ref{LockVersion: 1} }, "campaign_id", "is required beside item_id and lock_version", "malformed"},
		{"a negative version", func(e *telephony.Event) { e.Ref.LockVersion = -1 }, "lock_version", number, "malformed"},
		{"a large version", func(e *telephony.Event) { e.Ref.LockVersion = math.MaxInt32 + 1 }, "lock_version", number, "malformed"},
		{"a verdict of nobody", func(e *telephony.Event) { e.Type = telephony.TypeAMD }, "amd", "is not a verdict of answering machine detection", "malformed"},
		{"an unknown verdict", func(e *telephony.Event) { e.Type, e.AMD = telephony.TypeAMD, "robot" }, "amd", "is not a verdict of answering machine detection", "malformed"},
		{"a verdict beside ringing", func(e *telephony.Event) { e.AMD = dialer.AMDHuman }, "amd", "belongs to events of type amd", "malformed"},
		{"an end for no cause", func(e *telephony.Event) { e.Type = telephony.TypeEnded }, "cause", "is not a cause for a call to end", "malformed"},
		{"an unknown cause", func(e *telephony.Event) { e.Type, e.Cause = telephony.TypeEnded, "no-answer" }, "cause", "is not a cause for a call to end", "malformed"},
		{"a cause beside ringing", func(e *telephony.Event) { e.Cause = dialer.CauseBusy }, "cause", "belongs to events of type ended", "malformed"},
		{"a payload that is no JSON", func(e *telephony.Event) { e.Payload = json.RawMessage(`{"a":}`) }, "payload", "is not JSON", "malformed"},
		{"two payloads", func(e *telephony.Event) { e.Payload = json.RawMessage(`{}{}`) }, "payload", "is more than one JSON value", "malformed"},
		{"a payload not in UTF-8", func(e *telephony.Event) { e.Payload = json.RawMessage("\"\xff\"") }, "payload", "is not UTF-8", "not_utf8"},
		{"a deep payload", func(e *telephony.Event) {
			e.Payload = json.RawMessage(strings.Repeat("[", 65) + strings.Repeat("]", 65))
		}, "payload", "is nested too deep", "malformed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			handler, bundle := setup(t)
			event := ringing()
			test.spoil(&event)
			_, err := handler.Handle(t.Context(), event)
			requireFieldError(t, err, test.field, test.problem)
			require.Empty(t, bundle.store.recorded)
			require.Empty(t, bundle.told)
			require.Equal(t, 1, bundle.meter.Count("outdial.telephony.rejected",
				map[string]string{"source": event.Source, "reason": string(test.reason)}))
			require.Empty(t, bundle.meter.Measurements("outdial.telephony.events"))
		})
	}

	t.Run("a large payload", func(t *testing.T) {
		t.Parallel()

		handler, bundle := setup(t)
		event := ringing()
		event.Payload = json.RawMessage(`"` + strings.Repeat("x", telephony.MaxPayload-2) + `"`)
		_, err := handler.Handle(t.Context(), event)
		require.NoError(t, err)
		event.Payload = json.RawMessage(`"` + strings.Repeat("x", telephony.MaxPayload-1) + `"`)
		_, err = handler.Handle(t.Context(), event)
		require.ErrorIs(t, err, telephony.ErrTooLarge)
		require.Len(t, bundle.store.recorded, 1)
		require.Equal(t, 1, bundle.meter.Count("outdial.telephony.rejected",
			map[string]string{"source": "twilio", "reason": "too_large"}))
	})
}

func TestHandleTakesEveryKindOfEvent(t *testing.T) {
	t.Parallel()

	handler, bundle := setup(t)
	var want []telephony.Event
	for _, kind := range telephony.Types() {
		event := ringing()
		event.Type, event.At = kind, requestTime
		switch kind {
		case telephony.TypeAMD:
			for _, event.AMD = range dialer.AMDVerdicts() {
				want = append(want, event)
			}
		case telephony.TypeEnded:
			for _, event.Cause = range dialer.Causes() {
				want = append(want, event)
			}
		default:
			want = append(want, event)
		}
	}
	withoutRef := ringing()
	withoutRef.Ref, withoutRef.At = dialer.Ref{}, requestTime
	want = append(want, withoutRef)
	for _, event := range want {
		_, err := handler.Handle(t.Context(), event)
		require.NoError(t, err)
	}
	var got []telephony.Event
	for _, params := range bundle.store.recorded {
		got = append(got, params.Event)
	}
	require.Equal(t, want, got)
	for _, verdict := range dialer.AMDVerdicts() {
		require.Equal(t, 1, bundle.meter.Count("outdial.amd.verdicts", map[string]string{"verdict": string(verdict)}))
	}
}

func TestHandleTellsAndCountsAndLogsWhatCameOfAnEvent(t *testing.T) {
	t.Parallel()

	merged := []string{
		"campaign_id", "queue_id", "contact_id", "agent_id", "call_sid", "lock_version",
		"event_type", "event_seq", "source", "status", "moved",
	}
	alone := []string{"campaign_id", "queue_id", "call_sid", "lock_version", "event_type", "event_seq", "source"}
	known := telephony.RecordResult{Call: call(), State: dialer.StateRinging}
	moved := known
	moved.Moved = true
	for _, test := range []struct {
		name    string
		result  telephony.RecordResult
		effect  telephony.Effect
		told    bool
		level   string
		message string
		members []string
	}{
		{"a call that moves", moved, telephony.EffectMoved, true, "INFO", "event recorded", merged},
		{"a call that stays", known, telephony.EffectStored, true, "INFO", "event recorded", merged},
		{"an orphan", telephony.RecordResult{Orphan: true}, telephony.EffectOrphan, false, "INFO", "event of an unknown call kept", alone},
		{"a duplicate", telephony.RecordResult{Duplicate: true}, telephony.EffectDuplicate, false, "DEBUG", "event repeated", alone},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			handler, bundle := setup(t)
			bundle.store.result = test.result
			event := ringing()
			event.Type, event.AMD = telephony.TypeAMD, dialer.AMDHuman
			result, err := handler.Handle(t.Context(), event)
			require.NoError(t, err)
			require.Equal(t, test.result, result.RecordResult)
			require.Equal(t, test.effect, result.Effect())
			if test.told {
				require.Equal(t, []telephony.RecordResult{test.result}, bundle.told)
			} else {
				require.Empty(t, bundle.told)
			}

			require.Equal(t, 1, bundle.meter.Count("outdial.telephony.events",
				map[string]string{"type": "amd", "result": string(test.effect)}))
			require.Len(t, bundle.meter.Measurements("outdial.telephony.events"), 1)
			first := test.effect != telephony.EffectDuplicate
			require.Equal(t, first, len(bundle.meter.Measurements("outdial.amd.verdicts")) == 1, "a verdict counts once")
			require.Equal(t, first, len(bundle.meter.Measurements("outdial.telephony.event_delay.duration")) == 1)

			records := logRecords(t, bundle)
			require.Len(t, records, 1)
			require.Equal(t, test.level, records[0]["level"])
			require.Equal(t, test.message, records[0]["msg"])
			require.ElementsMatch(t, append([]string{"time", "level", "msg"}, test.members...), slices.Collect(maps.Keys(records[0])))
			require.Equal(t, campaignID.String(), records[0]["campaign_id"], "an id is written as people read it")
		})
	}
}

func TestHandleSaysWhenTheStoreFails(t *testing.T) {
	t.Parallel()

	handler, bundle := setup(t)
	bundle.store.err = errors.New("no connection")
	_, err := handler.Handle(t.Context(), ringing())
	require.ErrorIs(t, err, bundle.store.err)
	require.NotErrorIs(t, err, outdial.ErrInvalid)
	require.Empty(t, bundle.told)
	require.Equal(t, 1, bundle.meter.Count("outdial.telephony.events",
		map[string]string{"type": "ringing", "result": "failed"}))
	require.Empty(t, logRecords(t, bundle), "the caller logs it")
}

func TestHandleAsNeedsTheScope(t *testing.T) {
	t.Parallel()

	handler, bundle := setup(t)
	others := slices.DeleteFunc(outdial.Scopes(), func(s outdial.Scope) bool { return s == outdial.ScopeTelephonyWebhook })
	for _, actor := range []outdial.Actor{{}, operator(), operator(others...), {Scopes: outdial.Scopes()}} {
		_, err := handler.HandleAs(t.Context(), actor, ringing())
		require.ErrorIs(t, err, outdial.ErrForbidden)
	}
	require.Empty(t, bundle.store.recorded)
	require.Equal(t, 4, bundle.meter.Count("outdial.telephony.rejected",
		map[string]string{"source": "twilio", "reason": "forbidden"}))

	_, err := handler.HandleAs(t.Context(), operator(outdial.ScopeTelephonyWebhook), ringing())
	require.NoError(t, err)
	require.Len(t, bundle.store.recorded, 1)
}

func TestWithStoreUsesTheOtherStoreAndTellsNobody(t *testing.T) {
	t.Parallel()

	handler, bundle := setup(t)
	other := &fakeStore{result: bundle.store.result}
	result, err := handler.WithStore(other).Handle(t.Context(), ringing())
	require.NoError(t, err)
	require.Equal(t, other.result, result.RecordResult)
	require.Len(t, other.recorded, 1)
	require.Empty(t, bundle.store.recorded)
	require.Empty(t, bundle.told, "the host's transaction may still fail")
	require.Len(t, bundle.meter.Measurements("outdial.telephony.events"), 1)

	_, err = handler.Handle(t.Context(), ringing())
	require.NoError(t, err)
	require.Len(t, bundle.store.recorded, 1, "the first handler is as it was")
	require.Len(t, bundle.told, 1)
}

func TestHandlePassesTheContextOn(t *testing.T) {
	t.Parallel()

	handler, bundle := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := handler.Handle(ctx, ringing())
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, bundle.told)
}

func TestRejectCountsEachReasonAndLogsItWithoutPhones(t *testing.T) {
	t.Parallel()

	for reason, err := range map[telephony.Reason]error{
		telephony.ReasonBadSignature: telephony.ErrSignature,
		telephony.ReasonStale:        telephony.ErrStale,
		telephony.ReasonForbidden:    outdial.Forbidden("needs scope telephony:webhook"),
		telephony.ReasonTooLarge:     telephony.TooLarge(),
		telephony.ReasonRepeated:     telephony.Repeated("CallSid"),
		telephony.ReasonNotUTF8:      telephony.NotUTF8("body"),
		telephony.ReasonMalformed:    telephony.Malformed("CallSid", "is required"),
	} {
		t.Run(string(reason), func(t *testing.T) {
			t.Parallel()

			handler, bundle := setup(t)
			require.Equal(t, reason, telephony.ReasonOf(err))
			handler.Reject(t.Context(), telephony.SourceWebhook, err)
			require.Equal(t, 1, bundle.meter.Count("outdial.telephony.rejected",
				map[string]string{"source": "webhook", "reason": string(reason)}))
			records := logRecords(t, bundle)
			require.Len(t, records, 1)
			require.Equal(t, "WARN", records[0]["level"])
			require.Equal(t, "report refused", records[0]["msg"])
			require.Equal(t, string(reason), records[0]["reason"])
			require.Equal(t, err.Error(), records[0]["cause"])
		})
	}
	require.Equal(t, telephony.ReasonMalformed, telephony.ReasonOf(errors.New("anything else")))
}
