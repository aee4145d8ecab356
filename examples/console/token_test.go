package main

import (
	"net/http"
	"testing"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/httpapi"
)

func TestATokenIsTheOnlyThingPrinted(t *testing.T) {
	t.Parallel()
	s := newShell(t, secretVariable+"="+secretForTests)
	for _, dash := range []string{"-", "--"} {
		got := s.console("token", dash+"sub", demoAgentID, dash+"role=manager", dash+"scope", "queue:write ops:run", dash+"ttl=1h")
		require.Zero(t, got.code, got.err)
		require.Empty(t, got.err)
		require.Len(t, got.lines(), 1)

		tokens, err := httpapi.NewJWT(httpapi.JWTConfig{Secret: []byte(secretForTests), Clock: clock.New()})
		require.NoError(t, err)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+got.lines()[0])
		actor, err := tokens.Authenticate(request)
		require.NoError(t, err)
		require.Equal(t, outdial.Actor{
			ID: uuid.MustParse(demoAgentID), Role: outdial.RoleManager,
			Scopes: []outdial.Scope{outdial.ScopeQueueWrite, outdial.ScopeOpsRun},
		}, actor)
	}
}

func TestATokenThatNobodyWouldAcceptIsNotMade(t *testing.T) {
	t.Parallel()
	s := newShell(t, secretVariable+"="+secretForTests)
	for about, args := range map[string][]string{
		"-sub: is not a UUID":   {"-sub", "bob"},
		"missing flags: --sub":  {},
		"role: must be":         {"-sub", demoAgentID, "-role", "boss"},
		"scope: \"queue:push\"": {"-sub", demoAgentID, "-scope", "queue:push"},
		"ttl: must be at least": {"-sub", demoAgentID, "-ttl=-1h"},
		"unexpected argument":   {"-sub", demoAgentID, "more"},
	} {
		s.console(append([]string{"token"}, args...)...).fails(t, about)
	}
}
