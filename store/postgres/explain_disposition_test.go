package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
)

// addHistory gives each of the campaign's contacts a disposition of yesterday, and an
// item in the power queue of another campaign.
const addHistory = `
	WITH items AS (
		INSERT INTO campaign_queue (id, campaign_id, contact_id, status, created_at, updated_at)
		SELECT gen_random_uuid(), CAST('00000000-0000-7000-8000-00000000000d' AS uuid), contact_id, 'queued', $2, $2
		  FROM campaign_contacts WHERE campaign_id = $1)
	INSERT INTO dispositions (id, campaign_id, contact_id, queue, item_id, lock_version, item_version, code, effect, outcome,
	                          attempt, recorded_at)
	SELECT gen_random_uuid(), campaign_id, contact_id, 'agent', gen_random_uuid(), 1, 2, 'busy', 'retry', 'busy',
	       1, CAST($2 AS timestamptz) - interval '20 hours'
	  FROM campaign_contacts WHERE campaign_id = $1`

// dispositionStatements are those of what agents record.
func dispositionStatements() map[string]hot {
	const few = 3 * smallSize
	disposing := func(agent int, code disposition.Code) func(*testing.T, *explained, int) {
		return func(t *testing.T, e *explained, time int) {
			t.Helper()
			pullAndDispose(t, e, agent+time, code)
		}
	}
	return map[string]hot{
		"a purge finds whom it is about in the agent queue": {
			index: "ix_agent_queue_contact", rows: few,
			without: "DROP INDEX ix_agent_queue_contact", work: disposing(301, disposition.CodeDoNotCall),
		},
		"a purge finds whom it is about in the power queue": {
			index: "ix_campaign_queue_contact", rows: few,
			without: "DROP INDEX ix_campaign_queue_contact", work: disposing(302, disposition.CodeInvalidNumber),
		},
		"a capped disposition reads what its contact has been through": {
			index: "ix_dispositions_contact", rows: few, times: 6,
			without: "DROP INDEX ix_dispositions_contact", work: disposing(310, disposition.CodeBusy),
		},
	}
}

// pullAndDispose lets an agent call and record, in a process that has caps.
func pullAndDispose(t *testing.T, e *explained, agent int, code disposition.Code) {
	t.Helper()
	result, err := e.store.PullItem(t.Context(), queue.PullParams{
		CampaignID: largeCampaign, AgentID: explainAgent(agent), LockFor: time.Minute, Now: explainNow,
	})
	require.NoError(t, err)
	rule, err := disposition.Map{}.Resolve(string(code))
	require.NoError(t, err)
	_, err = e.store.RecordDisposition(t.Context(), disposition.RecordParams{
		CampaignID: largeCampaign, ItemID: result.Item.ID, LockVersion: result.Item.LockVersion, ActorID: explainActor,
		Rule: rule, Policy: dialer.RetryPolicy{MaxVoicemails: 2, MaxPerDay: 2}, Fingerprint: "asked", Now: explainNow,
	})
	require.NoError(t, err)
}
