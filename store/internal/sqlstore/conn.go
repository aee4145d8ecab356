package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"

	"github.com/jmoiron/sqlx"
)

// Conn runs named queries, on the pool or inside a transaction.
type Conn struct {
	store *Store
	// tx is nil outside a transaction.
	tx *sqlx.Tx
	// unprepared is set inside a host's transaction: its connection is not ours
	// to keep statements on.
	unprepared bool
	// wanted are queries that ran here before they were prepared. Preparing takes
	// a connection of the pool, which a transaction must not wait for while it
	// holds one itself.
	wanted []string
}

// Get scans the only row of a query into dest, a struct or a single value. It
// returns sql.ErrNoRows when there is none.
func (c *Conn) Get(ctx context.Context, dest any, name string, args Args) error {
	err := c.run(ctx, name, args, func(stmt *sqlx.Stmt, text string, values []any) error {
		if stmt != nil {
			return stmt.GetContext(ctx, dest, values...)
		}
		return sqlx.GetContext(ctx, c.queryer(), dest, text, values...)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return sql.ErrNoRows
	}
	return err
}

// Select scans the rows of a query into dest, a pointer to a slice.
func (c *Conn) Select(ctx context.Context, dest any, name string, args Args) error {
	return c.run(ctx, name, args, func(stmt *sqlx.Stmt, text string, values []any) error {
		if stmt != nil {
			return stmt.SelectContext(ctx, dest, values...)
		}
		return sqlx.SelectContext(ctx, c.queryer(), dest, text, values...)
	})
}

// Exec runs a query and returns the number of rows it changed.
func (c *Conn) Exec(ctx context.Context, name string, args Args) (int, error) {
	var changed int64
	err := c.run(ctx, name, args, func(stmt *sqlx.Stmt, text string, values []any) (err error) {
		var result sql.Result
		if stmt != nil {
			result, err = stmt.ExecContext(ctx, values...)
		} else {
			result, err = c.execer().ExecContext(ctx, text, values...)
		}
		if err != nil {
			return err
		}
		changed, err = result.RowsAffected()
		return err
	})
	return int(changed), err
}

// GetText is Get for a query whose fragments only this call knows. It is not
// prepared.
func (c *Conn) GetText(ctx context.Context, dest any, name string, fragments map[string]string, args Args) error {
	text, values, err := c.compose(name, fragments, args)
	if err != nil {
		return err
	}
	return failure(ctx, name, sqlx.GetContext(ctx, c.queryer(), dest, text, values...))
}

// SelectText is Select for a query whose fragments only this call knows. It is not
// prepared.
func (c *Conn) SelectText(ctx context.Context, dest any, name string, fragments map[string]string, args Args) error {
	text, values, err := c.compose(name, fragments, args)
	if err != nil {
		return err
	}
	return failure(ctx, name, sqlx.SelectContext(ctx, c.queryer(), dest, text, values...))
}

// ExecText is Exec for a query whose fragments only this call knows. It is not
// prepared.
func (c *Conn) ExecText(ctx context.Context, name string, fragments map[string]string, args Args) (int, error) {
	text, values, err := c.compose(name, fragments, args)
	if err != nil {
		return 0, err
	}
	result, err := c.execer().ExecContext(ctx, text, values...)
	if err != nil {
		return 0, failure(ctx, name, err)
	}
	changed, err := result.RowsAffected()
	return int(changed), err
}

func (c *Conn) compose(name string, fragments map[string]string, args Args) (string, []any, error) {
	text, err := c.store.library.Query(name, fragments)
	if err != nil {
		return "", nil, err
	}
	query := compileQuery(text, c.store.engine.Binding)
	values, err := query.bind(args)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", name, err)
	}
	return query.text, values, nil
}

func (c *Conn) run(ctx context.Context, name string, args Args, do func(*sqlx.Stmt, string, []any) error) error {
	query, err := c.store.statements.query(name)
	if err != nil {
		return err
	}
	values, err := query.bind(args)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if c.unprepared || !c.store.engine.Prepare {
		return failure(ctx, name, do(nil, query.text, values))
	}
	stmt, err := c.statement(ctx, name)
	if err != nil {
		return failure(ctx, "prepare "+name, err)
	}
	if stmt != nil && c.tx != nil {
		stmt = c.tx.StmtxContext(ctx, stmt)
		defer stmt.Close() //nolint:errcheck // the transaction closes it too
	}
	return failure(ctx, name, do(stmt, query.text, values))
}

// failure is a query's error under its name. A driver may report an ended context
// as whatever the server said when it was told to stop; the caller must be able to
// see that nobody was waiting any more.
func failure(ctx context.Context, name string, err error) error {
	if err == nil {
		return nil
	}
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		return fmt.Errorf("%s: %w: %w", name, ended, err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// statement returns the prepared form of a query, or nil when the query has to run
// as text this once.
func (c *Conn) statement(ctx context.Context, name string) (*sqlx.Stmt, error) {
	if c.tx == nil {
		return c.store.statements.prepare(ctx, name)
	}
	stmt := c.store.statements.lookup(name)
	if stmt == nil {
		c.wanted = append(c.wanted, name)
	}
	return stmt, nil
}

// Rows is a statement that takes one row at a time. It must be closed.
type Rows struct {
	name string
	stmt *sqlx.Stmt
}

// PrepareText prepares a query for many rows in the transaction at hand. It is not
// kept.
func (c *Conn) PrepareText(ctx context.Context, name string) (*Rows, error) {
	text, err := c.store.library.Query(name, nil)
	if err != nil {
		return nil, err
	}
	if c.tx == nil {
		return nil, fmt.Errorf("prepare %s: not in a transaction", name)
	}
	stmt, err := c.tx.PreparexContext(ctx, compileQuery(text, c.store.engine.Binding).text)
	if err != nil {
		return nil, failure(ctx, "prepare "+name, err)
	}
	return &Rows{name, stmt}, nil
}

// Row runs the statement with one row of values, as its driver takes them.
func (r *Rows) Row(ctx context.Context, values ...any) error {
	_, err := r.stmt.ExecContext(ctx, values...)
	return failure(ctx, r.name, err)
}

// Close gives the statement up.
func (r *Rows) Close() error { return r.stmt.Close() }

// Driver is the driver of the pool, for what only one driver can do.
func (c *Conn) Driver() driver.Driver { return c.store.db.Driver() }

func (c *Conn) queryer() sqlx.QueryerContext {
	if c.tx != nil {
		return c.tx
	}
	return c.store.db
}

func (c *Conn) execer() sqlx.ExecerContext {
	if c.tx != nil {
		return c.tx
	}
	return c.store.db
}

// statements holds every query in its engine's form and, once used, prepared.
type statements struct {
	db      *sqlx.DB
	queries map[string]compiled

	mu       sync.Mutex
	prepared map[string]*sqlx.Stmt
}

// newStatements compiles every query that is complete without a call's own
// fragments.
func newStatements(db *sqlx.DB, library *Library, binding BindStyle) *statements {
	all := &statements{db: db, queries: map[string]compiled{}, prepared: map[string]*sqlx.Stmt{}}
	for _, name := range library.Names() {
		if text, err := library.Query(name, nil); err == nil {
			all.queries[name] = compileQuery(text, binding)
		}
	}
	return all
}

func (s *statements) query(name string) (compiled, error) {
	query, ok := s.queries[name]
	if !ok {
		return compiled{}, fmt.Errorf("no query %q", name)
	}
	return query, nil
}

func (s *statements) lookup(name string) *sqlx.Stmt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prepared[name]
}

// prepare returns the prepared form of a query and prepares it first when nobody
// has. It waits for a connection without holding the lock: whoever has the
// connection may be asking for a statement.
func (s *statements) prepare(ctx context.Context, name string) (*sqlx.Stmt, error) {
	if stmt := s.lookup(name); stmt != nil {
		return stmt, nil
	}
	stmt, err := s.db.PreparexContext(ctx, s.queries[name].text)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if first, ok := s.prepared[name]; ok {
		return first, stmt.Close()
	}
	s.prepared[name] = stmt
	return stmt, nil
}

func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for name, stmt := range s.prepared {
		err = errors.Join(err, stmt.Close())
		delete(s.prepared, name)
	}
	return err
}
