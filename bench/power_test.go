package bench_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/telephony"
)

const powerRounds = 9

func BenchmarkEvents1Writer(b *testing.B)  { benchmarkEvents(b, 1) }
func BenchmarkEvents8Writers(b *testing.B) { benchmarkEvents(b, 8) }

func benchmarkEvents(b *testing.B, writers int) {
	b.Helper()
	each(b, func(b *testing.B, bed *bed) {
		const calls = 160
		t := events(b, bed, powerRounds, writers, calls)
		perTurn := float64(calls * len(script))
		report(b,
			figure{"x-floor", t.ratio(ours, floor), ""},
			figure{"events/s", perTurn / t.median(ours).Seconds(), ""},
			figure{"floor-events/s", perTurn / t.median(floor).Seconds(), ""})
	})
}

func BenchmarkNextDials(b *testing.B) {
	each(b, func(b *testing.B, bed *bed) {
		const claims = 20
		t := dials(b, bed, powerRounds, claims)
		report(b,
			figure{"x-floor", t.ratio(ours, floor), ""},
			figure{"x-floor-with-same-writes", t.ratio(ours, plainFloor), ""},
			figure{"ms/claim-of-50", milliseconds(t.median(ours)) / claims, ""},
			figure{"floor-ms", milliseconds(t.median(floor)) / claims, ""})
	})
}

// powerFloors are the barest statements that do what the power queue does.
type powerFloors struct {
	// schema makes the tables, with the indexes that the library's have.
	schema []string
	// event keeps an event once.
	event string
	// claim takes the next items, and nothing else.
	claim string
}

var powerFloorsOf = map[string]powerFloors{
	"postgres": {
		schema: []string{
			`CREATE TABLE IF NOT EXISTS floor_events (id uuid PRIMARY KEY, call_sid text, event_type text, event_seq integer, payload jsonb, created_at timestamptz)`,
			`CREATE UNIQUE INDEX IF NOT EXISTS uq_floor_events ON floor_events (call_sid, event_type, event_seq)`,
			`CREATE TABLE IF NOT EXISTS floor_calls (LIKE campaign_queue INCLUDING ALL)`,
			`CREATE TABLE IF NOT EXISTS floor_attempts (LIKE call_attempts INCLUDING ALL)`,
			`CREATE TABLE IF NOT EXISTS floor_holds (LIKE phone_holds INCLUDING ALL)`,
		},
		event: `INSERT INTO floor_events (id, call_sid, event_type, event_seq, payload, created_at)
			VALUES ($1, $2, $3, 0, $4, $5) ON CONFLICT (call_sid, event_type, event_seq) DO NOTHING`,
		claim: `WITH due AS MATERIALIZED (
				SELECT id FROM floor_calls
				 WHERE campaign_id = $1 AND status = 'queued' AND COALESCE(next_attempt_at, '-infinity'::timestamptz) <= $2
				 ORDER BY priority DESC, COALESCE(next_attempt_at, '-infinity'::timestamptz), id
				 LIMIT 50 FOR UPDATE SKIP LOCKED)
			UPDATE floor_calls q SET status = 'dialing', lock_version = lock_version + 1, updated_at = $2
			  FROM due WHERE q.id = due.id
			RETURNING q.id, q.contact_id`,
	},
	"sqlite": {
		schema: []string{
			`CREATE TABLE IF NOT EXISTS floor_events (id TEXT PRIMARY KEY, call_sid TEXT, event_type TEXT, event_seq INTEGER, payload TEXT, created_at INTEGER)`,
			`CREATE UNIQUE INDEX IF NOT EXISTS uq_floor_events ON floor_events (call_sid, event_type, event_seq)`,
			`CREATE TABLE IF NOT EXISTS floor_calls (id TEXT PRIMARY KEY, campaign_id TEXT NOT NULL, contact_id TEXT NOT NULL, status TEXT NOT NULL,
				priority INTEGER, next_attempt_at INTEGER, lock_version INTEGER NOT NULL DEFAULT 0, created_at INTEGER, updated_at INTEGER)`,
			`CREATE UNIQUE INDEX IF NOT EXISTS uq_floor_calls_active ON floor_calls (campaign_id, contact_id) WHERE status NOT IN ('completed', 'failed')`,
			`CREATE INDEX IF NOT EXISTS ix_floor_calls_pull ON floor_calls (campaign_id, status, next_attempt_at, priority DESC)`,
			`CREATE INDEX IF NOT EXISTS ix_floor_calls_claim ON floor_calls (campaign_id, priority DESC, COALESCE(next_attempt_at, 0), id) WHERE status = 'queued'`,
			`CREATE TABLE IF NOT EXISTS floor_attempts (id TEXT PRIMARY KEY, campaign_id TEXT NOT NULL, item_id TEXT NOT NULL, claim_version INTEGER NOT NULL,
				item_version INTEGER NOT NULL, contact_id TEXT NOT NULL, phone TEXT NOT NULL, phone_key TEXT NOT NULL,
				claimed_at INTEGER NOT NULL, placed_at INTEGER, settled_at INTEGER, updated_at INTEGER NOT NULL)`,
			`CREATE UNIQUE INDEX IF NOT EXISTS uq_floor_attempts_ref ON floor_attempts (campaign_id, item_id, claim_version)`,
			`CREATE INDEX IF NOT EXISTS ix_floor_attempts_phone ON floor_attempts (phone_key, placed_at)`,
			`CREATE INDEX IF NOT EXISTS ix_floor_attempts_live ON floor_attempts (campaign_id, id) WHERE settled_at IS NULL`,
			`CREATE TABLE IF NOT EXISTS floor_holds (phone_key TEXT PRIMARY KEY, campaign_id TEXT NOT NULL, call_id TEXT NOT NULL, held_at INTEGER NOT NULL)`,
		},
		event: `INSERT INTO floor_events (id, call_sid, event_type, event_seq, payload, created_at)
			VALUES (?, ?, ?, 0, ?, ?) ON CONFLICT (call_sid, event_type, event_seq) DO NOTHING`,
		claim: `UPDATE floor_calls SET status = 'dialing', lock_version = lock_version + 1, updated_at = ?2
			 WHERE id IN (SELECT id FROM floor_calls
			               WHERE campaign_id = ?1 AND status = 'queued' AND COALESCE(next_attempt_at, 0) <= ?2
			               ORDER BY priority DESC, COALESCE(next_attempt_at, 0), id LIMIT 50)
			RETURNING id, contact_id`,
	},
}

// everywhere is a claim's limits where nothing is closed, and every other question is
// asked.
var everywhere = dialer.Limits{
	Open:           callwindow.Open{Everywhere: true},
	Caps:           []callwindow.Cap{{Attempts: 3, Within: 24 * time.Hour}},
	AbandonedSince: start.Add(-72 * time.Hour),
}

// fillPower empties both queues and puts the whole campaign into the power queue and
// into the floor's.
func (b *bed) fillPower(tb testing.TB) {
	tb.Helper()
	floors := powerFloorsOf[b.name]
	b.run(tb, floors.schema)
	b.run(tb, b.reset)
	b.emptyPower(tb)
	b.run(tb, []string{"UPDATE campaign_settings SET status = 'running'"})
	result, err := b.store.EnqueueCalls(tb.Context(), dialer.EnqueueParams{
		CampaignID: b.campaign, ActorID: actor, Now: start,
		Provenance: outdial.Provenance{By: "system", Reason: outdial.ReasonCampaignAudience},
	})
	require.NoError(tb, err)
	require.Equal(tb, b.contacts, result.Enqueued)
	b.run(tb, []string{`INSERT INTO floor_calls (id, campaign_id, contact_id, status, priority, next_attempt_at, lock_version, created_at, updated_at)
		SELECT id, campaign_id, contact_id, status, priority, next_attempt_at, lock_version, created_at, updated_at FROM campaign_queue`})
	b.run(tb, b.settle)
}

// emptyPower empties the power queue. What were left of it would keep phones from
// whoever measures pulls next.
func (b *bed) emptyPower(tb testing.TB) {
	tb.Helper()
	for _, table := range []string{
		"campaign_queue", "call_attempts", "phone_holds", "telephony_events", "floor_calls", "floor_attempts", "floor_holds", "floor_events",
	} {
		b.run(tb, []string{"DELETE FROM " + table})
	}
	b.run(tb, []string{"UPDATE campaign_contacts SET next_attempt_at = NULL, finished_at = NULL, finish_reason = NULL, attempts = 0"})
}

// script is what carriers report of a call that is answered and talked through.
var script = []telephony.Type{
	telephony.TypeInitiated, telephony.TypeRinging, telephony.TypeAnswered,
	telephony.TypeAMD, telephony.TypeConnected, telephony.TypeEnded,
}

// events lets so many writers report everything that happens to new calls, and the
// floor keep as many events.
func events(tb testing.TB, b *bed, rounds, writers, calls int) times {
	tb.Helper()
	b.fillPower(tb)
	defer b.emptyPower(tb)
	keep, err := b.db.PreparexContext(tb.Context(), powerFloorsOf[b.name].event)
	require.NoError(tb, err)
	defer keep.Close() //nolint:errcheck // only read
	var live []dialer.Call
	kept := 0
	t := takeTurns(tb, rounds,
		contender{floor, nil, timed(func(tb testing.TB) {
			var writer sync.Mutex
			kept++
			spread(writers, calls, func(number int) {
				for _, event := range script {
					id, err := outdial.NewID()
					if err == nil {
						err = b.floorEvent(tb, &writer, keep, id, fmt.Sprintf("F%d.%d", kept, number), event)
					}
					if err != nil {
						tb.Errorf("keep: %v", err)
					}
				}
			})
		})},
		contender{ours, func(tb testing.TB) { live = b.place(tb, calls) }, timed(func(tb testing.TB) {
			spread(writers, calls, func(number int) {
				call := live[number]
				for _, event := range script {
					if err := b.report(tb, call, event); err != nil {
						tb.Errorf("record: %v", err)
					}
				}
			})
		})})
	require.Equal(tb, rounds*calls, b.count(tb, nil, "SELECT count(*) FROM campaign_queue WHERE status = 'completed'"))
	for _, table := range []string{"telephony_events", "floor_events"} {
		require.Equal(tb, rounds*calls*len(script), b.count(tb, nil, "SELECT count(*) FROM "+table))
	}
	return t
}

var payload = []byte(`{"CallStatus":"ringing","Direction":"outbound-api","SequenceNumber":"1"}`)

func (b *bed) floorEvent(tb testing.TB, writer *sync.Mutex, keep *sqlx.Stmt, id uuid.UUID, sid string, event telephony.Type) error {
	if b.oneWriter {
		writer.Lock()
		defer writer.Unlock()
	}
	_, err := keep.ExecContext(tb.Context(), id, sid, string(event), string(payload), b.at(start))
	return err
}

func (b *bed) report(tb testing.TB, call dialer.Call, event telephony.Type) error {
	e := telephony.Event{Ref: call.Ref, CallSID: call.CallSID, Type: event, Payload: payload, Source: "bench"}
	switch event {
	case telephony.TypeAMD:
		e.AMD = dialer.AMDHuman
	case telephony.TypeEnded:
		e.Cause = dialer.CauseCompleted
	}
	_, err := b.store.RecordEvent(tb.Context(), telephony.RecordParams{Event: e, At: start, Now: start})
	return err
}

// place claims and places so many calls, and gives them their names.
func (b *bed) place(tb testing.TB, calls int) []dialer.Call {
	tb.Helper()
	claimed := b.claimCalls(tb, calls)
	require.Len(tb, claimed, calls)
	for i, call := range claimed {
		_, err := b.store.PlaceCall(tb.Context(), dialer.PlaceParams{
			CampaignID: b.campaign, CallID: call.ID, Limits: everywhere, Now: start,
		})
		require.NoError(tb, err)
		claimed[i].CallSID = "CA" + call.ID.String()
		_, err = b.store.RecordCall(tb.Context(), dialer.RecordCallParams{
			CampaignID: b.campaign, CallID: call.ID, CallSID: claimed[i].CallSID, Now: start,
		})
		require.NoError(tb, err)
	}
	return claimed
}

func (b *bed) claimCalls(tb testing.TB, limit int) []dialer.Call {
	tb.Helper()
	claimed, err := b.store.ClaimCalls(tb.Context(), dialer.ClaimParams{
		CampaignID: b.campaign, Limit: limit, Limits: everywhere, Now: start,
	})
	require.NoError(tb, err)
	return claimed.Calls
}

// spread shares so many numbers out to so many goroutines.
func spread(writers, numbers int, work func(number int)) {
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			for number := writer; number < numbers; number += writers {
				work(number)
			}
		})
	}
	all.Wait()
}

// dials claims fifty items at a time from the whole campaign. The second floor also
// writes a call and a hold for each, as the library does, in one transaction.
func dials(tb testing.TB, b *bed, rounds, claims int) times {
	tb.Helper()
	b.fillPower(tb)
	defer b.emptyPower(tb)
	const batch = 50
	claims = min(claims, b.contacts/rounds/batch/2)
	bare := func(tb testing.TB, tx sqlx.ExtContext) []uuid.UUID {
		tb.Helper()
		var rows []struct {
			ID        uuid.UUID `db:"id"`
			ContactID uuid.UUID `db:"contact_id"`
		}
		require.NoError(tb, sqlx.SelectContext(tb.Context(), tx, &rows, powerFloorsOf[b.name].claim, b.campaign, b.at(start)))
		require.Len(tb, rows, batch)
		ids := make([]uuid.UUID, len(rows))
		for i, row := range rows {
			ids[i] = row.ID
		}
		return ids
	}
	t := takeTurns(tb, rounds,
		contender{floor, nil, timed(func(tb testing.TB) {
			for range claims {
				bare(tb, b.db)
			}
		})},
		contender{plainFloor, nil, timed(func(tb testing.TB) {
			for range claims {
				tx, err := b.db.BeginTxx(tb.Context(), nil)
				require.NoError(tb, err)
				b.writeFloorCalls(tb, tx, bare(tb, tx))
				require.NoError(tb, tx.Commit())
			}
		})},
		contender{ours, nil, timed(func(tb testing.TB) {
			for range claims {
				require.Len(tb, b.claimCalls(tb, batch), batch)
			}
		})})
	require.Equal(tb, rounds*claims*batch, b.count(tb, nil, "SELECT count(DISTINCT contact_id) FROM call_attempts"))
	return t
}

// writeFloorCalls writes a call and a hold for each item, in two statements.
func (b *bed) writeFloorCalls(tb testing.TB, tx *sqlx.Tx, items []uuid.UUID) {
	tb.Helper()
	query, args, err := sqlx.In(`INSERT INTO floor_attempts (id, campaign_id, item_id, claim_version, item_version, contact_id, phone, phone_key, claimed_at, updated_at)
		SELECT q.id, q.campaign_id, q.id, q.lock_version, q.lock_version, q.contact_id, c.phone, c.phone_key, q.updated_at, q.updated_at
		  FROM floor_calls q JOIN contacts c ON c.id = q.contact_id WHERE q.id IN (?)`, items)
	require.NoError(tb, err)
	_, err = tx.ExecContext(tb.Context(), tx.Rebind(query), args...)
	require.NoError(tb, err)
	query, args, err = sqlx.In(`INSERT INTO floor_holds (phone_key, campaign_id, call_id, held_at)
		SELECT phone_key, campaign_id, id, claimed_at FROM floor_attempts WHERE id IN (?)`, items)
	require.NoError(tb, err)
	_, err = tx.ExecContext(tb.Context(), tx.Rebind(query), args...)
	require.NoError(tb, err)
}
