package bloom

import (
	"encoding/binary"
	"hash/fnv"

	bitsandblooms "github.com/bits-and-blooms/bloom/v3"
)

// size is what a filter is made for: with that many entries it takes that share of all
// other values for entries.
type size struct {
	capacity       uint64
	falsePositives float64
}

// parameters are the number of bits and of positions for each key.
func (s size) parameters() (bits, positions uint) {
	return bitsandblooms.EstimateParameters(uint(s.capacity), s.falsePositives)
}

// suits says whether a filter of this size serves where the other one is wanted.
func (s size) suits(wanted size) bool {
	return s.capacity >= wanted.capacity && s.falsePositives <= wanted.falsePositives
}

// filter is a set of keys that forgets none and takes some others for its own. Keys
// of both kinds are in one set: a number does not look like an address, and one that
// did would only cost a question. Several goroutines may ask it at once, or one may
// add to it.
type filter struct {
	size

	// entries is how many different keys were added, less the few that were taken for
	// keys already.
	entries uint64
	bits    *bitsandblooms.BloomFilter
}

func newFilter(s size) *filter {
	return &filter{size: s, bits: bitsandblooms.New(s.parameters())}
}

func (f *filter) add(key string) {
	if !f.bits.TestOrAddString(key) {
		f.entries++
	}
}

func (f *filter) has(key string) bool { return f.bits.TestString(key) }

func (f *filter) outgrown() bool { return f.entries > f.capacity }

// words are the bits, 64 in each.
func (f *filter) words() []uint64 { return f.bits.BitSet().Words() }

// hashing stands for the way in which a key becomes positions. Where another version
// of the library does it differently, keys are not found in a filter of this one's, and
// the number is another.
func hashing() uint64 {
	digest := fnv.New64a()
	var word [8]byte
	for _, key := range []string{"", "+15046218927", "jbutt@gmail.com", "a key that is longer than two blocks"} {
		for _, position := range bitsandblooms.Locations([]byte(key), 32) {
			binary.LittleEndian.PutUint64(word[:], position)
			_, _ = digest.Write(word[:])
		}
	}
	return digest.Sum64()
}
