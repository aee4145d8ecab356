package telephony

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// MaxPayload is how large a report may be, in bytes. Carriers' own stay below a
// twentieth of it.
const MaxPayload = 64 << 10

// maxDepth is how deep a payload may be nested. Reports are flat or nearly so, and a
// database gives up somewhere.
const maxDepth = 64

// maxNumber is how long a number of a payload may be, in characters.
const maxNumber = 40

// storable returns a payload in a form that every database takes as JSON; without one
// it is the empty object. What JSON allows and a database may not changes its form:
// the NUL character becomes the replacement character, and a number with an exponent
// or many digits a text. A report that could never be stored would be sent again and
// again.
func storable(payload json.RawMessage) (json.RawMessage, error) {
	payload = bytes.TrimSpace(payload)
	switch {
	case len(payload) == 0:
		return json.RawMessage("{}"), nil
	case len(payload) > MaxPayload:
		return nil, TooLarge()
	case !utf8.Valid(payload):
		return nil, NotUTF8("payload")
	case nesting(payload) > maxDepth:
		return nil, Malformed("payload", "is nested too deep")
	}
	dec := json.NewDecoder(bytes.NewReader(payload))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return nil, Malformed("payload", "is not JSON")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, Malformed("payload", "is more than one JSON value")
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(storableValue(value)); err != nil {
		return nil, Malformed("payload", "is not JSON")
	}
	return bytes.TrimSpace(out.Bytes()), nil
}

func storableValue(value any) any {
	switch value := value.(type) {
	case string:
		return withoutNUL(value)
	case json.Number:
		if text := value.String(); len(text) > maxNumber || strings.ContainsAny(text, "eE") {
			return text
		}
	case []any:
		for i := range value {
			value[i] = storableValue(value[i])
		}
	case map[string]any:
		members := make(map[string]any, len(value))
		for name, member := range value {
			members[withoutNUL(name)] = storableValue(member)
		}
		return members
	}
	return value
}

func withoutNUL(text string) string {
	return strings.ReplaceAll(text, "\x00", string(utf8.RuneError))
}

// nesting returns how deep objects and arrays stand in one another. It looks at
// brackets outside strings and expects nothing of the rest.
func nesting(data []byte) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}', c == ']':
			depth--
		}
	}
	return deepest
}
