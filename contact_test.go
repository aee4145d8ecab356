package outdial_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
)

func TestContactIsRedactedWhereverItIsPrinted(t *testing.T) {
	t.Parallel()

	contact := outdial.Contact{
		ID: uuid.New(), FirstName: "James", Phone: "+15046218927", PhoneStatus: outdial.PhoneValid, Email: "jbutt@gmail.com",
	}
	requireRedacted := func(t *testing.T, printed string) {
		t.Helper()
		require.NotContains(t, printed, "504621")
		require.NotContains(t, printed, "jbutt")
	}

	for _, verb := range append(textVerbs(), wrongVerbs()...) {
		t.Run("fmt "+verb, func(t *testing.T) {
			t.Parallel()

			requireRedacted(t, fmt.Sprintf(verb, contact))
			requireRedacted(t, fmt.Sprintf(verb, &contact))
			requireRedacted(t, fmt.Sprintf(verb, []outdial.Contact{contact}))
		})
	}
	for handler, line := range logged("contact", contact) {
		t.Run("slog as "+handler, func(t *testing.T) {
			t.Parallel()

			requireRedacted(t, line)
			require.NotContains(t, line, "James")
			require.Contains(t, line, contact.ID.String(), "a record says which contact it is about")
		})
	}
}
