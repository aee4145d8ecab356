package telephony

import (
	"encoding/json"
	"log/slog"
	"slices"
	"time"

	"github.com/outdial/outdial/dialer"
)

// Type is what happened to a call.
type Type string

// The types.
const (
	// TypeQueued is a call that the carrier has taken on. It says no more than that
	// the call exists.
	TypeQueued    Type = "queued"
	TypeInitiated Type = "initiated"
	TypeRinging   Type = "ringing"
	TypeAnswered  Type = "answered"
	// TypeAMD is a verdict of answering machine detection.
	TypeAMD Type = "amd"
	// TypeConnected is an agent who joined the call.
	TypeConnected Type = "connected"
	// TypeAbandoned is a person who was let go because no agent was free.
	TypeAbandoned Type = "abandoned"
	// TypeEnded is the end of the call, for Cause.
	TypeEnded Type = "ended"
)

// Types lists every type there is, in the order in which they happen.
func Types() []Type {
	return []Type{
		TypeQueued, TypeInitiated, TypeRinging, TypeAnswered,
		TypeAMD, TypeConnected, TypeAbandoned, TypeEnded,
	}
}

// The sources that come with the library. A host with an adapter of its own names it
// as it likes, in one word.
const (
	SourceTwilio  = "twilio"
	SourceWebhook = "webhook"
	// SourceDialer is the dialer itself, which reports what it did to a call.
	SourceDialer = "outdial"
)

func sources() []string { return []string{SourceTwilio, SourceWebhook, SourceDialer} }

// Event is one report about one call, whoever sent it.
type Event struct {
	// Ref names the attempt, when the report carries it. Without it the call is found
	// by CallSID.
	Ref     dialer.Ref
	CallSID string
	Type    Type
	// Seq tells reports of one type about one call apart. Carriers that do not number
	// them leave it at zero.
	Seq int
	// At is when it happened, by the carrier's clock; zero when the report does not
	// say.
	At time.Time
	// AMD is the verdict of a TypeAMD, Cause why of a TypeEnded.
	AMD   dialer.AMD
	Cause dialer.Cause
	// Source names who reported, such as SourceTwilio.
	Source string
	// Payload is the report as it came, as JSON. It may name people.
	Payload json.RawMessage
}

// Facts returns what the event says, as of a time.
func (e Event) Facts(at time.Time) dialer.Facts {
	switch e.Type {
	case TypeQueued, TypeInitiated:
		return dialer.Facts{InitiatedAt: at}
	case TypeRinging:
		return dialer.Facts{RingingAt: at}
	case TypeAnswered:
		return dialer.Facts{AnsweredAt: at}
	case TypeAMD:
		return dialer.Facts{AMD: e.AMD, AMDAt: at}
	case TypeConnected:
		return dialer.Facts{ConnectedAt: at}
	case TypeAbandoned:
		return dialer.Facts{AbandonedAt: at}
	case TypeEnded:
		return dialer.Facts{EndedAt: at, Cause: e.Cause}
	default:
		return dialer.Facts{}
	}
}

// Known says whether the type is one of Types.
func (t Type) Known() bool { return slices.Contains(Types(), t) }

// LogValue implements slog.LogValuer with what tells events apart. The payload stays
// out: it may hold a phone number.
func (e Event) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Any("campaign_id", e.Ref.CampaignID), slog.Any("queue_id", e.Ref.ItemID),
		slog.String("call_sid", e.CallSID), slog.Int("lock_version", e.Ref.LockVersion),
		slog.String("event_type", string(e.Type)),
		slog.Int("event_seq", e.Seq), slog.String("source", e.Source))
}
