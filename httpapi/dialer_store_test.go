package httpapi_test

import (
	"context"

	"github.com/google/uuid"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/queue"
)

// dialing is what the fake store answers about the power queue and its agents. What no
// route asks for would be asked of nobody, and panic.
type dialing struct {
	otherCalls
	otherSessions

	enqueuedCalls queue.EnqueueResult
	controlled    dialer.ControlResult
	dialerStats   dialer.StatsResult
	callItems     dialer.ListItemsResult
	sweptCalls    dialer.SweepResult
	failedCalls   dialer.RollbackResult
	// unknownCalls, when set, is what a rollback of calls returns.
	unknownCalls error

	session  presence.Session
	sessions []presence.Session
	expired  int
}

type (
	otherCalls    = dialer.Store
	otherSessions = presence.Store
)

func (f *fakeStore) EnqueueCalls(ctx context.Context, p dialer.EnqueueParams) (queue.EnqueueResult, error) {
	result := f.enqueuedCalls
	result.LaunchID = p.LaunchID
	return result, f.call(ctx, p)
}

func (f *fakeStore) ControlCampaign(ctx context.Context, p dialer.ControlParams) (dialer.ControlResult, error) {
	return f.controlled, f.call(ctx, p)
}

func (f *fakeStore) DialerStats(ctx context.Context, p dialer.StatsParams) (dialer.StatsResult, error) {
	return f.dialerStats, f.call(ctx, p)
}

func (f *fakeStore) ListCallItems(ctx context.Context, p dialer.ListItemsParams) (dialer.ListItemsResult, error) {
	return f.callItems, f.call(ctx, p)
}

// shownCall is the one call that there is.
func (f *fakeStore) shownCall() dialer.Call {
	return dialer.Call{
		ID: itemID, AgentID: agentID, ContactID: contactID, Phone: "+15042000001", Attempt: 1,
		Ref: dialer.Ref{CampaignID: campaignID, ItemID: uuid.UUID{7}, LockVersion: 3},
	}
}

func (f *fakeStore) ListCalls(ctx context.Context, p dialer.ListCallsParams) (dialer.ListCallsResult, error) {
	return dialer.ListCallsResult{Calls: []dialer.Call{f.shownCall()}}, f.call(ctx, p)
}

func (f *fakeStore) SweepCalls(ctx context.Context, p dialer.SweepParams) (dialer.SweepResult, error) {
	return f.sweptCalls, f.call(ctx, p)
}

func (f *fakeStore) RollbackCalls(ctx context.Context, p dialer.RollbackParams) (dialer.RollbackResult, error) {
	if err := f.call(ctx, p); err != nil {
		return dialer.RollbackResult{}, err
	}
	return f.failedCalls, f.unknownCalls
}

func (f *fakeStore) SetPresence(ctx context.Context, p presence.SetParams) (presence.Session, error) {
	return f.session, f.call(ctx, p)
}

func (f *fakeStore) TouchPresence(ctx context.Context, p presence.TouchParams) (presence.Session, error) {
	return f.session, f.call(ctx, p)
}

func (f *fakeStore) ExpirePresence(ctx context.Context, p presence.ExpireParams) (int, error) {
	return f.expired, f.call(ctx, p)
}

func (f *fakeStore) ListPresence(ctx context.Context, p presence.ListParams) ([]presence.Session, error) {
	return f.sessions, f.call(ctx, p)
}
