package postgres_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestFunctionsHaveTheSignaturesThatClientsCall(t *testing.T) {
	t.Parallel()

	h := newMigratedHost(t)
	for name, want := range map[string][2]string{
		"clear_my_queue":   {"p_campaign_id uuid, p_agent_id uuid, p_actor_user_id uuid", "integer"},
		"clear_all_queues": {"p_campaign_id uuid, p_actor_user_id uuid", "integer"},
		"queue_replace": {
			"p_campaign_id uuid, p_agent_id uuid, p_actor_user_id uuid, p_first_name_contains text DEFAULT NULL::text, " +
				"p_per_account_cap integer DEFAULT NULL::integer, p_max_queue_size integer DEFAULT NULL::integer, " +
				"p_keep_in_progress boolean DEFAULT true", "jsonb",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, 1, h.number(t, "SELECT count(*) FROM pg_proc WHERE proname = $1", name), "one of this name, or a call is ambiguous")
			require.Equal(t, want[0], h.text(t, "SELECT pg_get_function_arguments(oid) FROM pg_proc WHERE proname = $1", name))
			require.Equal(t, want[1], h.text(t, "SELECT pg_get_function_result(oid) FROM pg_proc WHERE proname = $1", name))
			require.Equal(t, "v", h.text(t, "SELECT provolatile FROM pg_proc WHERE proname = $1", name), "it writes")
		})
	}
}

func TestFunctionQueueReplace(t *testing.T) {
	t.Parallel()

	h := newMigratedHost(t)
	campaign := func(t *testing.T, people ...person) (campaignID, agentID, actorID uuid.UUID) {
		t.Helper()
		campaignID = uuid.New()
		h.add(t, people, campaignID)
		return campaignID, uuid.New(), uuid.New()
	}

	t.Run("returns released, assigned and skipped_due_to_collision, and nothing else", func(t *testing.T) {
		t.Parallel()

		people := newPeople(5, "Bette")
		campaignID, agentID, actorID := campaign(t, people...)
		h.give(t, campaignID, agentID, "queued", people[0])
		h.give(t, campaignID, uuid.New(), "queued", people[1], people[2])
		result := h.text(t, "SELECT queue_replace($1,$2,$3,$4,$5,$6,$7) AS result", campaignID.String(), agentID.String(), actorID.String(), nil, nil, nil, "true")
		require.JSONEq(t, `{"released": 1, "assigned": 3, "skipped_due_to_collision": 2}`, result)
	})
	t.Run("needs three arguments", func(t *testing.T) {
		t.Parallel()

		people := newPeople(3, "Bette")
		campaignID, agentID, actorID := campaign(t, people...)
		h.give(t, campaignID, agentID, "in_progress", people[0])
		require.JSONEq(t, `{"released": 0, "assigned": 2, "skipped_due_to_collision": 0}`,
			h.text(t, "SELECT queue_replace($1, $2, $3)", campaignID.String(), agentID.String(), actorID.String()))
		require.Contains(t, h.queue(t, campaignID), "in_progress", "which are kept by default")
	})
	t.Run("takes arguments by name", func(t *testing.T) {
		t.Parallel()

		campaignID, agentID, actorID := campaign(t, append(newPeople(3, "Bette"), newPeople(2, "James")...)...)
		require.JSONEq(t, `{"released": 0, "assigned": 2, "skipped_due_to_collision": 0}`, h.text(t,
			`SELECT queue_replace(p_max_queue_size => $4, p_campaign_id => $1, p_agent_id => $2, p_actor_user_id => $3,
				p_first_name_contains => $5)`, campaignID.String(), agentID.String(), actorID.String(), "2", "b"))
	})
	t.Run("is a row source too", func(t *testing.T) {
		t.Parallel()

		campaignID, agentID, actorID := campaign(t, newPeople(2, "Bette")...)
		require.Equal(t, 2, h.number(t, "SELECT (r->>'assigned')::int FROM queue_replace($1, $2, $3) AS r",
			campaignID.String(), agentID.String(), actorID.String()))
	})
	t.Run("a null, or nothing, for the keeping of running items keeps them", func(t *testing.T) {
		t.Parallel()

		people := newPeople(2, "Bette")
		campaignID, agentID, actorID := campaign(t, people...)
		h.give(t, campaignID, agentID, "in_progress", people[0])
		require.Equal(t, counts{Assigned: 1}, h.replace(t, campaignID, agentID, actorID, nil, nil, nil, nil))
		require.Equal(t, counts{Released: 1, Assigned: 1}, h.replace(t, campaignID, agentID, actorID, nil, nil, nil, true))
	})
	t.Run("false releases running items, and their contacts come back as queued", func(t *testing.T) {
		t.Parallel()

		people := newPeople(3, "Bette")
		campaignID, agentID, actorID := campaign(t, people...)
		h.give(t, campaignID, agentID, "in_progress", people[0])
		h.give(t, campaignID, agentID, "locked", people[1])
		require.Equal(t, counts{Released: 2, Assigned: 3}, h.replace(t, campaignID, agentID, actorID, nil, nil, nil, false))
		require.Equal(t, 3, h.number(t, "SELECT count(*) FROM agent_queue WHERE campaign_id = $1 AND agent_id = $2 AND queue_state = 'queued'", campaignID, agentID))
		require.Equal(t, 1, h.number(t, `SELECT count(*) FROM agent_queue WHERE campaign_id = $1 AND queue_state = 'released'
			AND released_by = $2 AND released_at IS NOT NULL`, campaignID, actorID))
	})
	t.Run("somebody else's running items are nobody's to release", func(t *testing.T) {
		t.Parallel()

		people := newPeople(2, "Bette")
		campaignID, agentID, actorID := campaign(t, people...)
		h.give(t, campaignID, uuid.New(), "in_progress", people[0])
		require.Equal(t, counts{Assigned: 1, Skipped: 1}, h.replace(t, campaignID, agentID, actorID, nil, nil, nil, false))
	})
	t.Run("an empty text is everybody", func(t *testing.T) {
		t.Parallel()

		campaignID, agentID, actorID := campaign(t, append(newPeople(2, "Bette"), newPeople(1, "")...)...)
		require.Equal(t, counts{Assigned: 3}, h.replace(t, campaignID, agentID, actorID, ""))
	})
	t.Run("a host's contact without a name is in no filter", func(t *testing.T) {
		t.Parallel()

		campaignID, agentID, actorID := campaign(t, newPeople(2, "Bette")...)
		h.exec(t, "UPDATE contacts SET first_name = NULL WHERE id IN (SELECT contact_id FROM campaign_contacts WHERE campaign_id = $1)", campaignID)
		require.Equal(t, counts{}, h.replace(t, campaignID, agentID, actorID, "e"))
		require.Equal(t, counts{Assigned: 2}, h.replace(t, campaignID, agentID, actorID))
	})
	t.Run("every character is literal", func(t *testing.T) {
		t.Parallel()

		names := []string{"100%", "a_b", `a\b`, "D'Angelo", `"Bo"`, "$1 {} [x] *?", "(a|b)+", "É", "Bette"}
		people := make([]person, len(names))
		for i, name := range names {
			people[i] = newPerson(name)
		}
		campaignID, agentID, actorID := campaign(t, people...)
		for text, found := range map[string][]string{
			"%": {"100%"}, "_": {"a_b"}, `\`: {`a\b`}, "'": {"D'Angelo"}, `"`: {`"Bo"`}, `\%`: nil, "B%e": nil, "B_tte": nil,
			"$1": {"$1 {} [x] *?"}, "*": {"$1 {} [x] *?"}, "[x]": {"$1 {} [x] *?"}, "a|b": {"(a|b)+"}, "' OR '1'='1": nil,
			"é": {"É"}, "bETTE": {"Bette"}, `\\`: nil, "''": nil, "a_b": {"a_b"}, "%%": nil,
		} {
			require.Equal(t, len(found), h.replace(t, campaignID, agentID, actorID, text).Assigned, "%q", text)
			var held []string
			require.NoError(t, h.Select(&held, `SELECT c.first_name FROM agent_queue q JOIN contacts c ON c.id = q.contact_id
				WHERE q.campaign_id = $1 AND q.queue_state = 'queued'`, campaignID))
			require.Equal(t, found, held, "%q", text)
		}
	})
	t.Run("bounds that are not positive, and a missing agent, are refused by name and change nothing", func(t *testing.T) {
		t.Parallel()

		people := newPeople(3, "Bette")
		campaignID, agentID, actorID := campaign(t, people...)
		h.give(t, campaignID, agentID, "queued", people[0])
		before := h.queue(t, campaignID)
		for problem, args := range map[string][]any{
			"p_per_account_cap: must be at least 1":  {campaignID, agentID, actorID, nil, 0},
			"p_per_account_cap: must be at least 1 ": {campaignID, agentID, actorID, nil, -1},
			"p_max_queue_size: must be at least 1":   {campaignID, agentID, actorID, nil, nil, 0},
			"p_max_queue_size: must be at least 1 ":  {campaignID, agentID, actorID, nil, nil, -5000},
			"p_agent_id: is required":                {campaignID, nil, actorID},
		} {
			_, err := h.tryReplace(args...)
			require.ErrorContains(t, err, strings.TrimSpace(problem))
		}
		require.Equal(t, before, h.queue(t, campaignID))
		require.Zero(t, h.number(t, "SELECT count(*) FROM audit_log WHERE target_id = $1", campaignID))
	})
	t.Run("an actor is required, since the audit log has no entry of nobody", func(t *testing.T) {
		t.Parallel()

		campaignID, agentID, _ := campaign(t, newPeople(3, "Bette")...)
		_, err := h.tryReplace(campaignID, agentID, nil)
		require.ErrorContains(t, err, "actor_id")
		require.Empty(t, h.queue(t, campaignID))
	})
	t.Run("the cap holds over the final queue, kept items counted first", func(t *testing.T) {
		t.Parallel()

		account := uuid.New()
		people := newPeople(6, "Bette")
		for i := range people {
			people[i].AccountID = &account
		}
		people = append(people, newPeople(4, "Bette")...)
		campaignID, agentID, actorID := campaign(t, people...)
		h.give(t, campaignID, agentID, "in_progress", people[0], people[1])
		require.Equal(t, counts{Assigned: 1 + 4}, h.replace(t, campaignID, agentID, actorID, nil, 3),
			"two of the account are kept, so that one more fits; who has no account is never capped")
		require.Equal(t, counts{Released: 5, Assigned: 2}, h.replace(t, campaignID, agentID, actorID, nil, 3, 4), "four in all")
	})
	t.Run("held contacts leave no hole in the cap", func(t *testing.T) {
		t.Parallel()

		account := uuid.New()
		people := newPeople(6, "Bette")
		for i := range people {
			people[i].AccountID = &account
		}
		slices.SortFunc(people, func(a, b person) int { return strings.Compare(a.ID.String(), b.ID.String()) })
		campaignID, agentID, actorID := campaign(t, people...)
		h.give(t, campaignID, uuid.New(), "queued", people[:3]...)
		require.Equal(t, counts{Assigned: 3, Skipped: 3}, h.replace(t, campaignID, agentID, actorID, nil, 3))
		require.Equal(t, contactIDs(people[3:]), h.holds(t, campaignID, agentID))
	})
	t.Run("an audit entry says who asked for what, and what came of it", func(t *testing.T) {
		t.Parallel()

		people := newPeople(4, "Bette")
		campaignID, agentID, actorID := campaign(t, people...)
		h.give(t, campaignID, agentID, "queued", people[0])
		h.give(t, campaignID, uuid.New(), "queued", people[1])
		h.replace(t, campaignID, agentID, actorID, "B", 3, 2, true)
		requireAudited(t, h, campaignID, actorID, "queue.replace", map[string]any{
			"agent_id": agentID.String(), "first_name_contains": "B", "per_account_cap": 3.0, "max_queue_size": 2.0,
			"keep_in_progress": true, "released": 1.0, "assigned": 2.0, "skipped_due_to_collision": 1.0,
		})
	})
	t.Run("an audit entry says null where nothing was asked", func(t *testing.T) {
		t.Parallel()

		campaignID, agentID, actorID := campaign(t, newPeople(1, "Bette")...)
		h.replace(t, campaignID, agentID, actorID)
		requireAudited(t, h, campaignID, actorID, "queue.replace", map[string]any{
			"agent_id": agentID.String(), "first_name_contains": nil, "per_account_cap": nil, "max_queue_size": nil,
			"keep_in_progress": true, "released": 0.0, "assigned": 1.0, "skipped_due_to_collision": 0.0,
		})
	})
	t.Run("who must not be called is left out", func(t *testing.T) {
		t.Parallel()

		people := newPeople(6, "Bette")
		people[0].Invalid = true
		people[1].OptedOut = true
		people[2].Phone = ""
		people[3].Phone = "(504) 621-8927"
		campaignID, agentID, actorID := campaign(t, people...)
		h.exec(t, `INSERT INTO suppressions (id, kind, value, value_key, source, created_by, created_at)
			VALUES (gen_random_uuid(), 'phone', $1, $1, 'manual', $2, now())`, people[4].Phone, actorID)
		require.Equal(t, counts{Assigned: 1}, h.replace(t, campaignID, agentID, actorID))
		require.Equal(t, []uuid.UUID{people[5].ID}, h.holds(t, campaignID, agentID))
	})
}

func TestFunctionsClear(t *testing.T) {
	t.Parallel()

	h := newMigratedHost(t)
	fill := func(t *testing.T) (campaignID, agentID, other, actorID uuid.UUID) {
		t.Helper()
		campaignID, agentID, other, actorID = uuid.New(), uuid.New(), uuid.New(), uuid.New()
		people := newPeople(7, "Bette")
		h.add(t, people, campaignID)
		h.give(t, campaignID, agentID, "queued", people[:2]...)
		h.give(t, campaignID, agentID, "locked", people[2])
		h.give(t, campaignID, agentID, "in_progress", people[3])
		h.give(t, campaignID, other, "queued", people[4:6]...)
		h.give(t, campaignID, other, "in_progress", people[6])
		return campaignID, agentID, other, actorID
	}
	states := func(t *testing.T, campaignID, agentID uuid.UUID) string {
		t.Helper()
		return h.text(t, `SELECT string_agg(n || ' ' || queue_state, ', ' ORDER BY queue_state)
			FROM (SELECT queue_state, count(*) AS n FROM agent_queue WHERE campaign_id = $1 AND agent_id = $2
			       GROUP BY queue_state) counted`, campaignID, agentID)
	}

	t.Run("clear_my_queue releases one agent's queued and locked items", func(t *testing.T) {
		t.Parallel()

		campaignID, agentID, other, actorID := fill(t)
		untouched := states(t, campaignID, other)
		require.Equal(t, 3, h.number(t, "SELECT clear_my_queue($1,$2,$3) AS released", campaignID.String(), agentID.String(), actorID.String()))
		require.Equal(t, "1 in_progress, 3 released", states(t, campaignID, agentID))
		require.Equal(t, untouched, states(t, campaignID, other))
		require.Equal(t, 3, h.number(t, `SELECT count(*) FROM agent_queue WHERE campaign_id = $1 AND released_by = $2
			AND released_at IS NOT NULL`, campaignID, actorID))
		requireAudited(t, h, campaignID, actorID, "queue.clear.mine", map[string]any{"agent_id": agentID.String(), "released": 3.0})
		require.Zero(t, h.number(t, "SELECT clear_my_queue($1,$2,$3)", campaignID, agentID, actorID), "once more, nothing is left")
	})
	t.Run("clear_all_queues releases everybody's queued and locked items", func(t *testing.T) {
		t.Parallel()

		campaignID, agentID, other, actorID := fill(t)
		require.Equal(t, 5, h.number(t, "SELECT clear_all_queues($1,$2) AS released", campaignID.String(), actorID.String()))
		require.Equal(t, "1 in_progress, 3 released", states(t, campaignID, agentID))
		require.Equal(t, "1 in_progress, 2 released", states(t, campaignID, other))
		requireAudited(t, h, campaignID, actorID, "queue.clear.all", map[string]any{"released": 5.0})
		require.Zero(t, h.number(t, "SELECT clear_all_queues($1,$2)", campaignID, actorID), "once more, nothing is left")
	})
	t.Run("another campaign is left alone", func(t *testing.T) {
		t.Parallel()

		campaignID, agentID, _, actorID := fill(t)
		other, _, _, _ := fill(t)
		before := h.queue(t, other)
		h.number(t, "SELECT clear_my_queue($1,$2,$3)", campaignID, agentID, actorID)
		h.number(t, "SELECT clear_all_queues($1,$2)", campaignID, actorID)
		require.Equal(t, before, h.queue(t, other))
	})
	t.Run("arguments go by name", func(t *testing.T) {
		t.Parallel()

		campaignID, agentID, _, actorID := fill(t)
		require.Equal(t, 3, h.number(t, "SELECT clear_my_queue(p_actor_user_id => $3, p_agent_id => $2, p_campaign_id => $1)", campaignID, agentID, actorID))
		require.Equal(t, 2, h.number(t, "SELECT clear_all_queues(p_actor_user_id => $2, p_campaign_id => $1)", campaignID, actorID))
	})
	t.Run("clear_my_queue of nobody is refused and is not everybody's", func(t *testing.T) {
		t.Parallel()

		campaignID, _, _, actorID := fill(t)
		before := h.queue(t, campaignID)
		_, err := h.Exec("SELECT clear_my_queue($1,$2,$3)", campaignID, nil, actorID)
		require.ErrorContains(t, err, "p_agent_id: is required")
		require.Equal(t, before, h.queue(t, campaignID))
	})
}

func TestFunctionsReturnZeroForAnUnknownCampaignAndWriteNothing(t *testing.T) {
	t.Parallel()

	h := newMigratedHost(t)
	h.add(t, newPeople(2, "Bette"), uuid.New())
	before := h.written(t)
	require.Equal(t, counts{}, h.replace(t, uuid.New(), uuid.New(), uuid.New(), "B", 3, 5000))
	require.Zero(t, h.number(t, "SELECT clear_my_queue($1,$2,$3)", uuid.New(), uuid.New(), uuid.New()))
	require.Zero(t, h.number(t, "SELECT clear_all_queues($1,$2)", uuid.New(), uuid.New()))
	require.Equal(t, before, h.written(t))
}

// requireAudited checks the latest audit entry about the campaign: what it says
// beyond the given members is its own affair.
func requireAudited(t *testing.T, h host, campaignID, actorID uuid.UUID, action string, members map[string]any) {
	t.Helper()
	var entry struct {
		Actor  uuid.UUID `db:"actor_id"`
		Action string    `db:"action"`
		Target string    `db:"target_type"`
		Meta   string    `db:"meta"`
	}
	require.NoError(t, h.Get(&entry, `SELECT actor_id, action, target_type, meta FROM audit_log
		WHERE target_id = $1 ORDER BY created_at DESC LIMIT 1`, campaignID))
	require.Equal(t, [3]string{actorID.String(), action, "campaign"}, [3]string{entry.Actor.String(), entry.Action, entry.Target})
	var meta map[string]any
	require.NoError(t, json.Unmarshal([]byte(entry.Meta), &meta))
	for name, value := range members {
		said, there := meta[name]
		require.True(t, there, "the entry says nothing of %s", name)
		require.Equal(t, fmt.Sprint(value), fmt.Sprint(said), name)
	}
}
