package httpapi_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/httpapi"
	"github.com/outdial/outdial/suppression"
)

// document loads openapi.yaml once.
var document = sync.OnceValues(func() (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromFile("openapi.yaml")
})

// operationOf finds the operation of openapi.yaml that a request is, or nothing.
func operationOf(t testing.TB, r *http.Request) (*routers.Route, map[string]string) {
	t.Helper()
	doc, err := document()
	require.NoError(t, err)
	sent := strings.Split(r.URL.EscapedPath(), "/")
	for path, item := range doc.Paths.Map() {
		params := map[string]string{}
		matches := slices.EqualFunc(strings.Split(path, "/"), sent, func(want, got string) bool {
			if strings.HasPrefix(want, "{") && got != "" {
				params[strings.Trim(want, "{}")] = got
				return true
			}
			return want == got
		})
		if operation := item.Operations()[r.Method]; matches && operation != nil {
			return &routers.Route{Spec: doc, Path: path, PathItem: item, Method: r.Method, Operation: operation}, params
		}
	}
	return nil, nil
}

// checkAgainstDocument fails the test when openapi.yaml does not allow the
// response. Requests that are no operation of it are left alone.
func checkAgainstDocument(t testing.TB, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	const clientGone = 499
	route, params := operationOf(t, r)
	if route == nil || w.Code == clientGone {
		return
	}
	err := openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 w.Code,
		Header:                 w.Header(),
		Body:                   readCloser{bytes.NewReader(w.Body.Bytes())},
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	require.NoError(t, err, "%s %s: %d %s", r.Method, r.URL.Path, w.Code, w.Body)
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

func TestTheDocumentIsValid(t *testing.T) {
	t.Parallel()
	doc, err := document()
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context(), openapi3.IsOpenAPI31OrLater()))
}

func TestTheDocumentIsServedAsItIs(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("openapi.yaml")
	require.NoError(t, err)
	got := newServer(t).send(http.MethodGet, "/openapi.yaml", "")
	require.Equal(t, http.StatusOK, got.Code)
	require.Equal(t, "application/yaml", got.Header().Get("Content-Type"))
	require.Equal(t, string(want), got.Body.String())
}

func TestTheDocumentHasExactlyTheRoutesOfTheTable(t *testing.T) {
	t.Parallel()
	doc, err := document()
	require.NoError(t, err)
	var documented, served []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
		}
	}
	for _, rt := range httpapi.Routes() {
		served = append(served, rt.Method+" "+rt.Pattern)
	}
	require.ElementsMatch(t, served, documented)
}

func TestTheDocumentSaysOfEachRouteWhatTheTableSays(t *testing.T) {
	t.Parallel()
	doc, err := document()
	require.NoError(t, err)
	for _, rt := range httpapi.Routes() {
		t.Run(rt.Method+" "+rt.Pattern, func(t *testing.T) {
			t.Parallel()
			item := doc.Paths.Value(rt.Pattern)
			operation := item.GetOperation(rt.Method)
			require.Equal(t, rt.Summary, operation.Summary)

			require.NotNil(t, operation.Security)
			var scopes []outdial.Scope
			signed := false
			for _, alternative := range *operation.Security {
				require.Len(t, alternative, 1)
				if bearer, ok := alternative["bearer"]; ok {
					require.Len(t, bearer, 1)
					scopes = append(scopes, outdial.Scope(bearer[0]))
				} else {
					signed = true
				}
			}
			require.Equal(t, rt.Scopes, scopes)
			require.Equal(t, rt.Signed, signed)

			var query []string
			idempotent := false
			for _, parameter := range slices.Concat(item.Parameters, operation.Parameters) {
				switch parameter.Value.In {
				case openapi3.ParameterInQuery:
					query = append(query, parameter.Value.Name)
				case openapi3.ParameterInHeader:
					require.Equal(t, "Idempotency-Key", parameter.Value.Name)
					idempotent = true
				}
			}
			require.Equal(t, rt.Query, query)
			require.Equal(t, rt.Idempotent, idempotent)
			require.Equal(t, !rt.Public, operation.Responses.Status(http.StatusUnauthorized) != nil)
			if rt.Flagged {
				require.NotNil(t, operation.Responses.Status(http.StatusNotFound))
			}
		})
	}
}

func TestTheDocumentKnowsEveryStateOfThePowerQueue(t *testing.T) {
	t.Parallel()
	doc, err := document()
	require.NoError(t, err)
	words := map[string][]any{"CallState": nil, "PresenceState": nil, "DialingStatus": nil}
	for _, state := range dialer.States() {
		words["CallState"] = append(words["CallState"], string(state))
	}
	for _, state := range presence.States() {
		words["PresenceState"] = append(words["PresenceState"], string(state))
	}
	for _, status := range dialer.Statuses() {
		words["DialingStatus"] = append(words["DialingStatus"], string(status))
	}
	for schema, want := range words {
		require.Equal(t, want, doc.Components.Schemas[schema].Value.Enum, schema)
	}
}

func TestTheDocumentKnowsEveryEffect(t *testing.T) {
	t.Parallel()
	doc, err := document()
	require.NoError(t, err)
	var effects []any
	for _, effect := range disposition.Effects() {
		effects = append(effects, string(effect))
	}
	require.Equal(t, effects, doc.Components.Schemas["Effect"].Value.Enum)
}

func TestTheDocumentKnowsEverySourceOfSuppressions(t *testing.T) {
	t.Parallel()
	doc, err := document()
	require.NoError(t, err)
	var sources []any
	for _, source := range suppression.Sources() {
		sources = append(sources, string(source))
	}
	schemas := doc.Components.Schemas
	require.Equal(t, sources, schemas["SuppressionSource"].Value.Enum)
	require.Equal(t, append(sources, nil), schemas["SourceOrNull"].Value.Enum)
	require.EqualValues(t, suppression.MaxEntries, *schemas["SuppressionEntries"].Value.Properties["entries"].Value.MaxItems)
}

func TestTheDocumentAllowsWhatTheServerTakes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	full := map[string]string{
		"/campaigns/{campaignId}/queues/set": `{"agent_id":"` + agentID.String() + `","filters":{"first_name_contains":"B"},` +
			`"per_account_cap":3,"max_queue_size":5000,"keep_in_progress":true,"dry_run":false}`,
		"/campaigns/{campaignId}/queues/preview": `{"agent_id":"` + agentID.String() + `","filters":` + everyForm + `,` +
			`"per_account_cap":null,"max_queue_size":null,"keep_in_progress":null,"dry_run":null}`,
		"/campaigns/{campaignId}/queues/enqueue": `{"agent_id":null,"contact_ids":["` + contactID.String() + `"],"filters":{},` +
			`"reason":"callback","priority":-5,"scheduled_for":"2026-11-22T09:00:00+01:00","launch_id":"` + launchID.String() + `"}`,
		"/campaigns/{campaignId}/queues/pull":      `{"agent_id":"` + agentID.String() + `"}`,
		"/campaigns/{campaignId}/queues/clear_all": `{}`,
		"/campaigns/{campaignId}/dialer/enqueue": `{"contact_ids":["` + contactID.String() + `"],"filters":{},` +
			`"reason":"retry","priority":5,"launch_id":"` + launchID.String() + `"}`,
		"/campaigns/{campaignId}/dialer/start": `{}`,
		"/campaigns/{campaignId}/presence":     `{"agent_id":"` + agentID.String() + `","state":"paused"}`,
		"/presence/heartbeat":                  `{"agent_id":"` + agentID.String() + `"}`,
		"/campaigns/{campaignId}/queue_items/{id}/disposition": `{"lock_version":1,"disposition":"callback_requested",` +
			`"callback_at":"2026-11-22T09:30:00+01:00","callback_for":"anyone","metadata":{"note":"x"},"supersedes":"` + leadID.String() + `"}`,
		"/campaigns/{campaignId}/retry_policy": `{"max_attempts":5,"max_voicemails":-1,"max_attempts_per_day":2,"vm_cooldown_hours":48,"cool_downs":{"busy":0}}`,
		"/suppressions/check": `{"phones":["504-621-8927"],"emails":["bea@example.com"],"region":"US",` +
			`"contact_id":"` + contactID.String() + `","campaign_id":"` + campaignID.String() + `"}`,
		"/suppressions/revoke": `{"contact_id":"` + contactID.String() + `","phone":"504-621-8927","email":null,"region":"US",` +
			`"campaign_id":null,"source":"qa","reason":"STOP","received_at":"2026-11-20T09:00:00+01:00"}`,
		"/ops/sweep": `{}`,
		"/ops/replay": `{"campaign_id":"` + campaignID.String() + `","item_id":"` + itemID.String() + `","call_sid":"CA77",` +
			`"since":"2026-11-21T00:00:00Z","until":"2026-11-22T00:00:00Z","orphans":true}`,
	}
	for _, rt := range httpapi.Routes() {
		e := exampleOf(t, rt)
		if body, ok := full[rt.Pattern]; ok {
			e.body = body
		}
		r := httptest.NewRequest(rt.Method, e.path, bytes.NewReader([]byte(e.body)))
		r.Header.Set("Content-Type", e.contentType)
		e.signed(r)
		if rt.Idempotent {
			r.Header.Set("Idempotency-Key", "once")
		}
		route, params := operationOf(t, r)
		require.NotNil(t, route)
		err := openapi3filter.ValidateRequest(t.Context(), &openapi3filter.RequestValidationInput{
			Request: r, PathParams: params, Route: route,
			Options: &openapi3filter.Options{
				AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true,
			},
		})
		require.NoError(t, err, rt.Pattern)
		got := s.sendRequest(r, s.as(admin()))
		require.Less(t, got.Code, http.StatusBadRequest, "%s: %s", rt.Pattern, got.Body)
	}
}
