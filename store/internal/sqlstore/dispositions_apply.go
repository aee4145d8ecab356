package sqlstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/suppression"
)

// callbackPriority is that of a callback in the power queue: before everything that was
// queued with a priority of its own.
const callbackPriority = 1<<30 + 1

// decide counts the attempt and says what the disposition means for it.
func (r *recording) decide(ctx context.Context) error {
	if err := r.checkCallback(); err != nil {
		return err
	}
	correction := r.p.Supersedes != uuid.Nil
	now := r.p.Now.UTC().Truncate(time.Microsecond)
	r.tried.PlacedAt, r.tried.EndedAt = r.before.AttemptedAt, now
	r.result.Attempts = r.standing.Attempts
	switch {
	case r.queue == disposition.QueuePower:
		r.tried.Number, r.tried.PlacedAt = max(r.call.Attempt, 1), r.call.PlacedAt
	case !correction:
		counted, err := countContact(ctx, r.c, Args{
			"campaign_id": r.p.CampaignID, "contact_id": r.contactID, "by": 1, "now": r.store.at(r.p.Now),
		})
		if err != nil {
			return err
		}
		r.tried.Number, r.result.Attempts = counted, counted
	}
	policy, history, err := r.store.retrying(ctx, r.c, r.p.Policy, r.standing.PolicyRow, attempt{
		campaignID: r.p.CampaignID, contactID: r.contactID, callID: r.call.ID, itemID: r.p.ItemID,
		attemptedAt: r.before.AttemptedAt, supersedes: r.p.Supersedes, now: r.p.Now,
	})
	if err != nil {
		return err
	}
	r.tried.History = history
	r.decision = disposition.Decide(r.p.Rule, policy, r.tried, r.p.CallbackAt)
	if r.standing.Suppressed && r.decision.Step.Queues() {
		r.decision = disposition.Decision{Step: disposition.StepFail, FailReason: disposition.FailSuppressed}
	}
	return nil
}

func (r *recording) checkCallback() error {
	if r.p.Rule.Effect != disposition.EffectCallback {
		return nil
	}
	if err := disposition.CheckCallback(r.p.CallbackAt, r.p.Now); err != nil {
		return err
	}
	if !r.p.Open.Covers(r.standing.Timezone) {
		return &disposition.WindowClosedError{Zone: r.standing.Timezone}
	}
	return nil
}

// apply does what was decided.
func (r *recording) apply(ctx context.Context) error {
	id, err := outdial.NewID()
	if err != nil {
		return err
	}
	r.result.ID, r.result.Code, r.result.Effect = id, r.p.Rule.Code, r.p.Rule.Effect
	r.result.Queue, r.result.ItemID, r.result.Remains = r.queue, r.p.ItemID, r.before.Remains
	if r.p.Supersedes != uuid.Nil {
		r.result.Supersedes = &r.p.Supersedes
	}
	for _, step := range []func(context.Context) error{r.move, r.stand, r.aboutPhone, r.lead} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// move brings the item to where the decision says.
func (r *recording) move(ctx context.Context) error {
	r.result.State, r.result.LockVersion, r.result.FailReason = r.state, r.version, r.failReason
	switch {
	case r.fixed && r.queue == disposition.QueueAgent && r.p.Supersedes == uuid.Nil:
		_, err := r.c.Exec(ctx, "count_item_attempt", Args{"campaign_id": r.p.CampaignID, "item_id": r.p.ItemID})
		return err
	case r.fixed:
		return nil
	case r.queue == disposition.QueuePower:
		return r.moveCallItem(ctx)
	default:
		return r.moveItem(ctx)
	}
}

func (r *recording) moveItem(ctx context.Context) error {
	pooled, callbackFor, by := r.before.Pooled, uuid.Nil, 0
	var scheduledFor, callbackAt time.Time
	agentID := r.agentID
	switch r.decision.Step {
	case disposition.StepAgain:
		r.result.State, r.result.FailReason = string(queue.StateQueued), ""
		scheduledFor = r.decision.At
		// Who promised the callback and was there keeps the contact.
		pooled = pooled && (r.before.CallbackAgentID == uuid.Nil || r.before.CallbackAgentID != agentID)
	case disposition.StepCallback:
		r.result.State, r.result.FailReason = string(queue.StateQueued), ""
		scheduledFor, callbackAt, pooled = r.decision.At, r.decision.At, true
		callbackFor = r.callbackAgent()
	case disposition.StepComplete:
		r.result.State, r.result.FailReason = string(queue.StateCompleted), ""
		callbackFor = r.before.CallbackAgentID
	case disposition.StepFail:
		r.result.State, r.result.FailReason = string(queue.StateFailed), r.decision.FailReason
		callbackFor = r.before.CallbackAgentID
	}
	if r.result.State == string(queue.StateQueued) {
		if err := r.queueable(ctx, r.active()); err != nil {
			return err
		}
		if pooled {
			agentID = uuid.Nil
		}
	}
	if r.p.Supersedes == uuid.Nil {
		by = 1
	}
	r.result.LockVersion++
	return r.moved(r.c.Exec(ctx, "dispose_item", Args{
		"campaign_id": r.p.CampaignID, "item_id": r.p.ItemID, "item_version": r.version, "by": by,
		"state": r.result.State, "agent_id": OptionalID(agentID), "pooled": pooled,
		"scheduled_for": r.store.at(scheduledFor), "callback_at": r.store.at(callbackAt),
		"callback_agent_id": OptionalID(callbackFor), "fail_reason": optionalText(r.result.FailReason),
	}))
}

// callbackAgent is whom a callback waits for.
func (r *recording) callbackAgent() uuid.UUID {
	if r.p.CallbackFor == disposition.RecipientAnyone {
		return uuid.Nil
	}
	return r.agentID
}

// moveCallItem moves an item of the power queue. A callback that one agent promised is
// made by that agent, and so waits in the agent queue.
func (r *recording) moveCallItem(ctx context.Context) error {
	priority, personal := r.before.Priority, false
	var next time.Time
	r.result.FailReason = r.decision.FailReason
	switch r.decision.Step {
	case disposition.StepAgain:
		r.result.State, next = string(dialer.StateQueued), r.decision.At
	case disposition.StepCallback:
		personal = r.callbackAgent() != uuid.Nil
		r.result.State, next, priority = string(dialer.StateQueued), r.decision.At, callbackPriority
		if personal {
			r.result.State, next, priority = string(dialer.StateCompleted), time.Time{}, r.before.Priority
		}
	case disposition.StepComplete:
		r.result.State = string(dialer.StateCompleted)
	case disposition.StepFail:
		r.result.State = string(dialer.StateFailed)
	}
	if personal || r.result.State == string(dialer.StateQueued) {
		if err := r.queueable(ctx, r.active()); err != nil {
			return err
		}
	}
	r.result.LockVersion++
	if err := r.moved(r.c.Exec(ctx, "dispose_call_item", Args{
		"campaign_id": r.p.CampaignID, "item_id": r.p.ItemID, "item_version": r.version,
		"state": r.result.State, "next_attempt_at": r.store.at(next), "priority": priority,
		"fail_reason": optionalText(r.result.FailReason), "now": r.store.at(r.p.Now),
	})); err != nil || !personal {
		return err
	}
	return r.addCallback(ctx)
}

// moved is the error of an item that should have been moved under its lock.
func (r *recording) moved(changed int, err error) error {
	if err == nil && changed == 0 {
		return outdial.Conflict("the item has moved on")
	}
	return err
}

func (r *recording) addCallback(ctx context.Context) error {
	id, err := outdial.NewID()
	if err != nil {
		return err
	}
	r.result.CallbackItemID = &id
	_, err = r.c.Exec(ctx, "add_callback", Args{
		"id": id, "campaign_id": r.p.CampaignID, "contact_id": r.contactID, "priority": r.before.Priority,
		"callback_at": r.store.at(r.decision.At), "callback_agent_id": OptionalID(r.callbackAgent()),
		"actor_id": r.p.ActorID, "enqueued_by": r.p.ActorID.String(), "now": r.store.at(r.p.Now),
	})
	return err
}

// stand keeps in the contact's ledger what the decision means for the campaign.
func (r *recording) stand(ctx context.Context) error {
	next, finishedAt, reason := r.decision.At, r.before.FinishedAt, r.before.FinishReason
	if !next.IsZero() && !r.fixed {
		at := next.UTC().Truncate(time.Microsecond)
		r.result.NextAttemptAt = &at
	}
	if r.fixed {
		// The item waits for nothing, and what holds for the contact by now stands.
		next, finishedAt, reason = r.standing.NextAttemptAt.Time, r.standing.FinishedAt.Time, r.standing.FinishReason
	}
	finishes, err := r.finishes(ctx, reason)
	if err != nil {
		return err
	}
	if finishes {
		finishedAt, reason = r.p.Now, r.decision.FinishReason
	}
	r.result.FinishReason = reason
	_, err = r.c.Exec(ctx, "set_standing", Args{
		"campaign_id": r.p.CampaignID, "contact_id": r.contactID, "next_attempt_at": r.store.at(next),
		"finished_at": r.store.at(finishedAt), "finish_reason": optionalText(reason),
	})
	return err
}

// finishes says whether the campaign is done with the contact. What is late about an
// item that a purge took does not finish somebody who has been queued again since,
// unless they must never be called.
func (r *recording) finishes(ctx context.Context, finished string) (bool, error) {
	switch {
	case r.decision.FinishReason == "" || r.fixed && finished != "":
		return false, nil
	case !r.fixed || r.p.Rule.Effect == disposition.EffectSuppress:
		return true, nil
	}
	others, err := r.activeElsewhere(ctx)
	return others == 0, err
}

// aboutPhone does what concerns everybody who has the number.
func (r *recording) aboutPhone(ctx context.Context) error {
	if !r.p.Rule.Effect.AboutPhone() || r.phoneKey == "" {
		return nil
	}
	if r.p.Rule.Effect == disposition.EffectInvalidate {
		if err := r.setPhoneStatus(ctx, "", outdial.PhoneInvalid); err != nil {
			return err
		}
	}
	args := Args{
		"phone_key": r.phoneKey, "item_id": r.p.ItemID, "fail_reason": r.p.Rule.Effect.FailReason(),
		"now": r.store.at(r.p.Now),
	}
	for _, statement := range []string{"purge_items", "purge_call_items"} {
		purged, err := r.c.Exec(ctx, statement, args)
		if err != nil {
			return err
		}
		r.result.Purged += purged
	}
	if r.p.Rule.Effect == disposition.EffectSuppress {
		return r.suppress(ctx)
	}
	return nil
}

// suppress puts the number on the list, after everything that others may have to be
// waited for.
func (r *recording) suppress(ctx context.Context) error {
	change := r.store.newChange(r.c, r.p.ActorID, "", r.p.Now)
	result, err := change.add(ctx, []suppression.Entry{{
		Kind: suppression.KindPhone, Value: r.phone, Key: r.phoneKey,
		Source: suppression.SourceManual, Reason: string(r.p.Rule.Code),
	}})
	if err != nil {
		return err
	}
	r.result.Suppressed = result.Added > 0
	return change.publish(ctx)
}

// lead makes a lead of the contact, or brings back the one that a correction withdrew.
func (r *recording) lead(ctx context.Context) error {
	if r.p.Rule.Effect != disposition.EffectConvert {
		return nil
	}
	id, err := outdial.NewID()
	if err != nil {
		return err
	}
	args := Args{
		"id": id, "campaign_id": r.p.CampaignID, "contact_id": r.contactID, "disposition_id": r.result.ID,
		"agent_id": OptionalID(r.agentID), "now": r.store.at(r.p.Now),
	}
	added, err := r.c.Exec(ctx, "add_lead", args)
	if err != nil {
		return err
	}
	if r.result.LeadCreated = added > 0; !r.result.LeadCreated {
		if _, err := r.c.Exec(ctx, "restore_lead", args); err != nil {
			return err
		}
	}
	var leadID uuid.UUID
	r.result.LeadID = &leadID
	return r.c.Get(ctx, &leadID, "get_lead", args)
}
