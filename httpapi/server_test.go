package httpapi_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/twilio"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/httpapi"
	"github.com/outdial/outdial/internal/metertest"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/suppression"
)

// The ids of the seed's own examples, and some more.
var (
	campaignID = uuid.MustParse("6c1f17c9-6f8b-43d8-8af2-fa27ad84379a")
	agentID    = uuid.MustParse("478095da-e25f-4ba3-88bc-367db36f41d3")
	managerID  = uuid.MustParse("b5b0d4a4-3a1f-4c8e-8c7d-0f6f0f1f5a22")
	adminID    = uuid.MustParse("0b7a6c1e-6d39-4b6d-9a63-9a3f3a1c7e55")
	itemID     = uuid.MustParse("01939d8e-1a2b-7c3d-8e4f-5a6b7c8d9e0f")
	launchID   = uuid.MustParse("01939d8e-2a2b-7c3d-8e4f-5a6b7c8d9e0f")
	contactID  = uuid.MustParse("01939d8e-3a2b-7c3d-8e4f-5a6b7c8d9e0f")
	accountID  = uuid.MustParse("01939d8e-4a2b-7c3d-8e4f-5a6b7c8d9e0f")
)

const secret = "a secret of more than thirty-two bytes"

func agent() outdial.Actor {
	return outdial.Actor{ID: agentID, Role: outdial.RoleAgent, Scopes: outdial.Scopes()}
}

func manager() outdial.Actor {
	return outdial.Actor{ID: managerID, Role: outdial.RoleManager, Scopes: outdial.Scopes()}
}

func admin() outdial.Actor {
	return outdial.Actor{ID: adminID, Role: outdial.RoleAdmin, Scopes: outdial.Scopes()}
}

// lockedItem is an item that the agent has pulled from the pool.
func lockedItem() queue.Item {
	at := time.Date(2026, 11, 21, 15, 4, 5, 123456000, time.UTC)
	return queue.Item{
		ID: itemID, CampaignID: campaignID, AgentID: agentID, ContactID: contactID,
		State: queue.StateLocked, Priority: 7, Pooled: true, QueuedAt: at.Add(-time.Hour),
		LockedAt: at, LockExpiresAt: at.Add(15 * time.Minute), LockVersion: 3, Attempts: 1, LaunchID: launchID,
		Provenance: outdial.Provenance{By: "system", Reason: outdial.ReasonCampaignAudience},
		Contact: outdial.Contact{
			ID: contactID, AccountID: accountID, FirstName: "Bea", LastName: "O'Neil", Company: "Chanay, Jeffrey",
			Phone: "+15046218927", PhoneStatus: outdial.PhoneValid, Email: "bea@example.com", Timezone: "America/Chicago",
		},
	}
}

// server is a handler over a fake store, and everything that a test looks at.
type server struct {
	t       testing.TB
	handler http.Handler
	store   *fakeStore
	jwt     *httpapi.JWT
	clock   *clock.Mock
	log     *logBuffer
	meter   *metertest.Meter
}

// setup adjusts what a server is made of before it is made.
type setup struct {
	queue  queue.Config
	intake intake.Config
	// dialer, presence, dispositions and suppressions are left out when they are nil.
	dialer       *dialer.Config
	presence     *presence.Config
	dispositions *disposition.Config
	suppressions *suppression.Config
	// telephony is left out when it is nil. The adapters are too when only tokens are
	// taken; twilio takes the place of the usual one.
	telephony  *telephony.Config
	tokensOnly bool
	twilio     *twilio.Adapter
	http       httpapi.Config
}

func flagOff(s *setup) { s.queue.Flags = nil }

func agentQueueOnly(s *setup) {
	s.dialer, s.presence, s.dispositions, s.suppressions, s.telephony = nil, nil, nil, nil, nil
}

func newServer(t testing.TB, adjust ...func(*setup)) *server {
	t.Helper()
	mock := clock.NewMock()
	mock.Set(time.Date(2026, 11, 21, 15, 4, 5, 0, time.UTC))
	log := &logBuffer{}
	logger := slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	signer, err := httpapi.NewJWT(httpapi.JWTConfig{Secret: []byte(secret), Clock: mock})
	require.NoError(t, err)

	with := setup{
		queue: queue.Config{
			Clock: mock, Logger: logger,
			Flags: outdial.StaticFlags{outdial.FlagQueueReplace: true},
		},
		intake:       intake.Config{Clock: mock, Logger: logger, BatchSize: 2},
		dialer:       &dialer.Config{Clock: mock, Logger: logger},
		presence:     &presence.Config{Clock: mock, Logger: logger},
		dispositions: &disposition.Config{Clock: mock, Logger: logger, Windows: callwindow.Always{}},
		suppressions: &suppression.Config{Clock: mock, Logger: logger},
		http:         httpapi.Config{Authenticator: signer, Logger: logger},
	}
	meter := &metertest.Meter{}
	with.telephony = &telephony.Config{Clock: mock, Logger: logger, Meter: meter}
	for _, change := range adjust {
		change(&with)
	}
	store := &fakeStore{
		replace: queue.ReplaceResult{Skipped: queue.NewSkips()},
		enqueue: queue.EnqueueResult{Skipped: queue.NewSkips()},
		move:    queue.MoveResult{Item: lockedItem()},
		dialing: dialing{
			enqueuedCalls: queue.EnqueueResult{Skipped: queue.NewSkips()},
			controlled:    dialer.ControlResult{Status: dialer.StatusRunning},
			dialerStats:   dialer.StatsResult{Status: dialer.StatusStopped},
			session:       presence.Session{AgentID: agentID, CampaignID: campaignID, State: presence.StateReady},
		},
		disposing: disposing{disposed: disposition.Result{
			ID: dispositionID, Code: disposition.CodeBusy, Effect: disposition.EffectRetry, Queue: disposition.QueueAgent,
			ItemID: itemID, State: "queued", LockVersion: 2, Attempts: 1,
		}},
	}
	with.http.Queue = queue.New(store, with.queue)
	if with.dialer != nil {
		with.http.Dialer = dialer.New(store, *with.dialer)
	}
	if with.presence != nil {
		with.http.Presence = presence.New(store, *with.presence)
	}
	if with.dispositions != nil {
		with.http.Dispositions = disposition.New(store, *with.dispositions)
	}
	if with.suppressions != nil {
		with.http.Suppressions = suppression.New(store, *with.suppressions)
	}
	if with.telephony != nil {
		with.http.Telephony = telephony.New(store, *with.telephony)
	}
	if with.telephony != nil && !with.tokensOnly {
		with.http.Twilio, with.http.Webhook = cmp.Or(with.twilio, newTwilio(t)), newWebhook(t, mock)
	}
	if with.http.Intake == nil {
		with.http.Intake = intake.New(store, with.intake)
	}
	handler, err := httpapi.New(with.http)
	require.NoError(t, err)
	return &server{t: t, handler: handler, store: store, jwt: signer, clock: mock, log: log, meter: meter}
}

// change is a last touch on a request before it is sent.
type change func(*http.Request)

func header(name string, values ...string) change {
	return func(r *http.Request) { r.Header[http.CanonicalHeaderKey(name)] = values }
}

func (s *server) token(actor outdial.Actor) string {
	s.t.Helper()
	token, err := s.jwt.Sign(actor, time.Hour)
	require.NoError(s.t, err)
	return token
}

// as sends the request with a token of the actor.
func (s *server) as(actor outdial.Actor) change {
	return header("Authorization", "Bearer "+s.token(actor))
}

// response is what came back. Its problem is set for an error.
type response struct {
	*httptest.ResponseRecorder

	problem problem
}

type problem struct {
	Type   string
	Title  string
	Status int
	Detail string
	Error  string
	Field  string
}

// send sends a request and checks the response against openapi.yaml. A body is
// sent as JSON unless a change says otherwise.
func (s *server) send(method, path, body string, changes ...change) response {
	s.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return s.sendRequest(r, changes...)
}

func (s *server) sendRequest(r *http.Request, changes ...change) response {
	s.t.Helper()
	for _, apply := range changes {
		apply(r)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	got := response{ResponseRecorder: w}
	require.NotEmpty(s.t, w.Header().Get("X-Request-ID"))
	require.Equal(s.t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	require.Equal(s.t, "no-store", w.Header().Get("Cache-Control"))
	if w.Code >= http.StatusBadRequest {
		require.Equal(s.t, "application/problem+json", w.Header().Get("Content-Type"))
		got.decode(s.t, &got.problem)
		require.Equal(s.t, w.Code, got.problem.Status)
		require.NotEmpty(s.t, got.problem.Title)
		require.NotEmpty(s.t, got.problem.Detail)
		require.NotEmpty(s.t, got.problem.Error)
	}
	checkAgainstDocument(s.t, r, w)
	return got
}

func (r response) decode(t testing.TB, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(r.Body.Bytes(), into), r.Body.String())
}

// object is the response's body as a JSON object.
func (r response) object(t testing.TB) map[string]any {
	t.Helper()
	require.Equal(t, http.StatusOK, r.Code, r.Body.String())
	require.Equal(t, "application/json", r.Header().Get("Content-Type"))
	var body map[string]any
	r.decode(t, &body)
	return body
}

func campaignPath(rest string) string { return "/campaigns/" + campaignID.String() + rest }

func itemPath(verb string) string {
	return campaignPath("/queue_items/" + itemID.String() + "/" + verb)
}

// example is a good request for a route.
type example struct {
	path, body, contentType string
	// signature is that of a route that takes no token.
	signature string
}

// signed adds the example's signature to a request.
func (e example) signed(r *http.Request) {
	if e.signature != "" {
		r.Header.Set("X-Twilio-Signature", e.signature)
	}
}

// exampleOf returns a request for the route that an admin may send and that
// succeeds.
func exampleOf(t testing.TB, rt httpapi.Route) example {
	t.Helper()
	path := strings.NewReplacer("{campaignId}", campaignID.String(), "{id}", itemID.String()).Replace(rt.Pattern)
	e := example{path: path, contentType: "application/json"}
	switch {
	case strings.HasSuffix(rt.Pattern, "/contacts"):
		e.body, e.contentType = "first_name,phone\nBea,504-621-8927\n", "text/csv"
	case strings.HasSuffix(rt.Pattern, "/set"), strings.HasSuffix(rt.Pattern, "/preview"), strings.HasSuffix(rt.Pattern, "/clear"):
		e.body = `{"agent_id":"` + agentID.String() + `"}`
	case strings.HasSuffix(rt.Pattern, "/presence") && rt.Method == http.MethodPut:
		e.body = `{"state":"ready"}`
	case rt.Pattern == "/webhooks/twilio":
		e = twilioExample()
	case rt.Pattern == "/webhooks/telephony":
		e.body = report
	case strings.HasSuffix(rt.Pattern, "/disposition"):
		e.body = `{"lock_version":1,"disposition":"busy"}`
	case strings.HasSuffix(rt.Pattern, "/retry_policy") && rt.Method == http.MethodPut:
		e.body = `{"max_attempts":5}`
	case strings.Contains(rt.Pattern, "/queue_items/"):
		e.body = `{"lock_version":1}`
	case strings.HasPrefix(rt.Pattern, "/suppressions") && rt.Method != http.MethodGet:
		e = suppressionExample(rt)
	case strings.HasSuffix(rt.Pattern, "/rollback"):
		e.body = `{"campaign_id":"` + campaignID.String() + `","launch_id":"` + launchID.String() + `"}`
	}
	return e
}

// try sends a route's example.
func (s *server) try(rt httpapi.Route, changes ...change) response {
	s.t.Helper()
	e := exampleOf(s.t, rt)
	return s.send(rt.Method, e.path, e.body, append([]change{header("Content-Type", e.contentType), e.signed}, changes...)...)
}

// logBuffer collects log records.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// records returns the records with the message.
func (b *logBuffer) records(t testing.TB, message string) []map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range strings.Lines(b.String()) {
		var record map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &record))
		if record["msg"] == message {
			found = append(found, record)
		}
	}
	return found
}

// body replaces the body of a request.
func body(text string) change {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	}
}

// brokenBody replaces the body of a request by one that ends too early.
func brokenBody(text string) change {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(text), brokenReader{})), -1
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// cancellable makes a request that the test can abandon with cancel.
func cancellable(cancel *context.CancelFunc) change {
	return func(r *http.Request) {
		ctx, end := context.WithCancel(r.Context())
		*cancel = end
		*r = *r.WithContext(ctx)
	}
}
