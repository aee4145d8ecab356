package sqlstore

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
)

// ListAttributes implements filter.Catalog.
func (s *Store) ListAttributes(ctx context.Context) ([]filter.ImportedAttribute, error) {
	return listAttributes(ctx, s.reader())
}

func listAttributes(ctx context.Context, c *Conn) ([]filter.ImportedAttribute, error) {
	var rows []struct {
		Key  string `db:"key"`
		Type string `db:"type"`
	}
	if err := c.Select(ctx, &rows, "list_attributes", Args{}); err != nil {
		return nil, err
	}
	attributes := make([]filter.ImportedAttribute, len(rows))
	for i, row := range rows {
		attributes[i] = filter.ImportedAttribute{Key: row.Key, Type: filter.Type(row.Type)}
	}
	slices.SortFunc(attributes, byKey)
	return attributes, nil
}

// byKey orders attributes bytewise, which no database's collation is sure to do.
func byKey(a, b filter.ImportedAttribute) int { return strings.Compare(a.Key, b.Key) }

// RegisterAttributes implements intake.Store. Another import may widen the same
// attribute at the same time: a type is only replaced as long as it is the one that
// was seen.
func (s *Store) RegisterAttributes(ctx context.Context, p intake.RegisterAttributesParams) error {
	return s.Write(ctx, func(c *Conn) error {
		wanted := slices.Clone(p.Attributes)
		slices.SortFunc(wanted, byKey)
		for len(wanted) > 0 {
			known, err := listAttributes(ctx, c)
			if err != nil {
				return err
			}
			types := map[string]filter.Type{}
			for _, attribute := range known {
				types[attribute.Key] = attribute.Type
			}
			var left []filter.ImportedAttribute
			for _, attribute := range wanted {
				done, err := s.registerAttribute(ctx, c, attribute, types[attribute.Key], p)
				if err != nil {
					return err
				}
				if !done {
					left = append(left, attribute)
				}
			}
			wanted = left
		}
		return nil
	})
}

func (s *Store) registerAttribute(
	ctx context.Context, c *Conn, attribute filter.ImportedAttribute, seen filter.Type, p intake.RegisterAttributesParams,
) (done bool, err error) {
	wide := seen.Widen(attribute.Type)
	args := Args{"key": attribute.Key, "type": string(wide), "seen": string(seen), "now": s.at(p.Now)}
	query := "widen_attribute"
	switch seen {
	case wide:
		return true, nil
	case "":
		query = "add_attribute"
	}
	changed, err := c.Exec(ctx, query, args)
	return changed > 0, err
}

// CountValues implements filter.Catalog.
func (s *Store) CountValues(ctx context.Context, p filter.CountValuesParams) (filter.CountValuesResult, error) {
	field := filter.CompileField(p.Field, s.engine.Filter)
	args := Args{"most": p.Most, "sample": cmp.Or(p.Sample, math.MaxInt32), "campaign_id": p.CampaignID}
	maps.Copy(args, field.Args)
	audience := "{{audience_campaign}}"
	if p.CampaignID == uuid.Nil {
		audience = "{{audience_everybody}}"
	}
	var rows []struct {
		Value    string `db:"value"`
		Contacts int    `db:"contacts"`
	}
	fragments := map[string]string{"field": field.SQL, "audience": audience}
	if err := s.reader().SelectText(ctx, &rows, "count_values", fragments, args); err != nil {
		return filter.CountValuesResult{}, err
	}
	if len(rows) > p.Most {
		return filter.CountValuesResult{More: true}, nil
	}
	result := filter.CountValuesResult{Values: make([]filter.ValueCount, len(rows))}
	for i, row := range rows {
		result.Values[i] = filter.ValueCount{Value: row.Value, Contacts: row.Contacts}
	}
	slices.SortFunc(result.Values, func(a, b filter.ValueCount) int {
		return cmp.Or(cmp.Compare(b.Contacts, a.Contacts), strings.Compare(a.Value, b.Value))
	})
	return result, nil
}
