package dialer_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
)

// TestAccess is who may do what: any one of the scopes, and for some operations the
// role of a manager or an admin.
func TestAccess(t *testing.T) {
	t.Parallel()

	const (
		pull     = outdial.ScopeQueuePull
		write    = outdial.ScopeQueueWrite
		steer    = outdial.ScopeDialerControl
		ops      = outdial.ScopeOpsRun
		anybody  = true
		managers = false
	)
	tests := map[string]struct {
		anyOf  []outdial.Scope
		agents bool
	}{
		"Enqueue":        {[]outdial.Scope{write}, managers},
		"NextDials":      {[]outdial.Scope{steer}, anybody},
		"Start":          {[]outdial.Scope{steer}, managers},
		"Pause":          {[]outdial.Scope{steer}, managers},
		"Resume":         {[]outdial.Scope{steer}, managers},
		"Stop":           {[]outdial.Scope{steer}, managers},
		"Sweep":          {[]outdial.Scope{ops}, anybody},
		"RollbackLaunch": {[]outdial.Scope{ops}, managers},
		"List":           {[]outdial.Scope{steer, write}, managers},
		"Calls":          {[]outdial.Scope{steer}, anybody},
		"Stats":          {[]outdial.Scope{steer, write, pull}, anybody},
	}
	require.Len(t, tests, len(operations()), "every operation has its row")

	for name, test := range tests {
		for role, allowed := range map[outdial.Role]bool{
			outdial.RoleAgent: test.agents, outdial.RoleManager: true, outdial.RoleAdmin: true, "": false, "root": false,
		} {
			t.Run(name+" by role "+string(role), func(t *testing.T) {
				t.Parallel()

				for _, scope := range outdial.Scopes() {
					requireAccess(t, operations()[name], outdial.Actor{ID: agentID, Role: role, Scopes: []outdial.Scope{scope}},
						allowed && slices.Contains(test.anyOf, scope))
				}
				requireAccess(t, operations()[name], outdial.Actor{ID: agentID, Role: role}, false)
				if role == outdial.RoleAgent {
					requireAccess(t, operations()[name], outdial.Actor{Role: role, Scopes: outdial.Scopes()}, false)
				}
			})
		}
	}
}

// requireAccess makes the call and checks the answer, and that a refused call does not
// ask the store.
func requireAccess(t *testing.T, call call, actor outdial.Actor, allowed bool) {
	t.Helper()
	service, bundle := setup(t)
	err := call(t.Context(), service, actor)
	if allowed {
		require.NoError(t, err, actor.Scopes)
		require.Len(t, bundle.store.calls, 1)
		return
	}
	require.ErrorIs(t, err, outdial.ErrForbidden, actor.Scopes)
	require.Empty(t, bundle.store.calls)
	require.Empty(t, bundle.log.String())
}
