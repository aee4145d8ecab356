package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/httpapi"
)

// Ids of what comes of calls.
var (
	dispositionID = uuid.MustParse("01939d8e-5a2b-7c3d-8e4f-5a6b7c8d9e0f")
	leadID        = uuid.MustParse("01939d8e-6a2b-7c3d-8e4f-5a6b7c8d9e0f")
)

// hostMap has a button, a label and an alias of a host's own.
func hostMap(t testing.TB) disposition.Map {
	t.Helper()
	m, err := disposition.NewMap(disposition.MapConfig{
		Rules: []disposition.Rule{
			{Code: disposition.CodeConverted, Label: "Sold"},
			{Code: "left_message", Effect: disposition.EffectRetry, Label: "Left a message", CoolDown: 90 * time.Second},
		},
		Aliases: map[string]string{"DNC": "do_not_call", "remove me": "DNC"},
	})
	require.NoError(t, err)
	return m
}

func TestADispositionIsPassedOnAsAWhole(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	at := time.Date(2026, 11, 23, 15, 30, 0, 0, time.UTC)
	s.store.disposed = disposition.Result{
		ID: dispositionID, Code: disposition.CodeCallback, Effect: disposition.EffectCallback, Queue: disposition.QueuePower,
		ItemID: itemID, State: "completed", LockVersion: 5, CallbackItemID: &launchID, Attempts: 2, NextAttemptAt: &at,
		Supersedes: &leadID, Remains: []disposition.Remain{disposition.RemainSuppression},
	}
	sent := `{
		"lock_version": 4,
		"disposition": "Callback_Requested",
		"callback_at": "2026-11-23T09:30:00-06:00",
		"callback_for": "anyone",
		"metadata": {"note": "after lunch", "n": [1, 2.50]},
		"supersedes": "01939d8e-6a2b-7c3d-8e4f-5a6b7c8d9e0f"
	}`
	got := s.send(http.MethodPost, itemPath("disposition"), sent, s.as(agent()), header("Idempotency-Key", "k"))
	require.JSONEq(t, `{
		"id": "01939d8e-5a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"disposition": "callback_requested",
		"effect": "callback",
		"queue": "power",
		"item_id": "01939d8e-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"state": "completed",
		"lock_version": 5,
		"fail_reason": "",
		"callback_item_id": "01939d8e-2a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"attempts": 2,
		"next_attempt_at": "2026-11-23T15:30:00Z",
		"finish_reason": "",
		"lead_id": null,
		"lead_created": false,
		"suppressed": false,
		"purged": 0,
		"supersedes": "01939d8e-6a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"remains": ["suppression"]
	}`, got.Body.String())

	asked, ok := s.store.called()[0].(disposition.RecordParams)
	require.True(t, ok)
	require.Equal(t, "k", asked.Idempotency.Key)
	require.NotEmpty(t, asked.Fingerprint)
	require.Equal(t, asked.Fingerprint, asked.Idempotency.Fingerprint)
	require.JSONEq(t, `{"note":"after lunch","n":[1,2.50]}`, string(asked.Metadata))
	asked.Idempotency, asked.Fingerprint, asked.Metadata = outdial.Idempotency{}, "", nil
	require.Equal(t, disposition.RecordParams{
		CampaignID: campaignID, ItemID: itemID, LockVersion: 4, AgentID: agentID, ActorID: agentID,
		Rule:       disposition.Rule{Code: disposition.CodeCallback, Effect: disposition.EffectCallback, Label: "Call back"},
		CallbackAt: at, CallbackFor: disposition.RecipientAnyone, Open: callwindow.Open{Everywhere: true},
		Supersedes: leadID, CorrectWithin: 2 * time.Minute, Now: s.clock.Now(),
	}, asked)
}

func TestADispositionNeedsNoMoreThanItsName(t *testing.T) {
	t.Parallel()
	for _, sent := range []string{
		`{"lock_version":4,"disposition":"no_answer"}`,
		`{"lock_version":4,"disposition":" NO_ANSWER ","callback_at":null,"callback_for":null,"metadata":null,"supersedes":null}`,
	} {
		s := newServer(t)
		s.store.disposed = disposition.Result{
			ID: dispositionID, Code: disposition.CodeNoAnswer, Effect: disposition.EffectRetry, Queue: disposition.QueueAgent,
			ItemID: itemID, State: "queued", LockVersion: 5, Attempts: 1,
		}
		got := s.send(http.MethodPost, itemPath("disposition"), sent, s.as(manager())).object(t)
		require.NotContains(t, got, "remains")
		asked, ok := s.store.called()[0].(disposition.RecordParams)
		require.True(t, ok)
		require.Equal(t, disposition.CodeNoAnswer, asked.Rule.Code)
		require.Equal(t, uuid.Nil, asked.AgentID, "a manager records for anyone")
		require.Equal(t, managerID, asked.ActorID)
		require.Nil(t, asked.Metadata)
		require.Empty(t, asked.Idempotency)
	}
}

func TestAnAliasRecordsItsCode(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(with *setup) { with.dispositions.Map = hostMap(t) })
	s.send(http.MethodPost, itemPath("disposition"), `{"lock_version":4,"disposition":"Remove Me"}`, s.as(agent())).object(t)
	asked, ok := s.store.called()[0].(disposition.RecordParams)
	require.True(t, ok)
	require.Equal(t, disposition.CodeDoNotCall, asked.Rule.Code)
}

func TestADispositionThatIsWrongIsRefusedByTheNameOfItsFieldAndChangesNothing(t *testing.T) {
	t.Parallel()
	const good, ahead = `"lock_version":4,"disposition":"busy"`, `"2026-11-21T15:04:06Z"`
	callback := func(rest string) string { return `{"lock_version":4,"disposition":"callback_requested"` + rest + `}` }
	for _, test := range []struct{ name, body, field, problem string }{
		{"nothing", ``, "lock_version", "is required"},
		{"no version", `{"disposition":"busy"}`, "lock_version", "is required"},
		{"version as text", `{"lock_version":"4","disposition":"busy"}`, "lock_version", "must be a whole number"},
		{"negative version", `{"lock_version":-1,"disposition":"busy"}`, "lock_version", "is out of range"},
		{"large version", `{"lock_version":2147483648,"disposition":"busy"}`, "lock_version", "is out of range"},
		{"no disposition", `{"lock_version":4}`, "disposition", "is required"},
		{"null disposition", `{"lock_version":4,"disposition":null}`, "disposition", "is required"},
		{"empty disposition", `{"lock_version":4,"disposition":""}`, "disposition", "is required"},
		{"blank disposition", `{"lock_version":4,"disposition":"  "}`, "disposition", "is not known"},
		{"disposition a number", `{"lock_version":4,"disposition":7}`, "disposition", "must be a string"},
		{"unknown disposition", `{"lock_version":4,"disposition":"interested"}`, "disposition", "is not known"},
		{"another unknown one, a number", `{"lock_version":4,"disposition":"+15046218927"}`, "disposition", "is not known"},
		{"no callback time", callback(``), "callback_at", "is required for a callback"},
		{"null callback time", callback(`,"callback_at":null`), "callback_at", "is required for a callback"},
		{"callback time no time", callback(`,"callback_at":"tomorrow"`), "callback_at", "must be an RFC 3339 time, such as 2006-01-02T15:04:05Z"},
		{"callback time a number", callback(`,"callback_at":1795269845`), "callback_at", "must be an RFC 3339 time, such as 2006-01-02T15:04:05Z"},
		{"callback time without a zone", callback(`,"callback_at":"2026-11-22T09:30:00"`), "callback_at", "must be an RFC 3339 time, such as 2006-01-02T15:04:05Z"},
		{"callback for somebody", callback(`,"callback_at":` + ahead + `,"callback_for":"bob"`), "callback_for", "must be agent or anyone"},
		{"callback for a number", callback(`,"callback_at":` + ahead + `,"callback_for":1`), "callback_for", "must be a string"},
		{"a time without a callback", `{` + good + `,"callback_at":` + ahead + `}`, "callback_at", "goes with a callback alone"},
		{"metadata text", `{` + good + `,"metadata":"note"}`, "metadata", "is not a JSON object"},
		{"metadata a list", `{` + good + `,"metadata":[{}]}`, "metadata", "is not a JSON object"},
		{"metadata a number", `{` + good + `,"metadata":7}`, "metadata", "is not a JSON object"},
		{"metadata over 16 KB", `{` + good + `,"metadata":{"note":"` + strings.Repeat("x", 16<<10) + `"}}`, "metadata", "is larger than 16384 bytes"},
		{"metadata with NUL", `{` + good + `,"metadata":{"note":"\u0000"}}`, "metadata", "contains a NUL character"},
		{"deep metadata", `{` + good + `,"metadata":` + strings.Repeat(`{"a":`, 65) + `1` + strings.Repeat(`}`, 65) + `}`, "metadata", "is nested deeper than 64"},
		{"metadata with a name twice", `{` + good + `,"metadata":{"note":1,"note":2}}`, "metadata.note", "is given twice"},
		{"metadata with a phone twice", `{` + good + `,"metadata":{"+15046218927":1,"+15046218927":2}}`, "metadata.••••", "is given twice"},
		{"metadata that is no JSON", `{` + good + `,"metadata":{note}}`, "body", "is not JSON: "},
		{"supersedes no UUID", `{` + good + `,"supersedes":"the last one"}`, "supersedes", "is not a UUID"},
		{"unknown field", `{` + good + `,"agent_id":"` + agentID.String() + `"}`, "agent_id", "is not a field of this request"},
		{"a phone for a field", `{` + good + `,"+15046218927":1}`, "••••", "is not a field of this request"},
		{"no object", `["busy"]`, "body", "must be a JSON object"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			got := s.send(http.MethodPost, itemPath("disposition"), test.body, s.as(agent()))
			require.Equal(t, http.StatusBadRequest, got.Code, got.Body)
			require.Equal(t, "invalid_request", got.problem.Error)
			require.Equal(t, test.field, got.problem.Field)
			require.True(t, strings.HasPrefix(got.problem.Detail, test.field+": "+test.problem), got.problem.Detail)
			require.NotContains(t, got.Body.String(), "next_possible_at")
			require.NotContains(t, got.Body.String()+s.log.String(), "5046218927")
			require.Empty(t, s.store.called())
		})
	}
}

func TestADispositionOfNoItemIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	const sent = `{"lock_version":4,"disposition":"busy"}`
	for path, field := range map[string]string{
		campaignPath("/queue_items/7/disposition"):                                    "id",
		campaignPath("/queue_items/00000000-0000-0000-0000-000000000000/disposition"): "id",
		"/campaigns/spring/queue_items/" + itemID.String() + "/disposition":           "campaign_id",
		itemPath("disposition") + "?dry_run=true":                                     "dry_run",
	} {
		got := s.send(http.MethodPost, path, sent, s.as(agent()))
		require.Equal(t, http.StatusBadRequest, got.Code, path)
		require.Equal(t, field, got.problem.Field, path)
	}
	for _, key := range []string{"", "two words", strings.Repeat("k", 201)} {
		got := s.send(http.MethodPost, itemPath("disposition"), sent, s.as(agent()), header("Idempotency-Key", key))
		require.Equal(t, http.StatusBadRequest, got.Code, key)
		require.Equal(t, "Idempotency-Key", got.problem.Field)
	}
	require.Empty(t, s.store.called())
}

func TestADispositionSaysWhyTheItemDoesNotTakeIt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err         error
		status      int
		code, field string
	}{
		"an item of another campaign": {&outdial.NotFoundError{What: "queue_item", Field: "id"}, http.StatusNotFound, "queue_item_not_found", "id"},
		"another agent's item":        {outdial.Forbidden("the item is another agent's"), http.StatusForbidden, "forbidden", ""},
		"a finished item":             {outdial.Conflict("the item is completed"), http.StatusConflict, "conflict", ""},
		"a stale version":             {outdial.Conflict("the lock_version is 5 now"), http.StatusConflict, "conflict", ""},
		"a past callback":             {outdial.Invalid("callback_at", "is not in the future"), http.StatusBadRequest, "invalid_request", "callback_at"},
		"another request's key":       {outdial.ErrIdempotencyMismatch, http.StatusUnprocessableEntity, "idempotency_mismatch", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.store.refused = test.err
			got := s.send(http.MethodPost, itemPath("disposition"), `{"lock_version":4,"disposition":"busy"}`, s.as(agent()))
			require.Equal(t, test.status, got.Code)
			require.Equal(t, test.code, got.problem.Error)
			require.Equal(t, test.field, got.problem.Field)
			require.NotContains(t, got.Body.String(), "next_possible_at")
			require.Empty(t, s.log.records(t, "disposition recorded"))
		})
	}
}

// officeHours are open from 15 to 23 o'clock UTC in one zone, and nowhere else.
type officeHours struct{ zone string }

// Open implements callwindow.Windows.
func (h officeHours) Open(_ context.Context, _ uuid.UUID, at time.Time) (callwindow.Open, error) {
	if hour := at.UTC().Hour(); hour < 15 || hour >= 23 {
		return callwindow.Open{}, nil
	}
	return callwindow.Open{Zones: []string{h.zone}}, nil
}

func TestAnImpossibleCallbackNamesTheNextPossibleTime(t *testing.T) {
	t.Parallel()
	sent := `{"lock_version":4,"disposition":"callback_requested","callback_at":"2026-11-22T23:10:00Z"}`
	for zone, test := range map[string]struct{ next, detail string }{
		"Europe/London": {
			`"2026-11-23T15:00:00Z"`,
			"callback_at: is outside of the hours in which the contact may be called; the next possible time is 2026-11-23T15:00:00Z",
		},
		"Asia/Tokyo": {`null`, "callback_at: is outside of the hours in which the contact may be called"},
	} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, func(with *setup) { with.dispositions.Windows = officeHours{"Europe/London"} })
			s.store.refused = &disposition.WindowClosedError{Zone: zone}
			got := s.send(http.MethodPost, itemPath("disposition"), sent, s.as(agent()))
			require.Equal(t, http.StatusBadRequest, got.Code)
			require.Equal(t, "invalid_request", got.problem.Error)
			require.Equal(t, "callback_at", got.problem.Field)
			require.Equal(t, test.detail, got.problem.Detail)
			var members map[string]json.RawMessage
			got.decode(t, &members)
			require.Equal(t, test.next, string(members["next_possible_at"]))
		})
	}
	t.Run("and a server that knows no hours promises nothing", func(t *testing.T) {
		t.Parallel()
		s := newServer(t, func(with *setup) { with.dispositions.Windows = nil })
		got := s.send(http.MethodPost, itemPath("disposition"), sent, s.as(agent()))
		require.Equal(t, http.StatusInternalServerError, got.Code)
		require.Empty(t, s.store.called())
		require.Contains(t, s.log.records(t, "request failed")[0]["cause"], dialer.ErrNoWindows.Error())
	})
}

func TestTheButtonsAreThoseOfTheMapInItsOrder(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(with *setup) { with.dispositions.Map = hostMap(t) })
	got := s.send(http.MethodGet, "/dispositions", "", s.as(agent()))
	require.JSONEq(t, `{"next_cursor":"","items":[
		{"disposition":"no_answer","effect":"retry","label":"No answer","needs_callback_at":false,"aliases":[]},
		{"disposition":"busy","effect":"retry","label":"Busy","needs_callback_at":false,"aliases":[]},
		{"disposition":"voicemail_detected","effect":"retry","label":"Voicemail","needs_callback_at":false,"aliases":[]},
		{"disposition":"callback_requested","effect":"callback","label":"Call back","needs_callback_at":true,"aliases":[]},
		{"disposition":"not_interested_this_campaign","effect":"finish","label":"Not interested","needs_callback_at":false,"aliases":[]},
		{"disposition":"do_not_call","effect":"suppress","label":"Do not call","needs_callback_at":false,"aliases":["dnc","remove me"]},
		{"disposition":"invalid_number","effect":"invalidate","label":"Wrong number","needs_callback_at":false,"aliases":[]},
		{"disposition":"converted_to_lead","effect":"convert","label":"Sold","needs_callback_at":false,"aliases":[]},
		{"disposition":"left_message","effect":"retry","label":"Left a message","needs_callback_at":false,"aliases":[]}
	]}`, got.Body.String())
	require.Empty(t, s.store.called())
	refused := s.send(http.MethodGet, "/dispositions?limit=3", "", s.as(agent()))
	require.Equal(t, "limit", refused.problem.Field)
}

func TestWhatWasRecordedIsListedInTheTablesWords(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	at := time.Date(2026, 11, 21, 9, 4, 5, 123456000, time.FixedZone("CST", -6*60*60))
	s.store.records = disposition.ListResult{More: true, Records: []disposition.Record{
		{
			ID: dispositionID, CampaignID: campaignID, Queue: disposition.QueuePower, ItemID: itemID, LockVersion: 4, ItemVersion: 5,
			ContactID: contactID, CallID: launchID, AgentID: agentID, ActorID: managerID, Code: disposition.CodeCallback,
			Effect: disposition.EffectCallback, Attempt: 2, CallbackAt: at.Add(time.Hour), Metadata: json.RawMessage(`{"note":"after lunch"}`),
			Supersedes: leadID, SupersededBy: accountID, RecordedAt: at,
		},
		{
			ID: leadID, CampaignID: campaignID, Queue: disposition.QueueAgent, ItemID: itemID, ContactID: contactID,
			Code: disposition.CodeBusy, Effect: disposition.EffectRetry, Attempt: 1, RecordedAt: at,
		},
	}}
	got := s.send(http.MethodGet, campaignPath("/dispositions?contact_id="+contactID.String()+"&limit=2&cursor="), "", s.as(manager()))
	require.JSONEq(t, `{"next_cursor": "`+outdial.Cursor(leadID)+`", "items": [{
		"id": "01939d8e-5a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"campaign_id": "6c1f17c9-6f8b-43d8-8af2-fa27ad84379a",
		"queue": "power",
		"item_id": "01939d8e-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"lock_version": 4,
		"item_version": 5,
		"contact_id": "01939d8e-3a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"call_id": "01939d8e-2a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"agent_id": "478095da-e25f-4ba3-88bc-367db36f41d3",
		"actor_id": "b5b0d4a4-3a1f-4c8e-8c7d-0f6f0f1f5a22",
		"disposition": "callback_requested",
		"effect": "callback",
		"attempt": 2,
		"callback_at": "2026-11-21T16:04:05.123456Z",
		"metadata": {"note": "after lunch"},
		"supersedes": "01939d8e-6a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"superseded_by": "01939d8e-4a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"recorded_at": "2026-11-21T15:04:05.123456Z"
	}, {
		"id": "01939d8e-6a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"campaign_id": "6c1f17c9-6f8b-43d8-8af2-fa27ad84379a",
		"queue": "agent",
		"item_id": "01939d8e-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"contact_id": "01939d8e-3a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"lock_version": 0, "item_version": 0, "call_id": null, "agent_id": null, "actor_id": null,
		"disposition": "busy", "effect": "retry", "attempt": 1, "callback_at": null, "metadata": null,
		"supersedes": null, "superseded_by": null, "recorded_at": "2026-11-21T15:04:05.123456Z"
	}]}`, got.Body.String())

	s.store.records = disposition.ListResult{}
	got = s.send(http.MethodGet, campaignPath("/dispositions?cursor="+outdial.Cursor(leadID)), "", s.as(manager()))
	require.JSONEq(t, `{"items":[],"next_cursor":""}`, got.Body.String())
	require.Equal(t, []any{
		disposition.ListParams{CampaignID: campaignID, ContactID: contactID, Limit: 2},
		disposition.ListParams{CampaignID: campaignID, After: leadID, Limit: outdial.DefaultPage},
	}, s.store.called())
}

func TestLeadsAreListedInTheTablesWords(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	at := time.Date(2026, 11, 21, 9, 4, 5, 123456000, time.FixedZone("CST", -6*60*60))
	s.store.leads = disposition.ListLeadsResult{More: true, Leads: []disposition.Lead{
		{ID: itemID, CampaignID: campaignID, ContactID: contactID, DispositionID: dispositionID, CreatedAt: at},
		{
			ID: leadID, CampaignID: campaignID, ContactID: contactID, DispositionID: dispositionID, AgentID: agentID,
			CreatedAt: at, WithdrawnAt: at.Add(time.Minute),
		},
	}}
	got := s.send(http.MethodGet, campaignPath("/leads?limit=2"), "", s.as(manager()))
	require.JSONEq(t, `{"next_cursor": "`+outdial.Cursor(leadID)+`", "items": [{
		"id": "01939d8e-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"campaign_id": "6c1f17c9-6f8b-43d8-8af2-fa27ad84379a",
		"contact_id": "01939d8e-3a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"disposition_id": "01939d8e-5a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"agent_id": null, "created_at": "2026-11-21T15:04:05.123456Z", "withdrawn_at": null
	}, {
		"id": "01939d8e-6a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"campaign_id": "6c1f17c9-6f8b-43d8-8af2-fa27ad84379a",
		"contact_id": "01939d8e-3a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"disposition_id": "01939d8e-5a2b-7c3d-8e4f-5a6b7c8d9e0f",
		"agent_id": "478095da-e25f-4ba3-88bc-367db36f41d3",
		"created_at": "2026-11-21T15:04:05.123456Z",
		"withdrawn_at": "2026-11-21T15:05:05.123456Z"
	}]}`, got.Body.String())

	s.store.leads = disposition.ListLeadsResult{}
	got = s.send(http.MethodGet, campaignPath("/leads?cursor="+outdial.Cursor(leadID)), "", s.as(manager()))
	require.JSONEq(t, `{"items":[],"next_cursor":""}`, got.Body.String())
	require.Equal(t, []any{
		disposition.ListLeadsParams{CampaignID: campaignID, Limit: 2},
		disposition.ListLeadsParams{CampaignID: campaignID, After: leadID, Limit: outdial.DefaultPage},
	}, s.store.called())
}

func TestAListOfDispositionsIsAskedForInItsOwnWords(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, test := range []struct{ path, field string }{
		{"/dispositions?contact_id=bob", "contact_id"},
		{"/dispositions?contact_id=00000000-0000-0000-0000-000000000000", "contact_id"},
		{"/dispositions?limit=0", "limit"},
		{"/dispositions?limit=501", "limit"},
		{"/dispositions?cursor=spring", "cursor"},
		{"/dispositions?agent_id=" + agentID.String(), "agent_id"},
		{"/leads?limit=ten", "limit"},
		{"/leads?cursor=spring", "cursor"},
		{"/leads?contact_id=" + contactID.String(), "contact_id"},
		{"/leads?limit=1&limit=2", "limit"},
	} {
		got := s.send(http.MethodGet, campaignPath(test.path), "", s.as(manager()))
		require.Equal(t, http.StatusBadRequest, got.Code, test.path)
		require.Equal(t, test.field, got.problem.Field, test.path)
	}
	require.Empty(t, s.store.called())
}

func TestDispositionsThatAreNotConfiguredDoNotExist(t *testing.T) {
	t.Parallel()
	without := func(with *setup) { with.dispositions = nil }
	optional := 0
	for _, rt := range httpapi.Routes() {
		if !strings.Contains(rt.Pattern, "disposition") && !strings.HasSuffix(rt.Pattern, "/leads") && !strings.HasSuffix(rt.Pattern, "/retry_policy") {
			continue
		}
		optional++
		for _, sent := range []string{exampleOf(t, rt).body, `{"nonsense"`} {
			for _, actor := range []outdial.Actor{admin(), {ID: agentID, Role: outdial.RoleAgent}} {
				s := newServer(t, without)
				got := s.send(rt.Method, exampleOf(t, rt).path, sent, s.as(actor))
				require.Equal(t, http.StatusNotFound, got.Code, rt.Pattern)
				unknown := s.send(rt.Method, campaignPath("/unknown"), sent, s.as(actor))
				require.Equal(t, unknown.Body.String(), got.Body.String())
				require.Empty(t, s.store.called())
			}
		}
		s := newServer(t, without)
		require.Equal(t, http.StatusUnauthorized, s.try(rt).Code, "only those who are known are told")
	}
	require.Equal(t, 6, optional)
}

func TestWhoMaySeeWhatWasRecordedMayNotChangeThePolicy(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	steering := agent()
	steering.Scopes = []outdial.Scope{outdial.ScopeDialerControl}
	for _, path := range []string{"/dispositions", "/leads", "/retry_policy"} {
		s.send(http.MethodGet, campaignPath(path), "", s.as(steering)).object(t)
	}
	before := len(s.store.called())
	got := s.send(http.MethodPut, campaignPath("/retry_policy"), `{}`, s.as(steering))
	require.Equal(t, http.StatusForbidden, got.Code)
	require.Equal(t, "only managers and admins change a retry policy", got.problem.Detail)
	require.Len(t, s.store.called(), before)
}
