package intake_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
)

// TestRoundTrip writes random contacts with encoding/csv, in random columns and a
// random form of file, and expects them back.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	text := rapid.StringOfN(rapid.OneOf(
		rapid.RuneFrom([]rune(`aB7éß北",;'|<>{}[]=+-.&`)), rapid.Rune(),
	).Filter(func(r rune) bool { return r != 0 && r != '\r' && r != '\ufffd' }), 0, 20, 60)
	name := rapid.Map(text, func(s string) string { return strings.Join(strings.Fields(strings.ReplaceAll(s, "=", "")), " ") })
	value := rapid.Map(text, func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "=", "")) })
	code := rapid.StringMatching(`[A-Z]{2}`)
	type person struct {
		first, last, company, phone, email, region, postal, id, note string
		priority                                                     int
	}
	people := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) person {
		area := rapid.SampledFrom([]string{"504621", "810292", "856636", "907385", "513570"}).Draw(t, "area")
		return person{
			first:   "F" + name.Draw(t, "first"),
			last:    name.Draw(t, "last"),
			company: "C" + name.Draw(t, "company"),
			phone:   area + rapid.StringMatching(`\d{4}`).Draw(t, "line"),
			email:   rapid.StringMatching(`([a-z]{1,9}@[a-z]{1,9}\.com)?`).Draw(t, "email"),
			region:  code.Draw(t, "region"), postal: rapid.StringMatching(`\d{5}(-\d{4})?`).Draw(t, "postal"),
			note: value.Draw(t, "note"), priority: rapid.IntRange(-1000, 1000).Draw(t, "priority"),
		}
	}), 1, 20)

	rapid.Check(t, func(rt *rapid.T) {
		list := people.Draw(rt, "people")
		columns := []struct {
			title string
			of    func(p person) string
		}{
			{"First Name", func(p person) string { return p.first }},
			{"last_name", func(p person) string { return p.last }},
			{"COMPANY", func(p person) string { return p.company }},
			{"Phone 1", func(p person) string { return p.phone }},
			{"e-mail", func(p person) string { return p.email }},
			{"State/Province", func(p person) string { return p.region }},
			{"Zip Code", func(p person) string { return p.postal }},
			{"Contact ID", func(p person) string { return p.id }},
			{"Remarks, if any", func(p person) string { return p.note }},
			{"Priority", func(p person) string { return strconv.Itoa(p.priority) }},
		}
		columns = rapid.Permutation(columns).Draw(rt, "columns")
		var file strings.Builder
		if rapid.Bool().Draw(rt, "mark") {
			file.WriteString("\ufeff")
		}
		w := csv.NewWriter(&file)
		w.Comma = rapid.SampledFrom([]rune{',', ';', '\t'}).Draw(rt, "comma")
		w.UseCRLF = rapid.Bool().Draw(rt, "crlf")
		record := make([]string, len(columns))
		for i, c := range columns {
			record[i] = c.title
		}
		require.NoError(rt, w.Write(record))
		for n := range list {
			list[n].id = fmt.Sprint("p", n)
			for i, c := range columns {
				record[i] = c.of(list[n])
			}
			require.NoError(rt, w.Write(record))
		}
		w.Flush()

		b := newBench(intake.Config{BatchSize: rapid.IntRange(1, 25).Draw(rt, "batch")})
		res, err := b.load(file.String())
		require.NoError(rt, err)
		require.Empty(rt, b.rejected)
		require.Equal(rt, len(list), res.Imported)
		for n, got := range b.store.list() {
			p, c := list[n], got.Contact
			require.Equal(rt, "id:"+p.id, got.SourceKey)
			require.Equal(rt, p.priority, got.Priority)
			require.Equal(rt, []string{p.first, p.last, p.company, p.region, p.postal, p.email, "+1" + p.phone, "US"},
				[]string{c.FirstName, c.LastName, c.Company, c.Region, c.PostalCode, c.Email.Address(), c.Phone.E164(), c.Country})
			kept := map[string]string{}
			if c.Attributes != nil {
				require.NoError(rt, json.Unmarshal(c.Attributes, &kept))
			}
			require.Equal(rt, p.note, kept["Remarks, if any"])
			require.LessOrEqual(rt, len(kept), 1)
		}
		before := b.store.snapshot()
		again, err := b.load(file.String())
		require.NoError(rt, err)
		require.Equal(rt, intake.Result{CampaignID: res.CampaignID, Unchanged: len(list)}, again)
		require.Equal(rt, before, b.store.snapshot())
	})
}

// TestBrokenRowsAmongSoundOnes puts random rubbish between sound rows: whatever
// the rubbish is, as long as it has no quote, it costs no sound row.
func TestBrokenRowsAmongSoundOnes(t *testing.T) {
	t.Parallel()
	rubbish := rapid.StringOfN(rapid.RuneFrom([]rune("a5,;\t\r\n \x00é<")), 0, 30, -1)
	rapid.Check(t, func(rt *rapid.T) {
		var want []string
		file := "phone,name\n"
		for i := range rapid.IntRange(1, 10).Draw(rt, "rows") {
			file += rubbish.Draw(rt, "rubbish") + "\n"
			if rapid.Bool().Draw(rt, "open") {
				file += "5046218927,\"open\n"
			}
			file += fmt.Sprintf("504621%04d,James\n", 8000+i)
			want = append(want, fmt.Sprintf("+1504621%04d", 8000+i))
		}
		b := newBench(intake.Config{})
		res, err := b.load(file)
		require.NoError(rt, err)
		require.Equal(rt, len(b.rejected), res.Rejected)
		require.True(rt, slices.Equal(want, phones(b.store)), "%q", file)
		for _, r := range b.rejected {
			require.NotEmpty(rt, strings.Split(file, "\n")[r.Line-1], "a rejection names a line that is not blank")
		}
		_, err = outdial.ParsePhone(want[0], "")
		require.NoError(rt, err)
	})
}

// TestTypesHold imports random columns, with rows that are rejected among them and
// a store that fails at a random batch: at no time is there a contact whose
// attribute is not registered with a type that holds it, which the store sees to,
// and in the end each column has the narrowest type that holds all of its values.
func TestTypesHold(t *testing.T) {
	t.Parallel()
	errDisk := errors.New("disk full")
	// Most columns are of one kind, so that not all of them are text in the end.
	kinds := [][]string{
		{"0", "7", "-12", "9223372036854775807"},
		{"0.5", "-12.25", "7.0"},
		{"true", "false", "TRUE"},
		{"2026-11-02", "2026-11-02T15:04:05Z", "2026-02-28T23:59:59.25-05:00"},
		{"x", "01234", "yes", "1,5", "2026-02-30", "é"},
		{"", " "},
		{"n/a", "-", "NULL"},
	}
	rapid.Check(t, func(rt *rapid.T) {
		mixed := slices.Concat(kinds...)
		columns := make([]*rapid.Generator[string], rapid.IntRange(1, 5).Draw(rt, "columns"))
		record, want := []string{"phone"}, map[string]filter.Type{}
		for i := range columns {
			values := kinds[rapid.IntRange(0, len(kinds)-1).Draw(rt, "kind")]
			columns[i] = rapid.SampledFrom(values)
			if rapid.IntRange(0, 3).Draw(rt, "mixed") == 0 {
				columns[i] = rapid.SampledFrom(mixed)
			}
			record = append(record, fmt.Sprint("column ", string(rune('A'+i))))
		}
		var file strings.Builder
		w := csv.NewWriter(&file)
		names := slices.Clone(record)
		require.NoError(rt, w.Write(record))
		for n := range rapid.IntRange(1, 20).Draw(rt, "rows") {
			sound := rapid.IntRange(0, 3).Draw(rt, "sound") > 0
			record[0] = "x"
			if sound {
				record[0] = fmt.Sprintf("504621%04d", 8000+n)
			}
			for i, values := range columns {
				value := values.Draw(rt, "value")
				record[i+1] = value
				if value = strings.TrimSpace(value); sound && value != "" && !noValue[strings.ToLower(value)] {
					want[names[i+1]] = want[names[i+1]].Widen(filter.TypeOf(value))
				}
			}
			require.NoError(rt, w.Write(record))
		}
		w.Flush()

		b := newBench(intake.Config{BatchSize: rapid.IntRange(1, 25).Draw(rt, "batch")})
		failing := rapid.IntRange(1, 25).Draw(rt, "failing")
		b.store.onBatch = func(n int) error {
			if n == failing {
				return errDisk
			}
			return nil
		}
		if _, err := b.load(file.String()); len(b.store.batches) < failing {
			require.NoError(rt, err)
		} else {
			require.ErrorIs(rt, err, errDisk)
			_, err = b.load(file.String())
			require.NoError(rt, err)
		}
		if len(want) == 0 {
			require.Empty(rt, b.store.registered)
			return
		}
		require.Equal(rt, want, b.store.types)
		for _, call := range b.store.registered {
			require.NotEmpty(rt, call.Attributes)
			require.True(rt, slices.IsSortedFunc(call.Attributes, func(a, b filter.ImportedAttribute) int {
				return strings.Compare(a.Key, b.Key)
			}))
		}
	})
}
