package main

import (
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a started command that somebody waits for.
type process struct {
	cmd *exec.Cmd
	// done is closed when the process has ended; cmd.ProcessState is set then.
	done chan struct{}
}

// startProcess starts cmd and keeps waiting for it.
func startProcess(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)

	go func() {
		// Linux sends the parent's death signal when the thread that forked
		// is gone, so that thread stays as long as the process does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()

		err := cmd.Start()
		started <- err

		if err != nil {
			return
		}

		// What Wait would say, ProcessState says too.
		_ = cmd.Wait()

		close(p.done)
	}()

	if err := <-started; err != nil {
		return nil, err
	}

	return p, nil
}

// signalGroup sends sig to the process and to its descendants in the same
// process group. One that has ended already is no error.
func (p *process) signalGroup(sig syscall.Signal) {
	_ = syscall.Kill(-p.cmd.Process.Pid, sig)
}

// stop sends sig, waits, and kills the whole group when patience is over.
func (p *process) stop(sig syscall.Signal, patience time.Duration) {
	_ = p.cmd.Process.Signal(sig)

	timer := time.NewTimer(patience)
	defer timer.Stop()

	select {
	case <-p.done:
	case <-timer.C:
		p.signalGroup(syscall.SIGKILL)
		<-p.done
	}
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// exitCode is what a shell would report. It waits for the end.
func (p *process) exitCode() int {
	<-p.done

	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return exitSignalOffset + int(status.Signal())
	}

	return p.cmd.ProcessState.ExitCode()
}
