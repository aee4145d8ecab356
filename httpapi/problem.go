package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/disposition"
)

// statusClientGone is the status of a request whose sender did not wait. Nobody
// reads it but the log.
const statusClientGone = 499

// codeInternal is the error code of a 500 on a route that has none of its own.
const codeInternal = "internal"

// What goes wrong before a service is asked. The text after the sentinel, as in
// fmt.Errorf("%w: …", errMediaType), becomes the problem's detail.
var (
	errNoRoute   = errors.New("no such route")
	errMethod    = errors.New("method not allowed")
	errMediaType = errors.New("unsupported media type")
	errTooLarge  = errors.New("too large")
	errNotReady  = errors.New("not ready")
	// errUnstored is a report that could not be stored, and should be sent again.
	errUnstored = errors.New("not stored")
)

// problem is the body of every error response: RFC 9457, with the code under
// "error", the name of the field at fault, if one is, under "field", and for a time at
// which nobody may be called the next one at which they may under "next_possible_at".
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"error"`
	Field  string `json:"field,omitempty"`
	// Next is a *time.Time where it applies, nil when there is no such time soon, and
	// left out everywhere else.
	Next any `json:"next_possible_at,omitempty"`
}

// problemRow says what becomes of an error.
type problemRow struct {
	match  error
	status int
	code   string
	title  string
	// detail stands in where the error says no more than that it is one, and
	// replaces what it says when fixed is set.
	detail string
	fixed  bool
}

// problemRows is the one table from errors to problems; the first row that
// matches counts. A feature that is off looks like a route that is not there.
func problemRows() []problemRow {
	const nothingHere = "there is nothing at this address"
	return []problemRow{
		{outdial.ErrNotEnabled, http.StatusNotFound, "not_found", "Not found", nothingHere, true},
		{errNoRoute, http.StatusNotFound, "not_found", "Not found", nothingHere, true},
		{errMethod, http.StatusMethodNotAllowed, "method_not_allowed", "Method not allowed", "", false},
		{ErrUnauthorized, http.StatusUnauthorized, "unauthorized", "Unauthorized", "a valid token is required", false},
		{telephony.ErrSignature, http.StatusUnauthorized, "bad_signature", "Not signed", "a valid signature is required", false},
		{telephony.ErrStale, http.StatusUnauthorized, "stale", "Stale", "the message was signed too long ago, or in the future", false},
		{outdial.ErrForbidden, http.StatusForbidden, "forbidden", "Forbidden", "the token does not allow this", false},
		{outdial.ErrNotFound, http.StatusNotFound, "not_found", "Not found", "what the request names does not exist", false},
		{outdial.ErrConflict, http.StatusConflict, "conflict", "Conflict", "it has changed since it was read", false},
		{
			outdial.ErrIdempotencyMismatch, http.StatusUnprocessableEntity, "idempotency_mismatch",
			"Idempotency key reused", "the Idempotency-Key was used before for a different request", true,
		},
		{outdial.ErrRateLimited, http.StatusTooManyRequests, "rate_limited", "Too many requests", "try again later", false},
		{errTooLarge, http.StatusRequestEntityTooLarge, "too_large", "Too large", "", false},
		{telephony.ErrTooLarge, http.StatusRequestEntityTooLarge, "too_large", "Too large", "", false},
		{errMediaType, http.StatusUnsupportedMediaType, "unsupported_media_type", "Unsupported media type", "", false},
		{outdial.ErrInvalid, http.StatusBadRequest, "invalid_request", "Invalid request", "the request is not valid", false},
		{errUnstored, http.StatusServiceUnavailable, "not_stored", "Not stored", "the report could not be stored; send it again", true},
		{errNotReady, http.StatusServiceUnavailable, "not_ready", "Not ready", "the server cannot work right now", true},
	}
}

// newProblem returns the problem for an error. One that no row matches is a 500
// with the given code and says nothing about its cause.
func newProblem(err error, failure string) problem {
	p := internalProblem(failure)
	for _, row := range problemRows() {
		if !errors.Is(err, row.match) {
			continue
		}
		p = problem{Title: row.title, Status: row.status, Code: row.code, Detail: row.detail}
		if said := statement(err, row.match); said != "" && !row.fixed {
			p.Detail = said
		}
		p.name(err)
		p.Type = problemType(p.Code)
		break
	}
	if partial, ok := errors.AsType[*partialError](err); ok {
		p.Detail += "; " + partial.done
	}
	return p
}

func internalProblem(failure string) problem {
	if failure == "" {
		failure = codeInternal
	}
	return problem{
		Type: problemType(failure), Title: "Internal error", Status: http.StatusInternalServerError,
		Detail: "the request failed for a reason inside the server; its log has the cause under this response's X-Request-Id",
		Code:   failure,
	}
}

// problemType identifies a class of problem, as RFC 9457 asks.
func problemType(code string) string {
	return "urn:problem-type:outdial:" + strings.ReplaceAll(code, "_", "-")
}

// name fills in what the typed errors know.
func (p *problem) name(err error) {
	if field, ok := errors.AsType[*outdial.FieldError](err); ok {
		p.Field, p.Detail = field.Field, field.Error()
		if closed, ok := errors.AsType[*disposition.WindowClosedError](err); ok {
			p.Next = timeOrNull(closed.Next)
		}
	} else if missing, ok := errors.AsType[*outdial.NotFoundError](err); ok {
		p.Code, p.Field, p.Detail = missing.What+"_not_found", missing.Field, missing.Error()
	} else if limited, ok := errors.AsType[*outdial.RateLimitError](err); ok {
		p.Detail = fmt.Sprintf("too many requests per %s; try again in %d s", limited.Key, retryAfter(err))
	}
}

// statement returns what the error that wraps the sentinel directly says after
// it: "forbidden: needs scope queue:pull" says "needs scope queue:pull". What was
// wrapped around it on the way is for the log.
func statement(err, sentinel error) string {
	for err != nil {
		inner := errors.Unwrap(err)
		if inner == sentinel { //nolint:errorlint // The sentinel itself is looked for, not what matches it.
			said, ok := strings.CutPrefix(err.Error(), sentinel.Error()+": ")
			if !ok {
				return ""
			}
			return said
		}
		err = inner
	}
	return ""
}

// retryAfter is how long to wait in whole seconds, at least one.
func retryAfter(err error) int {
	limited, ok := errors.AsType[*outdial.RateLimitError](err)
	if !ok {
		return 1
	}
	return max(1, int(math.Ceil(limited.RetryAfter.Seconds())))
}

// fail answers with the problem for err, and logs the cause where the caller is
// not told it. When the response has begun it ends the connection.
func (a *api) fail(w http.ResponseWriter, r *http.Request, failure string, err error) {
	if rec, ok := w.(*recorder); ok && rec.status != 0 {
		a.logFailure(r, internalProblem(failure), err)
		panic(http.ErrAbortHandler)
	}
	p := newProblem(err, failure)
	if p.Status >= http.StatusInternalServerError {
		p = a.logFailure(r, p, err)
	}
	header := w.Header()
	if p.Status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", challenge(r, err))
	}
	if p.Status == http.StatusTooManyRequests {
		header.Set("Retry-After", strconv.Itoa(retryAfter(err)))
	}
	if p.Status == http.StatusServiceUnavailable && errors.Is(err, errUnstored) {
		header.Set("Retry-After", strconv.Itoa(retryReportAfter))
	}
	writeProblem(w, p)
}

// logFailure records why a request failed. When its sender has gone the failure
// is most likely the consequence, and nothing to wake anybody for.
func (a *api) logFailure(r *http.Request, p problem, err error) problem {
	x := exchangeOf(r)
	level, message := slog.LevelError, "request failed"
	if errors.Is(r.Context().Err(), context.Canceled) {
		level, message = slog.LevelDebug, "request abandoned by its sender"
		p = problem{
			Type: problemType("client_gone"), Title: "Client gone", Status: statusClientGone,
			Detail: "the request was abandoned by its sender", Code: "client_gone",
		}
	}
	a.cfg.Logger.LogAttrs(r.Context(), level, message,
		slog.String("request_id", x.id), slog.String("route", x.route),
		slog.String("error", p.Code), slog.String("cause", redact(err.Error())))
	return p
}

func writeProblem(w http.ResponseWriter, p problem) {
	content, err := json.Marshal(p)
	if err != nil {
		// A struct of strings and a number always encodes.
		content = []byte("{}")
	}
	reply{status: p.Status, contentType: "application/problem+json", content: append(content, '\n')}.write(w)
}
