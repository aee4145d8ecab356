package httpapi

import (
	"fmt"

	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

// filterFields is the JSON form of what conditions are made of.
type filterFields struct {
	Fields []queue.FilterField `json:"fields"`
	// Operators say what stands beside each operator, so that a form knows which
	// input to show. A field names those that it has.
	Operators []operator `json:"operators"`
}

type operator struct {
	Operator filter.Operator `json:"operator"`
	Takes    filter.Takes    `json:"takes"`
}

// listFields answers GET /filters/fields. A campaign that does not exist has no
// contacts to count, which is no error.
func (a *api) listFields(r *request) (reply, error) {
	campaignID, err := r.queryID("campaign_id")
	if err != nil {
		return reply{}, err
	}
	fields, err := a.cfg.Queue.FilterFields(r.Context(), r.actor, queue.FieldsRequest{CampaignID: campaignID})
	if err != nil {
		return reply{}, fmt.Errorf("list the fields: %w", err)
	}
	body := filterFields{Fields: fields}
	for _, each := range filter.Operators() {
		body.Operators = append(body.Operators, operator{Operator: each, Takes: each.Takes()})
	}
	return answer(body)
}
