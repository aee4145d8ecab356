package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/disposition"
)

// RecordRow is a disposition, as the fragment disposition_columns selects it, with what
// only corrections and repeated requests need.
type RecordRow struct {
	ID           uuid.UUID      `db:"id"`
	CampaignID   uuid.UUID      `db:"campaign_id"`
	ContactID    uuid.UUID      `db:"contact_id"`
	Queue        string         `db:"queue"`
	ItemID       uuid.UUID      `db:"item_id"`
	LockVersion  int            `db:"lock_version"`
	ItemVersion  int            `db:"item_version"`
	CallID       uuid.NullUUID  `db:"call_id"`
	AgentID      uuid.NullUUID  `db:"agent_id"`
	ActorID      uuid.UUID      `db:"actor_id"`
	Code         string         `db:"code"`
	Effect       string         `db:"effect"`
	Attempt      int            `db:"attempt"`
	CallbackAt   instant        `db:"callback_at"`
	Metadata     sql.NullString `db:"metadata"`
	Supersedes   uuid.NullUUID  `db:"supersedes"`
	SupersededBy uuid.NullUUID  `db:"superseded_by"`
	RecordedAt   instant        `db:"recorded_at"`
	Before       string         `db:"before"`
	Fingerprint  string         `db:"fingerprint"`
	Response     string         `db:"response"`
}

// Record returns the row in the words of package disposition.
func (r RecordRow) Record() disposition.Record {
	var metadata json.RawMessage
	if r.Metadata.Valid {
		metadata = json.RawMessage(r.Metadata.String)
	}
	return disposition.Record{
		ID: r.ID, CampaignID: r.CampaignID, Queue: disposition.Queue(r.Queue), ItemID: r.ItemID,
		LockVersion: r.LockVersion, ItemVersion: r.ItemVersion, ContactID: r.ContactID,
		CallID: r.CallID.UUID, AgentID: r.AgentID.UUID, ActorID: r.ActorID,
		Code: disposition.Code(r.Code), Effect: disposition.Effect(r.Effect), Attempt: r.Attempt,
		CallbackAt: r.CallbackAt.Time, Metadata: metadata,
		Supersedes: r.Supersedes.UUID, SupersededBy: r.SupersededBy.UUID, RecordedAt: r.RecordedAt.Time,
	}
}

// result is what the request that made the row was answered.
func (r RecordRow) result() (disposition.Result, error) {
	var result disposition.Result
	if err := json.Unmarshal([]byte(r.Response), &result); err != nil {
		return disposition.Result{}, fmt.Errorf("decode a disposition's result: %w", err)
	}
	return result, nil
}

// RecordDisposition implements disposition.Store.
func (s *Store) RecordDisposition(ctx context.Context, p disposition.RecordParams) (disposition.Result, error) {
	return Once(ctx, s, p.Idempotency, p.Now, func(c *Conn) (disposition.Result, error) {
		r := &recording{store: s, c: c, p: p}
		return r.run(ctx)
	})
}

// run locks what the disposition is about, in one order for everybody: the campaign, if
// somebody may be queued; those who have the number; the item.
func (r *recording) run(ctx context.Context) (disposition.Result, error) {
	if err := r.find(ctx); err != nil {
		return disposition.Result{}, err
	}
	if r.mayQueue() {
		if err := r.store.LockCampaign(ctx, r.c, r.p.CampaignID, r.p.Now); err != nil {
			return disposition.Result{}, err
		}
	}
	if err := r.lockNumber(ctx); err != nil {
		return disposition.Result{}, err
	}
	if err := r.lock(ctx); err != nil {
		return disposition.Result{}, err
	}
	earlier, found, err := r.recorded(ctx)
	if err != nil {
		return disposition.Result{}, err
	}
	if found {
		return r.repeat(earlier)
	}
	if r.p.Supersedes != uuid.Nil {
		err = r.correct(ctx)
	} else {
		err = r.check()
	}
	if err != nil {
		return disposition.Result{}, err
	}
	if err := r.decide(ctx); err != nil {
		return disposition.Result{}, err
	}
	if err := r.apply(ctx); err != nil {
		return disposition.Result{}, err
	}
	return r.result, r.keep(ctx)
}

// recorded returns what was recorded for this version of the item.
func (r *recording) recorded(ctx context.Context) (row RecordRow, found bool, err error) {
	return getRow[RecordRow](ctx, r.c, "get_recorded", Args{
		"campaign_id": r.p.CampaignID, "item_id": r.p.ItemID, "lock_version": r.p.LockVersion,
	})
}

// repeat answers a request for a version of the item that was disposed of before.
func (r *recording) repeat(earlier RecordRow) (disposition.Result, error) {
	switch {
	case r.p.AgentID != uuid.Nil && earlier.AgentID.UUID != r.p.AgentID:
		return disposition.Result{}, outdial.Forbidden("another agent has the item")
	case earlier.Fingerprint != r.p.Fingerprint:
		return disposition.Result{}, outdial.Conflict("another disposition was recorded for it; say which one this supersedes")
	}
	return earlier.result()
}

// keep writes the disposition, with what a repeated request is answered, and its audit
// entry.
func (r *recording) keep(ctx context.Context) error {
	before, err := EncodeJSON(r.before)
	if err != nil {
		return err
	}
	response, err := EncodeJSON(r.result)
	if err != nil {
		return err
	}
	if _, err := r.c.Exec(ctx, "add_disposition", Args{
		"id": r.result.ID, "campaign_id": r.p.CampaignID, "contact_id": r.contactID,
		"queue": string(r.queue), "item_id": r.p.ItemID, "lock_version": r.p.LockVersion,
		"item_version": r.result.LockVersion, "call_id": OptionalID(r.call.ID), "agent_id": OptionalID(r.agentID),
		"actor_id": r.p.ActorID, "code": string(r.p.Rule.Code), "effect": string(r.p.Rule.Effect),
		"outcome": optionalText(string(r.p.Rule.Outcome)), "attempt": r.tried.Number,
		"callback_at": r.store.at(r.p.CallbackAt), "metadata": optionalText(string(r.p.Metadata)),
		"supersedes": OptionalID(r.p.Supersedes), "before": before, "fingerprint": r.p.Fingerprint,
		"response": response, "now": r.store.at(r.p.Now),
	}); err != nil {
		return err
	}
	if r.p.Supersedes != uuid.Nil {
		if _, err := r.c.Exec(ctx, "supersede", Args{"id": r.result.ID, "supersedes": r.p.Supersedes}); err != nil {
			return err
		}
	}
	return r.store.AddAudit(ctx, r.c, outdial.AuditEntry{
		ActorID: r.p.ActorID, Action: outdial.ActionDispositionRecord,
		TargetType: "queue_item", TargetID: r.p.ItemID, CreatedAt: r.p.Now,
		Meta: map[string]any{
			"campaign_id": r.p.CampaignID, "contact_id": r.contactID, "disposition_id": r.result.ID,
			"disposition": r.p.Rule.Code, "effect": r.p.Rule.Effect, "queue": r.queue, "attempts": r.result.Attempts,
			"suppressed": r.result.Suppressed, "purged": r.result.Purged, "supersedes": r.result.Supersedes,
		},
	})
}

// ListDispositions implements disposition.Store.
func (s *Store) ListDispositions(ctx context.Context, p disposition.ListParams) (disposition.ListResult, error) {
	var rows []RecordRow
	err := s.reader().Select(ctx, &rows, "list_dispositions", Args{
		"campaign_id": p.CampaignID, "contact_id": p.ContactID, "any_contact": p.ContactID == uuid.Nil,
		"after": p.After, "limit": p.Limit + 1,
	})
	if err != nil {
		return disposition.ListResult{}, err
	}
	rows, more := page(rows, p.Limit)
	result := disposition.ListResult{More: more}
	for _, row := range rows {
		result.Records = append(result.Records, row.Record())
	}
	return result, nil
}

// ListLeads implements disposition.Store.
func (s *Store) ListLeads(ctx context.Context, p disposition.ListLeadsParams) (disposition.ListLeadsResult, error) {
	var rows []struct {
		ID            uuid.UUID     `db:"id"`
		CampaignID    uuid.UUID     `db:"campaign_id"`
		ContactID     uuid.UUID     `db:"contact_id"`
		DispositionID uuid.NullUUID `db:"disposition_id"`
		AgentID       uuid.NullUUID `db:"agent_id"`
		CreatedAt     instant       `db:"created_at"`
		WithdrawnAt   instant       `db:"withdrawn_at"`
	}
	err := s.reader().Select(ctx, &rows, "list_leads", Args{"campaign_id": p.CampaignID, "after": p.After, "limit": p.Limit + 1})
	if err != nil {
		return disposition.ListLeadsResult{}, err
	}
	rows, more := page(rows, p.Limit)
	result := disposition.ListLeadsResult{More: more}
	for _, row := range rows {
		result.Leads = append(result.Leads, disposition.Lead{
			ID: row.ID, CampaignID: row.CampaignID, ContactID: row.ContactID,
			DispositionID: row.DispositionID.UUID, AgentID: row.AgentID.UUID,
			CreatedAt: row.CreatedAt.Time, WithdrawnAt: row.WithdrawnAt.Time,
		})
	}
	return result, nil
}

// noItem is the error of an item that the campaign has not.
func noItem() error { return &outdial.NotFoundError{What: "queue_item", Field: "id"} }

func isNoRow(err error) bool { return errors.Is(err, sql.ErrNoRows) }
