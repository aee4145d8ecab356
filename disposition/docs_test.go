package disposition_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/internal/docpage"
	"github.com/outdial/outdial/queue"
)

var update = flag.Bool("update", false, "rewrite the generated pages in docs")

// TestDocs keeps the page about dispositions equal to the map and the rule in the code,
// and its sentences equal to the comments there.
func TestDocs(t *testing.T) {
	t.Parallel()

	docpage.Require(t, filepath.Join("..", "docs", "dispositions.md"), dispositionsPage(t), "go test ./disposition -run TestDocs -update", *update)
}

func dispositionsPage(t *testing.T) string {
	t.Helper()
	comments := docpage.Read(t, "code.go", "store.go")
	config := disposition.Config{}.WithDefaults()
	var page strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&page, format+"\n", args...) }

	line("# Dispositions")
	line("")
	line("<!-- Generated from the tables in package disposition. Do not edit: change the code, then run")
	line("     go test ./disposition -run TestDocs -update -->")
	line("")
	line("After a call the agent presses one button, and the server decides what that means. It means the same in both queues,")
	line("however often the request is repeated, and all of it happens in one transaction or not at all. How an item moves is")
	line("in [queue.md](queue.md) and [dialer.md](dialer.md).")
	line("")
	line("## The map")
	line("")
	line("%s", strings.TrimSuffix(disposition.Map{}.String(), "\n"))
	line("")
	line("A host adds codes of its own, and its own labels as aliases of codes or of other aliases; they are compared without")
	line("regard to case and to surrounding space. It may change what a canonical button says, and never what it does. A label")
	line("that the map does not know is an error and never a guess. With the code may come metadata, a JSON object of at most")
	line("%d KB: it is kept and never looked at.", disposition.MaxMetadata>>10)
	line("")
	line("| code | the call |")
	line("|---|---|")
	for _, rule := range (disposition.Map{}).Rules() {
		line("| `%s` | %s |", rule.Code, comments.Of(rule.Code))
	}
	line("")
	line("## Effects")
	line("")
	line("| effect | what it does |")
	line("|---|---|")
	for _, effect := range disposition.Effects() {
		line("| `%s` | %s |", effect, comments.Of(effect))
	}
	line("")
	line("An item of the agent queue must be `%s` or `%s`. An item of the power queue must have had a", queue.StateLocked, queue.StateInProgress)
	line("conversation, which may still go on. This is what becomes of it:")
	line("")
	line("| effect | when | in the agent queue | in the power queue | `fail_reason` | the campaign is done with the contact: `finish_reason` |")
	line("|---|---|---|---|---|---|")
	for _, row := range consequences() {
		line("| `%s` | %s | %s | %s | %s | %s |", row.effect, row.when,
			stateInAgentQueue(t, row.decision), stateInPowerQueue(t, row), word(row.decision.FailReason), finishOf(row))
	}
	line("")
	line("A `%s` and an `%s` fail every other active item with the number as well, in both queues of every", disposition.EffectSuppress, disposition.EffectInvalidate)
	line("campaign and in the same transaction. The number is that which was called. A wrong number does not finish the contact:")
	line("it may be put right.")
	line("")
	line("An item that such a purge has taken out of an agent's hands can still be recorded: the item stays as the purge left it,")
	line("the attempt counts, and what was recorded is kept.")
	line("")
	line("## How often, and when")
	line("")
	line("Attempts count for each contact in each campaign, in both queues together: in the power queue when the call is placed,")
	line("in the agent queue when its disposition is recorded. A campaign may override each of these.")
	line("")
	line("| limit | default | what it does |")
	line("|---|---|---|")
	for _, limit := range limits() {
		line("| `%s` | %s | %s |", limit.name, limit.standard, limit.does)
	}
	line("")
	line("| outcome | cool-down |")
	line("|---|---|")
	for _, rule := range dialer.Rules() {
		if rule.State == dialer.StateQueued {
			line("| `%s` | %s |", rule.Outcome, spoken(dialer.RetryPolicy{}.CoolDown(rule.Outcome, 0)))
		}
	}
	line("")
	line("A cool-down begins when the attempt is over. That of `%s` has a column of its own, `vm_cooldown_hours`.", dialer.OutcomeVoicemail)
	line("The first two limits end the attempts, for the reason of the same name.")
	line("")
	line("## Callbacks")
	line("")
	line("A callback has a time: in the future, at most %s ahead, and within the hours in which the contact may be called.", spoken(disposition.MaxCallbackAhead))
	line("A time at which they may not be called is refused with the next possible one. A callback is a promise: neither the")
	line("number of attempts nor the cap of a day breaks it. The attempt counts all the same, so that one which reaches nobody is")
	line("followed by another only while there are attempts left.")
	line("")
	line("| for | whose it is |")
	line("|---|---|")
	for _, recipient := range []disposition.Recipient{disposition.RecipientAgent, disposition.RecipientAnyone} {
		line("| `%s` | %s |", recipient, comments.Of(recipient))
	}
	line("")
	line("Once it is due, who has promised it gets it with their next pull, before everything else. When it has been due for")
	line("%s and they have not come for it, anyone gets it.", spoken(queue.Config{}.WithDefaults().CallbackGrace))
	line("")
	line("## Repeated requests")
	line("")
	line("The same request for the same item and `lock_version`, or under the same idempotency key, changes nothing and gets the")
	line("answer that the first one got. Another request for a version that was disposed of already is a conflict, and so is one")
	line("for a version that has passed: what the item's new owner did stays.")
	line("")
	line("## Corrections")
	line("")
	line("Whoever has pressed the wrong button records again within %s, and names the first disposition in `supersedes`", spoken(config.CorrectWithin))
	line("and the `lock_version` that it left. While nobody has touched the item since, what the first one did is put back, then")
	line("the second one is applied. The attempt is counted once. A lead that the first one made is withdrawn. What can not be put")
	line("back is in the answer, under `remains`:")
	line("")
	line("| remains | what stays |")
	line("|---|---|")
	for _, remain := range []disposition.Remain{disposition.RemainSuppression, disposition.RemainPurged} {
		line("| `%s` | %s |", remain, comments.Of(remain))
	}
	line("")
	line("Nobody is taken off the list of those who must not be called this way: after a `%s` the item and the contact stay as", disposition.EffectSuppress)
	line("they are, and only the record and the lead are corrected.")
	return page.String()
}

// consequence is a row of the table of what becomes of an item.
type consequence struct {
	effect   disposition.Effect
	when     string
	anyone   bool
	decision disposition.Decision
}

// consequences asks Decide about every effect, in every situation in which it differs.
func consequences() []consequence {
	policy := dialer.RetryPolicy{MaxVoicemails: 2}
	first := disposition.Tried{Number: 1, PlacedAt: noon, EndedAt: noon}
	last := disposition.Tried{Number: dialer.DefaultMaxAttempts, PlacedAt: noon, EndedAt: noon}
	machine := disposition.Tried{Number: 1, PlacedAt: noon, EndedAt: noon, History: dialer.History{Voicemails: 1}}
	var rows []consequence
	for _, effect := range disposition.Effects() {
		rules := disposition.Map{}.Rules()
		rule := rules[slices.IndexFunc(rules, func(rule disposition.Rule) bool { return rule.Effect == effect })]
		decide := func(rule disposition.Rule, tried disposition.Tried) disposition.Decision {
			return disposition.Decide(rule, policy, tried, noon.Add(time.Hour))
		}
		switch effect {
		case disposition.EffectRetry:
			voicemail := rules[slices.IndexFunc(rules, func(rule disposition.Rule) bool { return rule.Code == disposition.CodeVoicemail })]
			rows = append(rows,
				consequence{effect, "there are attempts left", false, decide(rule, first)},
				consequence{effect, "it was the last attempt", false, decide(rule, last)},
				consequence{effect, "it was a machine too many", false, decide(voicemail, machine)})
		case disposition.EffectCallback:
			rows = append(rows,
				consequence{effect, "for the agent", false, decide(rule, last)},
				consequence{effect, "for anyone", true, decide(rule, last)})
		default:
			rows = append(rows, consequence{effect, "always", false, decide(rule, first)})
		}
	}
	return rows
}

// stateInAgentQueue says what an item becomes, by the move that the step is.
func stateInAgentQueue(t *testing.T, decision disposition.Decision) string {
	t.Helper()
	move := map[disposition.Step]queue.Move{
		disposition.StepAgain: queue.MoveRetry, disposition.StepCallback: queue.MoveRetry,
		disposition.StepComplete: queue.MoveComplete, disposition.StepFail: queue.MoveFail,
	}[decision.Step]
	to, ok := move.To(queue.StateInProgress)
	require.True(t, ok, decision.Step)
	fromLocked, ok := move.To(queue.StateLocked)
	require.True(t, ok, decision.Step)
	require.Equal(t, to, fromLocked, "the two states lead to the same")
	switch decision.Step {
	case disposition.StepAgain:
		return word(string(to)) + ", where it came from, until the cool-down is over"
	case disposition.StepCallback:
		return word(string(to)) + ", in the pool, until the time that was asked for"
	default:
		return word(string(to))
	}
}

// stateInPowerQueue says the same of the other queue.
func stateInPowerQueue(t *testing.T, row consequence) string {
	t.Helper()
	to, more := dialer.StateQueued, ", until the cool-down is over"
	switch {
	case row.decision.Step == disposition.StepCallback && row.anyone:
		more = ", until the time that was asked for, then before all others"
	case row.decision.Step == disposition.StepCallback:
		to, more = dialer.StateCompleted, "; a new item of the agent queue waits in the pool"
	case row.decision.Step == disposition.StepComplete:
		to, more = dialer.StateCompleted, ""
	case row.decision.Step == disposition.StepFail:
		to, more = dialer.StateFailed, ""
	}
	for _, from := range []dialer.State{dialer.StateConnected, dialer.StateUnknown, dialer.StateCompleted} {
		require.True(t, dialer.MoveDispose.Allowed(from, to), "%s to %s", from, to)
	}
	return word(string(to)) + more
}

// finishOf says why the campaign is done with the contact, or that it is not.
func finishOf(row consequence) string {
	switch row.decision.FinishReason {
	case "":
		return "no"
	case row.decision.FailReason:
		return word(row.decision.FinishReason)
	default:
		return "the code, such as " + word(row.decision.FinishReason)
	}
}

// word writes a word the way code is written.
func word(text string) string {
	if text == "" {
		return "–"
	}
	return "`" + text + "`"
}

// limit is a row of the table of what a retry policy says.
type limit struct {
	name, standard, does string
	// beyond is a policy that has too much of it.
	beyond dialer.RetryPolicy
}

func limits() []limit {
	return []limit{
		{
			dialer.FailMaxAttempts, fmt.Sprint(dialer.DefaultMaxAttempts), "How often a contact is tried.",
			dialer.RetryPolicy{MaxAttempts: -1},
		},
		{
			dialer.FailMaxVoicemails, "none", "How many of the attempts may reach a machine.",
			dialer.RetryPolicy{MaxVoicemails: -2},
		},
		{
			"max_attempts_per_day", "none", "How many attempts may fall within any 24 hours. One more waits.",
			dialer.RetryPolicy{MaxPerDay: -2},
		},
		{
			"cool_downs", "see below", "How long to wait after each outcome, at least. A code of a host's own that asks for another attempt has its own.",
			dialer.RetryPolicy{CoolDowns: map[dialer.Outcome]time.Duration{"": 0}},
		},
	}
}

func TestLimitsHaveTheNamesOfTheirErrors(t *testing.T) {
	t.Parallel()

	service, _ := setup(t)
	for _, limit := range limits() {
		err := service.SetPolicy(t.Context(), manager(), campaignID, limit.beyond)
		require.ErrorContains(t, err, limit.name+": ")
	}
}

// spoken is a time to wait as people say it.
func spoken(wait time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{7 * 24 * time.Hour, ""}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		switch {
		case unit.name == "" && wait >= unit.size:
			return fmt.Sprintf("%d days", wait/(24*time.Hour))
		case unit.name == "" || wait < unit.size || wait%unit.size != 0:
		case wait == unit.size:
			return "1 " + unit.name
		default:
			return fmt.Sprintf("%d %ss", wait/unit.size, unit.name)
		}
	}
	return wait.String()
}

func TestWaitsAreSpoken(t *testing.T) {
	t.Parallel()

	for wait, want := range map[time.Duration]string{
		366 * 24 * time.Hour: "366 days", 72 * time.Hour: "72 hours", time.Hour: "1 hour", 15 * time.Minute: "15 minutes",
		5 * time.Second: "5 seconds", 90 * time.Minute: "90 minutes", 1500 * time.Millisecond: "1.5s",
	} {
		require.Equal(t, want, spoken(wait))
	}
}
