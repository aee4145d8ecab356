package suppression

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/intake"
)

// maxLine is how long a line may be, in bytes. A longer one is passed over without
// being kept.
const maxLine = 4096

// listLine is one line of a file, without its end.
type listLine struct {
	number int64
	text   string
	// problem is what makes the line useless before anybody looks at what it says.
	problem string
}

// blank says whether there is nothing on the line, or a comment.
func (l listLine) blank() bool {
	text := strings.TrimSpace(l.text)
	return l.problem == "" && (text == "" || text[0] == '#')
}

// lineReader reads a file line by line, in constant memory, and digests every byte.
type lineReader struct {
	src    *bufio.Reader
	sum    hash.Hash
	number int64
	bytes  int64
	// torn says that the file broke off in the middle of a line of which a part has been
	// counted and digested already.
	torn bool
}

// openLines looks at the beginning of a file. The error matches ErrInvalid when that is
// not text, or nothing.
func openLines(source io.Reader) (*lineReader, error) {
	const readAhead = 64 << 10
	r := &lineReader{src: bufio.NewReaderSize(source, readAhead), sum: sha256.New()}
	const widest = 16
	head, err := r.src.Peek(widest)
	switch {
	case err != nil && err != io.EOF:
		// Whoever reads on would not see this error again.
		return nil, fmt.Errorf("read the file: %w", err)
	case len(head) == 0:
		return nil, outdial.Invalid("file", "is empty")
	}
	mark, err := intake.RequireText(head)
	if err != nil {
		return nil, err
	}
	if _, err := r.src.Discard(mark); err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	return r, nil
}

// next returns the next line, or io.EOF. Any other error, be it one that only wraps
// io.EOF, means that the file cannot be read on; the line at which that happened is not
// returned, since it may have been cut off in the middle of a number.
func (r *lineReader) next() (listLine, error) {
	var text []byte
	long := false
	for {
		chunk, err := r.src.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && err != io.EOF {
			r.torn = long
			return listLine{}, fmt.Errorf("read the file at line %d: %w", r.number+1, err)
		}
		r.sum.Write(chunk)
		r.bytes += int64(len(chunk))
		if len(text)+len(chunk) > maxLine {
			long = true
		}
		if !long {
			text = append(text, chunk...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(text) == 0 && !long:
			return listLine{}, io.EOF
		}
		r.number++
		return r.judge(text, long), nil
	}
}

func (r *lineReader) judge(text []byte, long bool) listLine {
	line := listLine{number: r.number}
	text = bytes.TrimRight(text, "\r\n")
	switch {
	case long:
		line.problem = fmt.Sprintf("is longer than %d bytes", maxLine)
	case bytes.IndexByte(text, 0) >= 0:
		line.problem = "holds a NUL byte"
	case !utf8.Valid(text):
		line.problem = "is not UTF-8"
	default:
		line.text = string(text)
	}
	return line
}

// digest is that of all bytes so far.
func (r *lineReader) digest() string { return hex.EncodeToString(r.sum.Sum(nil)) }
