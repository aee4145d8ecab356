package sqlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/store/sqlite"
)

// Contacts from first to last, all of them in the campaign, with what people have:
// some two thousand first names of which few are common, one every ten minutes of the
// last two years, and attributes as an import brings them.
var addPeople = []string{`
	WITH RECURSIVE numbers (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)
	INSERT INTO contacts (id, account_id, first_name, last_name, company, phone, phone_key, phone_status,
	                      email, email_key, is_valid, created_at, headcount, tags, attributes)
	SELECT printf('00000000-0000-7000-8002-%012d', n), printf('00000000-0000-7000-8003-%012d', n % (:last / 4)),
	       CASE n % 2000 WHEN 7 THEN 'Zebulon'
	           ELSE substr('JaMaRoPaJoDeViSuTeCaBeHu', 1 + n % 12 * 2, 2) || substr('rimitenadolira', 1 + n / 3 % 7 * 2, 2)
	                || substr('sonannbertha', 1 + n / 5 % 4 * 3, 3)
	       END,
	       'Name' || (n % 5000), CASE WHEN n % 3 > 0 THEN 'Company ' || (n % 700) END,
	       printf('+1504%07d', n), printf('+1504%07d', n), CASE n % 10 WHEN 0 THEN 'invalid' ELSE 'valid' END,
	       printf('caller%d@example.com', n), printf('caller%d@example.com', n), n % 20 > 0,
	       :now - (:last - n) * 600000000, n % 40000, json_array('all', 'tag' || (n % 9)),
	       json_object('staff', n % 40000, 'score', (n % 100) || '.5', 'vip', json(CASE WHEN n % 4 THEN 'false' ELSE 'true' END),
	                   'tier', (n % 5) || ' stars', 'least', n % 900, 'most', n % 900 + 50,
	                   'owner', printf('00000000-0000-7000-8005-%012d', n % 50),
	                   'signed', date('2026-11-02', '-' || (n % 900) || ' days'), 'labels', json_array('all', 'label ' || (n % 9)))
	  FROM numbers`, addCampaign[1]}

// explainer is a store over a driver that tells how the statement that chooses
// contacts would be carried out, instead of carrying it out.
type explainer struct {
	store  *sqlite.Store
	db     *sqlx.DB
	driver driver.Driver
	path   string
	steps  []string
}

func explain(t *testing.T, by driver.Driver, path string) *explainer {
	t.Helper()
	e := &explainer{driver: by, path: path}
	e.db = sqlx.NewDb(sql.OpenDB(e), "sqlite")
	// The plan of a bulk change is in a temporary table, which is a connection's own.
	e.db.SetMaxOpenConns(1)
	t.Cleanup(func() { require.NoError(t, e.db.Close()) })
	var err error
	e.store, err = sqlite.New(e.db)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.store.Close()) })
	return e
}

// Driver implements driver.Connector.
func (e *explainer) Driver() driver.Driver { return e.driver }

// Connect implements driver.Connector.
func (e *explainer) Connect(context.Context) (driver.Conn, error) {
	opened, err := e.driver.Open("file:" + e.path + "?_txlock=immediate&_pragma=busy_timeout(30000)")
	if err != nil {
		return nil, err
	}
	conn, ok := opened.(connection)
	if !ok {
		return nil, errors.Join(errors.New("the driver cannot be explained"), opened.Close())
	}
	return &explaining{connection: conn, explainer: e}, nil
}

// connection is what the store's driver can do.
type connection interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

type explaining struct {
	connection

	explainer *explainer
}

var errExplained = errors.New("explained instead")

// ExecContext implements driver.ExecerContext.
func (c *explaining) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if !strings.HasPrefix(query, "INSERT INTO temp.outdial_plan") {
		return c.connection.ExecContext(ctx, query, args)
	}
	rows, err := c.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, args)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to the end below
	for step := make([]driver.Value, len(rows.Columns())); ; {
		switch err := rows.Next(step); {
		case errors.Is(err, io.EOF):
			return nil, errExplained
		case err != nil:
			return nil, err
		}
		c.explainer.steps = append(c.explainer.steps, fmt.Sprint(step[len(step)-1]))
	}
}

// asked is a filter, and how a database is to answer it.
type asked struct {
	filter filter.Expr
	// of is the campaign; the small one by default, so that whoever reads the others
	// too shows.
	of string
	// index is one through which the contacts must be found, where one serves the
	// filter.
	index string
	// without is what makes the plan a bad one, in SQL.
	without []string
}

// explained returns the steps of the statement that chooses the filter's contacts.
func (a asked) explained(t *testing.T, e *explainer) []string {
	t.Helper()
	fields, err := filter.NewFields(
		filter.Column("headcount", filter.TypeInt), filter.Column("tags", filter.TypeList),
		filter.AttributeRange("span", "least", "most", filter.TypeInt))
	require.NoError(t, err)
	resolved, err := filter.Resolve(a.filter, fields.WithAttributes(
		filter.ImportedAttribute{Key: "staff", Type: filter.TypeInt},
		filter.ImportedAttribute{Key: "score", Type: filter.TypeDecimal},
		filter.ImportedAttribute{Key: "vip", Type: filter.TypeBool},
		filter.ImportedAttribute{Key: "tier", Type: filter.TypeEnum},
		filter.ImportedAttribute{Key: "owner", Type: filter.TypeUUID},
		filter.ImportedAttribute{Key: "signed", Type: filter.TypeTime},
		filter.ImportedAttribute{Key: "labels", Type: filter.TypeList}))
	require.NoError(t, err)
	campaign := a.of
	if campaign == "" {
		campaign = smallCampaign
	}
	e.steps = nil
	_, err = e.store.ReplaceQueue(t.Context(), queue.ReplaceParams{
		CampaignID: uuid.MustParse(campaign), AgentID: explainAgent(1), ActorID: explainAgent(2),
		Filter: resolved, Now: explainNow,
	})
	require.ErrorIs(t, err, errExplained)
	require.NotEmpty(t, e.steps)
	return e.steps
}

// uniqueKeys are what a row of each table must be looked for by when it is looked for again
// and again.
var uniqueKeys = map[string]string{
	"c": "(id=?)", "cc": "(campaign_id=? AND contact_id=?)", "q": "(campaign_id=? AND contact_id=?)",
}

// judge says what is wrong with a plan. Its tables are read in the order of its steps:
// the first of them from an index, and for each of its rows one of every other.
func (a asked) judge(steps []string) []string {
	var found []string
	outer, whole := "", false
	for _, step := range steps {
		words := strings.Fields(step)
		if len(words) < 2 {
			continue
		}
		read := words[1]
		key, known := uniqueKeys[read]
		switch {
		case strings.Contains(step, "AUTOMATIC"), strings.Contains(step, "CORRELATED LIST"),
			words[0] == "SCAN" && (known || tables[read]):
			found = append(found, step)
		case words[0] != "SEARCH" || !known:
		case outer == "":
			outer, whole = read, read == "cc" && !strings.Contains(step, key)
		case read != outer && !strings.Contains(step, key):
			found = append(found, step+", again and again")
		}
	}
	if a.index != "" && !slices.ContainsFunc(steps, func(step string) bool {
		return strings.HasPrefix(step, "SEARCH c USING INDEX "+a.index+" ")
	}) {
		found = append(found, "no contact is looked for in "+a.index)
	}
	if a.index != "" && (whole || outer == "") {
		found = append(found, "all of the campaign is read")
	}
	return found
}

// quick is what is asked of each field that says it has an ordered index.
var quick = map[string]struct {
	index string
	// values are some that few contacts have; of times, the first and the last.
	values []any
}{
	"phone":      {"ix_contacts_phone_key", []any{phoneOf(largeSize), phoneOf(largeSize - 50)}},
	"email":      {"ix_contacts_email_key", []any{"caller2000@example.com", "caller3000@example.com"}},
	"contact_id": {"sqlite_autoindex_contacts_1", []any{contactOf(2000).String(), contactOf(3000).String()}},
	"account_id": {
		"ix_contacts_account_id",
		[]any{"00000000-0000-7000-8003-000000000100", "00000000-0000-7000-8003-000000000200"},
	},
	"created_at": {
		"ix_contacts_created_at",
		[]any{explainNow.Add(-(largeSize - 20) * 10 * time.Minute).Format(time.RFC3339), explainNow.Add(-3 * time.Hour).Format(time.RFC3339)},
	},
}

// keyless puts a table without any key or index in the place of one.
func keyless(table string) []string {
	return []string{
		fmt.Sprintf("ALTER TABLE %s RENAME TO whole", table),
		fmt.Sprintf("CREATE TABLE %s AS SELECT * FROM whole LIMIT 0", table),
	}
}

// unpromised are the operators that no index is said to serve.
var unpromised = []filter.Operator{
	filter.NotEquals, filter.NotIn, filter.IsEmpty, filter.IsNotEmpty,
}

// hinted are conditions on every field that says it has an ordered index, with every
// operator that the hint is about. Trigrams are not SQLite's.
func hinted(t *testing.T) map[string]asked {
	t.Helper()
	questions := map[string]asked{}
	for _, field := range (*filter.Fields)(nil).All() {
		if field.Index != filter.IndexOrdered {
			continue
		}
		require.Contains(t, quick, field.Name, "the field has a hint and no test of it")
		by := quick[field.Name]
		without := []string{"DROP INDEX " + by.index}
		if strings.HasPrefix(by.index, "sqlite_") {
			without = keyless("contacts")
		}
		for _, operator := range field.Operators() {
			if slices.Contains(unpromised, operator) {
				continue
			}
			values := by.values
			first, last := values[0], values[len(values)-1]
			switch operator {
			case filter.Between:
				values = []any{last, explainNow.Format(time.RFC3339)}
			case filter.WithinLastDays:
				values = []any{json.Number("1")}
			case filter.Greater, filter.AtLeast, filter.After:
				values = []any{last}
			case filter.In:
			default:
				values = []any{first}
			}
			questions[fmt.Sprintf("%s %s looks in %s", field.Name, operator, by.index)] = asked{
				filter: filter.Condition{Field: field.Name, Operator: operator, Values: values},
				of:     largeCampaign, index: by.index, without: without,
			}
		}
	}
	require.NotEmpty(t, questions)
	return questions
}

// walked are conditions for which the campaign is read, with one look at each contact.
func walked() map[string]asked {
	name, tags := filter.Text("first_name"), filter.List("tags")
	day := explainNow.AddDate(0, -3, 0)
	filters := map[string]filter.Expr{
		"letters":                                   name.Contains("zeb"),
		"letters at the start":                      name.StartsWith("zeb"),
		"letters at the end":                        name.EndsWith("lon"),
		"a name":                                    name.Equals("zebulon"),
		"a short list of names":                     name.In("zebulon", "Jari"),
		"names that are not":                        name.NotIn("zebulon", "Jari"),
		"text that is not":                          name.NotContains("zeb"),
		"phones that are not":                       filter.Text("phone").NotIn(phoneOf(1), phoneOf(2)),
		"nothing in a column":                       filter.Text("company").IsEmpty(),
		"nothing in an attribute":                   filter.Enum("tier").IsEmpty(),
		"a word":                                    filter.Enum("phone_status").In("valid", "unknown"),
		"true":                                      filter.Bool("is_valid").Equals(true),
		"not true":                                  filter.Bool("is_opted_out").NotEquals(true),
		"numbers in a column":                       filter.Int("headcount").In(100, 200),
		"a number in an attribute":                  filter.Int("staff").Between(100, 500),
		"numbers in an attribute":                   filter.Int("staff").In(100, 200),
		"a decimal in an attribute":                 filter.Decimal("score").Greater("95.25"),
		"truth in an attribute":                     filter.Bool("vip").Equals(true),
		"a word in an attribute":                    filter.Enum("tier").In("1 stars", "2 stars"),
		"an id in an attribute":                     filter.UUID("owner").Equals(explainAgent(1)),
		"a time in an attribute":                    filter.Time("signed").After(day),
		"days in an attribute":                      filter.Time("signed").WithinLastDays(30),
		"a range in attributes":                     filter.Int("span").Between(100, 120),
		"a list with any":                           tags.AnyOf("tag1", "TAG2"),
		"a list with all":                           tags.AllOf("all", "tag2"),
		"a list with none":                          tags.NoneOf("tag1"),
		"a list in an attribute":                    filter.List("labels").NoneOf("label 3"),
		"one that has an index or one that has not": filter.Or(filter.Text("phone").Equals(phoneOf(1)), name.Contains("zeb")),
		"not a group": filter.Not(filter.Or(
			name.Contains("zeb"), filter.And(filter.Bool("vip").Equals(true), filter.Not(tags.AnyOf("tag1"))))),
	}
	questions := map[string]asked{}
	for title, expr := range filters {
		questions["each contact of the campaign is looked at once: "+title] = asked{filter: expr}
	}
	return questions
}

// longSize is how long the long lists are: half of the campaign.
const longSize = largeSize / 2

func listed[T any](value func(n int) T) []T {
	values := make([]T, longSize)
	for i := range values {
		values[i] = value(i)
	}
	return values
}

func phoneOf(n int) string { return fmt.Sprintf("+1504%07d", n) }

func contactOf(n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("00000000-0000-7000-8002-%012d", n))
}

// long are lists of which SQLite makes an indexed table, once for the statement.
func long() map[string]asked {
	phone, name, id := filter.Text("phone"), filter.Text("first_name"), filter.UUID("contact_id")
	phones, contacts := listed(phoneOf), listed(contactOf)
	numbers := listed(func(n int) int64 { return int64(n) })
	filters := map[string]filter.Expr{
		"phones":                        phone.In(phones...),
		"other phones":                  phone.NotIn(phones...),
		"phones or a name":              filter.Or(phone.In(phones...), name.Equals("zebulon")),
		"names":                         name.In(listed(func(n int) string { return fmt.Sprintf("Zoë %d", n) })...),
		"other contacts":                id.NotIn(contacts...),
		"numbers in a column":           filter.Int("headcount").In(numbers...),
		"other numbers in a column":     filter.Int("headcount").NotIn(numbers...),
		"numbers in an attribute":       filter.Int("staff").In(numbers...),
		"one list without another list": filter.Not(filter.And(phone.In(phones...), id.NotIn(contacts...))),
	}
	questions := map[string]asked{}
	for title, expr := range filters {
		questions["a long list is read once: "+title] = asked{filter: expr}
	}
	return questions
}

// badly are filters that no index serves, in databases that cannot answer them well.
func badly() map[string]asked {
	name := filter.Text("first_name").Contains("zeb")
	return map[string]asked{
		"every campaign is read":                 {filter: name, without: []string{"DROP INDEX uq_campaign_contacts"}},
		"all contacts are read for each contact": {filter: name, without: keyless("contacts")},
	}
}

// spoiled does the work where something has been done to the database, and undoes
// that.
func (e *explainer) spoiled(t *testing.T, how []string, work func(t *testing.T)) {
	t.Helper()
	pool := e.store
	defer func() { e.store = pool }()
	tx, err := e.db.BeginTxx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback() //nolint:errcheck // nothing of it is to stay
	for _, statement := range how {
		_, err := tx.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	e.store = pool.WithTx(tx)
	work(t)
}

func seedPeople(t *testing.T, db *sqlx.DB) {
	t.Helper()
	for _, column := range []string{"headcount INTEGER", "tags TEXT"} {
		_, err := db.ExecContext(t.Context(), "ALTER TABLE contacts ADD COLUMN "+column)
		require.NoError(t, err)
	}
	for campaign, span := range map[string][2]int{smallCampaign: {1, smallSize}, largeCampaign: {smallSize + 1, smallSize + largeSize}} {
		for _, statement := range addPeople {
			_, err := db.NamedExecContext(t.Context(), statement, map[string]any{
				"campaign": campaign, "first": span[0], "last": span[1], "now": explainNow.UnixMicro(),
			})
			require.NoError(t, err)
		}
	}
}

func TestFiltersUseTheirIndexes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outdial.db")
	st := open(t, path)
	seedPeople(t, st.DB())
	reads := func(e *explainer, questions map[string]asked, suffix string) {
		for name, question := range questions {
			t.Run(name+suffix, func(t *testing.T) {
				steps := question.explained(t, e)
				require.Empty(t, question.judge(steps), "%s", strings.Join(steps, "\n"))
			})
		}
	}

	// Without statistics the planner knows of no value that few contacts have: it
	// reads the campaign, and whatever it does, it does not read it again and again.
	unknown := explain(t, st.DB().Driver(), path)
	for _, questions := range []map[string]asked{walked(), long()} {
		reads(unknown, questions, ", without statistics")
	}
	for name, question := range hinted(t) {
		t.Run(name+", or reads the campaign once without statistics", func(t *testing.T) {
			question.of, question.index = smallCampaign, ""
			steps := question.explained(t, unknown)
			require.Empty(t, question.judge(steps), "%s", strings.Join(steps, "\n"))
		})
	}

	newPlanner(t, path).analyze(t)
	// Who is connected already may not see the statistics.
	known := explain(t, st.DB().Driver(), path)
	for _, questions := range []map[string]asked{hinted(t), walked(), long()} {
		reads(known, questions, "")
	}
	for _, questions := range []map[string]asked{hinted(t), badly()} {
		for name, question := range questions {
			t.Run(name+", and would be found out", func(t *testing.T) {
				known.spoiled(t, question.without, func(t *testing.T) {
					t.Helper()
					require.NotEmpty(t, question.judge(question.explained(t, known)))
				})
			})
		}
	}
	t.Run("a list that is read for each contact would be found out", func(t *testing.T) {
		var steps []struct {
			ID     int    `db:"id"`
			Parent int    `db:"parent"`
			Unused int    `db:"notused"`
			Detail string `db:"detail"`
		}
		require.NoError(t, st.DB().SelectContext(t.Context(), &steps, `
			EXPLAIN QUERY PLAN
			SELECT c.id FROM contacts c
			 WHERE c.id = ? AND c.phone_key IN (SELECT asked.value FROM json_each(?) asked WHERE asked.value <> c.first_name)`, "", "[]"))
		var details []string
		for _, step := range steps {
			details = append(details, step.Detail)
		}
		require.NotEmpty(t, asked{}.judge(details), "%s", strings.Join(details, "\n"))
	})
}
