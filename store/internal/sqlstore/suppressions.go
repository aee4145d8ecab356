package sqlstore

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// AddSuppressions implements suppression.Store.
func (s *Store) AddSuppressions(ctx context.Context, p suppression.AddParams) (suppression.AddResult, error) {
	var result suppression.AddResult
	err := s.Write(ctx, func(c *Conn) error {
		change := s.newChange(c, p.ActorID, "", p.Now)
		var err error
		if result, err = change.add(ctx, p.Entries); err != nil {
			return err
		}
		if err := change.publish(ctx); err != nil {
			return err
		}
		return s.auditList(ctx, c, p.ActorID, p.Now, outdial.ActionSuppressAdd, map[string]any{
			"entries": len(p.Entries), "added": result.Added, "extended": result.Extended,
		})
	})
	if err != nil {
		return suppression.AddResult{}, err
	}
	return result, nil
}

// RemoveSuppressions implements suppression.Store.
func (s *Store) RemoveSuppressions(ctx context.Context, p suppression.RemoveParams) (suppression.RemoveResult, error) {
	var result suppression.RemoveResult
	err := s.Write(ctx, func(c *Conn) error {
		change := s.newChange(c, p.ActorID, p.Reason, p.Now)
		removed, err := change.remove(ctx, p.Places, anySource)
		if err != nil {
			return err
		}
		result.Removed = removed
		if err := change.publish(ctx); err != nil {
			return err
		}
		return s.auditList(ctx, c, p.ActorID, p.Now, outdial.ActionSuppressRemove, map[string]any{
			"entries": len(p.Places), "removed": removed, "reason": p.Reason,
		})
	})
	if err != nil {
		return suppression.RemoveResult{}, err
	}
	return result, nil
}

func (s *Store) auditList(
	ctx context.Context, c *Conn, actorID uuid.UUID, now time.Time, action outdial.Action, meta map[string]any,
) error {
	return s.AddAudit(ctx, c, outdial.AuditEntry{
		ActorID: actorID, Action: action, TargetType: "suppressions", TargetID: uuid.Nil, CreatedAt: now, Meta: meta,
	})
}

// entryRow is an entry as the fragment entry_columns selects it.
type entryRow struct {
	ID         uuid.UUID `db:"id"`
	Kind       string    `db:"kind"`
	Value      string    `db:"value"`
	Key        string    `db:"value_key"`
	CampaignID uuid.UUID `db:"campaign_id"`
	Source     string    `db:"source"`
	Reason     string    `db:"reason"`
	CreatedBy  uuid.UUID `db:"created_by"`
	CreatedAt  instant   `db:"created_at"`
	ExpiresAt  instant   `db:"expires_at"`
	ReceivedAt instant   `db:"received_at"`
}

func listed(rows []entryRow) []suppression.Listed {
	entries := make([]suppression.Listed, len(rows))
	for i, row := range rows {
		entries[i] = suppression.Listed{
			ID: row.ID, CreatedBy: row.CreatedBy, CreatedAt: row.CreatedAt.Time,
			Entry: suppression.Entry{
				Kind: suppression.Kind(row.Kind), Value: row.Value, Key: row.Key, CampaignID: row.CampaignID,
				Source: suppression.Source(row.Source), Reason: row.Reason,
				ExpiresAt: row.ExpiresAt.Time, ReceivedAt: row.ReceivedAt.Time,
			},
		}
	}
	return entries
}

// FindSuppressions implements suppression.Store.
func (s *Store) FindSuppressions(ctx context.Context, p suppression.FindParams) (suppression.FindResult, error) {
	var result suppression.FindResult
	targets := slices.Clone(p.Targets)
	c := s.reader()
	if p.ContactID != uuid.Nil {
		contact, err := getConsent(ctx, c, p.ContactID)
		if err != nil {
			return suppression.FindResult{}, err
		}
		result.OptedOut = contact.OptedOut
		for _, entry := range contact.entries() {
			targets = append(targets, entry.Target())
		}
	}
	args, err := askedTargets(targets)
	if err != nil {
		return suppression.FindResult{}, err
	}
	args["campaign_id"], args["now"] = p.CampaignID, s.at(p.Now)
	var rows []entryRow
	if err := c.Select(ctx, &rows, "find_suppressions", args); err != nil {
		return suppression.FindResult{}, err
	}
	result.Entries = listed(rows)
	return result, nil
}

// askedTargets are the values of statements that ask about targets.
func askedTargets(targets []suppression.Target) (Args, error) {
	phones, emails := []string{}, []string{}
	for _, target := range targets {
		if target.Kind == suppression.KindPhone {
			phones = append(phones, target.Key)
		} else {
			emails = append(emails, target.Key)
		}
	}
	args := Args{}
	var err error
	if args["phones"], err = EncodeJSON(phones); err != nil {
		return nil, err
	}
	args["emails"], err = EncodeJSON(emails)
	return args, err
}

// MatchSuppressions implements suppression.Store.
func (s *Store) MatchSuppressions(ctx context.Context, p suppression.MatchParams) (suppression.MatchResult, error) {
	args, err := askedTargets(p.Targets)
	if err != nil {
		return suppression.MatchResult{}, err
	}
	args["campaign_id"], args["now"] = p.CampaignID, s.at(p.Now)
	// Where the targets of each kind stand among all.
	places := map[suppression.Kind][]int{}
	for i, target := range p.Targets {
		places[target.Kind] = append(places[target.Kind], i)
	}
	var result suppression.MatchResult
	for kind, query := range map[suppression.Kind]string{
		suppression.KindPhone: "match_phones", suppression.KindEmail: "match_emails",
	} {
		if len(places[kind]) == 0 {
			continue
		}
		var found []int
		if err := s.reader().Select(ctx, &found, query, args); err != nil {
			return suppression.MatchResult{}, err
		}
		for _, place := range found {
			result.Indexes = append(result.Indexes, places[kind][place-1])
		}
	}
	slices.Sort(result.Indexes)
	return result, nil
}

// ListSuppressions implements suppression.Store.
func (s *Store) ListSuppressions(ctx context.Context, p suppression.ListParams) (suppression.ListResult, error) {
	campaigns := "{{of_one_campaign}}"
	switch {
	case p.AllCampaigns:
		campaigns = "TRUE"
	case p.CampaignID == uuid.Nil:
		campaigns = "{{of_every_campaign}}"
	}
	args := Args{
		"campaign_id": p.CampaignID, "kind": string(p.Kind), "any_kind": p.Kind == "",
		"source": string(p.Source), "any_source": p.Source == "",
		"after": p.After, "limit": p.Limit + 1, "now": s.at(p.Now),
	}
	var rows []entryRow
	if err := s.reader().SelectText(ctx, &rows, "list_suppressions", map[string]string{"of_campaign": campaigns}, args); err != nil {
		return suppression.ListResult{}, err
	}
	more := len(rows) > p.Limit
	return suppression.ListResult{Entries: listed(rows[:min(len(rows), p.Limit)]), More: more}, nil
}
