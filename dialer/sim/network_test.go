package sim_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/sim"
	"github.com/outdial/outdial/dialer/telephony"
)

func TestNetwork(t *testing.T) {
	t.Parallel()

	// slow is a carrier that takes its time over requests and reports.
	config := func(change func(*sim.Network)) sim.Config {
		network := sim.Network{Latency: sim.Exactly(4 * time.Second), Delay: sim.Exactly(500 * time.Millisecond)}
		change(&network)
		return sim.Config{Callees: people(), Detection: sure(), Network: network}
	}
	lookup := func(t testing.TB, carrier *sim.Carrier, n int) (dialer.LookupResult, error) {
		t.Helper()
		return carrier.Lookup(t.Context(), dialer.LookupRequest{Token: token(n)})
	}

	t.Run("lets reports arrive before the answer to Originate", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, config(func(*sim.Network) {}), func(l *line) {
			began := time.Now()
			early := 0
			for n := range 10 {
				before := len(l.reports.types())
				originate(l, l.carrier, n)
				if len(l.reports.types()) > before {
					early++
				}
			}
			require.Equal(l, 40*time.Second, time.Since(began))
			require.Positive(l, early)
		})
	})
	t.Run("loses answers of calls that were placed, and Lookup knows them", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, config(func(n *sim.Network) { n.LostPlaced = 1 }), func(l *line) {
			var waited, broke int
			for n := range 20 {
				ctx, cancel := context.WithTimeout(l.Context(), 10*time.Second)
				began := time.Now()
				_, err := l.carrier.Originate(ctx, request(n))
				cancel()
				require.ErrorIs(l, err, dialer.ErrCarrierTimeout)
				if time.Since(began) == 10*time.Second {
					waited++
				} else {
					broke++
				}
				found, err := lookup(l, l.carrier, n)
				require.NoError(l, err)
				require.NotEmpty(l, found.CallSID)
				require.True(l, found.Facts.Seen())
			}
			require.Positive(l, waited)
			require.Positive(l, broke)
			require.Equal(l, 20, l.carrier.Books().LostPlaced)
		})
	})
	t.Run("loses requests before a call was placed, and vouches for it", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, config(func(n *sim.Network) { n.LostUnplaced = 1 }), func(l *line) {
			for n := range 10 {
				ctx, cancel := context.WithTimeout(l.Context(), 10*time.Second)
				_, err := l.carrier.Originate(ctx, request(n))
				cancel()
				require.ErrorIs(l, err, dialer.ErrCarrierTimeout)
			}
			pass(time.Hour)
			_, err := lookup(l, l.carrier, 1)
			require.ErrorIs(l, err, dialer.ErrCallNotFound)
			require.Empty(l, l.reports.types())
			require.Equal(l, 10, l.carrier.Books().LostUnplaced)
		})
	})
	t.Run("places no call after the deadline of the request", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, config(func(n *sim.Network) { n.Latency = sim.Between(0, time.Minute) }),
			func(l *line) {
				for n := range 20 {
					ctx, cancel := context.WithTimeout(l.Context(), 20*time.Second)
					placed, began := l.carrier.Books().Placed, time.Now()
					_, err := l.carrier.Originate(ctx, request(n))
					cancel()
					require.LessOrEqual(l, time.Since(began), 20*time.Second)
					if err != nil {
						require.ErrorIs(l, err, dialer.ErrCarrierTimeout)
					}
					inTime := l.carrier.Books().Placed - placed
					pass(time.Hour)
					require.Equal(l, placed+inTime, l.carrier.Books().Placed)
				}
				require.Less(l, l.carrier.Books().Placed, 20)
				require.Positive(l, l.carrier.Books().Placed)
			})
	})
	t.Run("delivers reports twice, late, out of order and without their Ref", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, config(func(n *sim.Network) {
			n.Latency = sim.Span{}
			n.Duplicated, n.Reordered, n.HoldBack, n.Unreferenced = 0.5, 0.5, sim.Exactly(20*time.Second), 0.5
		}), func(l *line) {
			for n := range 20 {
				originate(l, l.carrier, n)
			}
			pass(time.Hour)
			books := l.carrier.Books()
			require.Positive(l, books.Duplicated)
			require.Equal(l, 5*20+books.Duplicated, books.Delivered)
			require.Len(l, l.reports.events, books.Delivered)
			sorted := slices.IsSortedFunc(l.reports.events, func(a, b telephony.Event) int { return a.At.Compare(b.At) })
			require.False(l, sorted)
			var bare int
			for i, event := range l.reports.events {
				require.GreaterOrEqual(l, l.reports.at[i].Sub(event.At), 500*time.Millisecond)
				if event.Ref == (dialer.Ref{}) {
					bare++
				}
			}
			require.Positive(l, bare)
			require.Less(l, bare, books.Delivered)
		})
	})
	t.Run("loses reports", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, config(func(n *sim.Network) { n.Missing = 1 }), func(l *line) {
			originate(l, l.carrier, 1)
			pass(time.Hour)
			require.Empty(l, l.reports.types())
			require.Equal(l, 5, l.carrier.Books().Missing)
		})
	})
	t.Run("delivers again what the dialer did not take, and gives up after a while", func(t *testing.T) {
		t.Parallel()

		for refuse, heard := range map[int]int{5: 1, 6: 0} {
			callees := people()
			callees.Setup = sim.Exactly(time.Hour)
			carrierTest(t, sim.Config{Callees: callees}, func(l *line) {
				l.reports.refuse = refuse
				originate(l, l.carrier, 1)
				pass(10 * time.Minute)
				require.Len(l, l.reports.types(), heard)
				require.Equal(l, 1-heard, l.carrier.Books().Missing)
			})
		}
	})
	t.Run("has no line to the agent, or does not say whether they were bridged", func(t *testing.T) {
		t.Parallel()

		bridge := func(t *testing.T, cfg sim.Config, want error) (made int) {
			t.Helper()
			carrierTest(t, cfg, func(l *line) {
				for n := range 20 {
					originate(l, l.carrier, n)
				}
				pass(8 * time.Second)
				for n := range 20 {
					err := l.carrier.Bridge(l.Context(), dialer.BridgeRequest{Token: token(n), AgentID: token(n)})
					require.ErrorIs(l, err, want)
				}
				made = l.carrier.Books().Connected
			})
			return made
		}
		quick := func(change func(*sim.Network)) sim.Config {
			return config(func(n *sim.Network) {
				n.Latency = sim.Span{}
				change(n)
			})
		}
		require.Zero(t, bridge(t, quick(func(n *sim.Network) { n.BridgeBusy = 1 }), dialer.ErrTrunkBusy))
		made := bridge(t, quick(func(n *sim.Network) { n.BridgeLost = 1 }), dialer.ErrCarrierTimeout)
		require.Positive(t, made)
		require.Less(t, made, 20)
	})
	t.Run("does not answer lookups", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, config(func(n *sim.Network) { n.LookupLost = 1 }), func(l *line) {
			originate(l, l.carrier, 1)
			_, err := lookup(l, l.carrier, 1)
			require.ErrorIs(l, err, dialer.ErrCarrierTimeout)
		})
	})
}
