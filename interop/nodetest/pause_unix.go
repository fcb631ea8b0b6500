//go:build unix

package nodetest

import "syscall"

// Pause stops the whole process, as a machine that hangs: links stay open and silent, and new ones
// are accepted by the kernel only. Resume wakes it. Control calls meanwhile would hang until their
// timeout.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.child.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}
