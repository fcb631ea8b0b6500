package testserver

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Publish sends an event to every subscriber of a channel, as the service's API would, and returns
// its id: the offset that the event has on the wire, which clients know it by. There is none, "",
// without recovery, and for an event that LoseNext lost. data is encoded as JSON; a json.RawMessage
// goes out as it is. It never waits for a client. A value that can't be encoded fails the test, as
// does a name that is the service's own (ErrReservedName); without a test, on a server of Start's,
// Publish panics: see TryPublish.
func (s *Server) Publish(channel, event string, data any) (id string) {
	s.tb.Helper()
	id, err := s.TryPublish(channel, event, data)
	if err != nil {
		s.tb.Errorf("rtxtest: Publish: %v", err)
	}
	return id
}

// TryPublish is Publish that returns its error: data that can't be encoded, or ErrReservedName.
func (s *Server) TryPublish(channel, event string, data any) (id string, err error) {
	id, _, err = s.PublishCounted(channel, event, data)
	return id, err
}

// PublishCounted is TryPublish that says also how many connections the event went to.
func (s *Server) PublishCounted(channel, event string, data any) (id string, recipients int, err error) {
	encoded, err := encodeEvent(event, data)
	if err != nil {
		return "", 0, err
	}
	id, recipients = s.publish(channel, event, encoded, nil)
	return id, recipients, nil
}

// encodeEvent is data as JSON, if the event may be published.
func encodeEvent(event string, data any) (json.RawMessage, error) {
	if isReserved(event) {
		return nil, fmt.Errorf("event %q: %w", event, ErrReservedName)
	}
	return marshal(data)
}

func (s *Server) publish(channel, event string, data json.RawMessage, buffers [][]byte) (id string, receivers int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Published++
	out := s.send(channel, event, data, buffers)
	s.stats.Delivered += out.recipients
	s.observeEvent(ActivityPublished, "", channel, event, data, false, out)
	return out.id, out.recipients
}

// Attachment stands in data for the nth of PublishBinary's attachments, counted from 0.
type Attachment int

// MarshalJSON writes the placeholder that Socket.IO has for an attachment.
func (a Attachment) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"_placeholder":true,"num":%d}`, int(a)), nil
}

// PublishBinary is Publish for data with binary attachments, each of which an Attachment in data
// must stand for.
func (s *Server) PublishBinary(channel, event string, data any, attachments ...[]byte) (id string) {
	s.tb.Helper()
	encoded, err := encodeEvent(event, data)
	if err != nil {
		s.tb.Errorf("rtxtest: PublishBinary: %v", err)
		return ""
	}
	buffers := make([][]byte, len(attachments))
	for i, a := range attachments {
		buffers[i] = bytes.Clone(a)
	}
	id, _ = s.publish(channel, event, encoded, buffers)
	return id
}
