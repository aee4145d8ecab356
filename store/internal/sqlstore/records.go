package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue/intake"
)

// AddAudit writes an audit entry, with an id of its own.
func (s *Store) AddAudit(ctx context.Context, c *Conn, entry outdial.AuditEntry) error {
	id, err := outdial.NewID()
	if err != nil {
		return err
	}
	meta, err := EncodeJSON(entry.Meta)
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, "add_audit", Args{
		"id": id, "actor_id": entry.ActorID, "action": string(entry.Action),
		"target_type": entry.TargetType, "target_id": entry.TargetID,
		"meta": meta, "now": s.at(entry.CreatedAt),
	})
	return err
}

// EncodeJSON returns value as JSON text. It is a string and not bytes, since some
// drivers send bytes in a binary form that a JSON column does not take.
func EncodeJSON(value any) (string, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("encode JSON: %w", err)
	}
	return string(data), nil
}

// Once runs fn in a transaction under an idempotency key, and stores what it
// returns beside the change. When the key was used before it returns what was
// stored, or an error matching outdial.ErrIdempotencyMismatch. Without a key it
// just runs fn.
//
// Two calls with one key at the same time are one change: the second waits for the
// first.
func Once[T any](ctx context.Context, s *Store, key outdial.Idempotency, now time.Time, fn func(c *Conn) (T, error)) (T, error) {
	var result T
	err := s.Write(ctx, func(c *Conn) error {
		var err error
		if key.Key == "" {
			result, err = fn(c)
			return err
		}
		args := Args{
			"actor_id": key.ActorID, "key": key.Key,
			"fingerprint": key.Fingerprint, "now": s.at(now),
		}
		claimed, err := c.Exec(ctx, "claim_key", args)
		if err != nil {
			return err
		}
		if claimed == 0 {
			return s.storedResponse(ctx, c, args, key.Fingerprint, &result)
		}
		if result, err = fn(c); err != nil {
			return err
		}
		if args["response"], err = EncodeJSON(result); err != nil {
			return err
		}
		_, err = c.Exec(ctx, "store_response", args)
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return result, nil
}

func (s *Store) storedResponse(ctx context.Context, c *Conn, args Args, fingerprint string, result any) error {
	var stored struct {
		Fingerprint string `db:"fingerprint"`
		Response    string `db:"response"`
	}
	if err := c.Get(ctx, &stored, "get_key", args); err != nil {
		return err
	}
	if stored.Fingerprint != fingerprint {
		return outdial.ErrIdempotencyMismatch
	}
	if err := json.Unmarshal([]byte(stored.Response), result); err != nil {
		return fmt.Errorf("decode stored response: %w", err)
	}
	return nil
}

// RecordImport implements intake.Store.
func (s *Store) RecordImport(ctx context.Context, p intake.RecordImportParams) error {
	return s.Write(ctx, func(c *Conn) error {
		return s.AddAudit(ctx, c, outdial.AuditEntry{
			ActorID: p.ActorID, Action: outdial.ActionContactImport,
			TargetType: "campaign", TargetID: p.CampaignID, CreatedAt: p.Now,
			Meta: map[string]any{
				"imported": p.Result.Imported, "unchanged": p.Result.Unchanged, "rejected": p.Result.Rejected,
			},
		})
	})
}
