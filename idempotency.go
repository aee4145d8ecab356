package outdial

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Idempotency makes a write safe to repeat. A store keeps it beside the change,
// in the same transaction; a second call with the same actor and key answers
// with the stored result, and one whose fingerprint differs gets
// ErrIdempotencyMismatch.
//
// The zero value asks for no such protection.
type Idempotency struct {
	ActorID uuid.UUID
	// Key is the caller's own name for the request, at most MaxIdempotencyKey
	// bytes.
	Key string
	// Fingerprint is a digest of what was asked.
	Fingerprint string
}

// MaxIdempotencyKey is the longest key accepted, in bytes.
const MaxIdempotencyKey = 200

// NewIdempotency returns the protection for one request under a caller's key.
// The empty key returns the zero value. The operation's name is part of the
// fingerprint, so that one key cannot answer for two kinds of request; request
// must be something JSON can encode.
func NewIdempotency(actor Actor, key, operation string, request any) (Idempotency, error) {
	if key == "" {
		return Idempotency{}, nil
	}
	if len(key) > MaxIdempotencyKey {
		return Idempotency{}, Invalid("idempotency_key", fmt.Sprintf("is longer than %d bytes", MaxIdempotencyKey))
	}
	if !utf8.ValidString(key) || strings.ContainsRune(key, 0) {
		return Idempotency{}, Invalid("idempotency_key", "is not plain text")
	}
	body, err := json.Marshal(request)
	if err != nil {
		return Idempotency{}, fmt.Errorf("fingerprint a %s request: %w", operation, err)
	}
	sum := sha256.Sum256(append([]byte(operation+"\x00"), body...))
	return Idempotency{ActorID: actor.ID, Key: key, Fingerprint: hex.EncodeToString(sum[:])}, nil
}
