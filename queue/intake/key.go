package intake

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// accountSpace is the namespace of account ids. Changing it would give every
// account a second id.
var accountSpace = uuid.MustParse("3f9c1d52-6f0e-5b7a-9a44-0c5d1e7b82f6")

// accountID returns the id under which contacts of one account are capped
// together. An account column that holds a UUID is taken at its word, since that
// is the host's own id; any other account, or else the company, gets an id made
// of its name, the same in every import. Case and punctuation do not matter.
// Neither of them is the nil UUID: no account.
func accountID(account, company string) uuid.UUID {
	const plainUUID = 36
	if len(account) == plainUUID {
		if id, err := uuid.Parse(account); err == nil {
			return id
		}
	}
	if name := words(account); name != "" {
		return uuid.NewSHA1(accountSpace, []byte("account:"+name))
	}
	if name := words(company); name != "" {
		return uuid.NewSHA1(accountSpace, []byte("company:"+name))
	}
	return uuid.Nil
}

// maxPlainID is how long an id may be to stand in a key as it is.
const maxPlainID = 128

// sourceKey returns what tells a contact apart from others: the id that the file
// gives it, or else its number with its name, as a digest, because a key shows up
// in places where a number must not.
func sourceKey(list, id string, c outdial.Contact) string {
	if id == "" {
		return "pn:" + digest(c.Phone.E164()+"\x00"+words(c.FirstName+" "+c.LastName))
	}
	if len(id) > maxPlainID {
		id = "#" + digest(id)
	}
	if list != "" {
		return "id@" + list + ":" + id
	}
	return "id:" + id
}

// digest returns half a SHA-256, which is far more than enough to keep the
// contacts of one database apart.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:len(sum)/2])
}

// words returns the words of a name in lower case with one space between them.
func words(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	}), " ")
}
