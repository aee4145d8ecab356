// Package postgres keeps outdial in PostgreSQL 15 or newer, in a host's own
// database beside the host's own tables.
//
// It works through any database/sql driver: lib/pq, lib/pq with
// binary_parameters=yes behind a pooler such as PgBouncer, or pgx's stdlib driver.
// Open uses lib/pq; New takes whatever pool the host has.
package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq" // the driver that Open uses

	"github.com/outdial/outdial/store/internal/sqlstore"
)

//go:embed sql/*.sql
var queries embed.FS

// Options adjust a store over a host's own pool.
type Options struct {
	// Unprepared keeps no prepared statements. It must be set behind a pooler in
	// transaction mode, where a statement prepared on one connection is asked for
	// on another. Pulls cost about half as much again. Defaults to false.
	Unprepared bool
}

// Store is store.Store over PostgreSQL. It is safe for concurrent use, in one
// process and in many.
type Store struct {
	*sqlstore.Store
	owned *sqlx.DB
}

// Open connects with lib/pq and checks that the database answers. dsn is a
// postgres:// URL or a list of key=value pairs. With binary_parameters=yes in it,
// no prepared statements are kept.
func Open(ctx context.Context, dsn string) (*Store, error) {
	db, err := sqlx.Open("postgres", dsn)
	if err != nil {
		return nil, fmt.Errorf("open postgres: %w", err)
	}
	// More connections than this only queue inside the server.
	const connections = 32
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to postgres: %w", err), db.Close())
	}
	store, err := New(db, Options{Unprepared: strings.Contains(dsn, "binary_parameters=yes")})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	store.owned = db
	return store, nil
}

// New returns a store over the host's own pool, which stays the host's to close.
func New(db *sqlx.DB, options Options) (*Store, error) {
	own, err := fs.Sub(queries, "sql")
	if err != nil {
		return nil, fmt.Errorf("open postgres queries: %w", err)
	}
	shared, err := sqlstore.New(db, sqlstore.Engine{
		Name:            "postgres",
		SQL:             own,
		Binding:         sqlstore.BindNumbered,
		Filter:          dialect(),
		FillLists:       fillLists,
		Time:            timeValue,
		Prepare:         !options.Unprepared,
		Retryable:       retryable,
		UniqueViolation: func(err error) bool { return sqlState(err) == "23505" },
		LockCampaign:    lockCampaign,
	})
	if err != nil {
		return nil, err
	}
	return &Store{Store: shared}, nil
}

// WithTx returns a store like this one whose every method runs inside the host's
// transaction, so that a host can make our change and its own together. A method
// that fails leaves the transaction as it was before the method, and usable.
// Nothing is retried there.
func (s *Store) WithTx(tx *sqlx.Tx) *Store { return &Store{Store: s.Store.WithTx(tx)} }

// Close closes the pool that Open made. Over a host's pool it only gives up the
// statements that were prepared on it.
func (s *Store) Close() error {
	err := s.CloseStatements()
	if s.owned != nil {
		err = errors.Join(err, s.owned.Close())
	}
	return err
}

func timeValue(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}

func lockCampaign(ctx context.Context, c *sqlstore.Conn, campaignID uuid.UUID, now time.Time) (bool, error) {
	var found bool
	err := c.Get(ctx, &found, "lock_campaign", sqlstore.Args{"campaign_id": campaignID, "now": now.UTC()})
	return found, err
}

// sqlState is the error's code, whichever driver it came through.
func sqlState(err error) string {
	var coded interface{ SQLState() string }
	if errors.As(err, &coded) {
		return coded.SQLState()
	}
	return ""
}

// retryable says whether the server ended a transaction for the sake of another:
// a serialization failure or a deadlock.
func retryable(err error) bool {
	state := sqlState(err)
	return state == "40001" || state == "40P01"
}
