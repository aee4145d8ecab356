package bench_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/disposition"
)

func BenchmarkDispositions(b *testing.B) {
	each(b, func(b *testing.B, bed *bed) {
		const items = 200
		t := dispositions(b, bed, powerRounds, items)
		report(b,
			figure{"x-floor", t.ratio(ours, floor), ""},
			figure{"ms/disposition", milliseconds(t.median(ours)) / items, ""},
			figure{"floor-ms", milliseconds(t.median(floor)) / items, ""})
	})
}

// dispositionFloor are the four writes of a disposition that asks for another attempt,
// without a question asked.
var dispositionFloor = []string{
	`UPDATE floor_queue SET queue_state = 'queued', scheduled_for = :due, lock_version = lock_version + 1
	  WHERE campaign_id = :campaign AND id = :item AND lock_version = 0`,
	`UPDATE campaign_contacts SET attempts = attempts + 1, last_attempt_at = :now, next_attempt_at = :due
	  WHERE campaign_id = :campaign AND contact_id = :contact`,
	`INSERT INTO dispositions (id, campaign_id, contact_id, queue, item_id, lock_version, item_version, agent_id, actor_id, code,
	                           effect, outcome, attempt, before, fingerprint, response, recorded_at)
	 VALUES (:id, :campaign, :contact, 'agent', :item, 0, 1, :agent, :agent, 'no_answer',
	         'retry', 'no_answer', 1, '{}', 'floor', '{}', :now)`,
	`INSERT INTO audit_log (id, actor_id, action, target_type, target_id, meta, created_at)
	 VALUES (:id, :agent, 'disposition.record', 'queue_item', :item, '{}', :now)`,
}

// disposable is an item in progress.
type disposable struct {
	ID        uuid.UUID `db:"id"`
	ContactID uuid.UUID `db:"contact_id"`
}

// dispositions lets one agent record no_answer for item after item that is in progress.
func dispositions(tb testing.TB, b *bed, rounds, items int) times {
	tb.Helper()
	b.resetThen(func(tb testing.TB) {
		b.fillQueue(tb, "agent_queue", 1)
		b.fillQueue(tb, "floor_queue", 1)
	})(tb)
	b.forgetDispositions(tb)
	b.run(tb, []string{"UPDATE agent_queue SET queue_state = 'in_progress'", "UPDATE floor_queue SET queue_state = 'in_progress'"})
	b.run(tb, b.settle)
	rule, err := disposition.Map{}.Resolve(string(disposition.CodeNoAnswer))
	require.NoError(tb, err)
	// The floor's items are those of the contacts at the other end of the campaign, so
	// that both write contacts that nobody wrote before.
	var own, theirs []disposable
	require.NoError(tb, b.db.SelectContext(tb.Context(), &own, "SELECT id, contact_id FROM agent_queue ORDER BY contact_id"))
	require.NoError(tb, b.db.SelectContext(tb.Context(), &theirs, "SELECT id, contact_id FROM floor_queue ORDER BY contact_id DESC"))
	require.LessOrEqual(tb, 2*rounds*items, len(own))
	next := func(rows *[]disposable) disposable {
		taken := (*rows)[0]
		*rows = (*rows)[1:]
		return taken
	}
	statements := make([]*sqlx.NamedStmt, len(dispositionFloor))
	for i, text := range dispositionFloor {
		statements[i], err = b.db.PrepareNamedContext(tb.Context(), text)
		require.NoError(tb, err)
		defer statements[i].Close() //nolint:errcheck // the database goes away
	}
	measured := takeTurns(tb, rounds,
		contender{floor, nil, timed(func(tb testing.TB) {
			for range items {
				b.disposeBarely(tb, statements, next(&theirs))
			}
		})},
		contender{ours, nil, timed(func(tb testing.TB) {
			for range items {
				item := next(&own)
				result, err := b.store.RecordDisposition(tb.Context(), disposition.RecordParams{
					CampaignID: b.campaign, ItemID: item.ID, AgentID: agent(0), ActorID: agent(0),
					Rule: rule, Fingerprint: "bench", Now: start,
				})
				require.NoError(tb, err)
				require.Equal(tb, "queued", result.State)
			}
		})})
	require.Equal(tb, 2*rounds*items, b.count(tb, nil, "SELECT count(*) FROM dispositions WHERE code = 'no_answer'"))
	require.Equal(tb, 2*rounds*items, b.count(tb, nil, "SELECT count(*) FROM campaign_contacts WHERE attempts = 1"))
	for _, table := range []string{"agent_queue", "floor_queue"} {
		require.Equal(tb, rounds*items, b.count(tb, nil, "SELECT count(*) FROM "+table+" WHERE queue_state = 'queued' AND lock_version = 1"))
	}
	b.forgetDispositions(tb)
	return measured
}

// forgetDispositions leaves the campaign as if nobody had been called.
func (b *bed) forgetDispositions(tb testing.TB) {
	tb.Helper()
	b.run(tb, []string{
		"DELETE FROM dispositions",
		"UPDATE campaign_contacts SET attempts = 0, last_attempt_at = NULL, next_attempt_at = NULL WHERE attempts > 0",
	})
}

// disposeBarely makes the floor's writes in one transaction.
func (b *bed) disposeBarely(tb testing.TB, statements []*sqlx.NamedStmt, item disposable) {
	tb.Helper()
	id, err := outdial.NewID()
	require.NoError(tb, err)
	values := map[string]any{
		"id": id, "campaign": b.campaign, "item": item.ID, "contact": item.ContactID, "agent": agent(0),
		"now": b.at(start), "due": b.at(start.Add(lockFor)),
	}
	tx, err := b.db.BeginTxx(tb.Context(), nil)
	require.NoError(tb, err)
	for _, statement := range statements {
		_, err := tx.NamedStmtContext(tb.Context(), statement).ExecContext(tb.Context(), values)
		require.NoError(tb, err)
	}
	require.NoError(tb, tx.Commit())
}
