package httpapi_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/httpapi"
)

type authenticatorFunc func(*http.Request) (outdial.Actor, error)

func (f authenticatorFunc) Authenticate(r *http.Request) (outdial.Actor, error) { return f(r) }

// goodClaims are those of a token that is accepted.
func goodClaims(s *server) jwt.MapClaims {
	return jwt.MapClaims{
		"sub": agentID.String(), "role": "agent", "scope": "queue:pull queue:write",
		"aud": "outdial", "iss": "outdial",
		"iat": s.clock.Now().Unix(), "exp": s.clock.Now().Add(time.Hour).Unix(),
	}
}

func signed(t testing.TB, method jwt.SigningMethod, key any, claims jwt.Claims) string {
	t.Helper()
	token, err := jwt.NewWithClaims(method, claims).SignedString(key)
	require.NoError(t, err)
	return token
}

func TestATokenWithTheRightClaimsIsAccepted(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.send(http.MethodGet, "/campaigns", "",
		header("Authorization", "bearer "+signed(t, jwt.SigningMethodHS256, []byte(secret), goodClaims(s))))
	require.Equal(t, http.StatusOK, got.Code)
}

func TestATokenThatDoesNotHoldIsRefusedAndNeverRepeated(t *testing.T) {
	t.Parallel()
	with := func(name string, value any) func(*server) string {
		return func(s *server) string {
			claims := goodClaims(s)
			if claims[name] = value; value == nil {
				delete(claims, name)
			}
			return signed(s.t, jwt.SigningMethodHS256, []byte(secret), claims)
		}
	}
	at := func(name string, offset time.Duration) func(*server) string {
		return func(s *server) string { return with(name, s.clock.Now().Add(offset).Unix())(s) }
	}
	for name, token := range map[string]func(*server) string{
		"alg none": func(s *server) string {
			return signed(s.t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, goodClaims(s))
		},
		"no signature": func(s *server) string {
			whole := signed(s.t, jwt.SigningMethodHS256, []byte(secret), goodClaims(s))
			return whole[:strings.LastIndex(whole, ".")+1]
		},
		"two parts": func(s *server) string {
			whole := signed(s.t, jwt.SigningMethodHS256, []byte(secret), goodClaims(s))
			return whole[:strings.LastIndex(whole, ".")]
		},
		"another key": func(s *server) string {
			return signed(s.t, jwt.SigningMethodHS256, []byte(secret+"!"), goodClaims(s))
		},
		"another method of the same family": func(s *server) string {
			return signed(s.t, jwt.SigningMethodHS512, []byte(secret), goodClaims(s))
		},
		"claims changed after signing": func(s *server) string {
			parts := strings.Split(signed(s.t, jwt.SigningMethodHS256, []byte(secret), goodClaims(s)), ".")
			claims, err := base64.RawURLEncoding.DecodeString(parts[1])
			require.NoError(s.t, err)
			parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(claims), `"agent"`, `"admin"`, 1)))
			return strings.Join(parts, ".")
		},
		"critical extensions": func(s *server) string {
			token := jwt.NewWithClaims(jwt.SigningMethodHS256, goodClaims(s))
			token.Header["crit"] = []string{"b64"}
			text, err := token.SignedString([]byte(secret))
			require.NoError(s.t, err)
			return text
		},
		"no JSON at all": func(*server) string { return "secret-abc.def.ghi" },
		"no claims": func(s *server) string {
			return signed(s.t, jwt.SigningMethodHS256, []byte(secret), jwt.MapClaims(nil))
		},
		"expired":               at("exp", -time.Minute),
		"without expiry":        with("exp", nil),
		"expiry no number":      with("exp", "tomorrow"),
		"not valid yet":         at("nbf", time.Hour),
		"issued in the future":  at("iat", time.Hour),
		"another audience":      with("aud", "elsewhere"),
		"no audience":           with("aud", nil),
		"another issuer":        with("iss", "elsewhere"),
		"no issuer":             with("iss", nil),
		"no subject":            with("sub", nil),
		"subject no UUID":       with("sub", "bob"),
		"subject nil UUID":      with("sub", uuid.Nil.String()),
		"subject no text":       with("sub", 5),
		"unknown role":          with("role", "root"),
		"no role":               with("role", nil),
		"unknown scope":         with("scope", "queue:pull queue:everything"),
		"scopes as a JSON list": with("scope", []string{"queue:pull"}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			bad := token(s)
			got := s.send(http.MethodPost, campaignPath("/queues/set"), `{"agent_id":"`+agentID.String()+`"}`,
				header("Authorization", "Bearer "+bad))
			require.Equal(t, http.StatusUnauthorized, got.Code, got.Body)
			require.Equal(t, "unauthorized", got.problem.Error)
			require.Equal(t, `Bearer realm="outdial", error="invalid_token"`, got.Header().Get("WWW-Authenticate"))
			require.Empty(t, s.store.called())
			for part := range strings.SplitSeq(bad, ".") {
				if len(part) > 10 {
					require.NotContains(t, s.log.String(), part)
					require.NotContains(t, got.Body.String(), part)
				}
			}
		})
	}
}

func TestARequestWithoutOneBearerTokenIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	good := s.token(agent())
	for name, headers := range map[string][]string{
		"no header":    {},
		"another kind": {"Basic " + base64.StdEncoding.EncodeToString([]byte("bob:secret"))},
		"no token":     {"Bearer"},
		"blank token":  {"Bearer  "},
		"no scheme":    {good},
		"two headers":  {"Bearer " + good, "Bearer " + good},
		"two tokens":   {"Bearer " + good + " " + good},
		"a list":       {"Bearer " + good + ", Bearer " + good},
	} {
		got := s.send(http.MethodGet, "/campaigns", "", header("Authorization", headers...))
		require.Equal(t, http.StatusUnauthorized, got.Code, name)
		require.True(t, strings.HasPrefix(got.Header().Get("WWW-Authenticate"), `Bearer realm="outdial"`), name)
	}
	long := s.send(http.MethodGet, "/campaigns", "", header("Authorization", "Bearer "+strings.Repeat("a", 9<<10)))
	require.Equal(t, "the token is too long", long.problem.Detail)
	require.Empty(t, s.store.called())
}

func TestATokenHoldsUntilItsExpiryAndALittleLonger(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	token := header("Authorization", "Bearer "+s.token(agent()))
	s.clock.Add(time.Hour + httpapi.DefaultLeeway - time.Second)
	require.Equal(t, http.StatusOK, s.send(http.MethodGet, "/campaigns", "", token).Code)
	s.clock.Add(time.Second)
	got := s.send(http.MethodGet, "/campaigns", "", token)
	require.Equal(t, http.StatusUnauthorized, got.Code)
	require.Equal(t, "the token has expired", got.problem.Detail)
}

func TestEveryRouteButThePublicOnesNeedsAToken(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, rt := range httpapi.Routes() {
		got := s.try(rt, without("X-Twilio-Signature"))
		require.Equal(t, !rt.Public, got.Code == http.StatusUnauthorized, rt.Pattern)
	}
	require.Empty(t, s.store.called())
}

func TestEveryRouteTakesAnyOfItsScopesAndNoOther(t *testing.T) {
	t.Parallel()
	for _, rt := range httpapi.Routes() {
		if len(rt.Scopes) == 0 {
			continue
		}
		t.Run(rt.Method+" "+rt.Pattern, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			var others []outdial.Scope
			for _, scope := range outdial.Scopes() {
				actor := admin()
				actor.Scopes = []outdial.Scope{scope}
				if slices.Contains(rt.Scopes, scope) {
					require.Less(t, s.try(rt, s.as(actor)).Code, http.StatusBadRequest, scope)
				} else {
					others = append(others, scope)
				}
			}
			before := len(s.store.called())
			actor := admin()
			actor.Scopes = others
			got := s.try(rt, s.as(actor))
			require.Equal(t, http.StatusForbidden, got.Code)
			require.Equal(t, "forbidden", got.problem.Error)
			require.Contains(t, got.problem.Detail, "needs scope")
			require.Len(t, s.store.called(), before)

			wrong := s.send(rt.Method, exampleOf(t, rt).path+"?nonsense=1", "nonsense", s.as(actor))
			require.Equal(t, http.StatusForbidden, wrong.Code, "what was sent is not looked at")
		})
	}
}

func TestAHostBringsItsOwnAuthenticator(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err    error
		status int
		detail string
	}{
		"nobody": {
			fmt.Errorf("session 17: %w", fmt.Errorf("%w: the session has ended", httpapi.ErrUnauthorized)),
			http.StatusUnauthorized, "the session has ended",
		},
		"nobody, for no reason": {httpapi.ErrUnauthorized, http.StatusUnauthorized, "a valid token is required"},
		"not from here":         {outdial.Forbidden("not from this address"), http.StatusForbidden, "not from this address"},
		"an outage": {
			errors.New("dial tcp 10.0.0.7:6379: connection refused"), http.StatusInternalServerError,
			"the request failed for a reason inside the server; its log has the cause under this response's X-Request-Id",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, func(with *setup) {
				with.http.Authenticator = authenticatorFunc(func(*http.Request) (outdial.Actor, error) {
					return admin(), test.err
				})
			})
			got := s.send(http.MethodGet, "/campaigns", "")
			require.Equal(t, test.status, got.Code)
			require.Equal(t, test.detail, got.problem.Detail)
			require.Empty(t, s.store.called())
		})
	}
}

func TestASecretThatCouldBeGuessedIsRefused(t *testing.T) {
	t.Parallel()
	_, err := httpapi.NewJWT(httpapi.JWTConfig{Secret: make([]byte, httpapi.MinSecret-1)})
	require.ErrorContains(t, err, "Secret must have at least 32 bytes")
	_, err = httpapi.NewJWT(httpapi.JWTConfig{Secret: make([]byte, httpapi.MinSecret)})
	require.NoError(t, err)
	_, err = httpapi.NewJWT(httpapi.JWTConfig{Secret: make([]byte, httpapi.MinSecret), Leeway: -1})
	require.ErrorContains(t, err, "Leeway")
}

func TestTheSecretIsCopiedAndNotPrinted(t *testing.T) {
	t.Parallel()
	key := []byte(secret)
	signer, err := httpapi.NewJWT(httpapi.JWTConfig{Secret: key})
	require.NoError(t, err)
	token, err := signer.Sign(agent(), time.Hour)
	require.NoError(t, err)
	for i := range key {
		key[i] = 0
	}
	again, err := signer.Sign(agent(), time.Hour)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	require.NoError(t, err)
	for _, text := range []string{token, again} {
		request.Header.Set("Authorization", "Bearer "+text)
		actor, err := signer.Authenticate(request)
		require.NoError(t, err)
		require.Equal(t, agent(), actor)
	}
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", signer, signer, signer), strings.Trim(fmt.Sprintf("%d", []byte(secret)), "[]"))
}

func TestSignRefusesWhatAuthenticateWould(t *testing.T) {
	t.Parallel()
	signer, err := httpapi.NewJWT(httpapi.JWTConfig{Secret: []byte(secret)})
	require.NoError(t, err)
	for name, sign := range map[string]func() (string, error){
		"sub":  func() (string, error) { return signer.Sign(outdial.System(), time.Hour) },
		"role": func() (string, error) { return signer.Sign(outdial.Actor{ID: agentID}, time.Hour) },
		"scope": func() (string, error) {
			return signer.Sign(outdial.Actor{ID: agentID, Role: outdial.RoleAgent, Scopes: []outdial.Scope{"all"}}, time.Hour)
		},
		"ttl": func() (string, error) { return signer.Sign(agent(), 0) },
	} {
		_, err := sign()
		var field *outdial.FieldError
		require.ErrorAs(t, err, &field)
		require.Equal(t, name, field.Field)
	}
}
