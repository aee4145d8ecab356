package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// runCommand runs the command to its end and returns its exit code. Signals
// go to it and to its descendants; it is killed when it outlives the grace
// period after the first one.
func runCommand(opts options, env []string, signals <-chan os.Signal, stderr io.Writer) int {
	cmd := exec.Command(opts.command[0], opts.command[1:]...)
	cmd.Env = env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = ownGroup(syscall.SIGKILL)

	p, err := startProcess(cmd)
	if err != nil {
		fmt.Fprintln(stderr, "testservers:", err)

		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			return exitNotFound
		}

		return exitNotRunnable
	}

	// A panic here must not leave the command without its servers.
	defer p.signalGroup(syscall.SIGKILL)

	var overdue <-chan time.Time

	for {
		select {
		case <-p.done:
			return p.exitCode()
		case sig := <-signals:
			p.signalGroup(syscall.Signal(signalNumber(sig)))

			if overdue == nil {
				timer := time.NewTimer(opts.grace)
				defer timer.Stop()

				overdue = timer.C
			}
		case <-overdue:
			fmt.Fprintf(stderr, "testservers: killing the command: it did not end within %v\n", opts.grace)
			p.signalGroup(syscall.SIGKILL)
		}
	}
}

func signalNumber(sig os.Signal) int {
	if number, ok := sig.(syscall.Signal); ok {
		return int(number)
	}

	return 0
}
