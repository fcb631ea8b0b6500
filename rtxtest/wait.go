package rtxtest

// WaitSubscribed waits until at least one client is subscribed to the channel. It fails the test
// after the time of [WithWait].
//
// The server has sent the confirmation by then, but the client may not have read it. What is
// published now arrives. If the connection breaks now, the client may never know that it was
// subscribed, and then reports no gap: to test that, wait for the client, by Ready of the stream or
// the channel, or by receiving something first.
func (s *Server) WaitSubscribed(channel string) {
	s.tb.Helper()
	s.inner.WaitSubscribed(channel)
}

// WaitSubscribers waits until exactly n clients are subscribed to the channel. It fails the test
// after the time of [WithWait].
func (s *Server) WaitSubscribers(channel string, n int) {
	s.tb.Helper()
	s.inner.WaitSubscribers(channel, n)
}

// WaitUnsubscribed waits until no client is subscribed to the channel. It fails the test after the
// time of [WithWait].
func (s *Server) WaitUnsubscribed(channel string) {
	s.tb.Helper()
	s.inner.WaitUnsubscribed(channel)
}
