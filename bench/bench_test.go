package bench_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMeasurementsCompareTheSameWork runs what the benchmarks run, once and with a
// small campaign: the measurements check their own counts.
func TestMeasurementsCompareTheSameWork(t *testing.T) {
	t.Parallel()
	const contacts = 400
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, engine, contacts)
			t.Cleanup(func() { require.NoError(t, b.close()) })

			for name, measure := range map[string]func(testing.TB, *bed, int) times{
				"the first replace queues what one insert would":          replaceFirst,
				"a repeated replace changes nothing":                      replaceRepeated,
				"a filtered replace queues what one insert would":         replaceFiltered,
				"a preview plans what a count of the same contacts finds": preview,
			} {
				t.Run(name, func(t *testing.T) {
					require.Len(t, measure(t, b, 1)[ours], 1)
				})
			}
			t.Run("a cap leaves every contact that others do not hold", func(t *testing.T) {
				got := replaceBesideOthers(t, b)
				require.Equal(t, got.possible, got.assigned)
				require.Less(t, got.seed, got.possible)
			})
			t.Run("every event of a call is kept and carried out once", func(t *testing.T) {
				require.Len(t, events(t, b, 2, 4, 8)[ours], 2)
			})
			t.Run("a claim takes what the floor takes", func(t *testing.T) {
				require.Len(t, dials(t, b, 2, 2)[ours], 2)
			})
			t.Run("a disposition writes what the floor writes", func(t *testing.T) {
				require.Len(t, dispositions(t, b, 2, 20)[ours], 2)
			})
			t.Run("a purge fails what the floor fails", func(t *testing.T) {
				measured, _ := purge(t, b, 2)
				require.Len(t, measured[ours], 2)
			})
			t.Run("a check finds the same with the filter and without", func(t *testing.T) {
				measured, _ := checkMany(t, b, 2, 2000, 3000)
				require.Len(t, measured[filtered], 2)
			})
			for name, p := range map[string]*pulls{
				"one agent pulls from a queue":     {agents: 1, waves: 10},
				"20 agents pull from their queues": {agents: 20, waves: 3},
				"one agent pulls from the pool":    {agents: 1, pool: true, waves: 10},
				"20 agents pull from the pool":     {agents: 20, pool: true, waves: 3},
			} {
				t.Run(name, func(t *testing.T) {
					require.Len(t, pull(t, b, 2, p)[ours], 2)
					require.Len(t, p.latencies[ours], 2*p.waves*p.agents)
				})
			}
		})
	}
}
