package telephony

import (
	"fmt"
	"math"
	"strconv"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
)

// ParseRef reads the attempt that a report names, in the words that every adapter
// uses for it: campaign_id, item_id, lock_version. When all three are empty the report
// names none, and the Ref is zero. Errors match ErrMalformed.
func ParseRef(campaignID, itemID, lockVersion string) (dialer.Ref, error) {
	if campaignID == "" && itemID == "" && lockVersion == "" {
		return dialer.Ref{}, nil
	}
	var (
		ref dialer.Ref
		err error
	)
	if ref.CampaignID, err = outdial.ParseID("campaign_id", campaignID); err != nil {
		return dialer.Ref{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if ref.ItemID, err = outdial.ParseID("item_id", itemID); err != nil {
		return dialer.Ref{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if lockVersion == "" {
		return dialer.Ref{}, Malformed("lock_version", "is required")
	}
	if ref.LockVersion, err = ParseNumber("lock_version", lockVersion); err != nil {
		return dialer.Ref{}, err
	}
	return ref, nil
}

// ParseNumber reads a whole number of a report, from 0 to 2147483647, which is what
// every store keeps. Errors match ErrMalformed.
func ParseNumber(parameter, text string) (int, error) {
	number, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, Malformed(parameter, mustBeNumber)
	}
	return int(number), nil
}

var mustBeNumber = fmt.Sprintf("must be a whole number from 0 to %d", math.MaxInt32)
