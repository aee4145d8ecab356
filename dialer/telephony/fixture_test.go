package telephony_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/internal/metertest"
)

// The people and things that the tests are about.
var (
	campaignID = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000c")
	itemID     = uuid.MustParse("0190c6f4-0000-7000-8000-0000000000e1")
	contactID  = uuid.MustParse("0190c6f4-0000-7000-8000-0000000000c1")
	agentID    = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000a")
	callID     = uuid.MustParse("0190c6f4-0000-7000-8000-0000000000f1")
)

// noon is when the tests happen: finer than a store keeps, and in a zone that is not
// UTC. requestTime is what a store must be given.
var (
	noon        = time.Date(2026, time.March, 2, 12, 0, 0, 123456789, time.FixedZone("CST", -6*60*60))
	requestTime = time.Date(2026, time.March, 2, 18, 0, 0, 123456000, time.UTC)
)

// fakeStore remembers what it is asked and answers with what a test put into it.
type fakeStore struct {
	mu       sync.Mutex
	recorded []telephony.RecordParams
	listed   []telephony.ListParams

	result telephony.RecordResult
	// record, when given, answers RecordEvent instead.
	record func(telephony.RecordParams) (telephony.RecordResult, error)
	pages  []telephony.ListResult
	err    error
}

var _ telephony.Store = (*fakeStore)(nil)

func (s *fakeStore) RecordEvent(ctx context.Context, p telephony.RecordParams) (telephony.RecordResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recorded = append(s.recorded, p)
	if err := ctx.Err(); err != nil {
		return telephony.RecordResult{}, err
	}
	if s.record != nil {
		return s.record(p)
	}
	return s.result, s.err
}

func (s *fakeStore) ListEvents(ctx context.Context, p telephony.ListParams) (telephony.ListResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listed = append(s.listed, p)
	if err := ctx.Err(); err != nil {
		return telephony.ListResult{}, err
	}
	if s.err != nil || len(s.pages) == 0 {
		return telephony.ListResult{}, s.err
	}
	page := s.pages[0]
	s.pages = s.pages[1:]
	return page, nil
}

// testBundle is a handler's surroundings in the test's hands.
type testBundle struct {
	clock *clock.Mock
	log   *bytes.Buffer
	store *fakeStore
	meter *metertest.Meter
	// told is what Config.Recorded was called with.
	told []telephony.RecordResult
}

// setup returns a handler, adjusted by the test. Its store knows the call of every
// event.
func setup(t interface{ Helper() }, adjust ...func(*telephony.Config)) (*telephony.Handler, *testBundle) {
	t.Helper()
	bundle := &testBundle{
		clock: clock.NewMock(), log: &bytes.Buffer{}, meter: &metertest.Meter{},
		store: &fakeStore{result: telephony.RecordResult{Call: call(), State: dialer.StateRinging, Moved: true}},
	}
	bundle.clock.Set(noon)
	config := telephony.Config{
		Clock: bundle.clock, Meter: bundle.meter,
		Logger:   slog.New(slog.NewJSONHandler(bundle.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Recorded: func(_ context.Context, result telephony.RecordResult) { bundle.told = append(bundle.told, result) },
	}
	for _, change := range adjust {
		change(&config)
	}
	return telephony.New(bundle.store, config), bundle
}

func ref() dialer.Ref { return dialer.Ref{CampaignID: campaignID, ItemID: itemID, LockVersion: 4} }

func call() dialer.Call {
	return dialer.Call{
		ID: callID, Ref: ref(), ItemVersion: 5, ContactID: contactID, Phone: "+18102929388",
		CallSID: "CA77", AgentID: agentID,
	}
}

// ringing is a good event of a moment ago.
func ringing() telephony.Event {
	return telephony.Event{
		Ref: ref(), CallSID: "CA77", Type: telephony.TypeRinging, Seq: 2, At: noon.Add(-3 * time.Second),
		Source: telephony.SourceTwilio, Payload: json.RawMessage(`{"To":"+18102929388"}`),
	}
}

func operator(scopes ...outdial.Scope) outdial.Actor {
	return outdial.Actor{ID: agentID, Role: outdial.RoleManager, Scopes: scopes}
}

func requireFieldError(t require.TestingT, err error, field, problem string) {
	require.ErrorIs(t, err, outdial.ErrInvalid)
	var fieldError *outdial.FieldError
	require.ErrorAs(t, err, &fieldError)
	require.Equal(t, field, fieldError.Field)
	require.Equal(t, problem, fieldError.Problem)
}

// logRecords reads what was logged, and checks that none of it says who was called.
func logRecords(t *testing.T, bundle *testBundle) []map[string]any {
	t.Helper()
	require.NotContains(t, bundle.log.String(), "810292")
	var records []map[string]any
	for line := range strings.Lines(bundle.log.String()) {
		var record map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &record))
		records = append(records, record)
	}
	return records
}
