package filter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/outdial/outdial"
)

// Parse reads a filter as callers send it:
//
//	{"first_name_contains": "B"}
//
// Nothing at all, null and the empty object match everybody. Unknown members,
// values of the wrong type and text that is no UTF-8 are errors matching
// outdial.ErrInvalid that name the member; a member that is null is as if it were
// not there.
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
		expr = Text(field).Contains(*value)
	}
	if err := Check(expr); err != nil {
		return nil, err
	}
	return expr, nil
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
