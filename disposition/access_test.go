package disposition_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/disposition"
)

// TestAccess is who may do what: any one of the scopes, and for some operations the
// role of a manager or an admin. Whose item is recorded, the store knows: see
// TestRecordNamesWhoMustHaveTheItem.
func TestAccess(t *testing.T) {
	t.Parallel()

	const (
		pull     = outdial.ScopeQueuePull
		write    = outdial.ScopeQueueWrite
		steer    = outdial.ScopeDialerControl
		anybody  = true
		managers = false
	)
	tests := map[string]struct {
		anyOf  []outdial.Scope
		agents bool
	}{
		"Record":    {[]outdial.Scope{pull}, anybody},
		"List":      {[]outdial.Scope{write, steer}, anybody},
		"Leads":     {[]outdial.Scope{write, steer}, anybody},
		"Policy":    {[]outdial.Scope{write, steer}, anybody},
		"SetPolicy": {[]outdial.Scope{steer}, managers},
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
	require.Empty(t, bundle.meter.Measurements("outdial.disposition.recorded"))
}

func TestRecordNamesWhoMustHaveTheItem(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		actor  outdial.Actor
		holder uuid.UUID
	}{
		"an agent must have it themselves":         {agent(), agentID},
		"a manager records whoever's it is":        {manager(), uuid.Nil},
		"an admin records whoever's it is":         {admin(), uuid.Nil},
		"the library itself does, whoever's it is": {outdial.System(), uuid.Nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			service, bundle := setup(t)
			require.NoError(t, record(disposition.CodeBusy)(t.Context(), service, test.actor))
			params := lastCall[disposition.RecordParams](t, bundle.store)
			require.Equal(t, test.holder, params.AgentID)
			require.Equal(t, test.actor.ID, params.ActorID)
		})
	}
}

func TestWhoMayNotRecordIsNotToldWhatIsWrong(t *testing.T) {
	t.Parallel()

	service, bundle := setup(t)
	err := record("no such thing", func(r *disposition.Request) { r.CampaignID = uuid.Nil })(t.Context(), service, outdial.Actor{})
	require.ErrorIs(t, err, outdial.ErrForbidden)
	require.NotErrorIs(t, err, outdial.ErrInvalid)
	require.Empty(t, bundle.store.calls)
}
