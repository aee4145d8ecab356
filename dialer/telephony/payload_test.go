package telephony_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
)

func TestAPayloadIsStoredAsJSONThatEveryDatabaseTakes(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ name, payload, stored string }{
		{"nothing", ``, `{}`},
		{"spaces", " \n", `{}`},
		{"an object", ` {"To":"+1","n":[1,2.50,-3,true,null]} `, `{"To":"+1","n":[1,2.50,-3,true,null]}`},
		{"no object", `"text"`, `"text"`},
		{"letters that HTML knows", `"<&>"`, `"<&>"`},
		{"NUL", `{"a\u0000":"\u0000b"}`, `{"a�":"�b"}`},
		{"a backslash before u0000", `"\\u0000"`, `"\\u0000"`},
		{"half a surrogate", `"\ud800"`, `"�"`},
		{"a number without bounds", `[1e999999,0e-9,1E3]`, `["1e999999","0e-9","1E3"]`},
		{"a long number", `[` + strings.Repeat("9", 40) + `,` + strings.Repeat("9", 41) + `]`, `[` + strings.Repeat("9", 40) + `,"` + strings.Repeat("9", 41) + `"]`},
		{"brackets in a text", `"` + strings.Repeat(`[{\"`, 100) + `"`, `"` + strings.Repeat(`[{\"`, 100) + `"`},
		{"just deep enough", strings.Repeat("[", 64) + strings.Repeat("]", 64), strings.Repeat("[", 64) + strings.Repeat("]", 64)},
		{"side by side", strings.Repeat("[", 60) + `[],[],[],[]` + strings.Repeat("]", 60), strings.Repeat("[", 60) + `[],[],[],[]` + strings.Repeat("]", 60)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.stored, storedPayload(t, test.payload))
		})
	}
}

func TestAnyPayloadIsRefusedOrStorable(t *testing.T) {
	t.Parallel()

	pieces := rapid.SampledFrom([]string{
		`{`, `}`, `[`, `]`, `,`, `:`, `"a"`, `"\u0000"`, `"\\u0000"`, `"\ud800"`, `"\ud83d\ude00"`, `0`, `-1.50`, `1e5`, `1e400`,
		`null`, `true`, ` `, `"`, `\`, "\x00", "\xff", "é",
	})
	rapid.Check(t, func(t *rapid.T) {
		payload := strings.Join(rapid.SliceOfN(pieces, 0, 12).Draw(t, "pieces"), "")
		handler, bundle := setup(t)
		event := ringing()
		event.Payload = json.RawMessage(payload)
		_, err := handler.Handle(t.Context(), event)
		wellFormed := utf8.ValidString(payload) && (json.Valid([]byte(payload)) || strings.TrimSpace(payload) == "")
		if err != nil {
			require.ErrorIs(t, err, outdial.ErrInvalid)
			require.False(t, wellFormed, "%q is refused: %v", payload, err)
			require.Empty(t, bundle.store.recorded)
			return
		}
		stored := string(bundle.store.recorded[0].Event.Payload)
		require.True(t, json.Valid([]byte(stored)))
		require.NotContains(t, strings.ReplaceAll(stored, `\\`, ""), `\u0000`)
		event.Payload = json.RawMessage(stored)
		_, err = handler.Handle(t.Context(), event)
		require.NoError(t, err)
		require.JSONEq(t, stored, string(bundle.store.recorded[1].Event.Payload), "storing it again changes nothing")
	})
}

func storedPayload(t *testing.T, payload string) string {
	t.Helper()
	handler, bundle := setup(t)
	event := ringing()
	event.Payload = json.RawMessage(payload)
	_, err := handler.Handle(t.Context(), event)
	require.NoError(t, err)
	return string(bundle.store.recorded[0].Event.Payload)
}
