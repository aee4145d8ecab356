package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
)

func (c *campaign) leaseParams(holder string, lasts time.Duration) dialer.LeaseParams {
	return dialer.LeaseParams{CampaignID: c.id, Holder: holder, For: lasts, Now: c.now}
}

// acquire gives the campaign to a holder, who must get it.
func (c *campaign) acquire(holder string, lasts time.Duration) dialer.Lease {
	c.Helper()
	lease, err := c.store.AcquireLease(c.Context(), c.leaseParams(holder, lasts))
	require.NoError(c, err)
	return lease
}

func (c *campaign) release(lease dialer.Lease) {
	c.Helper()
	require.NoError(c, c.store.ReleaseLease(c.Context(), dialer.ReleaseLeaseParams{Lease: lease, Now: c.now}))
}

// badLeases returns leases with which nothing may be dialed, by what is wrong with
// them.
func (c *campaign) badLeases() map[string]dialer.Lease {
	c.Helper()
	never := dialer.Lease{CampaignID: c.id, Holder: "nobody", Token: 1, ExpiresAt: c.now.Add(time.Hour)}
	_, err := c.store.ClaimCalls(c.Context(), dialer.ClaimParams{CampaignID: c.id, Limit: 1, Lease: never, Now: c.now})
	require.ErrorIs(c, err, outdial.ErrConflict, "nobody has had a lease yet")

	former := c.acquire("one", time.Minute)
	c.wait(time.Minute)
	again := c.acquire("one", time.Minute)
	require.Greater(c, again.Token, former.Token)
	released := again
	c.release(again)
	taken := c.acquire("two", time.Minute)
	c.wait(time.Minute)
	expired := c.acquire("three", time.Minute)
	c.wait(time.Minute)
	guessed := expired
	guessed.Token++
	return map[string]dialer.Lease{
		"expired, and its holder got another": former, "released": released, "taken by another": taken,
		"expired": expired, "a token that was never given": guessed,
	}
}

// acquireLeaseBehaviours proves AcquireLease.
func acquireLeaseBehaviours(g *group) {
	g.proves("it gives the campaign to Holder until Now plus For", func(c *campaign) {
		lease := c.acquire("one", time.Minute)
		require.Positive(c, lease.Token)
		requireSame(c, dialer.Lease{CampaignID: c.id, Holder: "one", Token: lease.Token, ExpiresAt: c.now.Add(time.Minute)}, lease)
	})

	g.proves("the holder of a lease that has not expired gets it prolonged, under the same token", func(c *campaign) {
		lease := c.acquire("one", time.Minute)
		for _, passed := range []time.Duration{0, time.Second, time.Minute - time.Microsecond} {
			c.wait(passed)
			lease.ExpiresAt = c.now.Add(time.Minute)
			requireSame(c, lease, c.acquire("one", time.Minute))
		}
	})

	g.proves("when another has it, it is ErrConflict", func(c *campaign) {
		lease := c.acquire("one", time.Minute)
		for _, passed := range []time.Duration{0, time.Minute - time.Microsecond} {
			c.wait(passed)
			_, err := c.store.AcquireLease(c.Context(), c.leaseParams("two", time.Minute))
			require.ErrorIs(c, err, outdial.ErrConflict)
		}
		prolonged := c.acquire("one", time.Minute)
		require.Equal(c, lease.Token, prolonged.Token, "the refused changed nothing")
	})

	g.proves("a lease that has expired is given under a higher token, even to who had it", func(c *campaign) {
		token := c.acquire("one", time.Minute).Token
		for _, holder := range []string{"one", "two", "two", "one"} {
			c.wait(time.Minute)
			lease := c.acquire(holder, time.Minute)
			require.Greater(c, lease.Token, token)
			token = lease.Token
		}
	})

	g.proves("each campaign has a lease of its own", func(c *campaign) {
		c.acquire("one", time.Minute)
		c.another().acquire("two", time.Minute)
	})

	g.proves("holders are told apart by their names as they are", func(c *campaign) {
		c.acquire("Host-1", time.Minute)
		for _, holder := range []string{"host-1", "Host-1 ", "Host-%", ""} {
			_, err := c.store.AcquireLease(c.Context(), c.leaseParams(holder, time.Minute))
			require.ErrorIs(c, err, outdial.ErrConflict, "holder %q", holder)
		}
	})
}

// releaseLeaseBehaviours proves ReleaseLease.
func releaseLeaseBehaviours(g *group) {
	g.proves("it gives a lease up, so that nobody need wait for its end", func(c *campaign) {
		lease := c.acquire("one", time.Hour)
		c.release(lease)
		next := c.acquire("two", time.Hour)
		require.Greater(c, next.Token, lease.Token)
	})

	g.proves("whoever gave it up gets it again under a higher token", func(c *campaign) {
		lease := c.acquire("one", time.Hour)
		c.release(lease)
		require.Greater(c, c.acquire("one", time.Hour).Token, lease.Token)
	})

	g.proves("one that has changed hands is left alone", func(c *campaign) {
		former := c.acquire("one", time.Minute)
		c.wait(time.Minute)
		held := c.acquire("two", time.Minute)
		c.release(former)
		held.ExpiresAt = c.now.Add(time.Minute)
		requireSame(c, held, c.acquire("two", time.Minute))
		_, err := c.store.AcquireLease(c.Context(), c.leaseParams("one", time.Minute))
		require.ErrorIs(c, err, outdial.ErrConflict)
	})

	g.proves("giving it up again, or one that nobody ever had, is no error", func(c *campaign) {
		c.release(dialer.Lease{CampaignID: c.id, Holder: "one", Token: 7, ExpiresAt: c.now.Add(time.Hour)})
		c.release(dialer.Lease{CampaignID: uuid.New(), Holder: "one", Token: 7, ExpiresAt: c.now.Add(time.Hour)})
		lease := c.acquire("one", time.Hour)
		c.release(lease)
		c.release(lease)
		c.acquire("two", time.Hour)
	})
}
