package bloom

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/outdial/outdial"
)

// buildCause is why a filter was built from the whole list.
type buildCause string

const (
	buildFirst        buildCause = "first"
	buildOutgrown     buildCause = "outgrown"
	buildOtherHistory buildCause = "other_history"
)

// loadResult is what became of a look for a filter in Redis.
type loadResult string

const (
	loadUsed     loadResult = "used"
	loadMissing  loadResult = "missing"
	loadUnusable loadResult = "unusable"
)

// publishCause is why a filter was written to Redis.
type publishCause string

const (
	publishBuilt    publishCause = "built"
	publishMissing  publishCause = "missing"
	publishUnusable publishCause = "unusable"
	publishBehind   publishCause = "behind"
)

// operation is what Redis was asked for.
type operation string

const (
	opLook     operation = "look"
	opLoad     operation = "load"
	opLock     operation = "lock"
	opPublish  operation = "publish"
	opAnnounce operation = "announce"
	opListen   operation = "listen"
)

// fallbackCause is why a call could not be answered from memory.
type fallbackCause string

const (
	fallbackNoFilter     fallbackCause = "no_filter"
	fallbackBehind       fallbackCause = "behind"
	fallbackFeedFailed   fallbackCause = "feed_failed"
	fallbackOtherHistory fallbackCause = "other_history"
)

var (
	metricBuilds = outdial.Metric{
		Name: "outdial.suppression.filter.builds", Kind: outdial.MetricCounter, Unit: "{filter}",
		Description: "Filters that were built from the whole list, because there was none, or the one in use was too small or of a database from before it was restored.",
		Attributes: []outdial.MetricAttribute{
			{Name: "cause", Values: outdial.MetricValues([]buildCause{buildFirst, buildOutgrown, buildOtherHistory})},
		},
	}
	metricLoads = outdial.Metric{
		Name: "outdial.suppression.filter.loads", Kind: outdial.MetricCounter, Unit: "{filter}",
		Description: "Looks for a filter in Redis by a process that needed one, by what was there.",
		Attributes: []outdial.MetricAttribute{
			{Name: "result", Values: outdial.MetricValues([]loadResult{loadUsed, loadMissing, loadUnusable})},
		},
	}
	metricPublished = outdial.Metric{
		Name: "outdial.suppression.filter.published", Kind: outdial.MetricCounter, Unit: "{filter}",
		Description: "Filters that were written to Redis, because they were new, or by what was there instead.",
		Attributes: []outdial.MetricAttribute{
			{Name: "cause", Values: outdial.MetricValues([]publishCause{publishBuilt, publishMissing, publishUnusable, publishBehind})},
		},
	}
	metricRedisFailures = outdial.Metric{
		Name: "outdial.suppression.filter.redis_failures", Kind: outdial.MetricCounter, Unit: "{failure}",
		Description: "Times that Redis did not do what it was asked for, or not in time.",
		Attributes: []outdial.MetricAttribute{
			{Name: "operation", Values: outdial.MetricValues([]operation{opLook, opLoad, opLock, opPublish, opAnnounce, opListen})},
		},
	}
	metricFallbacks = outdial.Metric{
		Name: "outdial.suppression.filter.fallbacks", Kind: outdial.MetricCounter, Unit: "{call}",
		Description: "Calls that the filter could not answer, so that the database was asked about every value.",
		Attributes: []outdial.MetricAttribute{
			{Name: "cause", Values: outdial.MetricValues([]fallbackCause{fallbackNoFilter, fallbackBehind, fallbackFeedFailed, fallbackOtherHistory})},
		},
	}
)

// Metrics is the one table of what the package measures.
func Metrics() []outdial.Metric {
	return []outdial.Metric{metricBuilds, metricLoads, metricPublished, metricRedisFailures, metricFallbacks}
}

// instruments are the metrics of one Cache.
type instruments struct {
	builds, loads, published, redisFailures, fallbacks metric.Int64Counter
}

func newInstruments(meter metric.Meter, logger *slog.Logger) instruments {
	return instruments{
		builds:        metricBuilds.Counter(meter, logger),
		loads:         metricLoads.Counter(meter, logger),
		published:     metricPublished.Counter(meter, logger),
		redisFailures: metricRedisFailures.Counter(meter, logger),
		fallbacks:     metricFallbacks.Counter(meter, logger),
	}
}

// count adds one under an attribute.
func count[Word ~string](ctx context.Context, counter metric.Int64Counter, name string, word Word) {
	counter.Add(ctx, 1, metric.WithAttributes(attribute.String(name, string(word))))
}
