package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store"
)

// importCommand imports a file.
type importCommand struct {
	database

	Campaign string `help:"The campaign; it is created if there is none of that name."                      placeholder:"NAME"                                          required:""`
	Region   string `default:"US"                                                                           help:"Country of rows that name none (default ${default})." placeholder:"COUNTRY"`
	List     string `help:"The list that the file's ids belong to: the same id in two lists is two people." placeholder:"NAME"`
	File     string `arg:""                                                                                 help:"CSV in UTF-8 with a header; - reads standard input."`
}

// Run prints the result as JSON, as the last line on standard output, and
// everything for people on standard error. An import that stops half way prints
// both its result and its error.
func (c *importCommand) Run(t *terminal) (err error) {
	source, size, err := openSource(t, c.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	st, err := c.open(t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	result, err := importContacts(t.ctx, st, contactsFile{
		campaign: c.Campaign, region: c.Region, list: c.List, source: source, size: size,
	}, t)
	if result.CampaignID != (intake.Result{}).CampaignID {
		err = errors.Join(err, printJSON(t, result))
	}
	return err
}

// openSource opens the file and says how long it is, 0 when nobody knows.
func openSource(t *terminal, name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		return io.NopCloser(t.in), 0, nil
	}
	file, err := os.Open(name) //nolint:gosec // the path is the operator's own
	if err != nil {
		return nil, 0, fmt.Errorf("import: %w", err)
	}
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, 0, errors.Join(fmt.Errorf("import: %w", err), file.Close())
	case info.IsDir():
		return nil, 0, errors.Join(fmt.Errorf("import: %s is a directory", name), file.Close())
	case info.Mode().IsRegular():
		return file, info.Size(), nil
	}
	return file, 0, nil
}

// contactsFile is a file of contacts and the campaign they go to.
type contactsFile struct {
	campaign, region, list string
	source                 io.Reader
	size                   int64
}

// importContacts imports the file and tells on standard error how it goes and
// which rows are kept out.
func importContacts(ctx context.Context, st store.Store, file contactsFile, t *terminal) (intake.Result, error) {
	tell := progress{clock: t.clock, since: t.clock.Now(), size: file.size, t: t}
	result, err := intake.New(st, intake.Config{Clock: t.clock}).Import(ctx, outdial.System(), intake.ImportRequest{
		CampaignName:  file.campaign,
		Source:        file.source,
		DefaultRegion: file.region,
		List:          file.list,
		Progress:      tell.report,
		Rejected:      func(r intake.Rejection) { t.notef("rejected: %s", r) },
	})
	switch {
	case errors.Is(err, context.Canceled):
		return result, fmt.Errorf("import: interrupted after %d new contacts; run it again to complete it", result.Imported)
	case err != nil:
		return result, fmt.Errorf("import: %w", err)
	}
	t.notef("%s: %d imported, %d unchanged, %d rejected", file.campaign, result.Imported, result.Unchanged, result.Rejected)
	return result, nil
}

// progress tells how far an import is, once a second and not once a batch.
type progress struct {
	clock clock.Clock
	since time.Time
	size  int64
	t     *terminal
}

func (p *progress) report(now intake.Progress) {
	p.tell(fmt.Sprintf("%d rows", now.Rows), now.Bytes,
		fmt.Sprintf("%d imported, %d unchanged, %d rejected", now.Imported, now.Unchanged, now.Rejected))
}

// tell says how much was read, what share of the file that is, and what became of it.
func (p *progress) tell(read string, bytes int64, counts string) {
	if p.clock.Since(p.since) < time.Second {
		return
	}
	p.since = p.clock.Now()
	share := ""
	if p.size > 0 {
		share = fmt.Sprintf(" (%d %%)", bytes*100/p.size) //nolint:mnd // percent
	}
	p.t.notef("%s%s: %s", read, share, counts)
}
