package filter

import (
	"sync"

	"github.com/outdial/outdial"
)

// ownFields returns the fields that every contact has.
var ownFields = sync.OnceValue(func() *Fields {
	fields := &Fields{byKey: map[string]Field{}}
	for _, field := range ownTable {
		fields.add(field)
	}
	return fields
})

// ownTable is the one table of a contact's own fields.
var ownTable = []Field{
	Column("first_name", TypeText).WithIndex(IndexTrigram),
	Column("last_name", TypeText),
	Column("company", TypeText),
	Column("country", TypeText).WithList(),
	Column("region", TypeText).WithList(),
	Column("postal_code", TypeText),
	Column("timezone", TypeText).WithList(),
	{
		Name: "phone", Type: TypeText, Index: IndexOrdered,
		low: source{column: "phone_key"}, key: phoneKey,
	},
	Column("phone_status", TypeEnum).
		OneOf(string(outdial.PhoneUnknown), string(outdial.PhoneValid), string(outdial.PhoneInvalid)),
	{
		Name: "email", Type: TypeText, Index: IndexOrdered,
		low: source{column: "email_key"}, key: emailKey,
	},
	Column("contact_id", TypeUUID).From("id").WithIndex(IndexOrdered),
	Column("account_id", TypeUUID).WithIndex(IndexOrdered),
	Column("is_valid", TypeBool),
	Column("is_opted_out", TypeBool),
	Column("created_at", TypeTime).WithIndex(IndexOrdered),
}

// of returns the key of what a caller gave.
func (k keyForm) of(text string) (key, problem string) {
	switch k {
	case phoneKey:
		phone := outdial.Phone(text)
		if !phone.IsE164() {
			return "", "must be in E.164 form, such as +15046218927"
		}
		return phone.E164(), ""
	case emailKey:
		return outdial.Email(text).Key(), ""
	default:
		return text, ""
	}
}
