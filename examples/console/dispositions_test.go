package main

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/store"
)

func dispositionsIn(t testing.TB, st store.Store) []disposition.Record {
	t.Helper()
	listed, err := st.ListDispositions(t.Context(), disposition.ListParams{CampaignID: uuid.MustParse(powerCampaignID), Limit: 10_000})
	require.NoError(t, err)
	require.False(t, listed.More)
	return listed.Records
}

// finishes says whether the campaign is done with somebody after such an effect.
func finishes(effect disposition.Effect) bool {
	return effect == disposition.EffectFinish || effect == disposition.EffectConvert || effect == disposition.EffectSuppress
}

// finished waits until the demo is done with that many people.
func finished(t testing.TB, st store.Store, people int) {
	t.Helper()
	eventually(t, "enough conversations have an end", func() bool {
		done := 0
		for _, record := range dispositionsIn(t, st) {
			if finishes(record.Effect) {
				done++
			}
		}
		return done >= people
	})
}

func TestConversationsOfTheDemoAreDisposedOfAndWhoIsDoneIsNotDialedAgain(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	first := s.serve(hurried...)
	st := s.openStore(defaultDatabase)
	finished(t, st, 5)
	first.stop()
	before := len(dispositionsIn(t, st))

	second := s.serve(hurried...)
	finished(t, st, before+5)
	series := second.metrics()
	second.stop()
	for _, p := range []*process{first, second} {
		require.NotContains(t, p.err.String(), "level=ERROR")
		require.NotContains(t, p.err.String(), "disposition not recorded")
	}
	require.Positive(t, series[`outdial_disposition_recorded_total{disposition="not_interested_this_campaign",queue="power"}`])

	calls, last, talks := map[uuid.UUID]dialer.Call{}, map[uuid.UUID]dialer.Call{}, 0
	for _, call := range callsIn(t, st, dialer.ListCallsParams{CampaignID: uuid.MustParse(powerCampaignID)}) {
		calls[call.ID], last[call.ContactID] = call, call
		if call.Outcome == dialer.OutcomeConnected {
			talks++
		}
	}
	recorded := dispositionsIn(t, st)
	require.GreaterOrEqual(t, len(recorded), talks-2*simulatedAgents, "only who was about to write when a server stopped wrote nothing")
	leads := 0
	for _, record := range recorded {
		call := calls[record.CallID]
		require.False(t, call.ConnectedAt.IsZero())
		require.Equal(t, []any{disposition.QueuePower, call.Ref.ItemID, call.ContactID, call.AgentID, call.AgentID},
			[]any{record.Queue, record.ItemID, record.ContactID, record.AgentID, record.ActorID})
		if finishes(record.Effect) {
			require.Equal(t, call.ID, last[record.ContactID].ID, "the campaign is done with them")
		}
		if record.Effect == disposition.EffectConvert {
			leads++
		}
	}
	listed, err := st.ListLeads(t.Context(), disposition.ListLeadsParams{CampaignID: uuid.MustParse(powerCampaignID), Limit: 1000})
	require.NoError(t, err)
	require.Len(t, listed.Leads, leads)
}
