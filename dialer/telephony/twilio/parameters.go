package twilio

import (
	"encoding/json"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/internal/members"
)

// parameters are what a report says, by name, and the report as JSON. A name may have
// several values; asking for one that does is an error.
type parameters struct {
	values  url.Values
	payload json.RawMessage
}

// parametersOfForm reads a form. Its payload is an object with a text for each
// parameter, or a list of texts where one is repeated.
func parametersOfForm(form url.Values) (parameters, error) {
	object := make(map[string]any, len(form))
	for name, values := range form {
		if !utf8.ValidString(name) || !utf8.ValidString(strings.Join(values, "")) {
			return parameters{}, telephony.NotUTF8("body")
		}
		object[name] = values
		if len(values) == 1 {
			object[name] = values[0]
		}
	}
	payload, err := json.Marshal(object)
	if err != nil {
		return parameters{}, telephony.Malformed("body", "is not a form")
	}
	return parameters{values: form, payload: payload}, nil
}

// parametersOfJSON reads an object. Texts count as what they say, anything else as it
// is written; null is as if it were not there.
func parametersOfJSON(body []byte) (parameters, error) {
	found, err := members.Read(body)
	if err != nil {
		return parameters{}, err
	}
	values := url.Values{}
	for _, member := range found {
		text := string(member.Value)
		if text == "null" {
			continue
		}
		if strings.HasPrefix(text, `"`) {
			if err := json.Unmarshal(member.Value, &text); err != nil {
				return parameters{}, telephony.Malformed("body", "must be a JSON object")
			}
		}
		values.Add(member.Name, text)
	}
	return parameters{values: values, payload: body}, nil
}

// text returns the value of a parameter, or nothing when it is not there.
func text(values url.Values, name string) (string, error) {
	switch found := values[name]; {
	case len(found) == 0:
		return "", nil
	case len(found) > 1:
		return "", telephony.Repeated(name)
	case !utf8.ValidString(found[0]):
		return "", telephony.NotUTF8(name)
	default:
		return found[0], nil
	}
}
