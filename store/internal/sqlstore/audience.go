package sqlstore

import (
	"context"
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial/queue/filter"
)

// Audience is whom a bulk change is about, as the engine's statements take it.
type Audience struct {
	// Everybody says that there is neither a filter nor a list of contacts.
	Everybody bool
	// Fragments are what the statement's text lacks: filter and filter_joins.
	Fragments map[string]string
	// Lists are what the filter needs in the table of filter values. With any, the
	// statement must run in a transaction, after FillLists.
	Lists []filter.LongList
}

// NewAudience compiles the filter, or takes the contacts when there are any, and adds
// what the statement binds to args.
func (s *Store) NewAudience(expr filter.Expr, contactIDs []uuid.UUID, now time.Time, args Args) (Audience, error) {
	if contactIDs != nil {
		encoded, err := EncodeJSON(contactIDs)
		if err != nil {
			return Audience{}, err
		}
		args["contact_ids"] = encoded
		return Audience{Fragments: map[string]string{"filter": "{{matched_by_id}}", "filter_joins": ""}}, nil
	}
	fragment, err := filter.Compile(expr, s.engine.Filter, now)
	if err != nil {
		return Audience{}, err
	}
	maps.Copy(args, fragment.Args)
	return Audience{
		Everybody: expr == nil,
		Fragments: map[string]string{"filter": fragment.SQL, "filter_joins": fragment.Joins},
		Lists:     fragment.Lists,
	}, nil
}

// WithLongLists returns a store like this one that joins lists of more values than
// over from the table of filter values, to measure from where on that pays.
func (s *Store) WithLongLists(over int) *Store {
	other := *s
	other.engine.Filter.LongList = over
	return &other
}

// FillLists puts the audience's lists where its statement looks for them.
func (s *Store) FillLists(ctx context.Context, c *Conn, audience Audience) error {
	if len(audience.Lists) == 0 {
		return nil
	}
	return s.engine.FillLists(ctx, c, audience.Lists)
}
