package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
)

// waits are the durations that matter: the smallest, and those around the life
// of a lock.
var waits = []time.Duration{
	lockFor, time.Minute, time.Microsecond, lockFor - time.Microsecond, lockFor + time.Microsecond, time.Hour, 2 * time.Hour,
}

// firstNames are easily mistreated, and filterTexts match some of them.
var (
	firstNames  = []string{"Bob", "BARBARA", "rob", "Ann", "", "100%", "a_b", "O'Brien", `b\`, "Élodie", "élodie", "Ünal", "Жанна"}
	filterTexts = []string{"b", "A", "%", "_", "'", `\`, "É", "ü", "жа", "nobody"}
)

// zones are where people may be called at one time and not at another.
var zones = []string{"America/Chicago", "Asia/Kathmandu", ""}

// drawCampaign mostly draws the first.
func (m *machine) drawCampaign(t *rapid.T) uuid.UUID {
	return m.campaigns[max(0, rapid.IntRange(0, 4).Draw(t, "campaign")-3)]
}

// drawAgent draws the first most often, since what happens to one agent again
// and again is worth more than what happens once to many.
func (m *machine) drawAgent(t *rapid.T) uuid.UUID {
	return m.agents[max(0, rapid.IntRange(0, 5).Draw(t, "agent")-3)]
}

// drawOwner draws an agent or, as often as not, nobody.
func (m *machine) drawOwner(t *rapid.T) uuid.UUID {
	if rapid.Bool().Draw(t, "nobody's") {
		return uuid.Nil
	}
	return m.drawAgent(t)
}

func (m *machine) drawActor(t *rapid.T) uuid.UUID {
	return rapid.SampledFrom(m.actors).Draw(t, "actor")
}

func (m *machine) drawFilter(t *rapid.T) filter.Expr {
	if rapid.Bool().Draw(t, "everybody") {
		return nil
	}
	return contains(rapid.SampledFrom(filterTexts).Draw(t, "contains"))
}

// drawKey draws an idempotency key that may have been used before, sometimes for
// another request.
func (m *machine) drawKey(t *rapid.T, actor uuid.UUID, operation string) outdial.Idempotency {
	key := rapid.SampledFrom([]string{"", "", "", "one", "two"}).Draw(t, "key")
	if key == "" {
		return outdial.Idempotency{}
	}
	return outdial.Idempotency{
		ActorID: actor, Key: fmt.Sprintf("%s %d", key, m.number),
		Fingerprint: operation + rapid.SampledFrom([]string{"", "", " otherwise"}).Draw(t, "request"),
	}
}

// contactIDs returns everybody, whichever campaign they are in, and somebody who
// does not exist.
func (m *machine) contactIDs() []uuid.UUID {
	ids := []uuid.UUID{uuid.New()}
	for _, who := range m.people {
		ids = append(ids, m.model.bySource[who.SourceKey])
	}
	return ids
}

func (m *machine) addContacts(t *rapid.T) {
	m.addContactsTo(t, m.drawCampaign(t), 1, 3)
}

func (m *machine) addContactsTo(t *rapid.T, campaign uuid.UUID, least, most int) {
	p := intake.AddContactsParams{CampaignID: campaign, Now: m.now}
	batch := map[string]bool{}
	for range rapid.IntRange(least, most).Draw(t, "contacts") {
		who := m.drawPerson(t)
		if len(m.people) > 0 && rapid.IntRange(0, 2).Draw(t, "known when 2") == 2 {
			who.SourceKey = rapid.SampledFrom(m.people).Draw(t, "who").SourceKey
		}
		if batch[who.SourceKey] {
			continue
		}
		batch[who.SourceKey] = true
		m.people, p.Contacts = append(m.people, who), append(p.Contacts, who)
	}
	want := m.model.addContacts(p)
	got, err := m.campaign.store.AddContacts(m.ctx, p)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// drawPerson draws a contact whose id sorts as drawn, so that the order of ids is
// not the order in which people came, and is the same when a failure is replayed.
func (m *machine) drawPerson(t *rapid.T) intake.NewContact {
	id := uuid.New()
	id[0] = rapid.Byte().Draw(t, "id")
	copy(id[1:], fmt.Sprintf("%06d", len(m.people)))
	who := intake.NewContact{
		SourceKey: id.String(), Priority: rapid.SampledFrom([]int{0, 0, 0, 1, -1}).Draw(t, "priority"),
		Contact: outdial.Contact{
			ID: id, AccountID: rapid.SampledFrom(m.accounts).Draw(t, "account"),
			FirstName: rapid.SampledFrom(firstNames).Draw(t, "first name"), LastName: "Smith",
			Phone: rapid.SampledFrom(m.phones).Draw(t, "phone"), PhoneStatus: outdial.PhoneValid,
			Email:      rapid.SampledFrom(append(m.emails[:8:8], "")).Draw(t, "e-mail"),
			Attributes: []byte(`{"staff": 3}`), Timezone: rapid.SampledFrom(zones).Draw(t, "zone"),
		},
	}
	for range rapid.SampledFrom([]int{0, 0, 0, 0, 1, 2}).Draw(t, "flaws") {
		rapid.SampledFrom([]func(*intake.NewContact){
			invalid, optedOut, withoutPhone, withWrongPhone, finished(m.now),
			coolingUntil(m.now),
		}).Draw(t, "flaw")(&who)
	}
	if rapid.IntRange(0, 5).Draw(t, "cooling down when 5") == 5 {
		coolingUntil(m.now.Add(lockFor))(&who)
	}
	return who
}

// lockedContacts returns whom agents are about to call.
func (m *machine) lockedContacts() []outdial.Contact {
	contacts := []outdial.Contact{}
	for _, campaign := range m.campaigns {
		for _, item := range inState(m.model.of(campaign), queue.StateLocked) {
			contacts = append(contacts, item.Contact)
		}
	}
	return contacts
}

// holders returns the agents who have an item locked or running.
func (m *machine) holders(campaign uuid.UUID) []uuid.UUID {
	agents := []uuid.UUID{}
	for _, item := range m.model.of(campaign) {
		if item.State == queue.StateLocked || item.State == queue.StateInProgress {
			agents = append(agents, item.AgentID)
		}
	}
	return agents
}

func inState(items []queue.Item, state queue.State) []queue.Item {
	return slices.DeleteFunc(slices.Clone(items), func(item queue.Item) bool { return item.State != state })
}

// updateContact changes a contact as a host does.
func (m *machine) updateContact(t *rapid.T) {
	if len(m.people) == 0 {
		t.Skip("there is nobody yet")
	}
	id := m.model.bySource[rapid.SampledFrom(m.people).Draw(t, "who").SourceKey]
	if locked := m.lockedContacts(); len(locked) > 0 && rapid.Bool().Draw(t, "of a locked item") {
		id = rapid.SampledFrom(locked).Draw(t, "whose").ID
	}
	contact := m.model.contacts[id]
	switch rapid.IntRange(0, 4).Draw(t, "what") {
	case 0:
		contact.Invalid = !contact.Invalid
	case 1:
		contact.OptedOut = !contact.OptedOut
	case 2:
		contact.Phone, contact.PhoneStatus = rapid.SampledFrom(m.phones).Draw(t, "phone"), outdial.PhoneValid
	case 3:
		contact.PhoneStatus = outdial.PhoneInvalid
	case 4:
		contact.FirstName = rapid.SampledFrom(firstNames).Draw(t, "first name")
	}
	m.model.contacts[id] = contact
	m.campaign.suite.features.UpdateContact(m.campaign, m.campaign.store, contact)
}
