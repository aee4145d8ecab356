package queue_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// TestAccess is who may do what. Each column of three is a role: for their own
// queue, for another agent's, and for a request that names no agent. Operations
// that are about no agent say the same three times.
//
//	yes      the store is asked
//	no       ErrForbidden
//	invalid  ErrInvalid: the request must name an agent
func TestAccess(t *testing.T) {
	t.Parallel()

	type rights struct{ own, other, none string }
	const (
		pull  = outdial.ScopeQueuePull
		write = outdial.ScopeQueueWrite
		ops   = outdial.ScopeOpsRun
	)
	everybody := rights{"yes", "yes", "yes"}
	nobody := rights{"no", "no", "no"}
	tests := []struct {
		operation             string
		anyOf                 []outdial.Scope
		agent, manager, admin rights
	}{
		{"Replace", []outdial.Scope{write}, rights{"yes", "no", "invalid"}, rights{"yes", "yes", "invalid"}, rights{"yes", "yes", "invalid"}},
		{"Preview", []outdial.Scope{write}, rights{"yes", "no", "invalid"}, rights{"yes", "yes", "invalid"}, rights{"yes", "yes", "invalid"}},
		{"Clear", []outdial.Scope{write}, rights{"yes", "no", "invalid"}, rights{"yes", "yes", "invalid"}, rights{"yes", "yes", "invalid"}},
		{"ClearAll", []outdial.Scope{write}, nobody, nobody, everybody},
		{"Pull", []outdial.Scope{pull}, rights{"yes", "no", "yes"}, everybody, everybody},
		// Whose item it is, the store knows: see TestMovesNameWhoMustHoldTheItem.
		{"Start", []outdial.Scope{pull}, everybody, everybody, everybody},
		{"Heartbeat", []outdial.Scope{pull}, everybody, everybody, everybody},
		{"Release", []outdial.Scope{pull}, everybody, everybody, everybody},
		// No agent is the pool here, and themselves for an agent who lists.
		{"Enqueue", []outdial.Scope{write}, rights{"yes", "no", "no"}, everybody, everybody},
		{"Sweep", []outdial.Scope{ops}, everybody, everybody, everybody},
		{"RollbackLaunch", []outdial.Scope{ops}, nobody, everybody, everybody},
		{"List", []outdial.Scope{pull, write}, rights{"yes", "no", "yes"}, everybody, everybody},
		{"Stats", []outdial.Scope{pull, write}, everybody, everybody, everybody},
		{"Campaigns", []outdial.Scope{pull, write}, everybody, everybody, everybody},
		{"FilterFields", []outdial.Scope{pull, write}, everybody, everybody, everybody},
	}
	require.Len(t, tests, len(operations()), "every operation has its row")

	for _, test := range tests {
		op := named(t, test.operation)[0]
		for role, want := range map[outdial.Role]rights{
			outdial.RoleAgent: test.agent, outdial.RoleManager: test.manager, outdial.RoleAdmin: test.admin,
			"": nobody, "root": nobody,
		} {
			for target, want := range map[string]string{"own": want.own, "other": want.other, "none": want.none} {
				about := map[string]uuid.UUID{"own": agentID, "other": otherAgent, "none": uuid.Nil}[target]
				t.Run(strings.Join([]string{test.operation, "by role " + string(role), "for " + target, want}, " "), func(t *testing.T) {
					t.Parallel()

					// Any one of the scopes is enough, and all the others are not.
					for _, scope := range test.anyOf {
						requireAccess(t, op, outdial.Actor{ID: agentID, Role: role, Scopes: []outdial.Scope{scope}}, about, want)
					}
					rest := slices.DeleteFunc(outdial.Scopes(), func(scope outdial.Scope) bool { return slices.Contains(test.anyOf, scope) })
					requireAccess(t, op, outdial.Actor{ID: agentID, Role: role, Scopes: rest}, about, "no")
					requireAccess(t, op, outdial.Actor{ID: agentID, Role: role}, about, "no")
				})
			}
		}
	}
}

func TestAnAgentWithoutAnIDMayDoNothing(t *testing.T) {
	t.Parallel()

	// Such an actor owns the nil UUID, which stands for the pool and for everybody.
	nobody := outdial.Actor{Role: outdial.RoleAgent, Scopes: outdial.Scopes()}
	for _, op := range operations() {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()

			requireAccess(t, op, nobody, uuid.Nil, "no")
			requireAccess(t, op, nobody, agentID, "no")
		})
	}
}

// requireAccess makes the call and checks the answer, and that a refused call
// asks neither the store nor the host.
func requireAccess(t *testing.T, op operation, actor outdial.Actor, agentID uuid.UUID, want string) {
	t.Helper()
	agents := &directory{known: []uuid.UUID{agentID, actor.ID}}
	service, bundle := setup(t, func(c *queue.Config) { c.Agents = agents })
	err := op.call(t.Context(), service, actor, agentID)
	switch want {
	case "yes":
		require.NoError(t, err)
		require.NotEmpty(t, bundle.store.calls)
		return
	case "no":
		require.ErrorIs(t, err, outdial.ErrForbidden)
	case "invalid":
		requireFieldError(t, err, "agent_id", "is required")
	default:
		require.Fail(t, "unknown verdict", want)
	}
	require.Empty(t, bundle.store.calls)
	require.Empty(t, agents.asked)
	require.Empty(t, bundle.log.String())
}

func TestFeatureFlag(t *testing.T) {
	t.Parallel()

	gated := []string{"Replace", "Preview", "Clear", "ClearAll"}
	for _, flags := range []struct {
		name string
		is   outdial.Flags
	}{
		{"that nobody answers for", nil},
		{"that is not set", outdial.StaticFlags{}},
		{"that is false", outdial.StaticFlags{outdial.FlagQueueReplace: false}},
	} {
		for _, op := range operations() {
			off := slices.Contains(gated, op.name)
			name := op.name + " works with a flag " + flags.name
			if off {
				name = op.name + " does not exist with a flag " + flags.name
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()

				service, bundle := setup(t, func(c *queue.Config) { c.Flags = flags.is })
				err := op.call(t.Context(), service, admin(), agentID)
				if !off {
					require.NoError(t, err)
					require.NotEmpty(t, bundle.store.calls)
					return
				}
				require.ErrorIs(t, err, outdial.ErrNotEnabled)
				require.EqualError(t, err, "queue_replace_v1: not enabled")
				require.Empty(t, bundle.store.calls)
			})
		}
	}

	t.Run("comes before every other check", func(t *testing.T) {
		t.Parallel()

		agents := &directory{}
		service, bundle := setup(t, func(c *queue.Config) { c.Flags, c.Agents = nil, agents })
		var stranger outdial.Actor
		_, err := service.Replace(t.Context(), stranger, queue.ReplaceRequest{PerAccountCap: -1})
		require.ErrorIs(t, err, outdial.ErrNotEnabled)
		_, err = service.Preview(t.Context(), stranger, queue.ReplaceRequest{MaxQueueSize: -1})
		require.ErrorIs(t, err, outdial.ErrNotEnabled)
		_, err = service.Clear(t.Context(), stranger, queue.ClearRequest{})
		require.ErrorIs(t, err, outdial.ErrNotEnabled)
		_, err = service.ClearAll(t.Context(), stranger, queue.ClearAllRequest{})
		require.ErrorIs(t, err, outdial.ErrNotEnabled)
		require.Empty(t, bundle.store.calls)
		require.Empty(t, agents.asked)
	})
	t.Run("is asked for the actor, so that a host can turn it on for some", func(t *testing.T) {
		t.Parallel()

		service, _ := setup(t, func(c *queue.Config) { c.Flags = onlyFor{managerID} })
		for _, op := range named(t, "Replace", "Preview", "Clear") {
			require.NoError(t, op.call(t.Context(), service, manager(), agentID), op.name)
			require.ErrorIs(t, op.call(t.Context(), service, agent(), agentID), outdial.ErrNotEnabled, op.name)
		}
	})
}

type onlyFor struct{ actorID uuid.UUID }

func (f onlyFor) Enabled(_ context.Context, flag outdial.Flag, actor outdial.Actor) bool {
	return flag == outdial.FlagQueueReplace && actor.ID == f.actorID
}
