package rtxtest

import "github.com/realtimex/realtimex-go/rtx/auth"

// Join adds a member to a presence channel, as if somebody else's client had subscribed. A user who
// is a member already stays as they are. The test fails if the channel is not a presence channel,
// the member has no ID, or its Info can't be encoded.
func (s *Server) Join(channel string, m auth.Member) {
	s.tb.Helper()
	s.inner.Join(channel, m)
}

// Leave removes a member that Join added. A user whose own client is subscribed remains a member.
// An unknown user is ignored.
func (s *Server) Leave(channel, userID string) { s.inner.Leave(channel, userID) }

// Members returns the user ids of a presence channel's members, in the order in which they joined.
func (s *Server) Members(channel string) []string { return s.inner.Members(channel) }
