package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// redisConfig says how to start a Redis server.
type redisConfig struct {
	bin     string // the redis-server program
	scratch string
	pick    func() (int, error)
}

// startRedis starts a Redis server that keeps nothing on disk.
func startRedis(ctx context.Context, cfg redisConfig) (*server, error) {
	dir := filepath.Join(cfg.scratch, "redis")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("redis directory: %w", err)
	}

	return onFreePort(cfg.pick, func(port int) (*server, error) {
		address := net.JoinHostPort(loopback, strconv.Itoa(port))

		cmd := exec.Command(cfg.bin, "--port", strconv.Itoa(port), "--bind", loopback,
			"--dir", dir, "--save", "", "--appendonly", "no", "--daemonize", "no")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		cmd.SysProcAttr = ownGroup(syscall.SIGKILL)

		return launch{
			name:    "redis-server",
			url:     "redis://" + address + "/0",
			cmd:     cmd,
			logPath: filepath.Join(cfg.scratch, "redis.log"),
			quit:    syscall.SIGTERM,
			ready:   func(ctx context.Context, pid int) error { return redisReady(ctx, address, pid) },
		}.start(ctx)
	})
}

// redisReady asks for an answer to PING and for the process id, which tells
// our server from another run's on a port that we lost to it.
func redisReady(ctx context.Context, address string, pid int) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()

	var dialer net.Dialer

	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()

	hangUp := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer hangUp()

	if _, err := io.WriteString(conn, "PING\r\nINFO server\r\n"); err != nil {
		return fmt.Errorf("ask: %w", err)
	}

	answer := bufio.NewReader(conn)

	pong, err := answer.ReadString('\n')
	if err != nil {
		return fmt.Errorf("PING: %w", err)
	}

	if strings.TrimSpace(pong) != "+PONG" {
		return fmt.Errorf("PING: answered %q", pong)
	}

	info, err := readBulk(answer)
	if err != nil {
		return fmt.Errorf("INFO: %w", err)
	}

	if !strings.Contains(info, "\r\nprocess_id:"+strconv.Itoa(pid)+"\r\n") {
		return fmt.Errorf("another process answers there: %w", errPortTaken)
	}

	return nil
}

// readBulk reads one RESP bulk string: its length, then its bytes.
func readBulk(r *bufio.Reader) (string, error) {
	head, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}

	length, found := strings.CutPrefix(strings.TrimSpace(head), "$")
	if !found {
		return "", fmt.Errorf("answered %q", head)
	}

	size, err := strconv.Atoi(length)
	if err != nil || size < 0 {
		return "", errors.New("bulk string without a length")
	}

	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		return "", err
	}

	return string(body), nil
}
