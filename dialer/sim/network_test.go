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
	lookup := func(t *testing.T, carrier *sim.Carrier, n int) (dialer.LookupResult, error) {
		t.Helper()
		return carrier.Lookup(t.Context(), dialer.LookupRequest{Token: token(n)})
	}

	t.Run("lets reports arrive before the answer to Originate", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, config(func(*sim.Network) {}), func(t *testing.T, carrier *sim.Carrier, reports *inbox) {
			began := time.Now()
			early := 0
			for n := range 10 {
				before := len(reports.types())
				originate(t, carrier, n)
				if len(reports.types()) > before {
					early++
				}
			}
			require.Equal(t, 40*time.Second, time.Since(began))
			require.Positive(t, early)
		})
	})
	t.Run("loses answers of calls that were placed, and Lookup knows them", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, config(func(n *sim.Network) { n.LostPlaced = 1 }), func(t *testing.T, carrier *sim.Carrier, _ *inbox) {
			var waited, broke int
			for n := range 20 {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				began := time.Now()
				_, err := carrier.Originate(ctx, request(n))
				cancel()
				require.ErrorIs(t, err, dialer.ErrCarrierTimeout)
				if time.Since(began) == 10*time.Second {
					waited++
				} else {
					broke++
				}
				found, err := lookup(t, carrier, n)
				require.NoError(t, err)
				require.NotEmpty(t, found.CallSID)
				require.True(t, found.Facts.Seen())
			}
			require.Positive(t, waited)
			require.Positive(t, broke)
			require.Equal(t, 20, carrier.Books().LostPlaced)
		})
	})
	t.Run("loses requests before a call was placed, and vouches for it", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, config(func(n *sim.Network) { n.LostUnplaced = 1 }), func(t *testing.T, carrier *sim.Carrier, reports *inbox) {
			for n := range 10 {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				_, err := carrier.Originate(ctx, request(n))
				cancel()
				require.ErrorIs(t, err, dialer.ErrCarrierTimeout)
			}
			pass(time.Hour)
			_, err := lookup(t, carrier, 1)
			require.ErrorIs(t, err, dialer.ErrCallNotFound)
			require.Empty(t, reports.types())
			require.Equal(t, 10, carrier.Books().LostUnplaced)
		})
	})
	t.Run("places no call after the deadline of the request", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, config(func(n *sim.Network) { n.Latency = sim.Between(0, time.Minute) }),
			func(t *testing.T, carrier *sim.Carrier, _ *inbox) {
				for n := range 20 {
					ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
					placed, began := carrier.Books().Placed, time.Now()
					_, err := carrier.Originate(ctx, request(n))
					cancel()
					require.LessOrEqual(t, time.Since(began), 20*time.Second)
					if err != nil {
						require.ErrorIs(t, err, dialer.ErrCarrierTimeout)
					}
					inTime := carrier.Books().Placed - placed
					pass(time.Hour)
					require.Equal(t, placed+inTime, carrier.Books().Placed)
				}
				require.Less(t, carrier.Books().Placed, 20)
				require.Positive(t, carrier.Books().Placed)
			})
	})
	t.Run("delivers reports twice, late, out of order and without their Ref", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, config(func(n *sim.Network) {
			n.Latency = sim.Span{}
			n.Duplicated, n.Reordered, n.HoldBack, n.Unreferenced = 0.5, 0.5, sim.Exactly(20*time.Second), 0.5
		}), func(t *testing.T, carrier *sim.Carrier, reports *inbox) {
			for n := range 20 {
				originate(t, carrier, n)
			}
			pass(time.Hour)
			books := carrier.Books()
			require.Positive(t, books.Duplicated)
			require.Equal(t, 5*20+books.Duplicated, books.Delivered)
			require.Len(t, reports.events, books.Delivered)
			sorted := slices.IsSortedFunc(reports.events, func(a, b telephony.Event) int { return a.At.Compare(b.At) })
			require.False(t, sorted)
			var bare int
			for i, event := range reports.events {
				require.GreaterOrEqual(t, reports.at[i].Sub(event.At), 500*time.Millisecond)
				if event.Ref == (dialer.Ref{}) {
					bare++
				}
			}
			require.Positive(t, bare)
			require.Less(t, bare, books.Delivered)
		})
	})
	t.Run("loses reports", func(t *testing.T) {
		t.Parallel()

		carrierTest(t, config(func(n *sim.Network) { n.Missing = 1 }), func(t *testing.T, carrier *sim.Carrier, reports *inbox) {
			originate(t, carrier, 1)
			pass(time.Hour)
			require.Empty(t, reports.types())
			require.Equal(t, 5, carrier.Books().Missing)
		})
	})
	t.Run("delivers again what the dialer did not take, and gives up after a while", func(t *testing.T) {
		t.Parallel()

		for refuse, heard := range map[int]int{5: 1, 6: 0} {
			callees := people()
			callees.Setup = sim.Exactly(time.Hour)
			carrierTest(t, sim.Config{Callees: callees}, func(t *testing.T, carrier *sim.Carrier, reports *inbox) {
				reports.refuse = refuse
				originate(t, carrier, 1)
				pass(10 * time.Minute)
				require.Len(t, reports.types(), heard)
				require.Equal(t, 1-heard, carrier.Books().Missing)
			})
		}
	})
	t.Run("has no line to the agent, or does not say whether they were bridged", func(t *testing.T) {
		t.Parallel()

		bridge := func(t *testing.T, cfg sim.Config, want error) (made int) {
			t.Helper()
			carrierTest(t, cfg, func(t *testing.T, carrier *sim.Carrier, _ *inbox) {
				for n := range 20 {
					originate(t, carrier, n)
				}
				pass(8 * time.Second)
				for n := range 20 {
					err := carrier.Bridge(t.Context(), dialer.BridgeRequest{Token: token(n), AgentID: token(n)})
					require.ErrorIs(t, err, want)
				}
				made = carrier.Books().Connected
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

		carrierTest(t, config(func(n *sim.Network) { n.LookupLost = 1 }), func(t *testing.T, carrier *sim.Carrier, _ *inbox) {
			originate(t, carrier, 1)
			_, err := lookup(t, carrier, 1)
			require.ErrorIs(t, err, dialer.ErrCarrierTimeout)
		})
	})
}
