package suppression_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/suppression"
)

// forgetful fails once, and then says that it has come to its end.
type forgetful struct {
	text   string
	failed bool
}

func (f *forgetful) Read(p []byte) (int, error) {
	if f.failed {
		return 0, io.EOF
	}
	n := copy(p, f.text)
	if f.text = f.text[n:]; f.text == "" {
		f.failed = true
		return n, errBroken
	}
	return n, nil
}

func TestAnImportWhoseFileBreaksOffGoesOnLater(t *testing.T) {
	t.Parallel()
	const good = "5046218927\n"
	endless := strings.Repeat("0", 200<<10)
	for name, torn := range map[string]io.Reader{
		"in its first bytes":              &forgetful{text: "5046218"},
		"behind its first line":           &forgetful{text: good},
		"with an error that wraps EOF":    io.MultiReader(strings.NewReader(good), iotest.ErrReader(errors.Join(errBroken, io.EOF))),
		"in its second line":              &forgetful{text: good + "50462189"},
		"in a line that is too long":      io.MultiReader(strings.NewReader(good+endless), iotest.ErrReader(errBroken)),
		"behind a line that was too long": io.MultiReader(strings.NewReader(good+endless+"\n5"), iotest.ErrReader(errBroken)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := setup(t)
			_, err := c.service.Import(t.Context(), manager(), list("", func(r *suppression.ImportRequest) { r.Reader = torn }))
			require.ErrorIs(t, err, errBroken, "nobody takes it for the whole file")
			imports, err := c.service.Imports(t.Context(), manager())
			require.NoError(t, err)
			for _, imported := range imports {
				require.Zero(t, imported.CompletedAt)
			}

			rest := "\n5046218928\n"
			if strings.Contains(name, "too long") {
				rest = endless + rest
			}
			report, err := c.service.Import(t.Context(), manager(), list(good+rest))
			require.NoError(t, err)
			require.False(t, report.CompletedAt.IsZero())
			require.Equal(t, []string{"+15046218927", "+15046218928"}, c.keys(t))
		})
	}
}

func TestAReasonIsCutWhereItsListHasALongName(t *testing.T) {
	t.Parallel()
	c := setup(t)
	report, err := c.service.Import(t.Context(), manager(), list("5046218927\n", func(r *suppression.ImportRequest) {
		r.List, r.Version = strings.Repeat("電", 100), strings.Repeat("話", 100)
	}))
	require.NoError(t, err)
	require.Empty(t, report.Problems)
	page, err := c.service.List(t.Context(), manager(), suppression.ListRequest{})
	require.NoError(t, err)
	require.LessOrEqual(t, len(page.Entries[0].Reason), suppression.MaxReason)
	require.True(t, strings.HasPrefix(page.Entries[0].Reason, strings.Repeat("電", 100)+" 話"))
	require.NotContains(t, page.Entries[0].Reason, "\ufffd")
}

func TestALineMayBeSoLongAndNoLonger(t *testing.T) {
	t.Parallel()
	const longest = 4096
	padded := func(end string) string {
		return strings.Repeat(" ", longest-len("5046218927")-len(end)) + "5046218927" + end
	}
	for name, test := range map[string]struct {
		file     string
		rejected int64
	}{
		"with its end":           {padded("\r\n"), 0},
		"without one":            {padded(""), 0},
		"one byte more":          {" " + padded("\n"), 1},
		"one byte more, at last": {" " + padded(""), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := setup(t)
			report, err := c.service.Import(t.Context(), manager(), list("ann@example.com\n"+test.file))
			require.NoError(t, err)
			require.EqualValues(t, 2, report.Lines)
			require.EqualValues(t, len("ann@example.com\n"+test.file), report.Bytes)
			require.Equal(t, test.rejected, report.Rejected)
			require.EqualValues(t, 2-test.rejected, report.Added)
		})
	}
}

func TestABatchIsBoundedByItsEntriesToo(t *testing.T) {
	t.Parallel()
	const columns, lines = 20, 50
	store := &batches{}
	file := "phone" + strings.Repeat(",phone", columns-1) + "\n" +
		strings.Repeat("5046218927"+strings.Repeat(",5046218927", columns-1)+"\n", lines)
	report, err := suppression.New(store, suppression.Config{}).Import(t.Context(), manager(),
		list(file, func(r *suppression.ImportRequest) { r.Batch = 30 }))
	require.NoError(t, err)
	require.EqualValues(t, lines+1, report.Lines)
	total := 0
	for _, size := range store.sizes {
		require.LessOrEqual(t, size, 30+columns)
		total += size
	}
	require.Equal(t, columns*lines, total)
}

// batches keeps how many entries came at once.
type batches struct {
	swallowing

	sizes []int
}

func (b *batches) ImportSuppressions(_ context.Context, p suppression.ImportParams) (suppression.Import, error) {
	b.sizes = append(b.sizes, len(p.Entries))
	return suppression.Import{PublishedAt: noon, Checkpoint: p.To}, nil
}

func TestAnImportWhoseCallerHasGoneDoesNotReadOn(t *testing.T) {
	t.Parallel()
	c := setup(t)
	file := "5046218927\n" + strings.Repeat("# a comment\n", 50_000)
	_, err := c.service.Import(t.Context(), manager(), list(file))
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	again := strings.NewReader(file)
	_, err = c.service.Import(ctx, manager(), list("", func(r *suppression.ImportRequest) {
		r.Reader = readers(func(p []byte) (int, error) {
			if again.Len() < len(file)/2 {
				cancel()
			}
			return again.Read(p)
		})
	}))
	require.ErrorIs(t, err, context.Canceled)
	require.NotZero(t, again.Len(), "though there was something to compare")
}

type readers func(p []byte) (int, error)

func (r readers) Read(p []byte) (int, error) { return r(p) }
