package suppression_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

func TestExportWritesEveryEntryOnceHoweverManyThereAre(t *testing.T) {
	t.Parallel()
	c := setup(t)
	// More than a page, and in two steps, so that their ids are not all of one moment.
	const page, entries = 5000, 5003
	var want []string
	for _, part := range [][2]int{{0, 2000}, {2000, entries}} {
		var some []suppression.Entry
		for n := part[0]; n < part[1]; n++ {
			phone := outdial.Phone(fmt.Sprintf("+1504%07d", 2_000_000+n))
			some = append(some, suppression.NewPhone(phone))
			want = append(want, phone.E164())
		}
		_, err := c.service.Add(t.Context(), manager(), some...)
		require.NoError(t, err)
		c.clock.Add(time.Second)
	}
	var file strings.Builder
	result, err := c.service.Export(t.Context(), manager(), suppression.ExportRequest{Writer: &file})
	require.NoError(t, err)
	require.Greater(t, result.Entries, int64(page))
	require.EqualValues(t, entries, result.Entries)
	var got []string
	for line := range strings.Lines(file.String()) {
		got = append(got, strings.Split(line, ",")[1])
	}
	require.Equal(t, "value", got[0])
	slices.Sort(got[1:])
	require.Equal(t, want, got[1:])
}
