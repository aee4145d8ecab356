package bloom

import (
	"log/slog"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/outdial/outdial/suppression"
)

// Config adjusts a Cache. The zero value works, without Redis.
type Config struct {
	// Redis is where processes share the filter. Defaults to none: each process reads
	// the list when it starts.
	Redis redis.UniversalClient
	// Key is the filter's name in Redis, and the beginning of the names of a lock and
	// of a channel. Two databases must not share it. Defaults to
	// "outdial:suppression:filter".
	Key string
	// RedisTimeout is how long Redis may take for an answer, whatever timeouts the
	// client has. For the whole filter it may take longer, a second for every 20
	// megabytes. Defaults to 250 milliseconds.
	RedisTimeout time.Duration

	// FalsePositives is the share of values that are not on the list and still have to
	// be asked about, in a filter that is full: a smaller one makes the filter larger.
	// It is between 1e-9 and 0.5. Defaults to 0.001.
	FalsePositives float64
	// Headroom is how many more entries than there are a filter is built for, as a
	// share of them, up to 10. When the list outgrows its filter, another is built.
	// Defaults to 0.5.
	Headroom float64
	// MinCapacity is how many entries a filter is built for at least. Defaults to
	// 100,000, which take 180 kilobytes.
	MinCapacity int
	// MaxBehind is how many events a call of Candidates adds to the copy before it
	// answers; when there are more it leaves them to Run. The filter in Redis is
	// published anew when it is further behind than that. Defaults to 10,000.
	MaxBehind int
	// ScanLimit is how many entries are read at once when a filter is built. Defaults
	// to 10,000.
	ScanLimit int
	// BuildWithin is how long other processes wait for the one that is building before
	// another one tries. Defaults to 1 minute.
	BuildWithin time.Duration
	// RefreshEvery is how often Run looks by itself, at the feed and at Redis. Defaults
	// to 5 seconds.
	RefreshEvery time.Duration

	// Wake are told when the list has changed, whoever changed it: a suppression.Worker
	// hears so of what another process did. Defaults to nobody.
	Wake []suppression.Waker
	// Clock tells when to look again. What Redis may take passes in real time. Defaults
	// to the system's clock.
	Clock clock.Clock
	// Meter makes the instruments that Metrics lists. Defaults to measuring nothing.
	Meter metric.Meter
	// Logger receives one record when something stops working and one when it works
	// again, and one for each filter that is built, loaded or published. It never
	// receives a value that is on the list. Defaults to discarding them.
	Logger *slog.Logger
}

// WithDefaults returns a copy in which every field that was left out, or makes no
// sense, has its default.
func (c Config) WithDefaults() Config {
	if c.Key == "" {
		c.Key = "outdial:suppression:filter"
	}
	if !(c.FalsePositives >= 1e-9 && c.FalsePositives <= 0.5) { // which NaN is not either
		c.FalsePositives = 0.001
	}
	if !(c.Headroom > 0 && c.Headroom <= 10) {
		c.Headroom = 0.5
	}
	for _, number := range []struct {
		of        *int
		otherwise int
	}{
		{&c.MinCapacity, 100_000},
		{&c.MaxBehind, 10_000},
		{&c.ScanLimit, 10_000},
	} {
		if *number.of <= 0 {
			*number.of = number.otherwise
		}
	}
	for _, duration := range []struct {
		of        *time.Duration
		otherwise time.Duration
	}{
		{&c.RedisTimeout, 250 * time.Millisecond},
		{&c.BuildWithin, time.Minute},
		{&c.RefreshEvery, 5 * time.Second},
	} {
		if *duration.of <= 0 {
			*duration.of = duration.otherwise
		}
	}
	if c.Clock == nil {
		c.Clock = clock.New()
	}
	if c.Meter == nil {
		c.Meter = noop.Meter{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// capacityFor is how many entries a filter is made for when there are that many.
func (c Config) capacityFor(entries uint64) uint64 {
	return max(uint64(c.MinCapacity), entries+uint64(float64(entries)*c.Headroom)) //nolint:gosec // it is positive
}
