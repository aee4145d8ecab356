package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
)

// listAttributesBehaviours proves ListAttributes. Attributes belong to no campaign,
// so each behaviour gives its keys an ending of their own.
func listAttributesBehaviours(g *group) {
	g.proves("it returns the attributes that imports have registered, in the order of their keys", func(c *campaign) {
		ending := uuid.NewString()
		// In the order of their bytes. In UTF-16 the house would come before the tilde,
		// and in a dictionary hardly any stands where it does here.
		beginnings := []string{" ", "$.", "1", "10", "2", "A", "Z", "[0]", "_", "a", "a-b", "a.b", "b", "É", "é", "日", "\uff5e", "🏢"}
		want := make([]filter.ImportedAttribute, len(beginnings))
		for i, beginning := range beginnings {
			want[i] = filter.ImportedAttribute{Key: beginning + " " + ending, Type: filter.Types()[i%len(filter.Types())]}
		}
		shuffled := slices.Clone(want)
		choices(1, 1).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for some := range slices.Chunk(shuffled, 5) {
			c.register(some...)
		}
		require.Equal(c, want, c.registered(ending))
		all, err := c.store.ListAttributes(c.Context())
		require.NoError(c, err)
		require.True(c, slices.IsSortedFunc(all, compareKeys), "whoever registered them: %v", all)
	})

	g.proves("keys are told apart letter by letter", func(c *campaign) {
		ending := uuid.NewString()
		var want []filter.ImportedAttribute
		for i, key := range []string{"Note ", "note ", "note  ", "notë ", "note\u0308 ", `n'o"t\e `, "not_ ", "not% ", strings.Repeat("n", 250)} {
			want = append(want, filter.ImportedAttribute{Key: key + ending, Type: filter.Types()[i%len(filter.Types())]})
		}
		c.register(want...)
		slices.SortFunc(want, compareKeys)
		require.Equal(c, want, c.registered(ending))
	})
}

// registerAttributesBehaviours proves RegisterAttributes.
func registerAttributesBehaviours(g *group) {
	begin := func(c *campaign) (bound *campaign, commit, rollback func()) {
		c.Helper()
		if c.suite.features.Transaction == nil {
			c.suite.skip(c, "Transaction")
		}
		st, commitTx, rollbackTx := c.suite.features.Transaction(c, c.store)
		return c.on(st),
			func() { require.NoError(c, commitTx()) },
			func() { require.NoError(c, rollbackTx()) }
	}

	g.provesAlone("what a host transaction registers and rolls back is not known", func(c *campaign) {
		known, unknown := uuid.NewString(), uuid.NewString()
		c.register(filter.ImportedAttribute{Key: known, Type: filter.TypeInt})
		bound, _, rollback := begin(c)
		bound.register(
			filter.ImportedAttribute{Key: known, Type: filter.TypeText},
			filter.ImportedAttribute{Key: unknown, Type: filter.TypeText},
		)
		require.Equal(c, filter.TypeText, bound.typeOf(known), "the transaction sees it")
		require.Equal(c, filter.TypeText, bound.typeOf(unknown))
		rollback()
		require.Equal(c, filter.TypeInt, c.typeOf(known))
		require.Empty(c, c.registered(unknown))
	})

	g.provesAlone("what a host transaction registers and commits is known", func(c *campaign) {
		key := uuid.NewString()
		c.register(filter.ImportedAttribute{Key: key, Type: filter.TypeInt})
		bound, commit, _ := begin(c)
		bound.register(filter.ImportedAttribute{Key: key, Type: filter.TypeDecimal})
		commit()
		require.Equal(c, filter.TypeDecimal, c.typeOf(key))
	})

	g.provesAlone("eight imports that register the same attributes at once leave types that hold what each had", registerAtOnce)

	g.proves("it makes attributes known", func(c *campaign) {
		ending := uuid.NewString()
		var want []filter.ImportedAttribute
		for _, kind := range filter.Types() {
			want = append(want, filter.ImportedAttribute{Key: string(kind) + ending, Type: kind})
		}
		c.register(want...)
		slices.SortFunc(want, compareKeys)
		require.Equal(c, want, c.registered(ending))
	})

	g.proves("the attributes of a wide file are known at once", func(c *campaign) {
		const many = 1000
		ending := uuid.NewString()
		attributes := make([]filter.ImportedAttribute, many)
		for i := range attributes {
			attributes[i] = filter.ImportedAttribute{Key: fmt.Sprintf("%04d %s", i, ending), Type: filter.Types()[i%len(filter.Types())]}
		}
		c.register(attributes...)
		require.Equal(c, attributes, c.registered(ending))
	})

	g.proves("registering nothing is harmless", func(c *campaign) {
		key := uuid.NewString()
		c.register(filter.ImportedAttribute{Key: key, Type: filter.TypeInt})
		c.register()
		require.Equal(c, filter.TypeInt, c.typeOf(key))
	})

	g.proves("one that is known already gets the type that holds both", func(c *campaign) {
		ending := uuid.NewString()
		var before, after, want []filter.ImportedAttribute
		for _, held := range filter.Types() {
			for _, holds := range filter.Types() {
				key := string(held) + " " + string(holds) + " " + ending
				before = append(before, filter.ImportedAttribute{Key: key, Type: held})
				after = append(after, filter.ImportedAttribute{Key: key, Type: holds})
				want = append(want, filter.ImportedAttribute{Key: key, Type: held.Widen(holds)})
			}
		}
		slices.SortFunc(want, compareKeys)
		c.register(before...)
		c.wait(lockFor)
		c.register(after...)
		require.Equal(c, want, c.registered(ending))
		for range 2 {
			c.register(before...)
			require.Equal(c, want, c.registered(ending), "what is held already changes nothing")
		}
	})

	g.proves("a type is never narrowed, whatever the order", func(c *campaign) {
		const columns = 20
		random := choices(2, 2)
		want, ending := map[string]filter.Type{}, uuid.NewString()
		for range effort(40) {
			var attributes []filter.ImportedAttribute
			for _, column := range random.Perm(columns)[:5] {
				attribute := filter.ImportedAttribute{Key: fmt.Sprint(column, " ", ending), Type: drawType(random, column)}
				attributes = append(attributes, attribute)
				want[attribute.Key] = want[attribute.Key].Widen(attribute.Type)
			}
			c.register(attributes...)
			require.Equal(c, want, c.types(ending))
		}
	})

	g.proves("attributes that are not named stay as they are", func(c *campaign) {
		named, other := uuid.NewString(), uuid.NewString()
		c.register(filter.ImportedAttribute{Key: named, Type: filter.TypeInt}, filter.ImportedAttribute{Key: other, Type: filter.TypeInt})
		c.register(filter.ImportedAttribute{Key: named, Type: filter.TypeText})
		require.Equal(c, filter.TypeText, c.typeOf(named))
		require.Equal(c, filter.TypeInt, c.typeOf(other))
	})
}

// registerAtOnce has eight imports of files that are alike, each with its columns
// in another order and with other values in them. Half of the columns are known as
// whole numbers before: there one import has text and all others have decimals, so
// that it shows when one of them replaces what another has just widened. When a call
// has returned, what it registered is held, whatever the others do.
func registerAtOnce(c *campaign) {
	const imports, columns = 8, 6
	for round := range effort(10) {
		var files [imports][]filter.ImportedAttribute
		want, ending := map[string]filter.Type{}, uuid.NewString()
		key := func(column int) string { return fmt.Sprint(column, " ", ending) }
		for column := 0; column < columns; column += 2 {
			c.register(filter.ImportedAttribute{Key: key(column), Type: filter.TypeInt})
		}
		for i := range files {
			random := choices(round, i)
			for _, column := range random.Perm(columns) {
				kind := drawType(random, column)
				if column%2 == 0 {
					kind = filter.TypeDecimal
					if i == (round+column)%imports {
						kind = filter.TypeText
					}
				}
				files[i] = append(files[i], filter.ImportedAttribute{Key: key(column), Type: kind})
				want[key(column)] = want[key(column)].Widen(kind)
			}
		}
		require.NoError(c, together(imports, func(i int) error {
			// The first half of a file, then the whole of it.
			for _, attributes := range [][]filter.ImportedAttribute{files[i][:columns/2], files[i]} {
				err := c.store.RegisterAttributes(c.Context(), intake.RegisterAttributesParams{Attributes: attributes, Now: c.now})
				if err != nil {
					return err
				}
				all, err := c.store.ListAttributes(c.Context())
				if err != nil {
					return err
				}
				for _, mine := range attributes {
					at := slices.IndexFunc(all, func(known filter.ImportedAttribute) bool { return known.Key == mine.Key })
					if at < 0 || all[at].Type.Widen(mine.Type) != all[at].Type {
						return fmt.Errorf("%s is not registered as %s: %v", mine.Key, mine.Type, all)
					}
				}
			}
			return nil
		}))
		require.Equal(c, want, c.types(ending))
	}
}

// drawType returns a type that the column with that number may have: always the
// same, a number, or any.
func drawType(random interface{ IntN(n int) int }, column int) filter.Type {
	some := [][]filter.Type{
		{filter.TypeTime}, {filter.TypeInt, filter.TypeDecimal}, filter.Types(),
	}[column%3]
	return some[random.IntN(len(some))]
}

// register makes attributes known.
func (c *campaign) register(attributes ...filter.ImportedAttribute) {
	c.Helper()
	require.NoError(c, c.store.RegisterAttributes(c.Context(), intake.RegisterAttributesParams{Attributes: attributes, Now: c.now}))
}

// registered returns the attributes with that ending, in the order of the store.
func (c *campaign) registered(ending string) []filter.ImportedAttribute {
	c.Helper()
	all, err := c.store.ListAttributes(c.Context())
	require.NoError(c, err)
	return slices.DeleteFunc(all, func(attribute filter.ImportedAttribute) bool {
		return !strings.HasSuffix(attribute.Key, ending)
	})
}

// types returns the types of the attributes with that ending, by key.
func (c *campaign) types(ending string) map[string]filter.Type {
	c.Helper()
	types := map[string]filter.Type{}
	for _, attribute := range c.registered(ending) {
		types[attribute.Key] = attribute.Type
	}
	return types
}

// typeOf returns the type of an attribute, empty when it is not known.
func (c *campaign) typeOf(key string) filter.Type {
	c.Helper()
	return c.types(key)[key]
}

func compareKeys(a, b filter.ImportedAttribute) int { return cmp.Compare(a.Key, b.Key) }

// countValuesBehaviours proves CountValues.
func countValuesBehaviours(g *group) {
	const plenty = 100
	count := func(c *campaign, p filter.CountValuesParams) filter.CountValuesResult {
		c.Helper()
		result, err := c.store.CountValues(c.Context(), p)
		require.NoError(c, err)
		return result
	}
	// lists counts a field in a campaign and expects to be given these values.
	lists := func(c *campaign, campaignID uuid.UUID, field filter.Field, want ...filter.ValueCount) {
		c.Helper()
		result := count(c, filter.CountValuesParams{CampaignID: campaignID, Field: field, Most: plenty})
		require.False(c, result.More)
		requireValues(c, want, result.Values)
	}
	region := ownField("region")

	g.proves("it counts a campaign's contacts by what they have in a field", func(c *campaign) {
		other := c.another()
		both := person(inRegion("LA"))
		c.add(both, person(inRegion("LA")), person(inRegion("NJ")))
		other.add(both, person(inRegion("MI")), person(inRegion("NJ")))
		lists(c, c.id, region, filter.ValueCount{Value: "LA", Contacts: 2}, filter.ValueCount{Value: "NJ", Contacts: 1})
		lists(c, other.id, region, filter.ValueCount{Value: "LA", Contacts: 1}, filter.ValueCount{Value: "MI", Contacts: 1},
			filter.ValueCount{Value: "NJ", Contacts: 1})
	})

	g.proves("it counts all contacts when there is no campaign, each once", func(c *campaign) {
		key, other := uuid.NewString(), c.another()
		both := person(withAttributes(map[string]any{key: "x"}))
		c.add(both, person(withAttributes(map[string]any{key: "y"})))
		other.add(both, person(withAttributes(map[string]any{key: "x"})))
		lists(c, uuid.Nil, filter.Attribute(key, filter.TypeText), filter.ValueCount{Value: "x", Contacts: 2}, filter.ValueCount{Value: "y", Contacts: 1})
	})

	g.proves("the largest come first, then by the value", func(c *campaign) {
		var want []filter.ValueCount
		for _, value := range []filter.ValueCount{
			{Value: "m", Contacts: 3}, {Value: " ", Contacts: 2}, {Value: "z", Contacts: 2}, {Value: "é", Contacts: 2},
			{Value: "10", Contacts: 1}, {Value: "9", Contacts: 1}, {Value: "B", Contacts: 1}, {Value: "a", Contacts: 1},
			{Value: "É", Contacts: 1}, {Value: "\uff5e", Contacts: 1}, {Value: "🏢", Contacts: 1},
		} {
			want = append(want, value)
			c.addCallable(value.Contacts, inRegion(value.Value))
		}
		lists(c, c.id, region, want...)
	})

	g.proves("values are compared letter for letter", func(c *campaign) {
		key := uuid.NewString()
		var want []filter.ValueCount
		for _, value := range []string{"LA", "La", "la", "la ", "l_", "É", "é", "e\u0301", "straße", "strasse"} {
			c.add(person(inRegion(value), withAttributes(map[string]any{key: value})))
			want = append(want, filter.ValueCount{Value: value, Contacts: 1})
		}
		slices.SortFunc(want, func(a, b filter.ValueCount) int { return cmp.Compare(a.Value, b.Value) })
		lists(c, c.id, region, want...)
		lists(c, c.id, filter.Attribute(key, filter.TypeText), want...)
		lists(c, c.id, filter.Attribute(key, filter.TypeEnum), want...)
	})

	g.proves("contacts without a value are not counted", func(c *campaign) {
		key := uuid.NewString()
		c.add(
			person(inRegion("LA"), withAttributes(map[string]any{key: "x"})),
			person(inRegion(""), withAttributes(map[string]any{key: ""})),
			person(inRegion(""), withAttributes(map[string]any{key: nil})),
			person(inRegion(""), withAttributes(map[string]any{"other " + key: "y"})),
			person(bareContact),
		)
		lists(c, c.id, region, filter.ValueCount{Value: "LA", Contacts: 1})
		lists(c, c.id, filter.Attribute(key, filter.TypeText), filter.ValueCount{Value: "x", Contacts: 1})
		lists(c, uuid.Nil, filter.Attribute(key, filter.TypeText), filter.ValueCount{Value: "x", Contacts: 1})
	})

	g.proves("a campaign without contacts has no values", func(c *campaign) {
		lists(c, c.id, region)
	})

	g.proves("an unknown campaign has no contacts", func(c *campaign) {
		c.add(person(inRegion("LA")))
		lists(c, uuid.New(), region)
	})

	g.proves("with more than Most different values only that is said", func(c *campaign) {
		var want []filter.ValueCount
		for i, value := range []string{"a", "b", "c", "d", "e"} {
			c.addCallable(5-i, inRegion(value))
			want = append(want, filter.ValueCount{Value: value, Contacts: 5 - i})
		}
		c.addCallable(1, inRegion(""))
		for most := 1; most < len(want); most++ {
			result := count(c, filter.CountValuesParams{CampaignID: c.id, Field: region, Most: most})
			require.True(c, result.More, "there are more than %d", most)
			require.Empty(c, result.Values)
		}
		for most := len(want); most < len(want)+2; most++ {
			result := count(c, filter.CountValuesParams{CampaignID: c.id, Field: region, Most: most})
			require.False(c, result.More, "there are no more than %d", most)
			requireValues(c, want, result.Values)
		}
	})

	g.proves("Sample is how many contacts to look at", func(c *campaign) {
		const people = 20
		key := uuid.NewString()
		for i := range people {
			c.add(person(inRegion("LA"), withAttributes(map[string]any{key: fmt.Sprint(i)})))
		}
		for _, sample := range []int{1, 7, people, people + 1} {
			here := filter.CountValuesParams{CampaignID: c.id, Most: plenty, Sample: sample, Field: region}
			requireValues(c, []filter.ValueCount{{Value: "LA", Contacts: min(sample, people)}}, count(c, here).Values)
			here.Field = filter.Attribute(key, filter.TypeText)
			require.Len(c, count(c, here).Values, min(sample, people))

			everywhere := filter.CountValuesParams{Most: plenty, Sample: sample, Field: here.Field}
			require.LessOrEqual(c, len(count(c, everywhere).Values), min(sample, people), "contacts of other campaigns are looked at too")
		}
		// Fewer contacts can have no more different values than there are of them.
		require.False(c, count(c, filter.CountValuesParams{
			CampaignID: c.id, Most: 7, Sample: 7, Field: filter.Attribute(key, filter.TypeText),
		}).More)
	})

	g.proves("Sample zero is all of them", func(c *campaign) {
		const people = 1500
		c.addCallable(people, inRegion("LA"))
		lists(c, c.id, region, filter.ValueCount{Value: "LA", Contacts: people})
	})

	g.proves("the words of an enum are counted", func(c *campaign) {
		c.add(person(), person(), person(withWrongPhone), person(bareContact))
		lists(c, c.id, ownField("phone_status"),
			filter.ValueCount{Value: string(outdial.PhoneValid), Contacts: 2},
			filter.ValueCount{Value: string(outdial.PhoneInvalid), Contacts: 1},
			filter.ValueCount{Value: string(outdial.PhoneUnknown), Contacts: 1})
	})

	g.proves("truth is counted as true and false", func(c *campaign) {
		key := uuid.NewString()
		for _, value := range []any{"true", true, "false", "False", "1", 1, nil, ""} {
			c.add(person(withAttributes(map[string]any{key: value})))
		}
		c.add(person(optedOut), person())
		lists(c, c.id, ownField("is_opted_out"), filter.ValueCount{Value: "false", Contacts: 9}, filter.ValueCount{Value: "true", Contacts: 1})
		lists(c, c.id, filter.Attribute(key, filter.TypeBool), filter.ValueCount{Value: "false", Contacts: 2}, filter.ValueCount{Value: "true", Contacts: 2})
	})

	g.proves("whole numbers are counted as they are written", func(c *campaign) {
		key := uuid.NewString()
		for _, value := range []any{"12", 12, "-7", "9223372036854775807", 0, "twelve", "", true, nil} {
			c.add(person(withAttributes(map[string]any{key: value})))
		}
		lists(c, c.id, filter.Attribute(key, filter.TypeInt), filter.ValueCount{Value: "12", Contacts: 2},
			filter.ValueCount{Value: "-7", Contacts: 1}, filter.ValueCount{Value: "0", Contacts: 1},
			filter.ValueCount{Value: "9223372036854775807", Contacts: 1})
	})

	g.proves("a key of the attributes is looked up as it is", func(c *campaign) {
		ending := uuid.NewString()
		keys := []string{"Note ", "note ", "a.b ", "$", "$.a", "[0]", "#-1", "'; -- ", "%s ", ":key ", "? ", "{{x}} ", "é ", "e\u0301 ", "日本 🏢 ", "a > b ", "1"}
		attributes := map[string]any{}
		for i, key := range keys {
			attributes[key+ending] = fmt.Sprint("value ", i)
		}
		c.add(person(withAttributes(attributes)))
		for i, key := range keys {
			lists(c, c.id, filter.Attribute(key+ending, filter.TypeText), filter.ValueCount{Value: fmt.Sprint("value ", i), Contacts: 1})
		}
	})
}

// ownField returns one of the fields that every contact has.
func ownField(name string) filter.Field {
	field, known := (*filter.Fields)(nil).Lookup(name)
	if !known {
		panic("storetest: no field " + name)
	}
	return field
}

func inRegion(region string) func(*intake.NewContact) {
	return func(who *intake.NewContact) { who.Contact.Region = region }
}

// requireValues compares counts in order; none is the same as an empty list.
func requireValues(c *campaign, want, got []filter.ValueCount) {
	c.Helper()
	if len(want) > 0 || len(got) > 0 {
		require.Equal(c, want, got)
	}
}
