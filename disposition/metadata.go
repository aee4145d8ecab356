package disposition

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/outdial/outdial"
)

// MaxMetadata is the largest metadata accepted, in bytes.
const MaxMetadata = 16 << 10

// maxDepth is how deep metadata may be nested: both engines read more, hosts' own tools
// often do not.
const maxDepth = 64

// checkMetadata returns an error matching outdial.ErrInvalid unless data is empty or one
// JSON object that any database takes: PostgreSQL has no NUL in a text, and no text that
// is not UTF-8.
func checkMetadata(data json.RawMessage) error {
	const field = "metadata"
	if len(data) > MaxMetadata {
		return outdial.Invalid(field, fmt.Sprintf("is larger than %d bytes", MaxMetadata))
	}
	if len(data) == 0 {
		return nil
	}
	if !utf8.Valid(data) || !json.Valid(data) || !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return outdial.Invalid(field, "is not a JSON object")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	for depth := 0; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return outdial.Invalid(field, "is not a JSON object")
		}
		switch token := token.(type) {
		case json.Delim:
			if token == '{' || token == '[' {
				depth++
			} else {
				depth--
			}
			if depth > maxDepth {
				return outdial.Invalid(field, fmt.Sprintf("is nested deeper than %d", maxDepth))
			}
		case string:
			if strings.ContainsRune(token, 0) {
				return outdial.Invalid(field, "contains a NUL character")
			}
		}
	}
}
