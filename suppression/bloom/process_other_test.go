//go:build !linux

package bloom_test

import "syscall"

// mortal keeps the terminal's signals from a process.
func mortal() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
