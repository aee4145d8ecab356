package outdial_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer/engine"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/internal/metertest"
	"github.com/outdial/outdial/suppression"
	"github.com/outdial/outdial/suppression/bloom"
)

var update = flag.Bool("update", false, "rewrite the generated pages in docs")

// measuring lists the packages that measure something.
var measuring = []struct {
	name    string
	metrics []outdial.Metric
}{
	{"dialer/engine", engine.Metrics()},
	{"dialer/telephony", telephony.Metrics()},
	{"disposition", disposition.Metrics()},
	{"suppression", suppression.Metrics()},
	{"suppression/bloom", bloom.Metrics()},
}

// TestMetricsPage keeps the page about metrics equal to the tables in the code.
func TestMetricsPage(t *testing.T) {
	t.Parallel()

	file := filepath.Join("docs", "metrics.md")
	want := metricsPage()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o644))
	}
	got, err := os.ReadFile(file)
	require.NoError(t, err, "write it with: go test . -run TestMetricsPage -update")
	require.Equal(t, want, string(got), "write it anew with: go test . -run TestMetricsPage -update")
}

func metricsPage() string {
	var page strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&page, format+"\n", args...) }

	line("# Metrics")
	line("")
	line("<!-- Generated from the tables of metrics in the packages. Do not edit: change the code, then run")
	line("     go test . -run TestMetricsPage -update -->")
	line("")
	line("The library measures with OpenTelemetry's API and brings no exporter: a host passes its `metric.Meter` in the")
	line("`Config` of a service, and without one nothing is measured. Names are OpenTelemetry's; Prometheus writes")
	line("`outdial_telephony_events_total` and, for a unit of seconds, `…_seconds`. No attribute ever says who was called.")
	for _, pkg := range measuring {
		line("")
		line("## %s", pkg.name)
		line("")
		line("| metric | kind | unit | attributes | what it says |")
		line("|---|---|---|---|---|")
		for _, described := range pkg.metrics {
			line("| `%s` | %s | `%s` | %s | %s |", described.Name, described.Kind, described.Unit,
				attributesOf(described), described.Description)
		}
	}
	return page.String()
}

func attributesOf(described outdial.Metric) string {
	var all []string
	for _, attribute := range described.Attributes {
		all = append(all, fmt.Sprintf("`%s`: %s", attribute.Name, strings.Join(attribute.Values, ", ")))
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, "; ")
}

func TestNoPackageThatMeasuresIsLeftOut(t *testing.T) {
	t.Parallel()

	var found, listed []string
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git") {
			return fs.SkipDir
		}
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") {
			return err
		}
		source, err := os.ReadFile(name)
		if strings.Contains(string(source), "\nfunc Metrics() []outdial.Metric {") {
			found = append(found, path.Dir(name))
		}
		return err
	})
	require.NoError(t, err)
	for _, pkg := range measuring {
		listed = append(listed, pkg.name)
	}
	require.ElementsMatch(t, found, listed)
}

func TestMetricsAreDescribedInFull(t *testing.T) {
	t.Parallel()

	named := regexp.MustCompile(`^outdial(\.[a-z][a-z_]*)+$`)
	seen := map[string]bool{}
	for _, pkg := range measuring {
		for _, described := range pkg.metrics {
			require.Regexp(t, named, described.Name)
			require.False(t, seen[described.Name], "%s is there twice", described.Name)
			seen[described.Name] = true
			require.NotEmpty(t, described.Unit, described.Name)
			require.Equal(t, described.Kind == outdial.MetricHistogram, len(described.Buckets) > 0, described.Name)
			require.Equal(t, described.Unit == "s", strings.HasSuffix(described.Name, ".duration"), described.Name)
			require.True(t, strings.HasSuffix(described.Description, "."), described.Name)
			require.NotContains(t, described.Description, "|", described.Name)
			for _, attribute := range described.Attributes {
				require.Regexp(t, `^[a-z_]+$`, attribute.Name, described.Name)
				require.NotEmpty(t, attribute.Values, described.Name)
			}
		}
	}
}

func TestAMetricMakesTheInstrumentThatItDescribes(t *testing.T) {
	t.Parallel()

	counted := outdial.Metric{
		Name: "outdial.test.calls", Kind: outdial.MetricCounter, Unit: "{call}", Description: "Calls.",
	}
	timed := outdial.Metric{
		Name: "outdial.test.call.duration", Kind: outdial.MetricHistogram, Unit: "s", Description: "Time.", Buckets: []float64{1, 60},
	}
	meter := &metertest.Meter{}
	counter := counted.Counter(meter, slog.New(slog.DiscardHandler))
	histogram := timed.Histogram(meter, slog.New(slog.DiscardHandler))
	require.Equal(t, []outdial.Metric{counted, timed}, meter.Made())
	counter.Add(t.Context(), 2)
	histogram.Record(t.Context(), 0.5)
	require.Equal(t, 2, meter.Count(counted.Name, nil))
	require.Equal(t, []metertest.Measurement{
		{Name: timed.Name, Attributes: map[string]string{}, Value: 0.5},
	}, meter.Measurements(timed.Name))
}

// brokenMeter makes nothing.
type brokenMeter struct{ noop.Meter }

var errTaken = errors.New("the name is taken")

func (brokenMeter) Int64Counter(string, ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	return nil, errTaken
}

func (brokenMeter) Float64Histogram(string, ...metric.Float64HistogramOption) (metric.Float64Histogram, error) {
	return nil, errTaken
}

func TestAnInstrumentThatCanNotBeMadeMeasuresNothing(t *testing.T) {
	t.Parallel()

	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	described := outdial.Metric{Name: "outdial.test.calls"}
	counter, histogram := described.Counter(brokenMeter{}, logger), described.Histogram(brokenMeter{}, logger)
	require.Equal(t, 2, strings.Count(log.String(), "metric=outdial.test.calls cause=\""+errTaken.Error()+"\""), "%s", &log)
	require.NotPanics(t, func() {
		counter.Add(t.Context(), 1)
		histogram.Record(t.Context(), 1)
	})
}
