package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/disposition"
)

// PolicyRow is what a campaign overrides, as the fragment policy_columns selects it.
type PolicyRow struct {
	MaxAttempts     sql.NullInt64   `db:"policy_max_attempts"`
	MaxVoicemails   sql.NullInt64   `db:"policy_max_voicemails"`
	MaxPerDay       sql.NullInt64   `db:"policy_max_per_day"`
	VMCooldownHours sql.NullFloat64 `db:"policy_vm_cooldown_hours"`
	CoolDowns       sql.NullString  `db:"policy_cool_downs"`
}

// policy returns the row in the words of the dialer.
func (r PolicyRow) policy() (dialer.RetryPolicy, error) {
	policy := dialer.RetryPolicy{
		MaxAttempts: int(r.MaxAttempts.Int64), MaxVoicemails: int(r.MaxVoicemails.Int64), MaxPerDay: int(r.MaxPerDay.Int64),
	}
	if r.CoolDowns.Valid {
		var seconds map[dialer.Outcome]float64
		if err := json.Unmarshal([]byte(r.CoolDowns.String), &seconds); err != nil {
			return dialer.RetryPolicy{}, fmt.Errorf("read the cool-downs of a campaign: %w", err)
		}
		policy.CoolDowns = make(map[dialer.Outcome]time.Duration, len(seconds)+1)
		for outcome, after := range seconds {
			policy.CoolDowns[outcome] = time.Duration(after * float64(time.Second))
		}
	}
	if r.VMCooldownHours.Valid {
		if policy.CoolDowns == nil {
			policy.CoolDowns = map[dialer.Outcome]time.Duration{}
		}
		policy.CoolDowns[dialer.OutcomeVoicemail] = time.Duration(r.VMCooldownHours.Float64 * float64(time.Hour))
	}
	return policy, nil
}

// policyArgs are the values of a policy for the statement that writes it.
func policyArgs(campaignID uuid.UUID, policy dialer.RetryPolicy) (Args, error) {
	args := Args{
		"campaign_id": campaignID, "max_attempts": optional(policy.MaxAttempts),
		"max_voicemails": optional(policy.MaxVoicemails), "max_per_day": optional(policy.MaxPerDay),
		"vm_cooldown_hours": sql.NullFloat64{}, "cool_downs": sql.NullString{},
	}
	seconds := make(map[dialer.Outcome]float64, len(policy.CoolDowns))
	for outcome, after := range policy.CoolDowns {
		if outcome == dialer.OutcomeVoicemail {
			args["vm_cooldown_hours"] = after.Hours()
			continue
		}
		seconds[outcome] = after.Seconds()
	}
	if len(seconds) > 0 {
		text, err := EncodeJSON(seconds)
		if err != nil {
			return nil, err
		}
		args["cool_downs"] = text
	}
	return args, nil
}

// attempt names one attempt among those that a contact has had.
type attempt struct {
	campaignID, contactID uuid.UUID
	// callID is its call, the nil UUID in the agent queue.
	callID uuid.UUID
	// itemID and attemptedAt are those of an attempt of the agent queue that was
	// recorded before, and supersedes the disposition that is corrected.
	itemID      uuid.UUID
	attemptedAt time.Time
	supersedes  uuid.UUID
	now         time.Time
	// goesOn says that nothing follows it yet, so that nobody need know the past.
	goesOn bool
}

// retrying returns the policy that holds for the campaign, and what it asks of the
// contact's past: nothing, as a rule.
func (s *Store) retrying(
	ctx context.Context, c *Conn, policy dialer.RetryPolicy, row PolicyRow, a attempt,
) (dialer.RetryPolicy, dialer.History, error) {
	own, err := row.policy()
	if err != nil {
		return policy, dialer.History{}, err
	}
	policy = policy.Override(own)
	if a.goesOn || !policy.AsksHistory() {
		return policy, dialer.History{}, nil
	}
	args := Args{
		"campaign_id": a.campaignID, "contact_id": a.contactID, "call_id": a.callID, "item_id": a.itemID,
		"supersedes": a.supersedes, "attempted_at": s.at(a.attemptedAt), "since": s.at(a.now.Add(-24 * time.Hour)),
	}
	var history dialer.History
	if err := c.Get(ctx, &history.Voicemails, "count_voicemails", args); err != nil {
		return policy, history, err
	}
	var recent []struct {
		At instant `db:"at"`
	}
	if err := c.Select(ctx, &recent, "recent_attempts", args); err != nil {
		return policy, history, err
	}
	for _, row := range recent {
		history.Recent = append(history.Recent, row.At.Time)
	}
	return policy, history, nil
}

// CampaignPolicy implements disposition.Store.
func (s *Store) CampaignPolicy(ctx context.Context, campaignID uuid.UUID) (dialer.RetryPolicy, error) {
	var row PolicyRow
	c := s.reader()
	err := c.Get(ctx, &row, "get_policy", Args{"campaign_id": campaignID})
	if errors.Is(err, sql.ErrNoRows) {
		return dialer.RetryPolicy{}, s.RequireCampaign(ctx, c, campaignID)
	}
	if err != nil {
		return dialer.RetryPolicy{}, err
	}
	return row.policy()
}

// SetCampaignPolicy implements disposition.Store.
func (s *Store) SetCampaignPolicy(ctx context.Context, p disposition.SetPolicyParams) error {
	args, err := policyArgs(p.CampaignID, p.Policy)
	if err != nil {
		return err
	}
	return s.Write(ctx, func(c *Conn) error {
		if err := s.LockCampaign(ctx, c, p.CampaignID, p.Now); err != nil {
			return err
		}
		if _, err := c.Exec(ctx, "set_policy", args); err != nil {
			return err
		}
		meta := map[string]any{
			"max_attempts": p.Policy.MaxAttempts, "max_voicemails": p.Policy.MaxVoicemails,
			"max_attempts_per_day": p.Policy.MaxPerDay, "cool_downs": p.Policy.CoolDowns,
		}
		return s.AddAudit(ctx, c, outdial.AuditEntry{
			ActorID: p.ActorID, Action: outdial.ActionPolicySet,
			TargetType: "campaign", TargetID: p.CampaignID, CreatedAt: p.Now, Meta: meta,
		})
	})
}
