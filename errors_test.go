package outdial_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
)

func sentinels() []error {
	return []error{
		outdial.ErrInvalid, outdial.ErrForbidden, outdial.ErrNotFound, outdial.ErrConflict,
		outdial.ErrNotEnabled, outdial.ErrIdempotencyMismatch, outdial.ErrRateLimited,
	}
}

func TestProblem(t *testing.T) {
	t.Parallel()

	require.Equal(t, "is empty", outdial.Problem(fmt.Errorf("read: %w", outdial.Invalid("phone", "is empty"))))
	require.Equal(t, "is not valid", outdial.Problem(errors.New("+15046218927 is taken")), "whatever it says")
}

func TestEveryErrorMatchesItsOwnSentinelOnly(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name string
		err  error
		is   error
		text string
	}{
		{"Invalid", outdial.Invalid("per_account_cap", "must not be negative"), outdial.ErrInvalid, "per_account_cap: must not be negative"},
		{"NotFound", outdial.NotFound("campaign"), outdial.ErrNotFound, "campaign_id: no such campaign"},
		{
			"NotFoundError", &outdial.NotFoundError{What: "queue_item", Field: "item_id"},
			outdial.ErrNotFound, "item_id: no such queue_item",
		},
		{"Forbidden", outdial.Forbidden("needs scope ops:run"), outdial.ErrForbidden, "forbidden: needs scope ops:run"},
		{"Conflict", outdial.Conflict("the item has moved on"), outdial.ErrConflict, "conflict: the item has moved on"},
		{
			"RateLimitError", &outdial.RateLimitError{Key: "actor", RetryAfter: 1500 * time.Millisecond},
			outdial.ErrRateLimited, "rate limited per actor: retry after 1.5s",
		},
		{
			"RateLimitError of a long fraction", &outdial.RateLimitError{Key: "campaign", RetryAfter: 1234567891},
			outdial.ErrRateLimited, "rate limited per campaign: retry after 1.235s",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.EqualError(t, test.err, test.text)
			for _, wrapped := range []error{
				test.err,
				fmt.Errorf("replace: %w", test.err),
				errors.Join(errors.New("another"), test.err),
			} {
				for _, sentinel := range sentinels() {
					require.Equal(t, sentinel == test.is, errors.Is(wrapped, sentinel), "%v is %v", wrapped, sentinel) //nolint:errorlint // identity is meant
				}
			}
		})
	}
}

func TestSentinelsAreDistinct(t *testing.T) {
	t.Parallel()

	for i, one := range sentinels() {
		for j, other := range sentinels() {
			require.Equal(t, i == j, errors.Is(one, other), "%v is %v", one, other)
		}
	}
}

func TestErrorsCarryTheirDetailsThroughWrapping(t *testing.T) {
	t.Parallel()

	t.Run("the field and the problem", func(t *testing.T) {
		t.Parallel()

		var field *outdial.FieldError
		require.ErrorAs(t, fmt.Errorf("set queue: %w", outdial.Invalid("filters", "is not UTF-8")), &field)
		require.Equal(t, outdial.FieldError{Field: "filters", Problem: "is not UTF-8"}, *field)
	})
	t.Run("what was not found and the field that named it", func(t *testing.T) {
		t.Parallel()

		var missing *outdial.NotFoundError
		require.ErrorAs(t, fmt.Errorf("set queue: %w", outdial.NotFound("agent")), &missing)
		require.Equal(t, outdial.NotFoundError{What: "agent", Field: "agent_id"}, *missing)
	})
	t.Run("when to come back", func(t *testing.T) {
		t.Parallel()

		var limited *outdial.RateLimitError
		require.ErrorAs(t, fmt.Errorf("enqueue: %w", &outdial.RateLimitError{Key: "actor", RetryAfter: time.Second}), &limited)
		require.Equal(t, outdial.RateLimitError{Key: "actor", RetryAfter: time.Second}, *limited)
	})
	t.Run("and no other kind's", func(t *testing.T) {
		t.Parallel()

		var field *outdial.FieldError
		var missing *outdial.NotFoundError
		var limited *outdial.RateLimitError
		require.NotErrorAs(t, outdial.Forbidden("no"), &field)
		require.NotErrorAs(t, outdial.Invalid("a", "b"), &missing)
		require.NotErrorAs(t, outdial.NotFound("a"), &limited)
	})
}
