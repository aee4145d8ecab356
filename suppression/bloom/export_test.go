package bloom

import "github.com/outdial/outdial/suppression"

// What the tests of the form in Redis need to see.
const HeaderLength = headerLength

var ErrUnusable = errUnusable

// Encode returns a snapshot of a filter that is made for so many entries and holds the
// keys.
func Encode(capacity uint64, falsePositives float64, at suppression.Position, keys ...string) []byte {
	f := newFilter(size{capacity: capacity, falsePositives: falsePositives})
	for _, key := range keys {
		f.add(key)
	}
	return encode(f, at)
}

// Decode returns how a snapshot answers, and its position.
func Decode(value []byte) (has func(key string) bool, at suppression.Position, err error) {
	f, at, err := decode(value)
	if err != nil {
		return nil, at, err
	}
	return f.has, at, nil
}

// ParseHeader reads the beginning of a value of that length.
func ParseHeader(beginning []byte, length uint64) (at suppression.Position, entries uint64, err error) {
	h, err := parseHeader(beginning, length)
	return h.at, h.entries, err
}

// Hashing is the number that stands for the hashing.
func Hashing() uint64 { return hashing() }
