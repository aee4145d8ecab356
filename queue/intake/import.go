package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// Service imports contacts. It is safe for concurrent use, keeps no state and
// starts no goroutine. Make one with New.
type Service struct {
	store Store
	cfg   Config
}

// New returns a Service over the store.
func New(store Store, cfg Config) *Service {
	return &Service{store: store, cfg: cfg.WithDefaults()}
}

// WithStore returns a Service like this one over another store, such as one bound
// to a host's transaction.
func (s *Service) WithStore(store Store) *Service {
	bound := *s
	bound.store = store
	return &bound
}

// ImportRequest is a file and where its contacts shall go.
type ImportRequest struct {
	// CampaignID or CampaignName says which campaign. A campaign that does not
	// exist is created if it has a name.
	CampaignID   uuid.UUID
	CampaignName string
	// Source is the file: CSV in UTF-8, with a header. It is read once, as a
	// stream, and not closed.
	Source io.Reader
	// DefaultRegion is the country of rows that name none.
	// Defaults to that of the Config.
	DefaultRegion string
	// List names the system or the list that the file's ids belong to, in letters,
	// digits, dots, dashes and underscores. The same id in two lists is two
	// people; without a name, the same id in two files is one person, so a list
	// that merely numbers its rows needs one. Defaults to no name.
	List string
	// Progress and Rejected replace those of the Config for this import.
	Progress func(Progress)
	Rejected func(Rejection)
}

const (
	maxCampaignName = 200
	maxListName     = 64
)

// Import reads a file of contacts into a campaign. Rows that cannot be used are
// reported and kept out, the others are loaded; importing a file again changes
// nothing and counts its rows as unchanged. So do rows that repeat an earlier one
// of the same file: the first counts.
//
// A column that is no field of a contact becomes an attribute of the contacts, and
// a field that filters may name: of the narrowest type that holds what its rows
// have, or had in earlier imports. Rows that are rejected do not count for that,
// and a column without values is no field. The store knows of an attribute before
// it has a contact with it, also when an import stops half way.
//
// The actor must be a manager or an admin with scope queue:write. A request that
// is wrong, or a file that is no list of contacts, is refused with an error
// matching ErrInvalid before anything is written.
//
// Rows are written in batches, each in its own transaction, so an import that
// stops half way has done what its Result says and nothing else: the error comes
// together with that Result, and the audit entry is written for it too. Repeating
// the import completes it. When ctx ends, the import stops before its next batch
// and returns ctx's error; a Source that blocks is its owner's to interrupt.
func (s *Service) Import(ctx context.Context, actor outdial.Actor, req ImportRequest) (Result, error) {
	if err := actor.Require(outdial.ScopeQueueWrite); err != nil {
		return Result{}, err
	}
	if !actor.ManagesOthers() {
		return Result{}, outdial.Forbidden("importing contacts needs role manager or admin")
	}
	name, err := req.check()
	if err != nil {
		return Result{}, err
	}
	home, err := s.region(req)
	if err != nil {
		return Result{}, err
	}
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	file, err := openFile(req.Source, s.cfg.Limits)
	if err != nil {
		return Result{}, err
	}
	first, err := file.next()
	if errors.Is(err, errEnd) {
		return Result{}, outdial.Invalid("file", "has a header but no rows")
	}
	if err != nil {
		return Result{}, err
	}
	ensured, err := s.store.EnsureCampaign(ctx, EnsureCampaignParams{ID: req.CampaignID, Name: name, Now: s.now()})
	if err != nil {
		return Result{}, fmt.Errorf("find the campaign: %w", err)
	}

	run := s.newRun(req, file, home, ensured.Campaign.ID)
	err = run.rows(ctx, first)
	if auditErr := s.audit(ctx, actor, run.result); auditErr != nil {
		err = errors.Join(err, auditErr)
	}
	s.log(ctx, actor, run.result, err)
	return run.result, err
}

// check returns the campaign's name as it will be used, or what is wrong with the
// request.
func (r ImportRequest) check() (string, error) {
	name := strings.TrimSpace(r.CampaignName)
	switch {
	case r.Source == nil:
		return "", outdial.Invalid("file", "is required")
	case name == "" && r.CampaignID == uuid.Nil:
		return "", outdial.Invalid("campaign_id", "is required, or campaign_name")
	case len(name) > maxCampaignName:
		return "", outdial.Invalid("campaign_name", fmt.Sprintf("is longer than %d bytes", maxCampaignName))
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "", outdial.Invalid("campaign_name", "holds characters that cannot be shown")
	case len(r.List) > maxListName:
		return "", outdial.Invalid("list", fmt.Sprintf("is longer than %d bytes", maxListName))
	case strings.ContainsFunc(r.List, notInListName):
		return "", outdial.Invalid("list", "must be letters, digits, dots, dashes and underscores")
	}
	return name, nil
}

func notInListName(r rune) bool {
	return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-", r)
}

// run is one import under way.
type run struct {
	svc      *Service
	file     *reader
	decode   decoder
	progress func(Progress)
	rejected func(Rejection)

	batch []NewContact
	// keys are the source keys of the batch, repeated how many rows had one of
	// them again, pending the rows since the last write, bytes the size of what
	// they left in memory.
	keys                     map[string]struct{}
	repeated, pending, bytes int
	result                   Result
	// told is how much of the file the last Progress was about.
	told int64
}

func (s *Service) newRun(req ImportRequest, file *reader, home string, campaignID uuid.UUID) *run {
	r := &run{
		svc:      s,
		file:     file,
		progress: req.Progress,
		rejected: req.Rejected,
		keys:     map[string]struct{}{},
		result:   Result{CampaignID: campaignID},
		decode: decoder{
			columns: file.columns, limits: s.cfg.Limits, region: home, list: req.List, zones: map[string]bool{},
			types: newAttributeTypes(),
		},
	}
	if r.progress == nil {
		r.progress = s.cfg.Progress
	}
	if r.rejected == nil {
		r.rejected = s.cfg.Rejected
	}
	return r
}

// rows imports the first row and all that follow.
func (r *run) rows(ctx context.Context, next row) error {
	// maxBatchBytes bounds a batch of rows that are all as large as they may be.
	const maxBatchBytes = 4 << 20
	for {
		if err := r.row(next); err != nil {
			return err
		}
		if r.pending >= r.svc.cfg.BatchSize || r.bytes >= maxBatchBytes {
			if err := r.write(ctx); err != nil {
				return err
			}
		}
		var err error
		if next, err = r.file.next(); err != nil {
			// The rows before a place that cannot be read are as good as any.
			if writeErr := r.write(ctx); writeErr != nil {
				return writeErr
			}
			if errors.Is(err, errEnd) {
				return nil
			}
			return err
		}
	}
}

// row puts one row into the batch, or reports it.
func (r *run) row(next row) error {
	r.pending++
	contact, wrong := NewContact{}, next.rejected
	if wrong == nil {
		contact, wrong = r.decode.contact(next.values)
	}
	if wrong != nil {
		r.result.Rejected++
		r.rejected(Rejection{Line: next.line, Column: wrong.column, Problem: wrong.problem})
		return nil
	}
	if _, again := r.keys[contact.SourceKey]; again {
		r.repeated++
		return nil
	}
	id, err := outdial.NewID()
	if err != nil {
		return err
	}
	contact.Contact.ID = id
	r.keys[contact.SourceKey] = struct{}{}
	r.batch = append(r.batch, contact)
	r.bytes += size(contact)
	return nil
}

// write hands the batch to the store and tells how far the import is.
func (r *run) write(ctx context.Context) error {
	if r.pending == 0 && r.told == r.file.in.offset {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(r.batch) > 0 {
		if err := r.register(ctx); err != nil {
			return err
		}
		added, err := r.svc.store.AddContacts(ctx, AddContactsParams{
			CampaignID: r.result.CampaignID, Contacts: r.batch, Now: r.svc.now(),
		})
		if err != nil {
			return fmt.Errorf("add the contacts up to line %d: %w", r.file.in.line, err)
		}
		r.result.Imported += added.Added
		r.result.Unchanged += added.Unchanged
	}
	r.result.Unchanged += r.repeated
	// A new slice, not the old one emptied: a store may keep what it was given.
	r.batch = make([]NewContact, 0, len(r.batch))
	r.repeated, r.pending, r.bytes = 0, 0, 0
	clear(r.keys)
	r.told = r.file.in.offset
	r.progress(Progress{
		Rows:      r.result.Imported + r.result.Unchanged + r.result.Rejected,
		Imported:  r.result.Imported,
		Unchanged: r.result.Unchanged,
		Rejected:  r.result.Rejected,
		Bytes:     r.file.in.offset,
	})
	return nil
}

// register tells the store what the rows so far hold, when it is more than the store
// was told before: once or twice in an import as a rule. It comes before the rows
// themselves, so that no filter meets a contact with a value that the type of its
// field does not hold, even if the import ends here.
func (r *run) register(ctx context.Context) error {
	news := r.decode.types.news()
	if len(news) == 0 {
		return nil
	}
	err := r.svc.store.RegisterAttributes(ctx, RegisterAttributesParams{Attributes: news, Now: r.svc.now()})
	if err != nil {
		return fmt.Errorf("register the attributes up to line %d: %w", r.file.in.line, err)
	}
	r.decode.types.told(news)
	return nil
}

// size estimates what a waiting contact takes in memory.
func size(c NewContact) int {
	const fixed = 400
	return fixed + len(c.SourceKey) + len(c.Contact.FirstName) + len(c.Contact.LastName) + len(c.Contact.Company) +
		len(c.Contact.Email) + len(c.Contact.Region) + len(c.Contact.PostalCode) + len(c.Contact.Attributes)
}

// audit writes the entry of an import that has begun, also when ctx has ended in
// the meantime: what was written must not be without a trace.
func (s *Service) audit(ctx context.Context, actor outdial.Actor, result Result) error {
	const patience = 10 * time.Second
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
	}
	err := s.store.RecordImport(ctx, RecordImportParams{
		CampaignID: result.CampaignID, ActorID: actor.ID, Result: result, Now: s.now(),
	})
	if err != nil {
		return fmt.Errorf("record the import: %w", err)
	}
	return nil
}

func (s *Service) log(ctx context.Context, actor outdial.Actor, result Result, err error) {
	level, message := slog.LevelInfo, "contacts imported"
	attrs := []slog.Attr{
		slog.String("campaign_id", result.CampaignID.String()),
		slog.String("actor_id", actor.ID.String()),
		slog.Int("imported", result.Imported),
		slog.Int("unchanged", result.Unchanged),
		slog.Int("rejected", result.Rejected),
	}
	if err != nil {
		level, message = slog.LevelError, "contact import stopped"
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	s.cfg.Logger.LogAttrs(ctx, level, message, attrs...)
}
