package dialer_test

import (
	"errors"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

func TestEnqueue(t *testing.T) {
	t.Parallel()

	params := func(t *testing.T, req dialer.EnqueueRequest) dialer.EnqueueParams {
		t.Helper()
		service, bundle := setup(t)
		req.CampaignID = campaignID
		_, err := service.Enqueue(t.Context(), manager(), req)
		require.NoError(t, err)
		return lastCall[dialer.EnqueueParams](t, bundle.store)
	}

	t.Run("passes everything on", func(t *testing.T) {
		t.Parallel()

		got := params(t, dialer.EnqueueRequest{
			ContactIDs: []uuid.UUID{contactID}, Reason: outdial.ReasonRetry, By: "system", Priority: new(7),
			LaunchID: launchID, IdempotencyKey: "monday",
		})
		require.NotEmpty(t, got.Idempotency.Fingerprint)
		got.Idempotency.Fingerprint = ""
		require.Equal(t, dialer.EnqueueParams{
			CampaignID: campaignID, ActorID: managerID, ContactIDs: []uuid.UUID{contactID}, Priority: new(7), LaunchID: launchID,
			Provenance:  outdial.Provenance{By: "system", Reason: outdial.ReasonRetry},
			Idempotency: outdial.Idempotency{ActorID: managerID, Key: "monday"}, Now: requestTime,
		}, got)
	})
	t.Run("an audience is queued for being the audience, by whoever asks", func(t *testing.T) {
		t.Parallel()

		got := params(t, dialer.EnqueueRequest{})
		require.Equal(t, outdial.Provenance{By: managerID.String(), Reason: outdial.ReasonCampaignAudience}, got.Provenance)
		require.Nil(t, got.ContactIDs, "nil chooses by filter")
		require.Nil(t, got.Priority)
		require.Zero(t, got.Idempotency, "without a key there is no protection")
	})
	t.Run("named contacts are queued by hand, even when there are none", func(t *testing.T) {
		t.Parallel()

		for _, contacts := range [][]uuid.UUID{{contactID}, {}} {
			got := params(t, dialer.EnqueueRequest{ContactIDs: contacts})
			require.Equal(t, outdial.ReasonManualAdd, got.Provenance.Reason)
			require.NotNil(t, got.ContactIDs, "an empty list is not everybody")
			require.Len(t, got.ContactIDs, len(contacts))
		}
	})
	t.Run("a filter reaches the store with its fields", func(t *testing.T) {
		t.Parallel()

		want, err := filter.Resolve(bees(), nil)
		require.NoError(t, err)
		require.Equal(t, want, params(t, dialer.EnqueueRequest{Filter: bees()}).Filter)
	})
	t.Run("a filter names the host's fields and what imports brought", func(t *testing.T) {
		t.Parallel()

		fields, err := filter.NewFields(filter.Column("staff_count", filter.TypeInt))
		require.NoError(t, err)
		service, bundle := setup(t, func(c *dialer.Config) { c.Fields = fields })
		bundle.store.attributes = []filter.ImportedAttribute{{Key: "segment", Type: filter.TypeText}}
		expr := filter.And(filter.Int("staff_count").AtLeast(50), filter.Text("segment").Equals("gold"))
		require.NoError(t, enqueue(dialer.EnqueueRequest{CampaignID: campaignID, Filter: expr})(t.Context(), service, manager()))
		want, err := filter.Resolve(expr, fields.WithAttributes(bundle.store.attributes...))
		require.NoError(t, err)
		require.Equal(t, want, lastCall[dialer.EnqueueParams](t, bundle.store).Filter)
		require.Len(t, bundle.store.calls, 2)

		err = enqueue(dialer.EnqueueRequest{CampaignID: campaignID, Filter: filter.Text("shoe_size").Equals("44")})(t.Context(), service, manager())
		requireFieldError(t, err, "filters.shoe_size", "is not a field that can be filtered on")
	})
	t.Run("every call makes a launch of its own", func(t *testing.T) {
		t.Parallel()

		first, second := params(t, dialer.EnqueueRequest{}).LaunchID, params(t, dialer.EnqueueRequest{}).LaunchID
		require.Equal(t, uuid.Version(7), first.Version())
		require.NotEqual(t, first, second)
	})
	t.Run("the store's result is the answer", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.enqueue = queue.EnqueueResult{LaunchID: launchID, Enqueued: 3, Matched: 4, Skipped: queue.Skips{queue.SkipSuppressed: 1}}
		result, err := service.Enqueue(t.Context(), manager(), dialer.EnqueueRequest{CampaignID: campaignID})
		require.NoError(t, err)
		require.Equal(t, bundle.store.enqueue, result)
	})
}

// The source of randomness belongs to the whole process, so that this test runs while
// no parallel one does.
func TestEnqueueNeedsRandomnessForALaunch(t *testing.T) { //nolint:paralleltest // see above
	broken := errors.New("no entropy")
	uuid.SetRand(iotest.ErrReader(broken))
	defer uuid.SetRand(nil)

	service, bundle := setup(t)
	_, err := service.Enqueue(t.Context(), manager(), dialer.EnqueueRequest{CampaignID: campaignID})
	require.ErrorIs(t, err, broken)
	require.Empty(t, bundle.store.calls)

	_, err = service.Enqueue(t.Context(), manager(), dialer.EnqueueRequest{CampaignID: campaignID, LaunchID: launchID})
	require.NoError(t, err, "a launch that is given needs none")
}

// Every pair of these requests differs in what it asks for, so that no two may answer
// for each other.
func TestFingerprintsOfDifferentRequestsDiffer(t *testing.T) {
	t.Parallel()

	fingerprint := func(t *testing.T, change func(*dialer.EnqueueRequest)) string {
		t.Helper()
		req := dialer.EnqueueRequest{CampaignID: campaignID, IdempotencyKey: "monday"}
		change(&req)
		service, bundle := setup(t)
		require.NoError(t, enqueue(req)(t.Context(), service, manager()))
		return lastCall[dialer.EnqueueParams](t, bundle.store).Idempotency.Fingerprint
	}
	seen := map[string]string{}
	for name, change := range map[string]func(*dialer.EnqueueRequest){
		"the audience":     func(*dialer.EnqueueRequest) {},
		"another campaign": func(r *dialer.EnqueueRequest) { r.CampaignID = launchID },
		"nobody":           func(r *dialer.EnqueueRequest) { r.ContactIDs = []uuid.UUID{} },
		"a contact":        func(r *dialer.EnqueueRequest) { r.ContactIDs = []uuid.UUID{contactID} },
		"two contacts":     func(r *dialer.EnqueueRequest) { r.ContactIDs = []uuid.UUID{contactID, itemID} },
		"a filter":         func(r *dialer.EnqueueRequest) { r.Filter = bees() },
		"a reason":         func(r *dialer.EnqueueRequest) { r.Reason = outdial.ReasonRetry },
		"a name":           func(r *dialer.EnqueueRequest) { r.By = "system" },
		"a priority":       func(r *dialer.EnqueueRequest) { r.Priority = new(0) },
		"a launch":         func(r *dialer.EnqueueRequest) { r.LaunchID = launchID },
	} {
		got := fingerprint(t, change)
		require.Empty(t, seen[got], "%s has the fingerprint of", name)
		seen[got] = name
	}
	t.Run("and one of the agent queue answers for none of them", func(t *testing.T) {
		t.Parallel()

		idempotency, err := outdial.NewIdempotency(manager(), "monday", string(outdial.ActionQueueEnqueue), map[string]any{
			"campaign_id": campaignID, "contact_ids": []uuid.UUID(nil), "filters": filter.Describe(nil),
			"provenance": outdial.Provenance{By: managerID.String(), Reason: outdial.ReasonCampaignAudience},
			"priority":   (*int)(nil), "launch_id": uuid.Nil,
		})
		require.NoError(t, err)
		require.NotContains(t, seen, idempotency.Fingerprint)
	})
	t.Run("and that of the same request is the same at another time", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		prints := map[string]bool{}
		for range 3 {
			require.NoError(t, enqueue(dialer.EnqueueRequest{CampaignID: campaignID, IdempotencyKey: "monday"})(t.Context(), service, manager()))
			prints[lastCall[dialer.EnqueueParams](t, bundle.store).Idempotency.Fingerprint] = true
			bundle.clock.Add(time.Hour)
		}
		require.Len(t, prints, 1)
	})
}

func TestEnqueueRateLimits(t *testing.T) {
	t.Parallel()

	requireLimited := func(t *testing.T, err error, key string) {
		t.Helper()
		var limited *outdial.RateLimitError
		require.ErrorAs(t, err, &limited)
		require.Equal(t, outdial.RateLimitError{Key: key, RetryAfter: 2 * time.Second}, *limited)
	}
	once := func(c *dialer.Config) { c.EnqueueRate, c.EnqueueBurst = 0.5, 1 }

	t.Run("an actor waits for their next turn", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t, once)
		require.NoError(t, enqueue(dialer.EnqueueRequest{CampaignID: uuid.New()})(t.Context(), service, manager()))
		requireLimited(t, enqueue(dialer.EnqueueRequest{CampaignID: uuid.New()})(t.Context(), service, manager()), "actor")
		require.Len(t, bundle.store.calls, 1, "a refused call does not reach the store")
		bundle.clock.Add(2 * time.Second)
		require.NoError(t, enqueue(dialer.EnqueueRequest{CampaignID: uuid.New()})(t.Context(), service, manager()))
	})
	t.Run("a campaign waits for its next turn, whoever asks", func(t *testing.T) {
		t.Parallel()

		service, _ := setup(t, once)
		require.NoError(t, enqueue(dialer.EnqueueRequest{CampaignID: campaignID})(t.Context(), service, manager()))
		requireLimited(t, enqueue(dialer.EnqueueRequest{CampaignID: campaignID})(t.Context(), service, outdial.System()), "campaign")
	})
	t.Run("a request that is refused for itself costs nothing, and nothing else is limited", func(t *testing.T) {
		t.Parallel()

		service, _ := setup(t, once)
		require.ErrorIs(t, enqueue(dialer.EnqueueRequest{CampaignID: campaignID, Reason: "because"})(t.Context(), service, manager()), outdial.ErrInvalid)
		require.ErrorIs(t, enqueue(dialer.EnqueueRequest{CampaignID: campaignID})(t.Context(), service, agent()), outdial.ErrForbidden)
		for name, call := range operations() {
			for range 3 {
				if name != "Enqueue" {
					require.NoError(t, call(t.Context(), service, manager()), name)
				}
			}
		}
		require.NoError(t, enqueue(dialer.EnqueueRequest{CampaignID: campaignID})(t.Context(), service, manager()))
	})
	t.Run("a service over another store shares them", func(t *testing.T) {
		t.Parallel()

		service, _ := setup(t, once)
		require.NoError(t, enqueue(dialer.EnqueueRequest{CampaignID: campaignID})(t.Context(), service, manager()))
		requireLimited(t, enqueue(dialer.EnqueueRequest{CampaignID: campaignID})(t.Context(), service.WithStore(&fakeStore{}), manager()), "actor")
	})
}
