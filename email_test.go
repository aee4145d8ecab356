package outdial_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
)

func TestParseEmail(t *testing.T) {
	t.Parallel()

	const (
		empty   = "is empty"
		tooLong = "is too long"
		notOne  = "is not an e-mail address"
	)
	// An address of exactly the longest length, and one of a byte more.
	longest := strings.Repeat("a", 64) + "@" + strings.Repeat("b", 63) + "." +
		strings.Repeat("c", 63) + "." + strings.Repeat("d", 57) + ".org"
	require.Len(t, longest, 254)

	tests := []struct {
		name    string
		raw     string
		want    outdial.Email
		problem string
	}{
		{name: "a plain address", raw: "jbutt@gmail.com", want: "jbutt@gmail.com"},
		{name: "blanks around it go", raw: " jbutt@gmail.com\r\n", want: "jbutt@gmail.com"},
		{name: "upper case stays as given", raw: "JButt@Gmail.COM", want: "JButt@Gmail.COM"},
		{name: "a plus-address stays as given", raw: "jbutt+news@gmail.com", want: "jbutt+news@gmail.com"},
		{name: "dots and hyphens", raw: "j.b-u_tt@mail.example-1.co.uk", want: "j.b-u_tt@mail.example-1.co.uk"},
		{name: "other scripts", raw: "пример@пример.испытание", want: "пример@пример.испытание"},
		{name: "a domain without a dot", raw: "root@localhost", want: "root@localhost"},
		{name: "the longest address there is", raw: longest, want: outdial.Email(longest)},

		{name: "nothing", raw: "", problem: empty},
		{name: "blanks only", raw: " \t\r\n", problem: empty},
		{name: "a byte longer than the longest", raw: "a" + longest, problem: tooLong},
		{name: "a million characters", raw: strings.Repeat("a", 1_000_000) + "@x.org", problem: tooLong},
		{name: "no at sign", raw: "jbutt.gmail.com", problem: notOne},
		{name: "no local part", raw: "@gmail.com", problem: notOne},
		{name: "no domain", raw: "jbutt@", problem: notOne},
		{name: "two at signs", raw: "j@butt@gmail.com", problem: notOne},
		{name: "two dots together", raw: "j..butt@gmail.com", problem: notOne},
		{name: "a display name", raw: "James Butt <jbutt@gmail.com>", problem: notOne},
		{name: "angle brackets", raw: "<jbutt@gmail.com>", problem: notOne},
		{name: "a comment", raw: "jbutt@gmail.com (James)", problem: notOne},
		{name: "two addresses", raw: "jbutt@gmail.com, art@venere.org", problem: notOne},
		{name: "a group", raw: "team: jbutt@gmail.com;", problem: notOne},
		{name: "a blank inside", raw: "j butt@gmail.com", problem: notOne},
		{name: "a second header line", raw: "jbutt@gmail.com\r\nBcc: art@venere.org", problem: notOne},
		{name: "a NUL", raw: "jbutt\x00@gmail.com", problem: notOne},
		{name: "bytes that are no text", raw: "jb\xff@gmail.com", problem: notOne},
		{name: "a phone number", raw: "504-621-8927", problem: notOne},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			email, err := outdial.ParseEmail(test.raw)
			if test.problem != "" {
				requireFieldError(t, err, "email", test.problem)
				require.Empty(t, email.Address())
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want.Address(), email.Address())
		})
	}

	t.Run("an error repeats nothing of the input", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			_, err := outdial.ParseEmail(writtenEmail().Draw(t, "raw"))
			if err == nil {
				t.Skip("an address")
			}
			require.Contains(t, []string{empty, tooLong, notOne}, strings.TrimPrefix(err.Error(), "email: "))
		})
	})
}

func FuzzParseEmail(f *testing.F) {
	for _, raw := range []string{
		"", "jbutt@gmail.com", " JButt@Gmail.COM ", "jbutt+news@gmail.com", "James Butt <jbutt@gmail.com>",
		"\"j b\"@gmail.com", "j@[127.0.0.1]", "=?utf-8?q?j=40b?=@x.org", "a@b (c)", "a@b\r\nBcc: c@d", "\x00@\x00",
		"\xff@\xff", "İ@K.org", strings.Repeat("a", 300) + "@b",
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		email, err := outdial.ParseEmail(raw)
		if err != nil {
			require.ErrorIs(t, err, outdial.ErrInvalid)
			require.Empty(t, email.Address())
			return
		}
		require.True(t, utf8.ValidString(email.Address()))
		require.NotContains(t, email.Address(), "\x00")
		require.NotContains(t, email.Address(), "\n")
		require.Equal(t, 1, strings.Count(email.Address(), "@"))
		again, err := outdial.ParseEmail(email.Address())
		require.NoError(t, err)
		require.Equal(t, email.Address(), again.Address())
		require.Equal(t, email.Key(), outdial.Email(email.Key()).Key())
	})
}

func TestEmailKey(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name  string
		email outdial.Email
		want  string
	}{
		{"lower case and upper case are one address", "JButt@Gmail.COM", "jbutt@gmail.com"},
		{"blanks around it do not count", "\tjbutt@gmail.com \n", "jbutt@gmail.com"},
		{"a plus-address is an address of its own", "jbutt+news@gmail.com", "jbutt+news@gmail.com"},
		{"other scripts have cases too", "ПРИМЕР@Пример.org", "пример@пример.org"},
		{"no address has no key", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, test.email.Key())
		})
	}

	t.Run("a key is its own key", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			key := outdial.Email(rapid.String().Draw(t, "email")).Key()
			require.Equal(t, key, outdial.Email(key).Key())
		})
	})
}

func TestEmailMasked(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name  string
		email outdial.Email
		want  string
	}{
		{"no address has nothing to hide", "", ""},
		{"the domain shows", "jbutt@gmail.com", "••••@gmail.com"},
		{"one letter is hidden as well", "j@x.org", "••••@x.org"},
		{"what comes before the last at sign is hidden", "j@butt@gmail.com", "••••@gmail.com"},
		{"what is no address is hidden whole", "504-621-8927", "••••"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, test.email.Masked())
		})
	}
}

func TestEmailIsRedactedWhereverItIsPrinted(t *testing.T) {
	t.Parallel()

	const email = outdial.Email("jbutt@gmail.com")
	requireRedacted := func(t *testing.T, printed string) {
		t.Helper()
		require.NotContains(t, printed, "butt")
		require.NotContains(t, strings.ToLower(printed), fmt.Sprintf("%x", "butt"))
	}

	for _, verb := range textVerbs() {
		t.Run("fmt "+verb, func(t *testing.T) {
			t.Parallel()

			requireRedacted(t, fmt.Sprintf(verb, email))
			requireRedacted(t, fmt.Sprintf(verb, []outdial.Email{email}))
			requireRedacted(t, fmt.Sprintf(verb, struct{ Email outdial.Email }{email}))
		})
	}
	for _, verb := range wrongVerbs() {
		t.Run("fmt with the wrong verb "+verb, func(t *testing.T) {
			t.Parallel()

			requireRedacted(t, fmt.Sprintf(verb, email))
		})
	}
	t.Run("fmt.Sprint and %#v", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, "••••@gmail.com", fmt.Sprint(email))
		require.Equal(t, "outdial.Email(••••@gmail.com)", fmt.Sprintf("%#v", email))
	})
	t.Run("slog, as text and as JSON", func(t *testing.T) {
		t.Parallel()

		for name, line := range logged("email", email) {
			requireRedacted(t, line)
			require.Contains(t, line, "••••@gmail.com", name)
		}
	})
	t.Run("Address gives it in full", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, "jbutt@gmail.com", email.Address())
	})
}

// writtenEmail draws what people and files hold where an address should be.
func writtenEmail() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[A-Za-z0-9._+-]{1,20}@[a-z0-9.-]{1,20}`),
		rapid.StringMatching(`[a-z ]{0,10}<?[a-z]{0,5}@?[a-z.]{0,10}>?`),
		rapid.String(),
	)
}
