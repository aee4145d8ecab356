package outdial

import "time"

// ParseDate reads a date, which is its midnight in UTC, or an RFC 3339 time. It returns
// false for anything else.
func ParseDate(text string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
