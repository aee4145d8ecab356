package intake

import (
	"maps"
	"slices"

	"github.com/outdial/outdial/queue/filter"
)

// attributeTypes learns, while a file is read, what the columns hold that are no
// field of a contact, so that filters can compare a column of numbers as numbers.
// It keeps one type for each column, however long the file is.
//
// Every row that is not rejected teaches, also one that will count as unchanged:
// the same file teaches the same, whatever the database has of it already and
// however its rows fall into batches. A key that no filter can look up is learned
// like any other, since what filters can look up is for them to say.
type attributeTypes struct {
	// seen holds what all rows so far need, registered what the store was told.
	seen, registered map[string]filter.Type
}

func newAttributeTypes() attributeTypes {
	return attributeTypes{seen: map[string]filter.Type{}, registered: map[string]filter.Type{}}
}

// learn widens the types so that they hold the attributes of one more row. What
// stands for no value, such as n/a, is kept in the row and teaches nothing: one of
// them would make a column of numbers one of text for good.
func (a *attributeTypes) learn(attributes map[string]string) {
	for key, value := range attributes {
		if isPlaceholder(value) {
			continue
		}
		// Text holds everything, and a long text takes a while to look at.
		if seen := a.seen[key]; seen != filter.TypeText {
			a.seen[key] = seen.Widen(filter.TypeOf(value))
		}
	}
}

// news returns the attributes of which the store knows nothing yet or too narrow a
// type, in the order of their keys.
func (a *attributeTypes) news() []filter.ImportedAttribute {
	var news []filter.ImportedAttribute
	for _, key := range slices.Sorted(maps.Keys(a.seen)) {
		if a.seen[key] != a.registered[key] {
			news = append(news, filter.ImportedAttribute{Key: key, Type: a.seen[key]})
		}
	}
	return news
}

// told notes that the store has been told the news.
func (a *attributeTypes) told(news []filter.ImportedAttribute) {
	for _, attribute := range news {
		a.registered[attribute.Key] = attribute.Type
	}
}
