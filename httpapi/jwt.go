package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/golang-jwt/jwt/v5"

	"github.com/outdial/outdial"
)

const (
	// MinSecret is how long a signing secret must be at least, in bytes: one that
	// is shorter than the signature could be guessed from a token.
	MinSecret = 32
	// DefaultAudience is what a token says under aud.
	DefaultAudience = "outdial"
	// DefaultIssuer is what a token says under iss.
	DefaultIssuer = "outdial"
	// DefaultLeeway is how far the clocks of who signs and who verifies may be
	// apart.
	DefaultLeeway = 30 * time.Second
)

// JWTConfig says which tokens are good. Secret is required.
type JWTConfig struct {
	// Secret signs and verifies tokens with HMAC-SHA256. It must have at least
	// MinSecret bytes.
	Secret []byte
	// Audience and Issuer are what a token must say. Default to DefaultAudience
	// and DefaultIssuer.
	Audience string
	Issuer   string
	// Leeway forgives clocks that differ. Defaults to DefaultLeeway.
	Leeway time.Duration
	// Clock tells the time that expiry is measured against.
	// Defaults to the system's clock.
	Clock clock.Clock
}

// JWT is an Authenticator for bearer tokens signed with a shared secret. A token
// says who under sub (a UUID), what they are under role, and what they may do
// under scope, separated by spaces. It must expire.
//
// A role or a scope that the library does not know makes the token invalid: a
// mistyped permission should be noticed where it was given.
type JWT struct {
	parser   *jwt.Parser
	audience string
	issuer   string
	clock    clock.Clock
	// key hides the secret from anything that prints the struct.
	key jwt.Keyfunc
}

// NewJWT returns the authenticator. The error says which field of cfg cannot be
// used.
func NewJWT(cfg JWTConfig) (*JWT, error) {
	if len(cfg.Secret) < MinSecret {
		return nil, fmt.Errorf("httpapi: Secret must have at least %d bytes", MinSecret)
	}
	if cfg.Leeway < 0 {
		return nil, errors.New("httpapi: Leeway must not be negative")
	}
	if cfg.Audience == "" {
		cfg.Audience = DefaultAudience
	}
	if cfg.Issuer == "" {
		cfg.Issuer = DefaultIssuer
	}
	if cfg.Leeway == 0 {
		cfg.Leeway = DefaultLeeway
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.New()
	}
	secret := append([]byte(nil), cfg.Secret...)
	return &JWT{
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
			jwt.WithAudience(cfg.Audience),
			jwt.WithIssuer(cfg.Issuer),
			jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(),
			jwt.WithLeeway(cfg.Leeway),
			jwt.WithStrictDecoding(),
			jwt.WithTimeFunc(cfg.Clock.Now),
		),
		audience: cfg.Audience, issuer: cfg.Issuer, clock: cfg.Clock,
		key: func(*jwt.Token) (any, error) { return secret, nil },
	}, nil
}

// claims is what a token says.
type claims struct {
	jwt.RegisteredClaims

	Role  string `json:"role"`
	Scope string `json:"scope"`
}

// Authenticate implements Authenticator. Its errors match ErrUnauthorized and
// never repeat the token.
func (j *JWT) Authenticate(r *http.Request) (outdial.Actor, error) {
	text, err := bearerToken(r)
	if err != nil {
		return outdial.Actor{}, err
	}
	var said claims
	token, err := j.parser.ParseWithClaims(text, &said, j.key)
	if err != nil {
		return outdial.Actor{}, unauthorized(whyRefused(err))
	}
	if _, critical := token.Header["crit"]; critical {
		return outdial.Actor{}, unauthorized("the token has critical extensions that are not understood")
	}
	id, err := outdial.ParseID("sub", said.Subject)
	if err != nil {
		return outdial.Actor{}, unauthorized("the token's sub is not a UUID")
	}
	role, err := outdial.ParseRole(said.Role)
	if err != nil {
		return outdial.Actor{}, unauthorized("the token's role must be agent, manager or admin")
	}
	scopes, err := outdial.ParseScopes(said.Scope)
	if err != nil {
		return outdial.Actor{}, unauthorized("the token has a scope that does not exist")
	}
	return outdial.Actor{ID: id, Role: role, Scopes: scopes}, nil
}

// whyRefused tells what is wrong with a token. The parser looks at claims only
// when the signature is right, so that this tells a forger nothing.
func whyRefused(err error) string {
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return "the token has expired"
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return "the token is not valid yet"
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return "the token lacks a claim; it needs sub, role, scope, aud, iss and exp"
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return "the token is for another audience"
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return "the token is from another issuer"
	default:
		return "the token is not valid"
	}
}

// Sign returns a token for the actor that expires after ttl. The error matches
// outdial.ErrInvalid when no token of that kind would be accepted: an actor
// without an id, an unknown role or scope, a ttl that is not positive.
func (j *JWT) Sign(actor outdial.Actor, ttl time.Duration) (string, error) {
	if _, err := outdial.ParseID("sub", actor.ID.String()); err != nil {
		return "", err
	}
	if _, err := outdial.ParseRole(string(actor.Role)); err != nil {
		return "", err
	}
	names := make([]string, len(actor.Scopes))
	for i, scope := range actor.Scopes {
		names[i] = string(scope)
	}
	list := strings.Join(names, " ")
	if _, err := outdial.ParseScopes(list); err != nil {
		return "", err
	}
	if ttl < time.Second {
		return "", outdial.Invalid("ttl", "must be at least one second")
	}
	now := j.clock.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		Role: string(actor.Role), Scope: list,
		RegisteredClaims: jwt.RegisteredClaims{
			Subject: actor.ID.String(), Audience: jwt.ClaimStrings{j.audience}, Issuer: j.issuer,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(ttl)),
		},
	})
	key, err := j.key(token)
	if err != nil {
		return "", fmt.Errorf("find the key: %w", err)
	}
	signed, err := token.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign the token: %w", err)
	}
	return signed, nil
}
