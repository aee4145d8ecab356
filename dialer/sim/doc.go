// Package sim plays the world around the dialer: a carrier with its lines and its
// faults, the people and machines it calls, and agents at work.
//
// Carrier is a dialer.Carrier whose every decision follows from a seed, the number
// dialed and how often that was, so that a run can be repeated whatever order
// goroutines ran in. It does what real carriers do to a dialer: it loses answers,
// reports late, twice, out of order and not at all. It also keeps the books: what
// was placed, for whom, and whether a phone was ever in two calls at once.
//
// Everything follows the clock of its configuration. With the system's clock it
// serves demonstrations; with a mock, or in a bubble of testing/synctest, hours pass
// in moments.
package sim
