package twilio

import (
	"errors"
	"fmt"
	"mime"
	"net/url"
	"strings"

	"github.com/outdial/outdial/dialer/telephony"
)

// Config says whose reports are taken. Both fields are required.
type Config struct {
	// AuthTokens are the account's auth tokens; a signature made with any of them is
	// good. There are two while one takes the place of the other.
	AuthTokens []string
	// PublicBaseURL is what stands before telephony.Delivery.URL in the address that
	// Twilio calls, such as https://dial.example.com.
	PublicBaseURL string
}

// Adapter takes Twilio's reports. It is safe for concurrent use and keeps no state.
// Make one with New.
type Adapter struct {
	// bases are the ways in which Twilio may write PublicBaseURL.
	bases []string
	// signers hide the tokens from anything that prints the struct.
	signers []signer
}

// New returns the adapter. The error says which field of cfg cannot be used.
func New(cfg Config) (*Adapter, error) {
	bases, err := spellings(cfg.PublicBaseURL)
	if err != nil {
		return nil, err
	}
	adapter := &Adapter{bases: bases}
	for _, token := range cfg.AuthTokens {
		if token == "" {
			return nil, errors.New("twilio: an auth token is empty")
		}
		adapter.signers = append(adapter.signers, newSigner(token))
	}
	if len(adapter.signers) == 0 {
		return nil, errors.New("twilio: AuthTokens is required")
	}
	return adapter, nil
}

// Events checks who sent the delivery and returns the events that it reports: one, or
// two when a status callback says beside its status who answered, as it does where
// Twilio detects machines before it goes on with the call. The verdict comes first.
//
// Errors match telephony.ErrSignature when it is not Twilio's, and otherwise
// telephony.ErrRepeated, telephony.ErrNotUTF8 or telephony.ErrMalformed. They never
// repeat what was sent.
func (a *Adapter) Events(d telephony.Delivery) ([]telephony.Event, error) {
	_, rawQuery, _ := strings.Cut(d.URL, "?")
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return nil, telephony.Malformed("query", "is malformed")
	}
	sent, err := a.verified(d, query)
	if err != nil {
		return nil, err
	}
	return read(sent, query)
}

// verified returns the parameters of a delivery that has a good signature.
func (a *Adapter) verified(d telephony.Delivery, query url.Values) (parameters, error) {
	kind, _, err := mime.ParseMediaType(d.Field("Content-Type"))
	if err != nil {
		kind = ""
	}
	switch kind {
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(d.Body))
		if err != nil {
			return parameters{}, telephony.Malformed("body", "is not a form")
		}
		if err := a.check(d, form); err != nil {
			return parameters{}, err
		}
		return parametersOfForm(form)
	case "application/json":
		if err := a.check(d, nil); err != nil {
			return parameters{}, err
		}
		if err := checkDigest(d.Body, query[digestParameter]); err != nil {
			return parameters{}, err
		}
		return parametersOfJSON(d.Body)
	default:
		return parameters{}, telephony.Malformed("Content-Type", "must be application/x-www-form-urlencoded or application/json")
	}
}

// check returns an error matching telephony.ErrSignature unless the delivery carries
// one signature, and that with one of the tokens over one way to write the address.
func (a *Adapter) check(d telephony.Delivery, form url.Values) error {
	given := d.Field(signatureHeader)
	if given == "" {
		return fmt.Errorf("%w: there must be one %s header", telephony.ErrSignature, signatureHeader)
	}
	for _, sign := range a.signers {
		for _, base := range a.bases {
			if sign.matches(given, base+d.URL, form) {
				return nil
			}
		}
	}
	return fmt.Errorf("%w: the signature in %s does not match", telephony.ErrSignature, signatureHeader)
}
