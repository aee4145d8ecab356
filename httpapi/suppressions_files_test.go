package httpapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/httpapi"
	"github.com/outdial/outdial/suppression"
)

var importID = uuid.MustParse("01939d8e-8a2b-7c3d-8e4f-5a6b7c8d9e0f")

const importPath = "/suppressions/import?list=national&version=2026-11"

func TestADoNotCallFileIsTakenAsTheBodyOrAsAForm(t *testing.T) {
	t.Parallel()
	const lines = "504-621-8927\n\n# an office\nBea@Example.com\n504-621\n810,2929388\n"
	asForm, formType := form(t, lines)
	for name, sent := range map[string]struct {
		body  string
		touch change
	}{
		"text":             {lines, header("Content-Type", "text/plain")},
		"CSV":              {lines, header("Content-Type", "text/csv; charset=utf-8")},
		"form":             {asForm, formType},
		"without a length": {lines, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain"); r.ContentLength = -1 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.store.imported = suppression.Import{
				ID: importID, List: "national", Version: "2026-11", CampaignID: campaignID, StartedBy: managerID,
				PublishedAt: s.clock.Now().AddDate(0, 0, -40), StartedAt: s.clock.Now(), UpdatedAt: s.clock.Now(),
			}
			got := s.send(http.MethodPost, importPath+"&published_at=2026-10-12&region=us&expires_at=2027-01-01T00:00:00Z&campaign_id="+campaignID.String(),
				sent.body, s.as(manager()), sent.touch)
			require.JSONEq(t, `{
				"id": "01939d8e-8a2b-7c3d-8e4f-5a6b7c8d9e0f", "list": "national", "version": "2026-11",
				"campaign_id": "6c1f17c9-6f8b-43d8-8af2-fa27ad84379a", "published_at": "2026-10-12T15:04:05Z",
				"lines": 6, "bytes": 62, "added": 3, "extended": 0, "unchanged": 0, "rejected": 1,
				"started_by": "b5b0d4a4-3a1f-4c8e-8c7d-0f6f0f1f5a22", "started_at": "2026-11-21T15:04:05Z",
				"updated_at": "2026-11-21T15:04:05Z", "completed_at": "2026-11-21T15:04:05Z", "resumed": false,
				"problems": [{"line": 5, "problem": "is not a number of its country's numbering plan"}],
				"warnings": ["the list is 40 days old; 31 are allowed"]
			}`, got.Body.String())
			begun, ok := s.store.called()[0].(suppression.BeginImportParams)
			require.True(t, ok)
			require.Equal(t, suppression.BeginImportParams{
				List: "national", Version: "2026-11", CampaignID: campaignID, ActorID: managerID, Now: s.clock.Now(),
				PublishedAt: time.Date(2026, 10, 12, 0, 0, 0, 0, time.UTC),
			}, begun)
			added, ok := s.store.called()[1].(suppression.ImportParams)
			require.True(t, ok)
			require.Len(t, added.Entries, 3)
			want := suppression.NewPhone("+15046218927")
			want.CampaignID, want.Source, want.Reason = campaignID, suppression.SourceImport, "national 2026-11"
			want.ExpiresAt = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
			require.Equal(t, want, added.Entries[0])
			require.Equal(t, "+18102929388", added.Entries[2].Key)
			requireNobodyIn(t, s.log.String())
		})
	}
}

func TestADoNotCallFileIsReadAsOneOfTheServersCountry(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(with *setup) { with.http.DefaultRegion = "GB" })
	s.send(http.MethodPost, importPath, "020 7946 0018\n", s.as(admin()), header("Content-Type", "text/plain")).object(t)
	added, ok := s.store.called()[1].(suppression.ImportParams)
	require.True(t, ok)
	require.Equal(t, "+442079460018", added.Entries[0].Key)
}

func TestAFileThatIsNoDoNotCallListIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	const good = "504-621-8927\n"
	plain := header("Content-Type", "text/plain")
	noFile, noFileType := form(t)
	for _, test := range []struct {
		name, query, body string
		touch             change
		status            int
		code, field       string
	}{
		{"no list", "?version=1", good, plain, http.StatusBadRequest, "invalid_request", "list"},
		{"no version", "?list=national", good, plain, http.StatusBadRequest, "invalid_request", "version"},
		{"neither", "", good, plain, http.StatusBadRequest, "invalid_request", "list"},
		{"a list with a line break", "?list=a%0Ab&version=1", good, plain, http.StatusBadRequest, "invalid_request", "list"},
		{"a long version", "?list=a&version=" + strings.Repeat("1", 101), good, plain, http.StatusBadRequest, "invalid_request", "version"},
		{"published some day", "?list=a&version=1&published_at=someday", good, plain, http.StatusBadRequest, "invalid_request", "published_at"},
		{"published tomorrow", "?list=a&version=1&published_at=2026-11-22", good, plain, http.StatusBadRequest, "invalid_request", "published_at"},
		{"ends in the past", "?list=a&version=1&expires_at=2026-11-21", good, plain, http.StatusBadRequest, "invalid_request", "expires_at"},
		{"no country", "?list=a&version=1&region=Atlantis", good, plain, http.StatusBadRequest, "invalid_request", "region"},
		{"no campaign", "?list=a&version=1&campaign_id=spring", good, plain, http.StatusBadRequest, "invalid_request", "campaign_id"},
		{"an unknown parameter", "?list=a&version=1&campaign=spring", good, plain, http.StatusBadRequest, "invalid_request", "campaign"},
		{"a list twice", "?list=a&list=b&version=1", good, plain, http.StatusBadRequest, "invalid_request", "list"},
		{"a phone for a parameter", "?list=a&version=1&%2B15046218927=1", good, plain, http.StatusBadRequest, "invalid_request", "••••"},
		{"nothing", "?list=a&version=1", "", plain, http.StatusBadRequest, "invalid_request", "file"},
		{"a workbook", "?list=a&version=1", "PK\x03\x04rest", plain, http.StatusBadRequest, "invalid_request", "file"},
		{"UTF-16", "?list=a&version=1", "\xFF\xFE5\x000\x00", plain, http.StatusBadRequest, "invalid_request", "file"},
		{"no file", "?list=a&version=1", noFile, noFileType, http.StatusBadRequest, "invalid_request", "file"},
		{"no type", "?list=a&version=1", good, header("Content-Type"), http.StatusUnsupportedMediaType, "unsupported_media_type", ""},
		{"JSON type", "?list=a&version=1", "{}", header("Content-Type", "application/json"), http.StatusUnsupportedMediaType, "unsupported_media_type", ""},
		{"Latin-1", "?list=a&version=1", good, header("Content-Type", "text/plain; charset=iso-8859-1"), http.StatusUnsupportedMediaType, "unsupported_media_type", ""},
		{"compressed", "?list=a&version=1", good, func(r *http.Request) { plain(r); r.Header.Set("Content-Encoding", "gzip") }, http.StatusUnsupportedMediaType, "unsupported_media_type", ""},
		{"too large", "?list=a&version=1", "", func(r *http.Request) {
			plain(r)
			r.Body, r.ContentLength = io.NopCloser(unreadable{t}), httpapi.DefaultMaxUpload+1
		}, http.StatusRequestEntityTooLarge, "too_large", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			got := s.send(http.MethodPost, "/suppressions/import"+test.query, test.body, s.as(manager()), test.touch)
			require.Equal(t, test.status, got.Code, got.Body)
			require.Equal(t, test.code, got.problem.Error)
			require.Equal(t, test.field, got.problem.Field, got.Body)
			requireNobodyIn(t, got.Body.String()+s.log.String())
			require.Empty(t, s.store.called())
		})
	}
	for name, body := range map[string]string{
		"HTML":             "<html></html>\n<body>\n",
		"names":            "Bea\nBob\n",
		"another header":   "first_name,city\nBea,Orleans\n",
		"letters and more": "a,b,c\n",
	} {
		s := newServer(t)
		got := s.send(http.MethodPost, importPath, body, s.as(manager()), plain)
		require.Equal(t, http.StatusBadRequest, got.Code, name)
		for _, call := range s.store.called() {
			require.IsType(t, suppression.BeginImportParams{}, call, name)
		}
	}
}

func TestAnAgentImportsNoDoNotCallFile(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.send(http.MethodPost, importPath, "", s.as(agent()), header("Content-Type", "text/plain"),
		func(r *http.Request) { r.Body = io.NopCloser(unreadable{t}) })
	require.Equal(t, http.StatusForbidden, got.Code)
	require.Empty(t, s.store.called())
}

func TestAnImportThatBreaksOffSaysWhereItGoesOn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.send(http.MethodPost, importPath, "", s.as(manager()), header("Content-Type", "text/plain"), brokenBody("504-621-8927\n810-292-9388\n856"))
	require.Equal(t, http.StatusBadRequest, got.Code, got.Body)
	require.Equal(t, "body", got.problem.Field)
	require.Equal(t, "body: could not be read to its end; it had been imported up to line 2, and goes on there when it is sent again", got.problem.Detail)
	added, ok := s.store.called()[1].(suppression.ImportParams)
	require.True(t, ok)
	require.Len(t, added.Entries, 2, "the third number was cut off")
	require.False(t, added.Complete)

	small := newServer(t, func(with *setup) { with.http.MaxUpload = 30 })
	got = small.send(http.MethodPost, importPath, "504-621-8927\n810-292-9388\n856-636-8749\n", small.as(manager()),
		header("Content-Type", "text/plain"), func(r *http.Request) { r.ContentLength = -1 })
	require.Equal(t, http.StatusRequestEntityTooLarge, got.Code)
	require.Equal(t, "the body is larger than 30 bytes; it had been imported up to line 2, and goes on there when it is sent again", got.problem.Detail)
}

func TestImportsSayHowOldTheirListsAre(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	now := s.clock.Now()
	s.store.imports = []suppression.Import{
		{
			ID: importID, List: "national", Version: "2026-11", PublishedAt: now.AddDate(0, 0, -2), StartedBy: managerID,
			Checkpoint: suppression.Checkpoint{Lines: 9, Bytes: 99, Rejected: 1, Digest: "d"}, Added: 5, Extended: 1, Unchanged: 2,
			StartedAt: now, UpdatedAt: now,
		},
		{
			ID: leadID, List: "national", Version: "2026-10", CampaignID: campaignID, PublishedAt: now.AddDate(0, 0, -32),
			StartedAt: now, UpdatedAt: now, CompletedAt: now,
		},
	}
	got := s.send(http.MethodGet, "/suppressions/imports", "", s.as(manager()))
	require.JSONEq(t, `{"next_cursor":"","items":[{
		"id": "01939d8e-8a2b-7c3d-8e4f-5a6b7c8d9e0f", "list": "national", "version": "2026-11", "campaign_id": null,
		"published_at": "2026-11-19T15:04:05Z", "lines": 9, "bytes": 99, "added": 5, "extended": 1, "unchanged": 2, "rejected": 1,
		"started_by": "b5b0d4a4-3a1f-4c8e-8c7d-0f6f0f1f5a22", "started_at": "2026-11-21T15:04:05Z",
		"updated_at": "2026-11-21T15:04:05Z", "completed_at": null, "age_days": 2, "stale": false
	}, {
		"id": "01939d8e-6a2b-7c3d-8e4f-5a6b7c8d9e0f", "list": "national", "version": "2026-10",
		"campaign_id": "6c1f17c9-6f8b-43d8-8af2-fa27ad84379a",
		"published_at": "2026-10-20T15:04:05Z", "lines": 0, "bytes": 0, "added": 0, "extended": 0, "unchanged": 0, "rejected": 0,
		"started_by": null, "started_at": "2026-11-21T15:04:05Z", "updated_at": "2026-11-21T15:04:05Z",
		"completed_at": "2026-11-21T15:04:05Z", "age_days": 32, "stale": true
	}]}`, got.Body.String())
	require.Equal(t, "limit", s.send(http.MethodGet, "/suppressions/imports?limit=1", "", s.as(manager())).problem.Field)
}

func TestTheListIsExportedAsAFile(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.store.entries = suppression.ListResult{Entries: []suppression.Listed{bea()}}
	got := s.send(http.MethodGet, "/suppressions/export?kind=phone&source=qa&campaign_id="+campaignID.String(), "", s.as(manager()))
	require.Equal(t, http.StatusOK, got.Code)
	require.Equal(t, "text/csv; charset=utf-8", got.Header().Get("Content-Type"))
	require.Equal(t, `attachment; filename="suppressions.csv"`, got.Header().Get("Content-Disposition"))
	require.Equal(t, "kind,value,campaign_id,source,reason,created_at,received_at,expires_at\n"+
		"phone,+15046218927,6c1f17c9-6f8b-43d8-8af2-fa27ad84379a,qa,asked twice,2026-11-21T15:04:05.123456Z,2026-11-21T14:04:05.123456Z,2026-11-21T16:04:05.123456Z\n",
		got.Body.String())
	asked, ok := s.store.called()[0].(suppression.ListParams)
	require.True(t, ok)
	require.Equal(t, []any{suppression.KindPhone, suppression.SourceQA, campaignID, false}, []any{asked.Kind, asked.Source, asked.CampaignID, asked.AllCampaigns})

	for query, field := range map[string]string{
		"kind=fax": "kind", "source=gossip": "source", "campaign_id=spring": "campaign_id", "all_campaigns=yes": "all_campaigns",
		"all_campaigns=true&campaign_id=" + campaignID.String(): "campaign_id", "limit=1": "limit", "cursor=": "cursor",
	} {
		got := s.send(http.MethodGet, "/suppressions/export?"+query, "", s.as(manager()))
		require.Equal(t, http.StatusBadRequest, got.Code, query)
		require.Equal(t, field, got.problem.Field, query)
		require.Empty(t, got.Header().Get("Content-Disposition"))
	}
	require.Len(t, s.store.called(), 1)
	requireNobodyIn(t, s.log.String())
}

// failingStore fails after its first page.
type failingStore struct {
	*fakeStore

	pages int
}

func (f *failingStore) ListSuppressions(_ context.Context, p suppression.ListParams) (suppression.ListResult, error) {
	if f.pages++; f.pages > 1 {
		return suppression.ListResult{}, errors.New("the connection to +15046218927 is gone")
	}
	page := suppression.ListResult{More: true}
	for range p.Limit {
		page.Entries = append(page.Entries, bea())
	}
	return page, nil
}

func TestAnExportThatFailsHalfWayIsNotTakenForAWholeOne(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(with *setup) {
		with.suppressions = nil
		with.http.Suppressions = suppression.New(&failingStore{fakeStore: &fakeStore{}}, suppression.Config{})
	})
	live := httptest.NewServer(s.handler)
	defer live.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, live.URL+"/suppressions/export", nil)
	require.NoError(t, err)
	s.as(manager())(request)
	got, err := live.Client().Do(request)
	require.NoError(t, err)
	defer got.Body.Close()
	require.Equal(t, http.StatusOK, got.StatusCode)
	content, err := io.ReadAll(got.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.True(t, strings.HasPrefix(string(content), "kind,value,"))
	failures := s.log.records(t, "request failed")
	require.Len(t, failures, 1)
	require.Contains(t, failures[0]["cause"], "the connection to •••• is gone")
	require.Empty(t, s.log.records(t, "handler panicked"))
	requireNobodyIn(t, s.log.String())
}

func TestALargeDoNotCallFileIsStreamedAndWatchedMeanwhile(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	live := httptest.NewServer(s.handler)
	defer live.Close()
	reader, writer := io.Pipe()
	defer func() { _ = reader.Close() }()
	// Lines are imported by the thousand, and comments cost nothing.
	const batch = 5_000
	half := make(chan struct{})
	go func() {
		_, _ = io.WriteString(writer, "504-621-8927\n"+strings.Repeat("# nobody\n", batch-1))
		<-half
		_, _ = io.WriteString(writer, "810-292-9388\n")
		_ = writer.Close()
	}()
	answered := make(chan string, 1)
	go func() {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, live.URL+importPath, reader)
		if err != nil {
			answered <- err.Error()
			return
		}
		request.Header.Set("Content-Type", "text/plain")
		s.as(manager())(request)
		got, err := live.Client().Do(request)
		if err != nil {
			answered <- err.Error()
			return
		}
		defer got.Body.Close()
		content, _ := io.ReadAll(got.Body)
		answered <- string(content)
	}()
	var begun []map[string]any
	require.Eventually(t, func() bool {
		begun = items(t, s.get(manager(), "/suppressions/imports"))
		return len(begun) == 1 && begun[0]["lines"] == float64(batch)
	}, time.Minute, 5*time.Millisecond)
	require.Equal(t, []int{1, 0}, counts(t, begun[0], "added", "rejected"))
	require.Nil(t, begun[0]["completed_at"])
	close(half)
	require.Contains(t, <-answered, `"added":2`)
	require.Equal(t, true, s.check(t, manager(), `{"phones":["810-292-9388"]}`)["suppressed"])
}

func TestAFileIsImportedOnceAndGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	s := newRealServer(t)
	s.post(manager(), s.path("/queues/enqueue"), "")
	plain := header("Content-Type", "text/plain")
	const path = importPath + "&published_at=2026-11-01"
	lines := "504-621-8927\nnobody\nLEOTA@example.com\n" + strings.Repeat("\n", 5_000)
	broken := s.send(http.MethodPost, path, "", s.as(manager()), plain, brokenBody(lines))
	require.Equal(t, http.StatusBadRequest, broken.Code)
	require.Contains(t, broken.problem.Detail, "; it had been imported up to line ")

	rest := lines + "810-292-9388\n"
	report := s.post(manager(), path, rest, plain)
	require.Equal(t, []int{5_004, 3, 0, 0, 1}, counts(t, report, "lines", "added", "extended", "unchanged", "rejected"))
	require.Equal(t, []any{true, []any{}}, []any{report["resumed"], report["problems"]}, "the bad line was named the first time")
	again := s.post(manager(), path, rest, plain)
	require.Equal(t, report["id"], again["id"])
	require.Equal(t, counts(t, report, "lines", "added", "rejected"), counts(t, again, "lines", "added", "rejected"))
	other := s.send(http.MethodPost, path, "856-636-8749\n"+rest, s.as(manager()), plain)
	require.Equal(t, http.StatusConflict, other.Code)
	require.Equal(t, "this version of the list was imported from another file", other.problem.Detail)
	unknown := s.send(http.MethodPost, path+"&campaign_id="+campaignID.String(), rest, s.as(manager()), plain)
	require.Equal(t, "campaign_not_found", unknown.problem.Error)
	require.Len(t, items(t, s.get(manager(), "/suppressions/imports")), 1)

	require.Equal(t, []int{3, 0}, counts(t, s.post(admin(), "/ops/purge", ""), "agent_items", "power_items"))
	require.Len(t, items(t, s.get(manager(), "/suppressions?source=import")), 3)
	restored := s.post(manager(), "/suppressions/restore", `{"phone":"504-621-8927","reason":"asked to"}`)
	require.Equal(t, []int{0}, counts(t, restored, "removed"), "a registry's entry is not undone by a form")
	requireNobodyIn(t, s.log.String())
}

func TestAnExportIsImportedByAnotherServer(t *testing.T) {
	t.Parallel()
	s, there := newRealServer(t), newRealServer(t)
	s.post(agent(), "/suppressions", `{"entries":[{"phone":"504-621-8927","reason":"=asked","expires_at":"2027-01-01T00:00:00Z"},{"email":"Bob@Example.com"}]}`)
	s.post(agent(), "/suppressions", `{"phone":"810-292-9388","campaign_id":"`+s.campaign+`"}`)
	file := s.send(http.MethodGet, "/suppressions/export", "", s.as(admin()))
	require.Equal(t, 3, strings.Count(file.Body.String(), "\n"))
	all := s.send(http.MethodGet, "/suppressions/export?all_campaigns=true", "", s.as(admin()))
	require.Equal(t, 4, strings.Count(all.Body.String(), "\n"))
	own := s.send(http.MethodGet, "/suppressions/export?campaign_id="+s.campaign+"&kind=phone&source=manual", "", s.as(admin()))
	require.Equal(t, 2, strings.Count(own.Body.String(), "\n"))

	report := there.post(manager(), importPath, file.Body.String(), header("Content-Type", "text/csv"))
	require.Equal(t, []int{2, 0}, counts(t, report, "added", "rejected"))
	for _, server := range []*realServer{s, there} {
		entry := items(t, server.get(manager(), "/suppressions"))[0]
		require.Equal(t, []any{"+15046218927", "=asked", "2027-01-01T00:00:00Z"}, []any{entry["value"], entry["reason"], entry["expires_at"]})
	}
	agents := s.send(http.MethodGet, "/suppressions/export", "", s.as(agent()))
	require.Equal(t, http.StatusForbidden, agents.Code)
	require.Equal(t, outdial.Forbidden("only managers and admins see the list, import or take anybody off it").Error(), "forbidden: "+agents.problem.Detail)
}
