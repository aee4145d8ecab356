package members_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/dialer/telephony/internal/members"
)

func TestReadKeepsEveryMemberInItsOrder(t *testing.T) {
	t.Parallel()

	got, err := members.Read([]byte(" {\"b\":1 , \"a\":{\"x\":[1]},\"b\":null,\"A\":\"\\u0041\",\"\\u0061\":-1.5e3}\n"))
	require.NoError(t, err)
	require.Equal(t, []members.Member{
		{Name: "b", Value: json.RawMessage(`1`)},
		{Name: "a", Value: json.RawMessage(`{"x":[1]}`)},
		{Name: "b", Value: json.RawMessage(`null`)},
		{Name: "A", Value: json.RawMessage(`"\u0041"`)},
		{Name: "a", Value: json.RawMessage(`-1.5e3`)},
	}, got)

	got, err = members.Read([]byte(`{}`))
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestReadTakesOneObjectInUTF8(t *testing.T) {
	t.Parallel()

	for _, body := range []string{``, ` `, `null`, `1`, `"{}"`, `[]`, `{`, `{"a"}`, `{"a":1,}`, `{} {}`, `{a:1}`, `{"a":01}`} {
		_, err := members.Read([]byte(body))
		require.ErrorIs(t, err, telephony.ErrMalformed, body)
	}
	_, err := members.Read([]byte("{\"a\":\"\xff\"}"))
	require.ErrorIs(t, err, telephony.ErrNotUTF8)
}
