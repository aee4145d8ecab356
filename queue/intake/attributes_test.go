package intake_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
)

// column returns a file of valid rows that have the values in a column called
// value.
func column(values ...string) string {
	var file strings.Builder
	file.WriteString("phone,value\n")
	for i, value := range values {
		fmt.Fprintf(&file, "504621%04d,%s\n", 8000+i, value)
	}
	return file.String()
}

// learned imports a file and returns the types of its attributes.
func learned(t *testing.T, file string) map[string]filter.Type {
	t.Helper()
	b := newBench(intake.Config{})
	_, err := b.load(file)
	require.NoError(t, err)
	require.LessOrEqual(t, len(b.store.registered), 1, "one batch registers once")
	return b.store.types
}

func TestAttributeTypes(t *testing.T) {
	t.Parallel()
	t.Run("each column has a type of its own", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, map[string]filter.Type{
			"staff_count": filter.TypeInt, "Revenue": filter.TypeDecimal, "web": filter.TypeText,
			"signed up": filter.TypeTime, "active": filter.TypeBool, "branch": filter.TypeText,
		}, learned(t, "phone,staff_count,Revenue,web,signed up,active,branch\n"+
			"504-621-8927,12,1250000.5,https://example.com,2026-11-02,true,01234\n"+
			"810-292-9388,-7,1250000,,2026-11-02T15:04:05+01:00,false,70116\n"))
	})
	for name, tc := range map[string]struct {
		values []string
		want   filter.Type
	}{
		"whole numbers are an int":                           {[]string{"0", "12", "-7"}, filter.TypeInt},
		"a fraction after whole numbers makes a decimal":     {[]string{"12", "12.5"}, filter.TypeDecimal},
		"a whole number after fractions stays a decimal":     {[]string{"12.5", "12"}, filter.TypeDecimal},
		"a whole number of more than 64 bits is text":        {[]string{"12", "9223372036854775808"}, filter.TypeText},
		"dates and times with a zone are a time":             {[]string{"2026-11-02T15:04:05Z", "2026-11-02"}, filter.TypeTime},
		"true and false are a bool":                          {[]string{"true", "false"}, filter.TypeBool},
		"truth and numbers are text":                         {[]string{"true", "1"}, filter.TypeText},
		"dates and numbers are text":                         {[]string{"2026-11-02", "2026"}, filter.TypeText},
		"digits after a zero are text, since they are codes": {[]string{"70116", "01234"}, filter.TypeText},
		"one word among numbers makes text":                  {[]string{"12", "about 20", "13"}, filter.TypeText},
		"what stands for no value does not count":            {[]string{"12", "n/a", "-", "NULL", "13"}, filter.TypeInt},
		"empty values do not count":                          {[]string{"", "12", " ", `="13"`}, filter.TypeInt},
		"space around values does not count":                 {[]string{" 12", "13 "}, filter.TypeInt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, map[string]filter.Type{"value": tc.want}, learned(t, column(tc.values...)))
		})
	}
	for _, placeholder := range []string{"-", "--", "null", "NULL", "None", "NaN", "n/a", "N/A", "#N/A", `\N`} {
		t.Run("a value such as "+placeholder+" is kept and teaches nothing", func(t *testing.T) {
			t.Parallel()
			b := newBench(intake.Config{BatchSize: 1})
			_, err := b.load(column(placeholder, "12", placeholder, "-7"))
			require.NoError(t, err)
			require.Empty(t, b.rejected)
			var kept []string
			for _, c := range b.store.list() {
				kept = append(kept, string(c.Contact.Attributes))
			}
			encoded, err := json.Marshal(map[string]string{"value": placeholder})
			require.NoError(t, err)
			require.Equal(t, []string{string(encoded), `{"value":"12"}`, string(encoded), `{"value":"-7"}`}, kept)
			require.Len(t, b.store.registered, 1, "only the first number says something new")
			require.Equal(t, 1, b.store.registered[0].batches)
			require.Equal(t, map[string]filter.Type{"value": filter.TypeInt}, b.store.types)
		})
	}
	t.Run("a column of nothing but such values is not registered", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		_, err := b.load(column("n/a", "NULL", "-"))
		require.NoError(t, err)
		require.Empty(t, b.store.registered)
		require.JSONEq(t, `{"value": "n/a"}`, string(b.store.list()[0].Contact.Attributes), "they are kept all the same")
	})
	t.Run("what only begins like such a value is text", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, map[string]filter.Type{"value": filter.TypeText}, learned(t, column("12", "n/a yet", "13")))
	})
	t.Run("a column without values is not registered", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		_, err := b.load("phone,value,name\n504-621-8927,,James\n")
		require.NoError(t, err)
		require.Empty(t, b.store.registered, "with nothing to say nothing is called")
	})
	t.Run("values that were not understood are registered under their columns", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, map[string]filter.Type{"Country": filter.TypeText, "account_id": filter.TypeInt, "Time Zone": filter.TypeText},
			learned(t, "phone,Country,account_id,Time Zone\n504-621-8927,Freedonia,17,EST\n810-292-9388,US,,America/Chicago\n"))
	})
	t.Run("a field of a contact is no attribute", func(t *testing.T) {
		t.Parallel()
		require.Empty(t, learned(t, "phone,mobile,zip,priority,dnc,id,company\n504-621-8927,12,70116,5,no,7,Acme\n"))
	})
	t.Run("columns of one name have a type each", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, map[string]filter.Type{"Note": filter.TypeInt, "Note (2)": filter.TypeText, "column 4": filter.TypeBool},
			learned(t, "phone,Note,Note,\n504-621-8927,1,x,true\n"))
	})
	t.Run("a key that no filter can look up is registered all the same", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, map[string]filter.Type{`a "b"`: filter.TypeInt}, learned(t, "phone,\"a \"\"b\"\"\"\n504-621-8927,1\n"))
	})
	for name, row := range map[string]string{
		"its phone":        "x,j@b.com,no,5,twelve,",
		"its e-mail":       "504-621-8927,j@@b.com,no,5,twelve,",
		"its mark":         "504-621-8927,j@b.com,perhaps,5,twelve,",
		"its priority":     "504-621-8927,j@b.com,no,high,twelve,",
		"too many values":  "504-621-8927,j@b.com,no,5,twelve,,",
		"a value too long": "504-621-8927,j@b.com,no,5,twelve," + strings.Repeat("n", 64<<10+1),
		"long attributes":  "504-621-8927,j@b.com,no,5,twelve," + strings.Repeat("n", 64<<10),
		"a stray quote":    "504-621-8927,j@b.com,no,5,twelve,\"x\" y",
	} {
		t.Run("a row that is rejected for "+name+" teaches nothing", func(t *testing.T) {
			t.Parallel()
			b := newBench(intake.Config{})
			_, err := b.load("phone,email,dnc,priority,staff,note\n" + row + "\n810-292-9388,,,,12,\n" + row + "\n")
			require.NoError(t, err)
			require.Len(t, b.rejected, 2)
			require.Equal(t, map[string]filter.Type{"staff": filter.TypeInt}, b.store.types)
		})
	}
	t.Run("a row that repeats another teaches too, whatever the batches", func(t *testing.T) {
		t.Parallel()
		for _, size := range []int{1, 2, 3} {
			b := newBench(intake.Config{BatchSize: size})
			res, err := b.load("phone,value\n504-621-8927,12\n504-621-8927,12.5\n810-292-9388,13\n")
			require.NoError(t, err)
			require.Equal(t, intake.Result{CampaignID: res.CampaignID, Imported: 2, Unchanged: 1}, res)
			require.Equal(t, map[string]filter.Type{"value": filter.TypeDecimal}, b.store.types)
		}
	})
}

func TestAttributesAreRegisteredFirst(t *testing.T) {
	t.Parallel()
	type call struct {
		batches    int
		attributes []filter.ImportedAttribute
	}
	calls := func(b *bench) (made []call) {
		for _, r := range b.store.registered {
			made = append(made, call{r.batches, r.Attributes})
		}
		return made
	}
	value := func(kind filter.Type) filter.ImportedAttribute {
		return filter.ImportedAttribute{Key: "value", Type: kind}
	}

	t.Run("before the batch that widens a type, and before no other", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{BatchSize: 1})
		_, err := b.load(column("", "12", "13", "", "12.5", "14", "x", "true", "15"))
		require.NoError(t, err)
		require.Equal(t, []call{
			{1, []filter.ImportedAttribute{value(filter.TypeInt)}},
			{4, []filter.ImportedAttribute{value(filter.TypeDecimal)}},
			{6, []filter.ImportedAttribute{value(filter.TypeText)}},
		}, calls(b))
		require.Len(t, b.store.batches, 9)
	})
	t.Run("a call names what is wider than before, by key, and nothing else", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{BatchSize: 1})
		_, err := b.load("phone,b,a,C\n504-621-8927,1,2,\n810-292-9388,1,x,true\n856-636-8749,1,2,false\n")
		require.NoError(t, err)
		require.Equal(t, []call{
			{0, []filter.ImportedAttribute{{Key: "a", Type: filter.TypeInt}, {Key: "b", Type: filter.TypeInt}}},
			{1, []filter.ImportedAttribute{{Key: "C", Type: filter.TypeBool}, {Key: "a", Type: filter.TypeText}}},
		}, calls(b))
	})
	t.Run("the time is that of the clock to the microsecond", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		_, err := b.load(column("12"))
		require.NoError(t, err)
		require.Equal(t, time.Date(2026, 11, 21, 15, 4, 5, 123456000, time.UTC), b.store.registered[0].Now)
	})
	t.Run("another import widens a type and does not narrow it", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		for i, step := range []struct {
			value        string
			found, known filter.Type
		}{
			{"12", filter.TypeInt, filter.TypeInt},
			{"12.5", filter.TypeDecimal, filter.TypeDecimal},
			{"13", filter.TypeInt, filter.TypeDecimal},
			{"x", filter.TypeText, filter.TypeText},
			{"14", filter.TypeInt, filter.TypeText},
		} {
			_, err := b.load(fmt.Sprintf("phone,value\n504621%04d,%s\n", 8000+i, step.value))
			require.NoError(t, err)
			require.Equal(t, []filter.ImportedAttribute{value(step.found)}, b.store.registered[i].Attributes)
			require.Equal(t, map[string]filter.Type{"value": step.known}, b.store.types)
		}
	})
	t.Run("importing a file again registers the same", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{BatchSize: 2})
		file := column("12", "13", "14", "12.5", "15")
		for range 2 {
			_, err := b.load(file)
			require.NoError(t, err)
			require.Equal(t, map[string]filter.Type{"value": filter.TypeDecimal}, b.store.types)
		}
		require.Len(t, b.store.registered, 4)
		require.Equal(t, b.store.registered[0].Attributes, b.store.registered[2].Attributes)
		require.Equal(t, b.store.registered[1].Attributes, b.store.registered[3].Attributes)
	})
}

func TestAttributesThatCannotBeRegistered(t *testing.T) {
	t.Parallel()
	errDisk := errors.New("disk full")

	t.Run("fail the import before their contacts are added", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{BatchSize: 2})
		b.store.onRegister = func() error { return errDisk }
		res, err := b.load(column("12", "13", "14"))
		require.ErrorIs(t, err, errDisk)
		require.EqualError(t, err, "register the attributes up to line 3: disk full")
		require.Equal(t, intake.Result{CampaignID: res.CampaignID}, res)
		require.Empty(t, b.store.batches)
		require.Empty(t, b.progress)
		require.Len(t, b.store.audits, 1, "the import is recorded all the same")
	})
	t.Run("leave the batches before as they are, and repeating the import completes it", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{BatchSize: 2})
		b.store.onRegister = func() error {
			if len(b.store.registered) == 1 {
				return errDisk
			}
			return nil
		}
		file := column("12", "13", "14", "15", "x", "16")
		res, err := b.load(file)
		require.EqualError(t, err, "register the attributes up to line 7: disk full")
		require.Equal(t, intake.Result{CampaignID: res.CampaignID, Imported: 4}, res)
		require.Equal(t, res, b.store.audits[0].Result)
		require.Equal(t, map[string]filter.Type{"value": filter.TypeInt}, b.store.types)

		b.store.onRegister = nil
		res, err = b.load(file)
		require.NoError(t, err)
		require.Equal(t, intake.Result{CampaignID: res.CampaignID, Imported: 2, Unchanged: 4}, res)
		require.Equal(t, map[string]filter.Type{"value": filter.TypeText}, b.store.types)
	})
	t.Run("are those of a context that has ended too", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		b := newBench(intake.Config{})
		b.store.onRegister = func() error {
			cancel()
			return ctx.Err()
		}
		res, err := b.svc.Import(ctx, manager(), intake.ImportRequest{CampaignName: "Spring", Source: strings.NewReader(column("12"))})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, intake.Result{CampaignID: res.CampaignID}, res)
		require.Len(t, b.store.audits, 1)
	})
}
