package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/httpapi"
)

func TestEachErrorOfTheLibraryHasItsProblem(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err    error
		status int
		code   string
		detail string
		field  string
	}{
		"a field": {
			outdial.Invalid("per_account_cap", "is too large"), http.StatusBadRequest, "invalid_request",
			"per_account_cap: is too large", "per_account_cap",
		},
		"no field":   {outdial.ErrInvalid, http.StatusBadRequest, "invalid_request", "the request is not valid", ""},
		"forbidden":  {outdial.Forbidden("not yours"), http.StatusForbidden, "forbidden", "not yours", ""},
		"campaign":   {outdial.NotFound("campaign"), http.StatusNotFound, "campaign_not_found", "campaign_id: no such campaign", "campaign_id"},
		"agent":      {outdial.NotFound("agent"), http.StatusNotFound, "agent_not_found", "agent_id: no such agent", "agent_id"},
		"launch":     {outdial.NotFound("launch"), http.StatusNotFound, "launch_not_found", "launch_id: no such launch", "launch_id"},
		"something":  {outdial.ErrNotFound, http.StatusNotFound, "not_found", "what the request names does not exist", ""},
		"conflict":   {outdial.Conflict("the lock_version is 4 now"), http.StatusConflict, "conflict", "the lock_version is 4 now", ""},
		"a conflict": {outdial.ErrConflict, http.StatusConflict, "conflict", "it has changed since it was read", ""},
		"key reused": {
			outdial.ErrIdempotencyMismatch, http.StatusUnprocessableEntity, "idempotency_mismatch",
			"the Idempotency-Key was used before for a different request", "",
		},
		"off": {outdial.ErrNotEnabled, http.StatusNotFound, "not_found", "there is nothing at this address", ""},
		"limited": {
			&outdial.RateLimitError{Key: "campaign", RetryAfter: time.Millisecond}, http.StatusTooManyRequests,
			"rate_limited", "too many requests per campaign; try again in 1 s", "",
		},
		"limited by something else": {
			outdial.ErrRateLimited, http.StatusTooManyRequests, "rate_limited", "try again later", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.store.err = fmt.Errorf("replace queue: exec at 10.0.0.7: %w", test.err)
			var got response
			if errors.Is(test.err, outdial.ErrConflict) {
				got = s.send(http.MethodPost, itemPath("start"), `{"lock_version":3}`, s.as(admin()))
			} else {
				got = s.send(http.MethodPost, campaignPath("/queues/enqueue"), "", s.as(admin()))
			}
			require.Equal(t, test.status, got.Code)
			require.Equal(t, test.code, got.problem.Error)
			require.Equal(t, test.detail, got.problem.Detail)
			require.Equal(t, test.field, got.problem.Field)
			require.Equal(t, "urn:problem-type:outdial:"+strings.ReplaceAll(test.code, "_", "-"), got.problem.Type)
			require.NotContains(t, got.Body.String(), "10.0.0.7")
			require.Equal(t, test.code == "rate_limited", got.Header().Get("Retry-After") != "")
		})
	}
}

func TestAFailureHasItsRoutesCodeAndKeepsItsCauseToTheLog(t *testing.T) {
	t.Parallel()
	for _, rt := range httpapi.Routes() {
		// What the buttons are does not stand in the database.
		if rt.Public || rt.Pattern == "/dispositions" {
			continue
		}
		t.Run(rt.Method+" "+rt.Pattern, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.store.err = errors.New(`pq: relation "agent_queue" does not exist, phone +15046218927`)
			got := s.try(rt, s.as(admin()), header("X-Request-ID", "req-1"))
			status := http.StatusInternalServerError
			want := map[string]string{
				"/campaigns/{campaignId}/queues/set":       "queue_replace_failed",
				"/campaigns/{campaignId}/queues/clear":     "clear_my_queue_failed",
				"/campaigns/{campaignId}/queues/clear_all": "clear_all_queues_failed",
			}[rt.Pattern]
			if want == "" {
				want = "internal"
			}
			if rt.Signed {
				status, want = http.StatusServiceUnavailable, "not_stored"
			}
			require.Equal(t, status, got.Code)
			require.Equal(t, want, got.problem.Error)
			require.NotContains(t, got.Body.String(), "agent_queue")
			require.Equal(t, "req-1", got.Header().Get("X-Request-ID"))

			failures := s.log.records(t, "request failed")
			require.Len(t, failures, 1)
			require.Equal(t, "ERROR", failures[0]["level"])
			require.Equal(t, "req-1", failures[0]["request_id"])
			require.Contains(t, failures[0]["cause"], `relation "agent_queue" does not exist, phone ••••`)
		})
	}
}

func TestNothingIsMadeOfARequestWhoseSenderHasGone(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.store.block = make(chan struct{})
	var cancel context.CancelFunc
	answered := make(chan response)
	go func() {
		answered <- s.send(http.MethodPost, campaignPath("/queues/clear_all"), "", s.as(admin()), cancellable(&cancel))
	}()
	require.Eventually(t, func() bool { return len(s.store.called()) == 1 }, time.Minute, time.Millisecond)
	cancel()
	got := <-answered
	require.Equal(t, 499, got.Code)
	require.NotContains(t, s.log.String(), `"level":"ERROR"`)
	require.Len(t, s.log.records(t, "request abandoned by its sender"), 1)
	access := s.log.records(t, "request")
	require.Len(t, access, 1)
	require.Equal(t, "DEBUG", access[0]["level"])
}

func TestAnUnknownAddressIsAProblem(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := campaignID.String()
	for _, path := range []string{
		"/", "/nothing", "/campaigns/", "/campaigns/" + id, "/campaigns/" + id + "/queues/", "/campaigns/" + id + "/queues/set/",
		"/campaigns//queues/set", "/campaigns/../campaigns", "//campaigns", "/campaigns/./" + id + "/queues",
		"/campaigns/" + id + "/queues/disposition", "/webhooks/", "/suppressions/", "/ops/",
		"/campaigns/" + id + "%2fqueues/set", "/campaigns/" + id + "/queue_items/" + itemID.String() + "/dispositions",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodConnect, "BREW"} {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Method = method
			r.URL.Path, r.URL.RawPath, _ = strings.Cut(path, "%")
			if r.URL.RawPath != "" {
				r.URL.RawPath, r.URL.Path = path, strings.ReplaceAll(path, "%2f", "/")
			}
			got := s.sendRequest(r, s.as(admin()))
			require.Equal(t, http.StatusNotFound, got.Code, "%s %s", method, path)
			require.Equal(t, "not_found", got.problem.Error)
		}
	}
	require.Empty(t, s.store.called())
}

func TestAnotherMethodIsAProblemThatNamesTheRightOnes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	methods := map[string][]string{}
	for _, rt := range httpapi.Routes() {
		methods[rt.Pattern] = append(methods[rt.Pattern], rt.Method)
	}
	for _, rt := range httpapi.Routes() {
		path := exampleOf(t, rt).path
		slices.Sort(methods[rt.Pattern])
		want := strings.Replace(strings.Join(methods[rt.Pattern], ", "), http.MethodGet, "GET, HEAD", 1)
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions, "BREW"} {
			if slices.Contains(methods[rt.Pattern], method) {
				continue
			}
			got := s.send(method, path, "", s.as(admin()))
			require.Equal(t, http.StatusMethodNotAllowed, got.Code)
			require.Equal(t, want, got.Header().Get("Allow"))
			require.Equal(t, "method_not_allowed", got.problem.Error)
		}
	}
	require.Empty(t, s.store.called())
}

func TestAPanicIsA500AndIsLoggedWithItsPlace(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.store.panics = "no row for +15046218927"
	got := s.send(http.MethodPost, campaignPath("/queues/set"), `{"agent_id":"`+agentID.String()+`"}`, s.as(admin()))
	require.Equal(t, http.StatusInternalServerError, got.Code)
	require.Equal(t, "internal", got.problem.Error)
	require.NotContains(t, got.Body.String(), "no row")
	panics := s.log.records(t, "handler panicked")
	require.Len(t, panics, 1)
	require.Equal(t, "no row for ••••", panics[0]["panic"])
	require.Contains(t, panics[0]["stack"], "fakeStore")
	require.NotContains(t, s.log.String(), "15046218927")
	require.Len(t, s.log.records(t, "request"), 1)
}

func TestAnAbortedHandlerStaysAborted(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.store.panics = http.ErrAbortHandler
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		s.send(http.MethodGet, "/campaigns", "", s.as(admin()))
	})
	require.Empty(t, s.log.records(t, "handler panicked"))
}

func TestHealthNeedsNothingAndReadinessAsks(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	require.JSONEq(t, `{"status":"ok"}`, s.send(http.MethodGet, "/healthz", "").Body.String())
	require.JSONEq(t, `{"status":"ready"}`, s.send(http.MethodGet, "/readyz", "").Body.String())
	require.Equal(t, http.StatusOK, s.send(http.MethodHead, "/readyz", "").Code)

	down := newServer(t, func(with *setup) {
		with.http.Ready = func(context.Context) error { return errors.New("dial tcp 10.0.0.7:5432: connection refused") }
	})
	require.Equal(t, http.StatusOK, down.send(http.MethodGet, "/healthz", "").Code)
	got := down.send(http.MethodGet, "/readyz", "")
	require.Equal(t, http.StatusServiceUnavailable, got.Code)
	require.Equal(t, "not_ready", got.problem.Error)
	require.NotContains(t, got.Body.String(), "10.0.0.7")
	require.Contains(t, down.log.String(), "10.0.0.7")
}
