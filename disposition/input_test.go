package disposition_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/disposition"
)

func TestBadInputNamesItsFieldAndReachesNoStore(t *testing.T) {
	t.Parallel()

	type badInput struct {
		call           call
		field, problem string
	}
	tests := map[string]badInput{}
	million := strings.Repeat("k", 1_000_000)

	const (
		busy     = disposition.CodeBusy
		callback = disposition.CodeCallback
	)
	for name, test := range map[string]struct {
		code           disposition.Code
		change         func(*disposition.Request)
		field, problem string
	}{
		"no campaign":             {busy, func(r *disposition.Request) { r.CampaignID = uuid.Nil }, "campaign_id", "is required"},
		"no item":                 {busy, func(r *disposition.Request) { r.ItemID = uuid.Nil }, "item_id", "is required"},
		"a negative lock version": {busy, func(r *disposition.Request) { r.LockVersion = -1 }, "lock_version", "is out of range"},
		"a huge lock version":     {busy, func(r *disposition.Request) { r.LockVersion = 1 << 31 }, "lock_version", "is out of range"},
		"no disposition":          {"", func(*disposition.Request) {}, "disposition", "is not known"},
		"an unknown disposition":  {"bussy", func(*disposition.Request) {}, "disposition", "is not known"},
		"an effect for a code":    {disposition.Code(disposition.EffectRetry), func(*disposition.Request) {}, "disposition", "is not known"},
		"a callback without a time": {
			callback, func(r *disposition.Request) { r.CallbackAt = time.Time{} }, "callback_at", "is required for a callback",
		},
		"a callback before there were years": {
			callback, func(r *disposition.Request) { r.CallbackAt = time.Date(-1, time.May, 1, 0, 0, 0, 0, time.UTC) }, "callback_at", "is out of range",
		},
		"a callback after the last year": {
			callback, func(r *disposition.Request) { r.CallbackAt = time.Date(10000, time.May, 1, 0, 0, 0, 0, time.UTC) }, "callback_at", "is out of range",
		},
		"a callback for somebody else": {
			callback, func(r *disposition.Request) { r.CallbackFor = "manager" }, "callback_for", "must be agent or anyone",
		},
		"a callback for a shouting agent": {
			callback, func(r *disposition.Request) { r.CallbackFor = "AGENT" }, "callback_for", "must be agent or anyone",
		},
		"a time of what is no callback": {
			busy, func(r *disposition.Request) { r.CallbackAt = noon.Add(time.Hour) }, "callback_at", "goes with a callback alone",
		},
		"a recipient of what is no callback": {
			busy, func(r *disposition.Request) { r.CallbackFor = disposition.RecipientAnyone }, "callback_at", "goes with a callback alone",
		},
		"metadata that is a list": {busy, func(r *disposition.Request) { r.Metadata = []byte("[]") }, "metadata", "is not a JSON object"},
		"a long key":              {busy, func(r *disposition.Request) { r.IdempotencyKey = million }, "idempotency_key", "is longer than 200 bytes"},
		"a key that is bytes":     {busy, func(r *disposition.Request) { r.IdempotencyKey = "\xff" }, "idempotency_key", "is not plain text"},
	} {
		tests["Record with "+name] = badInput{record(test.code, test.change), test.field, test.problem}
	}
	for name, list := range map[string]func(disposition.ListRequest) call{"List": list, "Leads": leads} {
		tests[name+" with no campaign"] = badInput{list(disposition.ListRequest{}), "campaign_id", "is required"}
		tests[name+" with a negative limit"] = badInput{
			list(disposition.ListRequest{CampaignID: campaignID, Limit: -1}), "limit", "must be from 1 to 500",
		}
		tests[name+" with too large a limit"] = badInput{
			list(disposition.ListRequest{CampaignID: campaignID, Limit: outdial.MaxPage + 1}), "limit", "must be from 1 to 500",
		}
		tests[name+" with a cursor that is an id"] = badInput{
			list(disposition.ListRequest{CampaignID: campaignID, Cursor: itemID.String()}), "cursor", "is not one that a list returned",
		}
	}
	tests["Policy with no campaign"] = badInput{policy(uuid.Nil), "campaign_id", "is required"}
	tests["SetPolicy with no campaign"] = badInput{setPolicy(uuid.Nil, dialer.RetryPolicy{}), "campaign_id", "is required"}
	coolDowns := func(outcome dialer.Outcome, coolDown time.Duration) dialer.RetryPolicy {
		return dialer.RetryPolicy{CoolDowns: map[dialer.Outcome]time.Duration{outcome: coolDown}}
	}
	for name, test := range map[string]struct {
		policy         dialer.RetryPolicy
		field, problem string
	}{
		"negative attempts":                  {dialer.RetryPolicy{MaxAttempts: -1}, "max_attempts", "must be from 0 to 1000"},
		"too many attempts":                  {dialer.RetryPolicy{MaxAttempts: 1001}, "max_attempts", "must be from 0 to 1000"},
		"fewer than no voicemails":           {dialer.RetryPolicy{MaxVoicemails: -2}, "max_voicemails", "must be from -1 to 1000"},
		"too many voicemails":                {dialer.RetryPolicy{MaxVoicemails: 1001}, "max_voicemails", "must be from -1 to 1000"},
		"fewer than none a day":              {dialer.RetryPolicy{MaxPerDay: -2}, "max_attempts_per_day", "must be from -1 to 1000"},
		"too many a day":                     {dialer.RetryPolicy{MaxPerDay: 1001}, "max_attempts_per_day", "must be from -1 to 1000"},
		"a cool-down that is negative":       {coolDowns("busy", -time.Second), "cool_downs", "must be whole seconds, from none to a year"},
		"a cool-down of two years":           {coolDowns("busy", 2*366*24*time.Hour), "cool_downs", "must be whole seconds, from none to a year"},
		"a cool-down of half a second":       {coolDowns("busy", 1500*time.Millisecond), "cool_downs", "must be whole seconds, from none to a year"},
		"a cool-down of nothing":             {coolDowns("", time.Second), "cool_downs", "names what is not tried again"},
		"a cool-down of what is not there":   {coolDowns("gatekeeper", time.Second), "cool_downs", "names what is not tried again"},
		"a cool-down of a conversation":      {coolDowns("connected", time.Second), "cool_downs", "names what is not tried again"},
		"a cool-down of an end":              {coolDowns("do_not_call", time.Second), "cool_downs", "names what is not tried again"},
		"a cool-down of a callback":          {coolDowns("callback_requested", time.Second), "cool_downs", "names what is not tried again"},
		"a cool-down of a code in uppercase": {coolDowns("BUSY", time.Second), "cool_downs", "names what is not tried again"},
	} {
		tests["SetPolicy with "+name] = badInput{setPolicy(campaignID, test.policy), test.field, test.problem}
	}

	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			service, bundle := setup(t)
			requireFieldError(t, test.call(t.Context(), service, outdial.System()), test.field, test.problem)
			require.Empty(t, bundle.store.calls)
			require.Empty(t, bundle.log.String())
			require.Empty(t, bundle.meter.Measurements("outdial.disposition.recorded"))
		})
	}
}

func TestTheLargestAndTheSmallestInputPasses(t *testing.T) {
	t.Parallel()

	longest := strings.Repeat("k", outdial.MaxIdempotencyKey)
	for name, call := range map[string]call{
		"Record of the first version":   record("busy", func(r *disposition.Request) { r.LockVersion = 0 }),
		"Record of the last version":    record("busy", func(r *disposition.Request) { r.LockVersion = 1<<31 - 1 }),
		"Record with the longest key":   record("busy", func(r *disposition.Request) { r.IdempotencyKey = longest }),
		"Record by a label in capitals": record(" BUSY "),
		// What lies ahead of the moment in which the item is locked is the store's to say.
		"Record of a callback in the past": record("callback_requested", func(r *disposition.Request) { r.CallbackAt = noon.Add(-time.Hour) }),
		"List of the most":                 list(disposition.ListRequest{CampaignID: campaignID, Limit: outdial.MaxPage}),
		"Leads of one":                     leads(disposition.ListRequest{CampaignID: campaignID, Limit: 1}),
		"SetPolicy of nothing":             setPolicy(campaignID, dialer.RetryPolicy{}),
		"SetPolicy of the most":            setPolicy(campaignID, dialer.RetryPolicy{MaxAttempts: 1000, MaxVoicemails: 1000, MaxPerDay: 1000}),
		"SetPolicy that lifts caps":        setPolicy(campaignID, dialer.RetryPolicy{MaxVoicemails: -1, MaxPerDay: -1}),
		"SetPolicy of the longest and the shortest cool-down": setPolicy(campaignID, dialer.RetryPolicy{
			CoolDowns: map[dialer.Outcome]time.Duration{"busy": 366 * 24 * time.Hour, "no_answer": 0, "abandoned": time.Second},
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			service, bundle := setup(t)
			require.NoError(t, call(t.Context(), service, manager()))
			require.Len(t, bundle.store.calls, 1)
		})
	}
}
