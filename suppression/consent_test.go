package suppression_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// optedOut are the first names of contacts who are marked so.
func (c *centre) optedOut(t *testing.T) []string {
	t.Helper()
	names := []string{}
	require.NoError(t, c.store.DB().SelectContext(t.Context(), &names,
		"SELECT first_name FROM contacts WHERE is_opted_out ORDER BY first_name"))
	return names
}

func TestRevokeConsentIsHonouredEverywhere(t *testing.T) {
	t.Parallel()

	t.Run("a contact's number, address and flag, at once", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		ann := c.add(t, campaignID, outdial.Contact{FirstName: "Ann", Phone: annPhone, Email: annEmail})
		c.add(t, campaignID, outdial.Contact{FirstName: "Housemate", Phone: annPhone})
		received := noon.Add(-72 * time.Hour)
		got, err := c.service.RevokeConsent(t.Context(), agent(), suppression.ConsentRequest{
			ContactID: ann, Source: suppression.SourceWebhook, Reason: "STOP by text", ReceivedAt: received,
		})
		require.NoError(t, err)
		require.Equal(t, suppression.Consent{
			ConsentResult: suppression.ConsentResult{Contacts: 1, Added: 2}, ReceivedAt: received, EffectiveAt: noon,
		}, got)
		require.Equal(t, []string{"Ann"}, c.optedOut(t))
		page, err := c.service.List(t.Context(), manager(), suppression.ListRequest{})
		require.NoError(t, err)
		require.Len(t, page.Entries, 2)
		for _, entry := range page.Entries {
			require.Equal(t, suppression.SourceWebhook, entry.Source)
			require.Equal(t, "STOP by text", entry.Reason)
			require.Equal(t, received, entry.ReceivedAt, "when it was received")
			require.Equal(t, noon, entry.CreatedAt, "and when it took effect")
		}
		followed, err := c.store.FollowSuppressions(t.Context(), suppression.FollowParams{Limit: 10})
		require.NoError(t, err)
		require.Len(t, followed.Events, 2)
		for _, event := range followed.Events {
			require.Equal(t, []time.Time{received, noon}, []time.Time{event.ReceivedAt, event.CreatedAt})
		}
		require.Equal(t, 1, c.woken.times())
		require.NotContains(t, c.log.String(), "STOP", "a reason may name anybody")
	})
	t.Run("a number that was given marks every contact who has it", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		c.add(t, campaignID, outdial.Contact{FirstName: "Ann", Phone: annPhone, Email: annEmail})
		c.add(t, campaignID, outdial.Contact{FirstName: "Housemate", Phone: annPhone})
		c.add(t, campaignID, outdial.Contact{FirstName: "Bob", Phone: bobPhone, Email: "BOB@example.com"})
		c.add(t, campaignID, outdial.Contact{FirstName: "Cat", Phone: "+15046218929"})
		got, err := c.service.RevokeConsent(t.Context(), agent(), suppression.ConsentRequest{Phone: annPhone, Email: bobEmail})
		require.NoError(t, err)
		require.Equal(t, suppression.ConsentResult{Contacts: 3, Added: 2}, got.ConsentResult)
		require.Equal(t, noon, got.ReceivedAt, "now, when nobody says")
		require.Equal(t, []string{"Ann", "Bob", "Housemate"}, c.optedOut(t))
	})
	t.Run("for one campaign nobody is marked for all", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		ann := c.add(t, campaignID, outdial.Contact{FirstName: "Ann", Phone: annPhone, Email: annEmail})
		got, err := c.service.RevokeConsent(t.Context(), agent(), suppression.ConsentRequest{ContactID: ann, CampaignID: campaignID})
		require.NoError(t, err)
		require.Equal(t, suppression.ConsentResult{Added: 2}, got.ConsentResult)
		require.Empty(t, c.optedOut(t))
		for campaign, suppressed := range map[uuid.UUID]bool{campaignID: true, powerID: false} {
			verdict, err := c.service.Check(t.Context(), manager(), suppression.CheckRequest{ContactID: ann, CampaignID: campaign})
			require.NoError(t, err)
			require.Equal(t, suppressed, verdict.Suppressed)
		}
	})
	t.Run("items go from both queues", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		c.queued(t)
		_, err := c.service.RevokeConsent(t.Context(), agent(), suppression.ConsentRequest{Email: annEmail})
		require.NoError(t, err)
		worker := suppression.NewWorker(c.store, suppression.WorkerConfig{Clock: c.clock})
		purged, err := worker.Step(t.Context())
		require.NoError(t, err)
		require.Equal(t, suppression.Purged{AgentItems: 1, PowerItems: 1}, purged)
		require.Equal(t, []string{
			"agent Ann failed suppressed", "agent Bob queued", "power Ann failed suppressed", "power Bob queued",
		}, c.states(t))
	})
}

func TestRestoreConsent(t *testing.T) {
	t.Parallel()

	t.Run("it takes back what the revocation did", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		ann := c.add(t, campaignID, outdial.Contact{FirstName: "Ann", Phone: annPhone, Email: annEmail})
		request := suppression.ConsentRequest{ContactID: ann, Reason: "signed a form"}
		_, err := c.service.RevokeConsent(t.Context(), agent(), request)
		require.NoError(t, err)
		got, err := c.service.RestoreConsent(t.Context(), manager(), request)
		require.NoError(t, err)
		require.Equal(t, suppression.ConsentResult{Contacts: 1, Removed: 2}, got.ConsentResult)
		require.Empty(t, c.optedOut(t))
		verdict, err := c.service.Check(t.Context(), manager(), suppression.CheckRequest{ContactID: ann})
		require.NoError(t, err)
		require.False(t, verdict.Suppressed)
	})
	t.Run("what a registry has listed stays listed", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		_, err := c.service.Import(t.Context(), manager(), list(annPhone.E164()+"\n"))
		require.NoError(t, err)
		got, err := c.service.RestoreConsent(t.Context(), manager(), suppression.ConsentRequest{Phone: annPhone, Reason: "signed a form"})
		require.NoError(t, err)
		require.Zero(t, got.ConsentResult)
		verdict, err := c.service.Check(t.Context(), manager(), suppression.CheckRequest{Phone: annPhone})
		require.NoError(t, err)
		require.True(t, verdict.Suppressed)
	})
}

func TestConsentIsRefused(t *testing.T) {
	t.Parallel()
	c := setup(t)
	ann := c.add(t, campaignID, outdial.Contact{FirstName: "Ann", Phone: annPhone, Email: annEmail})
	for name, test := range map[string]struct {
		request        suppression.ConsentRequest
		field, problem string
	}{
		"of nobody":                  {suppression.ConsentRequest{Reason: "x"}, "contact_id", "is required"},
		"of a number that is none":   {suppression.ConsentRequest{Phone: "504", Reason: "x"}, "phone", "E.164"},
		"of an address that is none": {suppression.ConsentRequest{Email: "ann", Reason: "x"}, "email", "e-mail"},
		"from a source nobody knows": {suppression.ConsentRequest{ContactID: ann, Source: "gossip", Reason: "x"}, "source", "must be"},
		"from an import":             {suppression.ConsentRequest{ContactID: ann, Source: suppression.SourceImport, Reason: "x"}, "source", "must be"},
		"from tomorrow":              {suppression.ConsentRequest{ContactID: ann, ReceivedAt: noon.Add(time.Second), Reason: "x"}, "received_at", "is in the future"},
		"from tomorrow, by a number": {suppression.ConsentRequest{Phone: annPhone, ReceivedAt: noon.Add(time.Second), Reason: "x"}, "received_at", "is in the future"},
		"for a reason of two lines":  {suppression.ConsentRequest{ContactID: ann, Reason: "a\nb"}, "reason", "is not plain text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.service.RevokeConsent(t.Context(), agent(), test.request)
			requireFieldError(t, err, test.field, test.problem)
			_, err = c.service.RestoreConsent(t.Context(), manager(), test.request)
			requireFieldError(t, err, test.field, test.problem)
			require.Zero(t, c.rows(t))
			require.Empty(t, c.optedOut(t))
		})
	}
	t.Run("of a contact or a campaign that does not exist", func(t *testing.T) {
		t.Parallel()
		for _, request := range []suppression.ConsentRequest{{ContactID: uuid.New()}, {ContactID: ann, CampaignID: uuid.New()}} {
			_, err := c.service.RevokeConsent(t.Context(), agent(), request)
			require.ErrorIs(t, err, outdial.ErrNotFound)
		}
		require.Zero(t, c.rows(t))
		require.Empty(t, c.optedOut(t))
	})
	t.Run("a restoration by an agent, or without a reason", func(t *testing.T) {
		t.Parallel()
		_, err := c.service.RestoreConsent(t.Context(), agent(), suppression.ConsentRequest{ContactID: ann, Reason: "x"})
		require.ErrorIs(t, err, outdial.ErrForbidden)
		_, err = c.service.RestoreConsent(t.Context(), manager(), suppression.ConsentRequest{ContactID: ann})
		requireFieldError(t, err, "reason", "is required")
	})
	t.Run("a revocation without the scope", func(t *testing.T) {
		t.Parallel()
		_, err := c.service.RevokeConsent(t.Context(), agent(outdial.ScopeQueuePull), suppression.ConsentRequest{ContactID: ann})
		require.ErrorIs(t, err, outdial.ErrForbidden)
		require.Zero(t, c.rows(t))
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	c := setup(t)
	here, qa, over := suppression.NewPhone(bobPhone), suppression.NewEmail(annEmail), suppression.NewEmail(bobEmail)
	here.CampaignID, qa.Source, over.ExpiresAt = campaignID, suppression.SourceQA, noon.Add(time.Minute)
	_, err := c.service.Add(t.Context(), agent(), suppression.NewPhone(annPhone))
	require.NoError(t, err)
	_, err = c.service.Add(t.Context(), agent(), here)
	require.NoError(t, err)
	_, err = c.service.Add(t.Context(), agent(), qa, over)
	require.NoError(t, err)
	c.clock.Add(time.Minute)
	for name, test := range map[string]struct {
		request suppression.ListRequest
		want    []string
	}{
		"what holds in every campaign": {suppression.ListRequest{}, []string{annPhone.E164(), annEmail.Address()}},
		"one campaign's own":           {suppression.ListRequest{CampaignID: campaignID}, []string{bobPhone.E164()}},
		"both":                         {suppression.ListRequest{AllCampaigns: true}, []string{annPhone.E164(), bobPhone.E164(), annEmail.Address()}},
		"one kind":                     {suppression.ListRequest{AllCampaigns: true, Kind: suppression.KindPhone}, []string{annPhone.E164(), bobPhone.E164()}},
		"one source":                   {suppression.ListRequest{AllCampaigns: true, Source: suppression.SourceQA}, []string{annEmail.Address()}},
		"a campaign without any":       {suppression.ListRequest{CampaignID: powerID}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, limit := range []int{0, 1, 2} {
				test.request.Limit, test.request.Cursor = limit, ""
				var values []string
				for {
					page, err := c.service.List(t.Context(), manager(), test.request)
					require.NoError(t, err)
					for _, entry := range page.Entries {
						values = append(values, entry.Value)
					}
					if test.request.Cursor = page.NextCursor; page.NextCursor == "" {
						break
					}
				}
				require.Equal(t, test.want, values, "oldest first, page by page, without who has run out")
			}
		})
	}
	t.Run("it is refused to agents, and to who asks for nonsense", func(t *testing.T) {
		t.Parallel()
		_, err := c.service.List(t.Context(), agent(), suppression.ListRequest{})
		require.ErrorIs(t, err, outdial.ErrForbidden)
		for _, request := range []suppression.ListRequest{
			{Kind: "fax"}, {Source: "gossip"}, {Limit: 501}, {Limit: -1}, {Cursor: "x"}, {AllCampaigns: true, CampaignID: campaignID},
		} {
			_, err := c.service.List(t.Context(), manager(), request)
			require.ErrorIs(t, err, outdial.ErrInvalid)
		}
	})
}
