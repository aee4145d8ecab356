package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/httpapi"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
)

func TestNewNamesTheFieldThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	store := &fakeStore{}
	signer, err := httpapi.NewJWT(httpapi.JWTConfig{Secret: []byte(secret)})
	require.NoError(t, err)
	good := httpapi.Config{
		Queue: queue.New(store, queue.Config{}), Intake: intake.New(store, intake.Config{}), Authenticator: signer,
	}
	for field, spoil := range map[string]func(*httpapi.Config){
		"Queue":         func(c *httpapi.Config) { c.Queue = nil },
		"Intake":        func(c *httpapi.Config) { c.Intake = nil },
		"Authenticator": func(c *httpapi.Config) { c.Authenticator = nil },
		"Twilio":        func(c *httpapi.Config) { c.Twilio = newTwilio(t) },
		"Webhook":       func(c *httpapi.Config) { c.Webhook = newWebhook(t, clock.NewMock()) },
		"MaxBody":       func(c *httpapi.Config) { c.MaxBody = -1 },
		"MaxUpload":     func(c *httpapi.Config) { c.MaxUpload = -1 },
	} {
		bad := good
		spoil(&bad)
		handler, err := httpapi.New(bad)
		require.ErrorContains(t, err, field)
		require.Nil(t, handler)
	}
	handler, err := httpapi.New(good)
	require.NoError(t, err)
	require.NotNil(t, handler)
}

func TestTheHandlerCanBeServedBelowAPrefix(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	mux := http.NewServeMux()
	mux.Handle("/api/", http.StripPrefix("/api", s.handler))
	for path, status := range map[string]int{
		"/api/campaigns": http.StatusOK, "/api/": http.StatusNotFound, "/api/campaigns/x/queues": http.StatusBadRequest,
	} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		s.as(admin())(r)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		require.Equal(t, status, w.Code, path)
	}
}
