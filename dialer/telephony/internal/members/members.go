// Package members reads the JSON objects that reports are, strictly: one object in
// UTF-8 and nothing after it. It keeps what encoding/json drops, that a member was
// given twice, and tells members apart by case.
package members

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/outdial/outdial/dialer/telephony"
)

// Member is one member of an object.
type Member struct {
	Name  string
	Value json.RawMessage
}

// Read returns the members of an object in their order. Errors are those of a refused
// report, about the body.
func Read(data []byte) ([]Member, error) {
	if !utf8.Valid(data) {
		return nil, telephony.NotUTF8("body")
	}
	// The syntax is checked as a whole first, so that nothing can go wrong below.
	if data = bytes.TrimSpace(data); !json.Valid(data) || data[0] != '{' {
		return nil, telephony.Malformed("body", "must be a JSON object")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		return nil, telephony.Malformed("body", "must be a JSON object")
	}
	var found []Member
	for dec.More() {
		name, err := dec.Token()
		text, isName := name.(string)
		if err != nil || !isName {
			return nil, telephony.Malformed("body", "must be a JSON object")
		}
		member := Member{Name: text}
		if err := dec.Decode(&member.Value); err != nil {
			return nil, telephony.Malformed("body", "must be a JSON object")
		}
		found = append(found, member)
	}
	return found, nil
}
