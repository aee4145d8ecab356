package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/outdial/outdial/dialer/engine"
	"github.com/outdial/outdial/dialer/sim"
)

func TestTheInstrumentsAreThoseOfTheTable(t *testing.T) {
	t.Parallel()

	onFloor(t, 0, sim.Config{}, func(f *floor) {
		f.process()
		want := engine.Metrics()
		for i := range want {
			want[i].Attributes = nil
		}
		require.ElementsMatch(f, want, f.meter.Made())
	})
}

func TestMeasurementsHaveTheAttributesOfTheTable(t *testing.T) {
	t.Parallel()

	network := bad()
	network.LookupLost = 0.2
	onFloor(t, 60, sim.Config{Callees: patient(), Network: network, Lines: 6}, func(f *floor) {
		f.staff(1)
		first := f.start(generous)
		f.pass(10 * time.Minute)
		first.stop(f)
		for _, described := range engine.Metrics() {
			measurements := f.meter.Measurements(described.Name)
			require.NotEmpty(f, measurements, described.Name)
			for _, measurement := range measurements {
				require.Len(f, measurement.Attributes, len(described.Attributes), described.Name)
				for _, attribute := range described.Attributes {
					require.True(f, slices.Contains(attribute.Values, measurement.Attributes[attribute.Name]),
						"%s: %s is %q", described.Name, attribute.Name, measurement.Attributes[attribute.Name])
				}
			}
		}
	})
}

// brokenMeter makes nothing.
type brokenMeter struct{ noop.Meter }

var errNoInstrument = errors.New("the name is taken")

func (brokenMeter) Int64Counter(string, ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	return nil, errNoInstrument
}

func (brokenMeter) Float64Histogram(string, ...metric.Float64HistogramOption) (metric.Float64Histogram, error) {
	return nil, errNoInstrument
}

func TestAnEngineWorksWithoutItsInstruments(t *testing.T) {
	t.Parallel()

	onFloor(t, 1, sim.Config{Callees: people(), Detection: sure()}, func(f *floor) {
		f.ready(1)
		f.start(func(c *engine.Config) { c.Meter = brokenMeter{} })
		f.pass(known + time.Second)
		require.False(f, f.call().ConnectedAt.IsZero())
		require.Equal(f, len(engine.Metrics()), strings.Count(f.log.String(), "an instrument is missing"))
	})
}
