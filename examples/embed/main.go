// Command embed is the smallest host: a database, a campaign with two contacts,
// and an agent who sets their queue and takes the first of them.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/store"
	"github.com/outdial/outdial/store/sqlite"
)

const list = "first_name,phone,priority\nBea,504-621-8927,1\nAbel,810-292-9388,2\n"

func main() {
	ctx := context.Background()
	st, err := sqlite.Open(ctx, sqlite.Memory) // or postgres.New over the host's own pool
	if err == nil {
		err = st.Migrate(ctx)
	}
	if err == nil {
		err = work(ctx, st, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func work(ctx context.Context, st store.Store, out io.Writer) error {
	imported, err := intake.New(st, intake.Config{}).Import(ctx, outdial.System(),
		intake.ImportRequest{CampaignName: "Spring", Source: strings.NewReader(list)})
	if err != nil {
		return err
	}
	queues := queue.New(st, queue.Config{Flags: outdial.StaticFlags{outdial.FlagQueueReplace: true}})
	agent := outdial.Actor{ID: uuid.New(), Role: outdial.RoleAgent, Scopes: outdial.Scopes()}
	set, err := queues.Replace(ctx, agent, queue.ReplaceRequest{CampaignID: imported.CampaignID, AgentID: agent.ID})
	if err != nil {
		return err
	}
	item, err := queues.Pull(ctx, agent, queue.PullRequest{CampaignID: imported.CampaignID})
	if err != nil || item == nil {
		return err // without an item: there is nothing to call
	}
	_, err = fmt.Fprintf(out, "%d in the queue, call %s at %s\n", set.Assigned, item.Contact.FirstName, item.Contact.Phone.E164())
	return err
}
