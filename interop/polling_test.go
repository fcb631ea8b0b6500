package interop_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// The client on the real server, over each order of the transports.
func TestClientTransports(t *testing.T) {
	srv := startServer(t)
	for _, tt := range []struct {
		name        string
		order       []rtx.Transport
		first, last rtx.Transport
	}{
		{"websocket", []rtx.Transport{rtx.WebSocket}, rtx.WebSocket, rtx.WebSocket},
		{"polling", []rtx.Transport{rtx.Polling}, rtx.Polling, rtx.Polling},
		{"upgrade", []rtx.Transport{rtx.Polling, rtx.WebSocket}, rtx.Polling, rtx.WebSocket},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := dial(t, srv.URL(), srv.Key(), rtx.WithTransports(tt.order...), signing(t, srv, auth.Member{ID: "ann"}))
			s := readyOn[numbered](t, c.Channel("orders"), "n", rtx.WithOverflow(rtx.Grow(1<<20)))
			const n = 10_000
			srv.Burst("orders", "n", 0, n)
			for i := range n {
				if v := next(t, s); v.N != i {
					t.Fatalf("event %d has number %d", i, v.N)
				}
			}
			for g := range s.Gaps() {
				t.Errorf("gap without cause: %+v", g)
			}
			if _, err := c.Ping(within(t)); err != nil {
				t.Fatal(err)
			}
			st := srv.WaitFor("the transport", func(st nodetest.Stats) bool {
				live := st.Live()
				return len(live) == 1 && live[0].Transport == string(tt.last)
			})
			if got := c.Transport(); got != tt.last {
				t.Errorf("the client says %q, the server %q", got, st.Live()[0].Transport)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			srv.WaitConnections(0)
		})
	}
}

// A payload of 900,000 bytes goes both ways in one packet each; one that is over the server's limit
// is refused before anything is sent.
func TestClientPollingSizes(t *testing.T) {
	srv := startServer(t)
	a := dial(t, srv.URL(), srv.Key(), rtx.WithTransports(rtx.Polling), signing(t, srv, auth.Member{ID: "ann"}))
	b := dial(t, srv.URL(), srv.Key(), rtx.WithTransports(rtx.Polling), signing(t, srv, auth.Member{ID: "bob"}))
	s := readyOn[order](t, b.Channel("private-orders"), "client-big")
	hold, err := a.Channel("private-orders").Subscribe(within(t))
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Release()
	want := order{7, strings.Repeat("ž", 450_000)}
	if err := a.Channel("private-orders").Trigger(within(t), "client-big", want); err != nil {
		t.Fatal(err)
	}
	if got := next(t, s); got != want {
		t.Fatalf("got an event of %d bytes", len(got.Name))
	}
	err = a.Channel("private-orders").Trigger(within(t), "client-big", order{8, strings.Repeat("x", 1_000_000)})
	if !errors.Is(err, rtx.ErrTooLarge) {
		t.Errorf("a payload over the limit: %v", err)
	}
	if a.State() != rtx.StateConnected {
		t.Errorf("the connection is %v after that", a.State())
	}
}

// Attachments come in base64 over polling.
func TestClientPollingBinary(t *testing.T) {
	srv := startServer(t)
	c := dial(t, srv.URL(), srv.Key(), rtx.WithTransports(rtx.Polling))
	s := readyOn[rtx.Message[struct{ File []byte }]](t, c.Channel("files"), "file")
	srv.Emit("", "server-event", fields{"channel": "files", "event": "file", "data": fields{"file": fields{"$binary": "AAECAx4w"}}})
	m := next(t, s)
	if !slices.Equal(m.Value.File, []byte{0, 1, 2, 3, 0x1e, 0x30}) {
		t.Fatalf("got %v", m.Value.File)
	}
}
