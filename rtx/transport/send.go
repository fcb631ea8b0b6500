package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/coder/websocket"
)

// maxScratch is the largest write buffer that a session keeps, in bytes.
const maxScratch = 16 << 10

func (s *session) Send(ctx context.Context, packets ...[]byte) error {
	for _, p := range packets {
		if size := int64(len(p)) + 1; s.info.MaxPayload > 0 && size > s.info.MaxPayload {
			return &SizeError{Size: size, Max: s.info.MaxPayload}
		}
	}
	if s.poll != nil {
		return s.poll.send(ctx, packets)
	}
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlock()
	return s.writeAll(packets)
}

// writeAll writes messages as text frames. The caller is the only sender.
func (s *session) writeAll(packets [][]byte) error {
	for i, p := range packets {
		s.link.hold(i < len(packets)-1) // one system call for many frames
		s.scratch = append(append(s.scratch[:0], '4'), p...)
		err := s.write(s.scratch)
		if cap(s.scratch) > maxScratch {
			s.scratch = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *session) Pong() error {
	if err := s.lock(context.Background()); err != nil { //nolint:forbidigo // it ends with the session, and the write limit
		return err
	}
	defer s.unlock()
	return s.write([]byte{'3'})
}

// lock makes the caller the only sender.
func (s *session) lock(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case <-s.ending: // when both can be, the end comes first
		return s.ended()
	default:
	}
	select {
	case s.sending <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.ending:
		return s.ended()
	}
}

func (s *session) unlock() { <-s.sending }

// write writes one text frame. It may take any time while the peer accepts bytes. The caller is the
// only sender.
//
// The context has no deadline of its own: one timer of the session's, which
// cuts the link, does the same without allocating.
func (s *session) write(frame []byte) error {
	if s.poll != nil {
		return s.poll.write(frame)
	}
	s.size.Store(int64(len(frame)))
	s.link.writes.begin()
	err := s.conn.Write(context.Background(), websocket.MessageText, frame) //nolint:forbidigo // it ends with the link
	written, stalled := s.link.writes.end()
	if stalled {
		s.stalled() // unless the timer's call was faster
		return *s.cause.Load()
	}
	if err == nil {
		return nil
	}
	if fault := s.link.fault(); fault != nil {
		err = &WriteError{Written: min(written, int64(len(frame))), Size: int64(len(frame)), Err: s.secrets.error(fault)}
	} else {
		if errors.Is(err, net.ErrClosed) {
			s.letReaderTell()
		}
		err = s.secrets.error(err)
	}
	err = s.fail(&LostError{Err: err})
	_ = s.link.Close() // so that the reader finds out, too
	return err
}

// stalled ends the session because the peer accepts nothing. The writer is held up meanwhile.
func (s *session) stalled() {
	size := s.size.Load()
	_ = s.fail(&WriteError{Written: min(s.link.writes.total(), size), Size: size, Err: ErrWriteTimeout})
	_ = s.link.Close()
}

// letReaderTell waits until Recv has set the reason of the end. The WebSocket library refused a
// write although the link has no error, because it has just read a close frame. The reader is about
// to set that reason. It must not be lost, because it decides whether the session can be resumed.
func (s *session) letReaderTell() {
	patience := time.NewTimer(s.config.CloseTimeout)
	defer patience.Stop()
	select {
	case <-s.ending:
	case <-patience.C:
	}
}

// ended returns the error of a send after the end of the session.
func (s *session) ended() error {
	return fmt.Errorf("%w: %w", ErrSessionClosed, s.fail(ErrClosed))
}
