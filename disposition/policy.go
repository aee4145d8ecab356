package disposition

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
)

const (
	// maxCap is the largest number of attempts that a policy may name.
	maxCap = 1000
	// maxCoolDown is the longest cool-down that a policy may name.
	maxCoolDown = 366 * 24 * time.Hour
)

// Policy returns what the campaign overrides and what holds for it in all. Errors
// match ErrForbidden (scopes queue:write or dialer:control), ErrInvalid and ErrNotFound.
func (s *Service) Policy(ctx context.Context, actor outdial.Actor, campaignID uuid.UUID) (own, effective dialer.RetryPolicy, err error) {
	if err := requireView(actor, campaignID); err != nil {
		return own, effective, err
	}
	if own, err = s.store.CampaignPolicy(ctx, campaignID); err != nil {
		return dialer.RetryPolicy{}, dialer.RetryPolicy{}, err
	}
	return own, s.cfg.Policy.Override(own), nil
}

// SetPolicy replaces what the campaign overrides: a field that is zero is the process's
// again. It holds for both queues, from the next attempt that ends. Errors match
// ErrForbidden (scope dialer:control; agents), ErrInvalid and ErrNotFound.
func (s *Service) SetPolicy(ctx context.Context, actor outdial.Actor, campaignID uuid.UUID, policy dialer.RetryPolicy) error {
	if err := actor.Require(outdial.ScopeDialerControl); err != nil {
		return err
	}
	if !actor.ManagesOthers() {
		return outdial.Forbidden("only managers and admins change a retry policy")
	}
	if err := outdial.RequireID("campaign_id", campaignID); err != nil {
		return err
	}
	if err := s.checkPolicy(policy); err != nil {
		return err
	}
	err := s.store.SetCampaignPolicy(ctx, SetPolicyParams{
		CampaignID: campaignID, ActorID: actor.ID, Policy: policy, Now: s.now(),
	})
	if err != nil {
		return err
	}
	s.cfg.Logger.InfoContext(ctx, "retry policy changed", slog.Any("campaign_id", campaignID), slog.Any("actor_id", actor.ID))
	return nil
}

func (s *Service) checkPolicy(policy dialer.RetryPolicy) error {
	switch {
	case policy.MaxAttempts < 0 || policy.MaxAttempts > maxCap:
		return outdial.Invalid("max_attempts", fmt.Sprintf("must be from 0 to %d", maxCap))
	case policy.MaxVoicemails < -1 || policy.MaxVoicemails > maxCap:
		return outdial.Invalid("max_voicemails", fmt.Sprintf("must be from -1 to %d", maxCap))
	case policy.MaxPerDay < -1 || policy.MaxPerDay > maxCap:
		return outdial.Invalid("max_attempts_per_day", fmt.Sprintf("must be from -1 to %d", maxCap))
	}
	for outcome, coolDown := range policy.CoolDowns {
		if !s.retries(outcome) {
			return outdial.Invalid("cool_downs", "names what is not tried again")
		}
		if coolDown < 0 || coolDown > maxCoolDown || coolDown != coolDown.Truncate(time.Second) {
			return outdial.Invalid("cool_downs", "must be whole seconds, from none to a year")
		}
	}
	return nil
}

// retries says whether an outcome of a call, or a disposition, is followed by another
// attempt.
func (s *Service) retries(outcome dialer.Outcome) bool {
	for _, rule := range dialer.Rules() {
		if rule.Outcome == outcome {
			return rule.State == dialer.StateQueued
		}
	}
	for _, rule := range s.cfg.Map.Rules() {
		if rule.Effect == EffectRetry && rule.Outcome == outcome {
			return true
		}
	}
	return false
}
