package suppression_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

func TestNewPhone(t *testing.T) {
	t.Parallel()

	phone, err := outdial.ParsePhone("(504) 621-8927", "US")
	require.NoError(t, err)
	require.Equal(t, suppression.Entry{
		Kind: suppression.KindPhone, Value: "+15046218927", Key: "+15046218927", Source: suppression.SourceManual,
	}, suppression.NewPhone(phone), "for every campaign, and for ever")
}

func TestNewEmail(t *testing.T) {
	t.Parallel()

	t.Run("keeps the address as given and matches it in any case", func(t *testing.T) {
		t.Parallel()

		email, err := outdial.ParseEmail(" JButt@Gmail.com ")
		require.NoError(t, err)
		require.Equal(t, suppression.Entry{
			Kind: suppression.KindEmail, Value: "JButt@Gmail.com", Key: "jbutt@gmail.com", Source: suppression.SourceManual,
		}, suppression.NewEmail(email), "for every campaign, and for ever")
	})
	t.Run("two spellings of an address have one key", func(t *testing.T) {
		t.Parallel()

		require.Equal(t, suppression.NewEmail("JButt@gmail.com").Key, suppression.NewEmail("jbutt@GMAIL.com ").Key)
	})
}

func TestEntryIsRedactedWhereverItIsPrinted(t *testing.T) {
	t.Parallel()

	for name, entry := range map[string]suppression.Entry{
		"a phone":  suppression.NewPhone("+15046218927"),
		"an email": suppression.NewEmail("jbutt@gmail.com"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var log bytes.Buffer
			slog.New(slog.NewTextHandler(&log, nil)).Info("added", slog.Any("entry", entry))
			slog.New(slog.NewJSONHandler(&log, nil)).Info("added", slog.Any("entry", entry))
			params := suppression.AddParams{Entries: []suppression.Entry{entry}}
			for _, printed := range []string{
				log.String(), fmt.Sprint(entry), fmt.Sprintf("%+v", entry), fmt.Sprintf("%#v", entry),
				fmt.Sprint(params), fmt.Sprintf("%+v", params), fmt.Sprintf("%#v", params),
				wrongly("%d", entry), wrongly("%t", &entry), wrongly("%x", entry), wrongly("%d", params),
			} {
				require.NotContains(t, printed, "504621")
				require.NotContains(t, printed, "jbutt")
			}
		})
	}
}

// wrongly prints with a verb that is for another type, which vet catches only in a
// constant format.
func wrongly(verb string, value any) string { return fmt.Sprintf(verb, value) }

func TestEntryIsLoggedByWhatItSays(t *testing.T) {
	t.Parallel()

	var log bytes.Buffer
	entry := suppression.NewPhone("+15046218927")
	entry.Reason = "asked on +15046218927"
	slog.New(slog.NewTextHandler(&log, nil)).Info("added", slog.Any("entry", entry))
	require.Contains(t, log.String(), "entry.kind=phone entry.value=••••27 "+
		"entry.campaign_id=00000000-0000-0000-0000-000000000000 entry.source=manual\n")
	require.Equal(t, "phone ••••27", entry.String())
	require.Equal(t, "suppression.Entry(phone ••••27)", fmt.Sprintf("%#v", entry))
	require.Equal(t, "email ••••@gmail.com", suppression.NewEmail("jbutt@gmail.com").String())
}
