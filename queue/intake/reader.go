package intake

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/outdial/outdial"
)

// fault is what makes a row useless. It is no error: the import goes on.
type fault struct{ column, problem string }

// row is one record of the file. When rejected is set its values are not for use.
type row struct {
	line     int
	values   []string
	rejected *fault
}

// reader turns a file into rows, in constant memory.
type reader struct {
	limits  Limits
	columns columns
	in      *lines
	buf     *bufio.Reader
	csv     *csv.Reader
	comma   rune
}

// openFile looks at the beginning of a file and reads its header. The error
// matches ErrInvalid when the file is not a list of contacts.
func openFile(source io.Reader, limits Limits) (*reader, error) {
	in := newLines(source, limits.RecordBytes)
	comma, err := begin(in)
	if err != nil {
		return nil, err
	}
	r := &reader{limits: limits, in: in, buf: bufio.NewReader(in), comma: comma}
	r.restart()
	header, err := r.header()
	if err != nil {
		return nil, err
	}
	r.columns, err = readColumns(header)
	return r, err
}

// header reads the first record and checks it as a whole: with a header that is
// only partly right, every row would be partly wrong.
func (r *reader) header() ([]string, error) {
	found, raw, err := r.scan()
	switch {
	case errors.Is(err, errEnd):
		return nil, outdial.Invalid("file", "is empty")
	case err != nil:
		return nil, err
	case bytes.IndexByte(raw, 0) >= 0:
		return nil, errNotText
	case !utf8.Valid(raw):
		return nil, outdial.Invalid("file", "is not UTF-8: its header holds other bytes; save it as CSV UTF-8")
	case found.rejected != nil:
		return nil, outdial.Invalid("header", found.rejected.problem)
	case len(found.values) > r.limits.Columns:
		return nil, outdial.Invalid("header", fmt.Sprintf(
			"has %d columns, at most %d are allowed", len(found.values), r.limits.Columns))
	}
	r.in.step(len(raw))
	return found.values, nil
}

// next returns the next row that is not blank. A row of empty values is blank:
// spreadsheets leave them behind the last one. The values are valid until the next
// call. At the end of the file the error is errEnd; another error means that the
// file cannot be read on.
func (r *reader) next() (row, error) {
	for {
		found, raw, err := r.scan()
		if err != nil {
			return row{}, err
		}
		if found.rejected != nil {
			return found, nil
		}
		blank := isBlank(found.values)
		if !blank {
			found.rejected = r.check(found.values, raw)
		}
		r.in.step(len(raw))
		// After a row of a million values the csv.Reader would keep room for as many.
		const wide = 8
		if len(found.values) > wide*len(r.columns.fields) {
			r.restart()
		}
		if !blank {
			return found, nil
		}
	}
}

// scan reads one record and returns it with its bytes, which are valid until the
// next call. They are still to be stepped over, unless the row is rejected: then
// that is done, and scanning goes on behind the first line of the broken record,
// since what follows may be sound.
func (r *reader) scan() (row, []byte, error) {
	values, err := r.csv.Read()
	for r.in.tooLong {
		blank, _ := blankLines(r.in.record())
		if blank == 0 {
			break
		}
		r.in.step(blank)
		values, err = r.csv.Read()
	}
	raw := r.in.record()
	_, blank := blankLines(raw)
	head := firstLine(raw)
	found := row{line: r.in.line + blank + 1}
	var syntax *csv.ParseError
	switch {
	case r.in.tooLong && raw[head-1] != '\n':
		return row{}, nil, outdial.Invalid("file", fmt.Sprintf(
			"line %d is longer than %d bytes", found.line, r.limits.RecordBytes))
	case r.in.tooLong:
		found.rejected = &fault{wholeRow, fmt.Sprintf(
			"opens a quote that is not closed within %d bytes", r.limits.RecordBytes)}
	case errors.As(err, &syntax):
		found.rejected = &fault{wholeRow, syntaxProblem(syntax)}
	case err == io.EOF: // a source whose error only wraps EOF has not ended but failed
		r.in.step(len(raw))
		return row{}, nil, errEnd
	case err != nil:
		return row{}, nil, fmt.Errorf("read the file at line %d: %w", found.line, err)
	default:
		found.values = values
		return found, raw, nil
	}
	r.in.step(head)
	return found, raw, nil
}

// restart makes a new csv.Reader, without what the old one has allocated. Between
// two records a csv.Reader holds nothing of the input, since lines gives it no
// more than it asks for.
func (r *reader) restart() {
	r.buf.Reset(r.in)
	r.csv = csv.NewReader(r.buf)
	r.csv.Comma = r.comma
	r.csv.FieldsPerRecord = -1
	r.csv.ReuseRecord = true
	// With a tab between them, empty values would count as leading space.
	r.csv.TrimLeadingSpace = !unicode.IsSpace(r.comma)
}

// check finds what makes a record useless before its values are looked at.
func (r *reader) check(values []string, raw []byte) *fault {
	if want := len(r.columns.fields); len(values) != want {
		problem := fmt.Sprintf("has %d values, the header has %d", len(values), want)
		if firstLine(raw) < len(raw) {
			problem += fmt.Sprintf("; its quotes make it run to line %d", r.in.line+bytes.Count(raw, []byte{'\n'}))
		}
		return &fault{wholeRow, problem}
	}
	sound := utf8.Valid(raw) && bytes.IndexByte(raw, 0) < 0
	for i, value := range values {
		switch {
		case len(value) > r.limits.FieldBytes:
			return r.columns.blame(i, fmt.Sprintf("is longer than %d bytes", r.limits.FieldBytes))
		case sound:
		case strings.IndexByte(value, 0) >= 0:
			return r.columns.blame(i, "holds a NUL byte")
		case !utf8.ValidString(value):
			return r.columns.blame(i, "is not UTF-8")
		}
	}
	return nil
}

var errEnd = errors.New("end of the file")

var errNotText = outdial.Invalid("file", "is not a CSV file: its header holds NUL bytes")

func syntaxProblem(syntax *csv.ParseError) string {
	if errors.Is(syntax.Err, csv.ErrBareQuote) {
		return "has a quote inside a value that is not quoted"
	}
	return "has a quoted value that does not end where its closing quote is, or has none"
}

func isBlank(values []string) bool {
	for _, value := range values {
		if strings.TrimSpace(value) != "" {
			return false
		}
	}
	return true
}
