package suppression

import (
	"time"

	"github.com/google/uuid"
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
