// Package callwindow says whether a number may be called now: in which time zones it
// is a time to call, and how often one number may be tried.
//
// The rules themselves are dated data, and a host's own. What is here is the form in
// which the dialer asks for them.
package callwindow

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Windows knows when people may be called.
type Windows interface {
	// Open says where the campaign may call at that moment. On an error nothing is
	// dialed.
	Open(ctx context.Context, campaignID uuid.UUID, now time.Time) (Open, error)
}

// Open is where it is a time to call. The zero value is nowhere.
type Open struct {
	// Everywhere says that no zone is closed.
	Everywhere bool
	// Zones are the IANA names of the zones that are open, and the empty string
	// among them where contacts of unknown zone may be called.
	Zones []string
}

// Always is Windows that never close. It is for tests and demonstrations: calling
// people at night breaks the law nearly everywhere.
type Always struct{}

// Open implements Windows.
func (Always) Open(context.Context, uuid.UUID, time.Time) (Open, error) {
	return Open{Everywhere: true}, nil
}

// Caps knows how often one number may be tried.
type Caps interface {
	// Caps returns every cap that holds for the campaign. On an error nothing is
	// dialed.
	Caps(ctx context.Context, campaignID uuid.UUID) ([]Cap, error)
}

// Cap bounds the calls placed to one phone, by all campaigns together.
type Cap struct {
	// Attempts is how many calls may be placed within the rolling time Within.
	Attempts int
	Within   time.Duration
}

// FixedCaps are Caps that are the same for every campaign. The zero value has none.
type FixedCaps []Cap

// Caps implements Caps.
func (c FixedCaps) Caps(context.Context, uuid.UUID) ([]Cap, error) { return c, nil }
