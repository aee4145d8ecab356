package sqlstore

import (
	"encoding/hex"
	"fmt"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

// RowIDs are the ids of rows that one statement inserts, bound from outside it:
// prefix, an eight-digit counter from 1, suffix. Together they are UUIDs of version
// 7 that sort in the order of the counter.
type RowIDs struct{ Prefix, Suffix string }

// NewRowIDs returns ids that no other call returns: the time and 42 random bits
// are the call's own.
func NewRowIDs() (RowIDs, error) {
	id, err := outdial.NewID()
	if err != nil {
		return RowIDs{}, err
	}
	digits := hex.EncodeToString(id[:])
	return RowIDs{Prefix: digits[:17], Suffix: digits[25:]}, nil
}

// Dashed returns prefix and suffix such that around an eight-digit counter they
// read as a UUID with dashes, for engines that keep ids as text. The counter is
// split after three digits; see the callers.
func (r RowIDs) Dashed() (head, tail string) {
	return r.Prefix[:8] + "-" + r.Prefix[8:12] + "-" + r.Prefix[12:16] + "-" + r.Prefix[16:], r.Suffix
}

// ReplaceMeta is what the audit entry of a replace says about the request. A
// filter that the older form can express stands under its older name.
func ReplaceMeta(p queue.ReplaceParams) map[string]any {
	return map[string]any{
		"agent_id":         p.AgentID,
		"filters":          filter.Summarize(p.Filter),
		"per_account_cap":  optional(p.PerAccountCap),
		"max_queue_size":   optional(p.MaxQueueSize),
		"keep_in_progress": !p.ReleaseInProgress,
	}
}

// EnqueueMeta is what the audit entry of an enqueue says about the request.
func EnqueueMeta(p queue.EnqueueParams) map[string]any {
	meta := enqueueMeta(p.Provenance, p.ContactIDs, p.Filter)
	if p.AgentID != uuid.Nil {
		meta["agent_id"] = p.AgentID
	}
	return meta
}

// EnqueueCallsMeta is what the audit entry of an enqueue into the power queue says
// about the request.
func EnqueueCallsMeta(p dialer.EnqueueParams) map[string]any {
	return enqueueMeta(p.Provenance, p.ContactIDs, p.Filter)
}

func enqueueMeta(provenance outdial.Provenance, contactIDs []uuid.UUID, expr filter.Expr) map[string]any {
	meta := map[string]any{"enqueued_by": provenance.By, "enqueued_reason": provenance.Reason}
	if contactIDs != nil {
		meta["contact_ids"] = fmt.Sprintf("%d contacts", len(contactIDs))
	} else {
		meta["filters"] = filter.Summarize(expr)
	}
	return meta
}

// optional is a bound as JSON and SQL know it: zero is none.
func optional(bound int) any {
	if bound == 0 {
		return nil
	}
	return bound
}

// OptionalID is an id as SQL knows it: the nil UUID is NULL.
func OptionalID(id uuid.UUID) uuid.NullUUID {
	return uuid.NullUUID{UUID: id, Valid: id != uuid.Nil}
}

// OptionalBound is a bound as SQL knows it: zero is NULL.
func OptionalBound(bound int) any { return optional(bound) }
