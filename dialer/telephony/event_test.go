package telephony_test

import (
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/telephony"
)

func TestEachTypeSaysOneThing(t *testing.T) {
	t.Parallel()

	at := requestTime
	for kind, want := range map[telephony.Type]dialer.Facts{
		telephony.TypeQueued:    {InitiatedAt: at},
		telephony.TypeInitiated: {InitiatedAt: at},
		telephony.TypeRinging:   {RingingAt: at},
		telephony.TypeAnswered:  {AnsweredAt: at},
		telephony.TypeAMD:       {AMD: dialer.AMDFax, AMDAt: at},
		telephony.TypeConnected: {ConnectedAt: at},
		telephony.TypeAbandoned: {AbandonedAt: at},
		telephony.TypeEnded:     {EndedAt: at, Cause: dialer.CauseBusy},
	} {
		require.True(t, kind.Known())
		event := telephony.Event{Type: kind, AMD: dialer.AMDFax, Cause: dialer.CauseBusy, At: at.Add(time.Hour)}
		require.Equal(t, want, event.Facts(at), kind)
		require.True(t, event.Facts(at).Seen())
	}
	require.Len(t, telephony.Types(), 8)
	require.False(t, telephony.Type("hold").Known())
	require.Zero(t, telephony.Event{Type: "hold"}.Facts(at))
}

func TestALoggedEventHasNoPayload(t *testing.T) {
	t.Parallel()

	for name, handler := range map[string]func(io.Writer) slog.Handler{
		"text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
		"JSON": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	} {
		var log strings.Builder
		slog.New(handler(&log)).Info("a record", slog.Any("event", ringing()))
		require.Contains(t, log.String(), "CA77", name)
		require.Contains(t, log.String(), itemID.String(), name)
		require.NotContains(t, log.String(), "810292", name)
	}
}

func TestAHeaderFieldCountsWhenItIsThereOnce(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		header map[string][]string
		want   string
	}{
		"once":                 {map[string][]string{"Webhook-Id": {"a"}}, "a"},
		"in lower case":        {map[string][]string{"webhook-id": {"a"}}, "a"},
		"not at all":           {nil, ""},
		"twice":                {map[string][]string{"Webhook-Id": {"a", "a"}}, ""},
		"twice, in two cases":  {map[string][]string{"Webhook-Id": {"a"}, "webhook-id": {"a"}}, ""},
		"with nothing in it":   {map[string][]string{"Webhook-Id": {}}, ""},
		"beside another's own": {map[string][]string{"Webhook-Id": {"a"}, "Webhook-Idx": {"b"}}, "a"},
	} {
		require.Equal(t, test.want, telephony.Delivery{Header: test.header}.Field("Webhook-Id"), name)
	}
}
