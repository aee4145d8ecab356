package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/httpapi"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store"
)

// serveCommand runs the server until it is told to stop.
type serveCommand struct {
	database
	redisFlag

	Addr     string  `default:"127.0.0.1:8080"                                                                       help:"Where to listen (default ${default})."                                                                                                                         placeholder:"HOST:PORT"`
	Contacts string  `help:"Import this CSV file first, into -campaign."                                             placeholder:"FILE"`
	Campaign string  `help:"The campaign that -contacts go into."                                                    placeholder:"NAME"`
	Demo     bool    `default:"true"                                                                                 help:"Create demo campaigns in a database that has no campaigns (default ${default})."`
	Agents   string  `help:"The agents there are; anybody else has no queue. By default every agent id is accepted." placeholder:"UUID,…|FILE"`
	Simulate bool    `default:"true"                                                                                 help:"Dial with a simulated carrier; nobody's phone rings. With false nothing is dialed. Of several servers on one database, one may simulate (default ${default})."`
	Speed    float64 `default:"1"                                                                                    help:"How many times faster than life simulated people are, from 0.1 to 50 (default ${default})."                                                                    placeholder:"TIMES"`
	LogCalls bool    `help:"Log every call and every report of the carrier, and not only what goes wrong."`
}

func (c *serveCommand) check() error {
	const slowest, fastest = 0.1, 50
	switch {
	case (c.Contacts == "") != (c.Campaign == ""):
		return errors.New("-contacts and -campaign need each other")
	case !(c.Speed >= slowest && c.Speed <= fastest):
		return fmt.Errorf("-speed: must be from %v to %v", slowest, fastest)
	}
	return nil
}

// Run starts everything and stops it in the opposite order.
func (c *serveCommand) Run(t *terminal) (err error) {
	if err := c.check(); err != nil {
		return err
	}
	server := &server{db: c.database, flags: outdial.EnvFlags(), agent: uuid.MustParse(demoAgentID)}
	var directory queue.AgentDirectory
	if c.Agents != "" {
		named, err := parseAgents(c.Agents)
		if err != nil {
			return err
		}
		server.agent, directory = named.first, named
	}
	if server.secret, err = c.secret(); err != nil {
		return err
	}
	if server.webhooks, err = readWebhooks(t.clock, c.Simulate); err != nil {
		return err
	}
	if server.redis, err = c.options(); err != nil {
		return err
	}
	// First of all, so that a port in use is told before a database is made.
	listener, err := (&net.ListenConfig{}).Listen(t.ctx, "tcp", c.Addr)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // the server has closed it
	st, err := c.open(t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()

	log := newLogs(t.err, c.LogCalls)
	all := services{
		queue: queue.New(st, queue.Config{Clock: t.clock, Flags: server.flags, Agents: directory, Logger: log.server}),
		// At any hour, since no carrier that could call anybody comes with this server.
		dialer: dialer.New(st, dialer.Config{
			Clock: t.clock, Windows: callwindow.Always{}, Policy: retryPolicy(), Logger: log.server,
		}),
		presence: presence.New(st, presence.Config{Clock: t.clock, Agents: directory, Logger: log.server}),
	}
	if err := c.fill(t, st, all, server); err != nil {
		return err
	}
	if err := c.assemble(t, st, all, log, server, listener.Addr()); err != nil {
		return err
	}
	stopSweeping := startSweeping(t.ctx, t.clock, all, log.server)
	defer stopSweeping()
	stopKeeping := server.list.start(t.ctx)
	defer func() { err = errors.Join(err, stopKeeping()) }()
	return server.run(t, listener, log.server)
}

// assemble makes what answers requests and, if there is one, the simulation.
func (c *serveCommand) assemble(
	t *terminal, st store.Store, all services, log logs, server *server, address net.Addr,
) error {
	meter, metrics, err := newMeter()
	if err != nil {
		return err
	}
	server.list = newList(st, listConfig{redis: server.redis, clock: t.clock, meter: meter, log: log.server})
	reports := telephony.New(st, telephony.Config{
		Clock: t.clock, Policy: retryPolicy(), Logger: log.calls, Meter: meter,
		Recorded: func(ctx context.Context, result telephony.RecordResult) {
			if server.simulation != nil {
				server.simulation.hear(ctx, result.Call)
			}
		},
	})
	recording := func(log *slog.Logger) *disposition.Service {
		// At the hours at which the dialer may call.
		return disposition.New(st, disposition.Config{
			Clock: t.clock, Windows: callwindow.Always{}, Policy: retryPolicy(), Meter: meter, Logger: log,
		})
	}
	if c.Simulate {
		server.simulation, err = newSimulation(simulationConfig{
			store: st, clock: t.clock, log: log.calls, meter: meter, events: reports, dispositions: recording(log.calls),
			webhook: "http://" + dialable(address) + telephonyWebhook, secret: server.webhooks.secret,
			pace: pace(c.Speed), staffed: server.power != nil,
		})
		if err != nil {
			return err
		}
	}
	tokens, err := httpapi.NewJWT(httpapi.JWTConfig{Secret: server.secret.key, Clock: t.clock})
	if err != nil {
		return err
	}
	api, err := httpapi.New(httpapi.Config{
		Queue: all.queue, Dialer: all.dialer, Presence: all.presence, Dispositions: recording(log.server),
		Suppressions: server.list.service,
		Telephony:    reports, Webhook: server.webhooks.signed, Twilio: server.webhooks.twilio,
		Intake:        intake.New(st, intake.Config{Clock: t.clock, Logger: log.server}),
		Authenticator: tokens, Ready: st.Ping, Logger: log.requests,
	})
	if err != nil {
		return err
	}
	server.handler = withMetrics(metrics, api)
	return nil
}

// fill brings in the contacts that were asked for, or else the demo, and tells the
// server what to show: the campaign just filled, the demo, or any, and the demo of
// the power queue if it is there.
func (c *serveCommand) fill(t *terminal, st store.Store, all services, server *server) error {
	shown := demoCampaign
	if c.Contacts != "" {
		shown = c.Campaign
		if err := c.importFirst(t, st); err != nil {
			return err
		}
	}
	campaigns, err := all.queue.Campaigns(t.ctx, outdial.System())
	if err == nil && len(campaigns) == 0 && c.Demo {
		if err := addDemo(t.ctx, st, all.dialer, t.clock.Now()); err != nil {
			return err
		}
		campaigns, err = all.queue.Campaigns(t.ctx, outdial.System())
	}
	if err != nil {
		return fmt.Errorf("list the campaigns: %w", err)
	}
	for i := range campaigns {
		if campaigns[i].ID.String() == powerCampaignID {
			server.power = &campaigns[i]
		}
		if server.campaign == nil || campaigns[i].Name == shown {
			server.campaign = &campaigns[i]
		}
	}
	return nil
}

func (c *serveCommand) importFirst(t *terminal, st store.Store) (err error) {
	source, size, err := openSource(t, c.Contacts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	_, err = importContacts(t.ctx, st, contactsFile{campaign: c.Campaign, source: source, size: size}, t)
	return err
}
