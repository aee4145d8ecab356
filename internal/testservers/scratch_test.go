package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNewScratch(t *testing.T) {
	t.Parallel()

	long := time.Now().Add(-2 * scratchAge)

	t.Run("removes what a killed run left", func(t *testing.T) {
		t.Parallel()

		parent := t.TempDir()
		left := filepath.Join(parent, scratchPrefix+"left")
		require.NoError(t, os.MkdirAll(filepath.Join(left, "postgres"), 0o700))
		require.NoError(t, os.Chtimes(left, long, long))

		s, err := newScratch(parent)
		require.NoError(t, err)
		t.Cleanup(s.remove)
		require.NoDirExists(t, left)
	})

	t.Run("leaves a living run alone however old", func(t *testing.T) {
		t.Parallel()

		parent := t.TempDir()
		living, err := newScratch(parent)
		require.NoError(t, err)
		t.Cleanup(living.remove)
		require.NoError(t, os.Chtimes(living.dir, long, long))

		s, err := newScratch(parent)
		require.NoError(t, err)
		t.Cleanup(s.remove)
		require.DirExists(t, living.dir)
	})

	t.Run("leaves one that is just starting alone", func(t *testing.T) {
		t.Parallel()

		parent := t.TempDir()
		starting := filepath.Join(parent, scratchPrefix+"starting")
		require.NoError(t, os.Mkdir(starting, 0o700))

		s, err := newScratch(parent)
		require.NoError(t, err)
		t.Cleanup(s.remove)
		require.DirExists(t, starting)
	})

	t.Run("can be removed twice", func(t *testing.T) {
		t.Parallel()

		s, err := newScratch(t.TempDir())
		require.NoError(t, err)
		s.remove()
		s.remove()
		require.NoDirExists(t, s.dir)
	})
}
