package bloom_test

import (
	"bytes"
	"context"
	"net"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// server is a redis-server of the test's own, which it may pause, kill and start again.
type server struct {
	t       *testing.T
	program string
	address string
	process *exec.Cmd
	ended   chan struct{}
}

func newServer(t *testing.T) *server {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	require.NoError(t, err, "this test starts a redis-server of its own and found none. "+
		"One is installed by: go run ./internal/testservers -- go test ./suppression/bloom")
	s := &server{t: t, program: program}
	// Somebody may take the port between its choice and its use.
	for range 5 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		s.address = listener.Addr().String()
		require.NoError(t, listener.Close())
		if s.start() {
			t.Cleanup(s.kill)
			return s
		}
	}
	require.FailNow(t, "redis-server does not start")
	return nil
}

// start starts it empty, and waits until it is this one that answers.
func (s *server) start() bool {
	s.t.Helper()
	host, port, err := net.SplitHostPort(s.address)
	require.NoError(s.t, err)
	s.process = exec.Command(s.program, "--bind", host, "--port", port, "--dir", s.t.TempDir(), "--save", "", "--appendonly", "no")
	s.process.SysProcAttr = mortal()
	var log bytes.Buffer
	s.process.Stdout, s.process.Stderr = &log, &log
	s.ended = make(chan struct{})
	started := make(chan error)
	go func() {
		defer close(s.ended)
		// Linux takes the end of the thread that has started it for the test's.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.process.Start()
		started <- err
		if err == nil {
			_ = s.process.Wait()
		}
	}()
	require.NoError(s.t, <-started)
	client := redis.NewClient(&redis.Options{Addr: s.address, MaxRetries: -1, DialerRetries: 1, DialTimeout: time.Second, ReadTimeout: time.Second})
	defer func() { _ = client.Close() }()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		select {
		case <-s.ended:
			s.t.Logf("redis-server ended: %s", &log)
			return false
		case <-time.After(5 * time.Millisecond):
		}
		info, err := client.Info(context.Background(), "server").Result()
		if err == nil {
			return strings.Contains(info, "\r\nprocess_id:"+strconv.Itoa(s.process.Process.Pid)+"\r\n")
		}
	}
	require.FailNow(s.t, "redis-server does not answer")
	return false
}

// kill ends it as a crash does.
func (s *server) kill() {
	s.signal(syscall.SIGKILL)
	<-s.ended
}

func (s *server) restart() {
	s.t.Helper()
	require.True(s.t, s.start(), "redis-server does not start again")
}

// signal sends a signal, which one that has ended does not mind.
func (s *server) signal(signal syscall.Signal) { _ = s.process.Process.Signal(signal) }
