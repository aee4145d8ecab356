package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/queue"
)

// rollbackCommand rolls a launch of either queue back.
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
	result, err := services{
		queue:  queue.New(st, queue.Config{Clock: t.clock}),
		dialer: dialer.New(st, dialer.Config{Clock: t.clock}),
	}.rollBack(t.ctx, queue.RollbackRequest{CampaignID: campaignID, LaunchID: launchID})
	if err != nil {
		return err
	}
	return printJSON(t, result)
}

// rolledBack is what a rollback did, in the words of POST /ops/rollback: items of the
// agent queue are released, those of the power queue failed.
type rolledBack struct {
	Released int `json:"released"`
	Failed   int `json:"failed"`
	Kept     int `json:"kept"`
}

// rollBack takes a launch out of both queues. It may have filled either, and is
// unknown when neither knows it. When the second fails, what was done to the first
// stays done, and asking again is harmless.
func (s services) rollBack(ctx context.Context, req queue.RollbackRequest) (rolledBack, error) {
	items, unknown := s.queue.RollbackLaunch(ctx, outdial.System(), req)
	if unknown != nil && !errors.Is(unknown, outdial.ErrNotFound) {
		return rolledBack{}, fmt.Errorf("roll back: %w", unknown)
	}
	calls, err := s.dialer.RollbackLaunch(ctx, outdial.System(), dialer.RollbackRequest(req))
	if errors.Is(err, outdial.ErrNotFound) {
		err = unknown
	}
	if err != nil {
		return rolledBack{}, fmt.Errorf("roll back: %w", err)
	}
	return rolledBack{Released: items.Released, Failed: calls.Failed, Kept: items.Kept + calls.Kept}, nil
}
