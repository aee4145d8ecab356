package storetest

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
)

// longList is more than any engine compares one by one.
const longList = 12_000

// filterBehaviours proves that a store selects exactly the contacts that filter.Match
// does, for every operator of every type, from a contact's own columns and from the
// attributes.
func filterBehaviours(g *group) {
	g.provesAlone("random expressions select the contacts that Match selects", func(c *campaign) {
		audience := newFilterAudience(c)
		checks, most := int64(0), mostChecks(40)
		rapid.Check(c.T, func(t *rapid.T) {
			if checks++; checks > most {
				return
			}
			audience.agrees(t, drawExpr(t, audience.fields, 0))
		})
	})

	g.provesAlone("every operator of every field selects the contacts that Match selects, and its negation the others", func(c *campaign) {
		audience := newFilterAudience(c)
		for _, field := range audience.fields.All() {
			for _, operator := range field.Operators() {
				for _, condition := range audience.conditions(field, operator) {
					audience.agreesInNumber(c, condition)
					audience.agreesInNumber(c, filter.Not(condition))
				}
			}
		}
	})

	g.proves("a negated condition keeps contacts that have no value", func(c *campaign) {
		people := c.add(person(withLastName("")), person(withLastName("Smith")))
		for _, expr := range []filter.Expr{
			filter.Text("last_name").NotEquals("Smith"),
			filter.Text("last_name").NotContains("mit"),
			filter.Text("last_name").NotIn("Smith", "Jones"),
			filter.Not(filter.Text("last_name").StartsWith("S")),
			filter.Not(filter.And(filter.Text("last_name").EndsWith("h"), filter.Text("country").Equals("us"))),
		} {
			require.Equal(c, []uuid.UUID{people[0].ID}, c.selected(expr), "%s", filter.Describe(expr))
		}
	})

	longListBehaviours(g)
	injectionBehaviours(g)
}

// longListBehaviours proves that how a list is looked up does not show.
func longListBehaviours(g *group) {
	g.proves("a long list selects what a short one would", func(c *campaign) {
		people := c.add(person(withLastName("Smith")), person(withLastName("ÉLUARD")), person(withLastName("")), person(withLastName("Jones")))
		texts := make([]string, longList)
		for i := range texts {
			texts[i] = fmt.Sprintf("nobody %d", i)
		}
		texts = append(texts, "sMiTH", "éluard", "Éluard")
		listed := filter.Text("last_name").In(texts...)
		ids := func(chosen ...int) []uuid.UUID {
			list := []uuid.UUID{}
			for _, i := range chosen {
				list = append(list, people[i].ID)
			}
			slices.SortFunc(list, compareIDs)
			return list
		}
		require.Equal(c, ids(0, 1), c.selected(listed))
		require.Equal(c, ids(2, 3), c.selected(filter.Not(listed)))
		require.Equal(c, ids(2, 3), c.selected(filter.Text("last_name").NotIn(texts...)))
		require.Equal(c, ids(0, 1, 3), c.selected(filter.Or(listed, filter.Text("last_name").Equals("jones"))))
		require.Equal(c, ids(1), c.selected(filter.And(listed, filter.Text("last_name").In(append(texts[:longList:longList], "éluard")...))))
		require.Equal(c, ids(0, 1), c.selected(listed), "nothing of a list before is left")
	})

	g.proves("a long list of numbers finds them however they are written", func(c *campaign) {
		fields, err := filter.NewFields(filter.Attribute("score", filter.TypeDecimal))
		require.NoError(c, err)
		var people []intake.NewContact
		for _, score := range []any{"250", "250.0", "00250.00", 250, json.Number("2.5e2"), "-0.5", -0.5, "249", "n/a", nil} {
			people = append(people, person(withAttributes(map[string]any{"score": score})))
		}
		added := c.add(people...)
		numbers := []json.Number{"250.0", "-0.50"}
		for i := range longList {
			numbers = append(numbers, json.Number(fmt.Sprintf("%d.25", i)))
		}
		expr, err := filter.Resolve(filter.Decimal("score").In(numbers...), fields)
		require.NoError(c, err)
		var want []uuid.UUID
		for _, contact := range added[:7] {
			want = append(want, contact.ID)
		}
		require.ElementsMatch(c, want, c.selected(expr))
		rest, err := filter.Resolve(filter.Decimal("score").NotIn(numbers...), fields)
		require.NoError(c, err)
		require.Len(c, c.selected(rest), 3)
	})

	g.proves("two long lists at once do not meet", func(c *campaign) {
		people := c.addCallable(40)
		require.NoError(c, together(8, func(n int) error {
			texts := make([]string, longList)
			for i := range texts {
				texts[i] = fmt.Sprintf("+1504%07d", 3_000_000+i)
			}
			want := people[n*5 : n*5+5]
			for _, contact := range want {
				texts = append(texts, contact.Phone.E164())
			}
			result, err := c.store.ReplaceQueue(c.Context(), c.replaceParams(queue.ReplaceParams{
				AgentID: uuid.New(), Filter: filter.Text("phone").In(texts...),
			}))
			if err == nil && result.Assigned != len(want) {
				err = fmt.Errorf("%d of %d contacts were assigned", result.Assigned, len(want))
			}
			return err
		}))
	})
}

// injectionBehaviours proves that values and keys are never read as SQL.
func injectionBehaviours(g *group) {
	g.proves("what looks like SQL is a value like any other", func(c *campaign) {
		people := []intake.NewContact{person(named("Bob"))}
		for _, text := range injections {
			people = append(people, person(named(text), withLastName(text), withAttributes(map[string]any{"note": text, text: "key"})))
		}
		c.add(people...)
		for text := range every(injections, 8) {
			attributes := []filter.ImportedAttribute{{Key: "note", Type: filter.TypeText}, {Key: text, Type: filter.TypeText}}
			fields := (*filter.Fields)(nil).WithAttributes(attributes...)
			for _, field := range []string{"first_name", "last_name", "note", text} {
				for _, operator := range filter.TypeText.Operators() {
					value := []any{text}
					if operator.Takes() == filter.TakesNothing {
						value = nil
					}
					expr, err := filter.Resolve(filter.Condition{Field: field, Operator: operator, Values: value}, fields)
					if err != nil {
						// A key that cannot be looked up on every engine is no field.
						require.Equal(c, text, field)
						require.True(c, strings.ContainsAny(text, "\"\\\t\r\n"), "%q: %v", text, err)
						continue
					}
					want := 0
					for _, who := range people {
						if matches(expr, who.Contact, c.now) {
							want++
						}
					}
					result := c.replace(queue.ReplaceParams{AgentID: c.actor, Filter: expr, DryRun: true})
					require.Equal(c, want, result.Matched, "%s %s %q", field, operator, text)
				}
			}
		}
		require.Len(c, c.selected(nil), len(people), "and everything is still there")
	})
}

// fewer is n, and one with the race detector, with which some engines take forty
// times as long and which looks for other mistakes.
func fewer(n int) int {
	if raceDetector {
		return 1
	}
	return n
}

// every yields the values, and with the race detector one in so many.
func every[T any](values []T, step int) iter.Seq[T] {
	if !raceDetector {
		step = 1
	}
	return func(yield func(T) bool) {
		for i := 0; i < len(values); i += step {
			if !yield(values[i]) {
				return
			}
		}
	}
}

// injections are texts that mean something to some part of some database.
var injections = []string{
	"'", "''", `"`, "`", ";", "--", "/*", "*/", "\\", `\'`, "%", "_", "*", "?", "[", "]", "$1", ":now", ":filter_0", "{{filter}}", "{}",
	"' OR '1'='1", "' OR 1=1 --", `" OR ""="`, "'; DROP TABLE contacts; --", "') OR ('1'='1", "1; SELECT pg_sleep(10)",
	"' UNION SELECT id FROM contacts --", "x' AND 1=CAST((SELECT version()) AS int) --", "$$", "$tag$", "E'\\x27'", "U&'\\0027'",
	"first_name", "c.first_name", "c.\"first_name\"", "NULL", "(SELECT 1)", "$.\"a\"", "$[0]", "#>>'{}'", "->>", "?|", "@>", "::text", "%s%d%n",
	"\u02bc", "\uff07", "\u2019", "^$.*+?()[]{}|", "(?i)a", "***=x", "[[:alpha:]]", "\\y", "\t\r\n",
}

// selected returns the contacts that the store selects, in the order of their ids.
// They must all be callable.
func (c *campaign) selected(expr filter.Expr) []uuid.UUID {
	c.Helper()
	agent := uuid.New()
	result := c.replace(queue.ReplaceParams{AgentID: agent, Filter: expr})
	ids := c.queueOf(agent)
	require.Len(c, ids, result.Matched)
	c.clear(agent)
	slices.SortFunc(ids, compareIDs)
	return ids
}

func withLastName(name string) func(*intake.NewContact) {
	return func(who *intake.NewContact) { who.Contact.LastName = name }
}

func withAttributes(attributes map[string]any) func(*intake.NewContact) {
	return func(who *intake.NewContact) { who.Contact.Attributes = encoded(attributes) }
}

func encoded(attributes map[string]any) json.RawMessage {
	data, err := json.Marshal(attributes)
	if err != nil {
		panic(err) // of maps that the suite writes
	}
	return data
}

// filterAudience is a campaign whose contacts have everything in every form.
type filterAudience struct {
	*campaign

	fields *filter.Fields
	rows   []filter.Row
	// others are the ids of every other contact.
	others []uuid.UUID
	agent  uuid.UUID
}

func newFilterAudience(c *campaign) *filterAudience {
	fields, err := filter.NewFields(
		filter.Attribute("staff_count", filter.TypeInt),
		filter.Attribute("revenue", filter.TypeDecimal),
		filter.AttributeRange("revenue_range", "revenue_min", "revenue_max", filter.TypeDecimal),
		filter.AttributeRange("active_range", "from", "until", filter.TypeTime),
		filter.Attribute("vip", filter.TypeBool),
		filter.Attribute("seen", filter.TypeTime),
		filter.Attribute("owner", filter.TypeUUID),
		filter.Attribute("tier", filter.TypeEnum).OneOf("gold", "silver", "Gold"),
		filter.Attribute("tags", filter.TypeList),
		filter.Attribute("industry", filter.TypeText).From("R&D <Größe> $.x[0] 'a'"),
	)
	require.NoError(c, err)
	audience := &filterAudience{campaign: c, fields: fields, agent: uuid.New()}
	const batches, size = 4, 40
	for batch := range batches {
		c.now = filterBatches[batch]
		people := make([]intake.NewContact, size)
		for i := range people {
			people[i] = filterPerson(batch*size + i)
			audience.rows = append(audience.rows, filter.Row{Contact: people[i].Contact, CreatedAt: c.now})
			if i%2 == 0 {
				audience.others = append(audience.others, people[i].Contact.ID)
			}
		}
		c.add(people...)
	}
	c.now = filterBatches[batches-1].Add(time.Hour)
	return audience
}

// conditions ask a few things of a field with one operator.
func (a *filterAudience) conditions(field filter.Field, operator filter.Operator) []filter.Condition {
	values := filterOperands(field)
	var list []filter.Condition
	ask := func(values ...any) {
		list = append(list, filter.Condition{Field: field.Name, Operator: operator, Values: values})
	}
	if operator.Takes() == filter.TakesNothing {
		ask()
		return list
	}
	for i := range min(len(values), fewer(effort(2))) {
		switch operator.Takes() {
		case filter.TakesList:
			ask(values[i:min(i+3, len(values))]...)
		case filter.TakesTwo:
			ask(values[i], values[len(values)-1])
			if last := list[len(list)-1]; filter.Check(last, a.fields) != nil {
				slices.Reverse(last.Values)
			}
		case filter.TakesDays:
			ask(json.Number(strconv.Itoa(1 + i*30)))
		default:
			ask(values[i])
		}
	}
	return list
}

// agrees requires that the store selects what Match selects, and counts as matched
// also those who may not be called.
func (a *filterAudience) agrees(t require.TestingT, expr filter.Expr) {
	resolved, err := filter.Resolve(expr, a.fields)
	require.NoError(t, err)
	matched, callable := 0, []uuid.UUID{}
	for _, row := range a.rows {
		if !filter.Match(resolved, row, a.now) {
			continue
		}
		matched++
		if contact := row.Contact; !contact.Invalid && !contact.OptedOut && contact.Phone.IsE164() && contact.PhoneStatus != outdial.PhoneInvalid {
			callable = append(callable, contact.ID)
		}
	}
	slices.SortFunc(callable, compareIDs)
	result, err := a.store.ReplaceQueue(a.Context(), a.replaceParams(queue.ReplaceParams{AgentID: a.agent, Filter: resolved}))
	require.NoError(t, err, "%s", filter.Describe(expr))
	got := a.queueOf(a.agent)
	slices.SortFunc(got, compareIDs)
	require.Equal(t, a.shown(callable), a.shown(got), "%s", filter.Describe(expr))
	require.Equal(t, matched, result.Matched, "%s", filter.Describe(expr))
}

// agreesInNumber requires that the store selects as many contacts as Match does, of
// all and of every other one. It is agrees without writing anything: whole queues by
// the thousand would make a test of something else.
func (a *filterAudience) agreesInNumber(t require.TestingT, expr filter.Expr) {
	questions := []filter.Expr{expr, filter.And(filter.UUID("contact_id").In(a.others...), expr)}
	for _, expr := range questions[:fewer(len(questions))] {
		resolved, err := filter.Resolve(expr, a.fields)
		require.NoError(t, err)
		matched := 0
		for _, row := range a.rows {
			if filter.Match(resolved, row, a.now) {
				matched++
			}
		}
		result, err := a.store.ReplaceQueue(a.Context(), a.replaceParams(queue.ReplaceParams{
			AgentID: a.agent, Filter: resolved, DryRun: true,
		}))
		require.NoError(t, err, "%s", filter.Describe(expr))
		require.Equal(t, matched, result.Matched, "%s", filter.Describe(expr))
	}
}

// shown says of contacts what filters see, so that a failure can be read.
func (a *filterAudience) shown(ids []uuid.UUID) []string {
	list := []string{}
	for _, row := range a.rows {
		if contact := row.Contact; slices.Contains(ids, contact.ID) {
			list = append(list, fmt.Sprintf("%s %q %q %s %s", contact.ID, contact.FirstName, contact.LastName, contact.Attributes, row.CreatedAt))
		}
	}
	return list
}
