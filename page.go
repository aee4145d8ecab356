package outdial

import (
	"encoding/base64"
	"fmt"

	"github.com/google/uuid"
)

// DefaultPage and MaxPage bound how many rows of a list are returned at once.
const (
	DefaultPage = 50
	MaxPage     = 500
)

// PageSize returns how many rows a request for a page gets: what it asks for, or
// DefaultPage when that is zero. Anything else is an error matching ErrInvalid.
func PageSize(limit int) (int, error) {
	switch {
	case limit < 0 || limit > MaxPage:
		return 0, Invalid("limit", fmt.Sprintf("must be from 1 to %d", MaxPage))
	case limit == 0:
		return DefaultPage, nil
	}
	return limit, nil
}

// Cursor returns the text that a list ordered by id gives out for where a page ended.
// It fits into a URL as it is.
func Cursor(last uuid.UUID) string { return base64.RawURLEncoding.EncodeToString(last[:]) }

// ParseCursor returns the id that Cursor was given, and the nil UUID for the empty
// text, which starts a list. The error matches ErrInvalid.
func ParseCursor(cursor string) (uuid.UUID, error) {
	if cursor == "" {
		return uuid.Nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return uuid.Nil, Invalid("cursor", "is not one that a list returned")
	}
	id, err := uuid.FromBytes(raw)
	if err != nil {
		return uuid.Nil, Invalid("cursor", "is not one that a list returned")
	}
	return id, nil
}
