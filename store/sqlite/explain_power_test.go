package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// powerTables fill the power queue with the contacts of a campaign. One in two waits
// for later, at a priority above those that are due; each has had a call that is over,
// and its event; one in five hundred is in a call now. One agent in ten is ready.
var powerTables = []string{`
	INSERT INTO campaign_queue (id, campaign_id, contact_id, status, priority, next_attempt_at, call_zone, lock_version,
	                            call_id, launch_id, created_at, updated_at)
	SELECT 'i' || contact_id, campaign_id, contact_id, CASE WHEN n % 500 = 3 THEN 'ringing' ELSE 'queued' END,
	       CASE WHEN n % 2 = 0 THEN 5 ELSE n % 3 END, :now + CASE WHEN n % 2 = 0 THEN 3600000000 ELSE -3600000000 END,
	       'America/Chicago', 1, 'c' || contact_id, :campaign, :now, :now
	  FROM (SELECT campaign_id, contact_id, row_number() OVER (ORDER BY contact_id) AS n
	          FROM campaign_contacts WHERE campaign_id = :campaign)`, `
	INSERT INTO call_attempts (id, campaign_id, item_id, claim_version, item_version, contact_id, phone, phone_key,
	                           claimed_at, placed_at, call_sid, settled_at, updated_at)
	SELECT q.call_id, q.campaign_id, q.id, 1, 1, q.contact_id, c.phone, c.phone_key, :now, :now, 's' || q.id,
	       CASE WHEN q.status = 'queued' THEN :now END, :now
	  FROM campaign_queue q JOIN contacts c ON c.id = q.contact_id
	 WHERE q.campaign_id = :campaign`, `
	INSERT INTO phone_holds (phone_key, campaign_id, call_id, held_at)
	SELECT phone_key, campaign_id, id, :now FROM call_attempts WHERE settled_at IS NULL AND campaign_id = :campaign`, `
	INSERT INTO telephony_events (id, call_sid, event_type, created_at, campaign_id, item_id, claim_version, call_id)
	SELECT 'e' || id, call_sid, 'ringing', :now, campaign_id, item_id, 1, id FROM call_attempts WHERE campaign_id = :campaign`, `
	INSERT INTO agent_sessions (agent_id, campaign_id, state, since, expires_at)
	SELECT 'a' || contact_id, campaign_id, CASE WHEN rowid % 10 = 0 THEN 'ready' ELSE 'on_call' END, :now, :now
	  FROM campaign_contacts WHERE campaign_id = :campaign`,
}

func seedPower(t *testing.T, db *sqlx.DB) {
	t.Helper()
	for _, campaign := range []string{smallCampaign, largeCampaign} {
		for _, statement := range powerTables {
			_, err := db.NamedExecContext(t.Context(), statement, map[string]any{"campaign": campaign, "now": explainNow.UnixMicro()})
			require.NoError(t, err)
		}
	}
}

// powerStatements are those of the power queue that run all day.
var powerStatements = []hot{
	{query: "first_level", searches: []string{"ix_campaign_queue_claim"}, dropped: []string{"ix_campaign_queue_claim"}},
	{query: "next_level", searches: []string{"ix_campaign_queue_claim"}, dropped: []string{"ix_campaign_queue_claim"}},
	{
		query: "due_calls", searches: []string{
			"ix_campaign_queue_claim", "ix_call_attempts_phone", "uq_agent_queue_active", "ix_agent_queue_contact", "ix_contacts_phone_key",
		},
		dropped: []string{"ix_campaign_queue_claim", "ix_call_attempts_phone", "ix_contacts_phone_key"},
	},
	{query: "lock_call_by_ref", searches: []string{"uq_call_attempts_ref"}, dropped: []string{"uq_call_attempts_ref"}},
	{query: "lock_call_by_sid", searches: []string{"ix_call_attempts_call_sid"}, sorts: true, dropped: []string{"ix_call_attempts_call_sid"}},
	{query: "list_orphans_of_call", searches: []string{"ix_telephony_events_orphans"}, sorts: true},
	{query: "dialer_counts", searches: []string{"ix_campaign_queue_pull"}, dropped: []string{"ix_campaign_queue_pull"}},
	{query: "return_foreign_items", searches: []string{"ix_campaign_queue_live"}, dropped: []string{"ix_campaign_queue_live"}},
	{query: "pick_agent", searches: []string{"ix_agent_sessions_idle"}, dropped: []string{"ix_agent_sessions_idle"}},
	{query: "move_call_item", searches: []string{"sqlite_autoindex_campaign_queue_1"}},
	{query: "revive_call_item", searches: []string{"sqlite_autoindex_campaign_queue_1", "uq_campaign_queue_active"}},
}

func TestPowerQueueUsesItsIndexes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outdial.db")
	st := open(t, path)
	seedCampaigns(t, st.DB())
	seedPower(t, st.DB())
	requireIndexes(t, newPlanner(t, path), powerStatements)
}
