package crashtest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/callwindow"
	"github.com/outdial/outdial/dialer/engine"
	"github.com/outdial/outdial/dialer/telephony"
	"github.com/outdial/outdial/store"
	"github.com/outdial/outdial/store/postgres"
	"github.com/outdial/outdial/store/sqlite"
)

// The environment that makes the test binary a dialing process.
const (
	databaseVariable = "OUTDIAL_CRASH_DATABASE"
	carrierVariable  = "OUTDIAL_CRASH_CARRIER"
	momentVariable   = "OUTDIAL_CRASH_MOMENT"
	// eventVariable holds an event, as JSON, for a process that only takes it.
	eventVariable = "OUTDIAL_CRASH_EVENT"
)

// moment is when the process dies.
type moment string

const (
	// never is for the process that goes on with what others left.
	never moment = ""
	// claimed is after a claim was kept, before anything is placed.
	claimed moment = "claimed"
	// placed is after a call was kept as about to be placed, before the carrier is
	// asked.
	placed moment = "placed"
	// originated is after the carrier has answered, before its answer is kept.
	originated moment = "originated"
	// ringing is while the carrier is being asked: the parent does it.
	ringing moment = "ringing"
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(eventVariable) != "":
		os.Exit(takeEvent())
	case os.Getenv(databaseVariable) != "":
		os.Exit(dial())
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

func openStore(ctx context.Context, database string) (store.Store, error) {
	if strings.HasPrefix(database, "postgres") {
		return postgres.Open(ctx, database)
	}
	return sqlite.Open(ctx, database)
}

// listening is what a dialing process prints once it can be told to stop. It may have
// nothing left to do by then, and be told at once.
const listening = "listening"

// dial is the dialing process.
func dial() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	fmt.Println(listening)
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	st, err := openStore(ctx, os.Getenv(databaseVariable))
	if err != nil {
		log.Error("no database", slog.String("cause", err.Error()))
		return 1
	}
	defer func() { _ = st.Close() }()
	dies := &mortal{Store: st, at: moment(os.Getenv(momentVariable))}
	carrier := &mortalLine{line: line{address: os.Getenv(carrierVariable), client: &http.Client{}}, at: dies.at}
	err = engine.New(dies, carrier, engine.Config{
		Events: telephony.New(st, telephony.Config{}), Windows: callwindow.Always{}, Logger: log,
		LeaseFor: time.Second, TickEvery: 50 * time.Millisecond,
		OriginateTimeout: time.Second, ReconcileEvery: 100 * time.Millisecond, ReconcilePause: time.Second,
		ReconcileGrace: 500 * time.Millisecond, NewsWithin: 500 * time.Millisecond,
		SweepEvery: 200 * time.Millisecond, UnplacedFor: 2 * time.Second, StuckFor: 3 * time.Second,
	}).Run(ctx)
	if err != nil {
		log.Error("not dialed", slog.String("cause", err.Error()))
		return 1
	}
	return 0
}

// takeEvent is the process that takes one event, and dies before it moves the item.
func takeEvent() int {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	st, err := openMortal(os.Getenv(databaseVariable), "UPDATE campaign_queue")
	if err != nil {
		log.Error("no database", slog.String("cause", err.Error()))
		return 1
	}
	var event telephony.Event
	if err := json.Unmarshal([]byte(os.Getenv(eventVariable)), &event); err != nil {
		log.Error("no event", slog.String("cause", err.Error()))
		return 1
	}
	if _, err := telephony.New(st, telephony.Config{}).Handle(context.Background(), event); err != nil {
		log.Error("event not taken", slog.String("cause", err.Error()))
		return 1
	}
	return 0
}

// die ends the process as a power cut would.
func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// mortal is a store whose process dies right after it has kept something.
type mortal struct {
	store.Store

	at moment
}

func (m *mortal) ClaimCalls(ctx context.Context, p dialer.ClaimParams) (dialer.ClaimResult, error) {
	result, err := m.Store.ClaimCalls(ctx, p)
	if m.at == claimed && len(result.Calls) > 0 {
		die()
	}
	return result, err
}

func (m *mortal) PlaceCall(ctx context.Context, p dialer.PlaceParams) (dialer.PlaceResult, error) {
	result, err := m.Store.PlaceCall(ctx, p)
	if m.at == placed && err == nil {
		die()
	}
	return result, err
}

// mortalLine is a carrier whose process dies right after its answer.
type mortalLine struct {
	line

	at moment
}

func (m *mortalLine) Originate(ctx context.Context, req dialer.OriginateRequest) (dialer.OriginateResult, error) {
	answer, err := m.line.Originate(ctx, req)
	if m.at == originated && err == nil {
		die()
	}
	return answer, err
}

// process is a dialing process.
type process struct {
	*exec.Cmd

	said bytes.Buffer
	done chan error
}

func start(t *testing.T, database string, carrier *exchange, at moment) *process {
	t.Helper()
	p := prepare(t, databaseVariable+"="+database, carrierVariable+"="+carrier.URL, momentVariable+"="+string(at))
	printed, told, err := os.Pipe()
	require.NoError(t, err)
	defer printed.Close()
	p.Stdout = told
	p.begin(t)
	require.NoError(t, told.Close())
	require.NoError(t, printed.SetReadDeadline(time.Now().Add(patience)))
	line, err := bufio.NewReader(printed).ReadString('\n')
	require.NoError(t, err, "the process does not begin")
	require.Equal(t, listening+"\n", line)
	return p
}

// deliver gives an event to a process of its own.
func deliver(t *testing.T, database string, event telephony.Event) *process {
	t.Helper()
	encoded, err := json.Marshal(event)
	require.NoError(t, err)
	p := prepare(t, databaseVariable+"="+database, eventVariable+"="+string(encoded))
	p.begin(t)
	return p
}

func prepare(t *testing.T, environment ...string) *process {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	p := &process{Cmd: exec.CommandContext(t.Context(), binary), done: make(chan error, 1)}
	p.Env = append(os.Environ(), environment...)
	p.Stderr = &p.said
	return p
}

func (p *process) begin(t *testing.T) {
	t.Helper()
	require.NoError(t, p.Start())
	go func() { p.done <- p.Wait() }()
}

// requireKilled waits until the process has died of SIGKILL, and of nothing else.
func (p *process) requireKilled(t *testing.T) {
	t.Helper()
	select {
	case err := <-p.done:
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, "it ended by itself\n%s", &p.said)
		status, ok := exit.Sys().(syscall.WaitStatus)
		require.True(t, ok)
		require.Equal(t, syscall.SIGKILL, status.Signal(), "%s", &p.said)
	case <-time.After(patience):
		require.NoError(t, p.Process.Kill())
		require.Fail(t, "it did not die", "%s", &p.said)
	}
}

// stop ends the process the way an operator does.
func (p *process) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-p.done:
		require.NoError(t, err, "%s", &p.said)
	case <-time.After(patience):
		require.NoError(t, p.Process.Kill())
		require.Fail(t, "it did not stop", "%s", &p.said)
	}
}
