package storetest

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/store"
)

// Features declares what a store offers beyond its interface, so that the suite
// can look where callers cannot. A nil field skips the behaviours that need it;
// the skips are visible, counted, and listed when the suite ends.
//
// Every function is called from several goroutines, never with one store twice
// at once.
type Features struct {
	// Transaction begins a transaction of the host's own on the store's database
	// and returns a store bound to it, with the functions that end it. The suite
	// calls exactly one of them.
	Transaction func(t testing.TB, st store.Store) (bound store.Store, commit, rollback func() error)

	// Audit returns the audit entries of one actor, in any order.
	Audit func(t testing.TB, st store.Store, actorID uuid.UUID) []outdial.AuditEntry

	// QueueRowVersions returns for each row of a campaign's agent queue something
	// that changes whenever the row is written, even with the values it had: xmin
	// and ctid on Postgres, a counter kept by a trigger elsewhere. It proves that a
	// call which changes nothing also writes nothing.
	QueueRowVersions func(t testing.TB, st store.Store, campaignID uuid.UUID) map[uuid.UUID]string

	// SuppressionEvents counts the events of the suppression feed with that key.
	SuppressionEvents func(t testing.TB, st store.Store, key string) int

	// UpdateContact overwrites the contact with that id, as a host does in a table
	// that it owns: somebody opts out, a number turns out to be wrong.
	UpdateContact func(t testing.TB, st store.Store, contact outdial.Contact)
}

// Run proves that the stores which open returns keep the contract of store.Store.
// Each behaviour is a subtest named after the sentence it proves, grouped by the
// method the sentence belongs to.
//
// Open returns a migrated and empty store that is safe for concurrent use and
// registers its own cleanup with the testing.TB it is given. It is called once
// for each group. The groups run in parallel once the calling test function has
// returned: what a store needs must be released by t.Cleanup, not by defer.
//
// The contended tests, the orders of events and the comparison with the reference
// models take one to two minutes; OUTDIAL_SOAK=1 makes them ten times as long, and
// go test -short a quarter. The models' own flags are those of package rapid
// (-rapid.checks, -rapid.steps, -rapid.seed); a failure prints the seed. With the race
// detector the models make fewer checks unless -rapid.checks says how many.
func Run(t *testing.T, open func(testing.TB) store.Store, features Features) {
	t.Helper()
	s := &suite{open: open, features: features}
	t.Cleanup(s.reportSkips)

	s.group(t, "AcquireLease", acquireLeaseBehaviours)
	s.group(t, "AddContacts", addContactsBehaviours)
	s.group(t, "AddSuppressions", addSuppressionsBehaviours)
	s.group(t, "CampaignPolicy", campaignPolicyBehaviours)
	s.group(t, "ClaimCalls", claimBehaviours)
	s.group(t, "ClearQueue", clearBehaviours)
	s.group(t, "Concurrency", concurrencyBehaviours)
	s.group(t, "ControlCampaign", controlBehaviours)
	s.group(t, "CountValues", countValuesBehaviours)
	s.group(t, "DialerStats", dialerStatsBehaviours)
	s.group(t, "DispositionConcurrency", dispositionConcurrencyBehaviours)
	s.group(t, "DispositionModel", dispositionModelBehaviours)
	s.group(t, "DispositionPull", dispositionPullBehaviours)
	s.group(t, "EnqueueCalls", enqueueCallsBehaviours)
	s.group(t, "EnqueueItems", enqueueBehaviours)
	s.group(t, "EnsureCampaign", ensureCampaignBehaviours)
	s.group(t, "Exclusion", exclusionBehaviours)
	s.group(t, "EventOrders", permutationBehaviours)
	s.group(t, "ExpirePresence", expirePresenceBehaviours)
	s.group(t, "Filters", filterBehaviours)
	s.group(t, "FindSuppressions", findSuppressionsBehaviours)
	s.group(t, "Histories", historyBehaviours)
	s.group(t, "Idempotency", idempotencyBehaviours)
	s.group(t, "ImportSuppressions", importSuppressionsBehaviours)
	s.group(t, "ListAttributes", listAttributesBehaviours)
	s.group(t, "ListCallItems", listCallItemsBehaviours)
	s.group(t, "ListCalls", listCallsBehaviours)
	s.group(t, "ListCampaigns", listCampaignsBehaviours)
	s.group(t, "ListDialing", listDialingBehaviours)
	s.group(t, "ListDispositions", listDispositionsBehaviours)
	s.group(t, "ListEvents", listEventsBehaviours)
	s.group(t, "ListItems", listItemsBehaviours)
	s.group(t, "ListLeads", listLeadsBehaviours)
	s.group(t, "ListPresence", listPresenceBehaviours)
	s.group(t, "ListSuppressions", listSuppressionsBehaviours)
	s.group(t, "MatchSuppressions", matchSuppressionsBehaviours)
	s.group(t, "Model", modelBehaviours)
	s.group(t, "MoveItem", moveBehaviours)
	s.group(t, "PlaceCall", placeBehaviours)
	s.group(t, "PowerConcurrency", callConcurrencyBehaviours)
	s.group(t, "PowerModel", powerModelBehaviours)
	s.group(t, "PullItem", pullBehaviours)
	s.group(t, "PurgeSuppressed", purgeSuppressedBehaviours)
	s.group(t, "QueueStats", queueStatsBehaviours)
	s.group(t, "RecordCall", recordCallBehaviours)
	s.group(t, "RecordDisposition", recordDispositionBehaviours)
	s.group(t, "RecordEvent", recordEventBehaviours)
	s.group(t, "RecordImport", recordImportBehaviours)
	s.group(t, "RegisterAttributes", registerAttributesBehaviours)
	s.group(t, "ReleaseAgent", releaseAgentBehaviours)
	s.group(t, "ReleaseLease", releaseLeaseBehaviours)
	s.group(t, "RemoveSuppressions", removeSuppressionsBehaviours)
	s.group(t, "ReplaceQueue", replaceBehaviours)
	s.group(t, "ReserveAgent", reserveAgentBehaviours)
	s.group(t, "RestoreConsent", restoreConsentBehaviours)
	s.group(t, "RevokeConsent", revokeConsentBehaviours)
	s.group(t, "RollbackCalls", rollbackCallsBehaviours)
	s.group(t, "RollbackLaunch", rollbackBehaviours)
	s.group(t, "SetPresence", setPresenceBehaviours)
	s.group(t, "Store", storeBehaviours)
	s.group(t, "SuppressionGuarantee", suppressionGuaranteeBehaviours)
	s.group(t, "SuppressionFeed", suppressionFeedBehaviours)
	s.group(t, "SweepCalls", sweepCallsBehaviours)
	s.group(t, "SweepLocks", sweepBehaviours)
	s.group(t, "SweepSuppressed", sweepSuppressedBehaviours)
	s.group(t, "Times", timeBehaviours)
	s.group(t, "TouchPresence", touchPresenceBehaviours)
	s.group(t, "Transactions", transactionBehaviours)
}

// effort scales how many items, rounds or checks a behaviour takes: n as a rule,
// more in a soak run, fewer in a short one.
func effort(n int) int {
	const longer, shorter = 10, 4
	switch {
	case os.Getenv("OUTDIAL_SOAK") == "1":
		return n * longer
	case testing.Short():
		return max(1, n/shorter)
	}
	return n
}

type suite struct {
	open     func(testing.TB) store.Store
	features Features

	mu      sync.Mutex
	skipped []string
}

// group opens one store and runs the behaviours of one method on it.
func (s *suite) group(t *testing.T, name string, behaviours func(*group)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		behaviours(&group{t: t, suite: s, store: s.open(t)})
	})
}

// skip ends a behaviour whose feature the store does not declare.
func (s *suite) skip(t testing.TB, feature string) {
	t.Helper()
	s.mu.Lock()
	s.skipped = append(s.skipped, t.Name()+" (needs Features."+feature+")")
	s.mu.Unlock()
	t.Skip("storetest: the store declares no Features." + feature)
}

// reportSkips prints to standard error rather than to the test's log, because a
// passing test's log is not shown and a skip must be.
func (s *suite) reportSkips() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.skipped) == 0 {
		return
	}
	slices.Sort(s.skipped)
	fmt.Fprintf(os.Stderr, "storetest: %d behaviours skipped:\n  %s\n", len(s.skipped), strings.Join(s.skipped, "\n  "))
}

// group is the behaviours of one method, on one store.
type group struct {
	t     *testing.T
	suite *suite
	store store.Store
}

// proves runs one behaviour in a campaign of its own, beside the others.
func (g *group) proves(sentence string, behaviour func(c *campaign)) {
	g.t.Helper()
	g.t.Run(sentence, func(t *testing.T) {
		t.Parallel()
		behaviour(newCampaign(t, g.suite, g.store))
	})
}

// provesAlone runs one behaviour while no other of its group runs: for those
// that see the whole store, and those that want the machine for themselves.
func (g *group) provesAlone(sentence string, behaviour func(c *campaign)) {
	g.t.Helper()
	g.t.Run(sentence, func(t *testing.T) {
		behaviour(newCampaign(t, g.suite, g.store))
	})
}
