package twilio

import "net/url"

// Signature is what Twilio would send.
func Signature(token, address string, form url.Values) string { return newSigner(token)(address, form) }
