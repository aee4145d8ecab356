package httpapi

import "github.com/outdial/outdial"

// Route is a row of the route table as tests see it.
type Route struct {
	Method, Pattern, Summary string
	Public, Signed, Flagged  bool
	Idempotent               bool
	Scopes                   []outdial.Scope
	Query                    []string
	Failure                  string
}

// Routes returns the route table.
func Routes() []Route {
	var table []Route
	for _, rt := range routes() {
		table = append(table, Route{
			Method: rt.method, Pattern: rt.pattern, Summary: rt.summary,
			Public: rt.public, Signed: rt.signed, Flagged: rt.flagged, Idempotent: rt.idempotent,
			Scopes: rt.scopes, Query: rt.query, Failure: rt.failure,
		})
	}
	return table
}

// Redact is what hides phone numbers in logged causes.
func Redact(text string) string { return redact(text) }
