package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/httpapi"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

// everyForm is a filter with a group, a negation, and conditions that take each
// kind of input.
const everyForm = `{"logic":"AND","conditions":[
	{"logic":"OR","conditions":[
		{"field":"first_name","operator":"contains","value":"B"},
		{"field":"region","operator":"in","value":["LA","TX"]},
		{"field":"is_valid","operator":"equals","value":true}
	]},
	{"logic":"NOT","conditions":[{"logic":"NOT","conditions":[{"field":"timezone","operator":"is_empty"}]}]},
	{"field":"created_at","operator":"between","value":["2026-11-02","2026-11-21T15:04:05Z"]},
	{"field":"created_at","operator":"within_last_days","value":30},
	{"field":"company","operator":"is_not_empty","value":null}
]}`

// resolved is an expression as a store receives it.
func resolved(t testing.TB, expr filter.Expr, fields *filter.Fields) filter.Expr {
	t.Helper()
	expr, err := filter.Resolve(expr, fields)
	require.NoError(t, err)
	return expr
}

// filtered is the body of a request with a filter.
func filtered(filters string) string { return `{` + anAgent + `,"filters":` + filters + `}` }

// filterOf returns the filter that the store was asked with.
func filterOf(t testing.TB, s *server) filter.Expr {
	t.Helper()
	calls := s.store.called()
	require.NotEmpty(t, calls)
	switch asked := calls[len(calls)-1].(type) {
	case queue.ReplaceParams:
		return asked.Filter
	case queue.EnqueueParams:
		return asked.Filter
	default:
		require.Fail(t, "these params have no filter", "%T", asked)
		return nil
	}
}

func TestAFilterReachesTheStoreWithItsFields(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/queues/set", "/queues/preview", "/queues/enqueue"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.send(http.MethodPost, campaignPath(path), filtered(everyForm), s.as(admin())).object(t)
			want, err := filter.Parse([]byte(everyForm))
			require.NoError(t, err)
			require.Len(t, s.store.called(), 1)
			require.Equal(t, resolved(t, want, nil), filterOf(t, s))
		})
	}
}

func TestAFilterMayNameTheHostsFieldsAndImportedAttributes(t *testing.T) {
	t.Parallel()
	fields, err := filter.NewFields(filter.Column("staff_count", filter.TypeInt))
	require.NoError(t, err)
	s := newServer(t, func(with *setup) { with.queue.Fields = fields })
	s.store.attributes = []filter.ImportedAttribute{{Key: "Sales rep", Type: filter.TypeText}}
	s.send(http.MethodPost, campaignPath("/queues/set"), filtered(`{"logic":"AND","conditions":[
		{"field":"staff_count","operator":">=","value":50},{"field":"Sales rep","operator":"equals","value":"Ann"}]}`),
		s.as(admin())).object(t)
	want := filter.And(filter.Int("staff_count").AtLeast(50), filter.Text("Sales rep").Equals("Ann"))
	require.Equal(t, resolved(t, want, fields.WithAttributes(s.store.attributes...)), filterOf(t, s))
	require.NoError(t, filter.Check(filterOf(t, s), nil), "it needs no registry")
}

// listFilter is a filter with so many different values of so many bytes.
func listFilter(t testing.TB, count, size int) string {
	t.Helper()
	const suffix = ".example.com"
	values := make([]string, count)
	for i := range values {
		values[i] = fmt.Sprintf("%0*d", size-len(suffix), i) + suffix
	}
	encoded, err := json.Marshal(values)
	require.NoError(t, err)
	return `{"field":"company","operator":"in","value":` + string(encoded) + `}`
}

func TestALongListFitsInOneRequest(t *testing.T) {
	t.Parallel()
	t.Run("fifty thousand domains", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		list := listFilter(t, 50_000, 24)
		s.send(http.MethodPost, campaignPath("/queues/set"), filtered(list), s.as(admin())).object(t)
		asked, ok := filterOf(t, s).(filter.Condition)
		require.True(t, ok)
		require.Equal(t, "company", asked.Field)
		require.Equal(t, filter.In, asked.Operator)
		var want struct{ Value []any }
		require.NoError(t, json.Unmarshal([]byte(list), &want))
		require.Len(t, asked.Values, 50_000)
		require.True(t, slices.Equal(want.Value, asked.Values), "each value is where it was sent")
	})
	for name, test := range map[string]struct{ count, size int }{
		"fifty thousand long web addresses":           {50_000, 160},
		"as many values as a filter has, of 80 bytes": {filter.MaxValues, 80},
	} {
		t.Run(name+" are not too large", func(t *testing.T) {
			t.Parallel()
			require.Less(t, len(filtered(listFilter(t, test.count, test.size))), httpapi.DefaultMaxBody)
		})
	}
	t.Run("one value too many is refused by its field", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		got := s.send(http.MethodPost, campaignPath("/queues/set"), filtered(listFilter(t, filter.MaxValues+1, 24)), s.as(admin()))
		require.Equal(t, http.StatusBadRequest, got.Code)
		require.Equal(t, "filters.company", got.problem.Field)
		require.Equal(t, "filters.company: has more than 100000 values, with those of the other lists", got.problem.Detail)
		require.Empty(t, s.store.called())
	})
}

func TestAFilterThatCannotBeUsedIsRefusedByItsField(t *testing.T) {
	t.Parallel()
	below := func(condition string) string {
		return `{"logic":"OR","conditions":[{"field":"region","operator":"equals","value":"LA"},` +
			`{"logic":"NOT","conditions":[{"logic":"AND","conditions":[` + condition + `]}]}]}`
	}
	for _, test := range []struct{ name, filter, field, problem string }{
		{"an unknown field", `{"field":"shoe_size","operator":"equals","value":44}`, "filters.shoe_size", "is not a field that can be filtered on"},
		{"an unknown operator", `{"field":"region","operator":"like","value":"L%"}`, "filters.region", `cannot be asked "like": there is no such operator`},
		{"an operator that the type lacks", `{"field":"is_valid","operator":"contains","value":"t"}`, "filters.is_valid",
			`has no operator "contains"; a field of type bool has equals, not_equals, is_empty, is_not_empty`},
		{"a text for a truth value", `{"field":"is_valid","operator":"equals","value":"true"}`, "filters.is_valid", "must be true or false"},
		{"a number for a text", `{"field":"region","operator":"equals","value":7}`, "filters.region", "must be a string"},
		{"a word for a time", `{"field":"created_at","operator":"after","value":"yesterday"}`, "filters.created_at",
			"must be a time such as 2026-11-02T15:04:05Z or 2026-11-02"},
		{"a word that the enum lacks", `{"field":"phone_status","operator":"equals","value":"landline"}`, "filters.phone_status",
			"must be one of unknown, valid, invalid"},
		{"a value among many", `{"field":"region","operator":"in","value":["LA",7]}`, "filters.region", "value 2 must be a string"},
		{"one value for two", `{"field":"created_at","operator":"between","value":["2026-11-02"]}`, "filters.created_at",
			`must have a list of two values with "between"`},
		{"a list for one value", `{"field":"region","operator":"equals","value":["LA"]}`, "filters.region", `must have no list with "equals"`},
		{"one value for a list", `{"field":"region","operator":"in","value":"LA"}`, "filters.region", `must have a list with "in"`},
		{"no value", `{"field":"region","operator":"equals"}`, "filters.region", `must have one value with "equals"`},
		{"a condition without a field", `{"operator":"is_empty"}`, "filters.field", "is missing in a condition"},
		{"an unknown member", `{"field":"region","operator":"is_empty","case":true}`, "filters", `unknown member "case"`},
	} {
		for where, filters := range map[string]string{"by itself": test.filter, "below groups": below(test.filter)} {
			for _, path := range []string{"/queues/set", "/queues/preview", "/queues/enqueue"} {
				t.Run(test.name+", "+where+", to "+path, func(t *testing.T) {
					t.Parallel()
					s := newServer(t)
					got := s.send(http.MethodPost, campaignPath(path), filtered(filters), s.as(admin()))
					require.Equal(t, http.StatusBadRequest, got.Code, got.Body)
					require.Equal(t, "invalid_request", got.problem.Error)
					require.Equal(t, test.field, got.problem.Field)
					require.Equal(t, test.field+": "+test.problem, got.problem.Detail)
					for _, asked := range s.store.called() {
						require.Equal(t, "ListAttributes", asked, "no queue is touched")
					}
				})
			}
		}
	}
	t.Run("a member given twice is named by where it stands", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		got := s.send(http.MethodPost, campaignPath("/queues/set"),
			filtered(below(`{"field":"region","field":"country","operator":"is_empty"}`)), s.as(admin()))
		require.Equal(t, http.StatusBadRequest, got.Code)
		require.Equal(t, "filters.conditions.conditions.conditions.field: is given twice", got.problem.Detail)
	})
	t.Run("groups may stand twenty deep and no deeper", func(t *testing.T) {
		t.Parallel()
		deep := func(groups int) string {
			return filtered(strings.Repeat(`{"logic":"AND","conditions":[`, groups) +
				`{"field":"region","operator":"is_empty"}` + strings.Repeat(`]}`, groups))
		}
		s := newServer(t)
		s.send(http.MethodPost, campaignPath("/queues/set"), deep(filter.MaxDepth), s.as(admin())).object(t)
		got := s.send(http.MethodPost, campaignPath("/queues/set"), deep(filter.MaxDepth+1), s.as(admin()))
		require.Equal(t, http.StatusBadRequest, got.Code)
		require.Equal(t, "filters: is nested deeper than 20 groups", got.problem.Detail)
		require.Len(t, s.store.called(), 1)
	})
}

// What the document says of a filter's form is what the server takes: no more and
// no less.
func TestTheDocumentAllowsTheFiltersThatTheServerTakes(t *testing.T) {
	t.Parallel()
	const condition = `{"field":"region","operator":"is_empty"}`
	for filters, allowed := range map[string]bool{
		`null`: true, `{}`: true, everyForm: true, condition: true,
		`{"first_name_contains":"B"}`:                                 true,
		`{"first_name_contains":null}`:                                true,
		`{"first_name_contains":""}`:                                  true,
		`{"field":"created_at","operator":"<=","value":"2026-11-02"}`: true,
		`{"logic":"OR","conditions":[` + condition + `]}`:             true,
		`{"logic":"NOT","conditions":[` + condition + `]}`:            true,
		`[]`:  false,
		`"B"`: false,
		`{"logic":"XOR","conditions":[` + condition + `]}`:                           false,
		`{"logic":"and","conditions":[` + condition + `]}`:                           false,
		`{"logic":"AND","conditions":[]}`:                                            false,
		`{"logic":"AND","conditions":[{}]}`:                                          false,
		`{"logic":"AND","conditions":[null]}`:                                        false,
		`{"logic":"AND","conditions":` + condition + `}`:                             false,
		`{"logic":"AND"}`:                                                            false,
		`{"conditions":[` + condition + `]}`:                                         false,
		`{"logic":"NOT","conditions":[` + condition + `,` + condition + `]}`:         false,
		`{"logic":"AND","conditions":[{"first_name_contains":"B"}]}`:                 false,
		`{"logic":"AND","conditions":[` + condition + `],"field":"region"}`:          false,
		`{"first_name_contains":"B","logic":"AND","conditions":[` + condition + `]}`: false,
		`{"field":"region"}`:                                                         false,
		`{"operator":"is_empty"}`:                                                    false,
		`{"field":"","operator":"is_empty"}`:                                         false,
		`{"field":"region","operator":"like","value":"L%"}`:                          false,
		`{"field":"region","operator":"in","value":[]}`:                              false,
		`{"field":"region","operator":"in","value":[null]}`:                          false,
		`{"field":"region","operator":"in","value":[["LA"]]}`:                        false,
		`{"field":"region","operator":"equals","value":{}}`:                          false,
		`{"field":7,"operator":"is_empty"}`:                                          false,
		`{"last_name_contains":"B"}`:                                                 false,
	} {
		t.Run(filters, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			r := httptest.NewRequest(http.MethodPost, campaignPath("/queues/preview"), strings.NewReader(filtered(filters)))
			r.Header.Set("Content-Type", "application/json")
			route, params := operationOf(t, r)
			err := openapi3filter.ValidateRequest(t.Context(), &openapi3filter.RequestValidationInput{
				Request: r, PathParams: params, Route: route,
				Options: &openapi3filter.Options{
					AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true,
				},
			})
			got := s.sendRequest(r, s.as(admin()))
			if allowed {
				require.NoError(t, err)
				require.Equal(t, http.StatusOK, got.Code, got.Body)
			} else {
				require.Error(t, err)
				require.Equal(t, http.StatusBadRequest, got.Code, got.Body)
			}
		})
	}
}
