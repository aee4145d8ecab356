package outdial

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Role is what a person is in the call centre. It decides whose queue they may
// change; a Scope decides which operations their token allows at all.
type Role string

// The roles, from the least to the most powerful.
const (
	// RoleAgent makes calls and acts on their own queue only.
	RoleAgent Role = "agent"
	// RoleManager acts on any agent's queue.
	RoleManager Role = "manager"
	// RoleAdmin acts on any agent's queue and on all of them at once.
	RoleAdmin Role = "admin"
)

// ParseRole returns the role with that name, or an error matching ErrInvalid.
func ParseRole(name string) (Role, error) {
	switch role := Role(name); role {
	case RoleAgent, RoleManager, RoleAdmin:
		return role, nil
	default:
		return "", Invalid("role", "must be agent, manager or admin")
	}
}

// Scope is one permission that a token carries, in the form resource:verb.
type Scope string

// The scopes. Each is checked in the service that does the work, so that HTTP is
// not the only guard.
const (
	// ScopeQueuePull lets an agent work: pull, start, heartbeat, release, and
	// look at their queue.
	ScopeQueuePull Scope = "queue:pull"
	// ScopeQueueWrite lets an actor change what is queued: replace, preview,
	// clear, enqueue, import.
	ScopeQueueWrite Scope = "queue:write"
	// ScopeTelephonyWebhook lets a carrier report call events.
	ScopeTelephonyWebhook Scope = "telephony:webhook"
	// ScopeSuppressionWrite lets an actor change who must not be called.
	ScopeSuppressionWrite Scope = "suppression:write"
	// ScopeDialerControl lets an actor start, pause and pace a campaign.
	ScopeDialerControl Scope = "dialer:control"
	// ScopeOpsRun lets an operator run the runbooks: sweep, purge, rollback,
	// replay.
	ScopeOpsRun Scope = "ops:run"
)

// Scopes lists every scope there is, in a stable order.
func Scopes() []Scope {
	return []Scope{
		ScopeQueuePull, ScopeQueueWrite, ScopeTelephonyWebhook,
		ScopeSuppressionWrite, ScopeDialerControl, ScopeOpsRun,
	}
}

// ParseScopes reads a space-separated list as a JWT carries it. An unknown scope
// is an error matching ErrInvalid: a mistyped permission must not pass silently.
// The empty string is no scope.
func ParseScopes(list string) ([]Scope, error) {
	var scopes []Scope
	for name := range strings.FieldsSeq(list) {
		scope := Scope(name)
		if !slices.Contains(Scopes(), scope) {
			return nil, Invalid("scope", fmt.Sprintf("%q is not a scope", name))
		}
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes, nil
}

// Actor is who asks for something. Every service method takes one, checks it,
// and writes its ID to the audit log. The zero Actor may do nothing.
type Actor struct {
	// ID is the person's id in the host; for an agent it is the agent id that
	// queues are kept under.
	ID uuid.UUID
	// Role decides whose queue the actor may change.
	Role Role
	// Scopes are the operations the actor's token allows.
	Scopes []Scope
}

// System is the actor of work that no person asked for: sweepers, importers run
// from the command line, a host's own jobs. It is an admin with every scope, and
// its id is the nil UUID, so that an audit entry shows that nobody pressed a
// button.
func System() Actor {
	return Actor{Role: RoleAdmin, Scopes: Scopes()}
}

// Has says whether the actor's token carries the scope.
func (a Actor) Has(scope Scope) bool { return slices.Contains(a.Scopes, scope) }

// ManagesOthers says whether the actor may act on queues other than their own.
func (a Actor) ManagesOthers() bool { return a.Role == RoleManager || a.Role == RoleAdmin }

// Require returns nil when the actor has a known role and one of the scopes, and
// otherwise an error matching ErrForbidden that names what is missing. An agent
// needs an ID too: without one, "their own queue" would be nobody's.
func (a Actor) Require(anyOf ...Scope) error {
	if _, err := ParseRole(string(a.Role)); err != nil {
		return Forbidden("the actor has no role")
	}
	if a.Role == RoleAgent && a.ID == uuid.Nil {
		return Forbidden("an agent needs an id")
	}
	if slices.ContainsFunc(anyOf, a.Has) {
		return nil
	}
	names := make([]string, len(anyOf))
	for i, scope := range anyOf {
		names[i] = string(scope)
	}
	return Forbidden("needs scope " + strings.Join(names, " or "))
}

// RequireAgent returns nil when the actor may act on that agent's queue: their
// own, or anyone's for managers and admins. Otherwise the error matches
// ErrForbidden.
func (a Actor) RequireAgent(agentID uuid.UUID) error {
	if a.ManagesOthers() || a.ID == agentID {
		return nil
	}
	return Forbidden("an agent acts on their own queue only")
}
