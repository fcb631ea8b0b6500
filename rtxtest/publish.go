package rtxtest

// Publish sends an event to every subscriber of a channel, as your backend does through the
// service's API. It returns the event's id, which a client sees as rtx.Message.ID, or "" if the
// server was made without [WithRecovery]. It does not wait for the clients.
//
// data is encoded by encoding/json; a json.RawMessage is sent as it is. The test fails if data
// can't be encoded, or if the name of the event is one that the service keeps for itself, such as
// those that begin with "realtimex:".
func (s *Server) Publish(channel, event string, data any) (id string) {
	s.tb.Helper()
	return s.inner.Publish(channel, event, data)
}
