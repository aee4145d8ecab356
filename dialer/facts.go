package dialer

import (
	"cmp"
	"time"
)

// AMD is the verdict of answering machine detection: who picked up.
type AMD string

// The verdicts. The empty one is that there is none yet.
const (
	AMDHuman   AMD = "human"
	AMDMachine AMD = "machine"
	AMDFax     AMD = "fax"
	// AMDUnknown is a verdict too: detection gave up. Such a call is treated as
	// answered by a person, since the other mistake leaves somebody in silence.
	AMDUnknown AMD = "unknown"
)

// AMDVerdicts lists every verdict there is, in a stable order.
func AMDVerdicts() []AMD { return []AMD{AMDHuman, AMDMachine, AMDFax, AMDUnknown} }

// Machine says whether no person picked up.
func (a AMD) Machine() bool { return a == AMDMachine || a == AMDFax }

// Cause is why a call ended, in the carrier's words.
type Cause string

// The causes.
const (
	// CauseCompleted ended after it had been answered.
	CauseCompleted Cause = "completed"
	CauseBusy      Cause = "busy"
	CauseNoAnswer  Cause = "no_answer"
	// CauseCanceled was ended by the caller's side before anybody answered.
	CauseCanceled Cause = "canceled"
	// CauseFailed could not be carried to the callee.
	CauseFailed Cause = "failed"
	// CauseRejected has a number that the carrier will not dial, ever.
	CauseRejected Cause = "rejected"
)

// Causes lists every cause there is, in a stable order.
func Causes() []Cause {
	return []Cause{CauseCompleted, CauseBusy, CauseNoAnswer, CauseCanceled, CauseFailed, CauseRejected}
}

// Facts is what is known of a call: for each thing that can happen to it, when it
// did. A zero time means that it is not known to have happened.
//
// Facts grow and never shrink, and Merge joins what two reports know. It does not
// matter in which order reports come, nor how often: Merge is commutative,
// associative and idempotent. Two reports that contradict each other are settled by
// the earlier one.
type Facts struct {
	// InitiatedAt is when the carrier began to dial.
	InitiatedAt time.Time
	RingingAt   time.Time
	// AnsweredAt is when anybody or anything picked up.
	AnsweredAt time.Time
	// AMD is who did, and AMDAt when that was found out.
	AMD   AMD
	AMDAt time.Time
	// ConnectedAt is when an agent joined.
	ConnectedAt time.Time
	// AbandonedAt is when a person was let go because no agent was free.
	AbandonedAt time.Time
	// EndedAt is when the call was over, and Cause why.
	EndedAt time.Time
	Cause   Cause
	// NotPlacedAt is when it became certain that the call had not been placed.
	// Anything that a carrier reports of the call proves the opposite.
	NotPlacedAt time.Time
}

// Merge returns what both know together.
func (f Facts) Merge(g Facts) Facts {
	f.InitiatedAt = earliest(f.InitiatedAt, g.InitiatedAt)
	f.RingingAt = earliest(f.RingingAt, g.RingingAt)
	f.AnsweredAt = earliest(f.AnsweredAt, g.AnsweredAt)
	f.ConnectedAt = earliest(f.ConnectedAt, g.ConnectedAt)
	f.AbandonedAt = earliest(f.AbandonedAt, g.AbandonedAt)
	f.NotPlacedAt = earliest(f.NotPlacedAt, g.NotPlacedAt)
	if g.verdictBefore(f) {
		f.AMD, f.AMDAt = g.AMD, g.AMDAt
	}
	if g.endBefore(f) {
		f.EndedAt, f.Cause = g.EndedAt, g.Cause
	}
	return f
}

// Equal says whether both know the same.
func (f Facts) Equal(g Facts) bool {
	return f.InitiatedAt.Equal(g.InitiatedAt) && f.RingingAt.Equal(g.RingingAt) &&
		f.AnsweredAt.Equal(g.AnsweredAt) && f.AMD == g.AMD && f.AMDAt.Equal(g.AMDAt) &&
		f.ConnectedAt.Equal(g.ConnectedAt) && f.AbandonedAt.Equal(g.AbandonedAt) &&
		f.EndedAt.Equal(g.EndedAt) && f.Cause == g.Cause && f.NotPlacedAt.Equal(g.NotPlacedAt)
}

// Seen says whether a carrier has reported anything: the call exists, or did.
func (f Facts) Seen() bool {
	return !f.InitiatedAt.IsZero() || !f.RingingAt.IsZero() || !f.AnsweredAt.IsZero() || f.AMD != "" ||
		!f.ConnectedAt.IsZero() || !f.AbandonedAt.IsZero() || !f.EndedAt.IsZero()
}

// Answered says whether somebody or something picked up. A verdict says so too, and
// so does an end of an answered call, whether or not the answer was reported.
func (f Facts) Answered() bool {
	return !f.AnsweredAt.IsZero() || f.AMD != "" || !f.ConnectedAt.IsZero() || !f.AbandonedAt.IsZero() ||
		!f.EndedAt.IsZero() && f.Cause == CauseCompleted
}

// verdictBefore says whether f's verdict is to be believed rather than g's: a
// definite one before one that gave up, and that before none; then the earlier.
func (f Facts) verdictBefore(g Facts) bool {
	doubt := func(verdict AMD) int {
		switch verdict {
		case "":
			return 2
		case AMDUnknown:
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(doubt(f.AMD), doubt(g.AMD)),
		f.AMDAt.Compare(g.AMDAt),
		cmp.Compare(f.AMD, g.AMD),
	) < 0
}

// endBefore says whether f's end is to be believed rather than g's. A cause without a
// time is no end.
func (f Facts) endBefore(g Facts) bool {
	if f.EndedAt.IsZero() != g.EndedAt.IsZero() {
		return g.EndedAt.IsZero()
	}
	return cmp.Or(f.EndedAt.Compare(g.EndedAt), cmp.Compare(f.Cause, g.Cause)) < 0
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
