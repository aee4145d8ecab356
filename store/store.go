// Package store names what a database must offer to carry outdial: the Store
// interfaces of all the domain packages together.
//
// Use store/postgres or store/sqlite, or write your own and prove it with
// package storetest.
package store

import (
	"context"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/suppression"
)

// Store is every domain's Store in one.
type Store interface {
	queue.Store
	intake.Store
	suppression.Store
	suppression.Feed
	dialer.Store
	presence.Store
	telephony.Store
	disposition.Store

	// Migrate brings the database to the newest schema. It is additive: it
	// creates what is missing and never drops or rewrites a host's data. Running
	// it again, or in two processes at once, is harmless.
	Migrate(ctx context.Context) error

	// Ping says whether the database answers.
	Ping(ctx context.Context) error

	// Close releases what Open opened. A store made from a host's own pool
	// closes nothing of the host's.
	Close() error
}

// Migration is one version of the schema, for hosts that run migrations with
// their own tool.
type Migration struct {
	Version int64
	Name    string
	// SQL is the whole text, ready to paste.
	SQL string
	// NoTransaction says that the text must be run outside a transaction, because
	// it builds indexes without blocking writers.
	NoTransaction bool
}
