package dialer_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

// fakeStore records what it is asked and answers with what a test put into it. What
// the Service never asks for would be asked of nobody, and panic.
type fakeStore struct {
	dialer.Store

	mu    sync.Mutex
	calls []any
	// err, when not nil, is the answer to everything.
	err error

	attributes []filter.ImportedAttribute
	enqueue    queue.EnqueueResult
	claim      dialer.ClaimResult
	control    dialer.ControlResult
	sweep      dialer.SweepResult
	rollback   dialer.RollbackResult
	items      dialer.ListItemsResult
	listed     dialer.ListCallsResult
	stats      dialer.StatsResult
}

// answer keeps the params of one call and returns its result, or the error that the
// test or the context has for it.
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

// listAttributes stands for the params of a call that has none.
type listAttributes struct{}

func (s *fakeStore) ListAttributes(ctx context.Context) ([]filter.ImportedAttribute, error) {
	return answer(ctx, s, listAttributes{}, s.attributes)
}

func (s *fakeStore) EnqueueCalls(ctx context.Context, p dialer.EnqueueParams) (queue.EnqueueResult, error) {
	return answer(ctx, s, p, s.enqueue)
}

func (s *fakeStore) ClaimCalls(ctx context.Context, p dialer.ClaimParams) (dialer.ClaimResult, error) {
	return answer(ctx, s, p, s.claim)
}

func (s *fakeStore) ControlCampaign(ctx context.Context, p dialer.ControlParams) (dialer.ControlResult, error) {
	return answer(ctx, s, p, s.control)
}

func (s *fakeStore) SweepCalls(ctx context.Context, p dialer.SweepParams) (dialer.SweepResult, error) {
	return answer(ctx, s, p, s.sweep)
}

func (s *fakeStore) RollbackCalls(ctx context.Context, p dialer.RollbackParams) (dialer.RollbackResult, error) {
	return answer(ctx, s, p, s.rollback)
}

func (s *fakeStore) ListCallItems(ctx context.Context, p dialer.ListItemsParams) (dialer.ListItemsResult, error) {
	return answer(ctx, s, p, s.items)
}

func (s *fakeStore) ListCalls(ctx context.Context, p dialer.ListCallsParams) (dialer.ListCallsResult, error) {
	return answer(ctx, s, p, s.listed)
}

func (s *fakeStore) DialerStats(ctx context.Context, p dialer.StatsParams) (dialer.StatsResult, error) {
	return answer(ctx, s, p, s.stats)
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

// The people and things that the tests are about.
var (
	campaignID = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000c")
	agentID    = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000a")
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

// requestTime is noon as a store must be given it.
var requestTime = time.Date(2026, time.March, 2, 18, 0, 0, 123456000, time.UTC)

// testBundle is a service with everything around it in the test's hands.
type testBundle struct {
	clock *clock.Mock
	log   *bytes.Buffer
	store *fakeStore
}

// setup returns a service that may call at any time, adjusted by the test.
func setup(t testing.TB, adjust ...func(*dialer.Config)) (*dialer.Service, *testBundle) {
	t.Helper()
	bundle := &testBundle{clock: clock.NewMock(), log: &bytes.Buffer{}, store: &fakeStore{}}
	bundle.clock.Set(noon)
	config := dialer.Config{
		Clock: bundle.clock, Logger: slog.New(slog.NewJSONHandler(bundle.log, nil)), Windows: callwindow.Always{},
	}
	for _, change := range adjust {
		change(&config)
	}
	return dialer.New(bundle.store, config), bundle
}

// call is one method of the Service with its request already in it.
type call func(ctx context.Context, s *dialer.Service, actor outdial.Actor) error

func enqueue(req dialer.EnqueueRequest) call {
	return func(ctx context.Context, s *dialer.Service, actor outdial.Actor) error {
		_, err := s.Enqueue(ctx, actor, req)
		return err
	}
}

func next(req dialer.NextDialsRequest) call {
	return func(ctx context.Context, s *dialer.Service, actor outdial.Actor) error {
		_, err := s.NextDials(ctx, actor, req)
		return err
	}
}

func control(method func(*dialer.Service, context.Context, outdial.Actor, uuid.UUID) (dialer.ControlResult, error), campaignID uuid.UUID) call {
	return func(ctx context.Context, s *dialer.Service, actor outdial.Actor) error {
		_, err := method(s, ctx, actor, campaignID)
		return err
	}
}

func sweep(ctx context.Context, s *dialer.Service, actor outdial.Actor) error {
	_, err := s.Sweep(ctx, actor)
	return err
}

func rollback(req dialer.RollbackRequest) call {
	return func(ctx context.Context, s *dialer.Service, actor outdial.Actor) error {
		_, err := s.RollbackLaunch(ctx, actor, req)
		return err
	}
}

func list(req dialer.ListRequest) call {
	return func(ctx context.Context, s *dialer.Service, actor outdial.Actor) error {
		_, err := s.List(ctx, actor, req)
		return err
	}
}

func calls(req dialer.CallsRequest) call {
	return func(ctx context.Context, s *dialer.Service, actor outdial.Actor) error {
		_, err := s.Calls(ctx, actor, req)
		return err
	}
}

func stats(campaignID uuid.UUID) call {
	return func(ctx context.Context, s *dialer.Service, actor outdial.Actor) error {
		_, err := s.Stats(ctx, actor, campaignID)
		return err
	}
}

// operations are all methods of the Service, each with a good request.
func operations() map[string]call {
	return map[string]call{
		"Enqueue":        enqueue(dialer.EnqueueRequest{CampaignID: campaignID}),
		"NextDials":      next(dialer.NextDialsRequest{CampaignID: campaignID, Limit: 50}),
		"Start":          control((*dialer.Service).Start, campaignID),
		"Pause":          control((*dialer.Service).Pause, campaignID),
		"Resume":         control((*dialer.Service).Resume, campaignID),
		"Stop":           control((*dialer.Service).Stop, campaignID),
		"Sweep":          sweep,
		"RollbackLaunch": rollback(dialer.RollbackRequest{CampaignID: campaignID, LaunchID: launchID}),
		"List":           list(dialer.ListRequest{CampaignID: campaignID}),
		"Calls":          calls(dialer.CallsRequest{CampaignID: campaignID}),
		"Stats":          stats(campaignID),
	}
}

func bees() filter.Expr { return filter.Text("first_name").Contains("B") }

func requireFieldError(t require.TestingT, err error, field, problem string) {
	require.ErrorIs(t, err, outdial.ErrInvalid)
	var fieldError *outdial.FieldError
	require.ErrorAs(t, err, &fieldError)
	require.Equal(t, outdial.FieldError{Field: field, Problem: problem}, *fieldError)
}

// numbered are as many different contacts.
func numbered(count int) []uuid.UUID {
	ids := make([]uuid.UUID, count)
	for i := range ids {
		ids[i] = uuid.UUID{0: 1, 14: byte(i >> 8), 15: byte(i)}
	}
	return ids
}
