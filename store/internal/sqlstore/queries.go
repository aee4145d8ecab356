package sqlstore

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// Library is a set of named queries and of the fragments they are made of, read
// from .sql files. A section starts with a line "-- query: name" or
// "-- fragment: name"; {{name}} stands for a fragment's text. Comment lines are for
// readers and do not reach the database.
type Library struct{ queries, fragments map[string]string }

// LoadLibrary reads every .sql file of the file systems in turn. A section
// replaces one of the same name from an earlier file system: that is how an engine
// says what it does differently. Two sections of one name in one file system are
// an error.
func LoadLibrary(sources ...fs.FS) (*Library, error) {
	library := &Library{queries: map[string]string{}, fragments: map[string]string{}}
	for _, source := range sources {
		layer := &Library{queries: map[string]string{}, fragments: map[string]string{}}
		names, err := fs.Glob(source, "*.sql")
		if err != nil {
			return nil, fmt.Errorf("list queries: %w", err)
		}
		for _, name := range names {
			text, err := fs.ReadFile(source, name)
			if err != nil {
				return nil, fmt.Errorf("read queries: %w", err)
			}
			if err := layer.add(text); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		maps.Copy(library.queries, layer.queries)
		maps.Copy(library.fragments, layer.fragments)
	}
	return library, nil
}

func (l *Library) add(text []byte) error {
	var section map[string]string
	var name string
	scanner := bufio.NewScanner(bytes.NewReader(text))
	for scanner.Scan() {
		line := scanner.Text()
		comment, isComment := strings.CutPrefix(strings.TrimSpace(line), "--")
		kind, title, isMarker := strings.Cut(strings.TrimSpace(comment), ": ")
		switch {
		case isComment && isMarker && kind == "query":
			section, name = l.queries, title
		case isComment && isMarker && kind == "fragment":
			section, name = l.fragments, title
		case isComment:
			continue
		case section != nil:
			section[name] += line + "\n"
			continue
		case strings.TrimSpace(line) != "":
			return fmt.Errorf("text before the first section: %q", line)
		default:
			continue
		}
		if _, twice := section[name]; twice {
			return fmt.Errorf("%s %s is there twice", kind, name)
		}
		section[name] = ""
	}
	return scanner.Err()
}

// Templates returns fragments by name with the fragments in them filled in. Words
// in braces that are no fragment's name stay: they are for the caller to fill in. A
// fragment that does not exist is empty.
func (l *Library) Templates(names []string) map[string]string {
	var fragments []string
	for name, text := range l.fragments {
		fragments = append(fragments, "{{"+name+"}}", strings.TrimSpace(text))
	}
	fill := strings.NewReplacer(fragments...)
	templates := map[string]string{}
	for _, name := range names {
		text := l.fragments[name]
		for filled := fill.Replace(text); filled != text; filled = fill.Replace(text) {
			text = filled
		}
		templates[name] = strings.TrimSpace(text)
	}
	return templates
}

// Names lists the queries, in order.
func (l *Library) Names() []string { return slices.Sorted(maps.Keys(l.queries)) }

// Query returns the text of a query with its fragments filled in. Fragments that
// only a call knows, such as a compiled filter, are given in more.
func (l *Library) Query(name string, more map[string]string) (string, error) {
	text, ok := l.queries[name]
	if !ok {
		return "", fmt.Errorf("no query %q", name)
	}
	const deepest = 16
	for range deepest {
		before, rest, found := strings.Cut(text, "{{")
		if !found {
			return strings.TrimSpace(text), nil
		}
		var filled strings.Builder
		for found {
			filled.WriteString(before)
			var fragment string
			fragment, rest, _ = strings.Cut(rest, "}}")
			body, ok := more[fragment]
			if !ok {
				body, ok = l.fragments[fragment]
			}
			if !ok {
				return "", fmt.Errorf("query %s: no fragment %q", name, fragment)
			}
			filled.WriteString(strings.TrimSpace(body))
			before, rest, found = strings.Cut(rest, "{{")
		}
		filled.WriteString(before)
		text = filled.String()
	}
	return "", fmt.Errorf("query %s: fragments contain each other", name)
}
