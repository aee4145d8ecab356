// Package queue is the manual queue: which contact an agent calls next, and the
// promise that no contact is ever with two agents of one campaign.
//
// Service is what a host calls. It checks who asks, what they ask and whether the
// feature is on; Store is what a database implements, one atomic step a method.
// The life of an item is one table, Transitions; the reasons for leaving a
// contact out are another, SkipReasons.
//
// Replace sets an agent's queue to exactly the contacts that match a filter.
// Preview says beforehand what Replace would do. Pull hands out the next contact
// under a lock of some minutes; Start, Heartbeat and Release work on the locked
// item and name the lock_version they have seen, so that whoever comes late is
// refused instead of overwriting what happened since.
package queue
