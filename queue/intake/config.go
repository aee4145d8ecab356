package intake

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/outdial/outdial"
)

// Config adjusts a Service. The zero value works.
type Config struct {
	// Clock tells the time. A test or a simulation brings its own.
	// Defaults to the system's clock.
	Clock clock.Clock
	// Logger receives one record for each import. It never receives a phone
	// number or an address. Defaults to discarding them.
	Logger *slog.Logger
	// BatchSize is how many rows are read between two writes. Each write is one
	// transaction; a larger batch is faster and holds its locks for longer.
	// Defaults to 1,000; more than 10,000 counts as 10,000.
	BatchSize int
	// DefaultRegion is the country of rows that name none, as an ISO 3166 code or
	// a usual name: it decides how a number without a country code is read.
	// Defaults to "US".
	DefaultRegion string
	// Limits bound what one row of a file may cost.
	Limits Limits
	// Progress is called after every BatchSize rows and once more at the end, from
	// the goroutine that imports. A request may bring its own.
	// Defaults to telling nobody.
	Progress func(Progress)
	// Rejected is called for every row that is kept out, in the order of the file
	// and from the goroutine that imports. A request may bring its own.
	// Defaults to counting only.
	Rejected func(Rejection)
}

// Limits bound what one row may cost, so that no file, broken or hostile, can take
// the memory of the process. They do not bound the length of a file.
type Limits struct {
	// Columns is how many columns a header may have. A wider file is refused.
	// Defaults to 1,000.
	Columns int
	// RecordBytes is how long one row may be, with its line breaks. A longer line
	// ends the import; a quoted field that is still open after so many bytes
	// rejects its row only. Defaults to 1 MiB.
	RecordBytes int
	// FieldBytes is how long one value may be. A row with a longer one is
	// rejected. Names, company, region, postal code and id are held to MaxText
	// whatever this says. Defaults to 64 KiB.
	FieldBytes int
	// AttributeBytes is how long the attributes of one contact may be, as JSON. A
	// row with longer ones is rejected. Defaults to 64 KiB.
	AttributeBytes int
}

// MaxText is how long a name, a company, a region, a postal code or an id may be,
// in bytes. Databases index these, and an index entry has a limit.
const MaxText = 255

const maxBatchSize = 10_000

// WithDefaults returns a copy in which every field that was left out has its
// default.
func (c Config) WithDefaults() Config {
	if c.Clock == nil {
		c.Clock = clock.New()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.BatchSize <= 0 {
		c.BatchSize = 1000
	}
	c.BatchSize = min(c.BatchSize, maxBatchSize)
	if c.DefaultRegion == "" {
		c.DefaultRegion = "US"
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	if c.Rejected == nil {
		c.Rejected = func(Rejection) {}
	}
	c.Limits = c.Limits.WithDefaults()
	return c
}

// WithDefaults returns a copy in which every limit that was left out has its
// default.
func (l Limits) WithDefaults() Limits {
	if l.Columns <= 0 {
		l.Columns = 1000
	}
	if l.RecordBytes <= 0 {
		l.RecordBytes = 1 << 20
	}
	if l.FieldBytes <= 0 {
		l.FieldBytes = 64 << 10
	}
	if l.AttributeBytes <= 0 {
		l.AttributeBytes = 64 << 10
	}
	return l
}

// Progress says how far an import has come. Rows is always the sum of Imported,
// Unchanged and Rejected.
type Progress struct {
	Rows      int `json:"rows"`
	Imported  int `json:"imported"`
	Unchanged int `json:"unchanged"`
	Rejected  int `json:"rejected"`
	// Bytes is how much of the file these rows and the header are. A caller who
	// knows the length of the file can make a percentage of it.
	Bytes int64 `json:"bytes"`
}

// Rejection is a row that was kept out. It names the column and what is wrong
// with it, and never repeats the value, which may be somebody's number or
// address.
type Rejection struct {
	// Line is where the row starts in the file, counting from 1 and counting the
	// header and every line break inside quotes.
	Line int `json:"line"`
	// Column is the header's name for the value at fault, in a form fit to
	// print. It is "row" when the row as a whole is at fault.
	Column string `json:"column"`
	// Problem is what is wrong, such as "is not a phone number".
	Problem string `json:"problem"`
}

// wholeRow is the column of a rejection that blames no single value.
const wholeRow = "row"

// String returns the rejection as one line of a report.
func (r Rejection) String() string {
	return fmt.Sprintf("line %d: %s: %s", r.Line, r.Column, r.Problem)
}

func (s *Service) now() time.Time {
	return s.cfg.Clock.Now().UTC().Truncate(time.Microsecond)
}

// region returns the ISO code of the default region of one import.
func (s *Service) region(req ImportRequest) (string, error) {
	name := req.DefaultRegion
	if name == "" {
		name = s.cfg.DefaultRegion
	}
	code, known := CountryCode(name)
	if !known {
		return "", outdial.Invalid("default_region", "is not a country")
	}
	return code, nil
}
