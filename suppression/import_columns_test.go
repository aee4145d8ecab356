package suppression_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/suppression"
)

func TestImportReadsColumns(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file     string
		keys     []string
		rejected []suppression.LineProblem
	}{
		"every number and address of a line is an entry": {
			file: "Name,Mobile,Home Phone,E-mail\nAnn,504-621-8927,(504) 621-8928,Ann@Example.com\n",
			keys: []string{"+15046218927", "+15046218928", "ann@example.com"},
		},
		"numbered columns are columns too": {
			file: "phone1;Phone 2;Phone (other);email_3\n5046218927;5046218928;5046218929;ann@example.com\n",
			keys: []string{"+15046218927", "+15046218928", "+15046218929", "ann@example.com"},
		},
		"a bad value does not keep the others of its line out": {
			file:     "phone,mobile,email\n911,5046218928,ann@@example.com\n",
			keys:     []string{"+15046218928"},
			rejected: []suppression.LineProblem{{Line: 2, Problem: "is not a number of its country's numbering plan"}},
		},
		"the same number twice on a line is once": {
			file: "phone,mobile\n5046218927,+1 504 621 8927\n",
			keys: []string{"+15046218927"},
		},
		"a line that is about a number is no header": {
			file:     "Tel. 504 621 8926\n5046218927\n",
			keys:     []string{"+15046218927"},
			rejected: []suppression.LineProblem{{Line: 1, Problem: "contains letters"}},
		},
		"quotes around a value that stands alone": {
			file: "\"5046218927\"\n\"504,6218928\"\n\"ann@example.com\"\n",
			keys: []string{"+15046218927", "+15046218928", "ann@example.com"},
		},
		"a value that Add takes": {
			file:     "value\n+9990001\n+0990001\n",
			keys:     []string{"+9990001"},
			rejected: []suppression.LineProblem{{Line: 3, Problem: "is not a phone number"}},
		},
		"but spelt otherwise it is still the same number": {
			file: "value\n+4402079460018\n",
			keys: []string{"+442079460018"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := setup(t)
			report, err := c.service.Import(t.Context(), manager(), list(test.file))
			require.NoError(t, err)
			require.Equal(t, test.keys, c.keys(t))
			require.ElementsMatch(t, test.rejected, report.Problems)
			require.EqualValues(t, len(test.rejected), report.Rejected)
			require.NotContains(t, c.log.String(), "504621")
		})
	}
}
