package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/webhook"
)

const (
	// storeWithin is how long it may take to store a report.
	storeWithin = 10 * time.Second
	// retryReportAfter is how many seconds a carrier should wait before it sends a
	// report again that could not be stored.
	retryReportAfter = 5
)

func withTelephony(c Config) bool { return c.Telephony != nil }

func withTwilio(c Config) bool { return c.Twilio != nil }

// twilioWebhook answers POST /webhooks/twilio.
func (a *api) twilioWebhook(r *request) (reply, error) {
	events, err := a.twilioEvents(r)
	if err != nil {
		return reply{}, a.reject(r, telephony.SourceTwilio, err)
	}
	return a.store(r, a.cfg.Telephony.Handle, events...)
}

func (a *api) twilioEvents(r *request) ([]telephony.Event, error) {
	body, err := readReport(r)
	if err != nil {
		return nil, err
	}
	return a.cfg.Twilio.Events(delivery(r, body))
}

// telephonyWebhook answers POST /webhooks/telephony. A request that is signed is judged
// by its signature, whatever token it has; any other by its token.
func (a *api) telephonyWebhook(r *request) (reply, error) {
	read, handle := a.signedEvent, a.cfg.Telephony.Handle
	if a.cfg.Webhook == nil || r.Header.Get(webhook.HeaderSignature) == "" {
		read = a.reportedEvent
		handle = func(ctx context.Context, event telephony.Event) (telephony.Result, error) {
			return a.cfg.Telephony.HandleAs(ctx, r.actor, event)
		}
	}
	event, err := read(r)
	if err != nil {
		return reply{}, a.reject(r, telephony.SourceWebhook, err)
	}
	return a.store(r, handle, event)
}

// signedEvent reads a report that its signature vouches for.
func (a *api) signedEvent(r *request) (telephony.Event, error) {
	body, err := readReport(r)
	if err != nil {
		return telephony.Event{}, err
	}
	event, err := a.cfg.Webhook.Event(delivery(r, body))
	if err != nil {
		return telephony.Event{}, err
	}
	if err := checkQuery(r.Request, r.route.query); err != nil {
		return telephony.Event{}, err
	}
	return event, requireJSON(r.Header)
}

// reportedEvent reads a report of somebody who has a token.
func (a *api) reportedEvent(r *request) (telephony.Event, error) {
	if err := a.identify(r.Context(), r); err != nil {
		return telephony.Event{}, err
	}
	body, err := readReport(r)
	if err != nil {
		return telephony.Event{}, err
	}
	if err := requireJSON(r.Header); err != nil {
		return telephony.Event{}, err
	}
	return webhook.Decode(body)
}

// readReport reads a body no further than a report may be long.
func readReport(r *request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(r.writer, r.Body, telephony.MaxPayload))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, telephony.TooLarge()
	}
	if err != nil {
		return nil, bodyError(err)
	}
	return body, nil
}

// delivery is the request as adapters see it. Below a prefix, which http.StripPrefix
// has taken away, the prefix belongs to the address that the adapter is configured
// with.
func delivery(r *request, body []byte) telephony.Delivery {
	return telephony.Delivery{URL: r.URL.RequestURI(), Header: r.Header, Body: body}
}

// reject counts a report that is refused for what it is, and returns the error.
func (a *api) reject(r *request, source string, err error) error {
	counted := err
	if errors.Is(err, ErrUnauthorized) {
		counted = fmt.Errorf("%w: %w", telephony.ErrSignature, err)
	}
	if newProblem(err, "").Status < http.StatusInternalServerError {
		a.cfg.Telephony.Reject(r.Context(), source, counted)
	}
	return err
}

// store keeps what a report says. It does so to the end even when the sender does not
// wait for it: not every carrier sends a report again.
func (a *api) store(
	r *request, handle func(context.Context, telephony.Event) (telephony.Result, error), events ...telephony.Event,
) (reply, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), storeWithin)
	defer cancel()
	for _, event := range events {
		_, err := handle(ctx, event)
		switch {
		case err == nil:
		case errors.Is(err, outdial.ErrInvalid), errors.Is(err, outdial.ErrForbidden), errors.Is(err, telephony.ErrTooLarge):
			return reply{}, err
		default:
			// The cause is for the log alone: that the store found no row is no 404 here.
			return reply{}, fmt.Errorf("%w: %v", errUnstored, err) //nolint:errorlint // See above.
		}
	}
	return reply{status: http.StatusNoContent}, nil
}
