package outdial_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
)

func TestNewIdempotency(t *testing.T) {
	t.Parallel()

	actor := outdial.Actor{ID: uuid.New(), Role: outdial.RoleAgent}
	request := map[string]any{"campaign_id": uuid.New(), "per_account_cap": 3, "filters": nil}
	protect := func(t require.TestingT, actor outdial.Actor, key, operation string, request any) outdial.Idempotency {
		idempotency, err := outdial.NewIdempotency(actor, key, operation, request)
		require.NoError(t, err)
		return idempotency
	}

	t.Run("no key asks for no protection", func(t *testing.T) {
		t.Parallel()

		require.Zero(t, protect(t, actor, "", "queue.replace", request))
		require.Zero(t, protect(t, actor, "", "queue.replace", make(chan int)), "the request is not even looked at")
	})
	t.Run("the actor and the key are kept", func(t *testing.T) {
		t.Parallel()

		idempotency := protect(t, actor, "monday", "queue.replace", request)
		require.Equal(t, actor.ID, idempotency.ActorID)
		require.Equal(t, "monday", idempotency.Key)
		require.Regexp(t, "^[0-9a-f]{64}$", idempotency.Fingerprint)
	})
	t.Run("the same request has the same fingerprint", func(t *testing.T) {
		t.Parallel()

		again := map[string]any{"filters": nil, "per_account_cap": 3, "campaign_id": request["campaign_id"]}
		require.Equal(t, protect(t, actor, "k", "queue.replace", request), protect(t, actor, "k", "queue.replace", again))
	})
	t.Run("another request has another fingerprint", func(t *testing.T) {
		t.Parallel()

		require.NotEqual(t,
			protect(t, actor, "k", "queue.replace", map[string]any{"per_account_cap": 3}).Fingerprint,
			protect(t, actor, "k", "queue.replace", map[string]any{"per_account_cap": 4}).Fingerprint)
	})
	t.Run("another operation has another fingerprint", func(t *testing.T) {
		t.Parallel()

		require.NotEqual(t,
			protect(t, actor, "k", "queue.clear.mine", request).Fingerprint,
			protect(t, actor, "k", "queue.clear.all", request).Fingerprint)
	})
	t.Run("the fingerprint is of the request, not of who sent it under which key", func(t *testing.T) {
		t.Parallel()

		other := outdial.Actor{ID: uuid.New()}
		require.Equal(t,
			protect(t, actor, "k", "queue.replace", request).Fingerprint,
			protect(t, other, "another", "queue.replace", request).Fingerprint)
	})
	t.Run("an operation and its request cannot trade characters", func(t *testing.T) {
		t.Parallel()

		require.NotEqual(t, protect(t, actor, "k", "q1", 2).Fingerprint, protect(t, actor, "k", "q", 12).Fingerprint)
		rapid.Check(t, func(t *rapid.T) {
			name := rapid.StringMatching(`q[1-3]{0,2}`)
			number := rapid.SampledFrom([]int{1, 2, 3, 11, 12, 21, 22, 31, 32, 111, 121})
			one, two := name.Draw(t, "operation"), name.Draw(t, "other operation")
			a, b := number.Draw(t, "request"), number.Draw(t, "other request")
			require.Equal(t, one == two && a == b,
				protect(t, actor, "k", one, a).Fingerprint == protect(t, actor, "k", two, b).Fingerprint)
		})
	})
	t.Run("a request that JSON cannot encode is the caller's mistake, not a bad field", func(t *testing.T) {
		t.Parallel()

		_, err := outdial.NewIdempotency(actor, "k", "queue.replace", make(chan int))
		require.ErrorContains(t, err, "fingerprint a queue.replace request")
		require.NotErrorIs(t, err, outdial.ErrInvalid)
	})
}

func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, key, problem string
	}{
		{name: "the longest key", key: strings.Repeat("k", outdial.MaxIdempotencyKey)},
		{name: "a UUID", key: uuid.NewString()},
		{name: "any script", key: "понедельник"},
		{name: "a byte too long", key: strings.Repeat("k", outdial.MaxIdempotencyKey+1), problem: "is longer than 200 bytes"},
		{name: "bytes count, not characters", key: strings.Repeat("п", 101), problem: "is longer than 200 bytes"},
		{name: "a million characters", key: strings.Repeat("k", 1_000_000), problem: "is longer than 200 bytes"},
		{name: "bytes that are no text", key: "k\xff", problem: "is not plain text"},
		{name: "a NUL", key: "k\x00", problem: "is not plain text"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			idempotency, err := outdial.NewIdempotency(outdial.System(), test.key, "queue.replace", nil)
			if test.problem != "" {
				requireFieldError(t, err, "idempotency_key", test.problem)
				require.Zero(t, idempotency)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.key, idempotency.Key)
		})
	}
}
