package bloom_test

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/suppression"
	"github.com/outdial/outdial/suppression/bloom"
)

var somewhere = suppression.Position{Number: 7, EventID: uuid.MustParse("0190c6f4-0000-7000-8000-00000000000a")}

func TestSnapshot(t *testing.T) {
	t.Parallel()

	t.Run("a filter is what it was when it is read again", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			keys := rapid.SliceOf(rapid.String()).Draw(t, "keys")
			capacity := rapid.Uint64Range(1, 5000).Draw(t, "capacity")
			rate := rapid.Float64Range(1e-9, 0.5).Draw(t, "false positives")
			at := suppression.Position{
				Number:  rapid.Int64Range(0, math.MaxInt64).Draw(t, "number"),
				EventID: uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")),
			}
			value := bloom.Encode(capacity, rate, at, keys...)
			has, found, err := bloom.Decode(value)
			require.NoError(t, err)
			require.Equal(t, at, found)
			for _, key := range keys {
				require.True(t, has(key))
			}
			at, entries, err := bloom.ParseHeader(value[:bloom.HeaderLength], uint64(len(value)))
			require.NoError(t, err)
			require.Equal(t, found, at)
			require.LessOrEqual(t, entries, uint64(len(keys)))
		})
	})
	t.Run("one of whose bytes another is wrong is of no use", func(t *testing.T) {
		t.Parallel()

		value := bloom.Encode(10, 0.01, somewhere, ann, bob)
		for i := range value {
			value[i] ^= 0x10
			_, _, err := bloom.Decode(value)
			require.ErrorIs(t, err, bloom.ErrUnusable, "byte %d", i)
			value[i] ^= 0x10
		}
		_, _, err := bloom.Decode(value)
		require.NoError(t, err)
	})
	t.Run("one that is shorter or longer is of no use", func(t *testing.T) {
		t.Parallel()

		value := bloom.Encode(10, 0.01, somewhere, ann, bob)
		for length := range value {
			_, _, err := bloom.Decode(value[:length])
			require.ErrorIs(t, err, bloom.ErrUnusable, "%d bytes", length)
		}
		_, _, err := bloom.Decode(append(value, 0))
		require.ErrorIs(t, err, bloom.ErrUnusable)
	})
}

// TestUnusable goes through what a value can say that is complete in itself.
func TestUnusable(t *testing.T) {
	t.Parallel()

	put := func(at int, number uint64) func([]byte) {
		return func(value []byte) { binary.LittleEndian.PutUint64(value[at:], number) }
	}
	for name, c := range map[string]struct {
		change func(value []byte)
		says   string
	}{
		"of another version":            {func(value []byte) { value[7]++ }, "no filter of this version"},
		"hashed otherwise":              {put(8, bloom.Hashing()+1), "hashed otherwise"},
		"for nothing":                   {put(16, 0), "make no sense"},
		"for more than there can be":    {put(16, math.MaxUint64), "make no sense"},
		"of a capacity beyond Redis":    {put(16, 1<<32), "other bits"},
		"that takes all for its own":    {put(24, math.Float64bits(1)), "make no sense"},
		"that takes none for its own":   {put(24, math.Float64bits(0)), "make no sense"},
		"of a rate that is no number":   {put(24, math.Float64bits(math.NaN())), "make no sense"},
		"of another capacity":           {put(16, 11), "other bits"},
		"of other bits":                 {put(32, 97), "other bits"},
		"of other positions":            {put(40, 1), "other bits"},
		"from before the feed's begin":  {put(56, math.MaxUint64), "make no sense"},
		"of another length than it has": {func(value []byte) { put(16, 100)(value); put(32, 959)(value) }, "bytes long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			value := bloom.Encode(10, 0.01, somewhere, ann)
			c.change(value)
			seal(value)
			_, _, err := bloom.Decode(value)
			require.ErrorIs(t, err, bloom.ErrUnusable)
			require.ErrorContains(t, err, c.says)
		})
	}
	t.Run("none of that", func(t *testing.T) {
		t.Parallel()

		value := bloom.Encode(10, 0.01, somewhere, ann)
		seal(value)
		_, _, err := bloom.Decode(value)
		require.NoError(t, err)
	})
}

// seal marks a value as complete.
func seal(value []byte) {
	end := len(value) - sha256.Size
	digest := sha256.Sum256(value[:end])
	copy(value[end:], digest[:])
}

// TestHashingIsWhatItWas fails when keys become other positions than they did: filters
// in Redis are then built anew once, which the changelog should say.
func TestHashingIsWhatItWas(t *testing.T) {
	t.Parallel()

	require.Equal(t, uint64(0xeceb06d132a5f3a2), bloom.Hashing())
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(bloom.Encode(1, 0.5, suppression.Position{}))
	f.Add(bloom.Encode(10, 0.01, somewhere, ann, bob))
	f.Add(bloom.Encode(10, 0.01, somewhere, ann, bob)[:bloom.HeaderLength])
	f.Add(bloom.Encode(500, 1e-9, somewhere, ann))
	f.Fuzz(func(t *testing.T, data []byte) {
		requireEither(t, data)
		// Nobody guesses a digest, so what comes after its test is reached with a right one.
		if len(data) >= sha256.Size {
			seal(data)
			requireEither(t, data)
		}
	})
}

// requireEither asks of a value that it is refused, or a filter that answers.
func requireEither(t *testing.T, data []byte) {
	t.Helper()
	at, _, headerErr := bloom.ParseHeader(data, uint64(len(data)))
	has, found, err := bloom.Decode(data)
	if err != nil {
		require.ErrorIs(t, err, bloom.ErrUnusable)
		return
	}
	require.NoError(t, headerErr)
	require.Equal(t, found, at)
	require.GreaterOrEqual(t, at.Number, int64(0))
	has(ann)
}
