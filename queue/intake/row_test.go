package intake_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/intake"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ header, row, first, last, attributes string }{
		"first and last name are taken as they are":           {"first,last,phone", "James,Butt,5046218927", "James", "Butt", ""},
		"runs of white space become one space":                {"first,last,phone", `" James  John","Butt` + "\n" + `Jr",5046218927`, "James John", "Butt Jr", ""},
		"the last word of a full name is the last name":       {"name,phone", "James John Butt,5046218927", "James John", "Butt", ""},
		"a full name with a comma has the last name first":    {"full name,phone", `"Butt, James",5046218927`, "James", "Butt", ""},
		"a full name of one word is a first name":             {"full name,phone", "Cher,5046218927", "Cher", "", ""},
		"a full name is not needed beside first and last":     {"first,last,name,phone", "James,Butt,James Butt,5046218927", "James", "Butt", ""},
		"another full name beside first and last is not lost": {"first,last,name,phone", "James,Butt,Jimmy B,5046218927", "James", "Butt", `{"name":"Jimmy B"}`},
		"a full name fills in where the others are empty":     {"first,last,name,phone", ",,James Butt,5046218927", "James", "Butt", ""},
		"Null is a name":          {"first,last,phone", "Jennifer,Null,5046218927", "Jennifer", "Null", ""},
		"a contact needs no name": {"phone", "5046218927", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := one(t, tc.header, tc.row).Contact
			require.Equal(t, tc.first, c.FirstName)
			require.Equal(t, tc.last, c.LastName)
			require.Equal(t, tc.attributes, string(c.Attributes))
		})
	}
}

func TestPhones(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ header, row, phone, country string }{
		"a number is one of the default region":                 {"phone", "(504) 621-8927", "+15046218927", "US"},
		"the first phone column that holds a number is used":    {"phone,mobile,cell", "n/a,12,504-621-8927", "+15046218927", "US"},
		"phone columns are tried in the order of the file":      {"mobile,phone", "504-845-1427,504-621-8927", "+15048451427", "US"},
		"a number is one of the row's country":                  {"phone,country", "020 7946 0958,GB", "+442079460958", "GB"},
		"a country may be a three-letter code":                  {"phone,country", "020 7946 0958,gbr", "+442079460958", "GB"},
		"a country may be a name":                               {"phone,country", "020 7946 0958,United Kingdom", "+442079460958", "GB"},
		"USA is a country":                                      {"phone,country", "504-621-8927,U.S.A.", "+15046218927", "US"},
		"a number with a country code needs no country":         {"phone", "+44 20 7946 0958", "+442079460958", ""},
		"an international number keeps the row's country":       {"phone,country", "+44 20 7946 0958,US", "+442079460958", "US"},
		"a number that a program made a fraction of is mended":  {"phone", "5046218927.0", "+15046218927", "US"},
		"a number that Excel was kept from reading is found":    {"phone", `"=""5046218927"""`, "+15046218927", "US"},
		"a placeholder is no country":                           {"phone,country", "5046218927,NULL", "+15046218927", "US"},
		"an unknown country leaves the default region in force": {"phone,country", "5046218927,Freedonia", "+15046218927", "US"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := one(t, tc.header, tc.row).Contact
			require.Equal(t, tc.phone, c.Phone.E164())
			require.Equal(t, tc.country, c.Country)
			require.Equal(t, outdial.PhoneValid, c.PhoneStatus)
		})
	}
	t.Run("a request's default region wins over the config's", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{DefaultRegion: "US"})
		_, err := b.svc.Import(t.Context(), manager(), intake.ImportRequest{
			CampaignName: "Spring", DefaultRegion: "uk", Source: strings.NewReader("phone\n020 7946 0958\n"),
		})
		require.NoError(t, err)
		require.Equal(t, []string{"+442079460958"}, phones(b.store))
		require.Equal(t, "GB", b.store.list()[0].Contact.Country)
	})
	t.Run("an unknown country is kept as an attribute", func(t *testing.T) {
		t.Parallel()
		require.JSONEq(t, `{"Country":"Freedonia"}`, string(one(t, "phone,Country", "5046218927,Freedonia").Contact.Attributes))
	})
	t.Run("the phones that are not used are not kept", func(t *testing.T) {
		t.Parallel()
		require.Empty(t, one(t, "phone1,phone2", "504-621-8927,504-845-1427").Contact.Attributes)
	})
	for name, tc := range map[string]struct{ header, row, want string }{
		"a row without a phone is rejected":              {"name,Phone #", "James,", "line 2: Phone #: is empty"},
		"a row whose phone is a placeholder is rejected": {"name,phone", "James,NULL", "line 2: phone: is empty"},
		"a row with a wrong phone is rejected":           {"phone", "12", "line 2: phone: is not a number of its country's numbering plan"},
		"a row with letters for a phone is rejected":     {"phone", "call me", "line 2: phone: contains letters"},
		"a row without any usable phone is rejected":     {"phone,mobile", ",12", "line 2: mobile: is not a number of its country's numbering plan, and no other phone column holds a number"},
		"of several wrong phones the first is named":     {"phone,mobile", "call me,12", "line 2: phone: contains letters, and no other phone column holds a number"},
		"a row with empty phones is rejected":            {"name,phone,mobile", "James,,", "line 2: phone: is empty, and no other phone column holds a number"},
		"a number that a spreadsheet rounded is named":   {"phone", "5.04622E+09", "line 2: phone: was turned into a rounded number by a spreadsheet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, rejects(t, tc.header, tc.row).String())
		})
	}
}

func TestEmails(t *testing.T) {
	t.Parallel()
	t.Run("a wrong e-mail rejects the row although its phone is good", func(t *testing.T) {
		t.Parallel()
		r := rejects(t, "phone,E-Mail", "5046218927,jbutt(at)gmail.com")
		require.Equal(t, intake.Rejection{Line: 2, Column: "E-Mail", Problem: "is not an e-mail address"}, r)
	})
	t.Run("a row needs no e-mail", func(t *testing.T) {
		t.Parallel()
		require.Empty(t, one(t, "phone,email", "5046218927,").Contact.Email)
	})
	t.Run("a placeholder is no e-mail", func(t *testing.T) {
		t.Parallel()
		require.Empty(t, one(t, "phone,email", "5046218927,N/A").Contact.Email)
	})
	t.Run("the first e-mail column that holds an address is used", func(t *testing.T) {
		t.Parallel()
		c := one(t, "phone,email 1,email 2,email 3", "5046218927,x,jbutt@gmail.com,j@butt.com").Contact
		require.Equal(t, "jbutt@gmail.com", c.Email.Address())
	})
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	account := func(t *testing.T, header, value string) uuid.UUID {
		t.Helper()
		return one(t, "phone,"+header, "5046218927,"+value).Contact.AccountID
	}
	t.Run("the account comes from the company, in every spelling", func(t *testing.T) {
		t.Parallel()
		id := account(t, "company", `"Chanay, Jeffrey A Esq."`)
		require.Equal(t, uuid.Version(5), id.Version())
		require.Equal(t, id, account(t, "Account Name", "CHANAY  JEFFREY A ESQ"))
		require.NotEqual(t, id, account(t, "company", "Chanay Jeffrey B Esq"))
	})
	t.Run("the id of a company never changes", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "4c330ddc-ce25-5381-a969-231b3b0989ba", account(t, "company", "Acme").String())
	})
	t.Run("without a company there is no account", func(t *testing.T) {
		t.Parallel()
		for _, nobody := range []string{"", "-", "n/a", "NULL", "***"} {
			require.Equal(t, uuid.Nil, account(t, "company", nobody))
		}
	})
	t.Run("an account column wins over the company and is kept", func(t *testing.T) {
		t.Parallel()
		c := one(t, "phone,company,account_id", "5046218927,Acme,A-17").Contact
		require.Equal(t, account(t, "account_id", "a 17"), c.AccountID)
		require.Equal(t, "Acme", c.Company)
		require.JSONEq(t, `{"account_id":"A-17"}`, string(c.Attributes))
	})
	t.Run("an account is not the company of that name", func(t *testing.T) {
		t.Parallel()
		require.NotEqual(t, account(t, "company", "17"), account(t, "account_id", "17"))
	})
	t.Run("an account that is a UUID is taken at its word", func(t *testing.T) {
		t.Parallel()
		c := one(t, "phone,account_id", "5046218927,0198F2A4-7b5e-7c11-8d52-3f6a9b0c1d2e").Contact
		require.Equal(t, "0198f2a4-7b5e-7c11-8d52-3f6a9b0c1d2e", c.AccountID.String())
		require.Empty(t, c.Attributes)
	})
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ header, row, postal string }{
		"a ZIP code that lost its zero has it again":     {"phone,zip,state", "5046218927,8014,NJ", "08014"},
		"a ZIP code that lost two zeros has them again":  {"phone,zip,state", "5046218927,601,PR", "00601"},
		"a ZIP code that became a fraction is mended":    {"phone,zip", "5046218927,8014.0", "08014"},
		"a whole ZIP code stays":                         {"phone,zip", "5046218927,70116", "70116"},
		"a ZIP+4 code stays":                             {"phone,zip", "5046218927,08014-1234", "08014-1234"},
		"two digits are too few to be a ZIP code":        {"phone,zip", "5046218927,14", "14"},
		"the postal code of another country stays":       {"phone,zip,country", "0664 1234567,1010,AT", "1010"},
		"a postal code without a known country stays":    {"phone,zip", "+436641234567,1010", "1010"},
		"a postal code with letters stays":               {"phone,postcode,country", "020 7946 0958,W1A,GB", "W1A"},
		"a ZIP code that Excel was kept from reading is": {"phone,zip", `5046218927,"=""08014"""`, "08014"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.postal, one(t, tc.header, tc.row).Contact.PostalCode)
		})
	}
	t.Run("the code of a region is in upper case and its name as given", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "LA", one(t, "phone,state", "5046218927, la").Contact.Region)
		require.Equal(t, "Louisiana", one(t, "phone,state", "5046218927,Louisiana").Contact.Region)
	})
	t.Run("a time zone is an IANA name", func(t *testing.T) {
		t.Parallel()
		c := one(t, "phone,Time Zone", "5046218927,America/Chicago").Contact
		require.Equal(t, "America/Chicago", c.Timezone)
		require.Empty(t, c.Attributes)
	})
	t.Run("any other time zone is nobody's knowledge and kept as an attribute", func(t *testing.T) {
		t.Parallel()
		for _, zone := range []string{"EST", "Local", "Central", "America/Nowhere", "../etc/passwd", strings.Repeat("a/", 40)} {
			c := one(t, "phone,Time Zone", "5046218927,"+zone).Contact
			require.Empty(t, c.Timezone)
			require.JSONEq(t, `{"Time Zone":"`+zone+`"}`, string(c.Attributes))
		}
	})
}

func TestPriorities(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 0, "7": 7, "-3": -3, "5.0": 5, "n/a": 0, "2147483647": 2147483647} {
		t.Run("the priority of "+text+" is a whole number", func(t *testing.T) {
			t.Parallel()
			require.Equal(t, want, one(t, "phone,priority", "5046218927,"+text).Priority)
		})
	}
	for _, text := range []string{"high", "1.5", "2147483648"} {
		t.Run("a priority of "+text+" rejects the row", func(t *testing.T) {
			t.Parallel()
			require.Equal(t, "line 2: priority: is not a whole number of at most 32 bits",
				rejects(t, "phone,priority", "5046218927,"+text).String())
		})
	}
}

func TestOptOuts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": false, "0": false, "No": false, "FALSE": false, "null": false, "1": true, "YES": true, "true": true, "x": true,
	} {
		t.Run("do not call: "+text+" is understood", func(t *testing.T) {
			t.Parallel()
			require.Equal(t, want, one(t, "phone,Do Not Call", "5046218927,"+text).Contact.OptedOut)
		})
	}
	t.Run("a do-not-call mark that is neither yes nor no rejects the row", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "line 2: dnc: is neither yes nor no", rejects(t, "phone,dnc", "5046218927,2024-05-01").String())
	})
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	t.Run("unknown columns are kept under their names as given, empty values left out", func(t *testing.T) {
		t.Parallel()
		c := one(t, `phone,"Favourite ""Colour"" ",Größe,Age,Note`, `5046218927, deep <blue> ,"a ""b""",42, `).Contact
		require.JSONEq(t, `{"Favourite \"Colour\"":"deep <blue>","Größe":"a \"b\"","Age":"42"}`, string(c.Attributes))
	})
	t.Run("without unknown columns there is no object", func(t *testing.T) {
		t.Parallel()
		require.Nil(t, one(t, "phone", "5046218927").Contact.Attributes)
	})
	t.Run("a column without a name is kept under its number", func(t *testing.T) {
		t.Parallel()
		require.JSONEq(t, `{"column 2":"x"}`, string(one(t, "phone,,", "5046218927,x,").Contact.Attributes))
	})
	t.Run("two unknown columns of one name are told apart", func(t *testing.T) {
		t.Parallel()
		c := one(t, "Note,phone,Note,Note (2),note", "a,5046218927,b,c,d").Contact
		require.JSONEq(t, `{"Note":"a","Note (2)":"b","Note (2) (2)":"c","note":"d"}`, string(c.Attributes))
	})
	t.Run("a long column name is cut between characters", func(t *testing.T) {
		t.Parallel()
		c := one(t, "phone,"+strings.Repeat("ü", 200), "5046218927,x").Contact
		require.JSONEq(t, `{"`+strings.Repeat("ü", 127)+`":"x"}`, string(c.Attributes))
	})
	t.Run("too many attributes reject the row", func(t *testing.T) {
		t.Parallel()
		long := strings.Repeat("x", 40<<10)
		require.Equal(t, "line 2: row: has attributes of more than 65536 bytes", rejects(t, "phone,a,b", "5046218927,"+long+","+long).String())
	})
	for _, column := range []string{"first name", "last name", "full name", "company", "account id", "state", "zip", "id"} {
		t.Run("a "+column+" of more than 255 bytes rejects the row", func(t *testing.T) {
			t.Parallel()
			r := rejects(t, "phone,"+column, "5046218927,"+strings.Repeat("x", 256))
			require.Equal(t, "line 2: "+column+": is longer than 255 bytes", r.String())
		})
	}
}

func TestSourceKeys(t *testing.T) {
	t.Parallel()
	key := func(t *testing.T, header, row string) string {
		t.Helper()
		return one(t, header, row).SourceKey
	}
	t.Run("an id column is the key", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "id:0031k00000Ab", key(t, "phone,Contact ID", "5046218927,0031k00000Ab"))
	})
	t.Run("the same id in two named lists is two people", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		for _, list := range []string{"", "crm", "fair-2026"} {
			res, err := b.svc.Import(t.Context(), manager(), intake.ImportRequest{
				CampaignName: "Spring", List: list, Source: strings.NewReader("phone,id\n5046218927,17\n"),
			})
			require.NoError(t, err)
			require.Equal(t, 1, res.Imported)
		}
		require.Equal(t, []string{"id:17", "id@crm:17", "id@fair-2026:17"}, b.store.order)
	})
	t.Run("a row without an id is known by its phone and its name", func(t *testing.T) {
		t.Parallel()
		james := key(t, "id,phone,name", "NULL,504-621-8927,James Butt")
		require.Equal(t, james, key(t, "mobile,first,last", "+1 504 621 8927,JAMES,butt"))
		require.NotEqual(t, james, key(t, "phone,name", "504-621-8927,Josephine Butt"))
		require.NotEqual(t, james, key(t, "phone,name", "504-845-1427,James Butt"))
	})
	t.Run("keys are bounded", func(t *testing.T) {
		t.Parallel()
		long := strings.Repeat("x", 200)
		require.Less(t, len(key(t, "phone,id", "5046218927,"+long)), 40)
		require.NotEqual(t, key(t, "phone,id", "5046218927,"+long), key(t, "phone,id", "5046218927,"+long+"y"))
	})
	t.Run("a key made of phone and name never changes", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "pn:f4040ebc0042a5d48e980f46bcd873c6", key(t, "phone,name", "504-621-8927,James Butt"))
	})
}
