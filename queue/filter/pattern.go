package filter

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Place is where in a field a text is looked for.
type Place int

// The places.
const (
	// Anywhere is any place in the field.
	Anywhere Place = iota
	// AtStart is the beginning of the field, AtEnd its end.
	AtStart
	AtEnd
	// Whole is the field from its beginning to its end.
	Whole
)

// RegexPattern is the regular expression, in Postgres's advanced syntax, that finds
// text in a value, in upper or lower case of any alphabet: every letter stands as
// the set of its forms, so that the answer does not depend on the locale of the
// database. Nothing in text has a meaning of its own.
func RegexPattern(text string, place Place) string {
	var pattern strings.Builder
	if place == AtStart || place == Whole {
		pattern.WriteByte('^')
	}
	for _, r := range text {
		switch forms := caseForms(r); {
		case len(forms) > 1:
			writeSet(&pattern, forms)
		case r < utf8.RuneSelf && !isWordByte(byte(r)) && r >= ' ':
			pattern.WriteByte('\\')
			pattern.WriteRune(r)
		default:
			pattern.WriteRune(r)
		}
	}
	if place == AtEnd || place == Whole {
		pattern.WriteByte('$')
	}
	return pattern.String()
}

func isWordByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// GlobPattern is the pattern with which GLOB finds text in a value, in upper or
// lower case of any alphabet. It is for engines whose LIKE knows the case of ASCII
// letters only.
func GlobPattern(text string, place Place) string {
	var pattern strings.Builder
	if place == Anywhere || place == AtEnd {
		pattern.WriteByte('*')
	}
	for _, r := range text {
		forms := caseForms(r)
		if len(forms) == 1 && !strings.ContainsRune("*?[", r) {
			pattern.WriteRune(r)
			continue
		}
		writeSet(&pattern, forms)
	}
	if place == Anywhere || place == AtStart {
		pattern.WriteByte('*')
	}
	return pattern.String()
}

func writeSet(pattern *strings.Builder, forms []rune) {
	pattern.WriteByte('[')
	for _, form := range forms {
		pattern.WriteRune(form)
	}
	pattern.WriteByte(']')
}

// lastIndexed is the last letter that Postgres's trigram index finds in a set.
const lastIndexed = '\u07ff'

// caseForms returns every form of a letter, beginning with r itself.
//
// Unicode counts a few signs and old prints as forms of letters that have two cases
// already: the Kelvin sign as a k, a rounded ve as a в. Those are left out. Nobody
// looks for them, and with them no name with a k would be found by its index.
func caseForms(r rune) []rune {
	forms, indexed := []rune{r}, 0
	if r <= lastIndexed {
		indexed++
	}
	for form := unicode.SimpleFold(r); form != r; form = unicode.SimpleFold(form) {
		forms = append(forms, form)
		if form <= lastIndexed {
			indexed++
		}
	}
	switch {
	case indexed < 2:
		return forms
	case r > lastIndexed:
		return forms[:1]
	}
	return slices.DeleteFunc(forms, func(form rune) bool { return form > lastIndexed })
}

// folded is text in one case, whichever it was in. ASCII letters come out as
// capitals, which is what upper makes of them on every engine.
func folded(text string) string {
	return strings.Map(foldedLetter, text)
}

func foldedLetter(r rune) rune {
	if r < utf8.RuneSelf {
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}
	return slices.Min(caseForms(r))
}

// foldings returns the letters beyond ASCII that an engine has to replace in a
// column before it compares the column with folded texts, each with what it becomes.
// Letters that none of the texts has cannot make a difference.
func foldings(texts []string) []folding {
	wanted := map[rune]bool{}
	for _, text := range texts {
		for _, r := range text {
			wanted[r] = true
		}
	}
	var list []folding
	for r := range wanted {
		for _, form := range caseForms(r) {
			if form != r && form >= utf8.RuneSelf {
				list = append(list, folding{form, r})
			}
		}
	}
	slices.SortFunc(list, func(a, b folding) int { return int(a.from - b.from) })
	return list
}

type folding struct{ from, to rune }

// lettersOf counts the different letters beyond ASCII that texts have in two cases.
func lettersOf(operands []operand) int {
	letters := map[rune]bool{}
	for _, o := range operands {
		for _, r := range o.text {
			if r >= utf8.RuneSelf && len(caseForms(r)) > 1 {
				letters[foldedLetter(r)] = true
			}
		}
	}
	return len(letters)
}
