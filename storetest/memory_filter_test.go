package storetest_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
)

func (m *memory) ListAttributes(context.Context) ([]filter.ImportedAttribute, error) {
	defer m.lock()()
	var list []filter.ImportedAttribute
	for _, key := range slices.Sorted(maps.Keys(m.data.attributes)) {
		list = append(list, filter.ImportedAttribute{Key: key, Type: m.data.attributes[key]})
	}
	if m.fault == faultAttributesUnsorted {
		slices.Reverse(list)
	}
	return list, nil
}

func (m *memory) RegisterAttributes(_ context.Context, p intake.RegisterAttributesParams) error {
	defer m.lock()()
	for _, attribute := range p.Attributes {
		wide := m.data.attributes[attribute.Key].Widen(attribute.Type)
		if m.fault == faultAttributeNarrows {
			wide = attribute.Type
		}
		m.data.attributes[attribute.Key] = wide
	}
	return nil
}

func (m *memory) CountValues(_ context.Context, p filter.CountValuesParams) (filter.CountValuesResult, error) {
	defer m.lock()()
	counts, looked := map[string]int{}, 0
	for id, contact := range m.data.contacts {
		_, member := m.data.members[p.CampaignID][id]
		if p.CampaignID != uuid.Nil && !member && m.fault != faultCountsEverybody || p.Sample > 0 && looked == p.Sample {
			continue
		}
		looked++
		if value := held(contact, p.Field); value != "" || m.fault == faultCountsEmpty {
			counts[value]++
		}
	}
	if len(counts) > p.Most && m.fault != faultCountsAll {
		return filter.CountValuesResult{More: true}, nil
	}
	result := filter.CountValuesResult{}
	for value, contacts := range counts {
		result.Values = append(result.Values, filter.ValueCount{Value: value, Contacts: contacts})
	}
	slices.SortFunc(result.Values, func(a, b filter.ValueCount) int {
		return cmp.Or(cmp.Compare(b.Contacts, a.Contacts), strings.Compare(a.Value, b.Value))
	})
	return result, nil
}

// held is what a contact has in a field, for the fields that the suite counts.
func held(contact outdial.Contact, field filter.Field) string {
	if field.IsAttribute() {
		return heldAttribute(contact, field)
	}
	switch field.Name {
	case "region":
		return contact.Region
	case "is_opted_out":
		return fmt.Sprint(contact.OptedOut)
	case "phone_status":
		return string(contact.PhoneStatus)
	}
	panic("the suite counts another field: " + field.Name)
}

// heldAttribute is what a contact has under a field's key, when it is of the field's
// type.
func heldAttribute(contact outdial.Contact, field filter.Field) string {
	var attributes map[string]any
	if json.Unmarshal(contact.Attributes, &attributes) != nil {
		return ""
	}
	text, isText := attributes[field.Name].(string)
	if !isText && attributes[field.Name] != nil {
		text = fmt.Sprint(attributes[field.Name])
	}
	switch field.Type {
	case filter.TypeBool, filter.TypeInt:
		if filter.TypeOf(text) != field.Type {
			return ""
		}
		text = strings.ToLower(text)
	default:
		if !isText {
			return ""
		}
	}
	return text
}
