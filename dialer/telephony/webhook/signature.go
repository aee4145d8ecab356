package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed message.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

const (
	secretPrefix  = "whsec_"
	versionPrefix = "v1,"
	// minSecret is how long a key must be at least, in bytes.
	minSecret = 24
	// newSecretSize is how long a new key is, in bytes.
	newSecretSize = 32
	// maxID is how long the id of a message may be, in bytes.
	maxID = 200
)

// NewSecret returns a secret that nobody has seen, in the form that both sides are
// configured with.
func NewSecret() string {
	key := make([]byte, newSecretSize)
	_, _ = rand.Read(key) // It never fails.
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// mac returns the signature of a message, in base64. It hides its key from anything
// that prints it.
type mac func(id, timestamp string, body []byte) string

func newMAC(secret string) (mac, error) {
	encoded, ok := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) < minSecret {
		return nil, fmt.Errorf("webhook: a secret must be %s and at least %d bytes in base64", secretPrefix, minSecret)
	}
	return func(id, timestamp string, body []byte) string {
		sum := hmac.New(sha256.New, key)
		sum.Write([]byte(id + "." + timestamp + "."))
		sum.Write(body)
		return base64.StdEncoding.EncodeToString(sum.Sum(nil))
	}, nil
}

// Message is what a Signer signs.
type Message struct {
	// ID names the message; one that is sent again keeps it. It is visible ASCII without
	// a full stop.
	ID string
	// At is the time of sending.
	At   time.Time
	Body []byte
}

// Signer signs messages. It is safe for concurrent use. Make one with NewSigner.
type Signer struct{ sign mac }

// NewSigner returns a signer. The error says what is wrong with the secret and does
// not repeat it.
func NewSigner(secret string) (*Signer, error) {
	sign, err := newMAC(secret)
	if err != nil {
		return nil, err
	}
	return &Signer{sign: sign}, nil
}

// Sign returns the headers with which to send the message.
func (s *Signer) Sign(m Message) (map[string]string, error) {
	if !goodID(m.ID) {
		return nil, errors.New("webhook: the id of a message must be visible ASCII without a full stop")
	}
	timestamp := strconv.FormatInt(m.At.Unix(), 10)
	return map[string]string{
		HeaderID: m.ID, HeaderTimestamp: timestamp,
		HeaderSignature: versionPrefix + s.sign(m.ID, timestamp, m.Body),
	}, nil
}

// goodID says whether an id may be signed. With a full stop in it, one signature
// could stand for two messages.
func goodID(id string) bool {
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' || id[i] == '.' {
			return false
		}
	}
	return id != "" && len(id) <= maxID
}
