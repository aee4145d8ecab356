package filter_test

import (
	"fmt"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
)

func ExampleParse() {
	expr, err := filter.Parse([]byte(`{"first_name_contains": "B"}`))
	fmt.Println(filter.Match(expr, outdial.Contact{FirstName: "Abel"}), err)
	fmt.Println(filter.Match(expr, outdial.Contact{FirstName: "James"}))

	_, err = filter.Parse([]byte(`{"shoe_size": 42}`))
	fmt.Println(err)
	// Output:
	// true <nil>
	// false
	// filters: unknown member "shoe_size"
}

func ExampleText() {
	expr := filter.Text("first_name").Contains("B")
	fmt.Println(string(filter.Describe(expr)))
	// Output:
	// {"first_name_contains":"B"}
}

func ExampleCompile() {
	fragment, err := filter.Compile(
		filter.Text("first_name").Contains("100%"),
		filter.Dialect{ContainsText: `%s ILIKE %s ESCAPE '\'`, Pattern: filter.LikePattern},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(fragment.SQL)
	fmt.Println(fragment.Args["filter_0"])
	// Output:
	// c.first_name ILIKE :filter_0 ESCAPE '\'
	// %100\%%
}
