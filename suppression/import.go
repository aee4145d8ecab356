package suppression

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/intake"
)

const (
	// maxBatch is how many lines one transaction takes at most.
	maxBatch = 10_000
	// maxProblems is how many bad lines a report names at most.
	maxProblems = 10_000
)

// ImportRequest is a file and what it is. The file has one number or one e-mail address
// a line, or is CSV with a header that names columns such as phone, email or value; what
// Export writes is such a file. Every number and address of a line becomes an entry. A
// line with three and seven digits and a comma between them is a number as the national
// registry writes it. Blank lines and those that begin with # are passed over.
type ImportRequest struct {
	// Reader is the file, in UTF-8. It is read once, as a stream, and not closed.
	Reader io.Reader
	// List is the name of the registry or list, and Version what tells its issues
	// apart, such as its date. Both are required, at most 100 letters, digits, dots,
	// dashes, underscores and spaces.
	List    string
	Version string
	// PublishedAt is when the list was drawn up, from which its age counts. Defaults to
	// now: to the day of the import, if nobody knows better.
	PublishedAt time.Time
	// Region is the country of numbers without a country code, as an ISO 3166 code or a
	// usual name. Defaults to "US".
	Region string
	// CampaignID limits the entries to one campaign. The nil UUID is all of them.
	CampaignID uuid.UUID
	// ExpiresAt ends the entries that name no end of their own; zero never does.
	ExpiresAt time.Time
	// Batch is how many lines one transaction takes. Defaults to 5,000; more than
	// 10,000 counts as 10,000.
	Batch int
	// Problems is how many bad lines the report names; all are counted. Defaults to
	// 100; more than 10,000 counts as 10,000.
	Problems int
	// Progress is called after every batch, from the goroutine that imports.
	// Defaults to telling nobody.
	Progress func(Import)
}

// LineProblem is a line that could not be used. It never repeats what stands there.
type LineProblem struct {
	// Line counts from 1, with the header and blank lines.
	Line int64 `json:"line"`
	// Problem is what is wrong, such as "is not a phone number".
	Problem string `json:"problem"`
}

// ImportReport is what an import did.
type ImportReport struct {
	Import

	// Resumed says that the import went on where an earlier call had stopped.
	Resumed bool `json:"resumed"`
	// Problems are the first bad lines that this call came across.
	Problems []LineProblem `json:"problems"`
	// Warnings are for whoever reads the report, such as that the list is too old.
	Warnings []string `json:"warnings"`
}

// Import puts a do-not-call list onto the list: line by line, in constant memory,
// however long the file is. A line that cannot be used is reported by its number and
// the others are loaded; of a line with several values, those that can be used are.
//
// The import of one version of one list is one thing, however often it is begun. Every
// batch is a transaction that also moves the import's checkpoint, so that a call after
// one that was interrupted goes on where that had come to. The file must be the same
// one: what has been read before is read again and compared by its digest. Importing a
// version again that is complete changes nothing. Entries that an older version has and
// the newer one has not stay on the list.
//
// Errors match ErrForbidden (scope suppression:write; agents), ErrInvalid (a request
// that is wrong, or a file in which no line of the first batch is a number or an
// address), ErrNotFound (campaign), and ErrConflict: another file, or another process
// that imports the same version at this moment. With an error comes the report of what
// had been done until then.
func (s *Service) Import(ctx context.Context, actor outdial.Actor, req ImportRequest) (ImportReport, error) {
	if err := requireCare(actor); err != nil {
		return ImportReport{}, err
	}
	now := s.now()
	if err := req.settle(now); err != nil {
		return ImportReport{}, err
	}
	file, err := openLines(req.Reader)
	if err != nil {
		return ImportReport{}, err
	}
	begun, err := s.store.BeginImport(ctx, BeginImportParams{
		List: req.List, Version: req.Version, CampaignID: req.CampaignID, PublishedAt: req.PublishedAt,
		ActorID: actor.ID, Now: now,
	})
	if err != nil {
		return ImportReport{}, err
	}
	run := &importRun{
		service: s, actor: actor, req: req, file: file, reason: req.reason(),
		report: ImportReport{Import: begun, Resumed: begun.Bytes > 0, Problems: []LineProblem{}, Warnings: []string{}},
	}
	err = run.lines(ctx)
	if age := now.Sub(begun.PublishedAt); age > s.cfg.StaleAfter {
		const day = 24 * time.Hour
		run.report.Warnings = append(run.report.Warnings,
			fmt.Sprintf("the list is %d days old; %d are allowed", age/day, s.cfg.StaleAfter/day))
	}
	s.logImport(ctx, actor, run.report, err)
	return run.report, err
}

func (s *Service) logImport(ctx context.Context, actor outdial.Actor, report ImportReport, err error) {
	level, message := slog.LevelInfo, "do-not-call list imported"
	attrs := []slog.Attr{
		slog.Any("import_id", report.ID), slog.String("list", report.List), slog.String("version", report.Version),
		slog.Any("actor_id", actor.ID), slog.Int64("lines", report.Lines), slog.Int64("added", report.Added),
		slog.Int64("extended", report.Extended), slog.Int64("unchanged", report.Unchanged),
		slog.Int64("rejected", report.Rejected),
	}
	if len(report.Warnings) > 0 {
		level, message = slog.LevelWarn, "do-not-call list imported that is too old to call by"
	}
	if err != nil {
		level, message = slog.LevelError, "import of a do-not-call list stopped"
		attrs = append(attrs, slog.String("cause", err.Error()))
	}
	s.cfg.Logger.LogAttrs(ctx, level, message, attrs...)
}

var listName = regexp.MustCompile(`^[\pL\pN][\pL\pN ._-]{0,99}$`)

// settle fills in what a request leaves out, or says what is wrong with it.
func (r *ImportRequest) settle(now time.Time) error {
	r.PublishedAt, r.ExpiresAt = kept(r.PublishedAt), kept(r.ExpiresAt)
	if r.PublishedAt.IsZero() {
		r.PublishedAt = now
	}
	if r.Region == "" {
		r.Region = "US"
	}
	if r.Progress == nil {
		r.Progress = func(Import) {}
	}
	r.Batch = min(positive(r.Batch, 5000), maxBatch)
	r.Problems = min(positive(r.Problems, 100), maxProblems)
	switch {
	case r.Reader == nil:
		return outdial.Invalid("file", "is required")
	case !listName.MatchString(r.List):
		return outdial.Invalid("list", "must be 1 to 100 letters, digits, dots, dashes, underscores and spaces")
	case !listName.MatchString(r.Version):
		return outdial.Invalid("version", "must be 1 to 100 letters, digits, dots, dashes, underscores and spaces")
	case r.PublishedAt.After(now):
		return outdial.Invalid("published_at", "is in the future")
	case !r.ExpiresAt.IsZero() && !r.ExpiresAt.After(now):
		return outdial.Invalid("expires_at", "is over already")
	}
	region, known := intake.CountryCode(r.Region)
	if !known {
		return outdial.Invalid("region", "is not a country")
	}
	r.Region = region
	return nil
}

// importRun is one import under way.
type importRun struct {
	service *Service
	actor   outdial.Actor
	req     ImportRequest
	file    *lineReader
	columns *listColumns
	report  ImportReport
	// reason is that of entries whose lines name none.
	reason string

	batch []Entry
	// pending are the lines since the last batch, rejected the bad ones among them.
	pending  int
	rejected int64
	// sound says that some line was a number or an address.
	sound bool
}

// lines reads the file to its end.
func (r *importRun) lines(ctx context.Context) error {
	from := r.report.Bytes
	r.sound = r.report.Added+r.report.Extended+r.report.Unchanged > 0
	checked := from == 0
	for {
		if !checked && r.file.bytes >= from {
			if r.file.bytes != from || r.file.digest() != r.report.Digest {
				return errOtherFile
			}
			checked = true
		}
		line, err := r.file.next()
		switch {
		case err == io.EOF && !checked: // an error that only wraps EOF is no end
			return errOtherFile
		case err == io.EOF:
			return r.end(ctx)
		case err != nil && r.file.torn:
			// A checkpoint in the middle of a line is none to go on from.
			return err
		case err != nil:
			// The lines before a place that cannot be read are as good as any.
			return errors.Join(err, r.flush(ctx, false))
		}
		if err := r.line(line, checked); err != nil {
			return err
		}
		if max(r.pending, len(r.batch)) >= r.req.Batch {
			if err := r.flush(ctx, false); err != nil {
				return err
			}
		} else if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

var errOtherFile = outdial.Conflict("this version of the list was imported from another file")

// line puts one line into the batch, or reports it. Lines that an earlier call has
// imported are read for the header only.
func (r *importRun) line(line listLine, fresh bool) error {
	if line.blank() {
		if fresh {
			r.pending++
		}
		return nil
	}
	if r.columns == nil {
		columns, isHeader, err := readListHeader(line, r.req.Region)
		if err != nil {
			return err
		}
		r.columns = columns
		if isHeader {
			if fresh {
				r.pending++
			}
			return nil
		}
	}
	if !fresh {
		return nil
	}
	r.pending++
	entries, problem := r.columns.entries(line, r.req)
	for _, entry := range entries {
		entry.Source, entry.Reason = SourceImport, cmp.Or(entry.Reason, r.reason)
		field, wrong := entry.settle(r.service.now())
		if wrong != "" {
			if field != "value" {
				wrong = field + " " + wrong
			}
			problem = cmp.Or(problem, wrong)
			continue
		}
		r.sound = true
		r.batch = append(r.batch, entry)
	}
	if problem != "" {
		r.rejected++
		if len(r.report.Problems) < r.req.Problems {
			r.report.Problems = append(r.report.Problems, LineProblem{Line: line.number, Problem: problem})
		}
	}
	return nil
}

// reason is where an entry comes from, unless its line says so itself.
func (r *ImportRequest) reason() string {
	reason := r.List + " " + r.Version
	if len(reason) > MaxReason {
		reason = strings.ToValidUTF8(reason[:MaxReason], "")
	}
	return reason
}

// end writes the last batch, and marks the import as complete.
func (r *importRun) end(ctx context.Context) error {
	if r.report.CompletedAt.IsZero() {
		return r.flush(ctx, true)
	}
	if r.file.bytes != r.report.Bytes {
		return errOtherFile
	}
	return nil
}

// flush hands the batch to the store, with how far the file has been read.
func (r *importRun) flush(ctx context.Context, complete bool) error {
	if r.pending == 0 && !complete {
		return nil
	}
	if !r.report.CompletedAt.IsZero() {
		return errOtherFile
	}
	if !r.sound {
		return outdial.Invalid("file", fmt.Sprintf(
			"has no phone number and no e-mail address in its first %d lines", r.file.number))
	}
	before := r.report.Import
	after, err := r.service.store.ImportSuppressions(ctx, ImportParams{
		ImportID: before.ID, Entries: r.batch, From: before.Checkpoint,
		To: Checkpoint{
			Lines: r.file.number, Bytes: r.file.bytes, Rejected: before.Rejected + r.rejected, Digest: r.file.digest(),
		},
		Complete: complete, ActorID: r.actor.ID, Now: r.service.now(),
	})
	if err != nil {
		return fmt.Errorf("import up to line %d: %w", r.file.number, err)
	}
	r.report.Import = after
	// A new slice, not the old one emptied: a store may keep what it was given.
	r.batch, r.pending, r.rejected = make([]Entry, 0, len(r.batch)), 0, 0
	r.service.importedBatch(ctx, before, after)
	r.req.Progress(after)
	return nil
}

// importedBatch counts what one batch did, and wakes whoever follows the list.
func (s *Service) importedBatch(ctx context.Context, before, after Import) {
	for result, lines := range map[string]int64{
		importAdded: after.Added - before.Added, importExtended: after.Extended - before.Extended,
		importUnchanged: after.Unchanged - before.Unchanged, importRejected: after.Rejected - before.Rejected,
	} {
		if lines > 0 {
			s.imported.Add(ctx, lines, metric.WithAttributes(attribute.String("result", result)))
		}
	}
	s.changed(ctx, EventAdd, int(after.Added-before.Added))
	s.changed(ctx, EventExtend, int(after.Extended-before.Extended))
}
