package bloom_test

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/store/sqlite"
	"github.com/outdial/outdial/suppression"
	"github.com/outdial/outdial/suppression/bloom"
)

// A service asks the filter first, and the database only about those that may be on the
// list.
func ExampleCache() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	store, err := sqlite.Open(ctx, sqlite.Memory)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()
	if err := store.Migrate(ctx); err != nil {
		fmt.Println(err)
		return
	}

	// With several processes, Config.Redis spares those that start reading the list.
	filter := bloom.New(store, bloom.Config{})
	if err := filter.Refresh(ctx); err != nil {
		fmt.Println(err)
		return
	}
	stopped := make(chan error, 1)
	go func() { stopped <- filter.Run(ctx) }()

	service := suppression.New(store, suppression.Config{Filter: filter, Wake: []suppression.Waker{filter}})
	manager := outdial.Actor{
		ID:     uuid.MustParse("0190c6f4-0000-7000-8000-00000000000a"),
		Role:   outdial.RoleManager,
		Scopes: []outdial.Scope{outdial.ScopeSuppressionWrite},
	}
	bette := suppression.NewPhone("+15046218927")
	if _, err := service.Add(ctx, manager, bette); err != nil {
		fmt.Println(err)
		return
	}
	listed, err := service.CheckMany(ctx, manager, suppression.CheckManyRequest{Targets: []suppression.Target{
		suppression.PhoneTarget("+15048451427"), bette.Target(), suppression.PhoneTarget("+15048082943"),
	}})
	fmt.Println(listed, err)

	cancel()
	fmt.Println(<-stopped)
	// Output:
	// [1] <nil>
	// <nil>
}
