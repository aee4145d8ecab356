package suppression_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// blindFilter rules everybody out, which no filter may.
type blindFilter struct{}

func (blindFilter) Candidates(context.Context, []suppression.Target) ([]int, bool) { return nil, true }

// keyFilter says which targets it cannot rule out.
type keyFilter struct {
	may map[string]bool
	ok  bool
}

func (f keyFilter) Candidates(_ context.Context, targets []suppression.Target) (indexes []int, ok bool) {
	for i, target := range targets {
		if f.may[target.Key] {
			indexes = append(indexes, i)
		}
	}
	return indexes, f.ok
}

// askedStore remembers how many targets the database was asked about.
type askedStore struct {
	suppression.Store

	asked []int
	fails error
}

func (s *askedStore) MatchSuppressions(ctx context.Context, p suppression.MatchParams) (suppression.MatchResult, error) {
	s.asked = append(s.asked, len(p.Targets))
	if s.fails != nil {
		return suppression.MatchResult{}, s.fails
	}
	return s.Store.MatchSuppressions(ctx, p)
}

func TestCheck(t *testing.T) {
	t.Parallel()
	c := setup(t)
	ann := c.add(t, campaignID, outdial.Contact{FirstName: "Ann", Phone: annPhone, Email: annEmail})
	bob := c.add(t, campaignID, outdial.Contact{FirstName: "Bob", Phone: bobPhone, Email: bobEmail, OptedOut: true})
	cat := c.add(t, campaignID, outdial.Contact{FirstName: "Cat", Phone: "+15046218929"})
	here := suppression.NewEmail(annEmail)
	here.CampaignID, here.Reason = campaignID, "wrote to us"
	_, err := c.service.Add(t.Context(), agent(), suppression.NewPhone(annPhone), here)
	require.NoError(t, err)

	for name, test := range map[string]struct {
		request  suppression.CheckRequest
		entries  int
		optedOut bool
	}{
		"a number that is on the list":                 {request: suppression.CheckRequest{Phone: annPhone}, entries: 1},
		"an address in another case, in its campaign":  {request: suppression.CheckRequest{Email: "ANN@example.COM", CampaignID: campaignID}, entries: 1},
		"an address of one campaign, in another":       {request: suppression.CheckRequest{Email: annEmail, CampaignID: powerID}},
		"an address of one campaign, in none":          {request: suppression.CheckRequest{Email: annEmail}},
		"somebody else's number with a listed address": {request: suppression.CheckRequest{Phone: bobPhone, Email: annEmail, CampaignID: campaignID}, entries: 1},
		"a contact, by whatever they have":             {request: suppression.CheckRequest{ContactID: ann, CampaignID: campaignID}, entries: 2},
		"a contact who has opted out":                  {request: suppression.CheckRequest{ContactID: bob}, optedOut: true},
		"a contact who may be called":                  {request: suppression.CheckRequest{ContactID: cat, CampaignID: campaignID}},
		"a number that is not on the list":             {request: suppression.CheckRequest{Phone: bobPhone}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			verdict, err := c.service.Check(t.Context(), agent(outdial.ScopeQueueWrite), test.request)
			require.NoError(t, err)
			require.Len(t, verdict.Entries, test.entries)
			require.Equal(t, test.optedOut, verdict.OptedOut)
			require.Equal(t, test.entries > 0 || test.optedOut, verdict.Suppressed)
		})
	}
	for name, test := range map[string]struct {
		actor   outdial.Actor
		request suppression.CheckRequest
		want    error
	}{
		"nobody":                          {manager(), suppression.CheckRequest{CampaignID: campaignID}, outdial.ErrInvalid},
		"a number that is none":           {manager(), suppression.CheckRequest{Phone: "504"}, outdial.ErrInvalid},
		"an address that is none":         {manager(), suppression.CheckRequest{Email: "ann"}, outdial.ErrInvalid},
		"a contact who does not exist":    {manager(), suppression.CheckRequest{ContactID: uuid.New()}, outdial.ErrNotFound},
		"somebody asked about by anybody": {agent(outdial.ScopeQueuePull), suppression.CheckRequest{Phone: annPhone}, outdial.ErrForbidden},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			t.Parallel()
			verdict, err := c.service.Check(t.Context(), test.actor, test.request)
			require.ErrorIs(t, err, test.want)
			require.Zero(t, verdict)
		})
	}
}

func TestCheckCounts(t *testing.T) {
	t.Parallel()
	c := setup(t)
	_, err := c.service.Add(t.Context(), agent(), suppression.NewPhone(annPhone))
	require.NoError(t, err)
	for _, phone := range []outdial.Phone{annPhone, bobPhone} {
		_, err := c.service.Check(t.Context(), manager(), suppression.CheckRequest{Phone: phone})
		require.NoError(t, err)
	}
	for _, suppressed := range []string{"true", "false"} {
		require.Equal(t, 1, c.meter.Count("outdial.suppression.checks",
			map[string]string{"answered_by": "database", "suppressed": suppressed}))
	}
}

// many are targets of which every hundredth is on the list.
func many(t *testing.T, c *centre, n int) (targets []suppression.Target, want []int) {
	t.Helper()
	var entries []suppression.Entry
	for i := range n {
		phone := outdial.Phone(fmt.Sprintf("+1504%07d", 2000000+i))
		targets = append(targets, suppression.PhoneTarget(phone))
		if i%100 == 50 {
			entries = append(entries, suppression.NewPhone(phone))
			want = append(want, i)
		}
	}
	_, err := c.service.Add(t.Context(), agent(), entries...)
	require.NoError(t, err)
	return targets, want
}

func TestCheckMany(t *testing.T) {
	t.Parallel()

	t.Run("without a filter the database is asked about all", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		targets, want := many(t, c, 1000)
		store := &askedStore{Store: c.store}
		found, err := suppression.New(store, suppression.Config{Clock: c.clock}).CheckMany(
			t.Context(), manager(), suppression.CheckManyRequest{Targets: targets})
		require.NoError(t, err)
		require.Equal(t, want, found)
		require.Equal(t, []int{1000}, store.asked)
	})
	t.Run("with a filter it is asked about those that are left", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		targets, want := many(t, c, 1000)
		store := &askedStore{Store: c.store}
		filter := keyFilter{ok: true, may: map[string]bool{targets[3].Key: true}}
		for _, i := range want {
			filter.may[targets[i].Key] = true
		}
		found, err := suppression.New(store, suppression.Config{Clock: c.clock, Meter: c.meter, Filter: filter}).CheckMany(
			t.Context(), manager(), suppression.CheckManyRequest{Targets: targets})
		require.NoError(t, err)
		require.Equal(t, want, found, "and what the filter only could not rule out is not found")
		require.Equal(t, []int{11}, store.asked)
		for labels, count := range map[[2]string]int{{"filter", "false"}: 989, {"database", "false"}: 1, {"database", "true"}: 10} {
			require.Equal(t, count, c.meter.Count("outdial.suppression.checks",
				map[string]string{"answered_by": labels[0], "suppressed": labels[1]}))
		}
	})
	t.Run("a filter that cannot tell is not believed", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		targets, want := many(t, c, 1000)
		store := &askedStore{Store: c.store}
		found, err := suppression.New(store, suppression.Config{Clock: c.clock, Filter: keyFilter{}}).CheckMany(
			t.Context(), manager(), suppression.CheckManyRequest{Targets: targets})
		require.NoError(t, err)
		require.Equal(t, want, found)
		require.Equal(t, []int{1000}, store.asked)
	})
	t.Run("more than one statement takes are asked in parts", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		targets, want := many(t, c, 100_060)
		store := &askedStore{Store: c.store}
		found, err := suppression.New(store, suppression.Config{Clock: c.clock}).CheckMany(
			t.Context(), manager(), suppression.CheckManyRequest{Targets: targets})
		require.NoError(t, err)
		require.Equal(t, want, found)
		require.Equal(t, []int{100_000, 60}, store.asked)
	})
	t.Run("entries of a campaign count in it alone, and those that have run out in none", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		here, soon := suppression.NewPhone(annPhone), suppression.NewEmail(bobEmail)
		here.CampaignID, soon.ExpiresAt = campaignID, noon.Add(time.Hour)
		_, err := c.service.Add(t.Context(), agent(), here, soon)
		require.NoError(t, err)
		targets := []suppression.Target{suppression.EmailTarget(bobEmail), suppression.PhoneTarget(annPhone), suppression.EmailTarget(bobEmail)}
		check := func(campaign uuid.UUID) []int {
			found, err := c.service.CheckMany(t.Context(), manager(), suppression.CheckManyRequest{Targets: targets, CampaignID: campaign})
			require.NoError(t, err)
			return found
		}
		require.Equal(t, []int{0, 1, 2}, check(campaignID), "who is asked about twice is answered twice")
		require.Equal(t, []int{0, 2}, check(powerID))
		c.clock.Add(time.Hour)
		require.Equal(t, []int{1}, check(campaignID))
		require.Empty(t, check(uuid.Nil))
	})
	t.Run("nobody is answered when the database does not answer", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		down := errors.New("down")
		found, err := suppression.New(&askedStore{Store: c.store, fails: down}, suppression.Config{}).CheckMany(
			t.Context(), manager(), suppression.CheckManyRequest{Targets: []suppression.Target{suppression.PhoneTarget(annPhone)}})
		require.ErrorIs(t, err, down)
		require.Nil(t, found)
	})
	t.Run("what cannot be on the list is refused and not ruled out", func(t *testing.T) {
		t.Parallel()
		c := setup(t)
		_, err := c.service.CheckMany(t.Context(), manager(), suppression.CheckManyRequest{
			Targets: []suppression.Target{suppression.PhoneTarget(annPhone), {Kind: suppression.KindPhone, Key: "(504) 621-8927"}},
		})
		requireFieldError(t, err, "targets[1]", "is not a number in E.164 form")
		_, err = c.service.CheckMany(t.Context(), agent(outdial.ScopeQueuePull), suppression.CheckManyRequest{})
		require.ErrorIs(t, err, outdial.ErrForbidden)
	})
}
