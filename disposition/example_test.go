package disposition_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store/sqlite"
)

// An agent takes the next contact, reaches nobody, and says so. The contact waits for
// two hours; then somebody asks to be called at three.
func ExampleService() {
	ctx := context.Background()
	store, campaignID, err := springCampaign(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()

	// A program leaves the clock out, and brings the hours in which people may be called.
	now := clock.NewMock()
	now.Set(time.Date(2026, time.November, 23, 10, 0, 0, 0, time.UTC))
	items := queue.New(store, queue.Config{Clock: now})
	service := disposition.New(store, disposition.Config{Clock: now, Windows: callwindow.Always{}})
	agent := outdial.Actor{
		ID:     uuid.MustParse("0190c6f4-0000-7000-8000-00000000000a"),
		Role:   outdial.RoleAgent,
		Scopes: []outdial.Scope{outdial.ScopeQueuePull, outdial.ScopeQueueWrite},
	}
	if _, err := items.Enqueue(ctx, agent, queue.EnqueueRequest{CampaignID: campaignID, AgentID: agent.ID}); err != nil {
		fmt.Println(err)
		return
	}

	item, err := items.Pull(ctx, agent, queue.PullRequest{CampaignID: campaignID})
	if err != nil || item == nil {
		fmt.Println("nothing to call", err)
		return
	}
	request := disposition.Request{
		CampaignID: campaignID, ItemID: item.ID, LockVersion: item.LockVersion, Disposition: "no_answer",
		Metadata: json.RawMessage(`{"rang_for": 30}`),
	}
	result, err := service.Record(ctx, agent, request)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.State, "after", result.Attempts, "attempt, next at", result.NextAttemptAt.Format(time.TimeOnly))

	// The same click again is harmless, and another button is too late.
	repeated, err := service.Record(ctx, agent, request)
	fmt.Println("repeated:", repeated.ID == result.ID, err)
	request.Disposition = "busy"
	_, err = service.Record(ctx, agent, request)
	fmt.Println("too late:", errors.Is(err, outdial.ErrConflict))

	now.Add(2 * time.Hour)
	item, err = items.Pull(ctx, agent, queue.PullRequest{CampaignID: campaignID})
	if err != nil || item == nil {
		fmt.Println("nothing to call", err)
		return
	}
	result, err = service.Record(ctx, agent, disposition.Request{
		CampaignID: campaignID, ItemID: item.ID, LockVersion: item.LockVersion, Disposition: "callback_requested",
		CallbackAt: time.Date(2026, time.November, 23, 15, 0, 0, 0, time.UTC),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.State, "after", result.Attempts, "attempts, next at", result.NextAttemptAt.Format(time.TimeOnly))
	// Output:
	// queued after 1 attempt, next at 12:00:00
	// repeated: true <nil>
	// too late: true
	// queued after 2 attempts, next at 15:00:00
}

// A host's own labels stand for the canonical codes; what it does not list is nothing.
func ExampleNewMap() {
	buttons, err := disposition.NewMap(disposition.MapConfig{
		Rules: []disposition.Rule{
			{Code: "gatekeeper", Effect: disposition.EffectRetry, Label: "Gatekeeper", CoolDown: 4 * time.Hour},
		},
		Aliases: map[string]string{"NA": "no_answer", "DNC": "do_not_call", "Remove": "DNC"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	rule, err := buttons.Resolve("remove")
	fmt.Println(rule.Code, rule.Effect, err)
	_, err = buttons.Resolve("rmove")
	fmt.Println(err)

	_, err = disposition.NewMap(disposition.MapConfig{Aliases: map[string]string{"NA": "none", "none": "NA"}})
	fmt.Println(err)
	// Output:
	// do_not_call suppress <nil>
	// disposition: is not known
	// disposition map: alias "na" goes round in a circle: na, none, na
}

// A Map prints itself as a table in Markdown.
func ExampleMap_String() {
	buttons, err := disposition.NewMap(disposition.MapConfig{Aliases: map[string]string{"NA": "no_answer"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range strings.SplitAfter(buttons.String(), "\n")[:3] {
		fmt.Print(line)
	}
	// Output:
	// | code | button | effect | cool-down | aliases |
	// |---|---|---|---|---|
	// | `no_answer` | No answer | retry | 2h | na |
}

// Decide is the rule itself, without a database.
func ExampleDecide() {
	busy, err := disposition.Map{}.Resolve("busy")
	if err != nil {
		fmt.Println(err)
		return
	}
	policy := dialer.RetryPolicy{MaxAttempts: 2}
	over := time.Date(2026, time.November, 23, 10, 0, 0, 0, time.UTC)

	first := disposition.Decide(busy, policy, disposition.Tried{Number: 1, EndedAt: over}, time.Time{})
	fmt.Println(first.Step, first.At.Format(time.TimeOnly))
	second := disposition.Decide(busy, policy, disposition.Tried{Number: 2, EndedAt: over}, time.Time{})
	fmt.Println(second.Step, second.FinishReason)
	// Output:
	// again 10:15:00
	// fail max_attempts
}

// springCampaign returns a store with a campaign of one contact. A program that keeps
// its data opens a file, or Postgres.
func springCampaign(ctx context.Context) (*sqlite.Store, uuid.UUID, error) {
	store, err := sqlite.Open(ctx, sqlite.Memory)
	if err != nil {
		return nil, uuid.Nil, err
	}
	if err := store.Migrate(ctx); err != nil {
		return nil, uuid.Nil, errors.Join(err, store.Close())
	}
	imported, err := intake.New(store, intake.Config{}).Import(ctx, outdial.System(), intake.ImportRequest{
		CampaignName: "Spring",
		Source:       strings.NewReader("first_name,phone\nBette,504-621-8927\n"),
	})
	if err != nil {
		return nil, uuid.Nil, errors.Join(err, store.Close())
	}
	return store, imported.CampaignID, nil
}
