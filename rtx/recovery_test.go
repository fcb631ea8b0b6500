package rtx

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// An end that the service made itself leaves no doubt about its session, however the client met it: reading or writing.
func TestEndsThatTheServiceKnows(t *testing.T) {
	lost := func(err error) error {
		return &transport.LostError{Err: &net.OpError{Op: "write", Err: os.NewSyscallError("write", err)}}
	}
	for _, cause := range []error{
		&transport.CloseError{Code: 1012}, transport.ErrServerClose, lost(io.EOF), lost(syscall.ECONNRESET), lost(syscall.EPIPE), lost(io.ErrClosedPipe),
	} {
		if unseen(fmt.Errorf("session: %w", cause)) {
			t.Errorf("%v counts as unseen", cause)
		}
	}
	for _, cause := range []error{
		&transport.DeadLinkError{}, transport.ErrWriteTimeout, lost(syscall.ETIMEDOUT), transport.ErrReconnect, errors.New("other"),
	} {
		if !unseen(cause) {
			t.Errorf("%v counts as known to the service", cause)
		}
	}
}
