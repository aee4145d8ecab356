package httpapi

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// readParams reads what the route takes beside its body.
func (r *request) readParams(rt route) (err error) {
	if err := checkQuery(r.Request, rt.query); err != nil {
		return err
	}
	if strings.Contains(rt.pattern, "{campaignId}") {
		if r.campaignID, err = outdial.ParseID("campaign_id", r.PathValue("campaignId")); err != nil {
			return err
		}
	}
	if rt.idempotent {
		r.key, err = idempotencyKey(r.Header)
	}
	return err
}

// checkQuery refuses parameters that the route does not take, and those given
// twice: ?agentid=… or ?dry_run=true would otherwise be a wider request than its
// sender meant.
func checkQuery(r *http.Request, known []string) error {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return outdial.Invalid("query", "is malformed")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, name) {
			return outdial.Invalid(cut(name), "is not a query parameter of this request")
		}
		if len(values[name]) > 1 {
			return outdial.Invalid(name, "is given twice")
		}
	}
	return nil
}

// queryID reads an id from the query; an empty one is none.
func (r *request) queryID(name string) (uuid.UUID, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return uuid.Nil, nil
	}
	return outdial.ParseID(name, text)
}

// queryLimit reads the size of a page from the query; zero is none given.
func (r *request) queryLimit(name string, most int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > most {
		return 0, outdial.Invalid(name, fmt.Sprintf("must be a whole number from 1 to %d", most))
	}
	return limit, nil
}

// queryFlag reads true or false from the query; none given is false.
func (r *request) queryFlag(name string) (bool, error) {
	switch r.URL.Query().Get(name) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, outdial.Invalid(name, "must be true or false")
}

// queryTime reads a time or a date, which is its midnight in UTC, from the query; none
// given is the zero time.
func (r *request) queryTime(name string) (time.Time, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	if at, ok := outdial.ParseDate(text); ok {
		return at, nil
	}
	return time.Time{}, outdial.Invalid(name, "must be a date or an RFC 3339 time, such as 2006-01-02 or 2006-01-02T15:04:05Z")
}

const headerIdempotencyKey = "Idempotency-Key"

// idempotencyKey reads the header that makes a write safe to repeat; without it
// the key is empty. A header that is there and says nothing is refused, since its
// sender believes to be protected.
func idempotencyKey(header http.Header) (string, error) {
	keys := header.Values(headerIdempotencyKey)
	if len(keys) == 0 {
		return "", nil
	}
	switch key := keys[0]; {
	case len(keys) > 1:
		return "", outdial.Invalid(headerIdempotencyKey, "is given twice")
	case key == "":
		return "", outdial.Invalid(headerIdempotencyKey, "is empty")
	case len(key) > outdial.MaxIdempotencyKey:
		return "", outdial.Invalid(headerIdempotencyKey, fmt.Sprintf("is longer than %d bytes", outdial.MaxIdempotencyKey))
	case !printable(key):
		return "", outdial.Invalid(headerIdempotencyKey, "must be visible ASCII characters without spaces")
	default:
		return key, nil
	}
}
