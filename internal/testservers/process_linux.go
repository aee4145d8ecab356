package main

import (
	"fmt"
	"os"
	"syscall"
)

// ownGroup puts a process into a group of its own, out of reach of the
// terminal's Ctrl-C, and has the kernel send it deathSignal if we die first.
func ownGroup(deathSignal syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: deathSignal}
}

// dieWithParent asks the kernel for SIGTERM when the parent dies. `go run`
// passes SIGTERM on to nobody: without this, ending it would leave the servers
// behind.
func dieWithParent() {
	_, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGTERM), 0)
	if errno != 0 {
		fmt.Fprintln(os.Stderr, "testservers: will outlive its parent:", errno)
	}
}
