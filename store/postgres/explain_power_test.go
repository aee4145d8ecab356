package postgres_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
)

// powerTables fill the power queue with the contacts of a campaign. One in two waits
// for later, at a priority above those that are due; each has had a call that is over,
// and its events; one in five hundred is in a call now. One agent in ten is ready.
var powerTables = []string{`
	UPDATE campaign_settings SET status = 'running'`, `
	INSERT INTO campaign_settings (campaign_id, created_at, status) VALUES ($1, $2, 'running') ON CONFLICT DO NOTHING`, `
	INSERT INTO campaign_queue (id, campaign_id, contact_id, status, priority, next_attempt_at, attempts, call_zone,
	                            lock_version, call_id, created_at, updated_at, launch_id)
	SELECT CAST(format('00000000-0000-7000-8005-%s', right(CAST(contact_id AS text), 12)) AS uuid), campaign_id, contact_id,
	       CASE WHEN n % 500 = 3 THEN 'ringing' ELSE 'queued' END, CASE WHEN n % 2 = 0 THEN 5 ELSE n % 3 END,
	       CAST($2 AS timestamptz) + CASE WHEN n % 2 = 0 THEN interval '1 hour' ELSE interval '-1 hour' END, 1, 'America/Chicago',
	       1, CAST(format('00000000-0000-7000-8006-%s', right(CAST(contact_id AS text), 12)) AS uuid), $2, $2, $1
	  FROM (SELECT campaign_id, contact_id, row_number() OVER (ORDER BY contact_id) AS n
	          FROM campaign_contacts WHERE campaign_id = $1) numbered`, `
	INSERT INTO call_attempts (id, campaign_id, item_id, claim_version, item_version, contact_id, phone, phone_key, attempt,
	                           claimed_at, placed_at, call_sid, ringing_at, ended_at, cause, outcome, settled_at, updated_at)
	SELECT q.call_id, q.campaign_id, q.id, 1, 1, q.contact_id, c.phone, c.phone_key, 1,
	       CAST($2 AS timestamptz) - interval '2 hours', CAST($2 AS timestamptz) - interval '2 hours', 'CA' || right(CAST(q.id AS text), 12), $2,
	       CASE WHEN q.status = 'queued' THEN CAST($2 AS timestamptz) END, 'busy',
	       CASE WHEN q.status = 'queued' THEN 'busy' END, CASE WHEN q.status = 'queued' THEN CAST($2 AS timestamptz) END, $2
	  FROM campaign_queue q JOIN contacts c ON c.id = q.contact_id
	 WHERE q.campaign_id = $1`, `
	INSERT INTO phone_holds (phone_key, campaign_id, call_id, held_at)
	SELECT phone_key, campaign_id, id, $2 FROM call_attempts WHERE settled_at IS NULL AND campaign_id = $1`, `
	-- Enough that a look at all of them is worth avoiding.
	INSERT INTO phone_holds (phone_key, campaign_id, call_id, held_at)
	SELECT 'of another ' || n || CAST(CAST($1 AS uuid) AS text), $1, $1, $2 FROM generate_series(1, 5000) AS n`, `
	INSERT INTO telephony_events (id, call_sid, event_type, event_seq, created_at, campaign_id, item_id, claim_version, call_id, occurred_at)
	SELECT CAST(format('00000000-0000-7000-8007-%s', right(CAST(id AS text), 12)) AS uuid), call_sid, 'ringing', 0, $2, campaign_id, item_id, 1, id, $2
	  FROM call_attempts WHERE campaign_id = $1`, `
	INSERT INTO agent_sessions (agent_id, campaign_id, state, since, expires_at)
	SELECT CAST(format('00000000-0000-7000-8008-%s', lpad(CAST(n AS text), 12, '0')) AS uuid), $1,
	       CASE WHEN n % 10 = 0 THEN 'ready' ELSE 'on_call' END, $2, CAST($2 AS timestamptz) + interval '1 minute'
	  FROM generate_series(1, CASE WHEN CAST($1 AS uuid) = '00000000-0000-7000-8000-00000000000a' THEN 5000 ELSE 0 END) AS n`,
}

// seedPower fills the power queue of a campaign whose contacts are there.
func seedPower(t *testing.T, db *sqlx.DB, campaign uuid.UUID) {
	t.Helper()
	for i, statement := range powerTables {
		args := []any{campaign, explainNow}
		if i == 0 {
			args = nil
		}
		_, err := db.ExecContext(t.Context(), statement, args...)
		require.NoError(t, err)
	}
}

// powerLimits are those of a claim that asks for everything.
var powerLimits = dialer.Limits{
	Open:           callwindow.Open{Zones: []string{"America/Chicago", "America/New_York"}},
	Caps:           []callwindow.Cap{{Attempts: 3, Within: 24 * time.Hour}, {Attempts: 7, Within: 7 * 24 * time.Hour}},
	AbandonedSince: explainNow.Add(-72 * time.Hour),
}

// ringing returns the live calls of the large campaign.
func ringing(t *testing.T, e *explained) []dialer.Call {
	t.Helper()
	live, err := e.store.ListCalls(t.Context(), dialer.ListCallsParams{CampaignID: largeCampaign, Unsettled: true, Limit: 100})
	require.NoError(t, err)
	require.NotEmpty(t, live.Calls)
	return live.Calls
}

func claim(t *testing.T, e *explained) []dialer.Call {
	t.Helper()
	claimed, err := e.store.ClaimCalls(t.Context(), dialer.ClaimParams{
		CampaignID: largeCampaign, Limit: 50, Limits: powerLimits, Now: explainNow,
	})
	require.NoError(t, err)
	require.Len(t, claimed.Calls, 50)
	return claimed.Calls
}

// powerStatements are those of the power queue that run all day.
func powerStatements() map[string]hot {
	const few = 3 * smallSize
	return map[string]hot{
		"a claim reads what is due, in its order": {
			index: "ix_campaign_queue_claim", rows: few, times: 10,
			without: "DROP INDEX ix_campaign_queue_claim",
			work: func(t *testing.T, e *explained, _ int) {
				t.Helper()
				claim(t, e)
			},
		},
		"a claim asks for the attempts of one phone": {
			index: "ix_call_attempts_phone", rows: few, times: 10,
			without: "DROP INDEX ix_call_attempts_phone",
			work: func(t *testing.T, e *explained, _ int) {
				t.Helper()
				claim(t, e)
			},
		},
		"a placement looks at one item": {
			index: "campaign_queue_pkey", rows: few,
			without: "ALTER TABLE campaign_queue DROP CONSTRAINT campaign_queue_pkey",
			work: func(t *testing.T, e *explained, _ int) {
				t.Helper()
				placed, err := e.store.PlaceCall(t.Context(), dialer.PlaceParams{
					CampaignID: largeCampaign, CallID: claim(t, e)[0].ID, Limits: powerLimits, Now: explainNow,
				})
				require.NoError(t, err)
				require.Empty(t, placed.Refusal)
			},
		},
		"an event finds its call by its name in the address": {
			index: "uq_call_attempts_ref", rows: few, times: 10,
			without: "DROP INDEX uq_call_attempts_ref",
			work: func(t *testing.T, e *explained, time int) {
				t.Helper()
				call := ringing(t, e)[time]
				result, err := e.store.RecordEvent(t.Context(), telephony.RecordParams{
					Event: telephony.Event{Ref: call.Ref, CallSID: call.CallSID, Type: telephony.TypeAnswered, Seq: 1}, At: explainNow, Now: explainNow,
				})
				require.NoError(t, err)
				require.False(t, result.Orphan)
			},
		},
		"an event finds its call by the carrier's name": {
			index: "ix_call_attempts_call_sid", rows: few, times: 10,
			without: "DROP INDEX ix_call_attempts_call_sid",
			work: func(t *testing.T, e *explained, time int) {
				t.Helper()
				call := ringing(t, e)[20+time]
				result, err := e.store.RecordEvent(t.Context(), telephony.RecordParams{
					Event: telephony.Event{CallSID: call.CallSID, Type: telephony.TypeAnswered, Seq: 1}, At: explainNow, Now: explainNow,
				})
				require.NoError(t, err)
				require.False(t, result.Orphan)
			},
		},
		"a sweep reads what is under way": {
			// The claims above have added to what is under way.
			index: "ix_call_attempts_live", rows: 10 * few,
			without: "DROP INDEX ix_call_attempts_live",
			work: func(t *testing.T, e *explained, _ int) {
				t.Helper()
				_, err := e.store.SweepCalls(t.Context(), dialer.SweepParams{
					UnplacedSince: explainNow.Add(-time.Minute), StuckSince: explainNow.Add(-time.Hour),
					TalkingSince: explainNow.Add(-time.Hour), Now: explainNow,
				})
				require.NoError(t, err)
			},
		},
		"an agent is reserved from those who are ready": {
			index: "ix_agent_sessions_idle", rows: few,
			without: "DROP INDEX ix_agent_sessions_idle",
			work: func(t *testing.T, e *explained, _ int) {
				t.Helper()
				_, err := e.store.ReserveAgent(t.Context(), presence.ReserveParams{
					CampaignID: largeCampaign, CallID: ringing(t, e)[40].ID, Now: explainNow,
				})
				require.NoError(t, err)
			},
		},
		"the events of an item are found by it": {
			index: "ix_telephony_events_item", rows: few,
			without: "DROP INDEX ix_telephony_events_item",
			work: func(t *testing.T, e *explained, _ int) {
				t.Helper()
				call := ringing(t, e)[50]
				list, err := e.store.ListEvents(t.Context(), telephony.ListParams{
					CampaignID: largeCampaign, ItemID: call.Ref.ItemID, Limit: 50,
				})
				require.NoError(t, err)
				require.NotEmpty(t, list.Events)
			},
		},
		"the dialer's counts read their own campaign": {
			index: "ix_campaign_queue_pull", rows: few,
			without: "DROP INDEX ix_campaign_queue_pull, ix_campaign_queue_claim, uq_campaign_queue_active, ix_campaign_queue_launch",
			work: func(t *testing.T, e *explained, _ int) {
				t.Helper()
				_, err := e.store.DialerStats(t.Context(), dialer.StatsParams{CampaignID: smallCampaign, Now: explainNow})
				require.NoError(t, err)
			},
		},
	}
}

func TestPowerQueueUsesItsIndexes(t *testing.T) {
	t.Parallel()
	seeded := database(t)
	plain := open(t, seeded.String())
	seedCampaigns(t, plain.DB(), 1)
	seedPower(t, plain.DB(), smallCampaign)
	seedPower(t, plain.DB(), largeCampaign)
	analyze(t, plain.DB())

	requireIndexes(t, explain(t, seeded), powerStatements())
}
