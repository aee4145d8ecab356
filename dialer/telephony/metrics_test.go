package telephony_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
)

func TestTheInstrumentsAreThoseOfTheTable(t *testing.T) {
	t.Parallel()

	_, bundle := setup(t)
	want := telephony.Metrics()
	for i := range want {
		want[i].Attributes = nil
	}
	require.ElementsMatch(t, want, bundle.meter.Made())
}

func TestMeasurementsHaveTheAttributesOfTheTable(t *testing.T) {
	t.Parallel()

	handler, bundle := setup(t)
	for _, result := range []telephony.RecordResult{
		{Moved: true, Call: call()}, {Call: call()}, {Orphan: true}, {Duplicate: true},
	} {
		bundle.store.result = result
		for _, kind := range telephony.Types() {
			event := ringing()
			event.Type = kind
			if kind == telephony.TypeAMD {
				event.AMD = dialer.AMDFax
			}
			if kind == telephony.TypeEnded {
				event.Cause = dialer.CauseBusy
			}
			_, err := handler.Handle(t.Context(), event)
			require.NoError(t, err)
		}
	}
	old := ringing()
	old.At = noon.AddDate(-1, 0, 0)
	_, err := handler.Handle(t.Context(), old)
	require.NoError(t, err)
	handler.Reject(t.Context(), telephony.SourceTwilio, telephony.ErrStale)
	bundle.store.pages = []telephony.ListResult{{Events: keptEvents(1, 0)}}
	_, err = handler.Replay(t.Context(), operator(outdial.ScopeOpsRun), telephony.Selection{})
	require.NoError(t, err)
	bundle.store.err = errors.New("no connection")
	_, err = handler.Handle(t.Context(), ringing())
	require.Error(t, err)

	for _, described := range telephony.Metrics() {
		measurements := bundle.meter.Measurements(described.Name)
		require.NotEmpty(t, measurements, described.Name)
		for _, measurement := range measurements {
			require.Len(t, measurement.Attributes, len(described.Attributes), described.Name)
			for _, attribute := range described.Attributes {
				require.True(t, slices.Contains(attribute.Values, measurement.Attributes[attribute.Name]),
					"%s: %s is %q", described.Name, attribute.Name, measurement.Attributes[attribute.Name])
			}
		}
	}
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

func TestAHandlerWorksWithoutItsInstruments(t *testing.T) {
	t.Parallel()

	handler, bundle := setup(t, func(c *telephony.Config) { c.Meter = brokenMeter{} })
	_, err := handler.Handle(t.Context(), ringing())
	require.NoError(t, err)
	missing := 0
	for _, record := range logRecords(t, bundle) {
		if record["msg"] == "an instrument is missing" {
			missing++
		}
	}
	require.Equal(t, len(telephony.Metrics()), missing)
}
