package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/outdial/outdial/store"
	"github.com/outdial/outdial/store/postgres"
	"github.com/outdial/outdial/store/sqlite"
)

// migrateCommand migrates, or prints what a migration would run, for hosts that
// migrate with a tool of their own.
type migrateCommand struct {
	database

	Print bool `help:"Print the SQL of every version instead of running it. No database is opened; -db says which kind."`
}

// Run migrates or prints.
func (c *migrateCommand) Run(t *terminal) (err error) {
	versions, err := c.migrations()
	if err != nil {
		return err
	}
	if c.Print {
		for _, version := range versions {
			fmt.Fprintf(t.out, "-- version %d: %s\n", version.Version, strings.ReplaceAll(version.Name, "_", " "))
			if version.NoTransaction {
				fmt.Fprintln(t.out, "-- run this one outside a transaction")
			}
			fmt.Fprintf(t.out, "\n%s\n", version.SQL)
		}
		return nil
	}
	st, err := c.open(t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	t.notef("database %s is at version %d", c.shown(), versions[len(versions)-1].Version)
	return nil
}

func (c *migrateCommand) migrations() ([]store.Migration, error) {
	if c.isPostgres() {
		return postgres.Migrations()
	}
	return sqlite.Migrations()
}
