//go:build race

package sqlite_test

// told is how many contacts one row stands for in the statistics. Filling a hundred
// thousand rows takes minutes under the race detector.
const told = 20
