package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// api is the handler that New returns.
type api struct {
	cfg Config
	mux *http.ServeMux
}

// request is an HTTP request whose sender is known.
type request struct {
	*http.Request

	route route
	// writer is there for http.MaxBytesReader and for downloads; other handlers do not
	// write to it.
	writer http.ResponseWriter
	actor  outdial.Actor
	// campaignID is the campaign that the path names, on the routes that do.
	campaignID uuid.UUID
	// key is the header Idempotency-Key, on the routes that take it.
	key string
}

// reply is what a handler answers with. It is complete before its first byte is
// written, so that a failure never leaves half a response; but see download.
type reply struct {
	status      int
	contentType string
	content     []byte
	// sent says that the handler has written the response already.
	sent bool
}

// answer replies 200 with the JSON form of value.
func answer(value any) (reply, error) {
	content, err := json.Marshal(value)
	if err != nil {
		return reply{}, fmt.Errorf("encode the response: %w", err)
	}
	return reply{status: http.StatusOK, contentType: "application/json", content: append(content, '\n')}, nil
}

func (p reply) write(w http.ResponseWriter) {
	if p.sent {
		return
	}
	if p.content == nil {
		w.WriteHeader(p.status)
		return
	}
	w.Header().Set("Content-Type", p.contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(p.content)))
	w.WriteHeader(p.status)
	// What fails here is the connection, and nobody is left to tell.
	_, _ = w.Write(p.content)
}

// newMux registers the table. Beside each path it registers the answer to every
// other method, and beside them all the answer to every other path, since those
// that ServeMux gives are not problem details.
func (a *api) newMux(table []route) *http.ServeMux {
	mux := http.NewServeMux()
	methods := map[string][]string{}
	for _, rt := range table {
		mux.Handle(rt.method+" "+rt.pattern, a.endpoint(rt))
		methods[rt.pattern] = append(methods[rt.pattern], rt.method)
		if rt.method == http.MethodGet {
			methods[rt.pattern] = append(methods[rt.pattern], http.MethodHead)
		}
	}
	for pattern, allowed := range methods {
		slices.Sort(allowed)
		mux.Handle(pattern, a.methodNotAllowed(pattern, strings.Join(allowed, ", ")))
	}
	mux.HandleFunc("/", a.noSuchRoute)
	return mux
}

// dispatch leaves the mux out for paths it would answer with a redirect, such as
// one with an empty campaign id: whoever sent that made a mistake and should be
// told.
func (a *api) dispatch(w http.ResponseWriter, r *http.Request) {
	if sent := r.URL.EscapedPath(); !strings.HasPrefix(sent, "/") || path.Clean(sent) != sent {
		a.noSuchRoute(w, r)
		return
	}
	a.mux.ServeHTTP(w, r)
}

func (a *api) noSuchRoute(w http.ResponseWriter, r *http.Request) {
	a.fail(w, r, "", errNoRoute)
}

func (a *api) methodNotAllowed(pattern, allowed string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		exchangeOf(r).route = pattern
		w.Header().Set("Allow", allowed)
		a.fail(w, r, "", fmt.Errorf("%w: use %s", errMethod, allowed))
	}
}

func (a *api) endpoint(rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		exchangeOf(r).route = rt.pattern
		result, err := a.admit(rt, w, r)
		if err != nil {
			a.fail(w, r, rt.failure, err)
			return
		}
		result.write(w)
	}
}

// admit runs the handler of a route for those who may use it.
func (a *api) admit(rt route, w http.ResponseWriter, r *http.Request) (reply, error) {
	req := &request{Request: r, route: rt, writer: w}
	if rt.public {
		return rt.handle(a, req)
	}
	if rt.signed {
		if !rt.served(a.cfg) {
			return reply{}, outdial.ErrNotEnabled
		}
		return rt.handle(a, req)
	}
	if err := a.identify(r.Context(), req); err != nil {
		return reply{}, err
	}
	return rt.handle(a, req)
}

// identify finds out who asks, and returns an error unless they may use the request's
// route and sent what it takes beside a body.
func (a *api) identify(ctx context.Context, req *request) error {
	rt := req.route
	actor, err := a.cfg.Authenticator.Authenticate(req.Request)
	if err != nil {
		return fmt.Errorf("authenticate: %w", err)
	}
	req.actor = actor
	exchangeOf(req.Request).actor = actor.ID
	// Before anything else is looked at: a malformed body must not tell a feature
	// that is off from one that does not exist.
	if rt.served != nil && !rt.served(a.cfg) {
		return outdial.ErrNotEnabled
	}
	if rt.flagged && !a.cfg.Queue.Enabled(ctx, actor, outdial.FlagQueueReplace) {
		return outdial.ErrNotEnabled
	}
	if err := actor.Require(rt.scopes...); err != nil {
		return err
	}
	return req.readParams(rt)
}
