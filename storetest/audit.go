package storetest

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
)

// auditOf returns the campaign's actor's entries of one action, oldest first.
func auditOf(c *campaign, action outdial.Action) []outdial.AuditEntry {
	c.Helper()
	entries := []outdial.AuditEntry{}
	for _, entry := range c.audit() {
		if entry.Action == action {
			entries = append(entries, entry)
		}
	}
	return entries
}

// requireAudit checks an entry about the campaign: who, what, when, and the
// members of its meta that are given. Others may be there.
func requireAudit(c *campaign, entry outdial.AuditEntry, meta map[string]any) {
	c.Helper()
	require.Equal(c, c.actor, entry.ActorID)
	require.Equal(c, "campaign", entry.TargetType)
	require.Equal(c, c.id, entry.TargetID)
	require.True(c, entry.CreatedAt.Equal(c.now), "created at %s, not at %s", entry.CreatedAt, c.now)
	requireMeta(c, entry, meta)
}

// requireMeta compares as text, since a number may come back as any of Go's
// kinds of number.
func requireMeta(c *campaign, entry outdial.AuditEntry, meta map[string]any) {
	c.Helper()
	for name, want := range meta {
		require.Contains(c, entry.Meta, name)
		require.Equal(c, fmt.Sprint(want), fmt.Sprint(entry.Meta[name]), "meta %s", name)
	}
}
