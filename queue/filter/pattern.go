package filter

import (
	"strings"
	"unicode"
)

// LikePattern is the pattern with which LIKE or ILIKE finds text anywhere in a
// value, with backslash as the escape character. Nothing in text is a wildcard.
func LikePattern(text string) string {
	return "%" + likeLiteral.Replace(text) + "%"
}

var likeLiteral = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// GlobPattern is the pattern with which GLOB finds text anywhere in a value, in
// upper or lower case of any alphabet: every letter stands as the set of its
// forms. It is for engines whose LIKE knows the case of ASCII letters only.
func GlobPattern(text string) string {
	var pattern strings.Builder
	pattern.WriteByte('*')
	for _, r := range text {
		forms := caseForms(r)
		if len(forms) == 1 && !strings.ContainsRune("*?[", r) {
			pattern.WriteRune(r)
			continue
		}
		pattern.WriteByte('[')
		for _, form := range forms {
			pattern.WriteRune(form)
		}
		pattern.WriteByte(']')
	}
	pattern.WriteByte('*')
	return pattern.String()
}

// caseForms returns every form of a letter, beginning with r itself.
func caseForms(r rune) []rune {
	forms := []rune{r}
	for form := unicode.SimpleFold(r); form != r; form = unicode.SimpleFold(form) {
		forms = append(forms, form)
	}
	return forms
}

// folded is text in one case, whichever it was in.
func folded(text string) string {
	return strings.Map(func(r rune) rune {
		lowest := r
		for _, form := range caseForms(r) {
			lowest = min(lowest, form)
		}
		return lowest
	}, text)
}
