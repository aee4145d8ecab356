package httpapi_test

import (
	"context"
	"sync"

	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
)

// fakeStore answers what a test put into it and remembers what it was asked.
type fakeStore struct {
	dialing
	reporting
	disposing
	suppressing

	mu    sync.Mutex
	calls []any

	// err, when set, is what every method returns; block, when set, is waited for
	// first, or the end of the context.
	err   error
	block chan struct{}
	// panics, when set, is what every method panics with.
	panics any

	replace  queue.ReplaceResult
	clear    queue.ClearResult
	pull     queue.PullResult
	move     queue.MoveResult
	enqueue  queue.EnqueueResult
	sweep    queue.SweepResult
	rollback queue.RollbackResult
	// unknownLaunch, when set, is what a rollback returns.
	unknownLaunch error
	list          queue.ListResult
	stats         queue.StatsResult
	listed        []queue.CampaignSummary
	attributes    []filter.ImportedAttribute
	counted       map[string]filter.CountValuesResult
	ensured       intake.EnsureCampaignResult
}

var (
	_ queue.Store  = (*fakeStore)(nil)
	_ intake.Store = (*fakeStore)(nil)
)

// called returns the params of every call so far.
func (f *fakeStore) called() []any {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]any(nil), f.calls...)
}

func (f *fakeStore) call(ctx context.Context, params any) error {
	f.mu.Lock()
	f.calls = append(f.calls, params)
	f.mu.Unlock()
	if f.panics != nil {
		panic(f.panics)
	}
	if f.block != nil {
		select {
		case <-f.block:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return f.err
}

func (f *fakeStore) ReplaceQueue(ctx context.Context, p queue.ReplaceParams) (queue.ReplaceResult, error) {
	return f.replace, f.call(ctx, p)
}

func (f *fakeStore) ClearQueue(ctx context.Context, p queue.ClearParams) (queue.ClearResult, error) {
	return f.clear, f.call(ctx, p)
}

func (f *fakeStore) PullItem(ctx context.Context, p queue.PullParams) (queue.PullResult, error) {
	return f.pull, f.call(ctx, p)
}

func (f *fakeStore) MoveItem(ctx context.Context, p queue.MoveParams) (queue.MoveResult, error) {
	return f.move, f.call(ctx, p)
}

func (f *fakeStore) EnqueueItems(ctx context.Context, p queue.EnqueueParams) (queue.EnqueueResult, error) {
	result := f.enqueue
	result.LaunchID = p.LaunchID
	return result, f.call(ctx, p)
}

func (f *fakeStore) SweepLocks(ctx context.Context, p queue.SweepParams) (queue.SweepResult, error) {
	return f.sweep, f.call(ctx, p)
}

func (f *fakeStore) RollbackLaunch(ctx context.Context, p queue.RollbackParams) (queue.RollbackResult, error) {
	if err := f.call(ctx, p); err != nil {
		return queue.RollbackResult{}, err
	}
	return f.rollback, f.unknownLaunch
}

func (f *fakeStore) ListItems(ctx context.Context, p queue.ListParams) (queue.ListResult, error) {
	return f.list, f.call(ctx, p)
}

func (f *fakeStore) QueueStats(ctx context.Context, p queue.StatsParams) (queue.StatsResult, error) {
	return f.stats, f.call(ctx, p)
}

func (f *fakeStore) ListCampaigns(ctx context.Context) ([]queue.CampaignSummary, error) {
	return f.listed, f.call(ctx, "ListCampaigns")
}

func (f *fakeStore) ListAttributes(ctx context.Context) ([]filter.ImportedAttribute, error) {
	return f.attributes, f.call(ctx, "ListAttributes")
}

func (f *fakeStore) CountValues(ctx context.Context, p filter.CountValuesParams) (filter.CountValuesResult, error) {
	return f.counted[p.Field.Name], f.call(ctx, p)
}

func (f *fakeStore) RegisterAttributes(ctx context.Context, p intake.RegisterAttributesParams) error {
	return f.call(ctx, p)
}

func (f *fakeStore) EnsureCampaign(ctx context.Context, p intake.EnsureCampaignParams) (intake.EnsureCampaignResult, error) {
	result := f.ensured
	result.Campaign.ID = p.ID
	return result, f.call(ctx, p)
}

func (f *fakeStore) AddContacts(ctx context.Context, p intake.AddContactsParams) (intake.AddContactsResult, error) {
	return intake.AddContactsResult{Added: len(p.Contacts)}, f.call(ctx, p)
}

func (f *fakeStore) RecordImport(ctx context.Context, p intake.RecordImportParams) error {
	return f.call(ctx, p)
}
