package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/httpapi"
	"github.com/outdial/outdial/queue/intake"
)

const fewContacts = "first_name,company_name,phone1\n" +
	"James,\"Benton, John B Jr\",504-621-8927\n" +
	"Josephine,\"Chanay, Jeffrey A Esq\",not a number\n" +
	"Art,\"Chemel, James L Cpa\",856-636-8749\n"

const fewImported = `{"campaign_id":"6c1f17c9-6f8b-43d8-8af2-fa27ad84379a","imported":2,"unchanged":0,"rejected":1,
	"rejections":[{"line":3,"column":"phone1","problem":"contains letters"}]}`

// form returns a multipart form of the given files, by name, and its type.
func form(t *testing.T, files ...string) (string, change) {
	t.Helper()
	var buffer bytes.Buffer
	writer := multipart.NewWriter(&buffer)
	for i, content := range files {
		part, err := writer.CreateFormFile("file", fmt.Sprintf("contacts-%d.csv", i))
		require.NoError(t, err)
		_, err = io.WriteString(part, content)
		require.NoError(t, err)
	}
	require.NoError(t, writer.Close())
	return buffer.String(), header("Content-Type", writer.FormDataContentType())
}

func TestAFileOfContactsIsTakenAsTheBodyOrAsAForm(t *testing.T) {
	t.Parallel()
	asForm, formType := form(t, fewContacts)
	for name, sent := range map[string]struct {
		body  string
		touch change
	}{
		"body":              {fewContacts, header("Content-Type", "text/csv")},
		"body with charset": {fewContacts, header("Content-Type", "text/csv; charset=utf-8; header=present")},
		"form":              {asForm, formType},
		"without a length":  {fewContacts, func(r *http.Request) { r.Header.Set("Content-Type", "text/csv"); r.ContentLength = -1 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			got := s.send(http.MethodPost, campaignPath("/contacts"), sent.body, s.as(manager()), sent.touch)
			require.Equal(t, http.StatusOK, got.Code, got.Body)
			require.JSONEq(t, fewImported, got.Body.String())
			added, ok := s.store.called()[1].(intake.AddContactsParams)
			require.True(t, ok)
			require.Equal(t, campaignID, added.CampaignID)
			require.Equal(t, outdial.Phone("+15046218927"), added.Contacts[0].Contact.Phone)
		})
	}
}

func TestTheRegionAndTheListOfAFileAreParameters(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.send(http.MethodPost, campaignPath("/contacts?default_region=GB&list=crm"), "id,first_name,phone\n7,Bea,020 7946 0018\n",
		s.as(manager()), header("Content-Type", "text/csv"))
	require.Equal(t, http.StatusOK, got.Code, got.Body)
	added, ok := s.store.called()[1].(intake.AddContactsParams)
	require.True(t, ok)
	require.Equal(t, outdial.Phone("+442079460018"), added.Contacts[0].Contact.Phone)

	for query, field := range map[string]string{"default_region=Atlantis": "default_region", "list=a%20b": "list"} {
		got = s.send(http.MethodPost, campaignPath("/contacts?"+query), fewContacts, s.as(manager()), header("Content-Type", "text/csv"))
		require.Equal(t, http.StatusBadRequest, got.Code)
		require.Equal(t, field, got.problem.Field)
	}
}

func TestOnlyTheFirstRejectedRowsAreToldOf(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.send(http.MethodPost, campaignPath("/contacts"), "first_name,phone\n"+strings.Repeat("Bea,nothing\n", 250),
		s.as(manager()), header("Content-Type", "text/csv")).object(t)
	require.EqualValues(t, 250, got["rejected"])
	require.Len(t, got["rejections"], 100)
}

func TestAFileThatIsNoListOfContactsIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	columns := strings.TrimSuffix(strings.Repeat("c,", 10_000), ",")
	noFile, noFileType := form(t)
	emptyFile, emptyFileType := form(t, "")
	csvType := header("Content-Type", "text/csv")
	for _, test := range []struct {
		name, body string
		touch      change
		status     int
		field      string
	}{
		{"nothing", "", csvType, http.StatusBadRequest, "file"},
		{"a header only", "first_name,phone\n", csvType, http.StatusBadRequest, "file"},
		{"JSON", `{"first_name":"Bea"}`, csvType, http.StatusBadRequest, "file"},
		{"HTML", "<html></html>", csvType, http.StatusBadRequest, "file"},
		{"a workbook", "PK\x03\x04rest", csvType, http.StatusBadRequest, "file"},
		{"UTF-16", "\xFF\xFEf\x00", csvType, http.StatusBadRequest, "file"},
		{"no phone column", "a,b\n1,2\n", csvType, http.StatusBadRequest, "phone"},
		{"10,000 columns", columns + "\n" + columns + "\n", csvType, http.StatusBadRequest, "header"},
		{"no type", fewContacts, header("Content-Type"), http.StatusUnsupportedMediaType, ""},
		{"curl's own type", fewContacts, header("Content-Type", "application/x-www-form-urlencoded"), http.StatusUnsupportedMediaType, ""},
		{"JSON type", "{}", header("Content-Type", "application/json"), http.StatusUnsupportedMediaType, ""},
		{"Latin-1", fewContacts, header("Content-Type", "text/csv; charset=iso-8859-1"), http.StatusUnsupportedMediaType, ""},
		{"compressed", fewContacts, func(r *http.Request) { csvType(r); r.Header.Set("Content-Encoding", "gzip") }, http.StatusUnsupportedMediaType, ""},
		{"a form without a boundary", emptyFile, header("Content-Type", "multipart/form-data"), http.StatusUnsupportedMediaType, ""},
		{"no file", noFile, noFileType, http.StatusBadRequest, "file"},
		{"an empty file", emptyFile, emptyFileType, http.StatusBadRequest, "file"},
		{"no form", fewContacts, header("Content-Type", "multipart/form-data; boundary=x"), http.StatusBadRequest, "file"},
		{
			"a form field", "--x\r\nContent-Disposition: form-data; name=\"campaign\"\r\n\r\nSpring\r\n--x--\r\n",
			header("Content-Type", "multipart/form-data; boundary=x"), http.StatusBadRequest, "campaign",
		},
		{
			"half a form", "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\nfirst_name,phone\r\nBea,504-621-8927",
			header("Content-Type", "multipart/form-data; boundary=x"), http.StatusBadRequest, "body",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, func(with *setup) { with.intake.BatchSize = 1000 })
			got := s.send(http.MethodPost, campaignPath("/contacts"), test.body, s.as(manager()), test.touch)
			require.Equal(t, test.status, got.Code, got.Body)
			require.Equal(t, test.field, got.problem.Field, got.Body)
			for _, call := range s.store.called() {
				_, added := call.(intake.AddContactsParams)
				require.False(t, added)
			}
		})
	}
}

func TestAnAgentImportsNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.send(http.MethodPost, campaignPath("/contacts"), "", s.as(agent()), header("Content-Type", "text/csv"),
		func(r *http.Request) { r.Body = io.NopCloser(unreadable{t}) })
	require.Equal(t, http.StatusForbidden, got.Code)
	require.Empty(t, s.store.called())
}

// unreadable is a body that must not be read.
type unreadable struct{ t testing.TB }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("a body was read that would be refused anyway")
	return 0, io.EOF
}

func TestAnUploadThatSaysThatItIsTooLargeIsNotRead(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.send(http.MethodPost, campaignPath("/contacts"), "", s.as(manager()), header("Content-Type", "text/csv"),
		func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(unreadable{t}), httpapi.DefaultMaxUpload+1
		})
	require.Equal(t, http.StatusRequestEntityTooLarge, got.Code)
	require.Equal(t, "too_large", got.problem.Error)
	require.Empty(t, s.store.called())
}

// fourContacts are two batches of the tests' importer.
const fourContacts = "first_name,phone\nA,504-621-8927\nB,856-636-8749\nC,410-655-8723\nD,215-874-1229\n"

func TestAnUploadThatFailsHalfWaySaysWhatItHasDone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		touch  change
		status int
		detail string
	}{
		"too large": {
			func(r *http.Request) { r.ContentLength = -1 }, http.StatusRequestEntityTooLarge,
			"the body is larger than 60 bytes; 2 contacts had been imported before",
		},
		"broken off": {
			brokenBody(fourContacts[:55]), http.StatusBadRequest,
			"body: could not be read to its end; 2 contacts had been imported before",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, func(with *setup) { with.http.MaxUpload = 60 })
			got := s.send(http.MethodPost, campaignPath("/contacts"), fourContacts, s.as(manager()), header("Content-Type", "text/csv"), test.touch)
			require.Equal(t, test.status, got.Code, got.Body)
			require.Equal(t, test.detail, got.problem.Detail)
		})
	}
}

// vagueImporter fails without saying of what.
type vagueImporter struct{}

func (vagueImporter) Import(_ context.Context, _ outdial.Actor, req intake.ImportRequest) (intake.Result, error) {
	if _, err := io.Copy(io.Discard, req.Source); err != nil {
		return intake.Result{}, errors.New("line 3 cannot be read")
	}
	return intake.Result{CampaignID: req.CampaignID}, nil
}

func TestABrokenUploadIsTheSendersFaultWhateverTheImporterMakesOfIt(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(with *setup) { with.http.Intake = vagueImporter{} })
	got := s.send(http.MethodPost, campaignPath("/contacts"), "", s.as(manager()), header("Content-Type", "text/csv"), brokenBody("a,b\n"))
	require.Equal(t, http.StatusBadRequest, got.Code)
	require.Equal(t, "body", got.problem.Field)
}

func TestASecondFileInAFormIsNotLeftOutInSilence(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	body, formType := form(t, fourContacts, fewContacts)
	got := s.send(http.MethodPost, campaignPath("/contacts"), body, s.as(manager()), formType)
	require.Equal(t, http.StatusBadRequest, got.Code)
	require.Equal(t, "file: must be the only part of the form; 4 contacts had been imported before", got.problem.Detail)
}

func TestALargeFileIsStreamedThroughARealServer(t *testing.T) {
	t.Parallel()
	const rows = 4_000
	s := newServer(t, func(with *setup) { with.intake.BatchSize = 1000 })
	live := httptest.NewServer(s.handler)
	defer live.Close()
	reader, writer := io.Pipe()
	defer func() { _ = reader.Close() }()
	go func() {
		_, _ = io.WriteString(writer, "id,first_name,phone\n")
		for i := range rows {
			_, _ = fmt.Fprintf(writer, "%d,Bea,504-621-%04d\n", i, i%10_000)
		}
		_ = writer.Close()
	}()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, live.URL+campaignPath("/contacts"), reader)
	require.NoError(t, err)
	request.Header.Set("Content-Type", "text/csv")
	s.as(manager())(request)
	got, err := live.Client().Do(request)
	require.NoError(t, err)
	defer got.Body.Close()
	content, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.StatusCode, string(content))
	require.Contains(t, string(content), fmt.Sprintf(`"imported":%d`, rows))
	added := 0
	for _, call := range s.store.called() {
		if batch, ok := call.(intake.AddContactsParams); ok {
			added += len(batch.Contacts)
		}
	}
	require.Equal(t, rows, added)
}
