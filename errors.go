package outdial

import (
	"errors"
	"fmt"
	"time"
)

// The errors that cross the API. Match them with errors.Is; the concrete types
// below carry the details a caller may want to show.
var (
	// ErrInvalid means that a request can never succeed as it stands. A
	// *FieldError says which field and why.
	ErrInvalid = errors.New("invalid")
	// ErrForbidden means that the actor may not do this.
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound means that what a request names does not exist. A
	// *NotFoundError says what.
	ErrNotFound = errors.New("not found")
	// ErrConflict means that the row has moved on since the caller last saw it:
	// its lock_version differs, or its state does not allow the move. Read it
	// again before deciding anything.
	ErrConflict = errors.New("conflict")
	// ErrNotEnabled means that the feature flag guarding the operation is off
	// for this actor.
	ErrNotEnabled = errors.New("not enabled")
	// ErrIdempotencyMismatch means that an idempotency key was used before, by
	// the same actor, for a different request.
	ErrIdempotencyMismatch = errors.New("idempotency key reused for another request")
	// ErrRateLimited means that the actor or the campaign asks too often. A
	// *RateLimitError says when to come back.
	ErrRateLimited = errors.New("rate limited")
)

// FieldError is an ErrInvalid that names the field, in the form the caller knows
// it (the JSON name, the flag, the CSV column).
type FieldError struct {
	Field   string
	Problem string
}

// Error implements error. It never repeats the value: it may be a phone number.
func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

// Is reports that a FieldError is an ErrInvalid.
func (e *FieldError) Is(target error) bool { return target == ErrInvalid }

// Invalid returns a *FieldError.
func Invalid(field, problem string) error { return &FieldError{Field: field, Problem: problem} }

// Problem is what the checks of this package found wrong with a value, for reports that
// name the place themselves. They are known not to repeat the value; the text of any
// other error is not passed on.
func Problem(err error) string {
	if field, ok := errors.AsType[*FieldError](err); ok {
		return field.Problem
	}
	return "is not valid"
}

// NotFoundError is an ErrNotFound that names the kind of thing and the field
// that referred to it.
type NotFoundError struct {
	// What is the thing in the field's words: campaign, agent, queue_item, launch.
	What string
	// Field is the request field that named it, such as campaign_id.
	Field string
}

// Error implements error.
func (e *NotFoundError) Error() string { return fmt.Sprintf("%s: no such %s", e.Field, e.What) }

// Is reports that a NotFoundError is an ErrNotFound.
func (e *NotFoundError) Is(target error) bool { return target == ErrNotFound }

// NotFound returns a *NotFoundError whose field is what with "_id" appended.
func NotFound(what string) error { return &NotFoundError{What: what, Field: what + "_id"} }

// Forbidden returns an error matching ErrForbidden that says why.
func Forbidden(why string) error { return fmt.Errorf("%w: %s", ErrForbidden, why) }

// Conflict returns an error matching ErrConflict that says why.
func Conflict(why string) error { return fmt.Errorf("%w: %s", ErrConflict, why) }

// RateLimitError is an ErrRateLimited that says when to come back.
type RateLimitError struct {
	// Key names what is limited: actor or campaign.
	Key string
	// RetryAfter is how long to wait until one more request would pass.
	RetryAfter time.Duration
}

// Error implements error.
func (e *RateLimitError) Error() string {
	return fmt.Sprintf("rate limited per %s: retry after %s", e.Key, e.RetryAfter.Round(time.Millisecond))
}

// Is reports that a RateLimitError is an ErrRateLimited.
func (e *RateLimitError) Is(target error) bool { return target == ErrRateLimited }
