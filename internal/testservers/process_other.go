//go:build !linux

package main

import "syscall"

// ownGroup puts a process into a group of its own, out of reach of the
// terminal's Ctrl-C. Only Linux can promise that it dies with us.
func ownGroup(syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// dieWithParent does nothing where the kernel has no such promise.
func dieWithParent() {}
