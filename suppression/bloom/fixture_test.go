package bloom_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/internal/metertest"
	"github.com/outdial/outdial/suppression/bloom"
)

// The names of the metrics.
const (
	builds        = "outdial.suppression.filter.builds"
	loads         = "outdial.suppression.filter.loads"
	published     = "outdial.suppression.filter.published"
	redisFailures = "outdial.suppression.filter.redis_failures"
	fallbacks     = "outdial.suppression.filter.fallbacks"
)

const key = "outdial:suppression:filter"

// process is one of the processes that follow a list.
type process struct {
	*bloom.Cache

	meter *metertest.Meter
	log   *journal
}

// journal is a log that many may write to.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// start makes a process whose Redis has time, unless the test is about that: a busy
// machine is no fault of Redis.
func start(feed *list, cfg bloom.Config) *process {
	if cfg.RedisTimeout == 0 {
		cfg.RedisTimeout = 10 * time.Second
	}
	p := &process{meter: &metertest.Meter{}, log: &journal{}}
	cfg.Meter, cfg.Logger = p.meter, slog.New(slog.NewTextHandler(p.log, nil))
	p.Cache = bloom.New(feed, cfg)
	return p
}

// ready is a process that has its filter.
func ready(t *testing.T, feed *list, cfg bloom.Config) *process {
	t.Helper()
	p := start(feed, cfg)
	require.NoError(t, p.Refresh(t.Context()))
	return p
}

// run has a process do its upkeep until the test ends.
func (p *process) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
}

func (p *process) count(metric, attribute, value string) int {
	return p.meter.Count(metric, map[string]string{attribute: value})
}

// total is what a counter was given under all its attributes.
func (p *process) total(metric string) int { return len(p.meter.Measurements(metric)) }

// candidates are the keys that may be on the list, of which the process must be able to
// tell.
func candidates(t require.TestingT, p *process, keys ...string) []string {
	indexes, ok := p.Candidates(context.Background(), targets(keys...))
	require.True(t, ok, "it cannot tell")
	found := []string{}
	for _, i := range indexes {
		found = append(found, keys[i])
	}
	return found
}

func requireCannotTell(t *testing.T, p *process, cause string) {
	t.Helper()
	before := p.count(fallbacks, "cause", cause)
	indexes, ok := p.Candidates(t.Context(), targets("+15046218927"))
	require.False(t, ok)
	require.Nil(t, indexes)
	require.Equal(t, before+1, p.count(fallbacks, "cause", cause))
}

// numbers are different keys.
func numbers(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("+1504%07d", i)
	}
	return keys
}

// strangers are keys that numbers never has.
func strangers(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("+1212%07d", i)
	}
	return keys
}

// memory is a Redis in this process.
func memory(t testing.TB) (*miniredis.Miniredis, *redis.Client) {
	t.Helper()
	server := miniredis.RunT(t)
	return server, connect(t, server.Addr())
}

// connect returns a client that fails at once, so that a test sees each failure.
func connect(t testing.TB, address string) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{
		Addr: address, ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1, DialTimeout: time.Second,
	})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// eventually waits for something that another goroutine brings about.
func eventually(t require.TestingT, holds func() bool, what string) {
	require.Eventually(t, holds, 10*time.Second, time.Millisecond, what)
}
