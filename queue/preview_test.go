package queue_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/queue"
)

// planned is the preview of a plan.
func planned(t *testing.T, plan queue.ReplaceResult) queue.Preview {
	t.Helper()
	service, bundle := setup(t)
	bundle.store.replace = plan
	preview, err := service.Preview(t.Context(), agent(), queue.ReplaceRequest{CampaignID: campaignID, AgentID: agentID})
	require.NoError(t, err)
	return preview
}

func TestPreviewCountsWhoMayBeCalled(t *testing.T) {
	t.Parallel()

	// Whoever is left out for one of these may be called, by another agent or when
	// there is room.
	const may, mayNot = 10, 7
	eligible := map[queue.SkipReason]int{
		queue.SkipInvalid: mayNot, queue.SkipNoPhone: mayNot, queue.SkipOptedOut: mayNot, queue.SkipSuppressed: mayNot,
		queue.SkipFinished: mayNot, queue.SkipCoolingDown: mayNot,
		queue.SkipCollision: may, queue.SkipAccountCap: may, queue.SkipQueueFull: may,
	}
	require.Len(t, eligible, len(queue.SkipReasons()), "every reason has its row")
	for reason, want := range eligible {
		what := " may not"
		if want == may {
			what = " may"
		}
		t.Run("those left out as "+string(reason)+what, func(t *testing.T) {
			t.Parallel()

			skips := queue.NewSkips()
			skips[reason] = 3
			preview := planned(t, queue.ReplaceResult{Audience: 20, Matched: 10, Assigned: 6, MatchedKept: 1, Skipped: skips})
			require.Equal(t, want, preview.Eligible)
			require.Equal(t, 10, preview.Matched)
			require.Equal(t, 20, preview.Audience)
		})
	}
	t.Run("nobody may when nobody matched", func(t *testing.T) {
		t.Parallel()

		preview := planned(t, queue.ReplaceResult{Audience: 20, Skipped: queue.NewSkips()})
		require.Zero(t, preview.Matched)
		require.Zero(t, preview.Eligible)
	})
	t.Run("whom a store leaves out for nothing it names may", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, 10, planned(t, queue.ReplaceResult{Matched: 10, Assigned: 10}).Eligible)
	})
}

func TestPreviewAddsUpWhateverThePlan(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(rt *rapid.T) {
		count := rapid.IntRange(0, 100_000)
		plan := queue.ReplaceResult{
			Assigned: count.Draw(rt, "assigned"), MatchedKept: count.Draw(rt, "kept"), Skipped: queue.NewSkips(),
		}
		for _, reason := range queue.SkipReasons() {
			plan.Skipped[reason] = count.Draw(rt, string(reason))
		}
		plan.Matched = plan.MatchedKept + plan.Assigned + plan.Skipped.Total()
		plan.Audience = plan.Matched + count.Draw(rt, "others")

		preview := planned(t, plan)
		require.Equal(rt, preview.MatchedKept+preview.ToAssign+preview.ToSkip[queue.SkipCollision]+
			preview.ToSkip[queue.SkipAccountCap]+preview.ToSkip[queue.SkipQueueFull], preview.Eligible)
		require.LessOrEqual(rt, preview.Eligible, preview.Matched)
		require.LessOrEqual(rt, preview.Matched, preview.Audience)
	})
}
