package presence_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer/presence"
)

// TestAccess is who may do what. Each column of three is a role: for themselves, for
// another agent, and for a request that names no agent, which is oneself. Operations
// that are about no agent say the same three times.
func TestAccess(t *testing.T) {
	t.Parallel()

	type rights struct{ own, other, none bool }
	const (
		pull    = outdial.ScopeQueuePull
		write   = outdial.ScopeQueueWrite
		control = outdial.ScopeDialerControl
		ops     = outdial.ScopeOpsRun
	)
	everybody := rights{true, true, true}
	tests := []struct {
		operation       string
		agents          []outdial.Scope
		managers        []outdial.Scope
		agent, managing rights
	}{
		{"Set", []outdial.Scope{pull}, []outdial.Scope{pull, control}, rights{true, false, true}, everybody},
		{"Heartbeat", []outdial.Scope{pull}, []outdial.Scope{pull, control}, rights{true, false, true}, everybody},
		{"List", []outdial.Scope{control}, []outdial.Scope{control, write, pull}, everybody, everybody},
		{"Expire", []outdial.Scope{ops}, []outdial.Scope{ops}, everybody, everybody},
	}
	require.Len(t, tests, len(operations()), "every operation has its row")

	for i, test := range tests {
		op := operations()[i]
		require.Equal(t, test.operation, op.name)
		for _, role := range []outdial.Role{outdial.RoleAgent, outdial.RoleManager, outdial.RoleAdmin, "", "root"} {
			want, anyOf := test.agent, test.agents
			switch role {
			case outdial.RoleManager, outdial.RoleAdmin:
				want, anyOf = test.managing, test.managers
			case "", "root":
				want = rights{}
			}
			for target, allowed := range map[string]bool{"own": want.own, "other": want.other, "none": want.none} {
				about := map[string]uuid.UUID{"own": agentID, "other": otherAgent, "none": uuid.Nil}[target]
				t.Run(strings.Join([]string{test.operation, "by role " + string(role), "for " + target}, " "), func(t *testing.T) {
					t.Parallel()

					for _, scope := range outdial.Scopes() {
						actor := outdial.Actor{ID: agentID, Role: role, Scopes: []outdial.Scope{scope}}
						requireAccess(t, op, actor, about, allowed && slices.Contains(anyOf, scope))
					}
					requireAccess(t, op, outdial.Actor{ID: agentID, Role: role}, about, false)
				})
			}
		}
	}
}

// requireAccess makes the call and checks the answer, and that a refused call asks
// neither the store nor the host.
func requireAccess(t *testing.T, op operation, actor outdial.Actor, about uuid.UUID, allowed bool) {
	t.Helper()
	agents := &directory{known: []uuid.UUID{agentID, otherAgent}}
	service, bundle := setup(t, func(c *presence.Config) { c.Agents = agents })
	err := op.call(t.Context(), service, actor, about)
	if allowed {
		require.NoError(t, err, actor.Scopes)
		require.Len(t, bundle.store.calls, 1)
		return
	}
	require.ErrorIs(t, err, outdial.ErrForbidden, actor.Scopes)
	require.Empty(t, bundle.store.calls)
	require.Empty(t, agents.asked)
	require.Empty(t, bundle.log.String())
}
