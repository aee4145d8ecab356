package storetest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
)

func (m *powerMachine) acquireLease(t *rapid.T) {
	p := dialer.LeaseParams{
		CampaignID: m.drawCampaign(t), Holder: rapid.SampledFrom(m.holders).Draw(t, "holder"),
		For: rapid.SampledFrom([]time.Duration{time.Minute, time.Hour}).Draw(t, "for"), Now: m.now,
	}
	before := m.power.leases[p.CampaignID].Token
	want, wantErr := m.power.acquire(p)
	got, err := m.campaign.store.AcquireLease(m.ctx, p)
	if want.Token > before && got.Token > before {
		// A token is higher than the one before; by how much is the store's affair.
		want.Token = got.Token
		m.power.leases[p.CampaignID] = want
	}
	agree(t, want, wantErr, got, err)
	if err == nil {
		m.leases = append(m.leases, got)
	}
}

func (m *powerMachine) releaseLease(t *rapid.T) {
	if len(m.leases) == 0 {
		t.Skip("nobody has had a lease yet")
	}
	p := dialer.ReleaseLeaseParams{Lease: rapid.SampledFrom(m.leases).Draw(t, "lease"), Now: m.now}
	m.power.releaseLease(p)
	require.NoError(t, m.campaign.store.ReleaseLease(m.ctx, p))
}

func (m *powerMachine) setPresence(t *rapid.T) {
	p := presence.SetParams{
		CampaignID: m.drawCampaign(t), AgentID: m.drawAgent(t), Now: m.now, ExpiresAt: m.now.Add(m.drawPatience(t)),
		State: rapid.SampledFrom([]presence.State{
			presence.StateReady, presence.StateReady, presence.StateReady, presence.StatePaused, presence.StateOffline,
		}).Draw(t, "state"),
	}
	m.choose(t, p)
}

func (m *powerMachine) choose(t *rapid.T, p presence.SetParams) {
	want, wantErr := m.power.setPresence(p)
	got, err := m.campaign.store.SetPresence(m.ctx, p)
	agree(t, asAtWork(want), wantErr, asAtWork(got), err)
}

func (m *powerMachine) touchPresence(t *rapid.T) {
	p := presence.TouchParams{AgentID: m.drawAgent(t), ExpiresAt: m.now.Add(m.drawPatience(t)), Now: m.now}
	want, wantErr := m.power.touchPresence(p)
	got, err := m.campaign.store.TouchPresence(m.ctx, p)
	agree(t, asAtWork(want), wantErr, asAtWork(got), err)
}

func (m *powerMachine) reserveAgent(t *rapid.T) {
	call := m.drawCall(t, func(call *modelCall) bool { return call.SettledAt.IsZero() && call.AgentID == uuid.Nil })
	p := presence.ReserveParams{CampaignID: call.Ref.CampaignID, CallID: call.ID, Now: m.now}
	got, err := m.campaign.store.ReserveAgent(m.ctx, p)
	want, wantErr := m.power.reserve(p, got.AgentID)
	agree(t, want, wantErr, got, err)
}

func (m *powerMachine) releaseAgent(t *rapid.T) {
	call := m.drawCall(t, func(call *modelCall) bool { return call.AgentID != uuid.Nil })
	p := presence.ReleaseParams{CampaignID: call.Ref.CampaignID, CallID: call.ID, AgentID: call.AgentID, Now: m.now}
	if p.AgentID == uuid.Nil || rapid.IntRange(0, 2).Draw(t, "another when 2") == 2 {
		p.AgentID = m.drawAgent(t)
	}
	m.power.release(p)
	require.NoError(t, m.campaign.store.ReleaseAgent(m.ctx, p))
}

func (m *powerMachine) expirePresence(t *rapid.T) {
	p := presence.ExpireParams{Now: m.now}
	want := m.power.expire(p)
	got, err := m.campaign.store.ExpirePresence(m.ctx, p)
	agree(t, want, nil, got, err)
}
