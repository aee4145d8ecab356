package disposition_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/disposition"
)

// What the store receives is the whole of what it needs: who asked, what for, and when,
// in UTC and to the microsecond.
func TestRecordPassesCheckedParams(t *testing.T) {
	t.Parallel()

	ruleOf := func(t *testing.T, m disposition.Map, label string) disposition.Rule {
		t.Helper()
		rule, err := m.Resolve(label)
		require.NoError(t, err)
		return rule
	}
	// passed makes the request and returns what the store was given, without its digest.
	passed := func(t *testing.T, service *disposition.Service, bundle *testBundle, actor outdial.Actor, req disposition.Request) disposition.RecordParams {
		t.Helper()
		_, err := service.Record(t.Context(), actor, req)
		require.NoError(t, err)
		require.Len(t, bundle.store.calls, 1)
		params := lastCall[disposition.RecordParams](t, bundle.store)
		require.Len(t, params.Fingerprint, 64)
		params.Fingerprint = ""
		return params
	}
	t.Run("of every code, with the rule of the map", func(t *testing.T) {
		t.Parallel()

		for _, rule := range (disposition.Map{}).Rules() {
			service, bundle := setup(t)
			want := disposition.RecordParams{
				CampaignID: campaignID, ItemID: itemID, LockVersion: 3, AgentID: agentID, ActorID: agentID, Rule: rule,
				CorrectWithin: 2 * time.Minute, Now: requestTime,
			}
			if rule.Effect == disposition.EffectCallback {
				want.CallbackAt, want.CallbackFor = requestTime.Add(time.Hour), disposition.RecipientAgent
				want.Open = callwindow.Open{Everywhere: true}
			}
			require.Equal(t, want, passed(t, service, bundle, agent(), request(rule.Code)), rule.Code)
		}
	})
	t.Run("of an alias, with a policy, another grace, metadata and what it corrects", func(t *testing.T) {
		t.Parallel()

		m := requireMap(t, disposition.MapConfig{Aliases: map[string]string{"Engaged": "busy"}})
		policy := dialer.RetryPolicy{MaxAttempts: 7}
		service, bundle := setup(t, func(c *disposition.Config) { c.Map, c.Policy, c.CorrectWithin = m, policy, time.Hour })
		got := passed(t, service, bundle, manager(), request("ENGAGED", func(r *disposition.Request) {
			r.Metadata, r.Supersedes = json.RawMessage(`{"note":"later"}`), dispositionID
		}))
		require.Equal(t, disposition.RecordParams{
			CampaignID: campaignID, ItemID: itemID, LockVersion: 3, ActorID: managerID, Rule: ruleOf(t, m, "busy"),
			Metadata: json.RawMessage(`{"note":"later"}`), Supersedes: dispositionID, CorrectWithin: time.Hour,
			Policy: policy, Now: requestTime,
		}, got)
	})
	t.Run("of a callback for anyone, with where it is open then", func(t *testing.T) {
		t.Parallel()

		windows := &hours{zone: "America/Chicago", from: noon, to: noon.Add(9 * time.Hour)}
		service, bundle := setup(t, func(c *disposition.Config) { c.Windows = windows })
		got := passed(t, service, bundle, agent(), request("callback_requested", func(r *disposition.Request) {
			r.CallbackFor = disposition.RecipientAnyone
		}))
		require.Equal(t, disposition.RecipientAnyone, got.CallbackFor)
		require.Equal(t, requestTime.Add(time.Hour), got.CallbackAt)
		require.Equal(t, callwindow.Open{Zones: []string{"America/Chicago"}}, got.Open)
		require.Equal(t, []time.Time{requestTime.Add(time.Hour)}, windows.asked, "asked of the time of the callback")
	})
	t.Run("the time is that of each request", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.clock.Add(time.Hour + 500*time.Nanosecond)
		require.Equal(t, requestTime.Add(time.Hour+time.Microsecond), passed(t, service, bundle, agent(), request("busy")).Now)
	})
	t.Run("under a key, with the actor and the same digest", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		req := request("busy", func(r *disposition.Request) { r.IdempotencyKey = "monday" })
		_, err := service.Record(t.Context(), agent(), req)
		require.NoError(t, err)
		params := lastCall[disposition.RecordParams](t, bundle.store)
		require.Equal(t, outdial.Idempotency{ActorID: agentID, Key: "monday", Fingerprint: params.Fingerprint}, params.Idempotency)
	})
}

// fingerprintOf makes the request and returns the digest that the store was given.
func fingerprintOf(t *testing.T, actor outdial.Actor, req disposition.Request) string {
	t.Helper()
	m := requireMap(t, disposition.MapConfig{Aliases: map[string]string{"dnc": "do_not_call"}})
	service, bundle := setup(t, func(c *disposition.Config) { c.Map = m })
	bundle.clock.Add(time.Duration(len(req.IdempotencyKey)) * time.Hour)
	_, err := service.Record(t.Context(), actor, req)
	require.NoError(t, err)
	return lastCall[disposition.RecordParams](t, bundle.store).Fingerprint
}

// Every pair of these requests differs in what it asks for, so that no two may answer
// for each other.
func TestFingerprintsOfDifferentRequestsDiffer(t *testing.T) {
	t.Parallel()

	other := uuid.New()
	const callback = disposition.CodeCallback
	requests := map[string]disposition.Request{
		"another campaign":          request("busy", func(r *disposition.Request) { r.CampaignID = other }),
		"another item":              request("busy", func(r *disposition.Request) { r.ItemID = other }),
		"another version":           request("busy", func(r *disposition.Request) { r.LockVersion = 4 }),
		"empty metadata":            request("busy", func(r *disposition.Request) { r.Metadata = json.RawMessage(`{}`) }),
		"metadata":                  request("busy", func(r *disposition.Request) { r.Metadata = json.RawMessage(`{"a":1}`) }),
		"other metadata":            request("busy", func(r *disposition.Request) { r.Metadata = json.RawMessage(`{"a":2}`) }),
		"a correction":              request("busy", func(r *disposition.Request) { r.Supersedes = dispositionID }),
		"a correction of another":   request("busy", func(r *disposition.Request) { r.Supersedes = other }),
		"a callback for anyone":     request(callback, func(r *disposition.Request) { r.CallbackFor = disposition.RecipientAnyone }),
		"a callback a moment later": request(callback, func(r *disposition.Request) { r.CallbackAt = noon.Add(time.Hour + time.Microsecond) }),
	}
	for _, rule := range (disposition.Map{}).Rules() {
		requests[string(rule.Code)] = request(rule.Code)
	}
	seen := map[string]string{}
	for name, req := range requests {
		fingerprint := fingerprintOf(t, agent(), req)
		require.Len(t, fingerprint, 64)
		require.Empty(t, seen[fingerprint], "%s has the fingerprint of", name)
		seen[fingerprint] = name
	}
	require.Len(t, seen, len(requests))
}

func TestFingerprintsOfEqualRequestsAreEqual(t *testing.T) {
	t.Parallel()

	const callback = disposition.CodeCallback
	plain := request("do_not_call")
	for name, pair := range map[string][2]disposition.Request{
		"a code and its alias":    {plain, request("DNC")},
		"under a key, and later":  {plain, request("do_not_call", func(r *disposition.Request) { r.IdempotencyKey = "monday" })},
		"under another key":       {plain, request("do_not_call", func(r *disposition.Request) { r.IdempotencyKey = "tuesday evening" })},
		"metadata, none or empty": {plain, request("do_not_call", func(r *disposition.Request) { r.Metadata = json.RawMessage{} })},
		"one instant in two time zones": {
			request(callback), request(callback, func(r *disposition.Request) { r.CallbackAt = r.CallbackAt.UTC() }),
		},
		"one instant, as finely as a store keeps it": {
			request(callback), request(callback, func(r *disposition.Request) { r.CallbackAt = requestTime.Add(time.Hour) }),
		},
		"the default recipient, left out or written": {
			request(callback), request(callback, func(r *disposition.Request) { r.CallbackFor = disposition.RecipientAgent }),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, fingerprintOf(t, agent(), pair[0]), fingerprintOf(t, agent(), pair[1]))
			require.Equal(t, fingerprintOf(t, agent(), pair[0]), fingerprintOf(t, manager(), pair[1]), "whoever repeats it")
		})
	}
	t.Run("from one release to the next, since stores keep them", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, "c5253f96eb448459d94014a3b895673edcdb77bbd0569f940b5480eee9b63e66", fingerprintOf(t, agent(), request("busy")))
	})
}

func TestACallbackOutsideOfTheHoursNamesTheNextPossibleTime(t *testing.T) {
	t.Parallel()

	closed := &disposition.WindowClosedError{Zone: "America/Chicago"}
	opens := noon.Truncate(time.Hour).Add(20 * time.Hour)
	t.Run("which is when the contact's zone opens", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t, func(c *disposition.Config) {
			c.Windows = &hours{zone: "America/Chicago", from: opens, to: opens.Add(time.Hour)}
		})
		bundle.store.err = fmt.Errorf("record: %w", closed)
		result, err := service.Record(t.Context(), agent(), request("callback_requested"))
		require.Zero(t, result)
		var got *disposition.WindowClosedError
		require.ErrorAs(t, err, &got)
		require.Equal(t, "America/Chicago", got.Zone)
		require.True(t, opens.Equal(got.Next), "%s", got.Next)
		requireFieldError(t, err, "callback_at",
			"is outside of the hours in which the contact may be called; the next possible time is 2026-03-03T14:00:00Z")
		require.EqualError(t, err, "callback_at: is outside of the hours in which the contact may be called; "+
			"the next possible time is 2026-03-03T14:00:00Z")
		require.Empty(t, bundle.log.String(), "nothing has changed")
		require.Empty(t, bundle.meter.Measurements("outdial.disposition.recorded"))
	})
	t.Run("and none when the zone opens at no time soon", func(t *testing.T) {
		t.Parallel()

		for _, zone := range []string{"America/Denver", ""} {
			service, bundle := setup(t, func(c *disposition.Config) {
				c.Windows = &hours{zone: "America/Chicago", from: opens, to: opens.Add(time.Hour)}
			})
			bundle.store.err = &disposition.WindowClosedError{Zone: zone}
			_, err := service.Record(t.Context(), agent(), request("callback_requested"))
			var got *disposition.WindowClosedError
			require.ErrorAs(t, err, &got)
			require.Equal(t, disposition.WindowClosedError{Zone: zone}, *got)
			requireFieldError(t, err, "callback_at", "is outside of the hours in which the contact may be called")
		}
	})
	t.Run("and the store is not asked when the windows can not say", func(t *testing.T) {
		t.Parallel()

		broken := errors.New("no rules")
		service, bundle := setup(t, func(c *disposition.Config) { c.Windows = &breaking{err: broken} })
		_, err := service.Record(t.Context(), agent(), request("callback_requested"))
		require.ErrorIs(t, err, broken)
		require.EqualError(t, err, "ask when people may be called: no rules")
		require.NotErrorIs(t, err, outdial.ErrInvalid)
		require.Empty(t, bundle.store.calls)
	})
	t.Run("and no time is named when the windows can not say it any more", func(t *testing.T) {
		t.Parallel()

		broken := errors.New("no rules")
		service, bundle := setup(t, func(c *disposition.Config) { c.Windows = &breaking{good: 1, err: broken} })
		bundle.store.err = closed
		_, err := service.Record(t.Context(), agent(), request("callback_requested"))
		require.ErrorIs(t, err, broken)
		require.EqualError(t, err, "look for the next possible time: no rules")
		require.Len(t, bundle.store.calls, 1)
	})
}

func TestWithoutWindowsNobodyIsPromisedACallback(t *testing.T) {
	t.Parallel()

	service, bundle := setup(t, func(c *disposition.Config) { c.Windows = nil })
	_, err := service.Record(t.Context(), agent(), request("callback_requested"))
	require.ErrorIs(t, err, dialer.ErrNoWindows)
	require.Empty(t, bundle.store.calls)

	for _, rule := range (disposition.Map{}).Rules() {
		if rule.Effect != disposition.EffectCallback {
			_, err := service.Record(t.Context(), agent(), request(rule.Code))
			require.NoError(t, err, "%s needs none", rule.Code)
		}
	}
}

func TestAWindowClosedErrorIsOneOfAField(t *testing.T) {
	t.Parallel()

	err := error(&disposition.WindowClosedError{Zone: "Asia/Tokyo", Next: noon})
	require.ErrorIs(t, err, outdial.ErrInvalid)
	require.NotErrorIs(t, err, outdial.ErrConflict)
	requireFieldError(t, err, "callback_at",
		"is outside of the hours in which the contact may be called; the next possible time is 2026-03-02T18:00:00Z")
	var other *outdial.NotFoundError
	require.NotErrorAs(t, err, &other)
	require.NotErrorIs(t, err, io.EOF)
}

func TestResultsOfRecordComeFromTheStore(t *testing.T) {
	t.Parallel()

	service, bundle := setup(t)
	bundle.store.record = full()
	got, err := service.Record(t.Context(), agent(), request("do_not_call"))
	require.NoError(t, err)
	require.Equal(t, full(), got)
}

// full is a result in which nothing is left out.
func full() disposition.Result {
	return disposition.Result{
		ID: dispositionID, Code: disposition.CodeDoNotCall, Effect: disposition.EffectSuppress,
		Queue: disposition.QueuePower, ItemID: itemID, State: "failed", LockVersion: 4, FailReason: disposition.FailSuppressed,
		CallbackItemID: &contactID, Attempts: 2, NextAttemptAt: &requestTime, FinishReason: "do_not_call",
		LeadID: &leadID, LeadCreated: true, Suppressed: true, Purged: 3, Supersedes: &managerID,
		Remains: []disposition.Remain{disposition.RemainSuppression, disposition.RemainPurged},
	}
}

// The names in these are contracts with callers of the HTTP API, and with the stored
// answers to requests that are repeated.
func TestResultInJSON(t *testing.T) {
	t.Parallel()

	data, err := json.Marshal(full())
	require.NoError(t, err)
	require.JSONEq(t, `{
		"id": "0190c6f4-0000-7000-8000-0000000000d1", "disposition": "do_not_call", "effect": "suppress",
		"queue": "power", "item_id": "0190c6f4-0000-7000-8000-0000000000e1", "state": "failed", "lock_version": 4,
		"fail_reason": "suppressed", "callback_item_id": "0190c6f4-0000-7000-8000-0000000000c1", "attempts": 2,
		"next_attempt_at": "2026-03-02T18:00:00.123456Z", "finish_reason": "do_not_call",
		"lead_id": "0190c6f4-0000-7000-8000-0000000000f1", "lead_created": true, "suppressed": true, "purged": 3,
		"supersedes": "0190c6f4-0000-7000-8000-00000000000d", "remains": ["suppression", "purged_items"]
	}`, string(data))
	var back disposition.Result
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, full(), back, "a stored result is read as it was")

	data, err = json.Marshal(disposition.Map{}.Rules()[0])
	require.NoError(t, err)
	require.JSONEq(t, `{"disposition": "no_answer", "effect": "retry", "label": "No answer"}`, string(data))
}

func TestStoreErrorsReachTheCaller(t *testing.T) {
	t.Parallel()

	broken := errors.New("the disk is full")
	for name, call := range operations() {
		for what, err := range map[string]error{
			"a missing campaign":      outdial.NotFound("campaign"),
			"an item that moved on":   outdial.Conflict("the item has moved on"),
			"another agent's item":    outdial.Forbidden("another agent has the item"),
			"a reused key":            outdial.ErrIdempotencyMismatch,
			"an error nobody foresaw": broken,
			"a time that has passed":  outdial.Invalid("callback_at", "is not in the future"),
		} {
			t.Run(name+": "+what, func(t *testing.T) {
				t.Parallel()

				service, bundle := setup(t)
				bundle.store.err = err
				require.ErrorIs(t, call(t.Context(), service, admin()), err)
				require.Empty(t, bundle.log.String(), "a change that did not happen is not logged")
				require.Empty(t, bundle.meter.Measurements("outdial.disposition.recorded"), "and not counted")
			})
		}
	}
}
