package httpapi

import "net/http"

// download is a file that is sent as it is made, so that its length needs no memory. Its
// header goes out with the first byte: what fails before that is a problem like any
// other, and what fails after it ends the connection, so that nobody takes half a file
// for a whole one.
type download struct {
	to http.ResponseWriter
	// contentType and name are what a browser makes of it.
	contentType, name string
	begun             bool
}

// Write implements io.Writer.
func (d *download) Write(content []byte) (int, error) {
	d.begin()
	return d.to.Write(content)
}

func (d *download) begin() {
	if d.begun {
		return
	}
	d.begun = true
	d.to.Header().Set("Content-Type", d.contentType)
	d.to.Header().Set("Content-Disposition", `attachment; filename="`+d.name+`"`)
	d.to.WriteHeader(http.StatusOK)
}

// done is the reply of a handler that has sent the whole file.
func (d *download) done() (reply, error) {
	d.begin()
	return reply{sent: true}, nil
}
