package intake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// lines feeds a csv.Reader. It hands out one physical line a call, so that the
// csv.Reader never holds more of the input than the record it is reading, and it
// keeps those bytes: a record that turns out to be broken can then be read again
// from its second line, and one that does not end can be stopped.
//
// However broken a file is, no line is read much more than twice: the next line
// with an odd number of quotes ends what an open quote can swallow, and only such
// a line can open another.
type lines struct {
	src *bufio.Reader
	err error
	// limit is how many bytes one record may have.
	limit int
	// buf[start:next] is the record so far; what follows has been read ahead,
	// which happens only after a step back.
	buf         []byte
	start, next int
	// tooLong is set when the record was stopped at the limit.
	tooLong bool
	// line and offset count what was before the record.
	line   int
	offset int64
}

// readAhead is how much of the source is read at once, and how much of its
// beginning is looked at to tell what it is.
const readAhead = 64 << 10

var errTooLong = errors.New("record too long")

func newLines(source io.Reader, limit int) *lines {
	return &lines{src: bufio.NewReaderSize(&failing{source: source}, readAhead), limit: limit}
}

// Read implements io.Reader.
func (l *lines) Read(p []byte) (int, error) {
	if l.next == len(l.buf) {
		if err := l.fill(); err != nil {
			return 0, err
		}
	}
	room := l.limit - (l.next - l.start)
	if room <= 0 {
		l.tooLong = true
		return 0, errTooLong
	}
	ready := l.buf[l.next:]
	if end := bytes.IndexByte(ready, '\n'); end >= 0 {
		ready = ready[:end+1]
	}
	n := copy(p, ready[:min(len(ready), room)])
	l.next += n
	return n, nil
}

func (l *lines) fill() error {
	if l.err != nil {
		return l.err
	}
	if l.start > 0 {
		kept := copy(l.buf, l.buf[l.start:])
		l.buf, l.next, l.start = l.buf[:kept], l.next-l.start, 0
	}
	chunk, err := l.src.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		l.err = err
	}
	l.buf = append(l.buf, chunk...)
	if len(chunk) == 0 {
		return l.err
	}
	return nil
}

// record returns the bytes handed out since the last step. They are valid until
// the next Read.
func (l *lines) record() []byte { return l.buf[l.start:l.next] }

// step begins a new record behind the first n bytes of this one. What was handed
// out beyond them will be handed out again.
func (l *lines) step(n int) {
	l.line += bytes.Count(l.buf[l.start:l.start+n], []byte{'\n'})
	l.offset += int64(n)
	l.start += n
	l.next = l.start
	l.tooLong = false
	if l.start == len(l.buf) {
		l.buf, l.start, l.next = l.buf[:0], 0, 0
	}
}

// skip drops n bytes of what peek showed, before anything is read.
func (l *lines) skip(n int) error {
	_, err := l.src.Discard(n)
	l.offset += int64(n)
	return err
}

// peek returns the beginning of the input without consuming it, or an error when
// nothing can be read.
func (l *lines) peek() ([]byte, error) {
	head, err := l.src.Peek(readAhead)
	if len(head) > 0 || errors.Is(err, io.EOF) {
		return head, nil
	}
	return nil, err
}

// failing remembers the first error of its source. bufio forgets one that Peek
// has seen, and not every source repeats its own.
type failing struct {
	source io.Reader
	err    error
}

// Read implements io.Reader.
func (f *failing) Read(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.source.Read(p)
	f.err = err
	return n, err
}

// blankLines returns how many bytes and lines stand before the first line of a
// record that is not blank. csv.Reader skips those too.
func blankLines(record []byte) (width, count int) {
	for {
		rest := record[width:]
		switch {
		case bytes.HasPrefix(rest, []byte("\n")):
			width++
		case bytes.HasPrefix(rest, []byte("\r\n")):
			width += 2
		default:
			return width, count
		}
		count++
	}
}

// firstLine returns where the first line of a record ends that is not blank.
func firstLine(record []byte) int {
	blank, _ := blankLines(record)
	if end := bytes.IndexByte(record[blank:], '\n'); end >= 0 {
		return blank + end + 1
	}
	return len(record)
}
