// Package httpapi serves the queues over HTTP: JSON in, JSON out, on the standard
// library's ServeMux.
//
// New returns one http.Handler. Every route stands in one table, from which the
// mux is built and which openapi.yaml, served at /openapi.yaml, is tested
// against. A request is answered in this order: who asks (401), whether the
// feature is on (404), whether the token allows it (403), what was sent (400, 413,
// 415), and only then the service, which checks the same again and decides the
// rest. Nothing is read of a body that would be refused anyway.
//
// Errors are problem details (RFC 9457) whose member "error" is a code that
// programs can rely on and whose member "field" names what was wrong with the
// request. The cause of a 500 goes to the log, under the id that the response
// carries in X-Request-Id, and never to the caller.
//
// Who asks is decided by an Authenticator. JWT is the one that comes along; a
// host with its own sessions brings its own. Tokens signed by somebody else's
// published keys (JWKS) are such a case.
//
// Carriers report under /webhooks and are known by their signature. What they are
// answered decides whether a report is sent again. One that was taken is 204, and so is
// a copy of one, one about a call that nobody knows, and one whose time cannot be true:
// to send those again would change nothing. One that can never be taken is 400, 401,
// 403, 413 or 415. Only when the store fails is it to come again: 503, with
// Retry-After.
//
// Whom the suppression list is about stands in bodies and never in an address, since
// addresses end up in logs; no problem repeats it.
//
// The handler sets no timeouts. They belong to the http.Server around it, and a
// ReadTimeout there bounds how long an upload may take. A do-not-call file that is cut
// off goes on where it stopped when it is sent again.
package httpapi
