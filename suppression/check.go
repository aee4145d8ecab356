package suppression

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/outdial/outdial"
)

const (
	// MaxTargets is how many targets one CheckMany takes.
	MaxTargets = 1_000_000
	// askedAtOnce is how many of them the database is asked about in one statement.
	askedAtOnce = 100_000
)

// CheckRequest asks whether somebody may be called. At least one of its values is
// needed; whoever has several is suppressed by any of them.
type CheckRequest struct {
	Phone outdial.Phone
	Email outdial.Email
	// ContactID is a contact, with the phone, the e-mail address and the flag that they
	// have.
	ContactID uuid.UUID
	// CampaignID is the campaign for which it is asked. The nil UUID asks for entries
	// that hold in every campaign only.
	CampaignID uuid.UUID
}

// Verdict is why somebody must not be called.
type Verdict struct {
	// Suppressed says that they must not.
	Suppressed bool
	// OptedOut says that their contact is marked so.
	OptedOut bool
	// Entries are those that hold, oldest first.
	Entries []Listed
}

// Check asks the database whether somebody is on the list or has opted out, and why. It
// is for people and for hosts that call by themselves; the queues of this library ask on
// their own, in the statement that gives somebody out.
//
// Errors match ErrForbidden (scopes suppression:write or queue:write), ErrNotFound
// (contact) and ErrInvalid.
func (s *Service) Check(ctx context.Context, actor outdial.Actor, req CheckRequest) (Verdict, error) {
	if err := requireCheck(actor); err != nil {
		return Verdict{}, err
	}
	var targets []Target
	if req.Phone != "" {
		targets = append(targets, PhoneTarget(req.Phone))
		if problem := targets[0].problem(); problem != "" {
			return Verdict{}, outdial.Invalid("phone", problem)
		}
	}
	if req.Email != "" {
		target := EmailTarget(req.Email)
		if problem := target.problem(); problem != "" {
			return Verdict{}, outdial.Invalid("email", problem)
		}
		targets = append(targets, target)
	}
	if len(targets) == 0 && req.ContactID == uuid.Nil {
		return Verdict{}, outdial.Invalid("phone", "or an e-mail address or a contact_id is required")
	}
	result, err := s.store.FindSuppressions(ctx, FindParams{
		Targets: targets, ContactID: req.ContactID, CampaignID: req.CampaignID, Now: s.now(),
	})
	if err != nil {
		return Verdict{}, err
	}
	verdict := Verdict{
		Suppressed: result.OptedOut || len(result.Entries) > 0, OptedOut: result.OptedOut, Entries: result.Entries,
	}
	suppressed := 0
	if verdict.Suppressed {
		suppressed = 1
	}
	s.checked(ctx, answeredByDatabase, 1, suppressed)
	return verdict, nil
}

// CheckManyRequest asks about many targets, such as an audience before it is imported.
type CheckManyRequest struct {
	// Targets are at most MaxTargets, in their normalized form.
	Targets    []Target
	CampaignID uuid.UUID
}

// CheckMany returns the indexes, ascending, of the targets that are on the list by an
// entry that was committed before the call began. With a Filter it asks the database
// about those few only that the filter cannot rule out.
//
// Errors match ErrForbidden (scopes suppression:write or queue:write) and ErrInvalid.
func (s *Service) CheckMany(ctx context.Context, actor outdial.Actor, req CheckManyRequest) ([]int, error) {
	if err := requireCheck(actor); err != nil {
		return nil, err
	}
	if err := checkTargets(req.Targets, MaxTargets); err != nil {
		return nil, err
	}
	candidates, filtered := s.candidates(ctx, req.Targets)
	if !filtered {
		return s.match(ctx, req.Targets, req.CampaignID)
	}
	asked := make([]Target, len(candidates))
	for i, index := range candidates {
		asked[i] = req.Targets[index]
	}
	found, err := s.match(ctx, asked, req.CampaignID)
	if err != nil {
		return nil, err
	}
	for i, index := range found {
		found[i] = candidates[index]
	}
	s.checked(ctx, answeredByFilter, len(req.Targets)-len(candidates), 0)
	return found, nil
}

func (s *Service) candidates(ctx context.Context, targets []Target) ([]int, bool) {
	if s.cfg.Filter == nil {
		return nil, false
	}
	return s.cfg.Filter.Candidates(ctx, targets)
}

// match asks the database.
func (s *Service) match(ctx context.Context, targets []Target, campaignID uuid.UUID) ([]int, error) {
	var found []int
	now, before := s.now(), 0
	for some := range slices.Chunk(targets, askedAtOnce) {
		result, err := s.store.MatchSuppressions(ctx, MatchParams{Targets: some, CampaignID: campaignID, Now: now})
		if err != nil {
			return nil, fmt.Errorf("check the list: %w", err)
		}
		for _, index := range result.Indexes {
			found = append(found, before+index)
		}
		before += len(some)
	}
	s.checked(ctx, answeredByDatabase, len(targets), len(found))
	return found, nil
}

// checked counts what was asked.
func (s *Service) checked(ctx context.Context, by string, asked, suppressed int) {
	for outcome, count := range map[bool]int{true: suppressed, false: asked - suppressed} {
		if count > 0 {
			s.checks.Add(ctx, int64(count), metric.WithAttributes(
				attribute.String("answered_by", by), attribute.String("suppressed", strconv.FormatBool(outcome))))
		}
	}
}

func requireCheck(actor outdial.Actor) error {
	return actor.Require(outdial.ScopeSuppressionWrite, outdial.ScopeQueueWrite)
}
