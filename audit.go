package outdial

import (
	"time"

	"github.com/google/uuid"
)

// Action names what an audit entry records, as resource.verb.
type Action string

// The actions. The first three are the names that existing reports look for.
const (
	ActionQueueReplace  Action = "queue.replace"
	ActionQueueClear    Action = "queue.clear.mine"
	ActionQueueClearAll Action = "queue.clear.all"
	ActionQueueEnqueue  Action = "queue.enqueue"
	ActionQueueRollback Action = "queue.rollback"
	ActionContactImport Action = "contact.import"

	ActionSuppressAdd    Action = "suppression.add"
	ActionSuppressRemove Action = "suppression.remove"
	ActionSuppressImport Action = "suppression.import"
	ActionConsentRevoke  Action = "consent.revoke"
	ActionConsentRestore Action = "consent.restore"

	ActionDialerEnqueue  Action = "dialer.enqueue"
	ActionDialerStart    Action = "dialer.start"
	ActionDialerPause    Action = "dialer.pause"
	ActionDialerResume   Action = "dialer.resume"
	ActionDialerStop     Action = "dialer.stop"
	ActionDialerRollback Action = "dialer.rollback"

	ActionDispositionRecord Action = "disposition.record"
	ActionPolicySet         Action = "retry_policy.set"
)

// AuditEntry is one line of the append-only audit log: who did what to which
// campaign, and with what result. It is written in the same transaction as the
// change it describes, so that neither exists without the other.
type AuditEntry struct {
	ID         uuid.UUID
	ActorID    uuid.UUID
	Action     Action
	TargetType string
	TargetID   uuid.UUID
	// Meta holds the request's parameters and the counts of what changed.
	Meta      map[string]any
	CreatedAt time.Time
}
