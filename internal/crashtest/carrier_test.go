package crashtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
)

// exchange is a carrier that outlives the processes which dial through it. Every call
// it is asked for rings until somebody ends it.
type exchange struct {
	*httptest.Server

	mu    sync.Mutex
	calls map[uuid.UUID]dialer.OriginateRequest
	// asked counts the requests for a phone, whatever their tokens, and most is how
	// many there were for the phone that was asked for most often.
	asked map[string]int
	// arrived, when not nil, is called with each request before it is answered.
	arrived func(dialer.OriginateRequest)
}

func newExchange(t *testing.T) *exchange {
	t.Helper()
	e := &exchange{calls: map[uuid.UUID]dialer.OriginateRequest{}, asked: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /originate", func(w http.ResponseWriter, r *http.Request) {
		var req dialer.OriginateRequest
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
			http.Error(w, "not JSON", http.StatusBadRequest)
			return
		}
		e.mu.Lock()
		e.calls[req.Token] = req
		e.asked[req.To.E164()]++
		arrived := e.arrived
		e.mu.Unlock()
		if arrived != nil {
			arrived(req)
		}
		_ = json.NewEncoder(w).Encode(dialer.OriginateResult{CallSID: sid(req.Token)})
	})
	mux.HandleFunc("POST /lookup", func(w http.ResponseWriter, r *http.Request) {
		var req dialer.LookupRequest
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
			http.Error(w, "not JSON", http.StatusBadRequest)
			return
		}
		e.mu.Lock()
		_, found := e.calls[req.Token]
		e.mu.Unlock()
		if !found {
			http.Error(w, "no such call", http.StatusNotFound)
			return
		}
		_ = json.NewEncoder(w).Encode(dialer.LookupResult{
			CallSID: sid(req.Token), Facts: dialer.Facts{InitiatedAt: time.Now().UTC()},
		})
	})
	e.Server = httptest.NewServer(mux)
	t.Cleanup(e.Close)
	return e
}

// sid is the exchange's name for a call.
func sid(token uuid.UUID) string { return "CA" + token.String() }

// onArrival sets what happens when a call is asked for.
func (e *exchange) onArrival(do func(dialer.OriginateRequest)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.arrived = do
}

// requests returns every call that was asked for.
func (e *exchange) requests() []dialer.OriginateRequest {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []dialer.OriginateRequest
	for _, req := range e.calls {
		all = append(all, req)
	}
	return all
}

// requireOnce checks that every phone was asked for once.
func (e *exchange) requireOnce(t *testing.T, phones int) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	require.Len(t, e.asked, phones, "phones that were dialed")
	for phone, times := range e.asked {
		require.Equal(t, 1, times, "how often the phone that ends in %s was dialed", phone[len(phone)-2:])
	}
}

// line is the exchange as a process sees it.
type line struct {
	address string
	client  *http.Client
}

func (l line) ask(ctx context.Context, path string, req, answer any) error {
	body, err := json.Marshal(req)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.address+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := l.client.Do(request)
	if err != nil {
		return fmt.Errorf("%w: %w", dialer.ErrCarrierTimeout, err)
	}
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusOK:
		return json.NewDecoder(response.Body).Decode(answer)
	case http.StatusNotFound:
		return dialer.ErrCallNotFound
	default:
		said, _ := io.ReadAll(response.Body)
		return errors.New(string(said))
	}
}

func (l line) Originate(ctx context.Context, req dialer.OriginateRequest) (answer dialer.OriginateResult, err error) {
	return answer, l.ask(ctx, "/originate", req, &answer)
}

func (l line) Lookup(ctx context.Context, req dialer.LookupRequest) (answer dialer.LookupResult, err error) {
	return answer, l.ask(ctx, "/lookup", req, &answer)
}

func (l line) Bridge(context.Context, dialer.BridgeRequest) error { return dialer.ErrCallNotFound }
func (l line) Play(context.Context, dialer.PlayRequest) error     { return dialer.ErrCallNotFound }
func (l line) Hangup(context.Context, dialer.HangupRequest) error { return nil }
