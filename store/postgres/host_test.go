package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// host is a program that shares the database with the library and knows nothing
// of it but the tables and the three SQL functions.
type host struct{ *sqlx.DB }

// newHost connects to a database with lib/pq.
func newHost(t testing.TB, address string) host {
	t.Helper()
	db, err := sqlx.Open("postgres", address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return host{db}
}

// newMigratedHost connects to a migrated and empty database of its own.
func newMigratedHost(t testing.TB) host {
	t.Helper()
	return newHost(t, database(t).String())
}

func (h host) exec(t require.TestingT, query string, args ...any) {
	_, err := h.ExecContext(context.Background(), query, args...)
	require.NoError(t, err, query)
}

func (h host) number(t require.TestingT, query string, args ...any) int {
	var number int
	require.NoError(t, h.GetContext(context.Background(), &number, query, args...), query)
	return number
}

// text returns the one value of a query, or nothing where it is null.
func (h host) text(t require.TestingT, query string, args ...any) string {
	var text *string
	require.NoError(t, h.GetContext(context.Background(), &text, query, args...), query)
	if text == nil {
		return ""
	}
	return *text
}

// person is a contact as a host writes it, with its place in a campaign. The zero
// values are a contact who may be called.
type person struct {
	ID            uuid.UUID  `json:"id"`
	AccountID     *uuid.UUID `json:"account_id"`
	FirstName     string     `json:"first_name"`
	Phone         string     `json:"phone"`
	Email         *string    `json:"email"`
	Invalid       bool       `json:"invalid"`
	OptedOut      bool       `json:"is_opted_out"`
	Priority      int        `json:"priority"`
	NextAttemptAt *time.Time `json:"next_attempt_at"`
	FinishedAt    *time.Time `json:"finished_at"`
}

// lastNumber makes every phone somebody else's, since suppression is global.
var lastNumber atomic.Int64

func newPerson(firstName string) person {
	return person{ID: uuid.New(), FirstName: firstName, Phone: fmt.Sprintf("+1504%07d", lastNumber.Add(1))}
}

func newPeople(n int, firstName string) []person {
	people := make([]person, n)
	for i := range people {
		people[i] = newPerson(firstName)
	}
	return people
}

func contactIDs(people []person) []uuid.UUID {
	ids := make([]uuid.UUID, len(people))
	for i, who := range people {
		ids[i] = who.ID
	}
	return ids
}

// add writes people into the host's tables and into campaigns.
func (h host) add(t require.TestingT, people []person, campaignIDs ...uuid.UUID) {
	encoded, err := json.Marshal(people)
	require.NoError(t, err)
	h.exec(t, `INSERT INTO contacts (id, account_id, first_name, phone, email, is_valid, is_opted_out)
		SELECT id, account_id, first_name, NULLIF(phone, ''), email, NOT invalid, is_opted_out
		  FROM jsonb_to_recordset(CAST($1 AS jsonb)) AS r (id uuid, account_id uuid, first_name text, phone text,
		       email text, invalid boolean, is_opted_out boolean)`, string(encoded))
	for _, campaignID := range campaignIDs {
		h.exec(t, `INSERT INTO campaign_contacts (campaign_id, contact_id, priority, next_attempt_at, finished_at)
			SELECT $2, id, priority, next_attempt_at, finished_at
			  FROM jsonb_to_recordset(CAST($1 AS jsonb)) AS r (id uuid, priority integer,
			       next_attempt_at timestamptz, finished_at timestamptz)`, string(encoded), campaignID)
	}
}

// give writes rows of the agent queue.
func (h host) give(t require.TestingT, campaignID, agentID uuid.UUID, state string, people ...person) {
	encoded, err := json.Marshal(contactIDs(people))
	require.NoError(t, err)
	h.exec(t, `INSERT INTO agent_queue (campaign_id, agent_id, contact_id, queue_state, queued_at)
		SELECT $2, $3, id::uuid, $4, now() FROM jsonb_array_elements_text(CAST($1 AS jsonb)) AS r (id)`,
		string(encoded), campaignID, agentID, state)
}

// counts is what the function queue_replace returns.
type counts struct {
	Released int `json:"released"`
	Assigned int `json:"assigned"`
	Skipped  int `json:"skipped_due_to_collision"`
}

// replace calls queue_replace as node-postgres does: every value as untyped text.
// Missing arguments at the end are null.
func (h host) replace(t require.TestingT, args ...any) counts {
	result, err := h.tryReplace(args...)
	require.NoError(t, err)
	return result
}

func (h host) tryReplace(args ...any) (counts, error) {
	const parameters = 7
	values := make([]any, parameters)
	for i, arg := range args {
		if arg != nil {
			values[i] = fmt.Sprint(arg)
		}
	}
	var text string
	if err := h.GetContext(context.Background(), &text, "SELECT queue_replace($1,$2,$3,$4,$5,$6,$7) AS result", values...); err != nil {
		return counts{}, err
	}
	var result counts
	return result, json.Unmarshal([]byte(text), &result)
}

// queue is a campaign's whole queue as text, so that two can be compared.
func (h host) queue(t require.TestingT, campaignID uuid.UUID) string {
	return h.text(t, `SELECT string_agg(line, E'\n' ORDER BY line COLLATE "C")
		FROM (SELECT format('%s %s %s priority=%s pooled=%s version=%s', contact_id,
		             COALESCE(agent_id::text, 'pool'), queue_state, priority, pooled, lock_version) AS line
		        FROM agent_queue WHERE campaign_id = $1) lines`, campaignID)
}

// holds returns whom an agent has active in a campaign, in the order of their ids.
func (h host) holds(t require.TestingT, campaignID, agentID uuid.UUID) []uuid.UUID {
	var ids []uuid.UUID
	require.NoError(t, h.SelectContext(context.Background(), &ids, `SELECT contact_id FROM agent_queue
		WHERE campaign_id = $1 AND agent_id = $2 AND queue_state IN ('queued', 'locked', 'in_progress')
		ORDER BY contact_id`, campaignID, agentID))
	return ids
}

// written is how many rows each table has that a call may write.
func (h host) written(t require.TestingT) string {
	return h.text(t, `SELECT format('queue %s audit %s campaigns %s keys %s', (SELECT count(*) FROM agent_queue),
		(SELECT count(*) FROM audit_log), (SELECT count(*) FROM campaign_settings), (SELECT count(*) FROM idempotency_keys))`)
}
