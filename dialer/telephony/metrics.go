package telephony

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
)

// Effect is what came of an event that was taken.
type Effect string

// The effects, the first that applies.
const (
	// EffectDuplicate was there before.
	EffectDuplicate Effect = "duplicate"
	// EffectOrphan is kept until its call appears.
	EffectOrphan Effect = "orphan"
	// EffectMoved moved its call's item to another state.
	EffectMoved Effect = "moved"
	// EffectStored was merged into its call and moved nothing.
	EffectStored Effect = "stored"
	// EffectFailed could not be stored and is lost, unless its sender sends it again.
	EffectFailed Effect = "failed"
)

// Effects lists every effect there is, in the order in which they apply.
func Effects() []Effect {
	return []Effect{EffectDuplicate, EffectOrphan, EffectMoved, EffectStored, EffectFailed}
}

// Effect says what came of the event.
func (r RecordResult) Effect() Effect {
	switch {
	case r.Duplicate:
		return EffectDuplicate
	case r.Orphan:
		return EffectOrphan
	case r.Moved:
		return EffectMoved
	default:
		return EffectStored
	}
}

// The instruments.
var (
	metricEvents = outdial.Metric{
		Name: "outdial.telephony.events", Kind: outdial.MetricCounter, Unit: "{event}",
		Description: "Events that were taken, by what came of them.",
		Attributes:  []outdial.MetricAttribute{{Name: "type", Values: outdial.MetricValues(Types())}, {Name: "result", Values: outdial.MetricValues(Effects())}},
	}
	metricRejected = outdial.Metric{
		Name: "outdial.telephony.rejected", Kind: outdial.MetricCounter, Unit: "{report}",
		Description: "Reports that were refused and, under implausible_time, those of which only the time was not believed.",
		Attributes:  []outdial.MetricAttribute{{Name: "source", Values: sources()}, {Name: "reason", Values: outdial.MetricValues(Reasons())}},
	}
	metricEventDelay = outdial.Metric{
		Name: "outdial.telephony.event_delay.duration", Kind: outdial.MetricHistogram, Unit: "s",
		Description: "Time from when an event happened, by the carrier's clock, to when it was taken for the first time.",
		Attributes:  []outdial.MetricAttribute{{Name: "type", Values: outdial.MetricValues(Types())}},
		Buckets:     []float64{0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600},
	}
	metricVerdicts = outdial.Metric{
		Name: "outdial.amd.verdicts", Kind: outdial.MetricCounter, Unit: "{verdict}",
		Description: "Verdicts of answering machine detection.",
		Attributes:  []outdial.MetricAttribute{{Name: "verdict", Values: outdial.MetricValues(dialer.AMDVerdicts())}},
	}
	metricReplayed = outdial.Metric{
		Name: "outdial.telephony.replayed", Kind: outdial.MetricCounter, Unit: "{event}",
		Description: "Kept events that were run again, by what came of them.",
		Attributes:  []outdial.MetricAttribute{{Name: "result", Values: outdial.MetricValues(ReplayEffects())}},
	}
)

// Metrics is the one table of what the package measures.
func Metrics() []outdial.Metric {
	return []outdial.Metric{metricEvents, metricRejected, metricEventDelay, metricVerdicts, metricReplayed}
}

// instruments are what a Handler measures with.
type instruments struct {
	events, rejected, verdicts, replayed metric.Int64Counter
	delay                                metric.Float64Histogram
}

func newInstruments(meter metric.Meter, logger *slog.Logger) instruments {
	return instruments{
		events: metricEvents.Counter(meter, logger), rejected: metricRejected.Counter(meter, logger),
		verdicts: metricVerdicts.Counter(meter, logger), replayed: metricReplayed.Counter(meter, logger),
		delay: metricEventDelay.Histogram(meter, logger),
	}
}

func (i instruments) countEvent(ctx context.Context, event Event, effect Effect) {
	i.events.Add(ctx, 1, metric.WithAttributes(
		attribute.String("type", string(event.Type)), attribute.String("result", string(effect))))
	if event.Type == TypeAMD && effect != EffectDuplicate && effect != EffectFailed {
		i.verdicts.Add(ctx, 1, metric.WithAttributes(attribute.String("verdict", string(event.AMD))))
	}
}

func (i instruments) countRejected(ctx context.Context, source string, reason Reason) {
	i.rejected.Add(ctx, 1, metric.WithAttributes(
		attribute.String("source", source), attribute.String("reason", string(reason))))
}

func (i instruments) recordDelay(ctx context.Context, event Event, delay time.Duration) {
	i.delay.Record(ctx, max(0, delay.Seconds()), metric.WithAttributes(attribute.String("type", string(event.Type))))
}

func (i instruments) countReplayed(ctx context.Context, effect ReplayEffect) {
	i.replayed.Add(ctx, 1, metric.WithAttributes(attribute.String("result", string(effect))))
}
