package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/httpapi"
	"github.com/outdial/outdial/suppression"
)

var entryID = uuid.MustParse("01939d8e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")

// suppressionExample is a good request for a route that changes the list or asks it.
func suppressionExample(rt httpapi.Route) example {
	e := example{path: rt.Pattern, contentType: "application/json", body: `{"phone":"504-621-8927","reason":"asked to"}`}
	switch {
	case rt.Method == http.MethodDelete:
		e.body = `{"phones":["504-621-8927"],"reason":"asked to"}`
	case strings.HasSuffix(rt.Pattern, "/check"):
		e.body = `{"phones":["504-621-8927"]}`
	case strings.HasSuffix(rt.Pattern, "/import"):
		e.path += "?list=national&version=2026-11"
		e.body, e.contentType = "504-621-8927\n", "text/plain"
	}
	return e
}

// requireNobodyIn requires that a text has no number and no address of these tests in it,
// nor a part of one that could dial.
func requireNobodyIn(t *testing.T, text string) {
	t.Helper()
	for _, private := range []string{"504621", "6218927", "504-621", "621-8927", "bea@", "Bea@"} {
		require.NotContains(t, text, private)
	}
}

// bea is an entry that is on the list.
func bea() suppression.Listed {
	at := time.Date(2026, 11, 21, 9, 4, 5, 123456000, time.FixedZone("CST", -6*60*60))
	return suppression.Listed{
		ID: entryID, CreatedBy: managerID, CreatedAt: at,
		Entry: suppression.Entry{
			Kind: suppression.KindPhone, Value: "+15046218927", Key: "+15046218927", CampaignID: campaignID,
			Source: suppression.SourceQA, Reason: "asked twice", ReceivedAt: at.Add(-time.Hour), ExpiresAt: at.Add(time.Hour),
		},
	}
}

const beasEntry = `{
	"id": "01939d8e-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
	"kind": "phone",
	"value": "+15046218927",
	"campaign_id": "6c1f17c9-6f8b-43d8-8af2-fa27ad84379a",
	"source": "qa",
	"reason": "asked twice",
	"created_by": "b5b0d4a4-3a1f-4c8e-8c7d-0f6f0f1f5a22",
	"created_at": "2026-11-21T15:04:05.123456Z",
	"received_at": "2026-11-21T14:04:05.123456Z",
	"expires_at": "2026-11-21T16:04:05.123456Z"
}`

func TestTheListIsShownInTheTablesWordsAndInFull(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	plain := suppression.Listed{
		ID: leadID, CreatedAt: bea().CreatedAt, Entry: suppression.NewEmail("Bea@Example.com"),
	}
	s.store.entries = suppression.ListResult{More: true, Entries: []suppression.Listed{bea(), plain}}
	got := s.send(http.MethodGet, "/suppressions?kind=phone&source=qa&campaign_id="+campaignID.String()+"&limit=2&cursor=", "", s.as(manager()))
	require.JSONEq(t, `{"next_cursor": "`+outdial.Cursor(leadID)+`", "items": [`+beasEntry+`, {
		"id": "01939d8e-6a2b-7c3d-8e4f-5a6b7c8d9e0f", "kind": "email", "value": "Bea@Example.com", "campaign_id": null,
		"source": "manual", "reason": null, "created_by": null, "created_at": "2026-11-21T15:04:05.123456Z",
		"received_at": null, "expires_at": null
	}]}`, got.Body.String())

	s.store.entries = suppression.ListResult{}
	got = s.send(http.MethodGet, "/suppressions?all_campaigns=true&cursor="+outdial.Cursor(leadID), "", s.as(admin()))
	require.JSONEq(t, `{"items":[],"next_cursor":""}`, got.Body.String())
	s.send(http.MethodGet, "/suppressions?all_campaigns=false", "", s.as(admin())).object(t)
	require.Equal(t, []any{
		suppression.ListParams{
			Kind: suppression.KindPhone, Source: suppression.SourceQA, CampaignID: campaignID, Limit: 2, Now: s.clock.Now(),
		},
		suppression.ListParams{AllCampaigns: true, After: leadID, Limit: outdial.DefaultPage, Now: s.clock.Now()},
		suppression.ListParams{Limit: outdial.DefaultPage, Now: s.clock.Now()},
	}, s.store.called())
}

func TestTheListIsAskedForInItsOwnWords(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, test := range []struct{ query, field string }{
		{"kind=fax", "kind"},
		{"source=gossip", "source"},
		{"campaign_id=spring", "campaign_id"},
		{"campaign_id=00000000-0000-0000-0000-000000000000", "campaign_id"},
		{"campaign_id=all", "campaign_id"},
		{"all_campaigns=yes", "all_campaigns"},
		{"all_campaigns=1", "all_campaigns"},
		{"all_campaigns=true&campaign_id=" + campaignID.String(), "campaign_id"},
		{"limit=0", "limit"},
		{"limit=501", "limit"},
		{"cursor=spring", "cursor"},
		{"value=%2B15046218927", "value"},
		{"phone=%2B15046218927", "phone"},
		{"%2B15046218927", "••••"},
	} {
		got := s.send(http.MethodGet, "/suppressions?"+test.query, "", s.as(manager()))
		require.Equal(t, http.StatusBadRequest, got.Code, test.query)
		require.Equal(t, test.field, got.problem.Field, test.query)
		requireNobodyIn(t, got.Body.String())
	}
	require.Empty(t, s.store.called())
	requireNobodyIn(t, s.log.String())
}

func TestOneEntryOrManyAreAdded(t *testing.T) {
	t.Parallel()
	at, ends := time.Date(2026, 11, 18, 6, 0, 0, 0, time.UTC), time.Date(2027, 11, 18, 0, 0, 0, 0, time.UTC)
	phone := suppression.Entry{
		Kind: suppression.KindPhone, Value: "+15046218927", Key: "+15046218927", CampaignID: campaignID,
		Source: suppression.SourceWebhook, Reason: "STOP", ReceivedAt: at, ExpiresAt: ends,
	}
	for name, test := range map[string]struct {
		sent string
		want []suppression.Entry
	}{
		"all that an entry may say": {
			`{"phone":"(504) 621-8927","region":"us","campaign_id":"` + campaignID.String() + `","source":"webhook","reason":"STOP",
				"received_at":"2026-11-18T00:00:00-06:00","expires_at":"2027-11-18T00:00:00Z"}`,
			[]suppression.Entry{phone},
		},
		"no more than a phone": {`{"phone":"+15046218927"}`, []suppression.Entry{suppression.NewPhone("+15046218927")}},
		"nothing but nulls beside it": {
			`{"phone":"5046218927","email":null,"region":null,"campaign_id":null,"source":null,"reason":null,"received_at":null,"expires_at":null,"entries":null}`,
			[]suppression.Entry{suppression.NewPhone("+15046218927")},
		},
		"an address": {`{"email":" Bea+x@Example.com "}`, []suppression.Entry{
			{Kind: suppression.KindEmail, Value: "Bea+x@Example.com", Key: "bea+x@example.com", Source: suppression.SourceManual},
		}},
		"a list, each of its own country": {
			`{"region":"GB","entries":[{"phone":"020 7946 0018"},{"phone":"504-621-8927","region":"US"},{"email":"bea@example.com"}]}`,
			[]suppression.Entry{
				suppression.NewPhone("+442079460018"), suppression.NewPhone("+15046218927"), suppression.NewEmail("bea@example.com"),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.store.added = suppression.AddResult{Added: 1, Extended: 2}
			got := s.send(http.MethodPost, "/suppressions", test.sent, s.as(agent()))
			require.JSONEq(t, `{"added":1,"extended":2}`, got.Body.String())
			require.Equal(t, []any{suppression.AddParams{Entries: test.want, ActorID: agentID, Now: s.clock.Now()}}, s.store.called())
			requireNobodyIn(t, s.log.String())
		})
	}
	t.Run("nothing of an empty list", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		require.JSONEq(t, `{"added":0,"extended":0}`, s.send(http.MethodPost, "/suppressions", `{"entries":[]}`, s.as(agent())).Body.String())
		require.Empty(t, s.store.called())
	})
	t.Run("as those of the server's country", func(t *testing.T) {
		t.Parallel()
		s := newServer(t, func(with *setup) { with.http.DefaultRegion = "GB" })
		s.send(http.MethodPost, "/suppressions", `{"phone":"020 7946 0018"}`, s.as(agent())).object(t)
		asked, ok := s.store.called()[0].(suppression.AddParams)
		require.True(t, ok)
		require.Equal(t, "+442079460018", asked.Entries[0].Key)
	})
}

// wrongPhones are values that are no number, each with what is wrong.
func wrongPhones() map[string]string {
	return map[string]string{
		"1-800-FLOWERS":                        "contains letters",
		"504-621-8927 x12":                     "contains letters",
		"504-621-8927#12":                      "has an extension",
		strings.Repeat("5046218927", 4):        "is not a phone number",
		strings.Repeat("5046218927", 7):        "is too long",
		"+00":                                  "is not a phone number",
		"+005046218927":                        "is not a phone number",
		"+99915046218927":                      "is not a phone number",
		"621-8927":                             "is not a number of its country's numbering plan",
		"+1504621892":                          "is not a number of its country's numbering plan",
		"bea@example.com":                      "is not a phone number",
		"ask at the desk":                      "contains letters",
		"５０４-６２１-８９２":                          "is not a number of its country's numbering plan",
		"--":                                   "is not a phone number",
		"tel:+15046218927":                     "contains letters",
		"+15046218927, +15046218928":           "is not a phone number",
		"\u202e+15046218927\u202e\u0000\u0000": "is not a phone number",
	}
}

func TestAWrongPhoneIsRefusedAndNeverRepeated(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	refused := func(method, path, body, field, problem string) {
		t.Helper()
		got := s.send(method, path, body, s.as(manager()))
		require.Equal(t, http.StatusBadRequest, got.Code, "%s %s", path, body)
		require.Equal(t, "invalid_request", got.problem.Error)
		require.Equal(t, field+": "+problem, got.problem.Detail, body)
		require.Equal(t, field, got.problem.Field, body)
	}
	for phone, problem := range wrongPhones() {
		quoted := strings.ReplaceAll(phone, "\x00", `\u0000`)
		refused(http.MethodPost, "/suppressions", `{"phone":"`+quoted+`"}`, "phone", problem)
		refused(http.MethodPost, "/suppressions", `{"entries":[{"phone":"+18102929388"},{"phone":"`+quoted+`"}]}`, "entries[1].phone", problem)
		if !outdial.Phone(phone).IsE164() {
			refused(http.MethodDelete, "/suppressions", `{"reason":"x","phones":["+18102929388","`+quoted+`"]}`, "phones[1]", problem)
		}
		refused(http.MethodPost, "/suppressions/revoke", `{"phone":"`+quoted+`"}`, "phone", problem)
		refused(http.MethodPost, "/suppressions/restore", `{"reason":"x","phone":"`+quoted+`"}`, "phone", problem)
	}
	require.Empty(t, s.store.called())
	requireNobodyIn(t, s.log.String())
}

func TestAWrongChangeOfTheListIsRefusedByTheNameOfItsFieldAndChangesNothing(t *testing.T) {
	t.Parallel()
	const add, drop, revoke, restore = "POST /suppressions", "DELETE /suppressions", "POST /suppressions/revoke", "POST /suppressions/restore"
	const phone, notUTF8 = `"phone":"+15046218927"`, "\xff"
	entries := `{"entries":[` + strings.TrimSuffix(strings.Repeat(`{`+phone+`},`, suppression.MaxEntries+1), ",") + `]}`
	many := `[` + strings.TrimSuffix(strings.Repeat(`"+15046218927",`, 5_001), ",") + `]`
	for _, test := range []struct{ name, route, body, detail string }{
		{"nothing", add, ``, "phone: or email is required"},
		{"nobody", add, `{"reason":"x"}`, "phone: or email is required"},
		{"an empty phone", add, `{"phone":"","email":""}`, "phone: or email is required"},
		{"both", add, `{` + phone + `,"email":"bea@example.com"}`, "email: stands beside a phone; send them as two entries"},
		{"a phone that is a number", add, `{"phone":15046218927}`, "phone: must be a string"},
		{"no address", add, `{"email":"bea@"}`, "email: is not an e-mail address"},
		{"two addresses", add, `{"email":"bea@example.com, bob@example.com"}`, "email: is not an e-mail address"},
		{"no country", add, `{` + phone + `,"region":"Atlantis"}`, "region: is not a country"},
		{"a country that is a number", add, `{` + phone + `,"region":1}`, "region: must be a string"},
		{"no campaign", add, `{` + phone + `,"campaign_id":"spring"}`, "campaign_id: is not a UUID"},
		{"the nil campaign", add, `{` + phone + `,"campaign_id":"00000000-0000-0000-0000-000000000000"}`, "campaign_id: "},
		{"an unknown source", add, `{` + phone + `,"source":"gossip"}`, "source: must be manual, webhook, qa or import"},
		{"a reason on two lines", add, `{` + phone + `,"reason":"a\nb"}`, "reason: is not plain text on one line"},
		{"a long reason", add, `{` + phone + `,"reason":"` + strings.Repeat("x", 501) + `"}`, "reason: is longer than 500 bytes"},
		{"an end in the past", add, `{` + phone + `,"expires_at":"2026-11-21T15:04:05Z"}`, "expires_at: is over already"},
		{"an end that is no time", add, `{` + phone + `,"expires_at":"never"}`, "expires_at: must be an RFC 3339 time, such as 2006-01-02T15:04:05Z"},
		{"received tomorrow", add, `{` + phone + `,"received_at":"2026-11-22T15:04:05Z"}`, "received_at: is in the future"},
		{"an unknown field", add, `{` + phone + `,"fax":"+15046218927"}`, "fax: is not a field of this request"},
		{"a phone for a field", add, `{"+15046218927":true}`, "••••: is not a field of this request"},
		{"a field twice", add, `{` + phone + `,` + phone + `}`, "phone: is given twice"},
		{"an entry beside entries", add, `{"entries":[],` + phone + `}`, "phone: is not a field of this request"},
		{"entries that are no list", add, `{"entries":{` + phone + `}}`, "entries: must be a list"},
		{"an entry that is none", add, `{"entries":[{` + phone + `},"+15046218928"]}`, "entries[1]: must be an object"},
		{"an entry that is null", add, `{"entries":[null]}`, "entries[0]: must be an object"},
		{"an unknown field of an entry", add, `{"entries":[{` + phone + `,"fax":"1"}]}`, "entries[0].fax: is not a field of this request"},
		{"a field of an entry twice", add, `{"entries":[{` + phone + `,` + phone + `}]}`, "entries.phone: is given twice"},
		{"an entry about nobody", add, `{"entries":[{` + phone + `},{}]}`, "entries[1].phone: or email is required"},
		{"an entry's unknown source", add, `{"entries":[{` + phone + `},{` + phone + `,"source":"gossip"}]}`, "entries[1].source: must be manual, webhook, qa or import"},
		{"an entry's end in the past", add, `{"entries":[{` + phone + `,"expires_at":"2026-11-20T15:04:05Z"}]}`, "entries[0].expires_at: is over already"},
		{"an entry's campaign", add, `{"entries":[{` + phone + `,"campaign_id":"spring"}]}`, "entries[0].campaign_id: is not a UUID"},
		{"too many entries", add, entries, "entries: are more than 10000"},
		{"no object", add, `[{` + phone + `}]`, "body: must be a JSON object"},
		{"no JSON", add, `{"phone":+15046218927}`, "body: is not JSON: invalid character '+' looking for beginning of value (at byte 10)"},
		{"no text", add, `{"phone":"` + notUTF8 + `"}`, "body: is not UTF-8"},

		{"nothing", drop, ``, "phones: or emails are required"},
		{"nobody", drop, `{"reason":"x"}`, "phones: or emails are required"},
		{"no reason", drop, `{"phones":["+15046218927"]}`, "reason: is required"},
		{"a blank reason", drop, `{"phones":["+15046218927"],"reason":"  "}`, "reason: is required"},
		{"one phone", drop, `{"phones":"+15046218927","reason":"x"}`, "phones: must be a list"},
		{"a number", drop, `{"phones":[15046218927],"reason":"x"}`, "phones[0]: must be a string"},
		{"a null", drop, `{"phones":[null],"reason":"x"}`, "phones[0]: must be a string"},
		{"no address", drop, `{"emails":["bea@example.com","bea"],"reason":"x"}`, "emails[1]: is not an e-mail address"},
		{"too many together", drop, `{"phones":` + many + `,"emails":` + many + `,"reason":"x"}`, "phones: and emails are more than 10000"},
		{"no campaign", drop, `{"phones":["+15046218927"],"reason":"x","campaign_id":7}`, "campaign_id: is not a UUID"},
		{"an entry's field", drop, `{` + phone + `,"reason":"x"}`, "phone: is not a field of this request"},

		{"nobody", revoke, `{"reason":"x"}`, "contact_id: or a phone or an e-mail address is required"},
		{"no contact", revoke, `{"contact_id":"bob"}`, "contact_id: is not a UUID"},
		{"a registry's source", revoke, `{` + phone + `,"source":"import"}`, "source: must be manual, webhook or qa"},
		{"received tomorrow", revoke, `{` + phone + `,"received_at":"2026-11-22T15:04:05Z"}`, "received_at: is in the future"},
		{"an end", revoke, `{` + phone + `,"expires_at":"2027-11-21T15:04:05Z"}`, "expires_at: is not a field of this request"},
		{"no reason", restore, `{` + phone + `}`, "reason: is required"},
		{"nobody", restore, `{"reason":"x"}`, "contact_id: or a phone or an e-mail address is required"},
	} {
		t.Run(test.route+" "+test.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			method, path, _ := strings.Cut(test.route, " ")
			got := s.send(method, path, test.body, s.as(manager()))
			require.Equal(t, http.StatusBadRequest, got.Code, got.Body)
			require.Equal(t, "invalid_request", got.problem.Error)
			require.True(t, strings.HasPrefix(got.problem.Detail, test.detail), got.problem.Detail)
			requireNobodyIn(t, got.Body.String()+s.log.String())
			require.Empty(t, s.store.called())
		})
	}
}

func TestTheListIsChangedByThoseWhoMay(t *testing.T) {
	t.Parallel()
	for _, rt := range httpapi.Routes() {
		if !strings.HasPrefix(rt.Pattern, "/suppressions") {
			continue
		}
		t.Run(rt.Method+" "+rt.Pattern, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			got := s.try(rt, s.as(agent()))
			switch rt.Method + " " + rt.Pattern {
			case "POST /suppressions", "POST /suppressions/check", "POST /suppressions/revoke":
				require.Equal(t, http.StatusOK, got.Code)
			default:
				require.Equal(t, http.StatusForbidden, got.Code)
				require.Equal(t, "forbidden", got.problem.Error)
				require.Equal(t, "only managers and admins see the list, import or take anybody off it", got.problem.Detail)
				require.Empty(t, s.store.called())
			}
		})
	}
}

func TestABodyThatIsTooLargeChangesNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(with *setup) { with.http.MaxBody = 100 })
	for _, route := range []string{
		"POST /suppressions", "DELETE /suppressions", "POST /suppressions/check", "POST /suppressions/revoke", "POST /suppressions/restore",
	} {
		method, path, _ := strings.Cut(route, " ")
		got := s.send(method, path, `{"phone":"+15046218927","reason":"`+strings.Repeat("x", 100)+`"}`, s.as(manager()))
		require.Equal(t, http.StatusRequestEntityTooLarge, got.Code, route)
		require.Equal(t, "too_large", got.problem.Error)
		got = s.send(method, path, `{"phone":"+15046218927","reason":"x"}`, s.as(manager()), header("Content-Type", "text/plain"))
		require.Equal(t, http.StatusUnsupportedMediaType, got.Code, route)
	}
	require.Empty(t, s.store.called())
}

func TestWhoIsTakenOffTheListStandsInTheBody(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.store.removed = suppression.RemoveResult{Removed: 2}
	got := s.send(http.MethodDelete, "/suppressions", `{"phones":["504-621-8927"],"emails":["Bea@Example.com"],"region":"US",
		"campaign_id":"`+campaignID.String()+`","reason":"asked to"}`, s.as(manager()))
	require.JSONEq(t, `{"removed":2}`, got.Body.String())
	require.Equal(t, []any{suppression.RemoveParams{
		Places: []suppression.Place{
			{Target: suppression.PhoneTarget("+15046218927"), CampaignID: campaignID},
			{Target: suppression.EmailTarget("bea@example.com"), CampaignID: campaignID},
		},
		Reason: "asked to", ActorID: managerID, Now: s.clock.Now(),
	}}, s.store.called())
	require.JSONEq(t, `{"removed":0}`, s.send(http.MethodDelete, "/suppressions", `{"phones":[],"reason":"x"}`, s.as(manager())).Body.String())
	require.Len(t, s.store.called(), 1)
	requireNobodyIn(t, s.log.String())
}

func TestWhatTheListShowsCanBeTakenOffIt(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.send(http.MethodDelete, "/suppressions", `{"phones":["+9990001","+16218927"],"reason":"x"}`, s.as(manager())).object(t)
	asked, ok := s.store.called()[0].(suppression.RemoveParams)
	require.True(t, ok)
	require.Equal(t, []suppression.Place{
		{Target: suppression.PhoneTarget("+9990001")}, {Target: suppression.PhoneTarget("+16218927")},
	}, asked.Places)
}

func TestConsentIsRevokedAndRestoredInOneRequest(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 18, 30, 0, 0, time.UTC)
	sent := `{"contact_id":"` + contactID.String() + `","phone":"504-621-8927","email":"Bea@Example.com","region":"US",
		"campaign_id":"` + campaignID.String() + `","source":"webhook","reason":"STOP by text","received_at":"2026-11-20T12:30:00-06:00"}`
	for _, path := range []string{"/suppressions/revoke", "/suppressions/restore"} {
		s := newServer(t)
		s.store.consent = suppression.ConsentResult{Contacts: 1, Added: 2, Removed: 3}
		got := s.send(http.MethodPost, path, sent, s.as(manager()))
		require.JSONEq(t, `{"contacts":1,"added":2,"removed":3,"received_at":"2026-11-20T18:30:00Z","effective_at":"2026-11-21T15:04:05Z"}`,
			got.Body.String())
		entries := []suppression.Entry{suppression.NewPhone("+15046218927"), suppression.NewEmail("Bea@Example.com")}
		for i := range entries {
			entries[i].CampaignID, entries[i].Source = campaignID, suppression.SourceWebhook
			entries[i].Reason, entries[i].ReceivedAt = "STOP by text", at
		}
		require.Equal(t, []any{suppression.ConsentParams{
			ContactID: contactID, Entries: entries, CampaignID: campaignID, Source: suppression.SourceWebhook,
			Reason: "STOP by text", ReceivedAt: at, ActorID: managerID, Now: s.clock.Now(),
		}}, s.store.called())
	}
}

func TestAChangeOfTheListSaysWhatIsNotThere(t *testing.T) {
	t.Parallel()
	for _, rt := range httpapi.Routes() {
		if !strings.HasPrefix(rt.Pattern, "/suppressions") || rt.Method == http.MethodGet {
			continue
		}
		s := newServer(t)
		s.store.matched = suppression.MatchResult{Indexes: []int{0}}
		s.store.unwilling = outdial.NotFound("campaign")
		got := s.try(rt, s.as(manager()))
		require.Equal(t, http.StatusNotFound, got.Code, rt.Pattern)
		require.Equal(t, "campaign_not_found", got.problem.Error)
		require.Equal(t, "campaign_id", got.problem.Field)
	}
}

func TestSuppressionsThatAreNotConfiguredDoNotExist(t *testing.T) {
	t.Parallel()
	without := func(with *setup) { with.suppressions = nil }
	for _, rt := range httpapi.Routes() {
		if !strings.HasPrefix(rt.Pattern, "/suppressions") && rt.Pattern != "/ops/purge" {
			continue
		}
		s := newServer(t, without)
		for _, sent := range []string{exampleOf(t, rt).body, `{"nonsense"`} {
			for _, actor := range []outdial.Actor{admin(), {ID: agentID, Role: outdial.RoleAgent}} {
				got := s.send(rt.Method, exampleOf(t, rt).path, sent, s.as(actor))
				require.Equal(t, http.StatusNotFound, got.Code, rt.Pattern)
				unknown := s.send(rt.Method, campaignPath("/unknown"), sent, s.as(actor))
				require.Equal(t, unknown.Body.String(), got.Body.String())
			}
		}
		require.Empty(t, s.store.called())
		require.Equal(t, http.StatusUnauthorized, s.try(rt).Code, "only those who are known are told")
	}
}

func TestAPurgeLooksAtBothQueues(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.store.swept = suppression.SweepResult{Failed: 3}
	require.JSONEq(t, `{"agent_items":3,"power_items":3}`, s.send(http.MethodPost, "/ops/purge", "", s.as(admin())).Body.String())
	require.Len(t, s.store.called(), 2)
	got := s.send(http.MethodPost, "/ops/purge", `{"campaign_id":"`+campaignID.String()+`"}`, s.as(admin()))
	require.Equal(t, "campaign_id", got.problem.Field)
	require.Len(t, s.store.called(), 2)
}

func TestACheckAnswersInTheOrderOfItsRequest(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.store.matched = suppression.MatchResult{Indexes: []int{1, 2}}
	s.store.found = suppression.FindResult{Entries: []suppression.Listed{bea()}, OptedOut: true}
	got := s.send(http.MethodPost, "/suppressions/check", `{"phones":["810-292-9388","504-621","504-621-8927"],"emails":["Bea@Example.com","bea@"],
		"region":"US","contact_id":"`+contactID.String()+`","campaign_id":"`+campaignID.String()+`"}`, s.as(manager()))
	require.JSONEq(t, `{"next_cursor":"","items":[
		{"phone":"810-292-9388","suppressed":false,"entries":[]},
		{"phone":"504-621","suppressed":true,"entries":null,"error":"is not a number of its country's numbering plan"},
		{"phone":"504-621-8927","suppressed":true,"entries":[`+beasEntry+`]},
		{"email":"Bea@Example.com","suppressed":true,"entries":[`+beasEntry+`]},
		{"email":"bea@","suppressed":true,"entries":null,"error":"is not an e-mail address"},
		{"contact_id":"`+contactID.String()+`","suppressed":true,"opted_out":true,"entries":[`+beasEntry+`]}
	]}`, got.Body.String())
	now := s.clock.Now()
	require.Equal(t, []any{
		suppression.MatchParams{CampaignID: campaignID, Now: now, Targets: []suppression.Target{
			suppression.PhoneTarget("+18102929388"), suppression.PhoneTarget("+15046218927"), suppression.EmailTarget("bea@example.com"),
		}},
		suppression.FindParams{Targets: []suppression.Target{suppression.PhoneTarget("+15046218927")}, CampaignID: campaignID, Now: now},
		suppression.FindParams{Targets: []suppression.Target{suppression.EmailTarget("bea@example.com")}, CampaignID: campaignID, Now: now},
		suppression.FindParams{ContactID: contactID, CampaignID: campaignID, Now: now},
	}, s.store.called())
	requireNobodyIn(t, s.log.String())
}

func TestAValueThatCanNotBeReadNeverLooksAsIfItMayBeCalled(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for phone, problem := range wrongPhones() {
		sent := fmt.Sprintf(`{"phones":[%q,"+18102929388"]}`, phone)
		if strings.ContainsRune(phone, 0) {
			sent = `{"phones":["` + strings.ReplaceAll(phone, "\x00", `\u0000`) + `","+18102929388"]}`
		}
		checked := items(t, s.send(http.MethodPost, "/suppressions/check", sent, s.as(agent())).object(t))
		require.Equal(t, map[string]any{"phone": phone, "suppressed": true, "entries": nil, "error": problem}, checked[0])
		require.Equal(t, map[string]any{"phone": "+18102929388", "suppressed": false, "entries": []any{}}, checked[1])
	}
}

func TestAgentsSeeEntriesWithoutTheirValues(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	mail := bea()
	mail.Entry = suppression.NewEmail("bea@example.com")
	s.store.found = suppression.FindResult{Entries: []suppression.Listed{bea(), mail}}
	got := s.send(http.MethodPost, "/suppressions/check", `{"contact_id":"`+contactID.String()+`"}`, s.as(agent()))
	entries, ok := items(t, got.object(t))[0]["entries"].([]any)
	require.True(t, ok)
	require.Len(t, entries, 2)
	require.Contains(t, got.Body.String(), `"value":"••••27"`)
	require.Contains(t, got.Body.String(), `"value":"••••@example.com"`)
	require.NotContains(t, got.Body.String(), "504621")
}

func TestACheckOfManyLooksUpTheEntriesOfTheFirst(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var phones []string
	for i := range 150 {
		phones = append(phones, fmt.Sprintf(`"+1504621%04d"`, i))
		s.store.matched.Indexes = append(s.store.matched.Indexes, i)
	}
	s.store.found = suppression.FindResult{Entries: []suppression.Listed{bea()}}
	got := items(t, s.send(http.MethodPost, "/suppressions/check", `{"phones":[`+strings.Join(phones, ",")+`]}`, s.as(manager())).object(t))
	require.Len(t, got, 150)
	for i, item := range got {
		require.Equal(t, true, item["suppressed"])
		require.Equal(t, i >= 100, item["entries"] == nil)
	}
	require.Len(t, s.store.called(), 101)
}

func TestAWrongCheckIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	many := `[` + strings.TrimSuffix(strings.Repeat(`"+15046218927",`, 10_001), ",") + `]`
	for sent, detail := range map[string]string{
		``:                                 "phones: or emails or a contact_id are required",
		`{"campaign_id":null}`:             "phones: or emails or a contact_id are required",
		`{"phones":"+15046218927"}`:        "phones: must be a list",
		`{"phones":[["+15046218927"]]}`:    "phones[0]: must be a string",
		`{"phone":"+15046218927"}`:         "phone: is not a field of this request",
		`{"contact_id":"bob"}`:             "contact_id: is not a UUID",
		`{"phones":[],"region":"Nowhere"}`: "region: is not a country",
		`{"phones":` + many + `}`:          "phones: are more than 10000",
		`{"phones":["+15046218927"],"emails":` + many[:len(many)-16] + `]}`: "phones: and emails are more than 10000",
	} {
		got := s.send(http.MethodPost, "/suppressions/check", sent, s.as(agent()))
		require.Equal(t, http.StatusBadRequest, got.Code, detail)
		require.Equal(t, detail, got.problem.Detail)
	}
	require.Empty(t, s.store.called())
	require.JSONEq(t, `{"items":[],"next_cursor":""}`,
		s.send(http.MethodPost, "/suppressions/check", `{"phones":[]}`, s.as(agent())).Body.String())
}
