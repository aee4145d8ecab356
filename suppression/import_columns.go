package suppression

import (
	"cmp"
	"encoding/csv"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/intake"
)

// listColumn is what a column of a list says.
type listColumn string

const (
	columnPhone      listColumn = "phone"
	columnEmail      listColumn = "email"
	columnValue      listColumn = "value"
	columnReason     listColumn = "reason"
	columnCampaign   listColumn = "campaign_id"
	columnExpiresAt  listColumn = "expires_at"
	columnReceivedAt listColumn = "received_at"
)

// columnOf says what a column of that title holds. Columns of numbers and addresses are
// those that an import of contacts takes for such. Only letters matter, and their case
// does not: Phone 2 is a phone. A title with a number or an address in it is no title
// but somebody's. Columns of other titles are passed over.
func columnOf(title string) listColumn {
	switch {
	case intake.IsPersonal(title):
		return ""
	case intake.IsPhoneColumn(title):
		return columnPhone
	case intake.IsEmailColumn(title):
		return columnEmail
	}
	switch lettersOf(title) {
	case "number":
		return columnPhone
	case "value":
		return columnValue
	case "reason":
		return columnReason
	case "campaignid":
		return columnCampaign
	case "expiresat", "expires", "expiry":
		return columnExpiresAt
	case "receivedat":
		return columnReceivedAt
	}
	return ""
}

func lettersOf(title string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

// listColumns says how a line is read. Without a header the whole line is a value.
type listColumns struct {
	separator rune
	columns   []listColumn
}

// readListHeader looks at the first line that says anything. It is a header when it
// names a column with a value. A line of several names that are none of ours is the
// header of something else, and an error matching ErrInvalid.
func readListHeader(line listLine, region string) (columns *listColumns, isHeader bool, err error) {
	plain := &listColumns{}
	if line.problem != "" {
		return plain, false, nil
	}
	for _, separator := range ",;\t" {
		names, problem := splitLine(line.text, separator)
		if problem != "" {
			continue
		}
		columns := make([]listColumn, len(names))
		for i, name := range names {
			columns[i] = columnOf(name)
		}
		if slices.Contains(columns, columnPhone) || slices.Contains(columns, columnEmail) || slices.Contains(columns, columnValue) {
			return &listColumns{separator: separator, columns: columns}, true, nil
		}
	}
	if _, err := ParseEntry(alone(line.text), region); err != nil && strings.ContainsAny(line.text, ",;\t") {
		return nil, false, outdial.Invalid("header", "names no column phone, email or value")
	}
	return plain, false, nil
}

// splitLine parts a line into its values. A value in quotes ends on its line.
func splitLine(text string, separator rune) (values []string, problem string) {
	if !strings.Contains(text, `"`) {
		return strings.Split(text, string(separator)), ""
	}
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma = separator
	values, err := reader.Read()
	if err != nil {
		return nil, "has quotes that do not belong together"
	}
	return values, ""
}

// areaAndNumber is a number as the national do-not-call registry writes it in its
// files: the area code, a comma, and seven digits.
var areaAndNumber = regexp.MustCompile(`^\s*([0-9]{3})\s*[,\t]\s*([0-9]{7})\s*$`)

// entries reads one line, and says what is wrong with it. A line whose problem is that
// one of its values cannot be used still has the others.
func (c *listColumns) entries(line listLine, req ImportRequest) (entries []Entry, problem string) {
	if line.problem != "" {
		return nil, line.problem
	}
	if c.columns == nil {
		entry, problem := parseValue(alone(line.text), req.Region)
		if problem != "" {
			return nil, problem
		}
		entry.CampaignID, entry.ExpiresAt = req.CampaignID, req.ExpiresAt
		return []Entry{entry}, ""
	}
	values, problem := splitLine(line.text, c.separator)
	switch {
	case problem != "":
		return nil, problem
	case len(values) != len(c.columns):
		return nil, "has not as many values as the header"
	}
	return c.read(values, req)
}

// alone is the value of a line that has no other, without the quotes that some programs
// write around it.
func alone(text string) string {
	text = strings.TrimSpace(text)
	if quoted := len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"'; quoted {
		text = text[1 : len(text)-1]
	}
	return areaAndNumber.ReplaceAllString(text, "$1$2")
}

// read makes an entry of every number and address among the values of a line. What else
// the line says, it says of all of them.
func (c *listColumns) read(values []string, req ImportRequest) (entries []Entry, problem string) {
	common := Entry{CampaignID: req.CampaignID, ExpiresAt: req.ExpiresAt}
	for i, value := range values {
		values[i] = strings.TrimSpace(value)
		if problem := common.say(c.columns[i], values[i], req.CampaignID); problem != "" {
			return nil, problem
		}
	}
	for i, value := range values {
		column := c.columns[i]
		if value == "" || column != columnPhone && column != columnEmail && column != columnValue {
			continue
		}
		entry, wrong := parseColumn(column, unescapeCell(value), req.Region)
		if wrong != "" {
			problem = cmp.Or(problem, wrong)
			continue
		}
		common.Kind, common.Value, common.Key = entry.Kind, entry.Value, entry.Key
		entries = append(entries, common)
	}
	if len(entries) == 0 && problem == "" {
		problem = "has no phone number and no e-mail address"
	}
	return entries, problem
}

// say takes over what a column says about the values of its line.
func (e *Entry) say(column listColumn, value string, campaignID uuid.UUID) (problem string) {
	if value == "" {
		return ""
	}
	switch column {
	case columnReason:
		e.Reason = unescapeCell(value)
	case columnCampaign:
		e.CampaignID, problem = readCampaign(value, campaignID)
	case columnExpiresAt:
		e.ExpiresAt, problem = readInstant(column, value)
	case columnReceivedAt:
		e.ReceivedAt, problem = readInstant(column, value)
	}
	return problem
}

func parseValue(raw, region string) (Entry, string) {
	entry, err := ParseEntry(raw, region)
	if err != nil {
		return Entry{}, outdial.Problem(err)
	}
	return entry, ""
}

// parseColumn reads a value that stands in a column of one kind, or of both.
func parseColumn(column listColumn, raw, region string) (Entry, string) {
	entry, problem := parseValue(raw, region)
	switch {
	case problem != "" && column == columnValue && outdial.Phone(raw).IsE164():
		// Add takes any number of that form, and what Export writes is read back.
		return NewPhone(outdial.Phone(raw)), ""
	case problem != "":
		return Entry{}, problem
	case column == columnPhone && entry.Kind != KindPhone:
		return Entry{}, "is not a phone number"
	case column == columnEmail && entry.Kind != KindEmail:
		return Entry{}, "is not an e-mail address"
	}
	return entry, ""
}

func readCampaign(value string, asked uuid.UUID) (uuid.UUID, string) {
	id, err := uuid.Parse(value)
	switch {
	case err != nil:
		return uuid.Nil, "campaign_id is not a UUID"
	case asked != uuid.Nil && id != asked:
		return uuid.Nil, "campaign_id is another campaign than that of the import"
	}
	return id, ""
}

func readInstant(column listColumn, value string) (time.Time, string) {
	if at, ok := outdial.ParseDate(value); ok {
		return at, ""
	}
	return time.Time{}, string(column) + " is not a time such as 2026-11-01T00:00:00Z"
}
