package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	scratchPrefix = "outdial-testservers-"
	// scratchAge is how old a directory must be before its missing or free
	// lock means that its owner is gone, and not that it is just starting.
	scratchAge = time.Minute
)

// scratch is the directory of one run. A lock held for as long as the run
// lives tells later runs that it is in use. Its methods accept nil.
type scratch struct {
	dir  string
	lock *os.File
}

// newScratch makes a directory below parent, after removing those that killed
// runs left there.
func newScratch(parent string) (*scratch, error) {
	removeAbandoned(parent)

	dir, err := os.MkdirTemp(parent, scratchPrefix)
	if err != nil {
		return nil, fmt.Errorf("scratch directory: %w", err)
	}

	s := &scratch{dir: dir}

	// The user that Postgres runs as has to pass through.
	if err := os.Chmod(dir, 0o755); err != nil {
		s.remove()
		return nil, fmt.Errorf("scratch directory: %w", err)
	}

	if s.lock, err = lockFile(dir); err != nil {
		s.remove()
		return nil, fmt.Errorf("scratch directory: %w", err)
	}

	return s, nil
}

func (s *scratch) remove() {
	if s == nil {
		return
	}

	// What can't be removed now, a later run removes.
	_ = os.RemoveAll(s.dir)

	if s.lock != nil {
		_ = s.lock.Close()
	}
}

// scratchParent is the temporary directory, or /tmp where the user that
// Postgres runs as may not enter the temporary directory.
func scratchParent() string {
	parent := os.TempDir()
	if os.Geteuid() != 0 {
		return parent
	}

	for dir := parent; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return "/tmp"
		}

		if dir == filepath.Dir(dir) {
			return parent
		}
	}
}

func removeAbandoned(parent string) {
	// The pattern is well-formed, which is all that Glob complains about.
	dirs, _ := filepath.Glob(filepath.Join(parent, scratchPrefix+"*"))
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || time.Since(info.ModTime()) < scratchAge {
			continue
		}

		lock, err := lockFile(dir)
		if err != nil {
			continue
		}

		_ = os.RemoveAll(dir)
		_ = lock.Close()
	}
}

// lockFile takes the lock of a scratch directory. It fails when a living run
// holds it.
func lockFile(dir string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}

	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return nil, err
	}

	return lock, nil
}
