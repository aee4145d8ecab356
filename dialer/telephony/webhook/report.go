package webhook

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/internal/members"
)

// report is the JSON form of an event.
type report struct {
	CampaignID  string         `json:"campaign_id,omitempty"`
	ItemID      string         `json:"item_id,omitempty"`
	LockVersion *int           `json:"lock_version,omitempty"`
	CallSID     string         `json:"call_sid"`
	Type        telephony.Type `json:"type"`
	Seq         int            `json:"seq"`
	At          *time.Time     `json:"at,omitempty"`
	AMD         dialer.AMD     `json:"amd,omitempty"`
	Cause       dialer.Cause   `json:"cause,omitempty"`
}

// Encode returns the report of an event, to be signed and sent. Its Source and Payload
// are not part of it: they are the receiver's words for what it received.
func Encode(event telephony.Event) ([]byte, error) {
	said := report{
		CallSID: event.CallSID, Type: event.Type, Seq: event.Seq, AMD: event.AMD, Cause: event.Cause,
	}
	if event.Ref != (dialer.Ref{}) {
		said.CampaignID, said.ItemID = event.Ref.CampaignID.String(), event.Ref.ItemID.String()
		said.LockVersion = &event.Ref.LockVersion
	}
	if !event.At.IsZero() {
		at := event.At.UTC()
		said.At = &at
	}
	body, err := json.Marshal(said)
	if err != nil {
		return nil, fmt.Errorf("encode the event: %w", err)
	}
	return body, nil
}

// The members of a report.
const (
	memberCampaignID  = "campaign_id"
	memberItemID      = "item_id"
	memberLockVersion = "lock_version"
	memberCallSID     = "call_sid"
	memberType        = "type"
	memberSeq         = "seq"
	memberAt          = "at"
	memberAMD         = "amd"
	memberCause       = "cause"
)

var memberNames = []string{
	memberCampaignID, memberItemID, memberLockVersion, memberCallSID,
	memberType, memberSeq, memberAt, memberAMD, memberCause,
}

// Decode reads a report whose sender is known by other means than a signature, such as
// a token. It looks at the form only; what the members say is for telephony.Handler to
// judge. Errors match telephony.ErrRepeated, telephony.ErrNotUTF8 or
// telephony.ErrMalformed.
func Decode(body []byte) (telephony.Event, error) {
	o, err := readObject(body)
	if err != nil {
		return telephony.Event{}, err
	}
	event := telephony.Event{
		CallSID: o.text(memberCallSID), Type: telephony.Type(o.text(memberType)), Seq: o.number(memberSeq),
		At: o.instant(memberAt), AMD: dialer.AMD(o.text(memberAMD)), Cause: dialer.Cause(o.text(memberCause)),
		Source: telephony.SourceWebhook, Payload: body,
	}
	ref, err := telephony.ParseRef(o.text(memberCampaignID), o.text(memberItemID), string(o.members[memberLockVersion]))
	o.keep(err)
	event.Ref = ref
	if o.err != nil {
		return telephony.Event{}, o.err
	}
	return event, nil
}

// object is a report's members, and the first thing that was wrong with them.
type object struct {
	members map[string]json.RawMessage
	err     error
}

// readObject leaves out members that are null.
func readObject(body []byte) (*object, error) {
	found, err := members.Read(body)
	if err != nil {
		return nil, err
	}
	o := &object{members: map[string]json.RawMessage{}}
	seen := map[string]bool{}
	for _, member := range found {
		if !slices.Contains(memberNames, member.Name) {
			return nil, telephony.Malformed("body", "has a member that is none of "+strings.Join(memberNames, ", "))
		}
		if seen[member.Name] {
			return nil, telephony.Repeated(member.Name)
		}
		seen[member.Name] = true
		if string(member.Value) != "null" {
			o.members[member.Name] = member.Value
		}
	}
	return o, nil
}

func (o *object) keep(err error) {
	if o.err == nil {
		o.err = err
	}
}

// text takes a string; without one it is empty.
func (o *object) text(name string) string {
	var value string
	if raw := o.members[name]; raw != nil && json.Unmarshal(raw, &value) != nil {
		o.keep(telephony.Malformed(name, "must be a string"))
	}
	return value
}

// number takes a whole number; without one it is zero.
func (o *object) number(name string) int {
	raw := o.members[name]
	if raw == nil {
		return 0
	}
	value, err := telephony.ParseNumber(name, string(raw))
	o.keep(err)
	return value
}

// instant takes a time; without one it is zero.
func (o *object) instant(name string) time.Time {
	var value time.Time
	if raw := o.members[name]; raw != nil && json.Unmarshal(raw, &value) != nil {
		o.keep(telephony.Malformed(name, "must be an RFC 3339 time, such as 2006-01-02T15:04:05Z"))
	}
	return value.UTC()
}
