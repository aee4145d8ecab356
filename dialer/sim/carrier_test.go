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

// carrierTest is a carrier in a bubble in which time passes by itself.
func carrierTest(t *testing.T, cfg sim.Config, test func(t *testing.T, carrier *sim.Carrier, reports *inbox)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		reports := &inbox{}
		cfg.Deliver = reports.deliver
		carrier := sim.NewCarrier(cfg)
		defer carrier.Close()
		test(t, carrier, reports)
	})
}

func TestCarrier(t *testing.T) {
	t.Parallel()

	t.Run("reports each step of a call in order, with its Ref", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: people(), Detection: sure()}, func(t *testing.T, carrier *sim.Carrier, reports *inbox) {
			began := time.Now().UTC()
			sid := originate(t, carrier, 1)
			pass(9 * time.Second)
			require.NoError(t, carrier.Bridge(t.Context(), dialer.BridgeRequest{Token: token(1), AgentID: token(7)}))
			pass(time.Hour)
			require.Equal(t, []telephony.Type{
				telephony.TypeInitiated, telephony.TypeRinging, telephony.TypeAnswered,
				telephony.TypeAMD, telephony.TypeConnected, telephony.TypeEnded,
			}, reports.types())
			for i, event := range reports.events {
				require.Equal(t, request(1).Ref, event.Ref)
				require.Equal(t, sid, event.CallSID)
				require.Equal(t, i, event.Seq)
				require.Equal(t, "sim", event.Source)
			}
			for i, after := range []time.Duration{0, time.Second, 6 * time.Second, 8 * time.Second, 9 * time.Second} {
				require.Equal(t, began.Add(after), reports.events[i].At)
			}
			require.Equal(t, dialer.AMDHuman, reports.events[3].AMD)
			require.Equal(t, dialer.CauseCompleted, reports.events[5].Cause)
			require.Equal(t, token(7), record(t, carrier, 1).AgentID)
		})
	})
	t.Run("ends a call that nobody takes once it has rung as long as was asked", func(t *testing.T) {
		t.Parallel()

		callees := people()
		callees.PickUp = sim.Exactly(time.Minute)
		carrierTest(t, sim.Config{Callees: callees}, func(t *testing.T, carrier *sim.Carrier, reports *inbox) {
			originate(t, carrier, 1)
			pass(time.Minute)
			facts := record(t, carrier, 1).Facts
			require.Equal(t, 25*time.Second, facts.EndedAt.Sub(facts.RingingAt))
			require.Equal(t, dialer.CauseNoAnswer, facts.Cause)
			require.Equal(t, []telephony.Type{telephony.TypeInitiated, telephony.TypeRinging, telephony.TypeEnded}, reports.types())
		})
	})
	t.Run("has people hang up on silence when their patience is over", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: people(), Detection: sure()}, func(t *testing.T, carrier *sim.Carrier, _ *inbox) {
			originate(t, carrier, 1)
			pass(time.Minute)
			facts := record(t, carrier, 1).Facts
			require.Equal(t, 10*time.Second, facts.EndedAt.Sub(facts.AnsweredAt))
		})
	})
	t.Run("gives no verdict unless it is asked to, nor on a call that is over", func(t *testing.T) {
		t.Parallel()

		callees := people()
		callees.Patience = sim.Exactly(time.Second)
		carrierTest(t, sim.Config{Callees: callees, Detection: sure()}, func(t *testing.T, carrier *sim.Carrier, reports *inbox) {
			originate(t, carrier, 1)
			unasked := request(2)
			unasked.DetectMachine = false
			_, err := carrier.Originate(t.Context(), unasked)
			require.NoError(t, err)
			pass(time.Minute)
			require.NotContains(t, reports.types(), telephony.TypeAMD)
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

				carrierTest(t, sim.Config{Callees: test.callees, Detection: test.detection}, func(t *testing.T, carrier *sim.Carrier, _ *inbox) {
					originate(t, carrier, 1)
					pass(time.Minute)
					require.Equal(t, test.verdict, record(t, carrier, 1).Facts.AMD)
				})
			})
		}
	})
	t.Run("places one call for each token, however often it is asked", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: people(), Network: sim.Network{Latency: sim.Exactly(time.Second)}},
			func(t *testing.T, carrier *sim.Carrier, _ *inbox) {
				answers := make(chan dialer.OriginateResult, 2)
				for range 2 {
					go func() {
						answer, _ := carrier.Originate(context.Background(), request(1))
						answers <- answer
					}()
				}
				pass(2 * time.Second)
				sid := originate(t, carrier, 1)
				for range 2 {
					require.Equal(t, dialer.OriginateResult{CallSID: sid}, <-answers)
				}
				books := carrier.Books()
				require.Equal(t, []int{3, 2, 1, 1}, []int{books.Requests, books.AskedAgain, books.Placed, books.MostAtOnce})
			})
	})
	t.Run("counts the calls that one phone is in at once", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: people()}, func(t *testing.T, carrier *sim.Carrier, _ *inbox) {
			again := request(2)
			again.To = phone(1)
			originate(t, carrier, 1)
			_, err := carrier.Originate(t.Context(), again)
			require.NoError(t, err)
			require.Equal(t, 2, carrier.Books().MostAtOnce)
			require.Equal(t, 2, carrier.Books().MostLines)
		})
	})
	t.Run("has no more calls at once than lines", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: people(), Lines: 2}, func(t *testing.T, carrier *sim.Carrier, _ *inbox) {
			originate(t, carrier, 1)
			originate(t, carrier, 2)
			_, err := carrier.Originate(t.Context(), request(3))
			require.ErrorIs(t, err, dialer.ErrTrunkBusy)
			_, err = carrier.Lookup(t.Context(), dialer.LookupRequest{Token: token(3)})
			require.ErrorIs(t, err, dialer.ErrCallNotFound)
			pass(time.Minute)
			originate(t, carrier, 3)
			require.Equal(t, 2, carrier.Books().MostLines)
		})
	})
	t.Run("refuses numbers, and places no call for them", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: sim.Callees{Rejected: 1}}, func(t *testing.T, carrier *sim.Carrier, reports *inbox) {
			_, err := carrier.Originate(t.Context(), request(1))
			require.ErrorIs(t, err, dialer.ErrNumberRejected)
			pass(time.Minute)
			require.Empty(t, carrier.Records())
			require.Empty(t, reports.types())
		})
	})
	t.Run("hangs up once, as canceled before the answer and as completed after it", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: people()}, func(t *testing.T, carrier *sim.Carrier, reports *inbox) {
			for n, answered := range map[int]bool{1: false, 2: true} {
				sid, cause := originate(t, carrier, n), dialer.CauseCanceled
				if answered {
					pass(8 * time.Second)
					cause = dialer.CauseCompleted
				}
				for range 2 {
					require.NoError(t, carrier.Hangup(t.Context(), dialer.HangupRequest{CallSID: sid}))
				}
				require.Equal(t, cause, record(t, carrier, n).Facts.Cause)
			}
			pass(time.Minute)
			require.Len(t, slices.DeleteFunc(reports.types(), func(kind telephony.Type) bool { return kind != telephony.TypeEnded }), 2)
		})
	})
	t.Run("bridges an agent once, and no second one", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: people()}, func(t *testing.T, carrier *sim.Carrier, _ *inbox) {
			originate(t, carrier, 1)
			pass(8 * time.Second)
			bridge := dialer.BridgeRequest{Token: token(1), AgentID: token(7)}
			require.NoError(t, carrier.Bridge(t.Context(), bridge))
			require.NoError(t, carrier.Bridge(t.Context(), bridge))
			bridge.AgentID = token(8)
			require.ErrorIs(t, carrier.Bridge(t.Context(), bridge), dialer.ErrTrunkBusy)
			require.Equal(t, 1, carrier.Books().Connected)
			require.Equal(t, 1, carrier.Books().TwoAgents)
			pass(time.Hour)
			bridge.AgentID = token(7)
			require.ErrorIs(t, carrier.Bridge(t.Context(), bridge), dialer.ErrCallNotFound, "the call is over")
		})
	})
	t.Run("plays an announcement until it was heard, the callee hangs up, or the deadline", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{Callees: people()}, func(t *testing.T, carrier *sim.Carrier, _ *inbox) {
			play := func(ctx context.Context, n int) (time.Duration, error) {
				began := time.Now()
				err := carrier.Play(ctx, dialer.PlayRequest{Token: token(n), Announcement: dialer.AnnouncementSafeHarbor})
				return time.Since(began), err
			}
			for n := range 3 {
				originate(t, carrier, n)
			}
			pass(8 * time.Second)
			took, err := play(t.Context(), 0)
			require.NoError(t, err)
			require.Equal(t, 6*time.Second, took)

			time.AfterFunc(2*time.Second, func() {
				_ = carrier.Hangup(context.Background(), dialer.HangupRequest{Token: token(1)})
			})
			took, err = play(t.Context(), 1)
			require.NoError(t, err)
			require.Equal(t, 2*time.Second, took)

			originate(t, carrier, 3)
			pass(8 * time.Second)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err = play(ctx, 3)
			require.ErrorIs(t, err, dialer.ErrCarrierTimeout)

			took, err = play(t.Context(), 1)
			require.NoError(t, err)
			require.Zero(t, took, "nobody is there to hear it")
			require.Equal(t, 3, carrier.Books().Announced)
		})
	})
	t.Run("knows no call that it never placed", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, sim.Config{}, func(t *testing.T, carrier *sim.Carrier, _ *inbox) {
			ctx := t.Context()
			require.ErrorIs(t, carrier.Bridge(ctx, dialer.BridgeRequest{Token: token(1)}), dialer.ErrCallNotFound)
			require.ErrorIs(t, carrier.Play(ctx, dialer.PlayRequest{CallSID: "SIM-1"}), dialer.ErrCallNotFound)
			require.ErrorIs(t, carrier.Hangup(ctx, dialer.HangupRequest{Token: token(1)}), dialer.ErrCallNotFound)
			_, err := carrier.Lookup(ctx, dialer.LookupRequest{Token: token(1), CallSID: "SIM-1"})
			require.ErrorIs(t, err, dialer.ErrCallNotFound)
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
			func(t *testing.T, carrier *sim.Carrier, reports *inbox) {
				originate(t, carrier, 1)
				playing := make(chan error, 1)
				pass(7 * time.Second)
				go func() {
					playing <- carrier.Play(context.Background(), dialer.PlayRequest{Token: token(1)})
				}()
				pass(time.Second)
				carrier.Close()
				<-playing
				heard := len(reports.types())
				_, err := carrier.Originate(t.Context(), request(2))
				require.NoError(t, err)
				pass(time.Hour)
				require.Len(t, reports.types(), heard)
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
