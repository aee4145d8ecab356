package queue_test

import (
	"context"
	"encoding/base64"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
)

// call is one method of the Service with its request already in it.
type call func(ctx context.Context, s *queue.Service) error

func TestBadInputNamesItsFieldAndReachesNoStore(t *testing.T) {
	t.Parallel()

	type badInput struct {
		name           string
		call           call
		field, problem string
	}
	var tests []badInput
	add := func(name string, call call, field, problem string) {
		tests = append(tests, badInput{name, call, field, problem})
	}

	million := strings.Repeat("B", 1_000_000)
	overBound := int64(math.MaxInt32) + 1
	for name, method := range map[string]func(queue.ReplaceRequest) call{"Replace": replace, "Preview": preview} {
		for _, test := range []struct {
			name           string
			change         func(*queue.ReplaceRequest)
			field, problem string
		}{
			{"no campaign", func(r *queue.ReplaceRequest) { r.CampaignID = uuid.Nil }, "campaign_id", "is required"},
			{"no agent", func(r *queue.ReplaceRequest) { r.AgentID = uuid.Nil }, "agent_id", "is required"},
			{"a negative cap", func(r *queue.ReplaceRequest) { r.PerAccountCap = -1 }, "per_account_cap", "must not be negative"},
			{"the smallest cap", func(r *queue.ReplaceRequest) { r.PerAccountCap = math.MinInt }, "per_account_cap", "must not be negative"},
			{"too large a cap", func(r *queue.ReplaceRequest) { r.PerAccountCap = int(overBound) }, "per_account_cap", "is too large"},
			{"a negative size", func(r *queue.ReplaceRequest) { r.MaxQueueSize = -1 }, "max_queue_size", "must not be negative"},
			{"too large a size", func(r *queue.ReplaceRequest) { r.MaxQueueSize = int(overBound) }, "max_queue_size", "is too large"},
			{
				"a filter of a million characters", func(r *queue.ReplaceRequest) { r.Filter = filter.Text("first_name").Contains(million) },
				"filters.first_name", "is longer than 256 bytes",
			},
			{
				"a filter that asks what its field does not answer", func(r *queue.ReplaceRequest) { r.Filter = filter.Text("is_valid").Contains("t") },
				"filters.is_valid", `has no operator "contains"; a field of type bool has equals, not_equals, is_empty, is_not_empty`,
			},
		} {
			req := queue.ReplaceRequest{CampaignID: campaignID, AgentID: agentID}
			test.change(&req)
			add(name+" with "+test.name, method(req), test.field, test.problem)
		}
	}
	add("Replace with a long idempotency key",
		replace(queue.ReplaceRequest{CampaignID: campaignID, AgentID: agentID, IdempotencyKey: million}),
		"idempotency_key", "is longer than 200 bytes")

	add("Clear with no campaign", clearOne(queue.ClearRequest{AgentID: agentID}), "campaign_id", "is required")
	add("Clear with no agent", clearOne(queue.ClearRequest{CampaignID: campaignID}), "agent_id", "is required")
	add("Clear with a long idempotency key",
		clearOne(queue.ClearRequest{CampaignID: campaignID, AgentID: agentID, IdempotencyKey: million}),
		"idempotency_key", "is longer than 200 bytes")
	add("ClearAll with no campaign", clearAll(queue.ClearAllRequest{}), "campaign_id", "is required")
	add("ClearAll with an idempotency key that is no text",
		clearAll(queue.ClearAllRequest{CampaignID: campaignID, IdempotencyKey: "\xff"}), "idempotency_key", "is not plain text")

	add("Pull with no campaign", pull(queue.PullRequest{AgentID: agentID}), "campaign_id", "is required")
	add("Pull by nobody for nobody", func(ctx context.Context, s *queue.Service) error {
		_, err := s.Pull(ctx, outdial.System(), queue.PullRequest{CampaignID: campaignID})
		return err
	}, "agent_id", "is required")

	for name, method := range map[string]func(queue.ItemRequest) call{"Start": start, "Heartbeat": heartbeat, "Release": release} {
		item := func(campaignID, itemID uuid.UUID, version int) call {
			return method(queue.ItemRequest{CampaignID: campaignID, ItemID: itemID, LockVersion: version})
		}
		add(name+" with no campaign", item(uuid.Nil, itemID, 1), "campaign_id", "is required")
		add(name+" with no item", item(campaignID, uuid.Nil, 1), "item_id", "is required")
		add(name+" with a negative version", item(campaignID, itemID, -1), "lock_version", "must not be negative")
		add(name+" with too large a version", item(campaignID, itemID, int(overBound)), "lock_version", "is too large")
	}

	tooMany := make([]uuid.UUID, queue.MaxEnqueueContacts+1)
	for i := range tooMany {
		tooMany[i] = uuid.UUID{0: 1, 14: byte(i >> 8), 15: byte(i)}
	}
	for _, test := range []struct {
		name           string
		change         func(*queue.EnqueueRequest)
		field, problem string
	}{
		{"no campaign", func(r *queue.EnqueueRequest) { r.CampaignID = uuid.Nil }, "campaign_id", "is required"},
		{"too many contacts", func(r *queue.EnqueueRequest) { r.ContactIDs = tooMany }, "contact_ids", "names more than 10000 contacts"},
		{"a contact that is nobody", func(r *queue.EnqueueRequest) { r.ContactIDs = []uuid.UUID{contactID, uuid.Nil} }, "contact_ids", "contains the nil UUID"},
		{
			"contacts and a filter", func(r *queue.EnqueueRequest) { r.ContactIDs, r.Filter = []uuid.UUID{contactID}, bees() },
			"filters", "cannot be combined with contact_ids",
		},
		{
			"an empty list of contacts and a filter", func(r *queue.EnqueueRequest) { r.ContactIDs, r.Filter = []uuid.UUID{}, bees() },
			"filters", "cannot be combined with contact_ids",
		},
		{
			"a filter of a million characters", func(r *queue.EnqueueRequest) { r.Filter = filter.Text("first_name").Contains(million) },
			"filters.first_name", "is longer than 256 bytes",
		},
		{
			"a filter on a part of a phone number", func(r *queue.EnqueueRequest) { r.Filter = filter.Text("phone").Contains("504") },
			"filters.phone", `has no operator "contains"; a field of type text has equals, not_equals, in, not_in, is_empty, is_not_empty`,
		},
		{"too high a priority", func(r *queue.EnqueueRequest) { r.Priority = new(1<<30 + 1) }, "priority", "is out of range"},
		{"too low a priority", func(r *queue.EnqueueRequest) { r.Priority = new(-1<<30 - 1) }, "priority", "is out of range"},
		{"an unknown reason", func(r *queue.EnqueueRequest) { r.Reason = "because" }, "reason", "is not a reason for queueing"},
		{"a long name of who did it", func(r *queue.EnqueueRequest) { r.By = million }, "by", "is too long"},
		{"a name of who did it that is no text", func(r *queue.EnqueueRequest) { r.By = "\xff" }, "by", "is not plain text"},
		{"a NUL in the name of who did it", func(r *queue.EnqueueRequest) { r.By = "a\x00" }, "by", "is not plain text"},
		{
			"a time after the year 9999",
			func(r *queue.EnqueueRequest) { r.ScheduledFor = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) },
			"scheduled_for", "is out of range",
		},
		{
			"a time that is after the year 9999 in UTC only", func(r *queue.EnqueueRequest) {
				r.ScheduledFor = time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("west", -12*60*60))
			},
			"scheduled_for", "is out of range",
		},
		{
			"a time before the year 0", func(r *queue.EnqueueRequest) { r.ScheduledFor = time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC) },
			"scheduled_for", "is out of range",
		},
		{"a long idempotency key", func(r *queue.EnqueueRequest) { r.IdempotencyKey = million }, "idempotency_key", "is longer than 200 bytes"},
	} {
		req := queue.EnqueueRequest{CampaignID: campaignID, AgentID: agentID}
		test.change(&req)
		add("Enqueue with "+test.name, enqueue(req), test.field, test.problem)
	}

	add("RollbackLaunch with no campaign", rollback(queue.RollbackRequest{LaunchID: launchID}), "campaign_id", "is required")
	add("RollbackLaunch with no launch", rollback(queue.RollbackRequest{CampaignID: campaignID}), "launch_id", "is required")

	add("List with no campaign", list(queue.ListRequest{}), "campaign_id", "is required")
	add("List with an unknown state", list(queue.ListRequest{CampaignID: campaignID, State: "waiting"}), "state", "is not a queue state")
	add("List with a state in upper case", list(queue.ListRequest{CampaignID: campaignID, State: "QUEUED"}), "state", "is not a queue state")
	add("List with a negative limit", list(queue.ListRequest{CampaignID: campaignID, Limit: -1}), "limit", "must be from 1 to 500")
	add("List with too large a limit", list(queue.ListRequest{CampaignID: campaignID, Limit: 501}), "limit", "must be from 1 to 500")
	for name, cursor := range map[string]string{
		"a cursor that is a word":            "spring",
		"a cursor that is an id":             itemID.String(),
		"a cursor that is too short":         base64.RawURLEncoding.EncodeToString(itemID[:15]),
		"a cursor that is too long":          base64.RawURLEncoding.EncodeToString(append(itemID[:], 0)),
		"a cursor with padding":              base64.URLEncoding.EncodeToString(itemID[:]),
		"a cursor in another alphabet":       strings.Repeat("+", 22),
		"a cursor with a NUL":                "\x00",
		"a cursor that is blank":             " ",
		"a cursor of a million characters":   strings.Repeat("A", 1_000_000),
		"a cursor that is SQL":               "' OR 1=1 --",
		"a cursor with a blank at its end":   base64.RawURLEncoding.EncodeToString(itemID[:]) + " ",
		"a cursor with a character too many": base64.RawURLEncoding.EncodeToString(itemID[:]) + "A",
	} {
		add("List with "+name, list(queue.ListRequest{CampaignID: campaignID, Cursor: cursor}), "cursor", "is not one that a list returned")
	}
	add("Stats with no campaign", func(ctx context.Context, s *queue.Service) error {
		_, err := s.Stats(ctx, admin(), uuid.Nil)
		return err
	}, "campaign_id", "is required")

	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			service, bundle := setup(t)
			requireFieldError(t, test.call(t.Context(), service), test.field, test.problem)
			require.Empty(t, bundle.store.calls)
			require.Empty(t, bundle.log.String())
		})
	}
}

func TestTheLargestAndTheSmallestInputPasses(t *testing.T) {
	t.Parallel()

	most := make([]uuid.UUID, queue.MaxEnqueueContacts)
	for i := range most {
		most[i] = uuid.UUID{0: 1, 14: byte(i >> 8), 15: byte(i)}
	}
	longest := strings.Repeat("k", outdial.MaxIdempotencyKey)
	for name, call := range map[string]call{
		"Replace without bounds": replace(queue.ReplaceRequest{CampaignID: campaignID, AgentID: agentID}),
		"Replace with the largest bounds": replace(queue.ReplaceRequest{
			CampaignID: campaignID, AgentID: agentID, PerAccountCap: math.MaxInt32, MaxQueueSize: math.MaxInt32, IdempotencyKey: longest,
		}),
		"Start at version 0":           start(queue.ItemRequest{CampaignID: campaignID, ItemID: itemID}),
		"Start at the largest version": start(queue.ItemRequest{CampaignID: campaignID, ItemID: itemID, LockVersion: math.MaxInt32}),
		"Enqueue of nobody":            enqueue(queue.EnqueueRequest{CampaignID: campaignID, ContactIDs: []uuid.UUID{}}),
		"Enqueue of the most contacts": enqueue(queue.EnqueueRequest{CampaignID: campaignID, ContactIDs: most}),
		"Enqueue at the highest priority, as late as can be": enqueue(queue.EnqueueRequest{
			CampaignID: campaignID, Priority: new(1 << 30), By: longest,
			ScheduledFor: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), IdempotencyKey: longest,
		}),
		"Enqueue at the lowest priority": enqueue(queue.EnqueueRequest{CampaignID: campaignID, Priority: new(-1 << 30)}),
		"List of one":                    list(queue.ListRequest{CampaignID: campaignID, Limit: 1}),
		"List of the most":               list(queue.ListRequest{CampaignID: campaignID, Limit: queue.MaxPage}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			service, bundle := setup(t)
			require.NoError(t, call(t.Context(), service))
			require.Len(t, bundle.store.calls, 1)
		})
	}
	for _, reason := range outdial.Reasons() {
		t.Run("Enqueue for the reason "+string(reason), func(t *testing.T) {
			t.Parallel()

			service, _ := setup(t)
			require.NoError(t, enqueue(queue.EnqueueRequest{CampaignID: campaignID, Reason: reason})(t.Context(), service))
		})
	}
	for _, state := range queue.States() {
		t.Run("List of state "+string(state), func(t *testing.T) {
			t.Parallel()

			service, _ := setup(t)
			require.NoError(t, list(queue.ListRequest{CampaignID: campaignID, State: state})(t.Context(), service))
		})
	}
}

func replace(req queue.ReplaceRequest) call {
	return func(ctx context.Context, s *queue.Service) error {
		_, err := s.Replace(ctx, admin(), req)
		return err
	}
}

func preview(req queue.ReplaceRequest) call {
	return func(ctx context.Context, s *queue.Service) error {
		_, err := s.Preview(ctx, admin(), req)
		return err
	}
}

func clearOne(req queue.ClearRequest) call {
	return func(ctx context.Context, s *queue.Service) error {
		_, err := s.Clear(ctx, admin(), req)
		return err
	}
}

func clearAll(req queue.ClearAllRequest) call {
	return func(ctx context.Context, s *queue.Service) error {
		_, err := s.ClearAll(ctx, admin(), req)
		return err
	}
}

func pull(req queue.PullRequest) call {
	return func(ctx context.Context, s *queue.Service) error {
		_, err := s.Pull(ctx, admin(), req)
		return err
	}
}

func start(req queue.ItemRequest) call {
	return func(ctx context.Context, s *queue.Service) error {
		_, err := s.Start(ctx, admin(), req)
		return err
	}
}

func heartbeat(req queue.ItemRequest) call {
	return func(ctx context.Context, s *queue.Service) error {
		_, err := s.Heartbeat(ctx, admin(), req)
		return err
	}
}

func release(req queue.ItemRequest) call {
	return func(ctx context.Context, s *queue.Service) error {
		_, err := s.Release(ctx, admin(), req)
		return err
	}
}

func enqueue(req queue.EnqueueRequest) call {
	return func(ctx context.Context, s *queue.Service) error {
		_, err := s.Enqueue(ctx, admin(), req)
		return err
	}
}

func rollback(req queue.RollbackRequest) call {
	return func(ctx context.Context, s *queue.Service) error {
		_, err := s.RollbackLaunch(ctx, admin(), req)
		return err
	}
}

func list(req queue.ListRequest) call {
	return func(ctx context.Context, s *queue.Service) error {
		_, err := s.List(ctx, admin(), req)
		return err
	}
}
