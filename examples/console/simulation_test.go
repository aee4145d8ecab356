package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/sim"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/webhook"
)

func TestACallOfAnotherProcessIsOver(t *testing.T) {
	t.Parallel()
	mock := clock.NewMock()
	mock.Set(time.Date(2026, 3, 2, 18, 0, 0, 0, time.UTC))
	carrier := sim.NewCarrier(sim.Config{Clock: mock})
	t.Cleanup(carrier.Close)
	asked := forgetful{carrier, mock}

	token := uuid.MustParse(demoAgentID)
	placed, err := carrier.Originate(t.Context(), dialer.OriginateRequest{Token: token, To: "+15046218927"})
	require.NoError(t, err)
	mine, err := asked.Lookup(t.Context(), dialer.LookupRequest{Token: token, CallSID: placed.CallSID})
	require.NoError(t, err)
	require.True(t, mine.Facts.EndedAt.IsZero(), "a call that is known goes on")
	require.Regexp(t, "^SIM-", placed.CallSID)

	theirs, err := asked.Lookup(t.Context(), dialer.LookupRequest{Token: uuid.New(), CallSID: "SIM-1"})
	require.NoError(t, err)
	require.Equal(t, dialer.LookupResult{
		CallSID: "SIM-1", Facts: dialer.Facts{EndedAt: mock.Now(), Cause: dialer.CauseCanceled},
	}, theirs)
	for why, sid := range map[string]string{"nobody heard of it": "", "another carrier named it": "CA1"} {
		_, err = asked.Lookup(t.Context(), dialer.LookupRequest{Token: uuid.New(), CallSID: sid})
		require.ErrorIs(t, err, dialer.ErrCallNotFound, why)
	}
}

func TestACourierSignsEachReportAndAsksForASuccess(t *testing.T) {
	t.Parallel()
	secret, mock := webhook.NewSecret(), clock.NewMock()
	mock.Set(time.Date(2026, 3, 2, 18, 0, 0, 0, time.UTC))
	verifier, err := webhook.New(webhook.Config{Secrets: []string{secret}, Clock: mock})
	require.NoError(t, err)
	answer, ids, got := atomic.Int64{}, make(chan string, 10), make(chan telephony.Event, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		event, err := verifier.Event(telephony.Delivery{URL: r.URL.RequestURI(), Header: r.Header, Body: body})
		if err != nil || r.URL.Path != telephonyWebhook {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		ids <- r.Header.Get(webhook.HeaderID)
		got <- event
		w.WriteHeader(int(answer.Load()))
	}))
	t.Cleanup(server.Close)
	courier, err := newCourier(server.URL+telephonyWebhook, secret, mock)
	require.NoError(t, err)
	t.Cleanup(courier.close)

	sent := telephony.Event{
		Ref: dialer.Ref{CampaignID: uuid.New(), ItemID: uuid.New(), LockVersion: 3}, CallSID: "SIM-1",
		Type: telephony.TypeEnded, Seq: 5, At: mock.Now(), Cause: dialer.CauseBusy, Source: "sim",
	}
	for status, taken := range map[int]bool{200: true, 204: true, 302: false, 401: false, 503: false} {
		answer.Store(int64(status))
		err := courier.deliver(t.Context(), sent)
		require.Equal(t, taken, err == nil, "%d: %v", status, err)
		require.Equal(t, "SIM-1-ended-5", <-ids, "what is sent again keeps its id")
		event := <-got
		require.Equal(t, telephony.SourceWebhook, event.Source)
		event.Source, event.Payload = sent.Source, nil
		require.Equal(t, sent, event)
	}
	mock.Add(time.Hour)
	answer.Store(http.StatusNoContent)
	require.NoError(t, courier.deliver(t.Context(), sent), "what is sent again is signed anew")
	server.Close()
	require.Error(t, courier.deliver(t.Context(), sent))
}

func TestTheLogLeavesOutReportsThatWentWell(t *testing.T) {
	t.Parallel()
	out := &buffer{}
	log := newLogs(out, false)
	request := func(route string, status int) {
		log.requests.With("a", 1).Info("request", slog.String("route", route), slog.Int("status", status))
	}
	request("/webhooks/telephony", http.StatusNoContent)
	log.calls.Info("event recorded")
	require.Empty(t, out.String())
	request("/webhooks/telephony", http.StatusUnauthorized)
	request("/campaigns", http.StatusOK)
	log.requests.Error("request failed", slog.String("route", "/webhooks/telephony"))
	log.calls.Warn("report refused")
	log.server.Info("stopped")
	require.Equal(t, 5, strings.Count(out.String(), "\n"), out.String())

	all := &buffer{}
	log = newLogs(all, true)
	request("/webhooks/telephony", http.StatusNoContent)
	log.calls.Info("event recorded")
	require.Equal(t, 2, strings.Count(all.String(), "\n"), all.String())
}

func TestOnlyTheMetricsAreNotTheAPIs(t *testing.T) {
	t.Parallel()
	_, page, err := newMeter()
	require.NoError(t, err)
	api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	for request, status := range map[string]int{
		"GET /metrics": http.StatusOK, "HEAD /metrics": http.StatusOK, "POST /metrics": http.StatusTeapot,
		"GET /metrics/": http.StatusTeapot, "GET //metrics": http.StatusTeapot, "GET /": http.StatusTeapot,
	} {
		method, path, _ := strings.Cut(request, " ")
		got := httptest.NewRecorder()
		withMetrics(page, api).ServeHTTP(got, httptest.NewRequestWithContext(t.Context(), method, "http://host"+path, nil))
		require.Equal(t, status, got.Code, request)
	}
}
