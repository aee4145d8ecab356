package sqlstore

import (
	"context"
	"io/fs"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial/queue/filter"
)

// Engine is what the shared store must know of a database. Everything else about
// an engine is in its own package.
type Engine struct {
	// Name is the word for it in errors: postgres, sqlite.
	Name string
	// SQL holds the engine's own queries and fragments, which come before the
	// shared ones.
	SQL fs.FS
	// Binding is how parameters are passed.
	Binding BindStyle
	// Filter is how the engine spells audience filters; the templates come from its
	// queries.
	Filter filter.Dialect
	// FillLists empties the connection's table of filter values and puts the lists
	// into it. It is for engines that join long lists.
	FillLists func(ctx context.Context, c *Conn, lists []filter.LongList) error
	// Time turns a time into what the engine stores. The zero time is NULL.
	Time func(time.Time) any
	// Prepare keeps prepared statements. It must be off behind a pooler that
	// hands each transaction another connection.
	Prepare bool
	// Retryable says whether a failed transaction may simply be run again.
	Retryable func(error) bool
	// UniqueViolation says whether an error is a unique index doing its work.
	UniqueViolation func(error) bool
	// LockCampaign takes the campaign's row for the rest of the transaction, so
	// that bulk changes of one campaign run one after another. It reports false
	// when there is no such campaign.
	LockCampaign func(ctx context.Context, c *Conn, campaignID uuid.UUID, now time.Time) (bool, error)
	// Writer, when set, is held for every write transaction: the engine takes one
	// writer at a time, and waiting here is fairer and cheaper than in the file.
	Writer *sync.Mutex
}
