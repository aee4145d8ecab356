package sim_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/sim"
	"github.com/outdial/outdial/dialer/telephony"
)

var errDown = errors.New("the dialer is down")

// inbox is the dialer's end of the reports.
type inbox struct {
	mu     sync.Mutex
	events []telephony.Event
	at     []time.Time
	// refuse is how many more reports are not taken.
	refuse int
}

func (b *inbox) deliver(_ context.Context, event telephony.Event) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse > 0 {
		b.refuse--
		return errDown
	}
	b.events, b.at = append(b.events, event), append(b.at, time.Now())
	return nil
}

func (b *inbox) types() []telephony.Type {
	b.mu.Lock()
	defer b.mu.Unlock()
	types := make([]telephony.Type, len(b.events))
	for i, event := range b.events {
		types[i] = event.Type
	}
	return types
}

// people answer at once and talk for a minute on average; nobody errs.
func people() sim.Callees {
	return sim.Callees{
		Answered: 1, Setup: sim.Exactly(time.Second), PickUp: sim.Exactly(5 * time.Second),
		Patience: sim.Exactly(10 * time.Second), Talk: time.Minute,
	}
}

func machines() sim.Callees {
	callees := people()
	callees.Machines, callees.Recording = 1, sim.Exactly(20*time.Second)
	return callees
}

func sure() sim.Detection { return sim.Detection{Delay: sim.Exactly(2 * time.Second)} }

func phone(n int) outdial.Phone { return outdial.Phone(fmt.Sprintf("+1504%07d", 200_0000+n)) }

// request is what the dialer asks about the nth phone.
func request(n int) dialer.OriginateRequest {
	return dialer.OriginateRequest{
		Token: token(n), To: phone(n), RingFor: 25 * time.Second, DetectMachine: true,
		Ref: dialer.Ref{CampaignID: token(1_000_000), ItemID: token(2_000_000 + n), LockVersion: 1},
	}
}

func token(n int) uuid.UUID { return uuid.NewSHA1(uuid.Nil, fmt.Appendf(nil, "call %d", n)) }

// originate places a call and requires that the carrier says so.
func originate(t testing.TB, carrier *sim.Carrier, n int) string {
	t.Helper()
	answer, err := carrier.Originate(t.Context(), request(n))
	require.NoError(t, err)
	return answer.CallSID
}

// record is what the carrier knows of the nth call.
func record(t testing.TB, carrier *sim.Carrier, n int) sim.Record {
	t.Helper()
	for _, record := range carrier.Records() {
		if record.Token == token(n) {
			return record
		}
	}
	require.Fail(t, "no such call")
	return sim.Record{}
}

// pass lets the time of a bubble pass.
func pass(d time.Duration) { clock.New().Sleep(d) }
