package testserver

import (
	"strings"
	"testing"
	"time"
)

// The id that a publisher gets is what stands last in the event on the wire. Without recovery there
// is none.
func TestPublishReturnsWhatIsOnTheWire(t *testing.T) {
	for _, opts := range [][]Option{{WithRecovery(time.Minute)}, nil} {
		s := NewServer(t, opts...)
		c := connect(t, s)
		c.subscribe(s, "orders")
		c.expectPrefix(succeeded)
		seen := map[string]bool{"": true}
		for name, publish := range map[string]func() string{
			"Publish": func() string { return s.Publish("orders", "e", 1) },
			"TryPublish": func() string {
				id, err := s.TryPublish("orders", "e", 1)
				if err != nil {
					t.Error(err)
				}
				return id
			},
			"PublishBinary": func() string { return s.PublishBinary("orders", "e", Attachment(0), []byte("attached")) },
			"Forge":         func() string { return s.Forge("orders", "realtimex:e", 1) },
			"Publish with long offsets": func() string {
				s.PadOffsets(10)
				defer s.PadOffsets(0)
				return s.Publish("orders", "e", 1)
			},
		} {
			id, frame := publish(), c.read()
			switch {
			case opts == nil:
				if id != "" || !strings.HasSuffix(frame, "}]") {
					t.Errorf("%s without recovery: %q, and on the wire %s", name, id, frame)
				}
			case seen[id] || !strings.HasSuffix(frame, `},"`+id+`"]`):
				t.Errorf("%s: %q, and on the wire %s", name, id, frame)
			}
			seen[id] = true
			if strings.HasPrefix(frame, "451-") {
				c.expect("attached")
			}
		}
		s.LoseNext(1)
		if id := s.Publish("orders", "e", 1); id != "" {
			t.Errorf("what was lost has the id %q", id)
		}
	}
}
