package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/outdial/outdial/httpapi"
)

// secretVariable names the environment variable with the secret that signs
// tokens.
const secretVariable = "OUTDIAL_JWT_SECRET" //nolint:gosec // a name, not a secret

// secret is what signs tokens, and where it came from, for people to read.
type secret struct {
	key    []byte
	origin string
	// created says that it was made just now.
	created bool
}

// secret returns the secret from the environment. Without one it reads it from a
// file beside the database, which it makes on first use: so the token command in
// one shell makes tokens that the server in another accepts, and no secret is
// ever the same on two machines.
func (d database) secret() (secret, error) {
	if err := d.check(); err != nil {
		return secret{}, err
	}
	if given := os.Getenv(secretVariable); given != "" {
		if len(given) < httpapi.MinSecret {
			return secret{}, fmt.Errorf("%s: must have at least %d bytes", secretVariable, httpapi.MinSecret)
		}
		return secret{key: []byte(given), origin: secretVariable}, nil
	}
	path := d.secretFile()
	found, err := readSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return found, err
	}
	if err := createSecret(path); err != nil {
		return secret{}, fmt.Errorf("create a development secret: %w", err)
	}
	// Not what was made: another process may have come first.
	found, err = readSecret(path)
	found.created = err == nil
	return found, err
}

// secretFile is where the secret is kept: beside a SQLite file, or in the working
// directory for databases that are no file.
func (d database) secretFile() string {
	if file := d.file(); file != "" {
		return file + ".secret"
	}
	return "outdial.secret"
}

func readSecret(path string) (secret, error) {
	info, err := os.Stat(path)
	if err != nil {
		return secret{}, err
	}
	const others = 0o077
	// Windows keeps permissions elsewhere, and reports the same for every file.
	if runtime.GOOS != "windows" && info.Mode().Perm()&others != 0 {
		return secret{}, fmt.Errorf("secret file %s: others may read it; run chmod 600 on it, or delete it and get a new one", path)
	}
	content, err := os.ReadFile(path) //nolint:gosec // the path is the operator's own
	if err != nil {
		return secret{}, fmt.Errorf("secret file: %w", err)
	}
	key := strings.TrimSpace(string(content))
	if len(key) < httpapi.MinSecret {
		return secret{}, fmt.Errorf("secret file %s: must have at least %d bytes; delete it and get a new one", path, httpapi.MinSecret)
	}
	return secret{key: []byte(key), origin: path}, nil
}

// createSecret makes the file, whole or not at all, unless it is there already.
func createSecret(path string) (err error) {
	random := make([]byte, httpapi.MinSecret)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	// A temporary file has mode 0600.
	draft, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(draft.Name())) }()
	if _, err := draft.WriteString(hex.EncodeToString(random) + "\n"); err != nil {
		return errors.Join(err, draft.Close())
	}
	if err := draft.Close(); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
