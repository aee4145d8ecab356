package main

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/store"
)

// ledger keeps what was recorded, and nothing else of a store.
type ledger struct {
	store.Store

	err      error
	recorded []disposition.RecordParams
	ready    int
}

// RecordDisposition implements disposition.Store.
func (l *ledger) RecordDisposition(_ context.Context, p disposition.RecordParams) (disposition.Result, error) {
	if l.err != nil {
		return disposition.Result{}, l.err
	}
	l.recorded = append(l.recorded, p)
	return disposition.Result{}, nil
}

// SetPresence implements presence.Store.
func (l *ledger) SetPresence(context.Context, presence.SetParams) (presence.Session, error) {
	l.ready++
	return presence.Session{}, nil
}

// office is a desk for one agent.
type office struct {
	*testing.T
	*desk

	kept  *ledger
	log   *buffer
	agent uuid.UUID
	now   time.Time
}

func newOffice(t *testing.T) *office {
	t.Helper()
	mock, kept, log := clock.NewMock(), &ledger{}, &buffer{}
	mock.Set(time.Date(2026, 3, 2, 18, 0, 0, 0, time.UTC))
	o := &office{T: t, kept: kept, log: log, agent: simulatedAgentIDs()[0], now: mock.Now()}
	o.desk = newDesk(simulationConfig{
		store: kept, clock: mock, log: slog.New(slog.NewTextHandler(log, nil)), pace: 1,
		dispositions: disposition.New(kept, disposition.Config{Clock: mock, Windows: callwindow.Always{}}),
	}, []uuid.UUID{o.agent})
	return o
}

// talks returns a call in which the agent talks since then.
func (o *office) talks(since time.Time) dialer.Call {
	return dialer.Call{
		ID: uuid.New(), AgentID: o.agent, ContactID: uuid.New(), Attempt: 1, ItemVersion: 4,
		Ref:   dialer.Ref{CampaignID: uuid.New(), ItemID: uuid.New(), LockVersion: 1},
		Facts: dialer.Facts{ConnectedAt: since},
	}
}

func (o *office) becomeReady() error {
	_, err := o.SetPresence(o.Context(), presence.SetParams{AgentID: o.agent, State: presence.StateReady})
	return err
}

func TestAnAgentSaysOnceWhatCameOfEachConversation(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	require.NoError(t, o.becomeReady())
	require.Empty(t, o.kept.recorded, "nobody was called yet")

	first := o.talks(o.now)
	o.hear(first)
	first.ItemVersion, first.EndedAt = 5, o.now.Add(time.Minute)
	o.hear(first)
	require.NoError(t, o.becomeReady())
	require.Len(t, o.kept.recorded, 1)
	got := o.kept.recorded[0]
	require.Equal(t, []any{first.Ref.CampaignID, first.Ref.ItemID, 5, o.agent, o.agent},
		[]any{got.CampaignID, got.ItemID, got.LockVersion, got.AgentID, got.ActorID})

	o.hear(first)
	require.NoError(t, o.becomeReady())
	require.Len(t, o.kept.recorded, 1, "news of the call come late")
	second := o.talks(o.now.Add(2 * time.Minute))
	o.hear(second)
	o.hear(first)
	require.NoError(t, o.becomeReady())
	require.Len(t, o.kept.recorded, 2)
	require.Equal(t, second.Ref.ItemID, o.kept.recorded[1].ItemID)
	require.Equal(t, 4, o.kept.ready)
}

func TestNothingIsSaidOfCallsWithoutAConversationOrOfOthers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hear(o.talks(time.Time{}))
	theirs := o.talks(o.now)
	theirs.AgentID = uuid.New()
	o.hear(theirs)
	require.NoError(t, o.becomeReady())
	require.Empty(t, o.kept.recorded)
}

func TestAnAgentTriesAgainWhatFailedAndLetsBeWhatCannotBe(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hear(o.talks(o.now))
	o.kept.err = errors.New("the database is away")
	require.ErrorIs(t, o.becomeReady(), o.kept.err)
	require.Zero(t, o.kept.ready, "first the last call, then the next")
	o.kept.err = nil
	require.NoError(t, o.becomeReady())
	require.Len(t, o.kept.recorded, 1)

	o.hear(o.talks(o.now.Add(time.Minute)))
	o.kept.err = outdial.Conflict("lock_version is 7 by now")
	require.NoError(t, o.becomeReady())
	require.Contains(t, o.log.String(), "disposition not recorded")
	o.kept.err = nil
	require.NoError(t, o.becomeReady())
	require.Len(t, o.kept.recorded, 1)
	require.Equal(t, 3, o.kept.ready)
}

func TestWhatPeopleSayIsTheSameEachTimeAndOfEveryKind(t *testing.T) {
	t.Parallel()
	sum := 0
	for _, each := range moods {
		_, err := disposition.Map{}.Resolve(string(each.code))
		require.NoError(t, err)
		sum += each.of
	}
	require.Equal(t, 100, sum)

	now, seen, recipients := time.Date(2026, 3, 2, 18, 0, 0, 0, time.UTC), map[disposition.Code]int{}, map[disposition.Recipient]int{}
	for _, person := range powerPeople() {
		call := dialer.Call{ContactID: person.Contact.ID, Attempt: 1, ItemVersion: 5}
		req := whatCameOf(call, now, 2)
		require.Equal(t, req, whatCameOf(call, now, 2))
		require.Equal(t, 5, req.LockVersion)
		seen[disposition.Code(req.Disposition)]++
		if req.Disposition == string(disposition.CodeCallback) {
			recipients[req.CallbackFor]++
			require.GreaterOrEqual(t, req.CallbackAt.Sub(now), 2*time.Minute+30*time.Second)
			require.Less(t, req.CallbackAt.Sub(now), 12*time.Minute+30*time.Second)
		} else {
			require.Zero(t, req.CallbackAt)
			require.Empty(t, req.CallbackFor)
		}
	}
	for _, each := range moods {
		require.InDelta(t, each.of, 100*float64(seen[each.code])/powerContacts, 6, each.code)
		require.Positive(t, seen[each.code], each.code)
	}
	require.Greater(t, recipients[disposition.RecipientAnyone], recipients[disposition.RecipientAgent])
	require.Positive(t, recipients[disposition.RecipientAgent])
}
