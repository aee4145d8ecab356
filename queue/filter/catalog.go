package filter

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// AttributeCatalog is what it takes of a database to read a filter. The sentence below
// is a contract; package storetest has a test for it.
type AttributeCatalog interface {
	// ListAttributes returns the attributes that imports have registered, in the
	// order of their keys.
	ListAttributes(ctx context.Context) ([]ImportedAttribute, error)
}

// Catalog is what filters need of a database beside the contacts themselves. The
// sentences below are a contract; package storetest has a test for each.
type Catalog interface {
	AttributeCatalog

	// CountValues counts a campaign's contacts by what they have in a field, or all
	// contacts when there is no campaign. Values are texts, compared letter for
	// letter; contacts without a value are not counted. An unknown campaign has no
	// contacts.
	CountValues(ctx context.Context, p CountValuesParams) (CountValuesResult, error)
}

// CountValuesParams asks what a field holds.
type CountValuesParams struct {
	CampaignID uuid.UUID
	// Field is the field: of a type that WithList allows, and no range.
	Field Field
	// Most is how many different values are of interest. With more, only that is
	// said.
	Most int
	// Sample is how many contacts to look at; zero is all of them.
	Sample int
}

// CountValuesResult says what a field holds.
type CountValuesResult struct {
	// Values are the values by the number of contacts that have them, largest first,
	// then by the value.
	Values []ValueCount
	// More says that there are more than Most different values; Values is empty then.
	More bool
}

// ValueCount is how many contacts have a value.
type ValueCount struct {
	Value    string `json:"value"`
	Contacts int    `json:"contacts"`
}

// WithCatalog returns these fields and the attributes that the catalog knows.
func (f *Fields) WithCatalog(ctx context.Context, catalog AttributeCatalog) (*Fields, error) {
	attributes, err := catalog.ListAttributes(ctx)
	if err != nil {
		return nil, fmt.Errorf("list attributes: %w", err)
	}
	return f.WithAttributes(attributes...), nil
}

// ResolveWith is Resolve with the attributes that the catalog knows among the fields.
// The catalog is asked only when the expression names something that is none of
// fields.
func ResolveWith(ctx context.Context, expr Expr, fields *Fields, catalog AttributeCatalog) (Expr, error) {
	unknown := func(name string) bool {
		_, known := fields.Lookup(name)
		return !known
	}
	if slices.ContainsFunc(FieldNames(expr), unknown) {
		var err error
		if fields, err = fields.WithCatalog(ctx, catalog); err != nil {
			return nil, err
		}
	}
	return Resolve(expr, fields)
}
