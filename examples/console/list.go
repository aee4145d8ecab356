package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/metric"

	"github.com/outdial/outdial/store"
	"github.com/outdial/outdial/suppression"
	"github.com/outdial/outdial/suppression/bloom"
)

// redisFlag is the flag -redis.
type redisFlag struct {
	Redis string `help:"Where servers share what spares them questions about the suppression list, which works without it too." name:"redis" placeholder:"redis://…"`
}

// options read the flag; without one they are nil. The error never repeats the address,
// in which a password may stand.
func (f redisFlag) options() (*redis.Options, error) {
	if f.Redis == "" {
		return nil, nil
	}
	options, err := redis.ParseURL(f.Redis)
	if err != nil {
		return nil, errors.New("-redis: is not the URL of a Redis, such as redis://127.0.0.1:6379/0")
	}
	// What uses it has its own deadlines, and tries again by itself.
	options.ContextTimeoutEnabled = true
	if options.MaxRetries == 0 {
		options.MaxRetries = -1
	}
	if options.DialTimeout == 0 {
		options.DialTimeout = time.Second
	}
	options.DialerRetries = 1
	return options, nil
}

// list is what surrounds the suppression list in a server: the service that changes it
// and is asked, the worker that takes items out of the queues, and the filter.
type list struct {
	service *suppression.Service
	worker  *suppression.Worker
	filter  *bloom.Cache
	// client is nil without Redis.
	client *redis.Client
}

// listConfig says what a list is made of. Redis is nil without one.
type listConfig struct {
	redis *redis.Options
	clock clock.Clock
	meter metric.Meter
	log   *slog.Logger
}

func newList(st store.Store, cfg listConfig) *list {
	l := &list{worker: suppression.NewWorker(st, suppression.WorkerConfig{Clock: cfg.clock, Meter: cfg.meter, Logger: cfg.log})}
	shared := bloom.Config{Clock: cfg.clock, Meter: cfg.meter, Logger: cfg.log, Wake: []suppression.Waker{l.worker}}
	if cfg.redis != nil {
		// It connects when it is first asked for something, so that a Redis which is away
		// keeps no server from starting.
		l.client = redis.NewClient(cfg.redis)
		shared.Redis = l.client
	}
	l.filter = bloom.New(st, shared)
	l.service = suppression.New(st, suppression.Config{
		Filter: l.filter, Wake: []suppression.Waker{l.worker, l.filter},
		Clock: cfg.clock, Meter: cfg.meter, Logger: cfg.log,
	})
	return l
}

// start begins to keep the queues and the filter up to date, until the function that it
// returns is called, which waits for what is under way.
func (l *list) start(ctx context.Context) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	var worked, filtered error
	done.Go(func() { worked = l.worker.Run(ctx) })
	done.Go(func() { filtered = l.filter.Run(ctx) })
	return func() error {
		cancel()
		done.Wait()
		var closed error
		if l.client != nil {
			closed = l.client.Close()
		}
		return errors.Join(worked, filtered, closed)
	}
}
