package postgres_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// addList puts as many numbers that nobody has on the list, with their events, as the
// large campaign has contacts. A worker has seen all of them.
const addList = `
	WITH listed AS (
		INSERT INTO suppressions (id, kind, value, value_key, source, created_by, created_at)
		SELECT CAST(format('00000000-0000-7000-8005-%s', lpad(CAST(n AS text), 12, '0')) AS uuid),
		       'phone', '+1212' || lpad(CAST(n AS text), 7, '0'), '+1212' || lpad(CAST(n AS text), 7, '0'),
		       'import', $2, $3
		  FROM generate_series(1, CAST($1 AS integer)) AS n
		RETURNING *),
	numbered AS (
		INSERT INTO suppression_events (id, kind, value, value_key, source, created_at, campaign_id, action, number)
		SELECT id, kind, value, value_key, source, created_at, campaign_id, 'add', row_number() OVER (ORDER BY id) FROM listed),
	followed AS (INSERT INTO suppression_cursors (name, number) VALUES ('purge', $1))
	UPDATE suppression_feed SET number = $1`

// suppressionStatements are those that ask the list and follow it.
func suppressionStatements() map[string]hot {
	const few = 3 * smallSize
	// Each time it is somebody else's turn to be called no more.
	number := smallSize + largeSize*7/10
	purging := func(t *testing.T, e *explained, _ int) {
		t.Helper()
		number++
		_, err := e.store.AddSuppressions(t.Context(), suppression.AddParams{
			Entries: []suppression.Entry{suppression.NewPhone(outdial.Phone(phoneOf(number)))}, ActorID: explainActor, Now: explainNow,
		})
		require.NoError(t, err)
		result, err := e.store.PurgeSuppressed(t.Context(), suppression.PurgeParams{
			Cursor: "purge", Events: 100, Items: 100, Now: explainNow,
		})
		require.NoError(t, err)
		require.Positive(t, result.AgentItems)
		require.Positive(t, result.PowerItems)
	}
	return map[string]hot{
		"a worker finds whom an event is about in the agent queue": {
			index: "ix_agent_queue_contact", rows: few,
			without: "DROP INDEX ix_agent_queue_contact", work: purging,
		},
		"a worker finds whom an event is about in the power queue": {
			index: "ix_campaign_queue_contact", rows: few,
			without: "DROP INDEX ix_campaign_queue_contact", work: purging,
		},
		"a worker finds whose number an event is about": {
			index: "ix_contacts_phone_key", rows: few,
			without: "DROP INDEX ix_contacts_phone_key", work: purging,
		},
		"a worker reads the feed from where it is": {
			index: "uq_suppression_events_number", rows: few,
			without: "DROP INDEX uq_suppression_events_number", work: purging,
		},
		"a filter reads the feed from where it is": {
			index: "uq_suppression_events_number", rows: few, times: 6,
			without: "DROP INDEX uq_suppression_events_number",
			work: func(t *testing.T, e *explained, _ int) {
				t.Helper()
				_, err := e.store.SuppressionHead(t.Context())
				require.NoError(t, err)
				result, err := e.store.FollowSuppressions(t.Context(), suppression.FollowParams{Limit: 10})
				require.NoError(t, err)
				require.True(t, result.More)
			},
		},
		"a check of many looks each of them up": {
			index: "uq_suppressions", rows: few, times: 6,
			without: "DROP INDEX uq_suppressions",
			work: func(t *testing.T, e *explained, _ int) {
				t.Helper()
				var targets []suppression.Target
				for n := range 100 {
					targets = append(targets, suppression.PhoneTarget(outdial.Phone(fmt.Sprintf("+1212%07d", 777*n+1))))
				}
				result, err := e.store.MatchSuppressions(t.Context(), suppression.MatchParams{Targets: targets, Now: explainNow})
				require.NoError(t, err)
				require.Len(t, result.Indexes, len(targets))
			},
		},
		"a check of one looks it up": {
			index: "uq_suppressions", rows: few, times: 6,
			without: "DROP INDEX uq_suppressions",
			work: func(t *testing.T, e *explained, _ int) {
				t.Helper()
				result, err := e.store.FindSuppressions(t.Context(), suppression.FindParams{
					Targets: []suppression.Target{suppression.PhoneTarget("+12120000001")}, Now: explainNow,
				})
				require.NoError(t, err)
				require.Len(t, result.Entries, 1)
			},
		},
		"a campaign's own entries are found among all": {
			index: "ix_suppressions_campaign", rows: few,
			without: "DROP INDEX ix_suppressions_campaign",
			work: func(t *testing.T, e *explained, _ int) {
				t.Helper()
				result, err := e.store.ListSuppressions(t.Context(), suppression.ListParams{
					CampaignID: largeCampaign, Limit: 10, Now: explainNow,
				})
				require.NoError(t, err)
				require.Empty(t, result.Entries)
			},
		},
	}
}
