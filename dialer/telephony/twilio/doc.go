// Package twilio turns what Twilio reports about calls into telephony events.
//
// Twilio sends status callbacks, one for each step of a call, and callbacks of
// answering machine detection. Each carries X-Twilio-Signature: an HMAC-SHA1 with the
// account's auth token over the address that Twilio called and the parameters of the
// form. Of a JSON body Twilio signs the SHA-256, which stands in the address. The
// address is the public one, which a server behind a proxy does not see, so it is
// configured.
//
// A signature has no time in it. A report that somebody kept and sends again is a
// copy of an event that is there already, and changes nothing.
//
// To have every step reported, create calls with the address that CallbackURL returns
// as StatusCallback and AsyncAmdStatusCallback, with the events initiated, ringing,
// answered and completed. Left to itself Twilio sends a report once more only when it
// could not connect. A fragment such as #rc=5&rp=all in the address asks it to try
// again up to five times on any failure; it is no part of what is signed.
package twilio
