package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/twilio"
	"github.com/outdial/outdial/dialer/telephony/webhook"
)

func reporter() outdial.Actor {
	return outdial.Actor{ID: agentID, Role: outdial.RoleAgent, Scopes: []outdial.Scope{outdial.ScopeTelephonyWebhook}}
}

// asked returns the one event that the store was asked to record.
func (s *server) asked() telephony.RecordParams {
	s.t.Helper()
	require.Len(s.t, s.store.called(), 1)
	params, ok := s.store.called()[0].(telephony.RecordParams)
	require.True(s.t, ok)
	return params
}

func TestAReportReachesTheStoreHoweverItComes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 15, 4, 3, 0, time.UTC)
	for name, test := range map[string]struct {
		send   func(*server) response
		source string
		at     time.Time
	}{
		"from Twilio": {func(s *server) response { return s.sendTwilio(twilioPath, twilioForm()) }, "twilio", at},
		"signed":      {func(s *server) response { return s.sendReport(report) }, "webhook", at.Add(500 * time.Millisecond)},
		"signed, with a token that is not good": {func(s *server) response {
			return s.sendReport(report, header("Authorization", "Bearer no"))
		}, "webhook", at.Add(500 * time.Millisecond)},
		"with a token": {func(s *server) response {
			return s.send(http.MethodPost, "/webhooks/telephony", report, s.as(reporter()))
		}, "webhook", at.Add(500 * time.Millisecond)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			got := test.send(s)
			require.Equal(t, http.StatusNoContent, got.Code, got.Body)
			require.Empty(t, got.Body.String())
			params := s.asked()
			require.True(t, json.Valid(params.Event.Payload))
			require.Equal(t, telephony.RecordParams{
				Event: telephony.Event{
					Ref: attempt, CallSID: "CA77", Type: telephony.TypeRinging, Seq: 1, At: test.at,
					Source: test.source, Payload: params.Event.Payload,
				},
				At: test.at, Now: s.clock.Now().UTC(),
			}, params)
		})
	}
}

func TestTwoEventsOfOneReportAreBothStored(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	form := twilioForm()
	form.Set("CallStatus", "completed")
	form.Set("AnsweredBy", "machine_end_beep")
	require.Equal(t, http.StatusNoContent, s.sendTwilio(twilioPath, form).Code)
	var types []telephony.Type
	for _, call := range s.store.called() {
		params, ok := call.(telephony.RecordParams)
		require.True(t, ok)
		types = append(types, params.Event.Type)
	}
	require.Equal(t, []telephony.Type{telephony.TypeAMD, telephony.TypeEnded}, types)
}

func TestAReportThatWasTakenIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	for name, recorded := range map[string]telephony.RecordResult{
		"stored":              {State: dialer.StateRinging, Moved: true},
		"a duplicate":         {Duplicate: true},
		"an unknown call":     {Orphan: true},
		"a call that is over": {State: dialer.StateCompleted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.store.recorded = recorded
			require.Equal(t, http.StatusNoContent, s.sendTwilio(twilioPath, twilioForm()).Code)
			require.Equal(t, http.StatusNoContent, s.sendReport(report).Code)
			require.Len(t, s.store.called(), 2)
			require.Equal(t, 2, s.meter.Count("outdial.telephony.events",
				map[string]string{"type": "ringing", "result": string(recorded.Effect())}))
		})
	}
}

func TestATimeThatCanNotBeTrueIsTakenAsOfNow(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]time.Time{
		"years old":     time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC),
		"in the future": time.Date(2033, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			form := twilioForm()
			form.Set("Timestamp", at.Format(time.RFC1123Z))
			require.Equal(t, http.StatusNoContent, s.sendTwilio(twilioPath, form).Code)
			require.Equal(t, s.clock.Now().UTC(), s.asked().At)
			require.Equal(t, 1, s.rejected("twilio", telephony.ReasonImplausibleTime))

			s = newServer(t)
			require.Equal(t, http.StatusNoContent, s.sendReport(`{"call_sid":"CA77","type":"ringing","at":"`+at.Format(time.RFC3339)+`"}`).Code)
			require.Equal(t, s.clock.Now().UTC(), s.asked().At)
			require.Equal(t, 1, s.rejected("webhook", telephony.ReasonImplausibleTime))
		})
	}
}

func TestABadReportIsRefusedAndCountedAndNothingIsStored(t *testing.T) {
	t.Parallel()
	form := func(name string, values ...string) url.Values {
		changed := twilioForm()
		changed[name] = values
		return changed
	}
	sentTwilio := func(form url.Values, changes ...change) func(*server) response {
		return func(s *server) response { return s.sendTwilio(twilioPath, form, changes...) }
	}
	sentReport := func(text string, changes ...change) func(*server) response {
		return func(s *server) response { return s.sendReport(text, changes...) }
	}
	sentAs := func(actor outdial.Actor, text string, changes ...change) func(*server) response {
		return func(s *server) response {
			return s.send(http.MethodPost, "/webhooks/telephony", text, append([]change{s.as(actor)}, changes...)...)
		}
	}
	signedAt := func(offset time.Duration) func(*server) response {
		return func(s *server) response {
			return s.sendReport(report, s.signed(webhook.Message{ID: "msg_1", At: s.clock.Now().Add(offset), Body: []byte(report)}))
		}
	}
	large := strings.Repeat("x", telephony.MaxPayload)
	const json64 = `{"call_sid":"CA77","type":"ringing","cause":"`
	for _, test := range []struct {
		name   string
		send   func(*server) response
		status int
		code   string
		field  string
		source string
		reason telephony.Reason
	}{
		{"Twilio without a signature", sentTwilio(twilioForm(), without("X-Twilio-Signature")), 401, "bad_signature", "", "twilio", "bad_signature"},
		{"Twilio with a wrong signature", sentTwilio(twilioForm(), header("X-Twilio-Signature", "vOEb5UThFn24KEfnOFLQY2AE5FY=")), 401, "bad_signature", "", "twilio", "bad_signature"},
		{"Twilio with a token instead", func(s *server) response {
			return s.sendTwilio(twilioPath, twilioForm(), without("X-Twilio-Signature"), s.as(admin()))
		}, 401, "bad_signature", "", "twilio", "bad_signature"},
		{"Twilio about another attempt than was signed", func(s *server) response {
			return s.sendTwilio(twilioPath, twilioForm(), func(r *http.Request) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "=4", "=5", 1) })
		}, 401, "bad_signature", "", "twilio", "bad_signature"},
		{"Twilio with a repeated parameter", sentTwilio(form("CallStatus", "ringing", "completed")), 400, "invalid_request", "CallStatus", "twilio", "repeated_parameter"},
		{"Twilio with a repeated attempt", func(s *server) response {
			return s.sendTwilio(twilioPath+"&lock_version=5", twilioForm())
		}, 400, "invalid_request", "lock_version", "twilio", "repeated_parameter"},
		{"Twilio in another encoding", sentTwilio(form("CallerName", "M\xfcller")), 400, "invalid_request", "body", "twilio", "not_utf8"},
		{"Twilio with no call", sentTwilio(form("CallSid")), 400, "invalid_request", "CallSid", "twilio", "malformed"},
		{"Twilio with a call that can not be", sentTwilio(form("CallSid", "CA 77")), 400, "invalid_request", "call_sid", "twilio", "malformed"},
		{"Twilio with an unknown status", sentTwilio(form("CallStatus", "exploded")), 400, "invalid_request", "CallStatus", "twilio", "malformed"},
		{"Twilio with a broken form", sentTwilio(twilioForm(), body("CallSid=%zz")), 400, "invalid_request", "body", "twilio", "malformed"},
		{"Twilio with text", sentTwilio(twilioForm(), header("Content-Type", "text/plain")), 400, "invalid_request", "Content-Type", "twilio", "malformed"},
		{"Twilio breaking off", sentTwilio(twilioForm(), brokenBody("CallSid=")), 400, "invalid_request", "body", "twilio", "malformed"},
		{"Twilio at length", sentTwilio(form("CallerName", large)), 413, "too_large", "", "twilio", "too_large"},
		{"Twilio at length once it is JSON", sentTwilio(form("CallerName", large[:telephony.MaxPayload-400], strings.Repeat(`"`, 100))), 413, "too_large", "", "twilio", "too_large"},

		{"nobody", sentReport(report, without("Webhook-Signature")), 401, "unauthorized", "", "webhook", "bad_signature"},
		{"a wrong signature", sentReport(report, header("Webhook-Signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")), 401, "bad_signature", "", "webhook", "bad_signature"},
		{"a wrong signature beside a good token", func(s *server) response {
			return s.sendReport(report, header("Webhook-Signature", "v1,x"), s.as(reporter()))
		}, 401, "bad_signature", "", "webhook", "bad_signature"},
		{"another body than was signed", sentReport(report, body(`{"call_sid":"CA78","type":"ringing"}`)), 401, "bad_signature", "", "webhook", "bad_signature"},
		{"a stale timestamp", signedAt(-5*time.Minute - time.Second), 401, "stale", "", "webhook", "stale"},
		{"a timestamp in the future", signedAt(5*time.Minute + time.Second), 401, "stale", "", "webhook", "stale"},
		{"a member twice", sentReport(`{"call_sid":"CA77","call_sid":"CA78","type":"ringing"}`), 400, "invalid_request", "call_sid", "webhook", "repeated_parameter"},
		{"another encoding", sentReport("{\"call_sid\":\"M\xfcller\"}"), 400, "invalid_request", "body", "webhook", "not_utf8"},
		{"no JSON", sentReport(`call_sid=CA77`), 400, "invalid_request", "body", "webhook", "malformed"},
		{"nothing", sentReport(``), 400, "invalid_request", "body", "webhook", "malformed"},
		{"an unknown member", sentReport(`{"phone":"+15046218927"}`), 400, "invalid_request", "body", "webhook", "malformed"},
		{"an unknown type", sentReport(`{"call_sid":"CA77","type":"exploded"}`), 400, "invalid_request", "type", "webhook", "malformed"},
		{"no call", sentReport(`{"type":"ringing"}`), 400, "invalid_request", "call_sid", "webhook", "malformed"},
		{"half an attempt", sentReport(`{"call_sid":"CA77","type":"ringing","item_id":"` + itemID.String() + `"}`), 400, "invalid_request", "campaign_id", "webhook", "malformed"},
		{"a query", func(s *server) response {
			return s.sendReport(report, func(r *http.Request) { r.URL.RawQuery = "lock_version=5" })
		}, 400, "invalid_request", "lock_version", "webhook", "malformed"},
		{"a form, signed", sentReport(report, header("Content-Type", "application/x-www-form-urlencoded")), 415, "unsupported_media_type", "", "webhook", "malformed"},
		{"at length", sentReport(json64 + large + `"}`), 413, "too_large", "", "webhook", "too_large"},
		{"breaking off", sentReport(report, brokenBody(`{`)), 400, "invalid_request", "body", "webhook", "malformed"},

		{"a token without the scope", sentAs(outdial.Actor{ID: agentID, Role: outdial.RoleAgent, Scopes: []outdial.Scope{outdial.ScopeQueuePull}}, report), 403, "forbidden", "", "webhook", "forbidden"},
		{"a token that is not good", sentAs(reporter(), report, header("Authorization", "Bearer no")), 401, "unauthorized", "", "webhook", "bad_signature"},
		{"a token and a member twice", sentAs(reporter(), `{"seq":1,"seq":2}`), 400, "invalid_request", "seq", "webhook", "repeated_parameter"},
		{"a token and a form", sentAs(reporter(), report, header("Content-Type", "text/plain")), 415, "unsupported_media_type", "", "webhook", "malformed"},
		{"a token at length", sentAs(reporter(), json64+large+`"}`), 413, "too_large", "", "webhook", "too_large"},
		{"a token and an unknown cause", sentAs(reporter(), `{"call_sid":"CA77","type":"ended","cause":"sun"}`), 400, "invalid_request", "cause", "webhook", "malformed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			got := test.send(s)
			require.Equal(t, test.status, got.Code, got.Body)
			require.Equal(t, test.code, got.problem.Error)
			require.Equal(t, test.field, got.problem.Field)
			require.Empty(t, got.Header().Get("Retry-After"), "it is not to come again")
			require.Empty(t, s.store.called())
			require.Equal(t, 1, s.rejected(test.source, test.reason))
			require.Len(t, s.meter.Measurements("outdial.telephony.rejected"), 1)
			require.Empty(t, s.meter.Measurements("outdial.telephony.events"))
			for _, private := range []string{"5046218927", "8102929388"} {
				require.NotContains(t, got.Body.String(), private)
				require.NotContains(t, s.log.String(), private)
			}
		})
	}
}

func TestAnAnswerAboutASignatureAsksForASignature(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.sendTwilio(twilioPath, twilioForm(), without("X-Twilio-Signature"))
	require.Equal(t, `Signature realm="outdial"`, got.Header().Get("WWW-Authenticate"))
	require.Equal(t, "there must be one X-Twilio-Signature header", got.problem.Detail)
	got = s.sendReport(report, without("Webhook-Signature"))
	require.Equal(t, `Bearer realm="outdial"`, got.Header().Get("WWW-Authenticate"))
}

// endless is a body of which the test knows how much was read.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.read += int64(len(p))
	return copy(p, bytes.Repeat([]byte("a"), len(p))), nil
}

func TestABodyOfTenMegabytesIsNotRead(t *testing.T) {
	t.Parallel()
	const size = 10 << 20
	for name, changes := range map[string][]change{
		"to Twilio's address": {header("X-Twilio-Signature", "x")},
		"signed":              {header("Webhook-Signature", "x")},
		"with a token":        nil,
	} {
		for declared, length := range map[string]int64{"its length declared": size, "in chunks": -1} {
			t.Run(name+", "+declared, func(t *testing.T) {
				t.Parallel()
				s := newServer(t)
				path := "/webhooks/telephony"
				if strings.HasPrefix(name, "to Twilio") {
					path = twilioPath
				}
				sent := &endless{}
				r := httptest.NewRequest(http.MethodPost, path, io.LimitReader(sent, size))
				r.ContentLength = length
				r.Header.Set("Content-Type", "application/json")
				got := s.sendRequest(r, append([]change{s.as(reporter())}, changes...)...)
				require.Equal(t, http.StatusRequestEntityTooLarge, got.Code)
				require.LessOrEqual(t, sent.read, int64(2*telephony.MaxPayload))
				require.Empty(t, s.store.called())
			})
		}
	}
}

func TestAReportIsAskedForAgainWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{
		"a failure":                   errors.New("dial tcp 10.0.0.7:5432: connection refused"),
		"a conflict":                  outdial.ErrConflict,
		"something that is not there": outdial.NotFound("campaign"),
		"a timeout":                   context.DeadlineExceeded,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.store.err = failure
			for _, got := range []response{
				s.sendTwilio(twilioPath, twilioForm()),
				s.sendReport(report),
				s.send(http.MethodPost, "/webhooks/telephony", report, s.as(reporter())),
			} {
				require.Equal(t, http.StatusServiceUnavailable, got.Code)
				require.Equal(t, "not_stored", got.problem.Error)
				wait, err := strconv.Atoi(got.Header().Get("Retry-After"))
				require.NoError(t, err)
				require.Positive(t, wait)
				require.NotContains(t, got.Body.String(), "10.0.0.7")
			}
			require.Len(t, s.log.records(t, "request failed"), 3)
			require.Equal(t, 3, s.meter.Count("outdial.telephony.events", map[string]string{"type": "ringing", "result": "failed"}))
			require.Empty(t, s.meter.Measurements("outdial.telephony.rejected"), "nothing was wrong with it")
		})
	}
}

func TestAReportIsStoredWhetherOrNotItsSenderWaits(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.store.block = make(chan struct{})
	var cancel context.CancelFunc
	answered := make(chan response)
	go func() { answered <- s.sendReport(report, cancellable(&cancel)) }()
	require.Eventually(t, func() bool { return len(s.store.called()) == 1 }, time.Minute, time.Millisecond)
	cancel()
	close(s.store.block)
	require.Equal(t, http.StatusNoContent, (<-answered).Code)
}

func TestAnOutageOfTheAuthenticatorIsNoRefusal(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(with *setup) {
		with.http.Authenticator = authenticatorFunc(func(*http.Request) (outdial.Actor, error) {
			return outdial.Actor{}, errors.New("dial tcp 10.0.0.7:6379: connection refused")
		})
	})
	got := s.send(http.MethodPost, "/webhooks/telephony", report)
	require.Equal(t, http.StatusInternalServerError, got.Code)
	require.Empty(t, s.meter.Measurements("outdial.telephony.rejected"))
	require.Equal(t, http.StatusNoContent, s.sendReport(report).Code, "a signature needs none")
}

func TestWebhooksThatAreNotConfiguredDoNotExist(t *testing.T) {
	t.Parallel()
	bare := newServer(t, func(with *setup) { with.telephony = nil })
	for _, got := range []response{
		bare.sendTwilio(twilioPath, twilioForm()),
		bare.sendReport(report),
		bare.send(http.MethodPost, "/webhooks/telephony", report, bare.as(reporter())),
		bare.send(http.MethodPost, "/webhooks/telephony", report),
		bare.send(http.MethodPost, "/ops/replay", "", bare.as(admin())),
	} {
		require.Equal(t, http.StatusNotFound, got.Code)
		require.Equal(t, "not_found", got.problem.Error)
	}
	require.Empty(t, bare.store.called())

	tokens := newServer(t, func(with *setup) { with.tokensOnly = true })
	require.Equal(t, http.StatusNotFound, tokens.sendTwilio(twilioPath, twilioForm()).Code)
	require.Equal(t, http.StatusUnauthorized, tokens.sendReport(report).Code, "a signature that nobody can check is none")
	require.Empty(t, tokens.store.called())
	require.Equal(t, http.StatusNoContent, tokens.send(http.MethodPost, "/webhooks/telephony", report, tokens.as(reporter())).Code)
}

func TestTwilioMayCallAnAddressBelowAPrefix(t *testing.T) {
	t.Parallel()
	adapter, err := twilio.New(twilio.Config{AuthTokens: []string{twilioToken}, PublicBaseURL: twilioPublic + "/api"})
	require.NoError(t, err)
	s := newServer(t, func(with *setup) { with.twilio = adapter })
	path := "/api" + twilioPath
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(twilioForm().Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Twilio-Signature", twilioSignature(twilioPublic+path, twilioForm()))
	w := httptest.NewRecorder()
	http.StripPrefix("/api", s.handler).ServeHTTP(w, r)
	require.Equal(t, http.StatusNoContent, w.Code, w.Body)
	require.Equal(t, attempt, s.asked().Event.Ref)
}

func TestTheDocumentKnowsEveryWordOfAReport(t *testing.T) {
	t.Parallel()
	doc, err := document()
	require.NoError(t, err)
	report := doc.Components.Schemas["Report"].Value.Properties
	var types, verdicts, causes []any
	for _, kind := range telephony.Types() {
		types = append(types, string(kind))
	}
	for _, verdict := range dialer.AMDVerdicts() {
		verdicts = append(verdicts, string(verdict))
	}
	for _, cause := range dialer.Causes() {
		causes = append(causes, string(cause))
	}
	require.Equal(t, types, report["type"].Value.Enum)
	require.Equal(t, append(verdicts, nil), report["amd"].Value.Enum)
	require.Equal(t, append(causes, nil), report["cause"].Value.Enum)
	statuses := doc.Components.Schemas["TwilioReport"].Value.Properties["CallStatus"].Value.Enum
	require.Len(t, statuses, 9)
	for _, said := range statuses {
		s := newServer(t)
		form := twilioForm()
		form.Set("CallStatus", fmt.Sprint(said))
		require.Equal(t, http.StatusNoContent, s.sendTwilio(twilioPath, form).Code, said)
	}
}

func TestAReplayAsksForWhatIsSelected(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.store.recorded = telephony.RecordResult{Moved: true}
	s.store.events = []telephony.Kept{
		{ID: launchID, Event: telephony.Event{CallSID: "CA77", Type: telephony.TypeRinging}, CallID: contactID},
		{ID: contactID, Event: telephony.Event{CallSID: "CA77", Type: telephony.TypeAnswered}},
	}
	got := s.send(http.MethodPost, "/ops/replay", `{"campaign_id":"`+campaignID.String()+`","item_id":"`+itemID.String()+`",
		"call_sid":"CA77","since":"2026-11-20T00:00:00+01:00","until":"2026-11-21T00:00:00Z","orphans":true}`, s.as(manager()))
	require.JSONEq(t, `{"replayed":2,"changed":2,"orphans":0}`, got.Body.String())
	require.Len(t, s.store.called(), 3)
	listed, ok := s.store.called()[0].(telephony.ListParams)
	require.True(t, ok)
	listed.Limit = 0
	require.Equal(t, telephony.ListParams{
		CampaignID: campaignID, ItemID: itemID, CallSID: "CA77", Orphans: true,
		Since: time.Date(2026, 11, 19, 23, 0, 0, 0, time.UTC), Until: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC),
	}, listed)

	s = newServer(t)
	require.JSONEq(t, `{"replayed":0,"changed":0,"orphans":0}`, s.send(http.MethodPost, "/ops/replay", "", s.as(manager())).Body.String())
}

func TestAReplayThatCanNotBeIsRefusedByName(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for field, sent := range map[string]string{
		"campaign_id": `{"item_id":"` + itemID.String() + `"}`,
		"call_sid":    `{"call_sid":"CA 77"}`,
		"until":       `{"since":"2026-11-21T00:00:00Z","until":"2026-11-20T00:00:00Z"}`,
		"since":       `{"since":"yesterday"}`,
		"orphans":     `{"orphans":"yes"}`,
		"item":        `{"item":"x"}`,
	} {
		got := s.send(http.MethodPost, "/ops/replay", sent, s.as(manager()))
		require.Equal(t, http.StatusBadRequest, got.Code, field)
		require.Equal(t, field, got.problem.Field)
	}
	require.Empty(t, s.store.called())
}
