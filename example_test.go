package outdial_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

func ExampleParsePhone() {
	phone, err := outdial.ParsePhone("(504) 621-8927", "US")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("dial", phone.E164())
	fmt.Println("log", phone)

	_, err = outdial.ParsePhone("504-621-8927 x12", "US")
	fmt.Println(err)
	// Output:
	// dial +15046218927
	// log ••••27
	// phone: contains letters
}

func ExampleParseEmail() {
	email, err := outdial.ParseEmail(" JButt@Gmail.com ")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("write to", email.Address())
	fmt.Println("match on", email.Key())
	fmt.Println("log", email)
	// Output:
	// write to JButt@Gmail.com
	// match on jbutt@gmail.com
	// log ••••@Gmail.com
}

func ExampleParseID() {
	_, err := outdial.ParseID("campaign_id", "spring")
	fmt.Println(err)
	// Output:
	// campaign_id: is not a UUID
}

func ExampleActor() {
	agent := outdial.Actor{
		ID:     uuid.MustParse("0190c6f4-5b1e-7c1d-9f4e-2f6d1c0a9b8e"),
		Role:   outdial.RoleAgent,
		Scopes: []outdial.Scope{outdial.ScopeQueuePull},
	}
	fmt.Println(agent.Require(outdial.ScopeQueuePull))
	fmt.Println(agent.Require(outdial.ScopeQueueWrite))
	fmt.Println(agent.RequireAgent(uuid.New()))
	// Output:
	// <nil>
	// forbidden: needs scope queue:write
	// forbidden: an agent acts on their own queue only
}

func ExampleParseScopes() {
	scopes, err := outdial.ParseScopes("queue:pull queue:write")
	fmt.Println(scopes, err)

	_, err = outdial.ParseScopes("queue:push")
	fmt.Println(err)
	// Output:
	// [queue:pull queue:write] <nil>
	// scope: "queue:push" is not a scope
}

// A host answers for its own flags with one method.
func ExampleFlags() {
	flags := outdial.Flags(internalUsersFirst{"7d9f2a34-0000-4000-8000-000000000001": true})

	insider := outdial.Actor{ID: uuid.MustParse("7d9f2a34-0000-4000-8000-000000000001")}
	fmt.Println(flags.Enabled(context.Background(), outdial.FlagQueueReplace, insider))
	fmt.Println(flags.Enabled(context.Background(), outdial.FlagQueueReplace, outdial.Actor{}))
	// Output:
	// true
	// false
}

type internalUsersFirst map[string]bool

func (f internalUsersFirst) Enabled(_ context.Context, flag outdial.Flag, actor outdial.Actor) bool {
	return flag == outdial.FlagQueueReplace && f[actor.ID.String()]
}

func ExampleFieldError() {
	err := fmt.Errorf("set queue: %w", outdial.Invalid("per_account_cap", "must not be negative"))

	if field, ok := errors.AsType[*outdial.FieldError](err); ok {
		fmt.Println("look at", field.Field)
	}
	fmt.Println(errors.Is(err, outdial.ErrInvalid))
	// Output:
	// look at per_account_cap
	// true
}

func ExampleRateLimitError() {
	var err error = &outdial.RateLimitError{Key: "actor", RetryAfter: 2 * time.Second}

	if limited, ok := errors.AsType[*outdial.RateLimitError](err); ok {
		fmt.Println("come back in", limited.RetryAfter)
	}
	// Output:
	// come back in 2s
}

func ExampleNewIdempotency() {
	actor := outdial.System()
	first, _ := outdial.NewIdempotency(actor, "monday", "queue.replace", map[string]int{"per_account_cap": 3})
	same, _ := outdial.NewIdempotency(actor, "monday", "queue.replace", map[string]int{"per_account_cap": 3})
	other, _ := outdial.NewIdempotency(actor, "monday", "queue.replace", map[string]int{"per_account_cap": 4})

	fmt.Println(first == same, first == other)
	// Output:
	// true false
}
