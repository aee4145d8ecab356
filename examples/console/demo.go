package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/intake"
)

const (
	demoCampaign = "Demo"
	demoContacts = 320
)

// Ids of the demo say what they are of. Those of contacts end in a number.
const (
	demoCampaignID = "01900000-0000-7000-8000-00000000ca11"
	demoAgentID    = "01900000-0000-7000-8000-0000000a6e47"
	demoContactIDs = "01900000-0000-7000-8000-0001%08d"
)

// addDemo creates the demo campaign. Two processes that do so at once make one.
func addDemo(ctx context.Context, st intake.Store, now time.Time) error {
	campaign, err := st.EnsureCampaign(ctx, intake.EnsureCampaignParams{
		ID: uuid.MustParse(demoCampaignID), Name: demoCampaign, Now: now,
	})
	if err != nil {
		return fmt.Errorf("create the demo campaign: %w", err)
	}
	_, err = st.AddContacts(ctx, intake.AddContactsParams{
		CampaignID: campaign.Campaign.ID, Contacts: demoPeople(), Now: now,
	})
	if err != nil {
		return fmt.Errorf("add the demo's contacts: %w", err)
	}
	return nil
}

// demoPeople are made up, and the same each time: a company has one to five of
// them, every ninth has no company, and some must not be called.
func demoPeople() []intake.NewContact {
	var (
		firsts  = strings.Fields(demoFirstNames)
		lasts   = strings.Fields(demoLastNames)
		towns   = places()
		sizes   = []int{1, 3, 2, 5, 1, 4}
		company = 0
		seats   = sizes[0]
	)
	people := make([]intake.NewContact, demoContacts)
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
