package suppression

import "github.com/outdial/outdial"

var (
	metricChanges = outdial.Metric{
		Name: "outdial.suppression.changes", Kind: outdial.MetricCounter, Unit: "{entry}",
		Description: "Entries that came onto the list, last longer, or left it.",
		Attributes: []outdial.MetricAttribute{
			{Name: "action", Values: outdial.MetricValues([]EventAction{EventAdd, EventExtend, EventRemove})},
		},
	}
	metricChecks = outdial.Metric{
		Name: "outdial.suppression.checks", Kind: outdial.MetricCounter, Unit: "{value}",
		Description: "Values that were checked, by who answered.",
		Attributes: []outdial.MetricAttribute{
			{Name: "answered_by", Values: []string{answeredByFilter, answeredByDatabase}},
			{Name: "suppressed", Values: []string{"true", "false"}},
		},
	}
	metricPurged = outdial.Metric{
		Name: "outdial.suppression.purged", Kind: outdial.MetricCounter, Unit: "{item}",
		Description: "Items that were taken out of a queue because their contact must not be called any more.",
		Attributes: []outdial.MetricAttribute{
			{Name: "queue", Values: outdial.MetricValues([]Queue{QueueAgent, QueuePower})},
		},
	}
	metricPurgeLag = outdial.Metric{
		Name: "outdial.suppression.purge.duration", Kind: outdial.MetricHistogram, Unit: "s",
		Description: "How long after a change of the list the queues were clear of it.",
		Buckets:     []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300},
	}
	metricImported = outdial.Metric{
		Name: "outdial.suppression.imported", Kind: outdial.MetricCounter, Unit: "{line}",
		Description: "Lines of imported lists, by what became of them.",
		Attributes: []outdial.MetricAttribute{
			{Name: "result", Values: []string{importAdded, importExtended, importUnchanged, importRejected}},
		},
	}
)

const (
	answeredByFilter   = "filter"
	answeredByDatabase = "database"

	importAdded     = "added"
	importExtended  = "extended"
	importUnchanged = "unchanged"
	importRejected  = "rejected"
)

// Metrics is the one table of what the package measures.
func Metrics() []outdial.Metric {
	return []outdial.Metric{metricChanges, metricChecks, metricPurged, metricPurgeLag, metricImported}
}
