package twilio

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
)

// The parameters of an address that name an attempt.
const (
	campaignParameter = "campaign_id"
	itemParameter     = "item_id"
	versionParameter  = "lock_version"
)

// CallbackURL returns the address to give to Twilio for reports about an attempt: that
// of the webhook, such as https://dial.example.com/webhooks/twilio, with the attempt
// in its query. A query or a fragment that the address has already is kept.
func CallbackURL(base string, ref dialer.Ref) string {
	address, fragment, hasFragment := strings.Cut(base, "#")
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	address += separator + campaignParameter + "=" + ref.CampaignID.String() +
		"&" + itemParameter + "=" + ref.ItemID.String() +
		"&" + versionParameter + "=" + strconv.Itoa(ref.LockVersion)
	if hasFragment {
		address += "#" + fragment
	}
	return address
}

// readRef returns the attempt that an address names, or the zero Ref when it names
// none.
func readRef(query url.Values) (dialer.Ref, error) {
	campaignID, err := text(query, campaignParameter)
	if err != nil {
		return dialer.Ref{}, err
	}
	itemID, err := text(query, itemParameter)
	if err != nil {
		return dialer.Ref{}, err
	}
	lockVersion, err := text(query, versionParameter)
	if err != nil {
		return dialer.Ref{}, err
	}
	return telephony.ParseRef(campaignID, itemID, lockVersion)
}
