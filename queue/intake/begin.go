package intake

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/outdial/outdial"
)

// signatures are the beginnings of files that people mistake for CSV, or that a
// program offers under the same button.
var signatures = [...]struct{ start, what string }{
	{"\xFF\xFE", "is UTF-16, not UTF-8; save it as CSV UTF-8"},
	{"\xFE\xFF", "is UTF-16, not UTF-8; save it as CSV UTF-8"},
	{"PK\x03\x04", "is not a CSV file but a workbook or a zip archive; export the sheet as CSV"},
	{"\xD0\xCF\x11\xE0", "is not a CSV file but an old Office document; export the sheet as CSV"},
	{"\x1F\x8B", "is not a CSV file but compressed; unpack it first"},
	{"%PDF-", "is not a CSV file but a PDF document"},
}

const byteOrderMark = "\xEF\xBB\xBF"

// RequireText looks at the beginning of a file. It returns how many bytes of it are a
// byte order mark, or an error matching ErrInvalid when it is that of a file which
// people mistake for text: a workbook, an archive, UTF-16.
func RequireText(head []byte) (mark int, err error) {
	for _, signature := range signatures {
		if bytes.HasPrefix(head, []byte(signature.start)) {
			return 0, outdial.Invalid("file", signature.what)
		}
	}
	if bytes.HasPrefix(head, []byte(byteOrderMark)) {
		return len(byteOrderMark), nil
	}
	return 0, nil
}

// begin looks at the first bytes of a file: it refuses what is no CSV, skips a
// byte order mark and a line such as sep=; that Excel reads and writes, and
// returns what separates the values.
func begin(in *lines) (rune, error) {
	head, err := in.peek()
	if err != nil {
		return 0, fmt.Errorf("read the file: %w", err)
	}
	mark, err := RequireText(head)
	if err != nil {
		return 0, err
	}
	if mark > 0 {
		if err := in.skip(mark); err != nil {
			return 0, fmt.Errorf("read the file: %w", err)
		}
		head = head[mark:]
	}
	if comma, width := declaredSeparator(head); width > 0 {
		if err := in.skip(width); err != nil {
			return 0, fmt.Errorf("read the file: %w", err)
		}
		in.line++
		return comma, nil
	}
	text := bytes.TrimSpace(head)
	switch {
	case len(text) == 0:
		return 0, outdial.Invalid("file", "is empty")
	case text[0] == '<':
		return 0, outdial.Invalid("file", "is not a CSV file but HTML or XML")
	case looksLikeJSON(text):
		return 0, outdial.Invalid("file", "is not a CSV file but JSON")
	}
	// Not of text: with tabs between them, the first names may be empty.
	line := bytes.TrimLeft(head, "\r\n")
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	if bytes.IndexByte(line, 0) >= 0 {
		return 0, errNotText
	}
	return separator(line)
}

// looksLikeJSON leaves alone a header such as [id],[phone], which some databases
// write.
func looksLikeJSON(text []byte) bool {
	inside := bytes.TrimSpace(text[1:])
	return text[0] == '{' || text[0] == '[' && (len(inside) == 0 || strings.IndexByte(`{["]`, inside[0]) >= 0)
}

// separator returns what separates the names in a header line: the one of comma,
// semicolon and tab that stands there most often outside quotes.
func separator(line []byte) (rune, error) {
	candidates := [...]byte{',', ';', '\t'}
	var counts [len(candidates)]int
	quoted := false
	for i, b := range line {
		if b == '"' {
			quoted = !quoted
		}
		if quoted {
			continue
		}
		if b == '\r' && i < len(line)-1 {
			return 0, outdial.Invalid("file", "ends its lines with CR alone; save it with LF or CRLF")
		}
		if c := bytes.IndexByte(candidates[:], b); c >= 0 {
			counts[c]++
		}
	}
	best := 0
	for c, count := range counts {
		if count > counts[best] {
			best = c
		}
	}
	return rune(candidates[best]), nil
}

// declaredSeparator reads a first line of the form sep=; and returns its width in
// bytes, or 0 when there is none.
func declaredSeparator(head []byte) (comma rune, width int) {
	const form = "sep=;"
	line, _, found := bytes.Cut(head, []byte{'\n'})
	width = len(line) + 1
	line = bytes.Trim(bytes.TrimSuffix(line, []byte{'\r'}), `"`)
	if !found || len(line) != len(form) || !bytes.EqualFold(line[:4], []byte(form[:4])) {
		return 0, 0
	}
	switch last := line[4]; last {
	case ',', ';', '\t', '|':
		return rune(last), width
	}
	return 0, 0
}
