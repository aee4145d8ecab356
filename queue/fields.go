package queue

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
)

// MaxFieldValues is how many different values a field may hold to be offered as a
// choice. With more, a user types.
const MaxFieldValues = 50

// sampledContacts are looked at first to tell whether a field of text has few
// enough values to be worth counting.
const sampledContacts = 1000

// FieldsRequest asks which fields filters may name.
type FieldsRequest struct {
	// CampaignID is the campaign whose contacts are counted; the nil UUID is all
	// contacts there are.
	CampaignID uuid.UUID
}

// FilterField is a field as a user interface offers it.
type FilterField struct {
	Name string      `json:"name"`
	Type filter.Type `json:"type"`
	// Range says that the field is a range, which conditions overlap with.
	Range     bool              `json:"range"`
	Operators []filter.Operator `json:"operators"`
	// Index says which conditions are quick; empty is none.
	Index filter.Index `json:"index,omitempty"`
	// Values are the values of an enum, a truth value or a text of which there are
	// at most MaxFieldValues, with the number of contacts that have them. The words
	// that an enum may hold are all there, also those that nobody has.
	Values []filter.ValueCount `json:"values,omitempty"`
}

// FilterFields lists the fields that filters may name: a contact's own, the host's,
// and the attributes that imports brought. Errors match ErrForbidden (scopes
// queue:pull or queue:write).
func (s *Service) FilterFields(ctx context.Context, actor outdial.Actor, req FieldsRequest) ([]FilterField, error) {
	if err := actor.Require(outdial.ScopeQueuePull, outdial.ScopeQueueWrite); err != nil {
		return nil, err
	}
	fields, err := s.allFields(ctx)
	if err != nil {
		return nil, err
	}
	var list []FilterField
	for _, field := range fields.All() {
		described := FilterField{
			Name: field.Name, Type: field.Type, Range: field.IsRange(),
			Operators: field.Operators(), Index: field.Index,
		}
		if field.Listed {
			if described.Values, err = s.fieldValues(ctx, req.CampaignID, field); err != nil {
				return nil, fmt.Errorf("count the values of %s: %w", field.Name, err)
			}
		}
		list = append(list, described)
	}
	return list, nil
}

// fieldValues counts what a field holds, unless that is too much to choose from.
func (s *Service) fieldValues(ctx context.Context, campaignID uuid.UUID, field filter.Field) ([]filter.ValueCount, error) {
	params := filter.CountValuesParams{CampaignID: campaignID, Field: field, Most: MaxFieldValues}
	if field.Type == filter.TypeText {
		params.Sample = sampledContacts
		sample, err := s.store.CountValues(ctx, params)
		if err != nil || sample.More {
			return nil, err
		}
		params.Sample = 0
	}
	counted, err := s.store.CountValues(ctx, params)
	if err != nil {
		return nil, err
	}
	values := counted.Values
	for _, word := range field.Values {
		if !slices.ContainsFunc(values, func(v filter.ValueCount) bool { return v.Value == word }) {
			values = append(values, filter.ValueCount{Value: word})
		}
	}
	return values, nil
}

// resolve checks a filter against the fields there are. Attributes are asked for only
// when the filter names a field that is none of a contact's or the host's.
func (s *Service) resolve(ctx context.Context, expr filter.Expr) (filter.Expr, error) {
	fields := s.cfg.Fields
	unknown := func(name string) bool {
		_, known := fields.Lookup(name)
		return !known
	}
	if slices.ContainsFunc(filter.FieldNames(expr), unknown) {
		var err error
		if fields, err = s.allFields(ctx); err != nil {
			return nil, err
		}
	}
	return filter.Resolve(expr, fields)
}

func (s *Service) allFields(ctx context.Context) (*filter.Fields, error) {
	attributes, err := s.store.ListAttributes(ctx)
	if err != nil {
		return nil, fmt.Errorf("list attributes: %w", err)
	}
	return s.cfg.Fields.WithAttributes(attributes...), nil
}
