package telephony

import (
	"fmt"
	"math"
	"slices"

	"github.com/google/uuid"

	"github.com/outdial/outdial/dialer"
)

// MaxCallSID is how long a carrier's name for a call may be, in bytes.
const MaxCallSID = 200

// checked returns the event in the form that a store takes, or an error matching
// outdial.ErrInvalid that says what is wrong with it.
func checked(e Event) (Event, error) {
	switch {
	case !visible(e.Source):
		return e, Malformed("source", "must be a word")
	case !e.Type.Known():
		return e, Malformed("type", "is not a type of event")
	case e.CallSID == "":
		return e, Malformed("call_sid", "is required")
	case len(e.CallSID) > MaxCallSID:
		return e, Malformed("call_sid", fmt.Sprintf("is longer than %d bytes", MaxCallSID))
	case !visible(e.CallSID):
		return e, Malformed("call_sid", "must be visible ASCII characters without spaces")
	case e.Seq < 0 || e.Seq > math.MaxInt32:
		return e, Malformed("seq", mustBeNumber)
	}
	if err := checkRef(e.Ref); err != nil {
		return e, err
	}
	if err := checkVerdict(e); err != nil {
		return e, err
	}
	payload, err := storable(e.Payload)
	if err != nil {
		return e, err
	}
	e.Payload = payload
	e.At = kept(e.At)
	return e, nil
}

// checkRef says whether the Ref names an attempt or none.
func checkRef(ref dialer.Ref) error {
	switch {
	case ref == dialer.Ref{}:
		return nil
	case ref.CampaignID == uuid.Nil:
		return Malformed("campaign_id", "is required beside item_id and lock_version")
	case ref.ItemID == uuid.Nil:
		return Malformed("item_id", "is required beside campaign_id and lock_version")
	case ref.LockVersion < 0 || ref.LockVersion > math.MaxInt32:
		return Malformed("lock_version", mustBeNumber)
	}
	return nil
}

// checkVerdict says whether the event has what its type asks for, and nothing that
// belongs to another.
func checkVerdict(e Event) error {
	switch {
	case e.Type == TypeAMD && !slices.Contains(dialer.AMDVerdicts(), e.AMD):
		return Malformed("amd", "is not a verdict of answering machine detection")
	case e.Type != TypeAMD && e.AMD != "":
		return Malformed("amd", "belongs to events of type amd")
	case e.Type == TypeEnded && !slices.Contains(dialer.Causes(), e.Cause):
		return Malformed("cause", "is not a cause for a call to end")
	case e.Type != TypeEnded && e.Cause != "":
		return Malformed("cause", "belongs to events of type ended")
	}
	return nil
}

// visible says whether text is something, and all of it visible ASCII.
func visible(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return text != ""
}
