package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/outdial/outdial/store"
	"github.com/outdial/outdial/store/postgres"
	"github.com/outdial/outdial/store/sqlite"
)

const defaultDatabase = "outdial.db"

// database is the flag -db, which every command has.
type database struct {
	DB string `default:"${db}" help:"The database: a SQLite file, :memory:, or a postgres:// URL (default ${db})." name:"db" placeholder:"FILE|:memory:|postgres://…"`
}

func (d database) isPostgres() bool {
	return strings.HasPrefix(d.DB, "postgres://") || strings.HasPrefix(d.DB, "postgresql://")
}

// file is the path of a SQLite file, empty for the other kinds of database.
func (d database) file() string {
	if d.isPostgres() || d.DB == sqlite.Memory {
		return ""
	}
	path, _, _ := strings.Cut(strings.TrimPrefix(d.DB, "file:"), "?")
	return path
}

// check refuses what is no database of any kind.
func (d database) check() error {
	switch {
	case d.DB == "":
		return errors.New("-db: is empty")
	case strings.Contains(d.DB, "://") && !d.isPostgres():
		return fmt.Errorf("-db: %s is neither a file nor a postgres:// URL", d.shown())
	}
	return nil
}

// open connects to the database and brings it to the newest schema.
func (d database) open(t *terminal) (store.Store, error) {
	st, err := d.connect(t)
	if err != nil {
		return nil, err
	}
	if err := st.Migrate(t.ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", d.shown(), err), st.Close())
	}
	return st, nil
}

func (d database) connect(t *terminal) (store.Store, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	var st store.Store
	var err error
	if d.isPostgres() {
		st, err = postgres.Open(t.ctx, d.DB)
	} else {
		st, err = sqlite.Open(t.ctx, d.DB)
	}
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", d.shown(), err)
	}
	return st, nil
}

// openExisting is open for commands that make no sense on a new file: a mistyped
// name must not look like a database where there is nothing to do.
func (d database) openExisting(t *terminal) (store.Store, error) {
	if file := d.file(); file != "" {
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("database: %w", err)
		}
	}
	return d.open(t)
}

// shown is the database in a form fit to print: without a password.
func (d database) shown() string {
	if !strings.Contains(d.DB, "://") {
		return d.DB
	}
	address, err := url.Parse(d.DB)
	if err != nil {
		return "at an address that is not a URL"
	}
	// Parameters may hold a password too.
	address.User, address.RawQuery = nil, ""
	return address.String()
}
