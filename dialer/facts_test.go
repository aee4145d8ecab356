package dialer_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/dialer"
)

// noon is when the tests happen: finer than a store keeps, and in a zone that is not
// UTC.
var noon = time.Date(2026, time.March, 2, 12, 0, 0, 123456789, time.FixedZone("CST", -6*60*60))

// second is a time shortly after noon.
func second(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }

// reports are the single things that can become known of a call at one moment.
func reports(at time.Time) []dialer.Facts {
	found := []dialer.Facts{
		{InitiatedAt: at}, {RingingAt: at}, {AnsweredAt: at}, {ConnectedAt: at}, {AbandonedAt: at}, {NotPlacedAt: at},
	}
	for _, verdict := range dialer.AMDVerdicts() {
		found = append(found, dialer.Facts{AMD: verdict, AMDAt: at})
	}
	for _, cause := range dialer.Causes() {
		found = append(found, dialer.Facts{EndedAt: at, Cause: cause})
	}
	return found
}

// drawTime is one of few moments, so that equal ones are met often, in one of several
// zones, or no time at all.
func drawTime(t *rapid.T, name string) time.Time {
	n := rapid.IntRange(-1, 3).Draw(t, name)
	zone := rapid.SampledFrom([]*time.Location{time.UTC, noon.Location(), time.FixedZone("IST", 5*60*60+1800)}).Draw(t, name+"'s zone")
	if n < 0 {
		return time.Time{}.In(zone)
	}
	return second(n).In(zone)
}

// drawFacts are any facts, also such as no report consists of: a cause without an
// end, a verdict without a time.
func drawFacts(t *rapid.T, name string) dialer.Facts {
	return dialer.Facts{
		InitiatedAt: drawTime(t, name+".InitiatedAt"),
		RingingAt:   drawTime(t, name+".RingingAt"),
		AnsweredAt:  drawTime(t, name+".AnsweredAt"),
		AMD:         rapid.SampledFrom(append(dialer.AMDVerdicts(), "")).Draw(t, name+".AMD"),
		AMDAt:       drawTime(t, name+".AMDAt"),
		ConnectedAt: drawTime(t, name+".ConnectedAt"),
		AbandonedAt: drawTime(t, name+".AbandonedAt"),
		EndedAt:     drawTime(t, name+".EndedAt"),
		Cause:       rapid.SampledFrom(append(dialer.Causes(), "")).Draw(t, name+".Cause"),
		NotPlacedAt: drawTime(t, name+".NotPlacedAt"),
	}
}

// wellFormed leaves out of facts what says nothing by itself.
func wellFormed(facts dialer.Facts) dialer.Facts {
	if facts.AMD == "" || facts.AMDAt.IsZero() {
		facts.AMD, facts.AMDAt = "", time.Time{}
	}
	if facts.EndedAt.IsZero() || facts.Cause == "" {
		facts.EndedAt, facts.Cause = time.Time{}, ""
	}
	return facts
}

func requireFacts(t require.TestingT, want, got dialer.Facts, why string) {
	require.True(t, want.Equal(got), "%s:\n%+v\n%+v", why, want, got)
}

func TestFactsMerge(t *testing.T) {
	t.Parallel()

	t.Run("is commutative, associative and idempotent, whatever the facts", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			a, b, c := drawFacts(t, "a"), drawFacts(t, "b"), drawFacts(t, "c")
			requireFacts(t, a.Merge(b), b.Merge(a), "commutative")
			requireFacts(t, a.Merge(b).Merge(c), a.Merge(b.Merge(c)), "associative")
			requireFacts(t, a, a.Merge(a), "idempotent")
			requireFacts(t, a.Merge(b), a.Merge(b).Merge(b).Merge(a), "idempotent")
		})
	})
	t.Run("with nothing changes nothing", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			facts := wellFormed(drawFacts(t, "facts"))
			requireFacts(t, facts, facts.Merge(dialer.Facts{}), "nothing came after")
			requireFacts(t, facts, dialer.Facts{}.Merge(facts), "nothing came before")
		})
	})
	t.Run("gives the same however reports come, in whatever order, how often and in which zone", func(t *testing.T) {
		t.Parallel()

		some := slices.Concat(reports(second(0)), reports(second(1)), reports(second(2)))
		rapid.Check(t, func(t *rapid.T) {
			once := rapid.SliceOfN(rapid.SampledFrom(some), 1, 12).Draw(t, "reports")
			again := rapid.SliceOfN(rapid.SampledFrom(once), 0, 12).Draw(t, "repeats")
			shuffled := rapid.Permutation(slices.Concat(once, again)).Draw(t, "as they come")
			var inOrder, outOfOrder dialer.Facts
			for _, report := range once {
				inOrder = inOrder.Merge(report)
			}
			for _, report := range shuffled {
				outOfOrder = outOfOrder.Merge(inUTC(report))
			}
			requireFacts(t, inOrder, outOfOrder, "the order matters")
			requireProgress(t, dialer.RetryPolicy{}.Progress(dialer.Call{Facts: inOrder}, dialer.History{}),
				dialer.RetryPolicy{}.Progress(dialer.Call{Facts: outOfOrder}, dialer.History{}))
		})
	})
	t.Run("never forgets what was known", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			before := wellFormed(drawFacts(t, "before"))
			after := before.Merge(wellFormed(drawFacts(t, "report")))
			for _, times := range [][2]time.Time{
				{before.InitiatedAt, after.InitiatedAt}, {before.RingingAt, after.RingingAt}, {before.AnsweredAt, after.AnsweredAt},
				{before.ConnectedAt, after.ConnectedAt}, {before.AbandonedAt, after.AbandonedAt}, {before.EndedAt, after.EndedAt},
				{before.NotPlacedAt, after.NotPlacedAt},
			} {
				if !times[0].IsZero() {
					require.False(t, times[1].IsZero())
					require.False(t, times[1].After(times[0]), "the earlier of two reports counts")
				}
			}
			if before.AMD != "" {
				require.NotEmpty(t, after.AMD)
			}
			if before.Seen() {
				require.True(t, after.Seen())
			}
			if before.Answered() && before.Cause != dialer.CauseCompleted {
				require.True(t, after.Answered())
			}
		})
	})
	t.Run("believes a definite verdict before one that gave up, and of two definite ones the earlier", func(t *testing.T) {
		t.Parallel()

		verdict := func(amd dialer.AMD, n int) dialer.Facts { return dialer.Facts{AMD: amd, AMDAt: second(n)} }
		for name, test := range map[string]struct{ believed, other dialer.Facts }{
			"a definite one that came late": {verdict(dialer.AMDMachine, 5), verdict(dialer.AMDUnknown, 1)},
			"the earlier of two":            {verdict(dialer.AMDMachine, 1), verdict(dialer.AMDHuman, 2)},
			"the earlier that gave up":      {verdict(dialer.AMDUnknown, 1), verdict(dialer.AMDUnknown, 2)},
			"any before none":               {verdict(dialer.AMDUnknown, 9), dialer.Facts{}},
			"one of a fax":                  {verdict(dialer.AMDFax, 3), verdict(dialer.AMDUnknown, 2)},
		} {
			requireFacts(t, test.believed, test.believed.Merge(test.other), name)
			requireFacts(t, test.believed, test.other.Merge(test.believed), name)
		}
	})
	t.Run("keeps an end and its cause together", func(t *testing.T) {
		t.Parallel()

		busy := dialer.Facts{EndedAt: second(1), Cause: dialer.CauseBusy}
		done := dialer.Facts{EndedAt: second(2), Cause: dialer.CauseCompleted}
		requireFacts(t, busy, done.Merge(busy), "the earlier end")
		requireFacts(t, busy, busy.Merge(done), "the earlier end")
		requireFacts(t, busy, busy.Merge(dialer.Facts{Cause: dialer.CauseFailed}), "a cause without a time is no end")
	})
}

// inUTC is the same facts as a store gives them back.
func inUTC(facts dialer.Facts) dialer.Facts {
	for _, at := range []*time.Time{
		&facts.InitiatedAt, &facts.RingingAt, &facts.AnsweredAt, &facts.AMDAt, &facts.ConnectedAt, &facts.AbandonedAt,
		&facts.EndedAt, &facts.NotPlacedAt,
	} {
		*at = at.UTC()
	}
	return facts
}

func TestFactsEqual(t *testing.T) {
	t.Parallel()

	t.Run("compares instants, in whatever zone", func(t *testing.T) {
		t.Parallel()

		rapid.Check(t, func(t *rapid.T) {
			facts := drawFacts(t, "facts")
			require.True(t, facts.Equal(inUTC(facts)))
		})
	})
	t.Run("sees every single difference", func(t *testing.T) {
		t.Parallel()

		whole := dialer.Facts{}
		for _, report := range reports(second(0)) {
			whole = whole.Merge(report)
		}
		for name, change := range map[string]func(*dialer.Facts){
			"InitiatedAt": func(f *dialer.Facts) { f.InitiatedAt = second(1) },
			"RingingAt":   func(f *dialer.Facts) { f.RingingAt = second(1) },
			"AnsweredAt":  func(f *dialer.Facts) { f.AnsweredAt = second(1) },
			"AMD":         func(f *dialer.Facts) { f.AMD = dialer.AMDMachine },
			"AMDAt":       func(f *dialer.Facts) { f.AMDAt = second(1) },
			"ConnectedAt": func(f *dialer.Facts) { f.ConnectedAt = second(1) },
			"AbandonedAt": func(f *dialer.Facts) { f.AbandonedAt = second(1) },
			"EndedAt":     func(f *dialer.Facts) { f.EndedAt = second(1) },
			"Cause":       func(f *dialer.Facts) { f.Cause = dialer.CauseRejected },
			"NotPlacedAt": func(f *dialer.Facts) { f.NotPlacedAt = time.Time{} },
		} {
			other := whole
			change(&other)
			require.False(t, whole.Equal(other), name)
			require.False(t, other.Equal(whole), name)
		}
	})
}

func TestFactsSeen(t *testing.T) {
	t.Parallel()

	require.False(t, dialer.Facts{}.Seen())
	require.False(t, dialer.Facts{NotPlacedAt: noon}.Seen(), "that it was not placed is no report of a call")
	for _, report := range reports(noon) {
		if report.NotPlacedAt.IsZero() {
			require.True(t, report.Seen(), "%+v", report)
		}
	}
}

func TestFactsAnswered(t *testing.T) {
	t.Parallel()

	for name, facts := range map[string]dialer.Facts{
		"nothing":     {},
		"initiated":   {InitiatedAt: noon},
		"ringing":     {RingingAt: noon},
		"not placed":  {NotPlacedAt: noon},
		"busy":        {EndedAt: noon, Cause: dialer.CauseBusy},
		"no answer":   {EndedAt: noon, Cause: dialer.CauseNoAnswer},
		"canceled":    {EndedAt: noon, Cause: dialer.CauseCanceled},
		"failed":      {EndedAt: noon, Cause: dialer.CauseFailed},
		"rejected":    {EndedAt: noon, Cause: dialer.CauseRejected},
		"ended for ?": {EndedAt: noon},
	} {
		require.False(t, facts.Answered(), name)
	}
	for name, facts := range map[string]dialer.Facts{
		"answered":  {AnsweredAt: noon},
		"a person":  {AMD: dialer.AMDHuman, AMDAt: noon},
		"a machine": {AMD: dialer.AMDMachine, AMDAt: noon},
		"a fax":     {AMD: dialer.AMDFax, AMDAt: noon},
		"somebody":  {AMD: dialer.AMDUnknown, AMDAt: noon},
		"connected": {ConnectedAt: noon},
		"abandoned": {AbandonedAt: noon},
		"completed": {EndedAt: noon, Cause: dialer.CauseCompleted},
	} {
		require.True(t, facts.Answered(), name)
	}
}

func TestAMDMachine(t *testing.T) {
	t.Parallel()

	for verdict, machine := range map[dialer.AMD]bool{
		dialer.AMDHuman: false, dialer.AMDMachine: true, dialer.AMDFax: true, dialer.AMDUnknown: false, "": false,
	} {
		require.Equal(t, machine, verdict.Machine(), verdict)
	}
}
