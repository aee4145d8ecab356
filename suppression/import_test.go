package suppression_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// list is an import of a text.
func list(text string, edits ...func(*suppression.ImportRequest)) suppression.ImportRequest {
	req := suppression.ImportRequest{Reader: strings.NewReader(text), List: "state registry", Version: "2026-03-01"}
	for _, edit := range edits {
		edit(&req)
	}
	return req
}

// keys are those of the whole list, in the order in which they came.
func (c *centre) keys(t require.TestingT) []string {
	var keys []string
	require.NoError(t, c.store.DB().SelectContext(context.Background(), &keys, "SELECT value_key FROM suppressions ORDER BY value_key"))
	return keys
}

func TestImport(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		file     string
		keys     []string
		problems []suppression.LineProblem
	}{
		"one number a line": {
			file: "5046218927\n(504) 621-8928\r\n\n# a comment\n+4930901820",
			keys: []string{"+15046218927", "+15046218928", "+4930901820"},
		},
		"one address a line": {file: "Ann@Example.com\nbob@example.com\n", keys: []string{"ann@example.com", "bob@example.com"}},
		"the files of the national registry": {
			file: "504,6218927\n504,6218928\n", keys: []string{"+15046218927", "+15046218928"},
		},
		"CSV with a header": {
			file: "Name,Phone Number,Reason\nAnn,504-621-8927,\"moved, with a comma\"\nBob,5046218928,\n",
			keys: []string{"+15046218927", "+15046218928"},
		},
		"every column that an import of contacts takes for numbers": {
			file: "Cell Phone Number,Direct Line,Person Email\n5046218927,5046218928,ann@example.com\n",
			keys: []string{"+15046218927", "+15046218928", "ann@example.com"},
		},
		"a first line with somebody's number, which is no header": {
			file: "number 5046218927\n5046218928\n", keys: []string{"+15046218928"},
			problems: []suppression.LineProblem{{Line: 1, Problem: "contains letters"}},
		},
		"semicolons, quotes and a byte order mark": {
			file: "\ufeff\"E-Mail\";\"x\"\n\"ann@example.com\";1\n", keys: []string{"ann@example.com"},
		},
		"tabs, both kinds": {
			file: "phone\temail\n5046218927\t\n\tann@example.com\n", keys: []string{"+15046218927", "ann@example.com"},
		},
		"bad lines, by their numbers": {
			file: "5046218927\nDo Not Call List\n911\n\n504 621 8928 x5\n" + strings.Repeat("5", 5000) + "\n504\x006218929\n\xff5046218929\nann@@example.com\n",
			keys: []string{"+15046218927"},
			problems: []suppression.LineProblem{
				{Line: 2, Problem: "contains letters"}, {Line: 3, Problem: "is not a number of its country's numbering plan"},
				{Line: 5, Problem: "contains letters"}, {Line: 6, Problem: "is longer than 4096 bytes"}, {Line: 7, Problem: "holds a NUL byte"},
				{Line: 8, Problem: "is not UTF-8"}, {Line: 9, Problem: "is not an e-mail address"},
			},
		},
		"bad lines of CSV": {
			file: "phone,email,campaign_id,expires_at,received_at,reason\n" +
				"5046218927,,,,,\n5046218927,ann@@example.com,,,,\n,,,,,\n5046218927\n\"5046218927,,,,,\n5046218927,,x,,,\n" +
				"5046218927,,,never,,\n5046218927,,,2020-01-01,,\n5046218927,,,,2030-01-01,\nann@example.com,,,,,\n,5046218927,,,,\n" +
				"5046218927,,,,," + strings.Repeat("x", 501) + "\n",
			keys: []string{"+15046218927"},
			problems: []suppression.LineProblem{
				{Line: 3, Problem: "is not an e-mail address"},
				{Line: 4, Problem: "has no phone number and no e-mail address"},
				{Line: 5, Problem: "has not as many values as the header"},
				{Line: 6, Problem: "has quotes that do not belong together"},
				{Line: 7, Problem: "campaign_id is not a UUID"},
				{Line: 8, Problem: "expires_at is not a time such as 2026-11-01T00:00:00Z"},
				{Line: 9, Problem: "expires_at is over already"},
				{Line: 10, Problem: "received_at is in the future"},
				{Line: 11, Problem: "is not a phone number"},
				{Line: 12, Problem: "is not an e-mail address"},
				{Line: 13, Problem: "reason is longer than 500 bytes"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := setup(t)
			report, err := c.service.Import(t.Context(), manager(), list(test.file))
			require.NoError(t, err)
			require.Equal(t, test.keys, c.keys(t))
			if test.problems == nil {
				test.problems = []suppression.LineProblem{}
			}
			require.Equal(t, test.problems, report.Problems)
			require.EqualValues(t, len(test.problems), report.Rejected)
			require.EqualValues(t, len(test.keys), report.Added)
			require.False(t, report.CompletedAt.IsZero())
			require.Empty(t, report.Warnings)
			require.NotContains(t, c.log.String(), "504621")
		})
	}

	t.Run("every entry says where it comes from, unless its line does", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		_, err := c.service.Import(t.Context(), manager(), list(
			"phone,reason,expires_at,received_at,campaign_id\n5046218927,,,,\n5046218928,asked us,2027-01-01,2026-02-01T08:00:00Z,"+campaignID.String()+"\n",
			func(r *suppression.ImportRequest) { r.ExpiresAt = noon.Add(time.Hour) }))
		require.NoError(t, err)
		page, err := c.service.List(t.Context(), manager(), suppression.ListRequest{AllCampaigns: true})
		require.NoError(t, err)
		require.Equal(t, []suppression.Entry{
			{
				Kind: suppression.KindPhone, Value: "+15046218927", Key: "+15046218927", Source: suppression.SourceImport,
				Reason: "state registry 2026-03-01", ExpiresAt: noon.Add(time.Hour),
			},
			{
				Kind: suppression.KindPhone, Value: "+15046218928", Key: "+15046218928", Source: suppression.SourceImport,
				Reason: "asked us", ExpiresAt: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
				ReceivedAt: time.Date(2026, 2, 1, 8, 0, 0, 0, time.UTC), CampaignID: campaignID,
			},
		}, []suppression.Entry{page.Entries[0].Entry, page.Entries[1].Entry})
	})
	t.Run("an import for one campaign stays in it", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		report, err := c.service.Import(t.Context(), manager(), list("phone,campaign_id\n5046218927,\n5046218928,"+powerID.String()+"\n",
			func(r *suppression.ImportRequest) { r.CampaignID = campaignID }))
		require.NoError(t, err)
		require.Equal(t, []suppression.LineProblem{{Line: 3, Problem: "campaign_id is another campaign than that of the import"}}, report.Problems)
		verdict, err := c.service.Check(t.Context(), manager(), suppression.CheckRequest{Phone: annPhone, CampaignID: campaignID})
		require.NoError(t, err)
		require.True(t, verdict.Suppressed)
		verdict, err = c.service.Check(t.Context(), manager(), suppression.CheckRequest{Phone: annPhone, CampaignID: powerID})
		require.NoError(t, err)
		require.False(t, verdict.Suppressed)
	})
	t.Run("progress is told after every batch, whoever follows is woken, and lines are counted", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		var told []int64
		_, err := c.service.Import(t.Context(), manager(), list("5046218927\n5046218927\nx\n5046218928\n5046218929\n", func(r *suppression.ImportRequest) {
			r.Batch, r.Progress = 2, func(i suppression.Import) { told = append(told, i.Lines) }
		}))
		require.NoError(t, err)
		require.Equal(t, []int64{2, 4, 5}, told)
		require.Equal(t, 3, c.woken.times())
		for result, lines := range map[string]int{"added": 3, "unchanged": 1, "rejected": 1} {
			require.Equal(t, lines, c.meter.Count("outdial.suppression.imported", map[string]string{"result": result}), result)
		}
	})
	t.Run("a report names as many problems as are asked for, and counts all", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		report, err := c.service.Import(t.Context(), manager(), list("5046218927\n"+strings.Repeat("x\n", 300), func(r *suppression.ImportRequest) { r.Problems = 3 }))
		require.NoError(t, err)
		require.Len(t, report.Problems, 3)
		require.EqualValues(t, 300, report.Rejected)
	})
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	const good = "5046218927\n"
	for name, test := range map[string]struct {
		request        suppression.ImportRequest
		field, problem string
	}{
		"no file":                          {list(good, func(r *suppression.ImportRequest) { r.Reader = nil }), "file", "is required"},
		"no list":                          {list(good, func(r *suppression.ImportRequest) { r.List = "" }), "list", "must be"},
		"a list with a line break":         {list(good, func(r *suppression.ImportRequest) { r.List = "a\nb" }), "list", "must be"},
		"no version":                       {list(good, func(r *suppression.ImportRequest) { r.Version = " " }), "version", "must be"},
		"a version of 101 letters":         {list(good, func(r *suppression.ImportRequest) { r.Version = strings.Repeat("v", 101) }), "version", "must be"},
		"a list of tomorrow":               {list(good, func(r *suppression.ImportRequest) { r.PublishedAt = noon.Add(time.Hour) }), "published_at", "is in the future"},
		"an end that is over":              {list(good, func(r *suppression.ImportRequest) { r.ExpiresAt = noon }), "expires_at", "is over already"},
		"a region that is none":            {list(good, func(r *suppression.ImportRequest) { r.Region = "Atlantis" }), "region", "is not a country"},
		"an empty file":                    {list(""), "file", "is empty"},
		"UTF-16":                           {list("\xff\xfe5\x000\x00"), "file", "is UTF-16"},
		"a gzip file":                      {list("\x1f\x8b\x08\x00"), "file", "compressed"},
		"a workbook":                       {list("PK\x03\x04"), "file", "workbook"},
		"a header of something else":       {list("first_name,last_name\nAnn,Smith\n"), "header", "names no column"},
		"a page that says something else":  {list("<html>\n<body>\nNot logged in\n"), "file", "has no phone number and no e-mail address in its first 3 lines"},
		"a header without lines":           {list("phone\n"), "file", "has no phone number and no e-mail address in its first 1 lines"},
		"a first batch of which all is no": {list("x\ny\n"+good, func(r *suppression.ImportRequest) { r.Batch = 2 }), "file", "in its first 2 lines"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := setup(t)
			_, err := c.service.Import(t.Context(), manager(), test.request)
			requireFieldError(t, err, test.field, test.problem)
			require.Empty(t, c.keys(t))
			imports, err := c.service.Imports(t.Context(), manager())
			require.NoError(t, err)
			for _, imported := range imports {
				require.Zero(t, imported.CompletedAt, "nobody takes it for a list")
			}
		})
	}
	t.Run("whoever is no manager", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		_, err := c.service.Import(t.Context(), agent(), list(good))
		require.ErrorIs(t, err, outdial.ErrForbidden)
		_, err = c.service.Imports(t.Context(), agent())
		require.ErrorIs(t, err, outdial.ErrForbidden)
		require.Zero(t, c.rows(t))
	})
	t.Run("a campaign that does not exist", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		_, err := c.service.Import(t.Context(), manager(), list(good, func(r *suppression.ImportRequest) { r.CampaignID = uuid.New() }))
		require.ErrorIs(t, err, outdial.ErrNotFound)
		require.Zero(t, c.rows(t))
	})
}

// failingStore fails one of the parts of an import, before or after it was written.
type failingStore struct {
	suppression.Store

	after  int
	lost   bool
	failed bool
}

var errBroken = errors.New("the connection broke")

func (f *failingStore) ImportSuppressions(ctx context.Context, p suppression.ImportParams) (suppression.Import, error) {
	if f.after--; f.after == -1 && !f.failed {
		f.failed = true
		if f.lost {
			_, _ = f.Store.ImportSuppressions(ctx, p)
		}
		return suppression.Import{}, errBroken
	}
	return f.Store.ImportSuppressions(ctx, p)
}

func TestAnImportThatIsInterruptedEndsAsOneThatIsNot(t *testing.T) {
	t.Parallel()
	c := setup(t)
	rapid.Check(t, func(rt *rapid.T) {
		_, err := c.store.DB().Exec("DELETE FROM suppressions")
		require.NoError(rt, err)
		lines := rapid.SliceOfN(rapid.SampledFrom([]string{
			"5046218920", "5046218921", "5046218922", "5046218923", "5046218924", "5046218925", "x", "", "# no", "ann@example.com",
		}), 1, 30).Draw(rt, "lines")
		text := "5046218929\n" + strings.Join(lines, "\n")
		if rapid.Bool().Draw(rt, "header") {
			text = "value\n" + text
		}
		version := uuid.NewString()
		request := func(list string) suppression.ImportRequest {
			return suppression.ImportRequest{
				Reader: iotest.OneByteReader(strings.NewReader(text)), List: list, Version: version,
				Batch: rapid.IntRange(2, 7).Draw(rt, "batch"),
			}
		}
		want, err := c.service.Import(context.Background(), manager(), request("whole"))
		require.NoError(rt, err)
		keys := c.keys(rt)
		_, err = c.store.DB().Exec("DELETE FROM suppressions")
		require.NoError(rt, err)

		var got suppression.ImportReport
		rejected := 0
		for tries := 0; ; tries++ {
			store := &failingStore{Store: c.store, after: rapid.IntRange(0, 4).Draw(rt, "after"), lost: rapid.Bool().Draw(rt, "lost")}
			service := suppression.New(store, suppression.Config{Clock: c.clock})
			got, err = service.Import(context.Background(), manager(), request("torn"))
			rejected += len(got.Problems)
			if err == nil {
				break
			}
			require.ErrorIs(rt, err, errBroken)
			require.Less(rt, tries, 40, "every try comes a step further")
			require.Zero(rt, got.CompletedAt)
		}
		require.Equal(rt, keys, c.keys(rt))
		require.Equal(rt, want.Checkpoint, got.Checkpoint)
		require.Equal(rt, []int64{want.Added, want.Extended, want.Unchanged}, []int64{got.Added, got.Extended, got.Unchanged})
		require.Equal(rt, want.CompletedAt, got.CompletedAt)
		require.GreaterOrEqual(rt, rejected, int(want.Rejected))

		before := c.rowsOf(rt)
		again, err := c.service.Import(context.Background(), manager(), request("torn"))
		require.NoError(rt, err)
		require.True(rt, again.Resumed)
		require.Equal(rt, got.Import, again.Import)
		require.Equal(rt, before, c.rowsOf(rt), "what is complete is not imported again")
	})
}

// rowsOf counts the entries and the events.
func (c *centre) rowsOf(t require.TestingT) (rows [2]int) {
	for i, table := range []string{"suppressions", "suppression_events"} {
		require.NoError(t, c.store.DB().GetContext(context.Background(), &rows[i], "SELECT count(*) FROM "+table))
	}
	return rows
}

func TestAnImportGoesOnWithTheSameFileOnly(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T) *centre {
		t.Helper()
		c := setup(t)
		service := suppression.New(&failingStore{Store: c.store, after: 1}, suppression.Config{Clock: c.clock})
		_, err := service.Import(t.Context(), manager(), list("5046218927\n5046218928\n5046218929\n", func(r *suppression.ImportRequest) { r.Batch = 2 }))
		require.ErrorIs(t, err, errBroken)
		require.Equal(t, []string{"+15046218927", "+15046218928"}, c.keys(t))
		return c
	}
	for name, text := range map[string]string{
		"another beginning":     "5046218920\n5046218928\n5046218929\n",
		"a shorter file":        "5046218927\n",
		"lines of other length": "504-621-8927\n5046218928\n5046218929\n",
	} {
		t.Run(name+" is another file", func(t *testing.T) {
			t.Parallel()
			c := begin(t)
			_, err := c.service.Import(t.Context(), manager(), list(text))
			require.ErrorIs(t, err, outdial.ErrConflict)
			require.Equal(t, []string{"+15046218927", "+15046218928"}, c.keys(t))
		})
	}
	t.Run("what follows the checkpoint may be longer by now", func(t *testing.T) {
		t.Parallel()
		c := begin(t)
		report, err := c.service.Import(t.Context(), manager(), list("5046218927\n5046218928\n5046218929\n5046218930\n"))
		require.NoError(t, err)
		require.True(t, report.Resumed)
		require.EqualValues(t, 4, report.Added)
		_, err = c.service.Import(t.Context(), manager(), list("5046218927\n5046218928\n5046218929\n5046218930\n5046218931\n"))
		require.ErrorIs(t, err, outdial.ErrConflict, "but not once it is complete")
		require.Len(t, c.keys(t), 4)
	})
	t.Run("a line that was cut off is not read", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		torn := io.MultiReader(strings.NewReader("5046218927\n50462189"), iotest.ErrReader(io.ErrUnexpectedEOF))
		report, err := c.service.Import(t.Context(), manager(), list("", func(r *suppression.ImportRequest) { r.Reader = torn }))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Equal(t, []string{"+15046218927"}, c.keys(t), "what stood before it is kept")
		require.Zero(t, report.CompletedAt)
		report, err = c.service.Import(t.Context(), manager(), list("5046218927\n5046218928\n"))
		require.NoError(t, err)
		require.True(t, report.Resumed)
		require.Equal(t, []string{"+15046218927", "+15046218928"}, c.keys(t))
	})
	t.Run("an import whose caller has gone stops", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := c.service.Import(ctx, manager(), list("5046218927\n5046218928\n5046218929\n", func(r *suppression.ImportRequest) {
			r.Batch, r.Progress = 1, func(suppression.Import) { cancel() }
		}))
		require.ErrorIs(t, err, context.Canceled)
		require.Len(t, c.keys(t), 1)
	})
}

func TestListsGrowOld(t *testing.T) {
	t.Parallel()
	c := setup(t)
	const day = 24 * time.Hour
	published := func(version string, ago time.Duration) suppression.ImportRequest {
		return list("5046218927\n", func(r *suppression.ImportRequest) { r.Version, r.PublishedAt = version, noon.Add(-ago) })
	}
	fresh, err := c.service.Import(t.Context(), manager(), published("February", 31*day))
	require.NoError(t, err)
	require.Empty(t, fresh.Warnings, "31 days are allowed")
	old, err := c.service.Import(t.Context(), manager(), published("January", 40*day))
	require.NoError(t, err)
	require.Equal(t, []string{"the list is 40 days old; 31 are allowed"}, old.Warnings)
	require.Contains(t, c.log.String(), "level=WARN msg=\"do-not-call list imported that is too old to call by\"")

	statuses := func() map[string]bool {
		imports, err := c.service.Imports(t.Context(), manager())
		require.NoError(t, err)
		stale := map[string]bool{}
		for _, imported := range imports {
			require.Equal(t, c.clock.Now().Sub(imported.PublishedAt), imported.Age)
			stale[imported.Version] = imported.Stale
		}
		return stale
	}
	require.Equal(t, map[string]bool{"January": false, "February": false}, statuses(), "an older version does not count")
	c.clock.Add(time.Second)
	require.Equal(t, map[string]bool{"January": false, "February": true}, statuses())

	worker := suppression.NewWorker(c.store, suppression.WorkerConfig{Clock: c.clock, Logger: slog.New(slog.NewTextHandler(c.log, nil))})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- worker.Run(ctx) }()
	require.Eventually(t, func() bool {
		return strings.Contains(c.log.String(), `msg="a do-not-call list is too old to call by" list="state registry" version=February`)
	}, 5*time.Second, time.Millisecond, "and the log says so")
	cancel()
	require.NoError(t, <-done)
}

// numbers are a file of so many lines that is never in memory.
type numbers struct{ left, next int }

func (n *numbers) Read(p []byte) (int, error) {
	if n.left == 0 {
		return 0, io.EOF
	}
	const width = len("5042000000\n")
	count := min(len(p)/width, n.left)
	var line bytes.Buffer
	for range count {
		fmt.Fprintf(&line, "504%07d\n", 2_000_000+n.next)
		n.next++
	}
	n.left -= count
	return copy(p, line.Bytes()), nil
}

// swallowing takes an import and keeps nothing.
type swallowing struct {
	suppression.Store

	highest uint64
}

func (s *swallowing) BeginImport(context.Context, suppression.BeginImportParams) (suppression.Import, error) {
	return suppression.Import{PublishedAt: noon}, nil
}

func (s *swallowing) ImportSuppressions(_ context.Context, p suppression.ImportParams) (suppression.Import, error) {
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	s.highest = max(s.highest, memory.HeapAlloc)
	return suppression.Import{PublishedAt: noon, Checkpoint: p.To}, nil
}

func TestAnImportTakesTheSameMemoryHoweverLongItsFile(t *testing.T) {
	// Not beside other tests, whose memory would count.
	peak := func(lines int) uint64 {
		store := &swallowing{}
		report, err := suppression.New(store, suppression.Config{}).Import(t.Context(), manager(), suppression.ImportRequest{
			Reader: &numbers{left: lines}, List: "long", Version: "1",
		})
		require.NoError(t, err)
		require.EqualValues(t, lines, report.Lines)
		return store.highest
	}
	short := peak(10_000)
	const slack = 4 << 20
	require.Less(t, peak(60_000), short+slack, "six times as long")

	t.Run("and a line that does not end is not kept", func(t *testing.T) {
		store := &swallowing{}
		endless := io.MultiReader(strings.NewReader("5046218927\n"), io.LimitReader(zeros{}, 64<<20), strings.NewReader("\n5046218928\n"))
		report, err := suppression.New(store, suppression.Config{}).Import(t.Context(), manager(), suppression.ImportRequest{
			Reader: endless, List: "long", Version: "1",
		})
		require.NoError(t, err)
		require.EqualValues(t, 3, report.Lines)
		require.Equal(t, []suppression.LineProblem{{Line: 2, Problem: "is longer than 4096 bytes"}}, report.Problems)
		require.Less(t, store.highest, short+slack)
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

var exportedColumns = strings.Split("kind,value,campaign_id,source,reason,created_at,received_at,expires_at", ",")

func TestExportIsReadBackAsItWas(t *testing.T) {
	t.Parallel()
	c := setup(t)
	rapid.Check(t, func(rt *rapid.T) {
		_, err := c.store.DB().Exec("DELETE FROM suppressions")
		require.NoError(rt, err)
		reasons := rapid.OneOf(rapid.Just(""), rapid.StringMatching(`['=+@a-z",; -]{1,8}`))
		n := rapid.IntRange(1, 8).Draw(rt, "entries")
		for i := range n {
			// Not every number of E.164 form is in a numbering plan, or as long as one.
			phone := rapid.SampledFrom([]string{"+1504621%04d", "+1504%04d", "+999%04d", "+52155%08d"}).Draw(rt, "phone")
			entry := suppression.NewPhone(outdial.Phone(fmt.Sprintf(phone, i)))
			if rapid.Bool().Draw(rt, "email") {
				entry = suppression.NewEmail(outdial.Email(fmt.Sprintf("%sann%d@example.com", rapid.SampledFrom([]string{"", "=", "+", "-"}).Draw(rt, "sign"), i)))
			}
			entry.Reason = strings.TrimSpace(reasons.Draw(rt, "reason"))
			entry.CampaignID = rapid.SampledFrom([]uuid.UUID{{}, campaignID}).Draw(rt, "campaign")
			entry.ExpiresAt = rapid.SampledFrom([]time.Time{{}, noon.Add(time.Hour)}).Draw(rt, "end")
			entry.ReceivedAt = rapid.SampledFrom([]time.Time{{}, noon.Add(-time.Hour)}).Draw(rt, "received")
			_, err := c.service.Add(context.Background(), manager(), entry)
			require.NoError(rt, err)
		}
		var file bytes.Buffer
		result, err := c.service.Export(context.Background(), manager(), suppression.ExportRequest{Writer: &file, AllCampaigns: true})
		require.NoError(rt, err)
		require.EqualValues(rt, n, result.Entries)
		lines, err := csv.NewReader(bytes.NewReader(file.Bytes())).ReadAll()
		require.NoError(rt, err)
		for _, line := range lines {
			for i, cell := range line {
				number := exportedColumns[i] == "value" && outdial.Phone(cell).IsE164()
				require.False(rt, !number && cell != "" && strings.Contains("=+-@", cell[:1]), "a spreadsheet would carry out %q", cell)
			}
		}
		before := c.entries(rt)
		_, err = c.store.DB().Exec("DELETE FROM suppressions")
		require.NoError(rt, err)
		report, err := c.service.Import(context.Background(), manager(), list(file.String(), func(r *suppression.ImportRequest) {
			r.Version = uuid.NewString()
		}))
		require.NoError(rt, err)
		require.Empty(rt, report.Problems)
		require.Equal(rt, before, c.entries(rt))
	})
}

// entries are those of the list, without where they came from.
func (c *centre) entries(t require.TestingT) []suppression.Entry {
	page, err := c.service.List(context.Background(), manager(), suppression.ListRequest{AllCampaigns: true, Limit: 500})
	require.NoError(t, err)
	var entries []suppression.Entry
	for _, listed := range page.Entries {
		entry := listed.Entry
		entry.Source = suppression.SourceManual
		if strings.HasPrefix(entry.Reason, "state registry ") {
			entry.Reason = ""
		}
		entries = append(entries, entry)
	}
	return entries
}

func TestExport(t *testing.T) {
	t.Parallel()
	c := setup(t)
	here, over := suppression.NewEmail(annEmail), suppression.NewPhone(bobPhone)
	here.CampaignID, here.Reason = campaignID, "=1+1"
	over.ExpiresAt = noon.Add(time.Minute)
	_, err := c.service.Add(t.Context(), manager(), suppression.NewPhone(annPhone), here, over)
	require.NoError(t, err)
	c.clock.Add(time.Minute)
	const header = "kind,value,campaign_id,source,reason,created_at,received_at,expires_at\n"
	const ann = "phone,+15046218927,,manual,,2026-03-02T17:00:00Z,,\n"
	for name, test := range map[string]struct {
		request suppression.ExportRequest
		want    string
	}{
		"entries that hold everywhere": {suppression.ExportRequest{}, ann},
		"one campaign's": {
			suppression.ExportRequest{CampaignID: campaignID},
			"email,Ann@Example.com," + campaignID.String() + ",manual,'=1+1,2026-03-02T17:00:00Z,,\n",
		},
		"of one kind":      {suppression.ExportRequest{AllCampaigns: true, Kind: suppression.KindPhone}, ann},
		"of one source":    {suppression.ExportRequest{AllCampaigns: true, Source: suppression.SourceQA}, ""},
		"of nobody at all": {suppression.ExportRequest{CampaignID: powerID}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var file strings.Builder
			test.request.Writer = &file
			_, err := c.service.Export(t.Context(), manager(), test.request)
			require.NoError(t, err)
			require.Equal(t, header+test.want, file.String())
		})
	}
	t.Run("it is refused to agents, and to who asks for nonsense", func(t *testing.T) {
		t.Parallel()
		_, err := c.service.Export(t.Context(), agent(), suppression.ExportRequest{Writer: io.Discard})
		require.ErrorIs(t, err, outdial.ErrForbidden)
		for _, request := range []suppression.ExportRequest{
			{}, {Writer: io.Discard, Kind: "fax"}, {Writer: io.Discard, Source: "x"}, {Writer: io.Discard, AllCampaigns: true, CampaignID: campaignID},
		} {
			_, err := c.service.Export(t.Context(), manager(), request)
			require.ErrorIs(t, err, outdial.ErrInvalid)
		}
	})
	t.Run("a reader who hangs up is an error", func(t *testing.T) {
		t.Parallel()
		_, err := c.service.Export(t.Context(), manager(), suppression.ExportRequest{Writer: hungUp{}})
		require.ErrorIs(t, err, errBroken)
	})
}

type hungUp struct{}

func (hungUp) Write([]byte) (int, error) { return 0, errBroken }

func FuzzImport(f *testing.F) {
	for _, seed := range []string{
		"5046218927\n", "phone,reason\n5046218927,\"x\n", "504,6218927\r\n", "\ufeffvalue;email\n", "a@b.c\n\"", "value\n+9990001\n", "# x\n\n\x00", "\xff\n+15046218927",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		store := &recording{}
		_, err := suppression.New(store, suppression.Config{}).Import(t.Context(), manager(), suppression.ImportRequest{
			Reader: bytes.NewReader(file), List: "fuzz", Version: "1", Batch: 3,
		})
		if err != nil {
			require.True(t, errors.Is(err, outdial.ErrInvalid) || errors.Is(err, outdial.ErrConflict), "%v", err)
		}
		for _, entry := range store.entries {
			again, err := suppression.ParseEntry(entry.Value, "")
			if err != nil {
				require.True(t, outdial.Phone(entry.Value).IsE164(), "whatever is kept is a number or an address")
				again = suppression.NewPhone(outdial.Phone(entry.Value))
			}
			require.Equal(t, again.Key, entry.Key)
		}
	})
}

// recording keeps what an import hands over.
type recording struct {
	swallowing

	entries []suppression.Entry
}

func (r *recording) ImportSuppressions(_ context.Context, p suppression.ImportParams) (suppression.Import, error) {
	r.entries = append(r.entries, p.Entries...)
	return suppression.Import{PublishedAt: noon, Checkpoint: p.To}, nil
}
