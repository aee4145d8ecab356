// Package dialer is the power queue: contacts that the system calls by itself and
// connects to an agent when a person answers.
//
// An Item is a contact waiting in campaign_queue. Each time it is dialed there is
// one Call, a row of call_attempts that collects Facts: when it was placed, when it
// rang, who answered, why it ended. Facts are set once and merged in any order, and
// RetryPolicy.Progress says from the facts alone where the call has brought its
// item. That is what makes webhooks harmless that come late, twice or out of order.
//
// Three things are never true, whatever fails:
//
//   - a phone is in two calls at once, in whatever campaigns: a call that is not
//     settled holds its number;
//   - a call that may exist is placed again: before Carrier.Originate the store
//     keeps that it is about to be made, and when the answer is lost the item is
//     unknown until an event or the carrier says what became of it;
//   - a process that lost its campaign goes on dialing: claims and placements carry
//     the campaign's Lease and are refused once another has taken it.
//
// Service is for hosts and their people: it fills the queue, starts and pauses
// campaigns, claims the next calls. Package dialer/engine is the loop that dials,
// dialer/telephony takes the carrier's events, dialer/presence keeps the agents.
package dialer
