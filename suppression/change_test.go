package suppression_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

func TestAdd(t *testing.T) {
	t.Parallel()

	t.Run("adding twice is once", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		for _, want := range []suppression.AddResult{{Added: 2}, {}} {
			got, err := c.service.Add(t.Context(), agent(), suppression.NewPhone(annPhone), suppression.NewEmail(annEmail))
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		require.Equal(t, [3]int{2, 2, 2}, c.rows(t), "two entries, two events, and an audit entry for each call")
		require.Equal(t, 1, c.woken.times(), "whoever follows the list is woken when it changed")
		require.Equal(t, 2, c.meter.Count("outdial.suppression.changes", map[string]string{"action": "add"}))
	})
	t.Run("a longer time is an extension", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		entry := suppression.NewPhone(annPhone)
		entry.ExpiresAt = noon.Add(time.Hour)
		_, err := c.service.Add(t.Context(), agent(), entry)
		require.NoError(t, err)
		entry.ExpiresAt = time.Time{}
		got, err := c.service.Add(t.Context(), agent(), entry)
		require.NoError(t, err)
		require.Equal(t, suppression.AddResult{Extended: 1}, got)
		require.Equal(t, 1, c.meter.Count("outdial.suppression.changes", map[string]string{"action": "extend"}))
	})
	t.Run("the key is made from the value, whatever it says", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		_, err := c.service.Add(t.Context(), agent(),
			suppression.Entry{Kind: suppression.KindPhone, Value: annPhone.E164(), Key: "+10000000000"},
			suppression.Entry{Kind: suppression.KindEmail, Value: " " + annEmail.Address()})
		require.NoError(t, err)
		page, err := c.service.List(t.Context(), manager(), suppression.ListRequest{})
		require.NoError(t, err)
		require.Len(t, page.Entries, 2)
		for i, want := range []suppression.Entry{suppression.NewPhone(annPhone), suppression.NewEmail(annEmail)} {
			require.Equal(t, want, page.Entries[i].Entry, "by hand, for every campaign, for ever")
			require.Equal(t, agentID, page.Entries[i].CreatedBy)
			require.Equal(t, noon, page.Entries[i].CreatedAt)
		}
	})
	t.Run("nothing is nothing", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		got, err := c.service.Add(t.Context(), agent())
		require.NoError(t, err)
		require.Zero(t, got)
		require.Zero(t, c.rows(t))
	})
	t.Run("no value and no reason reaches the log", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		entry := suppression.NewPhone(annPhone)
		entry.Reason = "asked on " + annPhone.E164()
		_, err := c.service.Add(t.Context(), agent(), entry, suppression.NewEmail(annEmail))
		require.NoError(t, err)
		require.Contains(t, c.log.String(), "suppressions added")
		require.NotContains(t, c.log.String(), "504621")
		require.NotContains(t, strings.ToLower(c.log.String()), "ann@")
	})
}

func TestAddRefuses(t *testing.T) {
	t.Parallel()
	c := setup(t)
	with := func(edit func(*suppression.Entry)) []suppression.Entry {
		entry := suppression.NewPhone(annPhone)
		edit(&entry)
		return []suppression.Entry{suppression.NewPhone(bobPhone), entry}
	}
	tests := map[string]struct {
		entries        []suppression.Entry
		field, problem string
	}{
		"no kind":                {with(func(e *suppression.Entry) { e.Kind = "" }), "entries[1].kind", "must be phone or email"},
		"another kind":           {with(func(e *suppression.Entry) { e.Kind = "fax" }), "entries[1].kind", "must be phone or email"},
		"a national number":      {with(func(e *suppression.Entry) { e.Value = "5046218927" }), "entries[1].value", "E.164"},
		"letters":                {with(func(e *suppression.Entry) { e.Value = "+1504CALLANN" }), "entries[1].value", "E.164"},
		"Arabic digits":          {with(func(e *suppression.Entry) { e.Value = "+١٥٠٤٦٢١٨٩٢٧" }), "entries[1].value", "E.164"},
		"forty digits":           {with(func(e *suppression.Entry) { e.Value = "+" + strings.Repeat("1", 40) }), "entries[1].value", "E.164"},
		"a leading zero":         {with(func(e *suppression.Entry) { e.Value = "+0015046218927" }), "entries[1].value", "E.164"},
		"an extension":           {with(func(e *suppression.Entry) { e.Value = "+15046218927x5" }), "entries[1].value", "E.164"},
		"no value":               {with(func(e *suppression.Entry) { e.Value = "" }), "entries[1].value", "E.164"},
		"an address as a number": {with(func(e *suppression.Entry) { e.Value = "ann@example.com" }), "entries[1].value", "E.164"},
		"a number as an address": {with(func(e *suppression.Entry) { e.Kind = suppression.KindEmail }), "entries[1].value", "e-mail"},
		"an unknown source":      {with(func(e *suppression.Entry) { e.Source = "gossip" }), "entries[1].source", "must be"},
		"a time that is over":    {with(func(e *suppression.Entry) { e.ExpiresAt = noon }), "entries[1].expires_at", "is over already"},
		"a request of tomorrow":  {with(func(e *suppression.Entry) { e.ReceivedAt = noon.Add(time.Hour) }), "entries[1].received_at", "is in the future"},
		"a novel as a reason":    {with(func(e *suppression.Entry) { e.Reason = strings.Repeat("x", 501) }), "entries[1].reason", "is longer than"},
		"two lines as a reason":  {with(func(e *suppression.Entry) { e.Reason = "a\nb" }), "entries[1].reason", "is not plain text"},
		"NUL in a reason":        {with(func(e *suppression.Entry) { e.Reason = "a\x00b" }), "entries[1].reason", "is not plain text"},
		"bytes as a reason":      {with(func(e *suppression.Entry) { e.Reason = "\xff" }), "entries[1].reason", "is not plain text"},
		"too many":               {make([]suppression.Entry, suppression.MaxEntries+1), "entries", "are more than 10000"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.service.Add(t.Context(), agent(), test.entries...)
			requireFieldError(t, err, test.field, test.problem)
			require.NotContains(t, err.Error(), "504621")
			require.Zero(t, c.rows(t), "and nothing of it is kept")
		})
	}
	t.Run("a campaign that does not exist", func(t *testing.T) {
		t.Parallel()
		_, err := c.service.Add(t.Context(), agent(), with(func(e *suppression.Entry) { e.CampaignID = uuid.New() })...)
		require.ErrorIs(t, err, outdial.ErrNotFound)
		require.Zero(t, c.rows(t))
	})
	t.Run("who lacks the scope", func(t *testing.T) {
		t.Parallel()
		_, err := c.service.Add(t.Context(), agent(outdial.ScopeQueuePull, outdial.ScopeQueueWrite), suppression.NewPhone(annPhone))
		require.ErrorIs(t, err, outdial.ErrForbidden)
		require.Zero(t, c.rows(t))
	})
}

func TestRemove(t *testing.T) {
	t.Parallel()

	t.Run("it takes off what stands in that place", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		here := suppression.NewPhone(annPhone)
		here.CampaignID = campaignID
		_, err := c.service.Add(t.Context(), agent(), suppression.NewPhone(annPhone), here)
		require.NoError(t, err)
		remove := suppression.RemoveRequest{Targets: []suppression.Target{suppression.PhoneTarget(annPhone)}, Reason: "gave a new number"}
		for _, want := range []int{1, 0} {
			got, err := c.service.Remove(t.Context(), manager(), remove)
			require.NoError(t, err)
			require.Equal(t, want, got.Removed)
		}
		verdict, err := c.service.Check(t.Context(), manager(), suppression.CheckRequest{Phone: annPhone, CampaignID: campaignID})
		require.NoError(t, err)
		require.Len(t, verdict.Entries, 1, "the campaign's own entry stays")
		remove.CampaignID = campaignID
		_, err = c.service.Remove(t.Context(), manager(), remove)
		require.NoError(t, err)
		verdict, err = c.service.Check(t.Context(), manager(), suppression.CheckRequest{Phone: annPhone, CampaignID: campaignID})
		require.NoError(t, err)
		require.False(t, verdict.Suppressed)
		require.Empty(t, verdict.Entries)
		require.Equal(t, 2, c.meter.Count("outdial.suppression.changes", map[string]string{"action": "remove"}))
		require.Equal(t, 3, c.woken.times())
		require.NotContains(t, c.log.String(), "504621")
	})
	t.Run("it asks for a manager, a reason and normalized targets", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		_, err := c.service.Add(t.Context(), agent(), suppression.NewPhone(annPhone), suppression.NewEmail(annEmail))
		require.NoError(t, err)
		before := c.rows(t)
		target := []suppression.Target{suppression.PhoneTarget(annPhone)}
		_, err = c.service.Remove(t.Context(), agent(), suppression.RemoveRequest{Targets: target, Reason: "asked"})
		require.ErrorIs(t, err, outdial.ErrForbidden)
		for problem, request := range map[string]suppression.RemoveRequest{
			"is required":                {Targets: target, Reason: "  "},
			"is longer than":             {Targets: target, Reason: strings.Repeat("x", 501)},
			"is neither a phone nor":     {Targets: []suppression.Target{{Kind: "fax", Key: "1"}}, Reason: "asked"},
			"is not a number":            {Targets: []suppression.Target{{Kind: suppression.KindPhone, Key: "5046218927"}}, Reason: "asked"},
			"in its normalized form":     {Targets: []suppression.Target{{Kind: suppression.KindEmail, Key: "Ann@Example.com"}}, Reason: "asked"},
			"is not an e-mail address":   {Targets: []suppression.Target{{Kind: suppression.KindEmail, Key: "ann"}}, Reason: "asked"},
			"are more than 10000":        {Targets: make([]suppression.Target, suppression.MaxEntries+1), Reason: "asked"},
			"is not plain text on one l": {Targets: target, Reason: "a\r\nb"},
		} {
			_, err := c.service.Remove(t.Context(), manager(), request)
			require.ErrorIs(t, err, outdial.ErrInvalid, problem)
			require.Contains(t, err.Error(), problem)
			require.NotContains(t, err.Error(), "504621")
		}
		require.Equal(t, before, c.rows(t))
	})
}

func TestWithStoreWorksInAHostsTransaction(t *testing.T) {
	t.Parallel()
	c := setup(t, func(config *suppression.Config) { config.Filter = blindFilter{} })
	tx, err := c.store.DB().BeginTxx(t.Context(), nil)
	require.NoError(t, err)
	bound := c.service.WithStore(c.store.WithTx(tx))
	_, err = bound.Add(t.Context(), agent(), suppression.NewPhone(annPhone))
	require.NoError(t, err)
	found, err := bound.CheckMany(t.Context(), manager(), suppression.CheckManyRequest{Targets: []suppression.Target{suppression.PhoneTarget(annPhone)}})
	require.NoError(t, err)
	require.Equal(t, []int{0}, found, "no filter knows what the transaction has added")
	require.Zero(t, c.woken.times(), "nobody else can see it yet")
	require.NoError(t, tx.Rollback())
	require.Zero(t, c.rows(t))
}
