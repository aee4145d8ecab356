package sqlstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// importRow is an import as the fragment import_columns selects it.
type importRow struct {
	ID          uuid.UUID `db:"id"`
	List        string    `db:"list"`
	Version     string    `db:"version"`
	CampaignID  uuid.UUID `db:"campaign_id"`
	PublishedAt instant   `db:"published_at"`
	StartedBy   uuid.UUID `db:"started_by"`
	Lines       int64     `db:"lines"`
	Bytes       int64     `db:"bytes"`
	Rejected    int64     `db:"rejected"`
	Digest      string    `db:"digest"`
	Added       int64     `db:"added"`
	Extended    int64     `db:"extended"`
	Unchanged   int64     `db:"unchanged"`
	StartedAt   instant   `db:"started_at"`
	UpdatedAt   instant   `db:"updated_at"`
	CompletedAt instant   `db:"completed_at"`
}

func (r importRow) imported() suppression.Import {
	return suppression.Import{
		ID: r.ID, List: r.List, Version: r.Version, CampaignID: r.CampaignID,
		PublishedAt: r.PublishedAt.Time, StartedBy: r.StartedBy,
		Checkpoint: suppression.Checkpoint{Lines: r.Lines, Bytes: r.Bytes, Rejected: r.Rejected, Digest: r.Digest},
		Added:      r.Added, Extended: r.Extended, Unchanged: r.Unchanged,
		StartedAt: r.StartedAt.Time, UpdatedAt: r.UpdatedAt.Time, CompletedAt: r.CompletedAt.Time,
	}
}

// BeginImport implements suppression.Store.
func (s *Store) BeginImport(ctx context.Context, p suppression.BeginImportParams) (suppression.Import, error) {
	id, err := outdial.NewID()
	if err != nil {
		return suppression.Import{}, err
	}
	args := Args{
		"id": id, "list": p.List, "version": p.Version, "campaign_id": p.CampaignID,
		"published_at": s.at(p.PublishedAt), "actor_id": p.ActorID, "now": s.at(p.Now),
	}
	var row importRow
	err = s.Write(ctx, func(c *Conn) error {
		if p.CampaignID != uuid.Nil {
			if err := s.RequireCampaign(ctx, c, p.CampaignID); err != nil {
				return err
			}
		}
		if _, err := c.Exec(ctx, "begin_import", args); err != nil {
			return err
		}
		return c.Get(ctx, &row, "find_import", args)
	})
	if err != nil {
		return suppression.Import{}, err
	}
	return row.imported(), nil
}

// ImportSuppressions implements suppression.Store.
func (s *Store) ImportSuppressions(ctx context.Context, p suppression.ImportParams) (suppression.Import, error) {
	var after suppression.Import
	err := s.Write(ctx, func(c *Conn) error {
		row, found, err := getRow[importRow](ctx, c, "lock_import", Args{"import_id": p.ImportID})
		switch {
		case err != nil:
			return err
		case !found:
			return outdial.NotFound("import")
		case row.CompletedAt.Valid() || row.Bytes != p.From.Bytes:
			return outdial.Conflict("the import has moved on")
		}
		change := s.newChange(c, p.ActorID, "", p.Now)
		result, err := change.add(ctx, p.Entries)
		if err != nil {
			return err
		}
		after = moved(row.imported(), p, result)
		if err := s.moveImport(ctx, c, after); err != nil {
			return err
		}
		if err := change.publish(ctx); err != nil {
			return err
		}
		return s.auditList(ctx, c, p.ActorID, p.Now, outdial.ActionSuppressImport, map[string]any{
			"import_id": p.ImportID, "list": after.List, "version": after.Version, "lines": after.Lines,
			"entries": len(p.Entries), "added": result.Added, "extended": result.Extended, "complete": p.Complete,
		})
	})
	if err != nil {
		return suppression.Import{}, err
	}
	return after, nil
}

// moved is the import after another part of it.
func moved(before suppression.Import, p suppression.ImportParams, result suppression.AddResult) suppression.Import {
	after := before
	after.Checkpoint = p.To
	after.Added += int64(result.Added)
	after.Extended += int64(result.Extended)
	after.Unchanged += int64(max(0, len(p.Entries)-result.Added-result.Extended))
	after.UpdatedAt = p.Now.UTC().Truncate(time.Microsecond)
	if p.Complete {
		after.CompletedAt = after.UpdatedAt
	}
	return after
}

func (s *Store) moveImport(ctx context.Context, c *Conn, after suppression.Import) error {
	_, err := c.Exec(ctx, "move_import", Args{
		"import_id": after.ID, "lines": after.Lines, "bytes": after.Bytes, "rejected": after.Rejected,
		"digest": after.Digest, "added": after.Added, "extended": after.Extended, "unchanged": after.Unchanged,
		"now": s.at(after.UpdatedAt), "completed_at": s.at(after.CompletedAt),
	})
	return err
}

// ListImports implements suppression.Store.
func (s *Store) ListImports(ctx context.Context) ([]suppression.Import, error) {
	var rows []importRow
	if err := s.reader().Select(ctx, &rows, "list_imports", Args{}); err != nil {
		return nil, err
	}
	imports := make([]suppression.Import, len(rows))
	for i, row := range rows {
		imports[i] = row.imported()
	}
	return imports, nil
}
