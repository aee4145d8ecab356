package bloom_test

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/benbjohnson/clock"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/suppression"
	"github.com/outdial/outdial/suppression/bloom"
)

// bell counts how often it is rung.
type bell struct{ rung atomic.Int64 }

func (b *bell) Wake() { b.rung.Add(1) }

func (b *bell) count() int { return int(b.rung.Load()) }

func TestRun(t *testing.T) {
	t.Parallel()

	t.Run("builds the filter and ends with its context", func(t *testing.T) {
		t.Parallel()

		p := start(newList(ann), bloom.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- p.Run(ctx) }()
		eventually(t, func() bool { return p.Stats().Entries == 1 }, "a filter")
		cancel()
		require.NoError(t, <-done)
		require.Equal(t, []string{ann}, candidates(t, p, ann, bob), "it can still tell")
	})
	t.Run("looks at the feed again and again, and wakes others when there is something new", func(t *testing.T) {
		t.Parallel()

		feed, ticks, worker := newList(ann), clock.NewMock(), &bell{}
		p := start(feed, bloom.Config{Clock: ticks, RefreshEvery: time.Minute, Wake: []suppression.Waker{worker}})
		p.run(t)
		eventually(t, func() bool { return worker.count() == 1 }, "the first look")
		feed.add(bob)
		eventually(t, func() bool {
			ticks.Add(time.Minute)
			return p.Stats().Position.Number == 2
		}, "another look")
		eventually(t, func() bool { return worker.count() == 2 }, "a second ring")
		for range 10 {
			follows := feed.called("FollowSuppressions")
			eventually(t, func() bool {
				ticks.Add(time.Minute)
				return feed.called("FollowSuppressions") > follows
			}, "another look")
		}
		require.Equal(t, 2, worker.count(), "nothing was new")
	})
	t.Run("looks at once when it is woken, and tells others of what a call has found already", func(t *testing.T) {
		t.Parallel()

		feed, worker := newList(ann), &bell{}
		p := start(feed, bloom.Config{RefreshEvery: time.Hour, Wake: []suppression.Waker{worker}})
		p.run(t)
		eventually(t, func() bool { return worker.count() == 1 }, "the first look")
		feed.add(bob)
		require.Equal(t, []string{bob}, candidates(t, p, bob))
		p.Wake()
		eventually(t, func() bool { return worker.count() == 2 }, "a second ring")
	})
	t.Run("catches up when a call has found it far behind", func(t *testing.T) {
		t.Parallel()

		feed := newList()
		p := start(feed, bloom.Config{RefreshEvery: time.Hour, MaxBehind: 3})
		feed.fill(numbers(1))
		p.run(t)
		eventually(t, func() bool { return p.Stats().Entries == 1 }, "a filter")
		feed.fill(strangers(20))
		requireCannotTell(t, p, "behind")
		eventually(t, func() bool { return p.Stats().Entries == 21 }, "the rest")
		require.Equal(t, strangers(20), candidates(t, p, strangers(20)...))
	})
	t.Run("builds anew as soon as a call has found another history", func(t *testing.T) {
		t.Parallel()

		feed := newList(ann, bob)
		p := start(feed, bloom.Config{RefreshEvery: time.Hour})
		p.run(t)
		eventually(t, func() bool { return p.Stats().Entries == 2 }, "a filter")
		feed.restore(1)
		requireCannotTell(t, p, "other_history")
		eventually(t, func() bool { return p.Stats().Entries == 1 }, "another filter")
		require.Equal(t, 1, p.count(builds, "cause", "other_history"))
	})
	t.Run("goes on when the feed fails, and logs that once", func(t *testing.T) {
		t.Parallel()

		feed, ticks := newList(ann), clock.NewMock()
		feed.fail(context.DeadlineExceeded)
		p := start(feed, bloom.Config{Clock: ticks, RefreshEvery: time.Minute})
		p.run(t)
		eventually(t, func() bool {
			ticks.Add(time.Minute)
			return feed.called("SuppressionHead") > 3
		}, "several tries")
		feed.fail(nil)
		eventually(t, func() bool {
			ticks.Add(time.Minute)
			return p.Stats().Entries == 1
		}, "a filter")
		require.Equal(t, 1, strings.Count(p.log.String(), "following the suppression list fails"), "%s", p.log)
		eventually(t, func() bool {
			return strings.Count(p.log.String(), "following the suppression list works again") == 1
		}, "the end of it in the log")
	})
}

func TestNews(t *testing.T) {
	t.Parallel()

	t.Run("one process hears what another has changed", func(t *testing.T) {
		t.Parallel()

		server, client := memory(t)
		feed, worker := newList(ann), &bell{}
		heard := listenIn(t, client)
		here := start(feed, bloom.Config{Redis: client, RefreshEvery: time.Hour})
		there := start(feed, bloom.Config{Redis: client, RefreshEvery: time.Hour, Wake: []suppression.Waker{worker}})
		here.run(t)
		there.run(t)
		connected(t, server, 3)
		eventually(t, func() bool { return worker.count() == 1 }, "its first look")
		for i, number := range numbers(20) {
			feed.add(number)
			here.Wake()
			eventually(t, func() bool { return worker.count() == i+2 }, "the other process")
			require.True(t, there.Precheck(target(number)))
			require.Equal(t, int64(i+2), there.Stats().Position.Number)
		}
		eventually(t, func() bool { return heard.last() == 21 }, "the last announcement")
		require.Less(t, heard.count(), 30, "who has heard it does not say it again, unless they meet")
	})
	t.Run("one that waits for a filter hears that it is there", func(t *testing.T) {
		t.Parallel()

		server, client := memory(t)
		feed := newList(ann)
		scanning, begun := make(chan struct{}), make(chan struct{})
		feed.on(func(call string) {
			if call == "ScanSuppressions" {
				close(begun)
				<-scanning
			}
		}, nil)
		here := start(feed, bloom.Config{Redis: client, RefreshEvery: time.Hour})
		here.run(t)
		<-begun
		there := start(feed, bloom.Config{Redis: client, RefreshEvery: time.Hour})
		there.run(t)
		connected(t, server, 2)
		eventually(t, func() bool { return there.count(loads, "result", "missing") > 0 }, "a look for it")
		close(scanning)
		eventually(t, func() bool { return there.count(loads, "result", "used") == 1 }, "the filter")
		require.Zero(t, there.total(builds))
	})
	t.Run("a filter that is published is announced, even if the list has not changed", func(t *testing.T) {
		t.Parallel()

		server, client := memory(t)
		heard := listenIn(t, client)
		connected(t, server, 1)
		p := ready(t, newList(ann), bloom.Config{Redis: client})
		eventually(t, func() bool { return heard.count() == 1 }, "the first announcement")
		server.FlushAll()
		require.NoError(t, p.Refresh(t.Context()))
		eventually(t, func() bool { return heard.count() == 2 }, "another one")
		require.Equal(t, 1, heard.last())
	})
	t.Run("who has begun to listen looks for what was said before", func(t *testing.T) {
		t.Parallel()

		server, client := memory(t)
		feed := newList(ann)
		p := start(feed, bloom.Config{Redis: client, RefreshEvery: time.Hour})
		p.run(t)
		connected(t, server, 1)
		eventually(t, func() bool { return feed.called("FollowSuppressions") >= 2 }, "a look beside that of the build")
	})
	t.Run("listening begins anew after Redis was gone", func(t *testing.T) {
		t.Parallel()

		server, client := memory(t)
		feed, worker := newList(ann), &bell{}
		there := start(feed, bloom.Config{Redis: client, RefreshEvery: 10 * time.Millisecond, Wake: []suppression.Waker{worker}})
		there.run(t)
		connected(t, server, 1)
		server.Close()
		eventually(t, func() bool { return there.count(redisFailures, "operation", "listen") > 2 }, "failures")
		require.NoError(t, server.Restart())
		connected(t, server, 1)
		eventually(t, func() bool { return strings.Contains(there.log.String(), "listening to redis works again") }, "its end in the log")
		require.Equal(t, 1, strings.Count(there.log.String(), "listening to redis fails"), "%s", there.log)
	})
	t.Run("nonsense on the channel changes nothing", func(t *testing.T) {
		t.Parallel()

		server, client := memory(t)
		feed, worker := newList(ann), &bell{}
		here := start(feed, bloom.Config{Redis: client, RefreshEvery: time.Hour})
		there := start(feed, bloom.Config{Redis: client, RefreshEvery: time.Hour, Wake: []suppression.Waker{worker}})
		here.run(t)
		there.run(t)
		connected(t, server, 2)
		eventually(t, func() bool { return worker.count() == 1 && here.Stats().Entries == 1 }, "filters")
		for _, nonsense := range []string{"", "-1", "ten", "9223372036854775807", "99999999999999999999"} {
			require.NoError(t, client.Publish(t.Context(), key+":news", nonsense).Err())
		}
		feed.add(bob)
		here.Wake()
		eventually(t, func() bool { return worker.count() == 2 }, "the other process")
	})
}

// connected waits until that many listen on the channel.
func connected(t *testing.T, server *miniredis.Miniredis, listeners int) {
	t.Helper()
	eventually(t, func() bool { return server.PubSubNumSub(key + ":news")[key+":news"] == listeners }, "listeners")
}

// announcements are those that a test has heard.
type announcements struct{ latest, heard atomic.Int64 }

func (a *announcements) last() int  { return int(a.latest.Load()) }
func (a *announcements) count() int { return int(a.heard.Load()) }

// listenIn hears what is announced until the test ends.
func listenIn(t *testing.T, client *redis.Client) *announcements {
	t.Helper()
	heard, done := &announcements{}, make(chan struct{})
	subscription := client.Subscribe(t.Context(), key+":news")
	messages := subscription.Channel()
	go func() {
		defer close(done)
		for message := range messages {
			if number, err := strconv.Atoi(message.Payload); err == nil {
				heard.heard.Add(1)
				heard.latest.Store(int64(number))
			}
		}
	}()
	t.Cleanup(func() {
		_ = subscription.Close()
		<-done
	})
	return heard
}
