package intake_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/intake"
)

func TestColumnNames(t *testing.T) {
	t.Parallel()
	type want = func(c outdial.Contact) string
	fields := map[string]struct {
		value string
		got   want
		names []string
	}{
		"the first name": {"James", func(c outdial.Contact) string { return c.FirstName }, []string{
			"first_name", "First Name", "FIRSTNAME", "first", "given name", "Given-Name", "fname", "Contact First Name",
		}},
		"the last name": {"Butt", func(c outdial.Contact) string { return c.LastName }, []string{
			"last_name", "LastName", "surname", "Family Name", "lname",
		}},
		"the full name": {"Butt", func(c outdial.Contact) string { return c.FirstName }, []string{
			"name", "Full Name", "contact_name", "Customer Name",
		}},
		"the company": {"Acme", func(c outdial.Contact) string { return c.Company }, []string{
			"company", "company_name", "Company Name", "account", "Account Name", "organisation", "Organization", "Organization Name", "employer",
		}},
		"the e-mail": {"j@butt.com", func(c outdial.Contact) string { return c.Email.Address() }, []string{
			"email", "E-Mail", "e_mail", "Email Address", "E-mail 1 - Value", "mail", "email1",
		}},
		"the country": {"US", func(c outdial.Contact) string { return c.Country }, []string{
			"country", "Country Code", "country_name", "Country/Region", "Mailing Country",
		}},
		"the region": {"LA", func(c outdial.Contact) string { return c.Region }, []string{
			"state", "State/Province", "province", "region", "State/Region", "Mailing State", "state_code",
		}},
		"the postal code": {"70116", func(c outdial.Contact) string { return c.PostalCode }, []string{
			"zip", "ZIP Code", "zipcode", "postal_code", "Postcode", "Post Code", "Mailing Zip/Postal Code", "zip5",
		}},
		"the time zone": {"America/Chicago", func(c outdial.Contact) string { return c.Timezone }, []string{
			"timezone", "Time Zone", "time_zone", "tz", "IANA Timezone",
		}},
	}
	for what, tc := range fields {
		t.Run(what+" is found under its usual names", func(t *testing.T) {
			t.Parallel()
			for _, name := range tc.names {
				c := one(t, "phone,"+name, "5046218927,"+tc.value).Contact
				require.Equal(t, tc.value, tc.got(c), name)
				require.Empty(t, c.Attributes, name)
			}
		})
	}
	t.Run("a phone is found under its usual names", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{
			"phone", "Phone #", "phone1", "phone_2", "Phone 10", "PHONE NUMBER", "PhoneNumber", "phone no.", "telephone", "Tel.", "mobile",
			"Mobile Phone Number", "MobilePhone", "cell", "Cell Phone", "cellphone", "work phone", "Work Phone 2", "Business Phone",
			"home phone", "HomePhone", "Phone 1 - Value", "Primary Phone", "Contact Number", "Phone (Mobile)", "msisdn", "phone_e164", "alt_phone",
		} {
			require.Equal(t, "+15046218927", one(t, name+",x", "5046218927,").Contact.Phone.E164(), name)
		}
	})
	t.Run("what only sounds like a phone is none", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"Phone Type", "Phone 1 - Label", "Fax", "phone_code", "Assistant's Phone", "telephone extension"} {
			require.ErrorContains(t, refused(t, name+"\n5046218927\n"), "phone: no column holds phone numbers")
		}
	})
	t.Run("the external id is found under its usual names", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"id", "ID", "contact_id", "Lead ID", "external_id", "Record ID", "uuid", "customer id", "vendor_lead_code"} {
			require.Equal(t, "id:x17", one(t, "phone,"+name, "5046218927,x17").SourceKey, name)
		}
	})
	t.Run("the priority is found under its usual names", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"priority", "Prio", "call_priority"} {
			require.Equal(t, 7, one(t, "phone,"+name, "5046218927,7").Priority, name)
		}
	})
}

func TestColumnConflicts(t *testing.T) {
	t.Parallel()
	t.Run("a file in which one name stands twice is refused", func(t *testing.T) {
		t.Parallel()
		require.EqualError(t, refused(t, "phone,State,x, state\n5046218927,LA,,TX\n"),
			`header: columns 2 and 4 are both called "state"; rename or remove one`)
	})
	t.Run("of two names of one field the more exact wins and the other is kept", func(t *testing.T) {
		t.Parallel()
		for _, header := range []string{"phone,region,state,id,contact id", "phone,region,State/Province,uid,contact id"} {
			c := one(t, header, "5046218927,West,LA,1,0031k")
			require.Equal(t, "LA", c.Contact.Region)
			require.Equal(t, "id:0031k", c.SourceKey)
			require.Contains(t, string(c.Contact.Attributes), `"region":"West"`)
		}
		require.Equal(t, "LA", one(t, "phone,state,region", "5046218927,LA,West").Contact.Region, "in either order")
	})
	t.Run("two phone columns of one name are both read", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "+15046218927", one(t, "phone,phone", ",5046218927").Contact.Phone.E164())
	})
}

func TestNoPhoneColumn(t *testing.T) {
	t.Parallel()
	t.Run("a file without a phone column is refused with the columns it has", func(t *testing.T) {
		t.Parallel()
		require.EqualError(t, refused(t, "Name, Fax ,,\"Note\x1b[2J\"\nJames,5046218927,,\n"),
			`phone: no column holds phone numbers; the columns are "Name", "Fax", "Note[2J"`)
	})
	t.Run("the list of columns is short and each of them too", func(t *testing.T) {
		t.Parallel()
		header := strings.Repeat("ü", 100)
		for i := range 900 {
			header += fmt.Sprintf(",c%d", i)
		}
		err := refused(t, header+"\n")
		require.Less(t, len(err.Error()), 400)
		require.ErrorContains(t, err, `"`+strings.Repeat("ü", 30)+`…", "c0", "c1"`)
		require.ErrorContains(t, err, `"c18" and 881 more`)
	})
	t.Run("a first line that holds a contact is not shown", func(t *testing.T) {
		t.Parallel()
		for _, line := range []string{"James,504-621-8927", "James,jbutt@gmail.com", "+15046218927"} {
			require.EqualError(t, refused(t, line+"\nArt,8566368749\n"),
				"header: the first line holds a contact, not the names of the columns")
		}
	})
	t.Run("a title that may hold a number is not shown", func(t *testing.T) {
		t.Parallel()
		require.EqualError(t, refused(t, "call 5046218927 first,b\n"), `phone: no column holds phone numbers; the columns are "…", "b"`)
	})
	t.Run("a header without any name is refused", func(t *testing.T) {
		t.Parallel()
		require.EqualError(t, refused(t, ",,\n1,2,3\n"), "phone: no column holds phone numbers: the columns have no names")
	})
}

func TestHeaderLimits(t *testing.T) {
	t.Parallel()
	t.Run("a file of 10,000 columns is refused", func(t *testing.T) {
		t.Parallel()
		require.EqualError(t, refused(t, "phone"+strings.Repeat(",c", 9999)+"\n"), "header: has 10000 columns, at most 1000 are allowed")
	})
	t.Run("a file of 1,000 columns is not", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "+15046218927", one(t, "phone"+strings.Repeat(",c", 999), "5046218927"+strings.Repeat(",", 999)).Contact.Phone.E164())
	})
	t.Run("the limit can be set", func(t *testing.T) {
		t.Parallel()
		_, err := newBench(intake.Config{Limits: intake.Limits{Columns: 2}}).load("phone,a,b\n1,2,3\n")
		require.EqualError(t, err, "header: has 3 columns, at most 2 are allowed")
	})
	t.Run("a header that is not well quoted is refused", func(t *testing.T) {
		t.Parallel()
		require.EqualError(t, refused(t, "phone,na\"me\n1,2\n"), "header: has a quote inside a value that is not quoted")
		require.EqualError(t, refused(t, "phone,\"name\n1,2\n"), "header: has a quoted value that does not end where its closing quote is, or has none")
	})
}
