package webhook

import (
	"crypto/hmac"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/outdial/outdial/dialer/telephony"
)

// DefaultTolerance is how far the times of sending and of receiving may be apart.
const DefaultTolerance = 5 * time.Minute

// Config says which messages are good. Secrets is required.
type Config struct {
	// Secrets are what messages may be signed with: whsec_ and a key in base64. There
	// are two while one takes the place of the other.
	Secrets []string
	// Tolerance is how far the time of sending may lie in the past or in the future. It
	// bounds for how long a copy of a message is good.
	// Defaults to DefaultTolerance.
	Tolerance time.Duration
	// Clock tells the time of receiving. Defaults to the system's clock.
	Clock clock.Clock
}

// WithDefaults returns a copy in which every optional field that was left out has its
// default.
func (c Config) WithDefaults() Config {
	if c.Tolerance <= 0 {
		c.Tolerance = DefaultTolerance
	}
	if c.Clock == nil {
		c.Clock = clock.New()
	}
	return c
}

// Verifier takes signed reports. It is safe for concurrent use and keeps no state.
// Make one with New.
type Verifier struct {
	cfg  Config
	macs []mac
}

// New returns the verifier. The error says which field of cfg cannot be used.
func New(cfg Config) (*Verifier, error) {
	cfg = cfg.WithDefaults()
	v := &Verifier{}
	for _, secret := range cfg.Secrets {
		sign, err := newMAC(secret)
		if err != nil {
			return nil, err
		}
		v.macs = append(v.macs, sign)
	}
	if len(v.macs) == 0 {
		return nil, errors.New("webhook: Secrets is required")
	}
	cfg.Secrets = nil
	v.cfg = cfg
	return v, nil
}

// Event checks who sent the delivery and when, and returns the event that it reports.
// Errors match telephony.ErrSignature or telephony.ErrStale, and otherwise are those
// of Decode. They never repeat what was sent.
func (v *Verifier) Event(d telephony.Delivery) (telephony.Event, error) {
	if err := v.verify(d); err != nil {
		return telephony.Event{}, err
	}
	return Decode(d.Body)
}

// verify looks at the time last, so that only who has the secret is told that a
// message is stale.
func (v *Verifier) verify(d telephony.Delivery) error {
	id, timestamp := d.Field(HeaderID), d.Field(HeaderTimestamp)
	signatures := d.Field(HeaderSignature)
	if !goodID(id) || timestamp == "" || signatures == "" {
		return fmt.Errorf("%w: there must be one each of %s, %s and %s",
			telephony.ErrSignature, HeaderID, HeaderTimestamp, HeaderSignature)
	}
	if !v.signed(signatures, id, timestamp, d.Body) {
		return fmt.Errorf("%w: no signature in %s matches", telephony.ErrSignature, HeaderSignature)
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: %s is not a number of seconds", telephony.ErrSignature, HeaderTimestamp)
	}
	if apart := v.cfg.Clock.Now().Sub(time.Unix(seconds, 0)).Abs(); apart > v.cfg.Tolerance {
		return fmt.Errorf("%w: %s is more than %s away", telephony.ErrStale, HeaderTimestamp, v.cfg.Tolerance)
	}
	return nil
}

// signed says whether one of the signatures is made with one of the secrets. It
// compares the texts rather than the bytes that they stand for: two texts in base64
// may stand for the same bytes.
func (v *Verifier) signed(signatures, id, timestamp string, body []byte) bool {
	for _, sign := range v.macs {
		want := []byte(versionPrefix + sign(id, timestamp, body))
		for given := range strings.SplitSeq(signatures, " ") {
			if hmac.Equal([]byte(given), want) {
				return true
			}
		}
	}
	return false
}
