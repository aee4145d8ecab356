package dialer_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

func TestBadInputNamesItsFieldAndReachesNoStore(t *testing.T) {
	t.Parallel()

	type badInput struct {
		call           call
		field, problem string
	}
	tests := map[string]badInput{}
	million := strings.Repeat("B", 1_000_000)

	for name, test := range map[string]struct {
		change         func(*dialer.EnqueueRequest)
		field, problem string
	}{
		"no campaign":              {func(r *dialer.EnqueueRequest) { r.CampaignID = uuid.Nil }, "campaign_id", "is required"},
		"too many contacts":        {func(r *dialer.EnqueueRequest) { r.ContactIDs = numbered(queue.MaxEnqueueContacts + 1) }, "contact_ids", "names more than 10000 contacts"},
		"a contact that is nobody": {func(r *dialer.EnqueueRequest) { r.ContactIDs = []uuid.UUID{contactID, uuid.Nil} }, "contact_ids", "contains the nil UUID"},
		"contacts and a filter": {
			func(r *dialer.EnqueueRequest) { r.ContactIDs, r.Filter = []uuid.UUID{}, bees() }, "filters", "cannot be combined with contact_ids",
		},
		"a filter of a million characters": {
			func(r *dialer.EnqueueRequest) { r.Filter = filter.Text("first_name").Contains(million) }, "filters.first_name", "is longer than 256 bytes",
		},
		"too high a priority":  {func(r *dialer.EnqueueRequest) { r.Priority = new(1<<30 + 1) }, "priority", "is out of range"},
		"too low a priority":   {func(r *dialer.EnqueueRequest) { r.Priority = new(-1<<30 - 1) }, "priority", "is out of range"},
		"an unknown reason":    {func(r *dialer.EnqueueRequest) { r.Reason = "because" }, "reason", "is not a reason for queueing"},
		"a long name":          {func(r *dialer.EnqueueRequest) { r.By = million }, "by", "is too long"},
		"a name that is bytes": {func(r *dialer.EnqueueRequest) { r.By = "\xff" }, "by", "is not plain text"},
		"a long key":           {func(r *dialer.EnqueueRequest) { r.IdempotencyKey = million }, "idempotency_key", "is longer than 200 bytes"},
		"a key that is bytes":  {func(r *dialer.EnqueueRequest) { r.IdempotencyKey = "\xff" }, "idempotency_key", "is not plain text"},
	} {
		req := dialer.EnqueueRequest{CampaignID: campaignID}
		test.change(&req)
		tests["Enqueue with "+name] = badInput{enqueue(req), test.field, test.problem}
	}

	tests["NextDials with no campaign"] = badInput{next(dialer.NextDialsRequest{Limit: 1}), "campaign_id", "is required"}
	for name, limit := range map[string]int{"no limit": 0, "a negative limit": -1, "too large a limit": dialer.MaxNextDials + 1} {
		tests["NextDials with "+name] = badInput{next(dialer.NextDialsRequest{CampaignID: campaignID, Limit: limit}), "limit", "must be from 1 to 500"}
	}
	tests["NextDials with another campaign's lease"] = badInput{
		next(dialer.NextDialsRequest{CampaignID: campaignID, Limit: 1, Lease: dialer.Lease{CampaignID: launchID, Token: 3}}),
		"lease", "is for another campaign",
	}
	tests["NextDials with a lease of no campaign"] = badInput{
		next(dialer.NextDialsRequest{CampaignID: campaignID, Limit: 1, Lease: dialer.Lease{Token: 3}}), "lease", "is for another campaign",
	}

	tests["Start with no campaign"] = badInput{control((*dialer.Service).Start, uuid.Nil), "campaign_id", "is required"}
	tests["Pause with no campaign"] = badInput{control((*dialer.Service).Pause, uuid.Nil), "campaign_id", "is required"}
	tests["Resume with no campaign"] = badInput{control((*dialer.Service).Resume, uuid.Nil), "campaign_id", "is required"}
	tests["Stop with no campaign"] = badInput{control((*dialer.Service).Stop, uuid.Nil), "campaign_id", "is required"}
	tests["Stats with no campaign"] = badInput{stats(uuid.Nil), "campaign_id", "is required"}
	tests["RollbackLaunch with no campaign"] = badInput{rollback(dialer.RollbackRequest{LaunchID: launchID}), "campaign_id", "is required"}
	tests["RollbackLaunch with no launch"] = badInput{rollback(dialer.RollbackRequest{CampaignID: campaignID}), "launch_id", "is required"}

	tests["List with no campaign"] = badInput{list(dialer.ListRequest{}), "campaign_id", "is required"}
	tests["List with the agent queue's state"] = badInput{
		list(dialer.ListRequest{CampaignID: campaignID, State: "locked"}), "state", "is not a state of the power queue",
	}
	tests["List with a negative limit"] = badInput{list(dialer.ListRequest{CampaignID: campaignID, Limit: -1}), "limit", "must be from 1 to 500"}
	tests["List with a cursor that is an id"] = badInput{
		list(dialer.ListRequest{CampaignID: campaignID, Cursor: itemID.String()}), "cursor", "is not one that a list returned",
	}
	tests["Calls with an unknown state"] = badInput{
		calls(dialer.CallsRequest{States: []dialer.State{dialer.StateRinging, "waiting"}}), "states", "names what is not a state of the power queue",
	}
	tests["Calls with too large a limit"] = badInput{calls(dialer.CallsRequest{Limit: 501}), "limit", "must be from 1 to 500"}
	tests["Calls with a cursor that is a word"] = badInput{calls(dialer.CallsRequest{Cursor: "spring"}), "cursor", "is not one that a list returned"}

	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			service, bundle := setup(t)
			requireFieldError(t, test.call(t.Context(), service, outdial.System()), test.field, test.problem)
			require.Empty(t, bundle.store.calls)
			require.Empty(t, bundle.log.String())
		})
	}
}

func TestTheLargestAndTheSmallestInputPasses(t *testing.T) {
	t.Parallel()

	longest := strings.Repeat("k", outdial.MaxIdempotencyKey)
	for name, call := range map[string]call{
		"Enqueue of nobody":            enqueue(dialer.EnqueueRequest{CampaignID: campaignID, ContactIDs: []uuid.UUID{}}),
		"Enqueue of the most contacts": enqueue(dialer.EnqueueRequest{CampaignID: campaignID, ContactIDs: numbered(queue.MaxEnqueueContacts)}),
		"Enqueue at the highest priority": enqueue(dialer.EnqueueRequest{
			CampaignID: campaignID, Priority: new(1 << 30), By: longest, IdempotencyKey: longest,
		}),
		"Enqueue at the lowest priority": enqueue(dialer.EnqueueRequest{CampaignID: campaignID, Priority: new(-1 << 30)}),
		"NextDials of one":               next(dialer.NextDialsRequest{CampaignID: campaignID, Limit: 1}),
		"NextDials of the most":          next(dialer.NextDialsRequest{CampaignID: campaignID, Limit: dialer.MaxNextDials}),
		"List of the most":               list(dialer.ListRequest{CampaignID: campaignID, Limit: outdial.MaxPage}),
		"Calls of every state":           calls(dialer.CallsRequest{States: dialer.States(), Limit: 1}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			service, bundle := setup(t)
			require.NoError(t, call(t.Context(), service, manager()))
			require.Len(t, bundle.store.calls, 1)
		})
	}
	for _, state := range dialer.States() {
		t.Run("List of state "+string(state), func(t *testing.T) {
			t.Parallel()

			service, _ := setup(t)
			require.NoError(t, list(dialer.ListRequest{CampaignID: campaignID, State: state})(t.Context(), service, manager()))
		})
	}
}
