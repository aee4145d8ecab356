package httpapi

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// imported is the JSON form of a suppression.Import. Its names are the table's columns;
// what does not apply is null.
type imported struct {
	ID          uuid.UUID  `json:"id"`
	List        string     `json:"list"`
	Version     string     `json:"version"`
	CampaignID  *uuid.UUID `json:"campaign_id"`
	PublishedAt time.Time  `json:"published_at"`
	Lines       int64      `json:"lines"`
	Bytes       int64      `json:"bytes"`
	Added       int64      `json:"added"`
	Extended    int64      `json:"extended"`
	Unchanged   int64      `json:"unchanged"`
	Rejected    int64      `json:"rejected"`
	StartedBy   *uuid.UUID `json:"started_by"`
	StartedAt   time.Time  `json:"started_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
	CompletedAt *time.Time `json:"completed_at"`
}

func newImported(from suppression.Import) imported {
	return imported{
		ID:          from.ID,
		List:        from.List,
		Version:     from.Version,
		CampaignID:  idOrNull(from.CampaignID),
		PublishedAt: from.PublishedAt.UTC(),
		Lines:       from.Lines,
		Bytes:       from.Bytes,
		Added:       from.Added,
		Extended:    from.Extended,
		Unchanged:   from.Unchanged,
		Rejected:    from.Rejected,
		StartedBy:   idOrNull(from.StartedBy),
		StartedAt:   from.StartedAt.UTC(),
		UpdatedAt:   from.UpdatedAt.UTC(),
		CompletedAt: timeOrNull(from.CompletedAt),
	}
}

// importReport is the JSON form of a suppression.ImportReport.
type importReport struct {
	imported

	Resumed  bool                      `json:"resumed"`
	Problems []suppression.LineProblem `json:"problems"`
	Warnings []string                  `json:"warnings"`
}

// importSuppressions answers POST /suppressions/import: a do-not-call file, read as it
// arrives. When it breaks off, the import stays at its checkpoint, and the problem says
// where that is; the file sent again goes on from there.
func (a *api) importSuppressions(r *request) (reply, error) {
	req, err := a.importRequest(r)
	if err != nil {
		return reply{}, err
	}
	file, err := a.openUpload(r, "text/csv", "text/plain")
	if err != nil {
		return reply{}, err
	}
	req.Reader = file
	report, err := a.cfg.Suppressions.Import(r.Context(), r.actor, req)
	if file.err != nil {
		err = file.err
	}
	if err != nil && report.Lines > 0 && !errors.Is(err, outdial.ErrConflict) {
		err = &partialError{
			err: err, done: fmt.Sprintf("it had been imported up to line %d, and goes on there when it is sent again", report.Lines),
		}
	}
	if err != nil {
		return reply{}, fmt.Errorf("import a do-not-call list: %w", err)
	}
	return answer(importReport{
		imported: newImported(report.Import), Resumed: report.Resumed, Problems: report.Problems, Warnings: report.Warnings,
	})
}

// importRequest reads what the query says of a file.
func (a *api) importRequest(r *request) (suppression.ImportRequest, error) {
	query := r.URL.Query()
	req := suppression.ImportRequest{List: query.Get("list"), Version: query.Get("version"), Region: query.Get("region")}
	if req.Region == "" {
		req.Region = a.cfg.DefaultRegion
	}
	var err error
	if req.CampaignID, err = r.queryID("campaign_id"); err != nil {
		return req, err
	}
	if req.PublishedAt, err = r.queryTime("published_at"); err != nil {
		return req, err
	}
	req.ExpiresAt, err = r.queryTime("expires_at")
	return req, err
}

// importStatus is the JSON form of a suppression.ImportStatus.
type importStatus struct {
	imported

	AgeDays int  `json:"age_days"`
	Stale   bool `json:"stale"`
}

// listImports answers GET /suppressions/imports, on one page.
func (a *api) listImports(r *request) (reply, error) {
	imports, err := a.cfg.Suppressions.Imports(r.Context(), r.actor)
	if err != nil {
		return reply{}, fmt.Errorf("list the imports: %w", err)
	}
	const day = 24 * time.Hour
	body := list[importStatus]{Items: make([]importStatus, len(imports))}
	for i, each := range imports {
		body.Items[i] = importStatus{imported: newImported(each.Import), AgeDays: int(each.Age / day), Stale: each.Stale}
	}
	return answer(body)
}

// exportSuppressions answers GET /suppressions/export.
func (a *api) exportSuppressions(r *request) (reply, error) {
	req, err := suppressionsAsked(r)
	if err != nil {
		return reply{}, err
	}
	file := &download{to: r.writer, contentType: "text/csv; charset=utf-8", name: "suppressions.csv"}
	if _, err := a.cfg.Suppressions.Export(r.Context(), r.actor, suppression.ExportRequest{
		Writer: file, Kind: req.Kind, Source: req.Source, CampaignID: req.CampaignID, AllCampaigns: req.AllCampaigns,
	}); err != nil {
		return reply{}, fmt.Errorf("export the suppressions: %w", err)
	}
	return file.done()
}
