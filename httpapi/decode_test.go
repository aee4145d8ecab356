package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/httpapi"
)

const anAgent = `"agent_id":"478095da-e25f-4ba3-88bc-367db36f41d3"`

func TestABodyThatIsWrongIsRefusedByTheNameOfItsFieldAndChangesNothing(t *testing.T) {
	t.Parallel()
	// A problem that ends in a blank goes on with the decoder's own words.
	for _, test := range []struct{ name, body, field, problem string }{
		{"nothing", ``, "agent_id", "is required"},
		{"no agent", `{}`, "agent_id", "is required"},
		{"null agent", `{"agent_id":null}`, "agent_id", "is required"},
		{"agent no UUID", `{"agent_id":"bob"}`, "agent_id", "is not a UUID"},
		{"agent empty", `{"agent_id":""}`, "agent_id", "is not a UUID"},
		{"agent a number", `{"agent_id":5}`, "agent_id", "is not a UUID"},
		{"agent in braces", `{"agent_id":"{478095da-e25f-4ba3-88bc-367db36f41d3}"}`, "agent_id", "is not a UUID"},
		{"agent without dashes", `{"agent_id":"478095dae25f4ba388bc367db36f41d3"}`, "agent_id", "is not a UUID"},
		{"agent nil", `{"agent_id":"00000000-0000-0000-0000-000000000000"}`, "agent_id", "must not be the nil UUID"},
		{"cap of zero", `{` + anAgent + `,"per_account_cap":0}`, "per_account_cap", "must be at least 1; leave it out for no cap"},
		{"negative cap", `{` + anAgent + `,"per_account_cap":-1}`, "per_account_cap", "must be at least 1; leave it out for no cap"},
		{"size of zero", `{` + anAgent + `,"max_queue_size":0}`, "max_queue_size", "must be at least 1; leave it out for no cap"},
		{"negative size", `{` + anAgent + `,"max_queue_size":-5000}`, "max_queue_size", "must be at least 1; leave it out for no cap"},
		{"fractional cap", `{` + anAgent + `,"per_account_cap":1.5}`, "per_account_cap", "must be a whole number"},
		{"cap with an exponent", `{` + anAgent + `,"per_account_cap":1e3}`, "per_account_cap", "must be a whole number"},
		{"cap as text", `{` + anAgent + `,"per_account_cap":"3"}`, "per_account_cap", "must be a whole number"},
		{"cap true", `{` + anAgent + `,"per_account_cap":true}`, "per_account_cap", "must be a whole number"},
		{"cap a list", `{` + anAgent + `,"per_account_cap":[3]}`, "per_account_cap", "must be a whole number"},
		{"large cap", `{` + anAgent + `,"per_account_cap":2147483648}`, "per_account_cap", "is too large"},
		{"huge cap", `{` + anAgent + `,"per_account_cap":99999999999999999999}`, "per_account_cap", "is out of range"},
		{"keep as text", `{` + anAgent + `,"keep_in_progress":"yes"}`, "keep_in_progress", "must be true or false"},
		{"keep a number", `{` + anAgent + `,"keep_in_progress":1}`, "keep_in_progress", "must be true or false"},
		{"dry run as text", `{` + anAgent + `,"dry_run":"true"}`, "dry_run", "must be true or false"},
		{"unknown field", `{` + anAgent + `,"max_size":3}`, "max_size", "is not a field of this request"},
		{"misspelt field", `{"agentId":"478095da-e25f-4ba3-88bc-367db36f41d3"}`, "agentId", "is not a field of this request"},
		{"field in capitals", `{"AGENT_ID":"478095da-e25f-4ba3-88bc-367db36f41d3"}`, "AGENT_ID", "is not a field of this request"},
		{"field twice", `{` + anAgent + `,` + anAgent + `}`, "agent_id", "is given twice"},
		{"field twice, once escaped", `{` + anAgent + `,"agent\u005fid":null}`, "agent_id", "is given twice"},
		{"nested field twice", `{` + anAgent + `,"filters":{"first_name_contains":"B","first_name_contains":""}}`, "filters.first_name_contains", "is given twice"},
		{"empty names twice", `{"":1,"":2}`, `""`, "is given twice"},
		{"empty name", `{"":1}`, `""`, "is not a field of this request"},
		{"filters a list", `{` + anAgent + `,"filters":[]}`, "filters", "must be a JSON object"},
		{"filters text", `{` + anAgent + `,"filters":"B"}`, "filters", "must be a JSON object"},
		{"unknown filter", `{` + anAgent + `,"filters":{"last_name_contains":"B"}}`, "filters", `unknown member "last_name_contains"`},
		{"filter a number", `{` + anAgent + `,"filters":{"first_name_contains":7}}`, "filters.first_name_contains", "must be a string"},
		{"filter with NUL", `{` + anAgent + `,"filters":{"first_name_contains":"\u0000"}}`, "filters.first_name_contains", "contains a NUL character"},
		{"a million characters", `{` + anAgent + `,"filters":{"first_name_contains":"` + strings.Repeat("B", 1_000_000) + `"}}`, "filters.first_name_contains", "is longer than 256 bytes"},
		{"no object", `[]`, "body", "must be a JSON object"},
		{"null", `null`, "body", "must be a JSON object"},
		{"text", `"set"`, "body", "must be a JSON object"},
		{"no JSON", `agent_id=478095da`, "body", "is not JSON: "},
		{"half an object", `{"agent_id"`, "body", "is not JSON: "},
		{"trailing object", `{` + anAgent + `}{}`, "body", "is not JSON: "},
		{"trailing comma", `{` + anAgent + `,}`, "body", "is not JSON: "},
		{"byte order mark", "\xEF\xBB\xBF{}", "body", "is not JSON: "},
		{"UTF-16", "\xFF\xFE{\x00}\x00", "body", "is not UTF-8"},
		{"invalid UTF-8", "{\"agent_id\":\"\xff\"}", "body", "is not UTF-8"},
		{"deep", `{"filters":` + strings.Repeat("[", 500_000) + strings.Repeat("]", 500_000) + `}`, "body", "is not JSON: "},
		{"deep objects", strings.Repeat(`{"a":`, 100_000), "body", "is not JSON: "},
		{"deep and allowed", `{"filters":` + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000) + `}`, "agent_id", "is required"},
		{"a long unknown name", `{"` + strings.Repeat("x", 1000) + `":1}`, strings.Repeat("x", 64) + "…", "is not a field of this request"},
	} {
		for _, path := range []string{"/queues/set", "/queues/preview"} {
			t.Run(test.name+" to "+path, func(t *testing.T) {
				t.Parallel()
				s := newServer(t)
				got := s.send(http.MethodPost, campaignPath(path), test.body, s.as(admin()))
				require.Equal(t, http.StatusBadRequest, got.Code, got.Body)
				require.Equal(t, "invalid_request", got.problem.Error)
				if strings.HasSuffix(test.problem, " ") {
					require.True(t, strings.HasPrefix(got.problem.Detail, test.field+": "+test.problem), got.problem.Detail)
				} else {
					require.Equal(t, test.field+": "+test.problem, got.problem.Detail)
				}
				require.Equal(t, test.field, got.problem.Field)
				require.Empty(t, s.store.called())
			})
		}
	}
}

func TestTheOtherBodiesNameTheirFieldsToo(t *testing.T) {
	t.Parallel()
	tooMany := strings.TrimSuffix(strings.Repeat(`"`+contactID.String()+`",`, 10_001), ",")
	for _, test := range []struct{ path, body, detail string }{
		{campaignPath("/queues/clear"), ``, "agent_id: is required"},
		{campaignPath("/queues/clear"), `{` + anAgent + `,"filters":{}}`, "filters: is not a field of this request"},
		{campaignPath("/queues/clear_all"), `{` + anAgent + `}`, "agent_id: is not a field of this request"},
		{campaignPath("/queues/pull"), `{"agent_id":"x"}`, "agent_id: is not a UUID"},
		{campaignPath("/queues/pull"), `{"agent_id":""}`, "agent_id: is not a UUID"},
		{campaignPath("/queues/pull"), `{"count":2}`, "count: is not a field of this request"},
		{campaignPath("/queues/enqueue"), `{"agent_id":"x"}`, "agent_id: is not a UUID"},
		{campaignPath("/queues/enqueue"), `{"contact_ids":"x"}`, "contact_ids: must be a list of UUIDs"},
		{campaignPath("/queues/enqueue"), `{"contact_ids":{}}`, "contact_ids: must be a list of UUIDs"},
		{campaignPath("/queues/enqueue"), `{"contact_ids":["` + contactID.String() + `","x"]}`, "contact_ids[1]: is not a UUID"},
		{campaignPath("/queues/enqueue"), `{"contact_ids":[null]}`, "contact_ids[0]: is not a UUID"},
		{campaignPath("/queues/enqueue"), `{"contact_ids":[` + tooMany + `]}`, "contact_ids: names more than 10000 contacts"},
		{campaignPath("/queues/enqueue"), `{"contact_ids":[],"filters":{"first_name_contains":"B"}}`, "filters: cannot be combined with contact_ids"},
		{campaignPath("/queues/enqueue"), `{"reason":"fun"}`, "reason: is not a reason for queueing"},
		{campaignPath("/queues/enqueue"), `{"reason":4}`, "reason: must be a string"},
		{campaignPath("/queues/enqueue"), `{"priority":"high"}`, "priority: must be a whole number"},
		{campaignPath("/queues/enqueue"), `{"priority":2000000000}`, "priority: is out of range"},
		{campaignPath("/queues/enqueue"), `{"scheduled_for":"tomorrow"}`, "scheduled_for: must be an RFC 3339 time, such as 2006-01-02T15:04:05Z"},
		{campaignPath("/queues/enqueue"), `{"scheduled_for":1795269845}`, "scheduled_for: must be an RFC 3339 time, such as 2006-01-02T15:04:05Z"},
		{campaignPath("/queues/enqueue"), `{"launch_id":"x"}`, "launch_id: is not a UUID"},
		{campaignPath("/queues/enqueue"), `{"by":"system"}`, "by: is not a field of this request"},
		{itemPath("start"), ``, "lock_version: is required"},
		{itemPath("start"), `{"lock_version":null}`, "lock_version: is required"},
		{itemPath("start"), `{"lock_version":-1}`, "lock_version: must not be negative"},
		{itemPath("heartbeat"), `{"lock_version":"3"}`, "lock_version: must be a whole number"},
		{itemPath("release"), `{"lock_version":3,"reason":"tired"}`, "reason: is not a field of this request"},
		{"/ops/sweep", `{"campaign_id":"x"}`, "campaign_id: is not a field of this request"},
		{"/ops/rollback", ``, "campaign_id: is required"},
		{"/ops/rollback", `{"campaign_id":"` + campaignID.String() + `"}`, "launch_id: is required"},
	} {
		s := newServer(t)
		got := s.send(http.MethodPost, test.path, test.body, s.as(admin()))
		require.Equal(t, http.StatusBadRequest, got.Code, "%s %s", test.path, test.body)
		require.Equal(t, test.detail, got.problem.Detail)
		field, _, _ := strings.Cut(test.detail, ":")
		require.Equal(t, field, got.problem.Field)
		require.Empty(t, s.store.called())
	}
}

func TestPathsAndQueriesNameTheirFieldsToo(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ method, path, field, problem string }{
		{http.MethodPost, "/campaigns/spring/queues/set", "campaign_id", "is not a UUID"},
		{http.MethodPost, "/campaigns/%20/queues/clear_all", "campaign_id", "is not a UUID"},
		{http.MethodGet, "/campaigns/00000000-0000-0000-0000-000000000000/queues", "campaign_id", "must not be the nil UUID"},
		{http.MethodGet, "/campaigns/{6c1f17c9-6f8b-43d8-8af2-fa27ad84379a}/queues/stats", "campaign_id", "is not a UUID"},
		{http.MethodPost, "/campaigns/x/contacts", "campaign_id", "is not a UUID"},
		{http.MethodPost, campaignPath("/queue_items/x/start"), "id", "is not a UUID"},
		{http.MethodPost, campaignPath("/queues/set?dry_run=true"), "dry_run", "is not a query parameter of this request"},
		{http.MethodGet, "/filters/fields?campaign_id=spring", "campaign_id", "is not a UUID"},
		{http.MethodGet, "/filters/fields?campaign_id=00000000-0000-0000-0000-000000000000", "campaign_id", "must not be the nil UUID"},
		{http.MethodGet, "/filters/fields?campaign_id=" + campaignID.String() + "&campaign_id=", "campaign_id", "is given twice"},
		{http.MethodGet, "/filters/fields?campaign=" + campaignID.String(), "campaign", "is not a query parameter of this request"},
		{http.MethodGet, "/campaigns?limit=5", "limit", "is not a query parameter of this request"},
		{http.MethodGet, campaignPath("/queues?agentid=x"), "agentid", "is not a query parameter of this request"},
		{http.MethodGet, campaignPath("/queues?agent_id=x"), "agent_id", "is not a UUID"},
		{http.MethodGet, campaignPath("/queues?state=asleep"), "state", "is not a queue state"},
		{http.MethodGet, campaignPath("/queues?state=queued&state=locked"), "state", "is given twice"},
		{http.MethodGet, campaignPath("/queues?limit=0"), "limit", "must be a whole number from 1 to 500"},
		{http.MethodGet, campaignPath("/queues?limit=-1"), "limit", "must be a whole number from 1 to 500"},
		{http.MethodGet, campaignPath("/queues?limit=501"), "limit", "must be a whole number from 1 to 500"},
		{http.MethodGet, campaignPath("/queues?limit=ten"), "limit", "must be a whole number from 1 to 500"},
		{http.MethodGet, campaignPath("/queues?cursor=!"), "cursor", "is not one that a list returned"},
		{http.MethodGet, campaignPath("/queues?cursor=AAAA"), "cursor", "is not one that a list returned"},
		{http.MethodGet, campaignPath("/queues?limit=%zz"), "query", "is malformed"},
		{http.MethodGet, campaignPath("/queues?a;b"), "query", "is malformed"},
	} {
		s := newServer(t)
		got := s.send(test.method, test.path, "", s.as(admin()))
		require.Equal(t, http.StatusBadRequest, got.Code, test.path)
		require.Equal(t, test.field+": "+test.problem, got.problem.Detail)
		require.Equal(t, test.field, got.problem.Field)
		require.Empty(t, s.store.called())
	}
}

func TestABodyOfAnotherTypeIsRefusedWithTheHeaderToSend(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, contentType := range []string{
		"application/x-www-form-urlencoded", "", "text/plain", "application/json, text/plain", "application/jsonp",
		"application/json; charset=utf-16", "application/problem+json", "json", "multipart/form-data; boundary=x",
	} {
		got := s.send(http.MethodPost, campaignPath("/queues/set"), `{`+anAgent+`}`, s.as(admin()), header("Content-Type", contentType))
		require.Equal(t, http.StatusUnsupportedMediaType, got.Code, contentType)
		require.Equal(t, "unsupported_media_type", got.problem.Error)
		require.Equal(t, "send the header Content-Type: application/json", got.problem.Detail)
	}
	got := s.send(http.MethodPost, campaignPath("/queues/set"), "\x1f\x8b\x08", s.as(admin()), header("Content-Encoding", "gzip"))
	require.Equal(t, http.StatusUnsupportedMediaType, got.Code)
	require.Empty(t, s.store.called())

	for _, contentType := range []string{"application/json", "Application/JSON", "application/json; charset=UTF-8", `application/json;charset="utf-8"`} {
		got := s.send(http.MethodPost, campaignPath("/queues/set"), `{`+anAgent+`}`, s.as(admin()), header("Content-Type", contentType))
		require.Equal(t, http.StatusOK, got.Code, contentType)
	}
}

func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		most   int64
		adjust func(*setup)
	}{
		"by default":           {httpapi.DefaultMaxBody, func(*setup) {}},
		"where the host wills": {1000, func(with *setup) { with.http.MaxBody = 1000 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, test.adjust)
			whole := `{` + anAgent + `}`
			fits := whole + strings.Repeat(" ", int(test.most)-len(whole))
			require.Equal(t, http.StatusOK, s.send(http.MethodPost, campaignPath("/queues/set"), fits, s.as(admin())).Code)
			for name, length := range map[string]int64{"with its length": test.most + 1, "without": -1} {
				got := s.send(http.MethodPost, campaignPath("/queues/set"), fits+" ", s.as(admin()),
					func(r *http.Request) { r.ContentLength = length })
				require.Equal(t, http.StatusRequestEntityTooLarge, got.Code, name)
				require.Equal(t, "too_large", got.problem.Error)
				require.Equal(t, fmt.Sprintf("the body is larger than %d bytes", test.most), got.problem.Detail)
			}
			require.Len(t, s.store.called(), 1)
		})
	}
}

func TestABodyThatBreaksOffIsTheSendersFault(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.send(http.MethodPost, campaignPath("/queues/set"), "", s.as(admin()), header("Content-Type", "application/json"),
		brokenBody(`{"agent_id":`))
	require.Equal(t, http.StatusBadRequest, got.Code)
	require.Equal(t, "body: could not be read to its end", got.problem.Detail)
}

func TestAnIdempotencyKeyThatProtectsNothingIsRefused(t *testing.T) {
	t.Parallel()
	for problem, keys := range map[string][]string{
		"is empty":                 {""},
		"is given twice":           {"a", "a"},
		"is longer than 200 bytes": {strings.Repeat("k", 201)},
		"must be visible ASCII characters without spaces": {"naïve"},
	} {
		for _, path := range []string{"/queues/set", "/queues/clear", "/queues/clear_all", "/queues/enqueue"} {
			s := newServer(t)
			got := s.send(http.MethodPost, campaignPath(path), "", s.as(admin()), header("Idempotency-Key", keys...))
			require.Equal(t, http.StatusBadRequest, got.Code, problem)
			require.Equal(t, "Idempotency-Key: "+problem, got.problem.Detail)
			require.Equal(t, "Idempotency-Key", got.problem.Field)
			require.Empty(t, s.store.called())
		}
	}
	s := newServer(t)
	longest := strings.Repeat("k", 200)
	s.send(http.MethodPost, campaignPath("/queues/clear_all"), "", s.as(admin()), header("Idempotency-Key", longest)).object(t)
	require.Contains(t, fmt.Sprintf("%+v", s.store.called()[0]), longest)
}

func TestAFilterIsTakenLiterally(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`%`, `_`, `'; DROP TABLE agent_queue; --`, `\"`, `\\`, `O'Neil`, "日本"} {
		s := newServer(t)
		s.send(http.MethodPost, campaignPath("/queues/set"), `{`+anAgent+`,"filters":{"first_name_contains":"`+text+`"}}`, s.as(agent())).object(t)
		require.Len(t, s.store.called(), 1)
	}
}
