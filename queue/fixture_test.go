package queue_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

// fakeStore records what it is asked and answers with what a test put into it.
type fakeStore struct {
	mu    sync.Mutex
	calls []any
	// err, when not nil, is the answer to everything.
	err error

	replace    queue.ReplaceResult
	clear      queue.ClearResult
	pull       queue.PullResult
	move       queue.MoveResult
	enqueue    queue.EnqueueResult
	sweep      queue.SweepResult
	rollback   queue.RollbackResult
	list       queue.ListResult
	stats      queue.StatsResult
	campaigns  []queue.CampaignSummary
	attributes []filter.ImportedAttribute
	counted    map[string]filter.CountValuesResult
	// count, when given, answers CountValues instead.
	count func(filter.CountValuesParams) (filter.CountValuesResult, error)
}

var _ queue.Store = (*fakeStore)(nil)

// answer keeps the params of one call and returns its result, or the error that
// the test or the context has for it.
func answer[R any](ctx context.Context, s *fakeStore, params any, result R) (R, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, params)
	var none R
	if err := ctx.Err(); err != nil {
		return none, err
	}
	if s.err != nil {
		return none, s.err
	}
	return result, nil
}

func (s *fakeStore) ReplaceQueue(ctx context.Context, p queue.ReplaceParams) (queue.ReplaceResult, error) {
	return answer(ctx, s, p, s.replace)
}

func (s *fakeStore) ClearQueue(ctx context.Context, p queue.ClearParams) (queue.ClearResult, error) {
	return answer(ctx, s, p, s.clear)
}

func (s *fakeStore) PullItem(ctx context.Context, p queue.PullParams) (queue.PullResult, error) {
	return answer(ctx, s, p, s.pull)
}

func (s *fakeStore) MoveItem(ctx context.Context, p queue.MoveParams) (queue.MoveResult, error) {
	return answer(ctx, s, p, s.move)
}

func (s *fakeStore) EnqueueItems(ctx context.Context, p queue.EnqueueParams) (queue.EnqueueResult, error) {
	return answer(ctx, s, p, s.enqueue)
}

func (s *fakeStore) SweepLocks(ctx context.Context, p queue.SweepParams) (queue.SweepResult, error) {
	return answer(ctx, s, p, s.sweep)
}

func (s *fakeStore) RollbackLaunch(ctx context.Context, p queue.RollbackParams) (queue.RollbackResult, error) {
	return answer(ctx, s, p, s.rollback)
}

func (s *fakeStore) ListItems(ctx context.Context, p queue.ListParams) (queue.ListResult, error) {
	return answer(ctx, s, p, s.list)
}

func (s *fakeStore) QueueStats(ctx context.Context, p queue.StatsParams) (queue.StatsResult, error) {
	return answer(ctx, s, p, s.stats)
}

func (s *fakeStore) ListCampaigns(ctx context.Context) ([]queue.CampaignSummary, error) {
	return answer(ctx, s, listCampaigns{}, s.campaigns)
}

func (s *fakeStore) ListAttributes(ctx context.Context) ([]filter.ImportedAttribute, error) {
	return answer(ctx, s, listAttributes{}, s.attributes)
}

func (s *fakeStore) CountValues(ctx context.Context, p filter.CountValuesParams) (filter.CountValuesResult, error) {
	if _, err := answer(ctx, s, p, struct{}{}); err != nil || s.count == nil {
		return s.counted[p.Field.Name], err
	}
	return s.count(p)
}

// listCampaigns and listAttributes stand for the params of calls that have none.
type (
	listCampaigns  struct{}
	listAttributes struct{}
)

// callsOf returns the params of the calls of one type, in order.
func callsOf[P any](s *fakeStore) []P {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []P
	for _, call := range s.calls {
		if params, ok := call.(P); ok {
			found = append(found, params)
		}
	}
	return found
}

// lastCall returns the params of the latest call, which must be of the type.
func lastCall[P any](t require.TestingT, s *fakeStore) P {
	s.mu.Lock()
	defer s.mu.Unlock()
	require.NotEmpty(t, s.calls, "the store was not called")
	params, ok := s.calls[len(s.calls)-1].(P)
	require.True(t, ok, "the store was called with %T", s.calls[len(s.calls)-1])
	return params
}

// directory is a host that knows some agents.
type directory struct {
	mu    sync.Mutex
	known []uuid.UUID
	err   error
	asked [][2]uuid.UUID
}

func (d *directory) AgentExists(_ context.Context, campaignID, agentID uuid.UUID) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, [2]uuid.UUID{campaignID, agentID})
	return slices.Contains(d.known, agentID), d.err
}

// The people and things that the tests are about.
var (
	campaignID = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000c")
	agentID    = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000a")
	otherAgent = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000b")
	managerID  = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000d")
	itemID     = uuid.MustParse("0190c6f4-0000-7000-8000-0000000000e1")
	contactID  = uuid.MustParse("0190c6f4-0000-7000-8000-0000000000c1")
	launchID   = uuid.MustParse("0190c6f4-0000-7000-8000-000000000011")
)

func agent() outdial.Actor {
	return outdial.Actor{ID: agentID, Role: outdial.RoleAgent, Scopes: outdial.Scopes()}
}

func manager() outdial.Actor {
	return outdial.Actor{ID: managerID, Role: outdial.RoleManager, Scopes: outdial.Scopes()}
}

func admin() outdial.Actor {
	return outdial.Actor{ID: managerID, Role: outdial.RoleAdmin, Scopes: outdial.Scopes()}
}

// noon is when the tests happen: finer than a store keeps, and in a zone that is
// not UTC. requestTime is what a store must be given.
var (
	noon        = time.Date(2026, time.March, 2, 12, 0, 0, 123456789, time.FixedZone("CST", -6*60*60))
	requestTime = time.Date(2026, time.March, 2, 18, 0, 0, 123456000, time.UTC)
)

// testBundle is a service with everything around it in the test's hands.
type testBundle struct {
	clock *clock.Mock
	log   *bytes.Buffer
	store *fakeStore
}

// setup returns a service with every feature on, adjusted by the test.
func setup(t testing.TB, adjust ...func(*queue.Config)) (*queue.Service, *testBundle) {
	t.Helper()
	bundle := &testBundle{clock: clock.NewMock(), log: &bytes.Buffer{}, store: &fakeStore{}}
	bundle.clock.Set(noon)
	config := queue.Config{
		Clock:  bundle.clock,
		Flags:  outdial.StaticFlags{outdial.FlagQueueReplace: true},
		Logger: slog.New(slog.NewJSONHandler(bundle.log, nil)),
	}
	for _, change := range adjust {
		change(&config)
	}
	return queue.New(bundle.store, config), bundle
}

// operation is one method of the Service, called with a good request about an
// agent (the nil UUID leaves the agent out). Methods that name no agent ignore
// theirs.
type operation struct {
	name string
	call func(ctx context.Context, s *queue.Service, actor outdial.Actor, agentID uuid.UUID) error
}

func operations() []operation {
	item := queue.ItemRequest{CampaignID: campaignID, ItemID: itemID, LockVersion: 3}
	return []operation{
		{"Replace", func(ctx context.Context, s *queue.Service, actor outdial.Actor, agentID uuid.UUID) error {
			_, err := s.Replace(ctx, actor, queue.ReplaceRequest{CampaignID: campaignID, AgentID: agentID})
			return err
		}},
		{"Preview", func(ctx context.Context, s *queue.Service, actor outdial.Actor, agentID uuid.UUID) error {
			_, err := s.Preview(ctx, actor, queue.ReplaceRequest{CampaignID: campaignID, AgentID: agentID})
			return err
		}},
		{"Clear", func(ctx context.Context, s *queue.Service, actor outdial.Actor, agentID uuid.UUID) error {
			_, err := s.Clear(ctx, actor, queue.ClearRequest{CampaignID: campaignID, AgentID: agentID})
			return err
		}},
		{"ClearAll", func(ctx context.Context, s *queue.Service, actor outdial.Actor, _ uuid.UUID) error {
			_, err := s.ClearAll(ctx, actor, queue.ClearAllRequest{CampaignID: campaignID})
			return err
		}},
		{"Pull", func(ctx context.Context, s *queue.Service, actor outdial.Actor, agentID uuid.UUID) error {
			_, err := s.Pull(ctx, actor, queue.PullRequest{CampaignID: campaignID, AgentID: agentID})
			return err
		}},
		{"Start", func(ctx context.Context, s *queue.Service, actor outdial.Actor, _ uuid.UUID) error {
			_, err := s.Start(ctx, actor, item)
			return err
		}},
		{"Heartbeat", func(ctx context.Context, s *queue.Service, actor outdial.Actor, _ uuid.UUID) error {
			_, err := s.Heartbeat(ctx, actor, item)
			return err
		}},
		{"Release", func(ctx context.Context, s *queue.Service, actor outdial.Actor, _ uuid.UUID) error {
			_, err := s.Release(ctx, actor, item)
			return err
		}},
		{"Enqueue", func(ctx context.Context, s *queue.Service, actor outdial.Actor, agentID uuid.UUID) error {
			_, err := s.Enqueue(ctx, actor, queue.EnqueueRequest{CampaignID: campaignID, AgentID: agentID})
			return err
		}},
		{"Sweep", func(ctx context.Context, s *queue.Service, actor outdial.Actor, _ uuid.UUID) error {
			_, err := s.Sweep(ctx, actor)
			return err
		}},
		{"RollbackLaunch", func(ctx context.Context, s *queue.Service, actor outdial.Actor, _ uuid.UUID) error {
			_, err := s.RollbackLaunch(ctx, actor, queue.RollbackRequest{CampaignID: campaignID, LaunchID: launchID})
			return err
		}},
		{"List", func(ctx context.Context, s *queue.Service, actor outdial.Actor, agentID uuid.UUID) error {
			_, err := s.List(ctx, actor, queue.ListRequest{CampaignID: campaignID, AgentID: agentID})
			return err
		}},
		{"Stats", func(ctx context.Context, s *queue.Service, actor outdial.Actor, _ uuid.UUID) error {
			_, err := s.Stats(ctx, actor, campaignID)
			return err
		}},
		{"Campaigns", func(ctx context.Context, s *queue.Service, actor outdial.Actor, _ uuid.UUID) error {
			_, err := s.Campaigns(ctx, actor)
			return err
		}},
		{"FilterFields", func(ctx context.Context, s *queue.Service, actor outdial.Actor, _ uuid.UUID) error {
			_, err := s.FilterFields(ctx, actor, queue.FieldsRequest{CampaignID: campaignID})
			return err
		}},
	}
}

// named returns the operations with these names.
func named(t testing.TB, names ...string) []operation {
	t.Helper()
	var found []operation
	for _, op := range operations() {
		if slices.Contains(names, op.name) {
			found = append(found, op)
		}
	}
	require.Len(t, found, len(names))
	return found
}

func bees() filter.Expr { return filter.Text("first_name").Contains("B") }

// resolved is an expression as a store receives it.
func resolved(t require.TestingT, expr filter.Expr, fields *filter.Fields) filter.Expr {
	expr, err := filter.Resolve(expr, fields)
	require.NoError(t, err)
	return expr
}

func requireFieldError(t require.TestingT, err error, field, problem string) {
	require.ErrorIs(t, err, outdial.ErrInvalid)
	var fieldError *outdial.FieldError
	require.ErrorAs(t, err, &fieldError)
	require.Equal(t, field, fieldError.Field)
	require.Equal(t, problem, fieldError.Problem)
}
