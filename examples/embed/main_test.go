package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/outdial/outdial/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const said = "2 in the queue, call Abel at +18102929388\n"

func TestTheAgentGetsTheContactOfTheHighestPriority(t *testing.T) {
	t.Parallel()
	st, err := sqlite.Open(t.Context(), sqlite.Memory)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	require.NoError(t, st.Migrate(t.Context()))
	var out strings.Builder
	require.NoError(t, work(t.Context(), st, &out))
	require.Equal(t, said, out.String())
}

func TestTheProgramRuns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "embed")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	printed, err := exec.CommandContext(t.Context(), path).Output()
	require.NoError(t, err)
	require.Equal(t, said, string(printed))
}

func TestAClosedStoreIsAnError(t *testing.T) {
	t.Parallel()
	st, err := sqlite.Open(t.Context(), sqlite.Memory)
	require.NoError(t, err)
	require.NoError(t, st.Close())
	require.Error(t, work(t.Context(), st, os.Stdout))
}
