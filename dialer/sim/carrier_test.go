package sim_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/sim"
	"github.com/outdial/outdial/dialer/telephony"
)

// line is a carrier, and what it reports.
type line struct {
	*testing.T

	carrier *sim.Carrier
	reports *inbox
}

// carrierTest runs a test in a bubble in which time passes by itself.
func carrierTest(t *testing.T, cfg sim.Config, test func(l *line)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		reports := &inbox{}
		cfg.Deliver = reports.deliver
		carrier := sim.NewCarrier(cfg)
		defer carrier.Close()
		test(&line{T: t, carrier: carrier, reports: reports})
	})
}

func TestCarrier(t *testing.T) {
	t.Parallel()

	t.Run("reports each step of a call in order, with its Ref", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: people(), Detection: sure()}, func(l *line) {
			began := time.Now().UTC()
			sid := originate(l, l.carrier, 1)
			pass(9 * time.Second)
			require.NoError(l, l.carrier.Bridge(l.Context(), dialer.BridgeRequest{Token: token(1), AgentID: token(7)}))
			pass(time.Hour)
			require.Equal(l, []telephony.Type{
				telephony.TypeInitiated, telephony.TypeRinging, telephony.TypeAnswered,
				telephony.TypeAMD, telephony.TypeConnected, telephony.TypeEnded,
			}, l.reports.types())
			for i, event := range l.reports.events {
				require.Equal(l, request(1).Ref, event.Ref)
				require.Equal(l, sid, event.CallSID)
				require.Equal(l, i, event.Seq)
				require.Equal(l, "sim", event.Source)
			}
			for i, after := range []time.Duration{0, time.Second, 6 * time.Second, 8 * time.Second, 9 * time.Second} {
				require.Equal(l, began.Add(after), l.reports.events[i].At)
			}
			require.Equal(l, dialer.AMDHuman, l.reports.events[3].AMD)
			require.Equal(l, dialer.CauseCompleted, l.reports.events[5].Cause)
			require.Equal(l, token(7), record(l, l.carrier, 1).AgentID)
		})
	})
	t.Run("ends a call that nobody takes once it has rung as long as was asked", func(t *testing.T) {
		t.Parallel()

		callees := people()
		callees.PickUp = sim.Exactly(time.Minute)
		carrierTest(t, sim.Config{Callees: callees}, func(l *line) {
			originate(l, l.carrier, 1)
			pass(time.Minute)
			facts := record(l, l.carrier, 1).Facts
			require.Equal(l, 25*time.Second, facts.EndedAt.Sub(facts.RingingAt))
			require.Equal(l, dialer.CauseNoAnswer, facts.Cause)
			require.Equal(l, []telephony.Type{telephony.TypeInitiated, telephony.TypeRinging, telephony.TypeEnded}, l.reports.types())
		})
	})
	t.Run("has people hang up on silence when their patience is over", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: people(), Detection: sure()}, func(l *line) {
			originate(l, l.carrier, 1)
			pass(time.Minute)
			facts := record(l, l.carrier, 1).Facts
			require.Equal(l, 10*time.Second, facts.EndedAt.Sub(facts.AnsweredAt))
		})
	})
	t.Run("gives no verdict unless it is asked to, nor on a call that is over", func(t *testing.T) {
		t.Parallel()

		callees := people()
		callees.Patience = sim.Exactly(time.Second)
		carrierTest(t, sim.Config{Callees: callees, Detection: sure()}, func(l *line) {
			originate(l, l.carrier, 1)
			unasked := request(2)
			unasked.DetectMachine = false
			_, err := l.carrier.Originate(l.Context(), unasked)
			require.NoError(l, err)
			pass(time.Minute)
			require.NotContains(l, l.reports.types(), telephony.TypeAMD)
		})
	})
	t.Run("takes machines and people for each other in the shares that were asked for", func(t *testing.T) {
		t.Parallel()

		for name, test := range map[string]struct {
			callees   sim.Callees
			detection sim.Detection
			verdict   dialer.AMD
		}{
			"people":            {people(), sure(), dialer.AMDHuman},
			"machines":          {machines(), sure(), dialer.AMDMachine},
			"people, wrongly":   {people(), sim.Detection{PersonAsMachine: 1}, dialer.AMDMachine},
			"machines, wrongly": {machines(), sim.Detection{MachineAsPerson: 1}, dialer.AMDHuman},
			"doubt":             {people(), sim.Detection{Unknown: 1}, dialer.AMDUnknown},
			"silence":           {people(), sim.Detection{Silent: 1}, ""},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()

				carrierTest(t, sim.Config{Callees: test.callees, Detection: test.detection}, func(l *line) {
					originate(l, l.carrier, 1)
					pass(time.Minute)
					require.Equal(l, test.verdict, record(l, l.carrier, 1).Facts.AMD)
				})
			})
		}
	})
	t.Run("places one call for each token, however often it is asked", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: people(), Network: sim.Network{Latency: sim.Exactly(time.Second)}},
			func(l *line) {
				answers := make(chan dialer.OriginateResult, 2)
				for range 2 {
					go func() {
						answer, _ := l.carrier.Originate(context.Background(), request(1))
						answers <- answer
					}()
				}
				pass(2 * time.Second)
				sid := originate(l, l.carrier, 1)
				for range 2 {
					require.Equal(l, dialer.OriginateResult{CallSID: sid}, <-answers)
				}
				books := l.carrier.Books()
				require.Equal(l, []int{3, 2, 1, 1}, []int{books.Requests, books.AskedAgain, books.Placed, books.MostAtOnce})
			})
	})
	t.Run("counts the calls that one phone is in at once", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: people()}, func(l *line) {
			again := request(2)
			again.To = phone(1)
			originate(l, l.carrier, 1)
			_, err := l.carrier.Originate(l.Context(), again)
			require.NoError(l, err)
			require.Equal(l, 2, l.carrier.Books().MostAtOnce)
			require.Equal(l, 2, l.carrier.Books().MostLines)
		})
	})
	t.Run("has no more calls at once than lines", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: people(), Lines: 2}, func(l *line) {
			originate(l, l.carrier, 1)
			originate(l, l.carrier, 2)
			_, err := l.carrier.Originate(l.Context(), request(3))
			require.ErrorIs(l, err, dialer.ErrTrunkBusy)
			_, err = l.carrier.Lookup(l.Context(), dialer.LookupRequest{Token: token(3)})
			require.ErrorIs(l, err, dialer.ErrCallNotFound)
			pass(time.Minute)
			originate(l, l.carrier, 3)
			require.Equal(l, 2, l.carrier.Books().MostLines)
		})
	})
	t.Run("refuses numbers, and places no call for them", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: sim.Callees{Rejected: 1}}, func(l *line) {
			_, err := l.carrier.Originate(l.Context(), request(1))
			require.ErrorIs(l, err, dialer.ErrNumberRejected)
			pass(time.Minute)
			require.Empty(l, l.carrier.Records())
			require.Empty(l, l.reports.types())
		})
	})
	t.Run("hangs up once, as canceled before the answer and as completed after it", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: people()}, func(l *line) {
			for n, answered := range map[int]bool{1: false, 2: true} {
				sid, cause := originate(l, l.carrier, n), dialer.CauseCanceled
				if answered {
					pass(8 * time.Second)
					cause = dialer.CauseCompleted
				}
				for range 2 {
					require.NoError(l, l.carrier.Hangup(l.Context(), dialer.HangupRequest{CallSID: sid}))
				}
				require.Equal(l, cause, record(l, l.carrier, n).Facts.Cause)
			}
			pass(time.Minute)
			require.Len(l, slices.DeleteFunc(l.reports.types(), func(kind telephony.Type) bool { return kind != telephony.TypeEnded }), 2)
		})
	})
	t.Run("bridges an agent once, and no second one", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: people()}, func(l *line) {
			originate(l, l.carrier, 1)
			pass(8 * time.Second)
			bridge := dialer.BridgeRequest{Token: token(1), AgentID: token(7)}
			require.NoError(l, l.carrier.Bridge(l.Context(), bridge))
			require.NoError(l, l.carrier.Bridge(l.Context(), bridge))
			bridge.AgentID = token(8)
			require.ErrorIs(l, l.carrier.Bridge(l.Context(), bridge), dialer.ErrTrunkBusy)
			require.Equal(l, 1, l.carrier.Books().Connected)
			require.Equal(l, 1, l.carrier.Books().TwoAgents)
			pass(time.Hour)
			bridge.AgentID = token(7)
			require.ErrorIs(l, l.carrier.Bridge(l.Context(), bridge), dialer.ErrCallNotFound, "the call is over")
		})
	})
	t.Run("plays an announcement until it was heard, the callee hangs up, or the deadline", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: people()}, func(l *line) {
			play := func(ctx context.Context, n int) (time.Duration, error) {
				began := time.Now()
				err := l.carrier.Play(ctx, dialer.PlayRequest{Token: token(n), Announcement: dialer.AnnouncementSafeHarbor})
				return time.Since(began), err
			}
			for n := range 3 {
				originate(l, l.carrier, n)
			}
			pass(8 * time.Second)
			took, err := play(l.Context(), 0)
			require.NoError(l, err)
			require.Equal(l, 6*time.Second, took)

			time.AfterFunc(2*time.Second, func() {
				_ = l.carrier.Hangup(context.Background(), dialer.HangupRequest{Token: token(1)})
			})
			took, err = play(l.Context(), 1)
			require.NoError(l, err)
			require.Equal(l, 2*time.Second, took)

			originate(l, l.carrier, 3)
			pass(8 * time.Second)
			ctx, cancel := context.WithTimeout(l.Context(), time.Second)
			defer cancel()
			_, err = play(ctx, 3)
			require.ErrorIs(l, err, dialer.ErrCarrierTimeout)

			took, err = play(l.Context(), 1)
			require.NoError(l, err)
			require.Zero(l, took, "nobody is there to hear it")
			require.Equal(l, 3, l.carrier.Books().Announced)
		})
	})
	t.Run("knows no call that it never placed", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{}, func(l *line) {
			ctx := l.Context()
			require.ErrorIs(l, l.carrier.Bridge(ctx, dialer.BridgeRequest{Token: token(1)}), dialer.ErrCallNotFound)
			require.ErrorIs(l, l.carrier.Play(ctx, dialer.PlayRequest{CallSID: "SIM-1"}), dialer.ErrCallNotFound)
			require.ErrorIs(l, l.carrier.Hangup(ctx, dialer.HangupRequest{Token: token(1)}), dialer.ErrCallNotFound)
			_, err := l.carrier.Lookup(ctx, dialer.LookupRequest{Token: token(1), CallSID: "SIM-1"})
			require.ErrorIs(l, err, dialer.ErrCallNotFound)
		})
	})
	t.Run("follows a mock clock", func(t *testing.T) {
		t.Parallel()

		mock, reports := clock.NewMock(), &inbox{}
		carrier := sim.NewCarrier(sim.Config{Clock: mock, Callees: people(), Detection: sure(), Deliver: reports.deliver})
		defer carrier.Close()
		originate(t, carrier, 1)
		for range 40 {
			mock.Add(time.Second)
		}
		require.Eventually(t, func() bool { return len(reports.types()) == 5 }, 10*time.Second, time.Millisecond)
		facts := record(t, carrier, 1).Facts
		require.Equal(t, 16*time.Second, facts.EndedAt.Sub(facts.InitiatedAt))
	})
	t.Run("ends everything when it is closed, and reports no more", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: people(), Network: sim.Network{Delay: sim.Exactly(time.Second)}},
			func(l *line) {
				originate(l, l.carrier, 1)
				playing := make(chan error, 1)
				pass(7 * time.Second)
				go func() {
					playing <- l.carrier.Play(context.Background(), dialer.PlayRequest{Token: token(1)})
				}()
				pass(time.Second)
				l.carrier.Close()
				require.NoError(l, <-playing)
				heard := len(l.reports.types())
				_, err := l.carrier.Originate(l.Context(), request(2))
				require.NoError(l, err)
				pass(time.Hour)
				require.Len(l, l.reports.types(), heard)
			})
	})
	t.Run("has every default when nothing is asked for", func(t *testing.T) {
		t.Parallel()

		cfg := sim.Config{}.WithDefaults()
		require.Equal(t, sim.DefaultCallees(), cfg.Callees)
		require.Equal(t, sim.DefaultDetection(), cfg.Detection)
		require.NoError(t, cfg.Deliver(t.Context(), telephony.Event{}))
		carrier := sim.NewCarrier(sim.Config{})
		defer carrier.Close()
		_, err := carrier.Lookup(t.Context(), dialer.LookupRequest{Token: uuid.New()})
		require.ErrorIs(t, err, dialer.ErrCallNotFound)
	})
}
