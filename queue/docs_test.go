package queue_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/internal/docpage"
	"github.com/outdial/outdial/queue"
)

var update = flag.Bool("update", false, "rewrite the generated pages in docs")

// TestDocs keeps the page about the queue equal to the tables in the code, and
// its sentences equal to the comments there.
func TestDocs(t *testing.T) {
	t.Parallel()

	docpage.Require(t, filepath.Join("..", "docs", "queue.md"), queuePage(t), "go test ./queue -run TestDocs -update", *update)
}

func queuePage(t *testing.T) string {
	t.Helper()
	comments := docpage.Read(t, "state.go", "skip.go")
	var page strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&page, format+"\n", args...) }

	line("# The agent queue")
	line("")
	line("<!-- Generated from the tables in package queue. Do not edit: change the code, then run")
	line("     go test ./queue -run TestDocs -update -->")
	line("")
	line("An item of the agent queue is one contact who is, or was, to be called in a campaign. While an item is active,")
	line("no other agent of the campaign can have its contact. An item that has ended never changes again, except for the few")
	line("minutes in which an agent may correct a disposition: whoever is to be called once more gets a new item.")
	line("")
	line("## States")
	line("")
	line("```mermaid")
	line("stateDiagram-v2")
	line("    [*] --> %s", queue.StateQueued)
	for _, from := range queue.States() {
		for _, to := range queue.States() {
			if moves := movesBetween(from, to); len(moves) > 0 {
				line("    %s --> %s: %s", from, to, strings.Join(moves, ", "))
			}
		}
	}
	for _, state := range queue.States() {
		if !state.Active() {
			line("    %s --> [*]", state)
		}
	}
	line("```")
	line("")
	line("`%s` is left out of the picture: it leads from where a mistaken disposition had put the item to where the right one", queue.MoveCorrect)
	line("does.")
	line("")
	line("| state | active | moves that may start here |")
	line("|---|---|---|")
	for _, state := range queue.States() {
		var moves []queue.Move
		for _, transition := range queue.Transitions() {
			if transition.Move.Allowed(state) {
				moves = append(moves, transition.Move)
			}
		}
		line("| `%s` | %s | %s |", state, docpage.YesNo(state.Active()), docpage.Coded(moves))
	}
	line("")
	line("## Moves")
	line("")
	line("Every move but `%s` counts `lock_version` up. A request names the version it has seen and is refused when the", queue.MoveHeartbeat)
	line("item has moved on since.")
	line("")
	line("| move | from | to | what it does |")
	line("|---|---|---|---|")
	for _, transition := range queue.Transitions() {
		line("| `%s` | %s | %s | %s |", transition.Move, docpage.Coded(transition.From), docpage.Coded(transition.To), comments.Of(transition.Move))
	}
	line("")
	line("A `%s` keeps the state that the item is in. Where a `%s` leads, its disposition says, see", queue.MoveHeartbeat, queue.MoveCorrect)
	line("[dispositions.md](dispositions.md).")
	line("")
	line("## Callbacks")
	line("")
	line("A callback is a `%s` item with a `callback_at`. One that an agent has recorded waits in the pool, for that agent or", queue.StateQueued)
	line("for anyone; one that was enqueued waits where it was put. Once it is due it comes before everything else that an agent")
	line("may pull, the earliest first. When it has been due for %s (`CallbackGrace`) and the agent who promised it has", minutes(queue.Config{}.WithDefaults().CallbackGrace))
	line("not come for it, anyone may take it out of the pool.")
	line("")
	line("## Reasons for leaving a contact out")
	line("")
	line("Replace, Preview and Enqueue count every contact they leave out under one reason: the first that applies, in this")
	line("order.")
	line("")
	line("| | reason | who is left out |")
	line("|---|---|---|")
	for i, reason := range queue.SkipReasons() {
		line("| %d | `%s` | %s |", i+1, reason, comments.Of(reason))
	}
	return page.String()
}

func movesBetween(from, to queue.State) []string {
	var names []string
	for _, step := range steps() {
		if step.from == from && step.to == to {
			names = append(names, string(step.move))
		}
	}
	return names
}

func minutes(d time.Duration) string { return fmt.Sprintf("%d minutes", d/time.Minute) }
