package outdial_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
)

func TestParseRole(t *testing.T) {
	t.Parallel()

	for _, role := range []outdial.Role{outdial.RoleAgent, outdial.RoleManager, outdial.RoleAdmin} {
		t.Run("knows "+string(role), func(t *testing.T) {
			t.Parallel()

			parsed, err := outdial.ParseRole(string(role))
			require.NoError(t, err)
			require.Equal(t, role, parsed)
		})
	}
	for _, name := range []string{"", "Agent", "ADMIN", " agent", "agent ", "root", "agent,admin", "\x00", strings.Repeat("a", 1_000_000)} {
		t.Run("refuses "+printable(name), func(t *testing.T) {
			t.Parallel()

			parsed, err := outdial.ParseRole(name)
			requireFieldError(t, err, "role", "must be agent, manager or admin")
			require.Empty(t, parsed)
		})
	}
}

func TestScopesListsEachOnceInItsOwnCopy(t *testing.T) {
	t.Parallel()

	require.Equal(t, []outdial.Scope{
		"queue:pull", "queue:write", "telephony:webhook", "suppression:write", "dialer:control", "ops:run",
	}, outdial.Scopes())
	outdial.Scopes()[0] = "changed"
	require.Equal(t, outdial.ScopeQueuePull, outdial.Scopes()[0])
}

func TestParseScopes(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name string
		list string
		want []outdial.Scope
		// problem is what the error says when the list is refused.
		problem string
	}{
		{name: "the empty string is no scope", list: ""},
		{name: "blanks are no scope", list: " \t\n"},
		{name: "one", list: "queue:pull", want: []outdial.Scope{outdial.ScopeQueuePull}},
		{
			name: "several, in the order given", list: "ops:run queue:pull queue:write",
			want: []outdial.Scope{outdial.ScopeOpsRun, outdial.ScopeQueuePull, outdial.ScopeQueueWrite},
		},
		{
			name: "blanks of any kind and number separate", list: "  queue:pull\t\nops:run ",
			want: []outdial.Scope{outdial.ScopeQueuePull, outdial.ScopeOpsRun},
		},
		{
			name: "one that comes twice counts once", list: "queue:pull ops:run queue:pull",
			want: []outdial.Scope{outdial.ScopeQueuePull, outdial.ScopeOpsRun},
		},
		{name: "an unknown one is named", list: "queue:pull queue:push", problem: `"queue:push" is not a scope`},
		{name: "upper case is unknown", list: "QUEUE:PULL", problem: `"QUEUE:PULL" is not a scope`},
		{name: "a comma does not separate", list: "queue:pull,ops:run", problem: `"queue:pull,ops:run" is not a scope`},
		{name: "a wildcard is unknown", list: "*", problem: `"*" is not a scope`},
		{name: "what cannot be printed is quoted", list: "a\x00\x1b[31m", problem: `"a\x00\x1b[31m" is not a scope`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			scopes, err := outdial.ParseScopes(test.list)
			if test.problem != "" {
				requireFieldError(t, err, "scope", test.problem)
				require.Nil(t, scopes)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, scopes)
		})
	}

	t.Run("what is written with blanks is read back", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			want := rapid.SliceOfDistinct(rapid.SampledFrom(outdial.Scopes()), rapid.ID[outdial.Scope]).Draw(t, "scopes")
			names := make([]string, len(want))
			for i, scope := range want {
				names[i] = string(scope)
			}
			scopes, err := outdial.ParseScopes(strings.Join(names, " "))
			require.NoError(t, err)
			require.ElementsMatch(t, want, scopes)
		})
	})
}

func TestActorRequire(t *testing.T) {
	t.Parallel()

	id := uuid.New()
	const (
		noRole = "forbidden: the actor has no role"
		noID   = "forbidden: an agent needs an id"
	)
	tests := []struct {
		name  string
		actor outdial.Actor
		anyOf []outdial.Scope
		// want is the error's text, empty when the actor may.
		want string
	}{
		{
			name:  "an agent with the scope may",
			actor: outdial.Actor{ID: id, Role: outdial.RoleAgent, Scopes: []outdial.Scope{outdial.ScopeQueuePull}},
			anyOf: []outdial.Scope{outdial.ScopeQueuePull},
		},
		{
			name:  "one of several scopes is enough",
			actor: outdial.Actor{ID: id, Role: outdial.RoleAgent, Scopes: []outdial.Scope{outdial.ScopeQueueWrite}},
			anyOf: []outdial.Scope{outdial.ScopeQueuePull, outdial.ScopeQueueWrite},
		},
		{
			name:  "the missing scope is named",
			actor: outdial.Actor{ID: id, Role: outdial.RoleManager},
			anyOf: []outdial.Scope{outdial.ScopeOpsRun},
			want:  "forbidden: needs scope ops:run",
		},
		{
			name:  "all missing scopes are named",
			actor: outdial.Actor{ID: id, Role: outdial.RoleManager, Scopes: []outdial.Scope{outdial.ScopeOpsRun}},
			anyOf: []outdial.Scope{outdial.ScopeQueuePull, outdial.ScopeQueueWrite},
			want:  "forbidden: needs scope queue:pull or queue:write",
		},
		{
			name:  "an admin needs the scope as well",
			actor: outdial.Actor{ID: id, Role: outdial.RoleAdmin},
			anyOf: []outdial.Scope{outdial.ScopeQueueWrite},
			want:  "forbidden: needs scope queue:write",
		},
		{
			name:  "no scope in question allows nobody",
			actor: outdial.Actor{ID: id, Role: outdial.RoleAdmin, Scopes: outdial.Scopes()},
			want:  "forbidden: needs scope ",
		},
		{
			name:  "the zero actor may do nothing",
			anyOf: outdial.Scopes(),
			want:  noRole,
		},
		{
			name:  "scopes without a role allow nothing",
			actor: outdial.Actor{ID: id, Scopes: outdial.Scopes()},
			anyOf: outdial.Scopes(),
			want:  noRole,
		},
		{
			name:  "an unknown role allows nothing",
			actor: outdial.Actor{ID: id, Role: "root", Scopes: outdial.Scopes()},
			anyOf: outdial.Scopes(),
			want:  noRole,
		},
		{
			name:  "an agent without an id may do nothing",
			actor: outdial.Actor{Role: outdial.RoleAgent, Scopes: outdial.Scopes()},
			anyOf: outdial.Scopes(),
			want:  noID,
		},
		{
			name:  "the system may do everything",
			actor: outdial.System(),
			anyOf: []outdial.Scope{outdial.ScopeDialerControl},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			err := test.actor.Require(test.anyOf...)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, outdial.ErrForbidden)
			require.EqualError(t, err, test.want)
		})
	}
}

func TestActorOnQueuesOfOthers(t *testing.T) {
	t.Parallel()

	tests := []struct {
		role   outdial.Role
		others bool
	}{
		{"", false},
		{"root", false},
		{outdial.RoleAgent, false},
		{outdial.RoleManager, true},
		{outdial.RoleAdmin, true},
	}
	for _, test := range tests {
		t.Run("role "+printable(string(test.role)), func(t *testing.T) {
			t.Parallel()

			actor := outdial.Actor{ID: uuid.New(), Role: test.role}
			require.Equal(t, test.others, actor.ManagesOthers())
			require.NoError(t, actor.RequireAgent(actor.ID), "their own queue")
			err := actor.RequireAgent(uuid.New())
			if test.others {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, outdial.ErrForbidden)
			require.EqualError(t, err, "forbidden: an agent acts on their own queue only")
		})
	}
}

func TestSystem(t *testing.T) {
	t.Parallel()

	t.Run("is nobody in the audit log", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, uuid.Nil, outdial.System().ID)
	})
	t.Run("is an admin with every scope", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, outdial.RoleAdmin, outdial.System().Role)
		for _, scope := range outdial.Scopes() {
			require.True(t, outdial.System().Has(scope), scope)
		}
	})
}

// printable makes the name of a subtest out of anything.
func printable(text string) string {
	switch {
	case text == "":
		return "nothing"
	case len(text) > 20:
		return "something long"
	}
	return strings.ReplaceAll(text, "\x00", "NUL")
}
