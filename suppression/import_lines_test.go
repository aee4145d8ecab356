package suppression_test

import (
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
