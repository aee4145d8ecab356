package postgres_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/stretchr/testify/require"
)

func TestGuardsRefuseToRewriteWhatHappened(t *testing.T) {
	t.Parallel()

	h := newMigratedHost(t)
	refused := func(t *testing.T, problem, query string, args ...any) {
		t.Helper()
		_, err := h.Exec(query, args...)
		require.ErrorContains(t, err, problem)
		var coded *pq.Error
		require.ErrorAs(t, err, &coded)
		require.EqualValues(t, "23001", coded.Code, "restrict_violation")
	}

	t.Run("an audit entry is neither changed nor deleted", func(t *testing.T) {
		t.Parallel()

		id := uuid.New()
		h.exec(t, `INSERT INTO audit_log (id, actor_id, action, target_type, target_id, meta)
			VALUES ($1, $1, 'queue.replace', 'campaign', $1, '{"released": 1}')`, id)
		refused(t, "audit_log_is_append_only: update is not allowed on audit_log",
			`UPDATE audit_log SET meta = '{"released": 0}' WHERE id = $1`, id)
		refused(t, "audit_log_is_append_only: delete is not allowed on audit_log", "DELETE FROM audit_log WHERE id = $1", id)
		require.Equal(t, `{"released": 1}`, h.text(t, "SELECT meta FROM audit_log WHERE id = $1", id))
	})
	t.Run("a suppression event is neither changed nor deleted", func(t *testing.T) {
		t.Parallel()

		id := uuid.New()
		h.exec(t, "INSERT INTO suppression_events (id, kind, value, source) VALUES ($1, 'phone', '+15046218927', 'manual')", id)
		refused(t, "suppression_events_are_append_only: update is not allowed on suppression_events",
			"UPDATE suppression_events SET value = '+15046218928' WHERE id = $1", id)
		refused(t, "suppression_events_are_append_only: delete is not allowed on suppression_events",
			"DELETE FROM suppression_events WHERE id = $1", id)
	})
	t.Run("where an item came from is not changed", func(t *testing.T) {
		t.Parallel()

		campaignID := uuid.New()
		h.add(t, newPeople(1, "Bette"), campaignID)
		h.replace(t, campaignID, uuid.New(), campaignID)
		const problem = "agent_queue_provenance_is_immutable: update is not allowed on agent_queue"
		refused(t, problem, "UPDATE agent_queue SET enqueued_by = 'system' WHERE campaign_id = $1", campaignID)
		refused(t, problem, "UPDATE agent_queue SET enqueued_by = NULL WHERE campaign_id = $1", campaignID)
		refused(t, problem, "UPDATE agent_queue SET enqueued_reason = 'retry', priority = 5 WHERE campaign_id = $1", campaignID)
		require.Equal(t, campaignID.String()+" campaign_audience 0", h.text(t,
			"SELECT concat_ws(' ', enqueued_by, enqueued_reason, priority) FROM agent_queue WHERE campaign_id = $1", campaignID))
		h.exec(t, "UPDATE agent_queue SET priority = 5, enqueued_by = enqueued_by WHERE campaign_id = $1", campaignID)
	})
	t.Run("a state that there is not is refused", func(t *testing.T) {
		t.Parallel()

		campaignID := uuid.New()
		who := newPerson("Bette")
		h.add(t, []person{who}, campaignID)
		for _, state := range []string{"done", "", "Queued"} {
			_, err := h.Exec(`INSERT INTO agent_queue (campaign_id, agent_id, contact_id, queue_state)
				VALUES ($1, $1, $2, $3)`, campaignID, who.ID, state)
			require.ErrorContains(t, err, "agent_queue_queue_state_check", state)
		}
	})
	t.Run("no contact is active twice in a campaign, whoever writes", func(t *testing.T) {
		t.Parallel()

		campaignID := uuid.New()
		who := newPerson("Bette")
		h.add(t, []person{who}, campaignID)
		h.give(t, campaignID, uuid.New(), "in_progress", who)
		for _, state := range []string{"queued", "locked", "in_progress"} {
			_, err := h.Exec(`INSERT INTO agent_queue (campaign_id, agent_id, contact_id, queue_state)
				VALUES ($1, $1, $2, $3)`, campaignID, who.ID, state)
			require.ErrorContains(t, err, "uq_agent_queue_active", state)
		}
		for _, state := range []string{"completed", "released", "failed"} {
			h.give(t, campaignID, uuid.New(), state, who)
		}
		h.give(t, uuid.New(), uuid.New(), "queued", who)
	})
}

func TestContactsWrittenByAHostGetTheirKeys(t *testing.T) {
	t.Parallel()

	h := newMigratedHost(t)
	insert := func(t *testing.T, phone, email any) uuid.UUID {
		t.Helper()
		id := uuid.New()
		h.exec(t, "INSERT INTO contacts (id, first_name, phone, email) VALUES ($1, 'Bette', $2, $3)", id, phone, email)
		return id
	}
	keys := func(t *testing.T, id uuid.UUID) string {
		t.Helper()
		return h.text(t, `SELECT concat_ws(' ', COALESCE(phone_key, '-'), phone_status, COALESCE(email_key, '-'))
			FROM contacts WHERE id = $1`, id)
	}

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

			require.Equal(t, test.keys, keys(t, insert(t, test.phone, test.email)))
			changed := insert(t, "+18102929388", "josephine@darakjy.org")
			h.exec(t, "UPDATE contacts SET phone = $2, email = $3 WHERE id = $1", changed, test.phone, test.email)
			require.Equal(t, test.keys, keys(t, changed), "and so when it changes")
		})
	}

	t.Run("a number without a key is skipped as no phone", func(t *testing.T) {
		t.Parallel()

		campaignID, agentID := uuid.New(), uuid.New()
		id := insert(t, "(504) 621-8927", nil)
		h.exec(t, "INSERT INTO campaign_contacts (campaign_id, contact_id) VALUES ($1, $2)", campaignID, id)
		require.Equal(t, counts{}, h.replace(t, campaignID, agentID, agentID))
		require.Equal(t, "1", h.text(t, "SELECT meta->'skipped'->>'no_phone' FROM audit_log WHERE target_id = $1", campaignID))
	})
	t.Run("a suppression follows the number and not the contact", func(t *testing.T) {
		t.Parallel()

		campaignID, agentID := uuid.New(), uuid.New()
		people := newPeople(2, "Bette")
		h.add(t, people, campaignID)
		h.exec(t, `INSERT INTO suppressions (id, kind, value, value_key, source, created_by, created_at)
			VALUES (gen_random_uuid(), 'phone', $1, $1, 'manual', $2, now())`, people[0].Phone, agentID)
		require.Equal(t, counts{Assigned: 1}, h.replace(t, campaignID, agentID, agentID))
		require.Equal(t, []uuid.UUID{people[1].ID}, h.holds(t, campaignID, agentID))

		number := newPerson("").Phone
		h.exec(t, "UPDATE contacts SET phone = $2 WHERE id = $1", people[0].ID, number)
		h.exec(t, "UPDATE contacts SET phone = $2 WHERE id = $1", people[1].ID, people[0].Phone)
		require.Equal(t, counts{Released: 1, Assigned: 1}, h.replace(t, campaignID, agentID, agentID))
		require.Equal(t, []uuid.UUID{people[0].ID}, h.holds(t, campaignID, agentID))
	})
	t.Run("a number that changes is of unknown status until somebody says more", func(t *testing.T) {
		t.Parallel()

		id := insert(t, "+15046218927", nil)
		h.exec(t, "UPDATE contacts SET phone_status = 'invalid' WHERE id = $1", id)
		h.exec(t, "UPDATE contacts SET phone = '+18102929388' WHERE id = $1", id)
		require.Equal(t, "+18102929388 unknown -", keys(t, id))
	})
	t.Run("an update of something else keeps keys and status", func(t *testing.T) {
		t.Parallel()

		id := insert(t, "+15046218927", "JButt@Gmail.com")
		h.exec(t, "UPDATE contacts SET phone_status = 'valid', phone = phone, first_name = 'James' WHERE id = $1", id)
		require.Equal(t, "+15046218927 valid jbutt@gmail.com", keys(t, id))
	})
	t.Run("a key that comes with the number is kept", func(t *testing.T) {
		t.Parallel()

		id := uuid.New()
		h.exec(t, "INSERT INTO contacts (id, phone, phone_key, email, email_key) VALUES ($1, '(504) 621-8927', 'digest', 'J@x.org', 'other')", id)
		require.Equal(t, "digest unknown other", keys(t, id))
		h.exec(t, "UPDATE contacts SET phone = '(810) 292-9388', phone_key = 'another' WHERE id = $1", id)
		require.Equal(t, "another unknown other", keys(t, id))
	})
}
