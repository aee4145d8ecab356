package outdial

import (
	"log/slog"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// MetricKind is what an instrument does with its measurements.
type MetricKind string

// The kinds.
const (
	// MetricCounter adds up what happens.
	MetricCounter MetricKind = "counter"
	// MetricHistogram sorts what it measures into buckets.
	MetricHistogram MetricKind = "histogram"
)

// Metric describes an instrument that a package of the library measures with. Each
// such package has one table of them, under Metrics, from which the instruments are
// made and docs/metrics.md is written.
type Metric struct {
	// Name is what OpenTelemetry knows it as.
	Name string
	Kind MetricKind
	// Unit is in UCUM, such as s or {event}.
	Unit string
	// Description is a sentence.
	Description string
	Attributes  []MetricAttribute
	// Buckets are the upper bounds of a histogram's buckets, in its unit.
	Buckets []float64
}

// MetricAttribute is a label of a measurement. No label ever says who was called.
type MetricAttribute struct {
	Name string
	// Values are all that it can be, or the usual ones where a host brings its own.
	Values []string
}

// MetricValues are the values of an attribute that stands for a table of words.
func MetricValues[Word ~string](words []Word) []string {
	values := make([]string, len(words))
	for i, word := range words {
		values[i] = string(word)
	}
	return values
}

// Counter makes the instrument. When the meter cannot, the counter counts nothing and
// the log says why: a call is worth more than its measurement.
func (m Metric) Counter(meter metric.Meter, logger *slog.Logger) metric.Int64Counter {
	counter, err := meter.Int64Counter(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Description))
	if err != nil {
		m.missing(logger, err)
		return noop.Int64Counter{}
	}
	return counter
}

// Histogram makes the instrument. When the meter cannot, the histogram records
// nothing and the log says why.
func (m Metric) Histogram(meter metric.Meter, logger *slog.Logger) metric.Float64Histogram {
	histogram, err := meter.Float64Histogram(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Description),
		metric.WithExplicitBucketBoundaries(m.Buckets...))
	if err != nil {
		m.missing(logger, err)
		return noop.Float64Histogram{}
	}
	return histogram
}

func (m Metric) missing(logger *slog.Logger, err error) {
	logger.Warn("an instrument is missing", slog.String("metric", m.Name), slog.String("cause", err.Error()))
}
