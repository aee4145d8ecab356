package webhook_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/webhook"
)

// A service that translates for a carrier signs what it sends; the dialer checks it.
// Package httpapi does the latter under /webhooks/telephony.
func Example() {
	secret := webhook.NewSecret()

	body, err := webhook.Encode(telephony.Event{
		CallSID: "c-77", Type: telephony.TypeEnded, Seq: 3, Cause: dialer.CauseBusy,
	})
	if err != nil {
		panic(err)
	}
	signer, err := webhook.NewSigner(secret)
	if err != nil {
		panic(err)
	}
	headers, err := signer.Sign(webhook.Message{ID: "msg_1", At: time.Now(), Body: body})
	if err != nil {
		panic(err)
	}
	request := httptest.NewRequest(http.MethodPost, "/webhooks/telephony", nil)
	for name, value := range headers {
		request.Header.Set(name, value)
	}

	verifier, err := webhook.New(webhook.Config{Secrets: []string{secret}})
	if err != nil {
		panic(err)
	}
	event, err := verifier.Event(telephony.Delivery{Header: request.Header, Body: body})
	if err != nil {
		panic(err)
	}
	fmt.Println(event.CallSID, event.Type, event.Cause)
	// Output:
	// c-77 ended busy
}
