package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer/telephony"
)

// ErrUnauthorized means that nobody knows who asks: no token, or one that does
// not hold. It becomes a 401. What follows the sentinel, as in
// fmt.Errorf("%w: the session has ended", ErrUnauthorized), is shown to the
// caller, so it must not repeat the token.
var ErrUnauthorized = errors.New("unauthorized")

// Authenticator says who sent a request. JWT is one; a host with its own sessions
// brings its own.
//
// An error that matches ErrUnauthorized becomes a 401, one that matches
// outdial.ErrForbidden a 403. Any other is taken for a failure of the
// authenticator itself and becomes a 500, so that an outage of a session store
// does not log everybody out.
type Authenticator interface {
	Authenticate(r *http.Request) (outdial.Actor, error)
}

// maxToken is the longest bearer token looked at, in bytes.
const maxToken = 8 << 10

// bearerToken returns the request's one bearer token. Two Authorization headers
// are refused: which of them counts would depend on who reads them.
func bearerToken(r *http.Request) (string, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return "", unauthorized("the Authorization header is missing; send Authorization: Bearer <token>")
	}
	if len(headers) > 1 {
		return "", unauthorized("there is more than one Authorization header")
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	token = strings.TrimSpace(token)
	switch {
	case !strings.EqualFold(scheme, "Bearer") || token == "":
		return "", unauthorized("the Authorization header must be: Bearer <token>")
	case len(token) > maxToken:
		return "", unauthorized("the token is too long")
	}
	return token, nil
}

func unauthorized(why string) error { return fmt.Errorf("%w: %s", ErrUnauthorized, why) }

// challenge is the WWW-Authenticate header of a 401 (RFC 6750). Only a request
// that came with credentials is told that they are invalid. Where a signature was asked
// for and not a token, it says so.
func challenge(r *http.Request, err error) string {
	if errors.Is(err, telephony.ErrSignature) || errors.Is(err, telephony.ErrStale) {
		return `Signature realm="outdial"`
	}
	if r.Header.Get("Authorization") == "" {
		return `Bearer realm="outdial"`
	}
	return `Bearer realm="outdial", error="invalid_token"`
}
