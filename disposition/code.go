package disposition

import (
	"time"

	"github.com/outdial/outdial/dialer"
)

// Code is the canonical name of what came of a call.
type Code string

// The codes that every Map knows.
const (
	// CodeNoAnswer reached nobody.
	CodeNoAnswer Code = "no_answer"
	// CodeBusy found the line taken.
	CodeBusy Code = "busy"
	// CodeVoicemail reached a machine.
	CodeVoicemail Code = "voicemail_detected"
	// CodeCallback reached somebody who asked to be called at another time.
	CodeCallback Code = "callback_requested"
	// CodeNotInterested reached somebody who wants nothing of this campaign.
	CodeNotInterested Code = "not_interested_this_campaign"
	// CodeDoNotCall reached somebody who must never be called again.
	CodeDoNotCall Code = "do_not_call"
	// CodeInvalidNumber found that the number is nobody's, or somebody else's.
	CodeInvalidNumber Code = "invalid_number"
	// CodeConverted reached somebody who became a lead.
	CodeConverted Code = "converted_to_lead"
)

// Effect is what a disposition does.
type Effect string

// The effects.
const (
	// EffectRetry tries the contact again after a cool-down, until the policy says that
	// it is enough.
	EffectRetry Effect = "retry"
	// EffectCallback calls at the time that was asked for, before anything else that is
	// due then.
	EffectCallback Effect = "callback"
	// EffectFinish is done with the contact in this campaign.
	EffectFinish Effect = "finish"
	// EffectSuppress puts the number on the list of those who must never be called, and
	// takes every item with that number out of every queue of every campaign.
	EffectSuppress Effect = "suppress"
	// EffectInvalidate marks the number as wrong, and takes every item with that number
	// out of every queue of every campaign.
	EffectInvalidate Effect = "invalidate"
	// EffectConvert makes a lead of the contact, once in a campaign, and is done with
	// them.
	EffectConvert Effect = "convert"
)

// Effects lists every effect there is, in the order of the table.
func Effects() []Effect {
	return []Effect{EffectRetry, EffectCallback, EffectFinish, EffectSuppress, EffectInvalidate, EffectConvert}
}

// Rule says what a code does.
type Rule struct {
	Code   Code   `json:"disposition"`
	Effect Effect `json:"effect"`
	// Label is what a button says.
	Label string `json:"label"`
	// Outcome is the outcome of a call that a retry counts as: it has its cool-down, and
	// dialer.OutcomeVoicemail its cap. Defaults to the code.
	Outcome dialer.Outcome `json:"-"`
	// CoolDown is the least time to the next attempt where neither the campaign nor
	// dialer's table knows the outcome. Only retries have one.
	CoolDown time.Duration `json:"-"`
}

// canonical are the rules that every Map begins with. The cool-downs of the retries
// are those of the outcomes of the same name, in package dialer.
var canonical = []Rule{
	{Code: CodeNoAnswer, Effect: EffectRetry, Label: "No answer"},
	{Code: CodeBusy, Effect: EffectRetry, Label: "Busy"},
	{Code: CodeVoicemail, Effect: EffectRetry, Label: "Voicemail"},
	{Code: CodeCallback, Effect: EffectCallback, Label: "Call back"},
	{Code: CodeNotInterested, Effect: EffectFinish, Label: "Not interested"},
	{Code: CodeDoNotCall, Effect: EffectSuppress, Label: "Do not call"},
	{Code: CodeInvalidNumber, Effect: EffectInvalidate, Label: "Wrong number"},
	{Code: CodeConverted, Effect: EffectConvert, Label: "Lead"},
}
