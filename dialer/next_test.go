package dialer_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
)

// rules are Windows and Caps that answer what a test put into them, and remember what
// they were asked.
type rules struct {
	open  callwindow.Open
	caps  []callwindow.Cap
	err   error
	asked []any
}

func (r *rules) Open(_ context.Context, campaignID uuid.UUID, now time.Time) (callwindow.Open, error) {
	r.asked = append(r.asked, campaignID, now)
	return r.open, r.err
}

func (r *rules) Caps(_ context.Context, campaignID uuid.UUID) ([]callwindow.Cap, error) {
	r.asked = append(r.asked, campaignID)
	return r.caps, r.err
}

func TestNextDials(t *testing.T) {
	t.Parallel()

	fifty := dialer.NextDialsRequest{CampaignID: campaignID, Limit: 50}

	t.Run("claims what the windows and the caps allow", func(t *testing.T) {
		t.Parallel()

		windows := &rules{open: callwindow.Open{Zones: []string{"America/Chicago", ""}}}
		caps := &rules{caps: []callwindow.Cap{{Attempts: 3, Within: 24 * time.Hour}, {Attempts: 7, Within: 7 * 24 * time.Hour}}}
		service, bundle := setup(t, func(c *dialer.Config) { c.Windows, c.Caps = windows, caps })
		lease := dialer.Lease{CampaignID: campaignID, Holder: "a", Token: 4, ExpiresAt: noon}
		_, err := service.NextDials(t.Context(), manager(), dialer.NextDialsRequest{CampaignID: campaignID, Limit: 50, Lease: lease})
		require.NoError(t, err)
		require.Equal(t, []any{dialer.ClaimParams{
			CampaignID: campaignID, Limit: 50, Lease: lease, Now: requestTime,
			Limits: dialer.Limits{Open: windows.open, Caps: caps.caps, AbandonedSince: requestTime.Add(-72 * time.Hour)},
		}}, bundle.store.calls)
		require.Equal(t, []any{campaignID, requestTime}, windows.asked)
		require.Equal(t, []any{campaignID}, caps.asked)
	})
	t.Run("answers with the calls, in the store's order", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		bundle.store.claim = dialer.ClaimResult{Calls: []dialer.Call{{ID: itemID}, {ID: contactID}}}
		got, err := service.NextDials(t.Context(), manager(), fifty)
		require.NoError(t, err)
		require.Equal(t, bundle.store.claim.Calls, got)
	})
	t.Run("claims nothing where nobody has said when people may be called", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t, func(c *dialer.Config) { c.Windows = nil })
		got, err := service.NextDials(t.Context(), manager(), fifty)
		require.ErrorIs(t, err, dialer.ErrNoWindows)
		require.EqualError(t, err, "ask when people may be called: no call windows are configured")
		require.Empty(t, got)
		require.Empty(t, bundle.store.calls)
	})
	t.Run("claims nothing when the windows or the caps cannot say", func(t *testing.T) {
		t.Parallel()

		for name, adjust := range map[string]func(*dialer.Config, error){
			"ask when people may be called: rules are down": func(c *dialer.Config, err error) {
				c.Windows = &rules{open: callwindow.Open{Everywhere: true}, err: err}
			},
			"ask how often people may be called: rules are down": func(c *dialer.Config, err error) { c.Caps = &rules{err: err} },
		} {
			down := errors.New("rules are down")
			service, bundle := setup(t, func(c *dialer.Config) { adjust(c, down) })
			_, err := service.NextDials(t.Context(), manager(), fifty)
			require.ErrorIs(t, err, down)
			require.EqualError(t, err, name)
			require.Empty(t, bundle.store.calls)
		}
	})
	t.Run("asks for no abandoned call when that is turned off", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t, func(c *dialer.Config) { c.AbandonedHold = -1 })
		_, err := service.NextDials(t.Context(), manager(), fifty)
		require.NoError(t, err)
		require.Equal(t, dialer.Limits{Open: callwindow.Open{Everywhere: true}, Caps: []callwindow.Cap{}},
			lastCall[dialer.ClaimParams](t, bundle.store).Limits)
	})
}
