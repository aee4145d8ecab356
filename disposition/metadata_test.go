package disposition_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/disposition"
)

// metadata is an object of exactly so many bytes.
func metadata(bytes int) string {
	const frame = `{"note":""}`
	return `{"note":"` + strings.Repeat("n", bytes-len(frame)) + `"}`
}

// nested is an object so many levels deep.
func nested(levels int) string {
	return strings.Repeat(`{"a":`, levels-1) + `{}` + strings.Repeat(`}`, levels-1)
}

func TestMetadata(t *testing.T) {
	t.Parallel()

	const noObject = "is not a JSON object"
	tooDeep := "is nested deeper than 64"
	for name, test := range map[string]struct {
		metadata, problem string
	}{
		"none":                                {"", ""},
		"an empty object":                     {`{}`, ""},
		"an object with space around":         {" \r\n\t{\"a\": 1} \n", ""},
		"everything that JSON has":            {`{"a":[1,-2.5e-3,true,false,null,"x",{"b":{}}],"é":"😀"}`, ""},
		"an escape":                           {`{"a":"line\nline \u00e9 \ud83d\ude00"}`, ""},
		"a member twice":                      {`{"a":1,"a":2}`, ""},
		"a number larger than any":            {`{"a":1e999999,"b":123456789012345678901234567890}`, ""},
		"as much as there may be":             {metadata(disposition.MaxMetadata), ""},
		"as deep as it may be":                {nested(64), ""},
		"as deep as it may be, in arrays":     {`{"a":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`, ""},
		"wide and not deep":                   {`{"a":[` + strings.TrimSuffix(strings.Repeat("{},", 1000), ",") + `]}`, ""},
		"one byte too much":                   {metadata(disposition.MaxMetadata + 1), "is larger than 16384 bytes"},
		"a megabyte of nothing":               {strings.Repeat(" ", 1<<20), "is larger than 16384 bytes"},
		"one level too deep":                  {nested(65), tooDeep},
		"one level too deep, in arrays":       {`{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, tooDeep},
		"as deep as the size allows":          {nested(2700), tooDeep},
		"an array":                            {`[{}]`, noObject},
		"a text":                              {`"note"`, noObject},
		"a number":                            {`1`, noObject},
		"null":                                {`null`, noObject},
		"space":                               {"  ", noObject},
		"no JSON":                             {`{note}`, noObject},
		"half of it":                          {`{"note":`, noObject},
		"two objects":                         {`{}{}`, noObject},
		"an object and a comma":               {`{},`, noObject},
		"a comma too many":                    {`{"a":1,}`, noObject},
		"a byte order mark":                   {"\ufeff{}", noObject},
		"bytes that are no text":              {"{\"a\":\"\xff\"}", noObject},
		"bytes that are no text, in a name":   {"{\"\xc3\":1}", noObject},
		"half of a character":                 {"{\"a\":\"\xed\xa0\x80\"}", noObject},
		"a NUL":                               {"{\"a\":\"\x00\"}", noObject},
		"a NUL behind":                        {"{}\x00", noObject},
		"a NUL in writing":                    {`{"a":"x\u0000"}`, "contains a NUL character"},
		"a NUL in a name":                     {`{"x\u0000":1}`, "contains a NUL character"},
		"a NUL somewhere below":               {`{"a":[[{"b":["\u0000"]}]]}`, "contains a NUL character"},
		"the writing of a NUL, in so many":    {`{"a":"\\u0000"}`, ""},
		"a control character in writing":      {`{"a":"\u0001\u001f"}`, ""},
		"a name that is half of a pair alone": {`{"a":"\ud83d"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			service, bundle := setup(t)
			req := request(disposition.CodeBusy, func(r *disposition.Request) { r.Metadata = json.RawMessage(test.metadata) })
			_, err := service.Record(t.Context(), agent(), req)
			if test.problem != "" {
				requireFieldError(t, err, "metadata", test.problem)
				require.Empty(t, bundle.store.calls)
				return
			}
			require.NoError(t, err)
			got := lastCall[disposition.RecordParams](t, bundle.store).Metadata
			require.Equal(t, test.metadata, string(got), "it is kept as it came")
		})
	}
	t.Run("errors do not repeat it", func(t *testing.T) {
		t.Parallel()

		service, bundle := setup(t)
		_, err := service.Record(t.Context(), agent(), request(disposition.CodeBusy, func(r *disposition.Request) {
			r.Metadata = json.RawMessage(`{"phone":"+18102929388"`)
		}))
		require.Error(t, err)
		require.NotContains(t, fmt.Sprint(err, bundle.log), "810292")
	})
}
