package testserver

import (
	"slices"

	"github.com/realtimex/realtimex-go/internal/sioserver"
)

// Memory is what a server still knows after a restart.
type Memory int

// What a restarted server knows.
const (
	Forget   Memory = iota // neither connections to recover nor members made by Join
	Remember               // what recovery has kept, and the members made by Join
)

// Stop makes the server unreachable: every connection is reset, and new ones are refused at once,
// over TCP by a reset. The auth backend stays up.
func (s *Server) Stop() {
	s.network.setDown()
	s.sio.EndAll(sioserver.ShuttingDown)
	s.network.cutAll()
}

// Resume ends a Stop.
func (s *Server) Resume(m Memory) {
	if m == Forget {
		s.forget()
	}
	s.network.setUp()
}

// Restart is a Stop and a Resume: every connection is lost, and the server is there again at once,
// at the same address.
func (s *Server) Restart(m Memory) {
	s.Stop()
	s.Resume(m)
}

func (s *Server) forget() {
	s.root.Forget()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range s.channels.keys() {
		for _, key := range slices.Clone(s.channel(name).order) {
			s.goAway(nil, name, key)
		}
	}
	s.faults.waiting = nil
	s.touch()
}
