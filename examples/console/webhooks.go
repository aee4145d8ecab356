package main

import (
	"fmt"
	"os"

	"github.com/benbjohnson/clock"

	"github.com/outdial/outdial/dialer/telephony/twilio"
	"github.com/outdial/outdial/dialer/telephony/webhook"
)

// webhooksPath begins the paths to which carriers report.
const (
	webhooksPath     = "/webhooks/"
	telephonyWebhook = webhooksPath + "telephony"
	twilioWebhook    = webhooksPath + "twilio"
)

// The environment variables about carriers.
const (
	webhookVariable   = "OUTDIAL_WEBHOOK_SECRET"
	twilioVariable    = "OUTDIAL_TWILIO_AUTH_TOKEN"
	publicURLVariable = "OUTDIAL_PUBLIC_URL"
)

// webhooks say whose reports are taken.
type webhooks struct {
	// signed is nil when nobody has the secret.
	signed *webhook.Verifier
	// twilio is nil unless there is an account.
	twilio *twilio.Adapter
	// secret is what reports are signed with, and given says that the operator has it.
	secret string
	given  bool
}

// readWebhooks reads the environment. A simulated carrier for which there is no secret
// gets one that lasts as long as the process.
func readWebhooks(clk clock.Clock, simulated bool) (webhooks, error) {
	hooks := webhooks{secret: os.Getenv(webhookVariable)}
	hooks.given = hooks.secret != ""
	if !hooks.given && simulated {
		hooks.secret = webhook.NewSecret()
	}
	var err error
	if hooks.secret != "" {
		hooks.signed, err = webhook.New(webhook.Config{Secrets: []string{hooks.secret}, Clock: clk})
	}
	if err != nil {
		return webhooks{}, fmt.Errorf("%s: %w", webhookVariable, err)
	}
	token, base := os.Getenv(twilioVariable), os.Getenv(publicURLVariable)
	if token == "" {
		return hooks, nil
	}
	if base == "" {
		return webhooks{}, fmt.Errorf("%s needs %s: Twilio signs the address that it calls", twilioVariable, publicURLVariable)
	}
	if hooks.twilio, err = twilio.New(twilio.Config{AuthTokens: []string{token}, PublicBaseURL: base}); err != nil {
		return webhooks{}, fmt.Errorf("%s: %w", publicURLVariable, err)
	}
	return hooks, nil
}
