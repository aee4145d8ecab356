package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

// client is one of the two ways to the same rules: SQL functions, and the service.
type client interface {
	replace(t testing.TB, agentID uuid.UUID, text string, perAccount, size int) counts
	clear(t testing.TB, agentID uuid.UUID) int
	clearAll(t testing.TB) int
}

type functionClient struct {
	host       host
	campaignID uuid.UUID
	actorID    uuid.UUID
}

func (c functionClient) replace(t testing.TB, agentID uuid.UUID, text string, perAccount, size int) counts {
	t.Helper()
	args := []any{c.campaignID, agentID, c.actorID, nil, nil, nil, true}
	if text != "" {
		args[3] = text
	}
	if perAccount > 0 {
		args[4] = perAccount
	}
	if size > 0 {
		args[5] = size
	}
	return c.host.replace(t, args...)
}

func (c functionClient) clear(t testing.TB, agentID uuid.UUID) int {
	t.Helper()
	return c.host.number(t, "SELECT clear_my_queue($1,$2,$3) AS released", c.campaignID.String(), agentID.String(), c.actorID.String())
}

func (c functionClient) clearAll(t testing.TB) int {
	t.Helper()
	return c.host.number(t, "SELECT clear_all_queues($1,$2) AS released", c.campaignID.String(), c.actorID.String())
}

type serviceClient struct {
	service    *queue.Service
	campaignID uuid.UUID
	actor      outdial.Actor
}

func (c serviceClient) replace(t testing.TB, agentID uuid.UUID, text string, perAccount, size int) counts {
	t.Helper()
	request := queue.ReplaceRequest{CampaignID: c.campaignID, AgentID: agentID, PerAccountCap: perAccount, MaxQueueSize: size}
	if text != "" {
		request.Filter = filter.Text("first_name").Contains(text)
	}
	result, err := c.service.Replace(t.Context(), c.actor, request)
	require.NoError(t, err)
	return counts{Released: result.Released, Assigned: result.Assigned, Skipped: result.SkippedDueToCollision}
}

func (c serviceClient) clear(t testing.TB, agentID uuid.UUID) int {
	t.Helper()
	result, err := c.service.Clear(t.Context(), c.actor, queue.ClearRequest{CampaignID: c.campaignID, AgentID: agentID})
	require.NoError(t, err)
	return result.Released
}

func (c serviceClient) clearAll(t testing.TB) int {
	t.Helper()
	result, err := c.service.ClearAll(t.Context(), c.actor, queue.ClearAllRequest{CampaignID: c.campaignID})
	require.NoError(t, err)
	return result.Released
}

func newServiceClient(t testing.TB, address string, campaignID uuid.UUID) serviceClient {
	t.Helper()
	service := queue.New(open(t, address), queue.Config{Flags: outdial.StaticFlags{outdial.FlagQueueReplace: true}})
	return serviceClient{service: service, campaignID: campaignID, actor: outdial.Actor{
		ID: uuid.New(), Role: outdial.RoleAdmin, Scopes: outdial.Scopes(),
	}}
}

// The script by which a call centre accepts the feature in staging: 15,000
// contacts shared by three agents, and the steps a supervisor would take.
func TestStagingScript(t *testing.T) {
	t.Parallel()

	for name, connect := range map[string]func(t *testing.T, h host, address string, campaignID uuid.UUID) client{
		"through the SQL functions": func(_ *testing.T, h host, _ string, campaignID uuid.UUID) client {
			return functionClient{host: h, campaignID: campaignID, actorID: uuid.New()}
		},
		"through the service": func(t *testing.T, _ host, address string, campaignID uuid.UUID) client {
			t.Helper()
			return newServiceClient(t, address, campaignID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			address := database(t).String()
			h := newHost(t, address)
			campaignID := uuid.New()
			runStagingScript(t, h, connect(t, h, address, campaignID), campaignID)
		})
	}
}

func runStagingScript(t *testing.T, h host, through client, campaignID uuid.UUID) {
	t.Helper()
	const (
		contacts   = 15_000
		accounts   = 1_000
		perAccount = 3
		size       = 5_000
		running    = 10
	)
	names := []string{"Bette", "James", "Abel", "Donette", "Simona", "Leota", "Bob", "Kris"}
	people := make([]person, contacts)
	for i := range people {
		people[i] = newPerson(names[i%len(names)])
		account := uuid.NewSHA1(campaignID, []byte(fmt.Sprint(i%accounts)))
		people[i].AccountID = &account
	}
	h.add(t, people, campaignID)
	agents := []uuid.UUID{uuid.New(), uuid.New(), uuid.New()}
	shares := make([][]person, len(agents))
	for i, who := range people {
		shares[i%len(agents)] = append(shares[i%len(agents)], who)
	}
	for i, share := range shares {
		h.give(t, campaignID, agents[i], "in_progress", share[:running]...)
		h.give(t, campaignID, agents[i], "queued", share[running:]...)
	}
	h.exec(t, "ANALYZE")

	// expected is what agent A can get: of those who match and whom nobody else
	// holds, at most so many of an account, those in progress counted first.
	free := shares[0]
	expected := func(text string, most int) int {
		inAccount := map[uuid.UUID]int{}
		for _, who := range free[:running] {
			inAccount[*who.AccountID]++
		}
		rest := slices.Clone(free[running:])
		slices.SortFunc(rest, func(a, b person) int { return strings.Compare(a.ID.String(), b.ID.String()) })
		assigned := 0
		for _, who := range rest {
			if strings.Contains(strings.ToUpper(who.FirstName), text) && inAccount[*who.AccountID] < perAccount {
				inAccount[*who.AccountID]++
				assigned++
			}
		}
		return min(assigned, most-running)
	}
	others := func(text string) int {
		held := 0
		for _, share := range shares[1:] {
			for _, who := range share {
				if strings.Contains(strings.ToUpper(who.FirstName), text) {
					held++
				}
			}
		}
		return held
	}

	mine := len(shares[0]) - running
	bees := expected("B", size)
	require.Positive(t, bees)
	require.Equal(t, counts{Released: mine, Assigned: bees, Skipped: others("B")},
		through.replace(t, agents[0], "B", perAccount, size), "first names that contain B, three of an account, 5,000 at most")
	first := h.queue(t, campaignID)
	require.Equal(t, counts{Released: bees, Assigned: bees, Skipped: others("B")},
		through.replace(t, agents[0], "B", perAccount, size), "the same again: the same outcome")
	require.Equal(t, first, h.queue(t, campaignID), "and not a row was written")

	everybody := expected("", contacts)
	require.Greater(t, everybody, bees)
	require.Equal(t, counts{Released: bees, Assigned: everybody, Skipped: others("")},
		through.replace(t, agents[0], "", perAccount, 0), "without the filter: all who are available, three of an account")
	require.Len(t, h.holds(t, campaignID, agents[0]), everybody+running)
	require.LessOrEqual(t, h.number(t, `SELECT max(held) FROM (SELECT count(*) AS held FROM agent_queue q
		JOIN contacts c ON c.id = q.contact_id WHERE q.campaign_id = $1 AND q.agent_id = $2
		AND q.queue_state IN ('queued', 'locked', 'in_progress') GROUP BY c.account_id) accounts`, campaignID, agents[0]), perAccount)

	require.Equal(t, everybody, through.clear(t, agents[0]), "clear mine: what was queued")
	require.Len(t, h.holds(t, campaignID, agents[0]), running)
	require.Equal(t, len(shares[1])+len(shares[2])-2*running, through.clearAll(t), "clear all: everybody's")
	require.Equal(t, 3*running, h.number(t, `SELECT count(*) FROM agent_queue WHERE campaign_id = $1
		AND queue_state = 'in_progress'`, campaignID), "who is on the phone stays on the phone")
	require.Zero(t, h.number(t, `SELECT count(*) FROM agent_queue WHERE campaign_id = $1
		AND queue_state IN ('queued', 'locked')`, campaignID))
	require.Equal(t, "queue.replace 3, queue.clear.mine 1, queue.clear.all 1", h.text(t, `SELECT string_agg(action || ' ' || n, ', '
		ORDER BY n DESC, action DESC) FROM (SELECT action, count(*) AS n FROM audit_log WHERE target_id = $1 GROUP BY action) counted`, campaignID))
}

// Two sessions that never heard of each other, 20 times.
func TestFunctionQueueReplaceInTwoSessionsAtOnceMakesDisjointQueues(t *testing.T) {
	t.Parallel()

	const rounds = 20
	h := newMigratedHost(t)
	campaignID := uuid.New()
	people := append(newPeople(300, "Bette"), newPeople(300, "James")...)
	h.add(t, people, campaignID)
	agents := []uuid.UUID{uuid.New(), uuid.New()}
	for round := range rounds {
		type answer struct {
			counts counts
			err    error
		}
		answers := make(chan answer, len(agents))
		for i, agentID := range agents {
			text := []any{nil, "e", "Bet", "Jam"}[(round+i)%4]
			go func() {
				result, err := h.tryReplace(campaignID, agentID, uuid.New(), text, nil, 250)
				answers <- answer{result, err}
			}()
		}
		for range agents {
			got := <-answers
			require.NoError(t, got.err)
			require.LessOrEqual(t, got.counts.Assigned, 250)
		}
		held := append(h.holds(t, campaignID, agents[0]), h.holds(t, campaignID, agents[1])...)
		require.Equal(t, len(held), h.number(t, `SELECT count(DISTINCT contact_id) FROM agent_queue WHERE campaign_id = $1
			AND queue_state IN ('queued', 'locked', 'in_progress')`, campaignID), "no contact is with both")
		require.NotEmpty(t, held)
	}
}
