package bench_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue"
)

const pullRounds = 15

func BenchmarkPullOwn1Agent(b *testing.B)   { benchmarkPull(b, 1, false, 150) }
func BenchmarkPullOwn50Agents(b *testing.B) { benchmarkPull(b, 50, false, 10) }

func BenchmarkPullPool1Agent(b *testing.B)   { benchmarkPull(b, 1, true, 150) }
func BenchmarkPullPool50Agents(b *testing.B) { benchmarkPull(b, 50, true, 10) }

func benchmarkPull(b *testing.B, agents int, pool bool, waves int) {
	b.Helper()
	each(b, func(b *testing.B, bed *bed) {
		p := pulls{agents: agents, pool: pool, waves: min(waves, bed.contacts/agents/pullRounds)}
		t := pull(b, bed, pullRounds, &p)
		perTurn := float64(p.agents * p.waves)
		report(b,
			figure{"x-floor", t.ratio(ours, floor), "≤ 1.2"},
			figure{"pulls/s", perTurn / t.median(ours).Seconds(), ""},
			figure{"floor-pulls/s", perTurn / t.median(floor).Seconds(), ""},
			figure{"p50-ms", milliseconds(percentile(p.latencies[ours], 0.5)), ""},
			figure{"p99-ms", milliseconds(percentile(p.latencies[ours], 0.99)), ""},
			figure{"floor-p50-ms", milliseconds(percentile(p.latencies[floor], 0.5)), ""},
			figure{"floor-p99-ms", milliseconds(percentile(p.latencies[floor], 0.99)), ""})
	})
}

// pulls says who pulls how often, and holds how long each pull took.
type pulls struct {
	agents int
	pool   bool
	// waves is how often everybody pulls in one turn.
	waves int

	latencies map[string][]time.Duration
}

// pull lets everybody pull at the same time, wave by wave. Between the waves, off
// the clock, everybody starts the call that they hold: what an agent holds would
// only be handed out again.
func pull(tb testing.TB, b *bed, rounds int, p *pulls) times {
	tb.Helper()
	p.latencies = map[string][]time.Duration{}
	own := p.agents
	if p.pool {
		own = 0
	}
	b.resetThen(func(tb testing.TB) {
		b.fillQueue(tb, "agent_queue", own)
		b.fillQueue(tb, "floor_queue", own)
	})(tb)
	claim := b.claim(tb, p.pool)
	turn := func(name, table string, one func(tb testing.TB, agentID uuid.UUID)) contender {
		return contender{name, nil, func(tb testing.TB) (took time.Duration) {
			tb.Helper()
			for range p.waves {
				took += p.wave(tb, name, one)
				require.Equal(tb, p.agents, b.exec(tb, b.values(tb), fmt.Sprintf(b.moveOn, table)))
			}
			return took
		}}
	}
	t := takeTurns(tb, rounds,
		turn(floor, "floor_queue", claim),
		turn(ours, "agent_queue", func(tb testing.TB, agentID uuid.UUID) {
			result, err := b.store.PullItem(tb.Context(), queue.PullParams{
				CampaignID: b.campaign, AgentID: agentID, LockFor: lockFor, Now: start,
			})
			if err != nil || result.Item == nil || result.Held {
				tb.Errorf("pull: %v, %+v", err, result)
			}
		}))
	// A contact that was pulled twice, or not counted, would show here.
	for _, table := range []string{"agent_queue", "floor_queue"} {
		require.Equal(tb, rounds*p.waves*p.agents, b.count(tb, nil,
			"SELECT count(DISTINCT contact_id) FROM "+table+" WHERE queue_state = 'in_progress'"))
	}
	return t
}

// wave lets every agent pull once, all at the same time.
func (p *pulls) wave(tb testing.TB, name string, one func(tb testing.TB, agentID uuid.UUID)) time.Duration {
	tb.Helper()
	latencies := make([]time.Duration, p.agents)
	begin := time.Now()
	if p.agents == 1 {
		one(tb, agent(0))
		latencies[0] = time.Since(begin)
	} else {
		var all sync.WaitGroup
		for number := range p.agents {
			all.Go(func() {
				asked := time.Now()
				one(tb, agent(number))
				latencies[number] = time.Since(asked)
			})
		}
		all.Wait()
	}
	took := time.Since(begin)
	p.latencies[name] = append(p.latencies[name], latencies...)
	return took
}

// claim is the bare claiming statement, prepared.
func (b *bed) claim(tb testing.TB, pool bool) func(tb testing.TB, agentID uuid.UUID) {
	tb.Helper()
	text := b.claimOwn
	if pool {
		text = b.claimPool
	}
	statement, err := b.db.PreparexContext(tb.Context(), b.db.Rebind(text))
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, statement.Close()) })
	var writer sync.Mutex
	now, expires := b.at(start), b.at(start.Add(lockFor))
	return func(tb testing.TB, agentID uuid.UUID) {
		tb.Helper()
		if b.oneWriter {
			writer.Lock()
			defer writer.Unlock()
		}
		args := []any{agentID, now, expires, b.campaign}
		if !pool {
			args = append(args, agentID)
		}
		if err := claimed(tb, statement, args); err != nil {
			tb.Errorf("claim: %v", err)
		}
	}
}

func claimed(tb testing.TB, statement *sqlx.Stmt, args []any) error {
	tb.Helper()
	var (
		id, contactID uuid.UUID
		version       int
	)
	return statement.QueryRowContext(tb.Context(), args...).Scan(&id, &contactID, &version)
}
