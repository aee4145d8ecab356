package suppression_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/internal/docpage"
	"github.com/outdial/outdial/suppression"
	"github.com/outdial/outdial/suppression/bloom"
)

var update = flag.Bool("update", false, "rewrite the generated pages in docs")

// TestDocs keeps the page about suppression equal to the tables in the code, its
// sentences equal to the comments there, and its examples to what becomes of them.
func TestDocs(t *testing.T) {
	t.Parallel()

	docpage.Require(t, filepath.Join("..", "docs", "suppression.md"), suppressionPage(t), "go test ./suppression -run TestDocs -update", *update)
}

// guarantee is what the package promises, in the words of its documentation.
const guarantee = "no item is pulled, replaced in, enqueued or dialed whose phone or e-mail was suppressed by a transaction that " +
	"committed before the claim began."

func TestTheGuaranteeIsThatOfThePackage(t *testing.T) {
	t.Parallel()

	source, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	require.Contains(t, strings.ReplaceAll(string(source), "\n// ", " "), guarantee)
}

func suppressionPage(t *testing.T) string {
	t.Helper()
	comments := docpage.Read(t, "entry.go", "feed.go")
	config, worker := suppression.Config{}.WithDefaults(), suppression.WorkerConfig{}.WithDefaults()
	filter := bloom.Config{}.WithDefaults()
	var page strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&page, format+"\n", args...) }

	line("# Who must never be called")
	line("")
	line("<!-- Generated from the tables in packages suppression and suppression/bloom. Do not edit: change the code, then run")
	line("     go test ./suppression -run TestDocs -update -->")
	line("")
	line("For hosts, and for whoever is woken at three in the morning: [the runbook](#runbook) is at the end.")
	line("")
	line("## The guarantee")
	line("")
	line("> %s", strings.ToUpper(guarantee[:1])+guarantee[1:])
	line("")
	line("The statement that gives an item out asks the database, in the same step. Nothing in memory, in Redis or on its way from")
	line("one process to another has a say, so that nothing which is late, lost or wrong there can break it. A call that is ringing")
	line("by then, or that somebody is in, goes on.")
	line("")
	line("## The list")
	line("")
	line("An entry is a phone or an e-mail address. It holds in every campaign or in one, for ever or until it ends, and keeps where")
	line("it came from, why, who added it, when it was asked for (`received_at`) and from when on it holds (`created_at`).")
	line("")
	line("| source | where it came from |")
	line("|---|---|")
	for _, source := range suppression.Sources() {
		line("| `%s` | %s |", source, comments.Of(source))
	}
	line("")
	line("Whoever has the scope `%s` may add and ask, agents among them. To see the list, to take anybody off it, to import", outdial.ScopeSuppressionWrite)
	line("and to export needs a manager or an admin. Every change writes the entries, one event for each entry that changed, and an")
	line("entry of the audit log, in one transaction.")
	line("")
	line("| event | what happened |")
	line("|---|---|")
	for _, action := range []suppression.EventAction{suppression.EventAdd, suppression.EventExtend, suppression.EventRemove} {
		line("| `%s` | %s |", action, comments.Of(action))
	}
	line("")
	line("The events are numbered without gaps and in the order in which they were committed. Who has seen a number has seen all that")
	line("come before it: that is how the worker and the filter follow the list.")
	line("")
	line("## What happens to items")
	line("")
	line("Once `Add` has returned, or `POST /suppressions` is answered, nobody is given out any more whose phone or address it is.")
	line("Items that are in a queue already are taken out by a worker: they become `failed` with the `fail_reason` `%s`, in both", disposition.FailSuppressed)
	line("queues, whoever has them in hand. It works at once when it is woken in the same process, and looks by itself every %s, so", spoken(worker.PollEvery))
	line("that what another process has added takes no longer. Any number of workers may run; one works at a time, and whatever one")
	line("that dies was at is done by the next. What was being queued at the very moment of the change is found by a second look, %s", spoken(worker.LookAgainAfter))
	line("later. Without a worker such items stay where they are, and are given to nobody.")
	line("")
	line("An entry that is removed, or has ended, counts no more from then on. Items that it has failed stay failed; whoever may be")
	line("called again is queued again.")
	line("")
	line("## Consent")
	line("")
	line("| | contact_id | phone, email |")
	line("|---|---|---|")
	line("| revoke, all campaigns | their phone and address come onto the list; they are marked as opted out | the values come onto the list; every contact who has one is marked |")
	line("| revoke, one campaign | their phone and address come onto the list for it | the values come onto the list for it |")
	line("| restore | takes that back, and says why | takes that back, and says why |")
	line("")
	line("A revocation keeps when it was received beside when it took effect. A restoration leaves what an import has brought: a")
	line("registry's list is not undone by a form.")
	line("")
	line("## What is a number, what an address")
	line("")
	line("Lists, contacts and questions meet in one form: E.164 for a phone, lower case for an address. What cannot be brought into it")
	line("is refused, and never guessed at: a guess is somebody else's number. The list takes numbers too that no numbering plan has,")
	line("or had when the program was built; no contact with such a number is called. Read as numbers of the United States:")
	line("")
	line("| as it comes | on the list | as a contact's, to be called |")
	line("|---|---|---|")
	for _, example := range values() {
		entry, err := suppression.ParseEntry(example.raw, "US")
		line("| %s | %s | %s |", example.shown, read(entry.Key, err), asContact(example.raw))
	}
	line("")
	line("`POST /suppressions/check` answers `suppressed` for what it cannot read: nobody can say that it is not on the list.")
	line("")
	line("## The filter, and Redis")
	line("")
	line("`CheckMany` asks about up to %d,000,000 values at once. A `bloom.Cache` says of most of them from memory that they are not on the", suppression.MaxTargets/1_000_000)
	line("list, so that the database is asked about the others alone. Its answers are as good as the database's: each call first")
	line("reads what was committed since the copy in memory was brought up to date. What has left the list stays in the filter until")
	line("it is built anew, and costs a question. It takes about two bytes for an entry, and of the values that are not on the list")
	line("asks about %g %% when it is full.", filter.FalsePositives*100)
	line("")
	line("Redis may be left out. It holds a finished filter, so that a process which starts need not read the whole list, and carries")
	line("the news of a change from one process to the others. It is never on the way of an answer.")
	line("")
	line("| what happens | what becomes of answers | which metric says so |")
	line("|---|---|---|")
	for _, row := range troubles() {
		line("| %s | %s | %s |", row.what, row.becomes, metricNamed(t, row.metric, row.attribute, row.value))
	}
	line("")
	line("Two databases must not share the key `%s`: give each a database number of its own in Redis", filter.Key)
	line("(`-redis redis://host:6379/1`), or a `Config.Key`. Sharing it is not dangerous but useless: each would throw away what the")
	line("other has published. Who may write to that key can hide somebody from `CheckMany`, though never from a claim.")
	line("")
	importSection(t, line, config)
	line("")
	runbook(line)
	return page.String()
}

// importSection is about do-not-call files, each of which is imported to see what becomes
// of it.
func importSection(t *testing.T, line func(string, ...any), config suppression.Config) {
	t.Helper()
	line("## Imports")
	line("")
	line("A file has one number or one address a line, or is CSV with a header that names columns such as `phone`, `email` or")
	line("`value`, with commas, semicolons or tabs. Every number and address of a line becomes an entry. Blank lines and those that")
	line("begin with `#` are passed over, and so are columns of other names.")
	line("")
	line("| the file | what comes onto the list | bad lines |")
	line("|---|---|---|")
	for _, example := range []string{
		"504-621-8927\n# the office\nann@example.com\n",
		"504,6218927\n",
		"phone\n5046218927\n5046218928\n",
		"name,mobile,e-mail\nAnn,504-621-8927,ann@example.com\n",
		"value;reason;expires_at\n5046218927;asked to;2030-01-01\n",
		"5046218927\n911\n1-800-FLOWERS\n",
	} {
		c := setup(t)
		report, err := c.service.Import(t.Context(), manager(), list(example))
		require.NoError(t, err)
		var bad []string
		for _, problem := range report.Problems {
			bad = append(bad, fmt.Sprintf("%d: %s", problem.Line, problem.Problem))
		}
		line("| `%s` | %s | %s |", strings.ReplaceAll(strings.TrimSuffix(example, "\n"), "\n", "` `"),
			docpage.Coded(c.keys(t)), strings.Join(bad, "; "))
	}
	line("")
	line("The file is read as a stream, in constant memory, and comes onto the list in parts, each a transaction with the checkpoint")
	line("up to which the file has been read. `GET /suppressions/imports` shows how far that is while it goes on. The import of one")
	line("version of one list is one thing: when it was interrupted, the same file goes on from the checkpoint; when it is complete, to")
	line("import it again changes nothing; another file under its name is refused. What an older version has and the newer one has not")
	line("stays on the list: give entries an end with `expires_at`, or remove them.")
	line("")
	line("The age of a list counts from the day it was published. The newest complete version of a list that is older than %s is", spoken(config.StaleAfter))
	line("`stale`: the import warns, the worker writes it to the log every day, and `GET /suppressions/imports` says so.")
	line("")
	line("`Export` writes CSV that `Import` reads back: the same values with the same campaigns, ends and reasons. An export over")
	line("HTTP whose connection breaks off is not whole.")
}

// trouble is something that may happen to Redis or to the feed.
type trouble struct{ what, becomes, metric, attribute, value string }

func troubles() []trouble {
	const filter = "outdial.suppression.filter."
	return []trouble{
		{"Redis is emptied, or starts empty", "correct, from memory; the filter is published again within seconds", filter + "published", "cause", "missing"},
		{"Redis is slow or gone", "correct, from memory; processes that start read the list", filter + "redis_failures", "operation", "look"},
		{"What is in Redis is damaged, or of another database", "correct, from memory; it is replaced", filter + "published", "cause", "unusable"},
		{"A process has no filter yet", "correct, and slower: the database is asked about every value", filter + "fallbacks", "cause", "no_filter"},
		{"Thousands of entries were added within a moment", "correct, and slower until the filter has caught up", filter + "fallbacks", "cause", "behind"},
		{"The database was restored from a backup", "correct, and slower until the filter is built anew", filter + "builds", "cause", "other_history"},
		{"The list has outgrown the filter", "correct; another filter is built", filter + "builds", "cause", "outgrown"},
		{"The database does not answer", "an error; nobody is called on a guess", filter + "fallbacks", "cause", "feed_failed"},
		{"No worker runs, or it is late", "correct; items stay in the queues and are given to nobody", "outdial.suppression.purge.duration", "", ""},
	}
}

// metricNamed is the name of a metric with one value of an attribute, all of which must
// be in the tables.
func metricNamed(t *testing.T, name, attribute, value string) string {
	t.Helper()
	for _, metric := range slices.Concat(suppression.Metrics(), bloom.Metrics()) {
		if metric.Name != name {
			continue
		}
		if attribute == "" {
			return "`" + name + "`"
		}
		for _, each := range metric.Attributes {
			if each.Name == attribute {
				require.Contains(t, each.Values, value, "%s, %s", name, attribute)
				return fmt.Sprintf("`%s`, `%s` %s", name, attribute, value)
			}
		}
	}
	require.FailNow(t, "there is no such metric", "%s, %s", name, attribute)
	return ""
}

// example is something that people send, and what a table can show of it.
type example struct{ raw, shown string }

func values() []example {
	return []example{
		{"(504) 621-8927", "`(504) 621-8927`"},
		{"+1 504.621.8927", "`+1 504.621.8927`"},
		{"１５０４６２１８９２７", "`１５０４６２１８９２７`"},
		{"٥٠٤٦٢١٨٩٢٧", "`٥٠٤٦٢١٨٩٢٧`"},
		{"+44 20 7946 0018", "`+44 20 7946 0018`"},
		{"011 44 20 7946 0018", "`011 44 20 7946 0018`"},
		{"504-555-0100", "`504-555-0100`"},
		{"200-234-5678", "`200-234-5678`"},
		{"911", "`911`"},
		{"1-800-FLOWERS", "`1-800-FLOWERS`"},
		{"504-621-8927 x12", "`504-621-8927 x12`"},
		{"504-621-8927#12", "`504-621-8927#12`"},
		{"+00", "`+00`"},
		{strings.Repeat("5046218927", 4), "40 digits"},
		{"", "nothing"},
		{"JButt@Gmail.COM", "`JButt@Gmail.COM`"},
		{"jbutt+news@gmail.com", "`jbutt+news@gmail.com`"},
		{"j.butt@gmail.com", "`j.butt@gmail.com`"},
		{"James <jbutt@gmail.com>", "`James <jbutt@gmail.com>`"},
		{"jbutt@", "`jbutt@`"},
	}
}

// asContact says what the value is as that of somebody who is to be called.
func asContact(raw string) string {
	if strings.Contains(raw, "@") {
		email, err := outdial.ParseEmail(raw)
		return read(email.Key(), err)
	}
	phone, err := outdial.ParsePhone(raw, "US")
	return read(phone.E164(), err)
}

// read says what a value became, or why it was refused.
func read(form string, err error) string {
	var refused *outdial.FieldError
	if errors.As(err, &refused) {
		return "refused: " + refused.Problem
	}
	return "`" + form + "`"
}

// spoken is a time to wait as people say it.
func spoken(wait time.Duration) string {
	switch {
	case wait >= 24*time.Hour:
		return fmt.Sprintf("%d days", wait/(24*time.Hour))
	case wait == time.Minute:
		return "a minute"
	case wait < time.Second:
		return fmt.Sprintf("%d milliseconds", wait.Milliseconds())
	}
	return wait.String()
}

// runbook is for three in the morning.
func runbook(line func(string, ...any)) {
	line("## Runbook")
	line("")
	line("In the console's words, each with the server's own `-db`; a host calls the `Service` instead. Requests need a token:")
	line("")
	line("```sh")
	line(`TOKEN=$(go run ./examples/console token -sub 01900000-0000-7000-8000-00000000b055 -role manager -scope "suppression:write ops:run")`)
	line("```")
	line("")
	line("**Somebody says that they were called though they are on the list.** Ask why, and since when: `created_at` is the moment")
	line("from which an entry holds, `received_at` when it was asked for. A call that was placed before is not undone.")
	line("")
	line("```sh")
	line(`curl -sS -X POST http://127.0.0.1:8080/suppressions/check -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d '{"phones":["504-621-8927"]}'`)
	line("```")
	line("")
	line("**Somebody must not be called from now on.** This holds as soon as it is answered, whatever else is down:")
	line("")
	line("```sh")
	line(`curl -sS -X POST http://127.0.0.1:8080/suppressions -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d '{"phone":"504-621-8927","reason":"called at night"}'`)
	line("```")
	line("")
	line("**Items of people on the list stay in the queues.** Nobody is given them. No worker runs, or it fails: its log says")
	line("`suppressed items could not be purged`, and the metric `outdial.suppression.purge.duration` has no news. This clears both queues,")
	line("may be interrupted and repeated, and runs beside a server:")
	line("")
	line("```sh")
	line("go run ./examples/console purge")
	line("```")
	line("")
	line("**The log says that a do-not-call list is too old to call by.** Get the newer file, and import it. When that was")
	line("interrupted, the same command goes on where it stopped:")
	line("")
	line("```sh")
	line("go run ./examples/console suppress -list national -version 2026-12 -published 2026-12-01 list.txt")
	line("```")
	line("")
	line("**An import is refused as another file.** That version was imported from a file with other bytes, perhaps from one that")
	line("was cut off. Give the whole file a version of its own, such as `2026-12b`: what is on the list already counts as unchanged.")
	line("")
	line("**Redis is down, slow, or was emptied.** Nothing to do: answers stay correct, and the filter comes back by itself.")
	line("")
	line("**Somebody was put on the list by mistake.** A manager takes them off, with the reason that somebody may ask for:")
	line("")
	line("```sh")
	line(`curl -sS -X DELETE http://127.0.0.1:8080/suppressions -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d '{"phones":["504-621-8927"],"reason":"a typing error"}'`)
	line("```")
}
