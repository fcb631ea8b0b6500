package rtx_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// A socket id that the service names is taken if it can be one: printable, and not too long. Else
// the one of the CONNECT answer stands; signatures, logs and states hold nothing else.
func TestTheSocketIDThatTheServiceNames(t *testing.T) {
	for _, tt := range []struct {
		named any
		taken bool
	}{
		{"77.88", true}, {"a\x01b", false}, {"a\u200bb", false}, {strings.Repeat("x", 4096), false}, {"", false}, {7, false},
	} {
		bubble(t, func(t *testing.T, s *testserver.Server) {
			c := newClient(t, s)
			states := c.States(t.Context())
			done := make(chan error, 1)
			go func() { done <- c.Connect(t.Context()) }()
			s.WaitConnections(1)
			synctest.Wait()
			conn := s.Connections()[0]
			if err := conn.Emit("realtimex:connection_established", map[string]any{"socket_id": tt.named}); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			got := await(t, states, rtx.StateConnected).SocketID
			want := conn.SocketID()
			if tt.taken {
				want, _ = tt.named.(string)
			}
			if got != want {
				t.Errorf("named %.20q: took %.20q, want %q", tt.named, got, want)
			}
		}, testserver.WithEstablished(-time.Second))
	}
}
