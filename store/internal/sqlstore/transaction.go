package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// A transaction that keeps failing for reasons that pass is given up after so many
// tries. Bulk changes of one campaign are serialized by its row lock, so that even
// two tries are rare.
const maxTries = 20

// Write runs fn in one transaction and commits it, and runs it again when the
// engine says that it may. In a host's transaction, fn runs inside a savepoint
// instead.
func (s *Store) Write(ctx context.Context, fn func(c *Conn) error) error {
	if s.host != nil {
		return s.writeInHost(ctx, fn)
	}
	return s.retry(ctx, func() error { return s.writeOnce(ctx, fn) })
}

// WriteOne runs fn outside any transaction: fn changes something in one statement
// only, which is atomic by itself, and saves two round trips. In a host's
// transaction it is Write.
func (s *Store) WriteOne(ctx context.Context, fn func(c *Conn) error) error {
	if s.host != nil {
		return s.writeInHost(ctx, fn)
	}
	return s.retry(ctx, func() error {
		defer s.hold()()
		return fn(&Conn{store: s})
	})
}

// hold takes the writer's place, where an engine has one, and returns what gives
// it back.
func (s *Store) hold() (release func()) {
	if s.engine.Writer == nil {
		return func() {}
	}
	s.engine.Writer.Lock()
	return s.engine.Writer.Unlock
}

func (s *Store) retry(ctx context.Context, try func() error) error {
	for tries := 1; ; tries++ {
		err := try()
		if err == nil || tries == maxTries || !s.engine.Retryable(err) {
			return err
		}
		if err := pause(ctx, tries); err != nil {
			return err
		}
	}
}

// pause waits a little longer after each try, and not the same time as everybody
// else who failed at that moment.
func pause(ctx context.Context, tries int) error {
	longest := min(time.Duration(tries*tries)*time.Millisecond, 100*time.Millisecond)
	timer := time.NewTimer(rand.N(longest) + time.Millisecond) //nolint:gosec // jitter is no secret
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (s *Store) writeOnce(ctx context.Context, fn func(c *Conn) error) (err error) {
	defer s.hold()()
	tx, err := s.db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			// A connection that is gone has rolled back already, and why it is gone is
			// on its way to the caller.
			_ = tx.Rollback()
		}
	}()
	c := &Conn{store: s, tx: tx}
	if err := fn(c); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	for _, name := range c.wanted {
		// Only the next call gains by it, so that a failure here is none.
		_, _ = s.statements.prepare(ctx, name)
	}
	return nil
}

const savepoint = "outdial_method"

func (s *Store) writeInHost(ctx context.Context, fn func(c *Conn) error) error {
	if _, err := s.host.ExecContext(ctx, "SAVEPOINT "+savepoint); err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	if err := fn(&Conn{store: s, tx: s.host, unprepared: true}); err != nil {
		// The caller's context may be what failed; the host's transaction must be
		// usable all the same.
		undo := context.WithoutCancel(ctx)
		if _, undoErr := s.host.ExecContext(undo, "ROLLBACK TO SAVEPOINT "+savepoint); undoErr != nil {
			return errors.Join(err, fmt.Errorf("roll back to savepoint: %w", undoErr))
		}
		if _, undoErr := s.host.ExecContext(undo, "RELEASE SAVEPOINT "+savepoint); undoErr != nil {
			return errors.Join(err, fmt.Errorf("release savepoint: %w", undoErr))
		}
		return err
	}
	if _, err := s.host.ExecContext(ctx, "RELEASE SAVEPOINT "+savepoint); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	return nil
}
