package bloom_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/suppression"
	"github.com/outdial/outdial/suppression/bloom"
)

func TestSharing(t *testing.T) {
	t.Parallel()

	t.Run("a process that starts reads the filter of another, and not the list", func(t *testing.T) {
		t.Parallel()

		_, client := memory(t)
		feed := newList(ann, bob)
		first := ready(t, feed, bloom.Config{Redis: client})
		require.Equal(t, 1, first.count(loads, "result", "missing"))
		require.Equal(t, 1, first.count(builds, "cause", "first"))
		require.Equal(t, 1, first.count(published, "cause", "built"))
		feed.add(cleo)
		scans := feed.called("ScanSuppressions")

		second := ready(t, feed, bloom.Config{Redis: client})
		require.Equal(t, scans, feed.called("ScanSuppressions"), "%s", second.log)
		require.Equal(t, 1, second.count(loads, "result", "used"), "%s", second.log)
		require.Zero(t, second.total(builds)+second.total(published)+second.total(redisFailures))
		require.Equal(t, []string{ann, bob, cleo}, candidates(t, second, ann, bob, cleo, dan))
		require.Equal(t, first.Stats().Capacity, second.Stats().Capacity)
	})
	t.Run("what nobody has changed is not published again", func(t *testing.T) {
		t.Parallel()

		_, client := memory(t)
		feed := newList(ann)
		p := ready(t, feed, bloom.Config{Redis: client})
		for range 3 {
			feed.add(bob)
			require.NoError(t, p.Refresh(t.Context()))
		}
		require.Equal(t, 1, p.total(published))
	})
	t.Run("what was flushed is published again", func(t *testing.T) {
		t.Parallel()

		server, client := memory(t)
		p := ready(t, newList(ann), bloom.Config{Redis: client})
		server.FlushAll()
		require.NoError(t, p.Refresh(t.Context()))
		require.Equal(t, 1, p.count(published, "cause", "missing"))
		require.Equal(t, 1, p.total(builds), "it has its copy")
		requirePublished(t, client, p)
	})
	t.Run("what is far behind is published anew", func(t *testing.T) {
		t.Parallel()

		_, client := memory(t)
		feed := newList(ann)
		p := ready(t, feed, bloom.Config{Redis: client, MaxBehind: 10})
		feed.add(numbers(10)...)
		require.NoError(t, p.Refresh(t.Context()))
		require.Zero(t, p.count(published, "cause", "behind"))
		feed.add(bob)
		require.NoError(t, p.Refresh(t.Context()))
		require.Equal(t, 1, p.count(published, "cause", "behind"))
	})
	t.Run("what is outgrown is built anew by one process, and read by the others", func(t *testing.T) {
		t.Parallel()

		_, client := memory(t)
		feed := newList(numbers(10)...)
		cfg := bloom.Config{Redis: client, MinCapacity: 10}
		first, second := ready(t, feed, cfg), ready(t, feed, cfg)
		feed.add(ann)
		require.NoError(t, first.Refresh(t.Context()))
		require.NoError(t, second.Refresh(t.Context()))
		require.Equal(t, 1, first.count(builds, "cause", "outgrown"))
		require.Zero(t, second.total(builds))
		require.Equal(t, 1, second.count(loads, "result", "used")-first.count(loads, "result", "used")-1, "once at the start, and now")
		require.Equal(t, first.Stats(), second.Stats())
		require.Equal(t, []string{ann}, candidates(t, second, ann))
	})
	t.Run("a process that wants fewer false positives publishes its own, which does for the other", func(t *testing.T) {
		t.Parallel()

		_, client := memory(t)
		feed := newList(ann)
		coarse := ready(t, feed, bloom.Config{Redis: client, FalsePositives: 0.01})
		fine := ready(t, feed, bloom.Config{Redis: client, FalsePositives: 0.001})
		require.Equal(t, 1, fine.count(builds, "cause", "first"))
		require.Equal(t, 1, fine.count(published, "cause", "built"))
		for range 2 {
			require.NoError(t, coarse.Refresh(t.Context()))
			require.NoError(t, fine.Refresh(t.Context()))
		}
		require.Equal(t, 1, coarse.total(published))
		require.Equal(t, 1, fine.total(published))
	})
	t.Run("a filter from before the database was restored is replaced", func(t *testing.T) {
		t.Parallel()

		for name, afterwards := range map[string][]string{"and is still behind it": nil, "and has gone on": numbers(10)} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()

				_, client := memory(t)
				feed := newList(ann, bob, cleo)
				p := ready(t, feed, bloom.Config{Redis: client})
				feed.restore(1)
				feed.add(afterwards...)
				fresh := ready(t, feed, bloom.Config{Redis: client})
				require.Equal(t, 1, fresh.count(loads, "result", "unusable"))
				require.Equal(t, 1, fresh.count(published, "cause", "built"))
				require.Equal(t, append([]string{ann}, afterwards...), candidates(t, fresh, append([]string{ann, bob}, afterwards...)...))
				require.NoError(t, p.Refresh(t.Context()))
				require.Equal(t, 2, p.count(loads, "result", "used")+p.count(loads, "result", "missing"), "it reads that one")
				require.Equal(t, 1, p.total(builds))
			})
		}
	})
	t.Run("a filter of another history that is put back is noticed by who has a copy", func(t *testing.T) {
		t.Parallel()

		server, client := memory(t)
		feed := newList(ann, bob)
		p := ready(t, feed, bloom.Config{Redis: client})
		old, err := server.Get(key)
		require.NoError(t, err)
		feed.add(eve)
		require.NoError(t, p.Refresh(t.Context()))
		feed.restore(1)
		feed.add(cleo, dan)
		require.NoError(t, p.Refresh(t.Context()))
		require.NoError(t, server.Set(key, old))
		require.NoError(t, p.Refresh(t.Context()))
		require.Equal(t, 1, p.count(published, "cause", "unusable"))
		requirePublished(t, client, p)
	})
}

// requirePublished asks of what is in Redis that it is the filter of a process.
func requirePublished(t *testing.T, client redis.UniversalClient, as *process) {
	t.Helper()
	value, err := client.Get(t.Context(), key).Bytes()
	require.NoError(t, err)
	_, at, err := bloom.Decode(value)
	require.NoError(t, err)
	require.Equal(t, as.Stats().Position, at)
}

// TestWhatIsInRedisIsAFilterOrNothing has a process start with every kind of value that
// is none.
func TestWhatIsInRedisIsAFilterOrNothing(t *testing.T) {
	t.Parallel()

	feed := newList(ann, bob)
	whole := func() []byte { return bloom.Encode(100, 0.001, feed.events[1].Position, ann, bob) }
	do := func(client redis.UniversalClient, args ...any) error {
		return client.Do(context.Background(), args...).Err()
	}
	set := func(value []byte) func(redis.UniversalClient) error {
		return func(client redis.UniversalClient) error { return do(client, "SET", key, value) }
	}
	for name, put := range map[string]func(client redis.UniversalClient) error{
		"an empty string": set(nil),
		"a word":          set([]byte("filter")),
		"single bits of one that was flushed": func(client redis.UniversalClient) error {
			return errors.Join(do(client, "SETBIT", key, 8*bloom.HeaderLength+77, 1), do(client, "SETBIT", key, 8*len(whole())-1, 1))
		},
		"a part": set(whole()[:len(whole())-8]),
		"one in which the bits were lost": func(client redis.UniversalClient) error {
			return errors.Join(do(client, "SET", key, whole()[:bloom.HeaderLength]), do(client, "SETBIT", key, 8*len(whole())-1, 0))
		},
		"one in which a bit was set": func(client redis.UniversalClient) error {
			return errors.Join(do(client, "SET", key, whole()), do(client, "SETBIT", key, 8*bloom.HeaderLength+77, 1))
		},
		"one in which bits were cleared": func(client redis.UniversalClient) error {
			return errors.Join(do(client, "SET", key, whole()), do(client, "SETRANGE", key, bloom.HeaderLength, make([]byte, 100)))
		},
		"one of an empty list":        set(bloom.Encode(100, 0.001, suppression.Position{})),
		"one of another list":         set(bloom.Encode(100, 0.001, somewhere, cleo)),
		"one of another event's id":   set(bloom.Encode(100, 0.001, suppression.Position{Number: 2, EventID: somewhere.EventID}, cleo)),
		"one of a coarser rate":       set(bloom.Encode(100, 0.1, feed.events[1].Position, ann, bob)),
		"a hash":                      func(client redis.UniversalClient) error { return do(client, "HSET", key, "a", "b") },
		"a list":                      func(client redis.UniversalClient) error { return do(client, "RPUSH", key, "a", "b") },
		"one of a version that comes": set(append([]byte("outdial\x02"), whole()[8:]...)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			server, client := memory(t)
			require.NoError(t, put(client))
			p := ready(t, feed, bloom.Config{Redis: client})
			require.Equal(t, []string{ann, bob}, candidates(t, p, ann, bob, cleo))
			require.Equal(t, 1, p.count(builds, "cause", "first"))
			require.Equal(t, 1, p.count(loads, "result", "unusable")+p.count(loads, "result", "missing"))
			requirePublished(t, client, p)

			t.Run("and one with a copy puts its own there", func(t *testing.T) {
				server.FlushAll()
				require.NoError(t, put(client))
				require.NoError(t, p.Refresh(t.Context()))
				require.Equal(t, 1, p.total(builds))
				if strings.HasPrefix(name, "one in which") {
					return // only who reads all of it can see that
				}
				requirePublished(t, client, p)
			})
		})
	}
}

func TestBuildingTogether(t *testing.T) {
	t.Parallel()

	t.Run("one builds, and the others wait for what it publishes", func(t *testing.T) {
		t.Parallel()

		_, client := memory(t)
		feed := newList(ann)
		waiting := start(feed, bloom.Config{Redis: client})
		feed.on(func(call string) {
			if call == "ScanSuppressions" {
				feed.on(nil, nil)
				require.ErrorIs(t, waiting.Refresh(t.Context()), bloom.ErrBuilding)
				requireCannotTell(t, waiting, "no_filter")
			}
		}, nil)
		first := ready(t, feed, bloom.Config{Redis: client})
		require.Equal(t, 1, first.total(builds))
		require.NoError(t, waiting.Refresh(t.Context()))
		require.Equal(t, 1, waiting.count(loads, "result", "used"))
		require.Zero(t, waiting.total(builds))
		require.Equal(t, 1, feed.called("ScanSuppressions"))
		require.NotContains(t, waiting.log.String(), "fails")
	})
	t.Run("when the one that builds is gone, another does after BuildWithin", func(t *testing.T) {
		t.Parallel()

		server, client := memory(t)
		require.NoError(t, client.SetNX(t.Context(), key+":lock", "somebody", time.Minute).Err())
		p := start(newList(ann), bloom.Config{Redis: client})
		require.ErrorIs(t, p.Refresh(t.Context()), bloom.ErrBuilding)
		server.FastForward(time.Minute)
		require.NoError(t, p.Refresh(t.Context()))
		require.Equal(t, 1, p.total(builds))
	})
	t.Run("one that takes longer than that leaves the lock of the next alone", func(t *testing.T) {
		t.Parallel()

		server, client := memory(t)
		feed := newList(ann)
		feed.on(func(call string) {
			if call == "ScanSuppressions" {
				server.FastForward(2 * time.Second)
				require.NoError(t, client.SetNX(t.Context(), key+":lock", "the next", time.Minute).Err())
			}
		}, nil)
		ready(t, feed, bloom.Config{Redis: client, BuildWithin: time.Second})
		holder, err := server.Get(key + ":lock")
		require.NoError(t, err)
		require.Equal(t, "the next", holder)
	})
	t.Run("one that took the lock without hearing so has it, once Redis answers again", func(t *testing.T) {
		t.Parallel()

		server, client := memory(t)
		lost := &losing{}
		client.AddHook(lost)
		feed := newList(ann)
		p := ready(t, feed, bloom.Config{Redis: client})
		server.FlushAll()
		lost.answers.Store(true)
		require.NoError(t, p.Refresh(t.Context()))
		require.True(t, server.Exists(key+":lock"))
		require.False(t, server.Exists(key))
		lost.answers.Store(false)
		require.NoError(t, p.Refresh(t.Context()))
		require.True(t, server.Exists(key))
		require.False(t, server.Exists(key+":lock"))
	})
	t.Run("the lock is given back, also when the list can't be read", func(t *testing.T) {
		t.Parallel()

		server, client := memory(t)
		feed := newList(ann)
		feed.on(func(call string) {
			if call == "ScanSuppressions" {
				feed.fail(errors.New("no database"))
			}
		}, nil)
		p := start(feed, bloom.Config{Redis: client})
		require.ErrorContains(t, p.Refresh(t.Context()), "no database")
		require.False(t, server.Exists(key+":lock"))
		require.False(t, server.Exists(key))
		feed.on(nil, nil)
		feed.fail(nil)
		require.NoError(t, p.Refresh(t.Context()))
		require.False(t, server.Exists(key+":lock"))
	})
	t.Run("a filter is not published while another process builds one", func(t *testing.T) {
		t.Parallel()

		server, client := memory(t)
		p := ready(t, newList(ann), bloom.Config{Redis: client})
		server.FlushAll()
		require.NoError(t, client.SetNX(t.Context(), key+":lock", "somebody", time.Minute).Err())
		require.NoError(t, p.Refresh(t.Context()))
		require.False(t, server.Exists(key))
		server.FastForward(time.Minute)
		require.NoError(t, p.Refresh(t.Context()))
		require.True(t, server.Exists(key))
	})
	t.Run("one that is outgrown stays in use meanwhile", func(t *testing.T) {
		t.Parallel()

		_, client := memory(t)
		feed := newList(ann)
		p := ready(t, feed, bloom.Config{Redis: client, MinCapacity: 2})
		feed.add(bob, cleo)
		require.NoError(t, client.SetNX(t.Context(), key+":lock", "somebody", time.Minute).Err())
		require.NoError(t, p.Refresh(t.Context()))
		require.Equal(t, 1, p.total(builds))
		require.Equal(t, []string{ann, bob, cleo}, candidates(t, p, ann, bob, cleo))
	})
}

func TestWithoutAnAnswerFromRedis(t *testing.T) {
	t.Parallel()

	t.Run("the list is read, and the filter published when Redis is back", func(t *testing.T) {
		t.Parallel()

		server, client := memory(t)
		server.SetError("out of order")
		feed := newList(ann)
		p := ready(t, feed, bloom.Config{Redis: client})
		require.Equal(t, []string{ann}, candidates(t, p, ann, bob))
		require.Zero(t, p.total(loads), "it did not say")
		require.Positive(t, p.count(redisFailures, "operation", "look"))
		require.Positive(t, p.count(redisFailures, "operation", "lock"))
		require.Positive(t, p.count(redisFailures, "operation", "publish"))
		for range 5 {
			feed.add(bob)
			feed.remove(bob)
			require.NoError(t, p.Refresh(t.Context()))
		}
		require.Equal(t, 1, strings.Count(p.log.String(), "sharing the suppression filter through redis fails"), "%s", p.log)

		server.SetError("")
		require.NoError(t, p.Refresh(t.Context()))
		require.Equal(t, 1, p.count(published, "cause", "missing"))
		require.Equal(t, 1, strings.Count(p.log.String(), "sharing the suppression filter through redis works again"), "%s", p.log)
		requirePublished(t, client, p)
		require.Equal(t, 1, p.total(builds))
	})
	t.Run("it fails between a look and the reading", func(t *testing.T) {
		t.Parallel()

		server, client := memory(t)
		feed := newList(ann)
		ready(t, feed, bloom.Config{Redis: client})
		client.AddHook(failing{"get"})
		p := ready(t, feed, bloom.Config{Redis: client})
		require.Equal(t, 1, p.count(redisFailures, "operation", "load"))
		require.Equal(t, []string{ann}, candidates(t, p, ann, bob))
		require.True(t, server.Exists(key))
	})
	t.Run("a Redis that takes questions and answers none is waited for a bounded time, whatever the client's patience", func(t *testing.T) {
		t.Parallel()

		// The default client would try for a quarter of a minute.
		address := mute(t)
		client := redis.NewClient(&redis.Options{Addr: address, ReadTimeout: 2 * time.Second, MaxRetries: 1})
		defer func() { _ = client.Close() }()
		feed := newList(ann)
		p := start(feed, bloom.Config{Redis: client, RedisTimeout: 50 * time.Millisecond, RefreshEvery: 10 * time.Millisecond})
		for range 5 {
			begun := time.Now()
			require.NoError(t, p.Refresh(t.Context()))
			require.Less(t, time.Since(begun), time.Second)
		}
		require.Equal(t, []string{ann}, candidates(t, p, ann, bob))
		require.Equal(t, 1, p.total(builds))
		require.GreaterOrEqual(t, p.count(redisFailures, "operation", "look"), 5)
		require.Contains(t, p.log.String(), "sharing the suppression filter through redis fails")
	})
	t.Run("it is not asked again before its turn", func(t *testing.T) {
		t.Parallel()

		server, client := memory(t)
		feed := newList(ann)
		p := start(feed, bloom.Config{Redis: client, RefreshEvery: time.Hour})
		server.SetError("out of order")
		p.run(t)
		first := 5 // the lock, a look, the publication, another look, and the subscription
		eventually(t, func() bool { return p.total(redisFailures) == first }, "what it tries at the start")
		follows := feed.called("FollowSuppressions")
		for i := range 10 {
			p.Wake()
			eventually(t, func() bool { return feed.called("FollowSuppressions") > follows+i }, "a look at the feed")
		}
		require.Equal(t, first, p.total(redisFailures))
	})
}

var errLost = errors.New("the connection was lost")

// failing is a client's hook by which one command fails.
type failing struct{ command string }

func (failing) DialHook(next redis.DialHook) redis.DialHook { return next }

func (f failing) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == f.command {
			cmd.SetErr(errLost)
			return errLost
		}
		return next(ctx, cmd)
	}
}

func (failing) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// losing is a client's hook by which answers are lost, but for those of a pipeline.
type losing struct{ answers atomic.Bool }

func (*losing) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l *losing) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if err == nil && l.answers.Load() {
			cmd.SetErr(errLost)
			return errLost
		}
		return err
	}
}

func (*losing) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// mute is the address of a server that takes connections and says nothing.
func mute(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

func TestNothingThatIsLoggedOrMeasuredSaysWhoIsOnTheList(t *testing.T) {
	t.Parallel()

	server, client := memory(t)
	feed := newList(ann, bob)
	p := ready(t, feed, bloom.Config{Redis: client, MinCapacity: 2})
	require.NoError(t, server.Set(key, ann))
	feed.add(cleo)
	require.NoError(t, p.Refresh(t.Context()))
	feed.restore(1)
	_, _ = p.Candidates(t.Context(), targets(ann))
	server.SetError("out of order")
	require.NoError(t, p.Refresh(t.Context()))
	feed.fail(errors.New("no database"))
	require.Error(t, p.Refresh(t.Context()))
	require.NotEmpty(t, p.log.String())
	for _, number := range []string{ann, bob, cleo} {
		local := strings.TrimPrefix(number, "+1")
		require.NotContains(t, p.log.String(), local)
		for _, described := range bloom.Metrics() {
			for _, measured := range p.meter.Measurements(described.Name) {
				for _, value := range measured.Attributes {
					require.NotContains(t, value, local)
				}
			}
		}
	}
}
