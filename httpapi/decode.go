package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
)

// object is the JSON object of a request's body. A handler takes its members one
// by one, each with its type; the first that does not fit is remembered, and what
// nobody took is unknown. A member that is null is as if it were not there.
//
// The standard decoder would do with less code, but it takes AGENT_ID for
// agent_id, keeps the last of two members with one name, and names Go's types
// instead of the caller's fields.
type object struct {
	// at is where in the body the object stands, such as "entries[2]."; nothing for the
	// body itself. The names of members at fault begin with it.
	at      string
	members map[string]json.RawMessage
	err     error
}

// readObject reads a body that must be a JSON object. A body that is empty is an
// object without members, so that a request with nothing to say needs none.
func (a *api) readObject(r *request) (*object, error) {
	data, err := io.ReadAll(http.MaxBytesReader(r.writer, r.Body, a.cfg.MaxBody))
	if err != nil {
		return nil, bodyError(err)
	}
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return &object{}, nil
	}
	if err := requireJSON(r.Header); err != nil {
		return nil, err
	}
	return parseObject(data)
}

// bodyError says what went wrong with reading a body: it is too large, it holds
// what it must not, or it ended before its end.
func bodyError(err error) error {
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(large.Limit)
	}
	if errors.Is(err, outdial.ErrInvalid) {
		return err
	}
	return outdial.Invalid("body", "could not be read to its end")
}

func tooLarge(limit int64) error {
	return fmt.Errorf("%w: the body is larger than %d bytes", errTooLarge, limit)
}

func requireJSON(header http.Header) error {
	if header.Get("Content-Encoding") != "" {
		return fmt.Errorf("%w: the body must not be compressed", errMediaType)
	}
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || kind != "application/json" || !isUTF8(params["charset"]) {
		return fmt.Errorf("%w: send the header Content-Type: application/json", errMediaType)
	}
	return nil
}

// isUTF8 says whether a charset parameter promises what is read here. Most
// callers leave it out.
func isUTF8(charset string) bool {
	return charset == "" || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "us-ascii")
}

func parseObject(data []byte) (*object, error) {
	if !utf8.Valid(data) {
		return nil, outdial.Invalid("body", "is not UTF-8")
	}
	// The syntax is checked as a whole first. The check keeps its own stack and
	// bounds the depth, so that nesting cannot exhaust anything afterwards.
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return nil, outdial.Invalid("body", fmt.Sprintf("is not JSON: %s (at byte %d)", syntax, syntax.Offset))
		}
		return nil, outdial.Invalid("body", "is not JSON")
	}
	if data[0] != '{' {
		return nil, outdial.Invalid("body", "must be a JSON object")
	}
	if name := duplicateMember(data); name != "" {
		return nil, outdial.Invalid(name, "is given twice")
	}
	o := &object{}
	if err := json.Unmarshal(data, &o.members); err != nil {
		return nil, outdial.Invalid("body", "must be a JSON object")
	}
	return o, nil
}

// level is one object or array that duplicateMember is inside of.
type level struct {
	// seen holds the names met so far; it is nil for an array.
	seen map[string]bool
	// name is the last name met, and open says that its value has not come yet.
	name string
	open bool
}

// duplicateMember returns the path of the first member that stands twice in one
// object, at any depth, or nothing. Of two members with one name, which counts
// depends on who reads them, so that a request with such a pair has no one
// meaning. The data must be valid JSON.
func duplicateMember(data []byte) string {
	var stack []*level
	top := &level{}
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		token, err := dec.Token()
		if err != nil {
			return ""
		}
		if name, ok := token.(string); ok && top.seen != nil && !top.open {
			top.name, top.open = name, true
			if top.seen[name] {
				return memberPath(append(stack, top))
			}
			top.seen[name] = true
			continue
		}
		switch token {
		case json.Delim('{'):
			stack, top = append(stack, top), &level{seen: map[string]bool{}}
			continue
		case json.Delim('['):
			stack, top = append(stack, top), &level{}
			continue
		case json.Delim('}'), json.Delim(']'):
			stack, top = stack[:len(stack)-1], stack[len(stack)-1]
		}
		top.open = false
	}
}

func memberPath(levels []*level) string {
	var names []string
	for _, l := range levels {
		if l.open {
			names = append(names, l.name)
		}
	}
	return cut(strings.Join(names, "."))
}

// cut bounds a name that came from outside to what an error can carry, which is no
// phone number. An empty one becomes a pair of quotes, since an error without a name
// names nothing.
func cut(name string) string {
	const longest = 64
	name = redact(name)
	if name == "" {
		return `""`
	}
	if len(name) > longest {
		name = strings.ToValidUTF8(name[:longest], "") + "…"
	}
	return name
}

// done returns what is wrong with the object: a member that nobody took, which is
// most often the misspelt name of one that was then missing, or else the first
// that did not fit.
func (o *object) done() error {
	if unknown := slices.Sorted(maps.Keys(o.members)); len(unknown) > 0 {
		return outdial.Invalid(o.at+cut(unknown[0]), "is not a field of this request")
	}
	return o.err
}

// take removes a member and returns its value, or nil when it is null or not
// there.
func (o *object) take(name string) json.RawMessage {
	raw := o.members[name]
	delete(o.members, name)
	if string(raw) == "null" {
		return nil
	}
	return raw
}

func (o *object) refuse(field, problem string) { o.keep(outdial.Invalid(o.at+field, problem)) }

// keep remembers the first error.
func (o *object) keep(err error) {
	if o.err == nil {
		o.err = err
	}
}

// text takes a string; without one it is empty.
func (o *object) text(name string) string {
	var value string
	if raw := o.take(name); raw != nil && json.Unmarshal(raw, &value) != nil {
		o.refuse(name, "must be a string")
	}
	return value
}

// flag takes true or false.
func (o *object) flag(name string, otherwise bool) bool {
	raw := o.take(name)
	if raw == nil {
		return otherwise
	}
	var value bool
	if json.Unmarshal(raw, &value) != nil {
		o.refuse(name, "must be true or false")
	}
	return value
}

// integer takes a whole number, or nil without one.
func (o *object) integer(name string) *int {
	raw := o.take(name)
	if raw == nil {
		return nil
	}
	value, err := strconv.Atoi(string(raw))
	switch {
	case errors.Is(err, strconv.ErrRange):
		o.refuse(name, "is out of range")
	case err != nil:
		o.refuse(name, "must be a whole number")
	}
	return &value
}

// version takes the version of an item that the caller has seen, which must be there.
func (o *object) version(name string) int {
	value := o.integer(name)
	if value == nil {
		o.refuse(name, "is required")
		return 0
	}
	return *value
}

// bound takes an upper limit; without one it is zero, which limits nothing. A
// limit of zero is refused, since it reads like "none" and would mean the
// opposite.
func (o *object) bound(name string) int {
	value := o.integer(name)
	if value == nil {
		return 0
	}
	if *value < 1 {
		o.refuse(name, "must be at least 1; leave it out for no cap")
	}
	return *value
}

// id takes a UUID that must be there.
func (o *object) id(name string) uuid.UUID {
	raw := o.take(name)
	if raw == nil {
		o.refuse(name, "is required")
		return uuid.Nil
	}
	return o.parseIDValue(name, raw)
}

// optionalID takes a UUID, or the nil one without it.
func (o *object) optionalID(name string) uuid.UUID {
	raw := o.take(name)
	if raw == nil {
		return uuid.Nil
	}
	return o.parseIDValue(name, raw)
}

func (o *object) parseIDValue(name string, raw json.RawMessage) uuid.UUID {
	var text string
	if json.Unmarshal(raw, &text) != nil || text == "" {
		o.refuse(name, "is not a UUID")
		return uuid.Nil
	}
	id, err := outdial.ParseID(o.at+name, text)
	if err != nil {
		o.keep(err)
	}
	return id
}

// ids takes a list of UUIDs, or nil without one. An empty list stays one.
func (o *object) ids(name string) []uuid.UUID {
	raw := o.take(name)
	if raw == nil {
		return nil
	}
	var texts []json.RawMessage
	if json.Unmarshal(raw, &texts) != nil {
		o.refuse(name, "must be a list of UUIDs")
		return nil
	}
	ids := make([]uuid.UUID, len(texts))
	for i, raw := range texts {
		ids[i] = o.parseIDValue(fmt.Sprintf("%s[%d]", name, i), raw)
	}
	return ids
}

// parts takes a list of that many values at most, whatever they are, or nil without
// one. An empty list stays one.
func (o *object) parts(name string, most int) []json.RawMessage {
	raw := o.take(name)
	if raw == nil {
		return nil
	}
	var parts []json.RawMessage
	switch err := json.Unmarshal(raw, &parts); {
	case err != nil:
		o.refuse(name, "must be a list")
		return nil
	case len(parts) > most:
		o.refuse(name, fmt.Sprintf("are more than %d", most))
		return nil
	}
	return parts
}

// texts takes a list of strings, or nil without one.
func (o *object) texts(name string, most int) []string {
	parts := o.parts(name, most)
	if parts == nil {
		return nil
	}
	texts := make([]string, len(parts))
	for i, raw := range parts {
		if string(raw) == "null" || json.Unmarshal(raw, &texts[i]) != nil {
			o.refuse(fmt.Sprintf("%s[%d]", name, i), "must be a string")
		}
	}
	return texts
}

// objects takes a list of objects, or nil without one. What is wrong in one of them is
// remembered in that one.
func (o *object) objects(name string, most int) []*object {
	parts := o.parts(name, most)
	if parts == nil {
		return nil
	}
	objects := make([]*object, len(parts))
	for i, raw := range parts {
		field := fmt.Sprintf("%s[%d]", name, i)
		objects[i] = &object{at: o.at + field + "."}
		if string(raw) == "null" || json.Unmarshal(raw, &objects[i].members) != nil {
			o.refuse(field, "must be an object")
		}
	}
	return objects
}

// instant takes a time, or the zero one without it.
func (o *object) instant(name string) time.Time {
	raw := o.take(name)
	if raw == nil {
		return time.Time{}
	}
	var value time.Time
	if json.Unmarshal(raw, &value) != nil {
		o.refuse(name, "must be an RFC 3339 time, such as 2006-01-02T15:04:05Z")
	}
	return value
}

// filter takes an audience filter.
func (o *object) filter(name string) filter.Expr {
	expr, err := filter.Parse(o.take(name))
	if err != nil {
		o.keep(err)
	}
	return expr
}
