package twilio_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/google/uuid"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/twilio"
)

// A host with a server of its own passes on what it received. Package httpapi does the
// same under /webhooks/twilio.
func ExampleAdapter_Events() {
	adapter, err := twilio.New(twilio.Config{
		AuthTokens: []string{"12345"}, PublicBaseURL: "https://dial.example.com",
	})
	if err != nil {
		panic(err)
	}
	request := httptest.NewRequest(http.MethodPost, "/webhooks/twilio", nil)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Twilio-Signature", "ogJDPfGaMqPHcpbW61DTHH2GwvA=")

	events, err := adapter.Events(telephony.Delivery{
		URL: request.URL.RequestURI(), Header: request.Header,
		Body: []byte("CallSid=CA77&CallStatus=no-answer&SequenceNumber=2"),
	})
	if err != nil {
		panic(err)
	}
	for _, event := range events {
		fmt.Println(event.CallSID, event.Type, event.Cause, event.Seq)
	}
	// Output:
	// CA77 ended no_answer 2
}

// What Twilio is told to call carries the attempt, so that the first report may come
// before anybody knows the call's name.
func ExampleCallbackURL() {
	ref := dialer.Ref{
		CampaignID:  uuid.MustParse("0190c6f4-0000-7000-8000-00000000000c"),
		ItemID:      uuid.MustParse("0190c6f4-0000-7000-8000-0000000000e1"),
		LockVersion: 4,
	}
	address := twilio.CallbackURL("https://dial.example.com/webhooks/twilio#rc=5&rp=all", ref)
	fmt.Println(strings.NewReplacer("?", "\n?", "&", "\n&", "#", "\n#").Replace(address))
	// Output:
	// https://dial.example.com/webhooks/twilio
	// ?campaign_id=0190c6f4-0000-7000-8000-00000000000c
	// &item_id=0190c6f4-0000-7000-8000-0000000000e1
	// &lock_version=4
	// #rc=5
	// &rp=all
}
