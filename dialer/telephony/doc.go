// Package telephony takes what carriers report about calls.
//
// Reports come by webhooks: late, twice, out of order, sometimes about calls that
// nobody knows. Handler keeps each report once, merges what it says into the facts
// of its call, and moves the call's item to where the facts say, in one transaction.
// What was kept can be run again with Replay, which changes nothing on a call that
// has had it all.
//
// Adapters turn what a provider sends into an Event: telephony/twilio for Twilio,
// telephony/webhook for everybody who signs JSON as Standard Webhooks describes.
package telephony
