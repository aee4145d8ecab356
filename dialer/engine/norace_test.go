//go:build !race

package engine_test

// raceDetector says whether the race detector was built in.
const raceDetector = false
