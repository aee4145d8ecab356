package httpapi

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/intake"
)

// maxRejections is how many rejected rows a response tells of. The result counts
// them all.
const maxRejections = 100

// importResult is the JSON form of an import.
type importResult struct {
	intake.Result

	// Rejections are the first rows that were kept out.
	Rejections []intake.Rejection `json:"rejections"`
}

// importContacts answers POST /campaigns/{campaignId}/contacts: a CSV file, as
// the body itself or as the one part of a form. It is read as it arrives, so that
// its size needs no memory. For the same reason the rows before a broken end stay
// imported; the problem then says so. Sending the whole file again is harmless.
func (a *api) importContacts(r *request) (reply, error) {
	file, err := a.openUpload(r, "text/csv")
	if err != nil {
		return reply{}, err
	}
	body := importResult{Rejections: []intake.Rejection{}}
	body.Result, err = a.cfg.Intake.Import(r.Context(), r.actor, intake.ImportRequest{
		CampaignID:    r.campaignID,
		Source:        file,
		DefaultRegion: r.URL.Query().Get("default_region"),
		List:          r.URL.Query().Get("list"),
		Rejected: func(rejection intake.Rejection) {
			if len(body.Rejections) < maxRejections {
				body.Rejections = append(body.Rejections, rejection)
			}
		},
	})
	if file.err != nil {
		err = file.err
	}
	if err != nil && body.Imported > 0 {
		err = &partialError{err: err, done: fmt.Sprintf("%d contacts had been imported before", body.Imported)}
	}
	if err != nil {
		return reply{}, fmt.Errorf("import contacts: %w", err)
	}
	return answer(body)
}

// partialError is a failed import that had done something before it failed.
type partialError struct {
	err error
	// done says what, for the sender.
	done string
}

// Error implements error.
func (e *partialError) Error() string { return e.err.Error() + "; " + e.done }

// Unwrap returns what the import failed of.
func (e *partialError) Unwrap() error { return e.err }

// openUpload returns the file in the body of a request, which is one of the kinds of
// text, or a form.
func (a *api) openUpload(r *request, kinds ...string) (*upload, error) {
	if r.ContentLength > a.cfg.MaxUpload {
		return nil, tooLarge(a.cfg.MaxUpload)
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, fmt.Errorf("%w: the body must not be compressed", errMediaType)
	}
	body := http.MaxBytesReader(r.writer, r.Body, a.cfg.MaxUpload)
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && slices.Contains(kinds, kind) && isUTF8(params["charset"]):
		return &upload{from: body}, nil
	case err == nil && kind == "multipart/form-data" && params["boundary"] != "":
		form, err := openForm(multipart.NewReader(body, params["boundary"]))
		return &upload{from: form}, err
	}
	return nil, fmt.Errorf("%w: send the file as Content-Type: %s in UTF-8, or as a multipart/form-data upload",
		errMediaType, strings.Join(kinds, " or "))
}

// openForm returns the file of a form that has nothing else in it.
func openForm(form *multipart.Reader) (io.Reader, error) {
	part, err := form.NextPart()
	switch {
	case errors.Is(err, io.EOF):
		return nil, outdial.Invalid("file", "is required")
	case err != nil:
		return nil, bodyError(err)
	case part.FileName() == "":
		return nil, outdial.Invalid(cut(part.FormName()), "is not a file; send one file and nothing else")
	}
	return &onlyPart{part: part, form: form}, nil
}

// onlyPart reads the file of a form and fails at its end when another part
// follows, so that of two files sent, one is not left out in silence.
type onlyPart struct {
	part *multipart.Part
	form *multipart.Reader
}

// Read implements io.Reader.
func (p *onlyPart) Read(buffer []byte) (int, error) {
	n, err := p.part.Read(buffer)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	switch _, err := p.form.NextPart(); {
	case errors.Is(err, io.EOF):
		return n, io.EOF
	case err != nil:
		return n, bodyError(err)
	default:
		return n, outdial.Invalid("file", "must be the only part of the form")
	}
}

// upload remembers why a file could not be read to its end, since that explains a
// failed import better than what the import made of it.
type upload struct {
	from io.Reader
	err  error
}

// Read implements io.Reader.
func (u *upload) Read(buffer []byte) (int, error) {
	n, err := u.from.Read(buffer)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	u.err = bodyError(err)
	return n, u.err
}
