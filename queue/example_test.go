package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

// oneContact is the smallest store there is. A program opens a real one, with
// postgres.Open or sqlite.Open.
type oneContact struct {
	queue.Store

	item queue.Item
}

func (s *oneContact) ReplaceQueue(_ context.Context, p queue.ReplaceParams) (queue.ReplaceResult, error) {
	result := queue.ReplaceResult{Skipped: queue.NewSkips()}
	if !filter.Match(p.Filter, s.item.Contact) {
		return result, nil
	}
	result.Matched, result.Assigned = 1, 1
	if !p.DryRun {
		s.item.CampaignID, s.item.AgentID, s.item.State = p.CampaignID, p.AgentID, queue.StateQueued
	}
	return result, nil
}

func (s *oneContact) PullItem(_ context.Context, p queue.PullParams) (queue.PullResult, error) {
	if s.item.AgentID != p.AgentID || !queue.MovePull.Allowed(s.item.State) {
		return queue.PullResult{}, nil
	}
	s.item.State, _ = queue.MovePull.To(s.item.State)
	s.item.LockVersion++
	item := s.item
	return queue.PullResult{Item: &item}, nil
}

func (s *oneContact) MoveItem(_ context.Context, p queue.MoveParams) (queue.MoveResult, error) {
	to, ok := p.Move.To(s.item.State)
	if !ok || p.LockVersion != s.item.LockVersion {
		return queue.MoveResult{}, outdial.Conflict("the item has moved on")
	}
	s.item.State = to
	s.item.LockVersion++
	return queue.MoveResult{Item: s.item}, nil
}

// An agent sets their queue, takes the next contact and begins the call.
func Example() {
	ctx := context.Background()
	store := &oneContact{item: queue.Item{
		ID:      uuid.MustParse("0190c6f4-0000-7000-8000-000000000001"),
		Contact: outdial.Contact{FirstName: "Bette", Phone: "+15046218927", PhoneStatus: outdial.PhoneValid},
	}}
	service := queue.New(store, queue.Config{Flags: outdial.StaticFlags{outdial.FlagQueueReplace: true}})
	campaignID := uuid.MustParse("0190c6f4-0000-7000-8000-00000000000c")
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
	// queued 1
	// call Bette ••••27
	// in_progress <nil>
	// true
}

// Preview answers what a Replace would do, and changes nothing.
func ExampleService_Preview() {
	store := &oneContact{item: queue.Item{Contact: outdial.Contact{FirstName: "Bette"}}}
	service := queue.New(store, queue.Config{Flags: outdial.StaticFlags{outdial.FlagQueueReplace: true}})

	preview, err := service.Preview(context.Background(), outdial.System(), queue.ReplaceRequest{
		CampaignID: uuid.MustParse("0190c6f4-0000-7000-8000-00000000000c"),
		AgentID:    uuid.MustParse("0190c6f4-0000-7000-8000-00000000000a"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	data, err := json.Marshal(preview)
	fmt.Println(string(data), err)
	// Output:
	// {"to_release":0,"to_assign":1,"to_skip":{"account_cap":0,"collision":0,"cooling_down":0,"finished":0,"invalid":0,"no_phone":0,"opted_out":0,"queue_full":0,"suppressed":0},"unchanged":0,"kept_in_progress":0,"skipped_due_to_collision":0,"matched":1,"matched_in_progress":0} <nil>
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
