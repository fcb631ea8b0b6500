package testserver

import "net/http"

// devChannels answers {"channels":[{"name","subscribers"}]}: those with a subscriber or a member, in
// the order in which they began.
func (s *Server) devChannels(w http.ResponseWriter, _ *http.Request) {
	type channel struct {
		Name        string `json:"name"`
		Subscribers int    `json:"subscribers"`
	}
	all := []channel{}
	s.mu.Lock()
	for _, name := range s.channels.keys() {
		all = append(all, channel{name, s.subscribers(name)})
	}
	s.mu.Unlock()
	devAnswer(w, http.StatusOK, payload{"channels": all})
}
