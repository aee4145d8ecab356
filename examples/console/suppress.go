package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/store"
	"github.com/outdial/outdial/suppression"
)

// suppressCommand imports a do-not-call file.
type suppressCommand struct {
	database

	List      string `help:"The name of the registry or list."                                                   placeholder:"NAME"                                             required:""`
	Version   string `help:"What tells its issues apart, such as a date."                                        placeholder:"VERSION"                                          required:""`
	Published string `help:"When it was drawn up, from which its age counts: a date or an RFC 3339 time."        placeholder:"DATE"                                             required:""`
	Region    string `default:"US"                                                                               help:"Country of numbers that name none (default ${default})." placeholder:"COUNTRY"`
	Campaign  string `help:"The only campaign in which nobody of the list may be called (default: all of them)." placeholder:"NAME|UUID"`
	File      string `arg:""                                                                                     help:"One number or address a line, or CSV with a header, in UTF-8; - reads standard input."`
}

// listed is what an import came to, in the words of GET /suppressions/imports.
type listed struct {
	ImportID  uuid.UUID `json:"import_id"`
	Lines     int64     `json:"lines"`
	Added     int64     `json:"added"`
	Extended  int64     `json:"extended"`
	Unchanged int64     `json:"unchanged"`
	Rejected  int64     `json:"rejected"`
}

// Run prints what the import came to as JSON, as the last line on standard output, and
// everything for people on standard error. An import that stops half way prints both its
// result and its error, and the same command goes on where it has stopped. Items of who
// is on the list now are taken out of the queues by a server that runs, or by a purge.
func (c *suppressCommand) Run(t *terminal) (err error) {
	published, err := readDate("-published", c.Published)
	if err != nil {
		return err
	}
	source, size, err := openSource(t, c.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	// Into a database that is there: one that is made for a mistyped name would hold a
	// list that nobody asks.
	st, err := c.openExisting(t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	campaignID, err := findCampaign(t.ctx, st, c.Campaign)
	if err != nil {
		return err
	}
	tell := progress{clock: t.clock, since: t.clock.Now(), size: size, t: t}
	report, err := suppression.New(st, suppression.Config{Clock: t.clock}).Import(t.ctx, outdial.System(), suppression.ImportRequest{
		Reader: source, List: c.List, Version: c.Version, PublishedAt: published, Region: c.Region, CampaignID: campaignID,
		Progress: func(now suppression.Import) { tell.tell(fmt.Sprintf("%d lines", now.Lines), now.Bytes, counted(now)) },
	})
	c.tell(t, report)
	switch {
	case errors.Is(err, context.Canceled):
		err = fmt.Errorf("suppress: interrupted after line %d; run it again to go on there", report.Lines)
	case err != nil:
		err = fmt.Errorf("suppress: %w", err)
	default:
		t.notef("%s %s: %s", c.List, c.Version, counted(report.Import))
	}
	if err == nil || report.Lines > 0 {
		err = errors.Join(err, printJSON(t, listed{
			ImportID: report.ID, Lines: report.Lines, Added: report.Added, Extended: report.Extended,
			Unchanged: report.Unchanged, Rejected: report.Rejected,
		}))
	}
	return err
}

// tell says what people should know of an import beside its counts.
func (c *suppressCommand) tell(t *terminal, report suppression.ImportReport) {
	for _, bad := range report.Problems {
		t.notef("rejected: line %d: %s", bad.Line, bad.Problem)
	}
	if report.Rejected > int64(len(report.Problems)) && len(report.Problems) > 0 {
		t.notef("%d lines were rejected in all", report.Rejected)
	}
	for _, warning := range report.Warnings {
		t.notef("warning: %s", warning)
	}
}

// readDate reads a date, which is its midnight in UTC, or a time.
func readDate(flag, text string) (time.Time, error) {
	if at, ok := outdial.ParseDate(text); ok {
		return at, nil
	}
	return time.Time{}, fmt.Errorf("%s: is neither a date such as 2026-11-01 nor an RFC 3339 time", flag)
}

// findCampaign returns the id of the campaign of that name or id, and the nil UUID for
// none.
func findCampaign(ctx context.Context, st store.Store, named string) (uuid.UUID, error) {
	if named == "" {
		return uuid.Nil, nil
	}
	campaigns, err := queue.New(st, queue.Config{}).Campaigns(ctx, outdial.System())
	if err != nil {
		return uuid.Nil, fmt.Errorf("list the campaigns: %w", err)
	}
	for _, campaign := range campaigns {
		if campaign.Name == named || strings.EqualFold(campaign.ID.String(), named) {
			return campaign.ID, nil
		}
	}
	return uuid.Nil, errors.New("-campaign: there is no campaign of that name or id")
}

func counted(of suppression.Import) string {
	return fmt.Sprintf("%d added, %d extended, %d unchanged, %d rejected", of.Added, of.Extended, of.Unchanged, of.Rejected)
}
