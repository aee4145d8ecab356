// Package sqlstore is the one implementation of store.Store over SQL. An engine
// gives it a connection pool, what it spells differently, and its own version of
// the few statements in which engines truly differ.
package sqlstore

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jmoiron/sqlx"

	"github.com/outdial/outdial/queue/filter"
)

//go:embed sql/*.sql
var sharedSQL embed.FS

// Store runs the shared queries of one engine. It is safe for concurrent use.
type Store struct {
	db         *sqlx.DB
	engine     Engine
	library    *Library
	statements *statements
	// host is the transaction that a host has lent, or nil.
	host *sqlx.Tx
}

// New returns a store over the pool.
func New(db *sqlx.DB, engine Engine) (*Store, error) {
	shared, err := fs.Sub(sharedSQL, "sql")
	if err != nil {
		return nil, fmt.Errorf("open shared queries: %w", err)
	}
	library, err := LoadLibrary(shared, engine.SQL)
	if err != nil {
		return nil, fmt.Errorf("load %s queries: %w", engine.Name, err)
	}
	engine.Filter.Templates = library.Templates(filter.TemplateNames())
	if err := engine.Filter.Check(); err != nil {
		return nil, fmt.Errorf("load %s filters: %w", engine.Name, err)
	}
	return &Store{
		db: db, engine: engine, library: library,
		statements: newStatements(db, library, engine.Binding),
	}, nil
}

// WithTx returns a store like this one whose every method runs inside the host's
// transaction, and that neither begins nor ends it. A method that fails leaves the
// transaction as it was before the method, and usable.
//
// Nothing is retried there: a serialization failure ends the host's transaction,
// and the host decides what to do.
func (s *Store) WithTx(tx *sqlx.Tx) *Store {
	bound := *s
	bound.host = tx
	return &bound
}

// DB returns the pool.
func (s *Store) DB() *sqlx.DB { return s.db }

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.PingContext(ctx) }

// CloseStatements gives up prepared statements, and leaves the pool open.
func (s *Store) CloseStatements() error { return s.statements.close() }

// reader is where a single query runs.
func (s *Store) reader() *Conn {
	return &Conn{store: s, tx: s.host, unprepared: s.host != nil}
}
