package filter_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/queue/filter"
)

func TestMatchComparesNumbers(t *testing.T) {
	t.Parallel()

	staff, score := filter.Int("staff_count"), filter.Decimal("score")
	tests := []struct {
		name   string
		expr   filter.Expr
		column string
		value  any
		want   bool
	}{
		{"a number equals itself", staff.Equals(42), "staff_count", int64(42), true},
		{"whatever its form", staff.Equals(42), "staff_count", 42, true},
		{"as a decimal too", score.Equals("42"), "score", 42.0, true},
		{"trailing zeros do not count", score.Equals("1.50"), "score", json.Number("1.5"), true},
		{"nor does the exponent", score.Equals("1.5e3"), "score", json.Number("1500"), true},
		{"minus zero is zero", score.Equals("-0"), "score", int64(0), true},
		{"a whole number is not the decimal beside it", staff.Equals(42), "staff_count", 42.5, false},
		{"another number is not equal", staff.NotEquals(42), "staff_count", int64(43), true},
		{"the number is", staff.NotEquals(42), "staff_count", int64(42), false},
		{"one of several is enough", staff.In(1, 42), "staff_count", int64(42), true},
		{"decimals may be in a list", score.In("1e3", "4.50"), "score", 4.5, true},
		{"none of several is out of the list", staff.NotIn(1, 2), "staff_count", int64(3), true},
		{"no number is out of the list", staff.NotIn(1, 2), "staff_count", nil, true},

		{"between includes the low end", staff.Between(50, 500), "staff_count", int64(50), true},
		{"and the high end", staff.Between(50, 500), "staff_count", int64(500), true},
		{"not what is below", staff.Between(50, 500), "staff_count", int64(49), false},
		{"nor what is above", staff.Between(50, 500), "staff_count", int64(501), false},
		{"a range of one number has that number", staff.Between(5, 5), "staff_count", int64(5), true},
		{"more is more", staff.Greater(5), "staff_count", int64(6), true},
		{"the same is not more", staff.Greater(5), "staff_count", int64(5), false},
		{"the same is at least", staff.AtLeast(5), "staff_count", int64(5), true},
		{"less is not at least", staff.AtLeast(5), "staff_count", int64(4), false},
		{"less is less", staff.Less(5), "staff_count", int64(4), true},
		{"the same is not less", staff.Less(5), "staff_count", int64(5), false},
		{"the same is at most", staff.AtMost(5), "staff_count", int64(5), true},
		{"more is not at most", staff.AtMost(5), "staff_count", int64(6), false},
		{"numbers compare as numbers, not as text", staff.Greater(9), "staff_count", int64(10), true},
		{"decimals compare between whole numbers", score.Between("0.1", "0.3"), "score", 0.2, true},
		{"a decimal is compared digit for digit", score.Greater("0.1"), "score", json.Number("0.1"), false},
		{"a decimal that floating point cannot hold is what was meant", score.Equals("0.1"), "score", 0.1, true},

		{"negative numbers are below zero", staff.Less(0), "staff_count", int64(-1), true},
		{"the more negative is less", staff.Between(-10, -5), "staff_count", int64(-7), true},
		{"the largest number is itself", staff.Equals(math.MaxInt64), "staff_count", int64(math.MaxInt64), true},
		{"and more than the one before", staff.Greater(math.MaxInt64 - 1), "staff_count", int64(math.MaxInt64), true},
		{"the smallest number is itself", staff.Equals(math.MinInt64), "staff_count", int64(math.MinInt64), true},
		{"neighbours beyond 53 bits differ", score.Equals("9007199254740993"), "score", int64(9007199254740992), false},
		{"huge decimals compare", score.Less("1e300"), "score", 1e299, true},
		{"tiny decimals compare", score.Greater("1e-300"), "score", json.Number("1e-299"), true},
		{"a column may hold more than a condition can say", score.Greater("1e300"), "score", json.Number("1e301"), true},
		{"a column that is not a number is empty", score.IsEmpty(), "score", math.NaN(), true},
		{"infinity is none either", score.Greater("0"), "score", math.Inf(1), false},
		{"zero is not empty", staff.IsEmpty(), "staff_count", int64(0), false},
		{"nothing is empty", staff.IsEmpty(), "staff_count", nil, true},
		{"nothing is not less", staff.Less(5), "staff_count", nil, false},
		{"nor more", staff.AtLeast(math.MinInt64), "staff_count", nil, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, matches(t, test.expr, holding(test.column, test.value)))
		})
	}
}

func TestMatchComparesInstants(t *testing.T) {
	t.Parallel()

	signed := filter.Time("signed_at")
	asked := func(operator filter.Operator, values ...any) filter.Expr {
		return filter.Condition{Field: "signed_at", Operator: operator, Values: values}
	}
	newYork, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	// On this morning the clocks of New York went back: 01:30 came twice.
	first := time.Date(2026, time.November, 1, 5, 30, 0, 0, time.UTC).In(newYork)
	second := first.Add(time.Hour)
	require.Equal(t, "01:30", first.Format("15:04"))
	require.Equal(t, "01:30", second.Format("15:04"))
	tests := []struct {
		name string
		expr filter.Expr
		held any
		want bool
	}{
		{"earlier is before", signed.Before(now), now.Add(-time.Microsecond), true},
		{"the same instant is not before", signed.Before(now), now, false},
		{"later is after", signed.After(now), now.Add(time.Microsecond), true},
		{"the same instant is not after", signed.After(now), now, false},
		{"the same instant is at least", signed.AtLeast(now), now, true},
		{"the same instant is at most", signed.AtMost(now), now, true},
		{"after says what > says", asked(filter.Greater, "2026-11-02"), instant("2026-11-02T00:00:01Z"), true},
		{"before says what < says", asked(filter.Less, "2026-11-02"), instant("2026-11-02T00:00:00Z"), false},
		{"between includes both ends", signed.Between(now, now), now, true},
		{"but not a microsecond more", signed.Between(now, now), now.Add(time.Microsecond), false},
		{"digits beyond the microsecond are dropped", signed.AtMost(now.Add(999)), now.Add(500), true},
		{"on both sides", signed.After(now), now.Add(999), false},
		{"no time is empty", signed.IsEmpty(), nil, true},
		{"the zero time is none", signed.IsEmpty(), time.Time{}, true},
		{"no time is not before", signed.Before(now), nil, false},

		{"one instant has many zones", asked(filter.AtLeast, "2026-11-02T10:04:05-05:00"), now, true},
		{"and is no later in another", asked(filter.After, "2026-11-02T10:04:05-05:00"), now, false},
		{"a zone ahead of Greenwich has the earlier instant", asked(filter.Before, "2026-11-02T15:04:05Z"), instant("2026-11-02T15:04:05+00:01"), true},
		{"a zone without an offset is Greenwich", asked(filter.AtMost, "2026-11-02T15:04:05-00:00"), now, true},
		{"a date begins at midnight in Greenwich", asked(filter.AtLeast, "2026-11-02"), instant("2026-11-02T00:00:00Z"), true},
		{"and not before", asked(filter.AtLeast, "2026-11-02"), instant("2026-11-01T23:59:59.999999Z"), false},
		{"a date ends a range at its beginning", asked(filter.Between, "2026-11-01", "2026-11-02"), instant("2026-11-02T00:00:01Z"), false},
		{"a leap day is a day", asked(filter.Between, "2024-02-29", "2024-03-01"), instant("2024-02-29T12:00:00Z"), true},
		{"it is after the day before", asked(filter.After, "2024-02-28T23:59:59Z"), instant("2024-02-29T00:00:00Z"), true},

		{"half past one comes twice when the clocks go back", signed.After(first), second, true},
		{"and either is itself, in whichever zone it is said", asked(filter.Between, "2026-11-01T01:30:00-04:00", "2026-11-01T05:30:00Z"), first, true},
		{"the other is not", asked(filter.Between, "2026-11-01T01:30:00-04:00", "2026-11-01T05:30:00Z"), second, false},
		{"before the clocks go forward an hour is skipped, no instant", asked(filter.Before, "2026-03-08T03:00:00-04:00"), instant("2026-03-08T01:59:59-05:00"), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, matches(t, test.expr, holding("signed_at", test.held)))
		})
	}

	t.Run("created_at is when the contact came in", func(t *testing.T) {
		t.Parallel()

		row := filter.Row{CreatedAt: now.In(newYork)}
		require.True(t, filter.Match(filter.Time("created_at").Between(now, now), row, now))
		require.False(t, filter.Match(filter.Time("created_at").IsNotEmpty(), filter.Row{}, now))
	})
}

func TestMatchWithinTheLastDays(t *testing.T) {
	t.Parallel()

	const day = 24 * time.Hour
	newYork, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	afterTheChange := time.Date(2026, time.November, 1, 12, 0, 0, 0, newYork)
	leap := instant("2024-03-01T12:00:00Z")
	tests := []struct {
		name string
		days int
		now  time.Time
		held time.Time
		want bool
	}{
		{"now is within a day", 1, now, now, true},
		{"exactly a day ago is within a day", 1, now, now.Add(-day), true},
		{"a microsecond more is not", 1, now, now.Add(-day - time.Microsecond), false},
		{"the future is not", 1, now, now.Add(time.Microsecond), false},
		{"digits beyond the microsecond are dropped", 1, now, now.Add(999), true},
		{"of now too", 1, now.Add(999), now.Add(-day), true},
		{"exactly 30 days ago is within 30 days", 30, now, now.Add(-30 * day), true},
		{"exactly 30 days ago is not within 29", 29, now, now.Add(-30 * day), false},
		{"a century ago is within a century", 36_525, now, now.Add(-36_525 * day), true},
		{"a microsecond more is too long ago", 36_525, now, now.Add(-36_525*day - time.Microsecond), false},
		{"a day is 24 hours, also when the clocks change", 1, afterTheChange, afterTheChange.Add(-day), true},
		{
			"so the same hour of the day before may be too long ago", 1,
			afterTheChange, time.Date(2026, time.October, 31, 12, 0, 0, 0, newYork), false,
		},
		{"a leap day is a day", 1, leap, instant("2024-02-29T12:00:00Z"), true},
		{"two days before is the 28th", 1, leap, instant("2024-02-28T12:00:00Z"), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			expr := resolved(t, filter.Time("signed_at").WithinLastDays(test.days))
			require.Equal(t, test.want, filter.Match(expr, holding("signed_at", test.held), test.now))
			require.Equal(t, test.want, filter.Match(expr, holding("signed_at", test.held.In(newYork)), test.now.In(newYork)), "in any zone")
		})
	}
}

func TestMatchOverlapsRanges(t *testing.T) {
	t.Parallel()

	revenue := filter.Decimal("annual_revenue")
	earns := func(from, to any) filter.Row {
		return filter.Row{Columns: map[string]any{"annual_revenue_min": from, "annual_revenue_max": to}}
	}
	some, more, less, unknown := earns(100, 500), earns(100, nil), earns(nil, 500), earns(nil, nil)
	tests := []struct {
		name string
		expr filter.Expr
		row  filter.Row
		want bool
	}{
		{"a range within the range", revenue.Between("200", "300"), some, true},
		{"a range around the range", revenue.Between("0", "1000"), some, true},
		{"a range that begins within it", revenue.Between("400", "900"), some, true},
		{"a range that ends within it", revenue.Between("0", "200"), some, true},
		{"a range that begins where it ends", revenue.Between("500", "900"), some, true},
		{"a range that ends where it begins", revenue.Between("0", "100"), some, true},
		{"a range beyond it", revenue.Between("501", "900"), some, false},
		{"a range before it", revenue.Between("0", "99"), some, false},
		{"a number within it", revenue.Equals("250"), some, true},
		{"a number at its end", revenue.Equals("500"), some, true},
		{"a number beyond it", revenue.Equals("501"), some, false},
		{"a number that it does not have", revenue.NotEquals("501"), some, true},
		{"a number that it has", revenue.NotEquals("250"), some, false},
		{"more than its middle", revenue.Greater("450"), some, true},
		{"more than its end", revenue.Greater("500"), some, false},
		{"at least its end", revenue.AtLeast("500"), some, true},
		{"less than a little more than its beginning", revenue.Less("101"), some, true},
		{"less than its beginning", revenue.Less("100"), some, false},
		{"at most its beginning", revenue.AtMost("100"), some, true},
		{"it is not empty", revenue.IsEmpty(), some, false},

		{"an open end reaches as far as can be", revenue.Between("1e200", "1e300"), more, true},
		{"but not before its beginning", revenue.Between("0", "99"), more, false},
		{"it is more than anything", revenue.Greater("1e300"), more, true},
		{"and less than what is beyond its beginning", revenue.Less("101"), more, true},
		{"not less than its beginning", revenue.Less("100"), more, false},
		{"an open beginning reaches as far back as can be", revenue.AtMost("-1e300"), less, true},
		{"but not beyond its end", revenue.Greater("500"), less, false},
		{"a number below it is in it", revenue.Equals("-5"), less, true},
		{"half a range is not empty", revenue.IsNotEmpty(), less, true},
		{"nor is the other half", revenue.IsNotEmpty(), more, true},

		{"neither end is no range", revenue.IsEmpty(), unknown, true},
		{"which is between nothing", revenue.Between("-1e300", "1e300"), unknown, false},
		{"more than nothing", revenue.Greater("-1e300"), unknown, false},
		{"less than nothing", revenue.Less("1e300"), unknown, false},
		{"and equal to nothing", revenue.NotEquals("250"), unknown, true},

		{"a range backwards has nothing between its ends", revenue.Between("200", "300"), earns(500, 100), false},
		{"nor one number", revenue.Equals("250"), earns(500, 100), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, matches(t, test.expr, test.row))
			require.Equal(t, !test.want, matches(t, filter.Not(test.expr), test.row), "NOT turns it around")
		})
	}

	t.Run("a range of times overlaps too", func(t *testing.T) {
		t.Parallel()

		contract := filter.Time("contract")
		row := filter.Row{Columns: map[string]any{"contract_from": now, "contract_to": now.Add(time.Hour)}}
		require.True(t, matches(t, contract.Before(now.Add(time.Minute)), row))
		require.False(t, matches(t, contract.Before(now), row))
		require.True(t, matches(t, contract.After(now.Add(time.Minute)), row))
		require.False(t, matches(t, contract.After(now.Add(time.Hour)), row))
		require.True(t, matches(t, contract.Between(now.Add(time.Hour), now.Add(2*time.Hour)), row))
	})
	t.Run("a range of attributes overlaps too", func(t *testing.T) {
		t.Parallel()

		age := filter.Int("age")
		require.True(t, matches(t, age.Between(30, 40), imported(`{"age_min": 35, "age_max": "50"}`)))
		require.False(t, matches(t, age.Between(30, 34), imported(`{"age_min": 35, "age_max": 50}`)))
		require.True(t, matches(t, age.Greater(90), imported(`{"age_min": 35, "age_max": "old"}`)), "an end of another type is open")
		require.True(t, matches(t, age.IsEmpty(), imported(`{"age_min": true, "age_max": null}`)))
	})
	t.Run("a range is not asked for lists or days", func(t *testing.T) {
		t.Parallel()

		for field, operator := range map[string]filter.Operator{"annual_revenue": filter.In, "age": filter.NotIn, "contract": filter.WithinLastDays} {
			expr := filter.Condition{Field: field, Operator: operator, Values: []any{json.Number("1")}}
			require.ErrorContains(t, filter.Check(expr, host), "has no operator")
		}
	})
}
