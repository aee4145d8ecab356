// Package metertest has a meter that remembers what was measured with it, for tests
// that hold a package to its table of metrics.
package metertest

import (
	"context"
	"maps"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/outdial/outdial"
)

// Meter is a metric.Meter of counters and histograms. The zero value is ready, and it
// is safe for concurrent use.
type Meter struct {
	noop.Meter

	mu           sync.Mutex
	made         []outdial.Metric
	measurements []Measurement
}

// Measurement is one number that was added or recorded.
type Measurement struct {
	Name       string
	Attributes map[string]string
	Value      float64
}

// Made returns the instruments that were asked for, without their attributes, which
// only measurements show.
func (m *Meter) Made() []outdial.Metric {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]outdial.Metric(nil), m.made...)
}

// Measurements returns what was measured with one instrument, in order.
func (m *Meter) Measurements(name string) []Measurement {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []Measurement
	for _, measurement := range m.measurements {
		if measurement.Name == name {
			found = append(found, measurement)
		}
	}
	return found
}

// Count adds up what a counter was given under exactly these attributes.
func (m *Meter) Count(name string, attributes map[string]string) int {
	sum := 0.0
	for _, measurement := range m.Measurements(name) {
		if maps.Equal(measurement.Attributes, attributes) {
			sum += measurement.Value
		}
	}
	return int(sum)
}

// Int64Counter implements metric.Meter.
func (m *Meter) Int64Counter(name string, options ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	config := metric.NewInt64CounterConfig(options...)
	m.make(outdial.Metric{
		Name: name, Kind: outdial.MetricCounter, Unit: config.Unit(), Description: config.Description(),
	})
	return &counter{meter: m, name: name}, nil
}

// Float64Histogram implements metric.Meter.
func (m *Meter) Float64Histogram(name string, options ...metric.Float64HistogramOption) (metric.Float64Histogram, error) {
	config := metric.NewFloat64HistogramConfig(options...)
	m.make(outdial.Metric{
		Name: name, Kind: outdial.MetricHistogram, Unit: config.Unit(), Description: config.Description(),
		Buckets: config.ExplicitBucketBoundaries(),
	})
	return &histogram{meter: m, name: name}, nil
}

func (m *Meter) make(described outdial.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.made = append(m.made, described)
}

func (m *Meter) measure(name string, value float64, set attribute.Set) {
	attributes := map[string]string{}
	for _, kv := range set.ToSlice() {
		attributes[string(kv.Key)] = kv.Value.String()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.measurements = append(m.measurements, Measurement{Name: name, Attributes: attributes, Value: value})
}

type counter struct {
	noop.Int64Counter

	meter *Meter
	name  string
}

// Add implements metric.Int64Counter.
func (c *counter) Add(_ context.Context, value int64, options ...metric.AddOption) {
	c.meter.measure(c.name, float64(value), metric.NewAddConfig(options).Attributes())
}

type histogram struct {
	noop.Float64Histogram

	meter *Meter
	name  string
}

// Record implements metric.Float64Histogram.
func (h *histogram) Record(_ context.Context, value float64, options ...metric.RecordOption) {
	h.meter.measure(h.name, value, metric.NewRecordConfig(options).Attributes())
}
