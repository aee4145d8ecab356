package httpapi_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

const fieldsPath = "/filters/fields"

// entry finds the object of a list whose member has the value.
func entry(t testing.TB, list any, member, value string) map[string]any {
	t.Helper()
	objects, ok := list.([]any)
	require.True(t, ok, "%T is no list", list)
	for _, each := range objects {
		object, ok := each.(map[string]any)
		require.True(t, ok)
		if object[member] == value {
			return object
		}
	}
	require.Fail(t, "there is none with "+member+" "+value)
	return nil
}

func TestFieldsListsTheFieldsWithTheirValuesAndOperators(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(with *setup) {
		fields, err := filter.NewFields(filter.ColumnRange("revenue", "revenue_min", "revenue_max", filter.TypeDecimal))
		require.NoError(t, err)
		with.queue.Fields = fields
	})
	s.store.attributes = []filter.ImportedAttribute{{Key: "Sales rep", Type: filter.TypeText}}
	s.store.counted = map[string]filter.CountValuesResult{
		"region":       {Values: []filter.ValueCount{{Value: "TX", Contacts: 12}, {Value: "LA", Contacts: 3}}},
		"country":      {More: true},
		"is_opted_out": {Values: []filter.ValueCount{{Value: "false", Contacts: 14}}},
		"Sales rep":    {Values: []filter.ValueCount{{Value: "Ann", Contacts: 15}}},
	}
	fields := s.send(http.MethodGet, fieldsPath+"?campaign_id="+campaignID.String(), "", s.as(agent())).object(t)["fields"]
	require.Equal(t, map[string]any{
		"name": "region", "type": "text", "range": false,
		"operators": []any{
			"equals", "not_equals", "contains", "not_contains", "starts_with", "ends_with", "in", "not_in", "is_empty", "is_not_empty",
		},
		"values": []any{
			map[string]any{"value": "TX", "contacts": 12.0}, map[string]any{"value": "LA", "contacts": 3.0},
		},
	}, entry(t, fields, "name", "region"))
	require.Equal(t, map[string]any{
		"name": "account_id", "type": "uuid", "range": false, "index": "ordered",
		"operators": []any{"equals", "not_equals", "in", "not_in", "is_empty", "is_not_empty"},
	}, entry(t, fields, "name", "account_id"))
	require.NotContains(t, entry(t, fields, "name", "country"), "values", "there are too many to choose from")
	require.Equal(t, []any{
		map[string]any{"value": "false", "contacts": 14.0}, map[string]any{"value": "true", "contacts": 0.0},
	}, entry(t, fields, "name", "is_opted_out")["values"])
	require.Equal(t, true, entry(t, fields, "name", "revenue")["range"])
	require.Equal(t, []any{map[string]any{"value": "Ann", "contacts": 15.0}}, entry(t, fields, "name", "Sales rep")["values"])
}

func TestFieldsSaysOfEveryOperatorWhatItTakes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	operators := s.send(http.MethodGet, fieldsPath, "", s.as(agent())).object(t)["operators"]
	require.Len(t, operators, len(filter.Operators()))
	for _, each := range filter.Operators() {
		require.Equal(t, map[string]any{"operator": string(each), "takes": string(each.Takes())},
			entry(t, operators, "operator", string(each)))
	}
	require.Equal(t, "two_values", entry(t, operators, "operator", "between")["takes"])
}

func TestFieldsCountsTheContactsOfTheCampaignOrAll(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]uuid.UUID{
		"": uuid.Nil, "?campaign_id=": uuid.Nil, "?campaign_id=" + campaignID.String(): campaignID,
	} {
		s := newServer(t)
		s.send(http.MethodGet, fieldsPath+query, "", s.as(agent())).object(t)
		require.Equal(t, "ListAttributes", s.store.called()[0])
		require.Greater(t, len(s.store.called()), 1)
		for _, call := range s.store.called()[1:] {
			asked, ok := call.(filter.CountValuesParams)
			require.True(t, ok)
			require.Equal(t, want, asked.CampaignID, query)
		}
	}
}

func TestFieldsIsThereWhetherOrNotTheFlagIsOn(t *testing.T) {
	t.Parallel()
	s := newServer(t, flagOff)
	s.send(http.MethodGet, fieldsPath, "", s.as(outdial.Actor{
		ID: agentID, Role: outdial.RoleAgent, Scopes: []outdial.Scope{outdial.ScopeQueuePull},
	})).object(t)
}

func TestFieldsThatCannotBeCountedAreAFailureOfTheServer(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.store.err = errors.New("connection reset")
	got := s.send(http.MethodGet, fieldsPath, "", s.as(agent()))
	require.Equal(t, http.StatusInternalServerError, got.Code)
	require.Equal(t, "internal", got.problem.Error)
	failures := s.log.records(t, "request failed")
	require.Len(t, failures, 1)
	require.Equal(t, "list the fields: list attributes: connection reset", failures[0]["cause"])
}

func TestFieldsOfADatabaseAreWhatItsContactsHave(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	fields := s.get(agent(), fieldsPath+"?campaign_id="+s.campaign)["fields"]
	require.Equal(t, []any{
		map[string]any{"value": "true", "contacts": 7.0}, map[string]any{"value": "false", "contacts": 0.0},
	}, entry(t, fields, "name", "is_valid")["values"])
	require.Equal(t, []any{
		map[string]any{"value": "valid", "contacts": 7.0}, map[string]any{"value": "unknown", "contacts": 0.0},
		map[string]any{"value": "invalid", "contacts": 0.0},
	}, entry(t, fields, "name", "phone_status")["values"])

	none := s.get(agent(), fieldsPath+"?campaign_id="+campaignID.String())["fields"]
	require.Equal(t, []any{
		map[string]any{"value": "true", "contacts": 0.0}, map[string]any{"value": "false", "contacts": 0.0},
	}, entry(t, none, "name", "is_valid")["values"], "a campaign that does not exist has no contacts")
	require.NotContains(t, entry(t, none, "name", "country"), "values")
}

func TestTheDocumentNamesEveryTypeOperatorAndInput(t *testing.T) {
	t.Parallel()
	doc, err := document()
	require.NoError(t, err)
	schemas := doc.Components.Schemas
	texts := func(list []any) []string {
		var found []string
		for _, each := range list {
			text, ok := each.(string)
			require.True(t, ok)
			found = append(found, text)
		}
		return found
	}
	var types, operators, inputs []string
	for _, each := range filter.Types() {
		types = append(types, string(each))
	}
	for _, each := range filter.Operators() {
		operators = append(operators, string(each))
		inputs = append(inputs, string(each.Takes()))
	}
	field := schemas["FilterField"].Value.Properties
	require.Equal(t, types, texts(field["type"].Value.Enum))
	require.Equal(t, operators, texts(schemas["FilterOperator"].Value.Enum))
	takes := schemas["FilterFields"].Value.Properties["operators"].Value.Items.Value.Properties["takes"].Value.Enum
	require.Subset(t, inputs, texts(takes))
	require.Subset(t, texts(takes), inputs)
	require.Equal(t, []string{string(filter.IndexOrdered), string(filter.IndexTrigram)}, texts(field["index"].Value.Enum))

	most := schemas["FilterCondition"].Value.Properties["value"].Value.OneOf[1].Value.MaxItems
	require.NotNil(t, most)
	require.EqualValues(t, filter.MaxValues, *most)
	require.EqualValues(t, queue.MaxEnqueueContacts, *schemas["Enqueue"].Value.Properties["contact_ids"].Value.MaxItems)
}
