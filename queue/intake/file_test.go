package intake_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue/intake"
)

func TestFileForms(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"values may be separated by commas":                       "name,phone\nJames,504-621-8927\nArt,856-636-8749\n",
		"values may be separated by semicolons":                   "name;phone\nJames;504-621-8927\nArt;856-636-8749\n",
		"values may be separated by tabs":                         "name\tphone\nJames\t504-621-8927\nArt\t856-636-8749\n",
		"an empty value beside a tab is a value":                  "x\tname\tphone\n\tJames\t504-621-8927\n\tArt\t856-636-8749\n",
		"a header may begin with an empty name and a tab":         "\tname\tphone\n\tJames\t504-621-8927\n\tArt\t856-636-8749\n",
		"separators inside quotes do not count":                   "\"name, first, last, all\";name;phone\n;James;504-621-8927\n;Art;856-636-8749\n",
		"the first line may name the separator as Excel has it":   "sep=;\r\nname;phone\r\nJames;504-621-8927\r\nArt;856-636-8749\r\n",
		"a separator that only Excel's line can name is accepted": "\"SEP=|\"\nname|phone\nJames|504-621-8927\nArt|856-636-8749\n",
		"a byte order mark is skipped":                            "\ufeffname,phone\nJames,504-621-8927\nArt,856-636-8749\n",
		"a byte order mark before a quote is skipped":             "\ufeff\"phone\",name\n504-621-8927,James\n856-636-8749,Art\n",
		"lines may end in CRLF":                                   "name,phone\r\nJames,504-621-8927\r\nArt,856-636-8749\r\n",
		"the last line needs no end":                              "name,phone\nJames,504-621-8927\nArt,856-636-8749",
		"blank lines are skipped":                                 "\n\r\nname,phone\n\nJames,504-621-8927\n\r\n\nArt,856-636-8749\n\n\n",
		"rows of empty values are blank lines":                    "name,phone\nJames,504-621-8927\n,\n  ,\t\nArt,856-636-8749\n,\n,\n",
		"lines of spaces are blank lines":                         "name,phone\nJames,504-621-8927\n   \nArt,856-636-8749\n \t \n",
		"a row of empty values is blank whatever its width":       "name,phone\nJames,504-621-8927\n,,,,,\nArt,856-636-8749\n",
		"space around values does not count":                      " name , phone \n James ,\t504-621-8927\nArt,  856-636-8749  \n",
		"space before a quote does not count":                     "name, \"phone\"\nJames, \"504-621-8927\"\nArt,  \"856-636-8749\"\n",
		"a column name in square brackets is not JSON":            "[name],[phone]\nJames,504-621-8927\nArt,856-636-8749\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(intake.Config{})
			res, err := b.load(file)
			require.NoError(t, err)
			require.Empty(t, b.rejected)
			require.Equal(t, intake.Result{CampaignID: res.CampaignID, Imported: 2}, res)
			require.Equal(t, []string{"+15046218927", "+18566368749"}, phones(b.store))
			require.Equal(t, "Art", b.store.list()[1].Contact.FirstName)
			require.Equal(t, int64(len(file)), b.progress[0].Bytes, "every byte is accounted for")
		})
	}
	t.Run("a value in quotes may hold line breaks, separators and quotes", func(t *testing.T) {
		t.Parallel()
		c := one(t, "phone,note", "504-621-8927,\"a,\r\n\"\"b\"\"\n\nc\"").Contact
		require.JSONEq(t, `{"note":"a,\n\"b\"\n\nc"}`, string(c.Attributes))
	})
}

func TestNotCSV(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ file, want string }{
		"an empty file is refused":                 {"", "file: is empty"},
		"a file of blank lines is refused":         {"\n\r\n  \n", "file: is empty"},
		"a byte order mark alone is an empty file": {"\ufeff", "file: is empty"},
		"Excel's separator line alone is empty":    {"sep=;\n\n", "file: is empty"},
		"a header without rows is refused":         {"name,phone\n", "file: has a header but no rows"},
		"a header before blank rows is refused":    {"name,phone\n\n,\n", "file: has a header but no rows"},
		"UTF-16 is refused":                        {"\xff\xfen\x00a\x00", "file: is UTF-16, not UTF-8; save it as CSV UTF-8"},
		"UTF-16 of the other order is refused":     {"\xfe\xff\x00n\x00a", "file: is UTF-16, not UTF-8; save it as CSV UTF-8"},
		"UTF-16 without a mark is refused":         {"p\x00h\x00o\x00n\x00e\x00\n\x00", "file: is not a CSV file: its header holds NUL bytes"},
		"a binary file is refused":                 {"phone\x00\x01\x02,\n1\n", "file: is not a CSV file: its header holds NUL bytes"},
		"a header that is Latin-1 is refused":      {"pr\xe9nom,phone\nJames,5046218927\n", "file: is not UTF-8: its header holds other bytes; save it as CSV UTF-8"},
		"a workbook is refused":                    {"PK\x03\x04\x14\x00\x06\x00", "file: is not a CSV file but a workbook or a zip archive; export the sheet as CSV"},
		"an old workbook is refused":               {"\xd0\xcf\x11\xe0\xa1\xb1", "file: is not a CSV file but an old Office document; export the sheet as CSV"},
		"a compressed file is refused":             {"\x1f\x8b\x08\x00", "file: is not a CSV file but compressed; unpack it first"},
		"a PDF is refused":                         {"%PDF-1.7\n", "file: is not a CSV file but a PDF document"},
		"HTML is refused":                          {"\ufeff\n <!doctype html><table><tr><th>phone", "file: is not a CSV file but HTML or XML"},
		"JSON lines are refused":                   {`{"phone":"5046218927"}`, "file: is not a CSV file but JSON"},
		"a JSON array is refused":                  {"[\n {\"phone\":\"5046218927\"}]", "file: is not a CSV file but JSON"},
		"lines that end in CR alone are refused":   {"name,phone\rJames,5046218927\r", "file: ends its lines with CR alone; save it with LF or CRLF"},
		"prose is refused":                         {"Dear James,\nplease call me.\n", `phone: no column holds phone numbers; the columns are "Dear James"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.EqualError(t, refused(t, tc.file), tc.want)
		})
	}
	t.Run("a binary file without a line end is refused", func(t *testing.T) {
		t.Parallel()
		require.ErrorContains(t, refused(t, strings.Repeat("\x01\x02", 1<<20)), "file: line 1 is longer than 1048576 bytes")
	})
}

func TestBrokenRows(t *testing.T) {
	t.Parallel()
	const good, better = "James,504-621-8927,x\n", "Art,856-636-8749,y\n"
	for name, tc := range map[string]struct {
		rows string
		want []string
	}{
		"a row with too few values":  {"Mitchell,907-385-4412\n", []string{"line 3: row: has 2 values, the header has 3"}},
		"a row with too many values": {"Mitchell,907-385-4412,,\n", []string{"line 3: row: has 4 values, the header has 3"}},
		"a row of several lines with too many values": {"\n\"Mit\nchell\",907-385-4412,\"\n\",x\n", []string{
			"line 4: row: has 4 values, the header has 3; its quotes make it run to line 6"}},
		"a quote inside a value": {"Mit\"chell,907-385-4412,\n", []string{"line 3: row: has a quote inside a value that is not quoted"}},
		"a quote that closes too early": {"\"Mit\"chell,907-385-4412,\n", []string{
			"line 3: row: has a quoted value that does not end where its closing quote is, or has none"}},
		"a quote that is never closed": {"Mitchell,907-385-4412,\"z\n", []string{
			"line 3: row: has a quoted value that does not end where its closing quote is, or has none"}},
		"a quote that only a later row closes": {"Mitchell,907-385-4412,\"z\nLenna,bad,\"\"\nKris,bad,\"z\"\n", []string{
			"line 3: row: has a quoted value that does not end where its closing quote is, or has none",
			"line 4: phone: contains letters",
			"line 5: phone: contains letters"}},
		"bytes that are not UTF-8":  {"Andr\xe9,907-385-4412,\n", []string{"line 3: name: is not UTF-8"}},
		"a NUL byte":                {"Mitchell,907-385-4412,a\x00b\n", []string{"line 3: note: holds a NUL byte"}},
		"a value that is too long":  {"Mitchell,907-385-4412," + strings.Repeat("z", 64<<10+1) + "\n", []string{"line 3: note: is longer than 65536 bytes"}},
		"a row of a million values": {strings.Repeat(",", 1<<20-10) + "x\n", []string{"line 3: row: has 1048567 values, the header has 3"}},
		"a quote that stays open for too long": {"Mitchell,907-385-4412,\"z\n" + strings.Repeat(strings.Repeat(strings.Repeat(" ", 1023)+"\n", 300)+"z\n", 4), []string{
			"line 3: row: opens a quote that is not closed within 1048576 bytes",
			"line 304: row: has 1 values, the header has 3",
			"line 605: row: has 1 values, the header has 3",
			"line 906: row: has 1 values, the header has 3",
			"line 1207: row: has 1 values, the header has 3"}},
	} {
		t.Run(name+" rejects that row only", func(t *testing.T) {
			t.Parallel()
			b := newBench(intake.Config{})
			res, err := b.load("name,phone,note\n" + good + tc.rows + better)
			require.NoError(t, err)
			require.Equal(t, intake.Result{CampaignID: res.CampaignID, Imported: 2, Rejected: len(tc.want)}, res)
			require.Equal(t, []string{"+15046218927", "+18566368749"}, phones(b.store))
			var said []string
			for _, r := range b.rejected {
				said = append(said, r.String())
			}
			require.Equal(t, tc.want, said)
		})
	}
	t.Run("a row is named by the line on which it starts", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		_, err := b.load("sep=,\n\n\"na\nme\",phone\r\n\n\"Ja\nmes\",504-621-8927\n\n\"Mit\nchell\",bad\nLenna,bad\n,\n\nx\"y,1\nKris,bad")
		require.NoError(t, err)
		var lines []int
		for _, r := range b.rejected {
			lines = append(lines, r.Line)
		}
		require.Equal(t, []int{9, 11, 14, 15}, lines)
	})
	t.Run("a broken row of several lines is tried again from its second line", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		_, err := b.load("name,phone\n\"a\nJames,504-621-8927\n\"b\nArt,856-636-8749\n\"c\n")
		require.NoError(t, err)
		require.Equal(t, []string{"+15046218927", "+18566368749"}, phones(b.store))
		require.Len(t, b.rejected, 3)
		require.Equal(t, 6, b.rejected[2].Line)
	})
	t.Run("a megabyte of blank lines is skipped", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		_, err := b.load("name,phone\n" + strings.Repeat("\r\n", 1<<20) + "James,504-621-8927\nLenna,bad\n")
		require.NoError(t, err)
		require.Equal(t, []string{"+15046218927"}, phones(b.store))
		require.Equal(t, 1<<20+3, b.rejected[0].Line)
	})
	t.Run("blank lines do not count as part of the row behind them", func(t *testing.T) {
		t.Parallel()
		for blank := range 40 {
			b := newBench(intake.Config{Limits: intake.Limits{RecordBytes: 32}})
			_, err := b.load("name,phone\n" + strings.Repeat("\r\n", blank) + "James,504-621-8927\n" + strings.Repeat("\n", blank) + "x")
			require.NoError(t, err)
			require.Equal(t, []string{"+15046218927"}, phones(b.store))
			require.Equal(t, 3+2*blank, b.rejected[0].Line)
		}
	})
	t.Run("a line that is too long ends the import and keeps the rows before", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		res, err := b.load("name,phone,note\n" + good + "Mitchell,907-385-4412," + strings.Repeat("z", 1<<20) + "\n" + better)
		require.EqualError(t, err, "file: line 3 is longer than 1048576 bytes")
		require.Equal(t, 1, res.Imported)
		require.Len(t, b.store.audits, 1)
	})
	t.Run("a row as long as the limit is read", func(t *testing.T) {
		t.Parallel()
		for _, end := range []string{"", "\n", "\r\n"} {
			line := "5046218927,\"" + strings.Repeat("z\n", 20) + "\"" + end
			b := newBench(intake.Config{Limits: intake.Limits{RecordBytes: len(line)}})
			res, err := b.load("phone,note\n" + line)
			require.NoError(t, err)
			require.Equal(t, 1, res.Imported, "%q", end)
		}
	})
	t.Run("every row of a file in which each opens a quote is rejected once", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{BatchSize: 100})
		var file strings.Builder
		file.WriteString("name,phone\n")
		for i := range 5000 {
			fmt.Fprintf(&file, "x%d,\"5046218927\" y\n", i)
			file.WriteString("a,\"b\n")
		}
		res, err := b.load(file.String())
		require.NoError(t, err)
		require.Equal(t, 10000, res.Rejected)
		require.Equal(t, 10001, b.rejected[9999].Line)
	})
}
