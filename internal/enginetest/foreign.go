package enginetest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/store"
)

// ForeignItems proves that a sweep puts back what another program, which keeps no
// calls, left in the power queue: once it is as old as a stuck call, and not before.
// at is a time as the engine stores it.
func ForeignItems(t *testing.T, st store.Store, at func(time.Time) any) {
	t.Helper()
	db := pool(t, st)
	campaign, now := uuid.New(), time.Date(2026, time.March, 2, 15, 0, 0, 0, time.UTC)
	stuckSince := now.Add(-10 * time.Minute)
	want := map[uuid.UUID]dialer.State{}
	for _, left := range []struct {
		status, becomes dialer.State
		updated         time.Time
	}{
		{dialer.StateDialing, dialer.StateQueued, stuckSince.Add(-time.Microsecond)},
		{dialer.StateRinging, dialer.StateQueued, stuckSince.Add(-time.Hour)},
		{dialer.StateDialing, dialer.StateDialing, stuckSince},
		// Nobody knows since when, so that it may be in a call.
		{dialer.StateDialing, dialer.StateDialing, time.Time{}},
		{dialer.StateUnknown, dialer.StateUnknown, stuckSince.Add(-time.Hour)},
		{dialer.StateCompleted, dialer.StateCompleted, stuckSince.Add(-time.Hour)},
	} {
		id := uuid.New()
		_, err := sqlx.NamedExecContext(t.Context(), db, `INSERT INTO campaign_queue (id, campaign_id, contact_id, status, updated_at)
			VALUES (:id, :campaign, :contact, :status, :updated)`, map[string]any{
			"id": id, "campaign": campaign, "contact": uuid.New(), "status": string(left.status), "updated": at(left.updated),
		})
		require.NoError(t, err)
		want[id] = left.becomes
	}
	swept, err := st.SweepCalls(t.Context(), dialer.SweepParams{
		UnplacedSince: stuckSince, StuckSince: stuckSince, TalkingSince: stuckSince, Now: now,
	})
	require.NoError(t, err)
	require.Equal(t, dialer.SweepResult{Returned: 2}, swept)
	listed, err := st.ListCallItems(t.Context(), dialer.ListItemsParams{CampaignID: campaign, Limit: 100})
	require.NoError(t, err)
	got := map[uuid.UUID]dialer.State{}
	for _, item := range listed.Items {
		got[item.ID] = item.State
	}
	require.Equal(t, want, got)
}
