package suppression

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

const (
	// MaxEntries is how many entries one call adds or removes. More is an import.
	MaxEntries = 10_000
	// MaxReason is the longest reason, in bytes.
	MaxReason = 500
)

// Add puts entries on the list. From the moment it returns, nobody whose phone or
// address that is can be pulled, queued or dialed; items that are in a queue already go
// as soon as a Worker sees it. Adding an entry twice is once, and what is there already
// lasts until the later of the two ends.
//
// The source defaults to SourceManual. A key is made from the value, whatever it says.
//
// Errors match ErrForbidden (scope suppression:write), ErrNotFound (a campaign) and
// ErrInvalid, whose field says which entry: entries[2].value.
func (s *Service) Add(ctx context.Context, actor outdial.Actor, entries ...Entry) (AddResult, error) {
	if err := requireChange(actor); err != nil {
		return AddResult{}, err
	}
	now := s.now()
	checked, err := checkEntries(entries, now)
	if err != nil {
		return AddResult{}, err
	}
	if len(checked) == 0 {
		return AddResult{}, nil
	}
	result, err := s.store.AddSuppressions(ctx, AddParams{Entries: checked, ActorID: actor.ID, Now: now})
	if err != nil {
		return AddResult{}, err
	}
	s.changed(ctx, EventAdd, result.Added)
	s.changed(ctx, EventExtend, result.Extended)
	s.cfg.Logger.InfoContext(ctx, "suppressions added", slog.Int("added", result.Added),
		slog.Int("extended", result.Extended), slog.Any("actor_id", actor.ID))
	return result, nil
}

// RemoveRequest asks to take somebody off the list.
type RemoveRequest struct {
	Targets []Target
	// CampaignID names whose entries go. The nil UUID is the entries that hold in every
	// campaign: those of a campaign stay.
	CampaignID uuid.UUID
	// Reason is required: somebody may ask years later why a number was called again.
	Reason string
}

// Remove takes entries off the list, whatever their source. Who has opted out as a
// contact stays so; see RestoreConsent. Errors match ErrForbidden (scope
// suppression:write; agents) and ErrInvalid.
func (s *Service) Remove(ctx context.Context, actor outdial.Actor, req RemoveRequest) (RemoveResult, error) {
	if err := requireCare(actor); err != nil {
		return RemoveResult{}, err
	}
	if err := requireReason(req.Reason); err != nil {
		return RemoveResult{}, err
	}
	if err := checkTargets(req.Targets, MaxEntries); err != nil {
		return RemoveResult{}, err
	}
	if len(req.Targets) == 0 {
		return RemoveResult{}, nil
	}
	places := make([]Place, len(req.Targets))
	for i, target := range req.Targets {
		places[i] = Place{Target: target, CampaignID: req.CampaignID}
	}
	result, err := s.store.RemoveSuppressions(ctx, RemoveParams{
		Places: places, Reason: req.Reason, ActorID: actor.ID, Now: s.now(),
	})
	if err != nil {
		return RemoveResult{}, err
	}
	s.changed(ctx, EventRemove, result.Removed)
	s.cfg.Logger.InfoContext(ctx, "suppressions removed", slog.Int("removed", result.Removed),
		slog.Any("campaign_id", req.CampaignID), slog.Any("actor_id", actor.ID))
	return result, nil
}

// checkEntries returns the entries as the list keeps them.
func checkEntries(entries []Entry, now time.Time) ([]Entry, error) {
	if len(entries) > MaxEntries {
		return nil, outdial.Invalid("entries", fmt.Sprintf("are more than %d", MaxEntries))
	}
	checked := slices.Clone(entries)
	for i := range checked {
		if field, problem := checked[i].settle(now); problem != "" {
			return nil, outdial.Invalid(fmt.Sprintf("entries[%d].%s", i, field), problem)
		}
	}
	return checked, nil
}

// settle fills in what an entry leaves out, or says what is wrong with it.
func (e *Entry) settle(now time.Time) (field, problem string) {
	switch e.Kind {
	case KindPhone:
		if !outdial.Phone(e.Value).IsE164() {
			return "value", "is not a number in E.164 form"
		}
		e.Key = e.Value
	case KindEmail:
		email, err := outdial.ParseEmail(e.Value)
		if err != nil {
			return "value", "is not an e-mail address"
		}
		e.Value, e.Key = email.Address(), email.Key()
	default:
		return "kind", "must be phone or email"
	}
	if e.Source == "" {
		e.Source = SourceManual
	}
	e.ExpiresAt, e.ReceivedAt = kept(e.ExpiresAt), kept(e.ReceivedAt)
	switch {
	case !slices.Contains(Sources(), e.Source):
		return "source", "must be manual, webhook, qa or import"
	case !e.ExpiresAt.IsZero() && !e.ExpiresAt.After(now):
		return "expires_at", "is over already"
	case e.ReceivedAt.After(now):
		return "received_at", "is in the future"
	}
	return "reason", reasonProblem(e.Reason)
}

// kept is a time in the precision that every store keeps.
func kept(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

func requireReason(reason string) error {
	if strings.TrimSpace(reason) == "" {
		return outdial.Invalid("reason", "is required")
	}
	return checkReason(reason)
}

func checkReason(reason string) error {
	if problem := reasonProblem(reason); problem != "" {
		return outdial.Invalid("reason", problem)
	}
	return nil
}

func reasonProblem(reason string) string {
	switch {
	case len(reason) > MaxReason:
		return fmt.Sprintf("is longer than %d bytes", MaxReason)
	case !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl):
		return "is not plain text on one line"
	}
	return ""
}

// checkTargets says whether all targets are in their normalized form.
func checkTargets(targets []Target, most int) error {
	if len(targets) > most {
		return outdial.Invalid("targets", fmt.Sprintf("are more than %d", most))
	}
	for i, target := range targets {
		if problem := target.problem(); problem != "" {
			return outdial.Invalid(fmt.Sprintf("targets[%d]", i), problem)
		}
	}
	return nil
}

// problem says why the target can be nobody's, or nothing.
func (t Target) problem() string {
	switch t.Kind {
	case KindPhone:
		if !outdial.Phone(t.Key).IsE164() {
			return "is not a number in E.164 form"
		}
	case KindEmail:
		if t.Key == "" || t.Key != outdial.Email(t.Key).Key() {
			return "is not an e-mail address in its normalized form"
		}
		if _, err := outdial.ParseEmail(t.Key); err != nil {
			return "is not an e-mail address"
		}
	default:
		return "is neither a phone nor an e-mail address"
	}
	return ""
}
