package twilio

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Twilio's choice. An HMAC does not rest on what SHA-1 lacks.
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/outdial/outdial/dialer/telephony"
)

const (
	signatureHeader = "X-Twilio-Signature"
	// digestParameter is the parameter of the address that holds the SHA-256 of a JSON
	// body, in hexadecimal.
	digestParameter = "bodySHA256"
)

// signer returns Twilio's signature of an address and a form.
type signer func(address string, form url.Values) string

func newSigner(token string) signer {
	key := []byte(token)
	return func(address string, form url.Values) string {
		mac := hmac.New(sha1.New, key)
		mac.Write([]byte(signedText(address, form)))
		return base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
}

// matches compares the texts rather than the bytes that they stand for: two texts in
// base64 may stand for the same bytes.
func (s signer) matches(given, address string, form url.Values) bool {
	return hmac.Equal([]byte(given), []byte(s(address, form)))
}

// signedText is the address and after it each parameter and its value, in the order
// of names. Of a parameter that is repeated each value counts once, in their order.
func signedText(address string, form url.Values) string {
	var text strings.Builder
	text.WriteString(address)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		values := slices.Clone(form[name])
		slices.Sort(values)
		for _, value := range slices.Compact(values) {
			text.WriteString(name)
			text.WriteString(value)
		}
	}
	return text.String()
}

// checkDigest says whether the body is the one whose digest stands in the address,
// which the signature covers.
func checkDigest(body []byte, given []string) error {
	sum := sha256.Sum256(body)
	if len(given) != 1 || !hmac.Equal([]byte(given[0]), []byte(hex.EncodeToString(sum[:]))) {
		return fmt.Errorf("%w: %s is not that of the body", telephony.ErrSignature, digestParameter)
	}
	return nil
}

// spellings returns the ways in which Twilio may have written the address that it
// signs: with a port and without, since Twilio itself has done both.
func spellings(base string) ([]string, error) {
	address, err := url.Parse(strings.TrimSuffix(base, "/"))
	standard := map[string]string{"http": "80", "https": "443"}
	if err != nil || standard[address.Scheme] == "" || address.Hostname() == "" ||
		address.RawQuery != "" || address.ForceQuery || address.Fragment != "" {
		return nil, errors.New("twilio: PublicBaseURL must be the beginning of an address, such as https://dial.example.com")
	}
	other := *address
	if address.Port() == "" {
		other.Host = net.JoinHostPort(address.Hostname(), standard[address.Scheme])
	} else {
		other.Host = strings.TrimSuffix(address.Host, ":"+address.Port())
	}
	return []string{address.String(), other.String()}, nil
}
