package twilio

import (
	"net/url"
	"time"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
)

// statuses is what each CallStatus says.
var statuses = map[string]struct {
	event telephony.Type
	cause dialer.Cause
}{
	"queued":      {telephony.TypeQueued, ""},
	"initiated":   {telephony.TypeInitiated, ""},
	"ringing":     {telephony.TypeRinging, ""},
	"in-progress": {telephony.TypeAnswered, ""},
	"completed":   {telephony.TypeEnded, dialer.CauseCompleted},
	"busy":        {telephony.TypeEnded, dialer.CauseBusy},
	"no-answer":   {telephony.TypeEnded, dialer.CauseNoAnswer},
	"canceled":    {telephony.TypeEnded, dialer.CauseCanceled},
	"failed":      {telephony.TypeEnded, dialer.CauseFailed},
}

// verdicts is what each AnsweredBy says. The ends differ in how the greeting ended:
// with a beep, in silence, otherwise.
var verdicts = map[string]dialer.AMD{
	"human":               dialer.AMDHuman,
	"machine_start":       dialer.AMDMachine,
	"machine_end_beep":    dialer.AMDMachine,
	"machine_end_silence": dialer.AMDMachine,
	"machine_end_other":   dialer.AMDMachine,
	"fax":                 dialer.AMDFax,
	"unknown":             dialer.AMDUnknown,
}

// read returns the events of a report whose sender is known.
func read(sent parameters, query url.Values) ([]telephony.Event, error) {
	common, err := readCommon(sent, query)
	if err != nil {
		return nil, err
	}
	status, err := text(sent.values, "CallStatus")
	if err != nil {
		return nil, err
	}
	answeredBy, err := text(sent.values, "AnsweredBy")
	if err != nil {
		return nil, err
	}
	var events []telephony.Event
	verdict, known := verdicts[answeredBy]
	switch {
	case known:
		event := common
		event.Type, event.AMD = telephony.TypeAMD, verdict
		events = append(events, event)
	case status == "" && answeredBy == "":
		return nil, telephony.Malformed("CallStatus", "is required, or AnsweredBy")
	case status == "":
		return nil, telephony.Malformed("AnsweredBy", "is not a verdict")
	}
	// Beside a status a verdict that nobody knows stays in the payload: to refuse the
	// report for it would lose the status too.
	if status != "" {
		said, known := statuses[status]
		if !known {
			return nil, telephony.Malformed("CallStatus", "is not a status of a call")
		}
		event := common
		event.Type, event.Cause = said.event, said.cause
		events = append(events, event)
	}
	return events, nil
}

// readCommon returns what status callbacks and those of machine detection share. The
// latter have no SequenceNumber and no Timestamp.
func readCommon(sent parameters, query url.Values) (telephony.Event, error) {
	event := telephony.Event{Source: telephony.SourceTwilio, Payload: sent.payload}
	var err error
	if event.CallSID, err = text(sent.values, "CallSid"); err != nil {
		return event, err
	}
	if event.CallSID == "" {
		return event, telephony.Malformed("CallSid", "is required")
	}
	if event.Seq, err = number(sent.values, "SequenceNumber"); err != nil {
		return event, err
	}
	if event.At, err = instant(sent.values, "Timestamp"); err != nil {
		return event, err
	}
	event.Ref, err = readRef(query)
	return event, err
}

// number reads a whole number; without one it is zero.
func number(values url.Values, name string) (int, error) {
	said, err := text(values, name)
	if err != nil || said == "" {
		return 0, err
	}
	return telephony.ParseNumber(name, said)
}

// instant reads a time as RFC 1123 writes it, with the zone as a number or as GMT;
// without one it is zero. Other names of zones could be anywhere.
func instant(values url.Values, name string) (time.Time, error) {
	said, err := text(values, name)
	if err != nil || said == "" {
		return time.Time{}, err
	}
	for _, layout := range []string{time.RFC1123Z, "Mon, 02 Jan 2006 15:04:05 GMT"} {
		if at, err := time.Parse(layout, said); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, telephony.Malformed(name, "must be a time such as Mon, 02 Jan 2006 15:04:05 +0000")
}
