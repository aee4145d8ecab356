package sqlstore

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func library(t *testing.T, layers ...string) *Library {
	t.Helper()
	var sources []fstest.MapFS
	for _, layer := range layers {
		sources = append(sources, fstest.MapFS{"queries.sql": {Data: []byte(layer)}})
	}
	loaded := &Library{}
	var err error
	switch len(sources) {
	case 1:
		loaded, err = LoadLibrary(sources[0])
	default:
		loaded, err = LoadLibrary(sources[0], sources[1])
	}
	require.NoError(t, err)
	return loaded
}

func TestLibrary(t *testing.T) {
	t.Parallel()

	t.Run("a query is its text with its fragments filled in and its comments left out", func(t *testing.T) {
		t.Parallel()
		text, err := library(t, `
-- What this file is about.

-- query: pull
-- Why it is so.
SELECT {{columns}} FROM items
 WHERE {{open}}

-- fragment: columns
id, {{more}}
-- fragment: more
state
-- fragment: open
state = 'queued'
`).Query("pull", nil)
		require.NoError(t, err)
		require.Equal(t, "SELECT id, state FROM items\n WHERE state = 'queued'", text)
	})

	t.Run("a later layer replaces a section of the same name and nothing else", func(t *testing.T) {
		t.Parallel()
		layered := library(t,
			"-- query: a\nSELECT 1 {{lock}}\n-- query: b\nSELECT 2\n-- fragment: lock\nFOR UPDATE\n",
			"-- query: b\nSELECT 3\n-- fragment: lock\n",
		)
		a, err := layered.Query("a", nil)
		require.NoError(t, err)
		require.Equal(t, "SELECT 1", a)
		b, err := layered.Query("b", nil)
		require.NoError(t, err)
		require.Equal(t, "SELECT 3", b)
		require.Equal(t, []string{"a", "b"}, layered.Names())
	})

	t.Run("fragments that only a call knows come first", func(t *testing.T) {
		t.Parallel()
		text, err := library(t, "-- query: a\nSELECT {{what}}\n-- fragment: what\n1\n").
			Query("a", map[string]string{"what": "2"})
		require.NoError(t, err)
		require.Equal(t, "SELECT 2", text)
	})

	t.Run("a missing fragment, an endless one and an unknown query are errors", func(t *testing.T) {
		t.Parallel()
		loaded := library(t, "-- query: a\n{{b}}\n-- query: c\n{{d}}\n-- fragment: d\n{{d}}\n")
		_, err := loaded.Query("a", nil)
		require.ErrorContains(t, err, `no fragment "b"`)
		_, err = loaded.Query("c", nil)
		require.ErrorContains(t, err, "contain each other")
		_, err = loaded.Query("x", nil)
		require.ErrorContains(t, err, `no query "x"`)
	})

	t.Run("two sections of one name in one layer, and text before the first, are errors", func(t *testing.T) {
		t.Parallel()
		for problem, text := range map[string]string{
			"query a is there twice":        "-- query: a\nSELECT 1\n-- query: a\nSELECT 2\n",
			"text before the first section": "SELECT 1\n",
		} {
			_, err := LoadLibrary(fstest.MapFS{"queries.sql": {Data: []byte(text)}})
			require.ErrorContains(t, err, problem)
		}
	})
}

func TestCompileQuery(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text, numbered string
		names                []string
	}{
		{"a name that appears twice is one parameter", "a = :x AND b = :y AND c = :x", "a = $1 AND b = $2 AND c = $1", []string{"x", "y"}},
		{"text in quotes is left alone", "a = ':x' AND b = :y", "a = ':x' AND b = $1", []string{"y"}},
		{"a doubled quote does not end the text", "a = 'it''s :x' AND b = :y", "a = 'it''s :x' AND b = $1", []string{"y"}},
		{"a cast is left alone", "a::text = :x", "a::text = $1", []string{"x"}},
		{"names are taken whole", ":filter_0 || :filter_01", "$1 || $2", []string{"filter_0", "filter_01"}},
		{"a colon alone is left alone", "a : b", "a : b", nil},
		{"an open quote does not run past the end", "a = 'x", "a = 'x", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			query := compileQuery(test.text, BindNumbered)
			require.Equal(t, test.numbered, query.text)
			require.Equal(t, test.names, query.names)
			require.Equal(t, test.text, compileQuery(test.text, BindNamed).text)
		})
	}

	t.Run("a value that nobody gave is an error", func(t *testing.T) {
		t.Parallel()
		_, err := compileQuery("a = :x", BindNumbered).bind(Args{"y": 1})
		require.ErrorContains(t, err, `"x"`)
	})
}

func TestRowIDs(t *testing.T) {
	t.Parallel()
	ids, err := NewRowIDs()
	require.NoError(t, err)
	require.Len(t, ids.Prefix+"00000001"+ids.Suffix, 32)
	head, tail := ids.Dashed()
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]000-00001[0-9a-f]{7}$`, head+"000"+"-"+"00001"+tail)
}
