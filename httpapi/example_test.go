package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/httpapi"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
)

// A host makes the services over its store, and the handler over the services.
func Example() {
	store := &fakeStore{ // Only needed for this example: use postgres.Open or sqlite.Open.
		listed: []queue.CampaignSummary{{ID: campaignID, Name: "Spring", Contacts: 500}},
	}
	tokens, err := httpapi.NewJWT(httpapi.JWTConfig{Secret: []byte("thirty-two bytes from a secret store")})
	if err != nil {
		panic(err)
	}
	handler, err := httpapi.New(httpapi.Config{
		Queue:         queue.New(store, queue.Config{Flags: outdial.EnvFlags()}),
		Intake:        intake.New(store, intake.Config{}),
		Authenticator: tokens,
	})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()

	token, err := tokens.Sign(outdial.Actor{
		ID: uuid.New(), Role: outdial.RoleAgent, Scopes: []outdial.Scope{outdial.ScopeQueuePull},
	}, time.Hour)
	if err != nil {
		panic(err)
	}
	request, err := http.NewRequest(http.MethodGet, server.URL+"/campaigns", nil)
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := server.Client().Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		panic(err)
	}
	fmt.Print(response.Status, " ", string(body))
	// Output:
	// 200 OK {"items":[{"id":"6c1f17c9-6f8b-43d8-8af2-fa27ad84379a","name":"Spring","contacts":500}],"next_cursor":""}
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
