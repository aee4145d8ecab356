package sqlstore

import (
	"fmt"
	"time"
)

// instant is a time as it comes out of a column: a time from engines that have
// such a type, microseconds since 1970 from those that do not. NULL is the zero
// time. It is always in UTC, whatever zone a session prefers.
type instant struct{ time.Time }

// Valid says whether there is a time.
func (i instant) Valid() bool { return !i.IsZero() }

// Scan implements sql.Scanner.
func (i *instant) Scan(src any) error {
	switch value := src.(type) {
	case nil:
		i.Time = time.Time{}
	case time.Time:
		i.Time = value.UTC()
	case int64:
		i.Time = time.UnixMicro(value).UTC()
	default:
		return fmt.Errorf("a time cannot be read from %T", src)
	}
	return nil
}

// at is a time as the engine stores it.
func (s *Store) at(t time.Time) any { return s.engine.Time(t) }
