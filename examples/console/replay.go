package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer/telephony"
)

// replayCommand runs kept events again.
type replayCommand struct {
	database

	Campaign string    `help:"Only events of this campaign."                           placeholder:"UUID"`
	Item     string    `help:"Only events of this item of -campaign."                  placeholder:"UUID"`
	Call     string    `help:"Only events of this call, by the carrier's name for it." placeholder:"SID"`
	Since    time.Time `help:"Only events that came then or later (RFC 3339)."         placeholder:"TIME"`
	Until    time.Time `help:"Only events that came before (RFC 3339)."                placeholder:"TIME"`
	Orphans  bool      `help:"Only events whose call nobody knew."`
}

// Run prints how many there were and what came of them, as JSON. A replay that stops
// half way prints both its result and its error. A server that is running finds by
// itself what calls need after it.
func (c *replayCommand) Run(t *terminal) (err error) {
	selection, err := c.selection()
	if err != nil {
		return err
	}
	st, err := c.openExisting(t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	result, err := telephony.New(st, telephony.Config{Clock: t.clock, Policy: retryPolicy()}).Replay(t.ctx, outdial.System(), selection)
	if err != nil {
		err = fmt.Errorf("replay: %w", err)
	}
	if err == nil || result.Replayed > 0 {
		err = errors.Join(err, printJSON(t, result))
	}
	return err
}

func (c *replayCommand) selection() (telephony.Selection, error) {
	selection := telephony.Selection{CallSID: c.Call, Since: c.Since, Until: c.Until, Orphans: c.Orphans}
	for _, given := range []struct {
		flag, text string
		id         *uuid.UUID
	}{
		{"-campaign", c.Campaign, &selection.CampaignID},
		{"-item", c.Item, &selection.ItemID},
	} {
		if given.text == "" {
			continue
		}
		id, err := outdial.ParseID(given.flag, given.text)
		if err != nil {
			return telephony.Selection{}, err
		}
		*given.id = id
	}
	return selection, nil
}
