package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

// The functions and the service work on two campaigns of the same contacts, whose
// queues begin alike, and must leave them alike.
func TestFunctionsAndServiceDoTheSame(t *testing.T) {
	t.Parallel()

	address := database(t).String()
	h := newHost(t, address)
	service := queue.New(open(t, address), queue.Config{Flags: outdial.StaticFlags{outdial.FlagQueueReplace: true}})
	rapid.Check(t, func(t *rapid.T) {
		byFunction, byService := uuid.New(), uuid.New()
		agents := []uuid.UUID{uuid.New(), uuid.New(), uuid.New()}
		drawQueues(t, h, agents, byFunction, byService)
		actor := outdial.Actor{ID: uuid.New(), Role: outdial.RoleAdmin, Scopes: outdial.Scopes()}

		t.Repeat(map[string]func(*rapid.T){
			"replace": func(t *rapid.T) {
				agentID := rapid.SampledFrom(agents).Draw(t, "agent")
				text := rapid.SampledFrom([]string{"", "B", "be", "%", `\`, "é", "nobody"}).Draw(t, "text")
				perAccount := rapid.IntRange(0, 3).Draw(t, "per account")
				size := rapid.SampledFrom([]int{0, 0, 1, 3, 10}).Draw(t, "size")
				keep := rapid.Bool().Draw(t, "keep in progress")

				got := h.replace(t, byFunction, agentID, actor.ID, text, bound(perAccount), bound(size), keep)
				request := queue.ReplaceRequest{
					CampaignID: byService, AgentID: agentID,
					PerAccountCap: perAccount, MaxQueueSize: size, ReleaseInProgress: !keep,
				}
				if text != "" {
					request.Filter = filter.Text("first_name").Contains(text)
				}
				result, err := service.Replace(context.Background(), actor, request)
				require.NoError(t, err)
				require.Equal(t, counts{Released: result.Released, Assigned: result.Assigned, Skipped: result.SkippedDueToCollision}, got)
			},
			"clear": func(t *rapid.T) {
				agentID := rapid.SampledFrom(agents).Draw(t, "agent")
				released := h.number(t, "SELECT clear_my_queue($1,$2,$3)", byFunction, agentID, actor.ID)
				result, err := service.Clear(context.Background(), actor, queue.ClearRequest{CampaignID: byService, AgentID: agentID})
				require.NoError(t, err)
				require.Equal(t, result.Released, released)
			},
			"clear all": func(t *rapid.T) {
				released := h.number(t, "SELECT clear_all_queues($1,$2)", byFunction, actor.ID)
				result, err := service.ClearAll(context.Background(), actor, queue.ClearAllRequest{CampaignID: byService})
				require.NoError(t, err)
				require.Equal(t, result.Released, released)
			},
			"": func(t *rapid.T) {
				require.Equal(t, h.queue(t, byService), h.queue(t, byFunction))
			},
		})
		require.Equal(t, audited(t, h, byService), audited(t, h, byFunction))
	})
}

func bound(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

// audited is what the audit log says of a campaign, but for the two members in
// which the two ways name the filter.
func audited(t require.TestingT, h host, campaignID uuid.UUID) string {
	return h.text(t, `SELECT string_agg(action || ' ' || (meta - 'filters' - 'first_name_contains')::text, E'\n' ORDER BY created_at, id)
		FROM audit_log WHERE target_id = $1`, campaignID)
}

// drawQueues writes one audience into the campaigns, with queues that are alike.
func drawQueues(t *rapid.T, h host, agents []uuid.UUID, campaignIDs ...uuid.UUID) {
	accounts := []uuid.UUID{uuid.New(), uuid.New()}
	hourAgo, inAnHour := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	rarely := rapid.SampledFrom([]bool{false, false, false, false, false, false, false, true})
	people := make([]person, rapid.IntRange(1, 12).Draw(t, "contacts"))
	for i := range people {
		who := newPerson(rapid.SampledFrom([]string{"Bette", "Abel", "James", "100%", `a\b`, "É", ""}).Draw(t, "first name"))
		if account := rapid.IntRange(0, len(accounts)).Draw(t, "account"); account < len(accounts) {
			who.AccountID = &accounts[account]
		}
		who.Priority = rapid.SampledFrom([]int{0, 0, 1, -1}).Draw(t, "priority")
		who.Invalid = rarely.Draw(t, "invalid")
		who.OptedOut = rarely.Draw(t, "opted out")
		if rarely.Draw(t, "no phone") {
			who.Phone = "call me"
		}
		who.NextAttemptAt = rapid.SampledFrom([]*time.Time{nil, nil, nil, &hourAgo, &inAnHour}).Draw(t, "next attempt")
		if rarely.Draw(t, "finished") {
			who.FinishedAt = &hourAgo
		}
		people[i] = who
	}
	h.add(t, people, campaignIDs...)
	held := map[uuid.UUID]bool{}
	for _, who := range people {
		row := struct {
			agent  any
			state  string
			pooled bool
			locked any
		}{}
		suppressed := rarely.Draw(t, "suppressed")
		switch rapid.SampledFrom([]string{"none", "none", "queued", "locked", "in_progress", "pool", "released"}).Draw(t, "row") {
		case "none":
		case "pool":
			row.state, row.pooled = "queued", true
		case "queued":
			row.agent, row.state = rapid.SampledFrom(agents).Draw(t, "holder"), "queued"
		case "in_progress":
			row.agent, row.state = rapid.SampledFrom(agents).Draw(t, "holder"), "in_progress"
		case "released":
			row.agent, row.state = rapid.SampledFrom(agents).Draw(t, "holder"), "released"
		case "locked":
			agentID := rapid.SampledFrom(agents).Draw(t, "holder")
			if held[agentID] {
				break
			}
			held[agentID] = true
			row.agent, row.state, row.pooled = agentID, "locked", rapid.Bool().Draw(t, "pooled")
			row.locked = rapid.SampledFrom([]time.Time{hourAgo, inAnHour}).Draw(t, "lock expires")
		}
		for _, campaignID := range campaignIDs {
			if row.state != "" {
				h.exec(t, `INSERT INTO agent_queue (campaign_id, agent_id, contact_id, queue_state, queued_at, pooled, lock_expires_at)
					VALUES ($1, $2, $3, $4, now(), $5, $6)`, campaignID, row.agent, who.ID, row.state, row.pooled, row.locked)
			}
			if suppressed {
				h.exec(t, `INSERT INTO suppressions (id, kind, value, value_key, campaign_id, source, created_by, created_at)
					VALUES (gen_random_uuid(), 'phone', $1, $1, $2, 'manual', gen_random_uuid(), now())
					ON CONFLICT DO NOTHING`, fmt.Sprint(who.Phone), campaignID)
			}
		}
	}
}
