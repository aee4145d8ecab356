package storetest_test

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
)

func (m *memory) SetPresence(_ context.Context, p presence.SetParams) (presence.Session, error) {
	defer m.lock()()
	session := m.data.power.sessions[p.AgentID]
	if session.State.Busy() && m.fault != faultBusyChoose {
		return presence.Session{}, m.spoil(outdial.Conflict("the agent is in a call"))
	}
	m.breathe(faultPresenceNotAtomic)
	if session.State != p.State || session.CampaignID != p.CampaignID || m.fault == faultIdleAnew {
		session = presence.Session{AgentID: p.AgentID, CampaignID: p.CampaignID, State: p.State, Since: m.kept(p.Now)}
	}
	session.ExpiresAt = m.kept(p.ExpiresAt)
	m.data.power.sessions[p.AgentID] = session
	return session, nil
}

func (m *memory) TouchPresence(_ context.Context, p presence.TouchParams) (presence.Session, error) {
	defer m.lock()()
	session, ok := m.data.power.sessions[p.AgentID]
	if !ok || session.State == presence.StateOffline && m.fault != faultTouchesOffline {
		return presence.Session{}, m.spoil(outdial.NotFound("agent"))
	}
	session.ExpiresAt = m.kept(p.ExpiresAt)
	if m.fault == faultTouchBeginsAnew {
		session.Since = m.kept(p.Now)
	}
	m.data.power.sessions[p.AgentID] = session
	return session, nil
}

// put writes an agent into a state.
func (m *memory) put(session presence.Session, state presence.State, now time.Time) {
	session.State, session.Since = state, m.kept(now)
	m.data.power.sessions[session.AgentID] = session
}

func (m *memory) ReserveAgent(_ context.Context, p presence.ReserveParams) (presence.ReserveResult, error) {
	defer m.lock()()
	call, ok := m.callOf(p.CampaignID, p.CallID)
	if !ok {
		return presence.ReserveResult{}, m.spoil(outdial.NotFound("call"))
	}
	gone := !call.SettledAt.IsZero() || !call.EndedAt.IsZero() || !call.ConnectedAt.IsZero() || !call.AbandonedAt.IsZero()
	if gone && m.fault != faultReservesGone {
		return presence.ReserveResult{Gone: true}, nil
	}
	if call.AgentID != uuid.Nil && m.fault != faultReservesAnother {
		return presence.ReserveResult{AgentID: call.AgentID, Held: true}, nil
	}
	var ready []presence.Session
	for _, session := range m.data.power.sessions {
		expired := !session.ExpiresAt.After(p.Now) && m.fault != faultReservesExpired
		here := session.CampaignID == p.CampaignID || m.fault == faultReservesAnywhere
		if here && session.State == presence.StateReady && !expired {
			ready = append(ready, session)
		}
	}
	if len(ready) == 0 {
		return presence.ReserveResult{}, nil
	}
	session := slices.MinFunc(ready, func(a, b presence.Session) int {
		byIdle := a.Since.Compare(b.Since)
		if m.fault == faultReservesShortest {
			byIdle = -byIdle
		}
		return cmp.Or(byIdle, bytes.Compare(a.AgentID[:], b.AgentID[:]))
	})
	m.breathe(faultReserveNotAtomic)
	session.CallID = call.ID
	m.put(session, presence.StateReserved, p.Now)
	m.assign(call, session.AgentID, p.Now)
	return presence.ReserveResult{AgentID: session.AgentID}, nil
}

// assign gives a call and its item an agent, or takes it away.
func (m *memory) assign(call callRow, agentID uuid.UUID, now time.Time) {
	call.AgentID = agentID
	m.writeCall(call)
	item := m.data.power.items[call.Ref.CampaignID][call.Ref.ItemID]
	if item.LockVersion == call.ItemVersion {
		item.AgentID = agentID
		m.writeItem(item, now)
	}
}

func (m *memory) ReleaseAgent(_ context.Context, p presence.ReleaseParams) error {
	defer m.lock()()
	session := m.data.power.sessions[p.AgentID]
	call, ok := m.callOf(p.CampaignID, p.CallID)
	theirs := session.CallID == p.CallID || m.fault == faultReleasesOthers
	if !ok || !theirs || session.State != presence.StateReserved && m.fault != faultReleasesTalking {
		return nil
	}
	m.put(session, presence.StateReady, p.Now)
	if call.AgentID == p.AgentID && m.fault != faultReleaseKeepsAgent {
		m.assign(call, uuid.Nil, p.Now)
	}
	return nil
}

// followCall brings the agent of a call to where it has brought them.
func (m *memory) followCall(call dialer.Call, now time.Time) {
	session, ok := m.data.power.sessions[call.AgentID]
	if !ok || session.CallID != call.ID || m.fault == faultSettledAgentStays {
		return
	}
	talked, settled := !call.ConnectedAt.IsZero(), !call.SettledAt.IsZero()
	switch {
	case settled && talked && (session.State.Busy() || session.State == presence.StateReady && m.fault != faultLateTalkReady):
		if m.fault == faultTalkedReady {
			m.put(session, presence.StateReady, now)
			return
		}
		m.put(session, presence.StateWrapUp, now)
	case settled && !talked && session.State == presence.StateReserved:
		if m.fault == faultUntalkedWrapUp {
			m.put(session, presence.StateWrapUp, now)
			return
		}
		m.put(session, presence.StateReady, now)
	case !settled && talked && session.State == presence.StateReserved:
		m.put(session, presence.StateOnCall, now)
	}
}

func (m *memory) ExpirePresence(_ context.Context, p presence.ExpireParams) (int, error) {
	defer m.lock()()
	changed := 0
	for _, session := range m.data.power.sessions {
		expired := !session.ExpiresAt.After(p.Now) && session.State != presence.StateOffline
		if expired && (!session.State.Busy() || m.fault == faultExpiresBusy) {
			m.put(session, presence.StateOffline, p.Now)
			changed++
		}
	}
	return changed, nil
}

func (m *memory) ListPresence(_ context.Context, p presence.ListParams) ([]presence.Session, error) {
	defer m.lock()()
	var list []presence.Session
	for _, session := range m.data.power.sessions {
		if session.CampaignID == p.CampaignID {
			list = append(list, session)
		}
	}
	slices.SortFunc(list, func(a, b presence.Session) int { return bytes.Compare(a.AgentID[:], b.AgentID[:]) })
	return list, nil
}

// countAgents counts the agents of a campaign by what they do.
func (m *memory) countAgents(campaignID uuid.UUID, counts map[string]int) {
	for _, state := range presence.States() {
		counts[string(state)] = 0
	}
	for _, session := range m.data.power.sessions {
		if session.CampaignID == campaignID {
			counts[string(session.State)]++
		}
	}
}

func (m *memory) AcquireLease(_ context.Context, p dialer.LeaseParams) (dialer.Lease, error) {
	defer m.lock()()
	held := m.data.power.leases[p.CampaignID]
	live, mine := held.ExpiresAt.After(p.Now), held.Holder == p.Holder
	if live && !mine && m.fault != faultLeaseStolen {
		return dialer.Lease{}, m.spoil(outdial.Conflict("another has the lease"))
	}
	m.breathe(faultLeaseNotAtomic)
	if !live && (!mine || m.fault != faultLeaseKeepsToken) || !mine || m.fault == faultLeaseRenewsToken {
		held.Token++
	}
	held.CampaignID, held.Holder, held.ExpiresAt = p.CampaignID, p.Holder, m.kept(p.Now.Add(p.For))
	m.data.power.leases[p.CampaignID] = held
	return held, nil
}

func (m *memory) ReleaseLease(_ context.Context, p dialer.ReleaseLeaseParams) error {
	defer m.lock()()
	held := m.data.power.leases[p.Lease.CampaignID]
	if held.Token != p.Lease.Token && m.fault != faultLeaseReleasesAny || !held.ExpiresAt.After(p.Now) {
		return nil
	}
	held.ExpiresAt = m.kept(p.Now)
	if m.fault == faultLeaseForgotten {
		held = dialer.Lease{}
	}
	m.data.power.leases[p.Lease.CampaignID] = held
	return nil
}
