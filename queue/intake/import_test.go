package intake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/intake"
)

const twoRows = "first name,phone\nJames,504-621-8927\nJosephine,810-292-9388\n"

func TestImportAuthority(t *testing.T) {
	t.Parallel()
	request := func() intake.ImportRequest {
		return intake.ImportRequest{CampaignName: "Spring", Source: strings.NewReader(twoRows)}
	}
	for name, actor := range map[string]outdial.Actor{
		"an agent is refused even with the scope": {ID: manager().ID, Role: outdial.RoleAgent, Scopes: outdial.Scopes()},
		"a manager without the scope is refused":  {Role: outdial.RoleManager, Scopes: []outdial.Scope{outdial.ScopeQueuePull}},
		"the zero actor is refused":               {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newMemory()
			_, err := intake.New(store, intake.Config{}).Import(t.Context(), actor, request())
			require.ErrorIs(t, err, outdial.ErrForbidden)
			require.True(t, store.untouched())
		})
	}
	for name, actor := range map[string]outdial.Actor{
		"a manager with the scope may import": manager(),
		"an admin with the scope may import":  {Role: outdial.RoleAdmin, Scopes: []outdial.Scope{outdial.ScopeQueueWrite}},
		"the system may import":               outdial.System(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, err := intake.New(newMemory(), intake.Config{}).Import(t.Context(), actor, request())
			require.NoError(t, err)
			require.Equal(t, 2, res.Imported)
		})
	}
}

func TestImportRequest(t *testing.T) {
	t.Parallel()
	file := func() io.Reader { return strings.NewReader(twoRows) }
	for name, tc := range map[string]struct {
		req  intake.ImportRequest
		want string
	}{
		"a missing source is refused":                 {intake.ImportRequest{CampaignName: "Spring"}, "file: is required"},
		"a campaign needs an id or a name":            {intake.ImportRequest{Source: file()}, "campaign_id: is required, or campaign_name"},
		"a name of spaces is no name":                 {intake.ImportRequest{Source: file(), CampaignName: " \t"}, "campaign_id: is required, or campaign_name"},
		"a campaign name has a limit":                 {intake.ImportRequest{Source: file(), CampaignName: strings.Repeat("x", 201)}, "campaign_name: is longer than 200 bytes"},
		"a campaign name must be fit to show":         {intake.ImportRequest{Source: file(), CampaignName: "a\x00b"}, "campaign_name: holds characters that cannot be shown"},
		"a default region must be a country":          {intake.ImportRequest{Source: file(), CampaignName: "Spring", DefaultRegion: "XX"}, "default_region: is not a country"},
		"a list name has a limit":                     {intake.ImportRequest{Source: file(), CampaignName: "Spring", List: strings.Repeat("x", 65)}, "list: is longer than 64 bytes"},
		"a list name is plain, so that keys are safe": {intake.ImportRequest{Source: file(), CampaignName: "Spring", List: "a:b"}, "list: must be letters, digits, dots, dashes and underscores"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newMemory()
			_, err := intake.New(store, intake.Config{}).Import(t.Context(), manager(), tc.req)
			require.ErrorIs(t, err, outdial.ErrInvalid)
			require.EqualError(t, err, tc.want)
			require.True(t, store.untouched())
		})
	}
	t.Run("a campaign is found by its name the second time", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		first, err := b.load(twoRows)
		require.NoError(t, err)
		second, err := b.load(twoRows)
		require.NoError(t, err)
		require.Equal(t, first.CampaignID, second.CampaignID)
		require.Len(t, b.store.campaigns, 1)
	})
	t.Run("an unknown campaign id without a name is not found", func(t *testing.T) {
		t.Parallel()
		_, err := newBench(intake.Config{}).svc.Import(t.Context(), manager(), intake.ImportRequest{CampaignID: uuid.New(), Source: file()})
		require.ErrorIs(t, err, outdial.ErrNotFound)
	})
	t.Run("a campaign with an id and a name is created under that id", func(t *testing.T) {
		t.Parallel()
		id := uuid.New()
		res, err := newBench(intake.Config{}).svc.Import(t.Context(), manager(), intake.ImportRequest{CampaignID: id, CampaignName: "Spring", Source: file()})
		require.NoError(t, err)
		require.Equal(t, id, res.CampaignID)
	})
	t.Run("callbacks of a request replace those of the config", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		var rejected, progress int
		_, err := b.svc.Import(t.Context(), manager(), intake.ImportRequest{
			CampaignName: "Spring", Source: strings.NewReader(twoRows + "x,y\n"),
			Progress: func(intake.Progress) { progress++ }, Rejected: func(intake.Rejection) { rejected++ },
		})
		require.NoError(t, err)
		require.Equal(t, 1, rejected)
		require.Equal(t, 1, progress)
		require.Empty(t, b.rejected)
		require.Empty(t, b.progress)
	})
	t.Run("WithStore imports into the other store", func(t *testing.T) {
		t.Parallel()
		b, other := newBench(intake.Config{}), newMemory()
		_, err := b.svc.WithStore(other).Import(t.Context(), manager(), intake.ImportRequest{CampaignName: "Spring", Source: file()})
		require.NoError(t, err)
		require.True(t, b.store.untouched())
		require.Len(t, other.contacts, 2)
	})
}

func TestImportSampleList(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T) io.Reader {
		t.Helper()
		file, err := os.Open("testdata/us-500.csv")
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, file.Close()) })
		return file
	}
	b := newBench(intake.Config{BatchSize: 128})
	load := func(t *testing.T) intake.Result {
		t.Helper()
		res, err := b.svc.Import(t.Context(), manager(), intake.ImportRequest{CampaignName: "Spring", Source: open(t)})
		require.NoError(t, err)
		return res
	}
	first := load(t)
	require.Equal(t, intake.Result{CampaignID: first.CampaignID, Imported: 500}, first, "all 500 load")
	require.Empty(t, b.rejected)
	require.Equal(t, []int{128, 128, 128, 116}, b.store.batches)
	before := b.store.snapshot()

	james := b.store.list()[0]
	require.Equal(t, "James", james.Contact.FirstName)
	require.Equal(t, "Butt", james.Contact.LastName)
	require.Equal(t, "Benton John B Jr", james.Contact.Company)
	require.Equal(t, "+15046218927", james.Contact.Phone.E164())
	require.Equal(t, outdial.PhoneValid, james.Contact.PhoneStatus)
	require.Equal(t, "jbutt@gmail.com", james.Contact.Email.Address())
	require.Equal(t, "US", james.Contact.Country)
	require.Equal(t, "LA", james.Contact.Region)
	require.Equal(t, "70116", james.Contact.PostalCode)
	require.JSONEq(t, `{"address":"6649 N Blue Gum St","city":"New Orleans","county":"Orleans"}`, string(james.Contact.Attributes))

	ids := map[uuid.UUID]bool{}
	for _, c := range b.store.list() {
		require.Len(t, c.Contact.PostalCode, 5, "every ZIP has its five digits again")
		require.NotEqual(t, uuid.Nil, c.Contact.AccountID, "everybody has a company")
		require.Equal(t, uuid.Version(7), c.Contact.ID.Version())
		ids[c.Contact.ID] = true
	}
	require.Len(t, ids, 500)

	second := load(t)
	require.Equal(t, intake.Result{CampaignID: first.CampaignID, Unchanged: 500}, second, "a second import changes nothing")
	require.Equal(t, before, b.store.snapshot())
	require.Len(t, b.store.audits, 2)
}

func TestImportCounts(t *testing.T) {
	t.Parallel()
	t.Run("a row that repeats one of its batch counts as unchanged", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		res, err := b.load(twoRows + "JAMES,+1 (504) 621-8927\n")
		require.NoError(t, err)
		require.Equal(t, intake.Result{CampaignID: res.CampaignID, Imported: 2, Unchanged: 1}, res)
		require.Equal(t, []int{2}, b.store.batches, "no batch has one key twice")
		require.Equal(t, "James", b.store.list()[0].Contact.FirstName, "the first counts")
	})
	t.Run("a row that repeats one of an earlier batch counts as unchanged", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{BatchSize: 1})
		res, err := b.load(twoRows + "JAMES,+1 (504) 621-8927\n")
		require.NoError(t, err)
		require.Equal(t, intake.Result{CampaignID: res.CampaignID, Imported: 2, Unchanged: 1}, res)
	})
	t.Run("a contact of another campaign is added to this one", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		_, err := b.load(twoRows)
		require.NoError(t, err)
		res, err := b.svc.Import(t.Context(), manager(), intake.ImportRequest{CampaignName: "Autumn", Source: strings.NewReader(twoRows)})
		require.NoError(t, err)
		require.Equal(t, 2, res.Imported)
		require.Len(t, b.store.contacts, 2)
	})
	t.Run("times are those of the clock to the microsecond", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		_, err := b.load(twoRows)
		require.NoError(t, err)
		require.Equal(t, time.Date(2026, 11, 21, 15, 4, 5, 123456000, time.UTC), b.store.audits[0].Now)
		require.Equal(t, b.store.audits[0].Now, b.store.campaigns[0].CreatedAt)
	})
	t.Run("the audit entry names the actor and the counts", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		res, err := b.load(twoRows + "x,y\n")
		require.NoError(t, err)
		require.Len(t, b.store.audits, 1)
		require.Equal(t, manager().ID, b.store.audits[0].ActorID)
		require.Equal(t, res, b.store.audits[0].Result)
		require.Equal(t, res.CampaignID, b.store.audits[0].CampaignID)
	})
	t.Run("an import in which every row is rejected is recorded too", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		res, err := b.load("phone\nx\ny\n")
		require.NoError(t, err)
		require.Equal(t, 2, res.Rejected)
		require.Empty(t, b.store.batches)
		require.Len(t, b.store.audits, 1)
	})
}

func TestImportProgress(t *testing.T) {
	t.Parallel()
	t.Run("progress comes after every batch of rows and at the end", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{BatchSize: 2})
		file := twoRows + "x,y\nJames,504-621-8927\nMitchell,907-385-4412\n"
		_, err := b.load(file)
		require.NoError(t, err)
		length := int64(len(file))
		require.Equal(t, []intake.Progress{
			{Rows: 2, Imported: 2, Bytes: int64(len(twoRows))},
			{Rows: 4, Imported: 2, Unchanged: 1, Rejected: 1, Bytes: length - int64(len("Mitchell,907-385-4412\n"))},
			{Rows: 5, Imported: 3, Unchanged: 1, Rejected: 1, Bytes: length},
		}, b.progress)
	})
	t.Run("the last progress is about the whole file", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{BatchSize: 2})
		_, err := b.load(twoRows + "\n,\n\n")
		require.NoError(t, err)
		require.Len(t, b.progress, 2)
		require.Equal(t, intake.Progress{Rows: 2, Imported: 2, Bytes: int64(len(twoRows) + 4)}, b.progress[1])
	})
	t.Run("a file whose rows fill its last batch reports the end once", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{BatchSize: 2})
		_, err := b.load(twoRows)
		require.NoError(t, err)
		require.Len(t, b.progress, 1)
	})
}

func TestImportStops(t *testing.T) {
	t.Parallel()
	const fourRows = twoRows + "Art,856-636-8749\nLenna,907-385-4412\n"
	errDisk := errors.New("disk full")

	t.Run("batches before a failing one stay and are recorded", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{BatchSize: 1})
		b.store.onBatch = func(n int) error {
			if n == 3 {
				return errDisk
			}
			return nil
		}
		res, err := b.load(fourRows)
		require.ErrorIs(t, err, errDisk)
		require.EqualError(t, err, "add the contacts up to line 4: disk full")
		require.Equal(t, intake.Result{CampaignID: res.CampaignID, Imported: 2}, res)
		require.Len(t, b.store.audits, 1)
		require.Equal(t, res, b.store.audits[0].Result)

		b.store.onBatch = nil
		res, err = b.load(fourRows)
		require.NoError(t, err)
		require.Equal(t, intake.Result{CampaignID: res.CampaignID, Imported: 2, Unchanged: 2}, res, "repeating the import completes it")
	})
	t.Run("a failing last batch fails the import", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		b.store.onBatch = func(int) error { return errDisk }
		res, err := b.load(fourRows)
		require.ErrorIs(t, err, errDisk)
		require.Equal(t, intake.Result{CampaignID: res.CampaignID}, res)
		require.Empty(t, b.progress)
	})
	t.Run("a cancelled context stops between batches and is recorded", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		b := newBench(intake.Config{BatchSize: 1})
		b.store.onBatch = func(n int) error {
			if n == 2 {
				cancel()
			}
			return nil
		}
		b.store.onAudit = func(ctx context.Context) error { return ctx.Err() }
		res, err := b.svc.Import(ctx, manager(), intake.ImportRequest{CampaignName: "Spring", Source: strings.NewReader(fourRows)})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, intake.Result{CampaignID: res.CampaignID, Imported: 2}, res)
		require.Equal(t, res, b.store.audits[0].Result)
	})
	t.Run("a context that ended before the import changes nothing", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		b := newBench(intake.Config{})
		_, err := b.svc.Import(ctx, manager(), intake.ImportRequest{CampaignName: "Spring", Source: strings.NewReader(fourRows)})
		require.ErrorIs(t, err, context.Canceled)
		require.True(t, b.store.untouched())
	})
	t.Run("a source that fails half way keeps the whole rows before", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		source := io.MultiReader(strings.NewReader(fourRows+"Donette,513-570"), iotest.ErrReader(errDisk))
		res, err := b.svc.Import(t.Context(), manager(), intake.ImportRequest{CampaignName: "Spring", Source: source})
		require.ErrorIs(t, err, errDisk)
		require.EqualError(t, err, "read the file at line 6: disk full")
		require.Equal(t, intake.Result{CampaignID: res.CampaignID, Imported: 4}, res)
	})
	t.Run("a source whose error only wraps EOF has not ended", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		source := io.MultiReader(strings.NewReader(fourRows), iotest.ErrReader(fmt.Errorf("connection: %w", io.EOF)))
		res, err := b.svc.Import(t.Context(), manager(), intake.ImportRequest{CampaignName: "Spring", Source: source})
		require.EqualError(t, err, "read the file at line 6: connection: EOF")
		require.Equal(t, 4, res.Imported)
	})
	t.Run("a source that fails once fails the import", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		source := iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(fourRows)))
		_, err := b.svc.Import(t.Context(), manager(), intake.ImportRequest{CampaignName: "Spring", Source: source})
		require.ErrorIs(t, err, iotest.ErrTimeout)
	})
	t.Run("a source that fails at once changes nothing", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		_, err := b.svc.Import(t.Context(), manager(), intake.ImportRequest{CampaignName: "Spring", Source: iotest.ErrReader(errDisk)})
		require.ErrorIs(t, err, errDisk)
		require.True(t, b.store.untouched())
	})
	t.Run("an audit entry that cannot be written is an error beside the result", func(t *testing.T) {
		t.Parallel()
		b := newBench(intake.Config{})
		b.store.onAudit = func(context.Context) error { return errDisk }
		res, err := b.load(fourRows)
		require.ErrorIs(t, err, errDisk)
		require.Equal(t, 4, res.Imported)
	})
}

func TestImportSources(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"a source may give one byte at a time":            iotest.OneByteReader,
		"a source may give its last bytes with the end":   iotest.DataErrReader,
		"a source may give half of what it is asked for":  iotest.HalfReader,
		"a source may be an ordinary reader of one piece": func(r io.Reader) io.Reader { return r },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(intake.Config{})
			_, err := b.svc.Import(t.Context(), manager(), intake.ImportRequest{
				CampaignName: "Spring", Source: wrap(strings.NewReader(twoRows + `"Art` + "\n" + `Junior",856-636-8749`)),
			})
			require.NoError(t, err)
			require.Equal(t, []string{"+15046218927", "+18102929388", "+18566368749"}, phones(b.store))
		})
	}
}

func TestImportPrivacy(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	store := newMemory()
	var said []string
	svc := intake.New(store, intake.Config{
		Logger:   slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Rejected: func(r intake.Rejection) { said = append(said, r.String()) },
	})
	file := "first name,phone,email\n" +
		"James,504-621-892,jbutt@gmail.com\n" +
		"James,504-621-8927,jbutt@@gmail.com\n" +
		"James,504-621-8927,jbutt@gmail.com,504-845-1427\n" +
		"James,504-621-8927,\"jbutt@gmail.com\" x\n" +
		"James,504-621-8927,jbutt@gmail.com\n"
	_, err := svc.Import(t.Context(), manager(), intake.ImportRequest{CampaignName: "Spring", Source: strings.NewReader(file)})
	require.NoError(t, err)
	// Times and random ids have all digits.
	logged := regexp.MustCompile(`(time|campaign_id|actor_id|took)=\S+`).ReplaceAllString(log.String(), "$1=")
	said = append(said, logged, fmt.Sprintf("%v %+v", store.list()[0].Contact.Phone, store.list()[0].Contact.Email))
	require.Len(t, said, 4+2)
	for _, text := range said {
		require.NotContains(t, text, "504")
		require.NotContains(t, text, "621")
		require.NotContains(t, text, "jbutt")
	}
	require.Contains(t, log.String(), "imported=1 unchanged=0 rejected=4")
	require.Contains(t, log.String(), "campaign_id=", "or the test has taken away more than the id")
	for key := range store.contacts {
		require.NotContains(t, key, "621", "a key made of a number does not show it")
	}
}
