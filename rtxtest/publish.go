package rtxtest

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Publish sends an event to every subscriber of a channel, as the service's API would, and returns how many there were. data is encoded
// as JSON; a json.RawMessage goes out as it is. It never waits for a client. A value that can't be encoded fails the test, as does a
// name that is the service's own (ErrReservedName); without a test, on a server of Start's, Publish panics: see TryPublish.
func (s *Server) Publish(channel, event string, data any) int {
	s.tb.Helper()
	n, err := s.TryPublish(channel, event, data)
	if err != nil {
		s.tb.Errorf("rtxtest: Publish: %v", err)
	}
	return n
}

// TryPublish is Publish that returns its error: data that can't be encoded, or ErrReservedName.
func (s *Server) TryPublish(channel, event string, data any) (int, error) {
	encoded, err := encodeEvent(event, data)
	if err != nil {
		return 0, err
	}
	return s.publish(channel, event, encoded, nil), nil
}

// encodeEvent is data as JSON, if the event may be published.
func encodeEvent(event string, data any) (json.RawMessage, error) {
	if isReserved(event) {
		return nil, fmt.Errorf("event %q: %w", event, ErrReservedName)
	}
	return marshal(data)
}

func (s *Server) publish(channel, event string, data json.RawMessage, buffers [][]byte) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Published++
	return s.send(channel, event, data, buffers)
}

// Attachment stands in data for the nth of PublishBinary's attachments, counted from 0.
type Attachment int

// MarshalJSON writes the placeholder that Socket.IO has for an attachment.
func (a Attachment) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"_placeholder":true,"num":%d}`, int(a)), nil
}

// PublishBinary is Publish for data with binary attachments, each of which an Attachment in data must stand for.
func (s *Server) PublishBinary(channel, event string, data any, attachments ...[]byte) int {
	s.tb.Helper()
	encoded, err := encodeEvent(event, data)
	if err != nil {
		s.tb.Errorf("rtxtest: PublishBinary: %v", err)
		return 0
	}
	buffers := make([][]byte, len(attachments))
	for i, a := range attachments {
		buffers[i] = bytes.Clone(a)
	}
	return s.publish(channel, event, encoded, buffers)
}
