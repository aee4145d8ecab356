package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/webhook"
)

// courier brings the reports of the simulated carrier to the server as a real carrier
// would: each is a signed request to its webhook, over a connection.
type courier struct {
	url    string
	signer *webhook.Signer
	client *http.Client
	clock  clock.Clock
}

// How long the parts of a delivery may take. A report that did not arrive is sent
// again: that is the carrier's to do.
const (
	deliveryTimeout = 5 * time.Second
	connectTimeout  = 2 * time.Second
	keepConnection  = time.Minute
	connectionsKept = 8
)

func newCourier(url, secret string, clk clock.Clock) (*courier, error) {
	signer, err := webhook.NewSigner(secret)
	if err != nil {
		return nil, err
	}
	// Its own transport, without a proxy: the request stays on this machine.
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: connectTimeout}).DialContext,
		MaxIdleConnsPerHost: connectionsKept,
		IdleConnTimeout:     keepConnection,
	}
	return &courier{
		url: url, signer: signer, clock: clk,
		client: &http.Client{Transport: transport, Timeout: deliveryTimeout},
	}, nil
}

// deliver sends one report. What is not answered with a success was not taken.
func (c *courier) deliver(ctx context.Context, event telephony.Event) error {
	body, err := webhook.Encode(event)
	if err != nil {
		return err
	}
	signed, err := c.signer.Sign(webhook.Message{
		ID: fmt.Sprintf("%s-%s-%d", event.CallSID, event.Type, event.Seq), At: c.clock.Now(), Body: body,
	})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range signed {
		request.Header.Set(name, value)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	// A connection is used again when its last answer was read to the end.
	const longestAnswer = 64 << 10
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, longestAnswer)); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if response.StatusCode < http.StatusOK || response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("the server answered %s", response.Status)
	}
	return nil
}

// close gives the connections up.
func (c *courier) close() { c.client.CloseIdleConnections() }
