package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/httpapi"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store"
)

// serveCommand runs the server until it is told to stop.
type serveCommand struct {
	database

	Addr     string `default:"127.0.0.1:8080"                                                                       help:"Where to listen (default ${default})."                                            placeholder:"HOST:PORT"`
	Contacts string `help:"Import this CSV file first, into -campaign."                                             placeholder:"FILE"`
	Campaign string `help:"The campaign that -contacts go into."                                                    placeholder:"NAME"`
	Demo     bool   `default:"true"                                                                                 help:"Create a demo campaign in a database that has no campaigns (default ${default})."`
	Agents   string `help:"The agents there are; anybody else has no queue. By default every agent id is accepted." placeholder:"UUID,…|FILE"`
}

// Run starts everything and stops it in the opposite order.
func (c *serveCommand) Run(t *terminal) (err error) {
	if (c.Contacts == "") != (c.Campaign == "") {
		return errors.New("-contacts and -campaign need each other")
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

	log := slog.New(slog.NewTextHandler(t.err, nil))
	queues := queue.New(st, queue.Config{Clock: t.clock, Flags: server.flags, Agents: directory, Logger: log})
	if server.campaign, err = c.fill(t, st, queues); err != nil {
		return err
	}
	tokens, err := httpapi.NewJWT(httpapi.JWTConfig{Secret: server.secret.key, Clock: t.clock})
	if err != nil {
		return err
	}
	server.handler, err = httpapi.New(httpapi.Config{
		Queue: queues, Intake: intake.New(st, intake.Config{Clock: t.clock, Logger: log}),
		Authenticator: tokens, Ready: st.Ping, Logger: log,
	})
	if err != nil {
		return err
	}
	stopSweeping := startSweeping(t.ctx, t.clock, queues, log)
	defer stopSweeping()
	return server.run(t, listener, log)
}

// fill brings in the contacts that were asked for, or else the demo, and returns
// the campaign to show: the one just filled, the demo, or any; nil when there is
// none.
func (c *serveCommand) fill(t *terminal, st store.Store, queues *queue.Service) (*queue.CampaignSummary, error) {
	shown := demoCampaign
	if c.Contacts != "" {
		shown = c.Campaign
		if err := c.importFirst(t, st); err != nil {
			return nil, err
		}
	}
	campaigns, err := queues.Campaigns(t.ctx, outdial.System())
	if err == nil && len(campaigns) == 0 && c.Demo {
		if err := addDemo(t.ctx, st, t.clock.Now()); err != nil {
			return nil, err
		}
		campaigns, err = queues.Campaigns(t.ctx, outdial.System())
	}
	if err != nil {
		return nil, fmt.Errorf("list the campaigns: %w", err)
	}
	for i := range campaigns {
		if campaigns[i].Name == shown {
			return &campaigns[i], nil
		}
	}
	if len(campaigns) > 0 {
		return &campaigns[0], nil
	}
	return nil, nil
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
