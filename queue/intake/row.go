package intake

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // so that a zone's name is known on machines without zone files

	"github.com/outdial/outdial"
)

// decoder turns the values of a row into a contact.
type decoder struct {
	columns columns
	limits  Limits
	region  string
	list    string
	zones   map[string]bool
	// types are those of the attributes of the rows that became contacts.
	types attributeTypes
}

// contact returns the contact that a row describes, or which value makes it
// useless. A row of which nothing becomes teaches nothing about its columns.
func (d *decoder) contact(values []string) (NewContact, *fault) {
	c := outdial.Contact{Region: d.value(values, fieldRegion), PostalCode: d.value(values, fieldPostalCode)}
	for _, f := range [...]field{
		fieldFirstName, fieldLastName, fieldFullName, fieldCompany, fieldAccount, fieldRegion, fieldPostalCode, fieldExternalID,
	} {
		if len(d.value(values, f)) > MaxText {
			return NewContact{}, d.blame(f, fmt.Sprintf("is longer than %d bytes", MaxText))
		}
	}
	spare := map[int]string{}
	c.FirstName, c.LastName = d.name(values, spare)
	c.Company = oneLine(d.value(values, fieldCompany))
	c.AccountID = accountID(d.value(values, fieldAccount), c.Company)
	if !strings.EqualFold(d.value(values, fieldAccount), c.AccountID.String()) {
		d.keep(values, fieldAccount, spare)
	}
	nation, known := CountryCode(d.value(values, fieldCountry))
	if known {
		c.Country = nation
	} else {
		nation = d.region
		d.keep(values, fieldCountry, spare)
	}
	number, home, wrong := d.phone(values, nation)
	if wrong != nil {
		return NewContact{}, wrong
	}
	c.Phone, c.PhoneStatus = number, outdial.PhoneValid
	if home && c.Country == "" {
		c.Country = nation
	}
	if c.Email, wrong = d.email(values); wrong != nil {
		return NewContact{}, wrong
	}
	if c.OptedOut, wrong = d.optedOut(values); wrong != nil {
		return NewContact{}, wrong
	}
	order, wrong := d.priority(values)
	if wrong != nil {
		return NewContact{}, wrong
	}

	const longestCode = 3
	if len(c.Region) <= longestCode {
		c.Region = strings.ToUpper(c.Region)
	}
	if c.Country == "US" {
		c.PostalCode = repairZIP(c.PostalCode)
	}
	if c.Timezone = d.value(values, fieldTimezone); !d.zone(c.Timezone) {
		c.Timezone = ""
		d.keep(values, fieldTimezone, spare)
	}
	kept := d.kept(values, spare)
	if c.Attributes, wrong = d.attributes(kept); wrong != nil {
		return NewContact{}, wrong
	}
	d.types.learn(kept)
	key := sourceKey(d.list, d.value(values, fieldExternalID), c)
	return NewContact{SourceKey: key, Priority: order, Contact: detach(c)}, nil
}

// value returns the value of a field that has one column, or the empty string.
func (d *decoder) value(values []string, f field) string {
	column := d.columns.single[f]
	if column < 0 {
		return ""
	}
	text := clean(values[column])
	if f != fieldFirstName && f != fieldLastName && f != fieldFullName && isPlaceholder(text) {
		return ""
	}
	return text
}

// keep puts the value of a field that was not understood, or not needed, among
// the attributes: it is not worth a contact, and not ours to throw away.
func (d *decoder) keep(values []string, f field, spare map[int]string) {
	if text := d.value(values, f); text != "" {
		spare[d.columns.single[f]] = text
	}
}

func (d *decoder) blame(f field, problem string) *fault {
	return d.columns.blame(d.columns.single[f], problem)
}

// name returns first and last name. A full name is used when neither is given. Of
// "Butt, James" the part before the comma is the last name, of "James John Butt"
// the last word.
func (d *decoder) name(values []string, spare map[int]string) (first, last string) {
	first, last = oneLine(d.value(values, fieldFirstName)), oneLine(d.value(values, fieldLastName))
	full := oneLine(d.value(values, fieldFullName))
	if first != "" || last != "" {
		if words(full) != words(first+" "+last) {
			d.keep(values, fieldFullName, spare)
		}
		return first, last
	}
	if before, after, found := strings.Cut(full, ","); found {
		return strings.TrimSpace(after), strings.TrimSpace(before)
	}
	if space := strings.LastIndexByte(full, ' '); space >= 0 {
		return full[:space], full[space+1:]
	}
	return full, ""
}

var (
	floatingDigits = regexp.MustCompile(`^(\d+)\.0$`)
	scientific     = regexp.MustCompile(`^\d([.,]\d+)?[eE]\+?\d+$`)
)

// phone returns the first of a row's numbers that is one, and whether it was
// written as people of that country do, without a country code.
//
// The other numbers are not kept: what does not stand in the phone column is out
// of suppression's sight.
func (d *decoder) phone(values []string, nation string) (number outdial.Phone, home bool, wrong *fault) {
	for _, column := range d.columns.several[fieldPhone] {
		text := clean(values[column])
		if isPlaceholder(text) {
			continue
		}
		text = floatingDigits.ReplaceAllString(text, "$1")
		number, err := outdial.ParsePhone(text, nation)
		if err == nil {
			return number, !strings.HasPrefix(text, "+") && !strings.HasPrefix(text, "00"), nil
		}
		if wrong != nil {
			continue
		}
		wrong = d.columns.blame(column, outdial.Problem(err))
		if scientific.MatchString(text) {
			wrong.problem = "was turned into a rounded number by a spreadsheet"
		}
	}
	if wrong == nil {
		wrong = d.columns.blame(d.columns.several[fieldPhone][0], "is empty")
	}
	if others := len(d.columns.several[fieldPhone]) - 1; others > 0 {
		wrong.problem += ", and no other phone column holds a number"
	}
	return "", false, wrong
}

// email returns the first of a row's addresses that is one. A row that has
// addresses of which none can be read is rejected, although its phone may be
// good: the address may be on a suppression list, and nobody could tell.
func (d *decoder) email(values []string) (outdial.Email, *fault) {
	var wrong *fault
	for _, column := range d.columns.several[fieldEmail] {
		text := clean(values[column])
		if isPlaceholder(text) {
			continue
		}
		address, err := outdial.ParseEmail(text)
		if err == nil {
			return address, nil
		}
		if wrong == nil {
			wrong = d.columns.blame(column, outdial.Problem(err))
		}
	}
	return "", wrong
}

// optedOut reads a do-not-call mark. A mark that is neither yes nor no rejects
// the row: in doubt nobody is called.
func (d *decoder) optedOut(values []string) (bool, *fault) {
	switch strings.ToLower(d.value(values, fieldOptedOut)) {
	case "", "0", "n", "no", "f", "false":
		return false, nil
	case "1", "y", "yes", "t", "true", "x":
		return true, nil
	}
	return false, d.blame(fieldOptedOut, "is neither yes nor no")
}

func (d *decoder) priority(values []string) (int, *fault) {
	text := floatingDigits.ReplaceAllString(d.value(values, fieldPriority), "$1")
	if text == "" {
		return 0, nil
	}
	number, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, d.blame(fieldPriority, "is not a whole number of at most 32 bits")
	}
	return int(number), nil
}

// zone says whether a name is one of the IANA zones. Abbreviations are not: EST
// is a zone without summer time, which is not what a list means by it.
func (d *decoder) zone(name string) bool {
	const longest, remembered = 64, 1000
	if len(name) > longest || !strings.Contains(name, "/") {
		return false
	}
	known, seen := d.zones[name]
	if !seen {
		_, err := time.LoadLocation(name)
		known = err == nil
		if len(d.zones) >= remembered {
			clear(d.zones)
		}
		d.zones[name] = known
	}
	return known
}

// kept returns the values of the columns that are no field of a contact, and the
// spare ones, by the names of their columns. Empty values are left out.
func (d *decoder) kept(values []string, spare map[int]string) map[string]string {
	kept := map[string]string{}
	for column, f := range d.columns.fields {
		text := spare[column]
		if f == fieldAttribute {
			text = clean(values[column])
		}
		if text != "" {
			kept[d.columns.names[column]] = text
		}
	}
	return kept
}

// attributes returns what is kept as a JSON object. Without anything, there is no
// object.
func (d *decoder) attributes(kept map[string]string) (json.RawMessage, *fault) {
	if len(kept) == 0 {
		return nil, nil
	}
	object, err := json.Marshal(kept)
	if err != nil || len(object) > d.limits.AttributeBytes {
		return nil, &fault{wholeRow, fmt.Sprintf(
			"has attributes of more than %d bytes", d.limits.AttributeBytes)}
	}
	return object, nil
}

// clean removes what spreadsheets put around a value: space, and the ="…" that
// keeps them from reading a number.
func clean(text string) string {
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, `="`); ok {
		if inner, ok = strings.CutSuffix(inner, `"`); ok {
			return strings.TrimSpace(inner)
		}
	}
	return text
}

// isPlaceholder says whether a value stands for none. Without it, a column of
// NULLs would be one id for everybody, and "n/a" one company.
func isPlaceholder(text string) bool {
	switch strings.ToLower(text) {
	case "", "-", "--", "null", "none", "nan", "n/a", "#n/a", `\n`:
		return true
	}
	return false
}

// repairZIP gives a ZIP code back the zeros that it lost when a spreadsheet took
// it for a number: those of New England and New Jersey begin with one, a few with
// two.
func repairZIP(code string) string {
	const shortest, full = 3, 5
	code = floatingDigits.ReplaceAllString(code, "$1")
	for _, r := range code {
		if r < '0' || r > '9' {
			return code
		}
	}
	if len(code) < shortest || len(code) >= full {
		return code
	}
	return strings.Repeat("0", full-len(code)) + code
}

// oneLine returns text with every run of white space as one space.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// detach copies the strings that are parts of a record, so that a contact waiting
// for its batch does not keep the whole record in memory.
func detach(c outdial.Contact) outdial.Contact {
	for _, text := range [...]*string{
		&c.FirstName, &c.LastName, &c.Company, &c.Country, &c.Region, &c.PostalCode, &c.Timezone,
	} {
		*text = strings.Clone(*text)
	}
	c.Email = outdial.Email(strings.Clone(string(c.Email)))
	return c
}
