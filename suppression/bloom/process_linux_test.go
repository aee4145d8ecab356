package bloom_test

import "syscall"

// mortal has the kernel end a process when the test that started it dies.
func mortal() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
