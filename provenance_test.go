package outdial_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
)

func TestReasonsListsEachOnceInItsOwnCopy(t *testing.T) {
	t.Parallel()

	require.Equal(t, []outdial.Reason{
		"campaign_audience", "retry", "callback", "dv_enrollment", "manual_add",
	}, outdial.Reasons())
	outdial.Reasons()[0] = "changed"
	require.Equal(t, outdial.ReasonCampaignAudience, outdial.Reasons()[0])
}

// The first three are names that reports of a host look for.
func TestActionNamesAreStable(t *testing.T) {
	t.Parallel()

	require.EqualValues(t, "queue.replace", outdial.ActionQueueReplace)
	require.EqualValues(t, "queue.clear.mine", outdial.ActionQueueClear)
	require.EqualValues(t, "queue.clear.all", outdial.ActionQueueClearAll)
}
