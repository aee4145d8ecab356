package outdial

import (
	"fmt"

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

// Counter makes the instrument. When the meter cannot, the counter counts nothing,
// and the error says why.
func (m Metric) Counter(meter metric.Meter) (metric.Int64Counter, error) {
	counter, err := meter.Int64Counter(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Description))
	if err != nil {
		return noop.Int64Counter{}, fmt.Errorf("make %s: %w", m.Name, err)
	}
	return counter, nil
}

// Histogram makes the instrument. When the meter cannot, the histogram records
// nothing, and the error says why.
func (m Metric) Histogram(meter metric.Meter) (metric.Float64Histogram, error) {
	histogram, err := meter.Float64Histogram(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Description),
		metric.WithExplicitBucketBoundaries(m.Buckets...))
	if err != nil {
		return noop.Float64Histogram{}, fmt.Errorf("make %s: %w", m.Name, err)
	}
	return histogram, nil
}
