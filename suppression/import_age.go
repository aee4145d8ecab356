package suppression

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// StaleLists returns the newest complete import of each list, for each campaign, that
// was published longer ago than after. A list whose first import has not come to its
// end is not among them: nobody relies on it yet.
func StaleLists(imports []Import, now time.Time, after time.Duration) []Import {
	type list struct {
		name       string
		campaignID uuid.UUID
	}
	newest := map[list]Import{}
	var order []list
	for _, imported := range imports {
		if imported.CompletedAt.IsZero() {
			continue
		}
		key := list{imported.List, imported.CampaignID}
		seen, ok := newest[key]
		if !ok {
			order = append(order, key)
		}
		if !ok || imported.PublishedAt.After(seen.PublishedAt) {
			newest[key] = imported
		}
	}
	var stale []Import
	for _, key := range order {
		if now.Sub(newest[key].PublishedAt) > after {
			stale = append(stale, newest[key])
		}
	}
	return stale
}

// ImportStatus is an import, and how old its list is.
type ImportStatus struct {
	Import

	// Age is how long ago the list was published.
	Age time.Duration
	// Stale says that it is the newest complete version of its list, and too old to
	// call by.
	Stale bool
}

// Imports returns all imports, the one that began last first, those under way among
// them. Errors match ErrForbidden (scope suppression:write; agents).
func (s *Service) Imports(ctx context.Context, actor outdial.Actor) ([]ImportStatus, error) {
	if err := requireCare(actor); err != nil {
		return nil, err
	}
	imports, err := s.store.ListImports(ctx)
	if err != nil {
		return nil, err
	}
	now := s.now()
	stale := map[uuid.UUID]bool{}
	for _, old := range StaleLists(imports, now, s.cfg.StaleAfter) {
		stale[old.ID] = true
	}
	all := make([]ImportStatus, len(imports))
	for i, imported := range imports {
		all[i] = ImportStatus{Import: imported, Age: now.Sub(imported.PublishedAt), Stale: stale[imported.ID]}
	}
	return all, nil
}
