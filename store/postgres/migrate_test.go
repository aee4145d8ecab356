package postgres_test

import (
	"context"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/store/postgres"
)

// emptyDatabase makes a database in which nothing has been done yet.
func emptyDatabase(t testing.TB) *url.URL {
	t.Helper()
	return createDatabase(t, server(t), " TEMPLATE template0")
}

func TestMigrateFillsAnEmptyDatabase(t *testing.T) {
	t.Parallel()

	address := emptyDatabase(t).String()
	h := newHost(t, address)
	st := open(t, address)
	require.NoError(t, st.Migrate(t.Context()))
	require.Equal(t, "agent_queue agent_sessions audit_log call_attempts campaign_contacts campaign_queue campaign_settings contact_attributes "+
		"contacts dialer_leases dispositions idempotency_keys leads outdial_schema_lock outdial_schema_version phone_holds "+
		"suppression_cursors suppression_events suppression_feed suppression_imports suppressions telephony_events",
		h.text(t, `SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`))
	requireWorking(t, h, st)
}

func TestMigrateTwiceChangesNothing(t *testing.T) {
	t.Parallel()

	address := emptyDatabase(t).String()
	h := newHost(t, address)
	st := open(t, address)
	require.NoError(t, st.Migrate(t.Context()))
	before := schema(t, h)
	require.NoError(t, st.Migrate(t.Context()))
	require.NoError(t, open(t, address).Migrate(t.Context()), "nor from another process")
	require.Equal(t, before, schema(t, h))
}

func TestMigrateByManyAtOnceIsOneMigration(t *testing.T) {
	t.Parallel()

	address := emptyDatabase(t).String()
	const processes = 4
	stores := make([]*postgres.Store, processes)
	for i := range stores {
		stores[i] = open(t, address)
	}
	done := make(chan error, processes)
	for _, st := range stores {
		go func() { done <- st.Migrate(t.Context()) }()
	}
	for range stores {
		require.NoError(t, <-done)
	}
	h := newHost(t, address)
	require.Equal(t, migratedSchema(t), schema(t, h))
	requireWorking(t, h, stores[0])
}

func TestMigrateKeepsWhatAHostHas(t *testing.T) {
	t.Parallel()

	for name, prepare := range map[string]func(*testing.T, host) held{
		"the first version of the tables": func(t *testing.T, h host) held {
			t.Helper()
			h.exec(t, firstTables)
			return fillFirstTables(t, h)
		},
		"the first version of the tables, its indexes and its functions": func(t *testing.T, h host) held {
			t.Helper()
			h.exec(t, firstTables)
			h.exec(t, firstIndexes)
			h.exec(t, firstFunctions)
			return fillFirstTables(t, h)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			address := emptyDatabase(t).String()
			h := newHost(t, address)
			had := prepare(t, h)
			before := firstRows(t, h)
			st := open(t, address)
			require.NoError(t, st.Migrate(t.Context()))
			require.Equal(t, before, firstRows(t, h))
			requireTakenOver(t, h, st, had)
			require.NoError(t, st.Migrate(t.Context()))
			requireWorking(t, h, st)
		})
	}

	t.Run("at every version on the way", func(t *testing.T) {
		t.Parallel()

		address := emptyDatabase(t).String()
		h := newHost(t, address)
		h.exec(t, firstTables)
		had := fillFirstTables(t, h)
		before := firstRows(t, h)
		provider, err := goose.NewProvider(goose.DialectPostgres, h.DB.DB, migrationFiles(),
			goose.WithTableName("outdial_schema_version"), goose.WithDisableGlobalRegistry(true))
		require.NoError(t, err)
		for _, source := range provider.ListSources() {
			_, err := provider.ApplyVersion(t.Context(), source.Version, true)
			require.NoError(t, err, source.Path)
			require.Equal(t, before, firstRows(t, h), source.Path)
		}
		st := open(t, address)
		require.NoError(t, st.Migrate(t.Context()), "and Migrate goes on from there")
		requireTakenOver(t, h, st, had)
	})
	t.Run("tables with nothing in common but their keys get every column", func(t *testing.T) {
		t.Parallel()

		address := emptyDatabase(t).String()
		h := newHost(t, address)
		h.exec(t, `CREATE TABLE contacts (id uuid PRIMARY KEY, shoe_size integer NOT NULL DEFAULT 42)`)
		h.exec(t, `CREATE TABLE campaign_contacts (campaign_id uuid, contact_id uuid, since date)`)
		contactID, campaignID := uuid.New(), uuid.New()
		h.exec(t, "INSERT INTO contacts VALUES ($1, 38)", contactID)
		h.exec(t, "INSERT INTO campaign_contacts VALUES ($1, $2, '2025-05-05')", campaignID, contactID)
		st := open(t, address)
		require.NoError(t, st.Migrate(t.Context()))
		require.Equal(t, 38, h.number(t, "SELECT shoe_size FROM contacts WHERE id = $1 AND is_valid AND phone_key IS NULL", contactID))
		require.Equal(t, 1, h.number(t, "SELECT count(*) FROM campaign_contacts WHERE since = '2025-05-05' AND attempts = 0"))
		requireWorking(t, h, st)
	})
	t.Run("columns of the library's names that may be null", func(t *testing.T) {
		t.Parallel()

		address := emptyDatabase(t).String()
		h := newHost(t, address)
		h.exec(t, `CREATE TABLE contacts (id uuid PRIMARY KEY, phone text, first_name text, phone_status text, is_opted_out boolean, is_valid boolean DEFAULT true)`)
		h.exec(t, `CREATE TABLE campaign_contacts (campaign_id uuid, contact_id uuid, priority smallint, attempts bigint)`)
		campaignID, contactID := uuid.New(), uuid.New()
		h.exec(t, "INSERT INTO contacts (id, phone) VALUES ($1, '+15046218927')", contactID)
		h.exec(t, "INSERT INTO campaign_contacts VALUES ($1, $2)", campaignID, contactID)
		st := open(t, address)
		require.NoError(t, st.Migrate(t.Context()))
		require.Equal(t, counts{Assigned: 1}, h.replace(t, campaignID, contactID, contactID))
		item, err := st.PullItem(t.Context(), queue.PullParams{CampaignID: campaignID, AgentID: contactID, LockFor: patience, Now: time.Now().UTC()})
		require.NoError(t, err)
		require.NotNil(t, item.Item)
		require.Zero(t, item.Item.Priority)
	})
	t.Run("an agent with two locked items of before", func(t *testing.T) {
		t.Parallel()

		address := emptyDatabase(t).String()
		h := newHost(t, address)
		h.exec(t, firstTables)
		had := fillFirstTables(t, h)
		h.give(t, had.campaignID, had.agentID, "locked", had.people[10:12]...)
		st := open(t, address)
		require.NoError(t, st.Migrate(t.Context()), "nothing in the first tables forbade it")
		requireWorking(t, h, st)
		service := queue.New(st, queue.Config{})
		item, err := service.Pull(t.Context(), outdial.Actor{ID: had.agentID, Role: outdial.RoleAgent, Scopes: outdial.Scopes()},
			queue.PullRequest{CampaignID: had.campaignID})
		require.NoError(t, err)
		require.NotNil(t, item)
		require.Equal(t, 1, h.number(t, "SELECT count(*) FROM agent_queue WHERE agent_id = $1 AND queue_state = 'locked' AND lock_expires_at IS NOT NULL", had.agentID))
	})
}

// held is what the first tables were filled with.
type held struct {
	campaignID, agentID uuid.UUID
	people              []person
}

// fillFirstTables writes rows of every state, and audit entries.
func fillFirstTables(t *testing.T, h host) held {
	t.Helper()
	had := held{campaignID: uuid.New(), agentID: uuid.New(), people: newPeople(12, "Bette")}
	for i, who := range had.people {
		phone := who.Phone
		if i == 9 {
			phone = "(504) 621-8927"
		}
		h.exec(t, `INSERT INTO contacts (id, account_id, first_name, phone, email, is_valid, loyalty_points)
			VALUES ($1, $2, 'Bette', $3, $4, true, $5)`, who.ID, uuid.New(), phone, " Bette@Example.COM ", i)
		h.exec(t, "INSERT INTO campaign_contacts (campaign_id, contact_id, note) VALUES ($1, $2, 'vip')", had.campaignID, who.ID)
	}
	for i, state := range []string{"queued", "queued", "locked", "in_progress", "released", "released"} {
		h.give(t, had.campaignID, had.agentID, state, had.people[i])
	}
	h.exec(t, `INSERT INTO audit_log (actor_id, action, target_type, target_id, meta)
		VALUES ($1, 'queue.replace', 'campaign', $2, '{"released": 0}')`, had.agentID, had.campaignID)
	return had
}

// firstRows is everything that the first tables hold, in their own columns.
func firstRows(t *testing.T, h host) string {
	t.Helper()
	var dump strings.Builder
	for _, query := range []string{
		`SELECT string_agg(r::text, E'\n' ORDER BY r.id) FROM (SELECT id, account_id, first_name, phone, email, is_valid, is_opted_out, loyalty_points FROM contacts) r`,
		`SELECT string_agg(r::text, E'\n' ORDER BY r.contact_id) FROM (SELECT campaign_id, contact_id, note FROM campaign_contacts) r`,
		`SELECT string_agg(r::text, E'\n' ORDER BY r.id) FROM (SELECT id, campaign_id, agent_id, contact_id, queue_state, queued_at, released_at, created_by, released_by FROM agent_queue) r`,
		`SELECT string_agg(r::text, E'\n' ORDER BY r.id) FROM (SELECT id, actor_id, action, target_type, target_id, meta, created_at FROM audit_log) r`,
	} {
		dump.WriteString(h.text(t, query) + "\n")
	}
	return dump.String()
}

// requireTakenOver checks that the rows of before are rows like any other.
func requireTakenOver(t *testing.T, h host, st *postgres.Store, had held) {
	t.Helper()
	require.Equal(t, len(had.people)-1, h.number(t, "SELECT count(*) FROM contacts WHERE phone_key = phone"), "a number in E.164 form is its key")
	require.Equal(t, len(had.people), h.number(t, "SELECT count(*) FROM contacts WHERE email_key = 'bette@example.com'"))
	require.Equal(t, 6, h.number(t, `SELECT count(*) FROM agent_queue WHERE lock_version = 0 AND NOT pooled AND priority = 0
		AND attempts = 0 AND enqueued_by IS NULL`))

	service := queue.New(st, queue.Config{Flags: outdial.StaticFlags{outdial.FlagQueueReplace: true}})
	agent := outdial.Actor{ID: had.agentID, Role: outdial.RoleAgent, Scopes: outdial.Scopes()}
	page, err := service.List(t.Context(), agent, queue.ListRequest{CampaignID: had.campaignID})
	require.NoError(t, err)
	require.Len(t, page.Items, 6)

	item, err := service.Pull(t.Context(), agent, queue.PullRequest{CampaignID: had.campaignID})
	require.NoError(t, err)
	require.NotNil(t, item, "a lock of before has no end, and must not keep the agent waiting")
	require.Equal(t, 1, h.number(t, `SELECT count(*) FROM agent_queue WHERE agent_id = $1 AND queue_state = 'locked' AND lock_expires_at IS NOT NULL`, had.agentID))

	result, err := service.Replace(t.Context(), agent, queue.ReplaceRequest{CampaignID: had.campaignID, AgentID: had.agentID})
	require.NoError(t, err)
	require.Equal(t, 3, result.Released)
	require.Equal(t, 1, result.KeptInProgress)
	require.Equal(t, 10, result.Assigned, "twelve, but for the one in progress and the one without a number to dial")
	require.Equal(t, 1, result.Skipped[queue.SkipNoPhone])
}

// requireWorking checks that an audience can be queued, pulled and cleared.
func requireWorking(t *testing.T, h host, st *postgres.Store) {
	t.Helper()
	campaignID := uuid.New()
	people := newPeople(3, "Bette")
	h.add(t, people, campaignID)
	agent := outdial.Actor{ID: uuid.New(), Role: outdial.RoleAgent, Scopes: outdial.Scopes()}
	service := queue.New(st, queue.Config{Flags: outdial.StaticFlags{outdial.FlagQueueReplace: true}})
	result, err := service.Replace(t.Context(), agent, queue.ReplaceRequest{CampaignID: campaignID, AgentID: agent.ID})
	require.NoError(t, err)
	require.Equal(t, len(people), result.Assigned)
	item, err := service.Pull(t.Context(), agent, queue.PullRequest{CampaignID: campaignID})
	require.NoError(t, err)
	require.Equal(t, agent.ID, item.AgentID)
	require.Equal(t, counts{Released: 3, Assigned: 3}, h.replace(t, campaignID, agent.ID, agent.ID, "b"))
	require.Equal(t, 3, h.number(t, "SELECT clear_all_queues($1, $2)", campaignID, agent.ID))
}

func migrationFiles() fs.FS { return os.DirFS("migrations") }

// migratedSchema is the schema that Migrate makes of an empty database.
func migratedSchema(t *testing.T) string {
	t.Helper()
	return schema(t, newMigratedHost(t))
}

// schema is everything about a database that a migration decides, in the words of
// its own catalogues. The tables in which versions are counted are left out.
func schema(t *testing.T, h host) string {
	t.Helper()
	var dump strings.Builder
	for _, query := range []string{
		`SELECT format('column %s.%s %s null=%s default=%s', table_name, column_name, udt_name, is_nullable, column_default)
		   FROM information_schema.columns WHERE table_schema = 'public'`,
		`SELECT indexdef || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END
		   FROM pg_indexes JOIN pg_index i ON i.indexrelid = format('%I', indexname)::regclass WHERE schemaname = 'public'`,
		`SELECT format('constraint %s on %s: %s', conname, conrelid::regclass, pg_get_constraintdef(oid))
		   FROM pg_constraint WHERE connamespace = 'public'::regnamespace`,
		`SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal`,
		`SELECT pg_get_functiondef(p.oid) FROM pg_proc p
		  WHERE pronamespace = 'public'::regnamespace
		    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')`,
		`SELECT 'extension ' || extname FROM pg_extension`,
	} {
		var lines []string
		require.NoError(t, h.SelectContext(context.Background(), &lines,
			`SELECT line FROM (`+query+`) AS lines (line) WHERE line NOT LIKE '%outdial_schema_%' ORDER BY line COLLATE "C"`))
		require.NotEmpty(t, lines)
		dump.WriteString(strings.Join(lines, "\n") + "\n")
	}
	return dump.String()
}
