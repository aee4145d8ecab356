package dialer

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// Carrier is the telephone network as the dialer sees it: a provider's API, a
// switch, a simulator.
//
// Every method gets a context with a deadline and must return by then. Every request
// carries a Token that is the same each time the same thing is asked, so that a
// carrier which knows idempotency does it once. What happens to a call afterwards
// comes as events, to telephony.Handler.
//
// An error matches one of the errors below where it can. One that matches none is
// taken for ErrCarrierTimeout: it may have happened.
type Carrier interface {
	// Originate begins a call and returns the carrier's name for it. Events about the
	// call may arrive before it returns; they carry Ref.
	Originate(ctx context.Context, req OriginateRequest) (OriginateResult, error)

	// Bridge puts an agent into a call that was answered.
	Bridge(ctx context.Context, req BridgeRequest) error

	// Play plays an announcement to the callee and returns when it has been heard, or
	// the callee hung up.
	Play(ctx context.Context, req PlayRequest) error

	// Hangup ends a call. Ending one that is over is no error.
	Hangup(ctx context.Context, req HangupRequest) error

	// Lookup says what became of a call, by its token or by the carrier's name for
	// it. ErrCallNotFound means that there never was one: after the deadline of
	// Originate, the carrier vouches that none will come of that request any more.
	Lookup(ctx context.Context, req LookupRequest) (LookupResult, error)
}

// What goes wrong at a carrier.
var (
	// ErrTrunkBusy means that the call was not placed for want of a line, and may be
	// placed later.
	ErrTrunkBusy = errors.New("carrier: no line is free")
	// ErrNumberRejected means that the call was not placed, and never will be.
	ErrNumberRejected = errors.New("carrier: the number is refused")
	// ErrCarrierTimeout means that nobody knows whether it was done.
	ErrCarrierTimeout = errors.New("carrier: no answer in time")
	// ErrCallNotFound means that the carrier knows no such call.
	ErrCallNotFound = errors.New("carrier: no such call")
)

// OriginateRequest asks to begin a call.
type OriginateRequest struct {
	// Token is the id of the Call.
	Token uuid.UUID
	To    outdial.Phone
	// Ref goes into the address that the carrier reports to, so that events find the
	// call before its CallSID is known.
	Ref Ref
	// RingFor is how long to let it ring. Rules ask for 15 seconds at least.
	RingFor time.Duration
	// DetectMachine asks for answering machine detection.
	DetectMachine bool
}

// OriginateResult is a call that was begun.
type OriginateResult struct{ CallSID string }

// BridgeRequest asks to put an agent into a call.
type BridgeRequest struct {
	Token   uuid.UUID
	CallSID string
	AgentID uuid.UUID
}

// Announcement names what is played to a callee. What it says is the host's, at the
// carrier.
type Announcement string

// AnnouncementSafeHarbor is what a person hears when no agent is free: who called,
// and how to be called no more.
const AnnouncementSafeHarbor Announcement = "safe_harbor"

// PlayRequest asks to play an announcement.
type PlayRequest struct {
	Token        uuid.UUID
	CallSID      string
	Announcement Announcement
}

// HangupRequest asks to end a call.
type HangupRequest struct {
	Token   uuid.UUID
	CallSID string
}

// LookupRequest asks what became of a call.
type LookupRequest struct {
	Token uuid.UUID
	// CallSID is empty when it is not known.
	CallSID string
}

// LookupResult is what a carrier knows of a call.
type LookupResult struct {
	CallSID string
	// Facts are what has happened to the call so far.
	Facts Facts
}
