package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// change is what one transaction does to the list, and the events that tell of it.
type change struct {
	store   *Store
	c       *Conn
	actorID uuid.UUID
	// reason is that of removals. Entries have their own.
	reason string
	now    time.Time
	events []entryRecord
}

func (s *Store) newChange(c *Conn, actorID uuid.UUID, reason string, now time.Time) *change {
	return &change{store: s, c: c, actorID: actorID, reason: reason, now: now}
}

// entryRecord is an entry or an event as the fragment entries reads it from a JSON
// array.
type entryRecord struct {
	ID         uuid.UUID `json:"id"`
	Kind       string    `json:"kind"`
	Value      string    `json:"value"`
	Key        string    `json:"value_key"`
	CampaignID uuid.UUID `json:"campaign_id"`
	Source     string    `json:"source,omitempty"`
	Reason     *string   `json:"reason,omitempty"`
	ExpiresAt  any       `json:"expires_at,omitempty"`
	ReceivedAt any       `json:"received_at,omitempty"`
	Action     string    `json:"action,omitempty"`
	Number     int64     `json:"number,omitempty"`
}

// placeRow is where an entry stands, as a statement that changed it returns it.
type placeRow struct {
	Key        string    `db:"value_key"`
	Kind       string    `db:"kind"`
	CampaignID uuid.UUID `db:"campaign_id"`
}

func (r placeRow) place() suppression.Place {
	return suppression.Place{
		Target: suppression.Target{Kind: suppression.Kind(r.Kind), Key: r.Key}, CampaignID: r.CampaignID,
	}
}

// add puts entries on the list, those for one place one after another.
func (ch *change) add(ctx context.Context, entries []suppression.Entry) (suppression.AddResult, error) {
	var result suppression.AddResult
	if err := ch.requireCampaigns(ctx, entries); err != nil {
		return suppression.AddResult{}, err
	}
	for len(entries) > 0 {
		round, later := oncePerPlace(entries)
		entries = later
		added, extended, err := ch.addRound(ctx, round)
		if err != nil {
			return suppression.AddResult{}, err
		}
		result.Added += added
		result.Extended += extended
	}
	return result, nil
}

// requireCampaigns makes sure that every campaign exists: an entry for one that does not
// would suppress nobody, and nobody would notice.
func (ch *change) requireCampaigns(ctx context.Context, entries []suppression.Entry) error {
	known := map[uuid.UUID]bool{uuid.Nil: true}
	for _, entry := range entries {
		if known[entry.CampaignID] {
			continue
		}
		if err := ch.store.RequireCampaign(ctx, ch.c, entry.CampaignID); err != nil {
			return err
		}
		known[entry.CampaignID] = true
	}
	return nil
}

// oncePerPlace parts entries into the first for each place, and those of the others
// that last longer than all before them: nothing else can change anything.
func oncePerPlace(entries []suppression.Entry) (round, later []suppression.Entry) {
	ends := make(map[suppression.Place]time.Time, len(entries))
	for _, entry := range entries {
		end, seen := ends[entry.Place()]
		switch {
		case !seen:
			round = append(round, entry)
		case end.IsZero() || !entry.ExpiresAt.IsZero() && !entry.ExpiresAt.After(end):
			continue
		default:
			later = append(later, entry)
		}
		ends[entry.Place()] = entry.ExpiresAt
	}
	return round, later
}

func (ch *change) addRound(ctx context.Context, entries []suppression.Entry) (added, extended int, err error) {
	records := make(map[suppression.Place]entryRecord, len(entries))
	list := make([]entryRecord, len(entries))
	for i, entry := range entries {
		id, err := outdial.NewID()
		if err != nil {
			return 0, 0, err
		}
		list[i] = entryRecord{
			ID: id, Kind: string(entry.Kind), Value: entry.Value, Key: entry.Key, CampaignID: entry.CampaignID,
			Source: string(entry.Source), Reason: orNull(entry.Reason),
			ExpiresAt: ch.store.at(entry.ExpiresAt), ReceivedAt: ch.store.at(entry.ReceivedAt),
		}
		records[entry.Place()] = list[i]
	}
	args, err := ch.args(list)
	if err != nil {
		return 0, 0, err
	}
	changed := func(statement string, action suppression.EventAction) (int, error) {
		var rows []placeRow
		if err := ch.c.Select(ctx, &rows, statement, args); err != nil {
			return 0, err
		}
		for _, row := range rows {
			if err := ch.tell(records[row.place()], action); err != nil {
				return 0, err
			}
		}
		return len(rows), nil
	}
	if added, err = changed("add_suppressions", suppression.EventAdd); err != nil || added == len(entries) {
		return added, 0, err
	}
	extended, err = changed("extend_suppressions", suppression.EventExtend)
	return added, extended, err
}

func (ch *change) args(records []entryRecord) (Args, error) {
	entries, err := EncodeJSON(records)
	return Args{"entries": entries, "actor_id": ch.actorID, "now": ch.store.at(ch.now)}, err
}

// tell adds an event.
func (ch *change) tell(record entryRecord, action suppression.EventAction) error {
	var err error
	if record.ID, err = outdial.NewID(); err != nil {
		return err
	}
	record.Action, record.ExpiresAt = string(action), nil
	ch.events = append(ch.events, record)
	return nil
}

// removable says which entries may be removed.
type removable bool

const (
	anySource   removable = true
	notImported removable = false
)

// remove takes the entries in these places off the list.
func (ch *change) remove(ctx context.Context, places []suppression.Place, which removable) (int, error) {
	if len(places) == 0 {
		return 0, nil
	}
	records := make([]entryRecord, len(places))
	for i, place := range places {
		records[i] = entryRecord{Kind: string(place.Kind), Key: place.Key, CampaignID: place.CampaignID}
	}
	args, err := ch.args(records)
	if err != nil {
		return 0, err
	}
	args["any_source"] = bool(which)
	var rows []struct {
		placeRow

		Value  string `db:"value"`
		Source string `db:"source"`
	}
	if err := ch.c.Select(ctx, &rows, "remove_suppressions", args); err != nil {
		return 0, err
	}
	for _, row := range rows {
		err := ch.tell(entryRecord{
			Kind: row.Kind, Value: row.Value, Key: row.Key, CampaignID: row.CampaignID, Source: row.Source,
			Reason: orNull(ch.reason),
		}, suppression.EventRemove)
		if err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// publish gives the events their numbers and writes them. From here to the end of the
// transaction nobody else can publish, so that it is the last thing that waits for
// anything.
func (ch *change) publish(ctx context.Context) error {
	if len(ch.events) == 0 {
		return nil
	}
	slices.SortStableFunc(ch.events, func(a, b entryRecord) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Kind, b.Kind),
			bytes.Compare(a.CampaignID[:], b.CampaignID[:]))
	})
	var last int64
	if err := ch.c.Get(ctx, &last, "advance_feed", Args{"by": len(ch.events)}); err != nil {
		return err
	}
	for i := range ch.events {
		ch.events[i].Number = last - int64(len(ch.events)-1-i)
	}
	args, err := ch.args(ch.events)
	if err != nil {
		return err
	}
	_, err = ch.c.Exec(ctx, "add_suppression_events", args)
	return err
}
