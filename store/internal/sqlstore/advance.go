package sqlstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
)

// news is what became known of a call.
type news struct {
	// sid is the carrier's name for it, if it is known.
	sid   string
	facts dialer.Facts
	// lost says that nobody knows what became of it.
	lost bool
	// again says that nobody has heard of the call just now: what was kept is merged
	// once more.
	again bool
}

// lockedCall is a call with what it must know of its item, both of them locked, as the
// fragment call_with_item selects it.
type lockedCall struct {
	CallRow
	PolicyRow

	State         string  `db:"item_status"`
	Version       int     `db:"item_lock_version"`
	NextAttemptAt instant `db:"item_next_attempt_at"`
	FailReason    string  `db:"item_fail_reason"`
	ItemSID       string  `db:"item_call_sid"`
	// moved says that news have changed the item's state since it was locked.
	moved bool
}

// advance merges news into a call that is locked, and brings everything that hangs on
// it to where its facts say: the item, while nobody else has touched it; the contact's
// ledger; the agent; the phone. What would stay as it was is not written.
func (s *Store) advance(ctx context.Context, c *Conn, row lockedCall, n news, policy dialer.RetryPolicy, now time.Time) (lockedCall, error) {
	now = now.UTC().Truncate(time.Microsecond)
	before := row.Call()
	after := n.mergedInto(before, now)
	policy, history, err := s.retrying(ctx, c, policy, row.PolicyRow, attempt{
		campaignID: row.CampaignID, contactID: row.ContactID, callID: row.ID, now: now,
		goesOn: after.EndedAt.IsZero() && after.NotPlacedAt.IsZero(),
	})
	if err != nil {
		return lockedCall{}, err
	}
	progress := policy.Progress(after, history)
	theirs := row.Version == before.ItemVersion
	switch {
	case sameKnown(before, after):
		// What changes nothing that is known moves nothing either: a call that was refused
		// for good has an item that the facts alone would put back.
		progress.Outcome, theirs = before.Outcome, false
	case !before.SettledAt.IsZero() && progress.Outcome == "":
		// The call goes on after all, unless its phone is in another call by now.
		held, err := s.holdPhone(ctx, c, row.CallRow, now)
		if err != nil {
			return lockedCall{}, err
		}
		if !held {
			progress.Outcome, theirs = before.Outcome, false
		}
	}
	after.Outcome = progress.Outcome
	switch {
	case after.Outcome == "":
		after.SettledAt = time.Time{}
	case after.SettledAt.IsZero():
		after.SettledAt = now
	}
	if theirs {
		var err error
		if row, err = s.moveCallItem(ctx, c, row, after, progress, now); err != nil {
			return lockedCall{}, err
		}
		after.ItemVersion = row.Version
	}
	if sameCall(before, after) && (n.again || n.lost) {
		return row, nil
	}
	return s.writeCall(ctx, c, row, after, now)
}

// mergedInto returns the call after the news.
func (n news) mergedInto(call dialer.Call, now time.Time) dialer.Call {
	call.Facts = call.Merge(kept(n.facts))
	if call.CallSID == "" {
		call.CallSID = n.sid
	}
	switch {
	case n.lost && call.LostAt.IsZero():
		call.LostAt = now
	case !n.lost && !n.again:
		call.LostAt = time.Time{}
	}
	return call
}

// writeCall writes a call that has changed, counts it, frees its phone when it is over,
// and brings its agent to where it is.
func (s *Store) writeCall(ctx context.Context, c *Conn, row lockedCall, after dialer.Call, now time.Time) (lockedCall, error) {
	before := row.Call()
	if _, err := c.Exec(ctx, "write_call", s.callArgs(after, now)); err != nil {
		return lockedCall{}, err
	}
	if err := s.countCall(ctx, c, before, after, now); err != nil {
		return lockedCall{}, err
	}
	if before.SettledAt.IsZero() && !after.SettledAt.IsZero() {
		if err := s.freePhone(ctx, c, row.CallRow); err != nil {
			return lockedCall{}, err
		}
	}
	row.CallRow = row.with(after)
	return row, s.moveAgent(ctx, c, after, now)
}

// kept is facts with their times as a database keeps them.
func kept(f dialer.Facts) dialer.Facts {
	for _, at := range []*time.Time{
		&f.InitiatedAt, &f.RingingAt, &f.AnsweredAt, &f.AMDAt,
		&f.ConnectedAt, &f.AbandonedAt, &f.EndedAt, &f.NotPlacedAt,
	} {
		if !at.IsZero() {
			*at = at.UTC().Truncate(time.Microsecond)
		}
	}
	return f
}

// sameKnown says whether the same is known of a call.
func sameKnown(a, b dialer.Call) bool {
	return a.Equal(b.Facts) && a.CallSID == b.CallSID && a.LostAt.Equal(b.LostAt)
}

// sameCall says whether news have changed nothing that is written.
func sameCall(a, b dialer.Call) bool {
	return sameKnown(a, b) && a.ItemVersion == b.ItemVersion && a.Outcome == b.Outcome && a.SettledAt.Equal(b.SettledAt)
}

// with is the row after the call has changed.
func (r CallRow) with(call dialer.Call) CallRow {
	r.ItemVersion, r.CallSID = call.ItemVersion, call.CallSID
	r.LostAt, r.InitiatedAt, r.RingingAt = instant{call.LostAt}, instant{call.InitiatedAt}, instant{call.RingingAt}
	r.AnsweredAt, r.AMD, r.AMDAt = instant{call.AnsweredAt}, string(call.AMD), instant{call.AMDAt}
	r.ConnectedAt, r.AbandonedAt = instant{call.ConnectedAt}, instant{call.AbandonedAt}
	r.EndedAt, r.Cause, r.NotPlacedAt = instant{call.EndedAt}, string(call.Cause), instant{call.NotPlacedAt}
	r.Outcome, r.SettledAt = string(call.Outcome), instant{call.SettledAt}
	return r
}

// moveCallItem writes where the call has brought its item, which counts the item's
// version up, and what that means for the contact. It returns the item as it is then.
func (s *Store) moveCallItem(
	ctx context.Context, c *Conn, row lockedCall, call dialer.Call, progress dialer.Progress, now time.Time,
) (lockedCall, error) {
	next := row.NextAttemptAt
	if progress.State == dialer.StateQueued {
		next = instant{progress.NextAttemptAt}
	}
	args := Args{
		"campaign_id": call.Ref.CampaignID, "item_id": call.Ref.ItemID, "contact_id": call.ContactID,
		"item_version": call.ItemVersion, "now": s.at(now),
		"status": string(progress.State), "fail_reason": optionalText(progress.FailReason),
		"call_sid": optionalText(call.CallSID), "agent_id": OptionalID(call.AgentID), "next_attempt_at": s.at(next.Time),
	}
	if row.State == string(progress.State) && row.FailReason == progress.FailReason && row.NextAttemptAt.Equal(next.Time) {
		if row.ItemSID == call.CallSID {
			return row, nil
		}
		row.ItemSID = call.CallSID
		_, err := c.Exec(ctx, "note_call_item", args)
		return row, err
	}
	statement := "move_call_item"
	if !dialer.State(row.State).Active() && progress.State.Active() {
		statement = "revive_call_item"
	}
	changed, err := c.Exec(ctx, statement, args)
	if err != nil || changed == 0 {
		return row, err
	}
	if err := s.settleContact(ctx, c, row, call, progress); err != nil {
		return row, err
	}
	row.moved = row.moved || row.State != string(progress.State)
	row.State, row.FailReason, row.NextAttemptAt, row.ItemSID = string(progress.State), progress.FailReason, next, call.CallSID
	row.Version++
	return row, nil
}

// settleContact keeps in the contact's ledger what a settled call means for the
// campaign.
func (s *Store) settleContact(ctx context.Context, c *Conn, row lockedCall, call dialer.Call, progress dialer.Progress) error {
	if progress.Outcome == "" && dialer.State(row.State).Live() {
		return nil
	}
	args := Args{
		"campaign_id": call.Ref.CampaignID, "contact_id": call.ContactID,
		"next_attempt_at": s.at(progress.NextAttemptAt), "finish_reason": "", "finished_at": s.at(call.EndedAt),
	}
	switch progress.State {
	case dialer.StateCompleted:
		args["finish_reason"] = string(progress.Outcome)
	case dialer.StateFailed:
		args["finish_reason"] = progress.FailReason
	}
	_, err := c.Exec(ctx, "settle_contact", args)
	return err
}

// countCall takes an attempt back that turned out to be none, or counts one after all.
func (s *Store) countCall(ctx context.Context, c *Conn, before, after dialer.Call, now time.Time) error {
	counted := func(call dialer.Call) int {
		if call.PlacedAt.IsZero() || call.Outcome == dialer.OutcomeNotPlaced {
			return 0
		}
		return 1
	}
	by := counted(after) - counted(before)
	if by == 0 {
		return nil
	}
	_, err := s.countAttempt(ctx, c, after, by, now)
	return err
}

// countAttempt counts an attempt for item and contact, and returns how many the
// contact has had in the campaign.
func (s *Store) countAttempt(ctx context.Context, c *Conn, call dialer.Call, by int, now time.Time) (int, error) {
	args := Args{
		"campaign_id": call.Ref.CampaignID, "item_id": call.Ref.ItemID, "contact_id": call.ContactID,
		"by": by, "now": s.at(now),
	}
	if _, err := c.Exec(ctx, "count_placed", args); err != nil {
		return 0, err
	}
	return countContact(ctx, c, args)
}

// countContact counts an attempt in the contact's ledger, and returns how many they have
// had in the campaign.
func countContact(ctx context.Context, c *Conn, args Args) (int, error) {
	var attempts int
	err := c.Get(ctx, &attempts, "count_attempt", args)
	if isNoRow(err) {
		// The host has taken the contact out of the campaign.
		return 1, nil
	}
	return attempts, err
}

// holdPhone holds the phone of a call that was settled and goes on after all. It says
// whether the call has the phone now.
func (s *Store) holdPhone(ctx context.Context, c *Conn, row CallRow, now time.Time) (bool, error) {
	held, err := c.Exec(ctx, "hold_phone", Args{
		"phone_key": row.PhoneKey, "campaign_id": row.CampaignID, "call_id": row.ID, "now": s.at(now),
	})
	return held > 0, err
}

// freePhone lets others call the phone of a call that is settled.
func (s *Store) freePhone(ctx context.Context, c *Conn, row CallRow) error {
	_, err := c.Exec(ctx, "free_phone", Args{"phone_key": row.PhoneKey, "call_id": row.ID})
	return err
}

// moveAgent brings the call's agent to where the call is.
func (s *Store) moveAgent(ctx context.Context, c *Conn, call dialer.Call, now time.Time) error {
	if call.AgentID == uuid.Nil {
		return nil
	}
	over, talked := !call.SettledAt.IsZero(), !call.ConnectedAt.IsZero()
	var move presence.Move
	switch {
	case over && talked:
		move = presence.MoveWrapUp
	case over:
		move = presence.MoveUnreserve
	case talked:
		move = presence.MoveAnswer
	default:
		return nil
	}
	from, to := move.Between()
	_, err := c.Exec(ctx, "move_agent", Args{
		"agent_id": call.AgentID, "call_id": call.ID, "from": joined(from), "to": string(to), "now": s.at(now),
	})
	return err
}
