package transport_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

func TestFinalRefusals(t *testing.T) {
	for _, tt := range []struct {
		code  int
		words string
		want  bool
	}{
		{4000, "", true},
		{4001, "Invalid API key", true},
		{4099, "anything", true},
		{4100, "Over capacity, try again", false},
		{4100, "Invalid API key", false},
		{4199, "", false},
		{4200, "Reconnect", false},
		{4299, "", false},
		{4300, "", false},
		{3999, "unauthorized", false},
		{1, "Invalid API key", false},
		{-1, "", false},
		{0, "Invalid API key", true},
		{0, "invalid api_key", true},
		{0, "Unknown app key.", true},
		{0, "API key not found", true},
		{0, "no such key", true},
		{0, "apikey is required", true},
		{0, "Unauthorized", true},
		{0, "Not authorized", true},
		{0, "403 Forbidden", true},
		{0, "", false},
		{0, "Over capacity", false},
		{0, "invalid namespace", false},
		{0, "unknown transport", false},
		{0, "keyspace is full", false},
		{0, "monkey business is invalid", false},
		{0, "server error", false},
	} {
		e := &transport.ConnectError{Code: tt.code, Message: tt.words}
		if got := e.Final(); got != tt.want {
			t.Errorf("%v: Final %t, want %t", e, got, tt.want)
		}
	}
	for status, want := range map[int]bool{0: false, 101: false, 400: false, 401: true, 403: true, 404: false, 407: false, 429: false, 500: false, 503: false} {
		e := &transport.HandshakeError{Step: "upgrade", Status: status, Code: -1}
		if got := e.Final(); got != want {
			t.Errorf("%v: Final %t, want %t", e, got, want)
		}
	}
}

// A key that is a word of the refusal is hidden in it, and the refusal is known all the same.
func TestFinalThoughTheKeyIsHidden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			p.send(openPacket)
			p.read()
			p.send(`44{"message":"Invalid API key"}`)
			p.drain()
		})
		_, err := srv.dial(func(c *transport.Config) { c.APIKey = "key" })
		var refused *transport.ConnectError
		if !errors.As(err, &refused) || refused.Message != "Invalid API [redacted]" || !refused.Final() {
			t.Errorf("err = %v", err)
		}
	})
}

func TestRefusedByStatus(t *testing.T) {
	for _, status := range []int{401, 403, 503} {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, nil)
			srv.accept = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(status); return false }
			_, err := srv.dial()
			var failed *transport.HandshakeError
			if !errors.As(err, &failed) || failed.Status != status || failed.Final() != (status != 503) {
				t.Errorf("%d: %v", status, err)
			}
		})
	}
}

func TestMaxPayloadTooSmallToLiveWith(t *testing.T) {
	for _, limit := range []int{0, 1, 100, 511, 512, 10_000} {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, func(p *peer) {
				p.send(fmt.Sprintf(`0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":%d}`, limit))
				p.read()
				p.send(connected)
				p.drain()
			})
			_, err := srv.dial()
			if limit == 0 || limit >= 512 {
				if err != nil {
					t.Errorf("%d: %v", limit, err)
				}
				return
			}
			var failed *transport.HandshakeError
			if !errors.As(err, &failed) || failed.Step != "open" || failed.Final() || !errors.Is(err, transport.ErrMaxPayload) {
				t.Errorf("%d: %v, want ErrMaxPayload at open", limit, err)
			}
		})
	}
}

// A CONNECT that is larger than the service takes would end the link each time.
func TestConnectFitsMaxPayload(t *testing.T) {
	for size, want := range map[int]bool{400: true, 900: false} {
		synctest.Test(t, func(t *testing.T) {
			asked := make(chan bool, 1)
			srv := newServer(t, func(p *peer) {
				p.send(`0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":512}`)
				asked <- p.read() != "40"
				p.send(`40{"sid":"socket-1","pid":"pid-1"}`)
				p.drain()
			})
			sess, err := mustDialer(t, srv.config()).Dial(t.Context(), transport.Resume{PID: "pid-1", Offset: fmt.Sprintf("%0*d", size, 1)})
			if err != nil {
				t.Fatal(err)
			}
			defer sess.Close(nil)
			if got := <-asked; got != want || sess.Info().Recovered != want {
				t.Errorf("an offset of %d bytes: asked %t, recovered %t, want %t", size, got, sess.Info().Recovered, want)
			}
		})
	}
}
