package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// ItemRow is an item with its contact, as the fragment item_columns selects it.
type ItemRow struct {
	ID              uuid.UUID     `db:"id"`
	CampaignID      uuid.UUID     `db:"campaign_id"`
	AgentID         uuid.NullUUID `db:"agent_id"`
	ContactID       uuid.UUID     `db:"contact_id"`
	State           string        `db:"queue_state"`
	Priority        int           `db:"priority"`
	Pooled          bool          `db:"pooled"`
	ScheduledFor    instant       `db:"scheduled_for"`
	QueuedAt        instant       `db:"queued_at"`
	ReleasedAt      instant       `db:"released_at"`
	LockedAt        instant       `db:"locked_at"`
	LockExpiresAt   instant       `db:"lock_expires_at"`
	LockVersion     int           `db:"lock_version"`
	Attempts        int           `db:"attempts"`
	FailReason      string        `db:"fail_reason"`
	LaunchID        uuid.NullUUID `db:"launch_id"`
	CallbackAt      instant       `db:"callback_at"`
	CallbackAgentID uuid.NullUUID `db:"callback_agent_id"`
	EnqueuedBy      string        `db:"enqueued_by"`
	EnqueuedReason  string        `db:"enqueued_reason"`

	AccountID   uuid.NullUUID `db:"contact_account_id"`
	FirstName   string        `db:"contact_first_name"`
	LastName    string        `db:"contact_last_name"`
	Company     string        `db:"contact_company"`
	Phone       string        `db:"contact_phone"`
	PhoneStatus string        `db:"contact_phone_status"`
	Email       string        `db:"contact_email"`
	Country     string        `db:"contact_country"`
	Region      string        `db:"contact_region"`
	PostalCode  string        `db:"contact_postal_code"`
	Timezone    string        `db:"contact_timezone"`
	IsValid     bool          `db:"contact_is_valid"`
	IsOptedOut  bool          `db:"contact_is_opted_out"`
	// Attributes is text and not bytes, which a driver may take back.
	Attributes sql.NullString `db:"contact_attributes"`
}

// Item returns the row in the words of the queue.
func (r ItemRow) Item() queue.Item {
	var attributes json.RawMessage
	if r.Attributes.Valid {
		attributes = json.RawMessage(r.Attributes.String)
	}
	return queue.Item{
		ID:            r.ID,
		CampaignID:    r.CampaignID,
		AgentID:       r.AgentID.UUID,
		ContactID:     r.ContactID,
		State:         queue.State(r.State),
		Priority:      r.Priority,
		Pooled:        r.Pooled,
		ScheduledFor:  r.ScheduledFor.Time,
		QueuedAt:      r.QueuedAt.Time,
		ReleasedAt:    r.ReleasedAt.Time,
		LockedAt:      r.LockedAt.Time,
		LockExpiresAt: r.LockExpiresAt.Time,
		LockVersion:   r.LockVersion,
		Attempts:      r.Attempts,
		FailReason:    r.FailReason,
		LaunchID:      r.LaunchID.UUID,
		CallbackAt:    r.CallbackAt.Time, CallbackAgentID: r.CallbackAgentID.UUID,
		Provenance: outdial.Provenance{By: r.EnqueuedBy, Reason: outdial.Reason(r.EnqueuedReason)},
		Contact: outdial.Contact{
			ID:          r.ContactID,
			AccountID:   r.AccountID.UUID,
			FirstName:   r.FirstName,
			LastName:    r.LastName,
			Company:     r.Company,
			Phone:       outdial.Phone(r.Phone),
			PhoneStatus: outdial.PhoneStatus(r.PhoneStatus),
			Email:       outdial.Email(r.Email),
			Country:     r.Country,
			Region:      r.Region,
			PostalCode:  r.PostalCode,
			Timezone:    r.Timezone,
			Invalid:     !r.IsValid,
			OptedOut:    r.IsOptedOut,
			Attributes:  attributes,
		},
	}
}

// moves names the statement of each move that one agent makes on one item.
var moves = map[queue.Move]string{
	queue.MoveStart:     "move_start",
	queue.MoveHeartbeat: "move_heartbeat",
	queue.MoveGiveBack:  "move_give_back",
}

// MoveItem implements queue.Store.
func (s *Store) MoveItem(ctx context.Context, p queue.MoveParams) (queue.MoveResult, error) {
	statement, ok := moves[p.Move]
	if !ok {
		return queue.MoveResult{}, outdial.Invalid("move", fmt.Sprintf("%q is not a move of one item", p.Move))
	}
	args := Args{
		"campaign_id": p.CampaignID, "item_id": p.ItemID, "lock_version": p.LockVersion,
		"agent_id": p.AgentID, "any_agent": p.AgentID == uuid.Nil,
		"lock_expires_at": s.at(p.Now.Add(p.LockFor)),
	}
	var row ItemRow
	err := s.Write(ctx, func(c *Conn) error {
		moved, err := c.Exec(ctx, statement, args)
		if err != nil {
			return err
		}
		row = ItemRow{}
		switch err := c.Get(ctx, &row, "get_item", args); {
		case errors.Is(err, sql.ErrNoRows):
			return noItem()
		case err != nil:
			return err
		case moved == 0:
			return refusedMove(row.Item(), p)
		}
		return nil
	})
	if err != nil {
		return queue.MoveResult{}, err
	}
	return queue.MoveResult{Item: row.Item()}, nil
}

// refusedMove says why a move did not happen, from what the item is now.
func refusedMove(item queue.Item, p queue.MoveParams) error {
	switch {
	case item.LockVersion != p.LockVersion:
		return outdial.Conflict(fmt.Sprintf("lock_version is %d by now", item.LockVersion))
	case p.AgentID != uuid.Nil && item.AgentID != uuid.Nil && item.AgentID != p.AgentID:
		return outdial.Forbidden("another agent holds the item")
	case p.Move == queue.MoveStart && item.State == queue.StateLocked:
		return outdial.Conflict("the contact's phone is in a call of the power queue")
	default:
		return outdial.Conflict(fmt.Sprintf("%s is not possible while the item is %s", p.Move, item.State))
	}
}

// ListItems implements queue.Store.
func (s *Store) ListItems(ctx context.Context, p queue.ListParams) (queue.ListResult, error) {
	var rows []ItemRow
	err := s.reader().Select(ctx, &rows, "list_items", Args{
		"campaign_id": p.CampaignID, "after": p.After,
		"agent_id": p.AgentID, "any_agent": p.AgentID == uuid.Nil,
		"state": string(p.State), "any_state": p.State == "",
		"limit": p.Limit + 1,
	})
	if err != nil {
		return queue.ListResult{}, err
	}
	result := queue.ListResult{More: len(rows) > p.Limit}
	if result.More {
		rows = rows[:p.Limit]
	}
	for _, row := range rows {
		result.Items = append(result.Items, row.Item())
	}
	return result, nil
}

// QueueStats implements queue.Store.
func (s *Store) QueueStats(ctx context.Context, p queue.StatsParams) (queue.StatsResult, error) {
	var rows []struct {
		AgentID uuid.NullUUID `db:"agent_id"`
		State   string        `db:"queue_state"`
		Items   int           `db:"items"`
	}
	c := s.reader()
	if err := c.Select(ctx, &rows, "queue_stats", Args{"campaign_id": p.CampaignID}); err != nil {
		return queue.StatsResult{}, err
	}
	if len(rows) == 0 {
		if err := s.RequireCampaign(ctx, c, p.CampaignID); err != nil {
			return queue.StatsResult{}, err
		}
	}
	result := queue.StatsResult{States: zeroStates()}
	agents := map[uuid.UUID]map[queue.State]int{}
	for _, row := range rows {
		state := queue.State(row.State)
		result.States[state] += row.Items
		if agents[row.AgentID.UUID] == nil {
			agents[row.AgentID.UUID] = zeroStates()
		}
		agents[row.AgentID.UUID][state] += row.Items
	}
	for agentID, states := range agents {
		result.Agents = append(result.Agents, queue.AgentStats{AgentID: agentID, States: states})
	}
	slices.SortFunc(result.Agents, func(a, b queue.AgentStats) int {
		return strings.Compare(a.AgentID.String(), b.AgentID.String())
	})
	return result, nil
}

func zeroStates() map[queue.State]int {
	states := make(map[queue.State]int, len(queue.States()))
	for _, state := range queue.States() {
		states[state] = 0
	}
	return states
}
