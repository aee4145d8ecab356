// Package sqlite keeps outdial in a SQLite file, or in memory, with nothing to
// install. It is the store for one process: a desk tool, a test, a demonstration,
// a call centre on one machine.
//
// Open uses modernc.org/sqlite, which needs no C compiler. New takes a host's own
// pool: any driver that takes named parameters, knows SQLite 3.39 or newer, and
// returns integers as integers.
package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite" // the driver that Open uses

	"github.com/outdial/outdial/store/internal/sqlstore"
)

//go:embed sql/*.sql
var queries embed.FS

// Store is store.Store over SQLite. It is safe for concurrent use; writes of one
// process run one after another.
type Store struct {
	*sqlstore.Store
	owned *sqlx.DB
}

// Memory is the data source of a database that lives as long as its store.
const Memory = ":memory:"

// Open opens the file, creating it when it is not there, or a database in memory
// for Memory. A name with a question mark in it is taken as it is, parameters and
// all.
//
// A file is kept in WAL mode with synchronous=NORMAL: after a power cut the last
// commits may be missing, and what is there is whole.
func Open(ctx context.Context, dsn string) (*Store, error) {
	db, err := sqlx.Open("sqlite", dataSource(dsn))
	if err != nil {
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	connections := 4
	if dsn == Memory {
		// Each connection in memory would be a database of its own.
		connections = 1
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxLifetime(0)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open sqlite: %w", err), db.Close())
	}
	store, err := New(db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	store.owned = db
	return store, nil
}

func dataSource(dsn string) string {
	if strings.Contains(dsn, "?") {
		return dsn
	}
	pragmas := url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(30000)", "temp_store(MEMORY)", "cache_size(-65536)"},
	}
	if dsn == Memory {
		return dsn + "?" + pragmas.Encode()
	}
	pragmas["_pragma"] = append(pragmas["_pragma"], "journal_mode(WAL)", "synchronous(NORMAL)")
	path := strings.TrimPrefix(dsn, "file:")
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas.Encode()
}

// New returns a store over the host's own pool, which stays the host's to close.
// The pool should wait when the database is busy (busy_timeout) and begin
// transactions as writers (_txlock=immediate).
func New(db *sqlx.DB) (*Store, error) {
	own, err := fs.Sub(queries, "sql")
	if err != nil {
		return nil, fmt.Errorf("open sqlite queries: %w", err)
	}
	shared, err := sqlstore.New(db, sqlstore.Engine{
		Name:            "sqlite",
		SQL:             own,
		Binding:         sqlstore.BindNamed,
		Filter:          dialect(),
		Time:            timeValue,
		Prepare:         true,
		Retryable:       retryable,
		UniqueViolation: uniqueViolation,
		LockCampaign:    lockCampaign,
		Writer:          new(sync.Mutex),
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

// timeValue is a time as integer microseconds: two that are equal compare equal,
// and order is order, which no text form guarantees.
func timeValue(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

func lockCampaign(ctx context.Context, c *sqlstore.Conn, campaignID uuid.UUID, now time.Time) (bool, error) {
	args := sqlstore.Args{"campaign_id": campaignID, "now": timeValue(now)}
	touched, err := c.Exec(ctx, "touch_campaign", args)
	if err != nil || touched > 0 {
		return touched > 0, err
	}
	adopted, err := c.Exec(ctx, "adopt_campaign", args)
	return adopted > 0, err
}

// The primary result codes that matter here (sqlite.org/rescode.html), and the
// extended ones of a unique index and of a primary key.
const (
	codeBusy             = 5
	codeLocked           = 6
	codeConstraintUnique = 2067
	codeConstraintKey    = 1555
)

func resultCode(err error) int {
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		return coded.Code()
	}
	return 0
}

// retryable says whether another connection was in the way.
func retryable(err error) bool {
	const primary = 0xff
	code := resultCode(err) & primary
	return code == codeBusy || code == codeLocked
}

func uniqueViolation(err error) bool {
	code := resultCode(err)
	return code == codeConstraintUnique || code == codeConstraintKey
}
