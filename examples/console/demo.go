package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/queue/intake"
)

const (
	demoCampaign = "Demo"
	demoContacts = 320
	// powerCampaign is the one that the dialer works through.
	powerCampaign = "Power demo"
	powerContacts = 400
)

// Ids of the demo say what they are of. Those of contacts end in a number.
const (
	demoCampaignID  = "01900000-0000-7000-8000-00000000ca11"
	demoAgentID     = "01900000-0000-7000-8000-0000000a6e47"
	demoContactIDs  = "01900000-0000-7000-8000-0001%08d"
	powerCampaignID = "01900000-0000-7000-8000-00000000d1a1"
	powerManagerID  = "01900000-0000-7000-8000-00000000b055"
	powerAgentIDs   = "01900000-0000-7000-8000-0002%08d"
)

// listedPhone is the number of somebody who waits at the end of the demo's power queue,
// as people write it.
const listedPhone = "(401) 458-1716"

// addDemo creates the demo campaigns, one for each queue, and starts the one of the
// power queue. Two processes that do so at once make one of each.
func addDemo(ctx context.Context, st intake.Store, calls *dialer.Service, now time.Time) error {
	if err := addCampaign(ctx, st, demoCampaignID, demoCampaign, demoPeople(), now); err != nil {
		return err
	}
	if err := addCampaign(ctx, st, powerCampaignID, powerCampaign, powerPeople(), now); err != nil {
		return err
	}
	id := uuid.MustParse(powerCampaignID)
	if _, err := calls.Enqueue(ctx, outdial.System(), dialer.EnqueueRequest{CampaignID: id}); err != nil {
		return fmt.Errorf("queue the demo's calls: %w", err)
	}
	if _, err := calls.Start(ctx, outdial.System(), id); err != nil && !errors.Is(err, outdial.ErrConflict) {
		return fmt.Errorf("start the demo's calls: %w", err)
	}
	return nil
}

func addCampaign(ctx context.Context, st intake.Store, id, name string, people []intake.NewContact, now time.Time) error {
	campaign, err := st.EnsureCampaign(ctx, intake.EnsureCampaignParams{ID: uuid.MustParse(id), Name: name, Now: now})
	if err != nil {
		return fmt.Errorf("create the campaign %s: %w", name, err)
	}
	_, err = st.AddContacts(ctx, intake.AddContactsParams{CampaignID: campaign.Campaign.ID, Contacts: people, Now: now})
	if err != nil {
		return fmt.Errorf("add the contacts of %s: %w", name, err)
	}
	return nil
}

// demoPeople are those of the demo of the agent queue.
func demoPeople() []intake.NewContact { return madeUpPeople(demoContacts) }

// powerPeople are those of the demo of the power queue, all of them others: a phone
// that is in one queue is not called from the other.
func powerPeople() []intake.NewContact {
	return madeUpPeople(demoContacts + powerContacts)[demoContacts:]
}

// madeUpPeople are the same each time: a company has one to five of them, every ninth
// has no company, and some must not be called.
func madeUpPeople(count int) []intake.NewContact {
	var (
		firsts  = strings.Fields(demoFirstNames)
		lasts   = strings.Fields(demoLastNames)
		towns   = places()
		sizes   = []int{1, 3, 2, 5, 1, 4}
		company = 0
		seats   = sizes[0]
	)
	people := make([]intake.NewContact, count)
	for i := range people {
		// The factors share no divisor with the lengths, so that names repeat late.
		first, last := firsts[i*7%len(firsts)], lasts[i*11%len(lasts)]
		if seats == 0 {
			company++
			seats = sizes[company%len(sizes)]
		}
		town := towns[company*5%len(towns)]
		contact := outdial.Contact{
			ID:          uuid.MustParse(fmt.Sprintf(demoContactIDs, i+1)),
			FirstName:   first,
			LastName:    last,
			Phone:       outdial.Phone(fmt.Sprintf("+1%s%04d", town.exchange, 1000+i)),
			PhoneStatus: outdial.PhoneValid,
			Country:     "US",
			Region:      town.state,
			PostalCode:  town.zip,
			Timezone:    town.zone,
			// Nobody gets mail at example.com.
			Email:    outdial.Email(strings.ToLower(first + "." + last + "@example.com")),
			Invalid:  i%53 == 17,
			OptedOut: i%31 == 8,
		}
		if i%9 != 4 {
			seats--
			contact.Company = demoCompany(company)
			contact.AccountID = uuid.NewSHA1(uuid.MustParse(demoCampaignID), []byte(contact.Company))
		}
		if i%47 == 23 {
			contact.Phone, contact.PhoneStatus = "ask at the desk", outdial.PhoneInvalid
		}
		people[i] = intake.NewContact{
			SourceKey: fmt.Sprintf("demo:%d", i+1), Priority: i % 4, Contact: contact,
		}
	}
	return people
}

func demoCompany(number int) string {
	names, trades := strings.Fields(demoCompanyNames), strings.Fields(demoTrades)
	return names[number%len(names)] + " " + trades[number/len(names)%len(trades)]
}

const (
	demoFirstNames = `Abel Alma Bea Bette Boris Carla Cedric Celia Dana Dora Edwin Elsa Fabio Flora Gina
		Gordon Hanna Hugo Ida Irwin Jonas Julia Karl Kira Lena Lionel Mabel Marco Nadia Nils Olga Oscar
		Paula Pedro Rita Robin Sabra Stefan Tilda Ursula Viktor Wanda Yusuf`
	demoLastNames = `Abbot Barlow Cole Dorsey Ebner Farrow Gale Holt Ingram Jarvis Keller Lomax Mercer
		Noble Osborn Parrish Quill Rowan Sutter Thorne Ulmer Vance Weller Yates Zeller Ashby Bloom Crane
		Drake Ellery Finch`
	demoCompanyNames = `Bluestone Cedar Clearwater Copper Eastgate Fairview Foxglove Granite Harbor Juniper
		Lakeside Larkspur Maple Meridian Northfield Oakridge Prairie Redwood Sandhill Silverleaf Summit Westbrook`
	demoTrades = `Printing Logistics Dental Roofing Insurance Software Catering`
)
