package filter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/outdial/outdial"
)

// Parse reads a filter as callers send it:
//
//	{"first_name_contains": "B"}
//
// Nothing at all, null and the empty object match everybody. Unknown members,
// repeated ones, values of the wrong type and text that is no UTF-8, or half a
// character, are errors matching outdial.ErrInvalid that name the member; a member
// that is null is as if it were not there.
func Parse(data []byte) (Expr, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	if !utf8.Valid(data) {
		return nil, outdial.Invalid("filters", "is not UTF-8")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, outdial.Invalid("filters", "must be a JSON object")
	}
	if name, twice := repeated(data); twice {
		return nil, outdial.Invalid("filters", fmt.Sprintf("member %q is there twice", printable(name)))
	}
	var expr Expr
	for _, name := range slices.Sorted(maps.Keys(members)) {
		field, ok := strings.CutSuffix(name, "_contains")
		if _, known := textFields[field]; !ok || !known {
			return nil, outdial.Invalid("filters", fmt.Sprintf("unknown member %q", printable(name)))
		}
		var value *string
		if err := json.Unmarshal(members[name], &value); err != nil {
			return nil, outdial.Invalid("filters."+name, "must be a string")
		}
		if value == nil || *value == "" {
			continue
		}
		if halfCharacter(members[name]) {
			return nil, outdial.Invalid("filters."+name, "contains half a character")
		}
		expr = Text(field).Contains(*value)
	}
	if err := Check(expr); err != nil {
		return nil, err
	}
	return expr, nil
}

// repeated returns the first member that an object of valid JSON has twice.
// encoding/json would keep the last of them, and what a caller meant is anybody's
// guess.
func repeated(data []byte) (string, bool) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return "", false
	}
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return "", false
		}
		name, ok := token.(string)
		if !ok || seen[name] {
			return name, ok
		}
		seen[name] = true
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return "", false
		}
	}
	return "", false
}

// halfCharacter says whether a JSON string has an escape for one half of a
// surrogate pair without the other. encoding/json would read a replacement
// character, which is not what anybody looks for.
func halfCharacter(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++
		first, ok := escaped(raw[i:])
		if !ok || !utf16.IsSurrogate(first) {
			continue
		}
		const escape = len("uXXXX")
		rest, follows := bytes.CutPrefix(raw[i+escape:], []byte(`\`))
		second, ok := escaped(rest)
		if !follows || !ok || utf16.DecodeRune(first, second) == unicode.ReplacementChar {
			return true
		}
		i += 2 * escape
	}
	return false
}

// escaped reads the four digits of a \u escape, from the u on.
func escaped(raw []byte) (rune, bool) {
	const digits = 4
	if len(raw) <= digits || raw[0] != 'u' {
		return 0, false
	}
	code, err := strconv.ParseUint(string(raw[1:1+digits]), 16, 16)
	return rune(code), err == nil
}

// Describe returns the expression in the form Parse reads, for audit entries and
// fingerprints. The nil Expr is null.
func Describe(expr Expr) json.RawMessage {
	condition, ok := expr.(textContains)
	if !ok {
		return json.RawMessage("null")
	}
	data, err := json.Marshal(map[string]string{condition.field + "_contains": condition.value})
	if err != nil {
		return json.RawMessage("null")
	}
	return data
}

// printable cuts a name that came from outside down to what an error message can
// carry.
func printable(name string) string {
	const longest = 40
	if len(name) > longest {
		name = strings.ToValidUTF8(name[:longest], "") + "…"
	}
	return name
}

func checkText(field, value string) error {
	switch {
	case value == "":
		return outdial.Invalid(field, "is empty")
	case len(value) > maxText:
		return outdial.Invalid(field, fmt.Sprintf("is longer than %d bytes", maxText))
	case !utf8.ValidString(value):
		return outdial.Invalid(field, "is not UTF-8")
	case strings.ContainsRune(value, 0):
		return outdial.Invalid(field, "contains a NUL character")
	}
	return nil
}
