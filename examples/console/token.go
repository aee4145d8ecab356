package main

import (
	"fmt"
	"time"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/httpapi"
)

// tokenCommand prints a token. It opens no database: -db only says where the
// secret is.
type tokenCommand struct {
	database

	Sub   string        `help:"Who the token is for: for an agent, the agent id." placeholder:"UUID"                                           required:""`
	Role  string        `default:"agent"                                          help:"agent, manager or admin (default ${default})."`
	Scope string        `default:"queue:pull queue:write"                         help:"Scopes, separated by spaces (default \"${default}\")."`
	TTL   time.Duration `default:"24h"                                            help:"How long the token is good for (default ${default})."  name:"ttl"`
}

// Run prints the token and a line end on standard output.
func (c *tokenCommand) Run(t *terminal) error {
	id, err := outdial.ParseID("-sub", c.Sub)
	if err != nil {
		return err
	}
	actor := outdial.Actor{ID: id}
	if actor.Role, err = outdial.ParseRole(c.Role); err != nil {
		return err
	}
	if actor.Scopes, err = outdial.ParseScopes(c.Scope); err != nil {
		return err
	}
	found, err := c.secret()
	if err != nil {
		return err
	}
	if found.created {
		t.notef("made a development secret in %s; set %s to use your own", found.origin, secretVariable)
	}
	signer, err := httpapi.NewJWT(httpapi.JWTConfig{Secret: found.key, Clock: t.clock})
	if err != nil {
		return err
	}
	token, err := signer.Sign(actor, c.TTL)
	if err != nil {
		return err
	}
	fmt.Fprintln(t.out, token)
	return nil
}
