package filter

import (
	"context"

	"github.com/google/uuid"
)

// Catalog is what filters need of a database beside the contacts themselves. The
// sentences below are a contract; package storetest has a test for each.
type Catalog interface {
	// ListAttributes returns the attributes that imports have registered, in the
	// order of their keys.
	ListAttributes(ctx context.Context) ([]ImportedAttribute, error)

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
