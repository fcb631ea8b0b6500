package bridge

import "errors"

// ErrNoLease means that the replica holds no lease at the moment: it has not begun, NATS can't be
// reached, or another process has its name.
var ErrNoLease = errors.New("bridge: the replica holds no lease")
