package rtxtest

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Publish sends an event to every subscriber of a channel, as the service's API would, and returns how many there were. data is encoded
// as JSON; a json.RawMessage goes out as it is. It never waits for a client. A value that can't be encoded fails the test; without one,
// on a server of Start's, Publish panics: see TryPublish.
func (s *Server) Publish(channel, event string, data any) int {
	s.helper()
	n, err := s.TryPublish(channel, event, data)
	if err != nil {
		s.errorf("rtxtest: Publish: %v", err)
	}
	return n
}

// TryPublish is Publish for data that may not be encodable.
func (s *Server) TryPublish(channel, event string, data any) (int, error) {
	encoded, err := marshal(data)
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Published++
	return s.send(channel, event, json.RawMessage(encoded), nil), nil
}

// Attachment stands in data for the nth of PublishBinary's attachments, counted from 0.
type Attachment int

// MarshalJSON writes the placeholder that Socket.IO has for an attachment.
func (a Attachment) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"_placeholder":true,"num":%d}`, int(a)), nil
}

// PublishBinary is Publish for data with binary attachments, each of which an Attachment in data must stand for.
func (s *Server) PublishBinary(channel, event string, data any, attachments ...[]byte) int {
	s.helper()
	encoded, err := marshal(data)
	if err != nil {
		s.errorf("rtxtest: PublishBinary: %v", err)
		return 0
	}
	buffers := make([][]byte, len(attachments))
	for i, a := range attachments {
		buffers[i] = bytes.Clone(a)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Published++
	return s.send(channel, event, json.RawMessage(encoded), buffers)
}

func (s *Server) helper() {
	if s.tb != nil {
		s.tb.Helper()
	}
}

// errorf fails the test, or panics where there is none.
func (s *Server) errorf(format string, args ...any) {
	s.helper()
	if s.tb == nil {
		panic(fmt.Sprintf(format, args...))
	}
	s.tb.Errorf(format, args...)
}

func (s *Server) fatalf(format string, args ...any) {
	s.helper()
	if s.tb == nil {
		panic(fmt.Sprintf(format, args...))
	}
	s.tb.Fatalf(format, args...)
}
