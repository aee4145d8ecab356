package disposition

import "github.com/outdial/outdial"

var metricRecorded = outdial.Metric{
	Name: "outdial.disposition.recorded", Kind: outdial.MetricCounter, Unit: "{disposition}",
	Description: "Dispositions that were recorded, repeated requests among them.",
	Attributes: []outdial.MetricAttribute{
		{Name: "disposition", Values: outdial.MetricValues(codes())},
		{Name: "queue", Values: outdial.MetricValues([]Queue{QueueAgent, QueuePower})},
	},
}

// Metrics is the one table of what the package measures.
func Metrics() []outdial.Metric { return []outdial.Metric{metricRecorded} }

func codes() []Code {
	all := make([]Code, len(canonical))
	for i, rule := range canonical {
		all[i] = rule.Code
	}
	return all
}
