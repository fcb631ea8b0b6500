//go:build !windows

package transport

import "syscall"

// resets are the errors with which the system says that the other side ended the connection.
var resets = []error{syscall.ECONNRESET, syscall.EPIPE}
