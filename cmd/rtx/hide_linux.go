package main

import "unsafe"

// overwrite fills the string's memory with x. On Linux os.Args is the memory that /proc/PID/cmdline
// shows, and the process may write to it. Nobody else may hold the string.
func overwrite(s string) {
	b := unsafe.Slice(unsafe.StringData(s), len(s))
	for i := range b {
		b[i] = 'x'
	}
}
