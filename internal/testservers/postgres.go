package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	_ "github.com/lib/pq" // the driver that asks the server whether it is ready
)

// postgresConfig says how to start a cluster.
type postgresConfig struct {
	bin     string // directory of initdb and postgres
	scratch string
	durable bool
	pick    func() (int, error)
}

// startPostgres makes a cluster and starts it.
func startPostgres(ctx context.Context, cfg postgresConfig) (*server, error) {
	owner, err := postgresUser()
	if err != nil {
		return nil, err
	}

	data := filepath.Join(cfg.scratch, "postgres")
	if err := os.Mkdir(data, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}

	if owner != nil {
		if err := os.Chown(data, int(owner.Uid), int(owner.Gid)); err != nil {
			return nil, fmt.Errorf("data directory: %w", err)
		}
	}

	initdb := cfg.command(owner, "initdb", "--pgdata", data, "--username", "postgres", "--auth", "trust",
		"--encoding", "UTF8", "--locale", locale(), "--no-sync", "--no-instructions")
	if err := initCluster(ctx, initdb); err != nil {
		return nil, err
	}

	return onFreePort(cfg.pick, func(port int) (*server, error) {
		address := postgresURL(port)
		settings := append([]string{"-D", data}, postgresSettings(port, cfg.durable)...)

		return launch{
			name:    "postgres",
			url:     address,
			cmd:     cfg.command(owner, "postgres", settings...),
			logPath: filepath.Join(cfg.scratch, "postgres.log"),
			// SIGQUIT is the shutdown without a last checkpoint, which would
			// be written for nobody.
			quit:  syscall.SIGQUIT,
			ready: func(ctx context.Context, _ int) error { return postgresReady(ctx, address, data) },
		}.start(ctx)
	})
}

// command is a Postgres program run as owner. LC_ALL keeps the messages
// English, and macOS needs it to be set to something valid.
func (cfg postgresConfig) command(owner *syscall.Credential, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(cfg.bin, name), args...)
	cmd.Dir = cfg.scratch
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = ownGroup(syscall.SIGQUIT)
	cmd.SysProcAttr.Credential = owner

	return cmd
}

// initCluster runs initdb, and ends it when ctx ends.
func initCluster(ctx context.Context, cmd *exec.Cmd) error {
	logPath := filepath.Join(cmd.Dir, "initdb.log")

	log, err := os.Create(logPath)
	if err != nil {
		return fmt.Errorf("log of initdb: %w", err)
	}
	defer func() { _ = log.Close() }()

	cmd.Stdout, cmd.Stderr = log, log

	p, err := startProcess(cmd)
	if err != nil {
		return fmt.Errorf("start initdb: %w", err)
	}

	select {
	case <-p.done:
	case <-ctx.Done():
		p.stop(syscall.SIGTERM, stopPatience)
		return ctx.Err()
	}

	if code := p.exitCode(); code != 0 {
		return fmt.Errorf("initdb failed with code %d\n%s", code, logTail(logPath))
	}

	return nil
}

// postgresUser returns whom to run Postgres as: nil for ourselves. Postgres
// refuses to run as root.
func postgresUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}

	owner, err := user.Lookup("postgres")
	if err != nil {
		owner, err = user.Lookup("nobody")
	}

	if err != nil {
		return nil, fmt.Errorf("a user to run Postgres as, since it refuses root: %w", err)
	}

	uid, err := strconv.ParseUint(owner.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user id of %s: %w", owner.Username, err)
	}

	gid, err := strconv.ParseUint(owner.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("group id of %s: %w", owner.Username, err)
	}

	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// locale is one that the system has without installing anything and whose
// lower and upper know more than ASCII, as a host's will.
func locale() string {
	if runtime.GOOS == "darwin" {
		return "en_US.UTF-8"
	}

	return "C.UTF-8"
}

func postgresURL(port int) string {
	address := url.URL{
		Scheme:   "postgres",
		User:     url.User("postgres"),
		Host:     loopback + ":" + strconv.Itoa(port),
		Path:     "/postgres",
		RawQuery: "sslmode=disable",
	}

	return address.String()
}

// postgresSettings leaves planner and autovacuum at their defaults, so that
// plans are those a host would see.
func postgresSettings(port int, durable bool) []string {
	settings := []string{
		"-p", strconv.Itoa(port),
		"-c", "listen_addresses=" + loopback,
		"-c", "unix_socket_directories=",
		"-c", "max_connections=800",
		"-c", "timezone=UTC",
		"-c", "log_timezone=UTC",
	}

	if durable {
		return append(settings,
			"-c", "shared_buffers=1GB",
			"-c", "max_wal_size=8GB",
			"-c", "fsync=on",
			"-c", "synchronous_commit=on",
		)
	}

	return append(settings,
		"-c", "shared_buffers=256MB",
		"-c", "max_wal_size=2GB",
		"-c", "fsync=off",
		"-c", "full_page_writes=off",
	)
}

// postgresReady asks for the data directory: another run's server, on a port
// that we lost to it, answers with another one.
func postgresReady(ctx context.Context, address, data string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()

	// The driver's handshake heeds this and not the context.
	db, err := sql.Open("postgres", address+"&connect_timeout=2")
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer db.Close()

	var serving string
	if err := db.QueryRowContext(ctx, "SHOW data_directory").Scan(&serving); err != nil {
		return fmt.Errorf("query: %w", err)
	}

	if !sameFile(serving, data) {
		return fmt.Errorf("the server at this port serves %s: %w", serving, errPortTaken)
	}

	return nil
}

// sameFile compares what the paths lead to: macOS reaches /tmp over a symlink.
func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}

	second, err := os.Stat(b)

	return err == nil && os.SameFile(first, second)
}
