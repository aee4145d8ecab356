package suppression_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/store/sqlite"
	"github.com/outdial/outdial/suppression"
)

func ExampleService_Import() {
	ctx := context.Background()
	st, err := sqlite.Open(ctx, sqlite.Memory)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer st.Close() //nolint:errcheck // it is in memory
	if err := st.Migrate(ctx); err != nil {
		fmt.Println(err)
		return
	}
	service := suppression.New(st, suppression.Config{})
	const file = "504,6218927\n810,3749840\nDo not call\n504,6218927\n"
	for range 2 {
		report, err := service.Import(ctx, outdial.System(), suppression.ImportRequest{
			Reader: strings.NewReader(file), List: "national registry", Version: "November",
			PublishedAt: time.Now().Add(-40 * 24 * time.Hour), Region: "US",
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(report.Lines, "lines:", report.Added, "added,", report.Unchanged, "unchanged,", report.Rejected, "rejected")
		fmt.Println(report.Problems, report.Warnings)
	}
	verdict, err := service.Check(ctx, outdial.System(), suppression.CheckRequest{Phone: "+15046218927"})
	fmt.Println(verdict.Suppressed, err)
	// Output:
	// 4 lines: 2 added, 1 unchanged, 1 rejected
	// [{3 contains letters}] [the list is 40 days old; 31 are allowed]
	// 4 lines: 2 added, 1 unchanged, 1 rejected
	// [] [the list is 40 days old; 31 are allowed]
	// true <nil>
}
