package queue

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
)

// MaxFieldValues is how many different values a field may hold to be offered as a
// choice. With more, a user types.
const MaxFieldValues = 50

const (
	// sampledContacts are looked at first to tell whether a field has few enough
	// values to be worth counting: a column of names shows in a thousand contacts
	// that it has too many, and a million need not be grouped to learn it.
	sampledContacts = 1000
	// countingTime is how long the attributes of imports may be counted: a count
	// reads the whole audience, and nobody decided how many columns files have.
	countingTime = 5 * time.Second
)

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
	// Values are the values to choose from, with the number of contacts that have
	// them, most contacts first. What an enum or a truth value may be is all there,
	// also what nobody has, and nothing else is. Of other types they are what
	// contacts have, as long as those are at most MaxFieldValues. Empty is a field
	// whose values a user types.
	Values []filter.ValueCount `json:"values,omitempty"`
}

// FilterFields lists the fields that filters may name: a contact's own, the host's,
// and the attributes that imports brought, which come by their keys.
//
// Each field that is counted costs a look at every contact asked about. The fields
// of a contact and of the host are always counted. Attributes are counted for five
// seconds from the start of the call; those whose turn comes later have no Values,
// as if they had too many. With sixty imported columns and a million contacts a
// user thus types into some of the fields instead of waiting for minutes; with a
// few thousand contacts all are counted at once. A count that has begun is not cut
// short.
//
// Values of an attribute that are different for most contacts are not given to
// anybody: they are second phone numbers, birthdays and notes.
//
// Errors match ErrForbidden (scopes queue:pull or queue:write).
func (s *Service) FilterFields(ctx context.Context, actor outdial.Actor, req FieldsRequest) ([]FilterField, error) {
	if err := actor.Require(outdial.ScopeQueuePull, outdial.ScopeQueueWrite); err != nil {
		return nil, err
	}
	started := s.cfg.Clock.Now()
	fields, err := s.cfg.Fields.WithCatalog(ctx, s.store)
	if err != nil {
		return nil, err
	}
	all := fields.All()
	list := make([]FilterField, len(all))
	for i, field := range all {
		list[i] = FilterField{
			Name: field.Name, Type: field.Type, Range: field.IsRange(),
			Operators: field.Operators(), Index: field.Index,
		}
		_, lasting := s.cfg.Fields.Lookup(field.Name)
		if !field.Listed || !lasting && s.cfg.Clock.Since(started) >= countingTime {
			continue
		}
		if list[i].Values, err = s.fieldValues(ctx, req.CampaignID, field); err != nil {
			return nil, fmt.Errorf("count the values of %s: %w", field.Name, err)
		}
		if !lasting && field.Type != filter.TypeBool && personal(list[i].Values) {
			list[i].Values = nil
		}
	}
	return list, nil
}

// fieldValues counts what a field holds, unless that is too much to choose from.
func (s *Service) fieldValues(ctx context.Context, campaignID uuid.UUID, field filter.Field) ([]filter.ValueCount, error) {
	words := field.Values
	if field.Type == filter.TypeBool {
		words = []string{strconv.FormatBool(true), strconv.FormatBool(false)}
	}
	params := filter.CountValuesParams{
		CampaignID: campaignID, Field: field,
		// A column may hold words that its enum does not have, beside those it has.
		// With too many of them it is no enum, and has no values to choose from.
		Most: MaxFieldValues + len(words),
	}
	if len(words) == 0 {
		params.Sample = sampledContacts
		sample, err := s.store.CountValues(ctx, params)
		if err != nil || sample.More {
			return nil, err
		}
		params.Sample = 0
	}
	counted, err := s.store.CountValues(ctx, params)
	if err != nil || counted.More {
		return nil, err
	}
	if len(words) == 0 {
		return counted.Values, nil
	}
	return choices(words, counted.Values), nil
}

// personal says whether values tell people apart rather than group them: a second
// phone number, a birthday, a note. Of those nobody is to get a list, and least of
// all of a small campaign, where there are few enough.
func personal(values []filter.ValueCount) bool {
	contacts := 0
	for _, value := range values {
		contacts += value.Contacts
	}
	return 2*len(values) > contacts
}

// choices returns every word with its count. Values that are none of the words are
// left out: a condition that names one is refused.
func choices(words []string, counted []filter.ValueCount) []filter.ValueCount {
	list := make([]filter.ValueCount, 0, len(words))
	unused := slices.Clone(words)
	for _, value := range counted {
		if i := slices.Index(unused, value.Value); i >= 0 {
			list = append(list, value)
			unused = slices.Delete(unused, i, i+1)
		}
	}
	for _, word := range unused {
		list = append(list, filter.ValueCount{Value: word})
	}
	return list
}
