package bench_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

const replaceRounds = 5

// seedParams are the parameters of the first specification's queue_replace. Nil is
// no bound.
type seedParams struct {
	contains   string
	cap, bound any
}

func (p seedParams) firstName() any {
	if p.contains == "" {
		return nil
	}
	return p.contains
}

// The filtered replace: its cap, its bound and what the first name contains.
const (
	cap3     = 3
	bound    = 5000
	contains = "B"
)

func BenchmarkReplaceFirst(b *testing.B) {
	each(b, func(b *testing.B, bed *bed) {
		t := replaceFirst(b, bed, replaceRounds)
		report(b,
			figure{"x-floor", t.ratio(ours, floor), "≤ 1.3"},
			figure{"x-plain-floor", t.ratio(ours, plainFloor), ""},
			figure{"x-faster-than-seed", t.ratio(seed, ours), ""},
			figure{"ms", milliseconds(t.median(ours)), ""},
			figure{"floor-ms", milliseconds(t.median(floor)), ""},
			figure{"plain-floor-ms", milliseconds(t.median(plainFloor)), ""},
			figure{"seed-ms", milliseconds(t.median(seed)), ""})
	})
}

func BenchmarkReplaceRepeated(b *testing.B) {
	each(b, func(b *testing.B, bed *bed) {
		t := replaceRepeated(b, bed, replaceRounds)
		report(b,
			figure{"x-faster-than-seed", t.ratio(seed, ours), "≥ 10"},
			figure{"x-floor", t.ratio(ours, floor), ""},
			figure{"ms", milliseconds(t.median(ours)), ""},
			figure{"floor-ms", milliseconds(t.median(floor)), ""},
			figure{"seed-ms", milliseconds(t.median(seed)), ""})
	})
}

func BenchmarkReplaceFiltered(b *testing.B) {
	each(b, func(b *testing.B, bed *bed) {
		t := replaceFiltered(b, bed, replaceRounds)
		report(b,
			figure{"x-floor", t.ratio(ours, floor), ""},
			figure{"x-faster-than-seed", t.ratio(seed, ours), ""},
			figure{"ms", milliseconds(t.median(ours)), ""},
			figure{"floor-ms", milliseconds(t.median(floor)), ""},
			figure{"seed-ms", milliseconds(t.median(seed)), ""})
	})
}

func BenchmarkReplaceBesideOthers(b *testing.B) {
	each(b, func(b *testing.B, bed *bed) {
		got := replaceBesideOthers(b, bed)
		report(b,
			figure{"contacts", float64(got.assigned), ""},
			figure{"possible-contacts", float64(got.possible), ""},
			figure{"seed-contacts", float64(got.seed), ""})
	})
}

func BenchmarkPreview(b *testing.B) {
	each(b, func(b *testing.B, bed *bed) {
		t := preview(b, bed, replaceRounds)
		report(b,
			figure{"x-floor", t.ratio(ours, floor), ""},
			figure{"ms", milliseconds(t.median(ours)), ""},
			figure{"floor-ms", milliseconds(t.median(floor)), ""})
	})
}

// each runs a benchmark on every engine.
func each(b *testing.B, measure func(b *testing.B, bed *bed)) {
	b.Helper()
	for _, engine := range engines {
		b.Run(engine.name, func(b *testing.B) {
			bed := beds.get(b, engine)
			for range b.N {
				measure(b, bed)
			}
		})
	}
}

func (b *bed) replace(tb testing.TB, edits ...func(*queue.ReplaceParams)) queue.ReplaceResult {
	tb.Helper()
	p := queue.ReplaceParams{CampaignID: b.campaign, AgentID: agent(1), ActorID: actor, Now: start}
	for _, edit := range edits {
		edit(&p)
	}
	result, err := b.store.ReplaceQueue(tb.Context(), p)
	require.NoError(tb, err)
	return result
}

// resetThen empties the queues, and then lets work prepare a turn.
func (b *bed) resetThen(work func(tb testing.TB)) func(testing.TB) {
	return func(tb testing.TB) {
		tb.Helper()
		b.run(tb, b.reset)
		if work != nil {
			work(tb)
			b.run(tb, b.settle)
		}
	}
}

// replaceFirst fills an empty queue with the whole campaign.
func replaceFirst(tb testing.TB, b *bed, rounds int) times {
	tb.Helper()
	empty := b.resetThen(nil)
	t := takeTurns(tb, rounds,
		contender{floor, empty, timed(func(tb testing.TB) {
			require.Equal(tb, b.contacts, b.exec(tb, b.values(tb), b.insert))
		})},
		contender{ours, empty, timed(func(tb testing.TB) {
			require.Equal(tb, b.contacts, b.replace(tb).Assigned)
		})},
		contender{plainFloor, empty, timed(func(tb testing.TB) {
			require.Equal(tb, b.contacts, b.exec(tb, b.values(tb), b.insertPlain))
		})},
		contender{seed, empty, timed(func(tb testing.TB) {
			require.Equal(tb, b.contacts, b.seedReplace(tb, b, seedParams{}))
		})})
	empty(tb)
	b.replace(tb)
	b.exec(tb, b.values(tb), b.insert)
	b.requireSameQueues(tb)
	return t
}

// replaceRepeated asks for the queue that the agent has already.
func replaceRepeated(tb testing.TB, b *bed, rounds int) times {
	tb.Helper()
	once := func(tb testing.TB) {
		b.replace(tb)
		b.exec(tb, b.values(tb), b.insert)
	}
	b.resetThen(once)(tb)
	t := takeTurns(tb, rounds,
		contender{floor, nil, timed(func(tb testing.TB) {
			for _, statement := range b.overlap {
				require.Zero(tb, b.exec(tb, b.values(tb), statement))
			}
		})},
		contender{ours, nil, timed(func(tb testing.TB) {
			result := b.replace(tb)
			require.Equal(tb, b.contacts, result.Assigned)
			require.Equal(tb, b.contacts, result.Unchanged)
		})},
		// Every repetition leaves a campaign of released rows behind, so that each of
		// the seed's turns starts from its first.
		contender{seed, func(tb testing.TB) {
			b.run(tb, b.resetSeed)
			require.Equal(tb, b.contacts, b.seedReplace(tb, b, seedParams{}))
			b.run(tb, b.settle)
		}, timed(func(tb testing.TB) {
			require.Equal(tb, b.contacts, b.seedReplace(tb, b, seedParams{}))
		})})
	b.requireSameQueues(tb)
	return t
}

// replaceFiltered asks for a bounded share of the campaign.
func replaceFiltered(tb testing.TB, b *bed, rounds int) times {
	tb.Helper()
	filtered := func(p *queue.ReplaceParams) {
		p.Filter, p.PerAccountCap, p.MaxQueueSize = filter.Text("first_name").Contains(contains), cap3, bound
	}
	insert := func(tb testing.TB) int {
		values := b.values(tb)
		values["cap"], values["bound"] = cap3, bound
		return b.exec(tb, values, b.filtered)
	}
	empty := b.resetThen(nil)
	empty(tb)
	want := insert(tb)
	require.Positive(tb, want)
	require.Equal(tb, want, b.replace(tb, filtered).Assigned)
	b.requireSameQueues(tb)
	return takeTurns(tb, rounds,
		contender{floor, empty, timed(func(tb testing.TB) { require.Equal(tb, want, insert(tb)) })},
		contender{ours, empty, timed(func(tb testing.TB) { require.Equal(tb, want, b.replace(tb, filtered).Assigned) })},
		contender{seed, empty, timed(func(tb testing.TB) {
			require.Equal(tb, want, b.seedReplace(tb, b, seedParams{contains, cap3, bound}))
		})})
}

// preview plans a first replace without writing.
func preview(tb testing.TB, b *bed, rounds int) times {
	tb.Helper()
	b.resetThen(nil)(tb)
	t := takeTurns(tb, rounds,
		contender{floor, nil, timed(func(tb testing.TB) {
			require.Equal(tb, b.contacts, b.count(tb, b.values(tb), b.preview))
		})},
		contender{ours, nil, timed(func(tb testing.TB) {
			result := b.replace(tb, func(p *queue.ReplaceParams) { p.DryRun = true })
			require.Equal(tb, b.contacts, result.Assigned)
		})})
	require.Zero(tb, b.count(tb, nil, "SELECT count(*) FROM agent_queue"))
	return t
}

// besideOthers is how many contacts a replace found.
type besideOthers struct{ assigned, seed, possible int }

// replaceBesideOthers asks for a queue with a cap when two others hold 30 % of the
// campaign each, the first ones by contact id.
func replaceBesideOthers(tb testing.TB, b *bed) besideOthers {
	tb.Helper()
	b.resetThen(func(tb testing.TB) {
		for _, other := range []int{2, 3} {
			held := b.replace(tb, func(p *queue.ReplaceParams) {
				p.AgentID, p.MaxQueueSize = agent(other), b.contacts*3/10
			})
			require.Equal(tb, b.contacts*3/10, held.Assigned)
		}
		b.exec(tb, nil, "INSERT INTO "+b.seedTable+` (id, campaign_id, agent_id, contact_id, queue_state)
			SELECT id, campaign_id, agent_id, contact_id, queue_state FROM agent_queue`)
	})(tb)
	values := b.values(tb)
	values["cap"] = cap3
	possible := b.count(tb, values, `
		SELECT sum(CASE WHEN available > :cap THEN :cap ELSE available END)
		  FROM (SELECT count(*) AS available
		          FROM campaign_contacts cc
		          JOIN contacts c ON c.id = cc.contact_id
		         WHERE cc.campaign_id = :campaign
		           AND cc.contact_id NOT IN (SELECT contact_id FROM agent_queue)
		         GROUP BY c.account_id) AS accounts`)
	got := besideOthers{
		assigned: b.replace(tb, func(p *queue.ReplaceParams) { p.PerAccountCap = cap3 }).Assigned,
		seed:     b.seedReplace(tb, b, seedParams{cap: cap3}),
		possible: possible,
	}
	require.Equal(tb, possible, got.assigned)
	return got
}
