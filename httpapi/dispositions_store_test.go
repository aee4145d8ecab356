package httpapi_test

import (
	"context"

	"github.com/google/uuid"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/disposition"
)

// disposing is what the fake store answers about dispositions.
type disposing struct {
	disposed disposition.Result
	records  disposition.ListResult
	leads    disposition.ListLeadsResult
	policy   dialer.RetryPolicy
	// refused, when set, is what a disposition is refused with.
	refused error
}

var _ disposition.Store = (*fakeStore)(nil)

func (f *fakeStore) RecordDisposition(ctx context.Context, p disposition.RecordParams) (disposition.Result, error) {
	if err := f.call(ctx, p); err != nil {
		return disposition.Result{}, err
	}
	return f.disposed, f.refused
}

func (f *fakeStore) ListDispositions(ctx context.Context, p disposition.ListParams) (disposition.ListResult, error) {
	return f.records, f.call(ctx, p)
}

func (f *fakeStore) ListLeads(ctx context.Context, p disposition.ListLeadsParams) (disposition.ListLeadsResult, error) {
	return f.leads, f.call(ctx, p)
}

func (f *fakeStore) CampaignPolicy(ctx context.Context, campaignID uuid.UUID) (dialer.RetryPolicy, error) {
	return f.policy, f.call(ctx, campaignID)
}

func (f *fakeStore) SetCampaignPolicy(ctx context.Context, p disposition.SetPolicyParams) error {
	if err := f.call(ctx, p); err != nil {
		return err
	}
	f.policy = p.Policy
	return nil
}
