package outdial_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
)

func TestNewID(t *testing.T) {
	t.Parallel()

	t.Run("is a UUID of version 7", func(t *testing.T) {
		t.Parallel()

		id, err := outdial.NewID()
		require.NoError(t, err)
		require.Equal(t, uuid.Version(7), id.Version())
		require.Equal(t, uuid.RFC4122, id.Variant())
	})
	t.Run("sorts after every id made before", func(t *testing.T) {
		t.Parallel()

		var last uuid.UUID
		for range 10_000 {
			id, err := outdial.NewID()
			require.NoError(t, err)
			require.Positive(t, bytes.Compare(id[:], last[:]), "%s after %s", id, last)
			require.Greater(t, id.String(), last.String(), "the text sorts as the bytes do")
			last = id
		}
	})
	t.Run("is never made twice, whoever asks at the same time", func(t *testing.T) {
		t.Parallel()

		const makers, each = 8, 2_000
		made := make([][]uuid.UUID, makers)
		var wg sync.WaitGroup
		for maker := range makers {
			wg.Go(func() {
				for range each {
					id, err := outdial.NewID()
					if err != nil {
						return
					}
					made[maker] = append(made[maker], id)
				}
			})
		}
		wg.Wait()
		unique := map[uuid.UUID]struct{}{}
		for _, ids := range made {
			for _, id := range ids {
				unique[id] = struct{}{}
			}
		}
		require.Len(t, unique, makers*each)
	})
}

// The source of randomness belongs to the whole process, so that this test runs
// while no parallel one does.
func TestNewIDFailsWithTheRandomSource(t *testing.T) { //nolint:paralleltest // see above
	broken := errors.New("no entropy")
	uuid.SetRand(iotest.ErrReader(broken))
	defer uuid.SetRand(nil)

	id, err := outdial.NewID()
	require.ErrorIs(t, err, broken)
	require.Equal(t, uuid.Nil, id)
}

func TestRequireID(t *testing.T) {
	t.Parallel()

	require.NoError(t, outdial.RequireID("campaign_id", uuid.New()))
	var field *outdial.FieldError
	require.ErrorAs(t, outdial.RequireID("campaign_id", uuid.Nil), &field)
	require.Equal(t, outdial.FieldError{Field: "campaign_id", Problem: "is required"}, *field)
}

func TestParseID(t *testing.T) {
	t.Parallel()

	const plain = "0190c6f4-5b1e-7c1d-9f4e-2f6d1c0a9b8e"
	t.Run("reads the plain form", func(t *testing.T) {
		t.Parallel()

		id, err := outdial.ParseID("campaign_id", plain)
		require.NoError(t, err)
		require.Equal(t, plain, id.String())
	})
	t.Run("reads upper case", func(t *testing.T) {
		t.Parallel()

		id, err := outdial.ParseID("campaign_id", strings.ToUpper(plain))
		require.NoError(t, err)
		require.Equal(t, plain, id.String())
	})
	t.Run("reads back every id that is written", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			id := uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
			if id == uuid.Nil {
				t.Skip("the nil UUID")
			}
			again, err := outdial.ParseID("id", id.String())
			require.NoError(t, err)
			require.Equal(t, id, again)
		})
	})

	tests := []struct {
		name, text, problem string
	}{
		{"nothing is an id that is missing", "", "is required"},
		{"blanks are no id", " ", "is not a UUID"},
		{"a word is no id", "spring", "is not a UUID"},
		{"a number is no id", "42", "is not a UUID"},
		{"a digit too few", plain[:35], "is not a UUID"},
		{"a digit too many", plain + "0", "is not a UUID"},
		{"a letter that is no digit", "g" + plain[1:], "is not a UUID"},
		{"hyphens in the wrong places", "0190c6f45b1e-7c1d-9f4e-2f6d1c0a9b8e-", "is not a UUID"},
		{"no hyphens", strings.ReplaceAll(plain, "-", ""), "is not a UUID"},
		{"braces", "{" + plain + "}", "is not a UUID"},
		{"a URN", "urn:uuid:" + plain, "is not a UUID"},
		{"a blank in front", " " + plain, "is not a UUID"},
		{"a NUL", plain[:35] + "\x00", "is not a UUID"},
		{"SQL", "' OR 1=1 -- 0123456789012345678901234", "is not a UUID"},
		{"a million characters", strings.Repeat("0", 1_000_000), "is not a UUID"},
		{"the nil UUID is nobody", uuid.Nil.String(), "must not be the nil UUID"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			id, err := outdial.ParseID("agent_id", test.text)
			requireFieldError(t, err, "agent_id", test.problem)
			require.Equal(t, uuid.Nil, id)
		})
	}
}
