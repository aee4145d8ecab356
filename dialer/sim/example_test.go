package sim_test

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/sim"
	"github.com/outdial/outdial/dialer/telephony"
)

// A call to somebody who picks up soon and hears nothing.
func ExampleCarrier() {
	reports := make(chan telephony.Event, 10)
	carrier := sim.NewCarrier(sim.Config{
		Callees: sim.Callees{Answered: 1, PickUp: sim.Exactly(5 * time.Millisecond), Patience: sim.Exactly(3 * time.Millisecond)},
		Network: sim.Network{Delay: sim.Exactly(time.Millisecond)},
		Deliver: func(_ context.Context, event telephony.Event) error {
			reports <- event
			return nil
		},
	})
	defer carrier.Close()

	answer, err := carrier.Originate(context.Background(), dialer.OriginateRequest{
		Token: uuid.MustParse("0190c6f4-0000-7000-8000-0000000000a1"), To: "+15046218927",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.CallSID)
	for event := range reports {
		if event.Type == telephony.TypeEnded {
			fmt.Println(event.Type, event.Cause)
			break
		}
	}
	facts := carrier.Records()[0].Facts
	fmt.Println(facts.EndedAt.Sub(facts.AnsweredAt) >= 3*time.Millisecond)
	// Output:
	// SIM-0190c6f4-0000-7000-8000-0000000000a1
	// ended completed
	// true
}
