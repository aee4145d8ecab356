package queue_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

// idempotencyOf makes the call and returns the protection that the store was
// given.
func idempotencyOf(t *testing.T, call call) outdial.Idempotency {
	t.Helper()
	service, bundle := setup(t)
	require.NoError(t, call(t.Context(), service))
	require.Len(t, bundle.store.calls, 1)
	switch params := bundle.store.calls[0].(type) {
	case queue.ReplaceParams:
		return params.Idempotency
	case queue.ClearParams:
		return params.Idempotency
	case queue.EnqueueParams:
		return params.Idempotency
	default:
		require.Fail(t, "these params carry no protection", "%T", params)
		return outdial.Idempotency{}
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()

	const key = "monday"
	for name, keyed := range map[string]func(key string) call{
		"Replace": func(key string) call {
			return replace(queue.ReplaceRequest{CampaignID: campaignID, AgentID: agentID, IdempotencyKey: key})
		},
		"Clear": func(key string) call {
			return clearOne(queue.ClearRequest{CampaignID: campaignID, AgentID: agentID, IdempotencyKey: key})
		},
		"ClearAll": func(key string) call {
			return clearAll(queue.ClearAllRequest{CampaignID: campaignID, IdempotencyKey: key})
		},
		"Enqueue": func(key string) call {
			return enqueue(queue.EnqueueRequest{CampaignID: campaignID, IdempotencyKey: key})
		},
	} {
		t.Run(name+" passes the actor and the key on", func(t *testing.T) {
			t.Parallel()

			idempotency := idempotencyOf(t, keyed(key))
			require.Equal(t, admin().ID, idempotency.ActorID)
			require.Equal(t, key, idempotency.Key)
			require.NotEmpty(t, idempotency.Fingerprint)
			require.Equal(t, idempotency, idempotencyOf(t, keyed(key)), "the same request is the same")
		})
		t.Run(name+" without a key asks for no protection", func(t *testing.T) {
			t.Parallel()

			require.Zero(t, idempotencyOf(t, keyed("")))
		})
	}
	t.Run("Preview asks for none, whatever key it is given", func(t *testing.T) {
		t.Parallel()

		require.Zero(t, idempotencyOf(t, preview(queue.ReplaceRequest{CampaignID: campaignID, AgentID: agentID, IdempotencyKey: key})))
	})
}

// Every pair of requests in one list differs in what it asks for, so that no two
// may answer for each other.
func TestFingerprintsOfDifferentRequestsDiffer(t *testing.T) {
	t.Parallel()

	const key = "monday"
	other := uuid.New()
	set := func(change func(*queue.ReplaceRequest)) call {
		req := queue.ReplaceRequest{CampaignID: campaignID, AgentID: agentID, IdempotencyKey: key}
		change(&req)
		return replace(req)
	}
	put := func(change func(*queue.EnqueueRequest)) call {
		req := queue.EnqueueRequest{CampaignID: campaignID, AgentID: agentID, IdempotencyKey: key}
		change(&req)
		return enqueue(req)
	}
	requests := map[string]call{
		"Replace":                             set(func(*queue.ReplaceRequest) {}),
		"Replace in another campaign":         set(func(r *queue.ReplaceRequest) { r.CampaignID = other }),
		"Replace for another agent":           set(func(r *queue.ReplaceRequest) { r.AgentID = other }),
		"Replace with a filter":               set(func(r *queue.ReplaceRequest) { r.Filter = bees() }),
		"Replace with another filter":         set(func(r *queue.ReplaceRequest) { r.Filter = filter.Text("first_name").Contains("b") }),
		"Replace with a cap":                  set(func(r *queue.ReplaceRequest) { r.PerAccountCap = 1 }),
		"Replace with a size":                 set(func(r *queue.ReplaceRequest) { r.MaxQueueSize = 1 }),
		"Replace with what is in progress":    set(func(r *queue.ReplaceRequest) { r.ReleaseInProgress = true }),
		"Clear":                               clearOne(queue.ClearRequest{CampaignID: campaignID, AgentID: agentID, IdempotencyKey: key}),
		"Clear for another agent":             clearOne(queue.ClearRequest{CampaignID: campaignID, AgentID: other, IdempotencyKey: key}),
		"Clear in another campaign":           clearOne(queue.ClearRequest{CampaignID: other, AgentID: agentID, IdempotencyKey: key}),
		"ClearAll":                            clearAll(queue.ClearAllRequest{CampaignID: campaignID, IdempotencyKey: key}),
		"ClearAll in another campaign":        clearAll(queue.ClearAllRequest{CampaignID: other, IdempotencyKey: key}),
		"Enqueue":                             put(func(*queue.EnqueueRequest) {}),
		"Enqueue in another campaign":         put(func(r *queue.EnqueueRequest) { r.CampaignID = other }),
		"Enqueue for another agent":           put(func(r *queue.EnqueueRequest) { r.AgentID = other }),
		"Enqueue to the pool":                 put(func(r *queue.EnqueueRequest) { r.AgentID = uuid.Nil }),
		"Enqueue of nobody":                   put(func(r *queue.EnqueueRequest) { r.ContactIDs = []uuid.UUID{} }),
		"Enqueue of a contact":                put(func(r *queue.EnqueueRequest) { r.ContactIDs = []uuid.UUID{contactID} }),
		"Enqueue of two":                      put(func(r *queue.EnqueueRequest) { r.ContactIDs = []uuid.UUID{contactID, other} }),
		"Enqueue with a filter":               put(func(r *queue.EnqueueRequest) { r.Filter = bees() }),
		"Enqueue for a reason":                put(func(r *queue.EnqueueRequest) { r.Reason = outdial.ReasonCallback }),
		"Enqueue by somebody":                 put(func(r *queue.EnqueueRequest) { r.By = "system" }),
		"Enqueue at priority 0":               put(func(r *queue.EnqueueRequest) { r.Priority = new(0) }),
		"Enqueue at priority 1":               put(func(r *queue.EnqueueRequest) { r.Priority = new(1) }),
		"Enqueue for later":                   put(func(r *queue.EnqueueRequest) { r.ScheduledFor = noon }),
		"Enqueue for a microsecond after":     put(func(r *queue.EnqueueRequest) { r.ScheduledFor = noon.Add(time.Microsecond) }),
		"Enqueue in a launch":                 put(func(r *queue.EnqueueRequest) { r.LaunchID = launchID }),
		"Enqueue of a contact and a callback": put(func(r *queue.EnqueueRequest) { r.ContactIDs, r.Reason = []uuid.UUID{contactID}, outdial.ReasonCallback }),
	}
	seen := map[string]string{}
	for name, call := range requests {
		fingerprint := idempotencyOf(t, call).Fingerprint
		require.Empty(t, seen[fingerprint], "%s has the fingerprint of", name)
		seen[fingerprint] = name
	}
	require.Len(t, seen, len(requests))
}

func TestFingerprintsOfEqualRequestsAreEqual(t *testing.T) {
	t.Parallel()

	parsed, err := filter.Parse([]byte(` {"first_name_contains" : "\u0042"} `))
	require.NoError(t, err)
	const key = "monday"
	for name, pair := range map[string][2]call{
		"a filter from JSON and one from Go": {
			replace(queue.ReplaceRequest{CampaignID: campaignID, AgentID: agentID, Filter: parsed, IdempotencyKey: key}),
			replace(queue.ReplaceRequest{CampaignID: campaignID, AgentID: agentID, Filter: bees(), IdempotencyKey: key}),
		},
		"one instant in two time zones": {
			enqueue(queue.EnqueueRequest{CampaignID: campaignID, ScheduledFor: noon, IdempotencyKey: key}),
			enqueue(queue.EnqueueRequest{CampaignID: campaignID, ScheduledFor: noon.UTC(), IdempotencyKey: key}),
		},
		"one instant, as finely as a store keeps it": {
			enqueue(queue.EnqueueRequest{CampaignID: campaignID, ScheduledFor: noon, IdempotencyKey: key}),
			enqueue(queue.EnqueueRequest{CampaignID: campaignID, ScheduledFor: requestTime, IdempotencyKey: key}),
		},
		"the default reason of an audience, left out or written": {
			enqueue(queue.EnqueueRequest{CampaignID: campaignID, IdempotencyKey: key}),
			enqueue(queue.EnqueueRequest{CampaignID: campaignID, Reason: outdial.ReasonCampaignAudience, IdempotencyKey: key}),
		},
		"the default reason of named contacts, left out or written": {
			enqueue(queue.EnqueueRequest{CampaignID: campaignID, ContactIDs: []uuid.UUID{contactID}, IdempotencyKey: key}),
			enqueue(queue.EnqueueRequest{CampaignID: campaignID, ContactIDs: []uuid.UUID{contactID}, Reason: outdial.ReasonManualAdd, IdempotencyKey: key}),
		},
		"the actor, left out or named": {
			enqueue(queue.EnqueueRequest{CampaignID: campaignID, IdempotencyKey: key}),
			enqueue(queue.EnqueueRequest{CampaignID: campaignID, By: admin().ID.String(), IdempotencyKey: key}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, idempotencyOf(t, pair[0]), idempotencyOf(t, pair[1]))
		})
	}
	t.Run("the same request at another time", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		call := enqueue(queue.EnqueueRequest{CampaignID: campaignID, IdempotencyKey: key})
		fingerprints := map[string]struct{}{}
		for range 3 {
			require.NoError(t, call(context.WithoutCancel(t.Context()), service))
			fingerprints[lastCall[queue.EnqueueParams](t, bundle.store).Idempotency.Fingerprint] = struct{}{}
			bundle.clock.Add(time.Hour)
		}
		require.Len(t, fingerprints, 1, "neither the time nor the launch made for it is part of the request")
	})
}
