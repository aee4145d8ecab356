package suppression_test

import (
	"fmt"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

func ExampleNewEmail() {
	email, err := outdial.ParseEmail("JButt@Gmail.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	entry := suppression.NewEmail(email)
	fmt.Println(entry.Kind, entry.Key)
	// Output:
	// email jbutt@gmail.com
}
