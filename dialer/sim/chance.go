package sim

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// chance is one sequence of decisions. It is not safe for concurrent use.
type chance struct{ *rand.Rand }

// newChance returns the sequence that belongs to a seed, a name and a number: the
// same one each time.
func newChance(seed uint64, name string, number int) chance {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(name))
	return chance{rand.New(rand.NewPCG(seed, hash.Sum64()+uint64(number)))} //nolint:gosec // a simulation must be repeatable
}

// happens says yes in that share of cases.
func (c chance) happens(share float64) bool { return c.Float64() < share }

// within draws from a span.
func (c chance) within(s Span) time.Duration {
	if s.To <= s.From {
		return s.From
	}
	return s.From + time.Duration(c.Int64N(int64(s.To-s.From)+1))
}

// around draws a duration with that mean, most of them shorter.
func (c chance) around(mean time.Duration) time.Duration {
	return time.Duration(c.ExpFloat64() * float64(mean))
}
