package dialer_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/internal/docpage"
	"github.com/outdial/outdial/queue"
)

var update = flag.Bool("update", false, "rewrite the generated pages in docs")

// TestDocs keeps the page about the power queue equal to the tables in the code, and
// its sentences equal to the comments there.
func TestDocs(t *testing.T) {
	t.Parallel()

	docpage.Require(t, filepath.Join("..", "docs", "dialer.md"), dialerPage(t), "go test ./dialer -run TestDocs -update", *update)
}

func dialerPage(t *testing.T) string {
	t.Helper()
	comments := docpage.Read(t, "state.go", "outcome.go", "refusal.go")
	shared := docpage.Read(t, filepath.Join("..", "queue", "skip.go"))
	agents := docpage.Read(t, filepath.Join("presence", "state.go"))
	var page strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&page, format+"\n", args...) }

	line("# The power queue")
	line("")
	line("<!-- Generated from the tables in packages dialer and dialer/presence. Do not edit: change the code, then run")
	line("     go test ./dialer -run TestDocs -update -->")
	line("")
	line("An item of the power queue is one contact whom the system is to call, calls, or has called in a campaign. While an")
	line("item is active its contact is in neither queue of the campaign a second time. While it is live it may be in a call, and")
	line("nobody may dial its number, in whatever campaign. Each time it is dialed there is one call, which collects facts, and")
	line("the facts alone say what state the item is in: reports may come late, twice and in any order. Only what an agent")
	line("records of a conversation outweighs them.")
	line("")
	line("## States")
	line("")
	line("```mermaid")
	line("stateDiagram-v2")
	line("    [*] --> %s", dialer.StateQueued)
	for _, from := range dialer.States() {
		for _, to := range dialer.States() {
			if moves := movesBetween(from, to); len(moves) > 0 {
				line("    %s --> %s: %s", from, to, strings.Join(moves, ", "))
			}
		}
	}
	for _, state := range dialer.States() {
		if !state.Active() {
			line("    %s --> [*]", state)
		}
	}
	line("```")
	line("")
	line("`%s` and `%s` are left out of the picture. The one leads from where a call had settled its item to where a fact", dialer.MoveRevise, dialer.MoveCorrect)
	line("that came late puts it, the other from where a mistaken disposition had put the item to where the right one does.")
	line("")
	line("| state | active | live | what an item in it does |")
	line("|---|---|---|---|")
	for _, state := range dialer.States() {
		line("| `%s` | %s | %s | %s |", state, docpage.YesNo(state.Active()), docpage.YesNo(state.Live()), comments.Of(state))
	}
	line("")
	line("## Moves")
	line("")
	line("Every move counts `lock_version` up. A call moves its item only while the item still has the version that the call")
	line("left it with.")
	line("")
	line("| move | from | to | what it does |")
	line("|---|---|---|---|")
	for _, transition := range dialer.Transitions() {
		line("| `%s` | %s | %s | %s |", transition.Move, docpage.Coded(transition.From), docpage.Coded(transition.To), comments.Of(transition.Move))
	}
	line("")
	line("## Outcomes")
	line("")
	line("A call that is over has one outcome: the first of these that its facts allow. A conversation outweighs everything, so")
	line("that a machine verdict which comes after an agent has joined is kept and changes nothing.")
	line("")
	line("| outcome | what came of the call | the item is then | not before | counts as an attempt |")
	line("|---|---|---|---|---|")
	for _, rule := range dialer.Rules() {
		wait := "–"
		if rule.State == dialer.StateQueued {
			wait = spoken(rule.CoolDown)
		}
		line("| `%s` | %s | `%s` | %s | %s |", rule.Outcome, comments.Of(rule.Outcome), rule.State, wait, docpage.YesNo(rule.Counts))
	}
	line("")
	line("`RetryPolicy` changes how long to wait, by outcome, and how many attempts there are: %d by default, in both queues", dialer.DefaultMaxAttempts)
	line("together. When they are used up the item is `%s` instead of `%s`, for the reason `%s`. A policy may", dialer.StateFailed, dialer.StateQueued, dialer.FailMaxAttempts)
	line("also say how many attempts may reach a machine (then the reason is `%s`), and how many may fall within any", dialer.FailMaxVoicemails)
	line("24 hours: one more waits. What an agent records of a conversation comes on top, see [dispositions.md](dispositions.md).")
	line("")
	line("## Refusals")
	line("")
	line("A call that was claimed is looked at once more before it is placed. The first of these that applies keeps it from")
	line("being placed. A final one fails the item; after any other it waits for its next turn.")
	line("")
	line("| | refusal | final | what is refused |")
	line("|---|---|---|---|")
	for i, refusal := range dialer.Refusals() {
		var sentence string
		if refusal.Final() {
			sentence = shared.Of(queue.SkipReason(refusal))
		} else {
			sentence = comments.Of(refusal)
		}
		line("| %d | `%s` | %s | %s |", i+1, refusal, docpage.YesNo(refusal.Final()), sentence)
	}
	line("")
	line("## Controls")
	line("")
	line("A campaign that nobody has started is `%s`. Calls under way go on, whatever is done to their campaign.", dialer.StatusStopped)
	line("")
	line("| control | from | to |")
	line("|---|---|---|")
	for _, control := range dialer.Controls() {
		line("| `%s` | %s | `%s` |", control, docpage.Coded(control.From()), control.To())
	}
	line("")
	line("## Agents")
	line("")
	line("An agent works in one campaign at a time, and counts as gone when nothing is heard of them.")
	line("")
	line("```mermaid")
	line("stateDiagram-v2")
	for _, from := range presence.States() {
		if from.Chosen() {
			line("    [*] --> %s: %s", from, presence.MoveChoose)
		}
		for _, to := range presence.States() {
			if moves := presenceBetween(from, to); len(moves) > 0 {
				line("    %s --> %s: %s", from, to, strings.Join(moves, ", "))
			}
		}
	}
	line("```")
	line("")
	line("| state | an agent may choose it | a call has the agent | what an agent in it does |")
	line("|---|---|---|---|")
	for _, state := range presence.States() {
		line("| `%s` | %s | %s | %s |", state, docpage.YesNo(state.Chosen()), docpage.YesNo(state.Busy()), agents.Of(state))
	}
	line("")
	line("| move | from | to | what it does |")
	line("|---|---|---|---|")
	for _, transition := range presence.Transitions() {
		line("| `%s` | %s | %s | %s |", transition.Move, docpage.Coded(transition.From), docpage.Coded(transition.To), agents.Of(transition.Move))
	}
	return page.String()
}

func movesBetween(from, to dialer.State) []string {
	var names []string
	for _, step := range steps() {
		if step.from == from && step.to == to && step.move != dialer.MoveRevise && step.move != dialer.MoveCorrect {
			names = append(names, string(step.move))
		}
	}
	return names
}

func presenceBetween(from, to presence.State) []string {
	var names []string
	for _, transition := range presence.Transitions() {
		for _, start := range transition.From {
			for _, end := range transition.To {
				if start == from && end == to && start != end {
					names = append(names, string(transition.Move))
				}
			}
		}
	}
	return names
}

// spoken is a time to wait as people say it.
func spoken(wait time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if wait >= unit.size && wait%unit.size == 0 {
			if wait == unit.size {
				return "1 " + unit.name
			}
			return fmt.Sprintf("%d %ss", wait/unit.size, unit.name)
		}
	}
	return wait.String()
}

func TestWaitsAreSpoken(t *testing.T) {
	t.Parallel()

	for wait, want := range map[time.Duration]string{
		72 * time.Hour: "72 hours", time.Hour: "1 hour", 15 * time.Minute: "15 minutes", 5 * time.Second: "5 seconds",
		90 * time.Minute: "90 minutes", 1500 * time.Millisecond: "1.5s",
	} {
		require.Equal(t, want, spoken(wait))
	}
}
