package engine

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/outdial/outdial"
)

// Result is what came of a call that was claimed.
type Result string

// The results.
const (
	// ResultPlaced was begun by the carrier.
	ResultPlaced Result = "placed"
	// ResultLost may have been: the carrier's answer was lost.
	ResultLost Result = "lost"
	// ResultTrunkBusy was not placed, for want of a line.
	ResultTrunkBusy Result = "trunk_busy"
	// ResultRejected has a number that the carrier does not dial.
	ResultRejected Result = "rejected"
	// ResultRefused was refused by the store, at the last moment.
	ResultRefused Result = "refused"
	// ResultLate was not placed, because too much time passed after it was allowed.
	ResultLate Result = "late"
	// ResultGivenBack was not placed because the engine stopped, lost the campaign, or
	// could not be sure that it may be.
	ResultGivenBack Result = "given_back"
)

// Results lists every result there is, in a stable order.
func Results() []Result {
	return []Result{ResultPlaced, ResultLost, ResultTrunkBusy, ResultRejected, ResultRefused, ResultLate, ResultGivenBack}
}

// LeaseChange is what happened to the right to dial a campaign.
type LeaseChange string

// The changes.
const (
	LeaseAcquired LeaseChange = "acquired"
	// LeaseLost is that another process has it.
	LeaseLost     LeaseChange = "lost"
	LeaseReleased LeaseChange = "released"
)

// LeaseChanges lists every change there is, in a stable order.
func LeaseChanges() []LeaseChange { return []LeaseChange{LeaseAcquired, LeaseLost, LeaseReleased} }

// Reconciled is what came of asking the carrier about a call.
type Reconciled string

// What can come of it.
const (
	// ReconciledFound told something new.
	ReconciledFound Reconciled = "found"
	// ReconciledSame told what was known.
	ReconciledSame Reconciled = "same"
	// ReconciledNotPlaced is a call that there never was.
	ReconciledNotPlaced Reconciled = "not_placed"
	// ReconciledEarly is a call of which the carrier does not know yet, perhaps.
	ReconciledEarly Reconciled = "early"
	// ReconciledDenied is a call that the carrier has reported and knows nothing of.
	ReconciledDenied Reconciled = "denied"
	// ReconciledFailed is a question without an answer, or an answer that could not be
	// written down.
	ReconciledFailed Reconciled = "failed"
)

// Reconcileds lists everything that can come of it, in a stable order.
func Reconcileds() []Reconciled {
	return []Reconciled{
		ReconciledFound, ReconciledSame, ReconciledNotPlaced, ReconciledEarly, ReconciledDenied, ReconciledFailed,
	}
}

// The instruments.
var (
	metricCalls = outdial.Metric{
		Name: "outdial.dialer.calls", Kind: outdial.MetricCounter, Unit: "{call}",
		Description: "Calls that were claimed, by what came of placing them.",
		Attributes:  []outdial.MetricAttribute{{Name: "result", Values: outdial.MetricValues(Results())}},
	}
	metricConnect = outdial.Metric{
		Name: "outdial.dialer.connect.duration", Kind: outdial.MetricHistogram, Unit: "s",
		Description: "Time from when a person was known to wait to when an agent was in the call.",
		Buckets:     []float64{0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10},
	}
	metricAbandoned = outdial.Metric{
		Name: "outdial.dialer.abandoned", Kind: outdial.MetricCounter, Unit: "{call}",
		Description: "People who were let go because no agent was free.",
	}
	metricLeases = outdial.Metric{
		Name: "outdial.dialer.lease.changes", Kind: outdial.MetricCounter, Unit: "{change}",
		Description: "Campaigns that the process took on, lost and gave up.",
		Attributes:  []outdial.MetricAttribute{{Name: "change", Values: outdial.MetricValues(LeaseChanges())}},
	}
	metricReconciled = outdial.Metric{
		Name: "outdial.dialer.reconciled", Kind: outdial.MetricCounter, Unit: "{call}",
		Description: "Calls that the carrier was asked about, by what came of it.",
		Attributes:  []outdial.MetricAttribute{{Name: "result", Values: outdial.MetricValues(Reconcileds())}},
	}
)

// Metrics is the one table of what the package measures.
func Metrics() []outdial.Metric {
	return []outdial.Metric{metricCalls, metricConnect, metricAbandoned, metricLeases, metricReconciled}
}

// instruments are what an Engine measures with.
type instruments struct {
	calls, abandoned, leases, reconciled metric.Int64Counter
	connect                              metric.Float64Histogram
}

func newInstruments(meter metric.Meter, logger *slog.Logger) instruments {
	return instruments{
		calls: metricCalls.Counter(meter, logger), abandoned: metricAbandoned.Counter(meter, logger),
		leases: metricLeases.Counter(meter, logger), reconciled: metricReconciled.Counter(meter, logger),
		connect: metricConnect.Histogram(meter, logger),
	}
}

func (i instruments) countCall(ctx context.Context, result Result) {
	i.calls.Add(ctx, 1, metric.WithAttributes(attribute.String("result", string(result))))
}

func (i instruments) recordConnect(ctx context.Context, took time.Duration) {
	i.connect.Record(ctx, max(0, took.Seconds()))
}

func (i instruments) countAbandoned(ctx context.Context) { i.abandoned.Add(ctx, 1) }

func (i instruments) countLease(ctx context.Context, change LeaseChange) {
	i.leases.Add(ctx, 1, metric.WithAttributes(attribute.String("change", string(change))))
}

func (i instruments) countReconciled(ctx context.Context, result Reconciled) {
	i.reconciled.Add(ctx, 1, metric.WithAttributes(attribute.String("result", string(result))))
}
