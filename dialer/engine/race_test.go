//go:build race

package engine_test

// raceDetector says whether the race detector was built in. A database in Go takes
// ten times as long with it.
const raceDetector = true
