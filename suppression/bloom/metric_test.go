package bloom_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/internal/metertest"
	"github.com/outdial/outdial/suppression/bloom"
)

func TestEveryMetricIsMade(t *testing.T) {
	t.Parallel()

	meter := &metertest.Meter{}
	bloom.New(newList(), bloom.Config{Meter: meter})
	var described []outdial.Metric
	for _, metric := range bloom.Metrics() {
		metric.Attributes = nil
		described = append(described, metric)
	}
	require.ElementsMatch(t, described, meter.Made())
}
