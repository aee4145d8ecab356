package suppression

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// exportedAtOnce is how many entries are read in one page.
const exportedAtOnce = 5000

// ExportRequest says what of the list is written where.
type ExportRequest struct {
	Writer io.Writer
	// Kind and Source restrict what is written; empty does not.
	Kind   Kind
	Source Source
	// CampaignID is one campaign's own entries, and the nil UUID those that hold in
	// every campaign, unless AllCampaigns asks for both.
	CampaignID   uuid.UUID
	AllCampaigns bool
}

// ExportResult says how many entries were written.
type ExportResult struct {
	Entries int64 `json:"entries"`
}

// exportColumns is the header of what Export writes.
func exportColumns() []string {
	return []string{"kind", "value", "campaign_id", "source", "reason", "created_at", "received_at", "expires_at"}
}

// Export writes the list as CSV with a header, oldest entry first, page by page and in
// constant memory. Import reads it back: the same values with the same campaigns, ends
// and reasons. A value or reason that a spreadsheet would take for a formula begins with
// a single quote, which Import takes off; numbers begin with their plus.
//
// Entries that are added meanwhile may or may not be among them. Errors match
// ErrForbidden (scope suppression:write; agents) and ErrInvalid; with any other error,
// what was written until then is no whole list.
func (s *Service) Export(ctx context.Context, actor outdial.Actor, req ExportRequest) (ExportResult, error) {
	if err := requireCare(actor); err != nil {
		return ExportResult{}, err
	}
	if req.Writer == nil {
		return ExportResult{}, outdial.Invalid("file", "is required")
	}
	p := ListParams{
		Kind: req.Kind, Source: req.Source, CampaignID: req.CampaignID, AllCampaigns: req.AllCampaigns,
		Limit: exportedAtOnce,
	}
	if err := p.check(); err != nil {
		return ExportResult{}, err
	}
	file := csv.NewWriter(req.Writer)
	if err := file.Write(exportColumns()); err != nil {
		return ExportResult{}, fmt.Errorf("write the list: %w", err)
	}
	var result ExportResult
	for more := true; more; {
		p.Now = s.now()
		page, err := s.store.ListSuppressions(ctx, p)
		if err != nil {
			return result, err
		}
		for _, entry := range page.Entries {
			if err := file.Write(exported(entry)); err != nil {
				return result, fmt.Errorf("write the list: %w", err)
			}
			p.After = entry.ID
		}
		file.Flush()
		if err := file.Error(); err != nil {
			return result, fmt.Errorf("write the list: %w", err)
		}
		result.Entries += int64(len(page.Entries))
		more = page.More
	}
	s.cfg.Logger.InfoContext(ctx, "suppressions exported", slog.Int64("entries", result.Entries), slog.Any("actor_id", actor.ID))
	return result, nil
}

// exported is an entry as a line of the file.
func exported(entry Listed) []string {
	value := entry.Value
	if entry.Kind == KindEmail {
		value = escapeCell(value)
	}
	campaign := ""
	if entry.CampaignID != uuid.Nil {
		campaign = entry.CampaignID.String()
	}
	return []string{
		string(entry.Kind), value, campaign, string(entry.Source), escapeCell(entry.Reason),
		instantCell(entry.CreatedAt), instantCell(entry.ReceivedAt), instantCell(entry.ExpiresAt),
	}
}

func instantCell(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}

// formula is what a spreadsheet carries out, behind as many quotes as were put there to
// keep it from that.
var (
	formula       = regexp.MustCompile(`^'*[=+\-@]`)
	quotedFormula = regexp.MustCompile(`^'+[=+\-@]`)
)

func escapeCell(text string) string {
	if formula.MatchString(text) {
		return "'" + text
	}
	return text
}

func unescapeCell(text string) string {
	if quotedFormula.MatchString(text) {
		return text[1:]
	}
	return text
}
