package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
)

// RequireCampaign returns an error matching outdial.ErrNotFound when there is no
// such campaign.
func (s *Store) RequireCampaign(ctx context.Context, c *Conn, campaignID uuid.UUID) error {
	var found int
	if err := c.Get(ctx, &found, "campaign_exists", Args{"campaign_id": campaignID}); err != nil {
		return err
	}
	if found == 0 {
		return outdial.NotFound("campaign")
	}
	return nil
}

// LockCampaign takes the campaign for the rest of the transaction, or returns an
// error matching outdial.ErrNotFound.
func (s *Store) LockCampaign(ctx context.Context, c *Conn, campaignID uuid.UUID, now time.Time) error {
	found, err := s.engine.LockCampaign(ctx, c, campaignID, now)
	if err != nil {
		return err
	}
	if !found {
		return outdial.NotFound("campaign")
	}
	return nil
}

// ListCampaigns implements queue.Store.
func (s *Store) ListCampaigns(ctx context.Context) ([]queue.CampaignSummary, error) {
	var rows []struct {
		ID       uuid.UUID `db:"campaign_id"`
		Name     string    `db:"name"`
		Contacts int       `db:"contacts"`
	}
	if err := s.reader().Select(ctx, &rows, "list_campaigns", Args{}); err != nil {
		return nil, err
	}
	campaigns := make([]queue.CampaignSummary, 0, len(rows))
	for _, row := range rows {
		campaigns = append(campaigns, queue.CampaignSummary{ID: row.ID, Name: row.Name, Contacts: row.Contacts})
	}
	// Here and not in SQL: databases do not agree on the order of letters.
	slices.SortFunc(campaigns, func(a, b queue.CampaignSummary) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID.String(), b.ID.String()))
	})
	return campaigns, nil
}

// EnsureCampaign implements intake.Store.
func (s *Store) EnsureCampaign(ctx context.Context, p intake.EnsureCampaignParams) (intake.EnsureCampaignResult, error) {
	var result intake.EnsureCampaignResult
	err := s.Write(ctx, func(c *Conn) error {
		campaign, err := s.findCampaign(ctx, c, p)
		if err == nil {
			result = intake.EnsureCampaignResult{Campaign: campaign}
			return nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if p.Name == "" {
			return outdial.NotFound("campaign")
		}
		id := p.ID
		if id == uuid.Nil {
			if id, err = outdial.NewID(); err != nil {
				return err
			}
		}
		created, err := c.Exec(ctx, "add_campaign", Args{"campaign_id": id, "name": p.Name, "now": s.at(p.Now)})
		if err != nil {
			return err
		}
		if created == 0 {
			// Somebody created it between the two statements, or the name belongs to
			// another campaign.
			campaign, err := s.findCampaign(ctx, c, p)
			if errors.Is(err, sql.ErrNoRows) {
				return outdial.Conflict("another campaign has this name")
			}
			result = intake.EnsureCampaignResult{Campaign: campaign}
			return err
		}
		result = intake.EnsureCampaignResult{
			Campaign: outdial.Campaign{ID: id, Name: p.Name, CreatedAt: p.Now.UTC()}, Created: true,
		}
		return nil
	})
	if err != nil {
		return intake.EnsureCampaignResult{}, err
	}
	return result, nil
}

func (s *Store) findCampaign(ctx context.Context, c *Conn, p intake.EnsureCampaignParams) (outdial.Campaign, error) {
	query := "get_campaign"
	if p.ID == uuid.Nil {
		query = "find_campaign"
	}
	var row struct {
		ID        uuid.UUID `db:"campaign_id"`
		Name      string    `db:"name"`
		CreatedAt instant   `db:"created_at"`
	}
	if err := c.Get(ctx, &row, query, Args{"campaign_id": p.ID, "name": p.Name}); err != nil {
		return outdial.Campaign{}, err
	}
	return outdial.Campaign{ID: row.ID, Name: row.Name, CreatedAt: row.CreatedAt.Time}, nil
}
