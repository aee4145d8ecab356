package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/twilio"
	"github.com/outdial/outdial/dialer/telephony/webhook"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/suppression"
)

const (
	// DefaultMaxBody is how large a JSON body may be: a filter with a list of
	// filter.MaxValues values of 80 bytes each fits, and so do 50,000 web addresses
	// of twice that, or queue.MaxEnqueueContacts ids twenty times. A body is held in
	// memory a few times over while it is read.
	DefaultMaxBody = 8 << 20
	// DefaultMaxUpload is how large an uploaded file may be: about two million rows of
	// contacts, or twenty million lines of a do-not-call list.
	DefaultMaxUpload = 256 << 20
)

// Importer takes a file of contacts in. *intake.Service is one.
type Importer interface {
	Import(ctx context.Context, actor outdial.Actor, req intake.ImportRequest) (intake.Result, error)
}

// Config is what the handler serves and how. Queue, Intake and Authenticator are
// required.
type Config struct {
	// Queue does the work of the agent queue, and what concerns all campaigns.
	Queue *queue.Service
	// Intake takes uploaded contacts in.
	Intake Importer
	// Authenticator says who asks.
	Authenticator Authenticator
	// Dialer does the work of the power queue, and has a part in sweeps and rollbacks.
	// Defaults to none: the routes of the power queue answer 404.
	Dialer *dialer.Service
	// Presence does the work of the agents' presence, and has a part in sweeps.
	// Defaults to none: the routes of presence answer 404.
	Presence *presence.Service
	// Dispositions does the work of dispositions, for items of both queues. Its Map is
	// what the buttons are drawn from.
	// Defaults to none: the routes of dispositions, leads and retry policies answer 404.
	Dispositions *disposition.Service
	// Suppressions is the list of those who must not be called.
	// Defaults to none: the routes of suppressions, and that of purges, answer 404.
	Suppressions *suppression.Service
	// Telephony takes what carriers report about calls, and runs it again.
	// Defaults to none: the routes of webhooks and of replays answer 404.
	Telephony *telephony.Handler
	// Twilio checks and reads what Twilio reports. It needs Telephony.
	// Defaults to none: POST /webhooks/twilio answers 404.
	Twilio *twilio.Adapter
	// Webhook checks and reads the signed reports of every other carrier. It needs
	// Telephony. Defaults to none: POST /webhooks/telephony takes tokens alone.
	Webhook *webhook.Verifier
	// DefaultRegion is the country of numbers on the routes of suppressions that name
	// none, as an ISO 3166 code or a usual name. Defaults to "US".
	DefaultRegion string
	// Ready says whether the server can work, which means that its database
	// answers. GET /readyz asks it each time, so it should be cheap.
	// Defaults to always ready.
	Ready func(context.Context) error
	// Logger receives one record for each request and one more for each failure.
	// It never receives a token, a query string or a phone number in full.
	// Defaults to discarding them.
	Logger *slog.Logger
	// MaxBody is the largest JSON body accepted, in bytes.
	// Defaults to DefaultMaxBody.
	MaxBody int64
	// MaxUpload is the largest upload of contacts or of a do-not-call list accepted, in
	// bytes. Uploads are streamed, so that a larger limit costs time and not memory.
	// Defaults to DefaultMaxUpload.
	MaxUpload int64
}

// WithDefaults returns a copy in which every optional field that was left out
// has its default.
func (c Config) WithDefaults() Config {
	if c.DefaultRegion == "" {
		c.DefaultRegion = "US"
	}
	if c.Ready == nil {
		c.Ready = func(context.Context) error { return nil }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.MaxBody == 0 {
		c.MaxBody = DefaultMaxBody
	}
	if c.MaxUpload == 0 {
		c.MaxUpload = DefaultMaxUpload
	}
	return c
}

func (c Config) validate() error {
	if _, known := intake.CountryCode(c.DefaultRegion); !known {
		return errors.New("httpapi: DefaultRegion is not a country")
	}
	switch {
	case c.Queue == nil:
		return errors.New("httpapi: Queue is required")
	case c.Intake == nil:
		return errors.New("httpapi: Intake is required")
	case c.Authenticator == nil:
		return errors.New("httpapi: Authenticator is required")
	case c.Twilio != nil && c.Telephony == nil:
		return errors.New("httpapi: Twilio needs Telephony")
	case c.Webhook != nil && c.Telephony == nil:
		return errors.New("httpapi: Webhook needs Telephony")
	case c.MaxBody < 0:
		return errors.New("httpapi: MaxBody must not be negative")
	case c.MaxUpload < 0:
		return errors.New("httpapi: MaxUpload must not be negative")
	}
	return nil
}

// New returns the handler. It is safe for concurrent use, keeps no state and
// starts no goroutine. To serve it below a prefix, wrap it in http.StripPrefix.
//
// The error says which field of cfg cannot be used.
func New(cfg Config) (http.Handler, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	a := &api{cfg: cfg}
	a.mux = a.newMux(routes())
	return a, nil
}
