package telephony_test

import (
	"context"
	"fmt"
	"time"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
)

// A host whose switch runs in its own process reports what the switch says without any
// webhook.
func ExampleHandler_Handle() {
	// Only for this example: a store is one of the engines'.
	store := &fakeStore{result: telephony.RecordResult{Call: call(), State: dialer.StateRinging, Moved: true}}

	handler := telephony.New(store, telephony.Config{
		Recorded: func(_ context.Context, result telephony.RecordResult) {
			fmt.Println("the item is", result.State)
		},
	})
	result, err := handler.Handle(context.Background(), telephony.Event{
		CallSID: "c-77", Type: telephony.TypeRinging, At: time.Now(), Source: "switch",
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(result.Effect())
	// Output:
	// the item is ringing
	// moved
}
