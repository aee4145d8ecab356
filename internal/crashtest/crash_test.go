package crashtest_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store"
)

// patience is how long a test waits for what must happen soon.
const patience = time.Minute

// engines are the databases, each made anew for a test.
var engines = map[string]func(t *testing.T) string{
	"SQLite": func(t *testing.T) string {
		t.Helper()
		return filepath.Join(t.TempDir(), "outdial.db")
	},
	"PostgreSQL": func(t *testing.T) string {
		t.Helper()
		given := os.Getenv("TEST_DATABASE_URL")
		require.NotEmpty(t, given, "TEST_DATABASE_URL is not set: run the tests with make test")
		admin, err := sqlx.Open("postgres", given)
		require.NoError(t, err)
		defer admin.Close()
		name := "crash_" + strings.ReplaceAll(uuid.NewString(), "-", "")
		_, err = admin.ExecContext(t.Context(), "CREATE DATABASE "+name)
		require.NoError(t, err)
		address, err := url.Parse(given)
		require.NoError(t, err)
		address.Path = "/" + name
		return address.String()
	},
}

// site is a campaign to dial, and the carrier.
type site struct {
	*testing.T

	database string
	carrier  *exchange
	store    store.Store
	campaign uuid.UUID
}

const people = 12

// newSite returns a running campaign with a dozen people, and as many agents who wait.
func newSite(t *testing.T, database string) *site {
	t.Helper()
	st, err := openStore(t.Context(), database)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	require.NoError(t, st.Migrate(t.Context()))
	s := &site{T: t, database: database, carrier: newExchange(t), store: st, campaign: uuid.New()}
	now := time.Now().UTC().Truncate(time.Microsecond)
	_, err = st.EnsureCampaign(t.Context(), intake.EnsureCampaignParams{ID: s.campaign, Name: "Crash", Now: now})
	require.NoError(t, err)
	contacts := make([]intake.NewContact, people)
	for i := range contacts {
		contacts[i] = intake.NewContact{SourceKey: fmt.Sprint(i), Contact: outdial.Contact{
			ID: uuid.New(), Phone: outdial.Phone(fmt.Sprintf("+1504621%04d", i)), PhoneStatus: outdial.PhoneValid,
		}}
		_, err := st.SetPresence(t.Context(), presence.SetParams{
			CampaignID: s.campaign, AgentID: uuid.New(), State: presence.StateReady, ExpiresAt: now.Add(time.Hour), Now: now,
		})
		require.NoError(t, err)
	}
	_, err = st.AddContacts(t.Context(), intake.AddContactsParams{CampaignID: s.campaign, Contacts: contacts, Now: now})
	require.NoError(t, err)
	_, err = st.EnqueueCalls(t.Context(), dialer.EnqueueParams{
		CampaignID: s.campaign, Provenance: outdial.Provenance{By: "system", Reason: outdial.ReasonCampaignAudience}, Now: now,
	})
	require.NoError(t, err)
	_, err = st.ControlCampaign(t.Context(), dialer.ControlParams{CampaignID: s.campaign, Control: dialer.ControlStart, Now: now})
	require.NoError(t, err)
	return s
}

// await returns when something has happened, which is asked again and again.
func (s *site) await(what string, happened func() bool) {
	s.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(patience); !happened(); <-again.C {
		require.True(s, time.Now().Before(deadline), what)
	}
}

// counts are the campaign's items by state.
func (s *site) counts() map[dialer.State]int {
	s.Helper()
	stats, err := s.store.DialerStats(s.Context(), dialer.StatsParams{CampaignID: s.campaign, Now: time.Now().UTC()})
	require.NoError(s, err)
	return stats.States
}

// engage answers every call that rings with an engaged tone, as the carrier would
// report it.
func (s *site) engage() {
	s.Helper()
	handler := telephony.New(s.store, telephony.Config{})
	for _, req := range s.carrier.requests() {
		_, err := handler.Handle(s.Context(), telephony.Event{
			Ref: req.Ref, CallSID: sid(req.Token), Type: telephony.TypeEnded, Cause: dialer.CauseBusy, Source: "exchange",
		})
		require.NoError(s, err)
	}
}

// requireSettled checks that every person was dialed once and that nothing is stuck.
func (s *site) requireSettled() {
	s.Helper()
	s.carrier.requireOnce(s.T, people)
	require.Equal(s, people, s.counts()[dialer.StateQueued], "everybody waits for another attempt: %v", s.counts())
	unsettled, err := s.store.ListCalls(s.Context(), dialer.ListCallsParams{CampaignID: s.campaign, Unsettled: true, Limit: 1})
	require.NoError(s, err)
	require.Empty(s, unsettled.Calls)
	all, err := s.store.ListCalls(s.Context(), dialer.ListCallsParams{CampaignID: s.campaign, Limit: 1000})
	require.NoError(s, err)
	engaged := 0
	for _, call := range all.Calls {
		if call.Outcome == dialer.OutcomeBusy {
			engaged++
			require.Equal(s, sid(call.ID), call.CallSID)
			continue
		}
		require.Equal(s, dialer.OutcomeNotPlaced, call.Outcome)
	}
	require.Equal(s, people, engaged)
	items, err := s.store.ListCallItems(s.Context(), dialer.ListItemsParams{CampaignID: s.campaign, Limit: 1000})
	require.NoError(s, err)
	for _, item := range items.Items {
		require.Equal(s, 1, item.Attempts, "one attempt is counted for each")
	}
}

func TestAKilledProcessLeavesNothingStuckAndNobodyDialedTwice(t *testing.T) {
	t.Parallel()

	for engine, database := range engines {
		for name, at := range map[string]moment{
			"between the claim and the placement":            claimed,
			"between the placement and Originate":            placed,
			"while Originate is under way":                   ringing,
			"between Originate and the record of its answer": originated,
		} {
			t.Run(engine+", killed "+name, func(t *testing.T) {
				t.Parallel()

				s := newSite(t, database(t))
				if at == ringing {
					var once sync.Once
					process := make(chan int, 1)
					s.carrier.onArrival(func(dialer.OriginateRequest) {
						once.Do(func() { _ = syscall.Kill(<-process, syscall.SIGKILL) })
					})
					victim := start(t, s.database, s.carrier, at)
					process <- victim.Process.Pid
					victim.requireKilled(t)
				} else {
					start(t, s.database, s.carrier, at).requireKilled(t)
				}
				survivor := start(t, s.database, s.carrier, never)
				s.await("everybody is dialed", func() bool { return len(s.carrier.requests()) == people })
				s.await("everybody who was dialed is known", func() bool {
					counts := s.counts()
					return counts[dialer.StateQueued] == 0 && counts[dialer.StateUnknown] == 0
				})
				s.engage()
				s.await("every call is settled", func() bool { return s.counts()[dialer.StateQueued] == people })
				survivor.stop(t)
				s.requireSettled()
			})
		}
	}
}

func TestAnEventWhoseProcessDiesBeforeItsEffectIsTakenWhenItComesAgain(t *testing.T) {
	t.Parallel()

	for engine, database := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()

			s := newSite(t, database(t))
			call := s.place()
			event := telephony.Event{
				Ref: call.Ref, CallSID: sid(call.ID), Type: telephony.TypeEnded, Cause: dialer.CauseBusy, Source: "exchange",
			}
			deliver(t, s.database, event).requireKilled(t)
			kept, err := s.store.ListEvents(t.Context(), telephony.ListParams{CampaignID: s.campaign, Limit: 10})
			require.NoError(t, err)
			require.Empty(t, kept.Events, "neither the event was kept nor its effect")
			require.Equal(t, 1, s.counts()[dialer.StateDialing])

			handler := telephony.New(s.store, telephony.Config{})
			for range 2 {
				_, err := handler.Handle(t.Context(), event)
				require.NoError(t, err)
			}
			kept, err = s.store.ListEvents(t.Context(), telephony.ListParams{CampaignID: s.campaign, Limit: 10})
			require.NoError(t, err)
			require.Len(t, kept.Events, 1)
			require.Zero(t, s.counts()[dialer.StateDialing])
			calls, err := s.store.ListCalls(t.Context(), dialer.ListCallsParams{CampaignID: s.campaign, Limit: 10})
			require.NoError(t, err)
			require.Len(t, calls.Calls, 1)
			require.Equal(t, dialer.OutcomeBusy, calls.Calls[0].Outcome)
			require.Equal(t, call.ItemVersion+1, calls.Calls[0].ItemVersion, "the item was moved once")
		})
	}
}

// place claims one call and keeps it as about to be placed.
func (s *site) place() dialer.Call {
	s.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	limits := dialer.Limits{Open: callwindow.Open{Everywhere: true}}
	claimed, err := s.store.ClaimCalls(s.Context(), dialer.ClaimParams{CampaignID: s.campaign, Limit: 1, Limits: limits, Now: now})
	require.NoError(s, err)
	require.Len(s, claimed.Calls, 1)
	placed, err := s.store.PlaceCall(s.Context(), dialer.PlaceParams{
		CampaignID: s.campaign, CallID: claimed.Calls[0].ID, Limits: limits, Now: now,
	})
	require.NoError(s, err)
	require.Empty(s, placed.Refusal)
	return placed.Call
}
