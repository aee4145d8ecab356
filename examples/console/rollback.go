package main

import (
	"errors"
	"fmt"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// rollbackCommand rolls a launch back.
type rollbackCommand struct {
	database

	Campaign string `help:"The campaign that the launch was in."                  placeholder:"UUID" required:""`
	Launch   string `help:"The launch, as launch_id in the answer of an enqueue." placeholder:"UUID" required:""`
}

// Run prints what was taken out and what stayed, as JSON.
func (c *rollbackCommand) Run(t *terminal) (err error) {
	campaignID, err := outdial.ParseID("-campaign", c.Campaign)
	if err != nil {
		return err
	}
	launchID, err := outdial.ParseID("-launch", c.Launch)
	if err != nil {
		return err
	}
	st, err := c.openExisting(t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	result, err := queue.New(st, queue.Config{Clock: t.clock}).RollbackLaunch(t.ctx, outdial.System(),
		queue.RollbackRequest{CampaignID: campaignID, LaunchID: launchID})
	if err != nil {
		return fmt.Errorf("roll back: %w", err)
	}
	return printJSON(t, result)
}
