package outdial_test

import (
	"encoding/base64"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
)

func TestPageSize(t *testing.T) {
	t.Parallel()

	for limit, want := range map[int]int{0: outdial.DefaultPage, 1: 1, 7: 7, outdial.MaxPage: outdial.MaxPage} {
		got, err := outdial.PageSize(limit)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, limit := range []int{-1, outdial.MaxPage + 1} {
		_, err := outdial.PageSize(limit)
		require.ErrorIs(t, err, outdial.ErrInvalid)
		require.EqualError(t, err, "limit: must be from 1 to 500")
	}
}

func TestCursor(t *testing.T) {
	t.Parallel()

	t.Run("is read again as what it was made of, and fits into a URL", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			id := uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
			require.Regexp(t, `^[A-Za-z0-9_-]{22}$`, outdial.Cursor(id))
			read, err := outdial.ParseCursor(outdial.Cursor(id))
			require.NoError(t, err)
			require.Equal(t, id, read)
		})
	})
	t.Run("that is empty starts a list", func(t *testing.T) {
		t.Parallel()

		start, err := outdial.ParseCursor("")
		require.NoError(t, err)
		require.Equal(t, uuid.Nil, start)
	})
	t.Run("that no list returned is refused", func(t *testing.T) {
		t.Parallel()

		id := uuid.New()
		for _, text := range []string{
			"spring", id.String(), " ", "\x00",
			base64.RawURLEncoding.EncodeToString(id[:15]), base64.URLEncoding.EncodeToString(id[:]),
		} {
			_, err := outdial.ParseCursor(text)
			require.ErrorIs(t, err, outdial.ErrInvalid, text)
			require.EqualError(t, err, "cursor: is not one that a list returned", text)
		}
	})
}
