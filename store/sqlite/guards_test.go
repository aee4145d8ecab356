package sqlite_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/store/sqlite"
)

func TestGuardsRefuseToRewriteWhatHappened(t *testing.T) {
	t.Parallel()

	db := open(t, sqlite.Memory).DB()
	exec(t, db, `INSERT INTO audit_log (id, actor_id, action, target_type, target_id, created_at) VALUES ('1', 'a', 'queue.replace', 'campaign', 'c', 0)`)
	exec(t, db, `INSERT INTO suppression_events (id, kind, value, source) VALUES ('1', 'phone', '+15046218927', 'manual')`)
	exec(t, db, `INSERT INTO agent_queue (id, campaign_id, contact_id, queue_state, enqueued_by, enqueued_reason)
		VALUES ('1', 'x', 'c', 'queued', 'system', 'retry')`)
	for statement, problem := range map[string]string{
		"UPDATE audit_log SET action = 'x'":                           "audit_log_is_append_only",
		"DELETE FROM audit_log":                                       "audit_log_is_append_only",
		"UPDATE suppression_events SET value = 'x'":                   "suppression_events_are_append_only",
		"DELETE FROM suppression_events":                              "suppression_events_are_append_only",
		"UPDATE agent_queue SET enqueued_by = 'me'":                   "agent_queue_provenance_is_immutable",
		"UPDATE agent_queue SET enqueued_reason = NULL, priority = 5": "agent_queue_provenance_is_immutable",
		"UPDATE agent_queue SET queue_state = 'done'":                 "CHECK constraint failed",
		"INSERT INTO agent_queue (id, campaign_id, contact_id, queue_state) VALUES ('2', 'x', 'c', 'locked')": "UNIQUE constraint failed",
	} {
		t.Run(statement, func(t *testing.T) {
			t.Parallel()

			_, err := db.Exec(statement)
			require.ErrorContains(t, err, problem)
			require.Equal(t, "system retry queue.replace +15046218927", text(t, db, `SELECT enqueued_by || ' ' || enqueued_reason
				|| ' ' || (SELECT action FROM audit_log) || ' ' || (SELECT value FROM suppression_events) FROM agent_queue`))
		})
	}
	t.Run("an item changes in everything but where it came from", func(t *testing.T) {
		t.Parallel()

		exec(t, db, "UPDATE agent_queue SET priority = 5, enqueued_by = enqueued_by")
		require.Equal(t, "5", text(t, db, "SELECT priority FROM agent_queue"))
	})
}

func TestContactsWrittenByAHostGetTheirKeys(t *testing.T) {
	t.Parallel()

	db := open(t, sqlite.Memory).DB()
	for name, test := range map[string]struct {
		phone, email any
		keys         string
	}{
		"a number in E.164 form is its own key":            {"+15046218927", nil, "+15046218927 unknown -"},
		"a formatted number has none":                      {"(504) 621-8927", nil, "- unknown -"},
		"nor a number without a country":                   {"5046218927", nil, "- unknown -"},
		"nor one with a blank behind it":                   {"+15046218927 ", nil, "- unknown -"},
		"nor one with a second line":                       {"+15046218927\n", nil, "- unknown -"},
		"nor one with a zero in front":                     {"+05046218927", nil, "- unknown -"},
		"nor one of six digits":                            {"+123456", nil, "- unknown -"},
		"seven digits are enough":                          {"+1234567", nil, "+1234567 unknown -"},
		"fifteen digits are not too many":                  {"+123456789012345", nil, "+123456789012345 unknown -"},
		"sixteen are":                                      {"+1234567890123456", nil, "- unknown -"},
		"digits of another script are none":                {"+١٥٠٤٦٢١٨", nil, "- unknown -"},
		"an address is matched in lower case and trimmed":  {nil, "  JButt@Gmail.COM ", "- unknown jbutt@gmail.com"},
		"a contact has both":                               {"+15046218927", "JButt@Gmail.com", "+15046218927 unknown jbutt@gmail.com"},
		"a contact has neither":                            {nil, nil, "- unknown -"},
		"an address beside a number that cannot be dialed": {"call me", "JButt@Gmail.com", "- unknown jbutt@gmail.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.keys, keys(t, db, insertContact(t, db, test.phone, test.email)))
			changed := insertContact(t, db, "+18102929388", "josephine@darakjy.org")
			exec(t, db, "UPDATE contacts SET phone = ?, email = ? WHERE id = ?", test.phone, test.email, changed)
			require.Equal(t, test.keys, keys(t, db, changed), "and so when it changes")
		})
	}

	t.Run("a number that changes is of unknown status until somebody says more", func(t *testing.T) {
		t.Parallel()

		id := insertContact(t, db, "+15046218927", nil)
		exec(t, db, "UPDATE contacts SET phone_status = 'invalid' WHERE id = ?", id)
		exec(t, db, "UPDATE contacts SET phone = '+18102929388' WHERE id = ?", id)
		require.Equal(t, "+18102929388 unknown -", keys(t, db, id))
	})
	t.Run("an update of something else keeps keys and status", func(t *testing.T) {
		t.Parallel()

		id := insertContact(t, db, "+15046218927", "JButt@Gmail.com")
		exec(t, db, "UPDATE contacts SET phone_status = 'valid', phone = phone, first_name = 'James' WHERE id = ?", id)
		require.Equal(t, "+15046218927 valid jbutt@gmail.com", keys(t, db, id))
	})
	t.Run("a key that comes with the number is kept", func(t *testing.T) {
		t.Parallel()

		id := uuid.New()
		exec(t, db, "INSERT INTO contacts (id, phone, phone_key, email, email_key) VALUES (?, '(504) 621-8927', 'digest', 'J@x.org', 'other')", id)
		require.Equal(t, "digest unknown other", keys(t, db, id))
		exec(t, db, "UPDATE contacts SET phone = '(810) 292-9388', phone_key = 'another' WHERE id = ?", id)
		require.Equal(t, "another unknown other", keys(t, db, id))
	})
}

func insertContact(t *testing.T, db *sqlx.DB, phone, email any) uuid.UUID {
	t.Helper()
	id := uuid.New()
	exec(t, db, "INSERT INTO contacts (id, first_name, phone, email) VALUES (?, 'Bette', ?, ?)", id, phone, email)
	return id
}

func keys(t *testing.T, db *sqlx.DB, id uuid.UUID) string {
	t.Helper()
	return text(t, db, `SELECT COALESCE(phone_key, '-') || ' ' || phone_status || ' ' || COALESCE(email_key, '-')
		FROM contacts WHERE id = ?`, id)
}
