package docpage_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/outdial/outdial/internal/docpage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type (
	word  string
	other string
)

func TestComments(t *testing.T) {
	t.Parallel()

	file := filepath.Join(t.TempDir(), "words.go")
	require.NoError(t, os.WriteFile(file, []byte(`package words

const (
	// WordOne is the first
	// of two | words.
	WordOne word = "one"
	// OtherOne gives another.
	OtherOne other = "one"
	WordTwo  word  = "two"
	// Untyped and numbers are no words.
	Untyped = "three"
	// Number too.
	Number int = 3
)
`), 0o600))
	comments := docpage.Read(t, file)
	require.Equal(t, `The first of two \| words.`, comments.Of(word("one")))
	require.Equal(t, "Gives another.", comments.Of(other("one")), "constants of two types may have one value")
}

func TestRequire(t *testing.T) {
	t.Parallel()

	file := filepath.Join(t.TempDir(), "page.md")
	docpage.Require(t, file, "# A page\n", "go test", true)
	docpage.Require(t, file, "# A page\n", "go test", false)
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "# A page\n", string(written))
}

func TestCoded(t *testing.T) {
	t.Parallel()

	require.Equal(t, "`one`, `two`", docpage.Coded([]word{"one", "two"}))
	require.Equal(t, "none", docpage.Coded([]word{}))
	require.Equal(t, []string{"yes", "no"}, []string{docpage.YesNo(true), docpage.YesNo(false)})
}
