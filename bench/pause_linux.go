package main

import (
	"runtime"
	"syscall"
	"time"
)

// A pause waits more exactly than time.Sleep, which rounds up to a millisecond when nothing else
// runs. It belongs to one goroutine, which calls end when it needs no more.
type pause struct{}

// prSetTimerSlack sets by how many nanoseconds the kernel may wake a thread late: see prctl(2). 0 is
// the default, 50 µs.
const prSetTimerSlack = 29

func newPause() pause {
	runtime.LockOSThread()
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, prSetTimerSlack, 1, 0)
	return pause{}
}

func (pause) end() {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, prSetTimerSlack, 0, 0)
	runtime.UnlockOSThread()
}

func (pause) until(t time.Time) {
	for {
		left := time.Until(t)
		if left <= 0 {
			return
		}
		ts := syscall.NsecToTimespec(int64(left))
		_ = syscall.Nanosleep(&ts, nil) // interrupted: once more
	}
}
