package intake_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/intake"
)

func Example() {
	file := strings.NewReader(`First Name,Last Name,Company,State,Zip,Phone 1,Phone 2,E-Mail
James,Butt,"Benton, John B Jr",LA,70116,504-621-8927,504-845-1427,jbutt@gmail.com
Josephine,Darakjy,Chanay,MI,48116,n/a,(810) 374-9840,
Art,Venere,Chemel,NJ,8014,unknown,,art@venere.org
`)
	store := newMemory() // a host brings one of the stores in package store

	svc := intake.New(store, intake.Config{
		Rejected: func(r intake.Rejection) { fmt.Println(r) },
	})
	result, err := svc.Import(context.Background(), outdial.System(), intake.ImportRequest{
		CampaignName: "Spring",
		Source:       file,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Imported, "imported,", result.Unchanged, "unchanged,", result.Rejected, "rejected")
	for _, c := range store.list() {
		fmt.Println(c.Contact.FirstName, c.Contact.Phone.E164())
	}

	// Output:
	// line 4: Phone 1: contains letters, and no other phone column holds a number
	// 2 imported, 0 unchanged, 1 rejected
	// James +15046218927
	// Josephine +18103749840
}
