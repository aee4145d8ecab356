package dialer

import (
	"time"

	"github.com/google/uuid"
)

// Lease is the right to dial for a campaign. One process has it at a time, and its
// Token is higher than that of everybody who had it before, so that the store can
// refuse what a former holder still tries to do.
//
// The zero Lease stands for a host that makes sure of this by itself: its claims are
// not checked.
type Lease struct {
	CampaignID uuid.UUID
	// Holder names the process.
	Holder string
	// Token is counted up each time the lease changes hands.
	Token     int64
	ExpiresAt time.Time
}
