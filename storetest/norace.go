//go:build !race

package storetest

// raceDetector says whether the race detector was built in. A database in Go
// takes ten times as long with it.
const raceDetector = false
