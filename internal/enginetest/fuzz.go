package enginetest

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store"
)

// fuzzedFilters are where fuzzing begins: each operator in each shape, and texts that
// mean something to a database.
var fuzzedFilters = []string{
	``, `null`, `{}`, `{"first_name_contains":"B"}`, `{"first_name_contains":"%_'\\"}`,
	`{"logic":"AND","conditions":[{"field":"staff","operator":"between","value":[-5,1e3]},{"field":"tags","operator":"none_of","value":["VIP"]}]}`,
	`{"logic":"NOT","conditions":[{"logic":"OR","conditions":[{"field":"seen","operator":"before","value":"2026-11-01T01:30:00-05:00"}]}]}`,
	`{"field":"last_name","operator":"not_in","value":["Straße","ΣΊΣΥΦΟΣ","k"]}`,
	`{"field":"first_name","operator":"ends_with","value":"*?[a]^$.+(){}|\\"}`,
	`{"field":"first_name","operator":"equals","value":"' OR 1=1; DROP TABLE contacts; --"}`,
	`{"field":"first_name; --","operator":"equals","value":"x"}`,
	`{"field":"score","operator":">","value":-0.000000000000001}`, `{"field":"score","operator":"in","value":[1e300,-1e-300,0.1]}`,
	`{"field":"size","operator":"<=","value":9223372036854775807}`, `{"field":"vip","operator":"not_equals","value":true}`,
	`{"field":"owner","operator":"in","value":["0191e4a0-0000-7000-8000-00000000000a"]}`, `{"field":"tier","operator":"is_not_empty"}`,
	`{"field":"created_at","operator":"within_last_days","value":36525}`, `{"field":"phone","operator":"in","value":["+15042000001"]}`,
	`{"field":"account_id","operator":"is_empty"}`, `{"field":"tags","operator":"all_of","value":["vip","É"]}`,
	`{"field":"seen","operator":"between","value":["0001-01-01","9999-12-31T23:59:59.999999999Z"]}`,
}

// FuzzFilters proves of whatever JSON reads as a filter that the database takes it
// and selects as many contacts as filter.Match does.
func FuzzFilters(f *testing.F, st store.Store) {
	f.Helper()
	for _, seed := range fuzzedFilters {
		f.Add([]byte(seed))
	}
	fields, err := filter.NewFields(
		filter.Attribute("staff", filter.TypeInt), filter.Attribute("score", filter.TypeDecimal),
		filter.AttributeRange("size", "smallest", "largest", filter.TypeInt), filter.Attribute("vip", filter.TypeBool),
		filter.Attribute("seen", filter.TypeTime), filter.Attribute("owner", filter.TypeUUID),
		filter.Attribute("tier", filter.TypeEnum), filter.Attribute("tags", filter.TypeList),
	)
	require.NoError(f, err)
	ensured, err := st.EnsureCampaign(f.Context(), intake.EnsureCampaignParams{Name: "fuzzed", Now: hostNow})
	require.NoError(f, err)
	contacts := []outdial.Contact{
		{FirstName: "Bob", LastName: "STRASSE", Phone: "+15042000001", AccountID: hostID},
		{FirstName: "' OR 1=1; DROP TABLE contacts; --", LastName: "σίσυφος", Phone: "+15042000002", Attributes: json.RawMessage(
			`{"staff":"50","score":0.1,"smallest":1,"vip":"true","seen":"2026-11-01","owner":"0191e4a0-0000-7000-8000-00000000000a","tier":"gold","tags":["vip","é"]}`)},
		{Phone: "+15042000003", Attributes: json.RawMessage(`{"staff":"n/a","score":"-1","seen":7,"tags":"vip","tier":null}`)},
	}
	added := make([]intake.NewContact, len(contacts))
	for i := range contacts {
		contacts[i].ID = uuid.New()
		added[i] = intake.NewContact{SourceKey: contacts[i].ID.String(), Contact: contacts[i]}
	}
	_, err = st.AddContacts(f.Context(), intake.AddContactsParams{CampaignID: ensured.Campaign.ID, Contacts: added, Now: hostNow})
	require.NoError(f, err)

	f.Fuzz(func(t *testing.T, data []byte) {
		parsed, err := filter.Parse(data)
		if err != nil {
			require.ErrorIs(t, err, outdial.ErrInvalid)
			return
		}
		expr, err := filter.Resolve(parsed, fields)
		if err != nil {
			require.ErrorIs(t, err, outdial.ErrInvalid)
			return
		}
		want := 0
		for _, contact := range contacts {
			if filter.Match(expr, filter.Row{Contact: contact, CreatedAt: hostNow}, hostNow) {
				want++
			}
		}
		result, err := st.ReplaceQueue(t.Context(), queue.ReplaceParams{
			CampaignID: ensured.Campaign.ID, AgentID: hostID, ActorID: hostID, Filter: expr, DryRun: true, Now: hostNow,
		})
		require.NoError(t, err)
		require.Equal(t, want, result.Matched)
	})
}
