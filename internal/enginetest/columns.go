package enginetest

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store"
)

// HostColumns says how a host's own columns of the contacts table look on an engine.
type HostColumns struct {
	// Schema adds the columns: tier and stage, which are enums, staffCount, balance,
	// annual_revenue_min and annual_revenue_max, vip, signed_at, owner_id, tags and
	// nickname.
	Schema []string
	// Every leaves out all but one in so many questions, where each takes long. Zero
	// leaves out none.
	Every int
	// Time and List are what the columns of times and lists take.
	Time func(time.Time) any
	List func([]string) any
}

// hostFields is the one line for each column with which a host makes it known.
func hostFields(t *testing.T) *filter.Fields {
	t.Helper()
	fields, err := filter.NewFields(
		filter.Column("tier", filter.TypeEnum).OneOf("gold", "silver"),
		filter.Column("stage", filter.TypeEnum),
		filter.Column("staff_count", filter.TypeInt).From("staffCount"),
		filter.Column("balance", filter.TypeDecimal),
		filter.ColumnRange("annual_revenue", "annual_revenue_min", "annual_revenue_max", filter.TypeInt),
		filter.Column("vip", filter.TypeBool),
		filter.Column("signed_at", filter.TypeTime),
		filter.Column("owner_id", filter.TypeUUID),
		filter.Column("tags", filter.TypeList),
		filter.Column("nickname", filter.TypeText),
	)
	require.NoError(t, err)
	return fields
}

var (
	hostNow  = time.Date(2026, 11, 2, 15, 4, 5, 0, time.UTC)
	hostID   = uuid.MustParse("0191e4a0-0000-7000-8000-00000000000a")
	hostRows = []map[string]any{
		{},
		{"tier": "gold", "stage": "new", "staffCount": 50, "balance": 0.1, "vip": true, "nickname": "Straße", "tags": []string{"VIP", "trial"}},
		{"tier": "silver", "stage": "won", "staffCount": 500, "balance": -12.25, "vip": false, "nickname": "STRASSE", "tags": []string{}},
		{"annual_revenue_min": 100, "annual_revenue_max": 500, "owner_id": hostID, "signed_at": hostNow},
		{"annual_revenue_min": 1_000, "signed_at": hostNow.Add(-48 * time.Hour), "staffCount": -1, "nickname": "gold"},
		{"annual_revenue_max": 50, "signed_at": hostNow.Add(time.Microsecond), "staffCount": 0, "tags": []string{"vip"}},
		{"annual_revenue_min": 2_000_000_000, "annual_revenue_max": 3_000_000_000, "balance": 123456789012.345},
	}
	// hostValues are what conditions on a type ask for.
	hostValues = map[filter.Type][]any{
		filter.TypeText:    {"straße", "GOLD", "ss", "ß"},
		filter.TypeEnum:    {"gold", "silver"},
		filter.TypeInt:     {json.Number("-1"), json.Number("50"), json.Number("100"), json.Number("500"), json.Number("3000000000")},
		filter.TypeDecimal: {json.Number("-12.25"), json.Number("0.1"), json.Number("123456789012.345")},
		filter.TypeBool:    {true, false},
		filter.TypeTime:    {hostNow.Add(-72 * time.Hour).Format(time.RFC3339Nano), hostNow.Format(time.RFC3339Nano), "2027-01-01"},
		filter.TypeUUID:    {hostID.String(), uuid.Max.String()},
		filter.TypeList:    {"vip", "trial", "none"},
	}
)

// FilterHostColumns proves that conditions on a host's own columns select the
// contacts that filter.Match selects: every operator of every type, with its
// negation, and every column empty in some row. The store must be empty and its own.
func FilterHostColumns(t *testing.T, st store.Store, columns HostColumns) {
	t.Helper()
	fields, db := hostFields(t), pool(t, st)
	for _, statement := range columns.Schema {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	ensured, err := st.EnsureCampaign(t.Context(), intake.EnsureCampaignParams{Name: "host", Now: hostNow})
	require.NoError(t, err)
	var rows []filter.Row
	for i, held := range hostRows {
		contact := outdial.Contact{ID: uuid.New(), FirstName: "Ann", Phone: outdial.Phone("+1504200000" + string(rune('0'+i)))}
		_, err := st.AddContacts(t.Context(), intake.AddContactsParams{
			CampaignID: ensured.Campaign.ID, Now: hostNow,
			Contacts: []intake.NewContact{{SourceKey: contact.ID.String(), Contact: contact}},
		})
		require.NoError(t, err)
		columns.write(t, db, contact.ID, held)
		rows = append(rows, filter.Row{Contact: contact, CreatedAt: hostNow, Columns: held})
	}
	turn, asked := 0, 0
	for _, field := range fields.All() {
		for _, condition := range hostConditions(field) {
			if turn++; columns.Every > 0 && turn%columns.Every > 0 {
				continue
			}
			for _, expr := range []filter.Expr{condition, filter.Not(condition)} {
				resolved, err := filter.Resolve(expr, fields)
				require.NoError(t, err)
				var want []uuid.UUID
				for _, row := range rows {
					if filter.Match(resolved, row, hostNow) {
						want = append(want, row.Contact.ID)
					}
				}
				require.ElementsMatch(t, want, filtered(t, st, ensured.Campaign.ID, resolved), "%s", filter.Describe(expr))
				asked++
			}
		}
	}
	require.Greater(t, asked, 200/max(columns.Every, 1))
}

// write puts what a contact has into the host's columns.
func (h HostColumns) write(t *testing.T, db *sqlx.DB, contactID uuid.UUID, held map[string]any) {
	t.Helper()
	for column, value := range held {
		switch kept := value.(type) {
		case time.Time:
			value = h.Time(kept)
		case []string:
			value = h.List(kept)
		}
		_, err := db.ExecContext(t.Context(), db.Rebind(`UPDATE contacts SET "`+column+`" = ? WHERE id = ?`), value, contactID)
		require.NoError(t, err, column)
	}
}

// hostConditions are conditions on a field with every operator that it has.
func hostConditions(field filter.Field) []filter.Condition {
	var list []filter.Condition
	values := hostValues[field.Type]
	if field.Name == "phone_status" {
		values = []any{"unknown", "valid"}
	}
	if field.Name == "phone" {
		values = []any{"+15042000001", "+15042000002"}
	}
	for _, operator := range field.Operators() {
		ask := func(values ...any) {
			list = append(list, filter.Condition{Field: field.Name, Operator: operator, Values: values})
		}
		switch operator.Takes() {
		case filter.TakesNothing:
			ask()
		case filter.TakesDays:
			ask(json.Number("1"))
			ask(json.Number("2"))
		case filter.TakesList:
			ask(values...)
			ask(values[0])
		case filter.TakesTwo:
			ask(values[0], values[1])
			ask(values[1], values[2])
			ask(values[1], values[1])
		default:
			for _, value := range values {
				ask(value)
			}
		}
	}
	return list
}

// filtered returns the contacts that a queue made with the filter holds.
func filtered(t *testing.T, st store.Store, campaignID uuid.UUID, expr filter.Expr) []uuid.UUID {
	t.Helper()
	agent := uuid.New()
	_, err := st.ReplaceQueue(t.Context(), queue.ReplaceParams{CampaignID: campaignID, AgentID: agent, ActorID: agent, Filter: expr, Now: hostNow})
	require.NoError(t, err, "%s", filter.Describe(expr))
	page, err := st.ListItems(t.Context(), queue.ListParams{CampaignID: campaignID, AgentID: agent, State: queue.StateQueued, Limit: queue.MaxPage})
	require.NoError(t, err)
	ids := make([]uuid.UUID, len(page.Items))
	for i, item := range page.Items {
		ids[i] = item.ContactID
	}
	_, err = st.ClearQueue(t.Context(), queue.ClearParams{CampaignID: campaignID, AgentID: agent, ActorID: agent, Now: hostNow})
	require.NoError(t, err)
	return slices.Clip(ids)
}

// Previews makes a campaign and previews the filter in it.
func Previews(t *testing.T, st store.Store, expr filter.Expr) error {
	t.Helper()
	ensured, err := st.EnsureCampaign(t.Context(), intake.EnsureCampaignParams{Name: "preview", Now: hostNow})
	require.NoError(t, err)
	_, err = st.ReplaceQueue(t.Context(), queue.ReplaceParams{
		CampaignID: ensured.Campaign.ID, AgentID: hostID, ActorID: hostID, Filter: expr, DryRun: true, Now: hostNow,
	})
	return err
}
