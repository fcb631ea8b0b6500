package testserver

import "context"

// A Count is a number that Await can wait for. It is called with the server's lock held.
type Count func(s *Server) int

// CountConnections counts the connections that are up.
func CountConnections() Count { return func(s *Server) int { return len(s.conns) } }

// CountSubscribers counts those who are subscribed to the channel and have been told so.
func CountSubscribers(channel string) Count {
	return func(s *Server) int { return s.subscribers(channel) }
}

// CountMembers counts the members of a presence channel.
func CountMembers(channel string) Count {
	return func(s *Server) int {
		if ch, ok := s.channels.get(channel); ok {
			return len(ch.order)
		}
		return 0
	}
}

// CountReceived counts what clients have sent of one kind. An empty channel or event stands for all.
func CountReceived(kind Kind, channel, event string) Count {
	return func(s *Server) (n int) {
		for i := range s.received {
			r := &s.received[i]
			if r.Kind == kind && (channel == "" || r.Channel == channel) && (event == "" || r.Event == event) {
				n++
			}
		}
		return n
	}
}

// Await waits until so takes the count, and returns it. If the context ends first it returns the
// count of that moment and false. so must not call the server.
func (s *Server) Await(ctx context.Context, count Count, so func(n int) bool) (n int, ok bool) {
	ok = s.await(ctx.Done(), func() bool {
		n = count(s)
		return so(n)
	})
	return n, ok
}
