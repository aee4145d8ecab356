package telephony

import (
	"errors"
	"fmt"

	"github.com/outdial/outdial"
)

// Why a report is refused before it becomes an event. Adapters wrap them; match them
// with errors.Is. An error about one parameter is an *outdial.FieldError too, which
// names it. None of them repeats what was sent: it may be a phone number.
var (
	// ErrSignature means that nobody knows who sent the report.
	ErrSignature = errors.New("the sender is not proven")
	// ErrStale means that the report was signed too long ago, or in the future: it may
	// be a copy that somebody kept.
	ErrStale = errors.New("the signature has expired")
	// ErrTooLarge means that the report is larger than MaxPayload.
	ErrTooLarge = errors.New("the report is too large")
	// ErrRepeated means that a parameter stands twice. Which of the two counts depends
	// on who reads them, so that such a report has no one meaning.
	ErrRepeated = errors.New("a parameter is repeated")
	// ErrNotUTF8 means that the report is in another encoding.
	ErrNotUTF8 = errors.New("the report is not UTF-8")
	// ErrMalformed means that the report can not be understood.
	ErrMalformed = errors.New("the report is malformed")
)

// Reason is what a refused report, or a time that was not believed, is counted
// under.
type Reason string

// The reasons.
const (
	ReasonBadSignature Reason = "bad_signature"
	ReasonStale        Reason = "stale"
	ReasonForbidden    Reason = "forbidden"
	ReasonTooLarge     Reason = "too_large"
	ReasonRepeated     Reason = "repeated_parameter"
	ReasonNotUTF8      Reason = "not_utf8"
	ReasonMalformed    Reason = "malformed"
	// ReasonImplausibleTime is an event from long ago or from the future. It is taken,
	// as of now.
	ReasonImplausibleTime Reason = "implausible_time"
)

// rejections is the one table from errors to reasons; the first row that matches
// counts.
var rejections = []struct {
	err    error
	reason Reason
}{
	{ErrSignature, ReasonBadSignature},
	{ErrStale, ReasonStale},
	{outdial.ErrForbidden, ReasonForbidden},
	{ErrTooLarge, ReasonTooLarge},
	{ErrRepeated, ReasonRepeated},
	{ErrNotUTF8, ReasonNotUTF8},
	{ErrMalformed, ReasonMalformed},
}

// Reasons lists every reason there is, in a stable order.
func Reasons() []Reason {
	reasons := make([]Reason, 0, len(rejections)+1)
	for _, row := range rejections {
		reasons = append(reasons, row.reason)
	}
	return append(reasons, ReasonImplausibleTime)
}

// ReasonOf returns what a refusal is counted under. What no row matches is malformed.
func ReasonOf(err error) Reason {
	for _, row := range rejections {
		if errors.Is(err, row.err) {
			return row.reason
		}
	}
	return ReasonMalformed
}

// Malformed returns an ErrMalformed about one parameter.
func Malformed(parameter, problem string) error {
	return fmt.Errorf("%w: %w", ErrMalformed, outdial.Invalid(parameter, problem))
}

// Repeated returns an ErrRepeated about one parameter.
func Repeated(parameter string) error {
	return fmt.Errorf("%w: %w", ErrRepeated, outdial.Invalid(parameter, "is given twice"))
}

// NotUTF8 returns an ErrNotUTF8 about one parameter, or about the body.
func NotUTF8(parameter string) error {
	return fmt.Errorf("%w: %w", ErrNotUTF8, outdial.Invalid(parameter, "is not UTF-8"))
}

// TooLarge returns an ErrTooLarge.
func TooLarge() error {
	return fmt.Errorf("%w: it has more than %d bytes", ErrTooLarge, MaxPayload)
}
