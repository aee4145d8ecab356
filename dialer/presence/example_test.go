package presence_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store/sqlite"
)

// An agent comes, is heard of for a while, and counts as gone when nothing is heard of
// them any more.
func Example() {
	ctx := context.Background()
	store, campaignID, err := springCampaign(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()

	now := clock.NewMock()
	service := presence.New(store, presence.Config{Clock: now})
	agent := outdial.Actor{
		ID:     uuid.MustParse("0190c6f4-0000-7000-8000-00000000000a"),
		Role:   outdial.RoleAgent,
		Scopes: []outdial.Scope{outdial.ScopeQueuePull},
	}
	session, err := service.Set(ctx, agent, presence.SetRequest{CampaignID: campaignID, State: presence.StateReady})
	fmt.Println(session.State, err)

	now.Add(20 * time.Second)
	session, err = service.Heartbeat(ctx, agent, presence.HeartbeatRequest{})
	fmt.Println(session.State, err)

	now.Add(time.Minute)
	gone, err := service.Expire(ctx, outdial.System())
	fmt.Println("gone", gone, err)
	_, err = service.Heartbeat(ctx, agent, presence.HeartbeatRequest{})
	fmt.Println(errors.Is(err, outdial.ErrNotFound))
	// Output:
	// ready <nil>
	// ready <nil>
	// gone 1 <nil>
	// true
}

// springCampaign returns a store with a campaign in it.
func springCampaign(ctx context.Context) (*sqlite.Store, uuid.UUID, error) {
	store, err := sqlite.Open(ctx, sqlite.Memory)
	if err != nil {
		return nil, uuid.Nil, err
	}
	if err := store.Migrate(ctx); err != nil {
		return nil, uuid.Nil, errors.Join(err, store.Close())
	}
	ensured, err := store.EnsureCampaign(ctx, intake.EnsureCampaignParams{Name: "Spring", Now: time.Now()})
	if err != nil {
		return nil, uuid.Nil, errors.Join(err, store.Close())
	}
	return store, ensured.Campaign.ID, nil
}
