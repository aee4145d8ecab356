package storetest

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/queue/intake"
	"github.com/outdial/outdial/suppression"
)

func contains(text string) filter.Expr { return filter.Text("first_name").Contains(text) }

// matches says whether a filter is about a contact, whenever that came in.
func matches(expr filter.Expr, contact outdial.Contact, now time.Time) bool {
	return filter.Match(expr, filter.Row{Contact: contact}, now)
}

// replaceCandidateBehaviours proves who may be in a new queue, and under which
// reason the others count.
func replaceCandidateBehaviours(g *group) {
	g.proves("a nil filter is all of the campaign's contacts", func(c *campaign) {
		agent := uuid.New()
		c.another().addCallable(2)
		people := c.addCallable(3)
		require.Equal(c, queue.ReplaceResult{Assigned: 3, Matched: 3, Skipped: queue.NewSkips()},
			c.replace(queue.ReplaceParams{AgentID: agent}))
		require.Equal(c, contactIDs(people), c.queueOf(agent))
	})

	g.proves("a campaign without contacts gives an empty queue", func(c *campaign) {
		require.Equal(c, queue.ReplaceResult{Skipped: queue.NewSkips()}, c.replace(queue.ReplaceParams{AgentID: uuid.New()}))
	})

	g.proves("a contact counts under the first reason that applies", func(c *campaign) {
		agent, colleague, account := uuid.New(), uuid.New(), uuid.New()
		tomorrow := c.now.Add(24 * time.Hour)
		c.add(person(withPriority(9), inAccount(account)))

		// Each has two reasons that stand next to each other in the order.
		c.add(person(invalid, withoutPhone), person(withoutPhone, optedOut))
		suppressed := c.add(person(optedOut), person(finished(c.now)))
		c.suppress(suppression.NewEmail(suppressed[0].Email), suppressedBy(suppressed[1]))
		c.add(person(finished(c.now), coolingUntil(tomorrow)))
		cooling := c.add(person(coolingUntil(tomorrow)))
		c.enqueue(queue.EnqueueParams{
			AgentID: colleague, ContactIDs: contactIDs(cooling),
			Provenance: outdial.Provenance{By: "system", Reason: outdial.ReasonCallback},
		})
		c.give(colleague, c.add(person(inAccount(account)))...)
		c.add(person(inAccount(account)))
		c.add(person())

		want := queue.NewSkips()
		for reason := range want {
			want[reason] = 1
		}
		result := c.replace(queue.ReplaceParams{AgentID: agent, PerAccountCap: 1, MaxQueueSize: 1})
		require.Equal(c, want, result.Skipped)
		require.Equal(c, 1, result.Assigned)
	})

	g.proves("a contact with no number or a wrong one counts under no_phone", func(c *campaign) {
		c.add(person(withoutPhone), person(withWrongPhone), person(func(who *intake.NewContact) {
			who.Contact.PhoneStatus = outdial.PhoneInvalid
		}))
		callable := c.add(person(func(who *intake.NewContact) { who.Contact.PhoneStatus = outdial.PhoneUnknown }))
		agent := uuid.New()
		require.Equal(c, 3, c.replace(queue.ReplaceParams{AgentID: agent}).Skipped[queue.SkipNoPhone])
		require.Equal(c, contactIDs(callable), c.queueOf(agent), "a number nobody has checked can be dialed")
	})

	replaceSuppressionBehaviours(g)

	g.proves("a contact this campaign is done with counts under finished", func(c *campaign) {
		who := person(finished(c.now.Add(-time.Hour)))
		c.add(who)
		other := c.another()
		who.FinishedAt, who.FinishReason = time.Time{}, ""
		other.add(who)
		require.Equal(c, 1, c.replace(queue.ReplaceParams{AgentID: uuid.New()}).Skipped[queue.SkipFinished])
		require.Equal(c, 1, other.replace(queue.ReplaceParams{AgentID: uuid.New()}).Assigned, "another campaign is not done")
	})

	g.proves("a contact cools down until next_attempt_at and not longer", func(c *campaign) {
		due := c.now.Add(time.Hour)
		people := c.add(person(coolingUntil(due)))
		agent := uuid.New()
		c.now = due.Add(-time.Microsecond)
		require.Equal(c, 1, c.replace(queue.ReplaceParams{AgentID: agent}).Skipped[queue.SkipCoolingDown])
		c.now = due
		require.Equal(c, 1, c.replace(queue.ReplaceParams{AgentID: agent}).Assigned)
		require.Equal(c, contactIDs(people), c.queueOf(agent))
	})

	g.proves("a contact that another agent holds counts as a collision", func(c *campaign) {
		agent := uuid.New()
		people := c.addCallable(4)
		c.give(uuid.New(), people[0])
		c.lock(uuid.New(), people[1], false)
		c.start(uuid.New(), people[2], false)
		result := c.replace(queue.ReplaceParams{AgentID: agent})
		require.Equal(c, 3, result.Skipped[queue.SkipCollision])
		require.Equal(c, contactIDs(people[3:]), c.queueOf(agent))
	})

	g.proves("another agent's own item is a collision even when its lock has expired", func(c *campaign) {
		person := c.addCallable(1)[0]
		c.lock(uuid.New(), person, false)
		c.wait(lockFor)
		require.Equal(c, 1, c.replace(queue.ReplaceParams{AgentID: uuid.New()}).Skipped[queue.SkipCollision])
	})

	g.proves("a contact whose item has ended can be queued again", func(c *campaign) {
		agent, colleague := uuid.New(), uuid.New()
		people := c.addCallable(1)
		c.give(colleague, people...)
		c.clear(colleague)
		require.Equal(c, 1, c.replace(queue.ReplaceParams{AgentID: agent}).Assigned)
		require.Equal(c, contactIDs(people), c.queueOf(agent))
		require.Len(c, c.items(), 2, "the released row is history")
	})

	replaceFilterBehaviours(g)
}

// replaceSuppressionBehaviours proves which entries of the list keep a contact
// out of a new queue.
func replaceSuppressionBehaviours(g *group) {
	cases := []struct {
		sentence   string
		suppressed bool
		entry      func(c *campaign, contact outdial.Contact) suppression.Entry
	}{
		{"a contact whose phone is suppressed globally is suppressed", true, func(_ *campaign, contact outdial.Contact) suppression.Entry {
			return suppressedBy(contact)
		}},
		{"a contact whose e-mail is suppressed globally is suppressed", true, func(_ *campaign, contact outdial.Contact) suppression.Entry {
			return suppression.NewEmail(contact.Email)
		}},
		{"a contact whose e-mail is suppressed in other letters is suppressed", true, func(_ *campaign, contact outdial.Contact) suppression.Entry {
			return suppression.NewEmail(outdial.Email(" " + strings.ToUpper(string(contact.Email)) + " "))
		}},
		{"a contact whose phone is suppressed for this campaign is suppressed", true, func(c *campaign, contact outdial.Contact) suppression.Entry {
			return suppressedBy(contact, onlyIn(c.id))
		}},
		{"a contact whose phone is suppressed for another campaign is not", false, func(c *campaign, contact outdial.Contact) suppression.Entry {
			return suppressedBy(contact, onlyIn(c.another().id))
		}},
		{"an entry suppresses up to the last microsecond before it expires", true, func(c *campaign, contact outdial.Contact) suppression.Entry {
			return suppressedBy(contact, until(c.now.Add(time.Microsecond)))
		}},
		{"an entry suppresses no longer at the time when it expires", false, func(c *campaign, contact outdial.Contact) suppression.Entry {
			return suppressedBy(contact, until(c.now))
		}},
		{"an entry for an e-mail suppresses no phone of the same text", false, func(_ *campaign, contact outdial.Contact) suppression.Entry {
			return suppression.Entry{
				Kind: suppression.KindEmail, Value: contact.Phone.E164(), Key: contact.Phone.E164(), Source: suppression.SourceManual,
			}
		}},
	}
	for _, test := range cases {
		g.proves(test.sentence, func(c *campaign) {
			people := c.addCallable(2)
			c.suppress(test.entry(c, people[0]))
			agent := uuid.New()
			result := c.replace(queue.ReplaceParams{AgentID: agent})
			if test.suppressed {
				require.Equal(c, 1, result.Skipped[queue.SkipSuppressed])
				require.Equal(c, contactIDs(people[1:]), c.queueOf(agent))
				return
			}
			require.Zero(c, result.Skipped.Total())
			require.Equal(c, contactIDs(people), c.queueOf(agent))
		})
	}

	g.proves("one entry suppresses every contact with that phone", func(c *campaign) {
		shared := nextPhone()
		people := c.addCallable(3, func(who *intake.NewContact) { who.Contact.Phone = shared })
		c.suppress(suppressedBy(people[0]))
		require.Equal(c, 3, c.replace(queue.ReplaceParams{AgentID: uuid.New()}).Skipped[queue.SkipSuppressed])
	})

	g.proves("a contact with several entries counts once", func(c *campaign) {
		contact := c.addCallable(1)[0]
		c.suppress(suppressedBy(contact), suppressedBy(contact, onlyIn(c.id)),
			suppression.NewEmail(contact.Email), suppressedBy(contact, onlyIn(c.another().id)))
		result := c.replace(queue.ReplaceParams{AgentID: uuid.New()})
		require.Equal(c, 1, result.Skipped[queue.SkipSuppressed])
		require.Equal(c, 1, result.Matched)
	})
}

// replaceFilterBehaviours proves that the store selects what filter.Match does.
func replaceFilterBehaviours(g *group) {
	g.proves("a filter chooses the contacts it matches", func(c *campaign) {
		names := []string{
			"Bob", "BOBBY", "rob", "Ann", "", "100%", "100", "a_b", "axb", `a\b`, "O'Brien", `"quoted"`,
			"Élodie", "élodie", "ELODIE", "Жанна", "жанна", "Ünal", "日本", "B ", "%", "_", `\`, "'; --",
		}
		people := make([]intake.NewContact, len(names))
		for i, name := range names {
			people[i] = person(named(name))
		}
		c.add(people...)
		for _, text := range []string{
			"b", "B", "ob", "%", "_", `\`, "'", `"`, "0%", "a_", "É", "é", "ЖАН", "ü", "本", "nobody", " ", "';", "%%", `\%`,
		} {
			expr, want := contains(text), []uuid.UUID{}
			for _, who := range people {
				if matches(expr, who.Contact, c.now) {
					want = append(want, who.Contact.ID)
				}
			}
			agent := uuid.New()
			result := c.replace(queue.ReplaceParams{AgentID: agent, Filter: expr})
			require.ElementsMatch(c, want, c.queueOf(agent), "first name contains %q", text)
			require.Equal(c, len(want), result.Matched)
			c.clear(agent)
		}
	})

	g.proves("contacts that the filter does not match count nowhere", func(c *campaign) {
		c.add(person(named("Zoe")), person(named("Zoe"), invalid), person(named("Bob")))
		result := c.replace(queue.ReplaceParams{AgentID: uuid.New(), Filter: contains("b")})
		require.Equal(c, queue.ReplaceResult{Assigned: 1, Matched: 1, Skipped: queue.NewSkips()}, result)
	})
}
