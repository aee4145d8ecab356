package intake

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/outdial/outdial"
)

// field is what a column can hold. The zero value is a column that nobody knows.
type field int

const (
	fieldAttribute field = iota
	fieldFirstName
	fieldLastName
	fieldFullName
	fieldCompany
	fieldAccount
	fieldPhone
	fieldEmail
	fieldCountry
	fieldRegion
	fieldPostalCode
	fieldTimezone
	fieldPriority
	fieldExternalID
	fieldOptedOut
	fieldCount
)

// columnNames is how people head their columns, for each field. Case, spaces and
// punctuation do not matter. When a file has two names of one field the earlier
// one here is used, and the other column becomes an attribute; so the more exact
// names come first.
//
// A field marked several takes all of its columns, in the order of the file, and
// a number in their names does not matter: Phone 1, Phone 2.
var columnNames = [...]struct {
	field   field
	several bool
	names   []string
}{
	{field: fieldFirstName, names: []string{
		"first name", "first", "given name", "forename", "fname", "name first",
		"contact first name", "person first name", "lead first name", "customer first name",
	}},
	{field: fieldLastName, names: []string{
		"last name", "last", "surname", "family name", "lname", "name last",
		"contact last name", "person last name", "lead last name", "customer last name",
	}},
	{field: fieldFullName, names: []string{
		"full name", "name", "contact name", "contact full name", "person name", "lead name",
		"customer name", "client name", "prospect name", "display name",
	}},
	{field: fieldCompany, names: []string{
		"company", "company name", "organization", "organization name", "organisation",
		"organisation name", "account name", "account", "business", "business name",
		"employer", "employer name", "firm", "org", "org name",
	}},
	{field: fieldAccount, names: []string{
		"account id", "account key", "account external id", "crm account id", "company id",
		"organization id", "organisation id", "org id", "household id",
	}},
	{field: fieldPhone, several: true, names: []string{
		"phone", "phone number", "phone no", "phone num", "phone value", "phone e164",
		"telephone", "telephone number", "telephone no", "tel", "tel number", "tel no",
		"mobile", "mobile phone", "mobile number", "mobile no", "mobile phone number", "mobile telephone",
		"cell", "cell phone", "cell number", "cell no", "cell phone number",
		"work phone", "work number", "work phone number", "work telephone", "work direct phone",
		"business phone", "business phone number", "business telephone", "office phone", "office phone number",
		"home phone", "home number", "home phone number", "home telephone", "landline", "land line",
		"day phone", "daytime phone", "evening phone", "direct phone", "direct dial", "direct line",
		"main phone", "primary phone", "primary phone number", "secondary phone", "other phone",
		"alternate phone", "alternative phone", "alt phone", "personal phone", "corporate phone", "company phone",
		"contact phone", "contact number", "contact no", "contact phone number", "person phone",
		"customer phone", "customer phone number", "client phone", "lead phone", "prospect phone",
		"phone home", "phone work", "phone business", "phone office", "phone mobile", "phone cell",
		"phone main", "phone primary", "phone secondary", "phone other", "phone alternate", "msisdn",
	}},
	{field: fieldEmail, several: true, names: []string{
		"email", "email address", "e mail address", "mail", "email value", "primary email",
		"primary email address", "work email", "business email", "personal email", "home email",
		"secondary email", "other email", "alternate email", "contact email", "person email",
		"customer email", "client email", "lead email", "prospect email",
	}},
	{field: fieldCountry, names: []string{
		"country", "country code", "country name", "country region", "contact country", "person country",
		"mailing country", "home country", "business country", "billing country", "address country",
	}},
	{field: fieldRegion, names: []string{
		"state", "state code", "state province", "province state", "state region", "province", "province code",
		"us state", "contact state", "person state", "mailing state", "mailing state province",
		"home state", "business state", "billing state", "billing state province", "address state", "region",
	}},
	{field: fieldPostalCode, names: []string{
		"postal code", "postcode", "post code", "postal", "zip", "zip code", "zip5",
		"zip postal code", "postal zip code", "postal code zip", "contact zip", "person zip",
		"mailing zip", "mailing zip code", "mailing postal code", "mailing zip postal code",
		"home postal code", "business postal code", "billing zip", "billing postal code",
		"billing zip postal code", "address zip",
	}},
	{field: fieldTimezone, names: []string{"timezone", "timezone name", "timezone id", "iana timezone", "tz", "tz name", "tzid"}},
	{field: fieldPriority, names: []string{"priority", "prio", "call priority", "queue priority", "dial priority"}},
	{field: fieldExternalID, names: []string{
		"external id", "ext id", "contact id", "lead id", "record id", "person id", "customer id",
		"prospect id", "client id", "crm id", "vendor lead code", "source id", "source key",
		"contact key", "uuid", "guid", "uid", "id",
	}},
	{field: fieldOptedOut, names: []string{
		"opted out", "is opted out", "opt out", "do not call", "dnc", "phone opt out",
		"call opt out", "opted out of calls", "do not contact",
	}},
}

// maxName bounds the name of a column, in bytes. Longer names, which forms make of
// their questions, are cut.
const maxName = 255

// columns says what each column of one file holds.
type columns struct {
	// fields and names run parallel to the header. A name is the column's key
	// among the attributes: as it was given, or told apart from one like it.
	fields []field
	names  []string
	// single is the column of each field that has one, or -1. several are all the
	// columns of a field that may have more.
	single  [fieldCount]int
	several [fieldCount][]int
}

// readColumns matches a header against columnNames. The error matches ErrInvalid.
func readColumns(header []string) (columns, error) {
	type match struct {
		field   field
		several bool
		rank    int
	}
	known := map[string]match{}
	for _, spec := range columnNames {
		for rank, name := range spec.names {
			key := plain(name)
			if spec.several {
				key = withoutDigits(key)
			}
			known[key] = match{spec.field, spec.several, rank}
		}
	}

	cols := columns{fields: make([]field, len(header)), names: make([]string, len(header))}
	ranks := [fieldCount]int{}
	for f := range cols.single {
		cols.single[f] = -1
	}
	taken := map[string]int{}
	for i, title := range header {
		cols.names[i] = attributeName(title, i, taken)
		found, ok := known[plain(title)]
		if !ok {
			if found = known[withoutDigits(plain(title))]; !found.several {
				continue
			}
		}
		if found.several {
			cols.fields[i] = found.field
			cols.several[found.field] = append(cols.several[found.field], i)
			continue
		}
		before := cols.single[found.field]
		switch {
		case before >= 0 && ranks[found.field] == found.rank:
			return columns{}, outdial.Invalid("header", fmt.Sprintf(
				"columns %d and %d are both called %s; rename or remove one", before+1, i+1, printable(title)))
		case before >= 0 && ranks[found.field] < found.rank:
			continue
		case before >= 0:
			cols.fields[before] = fieldAttribute
		}
		cols.fields[i], cols.single[found.field], ranks[found.field] = found.field, i, found.rank
	}
	if len(cols.several[fieldPhone]) == 0 {
		return columns{}, noPhoneColumn(header)
	}
	return cols, nil
}

// IsPhoneColumn says whether people head columns of phone numbers with that title, with
// a number in it or without: Phone 2.
func IsPhoneColumn(title string) bool { return headsSeveral(fieldPhone, title) }

// IsEmailColumn says whether people head columns of e-mail addresses with that title.
func IsEmailColumn(title string) bool { return headsSeveral(fieldEmail, title) }

// headsSeveral says whether a title is one of those of a field that takes several
// columns. A title with a number or an address in it is no name but somebody's.
func headsSeveral(of field, title string) bool {
	key := withoutDigits(plain(title))
	if key == "" || IsPersonal(title) {
		return false
	}
	for _, spec := range columnNames {
		if spec.field == of {
			return slices.ContainsFunc(spec.names, func(name string) bool { return withoutDigits(plain(name)) == key })
		}
	}
	return false
}

// attributeName returns the key under which a column's values are kept: the title
// as given, or "column 7" when it has none, with a number behind it when an
// earlier column has the same. Taken counts the names given so far.
func attributeName(title string, index int, taken map[string]int) string {
	title = cut(strings.TrimSpace(title), maxName)
	if title == "" {
		title = fmt.Sprintf("column %d", index+1)
	}
	name := title
	for taken[name] > 0 {
		taken[title]++
		name = fmt.Sprintf("%s (%d)", title, taken[title])
	}
	taken[name]++
	return name
}

// title is the name of a column in a form fit to print.
func (c *columns) title(column int) string {
	if IsPersonal(c.names[column]) {
		return fmt.Sprintf("column %d", column+1)
	}
	return shorten(c.names[column])
}

// blame returns the fault of a column.
func (c *columns) blame(column int, problem string) *fault {
	return &fault{c.title(column), problem}
}

// noPhoneColumn is the error for a file without phones. It shows the columns that
// are there; a first line that holds a contact is not shown, because a number in
// an error message ends up in a log.
func noPhoneColumn(header []string) error {
	const shown = 20
	var seen []string
	for _, title := range header {
		if looksLikeContact(title) {
			return outdial.Invalid("header", "the first line holds a contact, not the names of the columns")
		}
		if title = strings.TrimSpace(title); title != "" {
			seen = append(seen, printable(title))
		}
	}
	more := ""
	if len(seen) > shown {
		more = fmt.Sprintf(" and %d more", len(seen)-shown)
		seen = seen[:shown]
	}
	if len(seen) == 0 {
		return outdial.Invalid("phone", "no column holds phone numbers: the columns have no names")
	}
	return outdial.Invalid("phone", "no column holds phone numbers; the columns are "+strings.Join(seen, ", ")+more)
}

// looksLikeContact says whether a title is somebody's number or address.
func looksLikeContact(title string) bool {
	return IsPersonal(title) && (strings.ContainsRune(title, '@') || !strings.ContainsFunc(title, unicode.IsLetter))
}

// IsPersonal says whether a title could hold a number or an address.
func IsPersonal(title string) bool {
	const shortestNumber = 7
	digits := 0
	for _, r := range title {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	return digits >= shortestNumber || strings.ContainsRune(title, '@')
}

// printable returns a title in quotes, short and safe to print.
func printable(title string) string {
	if IsPersonal(title) {
		return `"…"`
	}
	return fmt.Sprintf("%q", shorten(title))
}

// shorten returns a title without control characters and no longer than fits in a
// line of a report.
func shorten(title string) string {
	const most = 60
	title = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, title)
	if short := cut(title, most); short != title {
		return short + "…"
	}
	return title
}

// cut returns the longest prefix of whole characters that fits into limit bytes.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// plain returns the letters and digits of a name in lower case: what is left when
// spelling does not count.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

func withoutDigits(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, name)
}
