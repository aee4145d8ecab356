package suppression_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/suppression"
)

func TestStaleLists(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	// An import that was published so many days ago and has come to its end.
	complete := func(list, version string, campaign uuid.UUID, days int) suppression.Import {
		return suppression.Import{
			List: list, Version: version, CampaignID: campaign,
			PublishedAt: noon.Add(-time.Duration(days) * day), CompletedAt: noon,
		}
	}
	underWay := complete("state", "March", uuid.Nil, 1)
	underWay.CompletedAt = time.Time{}
	begunLongAgo := complete("county", "January", uuid.Nil, 60)
	begunLongAgo.CompletedAt = time.Time{}
	for name, test := range map[string]struct {
		imports []suppression.Import
		stale   []string
	}{
		"none is none": {nil, nil},
		"a list is as old as its newest version": {
			[]suppression.Import{complete("state", "January", uuid.Nil, 60), complete("state", "February", uuid.Nil, 30)}, nil,
		},
		"in whatever order they were imported": {
			[]suppression.Import{complete("state", "February", uuid.Nil, 32), complete("state", "January", uuid.Nil, 60)},
			[]string{"state February"},
		},
		"a version that is not complete makes no list younger": {
			[]suppression.Import{underWay, complete("state", "January", uuid.Nil, 60)}, []string{"state January"},
		},
		"nor is a list old of which nothing is complete": {[]suppression.Import{begunLongAgo}, nil},
		"what one campaign has makes another's no younger": {
			[]suppression.Import{complete("state", "February", campaignID, 1), complete("state", "January", uuid.Nil, 60)},
			[]string{"state January"},
		},
		"each list counts for itself": {
			[]suppression.Import{complete("state", "January", uuid.Nil, 40), complete("county", "January", uuid.Nil, 50)},
			[]string{"state January", "county January"},
		},
		"the last day still counts": {[]suppression.Import{complete("state", "January", uuid.Nil, 31)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stale []string
			for _, old := range suppression.StaleLists(test.imports, noon, 31*day) {
				stale = append(stale, old.List+" "+old.Version)
			}
			require.Equal(t, test.stale, stale)
		})
	}
}
