package httpapi

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
)

const (
	headerRequestID = "X-Request-ID"
	// maxRequestID is the longest request id taken over from a caller, in bytes.
	maxRequestID = 64
)

// exchange is what the log says about one request and its response.
type exchange struct {
	id    string
	route string
	actor uuid.UUID
}

type exchangeKey struct{}

// exchangeOf returns the exchange that ServeHTTP put into the request.
func exchangeOf(r *http.Request) *exchange {
	x, ok := r.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return &exchange{}
	}
	return x
}

// ServeHTTP implements http.Handler.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	x := &exchange{id: requestID(r)}
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	rec := &recorder{ResponseWriter: w}
	defer func() { a.logAccess(r, rec, started) }()
	defer a.recoverPanic(rec, r)

	header := rec.Header()
	header.Set(headerRequestID, x.id)
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	a.dispatch(rec, r)
}

// requestID returns the caller's id for the request, so that one id can be
// followed through several servers, or a new one when the caller's could not
// stand in a header or a log line, where no phone number may.
func requestID(r *http.Request) string {
	ids := r.Header.Values(headerRequestID)
	if len(ids) != 1 || len(ids[0]) > maxRequestID || !printable(ids[0]) || redact(ids[0]) != ids[0] {
		return rand.Text()
	}
	return ids[0]
}

// printable says whether text is something, and all of it visible ASCII.
func printable(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return text != ""
}

// recoverPanic turns a panic into a 500 and logs where it came from. One that
// comes after the response has begun ends the connection, so that the caller
// does not take half an answer for a whole one.
func (a *api) recoverPanic(rec *recorder, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler { //nolint:errorlint // The server compares it just so.
		panic(cause)
	}
	x := exchangeOf(r)
	a.cfg.Logger.ErrorContext(r.Context(), "handler panicked",
		slog.String("request_id", x.id), slog.String("route", x.route),
		slog.String("panic", redact(fmt.Sprint(cause))), slog.String("stack", string(debug.Stack())))
	if rec.status != 0 {
		panic(http.ErrAbortHandler)
	}
	writeProblem(rec, internalProblem(""))
}

func (a *api) logAccess(r *http.Request, rec *recorder, started time.Time) {
	x := exchangeOf(r)
	level := slog.LevelInfo
	if rec.status == statusClientGone {
		level = slog.LevelDebug
	}
	attrs := []slog.Attr{
		slog.String("request_id", x.id), slog.String("method", r.Method),
		slog.String("route", x.route), slog.Int("status", rec.status),
		slog.Duration("duration", time.Since(started)),
	}
	if x.actor != uuid.Nil {
		attrs = append(attrs, slog.String("actor_id", x.actor.String()))
	}
	a.cfg.Logger.LogAttrs(r.Context(), level, "request", attrs...)
}

// recorder remembers the status of a response.
type recorder struct {
	http.ResponseWriter

	// status is zero until the header is written.
	status int
}

// WriteHeader implements http.ResponseWriter.
func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 && status >= http.StatusOK {
		rec.status = status
	}
	rec.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (rec *recorder) Write(content []byte) (int, error) {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	return rec.ResponseWriter.Write(content)
}

// Unwrap lets http.ResponseController reach the server's own writer.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

// redact hides what looks like a phone number in E.164 form, since the text of a
// database error may quote a value.
func redact(text string) string {
	const shortest = 7
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		end := i + 1
		if text[i] == '+' {
			for end < len(text) && text[end] >= '0' && text[end] <= '9' {
				end++
			}
		}
		if end-i > shortest {
			out = append(out, "••••"...)
		} else {
			out = append(out, text[i:end]...)
		}
		i = end
	}
	return string(out)
}
