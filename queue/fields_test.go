package queue_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

// fieldsOf asks for the fields and returns them by their names.
func fieldsOf(t *testing.T, service *queue.Service) map[string]queue.FilterField {
	t.Helper()
	fields, err := service.FilterFields(t.Context(), agent(), queue.FieldsRequest{CampaignID: campaignID})
	require.NoError(t, err)
	byName := map[string]queue.FilterField{}
	for _, field := range fields {
		byName[field.Name] = field
	}
	require.Len(t, byName, len(fields), "no name is there twice")
	return byName
}

// countsOf returns what the store was asked to count of one field.
func countsOf(s *fakeStore, field string) []filter.CountValuesParams {
	return slices.DeleteFunc(callsOf[filter.CountValuesParams](s), func(p filter.CountValuesParams) bool {
		return p.Field.Name != field
	})
}

func holding(values ...filter.ValueCount) filter.CountValuesResult {
	return filter.CountValuesResult{Values: values}
}

func TestFilterFieldsListsWhatFiltersMayName(t *testing.T) {
	t.Parallel()

	t.Run("a contact's fields, the host's, then the attributes", func(t *testing.T) {
		t.Parallel()

		service, _ := segmented(t)
		fields, err := service.FilterFields(t.Context(), agent(), queue.FieldsRequest{})
		require.NoError(t, err)
		names := make([]string, len(fields))
		for i, field := range fields {
			names[i] = field.Name
		}
		require.Equal(t, []string{
			"first_name", "last_name", "company", "country", "region", "postal_code", "timezone", "phone", "phone_status",
			"email", "contact_id", "account_id", "is_valid", "is_opted_out", "created_at",
			"staff_count", "plan", "attributes.region", "segment",
		}, names)
	})
	t.Run("each can be filtered by under the name it goes by", func(t *testing.T) {
		t.Parallel()

		service, _ := segmented(t)
		for name := range fieldsOf(t, service) {
			require.NoError(t, replace(queue.ReplaceRequest{
				CampaignID: campaignID, AgentID: agentID, Filter: filter.Text(name).IsEmpty(),
			})(t.Context(), service), name)
		}
	})
	t.Run("each says what may be asked of it and what is quick", func(t *testing.T) {
		t.Parallel()

		service, _ := segmented(t)
		fields := fieldsOf(t, service)
		require.Equal(t, queue.FilterField{
			Name: "first_name", Type: filter.TypeText, Operators: filter.TypeText.Operators(), Index: filter.IndexTrigram,
		}, fields["first_name"])
		require.Equal(t, queue.FilterField{
			Name: "staff_count", Type: filter.TypeInt, Operators: filter.TypeInt.Operators(),
		}, fields["staff_count"])
		require.NotContains(t, fields["phone"].Operators, filter.Contains, "a store may keep nothing but the key")
	})
	t.Run("a range says that it is one", func(t *testing.T) {
		t.Parallel()

		fields, err := filter.NewFields(filter.ColumnRange("revenue", "revenue_min", "revenue_max", filter.TypeDecimal))
		require.NoError(t, err)
		service, bundle := setup(t, func(c *queue.Config) { c.Fields = fields })
		revenue := fieldsOf(t, service)["revenue"]
		require.True(t, revenue.Range)
		require.NotContains(t, revenue.Operators, filter.In)
		require.Empty(t, revenue.Values)
		require.Empty(t, countsOf(bundle.store, "revenue"))
	})
	t.Run("in JSON, what does not apply is left out and no list is null", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.counted = map[string]filter.CountValuesResult{"region": holding(filter.ValueCount{Value: "LA", Contacts: 2})}
		fields := fieldsOf(t, service)
		for name, want := range map[string]string{
			"created_at": `{"name":"created_at","type":"time","range":false,"operators":["between",">",">=","<","<=",` +
				`"before","after","within_last_days","is_empty","is_not_empty"],"index":"ordered"}`,
			"region": `{"name":"region","type":"text","range":false,"operators":["equals","not_equals","contains","not_contains",` +
				`"starts_with","ends_with","in","not_in","is_empty","is_not_empty"],"values":[{"value":"LA","contacts":2}]}`,
		} {
			data, err := json.Marshal(fields[name])
			require.NoError(t, err)
			require.JSONEq(t, want, string(data))
		}
	})
}

func TestFilterFieldsIsForThoseWhoPullOrQueue(t *testing.T) {
	t.Parallel()

	for _, scope := range []outdial.Scope{outdial.ScopeQueuePull, outdial.ScopeQueueWrite} {
		t.Run(string(scope)+" is enough, whether or not the flag is on", func(t *testing.T) {
			t.Parallel()

			service, _ := setup(t, func(c *queue.Config) { c.Flags = nil })
			actor := outdial.Actor{ID: agentID, Role: outdial.RoleAgent, Scopes: []outdial.Scope{scope}}
			fields, err := service.FilterFields(t.Context(), actor, queue.FieldsRequest{})
			require.NoError(t, err)
			require.NotEmpty(t, fields)
		})
	}
	t.Run("others are told nothing and cost nothing", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		actor := outdial.Actor{ID: agentID, Role: outdial.RoleAdmin, Scopes: []outdial.Scope{outdial.ScopeOpsRun}}
		fields, err := service.FilterFields(t.Context(), actor, queue.FieldsRequest{})
		require.ErrorIs(t, err, outdial.ErrForbidden)
		require.Nil(t, fields)
		require.Empty(t, bundle.store.calls)
	})
}

func TestFilterFieldsCountsFewValues(t *testing.T) {
	t.Parallel()

	t.Run("a text is sampled first and counted in full when it has few", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.count = func(p filter.CountValuesParams) (filter.CountValuesResult, error) {
			if p.Sample > 0 {
				return holding(filter.ValueCount{Value: "LA", Contacts: 9}), nil
			}
			return holding(filter.ValueCount{Value: "TX", Contacts: 800}, filter.ValueCount{Value: "LA", Contacts: 700}), nil
		}
		require.Equal(t, []filter.ValueCount{{Value: "TX", Contacts: 800}, {Value: "LA", Contacts: 700}},
			fieldsOf(t, service)["region"].Values, "the whole count is shown, not the sample's")
		region, ok := (*filter.Fields)(nil).Lookup("region")
		require.True(t, ok)
		require.Equal(t, []filter.CountValuesParams{
			{CampaignID: campaignID, Field: region, Most: queue.MaxFieldValues, Sample: 1000},
			{CampaignID: campaignID, Field: region, Most: queue.MaxFieldValues},
		}, countsOf(bundle.store, "region"))
	})
	t.Run("a text whose sample has too many is not counted", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.counted = map[string]filter.CountValuesResult{"region": {More: true}}
		require.Empty(t, fieldsOf(t, service)["region"].Values)
		require.Len(t, countsOf(bundle.store, "region"), 1)
	})
	t.Run("a text that turns out to have too many has none to choose from", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.count = func(p filter.CountValuesParams) (filter.CountValuesResult, error) {
			if p.Sample > 0 {
				return holding(filter.ValueCount{Value: "LA", Contacts: 1000}), nil
			}
			return filter.CountValuesResult{More: true}, nil
		}
		require.Empty(t, fieldsOf(t, service)["region"].Values)
	})
	t.Run("a number of an import is sampled too", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.attributes = []filter.ImportedAttribute{{Key: "account_number", Type: filter.TypeInt}}
		bundle.store.counted = map[string]filter.CountValuesResult{"account_number": {More: true}}
		require.Empty(t, fieldsOf(t, service)["account_number"].Values)
		counts := countsOf(bundle.store, "account_number")
		require.Len(t, counts, 1)
		require.Equal(t, 1000, counts[0].Sample)
	})
	t.Run("names, addresses and times are not counted", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.attributes = []filter.ImportedAttribute{
			{Key: "renewal", Type: filter.TypeTime}, {Key: "discount", Type: filter.TypeDecimal},
		}
		fields := fieldsOf(t, service)
		for _, name := range []string{"first_name", "phone", "email", "contact_id", "created_at", "renewal", "discount"} {
			require.Empty(t, fields[name].Values, name)
			require.Empty(t, countsOf(bundle.store, name), name)
		}
	})
	t.Run("all contacts are asked about when no campaign is named", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		_, err := service.FilterFields(t.Context(), agent(), queue.FieldsRequest{})
		require.NoError(t, err)
		require.NotEmpty(t, callsOf[filter.CountValuesParams](bundle.store))
		for _, params := range callsOf[filter.CountValuesParams](bundle.store) {
			require.Equal(t, uuid.Nil, params.CampaignID)
		}
	})
}

func TestFilterFieldsOffersEveryWord(t *testing.T) {
	t.Parallel()

	words := func(count int) []string {
		list := make([]string, count)
		for i := range list {
			list[i] = fmt.Sprintf("word_%02d", i)
		}
		return list
	}
	t.Run("of an enum, also those that nobody has", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.counted = map[string]filter.CountValuesResult{
			"phone_status": holding(filter.ValueCount{Value: "valid", Contacts: 5}),
		}
		require.Equal(t, []filter.ValueCount{{Value: "valid", Contacts: 5}, {Value: "unknown"}, {Value: "invalid"}},
			fieldsOf(t, service)["phone_status"].Values)
		counts := countsOf(bundle.store, "phone_status")
		require.Len(t, counts, 1, "an enum has few values by itself")
		require.Zero(t, counts[0].Sample)
	})
	t.Run("of an enum in a campaign without contacts", func(t *testing.T) {
		t.Parallel()

		service, _ := setup(t)
		require.Equal(t, []filter.ValueCount{{Value: "unknown"}, {Value: "valid"}, {Value: "invalid"}},
			fieldsOf(t, service)["phone_status"].Values)
	})
	t.Run("of a truth value", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.counted = map[string]filter.CountValuesResult{
			"is_opted_out": holding(filter.ValueCount{Value: "false", Contacts: 7}),
		}
		fields := fieldsOf(t, service)
		require.Equal(t, []filter.ValueCount{{Value: "false", Contacts: 7}, {Value: "true"}}, fields["is_opted_out"].Values)
		require.Equal(t, []filter.ValueCount{{Value: "true"}, {Value: "false"}}, fields["is_valid"].Values)
		require.Len(t, countsOf(bundle.store, "is_valid"), 1)
	})
	t.Run("of an enum of more words than a user chooses from elsewhere", func(t *testing.T) {
		t.Parallel()

		fields, err := filter.NewFields(filter.Column("industry", filter.TypeEnum).OneOf(words(80)...))
		require.NoError(t, err)
		service, bundle := setup(t, func(c *queue.Config) { c.Fields = fields })
		bundle.store.count = func(p filter.CountValuesParams) (filter.CountValuesResult, error) {
			counted := filter.CountValuesResult{}
			for _, word := range p.Field.Values {
				counted.Values = append(counted.Values, filter.ValueCount{Value: word, Contacts: 1})
			}
			if len(counted.Values) > p.Most {
				return filter.CountValuesResult{More: true}, nil
			}
			return counted, nil
		}
		values := fieldsOf(t, service)["industry"].Values
		require.Len(t, values, 80)
		require.NotContains(t, values, filter.ValueCount{Value: "word_79"}, "everyone is counted")
	})
	t.Run("of an enum and no other, since filters may name no other", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		given := holding(filter.ValueCount{Value: "landline", Contacts: 9}, filter.ValueCount{Value: "valid", Contacts: 5})
		bundle.store.counted = map[string]filter.CountValuesResult{"phone_status": given}
		require.Equal(t, []filter.ValueCount{{Value: "valid", Contacts: 5}, {Value: "unknown"}, {Value: "invalid"}},
			fieldsOf(t, service)["phone_status"].Values)
		require.Equal(t, "landline", given.Values[0].Value, "the store's own result is left as it is")
	})
	t.Run("unless its column holds anything, which then has none to choose from", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.counted = map[string]filter.CountValuesResult{"phone_status": {More: true}}
		require.Empty(t, fieldsOf(t, service)["phone_status"].Values, "zeros would be wrong")
	})
	t.Run("that contacts have, when the host names none", func(t *testing.T) {
		t.Parallel()

		fields, err := filter.NewFields(filter.Column("stage", filter.TypeEnum))
		require.NoError(t, err)
		service, bundle := setup(t, func(c *queue.Config) { c.Fields = fields })
		bundle.store.counted = map[string]filter.CountValuesResult{"stage": holding(filter.ValueCount{Value: "won", Contacts: 3})}
		require.Equal(t, []filter.ValueCount{{Value: "won", Contacts: 3}}, fieldsOf(t, service)["stage"].Values)
	})
}

func TestFilterFieldsGivesNoValuesThatTellContactsApart(t *testing.T) {
	t.Parallel()

	service, bundle := setup(t, func(*queue.Config) {})
	bundle.store.attributes = []filter.ImportedAttribute{
		{Key: "second phone", Type: filter.TypeText}, {Key: "plan", Type: filter.TypeText}, {Key: "active", Type: filter.TypeBool},
	}
	bundle.store.counted = map[string]filter.CountValuesResult{
		"second phone": holding(filter.ValueCount{Value: "504-845-1427", Contacts: 2}, filter.ValueCount{Value: "810-374-9840", Contacts: 1}),
		"plan":         holding(filter.ValueCount{Value: "pro", Contacts: 3}, filter.ValueCount{Value: "free", Contacts: 1}),
		"active":       holding(filter.ValueCount{Value: "true", Contacts: 1}),
		"region":       holding(filter.ValueCount{Value: "LA", Contacts: 1}),
	}
	fields := fieldsOf(t, service)
	require.Empty(t, fields["second phone"].Values, "two of three are different")
	require.Len(t, fields["plan"].Values, 2, "two of four are not")
	require.Len(t, fields["active"].Values, 2, "a truth value tells nobody apart")
	require.Len(t, fields["region"].Values, 1, "nor does a contact's own field")
}

func TestFilterFieldsGivesUpCountingAttributesInTime(t *testing.T) {
	t.Parallel()

	// slow makes a service with sixty imported columns, of which each count takes as
	// long.
	slow := func(t *testing.T, count time.Duration) (*queue.Service, *testBundle) {
		t.Helper()
		service, bundle := setup(t, func(c *queue.Config) { c.Fields = hostFields(t) })
		for i := range 60 {
			bundle.store.attributes = append(bundle.store.attributes,
				filter.ImportedAttribute{Key: fmt.Sprintf("column_%02d", i), Type: filter.TypeText})
		}
		bundle.store.count = func(p filter.CountValuesParams) (filter.CountValuesResult, error) {
			if p.Sample == 0 {
				bundle.clock.Add(count)
			}
			return holding(filter.ValueCount{Value: "true", Contacts: 2}), nil
		}
		return service, bundle
	}
	valued := func(fields map[string]queue.FilterField, names ...string) (with []string) {
		for _, name := range names {
			if len(fields[name].Values) > 0 {
				with = append(with, name)
			}
		}
		return with
	}
	own := []string{"country", "region", "timezone", "phone_status", "is_valid", "is_opted_out"}
	var columns []string
	for i := range 60 {
		columns = append(columns, fmt.Sprintf("column_%02d", i))
	}

	t.Run("quick counts count all sixty", func(t *testing.T) {
		t.Parallel()

		service, _ := slow(t, time.Millisecond)
		require.Equal(t, columns, valued(fieldsOf(t, service), columns...))
	})
	t.Run("slow ones count as many as fit, in order, and list the others without values", func(t *testing.T) {
		t.Parallel()

		service, bundle := slow(t, 500*time.Millisecond)
		fields := fieldsOf(t, service)
		require.Equal(t, own, valued(fields, own...))
		// The six fields of a contact take three seconds of the five.
		require.Equal(t, columns[:4], valued(fields, columns...))
		require.Equal(t, filter.TypeText.Operators(), fields["column_59"].Operators)
		require.Empty(t, countsOf(bundle.store, "column_04"), "not even a sample")
	})
	t.Run("the fields of a contact are counted however long it takes", func(t *testing.T) {
		t.Parallel()

		service, _ := slow(t, time.Minute)
		fields := fieldsOf(t, service)
		require.Equal(t, own, valued(fields, own...))
		require.Empty(t, valued(fields, columns...))
	})
	t.Run("and so are the host's, attributes among them", func(t *testing.T) {
		t.Parallel()

		fields, err := filter.NewFields(filter.Attribute("plan", filter.TypeText).WithList())
		require.NoError(t, err)
		service, bundle := setup(t, func(c *queue.Config) { c.Fields = fields })
		bundle.store.count = func(filter.CountValuesParams) (filter.CountValuesResult, error) {
			bundle.clock.Add(time.Minute)
			return holding(filter.ValueCount{Value: "pro", Contacts: 1}), nil
		}
		require.NotEmpty(t, fieldsOf(t, service)["plan"].Values)
	})
}

func TestFilterFieldsSaysWhatItFailedAt(t *testing.T) {
	t.Parallel()

	reset := errors.New("connection reset")
	t.Run("the attributes", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.err = reset
		fields, err := service.FilterFields(t.Context(), agent(), queue.FieldsRequest{})
		require.ErrorIs(t, err, reset)
		require.EqualError(t, err, "list attributes: connection reset")
		require.Nil(t, fields)
	})
	for name, sampled := range map[string]bool{"a sample": true, "a count": false} {
		t.Run(name+" of a field, by its name", func(t *testing.T) {
			t.Parallel()

			service, bundle := setup(t)
			bundle.store.count = func(p filter.CountValuesParams) (filter.CountValuesResult, error) {
				if p.Field.Name == "timezone" && sampled == (p.Sample > 0) {
					return filter.CountValuesResult{}, reset
				}
				return filter.CountValuesResult{}, nil
			}
			fields, err := service.FilterFields(t.Context(), agent(), queue.FieldsRequest{})
			require.ErrorIs(t, err, reset)
			require.EqualError(t, err, "count the values of timezone: connection reset")
			require.Nil(t, fields, "half a list is none")
			require.Empty(t, countsOf(bundle.store, "phone_status"), "nothing is asked after that")
		})
	}
}
