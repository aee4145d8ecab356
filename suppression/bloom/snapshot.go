package bloom

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	bitsandblooms "github.com/bits-and-blooms/bloom/v3"
	"github.com/google/uuid"

	"github.com/outdial/outdial/suppression"
)

// A snapshot is a filter as Redis holds it, one value that is written and read whole:
//
//	 0  magic, whose last byte is the version of this layout
//	 8  the number that stands for the hashing
//	16  capacity, 24 share of false positives
//	32  number of bits, 40 positions for each key
//	48  entries
//	56  position in the feed: the number, 64 the id of the event
//	80  the bits, in words
//	    the SHA-256 of all that comes before, which marks the value as complete
//
// Numbers are little-endian, in 8 bytes. A value that was cut off, or begun by somebody
// who set single bits of a key that was gone, does not end with its digest.
const (
	magic        = "outdial\x01"
	headerLength = 80
	digestLength = sha256.Size
)

// maxBits is what fits into a value of Redis.
const maxBits = 512 << 20 * 8

// errUnusable says that there is something in Redis which is not a filter, or not one
// that would do. What it is wrapped in says why.
var errUnusable = errors.New("bloom: of no use")

// header is the beginning of a snapshot.
type header struct {
	size

	entries uint64
	at      suppression.Position
}

// length is that of the whole snapshot.
func (h header) length() uint64 {
	bits, _ := h.parameters()
	return headerLength + 8*words(bits) + digestLength
}

func words(bits uint) uint64 { return (uint64(bits) + 63) / 64 }

func encode(f *filter, at suppression.Position) []byte {
	bits, positions := f.parameters()
	value := make([]byte, 0, header{size: f.size}.length())
	value = append(value, magic...)
	for _, number := range []uint64{
		hashing(), f.capacity, math.Float64bits(f.falsePositives), uint64(bits), uint64(positions), f.entries,
		uint64(at.Number), //nolint:gosec // it counts
	} {
		value = binary.LittleEndian.AppendUint64(value, number)
	}
	value = append(value, at.EventID[:]...)
	for _, word := range f.words() {
		value = binary.LittleEndian.AppendUint64(value, word)
	}
	digest := sha256.Sum256(value)
	return append(value, digest[:]...)
}

// parseHeader reads the beginning of a value that has that length.
func parseHeader(value []byte, length uint64) (header, error) {
	if len(value) < headerLength || string(value[:len(magic)]) != magic {
		return header{}, fmt.Errorf("%w: it is no filter of this version", errUnusable)
	}
	number := func(at int) uint64 { return binary.LittleEndian.Uint64(value[at:]) }
	h := header{
		size:    size{capacity: number(16), falsePositives: math.Float64frombits(number(24))},
		entries: number(48),
		at: suppression.Position{
			Number:  int64(number(56)), //nolint:gosec // a negative one is refused
			EventID: uuid.UUID(value[64:headerLength]),
		},
	}
	if number(8) != hashing() {
		return header{}, fmt.Errorf("%w: its keys were hashed otherwise", errUnusable)
	}
	if !(h.falsePositives > 0 && h.falsePositives < 1) || h.capacity < 1 || h.capacity > maxBits || h.at.Number < 0 {
		return header{}, fmt.Errorf("%w: its numbers make no sense", errUnusable)
	}
	if bits, positions := h.parameters(); number(32) != uint64(bits) || number(40) != uint64(positions) || bits > maxBits {
		return header{}, fmt.Errorf("%w: it has other bits than its size asks for", errUnusable)
	}
	if h.length() != length {
		return header{}, fmt.Errorf("%w: it is %d bytes long and not %d", errUnusable, length, h.length())
	}
	return h, nil
}

// decode returns the filter in a snapshot, or errUnusable.
func decode(value []byte) (*filter, suppression.Position, error) {
	h, err := parseHeader(value, uint64(len(value)))
	if err != nil {
		return nil, suppression.Position{}, err
	}
	body, mark := value[:len(value)-digestLength], value[len(value)-digestLength:]
	if digest := sha256.Sum256(body); string(digest[:]) != string(mark) {
		return nil, suppression.Position{}, fmt.Errorf("%w: it is not complete", errUnusable)
	}
	bits, positions := h.parameters()
	set := make([]uint64, words(bits))
	for i := range set {
		set[i] = binary.LittleEndian.Uint64(body[headerLength+8*i:])
	}
	return &filter{size: h.size, entries: h.entries, bits: bitsandblooms.FromWithM(set, bits, positions)}, h.at, nil
}
