package bloom_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/suppression"
	"github.com/outdial/outdial/suppression/bloom"
)

const (
	ann  = "+15046218927"
	bob  = "+15048451427"
	cleo = "+15048082943"
	dan  = "+15042473210"
	eve  = "+15045398220"
)

func TestCandidates(t *testing.T) {
	t.Parallel()

	t.Run("finds what is on the list, in the order of the question", func(t *testing.T) {
		t.Parallel()

		p := ready(t, newList(ann, bob, "jbutt@gmail.com"), bloom.Config{})
		require.Equal(t, []string{"jbutt@gmail.com", ann, ann}, candidates(t, p, cleo, "jbutt@gmail.com", ann, dan, ann))
		require.Empty(t, candidates(t, p, cleo, dan))
		require.Empty(t, candidates(t, p))
	})
	t.Run("finds every one of many", func(t *testing.T) {
		t.Parallel()

		for _, several := range []int{5_000, 50_000, 99_991} {
			many := numbers(several)
			p := ready(t, newListOf(many), bloom.Config{})
			require.Equal(t, many, candidates(t, p, many...))
		}
	})
	t.Run("tells of an empty list too", func(t *testing.T) {
		t.Parallel()

		p := ready(t, newList(), bloom.Config{})
		require.Empty(t, candidates(t, p, ann, bob))
	})
	t.Run("finds what was committed before the call began, with nobody else looking after the copy", func(t *testing.T) {
		t.Parallel()

		feed := newList(ann)
		p := ready(t, feed, bloom.Config{})
		feed.add(bob)
		require.Equal(t, []string{ann, bob}, candidates(t, p, ann, bob, cleo))
		require.Equal(t, int64(2), p.Stats().Position.Number)
	})
	t.Run("finds what is committed while the filter is built", func(t *testing.T) {
		t.Parallel()

		feed := newList(ann, bob)
		early := feed.begin(cleo)
		feed.add(dan)
		feed.on(nil, func(call string) {
			if call == "ScanSuppressions" && feed.called(call) == 3 {
				early.commit()
				feed.add(eve)
			}
		})
		p := ready(t, feed, bloom.Config{ScanLimit: 1})
		require.Equal(t, []string{ann, bob, cleo, dan, eve}, candidates(t, p, ann, bob, cleo, dan, eve))
	})
	t.Run("cannot tell before there is a copy", func(t *testing.T) {
		t.Parallel()

		p := start(newList(ann), bloom.Config{})
		requireCannotTell(t, p, "no_filter")
		require.NoError(t, p.Refresh(t.Context()))
		require.Equal(t, []string{ann}, candidates(t, p, ann))
	})
	t.Run("cannot tell while the feed fails, and can afterwards", func(t *testing.T) {
		t.Parallel()

		feed := newList(ann)
		p := ready(t, feed, bloom.Config{})
		feed.fail(errors.New("no database"))
		requireCannotTell(t, p, "feed_failed")
		feed.fail(nil)
		require.Equal(t, []string{ann}, candidates(t, p, ann))
	})
	t.Run("cannot tell when the caller has gone", func(t *testing.T) {
		t.Parallel()

		p := ready(t, newList(ann), bloom.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, ok := p.Candidates(ctx, targets(ann))
		require.False(t, ok)
	})
	t.Run("cannot tell when it is further behind than it may catch up in a call", func(t *testing.T) {
		t.Parallel()

		feed := newList()
		p := ready(t, feed, bloom.Config{MaxBehind: 10})
		feed.fill(numbers(25))
		requireCannotTell(t, p, "behind")
		requireCannotTell(t, p, "behind")
		require.Equal(t, numbers(25), candidates(t, p, numbers(25)...), "each call has brought it nearer")
	})
	t.Run("cannot tell when the database was restored, until the filter is built anew", func(t *testing.T) {
		t.Parallel()

		feed := newList(ann, bob, cleo)
		p := ready(t, feed, bloom.Config{})
		feed.restore(2)
		feed.add(dan)
		requireCannotTell(t, p, "other_history")
		requireCannotTell(t, p, "no_filter")
		require.NoError(t, p.Refresh(t.Context()))
		require.Equal(t, []string{ann, bob, dan}, candidates(t, p, ann, bob, cleo, dan))
		require.Equal(t, 1, p.count(builds, "cause", "other_history"))
	})
	t.Run("does not take events of another history for those that it has", func(t *testing.T) {
		t.Parallel()

		// The call reads that Bob came after Ann. Before it adds him, the database is
		// restored to before that, and another call brings the copy to a later number of
		// the other history, in which Bob is none.
		feed := newList(ann)
		p := ready(t, feed, bloom.Config{})
		feed.add(bob)
		feed.on(nil, func(string) {
			feed.on(nil, nil)
			feed.restore(1)
			feed.add(cleo, dan, eve)
			require.Equal(t, []string{cleo, dan, eve}, candidates(t, p, cleo, dan, eve))
		})
		require.Equal(t, []string{bob}, candidates(t, p, bob))
		require.Equal(t, []string{ann, cleo, dan, eve}, candidates(t, p, ann, cleo, dan, eve))
		require.Equal(t, int64(4), p.Stats().Position.Number)
	})
	t.Run("two calls at once bring the copy as far as the later of them", func(t *testing.T) {
		t.Parallel()

		feed := newList(ann)
		p := ready(t, feed, bloom.Config{})
		feed.add(bob)
		feed.on(nil, func(string) {
			feed.on(nil, nil)
			feed.add(cleo)
			require.Equal(t, []string{bob, cleo}, candidates(t, p, bob, cleo))
		})
		require.Equal(t, []string{ann, bob}, candidates(t, p, ann, bob))
		require.Equal(t, int64(3), p.Stats().Position.Number, "and not back")
	})
	t.Run("what has left the list stays a candidate until the filter is built anew", func(t *testing.T) {
		t.Parallel()

		feed := newList(ann, bob)
		p := ready(t, feed, bloom.Config{MinCapacity: 3})
		feed.remove(ann)
		require.Equal(t, []string{ann, bob}, candidates(t, p, ann, bob))
		feed.add(cleo, dan)
		require.NoError(t, p.Refresh(t.Context()))
		require.Equal(t, 1, p.count(builds, "cause", "outgrown"))
		require.Equal(t, []string{bob}, candidates(t, p, ann, bob))
	})
	t.Run("asks the feed once and nobody else", func(t *testing.T) {
		t.Parallel()

		feed := newList(ann)
		p := ready(t, feed, bloom.Config{})
		scans, follows := feed.called("ScanSuppressions"), feed.called("FollowSuppressions")
		candidates(t, p, numbers(5_000)...)
		require.Equal(t, follows+1, feed.called("FollowSuppressions"))
		require.Equal(t, scans, feed.called("ScanSuppressions"))
	})
}

func TestPrecheck(t *testing.T) {
	t.Parallel()

	feed := newList(ann)
	p := start(feed, bloom.Config{})
	require.True(t, p.Precheck(target(bob)), "nothing is known yet")
	require.NoError(t, p.Refresh(t.Context()))
	require.True(t, p.Precheck(target(ann)))
	require.False(t, p.Precheck(target(bob)))

	follows := feed.called("FollowSuppressions")
	feed.add(bob)
	require.False(t, p.Precheck(target(bob)), "it is behind")
	require.Equal(t, follows, feed.called("FollowSuppressions"), "it asks nobody")
	require.NoError(t, p.Refresh(t.Context()))
	require.True(t, p.Precheck(target(bob)))
}

//nolint:paralleltest // what others allocate meanwhile would be counted
func TestATestAllocatesNothing(t *testing.T) {
	p := ready(t, newList(numbers(1000)...), bloom.Config{})
	long := suppression.Target{Kind: suppression.KindEmail, Key: "a.very.long.address.of.somebody.who.has.many.names@example.com"}
	require.Zero(t, testing.AllocsPerRun(1000, func() { p.Precheck(long) }))
	asked := targets(strangers(10_000)...)
	few := testing.AllocsPerRun(10, func() { p.Candidates(context.Background(), asked[:1]) })
	many := testing.AllocsPerRun(10, func() { p.Candidates(context.Background(), asked) })
	require.InDelta(t, few, many, 10, "but for the few false positives")
}

func TestSize(t *testing.T) {
	t.Parallel()

	t.Run("a filter is made for more entries than there are", func(t *testing.T) {
		t.Parallel()

		p := ready(t, newList(numbers(300)...), bloom.Config{MinCapacity: 100, Headroom: 0.2, ScanLimit: 7})
		stats := p.Stats()
		require.Equal(t, uint64(300), stats.Entries)
		require.Equal(t, uint64(360), stats.Capacity)
		require.Equal(t, (360*14378/1000+63)/64*8, stats.Bytes, "14.378 bits for each")
		require.Equal(t, numbers(300), candidates(t, p, numbers(300)...))
	})
	t.Run("and for no less than MinCapacity", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, uint64(500), ready(t, newList(numbers(300)...), bloom.Config{MinCapacity: 500}).Stats().Capacity)
	})
	t.Run("it is built anew when the list outgrows it", func(t *testing.T) {
		t.Parallel()

		feed := newList(numbers(90)...)
		p := ready(t, feed, bloom.Config{MinCapacity: 100})
		feed.add(strangers(10)...)
		require.NoError(t, p.Refresh(t.Context()))
		require.Zero(t, p.count(builds, "cause", "outgrown"))
		feed.add(bob)
		require.NoError(t, p.Refresh(t.Context()))
		require.Equal(t, 1, p.count(builds, "cause", "outgrown"))
		require.Equal(t, uint64(151), p.Stats().Capacity)
		require.Equal(t, []string{bob}, candidates(t, p, bob))
	})
	t.Run("one value on the list many times takes one place", func(t *testing.T) {
		t.Parallel()

		feed := newList()
		for range 50 {
			feed.add(ann)
			feed.remove(ann)
		}
		feed.add(ann)
		p := ready(t, feed, bloom.Config{MinCapacity: 10})
		for range 50 {
			feed.remove(ann)
			feed.add(ann)
		}
		require.NoError(t, p.Refresh(t.Context()))
		require.Equal(t, uint64(1), p.Stats().Entries)
		require.Equal(t, 1, p.total(builds), "it has not outgrown its filter")
	})
	t.Run("a full filter takes the stated share of strangers for entries", func(t *testing.T) {
		t.Parallel()

		const entries, asked = 20_000, 200_000
		for _, rate := range []float64{0.01, 0.001} {
			p := ready(t, newListOf(numbers(entries)), bloom.Config{MinCapacity: entries, Headroom: 1e-9, FalsePositives: rate})
			require.Equal(t, uint64(entries), p.Stats().Capacity)
			found := len(candidates(t, p, strangers(asked)...))
			require.InEpsilon(t, rate*asked, found, 0.35, "of %d", asked)
		}
	})
	t.Run("there is none before there is a copy", func(t *testing.T) {
		t.Parallel()

		require.Zero(t, start(newList(ann), bloom.Config{}).Stats())
	})
}
