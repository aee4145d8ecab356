package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/store"
	"github.com/outdial/outdial/store/sqlite"
)

// hurried are the arguments of a server whose simulated people live so fast that a
// test need not wait for them.
var hurried = []string{"-speed", "20"}

// patienceWithPeople is how long simulated people may take, even on a machine that
// has much else to do.
const patienceWithPeople = time.Minute

// eventually polls until something is so.
func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patienceWithPeople)
	for !so() {
		select {
		case <-tick.C:
		case <-deadline:
			require.Fail(t, "it did not come about that "+what)
		}
	}
}

// watcher is a manager who watches the demo of the power queue.
type watcher struct {
	client

	path string
}

func (p *process) watch(db string) watcher {
	p.t.Helper()
	return watcher{p.as(db, powerManagerID, "manager", "dialer:control"), "/campaigns/" + powerCampaignID + "/dialer"}
}

func (w watcher) stats() dialer.StatsResult {
	w.t.Helper()
	content, err := json.Marshal(w.call(http.StatusOK, http.MethodGet, w.path, ""))
	require.NoError(w.t, err)
	var stats dialer.StatsResult
	require.NoError(w.t, json.Unmarshal(content, &stats))
	return stats
}

// completed waits until that many calls have had their conversation.
func (w watcher) completed(calls int) {
	w.t.Helper()
	eventually(w.t, strconv.Itoa(calls)+" calls are completed", func() bool {
		return w.stats().States[dialer.StateCompleted] >= calls
	})
}

// openStore opens the database of a server, which may be running.
func (s *shell) openStore(db string) store.Store {
	s.t.Helper()
	st, err := sqlite.Open(context.Background(), filepath.Join(s.dir, db))
	require.NoError(s.t, err)
	s.t.Cleanup(func() { require.NoError(s.t, st.Close()) })
	return st
}

func callsIn(t testing.TB, st store.Store, p dialer.ListCallsParams) []dialer.Call {
	t.Helper()
	p.Limit = 10_000
	listed, err := st.ListCalls(t.Context(), p)
	require.NoError(t, err)
	require.False(t, listed.More)
	return listed.Calls
}

func eventsIn(t testing.TB, st store.Store, p telephony.ListParams) []telephony.Kept {
	t.Helper()
	p.Limit = 10_000
	listed, err := st.ListEvents(t.Context(), p)
	require.NoError(t, err)
	require.False(t, listed.More)
	return listed.Events
}

// metrics reads the page for Prometheus: each series with its value.
func (p *process) metrics() map[string]float64 {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.base+metricsPath, nil)
	require.NoError(p.t, err)
	status, page := p.send(request)
	require.Equal(p.t, http.StatusOK, status)
	series := map[string]float64{}
	for lines := bufio.NewScanner(strings.NewReader(page)); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		name, value, found := strings.Cut(lines.Text(), " ")
		require.True(p.t, found, lines.Text())
		number, err := strconv.ParseFloat(value, 64)
		require.NoError(p.t, err, lines.Text())
		series[name] = number
	}
	return series
}

// taken is how many events the server counted that were new to it.
func taken(series map[string]float64) int {
	sum := 0.0
	for name, value := range series {
		if strings.HasPrefix(name, "outdial_telephony_events_total{") &&
			!strings.Contains(name, `result="duplicate"`) && !strings.Contains(name, `result="failed"`) {
			sum += value
		}
	}
	return int(sum)
}

func TestCallsAreDialedAndReportedOverHTTPAndStopWhenPaused(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	p := s.serve(hurried...)
	w, st := p.watch(defaultDatabase), s.openStore(defaultDatabase)
	w.completed(3)

	t.Log("a report that nobody signed is not stored, and the others go on")
	const forged = `{"call_sid":"forged","type":"ended","cause":"busy"}`
	for _, headers := range []map[string]string{
		{},
		{"Webhook-Id": "m", "Webhook-Timestamp": strconv.FormatInt(time.Now().Unix(), 10), "Webhook-Signature": "v1,Zm9yZ2Vk"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.base+telephonyWebhook, strings.NewReader(forged))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		for name, value := range headers {
			request.Header.Set(name, value)
		}
		status, body := p.send(request)
		require.Equal(t, http.StatusUnauthorized, status, body)
	}
	require.Empty(t, eventsIn(t, st, telephony.ListParams{CallSID: "forged"}))
	require.InDelta(t, 2, p.metrics()[`outdial_telephony_rejected_total{reason="bad_signature",source="webhook"}`], 0)

	t.Log("once a pause has returned no call is claimed, though all agents come free")
	require.Equal(t, "paused", w.post(w.path+"/pause", "")["status"])
	claimed := len(callsIn(t, st, dialer.ListCallsParams{}))
	eventually(t, "every agent is ready again", func() bool {
		return w.stats().Agents[string(presence.StateReady)] == simulatedAgents
	})
	stats := w.stats()
	require.Equal(t, dialer.StatusPaused, stats.Status)
	require.Positive(t, stats.Due)
	require.Len(t, callsIn(t, st, dialer.ListCallsParams{}), claimed)

	t.Log("every report came over HTTP, and each is counted")
	var events []telephony.Kept
	eventually(t, "what is stored is what was counted", func() bool {
		counted := taken(p.metrics())
		events = eventsIn(t, st, telephony.ListParams{})
		return counted == len(events)
	})
	require.Greater(t, len(events), 3*len([]string{"initiated", "ringing", "answered", "amd", "connected", "ended"}))
	sources := map[string]int{}
	for _, event := range events {
		sources[event.Source]++
		if event.Source != telephony.SourceWebhook {
			require.Equal(t, telephony.SourceDialer, event.Source)
			require.Contains(t, []telephony.Type{telephony.TypeConnected, telephony.TypeAbandoned}, event.Type)
		}
	}
	require.Greater(t, sources[telephony.SourceWebhook], sources[telephony.SourceDialer])
	series := p.metrics()
	require.Positive(t, series[`outdial_dialer_calls_total{result="placed"}`])
	require.Positive(t, series[`outdial_dialer_connect_duration_seconds_count`])
	require.Positive(t, series[`outdial_amd_verdicts_total{verdict="human"}`])

	p.stop()
	log := p.err.String()
	require.NotContains(t, log, "level=ERROR")
	require.NotContains(t, log, "DATA RACE")
	require.NotContains(t, log, "event recorded", "calls do not flood the log")
	require.NotContains(t, log, "route=/webhooks/telephony status=204")
	require.Contains(t, log, "route=/webhooks/telephony status=401")

	t.Log("to run all reports again changes nothing")
	before := powerItems(t, st)
	require.Equal(t, 0, s.replays(len(events)).Changed)
	require.Equal(t, before, powerItems(t, st))
	one := events[len(events)/2]
	s.replays(len(eventsIn(t, st, telephony.ListParams{CallSID: one.CallSID})), "-call", one.CallSID)
	s.replays(len(events), "-campaign", powerCampaignID, "-since", "2020-01-01T00:00:00Z")
	s.replays(0, "-until", "2020-01-01T00:00:00Z")
	s.replays(len(eventsIn(t, st, telephony.ListParams{Orphans: true})), "-orphans")
	item := callsIn(t, st, dialer.ListCallsParams{})[0].Ref.ItemID
	s.replays(len(eventsIn(t, st, telephony.ListParams{CampaignID: uuid.MustParse(powerCampaignID), ItemID: item})),
		"-campaign", powerCampaignID, "-item", item.String())
}

// powerItems are the items of the demo of the power queue, as they are.
func powerItems(t testing.TB, st store.Store) []dialer.Item {
	t.Helper()
	listed, err := st.ListCallItems(t.Context(), dialer.ListItemsParams{CampaignID: uuid.MustParse(powerCampaignID), Limit: 1000})
	require.NoError(t, err)
	require.False(t, listed.More)
	require.NotEmpty(t, listed.Items)
	return listed.Items
}

// replays runs events again and requires how many there were.
func (s *shell) replays(events int, args ...string) telephony.ReplayResult {
	s.t.Helper()
	got := s.console(append([]string{"replay"}, args...)...)
	require.Zero(s.t, got.code, got.err)
	var result telephony.ReplayResult
	require.NoError(s.t, json.Unmarshal([]byte(got.out), &result), got.out)
	require.Equal(s.t, events, result.Replayed, "%v", args)
	return result
}

func TestWhatIsNoSelectionIsNotReplayed(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	require.Zero(t, s.console("migrate").code)
	for about, args := range map[string][]string{
		"-campaign: is not a UUID":            {"-campaign", "Spring"},
		"-item: is not a UUID":                {"-item", "first"},
		"campaign_id: is required":            {"-item", demoAgentID},
		"until: must be after since":          {"-since", "2026-01-02T00:00:00Z", "-until", "2026-01-01T00:00:00Z"},
		"since":                               {"-since", "yesterday"},
		"mistyped.db: no such file or direct": {"-db", "mistyped.db"},
		"call_sid: is not the name of a call": {"-call", "a call"},
	} {
		s.console(append([]string{"replay"}, args...)...).fails(t, about)
	}
}

func TestDialingGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	first := s.serve(hurried...)
	first.watch(defaultDatabase).completed(2)
	first.stop()

	st := s.openStore(defaultDatabase)
	left := callsIn(t, st, dialer.ListCallsParams{Unsettled: true})
	for _, call := range left {
		require.False(t, call.PlacedAt.IsZero(), "a call that was claimed and not placed is given back")
	}
	before := callsIn(t, st, dialer.ListCallsParams{})

	second := s.serve(hurried...)
	w := second.watch(defaultDatabase)
	require.Equal(t, dialer.StatusRunning, w.stats().Status)
	eventually(t, "new calls are placed, and those of before are over", func() bool {
		unsettled := map[uuid.UUID]bool{}
		for _, call := range callsIn(t, st, dialer.ListCallsParams{Unsettled: true}) {
			unsettled[call.ID] = true
		}
		for _, call := range left {
			if unsettled[call.ID] {
				return false
			}
		}
		return len(callsIn(t, st, dialer.ListCallsParams{})) > len(before)+simulatedAgents
	})
	second.stop()
	require.NotContains(t, second.err.String(), "level=ERROR")
}

func TestThePrintedCommandsOfThePowerQueueWork(t *testing.T) {
	t.Parallel()
	p := newShell(t).serve(hurried...)
	require.Contains(t, p.welcome, "nobody's phone rings")
	answers := p.runPrinted("MANAGER")
	require.Len(t, answers, 5)
	for i, status := range []string{"running", "paused", "running"} {
		require.Contains(t, answers[i], `"status":"`+status+`"`)
	}
	for _, listed := range answers[3:] {
		require.Contains(t, listed, `{"items":[`)
	}
}

// runPrinted runs the printed commands that use a token, by the name of its variable,
// and returns their answers. The README must have the same commands.
func (p *process) runPrinted(variable string) []string {
	p.t.Helper()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(p.t, err)
	var script []string
	for _, found := range regexp.MustCompile(`(?m)^  (`+variable+`=.*|curl .*\$`+variable+`".*)$`).FindAllStringSubmatch(p.welcome, -1) {
		script = append(script, found[1])
		line := strings.Replace(found[1], p.base, "http://127.0.0.1:8080", 1)
		line = strings.Replace(line, quote(binary), "go run ./examples/console", 1)
		require.Contains(p.t, string(readme), "\n"+line+"\n")
	}
	require.NotEmpty(p.t, script, p.welcome)
	if _, err := exec.LookPath("curl"); err != nil {
		p.t.Log("there is no curl: the requests that it would send are sent from here")
		return p.sendAll(variable, script)
	}
	out, err := p.command("sh", "-ec", strings.Join(script, "; echo;\n")).Output()
	require.NoError(p.t, err)
	var answers []string
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); line != "" {
			answers = append(answers, line)
		}
	}
	return answers
}

// sendAll sends what a printed script sends: a command that makes a token, and
// requests with it.
func (p *process) sendAll(variable string, script []string) []string {
	p.t.Helper()
	makeToken := regexp.MustCompile(`^` + variable + `=\$\((.*)\)$`).FindStringSubmatch(script[0])
	require.NotNil(p.t, makeToken, script[0])
	token, err := p.command("sh", "-c", makeToken[1]).Output()
	require.NoError(p.t, err)
	var answers []string
	for _, line := range script[1:] {
		printed := regexp.MustCompile(`^curl -sS(?: -X (\S+))? (\S+) -H "Authorization: Bearer \$` + variable +
			`"(?: -H "Content-Type: application/json" -d '(.*)')?$`).FindStringSubmatch(line)
		require.NotNil(p.t, printed, line)
		request, err := http.NewRequestWithContext(p.t.Context(), cmp.Or(printed[1], http.MethodGet), printed[2], strings.NewReader(printed[3]))
		require.NoError(p.t, err)
		request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
		request.Header.Set("Content-Type", "application/json")
		_, body := p.send(request)
		answers = append(answers, strings.TrimSpace(body))
	}
	return answers
}

func TestNothingOfAServerIsLeftWhenItHasStopped(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, errs, ended := &buffer{}, &buffer{}, make(chan int, 1)
	args := append([]string{"serve", "-addr", "127.0.0.1:0", "-db", filepath.Join(t.TempDir(), "outdial.db"), "-log-calls"}, hurried...)
	// In this process, where leaks are looked for at the end.
	go func() {
		ended <- run(args, &terminal{ctx: ctx, in: strings.NewReader(""), out: out, err: errs, clock: clock.New(), program: "console"})
	}()
	eventually(t, "calls are under way", func() bool { return strings.Contains(errs.String(), "event_type=connected") })
	stop()
	select {
	case code := <-ended:
		require.Zero(t, code, errs.String())
	case <-time.After(patienceOfTests):
		require.Fail(t, "the server did not stop", errs.String())
	}
	require.Contains(t, errs.String(), "msg=stopped")
	require.Contains(t, errs.String(), `msg="event recorded"`)
	require.Contains(t, errs.String(), "route=/webhooks/telephony status=204")
}

func TestWithoutTheSimulationNothingIsDialed(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	p := s.serve("-simulate=false")
	require.Contains(t, p.welcome, "nothing is dialed")
	w := p.watch(defaultDatabase)
	agent := p.as(defaultDatabase, demoAgentID, "agent", "queue:pull")
	ready := agent.call(http.StatusOK, http.MethodPut, "/campaigns/"+powerCampaignID+"/presence", `{"state":"ready"}`)
	require.Equal(t, "ready", ready["state"])
	stats := w.stats()
	require.Equal(t, dialer.StatusRunning, stats.Status)
	require.Positive(t, stats.Due)
	require.Equal(t, 1, stats.Agents[string(presence.StateReady)], "no agent is simulated")
	st := s.openStore(defaultDatabase)
	lease, err := st.AcquireLease(t.Context(), dialer.LeaseParams{
		CampaignID: uuid.MustParse(powerCampaignID), Holder: "test", For: time.Second, Now: time.Now().UTC().Truncate(time.Microsecond),
	})
	require.NoError(t, err)
	require.Equal(t, int64(1), lease.Token, "nobody ever dialed the campaign")
	p.stop()
	require.Empty(t, callsIn(t, st, dialer.ListCallsParams{}))
}
