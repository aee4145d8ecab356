package sqlite

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/store/internal/sqlstore"
)

// startPlan makes the temporary table of a plan, empty. It belongs to the
// connection and is no part of the database.
func startPlan(ctx context.Context, c *sqlstore.Conn) error {
	for _, statement := range []string{"create_plan", "clear_plan"} {
		if _, err := c.ExecText(ctx, statement, nil, sqlstore.Args{}); err != nil {
			return err
		}
	}
	return nil
}

// planCounts is what a plan comes to.
type planCounts struct {
	matched, kept, added, unchanged int
	skipped                         queue.Skips
}

func countPlan(ctx context.Context, c *sqlstore.Conn) (planCounts, error) {
	var rows []struct {
		Reason   string `db:"reason"`
		Contacts int    `db:"contacts"`
		Own      int    `db:"own"`
	}
	if err := c.Select(ctx, &rows, "plan_counts", sqlstore.Args{}); err != nil {
		return planCounts{}, err
	}
	counts := planCounts{skipped: queue.NewSkips()}
	for _, row := range rows {
		counts.matched += row.Contacts
		switch row.Reason {
		case "new":
			counts.added, counts.unchanged = row.Contacts, row.Own
		case "kept":
			counts.kept = row.Contacts
		default:
			counts.skipped[queue.SkipReason(row.Reason)] = row.Contacts
		}
	}
	return counts, nil
}

func addRowIDs(args sqlstore.Args) error {
	ids, err := sqlstore.NewRowIDs()
	if err != nil {
		return err
	}
	args["row_id_head"], args["row_id_tail"] = ids.Dashed()
	return nil
}

// withResult adds a result's counts to what an audit entry says of the request.
func withResult(meta map[string]any, result any) map[string]any {
	encoded, err := json.Marshal(result)
	if err != nil {
		return meta
	}
	counts := map[string]any{}
	if err := json.Unmarshal(encoded, &counts); err != nil {
		return meta
	}
	maps.Copy(meta, counts)
	return meta
}
