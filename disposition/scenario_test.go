package disposition_test

import (
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
)

// desk is an agent at work in a campaign of one contact, with services that share one
// clock.
type desk struct {
	*testing.T

	clock        *clock.Mock
	items        *queue.Service
	dispositions *disposition.Service
	campaignID   uuid.UUID
	agent        outdial.Actor
}

func newDesk(t *testing.T, policy dialer.RetryPolicy) *desk {
	t.Helper()
	store, campaignID, err := springCampaign(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	now := clock.NewMock()
	now.Set(time.Date(2026, time.November, 23, 10, 0, 0, 0, time.UTC))
	d := &desk{
		T: t, clock: now, campaignID: campaignID,
		items:        queue.New(store, queue.Config{Clock: now}),
		dispositions: disposition.New(store, disposition.Config{Clock: now, Windows: callwindow.Always{}}),
		agent: outdial.Actor{
			ID: uuid.New(), Role: outdial.RoleManager,
			Scopes: []outdial.Scope{outdial.ScopeQueuePull, outdial.ScopeQueueWrite, outdial.ScopeDialerControl},
		},
	}
	require.NoError(t, d.dispositions.SetPolicy(t.Context(), d.agent, campaignID, policy))
	queued, err := d.items.Enqueue(t.Context(), d.agent, queue.EnqueueRequest{CampaignID: campaignID, AgentID: d.agent.ID})
	require.NoError(t, err)
	require.Equal(t, 1, queued.Enqueued)
	return d
}

// call pulls, starts and says what came of it.
func (d *desk) call(code disposition.Code) disposition.Result {
	d.Helper()
	item, err := d.items.Pull(d.Context(), d.agent, queue.PullRequest{CampaignID: d.campaignID})
	require.NoError(d, err)
	require.NotNil(d, item, "somebody is to be called")
	started, err := d.items.Start(d.Context(), d.agent, queue.ItemRequest{
		CampaignID: d.campaignID, ItemID: item.ID, LockVersion: item.LockVersion,
	})
	require.NoError(d, err)
	result, err := d.dispositions.Record(d.Context(), d.agent, disposition.Request{
		CampaignID: d.campaignID, ItemID: item.ID, LockVersion: started.LockVersion, Disposition: string(code),
	})
	require.NoError(d, err)
	return result
}

// coolsDown says that nobody is to be called until so much time has gone by.
func (d *desk) coolsDown(coolDown time.Duration) {
	d.Helper()
	d.clock.Add(coolDown - time.Microsecond)
	item, err := d.items.Pull(d.Context(), d.agent, queue.PullRequest{CampaignID: d.campaignID})
	require.NoError(d, err)
	require.Nil(d, item, "a moment too early")
	d.clock.Add(time.Microsecond)
}

func TestNoAnswerLoopsUntilMaxAttemptsAndHonorsVMCooldownHours(t *testing.T) {
	t.Parallel()
	const vmCooldownHours = 12
	d := newDesk(t, dialer.RetryPolicy{MaxAttempts: 4, CoolDowns: map[dialer.Outcome]time.Duration{
		dialer.OutcomeVoicemail: vmCooldownHours * time.Hour,
	}})

	for attempt, code := range []disposition.Code{disposition.CodeNoAnswer, disposition.CodeVoicemail, disposition.CodeNoAnswer} {
		result := d.call(code)
		require.Equal(t, attempt+1, result.Attempts)
		require.Equal(t, string(queue.StateQueued), result.State)
		if code == disposition.CodeVoicemail {
			d.coolsDown(vmCooldownHours * time.Hour)
		} else {
			d.coolsDown(2 * time.Hour)
		}
	}
	last := d.call(disposition.CodeNoAnswer)
	require.Equal(t, 4, last.Attempts)
	require.Equal(t, string(queue.StateFailed), last.State)
	require.Equal(t, dialer.FailMaxAttempts, last.FailReason)
	require.Equal(t, dialer.FailMaxAttempts, last.FinishReason)
	require.Nil(t, last.NextAttemptAt)

	d.clock.Add(366 * 24 * time.Hour)
	item, err := d.items.Pull(t.Context(), d.agent, queue.PullRequest{CampaignID: d.campaignID})
	require.NoError(t, err)
	require.Nil(t, item, "who is finished never comes back")
	again, err := d.items.Enqueue(t.Context(), d.agent, queue.EnqueueRequest{CampaignID: d.campaignID, AgentID: d.agent.ID})
	require.NoError(t, err)
	require.Equal(t, 1, again.Skipped[queue.SkipFinished])
}
