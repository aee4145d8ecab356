package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
)

// logs are the server's logs. They go to one place and differ in what they say.
type logs struct {
	// server is about the server and what people do to queues and campaigns.
	server *slog.Logger
	// calls is about single calls and reports of the carrier.
	calls *slog.Logger
	// requests is about HTTP requests.
	requests *slog.Logger
}

// newLogs returns the logs. Unless everyCall is set they leave out what goes well in
// single calls: several lines a second that nobody reads.
func newLogs(out io.Writer, everyCall bool) logs {
	all := slog.NewTextHandler(out, nil)
	if everyCall {
		return logs{slog.New(all), slog.New(all), slog.New(all)}
	}
	return logs{
		server:   slog.New(all),
		calls:    slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelWarn})),
		requests: slog.New(withoutReports{all}),
	}
}

// withoutReports leaves out requests of carriers that went well.
type withoutReports struct{ slog.Handler }

// Handle implements slog.Handler.
func (h withoutReports) Handle(ctx context.Context, record slog.Record) error {
	report, failed := false, record.Level >= slog.LevelWarn
	record.Attrs(func(attr slog.Attr) bool {
		switch attr.Key {
		case "route":
			report = strings.HasPrefix(attr.Value.String(), webhooksPath)
		case "status":
			status, isNumber := attr.Value.Any().(int64)
			failed = failed || isNumber && status >= http.StatusBadRequest
		}
		return true
	})
	if report && !failed {
		return nil
	}
	return h.Handler.Handle(ctx, record)
}

// WithAttrs implements slog.Handler.
func (h withoutReports) WithAttrs(attrs []slog.Attr) slog.Handler {
	return withoutReports{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h withoutReports) WithGroup(name string) slog.Handler {
	return withoutReports{h.Handler.WithGroup(name)}
}
