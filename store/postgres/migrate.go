package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/outdial/outdial/store"
	"github.com/outdial/outdial/store/internal/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the database to the newest schema. It adds what is missing and
// never drops or rewrites a host's data; indexes are built without blocking
// writers. Two processes may call it at once: the second waits.
//
// It runs on the pool, also on a store bound to a transaction.
func (s *Store) Migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("open migrations: %w", err)
	}
	locker, err := lock.NewPostgresTableLocker(lock.WithTableName("outdial_schema_lock"))
	if err != nil {
		return fmt.Errorf("make migration lock: %w", err)
	}
	return sqlstore.Migrate(ctx, s.DB().DB, goose.DialectPostgres, files, locker)
}

// Migrations returns every version of the schema as SQL, for hosts that migrate
// with a tool of their own.
func Migrations() ([]store.Migration, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open migrations: %w", err)
	}
	return sqlstore.Migrations(files)
}
