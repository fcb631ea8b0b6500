package testserver

import (
	"strings"
	"testing"
)

// What is kept of what clients sent is bounded by number and by bytes; the newest stays.
func TestReceivedIsBounded(t *testing.T) {
	s := NewServer(t)
	s.mu.Lock()
	for range maxReceived + 1 {
		s.record(Received{Kind: KindOther})
	}
	s.record(Received{Kind: KindPing})
	s.mu.Unlock()
	all := s.Received()
	if n := len(all); n > maxReceived || n < maxReceived/2 || all[n-1].Kind != KindPing {
		t.Errorf("%d are kept", n)
	}

	s = NewServer(t)
	big := strings.Repeat("x", 1<<20)
	s.mu.Lock()
	for range maxReceivedBytes>>20 + 1 {
		s.record(Received{Kind: KindSubscribe, ChannelData: big})
	}
	s.mu.Unlock()
	size := 0
	for _, r := range s.Received() {
		size += len(r.ChannelData)
	}
	if size > maxReceivedBytes || size < maxReceivedBytes/4 {
		t.Errorf("%d bytes are kept", size)
	}
}
