package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// server is the HTTP server, and what it tells about itself when it starts.
type server struct {
	db       database
	flags    outdial.StaticFlags
	secret   secret
	webhooks webhooks
	// redis is nil without one.
	redis   *redis.Options
	list    *list
	handler http.Handler
	// campaign and agent are what the printed examples are about, and power is the
	// demo of the power queue; nil where there is none.
	campaign, power *queue.CampaignSummary
	agent           uuid.UUID
	// simulation is nil when nothing is dialed.
	simulation *simulation
}

const (
	// Who is slow to say what they want is not kept waiting for.
	headerTimeout = 10 * time.Second
	// These bound an upload: a quarter of a gigabyte over a slow line.
	readTimeout  = 10 * time.Minute
	writeTimeout = 11 * time.Minute
	idleTimeout  = 2 * time.Minute
	maxHeader    = 64 << 10
	// patience is how long the server may take to stop, patienceWithCalls how long
	// of that it waits for what is being done about calls.
	patience          = 15 * time.Second
	patienceWithCalls = 10 * time.Second
)

// run serves until the terminal's context ends, then lets calls and requests finish.
func (s *server) run(t *terminal, listener net.Listener, log *slog.Logger) error {
	served := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	fmt.Fprint(t.out, s.welcome(listener.Addr(), t.program))
	failed := make(chan error, 1)
	go func() { failed <- served.Serve(listener) }()
	stopDialing := func() {}
	if s.simulation != nil {
		s.simulation.start()
		stopDialing = s.simulation.stop
	}
	select {
	case err := <-failed:
		stopDialing()
		return fmt.Errorf("serve: %w", err)
	case <-t.ctx.Done():
	}
	log.Info("stopping")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), patience)
	defer cancel()
	// While the server still takes reports.
	stopDialing()
	err := served.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("stop: %w", err), served.Close())
	}
	if ended := <-failed; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("serve: %w", ended))
	}
	if err == nil {
		log.Info("stopped")
	}
	return err
}
