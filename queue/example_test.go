package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store/sqlite"
)

// An agent sets their queue, takes the next contact and begins the call.
func Example() {
	ctx := context.Background()
	store, campaignID, err := springCampaign(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()

	service := queue.New(store, queue.Config{Flags: outdial.StaticFlags{outdial.FlagQueueReplace: true}})
	agent := outdial.Actor{
		ID:     uuid.MustParse("0190c6f4-0000-7000-8000-00000000000a"),
		Role:   outdial.RoleAgent,
		Scopes: []outdial.Scope{outdial.ScopeQueuePull, outdial.ScopeQueueWrite},
	}
	queued, err := service.Replace(ctx, agent, queue.ReplaceRequest{
		CampaignID: campaignID, AgentID: agent.ID, Filter: filter.Text("first_name").Contains("B"), MaxQueueSize: 100,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("queued", queued.Assigned)

	item, err := service.Pull(ctx, agent, queue.PullRequest{CampaignID: campaignID})
	if err != nil || item == nil {
		fmt.Println("nothing to call", err)
		return
	}
	fmt.Println("call", item.Contact.FirstName, item.Contact.Phone)

	seen := queue.ItemRequest{CampaignID: campaignID, ItemID: item.ID, LockVersion: item.LockVersion}
	started, err := service.Start(ctx, agent, seen)
	fmt.Println(started.State, err)

	// A second click comes with the version that has passed.
	_, err = service.Start(ctx, agent, seen)
	fmt.Println(errors.Is(err, outdial.ErrConflict))
	// Output:
	// queued 2
	// call Bette ••••27
	// in_progress <nil>
	// true
}

// Preview answers what a Replace would do, and changes nothing.
func ExampleService_Preview() {
	ctx := context.Background()
	store, campaignID, err := springCampaign(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()

	service := queue.New(store, queue.Config{Flags: outdial.StaticFlags{outdial.FlagQueueReplace: true}})
	preview, err := service.Preview(ctx, outdial.System(), queue.ReplaceRequest{
		CampaignID: campaignID, AgentID: uuid.MustParse("0190c6f4-0000-7000-8000-00000000000a"), MaxQueueSize: 2,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	data, err := json.Marshal(preview)
	fmt.Println(string(data), err)
	// Output:
	// {"audience":3,"matched":3,"eligible":3,"to_release":0,"to_assign":2,"to_skip":{"account_cap":0,"collision":0,"cooling_down":0,"finished":0,"invalid":0,"no_phone":0,"opted_out":0,"queue_full":1,"suppressed":0},"unchanged":0,"kept_in_progress":0,"skipped_due_to_collision":0,"matched_in_progress":0} <nil>
}

// springCampaign returns a store with a campaign of three contacts. A program that
// keeps its data opens a file, or Postgres.
func springCampaign(ctx context.Context) (*sqlite.Store, uuid.UUID, error) {
	store, err := sqlite.Open(ctx, sqlite.Memory)
	if err != nil {
		return nil, uuid.Nil, err
	}
	campaignID, err := addContacts(ctx, store)
	if err != nil {
		return nil, uuid.Nil, errors.Join(err, store.Close())
	}
	return store, campaignID, nil
}

func addContacts(ctx context.Context, store *sqlite.Store) (uuid.UUID, error) {
	if err := store.Migrate(ctx); err != nil {
		return uuid.Nil, err
	}
	campaign, err := store.EnsureCampaign(ctx, intake.EnsureCampaignParams{Name: "Spring", Now: time.Now()})
	if err != nil {
		return uuid.Nil, err
	}
	params := intake.AddContactsParams{CampaignID: campaign.Campaign.ID, Now: time.Now()}
	for i, contact := range []outdial.Contact{
		{FirstName: "Bette", Phone: "+15046218927"},
		{FirstName: "Abel", Phone: "+18102929388"},
		{FirstName: "James", Phone: "+18566368749"},
	} {
		if contact.ID, err = outdial.NewID(); err != nil {
			return uuid.Nil, err
		}
		contact.PhoneStatus = outdial.PhoneValid
		params.Contacts = append(params.Contacts, intake.NewContact{
			SourceKey: contact.FirstName, Priority: 3 - i, Contact: contact,
		})
	}
	_, err = store.AddContacts(ctx, params)
	return params.CampaignID, err
}

func ExampleMove_To() {
	fmt.Println(queue.MoveStart.To(queue.StateLocked))
	fmt.Println(queue.MoveStart.To(queue.StateQueued))
	// Output:
	// in_progress true
	//  false
}

func ExampleSkips_Total() {
	skips := queue.NewSkips()
	skips[queue.SkipSuppressed] = 2
	skips[queue.SkipAccountCap] = 40
	fmt.Println(skips.Total())
	// Output:
	// 42
}
