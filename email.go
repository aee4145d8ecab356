package outdial

import (
	"fmt"
	"log/slog"
	"net/mail"
	"strings"
)

// Email is an e-mail address as it was given. Printing or logging it redacts the
// local part.
type Email string

// Address returns the address in full.
func (e Email) Address() string { return string(e) }

// String returns the redacted form.
func (e Email) String() string { return e.Masked() }

// GoString returns the redacted form, so that %#v does not leak the address.
func (e Email) GoString() string { return "outdial.Email(" + e.Masked() + ")" }

// Format implements fmt.Formatter with the redacted form, whatever the verb.
func (e Email) Format(f fmt.State, verb rune) { formatRedacted(f, verb, e.Masked(), e.GoString()) }

// LogValue implements slog.LogValuer with the redacted form.
func (e Email) LogValue() slog.Value { return slog.StringValue(e.Masked()) }

// Masked keeps the domain and hides who it is there.
func (e Email) Masked() string {
	if e == "" {
		return ""
	}
	at := strings.LastIndexByte(string(e), '@')
	if at < 0 {
		return "••••"
	}
	return "••••" + string(e[at:])
}

// Key returns the form that suppression matches on: trimmed and in lower case.
// A plus-address stays what it is, since not every mail server treats it as an
// alias.
func (e Email) Key() string { return strings.ToLower(strings.TrimSpace(string(e))) }

// maxEmail is the longest address SMTP can carry (RFC 5321, 4.5.3.1).
const maxEmail = 254

// ParseEmail checks that raw is one bare address and returns it trimmed. The
// error matches ErrInvalid and never repeats the input.
func ParseEmail(raw string) (Email, error) {
	raw = strings.TrimSpace(raw)
	if raw == "" {
		return "", Invalid("email", "is empty")
	}
	if len(raw) > maxEmail {
		return "", Invalid("email", "is too long")
	}
	address, err := mail.ParseAddress(raw)
	if err != nil || address.Address != raw {
		return "", Invalid("email", "is not an e-mail address")
	}
	return Email(raw), nil
}
