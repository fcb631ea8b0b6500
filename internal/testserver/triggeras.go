package testserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// The reasons for which a client event can't be triggered.
var (
	ErrNotGuarded    = errors.New("client events are for private and presence channels")
	ErrNotClientName = errors.New(`the name of a client event begins with "client-"`)
	ErrNotSubscribed = errors.New("that connection is not subscribed to the channel")
)

// TriggerAs relays a client event as if the connection with that socket id had sent it: to every
// other subscriber of the channel. With no socket id it is from a member without a connection, as
// Join adds one, and goes to all. It returns how many it went to. The error is ErrNotGuarded,
// ErrNotClientName, ErrNotSubscribed, or says that data can't be encoded.
func (s *Server) TriggerAs(socketID, channel, event string, data any) (recipients int, err error) {
	encoded, err := marshal(data)
	if err != nil {
		return 0, fmt.Errorf("data: %w", err)
	}
	switch {
	case !isGuarded(channel):
		return 0, ErrNotGuarded
	case !strings.HasPrefix(event, "client-"):
		return 0, ErrNotClientName
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.touch()
	var except []string
	if socketID != "" {
		if !s.hasSubscriber(channel, socketID) {
			return 0, ErrNotSubscribed
		}
		except = []string{socketID}
	}
	s.stats.ClientEvents++
	out := s.send(channel, event, json.RawMessage(encoded), nil, except...)
	s.observeEvent(ActivityTriggered, socketID, channel, event, encoded, true, out)
	return out.recipients, nil
}

// hasSubscriber reports whether the connection is subscribed to the channel. s.mu is held.
func (s *Server) hasSubscriber(channel, socketID string) bool {
	ch, ok := s.channels.get(channel)
	if !ok {
		return false
	}
	for c := range ch.subscribers {
		if c.id == socketID {
			return true
		}
	}
	return false
}
