package sqlite

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"

	"github.com/outdial/outdial/store"
	"github.com/outdial/outdial/store/internal/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed columns.sql
var columns string

// Migrate brings the database to the newest schema. It adds what is missing and
// never drops or rewrites a host's data. Two processes may call it at once.
//
// It runs on the pool, also on a store bound to a transaction.
func (s *Store) Migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("open migrations: %w", err)
	}
	if err := addColumns(ctx, s.DB()); err != nil {
		return err
	}
	return sqlstore.Migrate(ctx, s.DB().DB, goose.DialectSQLite3, files, nil)
}

// addColumns gives a host's own tables the columns they lack. A table that is not
// there yet is left to the migrations.
func addColumns(ctx context.Context, db *sqlx.DB) error {
	for statement := range strings.Lines(columns) {
		words := strings.Fields(statement)
		if len(words) == 0 || words[0] != "ALTER" {
			continue
		}
		table, column := words[2], words[5]
		lacks, err := lacksColumn(ctx, db, table, column)
		if err != nil {
			return err
		}
		if !lacks {
			continue
		}
		if _, err := db.ExecContext(ctx, statement); err != nil {
			// Another process may have added it since.
			if lacks, lookErr := lacksColumn(ctx, db, table, column); lookErr != nil || lacks {
				return fmt.Errorf("add column %s.%s: %w", table, column, err)
			}
		}
	}
	return nil
}

// lacksColumn says whether the table is there and the column is not.
func lacksColumn(ctx context.Context, db *sqlx.DB, table, column string) (bool, error) {
	var has []string
	if err := db.SelectContext(ctx, &has, "SELECT name FROM pragma_table_info(?)", table); err != nil {
		return false, fmt.Errorf("look at table %s: %w", table, err)
	}
	there := slices.ContainsFunc(has, func(name string) bool { return strings.EqualFold(name, column) })
	return len(has) > 0 && !there, nil
}

// Migrations returns every version of the schema as SQL, for hosts that migrate
// with a tool of their own. A host that has some of these tables already must add the
// missing columns first; version 0 lists them.
func Migrations() ([]store.Migration, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open migrations: %w", err)
	}
	versions, err := sqlstore.Migrations(files)
	if err != nil {
		return nil, err
	}
	var comment strings.Builder
	comment.WriteString("-- Only where these tables exist already, for the columns they lack:\n")
	for statement := range strings.Lines(columns) {
		if strings.HasPrefix(statement, "ALTER") {
			comment.WriteString("-- " + statement)
		}
	}
	return append([]store.Migration{{Name: "columns", SQL: comment.String()}}, versions...), nil
}
