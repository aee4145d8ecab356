package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/httpapi"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store/sqlite"
)

// A host makes the services over its store, and the handler over the services.
func Example() {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, sqlite.Memory)
	if err != nil {
		panic(err)
	}
	defer func() { _ = store.Close() }()
	if err := store.Migrate(ctx); err != nil {
		panic(err)
	}
	importer := intake.New(store, intake.Config{})
	spring, err := importer.Import(ctx, outdial.System(), intake.ImportRequest{
		CampaignName: "Spring",
		Source:       strings.NewReader("first_name,phone\nBea,504-621-8927\nBob,856-636-8749\nLeota,408-752-3500\n"),
	})
	if err != nil {
		panic(err)
	}
	tokens, err := httpapi.NewJWT(httpapi.JWTConfig{Secret: []byte("thirty-two bytes from a secret store")})
	if err != nil {
		panic(err)
	}
	handler, err := httpapi.New(httpapi.Config{
		Queue:         queue.New(store, queue.Config{Flags: outdial.StaticFlags{outdial.FlagQueueReplace: true}}),
		Intake:        importer,
		Authenticator: tokens,
		Ready:         store.Ping,
	})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()

	agent := outdial.Actor{
		ID: uuid.New(), Role: outdial.RoleAgent,
		Scopes: []outdial.Scope{outdial.ScopeQueuePull, outdial.ScopeQueueWrite},
	}
	token, err := tokens.Sign(agent, time.Hour)
	if err != nil {
		panic(err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost,
		server.URL+"/campaigns/"+spring.CampaignID.String()+"/queues/set",
		strings.NewReader(`{"agent_id":"`+agent.ID.String()+`","filters":{"first_name_contains":"B"}}`))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := server.Client().Do(request)
	if err != nil {
		panic(err)
	}
	defer func() { _ = response.Body.Close() }()
	var result queue.ReplaceResult
	if err := json.NewDecoder(response.Body).Decode(&result); err != nil {
		panic(err)
	}
	fmt.Println(response.Status, "assigned", result.Assigned, "of", result.Matched)
	// Output:
	// 200 OK assigned 2 of 2
}

// sessions is a host's own way of knowing who asks.
type sessions map[string]outdial.Actor

// Authenticate implements httpapi.Authenticator.
func (s sessions) Authenticate(r *http.Request) (outdial.Actor, error) {
	cookie, err := r.Cookie("session")
	if err != nil {
		return outdial.Actor{}, fmt.Errorf("%w: sign in first", httpapi.ErrUnauthorized)
	}
	actor, ok := s[cookie.Value]
	if !ok {
		return outdial.Actor{}, fmt.Errorf("%w: the session has ended", httpapi.ErrUnauthorized)
	}
	return actor, nil
}

// A host with sessions of its own uses those instead of tokens.
func ExampleAuthenticator() {
	store := &fakeStore{} // Only needed for this example.
	handler, err := httpapi.New(httpapi.Config{
		Queue:         queue.New(store, queue.Config{}),
		Intake:        intake.New(store, intake.Config{}),
		Authenticator: sessions{"3f9a": {ID: uuid.New(), Role: outdial.RoleManager, Scopes: outdial.Scopes()}},
	})
	if err != nil {
		panic(err)
	}
	for _, session := range []string{"3f9a", "gone"} {
		request := httptest.NewRequest(http.MethodGet, "/campaigns", nil)
		request.AddCookie(&http.Cookie{Name: "session", Value: session})
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		fmt.Print(response.Code, " ", response.Body)
	}
	// Output:
	// 200 {"items":[],"next_cursor":""}
	// 401 {"type":"urn:problem-type:outdial:unauthorized","title":"Unauthorized","status":401,"detail":"the session has ended","error":"unauthorized"}
}
