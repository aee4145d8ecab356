package main

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/intake"
)

func TestDemoPeopleAreTheSameEachTime(t *testing.T) {
	t.Parallel()
	first, second := demoPeople(), demoPeople()
	require.Equal(t, first, second)
}

func TestPeopleOfThePowerDemoAreOthers(t *testing.T) {
	t.Parallel()
	ids, keys, phones := map[uuid.UUID]bool{}, map[string]bool{}, map[outdial.Phone]bool{}
	add := func(people []intake.NewContact, callable *int) {
		for _, person := range people {
			contact := person.Contact
			ids[contact.ID], keys[person.SourceKey] = true, true
			if contact.PhoneStatus == outdial.PhoneInvalid {
				continue
			}
			require.False(t, phones[contact.Phone], contact.ID)
			phones[contact.Phone] = true
			number, err := phonenumbers.Parse(contact.Phone.E164(), "US")
			require.NoError(t, err)
			require.True(t, phonenumbers.IsValidNumber(number), contact.ID)
			if !contact.Invalid && !contact.OptedOut {
				*callable++
			}
		}
	}
	var demo, power int
	add(demoPeople(), &demo)
	add(powerPeople(), &power)
	require.Len(t, ids, demoContacts+powerContacts)
	require.Len(t, keys, demoContacts+powerContacts)
	require.Greater(t, power, 300)
	require.Less(t, power, powerContacts, "some must not be called")
}

func TestDemoPeopleAreWorthADemo(t *testing.T) {
	t.Parallel()
	states, names, keys, phones := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[outdial.Phone]bool{}
	accounts := map[uuid.UUID]int{}
	uncallable := map[string]int{}
	for _, person := range demoPeople() {
		contact := person.Contact
		names[contact.FirstName+" "+contact.LastName] = true
		keys[person.SourceKey] = true
		states[contact.Region] = true
		accounts[contact.AccountID]++
		_, err := outdial.ParseEmail(contact.Email.Address())
		require.NoError(t, err)
		switch {
		case contact.Invalid:
			uncallable["invalid"]++
		case contact.OptedOut:
			uncallable["opted out"]++
		case contact.PhoneStatus == outdial.PhoneInvalid:
			uncallable["no phone"]++
			continue
		}
		if contact.PhoneStatus == outdial.PhoneInvalid {
			continue
		}
		require.False(t, phones[contact.Phone], contact.FirstName)
		phones[contact.Phone] = true
		number, err := phonenumbers.Parse(contact.Phone.E164(), "US")
		require.NoError(t, err)
		require.True(t, phonenumbers.IsValidNumber(number), contact.Phone.E164())
		zones, err := phonenumbers.GetTimezonesForNumber(number)
		require.NoError(t, err)
		require.Equal(t, []string{contact.Timezone}, zones, contact.Phone.E164())
	}
	require.Len(t, keys, demoContacts)
	require.Len(t, names, demoContacts, "no two people have one name")
	require.GreaterOrEqual(t, len(states), 40)
	require.Positive(t, accounts[uuid.Nil], "some have no company")
	delete(accounts, uuid.Nil)
	var sizes []int
	for _, size := range accounts {
		sizes = append(sizes, size)
	}
	require.Equal(t, 5, slices.Max(sizes))
	require.Equal(t, 1, slices.Min(sizes))
	require.Len(t, uncallable, 3)
	for why, count := range uncallable {
		require.Greater(t, count, 3, why)
	}
}
