// Package disposition is what follows a call: an agent presses one button, and the
// server decides what that means, always the same way.
//
// Map is the one table from codes to effects, with a host's own labels as aliases. A
// label that it does not know is an error and never a guess. Service.Record applies a
// disposition to an item of either queue in one transaction: the item, the contact's
// ledger, leads, the list of those who must not be called, and every queue that holds
// somebody who was put on it. Decide is the rule behind it, from its arguments alone.
//
// How often and when a contact is tried again is dialer.RetryPolicy, which each
// campaign may override; attempts of both queues count together.
package disposition
