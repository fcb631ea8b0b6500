package rtxtest

import "encoding/json"

// AuthEndpoint returns the URL of an auth backend that comes with the server, for
// rtx.WithAuthEndpoint. It signs for everybody and every private and presence channel. A request
// for a presence channel without user data gets a member made from its socket id; a query names
// another: AuthEndpoint() + "?user_id=ann&name=Ann".
func (s *Server) AuthEndpoint() string { return s.inner.AuthEndpoint() }

// FailAuth makes the auth backend answer its next n requests with an HTTP status and no signature.
// A client takes 403 for a final denial, and asks again after 503. A status that is not 400 to 599
// fails the test. An n of 0 ends that.
func (s *Server) FailAuth(n, status int) {
	s.tb.Helper()
	s.inner.Auth().FailNext(n, status)
}

// An AuthRequest is a request that the auth backend of [Server.AuthEndpoint] has answered.
type AuthRequest struct {
	SocketID string // of the connection that is to be subscribed
	Channel  string
	UserData json.RawMessage // nil if there was none
	Status   int             // of the answer; 200 if it was a signature
}

// AuthRequests returns the requests that the auth backend has answered so far, oldest first; at
// least the last 65,536.
func (s *Server) AuthRequests() (requests []AuthRequest) {
	for _, r := range s.inner.Auth().Requests() {
		requests = append(requests, AuthRequest{r.SocketID, r.Channel, r.UserData, r.Status})
	}
	return requests
}
