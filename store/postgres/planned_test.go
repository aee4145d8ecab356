package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue"
)

// To plan a pull takes ten times as long as to run it. The server plans a prepared
// statement for the values at hand as long as that seems cheaper to it, and so must see
// no gain in it, whatever its statistics say.
func TestAPullIsPlannedOnce(t *testing.T) {
	t.Parallel()

	for name, settle := range map[string]func(t *testing.T, plans *explained){
		"by statistics that know the campaign":        func(t *testing.T, e *explained) { t.Helper(); analyze(t, e.db) },
		"by statistics from before there was anybody": func(*testing.T, *explained) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			st := open(t, database(t).String())
			st.DB().SetMaxOpenConns(1)
			seedCampaigns(t, st.DB(), smallSize)
			_, err := st.DB().ExecContext(t.Context(), addItems, largeCampaign, explainNow, explainActor, largeSize/10)
			require.NoError(t, err)
			settle(t, &explained{db: st.DB()})
			const pulls = 20
			for agent := range pulls {
				result, err := st.PullItem(t.Context(), queue.PullParams{
					CampaignID: largeCampaign, AgentID: explainAgent(agent), LockFor: time.Minute,
					CallbacksSince: explainNow.Add(-time.Minute), Now: explainNow,
				})
				require.NoError(t, err)
				require.NotNil(t, result.Item)
			}
			var plans struct {
				Generic int `db:"generic_plans"`
				Custom  int `db:"custom_plans"`
			}
			require.NoError(t, st.DB().GetContext(t.Context(), &plans,
				`SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%own_head%'`))
			require.Equal(t, pulls, plans.Generic+plans.Custom)
			require.LessOrEqual(t, plans.Custom, 5, "the server goes on planning")
		})
	}
}
