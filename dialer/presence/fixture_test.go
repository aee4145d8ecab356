package presence_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer/presence"
)

// fakeStore records what it is asked and answers with what a test put into it.
type fakeStore struct {
	presence.Store // what the Service never asks for

	calls []any
	// err, when not nil, is the answer to everything.
	err error

	session presence.Session
	listed  []presence.Session
	expired int
}

func (s *fakeStore) answer(ctx context.Context, params any) error {
	s.calls = append(s.calls, params)
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.err
}

func (s *fakeStore) SetPresence(ctx context.Context, p presence.SetParams) (presence.Session, error) {
	return s.session, s.answer(ctx, p)
}

func (s *fakeStore) TouchPresence(ctx context.Context, p presence.TouchParams) (presence.Session, error) {
	return s.session, s.answer(ctx, p)
}

func (s *fakeStore) ExpirePresence(ctx context.Context, p presence.ExpireParams) (int, error) {
	return s.expired, s.answer(ctx, p)
}

func (s *fakeStore) ListPresence(ctx context.Context, p presence.ListParams) ([]presence.Session, error) {
	return s.listed, s.answer(ctx, p)
}

// directory is a host that knows some agents.
type directory struct {
	known []uuid.UUID
	err   error
	asked [][2]uuid.UUID
}

func (d *directory) AgentExists(_ context.Context, campaignID, agentID uuid.UUID) (bool, error) {
	d.asked = append(d.asked, [2]uuid.UUID{campaignID, agentID})
	return slices.Contains(d.known, agentID), d.err
}

// The people and things that the tests are about.
var (
	campaignID = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000c")
	agentID    = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000a")
	otherAgent = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000b")
	managerID  = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000d")
)

func agent() outdial.Actor {
	return outdial.Actor{ID: agentID, Role: outdial.RoleAgent, Scopes: outdial.Scopes()}
}

func manager() outdial.Actor {
	return outdial.Actor{ID: managerID, Role: outdial.RoleManager, Scopes: outdial.Scopes()}
}

// noon is when the tests happen: finer than a store keeps, and in a zone that is not
// UTC. requestTime is what a store must be given.
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

func setup(t testing.TB, adjust ...func(*presence.Config)) (*presence.Service, *testBundle) {
	t.Helper()
	bundle := &testBundle{clock: clock.NewMock(), log: &bytes.Buffer{}, store: &fakeStore{}}
	bundle.clock.Set(noon)
	config := presence.Config{Clock: bundle.clock, Logger: slog.New(slog.NewJSONHandler(bundle.log, nil))}
	for _, change := range adjust {
		change(&config)
	}
	return presence.New(bundle.store, config), bundle
}

// operation is one method of the Service, called with a good request about an agent
// (the nil UUID leaves the agent out). Methods that name no agent ignore theirs.
type operation struct {
	name string
	call func(ctx context.Context, s *presence.Service, actor outdial.Actor, agentID uuid.UUID) error
}

func operations() []operation {
	return []operation{
		{"Set", func(ctx context.Context, s *presence.Service, actor outdial.Actor, agentID uuid.UUID) error {
			_, err := s.Set(ctx, actor, presence.SetRequest{CampaignID: campaignID, AgentID: agentID, State: presence.StateReady})
			return err
		}},
		{"Heartbeat", func(ctx context.Context, s *presence.Service, actor outdial.Actor, agentID uuid.UUID) error {
			_, err := s.Heartbeat(ctx, actor, presence.HeartbeatRequest{AgentID: agentID})
			return err
		}},
		{"List", func(ctx context.Context, s *presence.Service, actor outdial.Actor, _ uuid.UUID) error {
			_, err := s.List(ctx, actor, campaignID)
			return err
		}},
		{"Expire", func(ctx context.Context, s *presence.Service, actor outdial.Actor, _ uuid.UUID) error {
			_, err := s.Expire(ctx, actor)
			return err
		}},
	}
}

func requireFieldError(t require.TestingT, err error, field, problem string) {
	require.ErrorIs(t, err, outdial.ErrInvalid)
	var fieldError *outdial.FieldError
	require.ErrorAs(t, err, &fieldError)
	require.Equal(t, outdial.FieldError{Field: field, Problem: problem}, *fieldError)
}
