package suppression

import (
	"encoding/csv"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
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

// columnNames are the names under which a header may have them, in lower case with
// underscores. Columns of other names are passed over.
var columnNames = []struct {
	column listColumn
	names  []string
}{
	{columnPhone, []string{"phone", "phone_number", "phonenumber", "number", "telephone", "telephone_number", "tel", "mobile", "mobile_phone", "cell"}},
	{columnEmail, []string{"email", "e_mail", "email_address", "e_mail_address", "mail"}},
	{columnValue, []string{"value"}},
	{columnReason, []string{"reason"}},
	{columnCampaign, []string{"campaign_id"}},
	{columnExpiresAt, []string{"expires_at", "expires", "expiry"}},
	{columnReceivedAt, []string{"received_at"}},
}

func columnOf(header string) listColumn {
	name := strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(header)))
	for _, known := range columnNames {
		if slices.Contains(known.names, name) {
			return known.column
		}
	}
	return ""
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
	if _, err := ParseEntry(areaAndNumber.ReplaceAllString(line.text, "$1$2"), region); err != nil && strings.ContainsAny(line.text, ",;\t") {
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

// entry reads one line, or says what is wrong with it.
func (c *listColumns) entry(line listLine, req ImportRequest) (Entry, string) {
	if line.problem != "" {
		return Entry{}, line.problem
	}
	if c.columns == nil {
		entry, problem := parseValue(areaAndNumber.ReplaceAllString(line.text, "$1$2"), req.Region)
		entry.CampaignID, entry.ExpiresAt = req.CampaignID, req.ExpiresAt
		return entry, problem
	}
	values, problem := splitLine(line.text, c.separator)
	switch {
	case problem != "":
		return Entry{}, problem
	case len(values) != len(c.columns):
		return Entry{}, "has not as many values as the header"
	}
	return c.columnsOf(values, req)
}

func (c *listColumns) columnsOf(values []string, req ImportRequest) (Entry, string) {
	var entry Entry
	campaignID, expiresAt := req.CampaignID, req.ExpiresAt
	var receivedAt time.Time
	var reason, problem string
	found := 0
	for i, value := range values {
		value = strings.TrimSpace(value)
		if value == "" {
			continue
		}
		switch c.columns[i] {
		case columnPhone, columnEmail, columnValue:
			found++
			entry, problem = parseColumn(c.columns[i], unescapeCell(value), req.Region)
		case columnReason:
			reason = unescapeCell(value)
		case columnCampaign:
			campaignID, problem = readCampaign(value, req.CampaignID)
		case columnExpiresAt:
			expiresAt, problem = readInstant(columnExpiresAt, value)
		case columnReceivedAt:
			receivedAt, problem = readInstant(columnReceivedAt, value)
		}
		if problem != "" {
			return Entry{}, problem
		}
	}
	switch found {
	case 0:
		return Entry{}, "has no phone number and no e-mail address"
	case 1:
	default:
		return Entry{}, "has several values, and an entry is about one"
	}
	entry.CampaignID, entry.ExpiresAt, entry.ReceivedAt, entry.Reason = campaignID, expiresAt, receivedAt, reason
	return entry, ""
}

func parseValue(raw, region string) (Entry, string) {
	entry, err := ParseEntry(raw, region)
	if err != nil {
		return Entry{}, problemOf(err)
	}
	return entry, ""
}

// parseColumn reads a value that stands in a column of one kind, or of both.
func parseColumn(column listColumn, raw, region string) (Entry, string) {
	entry, problem := parseValue(raw, region)
	switch {
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
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, value); err == nil {
			return at, ""
		}
	}
	return time.Time{}, string(column) + " is not a time such as 2026-11-01T00:00:00Z"
}
