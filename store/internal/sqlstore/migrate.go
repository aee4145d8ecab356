package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/outdial/outdial/store"
)

// VersionTable is where applied migrations are recorded. It is the library's own,
// so that a host's migrations of any tool stay out of its way.
const VersionTable = "outdial_schema_version"

// Migrate applies every migration of files that the database does not have yet.
// locker, when not nil, keeps two processes from migrating at once.
func Migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, files fs.FS, locker lock.Locker) error {
	options := []goose.ProviderOption{
		goose.WithTableName(VersionTable),
		goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(slog.New(slog.DiscardHandler)),
	}
	if locker != nil {
		options = append(options, goose.WithLocker(locker))
	}
	provider, err := goose.NewProvider(dialect, db, files, options...)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Migrations returns the migrations of files in order, as plain SQL.
func Migrations(files fs.FS) ([]store.Migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	migrations := make([]store.Migration, 0, len(names))
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		number, title, _ := strings.Cut(strings.TrimSuffix(path.Base(name), ".sql"), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no version: %w", name, err)
		}
		migration := store.Migration{Version: version, Name: title}
		var plain strings.Builder
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "-- +goose") {
				migration.NoTransaction = migration.NoTransaction || strings.Contains(line, "NO TRANSACTION")
				continue
			}
			plain.WriteString(line)
		}
		migration.SQL = strings.TrimSpace(plain.String()) + "\n"
		migrations = append(migrations, migration)
	}
	return migrations, nil
}
