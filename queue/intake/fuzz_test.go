package intake_test

import (
	"encoding/json"
	"maps"
	"os"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/intake"
)

// FuzzImport imports anything: nothing may panic or take much memory, the counts
// must add up, what is loaded must be sound, every attribute must be registered
// with a type that holds it, and loading it again must change nothing.
func FuzzImport(f *testing.F) {
	for _, seed := range []string{
		"", twoRows, "\ufeff" + twoRows, strings.ReplaceAll(twoRows, "\n", "\r\n"), strings.ReplaceAll(twoRows, ",", ";"),
		"sep=;\nphone;name\n5046218927;x\n", "phone\n\"5046218927\n5046218927\n\"\"\n", "phone,\"a\nb\"\n5046218927,\"\"\"\n\"\n",
		"phone,zip,country,timezone,priority,dnc,account_id,id\n5046218927,8014,US,America/New_York,5.0,no,x,7\n",
		"phone,name\n5046218927,\xff\n,\n5046218927,\x00\n", "phone\n" + strings.Repeat("\n", 300) + "\"" + strings.Repeat("x\n", 300),
		"phone" + strings.Repeat(",x", 70) + "\n", "[{\"phone\":1}]", "PK\x03\x04", "phone\r5046218927\r",
		"phone,staff,web,x,x,\n5046218927,12,true,,2026-11-02,01234\n5046218928,1.5,1,x,,\n5046218929,x,,,,7\n",
		"name,e-mail,phone 1,phone 2\n\"Butt, James\",j@b.com,x,\"=\"\"5046218927\"\"\"\n",
	} {
		f.Add([]byte(seed))
	}
	if sample, err := os.ReadFile("testdata/us-500.csv"); err == nil {
		f.Add(sample[:2000])
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		limits := intake.Limits{Columns: 64, RecordBytes: 512, FieldBytes: 256, AttributeBytes: 256}
		b := newBench(intake.Config{BatchSize: 3, Limits: limits})
		res, err := b.load(string(file))
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20+2000*len(file)))

		if err != nil {
			require.ErrorIs(t, err, outdial.ErrInvalid)
			var fault *outdial.FieldError
			require.ErrorAs(t, err, &fault)
			require.Less(t, len(err.Error()), 2000)
			require.True(t, utf8.ValidString(err.Error()))
		}
		require.Len(t, b.rejected, res.Rejected)
		lines := strings.Count(string(file), "\n") + 1
		last := 0
		for _, r := range b.rejected {
			require.Greater(t, r.Line, last, "rejections come in the order of the file")
			require.LessOrEqual(t, r.Line, lines)
			last = r.Line
			require.True(t, utf8.ValidString(r.String()))
			require.Less(t, len(r.String()), 400)
		}
		if len(b.progress) > 0 {
			end := b.progress[len(b.progress)-1]
			require.Equal(t, intake.Progress{
				Rows: res.Imported + res.Unchanged + res.Rejected, Imported: res.Imported,
				Unchanged: res.Unchanged, Rejected: res.Rejected, Bytes: end.Bytes,
			}, end)
			require.LessOrEqual(t, end.Bytes, int64(len(file)))
			if err == nil {
				require.Equal(t, int64(len(file)), end.Bytes)
			}
		} else {
			require.True(t, b.store.untouched())
		}
		for _, size := range b.store.batches {
			require.LessOrEqual(t, size, 3)
		}
		require.Len(t, b.store.contacts, res.Imported)
		for key, c := range b.store.contacts {
			requireSound(t, key, c, limits)
		}
		snapshot, types := b.store.snapshot(), maps.Clone(b.store.types)
		again, errAgain := b.load(string(file))
		require.Equal(t, err == nil, errAgain == nil)
		require.Zero(t, again.Imported)
		require.Equal(t, res.Imported+res.Unchanged, again.Unchanged)
		require.Equal(t, res.Rejected, again.Rejected)
		require.Equal(t, snapshot, b.store.snapshot())
		require.Equal(t, types, b.store.types)
	})
}

func requireSound(t *testing.T, key string, c intake.NewContact, limits intake.Limits) {
	t.Helper()
	require.Equal(t, key, c.SourceKey)
	require.LessOrEqual(t, len(key), 200)
	number, err := outdial.ParsePhone(c.Contact.Phone.E164(), "")
	require.NoError(t, err)
	require.Equal(t, c.Contact.Phone, number)
	for _, text := range []string{
		key, c.Contact.FirstName, c.Contact.LastName, c.Contact.Company, c.Contact.Region, c.Contact.PostalCode, string(c.Contact.Email),
	} {
		require.True(t, utf8.ValidString(text))
		require.NotContains(t, text, "\x00")
		require.LessOrEqual(t, len(text), intake.MaxText)
	}
	if c.Contact.Attributes != nil {
		require.LessOrEqual(t, len(c.Contact.Attributes), limits.AttributeBytes)
		require.NotContains(t, string(c.Contact.Attributes), `\u0000`)
		var kept map[string]string
		require.NoError(t, json.Unmarshal(c.Contact.Attributes, &kept))
	}
}
