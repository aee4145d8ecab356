package storetest

import (
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// write changes the list in all the ways there are, as long as the agents work. Whoever
// purges hears of few of the changes, so that many claims find items in their way of
// people who are on the list.
func (t *trial) write(random *rand.Rand) error {
	const hushed = 16
	file, err := t.store.BeginImport(t.Context(), suppression.BeginImportParams{
		List: uuid.NewString(), Version: "1", PublishedAt: t.now, ActorID: t.actor, Now: t.now,
	})
	for err == nil && !t.isOver() {
		err = t.writeOnce(random, &file)
		if random.IntN(hushed) == 0 {
			awaken(t.wake)
		}
	}
	return err
}

// writeOnce makes one change. About as many people leave the list as come onto it.
func (t *trial) writeOnce(random *rand.Rand, file *suppression.Import) error {
	there := t.campaigns()[random.IntN(len(t.campaigns()))]
	contact, scope := t.crowds[there.id][random.IntN(len(t.crowds[there.id]))], uuid.Nil
	if random.IntN(2) == 0 {
		scope = there.id
	}
	entries := t.entriesOf(random, contact, scope)
	switch dice := random.IntN(100); {
	case dice < 25:
		return t.raise("AddSuppressions", barsAt(entries), func() error {
			_, err := t.store.AddSuppressions(t.Context(), suppression.AddParams{Entries: entries, ActorID: t.actor, Now: t.now})
			return err
		})
	case dice < 35:
		return t.importNext(file, entries)
	case dice < 45:
		return t.revoke(suppression.ConsentParams{ContactID: contact.ID, CampaignID: scope})
	case dice < 50:
		return t.revoke(suppression.ConsentParams{Entries: entries, CampaignID: scope})
	case dice < 55:
		return t.restore(suppression.ConsentParams{ContactID: contact.ID, CampaignID: scope})
	case dice < 60:
		return t.remove(placesOf(entries))
	default:
		return t.forget(contact)
	}
}

// entriesOf are a contact's phone, e-mail address, or both. Some run out, long after
// everybody has gone home.
func (t *trial) entriesOf(random *rand.Rand, contact outdial.Contact, scope uuid.UUID) []suppression.Entry {
	entries := []suppression.Entry{suppression.NewPhone(contact.Phone), suppression.NewEmail(contact.Email)}
	switch random.IntN(3) {
	case 0:
		entries = entries[:1]
	case 1:
		entries = entries[1:]
	}
	for i := range entries {
		entries[i].CampaignID = scope
		if random.IntN(3) == 0 {
			entries[i].ExpiresAt = t.now.Add(time.Duration(1+random.IntN(3)) * time.Hour)
		}
	}
	return entries
}

func placesOf(entries []suppression.Entry) []suppression.Place {
	places := make([]suppression.Place, len(entries))
	for i, entry := range entries {
		places[i] = entry.Place()
	}
	return places
}

func barsAt(entries []suppression.Entry) []bar {
	bars := make([]bar, len(entries))
	for i, place := range placesOf(entries) {
		bars[i] = bar{place: place}
	}
	return bars
}

// importNext adds entries as the next part of a file.
func (t *trial) importNext(file *suppression.Import, entries []suppression.Entry) error {
	for i := range entries {
		entries[i].Source = suppression.SourceImport
	}
	to := file.Checkpoint
	to.Lines += int64(len(entries))
	to.Bytes += int64(len(entries)) * 13
	return t.raise("ImportSuppressions", barsAt(entries), func() (err error) {
		*file, err = t.store.ImportSuppressions(t.Context(), suppression.ImportParams{
			ImportID: file.ID, Entries: entries, From: file.Checkpoint, To: to, ActorID: t.actor, Now: t.now,
		})
		return err
	})
}

func (t *trial) revoke(p suppression.ConsentParams) error {
	return t.raise("RevokeConsent", t.consentBars(p), func() error {
		_, err := t.store.RevokeConsent(t.Context(), t.consentParams(p))
		return err
	})
}

// restore may leave some of the bars: what came from a file stays.
func (t *trial) restore(p suppression.ConsentParams) error {
	return t.lift("RestoreConsent", t.consentBars(p), func() error {
		_, err := t.store.RestoreConsent(t.Context(), t.consentParams(p))
		return err
	})
}

func (t *trial) consentParams(p suppression.ConsentParams) suppression.ConsentParams {
	p.Source, p.Reason, p.ReceivedAt = suppression.SourceWebhook, "STOP", t.now.Add(-time.Hour)
	p.ActorID, p.Now = t.actor, t.now
	return p
}

// consentBars are the bars that a revocation puts up.
func (t *trial) consentBars(p suppression.ConsentParams) []bar {
	bars, named := barsAt(p.Entries), map[suppression.Target]bool{}
	for _, entry := range p.Entries {
		named[entry.Target()] = true
	}
	for _, contact := range t.contacts {
		phone, email := suppression.PhoneTarget(contact.Phone), suppression.EmailTarget(contact.Email)
		if contact.ID == p.ContactID {
			for _, target := range []suppression.Target{phone, email} {
				bars = append(bars, bar{place: suppression.Place{Target: target, CampaignID: p.CampaignID}})
			}
		}
		if p.CampaignID == uuid.Nil && (contact.ID == p.ContactID || named[phone] || named[email]) {
			bars = append(bars, bar{optedOut: contact.ID})
		}
	}
	return bars
}

func (t *trial) remove(places []suppression.Place) error {
	bars := make([]bar, len(places))
	for i, place := range places {
		bars[i] = bar{place: place}
	}
	return t.lift("RemoveSuppressions", bars, func() error {
		_, err := t.store.RemoveSuppressions(t.Context(), suppression.RemoveParams{
			Places: places, Reason: "a mistake", ActorID: t.actor, Now: t.now,
		})
		return err
	})
}

// forget takes everything off the list that is about a phone and an e-mail address.
func (t *trial) forget(contact outdial.Contact) error {
	named := []suppression.Entry{suppression.NewPhone(contact.Phone), suppression.NewEmail(contact.Email)}
	if err := t.restore(suppression.ConsentParams{Entries: named}); err != nil {
		return err
	}
	places := placesOf(named)
	for _, there := range t.campaigns() {
		for _, entry := range named {
			places = append(places, suppression.Place{Target: entry.Target(), CampaignID: there.id})
		}
	}
	return t.remove(places)
}
