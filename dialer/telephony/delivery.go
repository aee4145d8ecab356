package telephony

import "strings"

// Delivery is one HTTP request with a report, as it came. Adapters make events of it,
// whatever server received it.
type Delivery struct {
	// URL is the path and the query.
	URL string
	// Header are the header's fields; http.Header is such a map.
	Header map[string][]string
	Body   []byte
}

// Field returns the value of a header field that is there once, in whatever case it is
// written, and nothing otherwise: which of two counts would depend on who reads them.
func (d Delivery) Field(name string) string {
	var found []string
	for key, values := range d.Header {
		if strings.EqualFold(key, name) {
			found = append(found, values...)
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}
