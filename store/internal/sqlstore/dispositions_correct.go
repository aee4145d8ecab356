package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
)

// correct puts back what the disposition that is superseded did.
func (r *recording) correct(ctx context.Context) error {
	earlier, found, err := getRow[RecordRow](ctx, r.c, "lock_recorded", Args{
		"campaign_id": r.p.CampaignID, "item_id": r.p.ItemID, "supersedes": r.p.Supersedes,
	})
	if err != nil {
		return err
	}
	if !found {
		return &outdial.NotFoundError{What: "disposition", Field: "supersedes"}
	}
	if err := r.checkCorrection(earlier); err != nil {
		return err
	}
	r.before = before{}
	if err := json.Unmarshal([]byte(earlier.Before), &r.before); err != nil {
		return fmt.Errorf("decode what was before a disposition: %w", err)
	}
	result, err := earlier.result()
	if err != nil {
		return err
	}
	r.agentID, r.fixed = earlier.AgentID.UUID, r.before.Fixed
	r.tried.Number = earlier.Attempt
	if result.Purged > 0 {
		r.remain(disposition.RemainPurged)
	}
	return r.putBack(ctx, earlier, result)
}

func (r *recording) checkCorrection(earlier RecordRow) error {
	switch {
	case r.p.AgentID != uuid.Nil && earlier.AgentID.UUID != r.p.AgentID:
		return outdial.Forbidden("another agent recorded it")
	case earlier.SupersededBy.Valid:
		return outdial.Conflict("the disposition was superseded before")
	case r.version != r.p.LockVersion || r.version != earlier.ItemVersion:
		return outdial.Conflict(fmt.Sprintf("lock_version is %d by now", r.version))
	case r.p.Now.Sub(earlier.RecordedAt.Time) > r.p.CorrectWithin:
		return outdial.Conflict("it is too late to correct the disposition")
	}
	return nil
}

func (r *recording) putBack(ctx context.Context, earlier RecordRow, result disposition.Result) error {
	args := Args{
		"campaign_id": r.p.CampaignID, "contact_id": r.contactID, "disposition_id": earlier.ID,
		"actor_id": r.p.ActorID, "now": r.store.at(r.p.Now),
	}
	switch disposition.Effect(earlier.Effect) {
	case disposition.EffectSuppress:
		r.fixed, r.before.Fixed = true, true
		r.remain(disposition.RemainSuppression)
	case disposition.EffectInvalidate:
		return r.setPhoneStatus(ctx, outdial.PhoneInvalid, outdial.PhoneStatus(r.before.PhoneStatus))
	case disposition.EffectConvert:
		_, err := r.c.Exec(ctx, "withdraw_lead", args)
		return err
	case disposition.EffectCallback:
		if result.CallbackItemID == nil {
			return nil
		}
		args["item_id"] = *result.CallbackItemID
		withdrawn, err := r.c.Exec(ctx, "withdraw_callback", args)
		if err == nil && withdrawn == 0 {
			err = outdial.Conflict("somebody has taken the callback")
		}
		return err
	}
	return nil
}

// remain notes what cannot be put back, once.
func (r *recording) remain(what disposition.Remain) {
	if !slices.Contains(r.before.Remains, what) {
		r.before.Remains = append(r.before.Remains, what)
	}
}

// setPhoneStatus marks the number of everybody who has it.
func (r *recording) setPhoneStatus(ctx context.Context, from, to outdial.PhoneStatus) error {
	_, err := r.c.Exec(ctx, "set_phone_status", Args{
		"phone_key": r.phoneKey, "from": string(from), "any": from == "", "to": string(to),
	})
	return err
}

// queueable says whether the contact may be queued by this item: it is active already,
// or the contact is active nowhere else in the campaign.
func (r *recording) queueable(ctx context.Context, active bool) error {
	if active {
		return nil
	}
	others, err := r.activeElsewhere(ctx)
	if err == nil && others > 0 {
		err = outdial.Conflict("the contact was queued again meanwhile")
	}
	return err
}

// activeElsewhere counts the other items with which the contact is active in the
// campaign.
func (r *recording) activeElsewhere(ctx context.Context) (others int, err error) {
	err = r.c.Get(ctx, &others, "count_active", Args{
		"campaign_id": r.p.CampaignID, "contact_id": r.contactID, "item_id": r.p.ItemID,
	})
	return others, err
}

// active says whether the item holds its contact.
func (r *recording) active() bool {
	return r.state != string(queue.StateCompleted) && r.state != string(queue.StateFailed) && r.state != string(queue.StateReleased)
}
