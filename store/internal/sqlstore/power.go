package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
)

// ClaimArgs are the values of a claim, for an engine's own statements.
func (s *Store) ClaimArgs(p dialer.ClaimParams) (Args, error) {
	args := Args{
		"campaign_id": p.CampaignID, "limit": p.Limit, "now": s.at(p.Now),
		"lease_token": p.Lease.Token, "unleased": p.Lease == (dialer.Lease{}),
	}
	if p.Lease != (dialer.Lease{}) && p.Lease.CampaignID != p.CampaignID {
		args["lease_token"] = noToken
	}
	return args, s.addLimits(args, p.Limits, p.Now)
}

// noToken is a lease's token that there never was.
const noToken = -1

// addLimits adds the values of limits to those of a query.
func (s *Store) addLimits(args Args, limits dialer.Limits, now time.Time) error {
	type limit struct {
		Attempts int `json:"attempts"`
		Since    any `json:"since"`
	}
	caps := make([]limit, len(limits.Caps))
	for i, most := range limits.Caps {
		caps[i] = limit{most.Attempts, s.at(now.Add(-most.Within))}
	}
	zones := limits.Open.Zones
	if zones == nil {
		zones = []string{}
	}
	var err error
	if args["caps"], err = EncodeJSON(caps); err != nil {
		return err
	}
	if args["open_zones"], err = EncodeJSON(zones); err != nil {
		return err
	}
	args["everywhere"], args["abandoned_since"] = limits.Open.Everywhere, s.at(limits.AbandonedSince)
	return nil
}

// Claimed is the answer to a claim. One that took nothing looks why: there may be no
// such campaign, or another holder.
func (s *Store) Claimed(ctx context.Context, c *Conn, p dialer.ClaimParams, rows []CallRow) (dialer.ClaimResult, error) {
	if len(rows) == 0 {
		if err := s.RequireCampaign(ctx, c, p.CampaignID); err != nil {
			return dialer.ClaimResult{}, err
		}
		return dialer.ClaimResult{}, s.HoldLease(ctx, c, p.CampaignID, p.Lease, p.Now)
	}
	slices.SortFunc(rows, func(a, b CallRow) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return dialer.ClaimResult{Calls: callsOf(rows)}, nil
}

// HoldLease returns an error matching outdial.ErrConflict when another has the lease.
// Inside a transaction it keeps everybody else from taking it until the end.
func (s *Store) HoldLease(ctx context.Context, c *Conn, campaignID uuid.UUID, lease dialer.Lease, now time.Time) error {
	if lease == (dialer.Lease{}) {
		return nil
	}
	var token int64
	err := c.Get(ctx, &token, "hold_lease", Args{
		"campaign_id": campaignID, "lease_token": lease.Token, "now": s.at(now),
	})
	if errors.Is(err, sql.ErrNoRows) || err == nil && lease.CampaignID != campaignID {
		return outdial.Conflict("another process dials for the campaign")
	}
	return err
}

// PlaceCall implements dialer.Store.
func (s *Store) PlaceCall(ctx context.Context, p dialer.PlaceParams) (dialer.PlaceResult, error) {
	var result dialer.PlaceResult
	err := s.Write(ctx, func(c *Conn) error {
		if err := s.HoldLease(ctx, c, p.CampaignID, p.Lease, p.Now); err != nil {
			return err
		}
		row, err := lockCall(ctx, c, p.CampaignID, p.CallID)
		if err != nil {
			return err
		}
		call := row.Call()
		if !call.PlacedAt.IsZero() || !call.SettledAt.IsZero() || call.Seen() {
			return outdial.Conflict("the call was placed before, or is settled")
		}
		refusal, err := s.placeRefusal(ctx, c, row, p)
		if err != nil {
			return err
		}
		if refusal != "" {
			call, err = s.refuseCall(ctx, c, row, refusal, p)
			result = dialer.PlaceResult{Call: call, Refusal: refusal}
			return err
		}
		if call.Attempt, err = s.countAttempt(ctx, c, call, 1, p.Now); err != nil {
			return err
		}
		call.PlacedAt = p.Now.UTC().Truncate(time.Microsecond)
		result = dialer.PlaceResult{Call: call}
		_, err = c.Exec(ctx, "place_call", Args{
			"campaign_id": p.CampaignID, "call_id": p.CallID, "attempt": call.Attempt,
			"lease_token": p.Lease.Token, "now": s.at(p.Now),
		})
		return err
	})
	if err != nil {
		return dialer.PlaceResult{}, err
	}
	return result, nil
}

func (s *Store) placeRefusal(ctx context.Context, c *Conn, row CallRow, p dialer.PlaceParams) (dialer.Refusal, error) {
	args := Args{
		"campaign_id": p.CampaignID, "item_id": row.ItemID, "item_version": row.ItemVersion,
		"phone_key": row.PhoneKey, "now": s.at(p.Now),
	}
	if err := s.addLimits(args, p.Limits, p.Now); err != nil {
		return "", err
	}
	var refusal sql.NullString
	err := c.Get(ctx, &refusal, "place_refusal", args)
	if errors.Is(err, sql.ErrNoRows) {
		return "", outdial.Conflict("the call's item has moved on")
	}
	return dialer.Refusal(refusal.String), err
}

// refuseCall settles a call that must not be placed. A contact who must never be called
// is not finished by it: what speaks against calling them may pass.
func (s *Store) refuseCall(ctx context.Context, c *Conn, row CallRow, refusal dialer.Refusal, p dialer.PlaceParams) (dialer.Call, error) {
	now := p.Now.UTC().Truncate(time.Microsecond)
	after := row.Call()
	after.NotPlacedAt, after.SettledAt, after.Outcome = now, now, dialer.OutcomeNotPlaced
	progress := dialer.Progress{State: dialer.StateQueued, Outcome: after.Outcome, NextAttemptAt: now.Add(p.RetryAfter)}
	if refusal.Final() {
		progress = dialer.Progress{State: dialer.StateFailed, FailReason: string(refusal)}
	}
	item := lockedCall{CallRow: row, State: string(dialer.StateDialing), Version: row.ItemVersion}
	item, err := s.moveCallItem(ctx, c, item, after, progress, now)
	switch {
	case err != nil:
		return dialer.Call{}, err
	case !item.moved:
		return dialer.Call{}, outdial.Conflict("the call's item has moved on")
	}
	after.ItemVersion = item.Version
	item, err = s.writeCall(ctx, c, item, after, now)
	return item.Call(), err
}

// SweepCalls implements dialer.Store.
func (s *Store) SweepCalls(ctx context.Context, p dialer.SweepParams) (dialer.SweepResult, error) {
	var result dialer.SweepResult
	err := s.Write(ctx, func(c *Conn) error {
		result = dialer.SweepResult{}
		args := Args{
			"unplaced_since": s.at(p.UnplacedSince), "stuck_since": s.at(p.StuckSince),
			"talking_since": s.at(p.TalkingSince), "now": s.at(p.Now),
		}
		var stuck []lockedCall
		if err := c.Select(ctx, &stuck, "lock_stuck_calls", args); err != nil {
			return err
		}
		foreign, err := c.Exec(ctx, "return_foreign_items", args)
		if err != nil {
			return err
		}
		result.Returned = foreign
		for _, row := range stuck {
			n := news{lost: true}
			if !row.PlacedAt.Valid() && !row.Call().Seen() {
				n = news{facts: dialer.Facts{NotPlacedAt: p.Now}, again: true}
			}
			after, err := s.advance(ctx, c, row, n, p.Policy, p.Now)
			switch {
			case err != nil:
				return err
			case after.moved && after.State == string(dialer.StateUnknown):
				result.Lost++
			case after.moved:
				result.Returned++
			}
		}
		matched, err := s.matchOrphans(ctx, c, p)
		result.Matched = matched
		return err
	})
	if err != nil {
		return dialer.SweepResult{}, err
	}
	return result, nil
}

// matchOrphans merges events that have found their call since.
func (s *Store) matchOrphans(ctx context.Context, c *Conn, p dialer.SweepParams) (int, error) {
	const most = 1000
	var orphans []EventRow
	if err := c.Select(ctx, &orphans, "list_matched_orphans", Args{"limit": most}); err != nil {
		return 0, err
	}
	matched := 0
	for _, event := range orphans {
		kept := event.Kept()
		row, found, err := getRow[lockedCall](ctx, c, "lock_call_by_sid", Args{"call_sid": kept.CallSID})
		if err != nil || !found {
			return matched, err
		}
		if err := adoptEvent(ctx, c, kept.ID, row.CallRow); err != nil {
			return matched, err
		}
		n := newsOf(row, kept.Event, kept.OccurredAt)
		n.again = true
		if _, err := s.advance(ctx, c, row, n, p.Policy, p.Now); err != nil {
			return matched, err
		}
		matched++
	}
	return matched, nil
}

// RollbackCalls implements dialer.Store.
func (s *Store) RollbackCalls(ctx context.Context, p dialer.RollbackParams) (dialer.RollbackResult, error) {
	failed, kept, err := s.rollBack(ctx, rollback{
		campaignID: p.CampaignID, launchID: p.LaunchID, actorID: p.ActorID, now: p.Now,
		takeOut: "rollback_calls", count: "count_call_launch", action: outdial.ActionDialerRollback, taken: "failed",
	})
	return dialer.RollbackResult{Failed: failed, Kept: kept}, err
}

// controlActions are the audit actions of controls.
var controlActions = map[dialer.Control]outdial.Action{
	dialer.ControlStart:  outdial.ActionDialerStart,
	dialer.ControlPause:  outdial.ActionDialerPause,
	dialer.ControlResume: outdial.ActionDialerResume,
	dialer.ControlStop:   outdial.ActionDialerStop,
}

// ControlCampaign implements dialer.Store.
func (s *Store) ControlCampaign(ctx context.Context, p dialer.ControlParams) (dialer.ControlResult, error) {
	to := p.Control.To()
	err := s.Write(ctx, func(c *Conn) error {
		if err := s.LockCampaign(ctx, c, p.CampaignID, p.Now); err != nil {
			return err
		}
		changed, err := c.Exec(ctx, "set_status", Args{
			"campaign_id": p.CampaignID, "status": string(to), "from": joined(p.Control.From()),
		})
		if err != nil {
			return err
		}
		if changed == 0 {
			var status string
			if err := c.Get(ctx, &status, "get_status", Args{"campaign_id": p.CampaignID}); err != nil {
				return err
			}
			return outdial.Conflict(fmt.Sprintf("%s is not possible while the campaign is %s", p.Control, status))
		}
		return s.AddAudit(ctx, c, outdial.AuditEntry{
			ActorID: p.ActorID, Action: controlActions[p.Control],
			TargetType: "campaign", TargetID: p.CampaignID, CreatedAt: p.Now, Meta: map[string]any{"status": to},
		})
	})
	if err != nil {
		return dialer.ControlResult{}, err
	}
	return dialer.ControlResult{Status: to}, nil
}

// ListDialing implements dialer.Store.
func (s *Store) ListDialing(ctx context.Context) ([]uuid.UUID, error) {
	campaigns := []uuid.UUID{}
	if err := s.reader().Select(ctx, &campaigns, "list_dialing", Args{}); err != nil {
		return nil, err
	}
	slices.SortFunc(campaigns, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return campaigns, nil
}

// AcquireLease implements dialer.Store.
func (s *Store) AcquireLease(ctx context.Context, p dialer.LeaseParams) (dialer.Lease, error) {
	lease := dialer.Lease{
		CampaignID: p.CampaignID, Holder: p.Holder, ExpiresAt: p.Now.Add(p.For).UTC().Truncate(time.Microsecond),
	}
	err := s.WriteOne(ctx, func(c *Conn) error {
		err := c.Get(ctx, &lease.Token, "acquire_lease", Args{
			"campaign_id": p.CampaignID, "holder": p.Holder, "now": s.at(p.Now), "expires_at": s.at(lease.ExpiresAt),
		})
		if errors.Is(err, sql.ErrNoRows) {
			return outdial.Conflict("another process dials for the campaign")
		}
		return err
	})
	if err != nil {
		return dialer.Lease{}, err
	}
	return lease, nil
}

// ReleaseLease implements dialer.Store.
func (s *Store) ReleaseLease(ctx context.Context, p dialer.ReleaseLeaseParams) error {
	return s.WriteOne(ctx, func(c *Conn) error {
		_, err := c.Exec(ctx, "release_lease", Args{
			"campaign_id": p.Lease.CampaignID, "lease_token": p.Lease.Token, "holder": p.Lease.Holder, "now": s.at(p.Now),
		})
		return err
	})
}
