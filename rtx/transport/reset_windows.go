package transport

import "syscall"

// resets are the errors with which the system says that the other side ended the connection.
// syscall.ECONNRESET is an invented number on Windows. WSAECONNABORTED is not among them: it stands
// for timeouts too.
var resets = []error{syscall.WSAECONNRESET}
