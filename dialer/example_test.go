package dialer_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store/sqlite"
)

// A manager fills the power queue and starts the campaign; whoever dials claims the
// next calls.
func Example() {
	ctx := context.Background()
	store, campaignID, err := springCampaign(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()

	// These numbers are nobody's, so that any hour will do.
	service := dialer.New(store, dialer.Config{Windows: callwindow.Always{}})
	manager := outdial.Actor{
		ID:     uuid.MustParse("0190c6f4-0000-7000-8000-00000000000d"),
		Role:   outdial.RoleManager,
		Scopes: []outdial.Scope{outdial.ScopeQueueWrite, outdial.ScopeDialerControl},
	}
	added, err := service.Enqueue(ctx, manager, dialer.EnqueueRequest{CampaignID: campaignID})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("queued", added.Enqueued)

	next := dialer.NextDialsRequest{CampaignID: campaignID, Limit: 2}
	calls, err := service.NextDials(ctx, manager, next)
	fmt.Println("before the start", len(calls), err)

	started, err := service.Start(ctx, manager, campaignID)
	fmt.Println(started.Status, err)
	for range 2 {
		if calls, err = service.NextDials(ctx, manager, next); err != nil {
			fmt.Println(err)
			return
		}
		for _, call := range calls {
			fmt.Println("dial", call.Phone)
		}
	}

	_, err = service.Resume(ctx, manager, campaignID)
	fmt.Println("resumed while running:", errors.Is(err, outdial.ErrConflict))
	// Output:
	// queued 3
	// before the start 0 <nil>
	// running <nil>
	// dial ••••27
	// dial ••••88
	// dial ••••49
	// resumed while running: true
}

// springCampaign returns a store with a campaign of three contacts. A program that
// keeps its data opens a file, or Postgres.
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
		Source:       strings.NewReader("first_name,phone\nBette,504-621-8927\nAbel,810-292-9388\nJames,856-636-8749\n"),
	})
	if err != nil {
		return nil, uuid.Nil, errors.Join(err, store.Close())
	}
	return store, imported.CampaignID, nil
}

// Reports come late and in any order; what is known in the end is the same.
func ExampleFacts_Merge() {
	at := time.Date(2026, time.November, 21, 15, 4, 5, 0, time.UTC)
	rang := dialer.Facts{RingingAt: at}
	answered := dialer.Facts{AnsweredAt: at.Add(9 * time.Second)}
	ended := dialer.Facts{EndedAt: at.Add(time.Minute), Cause: dialer.CauseCompleted}

	inOrder := rang.Merge(answered).Merge(ended)
	backwards := ended.Merge(answered).Merge(answered).Merge(rang)
	fmt.Println(inOrder.Equal(backwards))
	// Output:
	// true
}

// The facts of a call say what becomes of its item.
func ExampleRetryPolicy_Progress() {
	policy := dialer.RetryPolicy{CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeBusy: time.Hour}}
	call := dialer.Call{Attempt: 1, Facts: dialer.Facts{
		EndedAt: time.Date(2026, time.November, 21, 15, 4, 5, 0, time.UTC), Cause: dialer.CauseBusy,
	}}
	progress := policy.Progress(call, dialer.History{})
	fmt.Println(progress.State, progress.Outcome, progress.NextAttemptAt.Format(time.TimeOnly))

	call.Attempt = dialer.DefaultMaxAttempts
	progress = policy.Progress(call, dialer.History{})
	fmt.Println(progress.State, progress.Outcome, progress.FailReason)
	// Output:
	// queued busy 16:04:05
	// failed busy max_attempts
}

func ExampleControl_From() {
	for _, control := range dialer.Controls() {
		fmt.Println(control, control.From(), control.To())
	}
	// Output:
	// start [stopped] running
	// pause [running] paused
	// resume [paused] running
	// stop [running paused] stopped
}
