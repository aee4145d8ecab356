package queue_test

import (
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

// filtering is an operation that takes a filter, and the filter that the store was
// given with it.
type filtering struct {
	name  string
	call  func(filter.Expr) call
	given func(require.TestingT, *fakeStore) filter.Expr
}

func filteringOperations() []filtering {
	replaced := func(t require.TestingT, s *fakeStore) filter.Expr { return lastCall[queue.ReplaceParams](t, s).Filter }
	return []filtering{
		{"Replace", func(expr filter.Expr) call {
			return replace(queue.ReplaceRequest{CampaignID: campaignID, AgentID: agentID, Filter: expr})
		}, replaced},
		{"Preview", func(expr filter.Expr) call {
			return preview(queue.ReplaceRequest{CampaignID: campaignID, AgentID: agentID, Filter: expr})
		}, replaced},
		{"Enqueue", func(expr filter.Expr) call {
			return enqueue(queue.EnqueueRequest{CampaignID: campaignID, AgentID: agentID, Filter: expr})
		}, func(t require.TestingT, s *fakeStore) filter.Expr { return lastCall[queue.EnqueueParams](t, s).Filter }},
	}
}

// hostFields are those of a host that counts its contacts' staff.
func hostFields(t testing.TB) *filter.Fields {
	t.Helper()
	fields, err := filter.NewFields(filter.Column("staff_count", filter.TypeInt), filter.Attribute("plan", filter.TypeText))
	require.NoError(t, err)
	return fields
}

// segmented makes a service of that host, with an attribute that an import brought.
func segmented(t testing.TB) (*queue.Service, *testBundle) {
	t.Helper()
	service, bundle := setup(t, func(c *queue.Config) { c.Fields = hostFields(t) })
	bundle.store.attributes = []filter.ImportedAttribute{
		{Key: "region", Type: filter.TypeText}, {Key: "segment", Type: filter.TypeText},
	}
	return service, bundle
}

func TestFiltersNameTheFieldsThatThereAre(t *testing.T) {
	t.Parallel()

	segment := filter.Text("segment").Equals("gold")
	for name, test := range map[string]struct {
		expr  filter.Expr
		looks bool
	}{
		"no filter":                               {nil, false},
		"a field of a contact":                    {bees(), false},
		"a field of the host":                     {filter.Int("staff_count").Between(50, 500), false},
		"an attribute of the host":                {filter.Text("plan").Equals("pro"), false},
		"fields of both":                          {filter.And(bees(), filter.Int("staff_count").AtLeast(50)), false},
		"an attribute of imports":                 {segment, true},
		"an attribute beside a contact's field":   {filter.And(bees(), segment), true},
		"an attribute below groups":               {filter.Or(bees(), filter.Not(filter.And(bees(), segment))), true},
		"an attribute with the name of a field":   {filter.Text("attributes.region").Equals("south"), true},
		"one attribute many times":                {filter.Or(segment, segment, filter.Not(segment)), true},
		"an attribute whose condition is a list":  {filter.Text("segment").In("gold", "silver"), true},
		"a list of fifty thousand company domain": {filter.Text("company").In(domains(50_000)...), false},
	} {
		for _, op := range filteringOperations() {
			what := " asks for no attributes"
			if test.looks {
				what = " asks for the attributes once"
			}
			t.Run(op.name+" with "+name+what, func(t *testing.T) {
				t.Parallel()

				service, bundle := segmented(t)
				require.NoError(t, op.call(test.expr)(t.Context(), service))
				looked := callsOf[listAttributes](bundle.store)
				if test.looks {
					require.Len(t, looked, 1)
					require.Len(t, bundle.store.calls, 2)
				} else {
					require.Empty(t, looked)
					require.Len(t, bundle.store.calls, 1)
				}
				fields := hostFields(t).WithAttributes(bundle.store.attributes...)
				require.Equal(t, resolved(t, test.expr, fields), op.given(t, bundle.store))
			})
		}
	}
}

func TestFiltersReachTheStoreWithTheirFields(t *testing.T) {
	t.Parallel()

	// Neither of the fields is a contact's, so that whoever lacks them refuses these.
	expr := filter.And(filter.Int("staff_count").AtLeast(50), filter.Text("segment").Equals("gold"))
	for _, op := range filteringOperations() {
		t.Run(op.name+": they compile and match without a registry", func(t *testing.T) {
			t.Parallel()

			service, bundle := segmented(t)
			require.NoError(t, op.call(expr)(t.Context(), service))
			given := op.given(t, bundle.store)

			fragment, err := filter.Compile(given, spelled(), requestTime)
			require.NoError(t, err)
			require.Equal(t, "(c.staff_count >= :filter_0 AND c.attributes[:filter_1] ~ :filter_2)", fragment.SQL)
			require.Equal(t, map[string]any{"filter_0": "50", "filter_1": "segment", "filter_2": "gold"}, fragment.Args)

			row := filter.Row{
				Contact: outdial.Contact{Attributes: []byte(`{"segment":"Gold"}`)}, Columns: map[string]any{"staff_count": 60},
			}
			require.True(t, filter.Match(given, row, requestTime))
			row.Columns["staff_count"] = 40
			require.False(t, filter.Match(given, row, requestTime))
		})
		t.Run(op.name+": the request keeps the expression it had", func(t *testing.T) {
			t.Parallel()

			service, _ := segmented(t)
			require.NoError(t, op.call(expr)(t.Context(), service))
			_, err := filter.Compile(expr, spelled(), requestTime)
			require.ErrorIs(t, err, outdial.ErrInvalid)
		})
	}
}

// spelled is a dialect with just enough to compile a number and an attribute.
func spelled() filter.Dialect {
	return filter.Dialect{
		Templates: map[string]string{
			"filter_column_int": "c.{{column}}", "filter_value_int": "{{value}}",
			"filter_attribute_text": "c.attributes[{{key}}]", "filter_matches": "{{x}} ~ {{value}}",
		},
		Pattern: func(text string, _ filter.Place) string { return text },
		Time:    func(at time.Time) any { return at },
		Number:  func(number *big.Rat) any { return number.RatString() },
		Key:     func(key string) any { return key },
		List:    func(values []any) any { return values },
	}
}

func TestFiltersThatCannotBeUsedReachNoQueue(t *testing.T) {
	t.Parallel()

	const unknown = "is not a field that can be filtered on"
	for name, test := range map[string]struct {
		expr           filter.Expr
		field, problem string
		looks          bool
	}{
		"an unknown field": {filter.Text("shoe_size").Equals("44"), "filters.shoe_size", unknown, true},
		"an unknown field among known ones": {
			filter.Or(bees(), filter.Not(filter.And(filter.Text("segment").Equals("gold"), filter.Text("shoe_size").IsEmpty()))),
			"filters.shoe_size", unknown, true,
		},
		"a field in capitals":    {filter.Text("First_Name").Contains("B"), "filters.First_Name", unknown, true},
		"a field without a name": {filter.Text("").Contains("B"), "filters.", unknown, true},
		"an operator that the host's field lacks": {
			filter.Text("staff_count").Contains("5"), "filters.staff_count",
			`has no operator "contains"; a field of type int has equals, not_equals, in, not_in, between, >, >=, <, <=, is_empty, is_not_empty`,
			false,
		},
		"an operator that the attribute lacks": {
			filter.Int("segment").Greater(5), "filters.segment",
			`has no operator ">"; a field of type text has equals, not_equals, contains, not_contains, starts_with, ends_with, ` +
				`in, not_in, is_empty, is_not_empty`,
			true,
		},
		"a group without conditions": {
			filter.And(), "filters.conditions", "is empty; leave filters out to match everybody", false,
		},
	} {
		for _, op := range filteringOperations() {
			t.Run(op.name+" with "+name, func(t *testing.T) {
				t.Parallel()

				service, bundle := segmented(t)
				requireFieldError(t, op.call(test.expr)(t.Context(), service), test.field, test.problem)
				require.Len(t, callsOf[listAttributes](bundle.store), map[bool]int{true: 1}[test.looks])
				require.Empty(t, callsOf[queue.ReplaceParams](bundle.store))
				require.Empty(t, callsOf[queue.EnqueueParams](bundle.store))
				require.Empty(t, bundle.log.String())
			})
		}
	}
}

func TestFiltersNeedTheAttributesTheyName(t *testing.T) {
	t.Parallel()

	for _, op := range filteringOperations() {
		t.Run(op.name+" fails when the store cannot list them", func(t *testing.T) {
			t.Parallel()

			service, bundle := segmented(t)
			bundle.store.err = errors.New("connection reset")
			err := op.call(filter.Text("segment").Equals("gold"))(t.Context(), service)
			require.ErrorIs(t, err, bundle.store.err)
			require.EqualError(t, err, "list attributes: connection reset")
			require.Len(t, bundle.store.calls, 1)
		})
		t.Run(op.name+" sees one that has come since the last call", func(t *testing.T) {
			t.Parallel()

			service, bundle := segmented(t)
			tiers := op.call(filter.Int("tier").Greater(1))
			requireFieldError(t, tiers(t.Context(), service), "filters.tier", "is not a field that can be filtered on")
			bundle.store.attributes = append(bundle.store.attributes, filter.ImportedAttribute{Key: "tier", Type: filter.TypeInt})
			require.NoError(t, tiers(t.Context(), service))
		})
	}
}

// domains are as many different company domains.
func domains(count int) []string {
	list := make([]string, count)
	for i := range list {
		list[i] = fmt.Sprintf("company-%d.example.com", i)
	}
	return list
}
