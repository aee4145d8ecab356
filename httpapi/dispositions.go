package httpapi

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/disposition"
)

// withDispositions says whether the routes of dispositions exist.
func withDispositions(cfg Config) bool { return cfg.Dispositions != nil }

// button is the JSON form of a disposition.Rule: what a front end needs to draw one.
type button struct {
	disposition.Rule

	NeedsCallbackAt bool     `json:"needs_callback_at"`
	Aliases         []string `json:"aliases"`
}

// listButtons answers GET /dispositions, on one page.
func (a *api) listButtons(*request) (reply, error) {
	known := a.cfg.Dispositions.Map()
	rules := known.Rules()
	body := list[button]{Items: make([]button, len(rules))}
	for i, rule := range rules {
		body.Items[i] = button{
			Rule:            rule,
			NeedsCallbackAt: rule.Effect == disposition.EffectCallback,
			Aliases:         append([]string{}, known.Aliases(rule.Code)...),
		}
	}
	return answer(body)
}

// recordDisposition answers POST /campaigns/{campaignId}/queue_items/{id}/disposition,
// for items of either queue.
func (a *api) recordDisposition(r *request) (reply, error) {
	itemID, err := outdial.ParseID("id", r.PathValue("id"))
	if err != nil {
		return reply{}, err
	}
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	req := disposition.Request{
		CampaignID:     r.campaignID,
		ItemID:         itemID,
		LockVersion:    body.version("lock_version"),
		Disposition:    body.text("disposition"),
		CallbackAt:     body.instant("callback_at"),
		CallbackFor:    disposition.Recipient(body.text("callback_for")),
		Metadata:       body.take("metadata"),
		Supersedes:     body.optionalID("supersedes"),
		IdempotencyKey: r.key,
	}
	if req.Disposition == "" {
		body.refuse("disposition", "is required")
	}
	if err := body.done(); err != nil {
		return reply{}, err
	}
	result, err := a.cfg.Dispositions.Record(r.Context(), r.actor, req)
	if err != nil {
		return reply{}, fmt.Errorf("record a disposition: %w", err)
	}
	return answer(result)
}

// disposed is the JSON form of a disposition.Record. Its names are the table's columns;
// what does not apply is null.
type disposed struct {
	ID           uuid.UUID          `json:"id"`
	CampaignID   uuid.UUID          `json:"campaign_id"`
	Queue        disposition.Queue  `json:"queue"`
	ItemID       uuid.UUID          `json:"item_id"`
	LockVersion  int                `json:"lock_version"`
	ItemVersion  int                `json:"item_version"`
	ContactID    uuid.UUID          `json:"contact_id"`
	CallID       *uuid.UUID         `json:"call_id"`
	AgentID      *uuid.UUID         `json:"agent_id"`
	ActorID      *uuid.UUID         `json:"actor_id"`
	Code         disposition.Code   `json:"disposition"`
	Effect       disposition.Effect `json:"effect"`
	Attempt      int                `json:"attempt"`
	CallbackAt   *time.Time         `json:"callback_at"`
	Metadata     json.RawMessage    `json:"metadata"`
	Supersedes   *uuid.UUID         `json:"supersedes"`
	SupersededBy *uuid.UUID         `json:"superseded_by"`
	RecordedAt   time.Time          `json:"recorded_at"`
}

func newDisposed(from disposition.Record) disposed {
	return disposed{
		ID:           from.ID,
		CampaignID:   from.CampaignID,
		Queue:        from.Queue,
		ItemID:       from.ItemID,
		LockVersion:  from.LockVersion,
		ItemVersion:  from.ItemVersion,
		ContactID:    from.ContactID,
		CallID:       idOrNull(from.CallID),
		AgentID:      idOrNull(from.AgentID),
		ActorID:      idOrNull(from.ActorID),
		Code:         from.Code,
		Effect:       from.Effect,
		Attempt:      from.Attempt,
		CallbackAt:   timeOrNull(from.CallbackAt),
		Metadata:     from.Metadata,
		Supersedes:   idOrNull(from.Supersedes),
		SupersededBy: idOrNull(from.SupersededBy),
		RecordedAt:   from.RecordedAt.UTC(),
	}
}

// listDispositions answers GET /campaigns/{campaignId}/dispositions.
func (a *api) listDispositions(r *request) (reply, error) {
	req, err := dispositionPage(r)
	if err != nil {
		return reply{}, err
	}
	if req.ContactID, err = r.queryID("contact_id"); err != nil {
		return reply{}, err
	}
	page, err := a.cfg.Dispositions.List(r.Context(), r.actor, req)
	if err != nil {
		return reply{}, fmt.Errorf("list the dispositions: %w", err)
	}
	body := list[disposed]{Items: make([]disposed, len(page.Records)), NextCursor: page.NextCursor}
	for i := range page.Records {
		body.Items[i] = newDisposed(page.Records[i])
	}
	return answer(body)
}

// lead is the JSON form of a disposition.Lead. Its names are the table's columns; what
// does not apply is null.
type lead struct {
	ID            uuid.UUID  `json:"id"`
	CampaignID    uuid.UUID  `json:"campaign_id"`
	ContactID     uuid.UUID  `json:"contact_id"`
	DispositionID uuid.UUID  `json:"disposition_id"`
	AgentID       *uuid.UUID `json:"agent_id"`
	CreatedAt     time.Time  `json:"created_at"`
	WithdrawnAt   *time.Time `json:"withdrawn_at"`
}

// listLeads answers GET /campaigns/{campaignId}/leads.
func (a *api) listLeads(r *request) (reply, error) {
	req, err := dispositionPage(r)
	if err != nil {
		return reply{}, err
	}
	page, err := a.cfg.Dispositions.Leads(r.Context(), r.actor, req)
	if err != nil {
		return reply{}, fmt.Errorf("list the leads: %w", err)
	}
	body := list[lead]{Items: make([]lead, len(page.Leads)), NextCursor: page.NextCursor}
	for i, from := range page.Leads {
		body.Items[i] = lead{
			ID: from.ID, CampaignID: from.CampaignID, ContactID: from.ContactID, DispositionID: from.DispositionID,
			AgentID: idOrNull(from.AgentID), CreatedAt: from.CreatedAt.UTC(), WithdrawnAt: timeOrNull(from.WithdrawnAt),
		}
	}
	return answer(body)
}

// dispositionPage reads which page of what was recorded in a campaign is asked for.
func dispositionPage(r *request) (disposition.ListRequest, error) {
	limit, err := r.queryLimit("limit", outdial.MaxPage)
	return disposition.ListRequest{
		CampaignID: r.campaignID,
		Cursor:     r.URL.Query().Get("cursor"),
		Limit:      limit,
	}, err
}
