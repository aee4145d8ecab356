// Package enginetest gives the conformance suite its view of an SQL engine: the
// host's transactions, and the tables as they are.
package enginetest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/store"
	"github.com/outdial/outdial/storetest"
)

// Engine says what differs between the engines in the eyes of the suite.
type Engine struct {
	// Bind returns the store that works inside the transaction.
	Bind func(st store.Store, tx *sqlx.Tx) store.Store
	// RowVersion is an SQL expression over agent_queue that changes whenever a row
	// is written. PrepareVersions, where set, makes the database keep it.
	RowVersion      string
	PrepareVersions string
}

// Pool is what a store of any SQL engine has.
type Pool interface{ DB() *sqlx.DB }

// Features returns what the suite may ask of the engine beyond store.Store.
func Features(engine Engine) storetest.Features {
	return storetest.Features{
		Transaction: func(t testing.TB, st store.Store) (store.Store, func() error, func() error) {
			t.Helper()
			tx, err := pool(t, st).BeginTxx(t.Context(), nil)
			require.NoError(t, err)
			return engine.Bind(st, tx), tx.Commit, tx.Rollback
		},
		Audit:             audit,
		SuppressionEvents: suppressionEvents,
		UpdateContact:     updateContact,
		QueueRowVersions: func(t testing.TB, st store.Store, campaignID uuid.UUID) map[uuid.UUID]string {
			t.Helper()
			db := pool(t, st)
			if engine.PrepareVersions != "" {
				_, err := db.ExecContext(t.Context(), engine.PrepareVersions)
				require.NoError(t, err)
			}
			return rowVersions(t, db, engine.RowVersion, campaignID)
		},
	}
}

func pool(t testing.TB, st store.Store) *sqlx.DB {
	t.Helper()
	holder, ok := st.(Pool)
	require.True(t, ok, "the store has no pool")
	return holder.DB()
}

func audit(t testing.TB, st store.Store, actorID uuid.UUID) []outdial.AuditEntry {
	t.Helper()
	db := pool(t, st)
	rows, err := db.QueryxContext(t.Context(), db.Rebind(
		"SELECT id, action, target_type, target_id, meta, created_at FROM audit_log WHERE actor_id = ?"), actorID)
	require.NoError(t, err)
	defer rows.Close() //nolint:errcheck // read to the end below
	var entries []outdial.AuditEntry
	for rows.Next() {
		entry := outdial.AuditEntry{ActorID: actorID}
		var meta string
		var at any
		require.NoError(t, rows.Scan(&entry.ID, &entry.Action, &entry.TargetType, &entry.TargetID, &meta, &at))
		require.NoError(t, json.Unmarshal([]byte(meta), &entry.Meta))
		switch at := at.(type) {
		case time.Time:
			entry.CreatedAt = at.UTC()
		case int64:
			entry.CreatedAt = time.UnixMicro(at).UTC()
		default:
			require.Fail(t, "created_at is of an unexpected type", "%T", at)
		}
		entries = append(entries, entry)
	}
	require.NoError(t, rows.Err())
	return entries
}

func suppressionEvents(t testing.TB, st store.Store, key string) int {
	t.Helper()
	db := pool(t, st)
	var events int
	require.NoError(t, db.GetContext(t.Context(), &events,
		db.Rebind("SELECT count(*) FROM suppression_events WHERE value_key = ?"), key))
	return events
}

// updateContact writes the columns a host owns, and leaves phone_key and email_key
// to the database's own triggers, as a host that knows nothing of them does.
func updateContact(t testing.TB, st store.Store, contact outdial.Contact) {
	t.Helper()
	db := pool(t, st)
	changed, err := db.ExecContext(t.Context(), db.Rebind(`UPDATE contacts SET first_name = ?, last_name = ?,
		company = ?, phone = ?, email = ?, is_valid = ?, is_opted_out = ? WHERE id = ?`),
		contact.FirstName, contact.LastName, contact.Company, text(contact.Phone.E164()),
		text(contact.Email.Address()), !contact.Invalid, contact.OptedOut, contact.ID)
	require.NoError(t, err)
	rows, err := changed.RowsAffected()
	require.NoError(t, err)
	require.EqualValues(t, 1, rows)
	if contact.PhoneStatus != "" {
		_, err = db.ExecContext(t.Context(), db.Rebind("UPDATE contacts SET phone_status = ? WHERE id = ?"),
			string(contact.PhoneStatus), contact.ID)
		require.NoError(t, err)
	}
}

func text(value string) any {
	if value == "" {
		return nil
	}
	return value
}

func rowVersions(t testing.TB, db *sqlx.DB, expression string, campaignID uuid.UUID) map[uuid.UUID]string {
	t.Helper()
	rows, err := db.QueryxContext(t.Context(), db.Rebind(
		fmt.Sprintf("SELECT id, %s FROM agent_queue WHERE campaign_id = ?", expression)), campaignID)
	require.NoError(t, err)
	defer rows.Close() //nolint:errcheck // read to the end below
	versions := map[uuid.UUID]string{}
	for rows.Next() {
		var id uuid.UUID
		var version string
		require.NoError(t, rows.Scan(&id, &version))
		versions[id] = version
	}
	require.NoError(t, rows.Err())
	return versions
}
