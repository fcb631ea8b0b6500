package testserver

import (
	"context"
	"fmt"
	"time"
)

// WaitSubscribed waits until one client at least is subscribed to the channel and has been told so.
// If that takes longer than WithWait allows it fails the test, on the line that called.
//
// Told means that the confirmation was sent. A fault that follows at once can overtake it, and then
// the client was never subscribed as far as it knows: where that matters, wait for the client
// (Stream.Ready), or publish something and receive it first.
func (s *Server) WaitSubscribed(channel string) {
	s.tb.Helper()
	s.wait(
		func() bool { return s.subscribers(channel) > 0 },
		func() string { return fmt.Sprintf("no subscriber of %q", channel) },
	)
}

// WaitSubscribers waits until exactly n clients are subscribed to the channel and have been told
// so.
func (s *Server) WaitSubscribers(channel string, n int) {
	s.tb.Helper()
	s.wait(
		func() bool { return s.subscribers(channel) == n },
		func() string {
			return fmt.Sprintf("%d subscribers of %q, want %d", s.subscribers(channel), channel, n)
		},
	)
}

// WaitUnsubscribed waits until no client is subscribed to the channel.
func (s *Server) WaitUnsubscribed(channel string) {
	s.tb.Helper()
	s.wait(
		func() bool {
			ch, ok := s.channels.get(channel)
			return !ok || len(ch.subscribers) == 0
		},
		func() string { return fmt.Sprintf("%q still has subscribers", channel) },
	)
}

// WaitConnections waits until exactly n connections are up.
func (s *Server) WaitConnections(n int) {
	s.tb.Helper()
	s.wait(
		func() bool { return len(s.conns) == n },
		func() string { return fmt.Sprintf("%d connections, want %d", len(s.conns), n) },
	)
}

// WaitReceived waits until a client has sent something that match takes, and returns the first of
// that. match must not call the server.
func (s *Server) WaitReceived(match func(Received) bool) Received {
	s.tb.Helper()
	var found Received
	s.wait(
		func() bool {
			for _, r := range s.received {
				if match(r) {
					found = r
					return true
				}
			}
			return false
		},
		func() string {
			return fmt.Sprintf("no client sent what was waited for, but %d events", len(s.received))
		},
	)
	return found
}

// WaitReceivedOn waits until clients have sent at least n events of one kind on one channel, and
// returns all of them, oldest first.
func (s *Server) WaitReceivedOn(kind Kind, channel string, n int) (found []Received) {
	s.tb.Helper()
	s.wait(
		func() bool {
			found = s.receivedOnLocked(kind, channel)
			return len(found) >= n
		},
		func() string {
			return fmt.Sprintf("on %q clients sent %d of the kind %q, want %d", channel, len(s.receivedOnLocked(kind, channel)), kind, n)
		},
	)
	return found
}

// WaitStats waits until done takes the counts. done must not call the server.
func (s *Server) WaitStats(done func(Stats) bool) {
	s.tb.Helper()
	s.wait(
		func() bool { return done(s.statsLocked()) },
		func() string { return fmt.Sprintf("the counts stay at %+v", s.statsLocked()) },
	)
}

// subscribers counts those who have been told. s.mu is held.
func (s *Server) subscribers(channel string) int {
	if ch, ok := s.channels.get(channel); ok {
		return len(ch.confirmed)
	}
	return 0
}

func (s *Server) wait(done func() bool, state func() string) {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.wait) //nolint:forbidigo // the test gives a time, and no context
	defer cancel()
	start := time.Now()
	if s.await(ctx.Done(), done) {
		return
	}
	s.tb.Fatalf("rtxtest: waited %v: %s", time.Since(start).Round(time.Millisecond), s.locked(state))
}

// locked calls f with s.mu held. f may be the user's: it may panic, or end the test.
func (s *Server) locked(f func() string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f()
}

// await waits until done, which is called with s.mu held, is true. It reports false if stop was
// closed first.
func (s *Server) await(stop <-chan struct{}, done func() bool) bool {
	for {
		change, so := s.look(done)
		if so {
			return true
		}
		select {
		case <-change:
			s.lookAway()
		case <-stop:
			s.lookAway()
			_, so = s.look(done) // both may have been ready
			if !so {
				s.lookAway()
			}
			return so
		}
	}
}

// look asks done. If it says no, the channel is closed by the next change, and lookAway must
// follow.
func (s *Server) look(done func() bool) (change <-chan struct{}, so bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if done() {
		return nil, true
	}
	s.waiters++
	return s.change, false
}

func (s *Server) lookAway() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiters--
}
