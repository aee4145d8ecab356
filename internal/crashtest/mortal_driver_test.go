package crashtest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"modernc.org/sqlite"

	"github.com/outdial/outdial/store"
	postgresstore "github.com/outdial/outdial/store/postgres"
	sqlitestore "github.com/outdial/outdial/store/sqlite"
)

// openMortal opens a store whose process dies when it comes to a statement that begins
// with the words, before the statement is carried out.
func openMortal(database, words string) (store.Store, error) {
	if strings.HasPrefix(database, "postgres") {
		connector, err := pq.NewConnector(database)
		if err != nil {
			return nil, err
		}
		db := sqlx.NewDb(sql.OpenDB(mortalConnector{connector.Connect, connector.Driver(), words}), "postgres")
		return postgresstore.New(db, postgresstore.Options{})
	}
	plain := &sqlite.Driver{}
	connect := func(context.Context) (driver.Conn, error) {
		return plain.Open("file:" + database + "?_txlock=immediate&_pragma=busy_timeout(30000)")
	}
	return sqlitestore.New(sqlx.NewDb(sql.OpenDB(mortalConnector{connect, plain, words}), "sqlite"))
}

type mortalConnector struct {
	connect func(context.Context) (driver.Conn, error)
	driver  driver.Driver
	words   string
}

// Connect implements driver.Connector.
func (c mortalConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	whole, ok := conn.(wholeConn)
	if !ok {
		return nil, fmt.Errorf("a %T does too little", conn)
	}
	return mortalConn{whole, c.words}, nil
}

// Driver implements driver.Connector.
func (c mortalConnector) Driver() driver.Driver { return c.driver }

// wholeConn is what both drivers' connections can do.
type wholeConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
}

type mortalConn struct {
	wholeConn

	words string
}

func (c mortalConn) mind(query string) {
	if strings.HasPrefix(strings.Join(strings.Fields(query), " "), c.words) {
		die()
	}
}

// ExecContext implements driver.ExecerContext.
func (c mortalConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.mind(query)
	return c.wholeConn.ExecContext(ctx, query, args)
}

// QueryContext implements driver.QueryerContext.
func (c mortalConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.mind(query)
	return c.wholeConn.QueryContext(ctx, query, args)
}

// CheckNamedValue implements driver.NamedValueChecker.
func (c mortalConn) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := c.wholeConn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return driver.ErrSkip
}
