package postgres_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

// Contacts from first to last, all of them in the campaign, with what people have:
// some two thousand first names of which few are common, one every ten minutes of the
// last two years, and attributes as an import brings them.
const addPeople = `
	WITH people AS (
		INSERT INTO contacts (id, account_id, first_name, last_name, company, country, phone, phone_key,
		                      phone_status, email, email_key, is_valid, is_opted_out, created_at, headcount, tags,
		                      attributes)
		SELECT CAST(format('00000000-0000-7000-8002-%s', lpad(CAST(n AS text), 12, '0')) AS uuid),
		       CAST(format('00000000-0000-7000-8003-%s', lpad(CAST(n % 25000 AS text), 12, '0')) AS uuid),
		       CASE n % 2000 WHEN 7 THEN 'Zebulon' WHEN 11 THEN 'Osskira'
		           ELSE (ARRAY['Ja', 'Ma', 'Ro', 'Pa', 'Jo', 'De', 'Vi', 'Su', 'Te', 'Ca', 'Be', 'Hu'])[1 + n % 12]
		                || (ARRAY['ri', 'mi', 'te', 'na', 'do', 'li', 'ra'])[1 + n / 3 % 7]
		                || (ARRAY['', '', '', 'son', 'anna', 'us', 'bert', 'tha', 'da', 'nor', 'ene'])[1 + n / 5 % 11]
		       END,
		       'Name' || n % 5000, CASE WHEN n % 3 > 0 THEN 'Company ' || n % 700 END,
		       (ARRAY['US', 'CA', 'MX'])[1 + n % 3],
		       '+1504' || lpad(CAST(n AS text), 7, '0'), '+1504' || lpad(CAST(n AS text), 7, '0'),
		       CASE WHEN n % 10 = 0 THEN 'invalid' ELSE 'valid' END,
		       'caller' || n || '@example.com', 'caller' || n || '@example.com', n % 20 > 0, n % 30 = 0,
		       CAST($4 AS timestamptz) - (100200 - n) * interval '10 minutes', n % 40000, ARRAY['all', 'tag' || n % 9],
		       jsonb_build_object(
		           'staff', n % 40000, 'score', n % 100 || '.5', 'vip', n % 4 = 0, 'tier', NULLIF(n % 5, 0) || ' stars',
		           'owner', format('00000000-0000-7000-8005-%s', lpad(CAST(n % 50 AS text), 12, '0')),
		           'signed', to_char(CAST($4 AS timestamptz) - (100200 - n) * interval '10 minutes', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
		           'least', n % 900, 'most', n % 900 + 50, 'labels', jsonb_build_array('all', 'label ' || n % 9))
		  FROM generate_series(CAST($2 AS integer), CAST($3 AS integer)) AS n
		RETURNING id)
	INSERT INTO campaign_contacts (campaign_id, contact_id) SELECT CAST($1 AS uuid), id FROM people`

// Whom a filter selects is chosen by the statement itself. What is done with them
// then is not what this is about, and takes as long as everything else.
const chooseOnly = `
	DO $do$ BEGIN EXECUTE format($create$
		CREATE OR REPLACE FUNCTION outdial_queue_replace(%s) RETURNS jsonb LANGUAGE plpgsql AS $$
		BEGIN RETURN jsonb_build_object('matched', cardinality(p_matched)); END$$ $create$,
		pg_get_function_arguments(CAST('outdial_queue_replace' AS regproc)));
	END $do$`

// longSize is how long the long lists are: half of the campaign. beyondArrays is just
// long enough for a list to be joined.
const (
	longSize     = largeSize / 2
	beyondArrays = 10_001
)

// listed returns so many values, all of which contacts of the large campaign have.
func listed[T any](size int, value func(n int) T) []T {
	values := make([]T, size)
	for i := range values {
		values[i] = value(smallSize + 1 + i)
	}
	return values
}

func phoneOf(n int) string { return fmt.Sprintf("+1504%07d", n) }

func contactOf(n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("00000000-0000-7000-8002-%012d", n))
}

// asked is a filter, and how a database is to answer it.
type asked struct {
	filter filter.Expr
	// of is the campaign; the large one by default.
	of uuid.UUID
	// index is one that must be read, where one serves the filter, and avoided one
	// that must not be.
	index, avoided string
	// rows is how many rows of a table may be looked at in all; each row once by
	// default.
	rows float64
	// matched is how many contacts the filter selects, where the test knows.
	matched int
	// without is what makes the plan a bad one, in SQL.
	without string
}

// hostFields are the fields that a host and its imports have added.
func hostFields(t *testing.T) *filter.Fields {
	t.Helper()
	fields, err := filter.NewFields(
		filter.Column("headcount", filter.TypeInt), filter.Column("tags", filter.TypeList),
		filter.AttributeRange("span", "least", "most", filter.TypeInt))
	require.NoError(t, err)
	return fields.WithAttributes(
		filter.ImportedAttribute{Key: "staff", Type: filter.TypeInt},
		filter.ImportedAttribute{Key: "score", Type: filter.TypeDecimal},
		filter.ImportedAttribute{Key: "vip", Type: filter.TypeBool},
		filter.ImportedAttribute{Key: "tier", Type: filter.TypeEnum},
		filter.ImportedAttribute{Key: "owner", Type: filter.TypeUUID},
		filter.ImportedAttribute{Key: "signed", Type: filter.TypeTime},
		filter.ImportedAttribute{Key: "labels", Type: filter.TypeList})
}

// faults says what is wrong with how the store's statement was carried out.
func (a asked) faults(t *testing.T, e *explained) []string {
	t.Helper()
	resolved, err := filter.Resolve(a.filter, hostFields(t))
	require.NoError(t, err)
	campaign := a.of
	if campaign == uuid.Nil {
		campaign = largeCampaign
	}
	nodes := e.during(t, func(t *testing.T) {
		t.Helper()
		result, err := e.store.ReplaceQueue(t.Context(), queue.ReplaceParams{
			CampaignID: campaign, AgentID: explainAgent(1), ActorID: explainActor, Filter: resolved, Now: explainNow,
		})
		require.NoError(t, err)
		require.Positive(t, result.Matched, "a filter that selects nobody shows nothing")
		if a.matched > 0 {
			require.Equal(t, a.matched, result.Matched)
		}
	})
	return a.judge(nodes)
}

// judge says what is wrong with a plan.
func (a asked) judge(nodes []plan) []string {
	limit := a.rows
	if limit == 0 {
		limit = largeSize + smallSize
	}
	var found []string
	var indexes []string
	looked := map[string]float64{}
	for _, node := range nodes {
		indexes = append(indexes, node.Index)
		read := node.Relation
		switch node.Node {
		case "Bitmap Index Scan":
			read = node.Index
		case "Materialize":
			// Rows that are kept in order to go through them again and again.
			read = "what was kept"
		case "Seq Scan":
			if node.Loops > 1 {
				found = append(found, fmt.Sprintf("%s is read from end to end %.0f times", read, node.Loops))
			}
		}
		if read != "" {
			looked[read] += (node.Rows + node.Removed + node.Rechecked) * node.Loops
		}
	}
	for read, rows := range looked {
		if rows > limit {
			found = append(found, fmt.Sprintf("%.0f rows of %s are looked at", rows, read))
		}
	}
	if a.index != "" && !slices.Contains(indexes, a.index) {
		found = append(found, "no plan reads "+a.index)
	}
	if a.avoided != "" && slices.Contains(indexes, a.avoided) {
		found = append(found, "a plan reads "+a.avoided)
	}
	return found
}

// few is what a selective filter may look at: of a hundred thousand contacts, its own
// and those of the small campaign.
const few = 3 * smallSize

// quick is what is asked of each field that says it has an index.
var quick = map[string]struct {
	index, without string
	// values are some that few contacts have; of times, the first and the last.
	values []any
}{
	"first_name": {"ix_contacts_first_name_trgm", "DROP INDEX ix_contacts_first_name_trgm", []any{"zebulon"}},
	"phone":      {"ix_contacts_phone_key", "DROP INDEX ix_contacts_phone_key", []any{phoneOf(5000), phoneOf(50_000)}},
	"email": {
		"ix_contacts_email_key", "DROP INDEX ix_contacts_email_key",
		[]any{"caller5000@example.com", "caller50000@example.com"},
	},
	"contact_id": {
		"contacts_pkey", "ALTER TABLE contacts DROP CONSTRAINT contacts_pkey CASCADE",
		[]any{contactOf(5000).String(), contactOf(50_000).String()},
	},
	"account_id": {
		"ix_contacts_account_id", "DROP INDEX ix_contacts_account_id",
		[]any{"00000000-0000-7000-8003-000000000100", "00000000-0000-7000-8003-000000000200"},
	},
	"created_at": {
		"ix_contacts_created_at", "DROP INDEX ix_contacts_created_at",
		[]any{"2024-12-08T14:30:00Z", "2026-11-02T05:00:00Z"},
	},
}

// unpromised are the operators that no index is said to serve.
var unpromised = []filter.Operator{
	filter.NotEquals, filter.NotContains, filter.NotIn, filter.IsEmpty, filter.IsNotEmpty, filter.NoneOf,
}

// hinted are conditions on every field that says it has an index, with every operator
// that the hint is about.
func hinted(t *testing.T) map[string]asked {
	t.Helper()
	questions := map[string]asked{}
	for _, field := range (*filter.Fields)(nil).All() {
		if field.Index == filter.IndexNone {
			continue
		}
		require.Contains(t, quick, field.Name, "the field has a hint and no test of it")
		by := quick[field.Name]
		for _, operator := range field.Operators() {
			if slices.Contains(unpromised, operator) || field.Index == filter.IndexTrigram && operator == filter.In {
				continue
			}
			values := by.values
			first, last := values[0], values[len(values)-1]
			switch operator {
			case filter.Between:
				values = []any{last, explainNow.Format("2006-01-02T15:04:05Z07:00")}
			case filter.WithinLastDays:
				values = []any{json.Number("1")}
			case filter.Greater, filter.AtLeast, filter.After:
				values = []any{last}
			case filter.In:
			default:
				values = []any{first}
			}
			questions[fmt.Sprintf("%s %s reads %s", field.Name, operator, by.index)] = asked{
				filter: filter.Condition{Field: field.Name, Operator: operator, Values: values},
				index:  by.index, rows: few, without: by.without,
			}
		}
	}
	require.NotEmpty(t, questions)
	return questions
}

// trigrams are texts that are long enough to be looked for in the index. Every letter
// has a capital; s and k have a third form.
func trigrams() map[string]asked {
	name := filter.Text("first_name")
	questions := map[string]asked{
		"three letters anywhere read the index":        {filter: name.Contains("ebu"), matched: 50},
		"three letters at the start read the index":    {filter: name.StartsWith("ZEB"), matched: 50},
		"three letters at the end read the index":      {filter: name.EndsWith("lon"), matched: 50},
		"three letters with an s in them read it":      {filter: name.Contains("oss"), matched: 50},
		"three letters with a k in them read it":       {filter: name.Contains("ski"), matched: 50},
		"three letters beside another field's read it": {filter: filter.And(name.Contains("zeb"), filter.Bool("vip").Equals(false)), matched: 50},
	}
	for title, question := range questions {
		question.index, question.rows = "ix_contacts_first_name_trgm", few
		question.without = "DROP INDEX ix_contacts_first_name_trgm"
		questions[title] = question
	}
	return questions
}

// scanned are conditions that no index serves: every contact of the campaign is looked
// at, once.
func scanned() map[string]asked {
	name, tags := filter.Text("first_name"), filter.List("tags")
	day := explainNow.AddDate(0, -3, 0)
	owner := uuid.MustParse("00000000-0000-7000-8005-000000000007")
	filters := map[string]filter.Expr{
		"letters that many names have":              name.Contains("anna"),
		"text without an index":                     filter.Text("last_name").Contains("name12"),
		"a short list of names":                     name.In("zebulon", "Jari", "Osskira"),
		"text that is not":                          name.NotContains("zeb"),
		"a name that is not":                        name.NotEquals("Zebulon"),
		"names that are not":                        name.NotIn("Zebulon", "Jari"),
		"phones that are not":                       filter.Text("phone").NotIn(phoneOf(5000), phoneOf(5001)),
		"nothing in a column":                       filter.Text("company").IsEmpty(),
		"something in a column":                     filter.Text("company").IsNotEmpty(),
		"nothing in an attribute":                   filter.Text("tier").IsEmpty(),
		"a word":                                    filter.Enum("phone_status").Equals("valid"),
		"words":                                     filter.Enum("phone_status").In("valid", "unknown"),
		"true":                                      filter.Bool("is_valid").Equals(true),
		"not true":                                  filter.Bool("is_opted_out").NotEquals(true),
		"a number in a column":                      filter.Int("headcount").Between(100, 500),
		"a number in an attribute":                  filter.Int("staff").Between(100, 500),
		"numbers in an attribute":                   filter.Int("staff").In(100, 200, 300),
		"a decimal in an attribute":                 filter.Decimal("score").Greater("95.25"),
		"truth in an attribute":                     filter.Bool("vip").Equals(true),
		"a word in an attribute":                    filter.Enum("tier").In("1 stars", "2 stars"),
		"an id in an attribute":                     filter.UUID("owner").Equals(owner),
		"a range in attributes":                     filter.Int("span").Between(100, 120),
		"a time that is most of it":                 filter.Time("created_at").Before(day),
		"a list with any":                           tags.AnyOf("tag1", "TAG2"),
		"a list with all":                           tags.AllOf("all", "tag2"),
		"a list with none":                          tags.NoneOf("tag1"),
		"a list in an attribute":                    filter.List("labels").AnyOf("label 3", "label 4"),
		"no list in an attribute":                   filter.List("labels").NoneOf("label 3"),
		"one that has an index or one that has not": filter.Or(name.Contains("zeb"), filter.Bool("is_opted_out").Equals(true)),
		"not a group": filter.Not(filter.Or(
			name.Contains("zeb"), filter.And(filter.Bool("vip").Equals(true), filter.Not(tags.AnyOf("tag1"))))),
	}
	questions := map[string]asked{
		"one letter":  {filter: name.Contains("a"), avoided: "ix_contacts_first_name_trgm"},
		"two letters": {filter: name.Contains("an"), avoided: "ix_contacts_first_name_trgm"},
		// Times as text take long to read.
		"a time in an attribute": {filter: filter.Time("signed").Before(day), of: smallCampaign, rows: few},
		"days in an attribute":   {filter: filter.Time("signed").WithinLastDays(1000), of: smallCampaign, rows: few},
	}
	for title, expr := range filters {
		questions[title] = asked{filter: expr}
	}
	return named("every contact is read once", questions)
}

func named(sentence string, questions map[string]asked) map[string]asked {
	all := map[string]asked{}
	for title, question := range questions {
		all[sentence+": "+title] = question
	}
	return all
}

// long are lists that are joined from a table.
func long() map[string]asked {
	const half, rest = longSize / 2, largeSize - longSize
	phone, name, id := filter.Text("phone"), filter.Text("first_name"), filter.UUID("contact_id")
	phones, contacts := listed(longSize, phoneOf), listed(longSize, contactOf)
	names := append(listed(longSize, func(n int) string { return fmt.Sprintf("Nobody %d", n) }), "ZEBULON", "osskira")
	numbers := listed(longSize, func(n int) int64 { return int64(n - half) })
	return named("a long list is read once", map[string]asked{
		"phones":                         {filter: phone.In(phones...), matched: longSize},
		"other phones":                   {filter: phone.NotIn(phones...), matched: rest},
		"phones below a not":             {filter: filter.Not(phone.In(phones...)), matched: rest},
		"phones or a name":               {filter: filter.Or(phone.In(phones...), name.Equals("zebulon")), matched: longSize + 25},
		"phones and a name":              {filter: filter.And(phone.In(phones...), name.Equals("zebulon")), matched: 25},
		"a name and other phones":        {filter: filter.And(phone.NotIn(phones...), name.Equals("zebulon")), matched: 25},
		"names":                          {filter: name.In(names...), matched: 100},
		"other names":                    {filter: name.NotIn(names...), matched: largeSize - 100},
		"contacts":                       {filter: id.In(contacts...), matched: longSize},
		"other contacts":                 {filter: id.NotIn(contacts...), matched: rest},
		"numbers in a column":            {filter: filter.Int("headcount").In(numbers...)},
		"numbers in an attribute":        {filter: filter.Int("staff").In(numbers...)},
		"other numbers in an attribute":  {filter: filter.Int("staff").NotIn(numbers...)},
		"one list without the other one": {filter: filter.And(phone.In(phones[:half]...), id.NotIn(contacts[half-1:]...)), matched: half - 1},
	})
}

func seedPeople(t *testing.T, db *sqlx.DB) {
	t.Helper()
	for _, statement := range []string{
		"ALTER TABLE contacts ADD COLUMN headcount integer, ADD COLUMN tags text[], SET (autovacuum_enabled = off)",
		"ALTER TABLE campaign_contacts SET (autovacuum_enabled = off)",
		chooseOnly,
		// A rare name that is in a sample of three hundred by chance would look frequent.
		"ALTER TABLE contacts ALTER COLUMN first_name SET STATISTICS 1000",
	} {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	_, err := db.ExecContext(t.Context(), addPeople, smallCampaign, 1, smallSize, explainNow)
	require.NoError(t, err)
	analyze(t, db)
	_, err = db.ExecContext(t.Context(), addPeople, largeCampaign, smallSize+1, smallSize+largeSize, explainNow)
	require.NoError(t, err)
}

func TestFiltersUseTheirIndexes(t *testing.T) {
	t.Parallel()
	address := database(t)
	plain := open(t, address.String())
	seedPeople(t, plain.DB())
	// What a bad plan does takes minutes or hours.
	settings := address.Query()
	settings.Set("statement_timeout", "30s")
	address.RawQuery = settings.Encode()
	e := explain(t, address)

	// A campaign that has just been imported is not in the statistics: the planner
	// expects a row of it at most.
	lists := long()
	for _, title := range []string{"phones", "other phones", "phones and a name", "names", "other numbers in an attribute"} {
		name := "a long list is read once: " + title
		t.Run(name+", before statistics know the campaign", func(t *testing.T) {
			require.Contains(t, lists, name)
			require.Empty(t, lists[name].faults(t, e))
		})
	}
	analyze(t, plain.DB())
	for _, questions := range []map[string]asked{hinted(t), trigrams(), scanned(), lists} {
		for name, question := range questions {
			t.Run(name, func(t *testing.T) {
				require.Empty(t, question.faults(t, e))
			})
		}
	}
	for _, questions := range []map[string]asked{hinted(t), trigrams(), badly()} {
		for name, question := range questions {
			t.Run(name+", and would be found out", func(t *testing.T) {
				question.matched = 0
				e.spoiled(t, question.without, func(t *testing.T) {
					t.Helper()
					require.NotEmpty(t, question.faults(t, e))
				})
			})
		}
	}
	t.Run("a NOT IN that is no join would be found out", func(t *testing.T) {
		e.spoiled(t, keylessLists+"; SET LOCAL work_mem = '64kB'", func(t *testing.T) {
			t.Helper()
			require.NotEmpty(t, asked{}.judge(e.during(t, func(t *testing.T) {
				t.Helper()
				_, err := e.conn.ExecContext(t.Context(), notIn, smallCampaign)
				require.NoError(t, err)
			})))
		})
	})
}

// spoiled does the work where something has been done to the database, and undoes
// that.
func (e *explained) spoiled(t *testing.T, how string, work func(t *testing.T)) {
	t.Helper()
	pool := e.store
	defer func() { e.store, e.conn = pool, e.db }()
	tx, err := e.db.BeginTxx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback() //nolint:errcheck // nothing of it is to stay
	_, err = tx.ExecContext(t.Context(), how)
	require.NoError(t, err)
	e.store, e.conn = pool.WithTx(tx), tx
	work(t)
}

// keylessLists are lists in a table that can only be read from end to end.
const keylessLists = `
	DROP TABLE IF EXISTS pg_temp.outdial_filter_values;
	CREATE TEMP TABLE outdial_filter_values (list integer, value text COLLATE "C");
	INSERT INTO pg_temp.outdial_filter_values
	SELECT 0, 'nobody ' || n FROM generate_series(1, 5000) AS n`

const notIn = `
	SELECT count(*) FROM campaign_contacts cc JOIN contacts c ON c.id = cc.contact_id
	 WHERE cc.campaign_id = $1 AND c.phone_key NOT IN (SELECT value FROM pg_temp.outdial_filter_values)`

// badly are filters without an index, in databases that cannot answer them well.
func badly() map[string]asked {
	const loops = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
	return map[string]asked{
		"a letter is looked for in all of the index": {
			filter: filter.Text("first_name").Contains("a"), avoided: "ix_contacts_first_name_trgm",
			without: "SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off;" +
				"SET LOCAL enable_nestloop = off",
		},
		"all contacts are read for each contact": {
			filter: filter.Bool("is_valid").Equals(true), of: smallCampaign,
			without: loops + "; DROP INDEX uq_campaign_contacts; ALTER TABLE contacts DROP CONSTRAINT contacts_pkey CASCADE",
		},
		"a list is read for each contact": {
			filter: filter.Text("phone").NotIn(listed(beyondArrays, phoneOf)...), of: smallCampaign,
			without: keylessLists + "; " + loops,
		},
		"a list is read for each contact in an OR": {
			filter: filter.Or(filter.Text("phone").In(listed(beyondArrays, phoneOf)...), filter.Bool("is_valid").Equals(true)),
			of:     smallCampaign, without: keylessLists + "; " + loops,
		},
	}
}
