package queue_test

import (
	"errors"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

func TestEnqueue(t *testing.T) {
	t.Parallel()

	params := func(t *testing.T, actor outdial.Actor, req queue.EnqueueRequest) queue.EnqueueParams {
		t.Helper()
		service, bundle := setup(t)
		req.CampaignID = campaignID
		_, err := service.Enqueue(t.Context(), actor, req)
		require.NoError(t, err)
		return lastCall[queue.EnqueueParams](t, bundle.store)
	}

	t.Run("passes everything on", func(t *testing.T) {
		t.Parallel()

		got := params(t, manager(), queue.EnqueueRequest{
			AgentID: agentID, ContactIDs: []uuid.UUID{contactID}, Reason: outdial.ReasonCallback, By: "system",
			Priority: new(7), ScheduledFor: noon, LaunchID: launchID, IdempotencyKey: "monday",
		})
		require.NotEmpty(t, got.Idempotency.Fingerprint)
		got.Idempotency.Fingerprint = ""
		require.Equal(t, queue.EnqueueParams{
			CampaignID: campaignID, AgentID: agentID, ActorID: managerID, ContactIDs: []uuid.UUID{contactID}, Priority: new(7),
			ScheduledFor: requestTime, LaunchID: launchID,
			Provenance:  outdial.Provenance{By: "system", Reason: outdial.ReasonCallback},
			Idempotency: outdial.Idempotency{ActorID: managerID, Key: "monday"}, Now: requestTime,
		}, got)
	})
	t.Run("passes a filter on", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, resolved(t, bees(), nil), params(t, agent(), queue.EnqueueRequest{AgentID: agentID, Filter: bees()}).Filter)
	})
	t.Run("an audience is queued for being the audience", func(t *testing.T) {
		t.Parallel()

		got := params(t, agent(), queue.EnqueueRequest{AgentID: agentID})
		require.Equal(t, outdial.Provenance{By: agentID.String(), Reason: outdial.ReasonCampaignAudience}, got.Provenance)
		require.Nil(t, got.ContactIDs, "nil chooses by filter")
	})
	t.Run("named contacts are queued by hand", func(t *testing.T) {
		t.Parallel()

		got := params(t, agent(), queue.EnqueueRequest{AgentID: agentID, ContactIDs: []uuid.UUID{contactID}})
		require.Equal(t, outdial.Provenance{By: agentID.String(), Reason: outdial.ReasonManualAdd}, got.Provenance)
	})
	t.Run("an empty list of contacts stays empty instead of becoming everybody", func(t *testing.T) {
		t.Parallel()

		got := params(t, agent(), queue.EnqueueRequest{AgentID: agentID, ContactIDs: []uuid.UUID{}})
		require.NotNil(t, got.ContactIDs)
		require.Empty(t, got.ContactIDs)
		require.Equal(t, outdial.ReasonManualAdd, got.Provenance.Reason)
	})
	t.Run("a reason and a name that are given stay", func(t *testing.T) {
		t.Parallel()

		got := params(t, manager(), queue.EnqueueRequest{Reason: outdial.ReasonDVEnrollment, By: "project-42"})
		require.Equal(t, outdial.Provenance{By: "project-42", Reason: outdial.ReasonDVEnrollment}, got.Provenance)
	})
	t.Run("a priority of zero is not the contacts' own", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, new(0), params(t, agent(), queue.EnqueueRequest{AgentID: agentID, Priority: new(0)}).Priority)
		require.Nil(t, params(t, agent(), queue.EnqueueRequest{AgentID: agentID}).Priority)
	})
	t.Run("no time is now", func(t *testing.T) {
		t.Parallel()

		require.True(t, params(t, agent(), queue.EnqueueRequest{AgentID: agentID}).ScheduledFor.IsZero())
	})
	t.Run("every call makes a launch of its own", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		var last uuid.UUID
		for range 3 {
			_, err := service.Enqueue(t.Context(), manager(), queue.EnqueueRequest{CampaignID: campaignID})
			require.NoError(t, err)
			made := lastCall[queue.EnqueueParams](t, bundle.store).LaunchID
			require.Equal(t, uuid.Version(7), made.Version())
			require.NotEqual(t, last, made)
			last = made
		}
	})
	t.Run("the store's result is the answer", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.enqueue = queue.EnqueueResult{LaunchID: launchID, Enqueued: 3, Matched: 4, Skipped: queue.Skips{queue.SkipSuppressed: 1}}
		result, err := service.Enqueue(t.Context(), manager(), queue.EnqueueRequest{CampaignID: campaignID})
		require.NoError(t, err)
		require.Equal(t, bundle.store.enqueue, result)
	})
}

// The source of randomness belongs to the whole process, so that this test runs
// while no parallel one does.
func TestEnqueueNeedsRandomnessForALaunch(t *testing.T) { //nolint:paralleltest // see above
	broken := errors.New("no entropy")
	uuid.SetRand(iotest.ErrReader(broken))
	defer uuid.SetRand(nil)

	service, bundle := setup(t)
	_, err := service.Enqueue(t.Context(), manager(), queue.EnqueueRequest{CampaignID: campaignID})
	require.ErrorIs(t, err, broken)
	require.Empty(t, bundle.store.calls)

	_, err = service.Enqueue(t.Context(), manager(), queue.EnqueueRequest{CampaignID: campaignID, LaunchID: launchID})
	require.NoError(t, err, "a launch that is given needs none")
}

func TestEnqueueRateLimits(t *testing.T) {
	t.Parallel()

	to := func(campaignID uuid.UUID) queue.EnqueueRequest {
		return queue.EnqueueRequest{CampaignID: campaignID, AgentID: agentID}
	}
	requireLimited := func(t *testing.T, err error, want outdial.RateLimitError) {
		t.Helper()
		require.ErrorIs(t, err, outdial.ErrRateLimited)
		var limited *outdial.RateLimitError
		require.ErrorAs(t, err, &limited)
		require.Equal(t, want, *limited)
	}
	burstOf := func(burst int) func(*queue.Config) {
		return func(c *queue.Config) { c.EnqueueRate, c.EnqueueBurst = 0.5, burst }
	}

	t.Run("an actor may ask a burst at once and is then told when to come back", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t, burstOf(2))
		for range 2 {
			_, err := service.Enqueue(t.Context(), agent(), to(uuid.New()))
			require.NoError(t, err)
		}
		for range 3 {
			_, err := service.Enqueue(t.Context(), agent(), to(uuid.New()))
			requireLimited(t, err, outdial.RateLimitError{Key: "actor", RetryAfter: 2 * time.Second})
		}
		require.Len(t, bundle.store.calls, 2, "a refused call does not reach the store")
	})
	t.Run("a campaign may be asked for a burst at once, whoever asks", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t, burstOf(2))
		for range 2 {
			actor := agent()
			actor.ID = uuid.New()
			_, err := service.Enqueue(t.Context(), actor, queue.EnqueueRequest{CampaignID: campaignID, AgentID: actor.ID})
			require.NoError(t, err)
		}
		_, err := service.Enqueue(t.Context(), agent(), to(campaignID))
		requireLimited(t, err, outdial.RateLimitError{Key: "campaign", RetryAfter: 2 * time.Second})
		require.Len(t, bundle.store.calls, 2)
	})
	t.Run("the share fills up with the clock", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t, burstOf(1))
		_, err := service.Enqueue(t.Context(), agent(), to(uuid.New()))
		require.NoError(t, err)

		bundle.clock.Add(1500 * time.Millisecond)
		_, err = service.Enqueue(t.Context(), agent(), to(uuid.New()))
		requireLimited(t, err, outdial.RateLimitError{Key: "actor", RetryAfter: 500 * time.Millisecond})

		bundle.clock.Add(500 * time.Millisecond)
		_, err = service.Enqueue(t.Context(), agent(), to(uuid.New()))
		require.NoError(t, err, "whoever waits as long as told passes")
	})
	t.Run("a share never grows beyond the burst", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t, burstOf(2))
		bundle.clock.Add(24 * time.Hour)
		for range 2 {
			_, err := service.Enqueue(t.Context(), agent(), to(uuid.New()))
			require.NoError(t, err)
		}
		_, err := service.Enqueue(t.Context(), agent(), to(uuid.New()))
		require.ErrorIs(t, err, outdial.ErrRateLimited)
	})
	t.Run("actors and campaigns have shares of their own", func(t *testing.T) {
		t.Parallel()

		service, _ := setup(t, burstOf(1))
		_, err := service.Enqueue(t.Context(), agent(), to(campaignID))
		require.NoError(t, err)
		other := agent()
		other.ID = otherAgent
		_, err = service.Enqueue(t.Context(), other, queue.EnqueueRequest{CampaignID: uuid.New(), AgentID: otherAgent})
		require.NoError(t, err, "neither the actor nor the campaign has been here")
	})
	t.Run("a request that is refused for itself costs nothing", func(t *testing.T) {
		t.Parallel()

		service, _ := setup(t, burstOf(1))
		for range 3 {
			_, err := service.Enqueue(t.Context(), agent(), queue.EnqueueRequest{CampaignID: campaignID, AgentID: agentID, Reason: "because"})
			require.ErrorIs(t, err, outdial.ErrInvalid)
			_, err = service.Enqueue(t.Context(), agent(), queue.EnqueueRequest{CampaignID: campaignID, AgentID: otherAgent})
			require.ErrorIs(t, err, outdial.ErrForbidden)
		}
		_, err := service.Enqueue(t.Context(), agent(), to(campaignID))
		require.NoError(t, err)
	})
	t.Run("a service that is not told otherwise allows 30 at once and one a second", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		for range 30 {
			_, err := service.Enqueue(t.Context(), agent(), to(campaignID))
			require.NoError(t, err)
		}
		_, err := service.Enqueue(t.Context(), agent(), to(campaignID))
		requireLimited(t, err, outdial.RateLimitError{Key: "actor", RetryAfter: time.Second})
		bundle.clock.Add(time.Second)
		_, err = service.Enqueue(t.Context(), agent(), to(campaignID))
		require.NoError(t, err)
	})
	t.Run("nothing else is limited", func(t *testing.T) {
		t.Parallel()

		service, _ := setup(t, burstOf(1))
		for _, op := range operations() {
			if op.name == "Enqueue" {
				continue
			}
			for range 5 {
				require.NoError(t, op.call(t.Context(), service, admin(), agentID), op.name)
			}
		}
	})
}
