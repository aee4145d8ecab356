// Package suppression holds who must never be called: numbers and addresses on a
// do-not-call or opt-out list, for every campaign or for one.
//
// The guarantee that the rest of the library builds on: no item is pulled, replaced
// in, enqueued or dialed whose phone or e-mail was suppressed by a transaction that
// committed before the claim began. The claiming statement itself asks the database;
// nothing in memory, in Redis or on its way from one process to another has a say. A
// behaviour of that name in package storetest, in the group SuppressionGuarantee, proves
// it of every store while everything happens at once.
//
// Around that guarantee stand three conveniences, and none of them is needed for it:
//
//   - a Service, with which a host changes the list, asks it and imports registries;
//   - a Worker, which follows the list's feed and takes items that can no longer be
//     called out of both queues, so that nobody waits for them;
//   - a Filter (package suppression/bloom), which says of most values from memory that
//     they are not on the list.
package suppression
