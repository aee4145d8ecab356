package filter_test

import (
	"fmt"
	"time"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/filter"
)

func ExampleParse() {
	expr, err := filter.Parse([]byte(`{"logic": "AND", "conditions": [
		{"field": "region", "operator": "in", "value": ["LA", "TX"]},
		{"logic": "NOT", "conditions": [{"field": "timezone", "operator": "is_empty"}]}
	]}`))
	fmt.Println(err, filter.Check(expr, nil))

	expr, _ = filter.Parse([]byte(`{"field": "shoe_size", "operator": "equals", "value": 42}`))
	fmt.Println(filter.Check(expr, nil))
	// Output:
	// <nil> <nil>
	// filters.shoe_size: is not a field that can be filtered on
}

func ExampleAnd() {
	expr := filter.And(filter.Text("first_name").Contains("B"), filter.Int("staff_count").Between(50, 500))
	fmt.Println(string(filter.Describe(expr)))
	// Output:
	// {"logic":"AND","conditions":[{"field":"first_name","operator":"contains","value":"B"},{"field":"staff_count","operator":"between","value":[50,500]}]}
}

func ExampleNewFields() {
	fields, err := filter.NewFields(
		filter.Column("staff_count", filter.TypeInt),
		filter.Column("tier", filter.TypeEnum).OneOf("gold", "silver"),
		filter.ColumnRange("annual_revenue", "annual_revenue_min", "annual_revenue_max", filter.TypeDecimal),
	)
	fmt.Println(err)
	fmt.Println(filter.Check(filter.Int("staff_count").AtLeast(50), fields))
	fmt.Println(filter.Check(filter.Enum("tier").Equals("bronze"), fields))
	// Output:
	// <nil>
	// <nil>
	// filters.tier: must be one of gold, silver
}

func ExampleMatch() {
	fields, err := filter.NewFields(filter.Column("staff_count", filter.TypeInt))
	if err != nil {
		fmt.Println(err)
		return
	}
	expr, err := filter.Resolve(filter.Or(filter.Text("first_name").StartsWith("be"), filter.Int("staff_count").Greater(100)), fields)
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, time.November, 2, 15, 4, 5, 0, time.UTC)
	bette := filter.Row{Contact: outdial.Contact{FirstName: "Bette"}}
	james := filter.Row{Contact: outdial.Contact{FirstName: "James"}, Columns: map[string]any{"staff_count": 12}}
	fmt.Println(filter.Match(expr, bette, now), filter.Match(expr, james, now))
	// Output:
	// true false
}

func ExampleCompile() {
	// An engine has many more templates; see TemplateNames.
	engine := filter.Dialect{
		Templates: map[string]string{
			"filter_column_text": `c."{{column}}"`,
			"filter_matches":     "{{x}} GLOB {{value}}",
		},
		Pattern: filter.GlobPattern,
	}
	expr := filter.Not(filter.Text("first_name").Contains("B"))
	fragment, err := filter.Compile(expr, engine, time.Now())
	fmt.Println(fragment.SQL, err)
	fmt.Println(fragment.Args["filter_0"])
	// Output:
	// (c."first_name" GLOB :filter_0) IS NOT TRUE <nil>
	// *[Bb]*
}
