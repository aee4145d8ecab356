package suppression

import (
	"context"
	"log/slog"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// sweptAtOnce is how many items one step of Purge looks at.
const sweptAtOnce = 5000

// Purged says how many items were taken out of the queues.
type Purged struct {
	AgentItems int `json:"agent_items"`
	PowerItems int `json:"power_items"`
}

// Purge looks at every active item of both queues, of all campaigns, and fails those
// whose contact is on the list or has opted out, by whatever way that came about: a
// number that was changed to one that is listed, or rows that another program has
// written. A Worker does the usual work; this is for afterwards, and for doubts. It
// works in steps of 5,000 items and can be stopped and begun again at any time.
//
// It needs the scope ops:run.
func (s *Service) Purge(ctx context.Context, actor outdial.Actor) (Purged, error) {
	if err := actor.Require(outdial.ScopeOpsRun); err != nil {
		return Purged{}, err
	}
	var purged Purged
	for _, items := range []struct {
		of     Queue
		failed *int
	}{{QueueAgent, &purged.AgentItems}, {QueuePower, &purged.PowerItems}} {
		for after, more := uuid.Nil, true; more; {
			result, err := s.store.SweepSuppressed(ctx, SweepParams{
				Queue: items.of, After: after, Limit: sweptAtOnce, Now: s.now(),
			})
			if err != nil {
				return purged, err
			}
			*items.failed += result.Failed
			after, more = result.Last, result.More
			s.purged.add(ctx, items.of, result.Failed)
		}
	}
	if purged != (Purged{}) {
		s.cfg.Logger.InfoContext(ctx, "suppressed items purged",
			slog.Int("agent_items", purged.AgentItems), slog.Int("power_items", purged.PowerItems))
	}
	return purged, nil
}
