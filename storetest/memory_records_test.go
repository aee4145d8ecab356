package storetest_test

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/disposition"
)

func (m *memory) ListDispositions(_ context.Context, p disposition.ListParams) (disposition.ListResult, error) {
	defer m.lock()()
	result := disposition.ListResult{}
	for _, row := range m.data.recorded.rows {
		here := row.CampaignID == p.CampaignID || m.fault == faultListsAllDispositions
		about := p.ContactID == uuid.Nil || row.ContactID == p.ContactID || m.fault == faultListsAllContacts
		if here && about && (bytes.Compare(row.ID[:], p.After[:]) > 0 || row.ID == p.After && m.fault == faultDispositionPageRepeats) {
			record := row.Record
			if m.fault == faultDispositionsThin {
				record.Metadata = nil
			}
			result.Records = append(result.Records, record)
		}
	}
	if m.fault == faultDispositionsLatestFirst {
		slices.Reverse(result.Records)
	}
	result.More = len(result.Records) > p.Limit
	result.Records = result.Records[:min(p.Limit, len(result.Records))]
	return result, nil
}

func (m *memory) ListLeads(_ context.Context, p disposition.ListLeadsParams) (disposition.ListLeadsResult, error) {
	defer m.lock()()
	result := disposition.ListLeadsResult{}
	for _, lead := range m.data.recorded.leads {
		if (lead.CampaignID == p.CampaignID || m.fault == faultListsAllLeads) && bytes.Compare(lead.ID[:], p.After[:]) > 0 {
			result.Leads = append(result.Leads, lead)
		}
	}
	if m.fault == faultLeadsLatestFirst {
		slices.Reverse(result.Leads)
	}
	result.More = len(result.Leads) > p.Limit
	result.Leads = result.Leads[:min(p.Limit, len(result.Leads))]
	return result, nil
}

func (m *memory) CampaignPolicy(_ context.Context, campaignID uuid.UUID) (dialer.RetryPolicy, error) {
	defer m.lock()()
	if !m.known(campaignID) && m.fault != faultPolicyOfNobody {
		return dialer.RetryPolicy{}, m.spoil(outdial.NotFound("campaign"))
	}
	policy := m.data.recorded.policies[campaignID]
	policy.CoolDowns = maps.Clone(policy.CoolDowns)
	if m.fault == faultPolicyDropsZeros {
		maps.DeleteFunc(policy.CoolDowns, func(_ dialer.Outcome, coolDown time.Duration) bool { return coolDown == 0 })
	}
	return policy, nil
}

func (m *memory) SetCampaignPolicy(_ context.Context, p disposition.SetPolicyParams) error {
	defer m.lock()()
	if !m.known(p.CampaignID) && m.fault != faultPolicyOfNobody {
		return m.spoil(outdial.NotFound("campaign"))
	}
	policy := p.Policy
	if m.fault == faultPolicyMerges {
		policy = m.data.recorded.policies[p.CampaignID].Override(policy)
	}
	policy.CoolDowns = maps.Clone(policy.CoolDowns)
	if m.fault == faultPolicyEverywhere {
		for _, campaign := range m.data.campaigns {
			m.data.recorded.policies[campaign.ID] = policy
		}
	}
	m.data.recorded.policies[p.CampaignID] = policy
	if m.fault != faultPolicyUnaudited {
		m.record(p.ActorID, outdial.ActionPolicySet, p.CampaignID, p.Now, map[string]any{"max_attempts": policy.MaxAttempts})
	}
	return nil
}
