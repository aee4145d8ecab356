package twilio_test

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/twilio"
)

// FuzzEvents proves that whatever Twilio signs is refused with a reason or becomes
// events that are whole.
func FuzzEvents(f *testing.F) {
	for _, body := range []string{
		"", status().Encode(), detection("human").Encode(), status(with("AnsweredBy", "fax")).Encode(),
		"CallSid=CA1&CallStatus=busy", "CallSid=CA1&CallSid=CA1&CallStatus=busy", "CallSid=%00&CallStatus=busy",
		"CallSid=CA1;CallStatus=busy", "%ff=%ff", "=", "&&", "CallSid=CA1&CallStatus=busy&SequenceNumber=1e9",
	} {
		f.Add(path, []byte(body), false)
	}
	for _, body := range []string{
		`{"CallSid":"CA1","CallStatus":"busy"}`, `{"CallSid":1,"CallStatus":"busy"}`, `{"CallSid":"\ud800","AnsweredBy":"human"}`,
		`[]`, `{}`, `null`, `{"a":{"b":[{}]}}`, `{"CallSid":"CA1","CallStatus":"busy"} x`,
	} {
		f.Add("/?a=b", []byte(body), true)
	}
	adapter, err := twilio.New(twilio.Config{AuthTokens: []string{token}, PublicBaseURL: public})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, path string, body []byte, asJSON bool) {
		delivery := signedAsSent(path, body, asJSON)
		events, err := adapter.Events(delivery)
		if err != nil {
			require.Empty(t, events)
			if asJSON && errors.Is(err, telephony.ErrSignature) {
				return // The path has no place for the digest of the body, or has one already.
			}
			require.ErrorIs(t, err, outdial.ErrInvalid, "it is signed as it should be")
			return
		}
		require.NotEmpty(t, events)
		require.LessOrEqual(t, len(events), 2)
		for _, event := range events {
			require.True(t, event.Type.Known())
			require.NotEmpty(t, event.CallSID)
			require.GreaterOrEqual(t, event.Seq, 0)
			require.LessOrEqual(t, event.Seq, math.MaxInt32)
			require.Equal(t, telephony.SourceTwilio, event.Source)
			require.True(t, json.Valid(event.Payload))
			require.Equal(t, event.Type == telephony.TypeAMD, slices.Contains(dialer.AMDVerdicts(), event.AMD))
			require.Equal(t, event.Type == telephony.TypeEnded, slices.Contains(dialer.Causes(), event.Cause))
		}
	})
}
