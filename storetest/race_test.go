//go:build race

package storetest_test

// raceDetector says whether the tests were built with the race detector, under
// which the model is ten times as slow.
const raceDetector = true
