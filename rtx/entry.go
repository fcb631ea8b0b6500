package rtx

import (
	"encoding/json"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// There can be very many subscriptions, and most have neither credentials nor faults, so an entry has
// only a pointer to them.

// credentials returns those of s, made if there are none.
func (s *subscription) credentials() *credentials {
	if s.keys == nil {
		s.keys = new(credentials)
	}
	return s.keys
}

func (s *subscription) userData() json.RawMessage {
	if s.keys == nil {
		return nil
	}
	return s.keys.userData
}

func (s *subscription) lane() *lane {
	if s.keys == nil {
		return nil
	}
	return s.keys.lane
}

func (s *subscription) grant() auth.Grant {
	if s.keys == nil {
		return auth.Grant{}
	}
	return s.keys.grant
}

// evictedBy returns why the holders of s were last evicted.
func (s *subscription) evictedBy() error {
	if s.faults == nil {
		return nil
	}
	return s.faults.evicted
}

// lastFailure returns why the last attempt to subscribe failed, or nil if it did not.
func (s *subscription) lastFailure() error {
	if s.faults == nil {
		return nil
	}
	return s.faults.last
}

// failedLocked sets why the last attempt to subscribe failed.
func (s *subscription) failedLocked(err error) {
	if s.faults == nil && err != nil {
		s.faults = new(faults)
	}
	if s.faults != nil {
		s.faults.last = err
	}
}
