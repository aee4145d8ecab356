package disposition_test

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
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/internal/metertest"
)

// fakeStore records what it is asked and answers with what a test put into it.
type fakeStore struct {
	mu    sync.Mutex
	calls []any
	// err, when not nil, is the answer to everything.
	err error

	record disposition.Result
	list   disposition.ListResult
	leads  disposition.ListLeadsResult
	policy dialer.RetryPolicy
}

var _ disposition.Store = (*fakeStore)(nil)

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

func (s *fakeStore) RecordDisposition(ctx context.Context, p disposition.RecordParams) (disposition.Result, error) {
	return answer(ctx, s, p, s.record)
}

func (s *fakeStore) ListDispositions(ctx context.Context, p disposition.ListParams) (disposition.ListResult, error) {
	return answer(ctx, s, p, s.list)
}

func (s *fakeStore) ListLeads(ctx context.Context, p disposition.ListLeadsParams) (disposition.ListLeadsResult, error) {
	return answer(ctx, s, p, s.leads)
}

// policyOf stands for the params of a call that has only an id.
type policyOf uuid.UUID

func (s *fakeStore) CampaignPolicy(ctx context.Context, campaignID uuid.UUID) (dialer.RetryPolicy, error) {
	return answer(ctx, s, policyOf(campaignID), s.policy)
}

func (s *fakeStore) SetCampaignPolicy(ctx context.Context, p disposition.SetPolicyParams) error {
	_, err := answer(ctx, s, p, struct{}{})
	return err
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
	campaignID    = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000c")
	agentID       = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000a")
	managerID     = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000d")
	itemID        = uuid.MustParse("0190c6f4-0000-7000-8000-0000000000e1")
	contactID     = uuid.MustParse("0190c6f4-0000-7000-8000-0000000000c1")
	dispositionID = uuid.MustParse("0190c6f4-0000-7000-8000-0000000000d1")
	leadID        = uuid.MustParse("0190c6f4-0000-7000-8000-0000000000f1")
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

// noon is when the tests happen: finer than a store keeps, and in a zone that is not
// UTC. requestTime is what a store must be given.
var (
	noon        = time.Date(2026, time.March, 2, 12, 0, 0, 123456789, time.FixedZone("CST", -6*60*60))
	requestTime = time.Date(2026, time.March, 2, 18, 0, 0, 123456000, time.UTC)
)

// hours are Windows that are open for one zone between two times.
type hours struct {
	zone     string
	from, to time.Time

	mu    sync.Mutex
	asked []time.Time
}

func (h *hours) Open(_ context.Context, id uuid.UUID, now time.Time) (callwindow.Open, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, now)
	if id != campaignID || now.Before(h.from) || !now.Before(h.to) {
		return callwindow.Open{}, nil
	}
	return callwindow.Open{Zones: []string{h.zone}}, nil
}

// breaking are Windows that are open nowhere, and fail after so many answers.
type breaking struct {
	good int
	err  error
}

func (b *breaking) Open(context.Context, uuid.UUID, time.Time) (callwindow.Open, error) {
	if b.good--; b.good < 0 {
		return callwindow.Open{}, b.err
	}
	return callwindow.Open{}, nil
}

// testBundle is a service with everything around it in the test's hands.
type testBundle struct {
	clock *clock.Mock
	log   *bytes.Buffer
	meter *metertest.Meter
	store *fakeStore
}

// setup returns a service that may call at any time, adjusted by the test.
func setup(t testing.TB, adjust ...func(*disposition.Config)) (*disposition.Service, *testBundle) {
	t.Helper()
	bundle := &testBundle{clock: clock.NewMock(), log: &bytes.Buffer{}, meter: &metertest.Meter{}, store: &fakeStore{}}
	bundle.clock.Set(noon)
	config := disposition.Config{
		Clock: bundle.clock, Logger: slog.New(slog.NewJSONHandler(bundle.log, nil)), Meter: bundle.meter, Windows: callwindow.Always{},
	}
	for _, change := range adjust {
		change(&config)
	}
	return disposition.New(bundle.store, config), bundle
}

// call is one method of the Service with its request already in it.
type call func(ctx context.Context, s *disposition.Service, actor outdial.Actor) error

// record asks for the disposition of the item, changed by the test.
func record(code disposition.Code, changes ...func(*disposition.Request)) call {
	req := request(code, changes...)
	return func(ctx context.Context, s *disposition.Service, actor outdial.Actor) error {
		_, err := s.Record(ctx, actor, req)
		return err
	}
}

// request is a good request, changed by the test.
func request(code disposition.Code, changes ...func(*disposition.Request)) disposition.Request {
	req := disposition.Request{CampaignID: campaignID, ItemID: itemID, LockVersion: 3, Disposition: string(code)}
	if code == disposition.CodeCallback {
		req.CallbackAt = noon.Add(time.Hour)
	}
	for _, change := range changes {
		change(&req)
	}
	return req
}

func list(req disposition.ListRequest) call {
	return func(ctx context.Context, s *disposition.Service, actor outdial.Actor) error {
		_, err := s.List(ctx, actor, req)
		return err
	}
}

func leads(req disposition.ListRequest) call {
	return func(ctx context.Context, s *disposition.Service, actor outdial.Actor) error {
		_, err := s.Leads(ctx, actor, req)
		return err
	}
}

func policy(campaignID uuid.UUID) call {
	return func(ctx context.Context, s *disposition.Service, actor outdial.Actor) error {
		_, _, err := s.Policy(ctx, actor, campaignID)
		return err
	}
}

func setPolicy(campaignID uuid.UUID, policy dialer.RetryPolicy) call {
	return func(ctx context.Context, s *disposition.Service, actor outdial.Actor) error {
		return s.SetPolicy(ctx, actor, campaignID, policy)
	}
}

// operations are all methods of the Service, each with a good request.
func operations() map[string]call {
	return map[string]call{
		"Record":    record(disposition.CodeBusy),
		"List":      list(disposition.ListRequest{CampaignID: campaignID}),
		"Leads":     leads(disposition.ListRequest{CampaignID: campaignID}),
		"Policy":    policy(campaignID),
		"SetPolicy": setPolicy(campaignID, dialer.RetryPolicy{MaxAttempts: 5}),
	}
}

func requireFieldError(t require.TestingT, err error, field, problem string) {
	require.ErrorIs(t, err, outdial.ErrInvalid)
	var fieldError *outdial.FieldError
	require.ErrorAs(t, err, &fieldError)
	require.Equal(t, outdial.FieldError{Field: field, Problem: problem}, *fieldError)
}

// requireMap builds a map that must be a good one.
func requireMap(t require.TestingT, cfg disposition.MapConfig) disposition.Map {
	m, err := disposition.NewMap(cfg)
	require.NoError(t, err)
	return m
}
