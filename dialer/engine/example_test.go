package engine_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/engine"
	"github.com/outdial/outdial/dialer/sim"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store/sqlite"
)

// A campaign of one contact, dialed through a simulated carrier until somebody has
// talked with them.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	store, campaignID, err := springCampaign(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()

	// Reports go to the handler, which stores them and tells the engine.
	var dialing *engine.Engine
	over := make(chan dialer.Call, 1)
	events := telephony.New(store, telephony.Config{
		Recorded: func(ctx context.Context, result telephony.RecordResult) {
			dialing.Connect(ctx, result.Call)
			if result.Call.Outcome != "" {
				over <- result.Call
			}
		},
	})
	carrier := sim.NewCarrier(sim.Config{
		Callees:   sim.Callees{Answered: 1, Patience: sim.Exactly(time.Minute), Talk: 10 * time.Millisecond},
		Detection: sim.Detection{Delay: sim.Exactly(10 * time.Millisecond)},
		Deliver: func(ctx context.Context, event telephony.Event) error {
			_, err := events.Handle(ctx, event)
			return err
		},
	})
	defer carrier.Close()
	dialing = engine.New(store, carrier, engine.Config{
		Events: events,
		// A simulation may call at any hour. People may not be.
		Windows: callwindow.Always{},
	})
	agents := sim.StartAgents(store, sim.AgentsConfig{CampaignID: campaignID, IDs: []uuid.UUID{uuid.New()}})
	defer agents.Close()

	done := make(chan error, 1)
	go func() { done <- dialing.Run(ctx) }()
	call := <-over
	stop()
	fmt.Println(call.Phone, call.Outcome, <-done)
	// Output:
	// ••••27 connected <nil>
}

// springCampaign returns a store with a campaign that is running.
func springCampaign(ctx context.Context) (*sqlite.Store, uuid.UUID, error) {
	store, err := sqlite.Open(ctx, sqlite.Memory)
	if err != nil {
		return nil, uuid.Nil, err
	}
	campaignID, err := startCampaign(ctx, store)
	if err != nil {
		return nil, uuid.Nil, errors.Join(err, store.Close())
	}
	return store, campaignID, nil
}

func startCampaign(ctx context.Context, store *sqlite.Store) (uuid.UUID, error) {
	if err := store.Migrate(ctx); err != nil {
		return uuid.Nil, err
	}
	now := time.Now()
	campaign, err := store.EnsureCampaign(ctx, intake.EnsureCampaignParams{Name: "Spring", Now: now})
	if err != nil {
		return uuid.Nil, err
	}
	id := campaign.Campaign.ID
	contact := outdial.Contact{ID: uuid.New(), FirstName: "Bette", Phone: "+15046218927", PhoneStatus: outdial.PhoneValid}
	if _, err := store.AddContacts(ctx, intake.AddContactsParams{
		CampaignID: id, Contacts: []intake.NewContact{{SourceKey: "Bette", Contact: contact}}, Now: now,
	}); err != nil {
		return uuid.Nil, err
	}
	service := dialer.New(store, dialer.Config{})
	if _, err := service.Enqueue(ctx, outdial.System(), dialer.EnqueueRequest{CampaignID: id}); err != nil {
		return uuid.Nil, err
	}
	_, err = service.Start(ctx, outdial.System(), id)
	return id, err
}
